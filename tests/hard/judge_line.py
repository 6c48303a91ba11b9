"""A second LINE, which only judges: a program by itself that imports nothing of ours and keeps its own ledger.

    python judge_line.py PORT

What it holds true, as LINE documents it: a retry key is accepted once and gets 409 afterwards, whatever the senders
think; a message is delivered to every address of an accepted call; what it refused or dropped before accepting was not
delivered. It answers with faults by chance, slowly where it is told to, and counts the month's quota.

GET /judge gives the ledger (GET /judge/figures its sums), POST /judge changes how it behaves (the fields of Manners).
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import random
import sys
from collections import Counter
from dataclasses import dataclass, field, fields
from typing import Any

NEXT_TO_NONE = 1e-9


@dataclass
class Manners:
    """How it behaves; chances between 0 and 1, times in seconds."""

    before: float = 0.0  # 500, and not accepted
    after: float = 0.0  # 500, and accepted all the same
    drop: float = 0.0  # the connection is cut; in half of the cases it was accepted
    busy: float = 0.0  # 429, and not accepted
    fastest: float = 0.0
    slowest: float = 0.0
    quota: int | None = None
    away: bool = False  # 503 to all
    seed: int = 0


@dataclass
class Ledger:
    """What was done, and what no honest sender does."""

    chance: random.Random = field(default_factory=random.Random)
    accepted: dict[str, str] = field(default_factory=dict)  # by retry key: the request that was accepted
    bytes_of: dict[str, bytes] = field(default_factory=dict)
    under_way: Counter[str] = field(default_factory=Counter)
    delivered: dict[str, Counter[str]] = field(default_factory=dict)  # by user: by text
    used: int = 0
    calls: Counter[str] = field(default_factory=Counter)
    said: Counter[str] = field(default_factory=Counter)
    wrongs: Counter[str] = field(default_factory=Counter)


class Cut(Exception):
    """The connection ends without an answer."""


Answer = tuple[int, dict[str, Any], dict[str, str]]


class Judge:
    """One thread, so that nothing happens in the middle of something else."""

    def __init__(self) -> None:
        self.manners = Manners()
        self.ledger = Ledger()

    async def answer(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Answer:
        if path == "/judge":
            return self.report() if method == "GET" else self.change(json.loads(body))
        if path == "/judge/figures":
            return self.figures()
        name = path.rsplit("/", 1)[-1]
        self.ledger.calls[name] += 1
        if not headers.get("authorization", "").startswith("Bearer "):
            self.ledger.wrongs["no token"] += 1
            return 401, {"message": "Authentication failed"}, {}
        if self.manners.away:
            self.ledger.said["away"] += 1
            return 503, {"message": "Service Unavailable"}, {}
        if name in ("push", "multicast"):
            return await self.message(name, headers.get("x-line-retry-key", ""), body)
        if name == "quota":
            limited = {"type": "limited", "value": self.manners.quota}
            return 200, {"type": "none"} if self.manners.quota is None else limited, {}
        if name == "consumption":
            return 200, {"totalUsage": self.ledger.used}, {}
        return 404, {"message": "Not found"}, {}

    async def message(self, name: str, key: str, body: bytes) -> Answer:
        ledger, digest = self.ledger, hashlib.sha256(name.encode() + body).digest()
        if not key:
            ledger.wrongs["no retry key"] += 1
        if ledger.bytes_of.setdefault(key, digest) != digest:
            ledger.wrongs["other bytes under a known key"] += 1
        if ledger.under_way[key]:
            ledger.wrongs["one key twice at the same time"] += 1
        ledger.under_way[key] += 1
        try:
            return await self.decide(key, json.loads(body))
        finally:
            ledger.under_way[key] -= 1

    async def decide(self, key: str, wanted: dict[str, Any]) -> Answer:
        """The whole time passes partly before it is accepted and partly after, so that a sender may die in both."""
        ledger, manners = self.ledger, self.manners
        whole = ledger.chance.uniform(manners.fastest, manners.slowest)
        first = ledger.chance.uniform(0, whole)
        await asyncio.sleep(first)
        fate, at = ledger.chance.random(), 0.0
        for fault in ("before", "busy", "drop", "after"):
            at += getattr(manners, fault)
            if fate < at - NEXT_TO_NONE:
                break
        else:
            fault = ""
        lost_before = fault == "drop" and ledger.chance.random() < 0.5
        if fault == "before" or lost_before:
            ledger.said["dropped before" if lost_before else "500 before"] += 1
            await asyncio.sleep(whole - first)
            return self.cut() if lost_before else (500, {"message": "Internal Server Error"}, {})
        to = wanted["to"] if isinstance(wanted["to"], list) else [wanted["to"]]
        refusal = self.refusal(key, len(to), busy=fault == "busy")
        if refusal is not None:
            await asyncio.sleep(whole - first)
            return refusal
        self.accept(key, to, wanted["messages"])
        await asyncio.sleep(whole - first)
        if fault:
            ledger.said["500 after" if fault == "after" else "dropped after"] += 1
            return (500, {"message": "Internal Server Error"}, {}) if fault == "after" else self.cut()
        ledger.said["200"] += 1
        return 200, {}, {}

    def refusal(self, key: str, people: int, *, busy: bool) -> Answer | None:
        """What a call is told that changes nothing."""
        ledger, quota = self.ledger, self.manners.quota
        if busy:
            ledger.said["429"] += 1
            return 429, {"message": "The API rate limit has been exceeded. Try again later."}, {}
        if key in ledger.accepted:
            ledger.said["409"] += 1
            more = {"x-line-accepted-request-id": ledger.accepted[key]}
            return 409, {"message": "The retry key is already accepted"}, more
        if quota is not None and ledger.used + people > quota:
            ledger.said["429 quota"] += 1
            return 429, {"message": "You have reached your monthly limit."}, {}
        return None

    def cut(self) -> Answer:
        raise Cut

    def accept(self, key: str, to: list[str], messages: list[dict[str, Any]]) -> None:
        ledger = self.ledger
        if not 1 <= len(to) <= 500:
            ledger.wrongs["not 1 to 500 addresses"] += 1
        ledger.accepted[key] = f"request-{len(ledger.accepted)}"
        ledger.used += len(to)
        for user in to:
            for message in messages:
                ledger.delivered.setdefault(user, Counter())[str(message.get("text"))] += 1

    def figures(self) -> Answer:
        """Without who got what, which for thousands of people takes a while to say."""
        ledger = self.ledger
        shown = {
            "calls": dict(ledger.calls),
            "said": dict(ledger.said),
            "wrongs": dict(ledger.wrongs),
            "used": ledger.used,
            "accepted": len(ledger.accepted),
            "under_way": sum(ledger.under_way.values()),
        }
        return 200, shown, {}

    def report(self) -> Answer:
        delivered = {user: dict(texts) for user, texts in self.ledger.delivered.items()}
        return 200, {**self.figures()[1], "delivered": delivered}, {}

    def change(self, wanted: dict[str, Any]) -> Answer:
        if "forget" in wanted:
            self.manners, self.ledger = Manners(), Ledger()
        for each in fields(Manners):
            if each.name in wanted:
                setattr(self.manners, each.name, wanted[each.name])
        if "seed" in wanted:
            self.ledger.chance.seed(wanted["seed"])
        return 200, {}, {}

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, kept open. A request that does not come whole was never made."""
        try:
            while head := (await reader.readuntil(b"\r\n\r\n")).decode("latin-1"):
                first, *lines = head.rstrip("\r\n").split("\r\n")
                method, path, _ = first.split(" ")
                headers = {
                    name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)
                }
                body = await reader.readexactly(int(headers.get("content-length", 0)))
                status, said, more = await self.answer(method, path, headers, body)
                raw = json.dumps(said).encode()
                names = {"x-line-request-id": "judge", "content-length": str(len(raw)), **more}
                shown = "".join(f"{name}: {value}\r\n" for name, value in names.items())
                writer.write(f"HTTP/1.1 {status} said\r\n{shown}\r\n".encode() + raw)
                await writer.drain()
        except (Cut, asyncio.IncompleteReadError, ConnectionError):
            pass  # whoever is killed hangs up
        finally:
            writer.close()


async def main(judge: Judge, port: int, address: str = "127.0.0.1") -> None:
    server = await asyncio.start_server(judge.serve, address, port, limit=4_000_000)
    print(server.sockets[0].getsockname()[1], flush=True)
    asyncio.get_running_loop().add_reader(sys.stdin, lambda: sys.exit(0))  # whoever began it has ended
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(Judge(), int(sys.argv[1])))
