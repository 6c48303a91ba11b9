"""`tsunagari concern sheet` and `meeting`: papers at the terminal, with a name and a line in the audit."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import pytest
from office import CONTACT, SEEN, report
from pypdf import PdfReader
from terminal import Run

from storage import audit, entries
from storage.concerns import Concern
from storage.work import Database


@pytest.fixture
def concern(opened: Database) -> Concern:
    return report(opened)


def words(path: Path) -> str:
    return re.sub(r"\s", "", "".join(page.extract_text() for page in PdfReader(path).pages))


def deeds(db: Database, concern: Concern) -> list[tuple[str, str]]:
    with db.look() as work:
        found = audit.listed(work, kind="concern", subject_id=concern.id)
    return [(one.actor, one.deed) for one in reversed(found)]


def test_a_sheet_is_written_for_its_reader_alone_and_audited(
    run: Run, opened: Database, concern: Concern, tmp_path: Path
) -> None:
    out = tmp_path / "sheet.pdf"
    out.write_text("an older one")
    said = run("concern", "sheet", concern.number.lower(), "--out", str(out), "--as", "山田")
    assert said.code == 0, said.err
    assert SEEN in words(out)
    assert CONTACT.replace(" ", "") not in words(out)
    assert "印刷（山田）" in words(out)
    assert out.stat().st_mode & 0o777 == 0o600
    assert deeds(opened, concern)[-1] == ("山田", "sheet")


def test_who_reported_it_needs_a_reason_which_is_kept(
    run: Run, opened: Database, concern: Concern, tmp_path: Path
) -> None:
    out = tmp_path / "sheet.pdf"
    given = ("concern", "sheet", concern.number, "--out", str(out), "--as", "山田", "--with-reporter")
    assert run(*given, " ").code == 2
    assert not out.exists()
    assert run(*given, "安否の確認のため").code == 0
    assert CONTACT.replace(" ", "") in words(out)
    assert [deed for _, deed in deeds(opened, concern)][-2:] == ["open_identity", "sheet"]
    with opened.look() as work:
        assert "安否の確認のため" in str(entries.of(work, concern)[-1].words)


def test_the_empty_sheet_needs_no_database(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "blank.pdf"
    said = run(
        "concern", "sheet", "--blank", "--town", "鳥取市", "--out", str(out), DATABASE_URL="sqlite:////no/db"
    )
    assert said.code == 0, said.err
    assert "鳥取市中央人権福祉センター" in words(out)


@pytest.mark.parametrize(
    ("args", "code", "hint"),
    [
        (("--out", "x.pdf", "--as", "山田"), 2, "番号"),
        (("K-1", "--out", "x.pdf", "--as", "山田"), 1, "正しくありません"),
        (("K-0000-0000-0", "--out", "x.pdf", "--as", "山田"), 1, "ありません"),
        (("K-0000-0000-0", "--out", "x.pdf"), 2, "--as"),
        (("K-0000-0000-0", "--out", "x.txt", "--as", "山田"), 2, ".pdf"),
        (("K-0000-0000-0", "--out", "/no/x.pdf", "--as", "山田"), 1, "フォルダー"),
        (("--blank", "--out", "x.pdf"), 2, "--town"),
        (("--blank", "--town", "鳥取", "--out", "x.pdf"), 1, "鳥取市"),
    ],
)
def test_what_is_missing_is_said(args: tuple[str, ...], code: int, hint: str, run: Run) -> None:
    said = run("concern", "sheet", *args)
    assert said.code == code
    assert hint in said.err


def test_a_meeting_without_names_as_pdf_and_as_table(
    run: Run, opened: Database, concern: Concern, tmp_path: Path
) -> None:
    other = report(opened)
    pdf, table = tmp_path / "m.pdf", tmp_path / "m.csv"
    for out in (pdf, table):
        said = run(
            *("concern", "meeting", concern.number, other.number, "--without-names"),
            *("--out", str(out), "--as", "山田"),
        )
        assert said.code == 0, said.err
    assert other.number in words(pdf)
    assert SEEN not in words(pdf)
    rows = list(csv.reader(io.StringIO(table.read_text("utf-8-sig"))))
    assert [row[0] for row in rows[1:]] == [concern.number, other.number]
    assert [deed for _, deed in deeds(opened, concern)][-2:] == ["meeting_without"] * 2


def test_a_meeting_with_names_needs_its_purpose_and_is_no_table(
    run: Run, opened: Database, concern: Concern, tmp_path: Path
) -> None:
    out = tmp_path / "m.pdf"
    given = ("concern", "meeting", concern.number, "--with-names", "--as", "山田")
    assert run(*given, "--out", str(out)).code == 2
    assert run(*given, "--purpose", "支援会議", "--out", str(tmp_path / "m.csv")).code == 2
    assert "meeting_with" not in [deed for _, deed in deeds(opened, concern)]
    assert run(*given, "--purpose", "支援会議", "--out", str(out)).code == 0
    assert SEEN in words(out)
    assert CONTACT.replace(" ", "") not in words(out)
    assert deeds(opened, concern)[-1] == ("山田", "meeting_with")
