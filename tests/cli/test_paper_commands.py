"""`supporter paper` and `course certificates`: printed as often as somebody likes, always with the same number."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from terminal import Run

from storage import audit, certificates, courses, supporters
from storage.supporters import Profile, Supporter
from storage.work import Database


@pytest.fixture
def hanako(opened: Database) -> Supporter:
    with opened.work() as work:
        return supporters.add(
            work,
            "default",
            source="staff",
            state="registered",
            town="iwami",
            profile=Profile("岩美 花子"),
        )


@pytest.mark.parametrize("kind", ["certificate", "badge", "card"])
@pytest.mark.parametrize("ending", ["pdf", "png"])
def test_each_paper_is_written_for_its_owner_alone(
    run: Run, opened: Database, hanako: Supporter, tmp_path: Path, kind: str, ending: str
) -> None:
    out = tmp_path / f"paper.{ending}"
    said = run("supporter", "paper", hanako.id, "--kind", kind, "--out", str(out), "--as", "山田")
    assert said.code == 0, said
    assert out.read_bytes().startswith(b"%PDF" if ending == "pdf" else b"\x89PNG")
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    with opened.look() as work:
        assert ("山田", f"printed_{kind}") in [
            (each.actor, each.deed) for each in audit.listed(work, subject_id=hanako.id)
        ]


def test_printed_again_it_bears_the_same_number(
    run: Run, opened: Database, hanako: Supporter, tmp_path: Path
) -> None:
    numbers = set()
    for _ in range(2):
        run("supporter", "paper", hanako.id, "--out", str(tmp_path / "a.pdf"), "--as", "山田")
        with opened.look() as work:
            made = certificates.of(work, hanako.id)
        assert made is not None
        numbers.add(made.number)
    assert len(numbers) == 1


def test_who_has_no_name_yet_is_named_as_such(
    run: Run, opened: Database, hanako: Supporter, tmp_path: Path
) -> None:
    with opened.work() as work:
        supporters.write(work, hanako, Profile())
    said = run("supporter", "paper", hanako.id, "--out", str(tmp_path / "a.pdf"), "--as", "山田")
    assert said.code == 1
    assert "名前がまだ書かれていません" in said.err


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("nobody", "--out", "a.pdf", "--as", "山田"), "サポーターはいません"),
        (("{id}", "--out", "a.docx", "--as", "山田"), ".pdf か .png"),
        (("{id}", "--out", "/nowhere/a.pdf", "--as", "山田"), "書けません"),
        (("{id}", "--out", "a.pdf", "--as", " "), "名前を書いてください"),
        (("{id}", "--kind", "medal", "--out", "a.pdf", "--as", "山田"), "medal"),
    ],
)
def test_what_is_wrong_is_said(
    run: Run, hanako: Supporter, tmp_path: Path, args: tuple[str, ...], words: str
) -> None:
    named = [each.replace("{id}", hanako.id).replace("a.pdf", str(tmp_path / "a.pdf")) for each in args]
    if "/nowhere" in args[2]:
        named[2] = "/nowhere/a.pdf"
    said = run("supporter", "paper", *named)
    assert said.code != 0
    assert words in said.err


def test_a_whole_course_is_printed_at_once(
    run: Run, opened: Database, hanako: Supporter, tmp_path: Path
) -> None:
    made = run(
        "course", "create", "--title", "養成講座", "--town", "岩美町", "--on", "2030-12-06", "--place", "役場",
        "--capacity", "5", "--json",
    )  # fmt: skip
    course_id = made.json["id"]
    with opened.work() as work:
        nameless = supporters.add(work, "default", source="staff", state="registered", town="iwami")
        for each in (hanako, nameless):
            courses.attend(work, course_id, supporter_id=each.id)
    said = run("course", "certificates", course_id, "--out", str(tmp_path / "all"), "--as", "山田")
    assert said.code == 0, said
    assert [path.name for path in (tmp_path / "all").iterdir()] == ["certificate-001.pdf"]
    assert "1 人" in said.out
