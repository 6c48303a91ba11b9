"""`tsunagari supporter …`: lists in and out, one entry, figures; names only for whoever says who they are."""

from __future__ import annotations

import csv
import datetime as dt
import io
from pathlib import Path
from typing import Any

import pytest
import python_calamine
from terminal import Run

from bot.cli import supporter_coverage
from storage import audit, courses, people, supporters
from storage.supporters import Profile
from storage.work import Database

LIST = """氏名,ふりがな,電話,市町,地区,年代,受講日,所属
山田 太郎,やまだ たろう,9012345678,鳥取市,東中,70代,R5.12.1,〇〇医療生協
鈴木 花子,,0857-22-8111,岩美町,,65,R5.12.1,〇〇医療生協
"""
BAD = LIST + "名なしの行は入らない,,,米子市,,,,\n"


@pytest.fixture
def listed(tmp_path: Path) -> Path:
    path = tmp_path / "名簿.csv"
    path.write_bytes(LIST.encode("cp932"))
    return path


def rows(db: Database) -> tuple[supporters.Supporter, ...]:
    with db.look() as work:
        return supporters.listed(work)


def deeds(db: Database, kind: str) -> list[tuple[str, str]]:
    with db.look() as work:
        return [(each.actor, each.deed) for each in audit.listed(work, kind=kind)]


def a_course(db: Database, **more: Any) -> courses.Course:
    now = db.clock()
    with db.work() as work:
        return courses.create(
            work, "default", title="養成講座", town="tottori", on=now.date(), place="駅南庁舎", capacity=40,
            valid_from=now, valid_until=now + dt.timedelta(days=7), **more,
        )  # fmt: skip


# ---- import


def test_an_import_looks_first_and_then_does_it(run: Run, opened: Database, listed: Path) -> None:
    said = run("supporter", "import", str(listed))
    assert said.code == 0
    assert "まだ実行していません" in said.out
    assert "新しく 2 人" in said.out
    assert rows(opened) == ()
    said = run("supporter", "import", str(listed), "--yes", "--as", "山田")
    assert "新しく 2 人" in said.out
    assert {entry.town for entry in rows(opened)} == {"tottori", "iwami"}
    assert ("山田", "imported") in deeds(opened, "register")


def test_an_import_twice_changes_nothing(run: Run, opened: Database, listed: Path) -> None:
    run("supporter", "import", str(listed), "--yes")
    before = rows(opened)
    said = run("supporter", "import", str(listed), "--yes", "--json").json
    assert said["counts"] == {"new": 0, "joined": 2, "changed": 0, "doubtful": 0, "refused": 0}
    assert rows(opened) == before


def test_one_bad_row_keeps_the_whole_list_out_until_it_is_skipped(
    run: Run, opened: Database, tmp_path: Path
) -> None:
    path = tmp_path / "bad.csv"
    path.write_text(BAD, "utf-8")
    said = run("supporter", "import", str(path), "--yes")
    assert said.code == 1
    assert "何も入れていません" in said.err
    assert "米子市" in said.out
    assert rows(opened) == ()
    report = tmp_path / "report.csv"
    said = run("supporter", "import", str(path), "--yes", "--skip-bad", "--report", str(report))
    assert said.code == 0
    assert len(rows(opened)) == 2
    told = list(csv.reader(io.StringIO(report.read_text("utf-8-sig"))))
    assert {row[2] for row in told[1:]} == {"2", "3", "4"}
    assert told[-1][3] == "入れられない"
    assert report.stat().st_mode & 0o077 == 0


def test_what_cannot_be_read_is_answered_with_what_to_do(run: Run, tmp_path: Path) -> None:
    assert "ファイルがありません" in run("supporter", "import", str(tmp_path / "none.csv")).err
    path = tmp_path / "list.csv"
    path.write_text("だれ,どこ\n山田,鳥取市\n", "utf-8")
    said = run("supporter", "import", str(path))
    assert said.code == 1
    assert "--column" in said.err
    assert run("supporter", "import", str(path), "--column", "氏名=だれ", "--column", "市町=どこ").code == 0
    said = run("supporter", "import", str(path), "--column", "氏名=たれ")
    assert "「だれ」ですか" in said.err
    assert "項目" in run("supporter", "import", str(path), "--column", "指名=だれ").err
    assert run("supporter", "import", str(path), "--column", "氏名").code == 2
    assert "シート" in run("supporter", "import", str(path), "--sheet", "名簿").err
    told = ("--column", "氏名=だれ", "--town", "鳥取市")
    assert "という行はありません" in run("supporter", "import", str(path), *told, "--new", "99").err
    assert run("supporter", "import", str(path), *told, "--new", "2", "--same", "2").code == 2


