"""Signed webhooks through the real application and its real handlers: any order, any number, few statements."""

from __future__ import annotations

import base64
import hashlib
import hmac
import itertools
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import event as sql_event
from sqlalchemy import func, select
from werkzeug.test import Client

from bot.app import Services
from bot.web import create_flask
from storage import outbox, people
from storage.work import Database

SECRET = "s" * 32  # of tests/web/conftest.py
START = "v1;whom_to_ask;;start;"
EVENTS = ("follow", "text", "postback", "unsend", "unfollow", "text again")
MOST_STATEMENTS = (
    7  # of one tap by someone known who comes alone: seen, person, talk, friend, left, begun, said
)
TOGETHER = 3  # for each of many who come together: left and begun, and a share of what is asked once for all

Event = dict[str, Any]
Send = Callable[..., int]


@pytest.fixture
def services(services_for: Callable[..., Services], db: Database) -> Services:
    return services_for(db)


@pytest.fixture
def send(services: Services) -> Send:
    """Posts events in one signed body; the status of the answer."""
    client: Client = create_flask(services).test_client()

    def post(*events: Event) -> int:
        raw = json.dumps({"destination": "U" + "d" * 32, "events": events}).encode()
        signature = base64.b64encode(hmac.new(SECRET.encode(), raw, hashlib.sha256).digest()).decode()
        return client.post("/callback", data=raw, headers={"X-Line-Signature": signature}).status_code

    return post


_numbers = itertools.count(1)


def event(db: Database, user: str, kind: str, seconds: int = 0) -> Event:
    """One of LINE's events, so many seconds after the first."""
    number = next(_numbers)
    what: dict[str, Event] = {
        "follow": {"type": "follow", "follow": {"isUnblocked": False}},
        "unfollow": {"type": "unfollow"},
        "text": {"type": "message", "message": {"type": "text", "id": f"m{user}", "text": "こんにちは"}},
        "text again": {"type": "message", "message": {"type": "text", "id": f"{number}", "text": "はい"}},
        "postback": {"type": "postback", "postback": {"data": START}},
        "unsend": {"type": "unsend", "unsend": {"messageId": f"m{user}"}},
    }
    return {
        **what[kind],
        "mode": "active",
        "timestamp": int(db.clock().timestamp() * 1000) - 60_000 + seconds * 1_000,
        "source": {"type": "user", "userId": user},
        "webhookEventId": f"event-{number}",
        "replyToken": f"token-{number}",
        "deliveryContext": {"isRedelivery": False},
    }


def user(number: int) -> str:
    return f"U{number:032x}"


def friend(db: Database, line_id: str) -> tuple[bool, int]:
    with db.work() as work:
        person = people.lock(work, "default", line_id)
    return person.friend, person.friend_changed_ms


@pytest.mark.parametrize("last", ["text again", "unfollow"])
def test_whatever_the_order_in_which_a_talk_arrives_the_person_stands_the_same(
    db: Database, send: Send, last: str
) -> None:
    """Every place at which one event can come too early or too late; the latest by LINE's time decides."""
    kinds = [kind for kind in EVENTS if kind != last] + [last]
    ends = set()
    for number, (one, to) in enumerate(itertools.product(range(6), repeat=2)):
        order = [place for place in range(6) if place != one]
        order.insert(to, one)
        events = [event(db, user(number), kind, seconds) for seconds, kind in enumerate(kinds)]
        assert [send(events[place]) for place in order] == [200] * 6
        ends.add(friend(db, user(number)))
    assert len(ends) == 1
    assert ends.pop()[0] is (last != "unfollow")


def test_who_wrote_after_blocking_is_a_friend_also_when_the_block_is_told_last(
    db: Database, send: Send
) -> None:
    for kind, seconds in (("follow", 0), ("text", 5), ("unfollow", 3)):
        assert send(event(db, user(1), kind, seconds)) == 200
    assert friend(db, user(1))[0] is True


def test_a_follow_told_after_the_first_words_is_greeted_all_the_same(db: Database, send: Send) -> None:
    send(event(db, user(1), "text", 5))
    send(event(db, user(1), "follow", 0))
    with db.look() as work:
        assert work.conn.execute(select(func.count()).select_from(outbox.outbox)).scalar() == 2


@pytest.fixture
def statements(db: Database) -> Iterator[list[str]]:
    """What the database is asked, from now on."""
    asked: list[str] = []

    def note(_conn: object, _cursor: object, statement: str, *_more: object) -> None:
        if not statement.startswith("BEGIN"):
            asked.append(statement)

    sql_event.listen(db.engine, "before_cursor_execute", note)
    yield asked
    sql_event.remove(db.engine, "before_cursor_execute", note)


def test_a_tap_costs_few_statements(db: Database, send: Send, statements: list[str]) -> None:
    send(event(db, user(1), "postback"))
    statements.clear()
    send(event(db, user(1), "postback", 1))
    waits = [] if db.one_writer else [asked for asked in statements if "lock_timeout" in asked]
    assert len(statements) - len(waits) <= MOST_STATEMENTS, statements


def test_the_courses_are_read_only_where_a_flow_looks_at_them(
    db: Database, send: Send, statements: list[str]
) -> None:
    send(event(db, user(1), "postback"))
    assert not [asked for asked in statements if "FROM courses" in asked]
    send(event(db, user(1), "text", 1))  # words that hold no code
    assert not [asked for asked in statements if "FROM courses" in asked]
    typed = event(db, user(1), "text", 3)
    send({**typed, "message": {**typed["message"], "text": "7KQ4M-2XW9H"}})
    assert [asked for asked in statements if "FROM courses" in asked]


def test_a_hundred_people_in_one_body_cost_less_than_half_of_a_hundred_who_come_alone(
    db: Database, send: Send, statements: list[str]
) -> None:
    """What that means in milliseconds is measured in benchmarks/webhook_time.py, never in a test."""
    assert send(*(event(db, user(number), "postback") for number in range(100))) == 200
    statements.clear()
    assert send(*(event(db, user(number), "postback", 1) for number in range(100))) == 200
    assert len(statements) <= 100 * TOGETHER
