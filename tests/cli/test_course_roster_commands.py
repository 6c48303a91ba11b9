"""Courses at the terminal beyond their code: editing, calling off, the roster, the questionnaire's results."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from terminal import Run

from storage import audit, course_answers, course_places, courses, people, staff, supporters
from storage.work import Database

TODAY = dt.datetime.now(dt.UTC).astimezone(dt.timezone(dt.timedelta(hours=9))).date()
SOON = TODAY + dt.timedelta(days=20)
BASE = (
    *("course", "create", "--title", "つながりサポーター養成講座", "--town", "鳥取市"),
    *("--place", "駅南庁舎", "--capacity", "2", "--json"),
)


def create(run: Run, *more: str, on: dt.date = SOON) -> dict[str, Any]:
    return dict(run(*BASE, "--on", on.isoformat(), *more).json)


def over(run: Run) -> dict[str, Any]:
    """A course of yesterday, whose code still counts."""
    return create(run, on=TODAY - dt.timedelta(days=1))


def roster(run: Run, course: dict[str, Any], *more: str) -> list[dict[str, Any]]:
    return list(run("course", "roster", course["id"], "--names", "--as", "山田", "--json", *more).json)


def test_a_course_has_kind_towns_sessions_lecturer_and_a_page_to_sign_up(run: Run) -> None:
    made = create(
        run,
        *("--kind", "シンポジウム", "--town", "岩美町", "--starts", "13:30", "--ends", "15:30"),
        *("--session", f"{SOON + dt.timedelta(days=7)} 10:00-12:00", "--lecturer", "鳥取 太郎"),
    )
    assert (made["kind"], made["towns"], made["lecturer"]) == ("symposium", ["tottori", "iwami"], "鳥取 太郎")
    assert [each["starts"] for each in made["sessions"]] == ["13:30", "10:00"]
    assert made["standing"] == "open"
    assert made["sign_up_url"].endswith(f"/c/{made['sign']}")
    assert run("course", "show", made["sign"]).code == 0


def test_an_outreach_course_is_for_its_group_alone_unless_it_is_said(run: Run) -> None:
    closed = create(run, "--kind", "出前講座", "--group", "〇〇医療生協")
    opened = create(run, "--kind", "出前講座", "--sign-up")
    assert (closed["standing"], opened["standing"]) == ("closed", "open")


@pytest.mark.parametrize(
    "wrong",
    [
        ("--kind", "宴会"),
        ("--starts", "15:00", "--ends", "13:00"),
        ("--sign-up-from", "2030-01-02 10:00", "--sign-up-until", "2030-01-01 10:00"),
        ("--session", "いつか"),
        ("--town", "大阪市"),
    ],
)
def test_what_cannot_be_is_refused_with_a_hint(run: Run, wrong: tuple[str, ...]) -> None:
    said = run(*BASE, "--on", SOON.isoformat(), *wrong)
    assert said.code in (1, 2)
    assert said.err


def test_editing_keeps_code_and_sign_and_moves_the_times_that_hang_on_the_day(run: Run) -> None:
    made = create(run, "--starts", "13:30")
    later = SOON + dt.timedelta(days=7)
    edited = run("course", "edit", made["id"], "--on", later.isoformat(), "--capacity", "50", "--json").json
    assert (edited["code"], edited["sign"], edited["capacity"]) == (made["code"], made["sign"], 50)
    assert edited["valid_from"].startswith(later.isoformat())
    assert edited["sign_up_until"].startswith(f"{later}T13:30")


def test_editing_nothing_and_an_unknown_course_are_refused(run: Run) -> None:
    made = create(run)
    assert run("course", "edit", made["id"]).code == 1
    assert run("course", "edit", "nope", "--capacity", "3").code == 1


def test_a_change_that_people_hear_of_is_a_dry_run_first(run: Run) -> None:
    made = create(run)
    run("course", "roster", made["id"], "--add", "鳥取 花子", "--phone", "0857-22-8111")
    assert "まだ実行していません" in run("course", "edit", made["id"], "--place", "市民会館").out
    assert run("course", "show", made["id"], "--json").json["place"] == "駅南庁舎"
    assert run("course", "edit", made["id"], "--place", "市民会館", "--yes").code == 0
    (row,) = roster(run, made)
    assert row["to_telephone"]
    run("course", "roster", made["id"], "--told", "1", "--as", "山田")
    assert not roster(run, made)[0]["to_telephone"]


def test_closing_and_calling_off_are_dry_runs_first(run: Run) -> None:
    made = create(run)
    run("course", "close", made["id"])
    assert run("course", "show", made["id"], "--json").json["standing"] == "open"
    run("course", "close", made["id"], "--yes")
    assert run("course", "show", made["id"], "--json").json["standing"] == "closed"
    assert run("course", "close", made["id"], "--yes").code == 1
    run("course", "close", made["id"], "--called-off", "--yes")
    assert run("course", "show", made["id"], "--json").json["standing"] == "called_off"


def test_who_telephones_is_added_waits_when_it_is_full_and_gets_the_seat_that_is_given_up(run: Run) -> None:
    made = create(run)
    for name in ("鳥取 花子", "岩美 次郎", "八頭 三郎"):
        run("course", "roster", made["id"], "--add", name, "--phone", f"0857-22-{8111 + len(name)}")
    assert [row["state"] for row in roster(run, made)] == ["seat", "seat", "waiting"]
    run("course", "roster", made["id"], "--cancel", "1", "--as", "山田")
    found = roster(run, made)
    assert [row["state"] for row in found] == ["cancelled", "seat", "seat"]
    assert found[2]["to_telephone"]


def test_names_are_shown_only_to_somebody_with_a_name(run: Run) -> None:
    made = create(run)
    run("course", "roster", made["id"], "--add", "鳥取 花子")
    assert "花子" not in run("course", "roster", made["id"]).out
    assert run("course", "roster", made["id"], "--names").code == 2
    assert "花子" in run("course", "roster", made["id"], "--names", "--as", "山田").out
    assert "read_roster" in run("audit", "list").out or run("audit", "list").code != 0


def test_nobody_was_at_a_course_that_has_not_begun(run: Run) -> None:
    made = create(run)
    run("course", "roster", made["id"], "--add", "鳥取 花子")
    said = run("course", "roster", made["id"], "--there", "1", "--as", "山田")
    assert said.code == 1
    assert "まだ始まっていません" in said.err


def test_a_number_that_nobody_has_changes_nothing(run: Run, opened: Database) -> None:
    made = over(run)
    with opened.work() as work:
        course = courses.get(work, made["id"])
        assert course
        course_places.add(
            work, "default", course.id, source="staff", state="seat", profile=supporters.Profile("鳥取 花子")
        )
    assert run("course", "roster", made["id"], "--there", "1", "--there", "9", "--as", "山田").code == 1
    with opened.look() as work:
        assert courses.attendance(work, made["id"]) == 0


def test_the_list_from_the_room_counts_those_who_signed_up_and_those_who_did_not(
    run: Run, opened: Database, tmp_path: Path
) -> None:
    made = over(run)
    with opened.work() as work:
        for name, phone in (("鳥取 花子", "090-1234-5678"), ("岩美 次郎", "0857-73-1111")):
            course_places.add(
                work,
                "default",
                made["id"],
                source="web",
                state="seat",
                profile=supporters.Profile(name, None, phone),
            )
        supporters.add(
            work,
            "default",
            source="import",
            state="registered",
            town="tottori",
            profile=supporters.Profile("八頭 三郎", "やず さぶろう", None),
            attended_on=TODAY - dt.timedelta(days=400),
        )
    file = tmp_path / "出席.csv"
    file.write_text(
        "氏名,ふりがな,電話\n鳥取花子,,０９０－１２３４－５６７８\n八頭 三郎,ヤズ サブロウ,\n"
        "智頭 四郎,ちず しろう,\n鳥取 花子,,09012345678\n",
        "utf-8",
    )
    asked = ("course", "roster", made["id"], "--import", str(file))
    assert "まだ実行していません" in run(*asked).out
    with opened.look() as work:
        assert courses.attendance(work, made["id"]) == 0
    for _ in range(2):  # the same list once more changes nothing
        assert run(*asked, "--yes", "--as", "山田").code == 0
    with opened.look() as work:
        assert courses.attendance(work, made["id"]) == 3
        states = {supporters.profile(work, each).name: each for each in supporters.listed(work)}
    assert states["智頭 四郎"].state == "attended"
    assert states["鳥取 花子"].state == "attended"
    assert "岩美 次郎" not in states
    assert states["八頭 三郎"].refreshed_on == TODAY - dt.timedelta(days=1)
    there = {row["name"]: row["there"] for row in roster(run, made)}
    assert there == {"鳥取 花子": True, "岩美 次郎": False, "八頭 三郎": True, "智頭 四郎": True}


@pytest.mark.parametrize(
    ("text", "words"), [("", "中身がありません"), ("a,b\n1,2\n", "氏名の列が見つかりません")]
)
def test_a_file_that_is_no_list_says_so(run: Run, tmp_path: Path, text: str, words: str) -> None:
    made = over(run)
    file = tmp_path / "x.csv"
    file.write_text(text, "utf-8")
    said = run("course", "roster", made["id"], "--import", str(file))
    assert said.code == 1
    assert words in said.err


def test_the_roster_is_exported_without_formulas(run: Run, tmp_path: Path) -> None:
    made = create(run)
    run("course", "roster", made["id"], "--add", "=cmd|' /C calc'!A0")
    out = tmp_path / "roster.csv"
    assert run("course", "roster", made["id"], "--export", str(out), "--as", "山田").code == 0
    assert "\"'=cmd" in out.read_text("utf-8-sig")


# ---- posters ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("what", ["sign-up", "questionnaire", "registration"])
def test_there_is_a_sheet_for_each_purpose(run: Run, tmp_path: Path, what: str) -> None:
    made = create(run)
    out = tmp_path / "sheet.png"
    assert run("course", "poster", made["id"], "--for", what, "--out", str(out)).code == 0
    with Image.open(out) as sheet:
        assert sheet.size == (2480, 3508)


def test_no_sheet_invites_to_a_course_without_sign_up(run: Run, tmp_path: Path) -> None:
    made = create(run, "--no-sign-up")
    said = run("course", "poster", made["id"], "--for", "sign-up", "--out", str(tmp_path / "sheet.png"))
    assert said.code == 1


# ---- results ------------------------------------------------------------------------------------------------


def answered(opened: Database, course: dict[str, Any], count: int) -> None:
    with opened.work() as work:
        for number in range(count):
            ratings = {"satisfaction": 5 - number % 2, "understanding": 4, "recommend": 5}
            words = "また来たいです" if number == 0 else None
            course_answers.keep(work, "default", course["id"], TODAY, ratings, words)


def test_with_fewer_than_five_answers_only_their_number_is_shown(
    run: Run, opened: Database, tmp_path: Path
) -> None:
    made = over(run)
    with opened.work() as work:
        staff.add(work, login="yamada", name="山田", windows=["tottori_chuo_jinken"])
    answered(opened, made, 4)
    told = run("course", "results", made["id"], "--json").json
    assert told == {"answers": 4, "enough": False, "words": None, "questions": []}
    assert run("course", "results", made["id"], "--out", str(tmp_path / "r.png")).code == 1
    said = run("course", "results", made["id"], "--free-text", "--as", "yamada")
    assert "また来たいです" not in said.out


def test_results_are_a_table_a_file_and_a_picture(run: Run, opened: Database, tmp_path: Path) -> None:
    made = over(run)
    answered(opened, made, 6)
    told = run("course", "results", made["id"], "--json").json
    assert next((line["key"], line["mean"]) for line in told["questions"]) == ("satisfaction", 4.5)
    assert "とてもよかった" in run("course", "results", made["id"]).out
    for name in ("r.csv", "r.xlsx", "r.png", "r.svg"):
        assert run("course", "results", made["id"], "--out", str(tmp_path / name)).code == 0
        assert (tmp_path / name).stat().st_size > 500
    assert run("course", "results", made["id"], "--out", str(tmp_path / "r.doc")).code == 2


def test_words_are_for_the_staff_of_the_course_s_towns_only_and_reading_leaves_a_line(
    run: Run, opened: Database
) -> None:
    made = over(run)
    answered(opened, made, 6)
    with opened.work() as work:
        staff.add(work, login="yamada", name="山田", windows=["tottori_chuo_jinken"])
        staff.add(work, login="iwami", name="岩美の職員", windows=["iwami_kenko_fukushi"])
    asked = ("course", "results", made["id"], "--free-text")
    assert run(*asked).code == 2
    for stranger in ("だれか", "iwami"):
        assert run(*asked, "--as", stranger).code == 1
    assert "また来たいです" in run(*asked, "--as", "yamada").out
    with opened.look() as work:
        deeds = [row.deed for row in work.conn.execute(audit.audit.select())]
    assert deeds.count("read_words") == 1


def test_somebody_on_line_stands_in_the_roster_by_the_name_in_the_register(
    run: Run, opened: Database
) -> None:
    made = create(run)
    with opened.work() as work:
        person = people.lock(work, "default", "U" + "1" * 32)
        course_places.add(work, "default", made["id"], source="line", state="seat", person_id=person.id)
        supporters.add(
            work,
            "default",
            source="line",
            state="registered",
            town="tottori",
            person_id=person.id,
            profile=supporters.Profile("若桜 五郎"),
        )
    (row,) = roster(run, made)
    assert (row["name"], row["registered"], row["source"]) == ("若桜 五郎", "registered", "line")
