"""Whole conversations, written down as a person would read them; played again and compared.

A transcript is script and outcome in one: lines that begin with ● are what the person does, indented lines are
what we say. `UPDATE_TRANSCRIPTS=1 pytest tests/test_transcripts.py` writes our side anew: read the difference.
"""

from __future__ import annotations

import datetime as dt
import os
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from phone import Phone
from surroundings import Clock
from town import PUBLIC_URL, TOKYO, Town, town_on_sqlite, wrong_with

from bot.desk import dangers as deeds
from bot.desk import hearing_back
from bot.desk.deeds import Desk, Doer
from bot.handbook.recommend import Catalogue
from jobs import handbook_changes, news
from storage import concerns, dangers, news_items
from storage.crypto import Cipher
from storage.news_items import Told, Words

FOLDER = Path(__file__).parent / "transcripts"
UPDATE = os.environ.get("UPDATE_TRANSCRIPTS") == "1"
MASKS = [
    (re.compile(r"K-\w{4}-\w{4}-\w"), "K-＊＊＊＊-＊＊＊＊-＊"),
    (re.compile(re.escape(PUBLIC_URL) + r"/[dms]/\w+#[\w-]+"), "専用のページ（1回だけ）"),
    (re.compile(re.escape(PUBLIC_URL) + r"/handbook/r/[\w-]+"), "結果のページ（30日）"),
]


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.txt")), ids=lambda path: path.stem)
def test_a_conversation_still_goes_as_it_is_written(
    path: Path, migrated_sqlite: Path, tmp_path: Path, cipher: Cipher, clock: Clock
) -> None:
    town = town_on_sqlite(migrated_sqlite, tmp_path, cipher, clock)
    written = path.read_text("utf-8")
    played = "\n".join(_play(written, town, clock)) + "\n"
    town.services.db.close()
    if UPDATE:
        path.write_text(played, "utf-8")
    assert played == written


def test_there_are_at_least_six_of_them() -> None:
    assert len(list(FOLDER.glob("*.txt"))) >= 6


def _play(written: str, town: Town, clock: Clock) -> Iterator[str]:
    phone = town.phone()
    code = ""
    for line in written.splitlines():
        if line.startswith("#"):
            yield line
        elif line.startswith("時 "):
            yield ""
            clock.now = dt.datetime.fromisoformat(line[2:]).replace(tzinfo=TOKYO)
            yield line
        elif line.startswith("講座 "):
            code = town.course(line[3:]).readable_code
            yield line
        elif line.startswith("お知らせを入れる "):
            _entered(town, *line.split(" ", 4)[1:])
            yield line
        elif line == "● お便りが届く":
            yield ""
            yield line
            news.minute(town.services)
            phone.looks()
            assert wrong_with(phone.got) == []
            yield from (f"  {_masked(said)}".rstrip() for said in _said(phone.got))
        elif line.startswith("● 支援の期限が変わる: "):
            yield ""
            yield line
            _has_another_deadline(town, *line.partition(": ")[2].split(" "))
            handbook_changes.morning(town.services)
            phone.looks()
            assert wrong_with(phone.got) == []
            yield from (f"  {_masked(said)}".rstrip() for said in _said(phone.got))
        elif line.startswith("見守り "):
            code = town.partner(line[4:]).readable_code
            yield line
        elif line.startswith("● 窓口が声をかける: "):
            yield ""
            yield line
            _reached_out(town, phone, line.partition(": ")[2])
            yield from (f"  {_masked(said)}".rstrip() for said in _said(phone.got))
        elif line.startswith("● 窓口が: "):
            yield ""
            yield line
            _told(town, phone, line.partition(": ")[2])
            yield from (f"  {_masked(said)}".rstrip() for said in _said(phone.got))
        elif line.startswith("● "):
            yield ""
            yield line
            _act(phone, line[2:].replace("＜コード＞", code).replace("＜見守りのコード＞", code))
            assert wrong_with(phone.got) == []
            yield from (f"  {_masked(said)}".rstrip() for said in _said(phone.got))


def _act(phone: Phone, deed: str) -> None:
    kind, _, what = deed.partition(": ")
    match kind:
        case "友だちになる":
            phone.follows()
        case "書く":
            phone.types(what)
        case "押す":
            phone.taps(what)
        case "送る":
            phone.sends({"スタンプ": "sticker", "写真": "image", "場所": "location"}[what])
        case _:
            raise AssertionError(f"what is {deed!r}?")


def _entered(town: Town, topic: str, place: str, on: str, words: str) -> None:
    """One item of news, as staff enter it."""
    content = town.services.content
    key = next(key for key in content.topics if content.texts.get(f"registration.topics.{key}") == topic)
    where = next(one.key for one in content.towns.values() if one.name == place)
    day = None if on == "-" else dt.date.fromisoformat(on)
    title, _, text = words.partition("／")
    until = day or town.services.now().date() + dt.timedelta(days=40)
    with town.services.db.work() as work:
        news_items.add(work, "default", Told(key, (where,), Words(title, text), until, day), "test")


def _has_another_deadline(town: Town, name: str, deadline: str) -> None:
    """The service was started anew with another word for the scheme of this name."""
    content = town.services.content
    schemes = [
        replace(each, deadline=deadline) if each.official_name == name else each
        for each in content.catalogue.schemes
    ]
    fresh = replace(content, catalogue=Catalogue(schemes, content.questions, content.rules))
    object.__setattr__(town.services, "content", fresh)


def _told(town: Town, phone: Phone, word: Any) -> None:
    """What the person hears when the desk has done something with the only concern there is."""
    with town.services.db.work() as work:
        (concern,) = concerns.listed(work)
        hearing_back.tell(work, town.services.content, concern, word)
    phone.looks()


def _reached_out(town: Town, phone: Phone, key: str) -> None:
    """What the person reads when the desk has chosen one of the fixed sentences."""
    services = town.services
    with services.db.work() as work:
        (danger,) = dangers.listed(work)
        desk = Desk(services.content, services.now(), PUBLIC_URL)
        deeds.reach_out(work, desk, Doer("山田", None), danger, key)
    phone.looks()


def _masked(line: str) -> str:
    for pattern, instead in MASKS:
        line = pattern.sub(instead, line)
    return line


def _said(messages: list[dict[str, Any]]) -> Iterator[str]:
    for message in messages:
        if message["type"] == "text":
            yield from message["text"].splitlines()
        else:
            contents = message["contents"]
            for card in contents.get("contents", []) if contents["type"] == "carousel" else [contents]:
                yield "┌"
                yield from (f"│ {line}" for line in _inside(card))
                yield "└"
        quick = message.get("quickReply", {}).get("items", [])
        if quick:
            yield " ".join(f"（{item['action']['label']}）" for item in quick)


def _inside(node: Any) -> Iterator[str]:
    """The words and buttons of a card, from top to bottom."""
    if "action" in node:
        action = node["action"]
        yield f"［{action['label']}］" + (f" {action['uri']}" if "uri" in action else "")
    elif node.get("type") == "text":
        yield from node["text"].splitlines()
    else:
        for part in ("header", "body", "footer"):
            if part in node:
                yield from _inside(node[part])
        for inner in node.get("contents", []):
            yield from _inside(inner)
