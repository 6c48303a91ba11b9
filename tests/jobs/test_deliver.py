"""The rules of sending (R14-R23): nothing is lost, nothing arrives twice."""

from __future__ import annotations

import datetime as dt
import random
import threading
import time
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from loopback_line import LoopbackLine, Said, loopback_line, nobody_listens
from sqlalchemy import Row, delete, select
from surroundings import Clock
from waiting import wait_until

from bot.line.client import LineClient
from bot.settings import Channel
from jobs import deliver
from jobs.deliver import Deliverer, deliver_some
from jobs.sender import ENOUGH_REPLIES, Sender
from jobs.verdicts import BAD_CREDENTIALS, Later, Settled, backoff, next_month, quota_again
from storage import broadcasts, freezing, menus, outbox, people, quota, segments, switches
from storage.outbox import LEASE, REPLY_LEASE
from storage.work import Database

REPLY, PUSH, MULTICAST = (f"/v2/bot/message/{name}" for name in ("reply", "push", "multicast"))
QUOTA, USED = "/v2/bot/message/quota", "/v2/bot/message/quota/consumption"
HELLO = {"messages": [{"type": "text", "text": "こんにちは"}]}
CHANNELS = {"default": Channel("default", "s", "t"), "iwami": Channel("iwami", "s", "t2")}
USER = "U" + "a" * 32


@pytest.fixture
def line() -> Iterator[LoopbackLine]:
    with loopback_line() as found:
        yield found


@pytest.fixture
def client(line: LoopbackLine) -> Iterator[LineClient]:
    made = LineClient(CHANNELS, line.base, (0.3, 0.3))
    yield made
    made.close()


@pytest.fixture(autouse=True)
def always_the_same_jitter() -> None:
    random.seed(5)


def write(
    db: Database,
    *,
    to: str = USER,
    channel: str = "default",
    token: str | None = "tok",
    young_for: float = 50,
    friend: bool = True,
    body: dict[str, Any] | None = None,
    **more: Any,
) -> str:
    """A row in the outbox, as a handler would write it; the person's id."""
    with db.work() as work:
        person = people.lock(work, channel, to)
        if not friend:
            people.set_friend(work, person.id, False, 1)
        outbox.put(
            work,
            channel,
            more.pop("kind", "message"),
            body or HELLO,
            person_id=person.id,
            reply_token=token,
            reply_until=work.now + dt.timedelta(seconds=young_for) if token else None,
            **more,
        )
    return person.id


def rows(db: Database) -> list[Row[Any]]:
    with db.look() as work:
        return list(work.conn.execute(select(outbox.outbox).order_by(outbox.outbox.c.id)))


def the_row(db: Database) -> Row[Any]:
    (row,) = rows(db)
    return row


def go(db: Database, client: LineClient, clock: Clock, seconds: float = 0) -> Row[Any]:
    """Let some time pass, send what is due, and look at the one row."""
    clock.move(seconds=seconds)
    deliver_some(db, client)
    return the_row(db)


def endpoints(line: LoopbackLine) -> list[str]:
    return [asked.endpoint for asked in line.asked]


# ---- replies ---------------------------------------------------------------------------------------------


def test_a_young_token_is_used_for_a_reply(
    db: Database, client: LineClient, clock: Clock, line: LoopbackLine
) -> None:
    write(db)
    row = go(db, client, clock)
    assert (row.state, row.via, row.request_id) == ("accepted", "reply", "req-1")
    assert endpoints(line) == ["reply"]
    assert line.asked[0].json == {"replyToken": "tok", **HELLO}


def test_a_settled_row_keeps_neither_words_nor_token(db: Database, client: LineClient, clock: Clock) -> None:
    write(db)
    row = go(db, client, clock)
    assert (row.body, row.reply_token, row.leased_until) == (None, None, None)


@pytest.mark.parametrize("line_took_it", [True, False])
def test_a_sender_killed_during_a_reply_is_followed_by_the_same_reply_while_its_token_lives(
    db: Database, client: LineClient, clock: Clock, line: LoopbackLine, line_took_it: bool
) -> None:
    """LINE answers 400 to a token that was used, so that what was meant to arrive arrives once."""
    write(db)
    with db.work() as work:
        assert len(outbox.claim(work, 1)) == 1  # and then the process is killed
    if line_took_it:
        line.on(REPLY, Said(400, {"message": "Invalid reply token"}))
    row = go(db, client, clock, seconds=REPLY_LEASE.total_seconds() + 1)
    assert (row.state, row.via) == ("accepted", "reply")
    assert endpoints(line) == ["reply"]


