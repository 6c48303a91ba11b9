"""Cards, codes and approval at the terminal."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path

import pypdf
import pytest
from terminal import Run
from town import the_content

from bot.programme import joining, matching
from storage import audit, cards, course_places, courses, joinings, people, supporters
from storage.courses import Course
from storage.joinings import Gate
from storage.supporters import Profile
from storage.work import Database

C = the_content()


@pytest.fixture
def course(opened: Database) -> Course:
    """A course of today with one place, and no margin."""
    now = opened.clock()
    with opened.work() as work:
        made = courses.create(
            work,
            "default",
            title="つながりサポーター養成講座",
            town="tottori",
            on=(now + dt.timedelta(hours=9)).date(),
            place="駅南庁舎",
            capacity=1,
            valid_from=now - dt.timedelta(hours=1),
            valid_until=now + dt.timedelta(days=7),
        )
        joinings.set_gate(work, made.id, made.channel, Gate(margin=0))
        return made


def comes(db: Database, course: Course, number: int, name: str | None = None) -> str:
    """Somebody registers by the code; the id by which staff speak of it."""
    with db.work() as work:
        person = people.lock(work, "default", f"U{number:032x}")
        joined = joining.join(
            work,
            C,
            person,
            course.id,
            None,
            town="tottori",
            district="kita",
            topics=(),
            consent_version="1",
            pledge_version="1",
        )
        assert joined.supporter is not None
        (each,) = joinings.of_supporter(work, joined.supporter.id)
        if name:
            matching.write_profile(work, C, joined.supporter, Profile(name=name))
        return each.id


def status(db: Database, joining_id: str) -> str:
    with db.look() as work:
        each = joinings.get(work, joining_id)
        assert each is not None
        return each.status


# ---- cards -------------------------------------------------------------------------------------------------


def test_cards_are_printed_ten_on_a_page_with_working_codes(
    run: Run, opened: Database, course: Course, tmp_path: Path
) -> None:
    out = tmp_path / "cards.pdf"
    said = run("course", "cards", course.id, "--count", "13", "--out", str(out))
    assert said.code == 0, said.err
    pages = pypdf.PdfReader(out).pages
    assert len(pages) == 2
    text = "".join(page.extract_text() for page in pages)
    printed = {f"{a}{b}" for a, b in re.findall(r"\b([2-9A-Y]{5})-([2-9A-Y]{5})\b", text)}
    with opened.look() as work:
        assert printed == set(cards.codes(work, cards.of_course(work, course.id)).values())
    assert len(printed) == 13
    assert out.stat().st_mode & 0o077 == 0  # whoever has the file can register


def test_a_reprint_makes_no_new_cards_and_leaves_out_used_ones(
    run: Run, opened: Database, course: Course, tmp_path: Path
) -> None:
    run("course", "cards", course.id, "--count", "3", "--out", str(tmp_path / "a.pdf"))
    with opened.work() as work:
        person = people.lock(work, "default", f"U{1:032x}")
        first = cards.of_course(work, course.id)[0]
        assert cards.use(work, first.id, person.id)
    out = tmp_path / "b.pdf"
    assert "2 枚" in run("course", "cards", course.id, "--reprint", "--out", str(out)).out
    text = pypdf.PdfReader(out).pages[0].extract_text()
    assert "No. 1" not in text.replace("No.1〜", "")
    assert "No. 3" in text


def test_a_lost_bundle_can_be_replaced(run: Run, opened: Database, course: Course, tmp_path: Path) -> None:
    out = str(tmp_path / "a.pdf")
    run("course", "cards", course.id, "--count", "3", "--out", out)
    said = run("course", "cards", course.id, "--count", "2", "--cancel-old", "--out", out)
    assert "前のカード 3 枚" in said.out
    with opened.look() as work:
        assert [card.void_at is None for card in cards.of_course(work, course.id)] == [False] * 3 + [True] * 2


def test_cards_of_a_course_that_is_closed_or_unknown_are_refused(
    run: Run, opened: Database, course: Course, tmp_path: Path
) -> None:
    assert run("course", "cards", "nope", "--out", str(tmp_path / "a.pdf")).code == 1
    assert run("course", "cards", course.id, "--out", str(tmp_path / "a.png")).code == 2
    with opened.work() as work:
        courses.close(work, course.id)
    said = run("course", "cards", course.id, "--out", str(tmp_path / "a.pdf"))
    assert said.code == 1
    assert "終わっています" in said.err


def test_the_margin_is_raised_in_one_command(run: Run, opened: Database, course: Course) -> None:
    facts = run("course", "code", course.id, "--margin", "20", "--approval", "--json").json
    assert (facts["most"], facts["margin"], facts["by_approval"]) == (21, 20, True)
    assert "21 人まで" in run("course", "code", course.id, "--no-approval").out


# ---- a leaked code -----------------------------------------------------------------------------------------


def test_a_leaked_code_is_seen_named_and_undone_in_one_command(
    run: Run, opened: Database, course: Course
) -> None:
    ids = [comes(opened, course, number) for number in range(1, 6)]
    said = run("supporter", "waiting")
    assert "コードが外に出たかもしれません" in said.err
    assert course.id in said.out
    assert [each["why"] for each in run("supporter", "waiting", "--json").json] == ["over_cap"] * 4
    look = run("supporter", "decline", "--course", course.id)
    assert "まだ実行していません" in look.out
    assert status(opened, ids[0]) == "joined"
    done = run("supporter", "decline", "--course", course.id, "--yes", "--as", "山田")
    assert "5 人" in done.out
    assert {status(opened, each) for each in ids} == {"declined"}
    with opened.look() as work:
        assert {entry.state for entry in supporters.listed(work)} == {"left"}
        assert {line.actor for line in audit.listed(work, kind="supporter") if line.deed == "decline"} == {
            "山田"
        }
    assert "いません" in run("supporter", "waiting").out
    assert [each for each in run("supporter", "cohorts", "--json").json if each["course_id"] is None] == []
    assert "退会 0 人" in run("supporter", "coverage").out


def test_many_who_wait_for_the_same_reason_are_one_line(run: Run, opened: Database, course: Course) -> None:
    ids = [comes(opened, course, number) for number in range(1, 9)]
    said = run("supporter", "waiting")
    assert "7 人" in said.out
    assert not any(each in said.out for each in ids)
    assert f"supporter waiting --course {course.id}" in said.out
    assert all(each in run("supporter", "waiting", "--course", course.id).out for each in ids[1:])


def test_who_is_surely_on_the_roster_is_spared(run: Run, opened: Database, course: Course) -> None:
    with opened.work() as work:
        course_places.add(
            work, "default", course.id, source="web", state="seat", profile=Profile(name="鳥取花子")
        )
    mine = comes(opened, course, 1, "鳥取 花子")
    other = comes(opened, course, 2)
    run("supporter", "decline", "--course", course.id, "--yes")
    assert (status(opened, mine), status(opened, other)) == ("joined", "declined")


def test_only_those_since_an_hour_are_undone(run: Run, opened: Database, course: Course) -> None:
    mine = comes(opened, course, 1)
    later = (opened.clock() + dt.timedelta(hours=1)).astimezone(dt.UTC).isoformat()
    run("supporter", "decline", "--course", course.id, "--since", later, "--yes")
    assert status(opened, mine) == "joined"


# ---- approve -----------------------------------------------------------------------------------------------


def test_names_are_shown_to_somebody_with_a_name_only(run: Run, opened: Database, course: Course) -> None:
    comes(opened, course, 1)
    mine = comes(opened, course, 2, "鳥取花予")
    assert "花予" not in run("supporter", "waiting").out
    assert run("supporter", "waiting", "--names").code == 2
    assert "花予" in run("supporter", "waiting", "--names", "--as", "山田").out
    with opened.look() as work:
        each = joinings.get(work, mine)
        assert each is not None
        assert "read_names" in [
            line.deed for line in audit.listed(work, kind="supporter", subject_id=each.supporter_id)
        ]


def test_one_command_lets_somebody_in(run: Run, opened: Database, course: Course) -> None:
    comes(opened, course, 1)
    mine = comes(opened, course, 2)
    assert run("supporter", "approve", mine, "--as", "山田").code == 0
    assert status(opened, mine) == "joined"
    assert run("supporter", "approve", mine).code == 1


def test_a_person_on_the_roster_is_named_in_one_command(run: Run, opened: Database, course: Course) -> None:
    with opened.work() as work:
        old = supporters.add(
            work,
            "default",
            source="import",
            state="attended",
            town="tottori",
            profile=Profile(name="鳥取花子", phone="0857221111"),
            number="77",
        )
    comes(opened, course, 1)
    mine = comes(opened, course, 2, "鳥取花予")
    said = run("supporter", "approve", mine, "--is", "鳥取 花子", "--as", "山田")
    assert old.id in said.out
    with opened.look() as work:
        entry = supporters.get(work, old.id)
        assert entry is not None
        assert (entry.state, entry.number) == ("registered", "77")
        assert entry.person_id is not None


def test_where_several_have_the_name_staff_choose_by_id(run: Run, opened: Database, course: Course) -> None:
    with opened.work() as work:
        both = [
            supporters.add(
                work,
                "default",
                source="import",
                state="attended",
                town="tottori",
                profile=Profile(name="鳥取花子"),
            )
            for _ in range(2)
        ]
    mine = comes(opened, course, 1)
    said = run("supporter", "approve", mine, "--is", "鳥取花子", "--as", "山田")
    assert said.code == 1
    assert both[1].id in said.err
    assert run("supporter", "approve", mine, "--into", both[1].id, "--as", "山田").code == 0


def test_all_of_a_course_are_let_in_after_a_look(run: Run, opened: Database, course: Course) -> None:
    ids = [comes(opened, course, number) for number in range(1, 4)]
    assert "2 人" in run("supporter", "approve", "--course", course.id).out
    assert status(opened, ids[2]) == "waiting"
    run("supporter", "approve", "--course", course.id, "--yes")
    assert status(opened, ids[2]) == "joined"


def test_nobody_and_both_are_wrong_usage(run: Run, course: Course) -> None:
    assert run("supporter", "approve").code == 2
    assert run("supporter", "decline", "x", "--course", course.id).code == 2
    assert run("supporter", "approve", "nope").code == 1
    assert run("supporter", "decline", "--course", "nope").code == 1
