"""A LINE that delivers again until it is answered with 200, people who type, and what is stored in the end."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from serving import SECRET, TOKEN, Served
from sqlalchemy import func, select
from waiting import wait_until

from simulator.app import Simulator
from simulator.platform import Bot
from storage import events, outbox
from storage.crypto import Cipher
from storage.database import open_database

PEOPLE = 50


class Answers(deque[dict[str, Any]]):
    """What LINE keeps of its webhooks: here only which events were ever answered with 200, and how many were not."""

    def __init__(self) -> None:
        super().__init__()
        self.acknowledged: set[str] = set()
        self.failed = 0

    def append(self, posted: dict[str, Any]) -> None:
        if posted["status"] == 200:
            self.acknowledged |= {event["webhookEventId"] for event in posted["events"]}
        else:
            self.failed += 1


@dataclass
class Talk:
    """The service and those who speak with it."""

    service: Served
    line: Simulator
    answers: Answers
    said: set[str] = field(default_factory=set)

    def say(self, many: int) -> None:
        """So many times somebody types something; it is delivered in the background."""
        people = list(self.line.platform.people)
        for _ in range(many):
            who = people[len(self.said) % PEOPLE]
            act = {"user": who, "action": {"type": "text", "text": "メニュー"}, "options": {"wait": False}}
            with self.line.app.test_client() as phone:
                answer = phone.post("/_sim/act", json=act)
            assert answer.status_code == 200, answer.get_json()
            self.said.add(str(answer.get_json()["eventId"]))

    def wait_for(self, many: int | None = None) -> None:
        """Until so many events, or all of them, are acknowledged."""
        wait_until(lambda: len(self.answers.acknowledged) >= (len(self.said) if many is None else many), 300)

    def look(self, cipher: Cipher) -> tuple[set[str], int]:
        """The events that are stored, and how many answers were written."""
        db = open_database(self.service.database_url, cipher)
        with db.look() as work:
            stored = set(work.conn.execute(select(events.seen_events.c.event_id)).scalars())
            answers = select(func.count()).select_from(outbox.outbox).where(outbox.outbox.c.kind == "message")
            count = int(work.conn.execute(answers).scalar_one())
        db.close()
        return stored, count

    def nothing_is_lost_and_nothing_twice(self, cipher: Cipher) -> None:
        stored, written = self.look(cipher)
        assert self.answers.acknowledged - stored == set()
        assert stored == self.said
        assert written == len(self.said), "each event has one effect: one answer in the outbox"


@contextmanager
def talk(database_url: str, keys: str, folder: Path) -> Iterator[Talk]:
    """A running service, and a LINE that does not give up."""
    service = Served(database_url, keys, "", folder)
    bot = Bot("default", "つながり", SECRET, TOKEN, f"{service.url}/callback", redeliver=True)
    with Simulator([bot], [f"人{number}" for number in range(PEOPLE)]) as line:
        service.line = line.url
        line.platform.settings.redelivery_seconds, line.platform.settings.redelivery_times = 1.0, 100_000
        answers = line.platform.webhooks = Answers()
        service.start()
        try:
            service.wait_until_ready()
            yield Talk(service, line, answers)
        finally:
            service.stop()
