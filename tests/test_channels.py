"""A running service learns of an added, changed or switched-off account by itself, and asks the database seldom."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from phone import Phone, sign
from sqlalchemy import event, update
from town import make_town, settings, the_content

from bot.app import Services
from bot.channels import LOOK_EVERY, UNKNOWN_EVERY, Accounts, Channels, Plans, with_added
from bot.settings import Channel, Login
from bot.web import create_flask
from storage import channels, outbox, switches
from storage.channels import Account
from storage.work import Database

IWAMI = Account("iwami", "s2", "t2", basic_id="@iwami")
FIXED = {"default": Channel("default", "s", "t")}


@dataclass
class Time:
    now: float = 100.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Process:
    """One of our processes: what it knows."""

    db: Database
    time: Time = field(default_factory=Time)

    def __post_init__(self) -> None:
        accounts = Accounts(FIXED, the_content(), self.db, self.time)
        self.channels, self.plans = Channels(accounts), Plans(accounts)


def change(db: Database, deed: Callable[..., Any], *given: Any) -> None:
    with db.work() as work:
        deed(work, *given)


@contextmanager
def counted(db: Database) -> Iterator[list[str]]:
    asked: list[str] = []

    def note(_conn: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        asked.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    yield asked
    event.remove(db.engine, "before_cursor_execute", note)


def test_an_added_channel_is_known_to_every_process_within_seconds(db: Database) -> None:
    one, other = Process(db), Process(db)
    assert set(one.channels) == {"default"}
    change(db, channels.add, IWAMI)
    for process in (one, other):
        process.time.now += LOOK_EVERY
        assert process.channels["iwami"] == Channel("iwami", "s2", "t2")
        assert set(process.channels) == {"default", "iwami"}
        assert len(process.channels) == 2
        plan = process.plans["iwami"]
        assert (plan.towns, plan.central, plan.basic_id) == (("iwami",), "iwami", "@iwami")


def test_whoever_is_asked_for_an_unknown_channel_looks_at_once_but_not_for_each_who_asks(
    db: Database,
) -> None:
    process = Process(db)
    process.time.now += UNKNOWN_EVERY
    assert process.channels.get("iwami") is None
    change(db, channels.add, IWAMI)
    with counted(db) as asked:
        for _ in range(100):
            assert process.channels.get("iwami") is None
    assert asked == []
    process.time.now += UNKNOWN_EVERY
    assert "iwami" in process.channels


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "IWAMI", "い", "x" * 33])
def test_what_can_be_no_name_asks_nobody(db: Database, name: str) -> None:
    process = Process(db)
    process.time.now += LOOK_EVERY - 0.1
    with counted(db) as asked:
        assert process.channels.get(name) is None
    assert asked == []


def test_whoever_must_not_wait_is_told_what_is_known_and_never_looks(db: Database) -> None:
    process = Process(db)
    with counted(db) as asked:
        assert process.channels.at_hand("default") == FIXED["default"]
        assert process.channels.at_hand("iwami") is None
        process.time.now += LOOK_EVERY
        assert process.channels.at_hand("default") is None
    assert asked == []
    assert process.channels["default"] == FIXED["default"]
    assert process.channels.at_hand("default") == FIXED["default"]


def test_what_is_known_costs_no_statement_and_a_look_costs_one(db: Database) -> None:
    process = Process(db)
    with counted(db) as asked:
        for _ in range(1000):
            assert process.channels["default"].token == "t"
    assert asked == []
    process.time.now += LOOK_EVERY
    with counted(db) as asked:
        assert process.channels["default"].token == "t"
        assert process.channels["default"].token == "t"
    assert len([words for words in asked if words.startswith("SELECT")]) == 1


def test_a_rotated_token_and_a_login_channel_are_taken_up(db: Database) -> None:
    change(db, channels.add, IWAMI)
    process = Process(db)
    assert process.channels["iwami"].token == "t2"
    change(db, channels.change, Account("iwami", "s3", "t3", "2001", "l3"))
    process.time.now += LOOK_EVERY
    assert process.channels["iwami"] == Channel("iwami", "s3", "t3", Login("2001", "l3"))


def test_a_disabled_channel_is_no_longer_there_but_its_town_is(db: Database) -> None:
    change(db, channels.add, IWAMI)
    process = Process(db)
    change(db, channels.disable, "iwami")
    process.time.now += LOOK_EVERY
    assert "iwami" not in process.channels
    assert "iwami" in process.plans
    change(db, channels.enable, "iwami")
    process.time.now += LOOK_EVERY
    assert "iwami" in process.channels


def test_the_environment_goes_first(db: Database) -> None:
    change(db, channels.add, Account("default", "other", "other"))
    process = Process(db)
    assert process.channels["default"] == FIXED["default"]
    assert process.plans["default"] == the_content().channels["default"]


def test_a_channel_that_serves_no_town_is_not_there(db: Database) -> None:
    change(db, channels.add, Account("mars", "s", "t"))
    process = Process(db)
    assert "mars" not in process.channels
    assert "mars" not in process.plans


def test_a_secret_that_no_key_opens_keeps_no_other_channel_away(db: Database) -> None:
    change(db, channels.add, IWAMI)
    change(db, channels.add, Account("wakasa", "s", "t"))
    with db.work() as work:
        broken = update(channels.channels).where(channels.channels.c.channel == "iwami")
        work.conn.execute(broken.values(token=b"\x01\x02t1 and nothing that opens"))
    assert set(Process(db).channels) == {"default", "wakasa"}


def test_without_the_database_what_is_known_stays_known(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    change(db, channels.add, IWAMI)
    process = Process(db)

    def away(_work: object) -> int:
        raise OSError("the database is away")

    monkeypatch.setattr(channels, "stamp", away)
    process.time.now += LOOK_EVERY
    assert process.channels["iwami"].token == "t2"
    monkeypatch.undo()
    change(db, channels.disable, "iwami")
    process.time.now += LOOK_EVERY
    assert "iwami" not in process.channels


def test_no_secret_shows(db: Database) -> None:
    change(db, channels.add, Account("iwami", "geheim", "geheim", "2001", "geheim"))
    live, _content = with_added(settings(), the_content(), db)
    with db.look() as work:
        rows = channels.listed(work)
    assert "geheim" not in repr(live) + repr(live.channels["iwami"]) + repr(rows)


def test_two_who_change_at_once_are_both_noticed(db: Database, together: Callable[..., list[Any]]) -> None:
    """Each change adds to the stamp, so that none hides behind another one's."""
    names = ("iwami", "wakasa", "chizu", "yazu")
    together(4, lambda number: change(db, channels.add, Account(names[number], "s", "t")))
    with db.look() as work:
        assert channels.stamp(work) == 4
    together(4, lambda number: change(db, channels.disable, names[number]))
    with db.look() as work:
        assert channels.stamp(work) == 8