# ---- one entry


def test_somebody_on_paper_comes_in_and_is_found(run: Run, opened: Database) -> None:
    course = a_course(opened, group_name="〇〇医療生協")
    made = run(
        "supporter", "add", "--name", "山田　花子", "--kana", "ヤマダハナコ", "--phone", "857-22-8111",
        "--district", "東中", "--age", "70代", "--course", course.id, "--consented", "--as", "佐藤", "--json",
    )  # fmt: skip
    assert made.code == 0
    assert "先頭の0" in made.err
    (entry,) = rows(opened)
    assert (entry.source, entry.state, entry.town, entry.district) == (
        "staff",
        "registered",
        "tottori",
        "higashi",
    )
    assert (entry.group_name, entry.attended_on) == ("〇〇医療生協", course.last_on)
    assert entry.registered_at
    assert entry.consent_at
    assert deeds(opened, "supporter") == [("佐藤", "added")]
    assert [row["id"] for row in run("supporter", "list", "--course", course.id, "--json").json] == [entry.id]
    found = run("supporter", "list", "--find", "やまだ はなこ", "--names", "--as", "佐藤", "--json").json
    assert [row["name"] for row in found] == ["山田 花子"]
    assert (
        run("supporter", "list", "--find", "0857228111", "--as", "佐藤", "--json").json[0]["id"] == entry.id
    )


def test_who_is_there_already_is_not_added_again_unless_it_is_another(run: Run, opened: Database) -> None:
    person = ("supporter", "add", "--name", "山田 花子", "--town", "鳥取市", "--district", "東中")
    assert run(*person).code == 0
    said = run(*person)
    assert said.code == 1
    assert rows(opened)[0].id in said.err
    assert run(*person, "--another").code == 0
    assert len(rows(opened)) == 2


def test_bad_words_are_refused_with_what_is_wrong(run: Run, opened: Database) -> None:
    person = ("supporter", "add", "--name", "山田 花子", "--town", "鳥取市")
    assert "電話" in run(*person, "--phone", "22-8111").err
    assert "メール" in run(*person, "--mail", "hanako").err
    assert "地区" in run(*person, "--district", "西東中").err
    assert "受講日" in run(*person, "--attended-on", "きのう").err
    assert "市町" in run("supporter", "add", "--name", "山田 花子").err
    assert "市町" in run("supporter", "add", "--name", "山田 花子", "--town", "米子市").err
    assert run("supporter", "add", "--name", "１２３", "--town", "鳥取市").code == 1
    assert run(*person, "--course", "none").code == 1
    assert rows(opened) == ()


def test_an_entry_is_edited_and_its_phone_follows(run: Run, opened: Database) -> None:
    with opened.work() as work:
        person = people.lock(work, "default", f"U{1:032x}")
        people.register(work, person, town="tottori", district="higashi", topics=(), consent_version="1")
        entry = supporters.add(
            work, "default", source="line", state="registered", town="tottori", district="higashi",
            person_id=person.id, profile=Profile("山田 花子", "やまだ はなこ", "09012345678"),
        )  # fmt: skip
    changes = ("--town", "岩美町", "--phone", "", "--attended-on", "R8.11.1", "--as", "佐藤")
    assert run("supporter", "edit", entry.id, *changes).code == 0
    with opened.look() as work:
        (now,) = supporters.listed(work)
        words, phone = supporters.profile(work, now), people.get(work, person.id)
    assert (now.town, now.district, now.attended_on) == ("iwami", "whole", dt.date(2026, 11, 1))
    assert now.refresher_due_on == dt.date(2027, 11, 1)
    assert (words.name, words.kana, words.phone) == ("山田 花子", "やまだ はなこ", None)
    assert phone is not None
    assert (phone.town, phone.district) == ("iwami", "whole")
    assert ("佐藤", "edited") in deeds(opened, "supporter")


