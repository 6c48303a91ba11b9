"""A digest: the news of a while in a few bubbles that are read from top to bottom, for each variant of its readers.

In a broadcast it is one message, {"digest": {"rhythm", "upto", "items"}}; the items are as storage/news_items.py writes
them down (`as_plain`). No cards: whoever does not know that one can swipe sees the first, and text is as large as the
phone's own letters.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from bot.broadcasting.stop_line import with_stop_line
from bot.content.languages import Language
from bot.content.library import Content
from bot.content.news import Rhythm
from bot.line.render import to_line
from bot.messages import MESSAGES, Saying, Text, utf16_units
from bot.when import TOKYO, WEEKDAYS
from storage import freezing, news_items
from storage.broadcasts import Broadcast
from storage.freezing import Axis, Render, Taken, Variant
from storage.news_items import Newest, unheard
from storage.segments import Segment
from storage.work import Work

AXES: Final[frozenset[Axis]] = frozenset({"town", "topics", "language"})
MOST_TOLD: Final = 12  # items at once; the others are a word away
TITLE, TEXT, LINK = 40, 200, 300  # letters of an item
ROUND: Final = 60  # letters around an item: its day, its marks
_FULL: Final = 500  # units, after which the next topic begins a bubble of its own
_LONGEST: Final = 4_000


@dataclass(frozen=True)
class Piece:
    """An item of a digest, in our own words."""

    id: str
    number: int
    topic: str
    towns: tuple[str, ...]
    title: str
    text: str
    link: str | None
    on: dt.date | None
    until: dt.date
    translations: Mapping[str, tuple[str, str]] = field(hash=False)

    def is_news(self, today: dt.date) -> bool:
        return today <= self.until and (self.on is None or today <= self.on)


@dataclass(frozen=True)
class Digest:
    """What one turn of a rhythm may tell: everything entered up to the number `upto`."""

    rhythm: Rhythm
    upto: int
    pieces: tuple[Piece, ...]

    def taken(self, content: Content) -> Taken:
        """Who has heard of which of them."""
        news = [Newest(one.id, one.number, one.topic) for one in self.pieces]
        return unheard(news, self.rhythm, content.news.at_once)

    @property
    def topics(self) -> frozenset[str]:
        return frozenset(one.topic for one in self.pieces)


def digest_of(messages: Sequence[Mapping[str, Any]]) -> Digest | None:
    """The digest that a broadcast consists of; None where it is of another kind."""
    match messages:
        case [{"digest": {"rhythm": rhythm, "upto": upto, "items": items}}]:
            return Digest(rhythm, upto, tuple(map(piece, items)))
        case _:
            return None


def piece(plain: Mapping[str, Any]) -> Piece:
    """An item from what `as_plain` made of it."""
    return Piece(
        id=plain["id"],
        number=plain["number"],
        topic=plain["topic"],
        towns=tuple(plain["towns"]),
        title=plain["title"],
        text=plain["text"],
        link=plain["link"],
        on=dt.date.fromisoformat(plain["on"]) if plain["on"] else None,
        until=dt.date.fromisoformat(plain["until"]),
        translations={key: (title, text) for key, (title, text) in plain["in"].items()},
    )


def told_to(digest: Digest, variant: Variant, there: Collection[str], today: dt.date) -> tuple[Piece, ...]:
    """What these people are told, the soonest first: of their topics, of their town, and still news."""
    return soonest(
        one
        for one in digest.pieces
        if one.id in variant.topics and one.id in there and one.is_news(today) and of_town(one, variant.town)
    )


def of_town(one: Piece, town: str | None) -> bool:
    return not one.towns or town in one.towns


def soonest(pieces: Iterable[Piece]) -> tuple[Piece, ...]:
    """By the day of the event; what has none after those, the newest first."""
    return tuple(sorted(pieces, key=lambda one: (one.on or dt.date.max, -one.number)))


def render(
    content: Content,
    digest: Digest,
    there: Collection[str],
    today: dt.date,
    link: Callable[[str], str] = lambda url: url,
) -> Render:
    """What `freeze` asks for each variant: LINE's messages, none where there is nothing to tell."""

    def messages(variant: Variant) -> list[dict[str, Any]]:
        told = told_to(digest, variant, there, today)
        return to_line(saying(content, told, variant.language, link)) if told else []

    return messages