def test_what_the_lease_would_not_outlast_is_not_begun(
    db: Database, client: LineClient, clock: Clock, line: LoopbackLine
) -> None:
    write(db)
    with db.work() as work:
        (row,) = outbox.claim(work, 1)
    clock.move(seconds=REPLY_LEASE.total_seconds() - 5)
    verdict = Sender(db, client, lambda channel, name: None).send(row)
    assert isinstance(verdict, Later)
    assert line.asked == []


def test_an_old_token_is_not_tried(
    db: Database, client: LineClient, clock: Clock, line: LoopbackLine
) -> None:
    write(db)
    row = go(db, client, clock, seconds=51)
    assert (row.state, row.via) == ("accepted", "push")
    assert endpoints(line) == ["push"]


def test_a_refused_token_is_followed_by_a_push_at_once(
    db: Database, client: LineClient, clock: Clock, line: LoopbackLine
) -> None:
    line.on(REPLY, Said(400, {"message": "Invalid reply token"}))
    write(db)
    first = go(db, client, clock)
    assert (first.state, first.reply_token, first.leased_until) == ("waiting", None, None)
    row = go(db, client, clock)
    assert (row.state, row.via) == ("accepted", "push")
    reply, push = line.asked
    assert "x-line-retry-key" not in reply.headers
    assert push.headers["x-line-retry-key"] == row.retry_key
    assert push.json == {"to": USER, **HELLO}


@pytest.mark.parametrize("trouble", [Said(500), Said(503), Said(None), Said(after=1), Said(302)])
def test_after_an_unknown_reply_a_refused_token_means_it_had_arrived(
    db: Database, client: LineClient, clock: Clock, line: LoopbackLine, trouble: Said
) -> None:
    line.on(REPLY, trouble, Said(400, {"message": "Invalid reply token"}))
    write(db)
    first = go(db, client, clock)
    assert (first.state, first.reply_doubtful) == ("waiting", True)
    assert 1 <= (first.next_try - clock.now).total_seconds() <= 5
    second = go(db, client, clock, seconds=5)
    assert (second.state, second.via) == ("accepted", "reply")
    assert endpoints(line) == ["reply", "reply"]


def test_an_unknown_reply_is_tried_with_the_same_token_while_that_is_young(
    db: Database, client: LineClient, clock: Clock, line: LoopbackLine
) -> None:
    line.on(REPLY, Said(500), Said(500), Said(200))
    write(db)
    go(db, client, clock)
    go(db, client, clock, seconds=5)
    row = go(db, client, clock, seconds=5)
    assert (row.state, row.via) == ("accepted", "reply")
    assert {asked.json["replyToken"] for asked in line.asked} == {"tok"}


def test_an_unknown_reply_whose_time_is_over_is_left_unknown(
    db: Database, client: LineClient, clock: Clock, line: LoopbackLine
) -> None:
    line.on(REPLY, Said(500))
    write(db)
    go(db, client, clock)
    row = go(db, client, clock, seconds=51)
    assert row.state == "unknown"
    assert endpoints(line) == ["reply"]


def test_after_an_outage_that_outlasted_the_token_the_answer_is_pushed_once(
    db: Database, client: LineClient, clock: Clock, line: LoopbackLine
) -> None:
    """So many replies without a real answer, and nothing else that LINE took: it was down."""
    line.on(REPLY, *[Said(503)] * ENOUGH_REPLIES)
    write(db)
    for _ in range(ENOUGH_REPLIES):
        go(db, client, clock, seconds=10)
    row = go(db, client, clock, seconds=20)
    assert (row.state, row.via) == ("accepted", "push")
    assert endpoints(line) == ["reply"] * ENOUGH_REPLIES + ["push"]