def test_a_state_is_changed_only_where_it_may(run: Run, opened: Database) -> None:
    run("supporter", "add", "--name", "山田 花子", "--town", "鳥取市")
    (entry,) = rows(opened)
    assert run("supporter", "edit", entry.id, "--state", "休止").code == 0
    assert run("supporter", "edit", entry.id, "--state", "登録").code == 0
    assert run("supporter", "edit", entry.id, "--state", "退会").code == 0
    said = run("supporter", "edit", entry.id, "--state", "休止")
    assert said.code == 1
    assert "いまは「退会」" in said.err
    assert run("supporter", "edit", entry.id, "--state", "登録").code == 0
    assert run("supporter", "edit", entry.id).code == 2
    assert run("supporter", "edit", entry.id, "--name", "").code == 2
    assert run("supporter", "edit", "nobody", "--age", "70代").code == 1


def test_names_are_shown_only_to_whoever_says_who_they_are(run: Run, opened: Database, listed: Path) -> None:
    run("supporter", "import", str(listed), "--yes")
    assert "山田" not in run("supporter", "list").out
    assert "山田" not in run("supporter", "list", "--json").out
    assert run("supporter", "list", "--names").code == 2
    assert run("supporter", "list", "--find", "山田太郎").code == 2
    assert "山田 太郎" in run("supporter", "list", "--names", "--as", "佐藤").out
    assert ("佐藤", "listed_names") in deeds(opened, "register")
    first = next(entry for entry in rows(opened) if entry.town == "tottori")
    assert "山田" not in run("supporter", "show", first.id).out
    said = run("supporter", "show", first.id, "--as", "佐藤")
    assert "090-1234-5678" in said.out
    assert ("佐藤", "read") in deeds(opened, "supporter")
    assert run("supporter", "show", first.id, "--as", "staff:1").code == 2


def test_lists_are_narrowed(run: Run, listed: Path) -> None:
    run("supporter", "import", str(listed), "--yes")

    def towns(*options: str) -> list[str]:
        return sorted(row["town"] for row in run("supporter", "list", "--json", *options).json)

    assert towns("--town", "岩美町") == ["iwami"]
    assert towns("--district", "東中学校区") == ["tottori"]
    assert towns("--state", "更新の時期") == ["iwami", "tottori"]
    assert towns("--state", "退会") == []
    assert towns("--group", "〇〇医療生協", "--without-line") == ["iwami", "tottori"]
    assert run("supporter", "list", "--town", "岩美").code == 1
    assert run("supporter", "list", "--course", "none").code == 1


# ---- export


def test_an_export_holds_no_formula_and_is_written_down(run: Run, opened: Database, tmp_path: Path) -> None:
    run("supporter", "add", "--name", "=cmd|calc", "--town", "鳥取市", "--phone", "090-1234-5678")
    for name in ("out.csv", "out.xlsx"):
        assert run("supporter", "export", "--out", str(tmp_path / name)).code == 2
        assert run("supporter", "export", "--out", str(tmp_path / name), "--as", "佐藤").code == 0
        assert (tmp_path / name).stat().st_mode & 0o077 == 0
    assert "'=cmd|calc" in (tmp_path / "out.csv").read_text("utf-8-sig")
    book = python_calamine.load_workbook(str(tmp_path / "out.xlsx"))
    head, row = book.get_sheet_by_index(0).to_python()
    told = dict(zip(head, row, strict=True))
    assert (told["氏名"], told["電話"], told["市町"], told["状態"]) == (
        "=cmd|calc",
        "090-1234-5678",
        "鳥取市",
        "登録",
    )
    assert deeds(opened, "register") == [("佐藤", "exported_names")] * 2
    assert (
        run("supporter", "export", "--out", str(tmp_path / "n.csv"), "--no-names", "--as", "佐藤").code == 0
    )
    assert "cmd" not in (tmp_path / "n.csv").read_text("utf-8-sig")
    assert run("supporter", "export", "--out", str(tmp_path / "out.pdf"), "--as", "佐藤").code == 2
    assert run("supporter", "export", "--out", str(tmp_path / "none" / "o.csv"), "--as", "佐藤").code == 1


