"""Webhook bodies by a grammar: real events, of which something is changed; as bytes, since some are no JSON."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

DEEP = 200_000
_KINDS = (
    "text",
    "sticker",
    "image",
    "location",
    "postback",
    "follow",
    "unfollow",
    "unsend",
    "join",
    "beacon",
)


@dataclass(frozen=True)
class Raw:
    """These very signs, where JSON expects a value."""

    text: str


Pairs = list[tuple[Any, Any]]  # an object; a list, because a key may come twice


@dataclass
class Obj:
    pairs: Pairs


def written(value: Any, out: list[str]) -> None:
    """As JSON, but for what is Raw."""
    match value:
        case Raw(text):
            out.append(text)
        case Obj(pairs):
            out.append("{")
            for number, (key, each) in enumerate(pairs):
                out.append("," if number else "")
                written(key, out)
                out.append(":")
                written(each, out)
            out.append("}")
        case list():
            out.append("[")
            for number, each in enumerate(value):
                out.append("," if number else "")
                written(each, out)
            out.append("]")
        case _:
            out.append(json.dumps(value))


def obj(**values: Any) -> Obj:
    return Obj(list(values.items()))


def odd_value(chance: random.Random) -> Any:
    """What no honest sender would write there."""
    deep = DEEP if chance.random() < 0.02 else chance.randrange(1, 500)
    return chance.choice(
        (
            None, True, False, 0, -1, 2**63, 2**64 - 1, -(2**63) - 1, 10**80, 1e308, 0.1, "", " ", "\0", "\x7f",
            "a" * chance.choice((1, 255, 256, 5_001, 50_000)), "あ" * 5_001, "😀" * 3_000, "‮gnp", "\r\n{}",
            "\x1b[31m", "\u2028", "'; DROP TABLE people;--", "{{7*7}}", "${7*7}", "%s%n", "../../etc/passwd",
            "<script>", "v1;", "v1;;;;", "v1;handbook;;start;", "v1;" + "x" * 400, "U" + "a" * 32, "U" * 33, [], [[]],
            Obj([]), [None] * 300, obj(type="text"),
            Raw("NaN"), Raw("Infinity"), Raw("-Infinity"), Raw("1e999999"), Raw("-0"), Raw("01"), Raw("9" * 5_000),
            Raw("1e-" + "9" * 400), Raw('"\\ud800"'), Raw('"\\udfff\\ud800"'), Raw('"\\u0000"'), Raw('"\\x"'),
            Raw("'single'"), Raw("undefined"), Raw("/*c*/1"), Raw('"\t"'), Raw("[" * deep + "]" * deep),
            Raw("[" * deep), Raw('{"a":' * deep + "1" + "}" * deep), Raw('{"a":' * deep),
            Raw('{"a":1,"a":2}'), Raw('{"":""}'), Raw('{"__proto__":{"x":1}}'),
        )
    )  # fmt: skip


class Bodies:
    """`body()` gives another one each time; the same seed gives the same ones."""

    def __init__(self, seed: int, people: int = 200) -> None:
        self.chance = random.Random(seed)
        self.seed = seed
        self.people = people
        self.made = 0

    def event(self) -> Obj:
        """As LINE writes it."""
        chance, self.made = self.chance, self.made + 1
        kind = chance.choice(_KINDS)
        now = int(time.time() * 1000) - chance.randrange(1_000)
        common = obj(
            type=kind
            if kind in ("postback", "follow", "unfollow", "unsend", "join", "beacon")
            else "message",
            mode="active" if chance.random() < 0.95 else "standby",
            timestamp=now,
            source=obj(type="user", userId=f"U{chance.randrange(self.people):032x}"),
            webhookEventId=f"01HARD{self.seed:04d}{self.made:012d}",
            deliveryContext=obj(isRedelivery=chance.random() < 0.1),
            replyToken=f"{self.seed:08x}{self.made:024x}",
        )
        identity = str(self.made)
        match kind:
            case "text":
                words = chance.choice(
                    ("メニュー", "こんにちは", "気になる人がいる", "ハンドブック", "7KQ4M-2XW9H", "死にたい")
                )
                common.pairs.append(("message", obj(type="text", id=identity, quoteToken="q", text=words)))
            case "sticker" | "image" | "location":
                common.pairs.append(("message", obj(type=kind, id=identity, packageId="1", stickerId="2")))
            case "postback":
                common.pairs.append(
                    ("postback", obj(data=chance.choice(("v1;whom_to_ask;;start;", "v1;handbook;;start;"))))
                )
            case "follow":
                common.pairs.append(("follow", obj(isUnblocked=chance.random() < 0.5)))
            case "unsend":
                common.pairs.append(("unsend", obj(messageId=identity)))
        return common

    def body(self) -> bytes:
        """One to three events, of which one to four things are changed; every tenth is left as it is."""
        chance = self.chance
        events: list[Any] = [self.event() for _ in range(chance.choice((1, 1, 1, 2, 3)))]
        top = obj(destination="U" + "0" * 32, events=events)
        if chance.random() < 0.1:
            return self._bytes(top)
        if chance.random() < 0.004:  # a batch as large as a megabyte bears, or far more than we take
            top.pairs[1] = ("events", [self.event() for _ in range(300)] * chance.choice((1, 8)))
            return self._bytes(top)
        for _ in range(chance.choice((1, 1, 2, 4))):
            chance.choice(_CHANGES)(chance, top)
        raw = self._bytes(top)
        return chance.choice(_SPOILS)(chance, raw) if chance.random() < 0.15 else raw

    def _bytes(self, top: Obj) -> bytes:
        out: list[str] = []
        written(top, out)
        return "".join(out).encode()


# ---- what can be changed --------------------------------------------------------------------------------------


def _objects(value: Any) -> list[Obj]:
    if isinstance(value, list):
        return [found for each in value for found in _objects(each)]
    if isinstance(value, Obj):
        return [value, *(found for _, each in value.pairs for found in _objects(each))]
    return []


def _one(chance: random.Random, top: Obj) -> tuple[Obj, int] | None:
    """A place somewhere in it, mostly within an event."""
    found = [each for each in _objects(top) if each.pairs]
    if len(found) > 1 and chance.random() < 0.9:
        found = found[1:]
    if not found:
        return None
    there = chance.choice(found)
    return there, chance.randrange(len(there.pairs))


def _replaces(chance: random.Random, top: Obj) -> None:
    if place := _one(chance, top):
        there, number = place
        there.pairs[number] = (there.pairs[number][0], odd_value(chance))


def _drops(chance: random.Random, top: Obj) -> None:
    if place := _one(chance, top):
        del place[0].pairs[place[1]]


def _doubles(chance: random.Random, top: Obj) -> None:
    if place := _one(chance, top):
        there, number = place
        key, value = there.pairs[number]
        there.pairs.insert(
            chance.randrange(len(there.pairs)), (key, chance.choice((value, odd_value(chance))))
        )


def _renames(chance: random.Random, top: Obj) -> None:
    if place := _one(chance, top):
        there, number = place
        names = (
            "type",
            "Type",
            "id",
            "userId",
            "",
            "\0",
            "あ" * 300,
            "__class__",
            Raw('"\\ud800"'),
            Raw("1"),
            Raw("null"),
        )
        there.pairs[number] = (chance.choice(names), there.pairs[number][1])


def _wraps(chance: random.Random, top: Obj) -> None:
    if place := _one(chance, top):
        there, number = place
        key, value = there.pairs[number]
        there.pairs[number] = (key, chance.choice(([value], obj(value=value), [value, value])))


def _mixes(chance: random.Random, top: Obj) -> None:
    """The value of one place stands in another."""
    if (one := _one(chance, top)) and (other := _one(chance, top)):
        value = other[0].pairs[other[1]][1]
        if not _objects(value):  # else it might hold itself
            one[0].pairs[one[1]] = (one[0].pairs[one[1]][0], value)


_CHANGES: tuple[Callable[[random.Random, Obj], None], ...] = (
    _replaces, _replaces, _replaces, _drops, _doubles, _renames, _wraps, _mixes,
)  # fmt: skip


# ---- what can be spoiled --------------------------------------------------------------------------------------


def _cut(chance: random.Random, raw: bytes) -> bytes:
    return raw[: chance.randrange(len(raw) + 1)]


def _flipped(chance: random.Random, raw: bytes) -> bytes:
    spoiled = bytearray(raw)
    for _ in range(chance.randrange(1, 9)):
        spoiled[chance.randrange(len(spoiled))] = chance.randrange(256)
    return bytes(spoiled)


_SPOILS: tuple[Callable[[random.Random, bytes], bytes], ...] = (
    _cut,
    _flipped,
    lambda _, raw: b"\xef\xbb\xbf" + raw,
    lambda _, raw: raw.decode("utf-8", "replace").encode("utf-16"),
    lambda _, raw: raw.decode("utf-8", "replace").encode("utf-32-le"),
    lambda _, raw: raw + raw,
    lambda _, raw: raw + b"\0",
    lambda _, raw: b"[" + raw + b"]",
    lambda _, raw: b" " * 100_000 + raw,
    lambda chance, _: chance.randbytes(chance.choice((0, 1, 100, 10_000))),
    lambda _, raw: json.dumps(raw.decode("utf-8", "replace")).encode(),
)