def test_where_line_took_others_messages_meanwhile_a_doubtful_reply_is_not_sent_twice(
    db: Database, client: LineClient, clock: Clock, line: LoopbackLine
) -> None:
    line.on(REPLY, *[Said(503)] * ENOUGH_REPLIES)
    write(db)
    for _ in range(ENOUGH_REPLIES):
        clock.move(seconds=10)
        deliver_some(db, client)
    write(db, to="U" + "9" * 32, token=None)
    deliver_some(db, client)
    clock.move(seconds=20)
    deliver_some(db, client)
    assert [row.state for row in rows(db)] == ["unknown", "accepted"]


def test_an_unknown_reply_that_must_arrive_is_pushed_in_the_end(
    db: Database, client: LineClient, clock: Clock, line: LoopbackLine
) -> None:
    line.on(REPLY, Said(500))
    line.on(PUSH, Said(500), Said(200))
    write(db, must_arrive=True)
    go(db, client, clock)
    go(db, client, clock, seconds=51)
    row = go(db, client, clock, seconds=10)
    assert (row.state, row.via) == ("accepted", "push")
    assert endpoints(line) == ["reply", "push", "push"]
    assert len({asked.headers["x-line-retry-key"] for asked in line.asked[1:]}) == 1


def test_a_reply_under_which_we_died_counts_as_doubtful(
    db: Database, client: LineClient, clock: Clock, line: LoopbackLine
) -> None:
    line.on(REPLY, Said(400, {"message": "Invalid reply token"}))
    write(db, young_for=200)
    with db.work() as work:
        assert len(outbox.claim(work, 1)) == 1  # and then the process is killed, after LINE took it
    clock.move(seconds=LEASE.total_seconds() + 1)
    row = go(db, client, clock)
    assert (row.state, row.via) == ("accepted", "reply")
    assert endpoints(line) == ["reply"]


def test_a_reply_that_never_left_is_pushed(db: Database, clock: Clock, line: LoopbackLine) -> None:
    write(db)
    nowhere = LineClient(CHANNELS, nobody_listens(), (0.2, 0.2))
    first = go(db, nowhere, clock)
    assert (first.state, first.reply_token, first.reply_doubtful) == ("waiting", None, False)
    row = go(db, LineClient(CHANNELS, line.base, (0.3, 0.3)), clock, seconds=2)
    assert (row.state, row.via) == ("accepted", "push")
    assert endpoints(line) == ["push"]


# ---- pushes ----------------------------------------------------------------------------------------------


def test_a_409_is_accepted_and_names_the_first_request(
    db: Database, client: LineClient, clock: Clock, line: LoopbackLine
) -> None:
    line.on(PUSH, Said(None), Said(409, headers={"x-line-accepted-request-id": "the-first"}))
    write(db, token=None)
    go(db, client, clock)
    row = go(db, client, clock, seconds=2)
    assert (row.state, row.via, row.request_id) == ("accepted", "push", "the-first")
    assert line.asked[0].headers["x-line-retry-key"] == line.asked[1].headers["x-line-retry-key"]
    assert line.asked[0].raw == line.asked[1].raw


@pytest.mark.parametrize("trouble", [Said(500), Said(503), Said(None), Said(after=1), Said(302)])
def test_trouble_on_the_way_postpones_with_the_same_key(
    db: Database, client: LineClient, clock: Clock, line: LoopbackLine, trouble: Said
) -> None:
    line.on(PUSH, trouble)
    write(db, token=None)
    for wanted in (1, 2, 4, 8):
        row = go(db, client, clock)
        waits = (row.next_try - clock.now).total_seconds()
        assert row.state == "waiting"
        assert wanted * 0.75 <= waits <= wanted
        clock.move(seconds=waits)
    assert len({asked.headers["x-line-retry-key"] for asked in line.asked}) == 1


def test_tries_become_rare_but_never_so_rare_that_anybody_waits_long() -> None:
    assert all(18 <= backoff(tries) <= 25 for tries in range(10, 2_000, 100))


@pytest.mark.parametrize("status", [400, 404, 410, 413, 415])
def test_what_line_refuses_is_not_repeated(
    db: Database, client: LineClient, clock: Clock, line: LoopbackLine, status: int
) -> None:
    line.on(PUSH, Said(status))
    write(db, token=None)
    assert go(db, client, clock).state == "refused"
    go(db, client, clock, seconds=600)
    assert endpoints(line) == ["push"]