def test_an_export_comes_in_again_without_a_change(run: Run, listed: Path, tmp_path: Path) -> None:
    run("supporter", "import", str(listed), "--yes")
    out = str(tmp_path / "out.xlsx")
    run("supporter", "export", "--out", out, "--as", "佐藤")
    said = run("supporter", "import", out, "--json").json
    assert said["counts"] == {"new": 0, "joined": 2, "changed": 0, "doubtful": 0, "refused": 0}


# ---- figures


def test_coverage_at_the_terminal_for_programs_and_as_a_picture(
    run: Run, listed: Path, tmp_path: Path
) -> None:
    run("supporter", "import", str(listed), "--yes")
    said = run("supporter", "coverage")
    assert "東中学校区" in said.out
    assert "1／20 人" in said.out
    assert "目標に届いた地区: 0／17" in said.out
    (tottori,) = run("supporter", "coverage", "--town", "鳥取市", "--json").json
    assert (tottori["people"], tottori["goal"], len(tottori["districts"])) == (1, 340, 17)
    png, svg = tmp_path / "c.png", tmp_path / "c.svg"
    assert run("supporter", "coverage", "--out", str(png)).code == 0
    assert run("supporter", "coverage", "--town", "岩美町", "--out", str(svg)).code == 0
    assert png.read_bytes().startswith(b"\x89PNG")
    assert b"<svg" in svg.read_bytes()
    assert run("supporter", "coverage", "--out", str(tmp_path / "c.pdf")).code == 2


def test_groups_are_summed(run: Run, listed: Path) -> None:
    run("supporter", "import", str(listed), "--yes")
    assert run("supporter", "groups", "--json").json == [
        {"group": "〇〇医療生協", "people": 2, "supporters": 2, "attended": 0, "left": 0}
    ]


def test_nobody_is_added_to_a_course_that_is_not_over_without_a_day(run: Run, opened: Database) -> None:
    course = a_course(opened)
    with opened.work() as work:
        later = courses.Session((opened.clock() + dt.timedelta(days=30)).date(), None, None)
        courses.edit(work, course, sessions=(*course.sessions, later))
    said = run("supporter", "add", "--name", "山田 花子", "--town", "鳥取市", "--course", course.id)
    assert said.code == 1
    assert "まだ受講したことにできません" in said.err
    assert "--attended-on" in said.err


def test_what_became_of_a_course(run: Run, opened: Database, tmp_path: Path) -> None:
    course = a_course(opened)
    for name in ("山田 花子", "鈴木 一郎"):
        run("supporter", "add", "--name", name, "--town", "鳥取市", "--course", course.id)
    run("supporter", "add", "--name", "田中 実", "--town", "鳥取市", "--course", course.id, "--only-attended")
    (cohort,) = run("supporter", "cohorts", "--json").json
    assert cohort["course_id"] == course.id
    assert (cohort["attended"], cohort["registered"], cohort["within_a_week"], cohort["left"]) == (3, 2, 2, 0)
    assert cohort["not_registered"] == 1
    assert "養成講座" in run("supporter", "cohorts").out
    assert run("supporter", "cohorts", "--out", str(tmp_path / "c.svg")).code == 0
    assert b"<svg" in (tmp_path / "c.svg").read_bytes()


def test_of_very_many_courses_the_newest_are_shown_and_all_told(
    run: Run, opened: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supporter_coverage, "MOST_SHOWN", 2)
    for on in ("2025-06-01", "2025-07-01", "2025-08-01"):
        run("supporter", "add", "--name", f"山田 {on}", "--town", "鳥取市", "--attended-on", on)
    shown = run("supporter", "cohorts").out
    assert "2025-08-01" in shown
    assert "2025-07-01" in shown
    assert "2025-06-01" not in shown
    assert "これより前に 1 件" in shown
    assert len(run("supporter", "cohorts", "--json").json) == 3


@pytest.mark.usefixtures("three_supporters")
def test_who_registered_before_there_was_a_register_is_counted(run: Run) -> None:
    found = {
        row["town"]: (row["supporters"], row["reached"]) for row in run("supporter", "counts", "--json").json
    }
    assert found == {"iwami": (1, 1), "tottori": (2, 2)}
    assert sum(town["people"] for town in run("supporter", "coverage", "--json").json) == 3