def test_an_event_on_an_added_channel_is_answered_without_a_restart(db: Database) -> None:
    town = make_town(db)
    live, content = with_added(town.services.settings, the_content(), db)
    services = Services(live, content, db, town.services.line)
    app = create_flask(services)
    body = b'{"destination":"U0","events":[]}'
    assert app.test_client().post("/callback/iwami", data=body).status_code == 404
    change(db, channels.add, IWAMI)
    time_passes(services)
    assert (
        app.test_client().post("/callback/iwami", data=body).status_code == 400
    )  # known: now signed wrongly
    phone = AtIwami(services, app, channel="iwami")
    phone.follows()
    assert phone.sees
    assert content.said_in("en").channels["iwami"].towns == ("iwami",)


class AtIwami(Phone):
    """Talks with the account of 岩美町."""

    def post(self, events: list[dict[str, Any]]) -> int:
        body = json.dumps({"destination": "U" + "0" * 32, "events": events}).encode()
        signed = {"x-line-signature": sign("s2", body)}
        return self.app.test_client().post("/callback/iwami", data=body, headers=signed).status_code


def time_passes(services: Services) -> None:
    known = services.settings.channels
    assert isinstance(known, Channels)
    known._accounts._looked_at -= LOOK_EVERY


def test_the_metrics_tell_how_each_channel_stands(db: Database) -> None:
    live, content = with_added(settings(), the_content(), db)
    change(db, channels.add, IWAMI)
    with db.work() as work:
        outbox.put(work, "iwami", "message", {}, not_before=work.now - dt.timedelta(seconds=75))
        switches.pause_channel(work, "default", work.now + dt.timedelta(hours=1), "LINE refuses its token")
    services = Services(live, content, db, make_town(db).services.line)
    app = create_flask(services)
    time_passes(services)
    shown = app.test_client().get("/metrics").get_data(as_text=True)
    assert 'tsunagari_outbox_oldest_seconds{channel="iwami"} 75.0' in shown
    assert 'tsunagari_channel_resting{channel="default"} 1.0' in shown
    assert "tsunagari_channels 2.0" in shown