@pytest.mark.parametrize("status", [401, 403])
def test_bad_credentials_rest_the_channel_and_keep_the_row(
    db: Database, client: LineClient, clock: Clock, line: LoopbackLine, status: int
) -> None:
    line.on(PUSH, Said(status), Said(200))
    write(db, token=None)
    assert go(db, client, clock).state == "waiting"
    with db.look() as work:
        assert set(switches.paused_channels(work)) == {"default"}
    assert go(db, client, clock, seconds=59).state == "waiting"
    assert len(line.asked) == 1
    assert go(db, client, clock, seconds=2).state == "accepted"


def test_a_rested_channel_does_not_hold_up_another(
    db: Database, client: LineClient, clock: Clock, line: LoopbackLine
) -> None:
    with db.work() as work:
        switches.pause_channel(work, "default", clock.now + dt.timedelta(hours=1), "test")
    write(db, token=None)
    write(db, token=None, channel="iwami")
    deliver_some(db, client)
    assert [row.state for row in rows(db)] == ["waiting", "accepted"]
    assert line.asked[0].headers["authorization"] == "Bearer t2"


def test_a_used_up_quota_rests_the_channel_until_the_morning_of_the_first_of_next_month_in_japan(
    db: Database, client: LineClient, clock: Clock, line: LoopbackLine
) -> None:
    line.on(PUSH, Said(429, {"message": "You have reached your monthly limit."}))
    line.on(QUOTA, Said(200, {"type": "limited", "value": 200}))
    line.on(USED, Said(200, {"totalUsage": 200}))
    write(db, token=None)
    assert go(db, client, clock).state == "waiting"
    for _ in range(5):
        go(db, client, clock, seconds=3_600)
    assert endpoints(line) == ["push", "quota", "consumption"]
    clock.now = dt.datetime(2026, 12, 31, 22, 59, tzinfo=dt.UTC)
    with db.look() as work:
        assert set(switches.paused_channels(work)) == {"default"}
    clock.move(minutes=1)
    with db.look() as work:
        assert switches.paused_channels(work) == {}


def test_people_are_still_answered_while_the_quota_is_used_up(
    db: Database, client: LineClient, clock: Clock, line: LoopbackLine
) -> None:
    """A reply costs nothing; one person's push that waits for the next month does not hold it up."""
    line.on(PUSH, Said(429, {"message": "You have reached your monthly limit."}))
    line.on(QUOTA, Said(200, {"type": "limited", "value": 200}))
    line.on(USED, Said(200, {"totalUsage": 200}))
    write(db, token=None)
    go(db, client, clock)
    clock.move(seconds=60)
    write(db)
    write(db, token="another", young_for=-1)
    deliver_some(db, client)
    deliver_some(db, client)
    assert [(row.state, row.via) for row in rows(db)] == [
        ("waiting", None),
        ("accepted", "reply"),
        ("waiting", None),
    ]
    assert endpoints(line) == ["push", "quota", "consumption", "reply"]


def test_bad_credentials_rest_a_channel_wholly(
    db: Database, client: LineClient, clock: Clock, line: LoopbackLine
) -> None:
    with db.work() as work:
        switches.pause_channel(work, "default", work.now + dt.timedelta(minutes=1), BAD_CREDENTIALS)
    write(db)
    deliver_some(db, client)
    assert endpoints(line) == []


def test_a_raised_quota_lets_the_row_go_at_once(
    db: Database, client: LineClient, clock: Clock, line: LoopbackLine
) -> None:
    line.on(PUSH, Said(429), Said(200))
    line.on(QUOTA, Said(200, {"type": "limited", "value": 200}))
    line.on(USED, Said(200, {"totalUsage": 205}))
    write(db, token=None)
    go(db, client, clock)
    with db.work() as work:
        switches.resume_channel(work, "default")
    assert go(db, client, clock, seconds=2).state == "accepted"


