"""`tsunagari incident affected`: after a leak, everybody who was seen, and nobody who was not."""

from __future__ import annotations

import csv
import datetime as dt
import io
import random
import stat
from pathlib import Path
from typing import Any

import pytest
from office import IWAMI, SUPPORT, WAKASA
from sqlalchemy import update
from terminal import Run

from bot.desk.affected import SHOWN
from storage import audit, concerns, course_places, courses, people, staff, supporters
from storage.concern_table import concerns as concern_rows
from storage.supporters import Profile
from storage.work import Database

DAY = dt.timedelta(days=1)
SINCE, UNTIL = "2026-11-03", "2026-11-10 12:00"
BEGIN = dt.datetime.fromisoformat("2026-11-03T00:00+09:00")
END = dt.datetime.fromisoformat("2026-11-10T12:00+09:00")


def at(db: Database, moment: dt.datetime) -> Database:
    return Database(db.engine, db.cipher, db.index_key, lambda: moment)


def affected(run: Run, *more: str) -> dict[str, Any]:
    found: dict[str, Any] = run(
        "incident", "affected", "--since", SINCE, "--until", UNTIL, "--json", *more
    ).json
    return found


def yamada(db: Database) -> staff.Staff:
    with db.work() as work:
        return staff.add(work, login="yamada", name="山田花子", windows=(IWAMI,))


def everything(db: Database) -> dict[str, list[str]]:
    """Six concerns at three desks, four entries of the register, a course with three who signed up, three people."""
    october = at(db, dt.datetime(2026, 10, 1, tzinfo=dt.UTC))
    made: dict[str, list[str]] = {}
    with october.work() as work:
        whose = [people.lock(work, "default", f"U{number:032x}") for number in range(3)]
        made["person"] = [each.id for each in whose]
        base = {"town": "iwami", "district": None, "kind": "poverty", "level": 2, "since": "today"}
        base |= {"subject_knows": "unknown", "route_reason": "own"}
        made["concern"] = [
            concerns.open_concern(
                work, "default", **base, window=(IWAMI, SUPPORT, WAKASA)[number % 3],
                person_id=whose[number % 2].id if number < 5 else None,
            ).id
            for number in range(6)
        ]  # fmt: skip
        entry = {"source": "staff", "state": "registered", "town": "iwami"}
        made["supporter"] = [
            supporters.add(work, "default", **entry, profile=Profile(name=f"人{number}")).id  # type: ignore[arg-type]
            for number in range(4)
        ]
        course = courses.create(
            work, "default", title="講座", town="iwami", on=work.now.date(), place="市役所", capacity=5,
            valid_from=work.now, valid_until=work.now + DAY,
        )  # fmt: skip
        made["course"] = [course.id]
        made["course_place"] = [
            course_places.add(work, "default", course.id, source="web", state="seat").id for _ in range(3)
        ]
    return made


def test_it_equals_what_somebody_counts_by_hand(run: Run, opened: Database) -> None:
    """Three hundred deeds of five people in November; the same counted naively, for every filter."""
    dice = random.Random(7)
    made = everything(opened)
    somebody = yamada(opened)
    actors = [f"staff:{somebody.id}", "cli:root", "鈴木", "person", "nightly"]
    deeds = [
        *SHOWN,
        ("concern", "accept"),
        ("concern", "described"),
        ("supporter", "moved"),
        ("staff", "added"),
    ]
    done: list[tuple[dt.datetime, str, str, str, str]] = []
    for number in range(300):
        moment = dt.datetime(2026, 11, 1, tzinfo=dt.UTC) + dt.timedelta(minutes=50 * number)
        kind, deed = dice.choice(deeds)
        subjects = {
            "window": [IWAMI, SUPPORT],
            "register": ["r1"],
            "danger": ["d1", "d2"],
            "staff": [somebody.id],
        }
        subject, who = dice.choice(subjects.get(kind) or made[kind]), dice.choice(actors)
        done.append((moment, who, deed, kind, subject))
        with at(opened, moment).work() as work:
            audit.note(work, who, deed, kind, subject, "default")
    for window in (None, IWAMI, WAKASA):
        for login, names in (
            (None, None),
            ("yamada", {actors[0]}),
            ("root", {"cli:root"}),
            ("鈴木", {"鈴木"}),
        ):
            more = [*(["--window", window] if window else []), *(["--staff", login] if login else [])]
            found = affected(run, *more)
            counted = by_hand(done, made, names, window)
            assert {
                (one["kind"], one["id"], one["actor"]): one["times"] for one in found["seen"]
            } == counted, more


