"""LINE's webhook by signed bytes through the real WSGI application (rules R1-R13)."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
import io
import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from flask import Flask
from loopback_line import LoopbackLine, Said, loopback_line
from sqlalchemy import func, insert, select
from sqlalchemy.exc import OperationalError
from werkzeug.test import TestResponse

from bot import handlers, metrics
from bot.app import Services
from bot.events import Event, TextSent
from bot.line.client import LineClient
from bot.settings import Settings
from bot.web import LARGEST_BODY, create_flask
from jobs.deliver import Deliverer
from storage import events, outbox, people
from storage.guard import fired
from storage.work import Database, Work

SECRET = "8c570fa6dd201bb328f1c1eac23a96d8"
IWAMI = "another-secret"
USER = "U" + "a" * 32
ENV = {
    "LINE_CHANNEL_SECRET": SECRET,
    "LINE_CHANNEL_ACCESS_TOKEN": "t",
    "LINE_IWAMI_CHANNEL_SECRET": IWAMI,
    "LINE_IWAMI_CHANNEL_ACCESS_TOKEN": "t2",
    "TSUNAGARI_KEYS": "k:x",
}


@pytest.fixture
def line() -> Iterator[LoopbackLine]:
    with loopback_line() as found:
        yield found


@pytest.fixture
def services(db: Database, content: Any, line: LoopbackLine) -> Services:
    settings = Settings.from_env(ENV)
    return Services(settings, content, db, LineClient(settings.channels, line.base, (1, 30)))


@dataclass
class Handler:
    """Stands for bot.handlers: remembers what it was given, writes a row, fails on demand."""

    seen: list[Event] = field(default_factory=list)
    sorry: list[Event] = field(default_factory=list)
    fails: Callable[[Event, int], Exception | None] = lambda _event, _number: None
    says: bool = False

    def handle(self, services: Services, work: Work, events: Sequence[Event], _heard: object) -> None:
        for event in events:
            self._handle(work, event)

    def _handle(self, work: Work, event: Event) -> None:
        self.seen.append(event)
        work.conn.execute(
            insert(fired).values(job=f"{event.channel} {event.id}", due_at=work.now, at=work.now)
        )
        if self.says:
            person = people.lock(work, event.channel, event.line_id)
            body = {"messages": [{"type": "text", "text": "x"}]}
            outbox.put(work, event.channel, "message", body, person_id=person.id)
        if trouble := self.fails(event, len(self.seen)):
            raise trouble

    def apologise(self, services: Services, work: Work, event: Event) -> None:
        self.sorry.append(event)


@pytest.fixture
def handler(monkeypatch: pytest.MonkeyPatch) -> Handler:
    found = Handler()
    monkeypatch.setattr(handlers, "handle", found.handle)
    monkeypatch.setattr(handlers, "apologise", found.apologise)
    return found


@dataclass
class Line:
    """Posts as LINE does."""

    app: Flask
    services: Services

    def raw(self, body: bytes, path: str = "/callback", secret: str = SECRET, **extra: Any) -> TestResponse:
        mac = base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()
        headers = {"X-Line-Signature": mac, "Content-Type": "application/json; charset=utf-8"}
        return self.app.test_client().post(
            path, data=body, headers=headers | extra.pop("headers", {}), **extra
        )

    def post(self, *events: Any, **more: Any) -> int:
        return self.raw(
            json.dumps({"destination": "U" + "0" * 32, "events": list(events)}).encode(), **more
        ).status_code

    def event(self, number: int = 1, **changed: Any) -> dict[str, Any]:
        return {
            "type": "message",
            "mode": "active",
            "timestamp": int(self.services.db.clock().timestamp() * 1000) + number,
            "source": {"type": "user", "userId": USER},
            "webhookEventId": f"01EVENT{number}",
            "deliveryContext": {"isRedelivery": False},
            "replyToken": f"token{number}",
            "message": {"id": str(number), "type": "text", "quoteToken": "q", "text": "秘密のことば"},
        } | changed

    def effects(self) -> list[str]:
        """The events whose unit of work was committed."""
        with self.services.db.look() as work:
            return sorted(job.split()[1] for job in work.conn.execute(select(fired.c.job)).scalars())

    def troubled(self) -> list[tuple[str, str, int]]:
        with self.services.db.look() as work:
            return [(event_id, kind, tries) for _, event_id, kind, _, tries, _ in events.list_troubled(work)]

    def seen(self) -> int:
        with self.services.db.look() as work:
            return int(work.conn.execute(select(func.count()).select_from(events.seen_events)).scalar_one())


@pytest.fixture
def sender(services: Services, handler: Handler) -> Line:
    return Line(create_flask(services), services)


# ---- who may speak ---------------------------------------------------------------------------------------


def test_the_verification_of_the_console_is_answered(sender: Line) -> None:
    body = b'{"destination":"U8e742f61d673b39c7fff3cecb7536ef0","events":[]}'
    headers = {"x-line-signature": "GhRKmvmHys4Pi8DxkF4+EayaH0OqtJtaZxgTD9fMDLs="}
    assert sender.app.test_client().post("/callback", data=body, headers=headers).status_code == 200


@pytest.mark.parametrize("name", ["x-line-signature", "X-LINE-SIGNATURE", "X-Line-Signature"])
def test_the_headers_name_may_have_any_case(sender: Line, handler: Handler, name: str) -> None:
    body = json.dumps({"events": [sender.event()]}).encode()
    mac = base64.b64encode(hmac.new(SECRET.encode(), body, hashlib.sha256).digest()).decode()
    assert sender.app.test_client().post("/callback", data=body, headers={name: mac}).status_code == 200
    assert len(handler.seen) == 1


@pytest.mark.parametrize("signature", [None, "", "AAAA", "é", "\x7f", "a" * 9_000])
def test_what_line_did_not_sign_changes_nothing(
    sender: Line, handler: Handler, signature: str | None
) -> None:
    body = json.dumps({"events": [sender.event()]}).encode()
    headers = {} if signature is None else {"X-Line-Signature": signature}
    assert sender.app.test_client().post("/callback", data=body, headers=headers).status_code == 400
    assert handler.seen == []
    assert sender.seen() == 0


def test_a_signature_of_another_channel_is_refused(sender: Line, handler: Handler) -> None:
    assert sender.post(sender.event(), path="/callback/iwami") == 400
    assert sender.post(sender.event(), path="/callback", secret=IWAMI) == 400
    assert handler.seen == []


def test_each_channel_has_its_own_door(sender: Line, handler: Handler) -> None:
    assert sender.post(sender.event(), path="/callback/iwami", secret=IWAMI) == 200
    assert sender.post(sender.event(), path="/callback/default") == 200
    assert sender.post(sender.event(2), path="/callback") == 200
    assert [event.channel for event in handler.seen] == ["iwami", "default", "default"]


def test_an_unknown_channel_is_nowhere(sender: Line) -> None:
    assert sender.post(sender.event(), path="/callback/nowhere") == 404


def test_only_posts_are_webhooks(sender: Line) -> None:
    assert sender.app.test_client().get("/callback").status_code == 405


# ---- what is in it ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"{}",
        b"\xff",
        b"[" * 100_000,
        b'{"events":' * 50_000,
        b'{"events":[' + b"9" * 5_000 + b"]}",
    ],
    ids=lambda body: repr(body[:12]),
)
def test_a_signed_body_that_is_no_webhook_is_a_bad_request(sender: Line, body: bytes) -> None:
    assert sender.raw(body).status_code == 400


def test_a_body_over_a_megabyte_is_too_large(sender: Line, handler: Handler) -> None:
    assert sender.raw(b" " * (LARGEST_BODY + 1)).status_code == 413
    padded = json.dumps({"events": [sender.event()]}).encode().ljust(LARGEST_BODY)
    assert sender.raw(padded).status_code == 200
    assert len(handler.seen) == 1


def test_a_chunked_body_over_a_megabyte_is_too_large_too(sender: Line, handler: Handler) -> None:
    def chunked(body: bytes) -> int:
        mac = base64.b64encode(hmac.new(SECRET.encode(), body, hashlib.sha256).digest()).decode()
        answer = sender.app.test_client().post(
            "/callback",
            input_stream=io.BytesIO(body),
            headers={"X-Line-Signature": mac, "Transfer-Encoding": "chunked"},
            environ_overrides={"wsgi.input_terminated": True},
        )
        return answer.status_code

    assert chunked(b" " * (LARGEST_BODY + 1)) == 413
    assert chunked(json.dumps({"events": [sender.event()]}).encode()) == 200
    assert len(handler.seen) == 1


def test_broken_characters_reach_the_handler_repaired(sender: Line, handler: Handler) -> None:
    body = json.dumps({"events": [sender.event()]}).replace("\\u79d8", "\\ud800\\u0000").encode()
    assert sender.raw(body).status_code == 200
    (event,) = handler.seen
    assert isinstance(event, TextSent)
    assert event.text == "\ufffd\ufffd密のことば"


POISON = {
    "a number": 5,
    "nothing": None,
    "no id": {"webhookEventId": None},
    "odd id": {"webhookEventId": "a b\x00"},
    "string timestamp": {"timestamp": "1"},
    "huge timestamp": {"timestamp": 10**80},
    "no message": {"message": None},
    "text is a list": {"message": {"type": "text", "id": "1", "text": []}},
    "lone surrogate id": {"webhookEventId": "\ud800"},
    "deep": {"message": {"type": "text", "id": "1", "text": json.loads("[" * 400 + "]" * 400)}},
}


@pytest.mark.parametrize("poison", POISON.values(), ids=POISON.keys())
def test_one_poisoned_event_is_set_aside_and_four_good_ones_are_handled(
    sender: Line, handler: Handler, poison: Any
) -> None:
    bad = sender.event(3) | poison if isinstance(poison, dict) else poison
    good = [sender.event(number) for number in (1, 2, 4, 5)]
    assert sender.post(*good[:2], bad, *good[2:]) == 200
    assert [event.id for event in handler.seen] == ["01EVENT1", "01EVENT2", "01EVENT4", "01EVENT5"]
    assert len(sender.troubled()) == 1


def test_a_poisoned_event_that_comes_again_is_counted_and_not_kept_twice(sender: Line) -> None:
    bad = sender.event() | {"webhookEventId": None}
    assert [sender.post(bad), sender.post(bad)] == [200, 200]
    ((event_id, kind, tries),) = sender.troubled()
    assert event_id.startswith("broken-")
    assert (kind, tries) == ("message", 2)


def test_kinds_that_we_do_not_know_and_groups_are_passed_over(sender: Line, handler: Handler) -> None:
    group = {"type": "group", "groupId": "C1", "userId": USER}
    assert (
        sender.post(
            {"type": "tomorrow"}, sender.event(2, source=group), sender.event(3, source=None), sender.event(4)
        )
        == 200
    )
    assert [event.id for event in handler.seen] == ["01EVENT4"]
    assert sender.troubled() == []


def test_what_is_older_than_our_memory_is_passed_over(sender: Line, handler: Handler) -> None:
    old = int((sender.services.db.clock() - events.KEPT_FOR).timestamp() * 1000) - 1
    assert sender.post(sender.event(1, timestamp=old)) == 200
    assert handler.seen == []


def test_a_standby_event_reaches_the_handler_as_such(sender: Line, handler: Handler) -> None:
    assert sender.post(sender.event(1, mode="standby", replyToken=None)) == 200
    assert [event.active for event in handler.seen] == [False]


def test_events_of_one_body_are_handled_in_the_order_in_which_they_happened(
    sender: Line, handler: Handler
) -> None:
    assert sender.post(*[sender.event(number) for number in (3, 1, 2)]) == 200
    assert [event.id for event in handler.seen] == ["01EVENT1", "01EVENT2", "01EVENT3"]


# ---- once, and only once ---------------------------------------------------------------------------------


def test_an_event_counts_once_however_often_it_comes(sender: Line, handler: Handler) -> None:
    again = sender.event(1, deliveryContext={"isRedelivery": True})
    assert sender.post(sender.event(), sender.event(), again) == 200
    assert sender.post(again) == 200
    assert len(handler.seen) == 1


def test_a_redelivery_of_something_never_seen_is_handled(sender: Line, handler: Handler) -> None:
    assert sender.post(sender.event(1, deliveryContext={"isRedelivery": True})) == 200
    assert [event.redelivered for event in handler.seen] == [True]


def test_twenty_deliveries_at_once_have_one_effect(
    sender: Line, handler: Handler, together: Callable[[int, Callable[[int], Any]], list[Any]]
) -> None:
    assert together(20, lambda _: sender.post(sender.event())) == [200] * 20
    assert sender.effects() == ["01EVENT1"]
    assert len(handler.seen) == 1


def test_the_same_event_id_on_two_channels_is_two_events(sender: Line, handler: Handler) -> None:
    sender.post(sender.event())
    sender.post(sender.event(), path="/callback/iwami", secret=IWAMI)
    assert sender.effects() == ["01EVENT1", "01EVENT1"]


# ---- when something breaks -------------------------------------------------------------------------------


def away() -> Exception:
    return OperationalError("SELECT 秘密", {}, Exception("the database is away"))


def test_when_the_database_is_away_line_shall_come_again_and_the_others_are_handled(
    sender: Line, handler: Handler
) -> None:
    handler.fails = lambda event, _: away() if event.id == "01EVENT2" else None
    batch = [sender.event(number) for number in (1, 2, 3)]
    assert sender.post(*batch) == 500
    assert sender.effects() == ["01EVENT1", "01EVENT3"]
    handler.fails = lambda *_: None
    assert sender.post(*batch) == 200
    assert sender.effects() == ["01EVENT1", "01EVENT2", "01EVENT3"]
    assert sender.troubled() == []


def test_a_deadlock_is_tried_again_at_once(sender: Line, handler: Handler) -> None:
    handler.fails = lambda _, number: away() if number == 1 else None
    assert sender.post(sender.event()) == 200
    assert sender.effects() == ["01EVENT1"]


def test_a_bug_lets_line_come_again_twice_and_then_says_sorry(sender: Line, handler: Handler) -> None:
    handler.fails = lambda event, _: ValueError("秘密のことば") if event.id == "01EVENT1" else None
    batch = (sender.event(1), sender.event(2))
    assert [sender.post(*batch) for _ in range(4)] == [500, 500, 200, 200]
    assert [event.id for event in handler.sorry] == ["01EVENT1"]
    assert sender.effects() == ["01EVENT2"]
    assert sender.troubled() == [("01EVENT1", "message", 3)]


def test_a_bug_in_the_apology_does_not_matter(
    sender: Line, handler: Handler, monkeypatch: pytest.MonkeyPatch
) -> None:
    handler.fails = lambda *_: ValueError("x")
    monkeypatch.setattr(handlers, "apologise", lambda *_: 1 / 0)
    assert [sender.post(sender.event()) for _ in range(3)] == [500, 500, 200]


def test_what_is_kept_of_a_bug_has_no_words_and_no_token(
    sender: Line, handler: Handler, services: Services, capsys: pytest.CaptureFixture[str]
) -> None:
    handler.fails = lambda *_: ValueError("秘密のことば")
    sender.post(sender.event())
    with services.db.look() as work:
        row = work.conn.execute(select(events.troubled_events)).one()
        raw = work.unseal(row.raw, "default", "troubled_events", "raw", row.event_id)
    for secret in ("秘密", "token1", USER):
        assert secret not in raw + row.error
        assert secret not in "".join(capsys.readouterr())
    assert "ValueError" in row.error
    assert "test_webhook.py" in row.error


# ---- quick and quiet -------------------------------------------------------------------------------------


def test_a_hundred_events_in_one_body_are_answered_within_a_second(sender: Line, handler: Handler) -> None:
    batch = [sender.event(number) for number in range(100)]
    started = time.monotonic()
    assert sender.post(*batch) == 200
    assert time.monotonic() - started < 1
    assert len(sender.effects()) == 100


def test_a_hanging_line_delays_no_answer(sender: Line, handler: Handler, line: LoopbackLine) -> None:
    line.on("/v2/bot/message/push", Said(after=3))
    handler.says = True
    services = sender.services
    deliverer = Deliverer(services.db, services.line, services.bell, every=0.05)
    deliverer.start()
    try:
        took = []
        for number in range(20):
            started = time.monotonic()
            assert sender.post(sender.event(number)) == 200
            took.append(time.monotonic() - started)
        assert max(took) < 1
        assert sorted(took)[10] < 0.1
        end = time.monotonic() + 5
        while not line.asked:
            assert time.monotonic() < end
            time.sleep(0.02)
    finally:
        deliverer.stop()


def test_the_bell_rings_after_the_commit_and_only_when_something_happened(
    sender: Line, handler: Handler
) -> None:
    bell = sender.services.bell
    sender.post()
    sender.post({"type": "tomorrow"})
    assert not bell.is_set()
    sender.post(sender.event())
    assert bell.is_set()


def test_no_call_to_line_is_made_before_the_answer(
    sender: Line, handler: Handler, line: LoopbackLine
) -> None:
    handler.says = True
    sender.post(sender.event())
    assert line.asked == []


# ---- health ----------------------------------------------------------------------------------------------


def test_a_request_keeps_the_id_it_came_with_unless_that_is_dangerous(sender: Line) -> None:
    client = sender.app.test_client()
    kept = client.get("/healthz", headers={"X-Request-ID": "abc-123.DEF"})
    made = client.get("/healthz", headers={"X-Request-ID": "a b;\x1b[31m"})
    assert kept.headers["X-Request-ID"] == "abc-123.DEF"
    assert made.headers["X-Request-ID"] not in ("", "a b;\x1b[31m")
    assert kept.get_json() == {"status": "ok"}


def test_ready_means_database_content_and_jobs(sender: Line) -> None:
    answer = sender.app.test_client().get("/readyz")
    assert (answer.status_code, answer.get_json()) == (200, {"ready": True, "wrong": []})


def test_without_a_database_we_are_not_ready_and_say_why(
    sender: Line, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(_: Database) -> Any:
        raise away()

    monkeypatch.setattr(Database, "look", gone)
    answer = sender.app.test_client().get("/readyz")
    assert answer.status_code == 503
    assert answer.get_json()["wrong"] == ["database: OperationalError"]
    assert sender.app.test_client().get("/metrics").status_code == 200


def test_a_timetable_that_stopped_makes_us_not_ready(sender: Line, clock: Any) -> None:
    from storage import instance

    with sender.services.db.work() as work:
        values = {"name": "here", "instance_id": "i", "counter": 1, "home": "h", "seen_at": work.now}
        work.conn.execute(insert(instance.instance).values(**values))
    assert sender.app.test_client().get("/readyz").status_code == 200
    clock.now += dt.timedelta(minutes=6)
    answer = sender.app.test_client().get("/readyz")
    assert answer.status_code == 503
    assert answer.get_json()["wrong"][0].startswith("jobs:")


def test_the_metrics_count_events_and_the_outbox(sender: Line, handler: Handler) -> None:
    handler.says = True
    metrics.EVENTS.clear()
    sender.post(sender.event(), sender.event(), {"type": "tomorrow"}, 5)
    shown = sender.app.test_client().get("/metrics").get_data(as_text=True)
    for wanted in (
        'tsunagari_events_total{channel="default",kind="message",outcome="handled"} 1.0',
        'tsunagari_events_total{channel="default",kind="message",outcome="duplicate"} 1.0',
        'tsunagari_events_total{channel="default",kind="other",outcome="ignored"} 1.0',
        'tsunagari_events_total{channel="default",kind="other",outcome="broken"} 1.0',
        'tsunagari_outbox{channel="default",state="waiting"} 1.0',
        "tsunagari_webhook_seconds_bucket",
    ):
        assert wanted in shown
