"""The clocks of concerns: who is reminded when, once; a desk that was given up; the question after four weeks."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from sqlalchemy import func, select
from surroundings import Clock
from town import TOKYO, the_content
from town import settings as town_settings

from bot import metrics
from bot.content.hours import parse_hours
from bot.content.library import Content
from bot.content.places import Window
from bot.desk import clocks as due_times
from bot.desk import notices
from bot.settings import Settings
from jobs import clocks
from storage import audit, concerns, entries, handons, outbox, people
from storage.concerns import Concern
from storage.mails import mails
from storage.reminders import reminders
from storage.work import Database

DESK, OTHER, GENERAL = "iwami_fukushi", "iwami_kenko_fukushi", "iwami_kenko_fukushi"
OFFICE = parse_hours(
    {
        "spans": [{"days": "weekdays", "from": "08:30", "to": "17:15"}],
        "closed_on_holidays": True,
        "closed_year_end": True,
    }
)


def with_desk(content: Content, key: str = DESK, **changes: Any) -> Content:
    """The content with one desk changed; the windows of a frozen content are made anew."""
    return replace(
        content, windows=tuple(replace(w, **changes) if w.key == key else w for w in content.windows)
    )


def reachable(window: Window) -> Window:
    host = f"{window.key.replace('_', '-')}.example.jp"
    return replace(
        window,
        recipients=(f"desk@{host}",),
        leader=(f"leader@{host}",),
        department=(f"department@{host}",),
        duty=(f"duty@{host}",),
        hours=OFFICE,
    )


def a_content() -> Content:
    """The shipped content, whose desks have mailboxes at every step and the hours of an office."""
    content = the_content()
    return replace(content, windows=tuple(reachable(window) for window in content.windows))


@dataclass
class Office:
    """What the jobs need of the services."""

    db: Database
    content: Content = field(default_factory=a_content)
    settings: Settings = field(default_factory=town_settings)
    bell: threading.Event = field(default_factory=threading.Event)

    def open(self, level: int = 2, window: str = DESK, **more: Any) -> Concern:
        """A concern that has just come to a desk of 岩美町."""
        with self.db.work() as work:
            values = {"person_id": None, "town": "iwami", "district": None, "kind": "poverty"}
            values |= {"since": "today", "subject_knows": "unknown", "route_reason": "own"}
            made = concerns.open_concern(
                work,
                "default",
                level=level,
                window=window,
                **{**values, **more},  # type: ignore[arg-type]
            )
            return due_times.renew(work, self.content, made)

    def change(self, deed: Callable[..., Any], concern: Concern, *more: Any, **named: Any) -> Any:
        with self.db.work() as work:
            return deed(work, concern, *more, **named)

    def told(self) -> list[tuple[str, str, str]]:
        """When which step of which clock was told, in order."""
        with self.db.look() as work:
            rows = work.conn.execute(select(reminders).order_by(reminders.c.at, reminders.c.due_at)).all()
        order = {"desk": 0, "leader": 1, "department": 2, "duty": 3}
        rows.sort(key=lambda row: (row.at, order[row.step]))
        return [(f"{row.at.astimezone(TOKYO):%m-%d %H:%M}", str(row.clock), str(row.step)) for row in rows]

    def mailed(self) -> list[str]:
        """Whom the mails go to, in the order in which they were written."""
        with self.db.look() as work:
            rows = work.conn.execute(select(mails).order_by(mails.c.created_at, mails.c.id)).all()
            return [work.unseal(r.address, r.channel, "mails", "address", r.id) for r in rows]

    def count_rows(self, table: Any) -> int:
        with self.db.look() as work:
            return int(work.conn.execute(select(func.count()).select_from(table)).scalar_one())


@pytest.fixture
def office(db: Database) -> Office:
    return Office(db)


def tokyo(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=TOKYO)


def walk(office: Office, clock: Clock, start: str, end: str, minutes: int = 15) -> None:
    """Let the time pass, with a tick at every step."""
    clock.now = tokyo(start).astimezone(dt.UTC)
    while clock.now <= tokyo(end):
        clocks.tick(office)
        clock.move(minutes=minutes)


# ---- reminders -------------------------------------------------------------------------------------------


def test_over_the_turn_of_the_year_nobody_is_reminded_before_the_desk_is_back(
    office: Office, clock: Clock
) -> None:
    clock.now = tokyo("2026-12-28 16:00")
    concern = office.open(level=2)
    walk(office, clock, "2026-12-28 16:00", "2027-01-03 23:45", minutes=60)
    assert office.told() == []
    walk(office, clock, "2027-01-04 00:00", "2027-01-05 23:45")
    assert office.told() == [
        ("01-04 11:15", "accept", "desk"),
        ("01-04 13:15", "accept", "leader"),
        ("01-05 10:30", "accept", "department"),
    ]
    assert [each.split("@")[0] for each in office.mailed()] == ["desk", "leader", "department"]
    office.change(concerns.accept, concern)
    walk(office, clock, "2027-01-06 00:00", "2027-01-08 23:45")
    assert office.told()[3:] == [  # accepted: that clock is silent; the next one runs out on 6 January 17:15
        ("01-07 08:30", "contact", "desk"),
        ("01-07 12:30", "contact", "leader"),
        ("01-07 16:30", "contact", "department"),
        ("01-08 15:45", "contact", "duty"),
    ]


def test_a_life_at_risk_wakes_everybody_up_also_in_the_new_years_night(office: Office, clock: Clock) -> None:
    clock.now = tokyo("2026-12-31 23:50")
    concern = office.open(level=0)
    walk(office, clock, "2026-12-31 23:50", "2027-01-01 00:40", minutes=5)
    assert office.told() == [
        ("01-01 00:05", "accept", "desk"),
        ("01-01 00:10", "accept", "leader"),
        ("01-01 00:20", "accept", "department"),
        ("01-01 00:20", "accept", "duty"),
    ]
    office.change(concerns.accept, concern)
    office.change(concerns.in_touch, concern)
    walk(office, clock, "2027-01-01 00:45", "2027-01-03 23:45", minutes=60)
    assert len(office.told()) == 4


def test_a_suspicion_of_abuse_is_looked_after_within_48_hours_whatever_holidays_come(
    office: Office, clock: Clock
) -> None:
    clock.now = tokyo("2026-12-29 10:00")
    concern = office.open(level=1)
    office.change(concerns.accept, concern)
    walk(office, clock, "2026-12-29 10:00", "2026-12-31 11:45", minutes=30)
    assert office.told() == [
        ("12-31 10:00", "contact", "desk"),
        ("12-31 10:30", "contact", "leader"),
        ("12-31 11:00", "contact", "department"),
        ("12-31 11:30", "contact", "duty"),
    ]


def test_after_an_outage_a_usual_concern_waits_for_the_morning_and_a_life_does_not(
    office: Office, clock: Clock
) -> None:
    clock.now = tokyo("2026-12-01 09:00")
    office.open(level=2)
    urgent = office.open(level=0)
    clock.now = tokyo("2026-12-01 23:00")  # nobody looked all day
    clocks.tick(office)
    assert {(clock_, step) for _, clock_, step in office.told()} == {
        (name, step) for name in ("accept", "contact") for step in ("desk", "leader", "department", "duty")
    }
    with office.db.look() as work:
        assert set(work.conn.execute(select(reminders.c.concern_id)).scalars()) == {urgent.id}
    walk(office, clock, "2026-12-02 08:00", "2026-12-02 08:30", minutes=30)
    assert office.told()[8:] == [("12-02 08:30", "accept", "desk"), ("12-02 08:30", "accept", "leader")]


def test_many_processes_at_the_same_moment_tell_each_step_once(
    office: Office, clock: Clock, together: Callable[..., list[Any]]
) -> None:
    for _ in range(3):
        office.open(level=0)
    clock.move(minutes=16)
    told = together(6, lambda _: clocks.tick(office))
    assert sum(told) == 3
    assert len(office.told()) == len(office.mailed()) == 3
    assert clocks.tick(office) == 0


def test_a_tick_that_is_killed_in_the_middle_repeats_nothing_and_loses_nothing(
    office: Office, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        """The process ends here."""

    for _ in range(4):
        office.open(level=0)
    clock.move(minutes=16)
    calls = []

    def dies_in_the_third(*args: Any, **named: Any) -> None:
        calls.append(1)
        tell(*args, **named)
        if len(calls) == 3:
            raise Killed

    tell = notices.tell_desk
    monkeypatch.setattr(notices, "tell_desk", dies_in_the_third)
    with pytest.raises(Killed):
        clocks.tick(office)
    assert len(office.told()) == len(office.mailed()) == 2  # the third was rolled back with its mail
    monkeypatch.undo()
    assert clocks.tick(office) == 2
    assert len(office.told()) == len(office.mailed()) == 4


def test_one_concern_in_trouble_does_not_keep_the_others(
    office: Office, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, good = office.open(level=0), office.open(level=0)
    clock.move(minutes=16)
    tell = notices.tell_desk

    def fails_for_one(work: Any, content: Any, url: str, concern: Concern, *more: Any, **named: Any) -> None:
        if concern.id == bad.id:
            raise RuntimeError("no")
        tell(work, content, url, concern, *more, **named)

    monkeypatch.setattr(notices, "tell_desk", fails_for_one)
    assert clocks.tick(office) == 1
    with office.db.look() as work:
        assert list(work.conn.execute(select(reminders.c.concern_id)).scalars()) == [good.id]


def test_a_new_due_time_begins_its_own_series(office: Office, clock: Clock) -> None:
    concern = office.open(level=2)
    clock.now = tokyo("2026-12-01 14:00")
    assert clocks.tick(office) == 1
    with office.db.work() as work:  # something is worse than it seemed: the clocks start anew
        concern = due_times.renew(work, office.content, concerns.raise_level(work, concern, 1))
    assert clocks.tick(office) == 0
    clock.move(minutes=61)
    assert clocks.tick(office) == 1
    assert [(name, step) for _, name, step in office.told()] == [("accept", "desk")] * 2


def test_what_was_reopened_is_reminded_of_again_and_what_is_closed_never(
    office: Office, clock: Clock
) -> None:
    concern = office.change(concerns.accept, office.open(level=2))
    concern = office.change(concerns.close, concern, "connected")
    clock.move(days=60)
    assert clocks.tick(office) == 0
    with office.db.work() as work:
        concern = due_times.renew(work, office.content, concerns.reopen(work, concern))
    clock.now = tokyo("2027-02-12 10:00")
    assert clocks.tick(office) > 0
    assert {name for _, name, _ in office.told()} == {"contact"}


def test_merged_concerns_are_silent(office: Office, clock: Clock) -> None:
    one, other = office.open(level=0), office.open(level=0)
    office.change(concerns.merge, one, other)
    clock.move(minutes=16)
    assert clocks.tick(office) == 1


def test_the_first_reminder_is_counted_and_every_one_leaves_a_trace(office: Office, clock: Clock) -> None:
    counted = metrics.OVERDUE.labels("accept", "0")._value
    before = counted.get()
    concern = office.open(level=0)
    clock.move(minutes=21)
    clocks.tick(office)
    clock.move(minutes=15)
    clocks.tick(office)
    assert counted.get() == before + 1
    with office.db.look() as work:
        deeds = [each.deed for each in audit.listed(work, subject_id=concern.id)]
    assert sorted(deeds) == [
        "reminded_department", "reminded_desk", "reminded_duty", "reminded_leader"
    ]  # fmt: skip


def test_a_desk_of_unknown_hours_is_reminded_as_a_usual_office(office: Office, clock: Clock) -> None:
    office.content = with_desk(office.content, hours=None)
    clock.now = tokyo("2026-12-28 16:00")
    office.open(level=2)
    walk(office, clock, "2026-12-28 16:00", "2027-01-04 08:00", minutes=120)
    walk(office, clock, "2027-01-04 11:00", "2027-01-04 11:15")
    assert office.told() == [("01-04 11:15", "accept", "desk")]


# ---- a desk that was given up ----------------------------------------------------------------------------


def test_an_open_concern_of_a_desk_that_was_given_up_moves_and_somebody_is_told(
    office: Office, clock: Clock
) -> None:
    concern = office.change(concerns.accept, office.open())
    with office.db.work() as work:
        concerns.assign(work, concern, "somebody")
    done = office.change(concerns.close, office.change(concerns.accept, office.open()), "none")
    clock.move(days=1)
    office.content = with_desk(office.content, active=False)
    assert clocks.rehome(office) == 1
    assert clocks.rehome(office) == 0
    with office.db.look() as work:
        moved, stayed = concerns.get(work, concern.id), concerns.get(work, done.id)
        assert moved is not None
        assert stayed is not None
        (entry,) = entries.of(work, moved)
        deeds = [each.deed for each in audit.listed(work, subject_id=concern.id)]
    assert (moved.window, moved.state, moved.assignee_id) == (GENERAL, "sent", None)
    assert moved.accept_due is not None
    assert moved.accept_due > clock.now
    assert (entry.kind, entry.author, entry.words) == ("moved", "system", {"from": DESK, "to": GENERAL})
    assert "moved" in deeds
    assert office.mailed() == ["desk@iwami-kenko-fukushi.example.jp"]
    assert stayed.window == DESK  # what is done stays where it was done


def test_a_desk_that_is_not_in_the_content_any_more_counts_as_given_up(office: Office) -> None:
    concern = office.open()
    left = tuple(window for window in office.content.windows if window.key != DESK)
    office.content = replace(office.content, windows=left)
    assert clocks.rehome(office) == 1
    with office.db.look() as work:
        moved = concerns.get(work, concern.id)
    assert moved is not None
    assert moved.window == GENERAL


def test_a_concern_of_a_town_that_left_goes_to_the_central_town(office: Office) -> None:
    concern = office.open()
    windows = tuple(window for window in office.content.windows if "iwami" not in window.serves)
    office.content = replace(office.content, windows=windows)
    assert clocks.rehome(office) == 1
    with office.db.look() as work:
        moved = concerns.get(work, concern.id)
    assert moved is not None
    assert "tottori" in office.content.windows_by_key[moved.window].serves


def test_many_processes_move_a_concern_once(office: Office, together: Callable[..., list[Any]]) -> None:
    office.open()
    office.content = with_desk(office.content, active=False)
    assert sum(together(6, lambda _: clocks.rehome(office))) == 1
    assert len(office.mailed()) == 1


def test_an_offer_to_a_desk_that_was_given_up_goes_to_the_one_in_its_place(office: Office) -> None:
    concern = office.open(window=OTHER)
    with office.db.work() as work:
        handons.offer(work, concern, DESK, "staff:1", {"text": "ひきついでください"})
    office.content = with_desk(office.content, active=False, replaced_by="tottori_fukushi")
    office.content = with_desk(office.content, "tottori_fukushi", serves=("tottori", "iwami"))
    assert clocks.rehome(office) == 1
    assert clocks.rehome(office) == 0
    with office.db.look() as work:
        offer = handons.open_of(work, concern)
        assert offer is not None
        assert (offer.from_window, offer.to_window, offer.by) == (OTHER, "tottori_fukushi", "staff:1")
        assert handons.words(work, offer) == {"text": "ひきついでください"}
        now = concerns.get(work, concern.id)
    assert now is not None
    assert now.window == OTHER  # the sender is in charge until somebody accepts
    assert office.mailed() == ["desk@tottori-fukushi.example.jp"]


def test_an_offer_outlives_the_desk_that_made_it(office: Office) -> None:
    concern = office.open()
    with office.db.work() as work:
        handons.offer(work, concern, "tottori_fukushi", "staff:1", {"text": "ひきついでください"})
    office.content = with_desk(office.content, active=False)
    assert clocks.rehome(office) == 1
    with office.db.look() as work:
        offer = handons.open_of(work, concern)
    assert offer is not None
    assert (offer.from_window, offer.to_window) == (GENERAL, "tottori_fukushi")
    assert clocks.rehome(office) == 0


# ---- after four weeks ------------------------------------------------------------------------------------


@pytest.fixture
def reporter(db: Database) -> people.Person:
    with db.work() as work:
        return people.lock(work, "default", "U" + "1" * 32)


def four_weeks_later(clock: Clock) -> None:
    clock.now = tokyo("2026-12-29 10:00")  # 28 days after 1 December 10:00


def test_after_four_weeks_the_reporter_is_asked_once(
    office: Office, clock: Clock, reporter: people.Person, together: Callable[..., list[Any]]
) -> None:
    concern = office.open(person_id=reporter.id)
    clock.now = tokyo("2026-12-29 09:59")
    assert clocks.follow_up(office) == 0
    four_weeks_later(clock)
    assert sum(together(5, lambda _: clocks.follow_up(office))) == 1
    assert clocks.follow_up(office) == 0
    assert office.count_rows(outbox.outbox) == 1
    with office.db.look() as work:
        asked = concerns.get(work, concern.id)
    assert asked is not None
    assert asked.follow_up_at == clock.now


@pytest.mark.parametrize("hour", ["2026-12-30 07:00", "2026-12-30 18:00", "2026-12-30 23:30"])
def test_nobody_is_asked_in_the_evening_or_at_night(
    office: Office, clock: Clock, reporter: people.Person, hour: str
) -> None:
    office.open(person_id=reporter.id)
    clock.now = tokyo(hour)
    assert clocks.follow_up(office) == 0


def test_who_is_not_asked(office: Office, clock: Clock, reporter: people.Person) -> None:
    office.open(source="telephone")
    office.open(person_id=reporter.id, source="partner", partner_id="p1")
    kept = office.open(person_id=reporter.id)
    merged = office.open(person_id=reporter.id)
    office.change(concerns.merge, merged, kept)
    mistaken = office.open(person_id=reporter.id)
    office.change(concerns.close, mistaken, "mistaken")
    four_weeks_later(clock)
    assert clocks.follow_up(office) == 1
    with office.db.look() as work:
        asked = [each.id for each in concerns.listed(work) if each.follow_up_at]
    assert asked == [kept.id]


def test_who_blocked_us_is_not_asked_and_who_comes_back_is(
    office: Office, clock: Clock, reporter: people.Person
) -> None:
    office.open(person_id=reporter.id)
    with office.db.work() as work:
        people.set_friend(work, reporter.id, False, 1)
    four_weeks_later(clock)
    assert clocks.follow_up(office) == 0
    with office.db.work() as work:
        people.set_friend(work, reporter.id, True, 2)
    assert clocks.follow_up(office) == 1


def test_after_words_of_danger_the_question_waits(
    office: Office, clock: Clock, reporter: people.Person
) -> None:
    office.open(person_id=reporter.id)
    with office.db.work() as work:
        people.hold_broadcasts(work, reporter.id, tokyo("2027-01-02 00:00"))
    four_weeks_later(clock)
    assert clocks.follow_up(office) == 0
    clock.now = tokyo("2027-01-02 10:00")
    assert clocks.follow_up(office) == 1


def test_after_a_long_outage_nobody_is_asked_about_long_ago(
    office: Office, clock: Clock, reporter: people.Person
) -> None:
    office.open(person_id=reporter.id)
    clock.now = tokyo("2027-01-12 10:01")
    assert clocks.follow_up(office) == 0


# ---- all of it, each minute ------------------------------------------------------------------------------


def test_one_part_that_fails_does_not_keep_the_others(
    office: Office, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.open(level=0)
    clock.move(minutes=16)

    def broken(_services: Any) -> int:
        raise OSError("no")

    monkeypatch.setattr(clocks, "rehome", broken)
    clocks.minute(office)
    assert len(office.told()) == 1
    assert office.bell.is_set()


def test_no_mail_and_no_message_holds_more_than_the_number(office: Office, clock: Clock) -> None:
    office.open(level=0)
    clock.move(minutes=16)
    clocks.tick(office)
    with office.db.look() as work:
        (row,) = work.conn.execute(select(mails)).all()
    values = row._asdict()
    assert set(values) & {"body", "text", "words", "details"} == set()
    assert values["template"] == "overdue_accept"