def begin(
    work: Work, content: Content, found: Broadcast, told: Digest, link: Callable[[str], str] = lambda url: url
) -> int:
    """Freeze a digest that starts now, and note who has heard of what from now on; how many people that are."""
    ids = [one.id for one in told.pieces]
    there = news_items.still_there(work, ids)
    today = work.now.astimezone(TOKYO).date()
    made = render(content, told, there, today, link)
    count = freezing.freeze(work, found.id, made, AXES, taken=told.taken(content))
    at_once = content.news.at_once
    news_items.note_heard(work, found.id, told.upto, told.rhythm, told.topics, at_once)
    return count


def reach(
    work: Work, content: Content, channel: str, segment: Segment, told: Digest, day: dt.date | None = None
) -> list[tuple[tuple[Piece, ...], str, int]]:
    """What would be told if it began now (or on this day, as things stand now): the pieces, the language, and to how
    many; the most people first."""
    today = day or work.now.astimezone(TOKYO).date()
    there = {one.id for one in told.pieces}
    counts: Counter[tuple[tuple[Piece, ...], str]] = Counter()
    for variant, count in news_items.waiting(work, channel, segment, told.taken(content)):
        if pieces := told_to(told, variant, there, today):
            counts[pieces, content.language(variant.language).key] += count
    return [(pieces, language, count) for (pieces, language), count in counts.most_common()]


def saying(
    content: Content,
    told: Sequence[Piece],
    language: str | None = None,
    link: Callable[[str], str] = lambda url: url,
) -> Saying:
    """The bubbles, ending with how to stop."""
    return with_stop_line([Text(each) for each in bubbles(content, told, language, link)], content, language)


def bubbles(
    content: Content,
    told: Sequence[Piece],
    language: str | None = None,
    link: Callable[[str], str] = lambda url: url,
    most: int = MOST_TOLD,
) -> list[str]:
    """At most five texts: topic after topic, in each the soonest first."""
    spoken = content.language(language)
    shown, left = told[:most], len(told) - most
    parts = []
    for topic in [each for each in content.topics if any(one.topic == each for one in shown)]:
        heading = content.texts.get("news.topic", topic=content.texts.get(f"registration.topics.{topic}"))
        said = [_said(one, spoken, link) for one in shown if one.topic == topic]
        parts += _split([heading, *said])
    if left > 0:
        parts.append(spoken.rest.format(count=left))
    return _packed([spoken.lead, *parts])


def _said(one: Piece, spoken: Language, link: Callable[[str], str]) -> str:
    title, text = one.translations.get(spoken.key, (one.title, one.text))
    lines = [f"● {title}"]
    if one.on is not None:
        lines.append(_day(one.on, spoken))
    lines.append(text)
    if one.link is not None:
        lines.append(f"{spoken.more}: {link(one.link)}")
    return "\n".join(lines)


def _day(day: dt.date, spoken: Language) -> str:
    if spoken.key.startswith("ja"):
        return f"{day.month}月{day.day}日（{WEEKDAYS[day.weekday()]}）"
    return f"{day:%Y-%m-%d}"


def _split(said: Sequence[str]) -> list[str]:
    """One topic in one text, or in several where it is too long for one."""
    heading, first, *others = said
    parts = [f"{heading}\n{first}"]
    for each in others:
        longer = f"{parts[-1]}\n\n{each}"
        if utf16_units(longer) <= _LONGEST:
            parts[-1] = longer
        else:
            parts.append(each)
    return parts


def _packed(parts: Sequence[str]) -> list[str]:
    """Short parts share a bubble; more than five bubbles are joined where they are shortest."""
    packed: list[str] = []
    for part in parts:
        if packed and utf16_units(packed[-1] + part) <= _FULL:
            packed[-1] += f"\n\n{part}"
        else:
            packed.append(part)
    while len(packed) > MESSAGES:
        at = min(range(len(packed) - 1), key=lambda n: utf16_units(packed[n] + packed[n + 1]))
        packed[at : at + 2] = [f"{packed[at]}\n\n{packed[at + 1]}"]
    return packed
