"""Items of news: what staff enter over the month, and how far each person has been told of it.

An item has a number, given under a lock: what has a smaller number was entered earlier and is seen by whoever sees the
larger one. So one number per person and topic (`person_topics.heard`) says what they have been told, whatever rhythm
they had or have, and nothing is told twice or passed over when they change it.
"""

from __future__ import annotations

import datetime as dt
import json
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Column,
    Date,
    Index,
    Integer,
    Row,
    String,
    Table,
    Text,
    UniqueConstraint,
    and_,
    case,
    cast,
    delete,
    func,
    insert,
    literal,
    or_,
    select,
    text,
    update,
)

from storage import recipients
from storage.broadcasts import broadcast_recipients
from storage.freezing import JAPANESE, Taken, Variant
from storage.people import Rhythm, people, person_topics
from storage.schema import Moment, metadata, new_id, sealed
from storage.segments import Segment
from storage.work import Work

news_items = Table(
    "news_items",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("channel", String(32), nullable=False),
    Column("number", Integer, nullable=False),
    Column("topic", String(32), nullable=False),
    Column("towns", Text, nullable=False),  # JSON: keys; none: all of the channel
    sealed("words", nullable=False),
    Column("on_date", Date),
    Column("until", Date, nullable=False),
    Column("created_by", String(64), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("changed_at", Moment),
    UniqueConstraint("channel", "number"),
    Index(None, "until"),
)
_TOPICS: Final = person_topics.c
_LARGEST: Final = 2**62  # that both databases count with


@dataclass(frozen=True)
class Words:
    """What an item says in one language."""

    title: str
    text: str


@dataclass(frozen=True)
class Told:
    """What is told of an item. `on` is the day of the event, `until` the last day on which it is news; no `towns`: all
    of the channel."""

    topic: str
    towns: tuple[str, ...]
    words: Words
    until: dt.date
    on: dt.date | None = None
    link: str | None = None
    translations: Mapping[str, Words] = field(default_factory=dict, hash=False)


@dataclass(frozen=True)
class Item:
    """An item as it stands."""

    id: str
    channel: str
    number: int
    told: Told
    created_by: str
    created_at: dt.datetime
    changed_at: dt.datetime | None


@dataclass(frozen=True)
class Newest:
    """An item as far as it matters to whom it is to be told."""

    id: str
    number: int
    topic: str


def hold(work: Work) -> None:
    """Nobody enters an item or composes a digest until this unit of work ends (SQLite has one writer at a time
    anyway)."""
    if work.on_postgresql:
        work.conn.execute(text("LOCK TABLE news_items IN SHARE ROW EXCLUSIVE MODE"))


def add(work: Work, channel: str, told: Told, created_by: str) -> Item:
    """A new item, with the next number of its channel."""
    hold(work)
    last = work.conn.execute(
        select(func.max(news_items.c.number)).where(news_items.c.channel == channel)
    ).scalar()
    heard = work.conn.execute(  # also of items that are gone: no number comes twice
        select(func.max(_TOPICS.heard)).where(_TOPICS.channel == channel)
    ).scalar()
    fresh = new_id()
    row = work.conn.execute(
        insert(news_items)
        .values(
            id=fresh,
            channel=channel,
            number=max(last or 0, heard or 0) + 1,
            created_by=created_by,
            created_at=work.now,
            **_values(work, channel, fresh, told),
        )
        .returning(*news_items.c)
    ).one()
    return _item(work, row)


def change(work: Work, item: Item, told: Told) -> Item:
    """Other words, days or towns; who has been told already is not told again."""
    row = work.conn.execute(
        update(news_items)
        .where(news_items.c.id == item.id)
        .values(changed_at=work.now, **_values(work, item.channel, item.id, told))
        .returning(*news_items.c)
    ).one()
    return _item(work, row)


def remove(work: Work, item_id: str) -> None:
    """It is told to nobody any more."""
    work.conn.execute(delete(news_items).where(news_items.c.id == item_id))


def get(work: Work, item_id: str) -> Item | None:
    """The item with this id."""
    row = work.conn.execute(select(news_items).where(news_items.c.id == item_id)).first()
    return None if row is None else _item(work, row)


def listed(work: Work, channel: str | None = None) -> tuple[Item, ...]:
    """All that are kept, of one channel or of all, the newest first."""
    query = select(news_items).order_by(news_items.c.channel, news_items.c.number.desc())
    if channel is not None:
        query = query.where(news_items.c.channel == channel)
    return tuple(_item(work, row) for row in work.conn.execute(query))


def current(work: Work, channel: str, today: dt.date) -> tuple[Item, ...]:
    """What is news on this day, by number."""
    query = (
        select(news_items)
        .where(
            news_items.c.channel == channel,
            news_items.c.until >= today,
            or_(news_items.c.on_date.is_(None), news_items.c.on_date >= today),
        )
        .order_by(news_items.c.number)
    )
    return tuple(_item(work, row) for row in work.conn.execute(query))


def still_there(work: Work, ids: Collection[str]) -> frozenset[str]:
    """Those of these items that nobody has removed."""
    query = select(news_items.c.id).where(news_items.c.id.in_(tuple(ids)))
    return frozenset(work.conn.execute(query).scalars())


def forget_old(work: Work, older_than: dt.timedelta) -> int:
    """Nightly: what has long ceased to be news."""
    gone = news_items.c.until < (work.now - older_than).date()
    return work.conn.execute(delete(news_items).where(gone)).rowcount


def unheard(news: Sequence[Newest], rhythm: Rhythm, at_once: Collection[str] = ()) -> Taken:
    """Which of these items each person is to be told at this rhythm; topics `at_once` count as taken at once, whatever
    rhythm stands there.

    What somebody has not heard of a topic is its newest items, so many. These counts make one number, as hours,
    minutes and seconds make one.
    """
    by_topic: dict[str, list[Newest]] = {}
    for one in sorted(news, key=lambda one: one.number):
        if rhythm == "each" or one.topic not in at_once:
            by_topic.setdefault(one.topic, []).append(one)
    _leave_out_the_oldest(by_topic)
    worth, worths, counts = 1, {}, []
    for topic, items in by_topic.items():
        worths[topic] = worth
        left = [(_TOPICS.heard < one.number, (len(items) - place) * worth) for place, one in enumerate(items)]
        whatever = topic in at_once
        mine = _TOPICS.topic == topic if whatever else and_(_TOPICS.topic == topic, _TOPICS.rhythm == rhythm)
        counts.append((mine, case(*left, else_=0)))
        worth *= len(items) + 1
    number = case(*counts, else_=0) if counts else literal(0)
    whole = cast(
        func.coalesce(func.sum(number), 0), BigInteger
    )  # PostgreSQL's sum of large numbers is no integer
    query = select(whole).where(_TOPICS.person_id == people.c.id)

    def read(number: int) -> frozenset[str]:
        found: set[str] = set()
        for topic, items in by_topic.items():
            left = number // worths[topic] % (len(items) + 1)
            found.update(one.id for one in items[len(items) - left :])
        return frozenset(found)

    return Taken(query.scalar_subquery(), read)


def _leave_out_the_oldest(by_topic: dict[str, list[Newest]]) -> None:
    """So that the number is one that databases count with: hundreds of items, of which most are told long since."""
    while math.prod(len(items) + 1 for items in by_topic.values()) > _LARGEST:
        del max(by_topic.values(), key=len)[0]


def waiting(work: Work, channel: str, segment: Segment, taken: Taken) -> list[tuple[Variant, int]]:
    """How many people would get the same at this moment, by town, language and what they have not heard."""
    language = func.coalesce(people.c.language, JAPANESE).label("language")
    who = (
        select(people.c.town.label("town"), language, taken.of_person.label("number"))
        .where(recipients.recipients(channel, segment, work.now))
        .subquery()
    )
    rows = work.conn.execute(
        select(who.c.town, who.c.language, who.c.number, func.count().label("people"))
        .where(who.c.number > 0)
        .group_by(who.c.town, who.c.language, who.c.number)
        .order_by(func.count().desc(), who.c.number.desc(), who.c.town, who.c.language)
    )
    return [
        (Variant(language=row.language, town=row.town, topics=taken.read(row.number)), row.people)
        for row in rows
    ]


def note_heard(
    work: Work,
    broadcast_id: str,
    upto: int,
    rhythm: Rhythm,
    topics: Collection[str],
    at_once: Collection[str],
) -> None:
    """Whoever gets this digest has been told everything of these topics up to this number."""
    gets = select(broadcast_recipients.c.person_id).where(
        broadcast_recipients.c.broadcast_id == broadcast_id, broadcast_recipients.c.chunk.is_not(None)
    )
    whatever = tuple(set(topics) & set(at_once)) if rhythm == "each" else ()
    mine = or_(
        _TOPICS.topic.in_(whatever),
        and_(_TOPICS.topic.in_(tuple(set(topics) - set(at_once))), _TOPICS.rhythm == rhythm),
    )
    work.conn.execute(
        update(person_topics)
        .where(mine, _TOPICS.heard < upto, _TOPICS.person_id.in_(gets))
        .values(heard=upto)
    )


def _values(work: Work, channel: str, item_id: str, told: Told) -> dict[str, Any]:
    words = {
        "title": told.words.title,
        "text": told.words.text,
        "link": told.link,
        "in": {key: [words.title, words.text] for key, words in told.translations.items()},
    }
    return {
        "topic": told.topic,
        "towns": json.dumps(list(told.towns)),
        "words": work.seal(words, channel, "news_items", "words", item_id),
        "on_date": told.on,
        "until": told.until,
    }


def _item(work: Work, row: Row[*tuple[Any, ...]]) -> Item:
    words = work.unseal(row.words, row.channel, "news_items", "words", row.id)
    told = Told(
        topic=row.topic,
        towns=tuple(json.loads(row.towns)),
        words=Words(words["title"], words["text"]),
        until=row.until,
        on=row.on_date,
        link=words["link"],
        translations={key: Words(*said) for key, said in words["in"].items()},
    )
    return Item(row.id, row.channel, row.number, told, row.created_by, row.created_at, row.changed_at)


def as_plain(items: Sequence[Item]) -> list[dict[str, Any]]:
    """For a broadcast's message, as JSON takes it: what was told stays to be seen when the items are gone."""
    return [
        {
            "id": item.id,
            "number": item.number,
            "topic": item.told.topic,
            "towns": list(item.told.towns),
            "title": item.told.words.title,
            "text": item.told.words.text,
            "link": item.told.link,
            "on": item.told.on and item.told.on.isoformat(),
            "until": item.told.until.isoformat(),
            "in": {key: [words.title, words.text] for key, words in item.told.translations.items()},
        }
        for item in items
    ]