@pytest.mark.parametrize(
    "quota",
    [
        (Said(200, {"type": "limited", "value": 200}), Said(200, {"totalUsage": 3})),
        (Said(200, {"type": "none"}), Said(200, {"totalUsage": 3_000_000})),
        (Said(500), Said(500)),
    ],
    ids=["much left", "no limit", "unknown"],
)
def test_too_fast_only_waits_a_little(
    db: Database, client: LineClient, clock: Clock, line: LoopbackLine, quota: tuple[Said, Said]
) -> None:
    line.on(PUSH, Said(429, {"message": "The API rate limit has been exceeded."}), Said(200))
    line.on(QUOTA, quota[0])
    line.on(USED, quota[1])
    write(db, token=None)
    row = go(db, client, clock)
    assert 1 <= (row.next_try - clock.now).total_seconds() <= 3
    with db.look() as work:
        assert switches.paused_channels(work) == {}
    assert go(db, client, clock, seconds=3).state == "accepted"


def test_the_new_year_follows_december() -> None:
    assert (
        next_month(dt.datetime(2026, 12, 31, 15, 30, tzinfo=dt.UTC)).isoformat()
        == "2027-02-01T00:00:00+09:00"
    )
    assert (
        next_month(dt.datetime(2026, 12, 31, 14, 30, tzinfo=dt.UTC)).isoformat()
        == "2027-01-01T00:00:00+09:00"
    )


# ---- what is not sent ------------------------------------------------------------------------------------


def test_whoever_blocked_us_is_not_written_to(
    db: Database, client: LineClient, clock: Clock, line: LoopbackLine
) -> None:
    write(db, token=None, friend=False)
    assert go(db, client, clock).state == "blocked"
    assert line.asked == []


def test_whoever_just_wrote_is_answered_even_if_we_think_they_blocked_us(
    db: Database, client: LineClient, clock: Clock, line: LoopbackLine
) -> None:
    write(db, friend=False)
    assert go(db, client, clock).state == "accepted"
    assert endpoints(line) == ["reply"]


def test_a_refused_reply_to_a_blocker_is_not_pushed(
    db: Database, client: LineClient, clock: Clock, line: LoopbackLine
) -> None:
    line.on(REPLY, Said(400))
    write(db, friend=False)
    assert go(db, client, clock).state == "blocked"
    assert endpoints(line) == ["reply"]


def test_what_is_too_old_is_dropped(
    db: Database, client: LineClient, clock: Clock, line: LoopbackLine
) -> None:
    write(db, expires=clock.now + dt.timedelta(hours=1))
    row = go(db, client, clock, seconds=3_600)
    assert (row.state, row.error) == ("dropped", "too old")
    assert line.asked == []


def test_what_was_first_tried_long_ago_is_left_to_people(
    db: Database, client: LineClient, clock: Clock, line: LoopbackLine
) -> None:
    line.on(PUSH, Said(500))
    write(db, token=None, expires=clock.now + dt.timedelta(days=30))
    go(db, client, clock)
    row = go(db, client, clock, seconds=23 * 3_600)
    assert row.state == "stale"
    assert len(line.asked) == 1


def test_just_before_that_it_is_still_repeated(
    db: Database, client: LineClient, clock: Clock, line: LoopbackLine
) -> None:
    line.on(PUSH, Said(500), Said(200))
    write(db, token=None, expires=clock.now + dt.timedelta(days=30))
    go(db, client, clock)
    assert go(db, client, clock, seconds=23 * 3_600 - 1).state == "accepted"


def test_nothing_leaves_while_sending_is_paused(
    db: Database, client: LineClient, clock: Clock, line: LoopbackLine
) -> None:
    write(db)
    with db.work() as work:
        switches.pause_sending(work, "restored")
    assert go(db, client, clock).state == "waiting"
    assert the_row(db).tries == 0
    with db.work() as work:
        switches.resume_sending(work)
    assert go(db, client, clock).state == "accepted"
    assert len(line.asked) == 1


def test_an_erased_person_gets_nothing_and_leaves_no_trouble(
    db: Database, client: LineClient, clock: Clock, line: LoopbackLine
) -> None:
    person_id = write(db, token=None)
    with db.work() as work:
        work.conn.execute(delete(people.people).where(people.people.c.id == person_id))
    assert deliver_some(db, client) == 0
    assert line.asked == []