def by_hand(
    done: list[tuple[dt.datetime, str, str, str, str]],
    made: dict[str, list[str]],
    names: set[str] | None,
    window: str | None,
) -> dict[tuple[str, str, str], int]:
    desk = {one: (IWAMI, SUPPORT, WAKASA)[number % 3] for number, one in enumerate(made["concern"])}
    counted: dict[tuple[str, str, str], int] = {}
    for moment, who, deed, kind, subject in done:
        if not BEGIN <= moment < END or who == "nightly" or kind == "staff":
            continue
        if who == "person" and deed not in ("saw_data", "saw_papers"):
            continue
        if names is not None and who not in names:
            continue
        targets = [(kind, subject)]
        if kind == "window":
            targets = [("concern", one) for one in made["concern"] if desk[one] == subject]
        if kind == "register":
            targets = [("supporter", one) for one in made["supporter"]]
        if kind == "course":
            targets = [("course_place", one) for one in made["course_place"]]
        for what, one in targets:
            if window is None or (what == "concern" and desk[one] == window):
                counted[what, one, who] = counted.get((what, one, who), 0) + 1
    return counted


def test_people_are_counted_by_what_was_seen_of_them(run: Run, opened: Database) -> None:
    made = everything(opened)
    with at(opened, BEGIN + DAY).work() as work:
        for deed, number in (
            ("read", 0),
            ("listed", 1),
            ("open_identity", 2),
            ("open_identity", 4),
            ("read", 4),
        ):
            audit.note(work, "鈴木", deed, "concern", made["concern"][number], "default")
        audit.note(work, "鈴木", "exported_names", "register", "r1", "default")
    found = affected(run)
    assert found["people"] == {
        "neighbours": 2,  # two were opened; of one only a line of a list was seen
        "reporters": 1,  # the same person reported both
        "supporters": 4,
        "applicants": 0,
        "others": 0,
        "at_most": 7,
    }
    assert found["listed_only"] == 1
    assert set(found["items"]) == {"facts", "words", "reporter", "name", "contact", "register"}
    assert found["by"] == ["鈴木"]
    assert "exported_names" in found["how"]


def test_a_concern_that_was_handed_on_counts_for_both_desks(run: Run, opened: Database) -> None:
    made = everything(opened)
    with at(opened, BEGIN + DAY).work() as work:
        moved = update(concern_rows).where(concern_rows.c.id == made["concern"][0])
        work.conn.execute(moved.values(window=WAKASA, routed_to=IWAMI))
        audit.note(work, "鈴木", "read", "concern", made["concern"][0], "default")
    assert affected(run, "--window", IWAMI)["people"]["neighbours"] == 1
    assert affected(run, "--window", WAKASA)["people"]["neighbours"] == 1
    assert affected(run, "--window", SUPPORT)["people"]["neighbours"] == 0


def test_the_borders_of_the_time_are_exact(run: Run, opened: Database) -> None:
    made = everything(opened)
    second = dt.timedelta(seconds=1)
    for number, moment in enumerate((BEGIN - second, BEGIN, END - second, END)):
        with at(opened, moment).work() as work:
            audit.note(work, "鈴木", "read", "concern", made["concern"][number], "default")
    assert {one["id"] for one in affected(run)["seen"]} == set(made["concern"][1:3])


def test_it_says_so_to_people_and_leaves_its_own_line(run: Run, opened: Database, tmp_path: Path) -> None:
    made = everything(opened)
    somebody = yamada(opened)
    with at(opened, BEGIN + DAY).work() as work:
        audit.note(work, f"staff:{somebody.id}", "read", "concern", made["concern"][0], "default")
        number = concerns.get(work, made["concern"][0]).number  # type: ignore[union-attr]
    out = tmp_path / "affected.csv"
    said = run("incident", "affected", "--since", SINCE, "--until", UNTIL, "--csv", str(out), "--as", "鈴木")
    for word in (number, "（yamada）", "心配された人", "1 人", "町が書き足すこと"):
        assert word in said.out
    rows = list(csv.reader(io.StringIO(out.read_bytes().decode("utf-8-sig"))))
    assert [row[1] for row in rows] == ["番号", number]
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    with opened.look() as work:
        newest = audit.listed(work, limit=1)[0]
        assert (newest.actor, newest.deed, newest.kind) == ("鈴木", "listed_affected", "incident")
        assert audit.verify(work, "default") is None


def test_nobody_was_seen(run: Run) -> None:
    found = affected(run)
    assert (found["people"]["at_most"], found["seen"], found["items"]) == (0, [], {})


@pytest.mark.parametrize(
    "wrong",
    [
        ("--since", "きのう"),
        ("--since", "2026-11-05", "--until", "2026-11-01"),
        ("--since", "2026-11-05", "--window", "iwami_fukusshi"),
        ("--since", "2026-11-05", "--channel", "mars"),
    ],
)
def test_what_cannot_be_is_refused(run: Run, wrong: tuple[str, ...]) -> None:
    assert run("incident", "affected", *wrong).code in (1, 2)
