"""An item of news as staff type it, at the terminal or in a table: read, checked, and said again."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

import typer

from bot.broadcasting import digest
from bot.broadcasting.links import BadAddress, address
from bot.cli import output
from bot.cli.house import House
from bot.cli.moments import read_coming_day
from bot.cli.output import Refused, one_of
from bot.cli.segment import RHYTHMS as CALLED
from bot.cli.segment import topic_names, town_names
from bot.content.news import RHYTHMS
from bot.news_words import taken
from storage import news_items
from storage.news_items import Item, Told, Words
from storage.work import Work

FIELDS: Final = ("topic", "town", "title", "text", "on", "link", "until")
NAMES: Final = {
    "topic": "種類",
    "town": "市町",
    "title": "題",
    "text": "文",
    "on": "日",
    "link": "リンク",
    "until": "期限",
}
_NEEDED: Final = ("topic", "title", "text")
_FARTHEST: Final = dt.timedelta(days=366)
Given = Mapping[str, str | None]


class BadField(Refused):
    """One field is wrong; `field` says which."""

    def __init__(self, field: str, text: str, hint: str | None = None) -> None:
        super().__init__(text, hint)
        self.field = field


def read_told(house: House, given: Given) -> Told:
    """A new item; BadField for the first thing that is wrong."""
    for field in _NEEDED:
        if not (given.get(field) or "").strip():
            raise BadField(field, f"{NAMES[field]}が書かれていません。", _example(house, field))
    return _told(house, given, None)


def changed(house: House, before: Told, given: Given) -> Told:
    """The item with what was given in the place of what stood there; an empty text takes the town, day or link away."""
    return _told(house, given, before)


def translated(before: Told, language: str, given: Given) -> Told:
    """The item with its words in this language, too."""
    known = before.translations.get(language)
    if strange := next(
        (field for field in FIELDS if given[field] is not None and field not in ("title", "text")), None
    ):
        raise BadField(strange, "--in のときに直せるのは、--title と --text だけです。")
    title, text = given["title"], given["text"]
    if known is None and (not title or not text):
        raise Refused(
            "はじめは、題と文の両方を書いてください。", '例: --in 英語 --title "Lunch" --text "From 11:00."'
        )
    words = Words(
        _words("title", title, digest.TITLE) if title is not None else known.title,  # type: ignore[union-attr]
        _words("text", text, digest.TEXT) if text is not None else known.text,  # type: ignore[union-attr]
    )
    return replace(before, translations={**before.translations, language: words})


def _told(house: House, given: Given, before: Told | None) -> Told:
    today = house.now.date()

    def field(name: str, read: Callable[[str], Any], otherwise: Any) -> Any:
        value = given.get(name)
        if value is None or (before is None and not value.strip()):
            return otherwise
        try:
            return read(value.strip())
        except BadField:
            raise
        except Refused as wrong:
            raise BadField(name, str(wrong), wrong.hint) from None
        except typer.BadParameter as wrong:
            raise BadField(name, str(wrong)) from None

    on = field("on", lambda typed: _coming(typed, "on", today) if typed else None, before and before.on)
    usual = on or today + house.content.news.lasts
    known = None if before is None or given.get("on") is not None else before.until
    until = field("until", lambda typed: _coming(typed, "until", today), known or usual)
    return Told(
        topic=field(
            "topic", lambda typed: one_of("種類", typed, topic_names(house.content)), before and before.topic
        ),
        towns=field("town", lambda typed: _towns(house, typed), before.towns if before else ()),
        words=Words(
            field("title", lambda typed: _words("title", typed, digest.TITLE), before and before.words.title),
            field("text", lambda typed: _words("text", typed, digest.TEXT), before and before.words.text),
        ),
        until=until,
        on=on,
        link=field("link", lambda typed: _link(typed) if typed else None, before and before.link),
        translations=before.translations if before else {},
    )


def _coming(typed: str, field: str, today: dt.date) -> dt.date:
    day = read_coming_day(typed, today)
    if not today <= day <= today + _FARTHEST:
        why = "もう過ぎています" if day < today else "1年より先です"
        raise BadField(field, f"{NAMES[field]}「{output.day(day)}」は、{why}。")
    return day


def _towns(house: House, typed: str) -> tuple[str, ...]:
    names = [name.strip() for name in re.split(r"[、,，・]", typed) if name.strip()]
    return tuple(dict.fromkeys(one_of("市町", name, town_names(house.content)) for name in names))


def _words(field: str, typed: str, longest: int) -> str:
    words = "\n".join(line.rstrip() for line in typed.strip().splitlines())
    if not words:
        raise BadField(field, f"{NAMES[field]}が空です。")
    if len(words) > longest:
        raise BadField(field, f"{NAMES[field]}が長すぎます（{len(words)} 文字。{longest} 文字まで）。")
    if field == "title" and "\n" in words:
        raise BadField(field, "題は1行で書いてください。")
    return words


def _link(typed: str) -> str:
    try:
        link = address(typed)
    except BadAddress as wrong:
        raise BadField("link", str(wrong), "例: https://www.example.lg.jp/page") from None
    if len(link) > digest.LINK:
        raise BadField("link", f"リンクが長すぎます（{len(link)} 文字。{digest.LINK} 文字まで）。")
    return link


def _example(house: House, field: str) -> str:
    if field == "topic":
        return f"使えるもの: {'、'.join(topic_names(house.content).values())}"
    return "例: --title みんなで昼ごはん" if field == "title" else '例: --text "浦富公民館で11時から。"'


def same_as(work: Work, channel: str, told: Told, today: dt.date) -> Item | None:
    """An item that says the same, so that a table which is read twice tells nothing twice."""
    for item in news_items.current(work, channel, today):
        if (item.told.topic, item.told.words, item.told.on, item.told.towns) == (
            *(told.topic, told.words, told.on, told.towns),
        ):
            return item
    return None


# ---- said again --------------------------------------------------------------------------------------------


def when_told(house: House, item: Item) -> list[str]:
    """When it goes out at each rhythm, and whom it will miss."""
    plan, lines = house.content.news, []
    (rhythm,) = set(taken(house.content, {item.told.topic: "week"}).values()) or {"week"}
    for each in ("each",) if rhythm == "each" else RHYTHMS:
        at = plan.coming(each, house.now)
        last = min(item.told.until, item.told.on or item.told.until)
        if at.date() <= last:
            lines.append(f"  {CALLED[each]}の人へ: {output.moment(at)}")
        else:
            lines.append(
                f"  {CALLED[each]}の人へ: 届きません（つぎの便 {output.moment(at)} の前に終わります）"
            )
    lines.append("便を待たずに、すぐ全員に知らせるとき: tsunagari broadcast send")
    return lines


def facts(item: Item) -> dict[str, Any]:
    """For programs."""
    number = {"id": item.id, "channel": item.channel, "number": item.number}
    return number | said(item.told) | {"created_by": item.created_by, "created_at": item.created_at}


def said(told: Told) -> dict[str, Any]:
    """The same of what is not entered yet."""
    return {
        "topic": told.topic,
        "towns": list(told.towns),
        "title": told.words.title,
        "text": told.words.text,
        "on": told.on,
        "link": told.link,
        "until": told.until,
        "translations": {
            key: {"title": words.title, "text": words.text} for key, words in told.translations.items()
        },
    }
