"""The LINE that judges (judge_line.py), and beside it its people, who type, and its webhooks, which do not give up.

    python talking_line.py PORT

POST /talk begins (the fields of Wish), POST /enough ends it once there were enough events; GET /talk says how far it
is; GET /talk/all gives every event and every answer;
GET /reach says what each host answers on /readyz; POST /bulk is how it behaves towards multicasts, POST /judge towards
all else.

Each event is brought to the next host in turn. Where nobody listens the next one is asked at once, as a balancer does;
where nobody says 200 within two seconds LINE delivers again, until somebody does. A person's next event happens as
soon as the last one was acknowledged: the answer to it may still wait. A reply token works once and for a minute after
the last delivery.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import itertools
import json
import sys
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from judge_line import Answer, Judge, main

GIVES_UP = 2.0  # seconds that LINE waits for a 200
AGAIN = 0.5  # seconds until LINE delivers again; what it really does is not disclosed
TOKEN_LIVES = 60.0
REPLY = "reply "  # under which a token stands in the ledger, where a push has its retry key


@dataclass(frozen=True)
class Wish:
    """How people are to talk: so many events at least; `burst` of one person follow each other without a pause."""

    hosts: list[list[Any]]  # address and port
    secret: str
    people: list[str]
    words: list[str]
    events: int
    a_second: float
    burst: int = 4


@dataclass
class Event:
    """Something that somebody typed: when it happened, when a host said 200, and how that delivery went."""

    number: int
    person: str
    word: int
    began: float = 0.0
    acknowledged: float | None = None
    took: float = 0.0  # of the delivery that was answered
    tries: int = 0
    delivered: float = 0.0
    used: bool = False  # its reply token


@dataclass
class Talk:
    """What was said so far, and what was answered to whom, in the order in which LINE accepted it."""

    wish: Wish
    began: float = field(default_factory=time.monotonic)
    events: list[Event] = field(default_factory=list)
    answers: dict[str, list[tuple[float, int | None, str]]] = field(default_factory=dict)
    failed: int = 0
    enough: bool = False
    silent: bool = False  # nobody begins anything any more
    turn: itertools.count[int] = field(default_factory=itertools.count)

    async def go(self) -> None:
        """Bursts begin at their times, whoever still waits for an answer; a person talks in one burst at a time."""
        wish, bursts = self.wish, set()
        free, said = deque(wish.people), dict.fromkeys(wish.people, 0)
        for number in itertools.count(0, wish.burst):
            if self.enough and number >= wish.events:
                break
            await asyncio.sleep(self.began + number / wish.a_second - time.monotonic())
            while not free:
                await asyncio.sleep(0.01)
            person = free.popleft()
            mine = [
                Event(number + each, person, (said[person] + each) % len(wish.words))
                for each in range(wish.burst)
            ]
            said[person] += wish.burst
            self.events += mine
            task = asyncio.create_task(self.burst(person, mine, free))
            bursts.add(task)
            task.add_done_callback(bursts.discard)
        self.silent = True

    async def burst(self, person: str, mine: list[Event], free: deque[str]) -> None:
        for event in mine:
            await self.bring(event)
        free.append(person)

    async def bring(self, event: Event) -> None:
        event.began = time.monotonic()
        happened, first, refused = int(time.time() * 1000), next(self.turn), 0
        while True:
            address, port = self.wish.hosts[(first + event.tries) % len(self.wish.hosts)]
            event.delivered = time.monotonic()
            event.tries += 1
            body = self.body(event, happened)
            status = await asked(address, port, "POST", "/callback", body, self.wish.secret)
            if status == 200:
                event.acknowledged = time.monotonic()
                event.took = event.acknowledged - event.delivered
                return
            self.failed += 1
            refused = refused + 1 if status == 0 else 0
            if refused % len(self.wish.hosts) == 0:
                await asyncio.sleep(AGAIN)

    def body(self, event: Event, happened: int) -> bytes:
        message = {"type": "text", "id": str(10**17 + event.number), "quoteToken": "q"}
        return json.dumps(
            {
                "destination": "U" + "d" * 32,
                "events": [
                    {
                        "type": "message", "mode": "active", "timestamp": happened,
                        "source": {"type": "user", "userId": event.person},
                        "webhookEventId": f"EVENT{event.number:021d}",
                        "deliveryContext": {"isRedelivery": event.tries > 1},
                        "replyToken": f"token-{event.number}",
                        "message": {**message, "text": self.wish.words[event.word]},
                    }
                ],
            }
        ).encode()  # fmt: skip

    def summary(self) -> dict[str, Any]:
        done = sum(1 for event in self.events if event.acknowledged is not None)
        answers = sum(len(some) for some in self.answers.values())
        return {
            "events": len(self.events), "acknowledged": done, "answers": answers, "failed": self.failed,
            "silent": self.silent,
        }  # fmt: skip


async def asked(
    address: str, port: int, method: str, path: str, body: bytes = b"", secret: str = ""
) -> int | None:
    """The status; 0 where nobody listens, None where nobody answers in time."""
    signature = base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()
    head = (
        f"{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nX-Line-Signature: {signature}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    writer = None
    try:
        async with asyncio.timeout(GIVES_UP):
            reader, writer = await asyncio.open_connection(address, port)
            writer.write(head.encode() + body)
            await writer.drain()
            first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower().split("\r\n")
            length = next(line for line in lines if line.startswith("content-length:"))
            await reader.readexactly(int(length.partition(":")[2]))
            return int(first.split(" ")[1])
    except ConnectionRefusedError:
        return 0
    except (OSError, TimeoutError, asyncio.IncompleteReadError):
        return None
    finally:
        if writer is not None:
            writer.close()


class TalkingLine(Judge):
    """The judge, who now also knows reply tokens, and keeps the order of what each person got."""

    def __init__(self) -> None:
        super().__init__()
        self.bulk = Judge()
        self.bulk.ledger = self.ledger
        self.bulk.accept = self.accept  # type: ignore[method-assign]
        self.talk: Talk | None = None
        self.running: asyncio.Task[None] | None = None

    def change(self, wanted: dict[str, Any]) -> Answer:
        done = super().change(wanted)
        self.bulk.ledger = self.ledger
        return done

    async def answer(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Answer:
        if path == "/bulk":
            return self.bulk.change(json.loads(body))
        if path == "/talk" and method == "POST":
            self.talk = Talk(Wish(**json.loads(body)))
            self.running = asyncio.create_task(self.talk.go())
            return 200, {}, {}
        if path == "/enough" and self.talk is not None:
            self.talk.enough = True
            return 200, {}, {}
        if path.startswith("/talk"):
            return 200, self.told(path.endswith("/all")), {}
        if path == "/reach":
            hosts = json.loads(body)
            return 200, {"ready": [await asked(*host, "GET", "/readyz") for host in hosts]}, {}
        if path.endswith("/message/reply") and not self.manners.away:
            self.ledger.calls["reply"] += 1
            return await self.reply(body)
        return await super().answer(method, path, headers, body)

    def told(self, all_of_it: bool) -> dict[str, Any]:
        assert self.talk is not None
        if not all_of_it:
            return dict(self.talk.summary())
        return {"events": [vars(event) for event in self.talk.events], "answers": self.talk.answers}

    async def message(self, name: str, key: str, body: bytes) -> Answer:
        if name == "multicast":
            return await self.bulk.message(name, key, body)
        return await super().message(name, key, body)

    async def reply(self, body: bytes) -> Answer:
        wanted = json.loads(body)
        return await self.decide(REPLY + wanted["replyToken"], {"to": "", "messages": wanted["messages"]})

    def refusal(self, key: str, people: int, *, busy: bool) -> Answer | None:
        if busy or not key.startswith(REPLY):
            return super().refusal(key, people, busy=busy)
        event = self.event_of(key)
        if event is None or event.used or time.monotonic() - event.delivered > TOKEN_LIVES:
            self.ledger.said["400 token"] += 1
            return 400, {"message": "Invalid reply token"}, {}
        return None

    def event_of(self, key: str) -> Event | None:
        number = int(key.removeprefix(f"{REPLY}token-"))
        known = self.talk.events if self.talk else []
        return known[number] if number < len(known) else None

    def accept(self, key: str, to: list[str], messages: list[dict[str, Any]]) -> None:
        """What somebody got in a multicast is counted, what they got for themselves is kept in its order."""
        if len(to) > 1 or self.talk is None:
            return super().accept(key, to, messages)
        words = hashlib.sha256(json.dumps(messages, sort_keys=True).encode()).hexdigest()[:16]
        event = self.event_of(key) if key.startswith(REPLY) else None
        if event is None:
            super().accept(key, to, messages)
        else:
            event.used = True
        person = event.person if event else to[0]
        number = event.number if event else None
        self.talk.answers.setdefault(person, []).append((time.monotonic(), number, words))
        return None


if __name__ == "__main__":
    asyncio.run(main(TalkingLine(), int(sys.argv[1]), "0.0.0.0"))
