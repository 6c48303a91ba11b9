"""Series as rows: sealed words, permitted steps, how far each one is, and when it is forgotten."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from surroundings import Clock

from storage import broadcast_series, broadcasts
from storage.broadcast_series import PERMITTED, Series, Standing, Status
from storage.broadcasts import Broadcast
from storage.segments import EVERYONE
from storage.transitions import NotPermitted
from storage.work import Database, Work

MESSAGES = [{"text": "地域食堂のお知らせです"}]


def create(work: Work, channel: str = "default", **more: Any) -> Series:
    return broadcast_series.create(work, channel, "食堂", MESSAGES, EVERYONE, "{}", created_by="test", **more)


def add(work: Work, series: Series, hours: int) -> Broadcast:
    due_at = work.now + dt.timedelta(hours=hours)
    return broadcasts.schedule(
        work, series.channel, MESSAGES, EVERYONE, due_at, created_by="test", series_id=series.id
    )


def test_a_series_is_kept_as_it_was_made_and_its_words_are_sealed(db: Database) -> None:
    with db.work() as work:
        made = create(work, late_limit=dt.timedelta(minutes=5), urgent_reason="朝の見守り")
        assert broadcast_series.get(work, made.id) == made
        row = work.conn.execute(select(broadcast_series.broadcast_series)).one()
    assert (made.messages, made.urgent_reason, made.status) == (tuple(MESSAGES), "朝の見守り", "active")
    assert made.late_limit == dt.timedelta(minutes=5)
    assert "食堂".encode() not in bytes(row.messages)
    assert "朝".encode() not in bytes(row.urgent_reason)


def test_a_series_without_a_message_is_refused(db: Database) -> None:
    with db.work() as work, pytest.raises(ValueError, match="message"):
        broadcast_series.create(work, "default", "", [], EVERYONE, "{}", created_by="test")


def test_it_is_known_how_far_each_active_series_is(db: Database, clock: Clock) -> None:
    with db.work() as work:
        fresh, going, paused = create(work), create(work), create(work)
        broadcast_series.turn(work, paused, "paused")
        for hours in (-48, -24):
            broadcasts.cancel(work, add(work, going, hours).id)
        waiting = add(work, going, 24)
        assert set(broadcast_series.standing(work)) == {
            Standing(fresh.id, "{}", None, None, None),
            Standing(going.id, "{}", waiting.id, waiting.due_at, clock.now - dt.timedelta(days=1)),
        }
        assert broadcast_series.standing(work, fresh.id) == (Standing(fresh.id, "{}", None, None, None),)
        assert broadcast_series.waiting(work, going.id) == waiting.id
        assert broadcast_series.waiting(work, fresh.id) is None


@pytest.mark.parametrize("now", list(PERMITTED))
@pytest.mark.parametrize("then", list(PERMITTED))
def test_only_permitted_steps_are_taken_and_an_end_has_its_moment(
    db: Database, now: Status, then: Status
) -> None:
    with db.work() as work:
        made = create(work, awaits=now == "awaiting")
        if now != made.status:
            broadcast_series.turn(work, made, now)
        found = broadcast_series.lock(work, made.id)
        assert found is not None
        if then not in PERMITTED[now]:
            with pytest.raises(NotPermitted):
                broadcast_series.turn(work, found, then)
            return
        broadcast_series.turn(work, found, then)
        after = broadcast_series.get(work, made.id)
    assert after is not None
    assert (after.status, after.ended_at is not None) == (then, then in ("ended", "cancelled"))


def test_one_series_has_one_turn_at_one_moment(db: Database) -> None:
    with db.work() as work:
        made = create(work)
        add(work, made, 24)
    with pytest.raises(IntegrityError), db.work() as work:
        add(work, made, 24)


def test_a_list_is_by_account_by_state_and_the_turns_by_series(db: Database) -> None:
    with db.work() as work:
        one, other = create(work), create(work, "iwami")
        broadcast_series.turn(work, other, "paused")
        turn = add(work, one, 24)
        add(work, other, 24)
        assert {each.id for each in broadcast_series.listed(work)} == {one.id, other.id}
        assert [each.id for each in broadcast_series.listed(work, "default")] == [one.id]
        assert [each.id for each in broadcast_series.listed(work, status="paused")] == [other.id]
        assert [each.id for each in broadcasts.listed(work, series_id=one.id)] == [turn.id]


def test_only_a_turn_that_waits_is_taken_back(db: Database) -> None:
    with db.work() as work:
        made = create(work)
        waits, begun = add(work, made, 24), add(work, made, 0)
        assert broadcasts.start(work, begun.id)
        broadcasts.withdraw(work, waits.id)
        assert broadcasts.get(work, waits.id) is None
        with pytest.raises(NotPermitted):
            broadcasts.withdraw(work, begun.id)


def test_a_series_of_long_ago_is_forgotten_and_its_turns_keep_their_own_term(
    db: Database, clock: Clock
) -> None:
    with db.work() as work:
        ended, active = create(work), create(work)
        turn = add(work, ended, 0)
        broadcast_series.turn(work, ended, "ended")
    clock.move(days=366)
    with db.work() as work:
        assert broadcast_series.forget_old(work, dt.timedelta(days=365)) == 1
        assert [each.id for each in broadcast_series.listed(work)] == [active.id]
        left = broadcasts.get(work, turn.id)
    assert left is not None
    assert left.series_id is None
