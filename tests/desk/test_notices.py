"""Whom a notice reaches, how often, and what the inbox shows of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from post_office import DESK, LEADER, WINDOW, Office, content_with, office_at
from sqlalchemy import select
from surroundings import Clock

from bot.desk import notices
from storage import mails, outbox, people, recusals
from storage import notices as rows
from storage.work import Database

Together = Callable[[int, Callable[[int], Any]], list[Any]]


@pytest.fixture
def office(db: Database) -> Iterator[Office]:
    with office_at(db) as found:
        yield found


def _addressed(office: Office) -> list[str]:
    """To whom mails wait."""
    with office.db.look() as work:
        found = work.conn.execute(select(mails.mails).where(mails.mails.c.state == "queued"))
        return sorted(work.unseal(row.address, "default", "mails", "address", row.id) for row in found)


def _unseen(office: Office, staff_id: str | None = None) -> list[tuple[str, str]]:
    with office.db.look() as work:
        return [(each.number, each.what) for each in notices.unseen(work, (WINDOW,), staff_id)]


def test_the_shared_mailbox_and_each_member_of_the_desk_are_told(office: Office) -> None:
    office.member("a", mail="a@tottori.example")
    office.member("b", mail=DESK.upper().replace("DESK", "desk"))  # the same mailbox, spelled otherwise
    office.member("c", mail="c@tottori.example", role="leader")
    office.tells(office.concern())
    assert _addressed(office) == ["a@tottori.example", "desk@TOTTORI.EXAMPLE"]


def test_each_step_has_its_own_people(office: Office) -> None:
    office.content = content_with(
        recipients=(DESK,), leader=(LEADER,), department=("d@t.example",), duty=("n@t.example",)
    )
    concern = office.concern()
    for step, expected in zip(rows.STEPS, (DESK, LEADER, "d@t.example", "n@t.example"), strict=True):
        office.tells(concern, "overdue_accept", step)
        assert expected in _addressed(office)
    assert len(_addressed(office)) == 4


def test_where_a_step_has_nobody_the_next_higher_one_is_told(office: Office) -> None:
    office.content = content_with(department=("d@t.example",))
    office.tells(office.concern())
    assert _addressed(office) == ["d@t.example"]


def test_above_whom_there_is_nobody_is_told_below(office: Office) -> None:
    office.content = content_with(recipients=(DESK,))
    office.tells(office.concern(), "overdue_close", "duty")
    assert _addressed(office) == [DESK]


def test_where_there_is_nobody_at_all_the_inbox_has_it_and_an_alarm_says_so(
    office: Office, capsys: pytest.CaptureFixture[str]
) -> None:
    office.content = content_with()
    concern = office.concern()
    office.tells(concern)
    assert _addressed(office) == []
    assert _unseen(office) == [(concern.number, "new")]
    assert "notice.nobody" in capsys.readouterr().err


def test_staff_without_a_mailbox_hear_on_line_at_once(office: Office) -> None:
    someone = office.member("a", on_line=True)
    office.tells(office.concern())
    assert office.told_by_line() == [someone.person_id]
    assert _addressed(office) == [DESK]


def test_who_stepped_back_from_a_concern_hears_nothing_of_it(office: Office) -> None:
    office.content = content_with(leader=(LEADER,))
    someone = office.member("a", mail="a@tottori.example", on_line=True)
    concern = office.concern()
    with office.db.work() as work:
        recusals.recuse(work, concern, someone.id)
    office.tells(concern)
    assert _addressed(office) == [LEADER]
    with office.db.work() as work:
        [notice] = rows.unseen(work, (WINDOW,))
        assert not notices.other_way(work, office.content, "https://t.example", notice.id)
    assert office.told_by_line() == []
    assert _unseen(office, someone.id) == []
    assert _unseen(office) == [(concern.number, "new")]


# ---- a repeat, and a flood -------------------------------------------------------------------------------


def test_the_same_notice_is_put_once_also_when_many_put_it_together(
    office: Office, together: Together
) -> None:
    concern = office.concern()
    together(6, lambda _: office.tells(concern))
    assert _addressed(office) == [DESK]


def test_what_the_reporter_adds_within_minutes_is_one_notice(office: Office, clock: Clock) -> None:
    concern = office.concern()
    for _ in range(5):
        office.tells(concern, "news")
        clock.move(minutes=1)
    clock.move(minutes=10)
    office.tells(concern, "news")
    assert len(_addressed(office)) == 2
    assert _unseen(office) == [(concern.number, "news")]


def test_each_hand_on_is_told(office: Office, clock: Clock) -> None:
    concern = office.concern()
    for _ in range(2):
        office.tells(concern, "handon")
        clock.move(seconds=1)
    assert len(_addressed(office)) == 2


def test_of_very_many_from_one_account_a_desk_hears_once_an_hour_and_sees_all(
    office: Office, clock: Clock, together: Together
) -> None:
    found = [office.concern(many=True) for _ in range(8)]
    together(8, lambda number: office.tells(found[number]))
    assert len(_addressed(office)) == 1
    assert len(_unseen(office)) == 8
    clock.move(minutes=59)
    office.tells(office.concern(many=True))
    assert len(_addressed(office)) == 1
    clock.move(minutes=1)
    office.tells(office.concern(many=True))
    assert len(_addressed(office)) == 2


def test_danger_is_told_at_once_however_many_there_are(office: Office) -> None:
    for level, what in ((3, "new"), (3, "danger"), (0, "new"), (3, "worse")):
        office.tells(office.concern(many=True, level=level), what)  # type: ignore[arg-type]
    assert len(_addressed(office)) == 4
    office.tells(office.concern(many=True))
    assert len(_addressed(office)) == 4
    office.tells(office.concern())  # another account's concern is told as always
    assert len(_addressed(office)) == 5


# ---- the inbox -------------------------------------------------------------------------------------------


def test_what_was_seen_is_shown_no_longer(office: Office, clock: Clock) -> None:
    first, second = office.concern(), office.concern()
    office.tells(first)
    clock.move(seconds=1)
    office.tells(second, "handon")
    assert _unseen(office) == [(second.number, "handon"), (first.number, "new")]
    with office.db.work() as work:
        assert notices.seen(work, (WINDOW,), concern_id=first.id) == 1
        assert notices.seen(work, ("another_desk",)) == 0
    assert _unseen(office) == [(second.number, "handon")]


def test_what_came_while_somebody_read_stays_unseen(office: Office, clock: Clock) -> None:
    office.tells(office.concern())
    page_made = clock()
    clock.move(seconds=5)
    late = office.concern()
    office.tells(late)
    with office.db.work() as work:
        notices.seen(work, (WINDOW,), until=page_made)
    assert _unseen(office) == [(late.number, "new")]


# ---- the other direction: what we say does not reach the reporter ------------------------------------------


def _said(office: Office, state: str | None) -> None:
    """A message to the reporter that has come to this end."""
    with office.db.work() as work:
        person = people.lock(work, "default", "U" + "a" * 32)
        outbox.put(work, "default", "message", {"messages": []}, person_id=person.id)
        newest = max(work.conn.execute(select(outbox.outbox.c.id)).scalars())
        if state is not None:
            outbox.settle(work, newest, state)  # type: ignore[arg-type]


def _not_reached(office: Office, concern: Any) -> Any:
    with office.db.look() as work:
        return notices.undelivered_to_reporter(work, concern)


@pytest.mark.parametrize("state", ["blocked", "refused", "stale", "unknown", "dropped"])
def test_a_message_that_failed_shows_at_the_desk_until_another_arrives(office: Office, state: str) -> None:
    concern = office.concern()
    _said(office, state)
    assert _not_reached(office, concern) == concern.created_at
    _said(office, "accepted")
    assert _not_reached(office, concern) is None


def test_a_message_that_waits_for_ten_minutes_shows_too(office: Office, clock: Clock) -> None:
    concern = office.concern()
    _said(office, None)
    assert _not_reached(office, concern) is None
    since = clock()
    clock.move(minutes=10)
    assert _not_reached(office, concern) == since


def test_a_concern_without_a_person_on_line_has_nobody_to_reach(office: Office) -> None:
    concern = office.concern(person_id=None, source="telephone")
    _said(office, "blocked")
    assert _not_reached(office, concern) is None