def test_a_person_erased_during_the_call_leaves_no_trouble(
    db: Database, client: LineClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    person_id = write(db, token=None)
    push = client.push

    def erased_meanwhile(*args: Any) -> Any:
        with db.work() as work:
            work.conn.execute(delete(people.people).where(people.people.c.id == person_id))
        return push(*args)

    monkeypatch.setattr(client, "push", erased_meanwhile)
    assert deliver_some(db, client) == 1
    assert rows(db) == []


def test_no_transaction_is_open_during_a_call(
    db: Database, client: LineClient, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(db, token=None)
    push = client.push
    wrote = []

    def somebody_writes(*args: Any) -> Any:
        with db.work() as work:
            switches.pause_channel(work, "iwami", clock.now, "test")
        wrote.append(True)
        return push(*args)

    monkeypatch.setattr(client, "push", somebody_writes)
    assert go(db, client, clock).state == "accepted"
    assert wrote == [True]


def test_our_own_mistake_leaves_the_row_for_later(
    db: Database, client: LineClient, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(db, token=None)
    with monkeypatch.context() as broken:
        broken.setattr(client, "push", lambda *_: 1 / 0)
        assert go(db, client, clock).state == "waiting"
    assert go(db, client, clock, seconds=10).state == "accepted"


# ---- menus -----------------------------------------------------------------------------------------------


def test_a_menu_is_linked_by_the_name_it_was_installed_under(
    db: Database, client: LineClient, clock: Clock, line: LoopbackLine
) -> None:
    with db.work() as work:
        menus.put(work, "default", "supporter", "richmenu-old", "h1")
        menus.put(work, "default", "supporter", "richmenu-5", "h2")
        menus.put(work, "iwami", "supporter", "richmenu-6", "h2")
    write(db, token=None, kind="link_menu", body={"menu": "supporter"})
    row = go(db, client, clock)
    assert (row.state, row.via) == ("accepted", "menu")
    assert [asked.path for asked in line.asked] == [f"/v2/bot/user/{USER}/richmenu/richmenu-5"]
    with db.look() as work:
        assert [(m.channel, m.menu_id) for m in menus.listed(work)] == [
            ("default", "richmenu-5"),
            ("iwami", "richmenu-6"),
        ]


def test_a_menu_that_nobody_installed_is_dropped(
    db: Database, client: LineClient, clock: Clock, line: LoopbackLine
) -> None:
    write(db, token=None, kind="link_menu", body={"menu": "supporter"})
    assert go(db, client, clock).state == "dropped"
    assert line.asked == []


def test_a_removed_menu_is_forgotten(db: Database) -> None:
    with db.work() as work:
        menus.put(work, "default", "resident", "r1", "h")
        menus.remove(work, "default", "resident")
        assert menus.get(work, "default", "resident") is None


# ---- broadcasts ------------------------------------------------------------------------------------------


def start_broadcast(db: Database, clock: Clock, count: int, chunk_size: int) -> str:
    with db.work() as work:
        for number in range(count):
            people.lock(work, "default", f"U{number:032x}")
        segment = segments.Fits("role", ("resident",))
        made = broadcasts.schedule(
            work, "default", [{"type": "text", "text": "x"}], segment, clock.now, created_by="test"
        )
        assert broadcasts.start(work, made.id)
        freezing.freeze(work, made.id, lambda _: HELLO["messages"], chunk_size=chunk_size)
    return made.id


def test_a_broadcast_ends_when_its_last_chunk_is_settled(
    db: Database, client: LineClient, clock: Clock, line: LoopbackLine
) -> None:
    line.on(MULTICAST, Said(500), Said(400), Said(409), Said(200))
    broadcast_id = start_broadcast(db, clock, 5, 2)
    deliver_some(db, client)
    with db.look() as work:
        tally = broadcasts.tally(work, broadcast_id)
        found = broadcasts.get(work, broadcast_id)
    assert found is not None
    assert found.status == "sending"
    assert (tally.accepted, tally.failed, tally.remaining) == (1, 2, 2)
    clock.move(seconds=2)
    deliver_some(db, client)
    with db.look() as work:
        tally = broadcasts.tally(work, broadcast_id)
        found = broadcasts.get(work, broadcast_id)
    assert found is not None
    assert found.status == "sent"
    assert (tally.accepted, tally.failed, tally.remaining) == (3, 2, 0)
    first, again = (line.asked[i] for i in (0, 3))
    assert first.headers["x-line-retry-key"] == again.headers["x-line-retry-key"]
    assert first.raw == again.raw


def test_what_comes_together_is_written_together_each_with_its_own_end(db: Database, clock: Clock) -> None:
    first, second = start_broadcast(db, clock, 3, 1), start_broadcast(db, clock, 3, 2)
    with db.work() as work:
        claimed = deliver.claim(work, 10)
        ends = [
            Settled("accepted", "multicast", "r1"),
            Later(5, "status 500", "keep"),
            Settled("refused", "multicast", "r3", "e" * 400),
            Settled("accepted", "multicast", "r4"),
            Settled("unknown"),
        ]
        deliver.note(work, reversed(list(zip(claimed, ends, strict=True))))
        assert [
            (row.state, row.request_id, row.error and row.error[:10], row.body is None)
            for row in work.conn.execute(select(outbox.outbox).order_by(outbox.outbox.c.id))
        ] == [
            ("accepted", "r1", None, True),
            ("waiting", None, "status 500", False),
            ("refused", "r3", "e" * 10, True),
            ("accepted", "r4", None, True),
            ("unknown", None, None, True),
        ]
        assert broadcasts.tally(work, first) == broadcasts.Tally(3, 1, 0, 1, 0, 1)
        assert broadcasts.tally(work, second) == broadcasts.Tally(3, 2, 0, 0, 1, 0)
        assert broadcasts.status_of(work, first) == "sending"
        assert broadcasts.status_of(work, second) == "sent"


def test_a_multicast_that_the_quota_cannot_hold_rests_broadcasts_and_lets_others_go(
    db: Database, client: LineClient, clock: Clock, line: LoopbackLine
) -> None:
    line.on(MULTICAST, Said(429))
    line.on(QUOTA, Said(200, {"type": "limited", "value": 200}))
    line.on(USED, Said(200, {"totalUsage": 198}))
    start_broadcast(db, clock, 3, 3)
    assert (
        go(db, client, clock).tries == 0
    )  # LINE refused it unread: it may go out next month as if never tried
    with db.look() as work:
        assert quota.resting(work) == {"default": (quota.SHORT, quota_again(clock.now))}
    write(db, token=None)
    clock.move(hours=1)
    deliver_some(db, client)
    assert [row.state for row in rows(db)] == ["waiting", "accepted"]
    assert endpoints(line) == ["multicast", "quota", "consumption", "push"]


# ---- the background --------------------------------------------------------------------------------------


@pytest.fixture
def deliverer(db: Database, client: LineClient) -> Iterator[Deliverer]:
    made = Deliverer(db, client, threading.Event(), every=0.2)
    made.start()
    yield made
    made.stop()
    assert not made.alive


def waiting(db: Database) -> int:
    return sum(row.state == "waiting" for row in rows(db))


def test_the_bell_makes_it_leave_at_once(db: Database, client: LineClient, line: LoopbackLine) -> None:
    sleeper = Deliverer(db, client, threading.Event(), every=60)
    sleeper.start()
    try:
        time.sleep(0.2)
        write(db)
        sleeper.bell.set()
        wait_until(lambda: len(line.asked) == 1, 5)
        wait_until(lambda: waiting(db) == 0, 5)
    finally:
        sleeper.stop()


def test_a_persons_messages_stay_in_order_while_people_go_in_parallel(
    db: Database, deliverer: Deliverer, line: LoopbackLine
) -> None:
    line.on(PUSH, *[Said(after=0.01)] * 2)
    for number in range(6):
        for user in range(4):
            body = {"messages": [{"type": "text", "text": str(number)}]}
            write(db, to=f"U{user:032x}", token=None, body=body)
    deliverer.bell.set()
    wait_until(lambda: waiting(db) == 0)
    for user in range(4):
        mine = [asked.json for asked in line.asked if asked.json["to"] == f"U{user:032x}"]
        assert [body["messages"][0]["text"] for body in mine] == ["0", "1", "2", "3", "4", "5"]


def test_one_slow_person_does_not_hold_up_the_others(db: Database, line: LoopbackLine) -> None:
    patient = LineClient(CHANNELS, line.base, (0.5, 5))
    line.on(REPLY, Said(after=1.5))
    busy = Deliverer(db, patient, threading.Event(), every=0.1)
    write(db, to=f"U{99:032x}")
    for user in range(20):
        write(db, to=f"U{user:032x}", token=None)
    busy.start()
    try:
        wait_until(lambda: len(line.calls("push")) == 20, 1.4)
        wait_until(lambda: waiting(db) == 0, 5)
    finally:
        busy.stop()


def test_stopping_waits_for_what_is_under_way_and_writes_it_down(db: Database, line: LoopbackLine) -> None:
    line.on(PUSH, Said(after=0.4))
    busy = Deliverer(db, LineClient(CHANNELS, line.base, (1, 5)), threading.Event(), every=0.05)
    write(db, token=None)
    busy.start()
    wait_until(lambda: len(line.asked) == 1)
    busy.stop()
    assert the_row(db).state == "accepted"


def test_two_deliverers_on_one_database_send_everything_once(
    db: Database, client: LineClient, line: LoopbackLine
) -> None:
    for user in range(40):
        write(db, to=f"U{user:032x}", token=None)
    pair = [Deliverer(db, client, threading.Event(), every=0.02) for _ in range(2)]
    for each in pair:
        each.start()
    try:
        wait_until(lambda: waiting(db) == 0)
    finally:
        for each in pair:
            each.stop()
    assert len(line.asked) == 40
    assert len({asked.headers["x-line-retry-key"] for asked in line.asked}) == 40


def test_trouble_with_the_database_ends_only_a_round(
    db: Database, client: LineClient, line: LoopbackLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sqlalchemy.exc import OperationalError

    settled, failures = deliver.note, iter([True, True, True])

    def sometimes(*args: Any) -> None:
        if args[1] and next(failures, False):
            raise OperationalError("x", {}, Exception("the database is away"))
        settled(*args)

    monkeypatch.setattr(deliver, "note", sometimes)
    busy = Deliverer(db, client, threading.Event(), every=0.05)
    write(db, token=None)
    busy.start()
    try:
        wait_until(lambda: waiting(db) == 0)
    finally:
        busy.stop()
    assert len(line.asked) == 1


def test_one_result_that_cannot_be_written_does_not_keep_the_others(
    db: Database, client: LineClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle = deliver._settle

    def not_the_first(work: Any, ended: Any) -> None:
        if any(row.to == USER for row, _ in ended):
            raise ValueError("cannot be written")
        settle(work, ended)

    monkeypatch.setattr(deliver, "_settle", not_the_first)
    write(db, token=None)
    for user in range(5):
        write(db, to=f"U{user:032x}", token=None)
    busy = Deliverer(db, client, threading.Event(), every=0.05)
    busy.start()
    try:
        wait_until(lambda: waiting(db) == 1)
    finally:
        busy.stop()


def test_a_sender_that_is_killed_again_and_again_loses_and_doubles_nothing(
    db: Database, client: LineClient, clock: Clock, line: LoopbackLine
) -> None:
    """LINE remembers keys; the sender dies before the call, after it, or sees a fault, by chance."""
    chance = random.Random(7)
    taken: dict[str, int] = {}
    for user in range(60):
        write(db, to=f"U{user:032x}", token=None)
    push = client.push

    def fate(channel: str, to: str, messages: Any, key: str) -> Any:
        if chance.random() < 0.2:
            raise KeyboardInterrupt  # dies before the call
        faults = [Said(200)] * 6 + [Said(500), Said(None), Said(429)]
        said = Said(409) if key in taken else chance.choice(faults)
        if said.status == 200 or (said.status is None and chance.random() < 0.5):
            taken[key] = taken.get(key, 0) + 1
        line.on(PUSH, said)
        answer = push(channel, to, messages, key)
        if chance.random() < 0.2:
            raise KeyboardInterrupt  # dies after it
        return answer

    client.push = fate  # type: ignore[method-assign]
    for _ in range(400):
        try:
            deliver_some(db, client, limit=7)
        except KeyboardInterrupt:
            clock.move(seconds=LEASE.total_seconds() + 1)
        clock.move(seconds=5)
        if waiting(db) == 0:
            break
    assert {row.state for row in rows(db)} == {"accepted"}
    assert len(taken) == 60
    assert set(taken.values()) == {1}
    assert all(uuid.UUID(key) for key in taken)
