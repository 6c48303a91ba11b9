"""People: whoever talks to one of our LINE accounts, as a resident or as a registered supporter."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final, Literal, get_args

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Executable,
    ForeignKey,
    Index,
    Integer,
    Row,
    String,
    Table,
    UniqueConstraint,
    bindparam,
    delete,
    false,
    func,
    insert,
    select,
    update,
)

from storage.schema import Moment, metadata, new_id, sealed
from storage.work import Work, insert_for

Role = Literal["resident", "supporter"]
Rhythm = Literal["each", "week", "month"]  # at once, or in one digest a week or a month
RHYTHMS: Final[tuple[Rhythm, ...]] = get_args(Rhythm)
USUAL: Final[Rhythm] = "week"  # of whoever was not asked

people = Table(
    "people",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("channel", String(32), nullable=False),
    Column("line_index", String(64), nullable=False),
    sealed("line_id", nullable=False),
    Column("friend", Boolean, nullable=False),
    Column(
        "friend_changed_ms", BigInteger, nullable=False
    ),  # LINE's own timestamp: events arrive out of order
    Column("role", String(16), nullable=False),
    Column("town", String(32)),
    Column("district", String(32)),
    Column("language", String(8)),  # of news, where the town wrote them in it; none: Japanese
    Column("supporter_since", Moment),
    Column("paused", Boolean, nullable=False, server_default=false()),  # wants no news for now
    Column("consent_version", String(32)),
    Column("consent_at", Moment),
    Column("danger_until", Moment),
    Column("partner_id", String(32)),  # of the watch partner for whom they report
    Column("created_at", Moment, nullable=False),
    UniqueConstraint("channel", "line_index"),
    Index(None, "channel", "role", "town"),
    Index(None, "partner_id"),
)

person_topics = Table(
    "person_topics",
    metadata,
    Column("person_id", ForeignKey("people.id", ondelete="CASCADE"), primary_key=True),
    Column("topic", String(32), primary_key=True),
    Column("channel", String(32), nullable=False),
    Column("rhythm", String(8), nullable=False, server_default=USUAL),
    Column("heard", Integer, nullable=False, server_default="0"),  # the number of the last item of news told
    Index(None, "channel", "topic"),
)


@dataclass(frozen=True)
class Person:
    """Someone on one channel. `line_id` is LINE's user id (U + 32 hex digits)."""

    id: str
    channel: str
    line_id: str
    friend: bool
    role: Role
    town: str | None
    district: str | None
    supporter_since: dt.datetime | None
    danger_until: dt.datetime | None
    friend_changed_ms: int  # LINE's time of the last event that told whether they are a friend
    partner_id: str | None = None
    language: str | None = None  # None: Japanese
    news: Mapping[str, Rhythm] = field(default_factory=dict)  # the topics that they take, and how often

    @property
    def topics(self) -> tuple[str, ...]:
        return tuple(self.news)


_COLUMNS = tuple(
    people.c[name]
    for name in (
        "id",
        "channel",
        "friend",
        "role",
        "town",
        "district",
        "supporter_since",
        "danger_until",
        "friend_changed_ms",
        "partner_id",
        "language",
    )
)
_BY_INDEX = (
    select(*_COLUMNS, people.c.line_index)
    .where(  # the index tells the channel, too; that it stands here lets the database use its own
        people.c.channel.in_(bindparam("channels", expanding=True)),
        people.c.line_index.in_(bindparam("indexes", expanding=True)),
    )
    .order_by(people.c.line_index)  # all in one order, so that nobody waits crosswise
)
# A row may refer to these people all the same (a desk that writes to them): it would wait, and then we for it.
_LOCKED = _BY_INDEX.with_for_update(key_share=True)
_NEWS = (
    select(person_topics.c.person_id, person_topics.c.topic, person_topics.c.rhythm)
    .where(person_topics.c.person_id.in_(bindparam("whose", expanding=True)))
    .order_by(person_topics.c.topic)
)


@cache
def _make(dialect: str) -> Executable:
    return insert_for(dialect, people).on_conflict_do_nothing().returning(*_COLUMNS)


_FRIEND = (
    update(people)
    .where(people.c.id == bindparam("whose"), people.c.friend_changed_ms <= bindparam("changed_ms"))
    .values(friend=bindparam("now_friend"), friend_changed_ms=bindparam("changed_ms"))
)
_SET_FRIEND = _FRIEND.returning(people.c.id)


def lock(work: Work, channel: str, line_id: str) -> Person:
    """The person with this LINE user id, made on first sight, locked until the unit of work ends.

    Without this lock two events of one person that arrive together lose an answer (ARCHITECTURE §3).
    """
    return lock_all(work, [(channel, line_id)])[0]


def lock_all(work: Work, known_as: Sequence[tuple[str, str]]) -> list[Person]:
    """The same for several (channel, LINE user id), none of them twice, in their order."""
    indexes = {work.index("line", channel, line_id): (channel, line_id) for channel, line_id in known_as}
    rows = _locked_rows(work, {channel for channel, _ in known_as}, indexes)
    for index in sorted(indexes.keys() - rows.keys()):
        made = _made(work, *indexes[index], index)
        rows[index] = made or _locked_rows(work, {indexes[index][0]}, [index])[index]
    news = _news_of(work, [row.id for row in rows.values() if row.town is not None])
    return [_person(rows[index], line_id, news) for index, (_, line_id) in indexes.items()]


def _locked_rows(
    work: Work, channels: Iterable[str], indexes: Iterable[str]
) -> dict[str, Row[*tuple[Any, ...]]]:
    query = _LOCKED if work.on_postgresql else _BY_INDEX
    found = work.conn.execute(query, {"channels": sorted(channels), "indexes": list(indexes)})
    return {row.line_index: row for row in found}


def _made(work: Work, channel: str, line_id: str, line_index: str) -> Row[*tuple[Any, ...]] | None:
    """A new person's row (nobody else sees it yet); None when another delivery was faster."""
    fresh = new_id()
    values = {
        "id": fresh,
        "channel": channel,
        "line_index": line_index,
        "line_id": work.seal(line_id, channel, "people", "line_id", fresh),
        "friend": True,
        "friend_changed_ms": 0,
        "role": "resident",
        "created_at": work.now,
    }
    return work.conn.execute(_make(work.conn.dialect.name), values).first()


def _news_of(work: Work, ids: Sequence[str]) -> dict[str, dict[str, Rhythm]]:
    """The topics that these people take, and how often. Whoever takes news has told us where they live."""
    news: dict[str, dict[str, Rhythm]] = {}
    for taken in work.conn.execute(_NEWS, {"whose": ids}) if ids else ():
        news.setdefault(taken.person_id, {})[taken.topic] = taken.rhythm
    return news


def _person(row: Row[*tuple[Any, ...]], line_id: str, news: Mapping[str, Mapping[str, Rhythm]]) -> Person:
    return Person(
        row.id,
        row.channel,
        line_id,
        row.friend,
        row.role,
        row.town,
        row.district,
        row.supporter_since,
        row.danger_until,
        row.friend_changed_ms,
        row.partner_id,
        row.language,
        news.get(row.id, {}),
    )


def get(work: Work, person_id: str) -> Person | None:
    """The person with this id of ours."""
    row = work.conn.execute(select(*_COLUMNS, people.c.line_id).where(people.c.id == person_id)).first()
    if row is None:
        return None
    line_id = work.unseal(row.line_id, row.channel, "people", "line_id", row.id)
    return _person(row, line_id, _news_of(work, [row.id] if row.town is not None else []))


def set_friend(work: Work, person_id: str, friend: bool, changed_ms: int) -> bool:
    """Note a follow or a block; False when a newer one is known already (LINE does not keep the order)."""
    values = {"whose": person_id, "now_friend": friend, "changed_ms": changed_ms}
    return work.conn.execute(_SET_FRIEND, values).first() is not None


def wrote(work: Work, written: Sequence[tuple[str, int]]) -> None:
    """These people (by id) wrote to us at LINE's time: they were friends then, where nothing newer is known."""
    values = [{"whose": whose, "now_friend": True, "changed_ms": at_ms} for whose, at_ms in written]
    if values:
        work.conn.execute(_FRIEND, values)


def register(
    work: Work,
    person: Person,
    *,
    town: str,
    district: str | None,
    topics: tuple[str, ...],
    consent_version: str,
) -> None:
    """Make this person a supporter of a town, with the news topics they chose and the text they agreed to."""
    work.conn.execute(
        update(people)
        .where(people.c.id == person.id)
        .values(
            role="supporter",
            town=town,
            district=district,
            supporter_since=person.supporter_since or work.now,
            consent_version=consent_version,
            consent_at=work.now,
        )
    )
    set_topics(work, person, topics)


def follow_register(
    work: Work, person_id: str, *, role: Role, town: str | None, district: str | None, paused: bool
) -> None:
    """What broadcasts and flows see of this person from now on; a resident has no topics and no date."""
    values: dict[str, Any] = {"role": role, "town": town, "district": district, "paused": paused}
    if role == "resident":
        values |= {"supporter_since": None, "consent_version": None, "consent_at": None}
        work.conn.execute(delete(person_topics).where(person_topics.c.person_id == person_id))
    else:
        values |= {
            "supporter_since": func.coalesce(people.c.supporter_since, bindparam("now", work.now, Moment))
        }
    work.conn.execute(update(people).where(people.c.id == person_id).values(**values))


def set_topics(work: Work, person: Person, topics: Collection[str]) -> None:
    """The kinds of news that this person wants, in the place of those they wanted before; in their rhythm of before,
    or in the usual one."""
    set_news(work, person, {topic: person.news.get(topic, USUAL) for topic in topics})


def set_news(
    work: Work, person: Person, news: Mapping[str, Rhythm], heard: Mapping[str, int] | None = None
) -> None:
    """The same with how often. A topic that was there before keeps how far it has been told; so does what is taken
    back (`heard`). A new one begins with what is news now."""
    mine = delete(person_topics).where(person_topics.c.person_id == person.id)
    before = work.conn.execute(mine.returning(person_topics.c.topic, person_topics.c.heard))
    told = {**(heard or {}), **{row.topic: row.heard for row in before}}
    if news:
        work.conn.execute(
            insert(person_topics),
            [
                {
                    "person_id": person.id,
                    "topic": topic,
                    "channel": person.channel,
                    "rhythm": news[topic],
                    "heard": told.get(topic, 0),
                }
                for topic in sorted(news)
            ],
        )


def heard_so_far(work: Work, person_id: str) -> dict[str, int]:
    """How far each topic that this person takes has been told."""
    mine = select(person_topics).where(person_topics.c.person_id == person_id)
    return {row.topic: row.heard for row in work.conn.execute(mine)}


def begin_news(work: Work, person: Person, town: str, consent_version: str) -> None:
    """A resident wants news of this town; whoever had stopped them gets them again."""
    values: dict[str, Any] = {"town": town, "paused": False}
    if town != person.town:
        values["district"] = None
    values |= {"consent_version": consent_version, "consent_at": work.now}
    work.conn.execute(update(people).where(people.c.id == person.id).values(**values))


def set_paused(work: Work, person_id: str, paused: bool) -> None:
    """Whether a resident gets nothing that is sent to many; of supporters the register says it."""
    work.conn.execute(update(people).where(people.c.id == person_id).values(paused=paused))


def is_paused(work: Work, person_id: str) -> bool:
    """Whether they get nothing that is sent to many."""
    return bool(work.conn.execute(select(people.c.paused).where(people.c.id == person_id)).scalar())


def speak(work: Work, person_id: str, language: str | None) -> None:
    """In which language news come to this person; None: Japanese."""
    work.conn.execute(update(people).where(people.c.id == person_id).values(language=language))


def keep_still(work: Work, person_id: str) -> None:
    """Nobody else changes this person until the unit of work ends. Always before a concern of theirs is changed:
    their chat does it in this order, too, and neither waits for the other for ever."""
    if work.on_postgresql:
        this = select(people.c.id).where(people.c.id == person_id)
        work.conn.execute(this.with_for_update(key_share=True))


def lock_by_id(work: Work, person_id: str) -> bool:
    """Nobody else changes this person until the unit of work ends; False where they are gone."""
    query = select(people.c.id).where(people.c.id == person_id).with_for_update(key_share=True)
    return work.conn.execute(query).first() is not None


def hold_broadcasts(work: Work, person_id: str, until: dt.datetime) -> None:
    """After words of danger no broadcast reaches this person until then."""
    work.conn.execute(update(people).where(people.c.id == person_id).values(danger_until=until))


def numbers(work: Work) -> list[tuple[str, str, bool, int]]:
    """How many people there are, by channel, role and whether they are friends."""
    rows = work.conn.execute(
        select(people.c.channel, people.c.role, people.c.friend, func.count()).group_by(
            people.c.channel, people.c.role, people.c.friend
        )
    )
    return [(channel, role, friend, count) for channel, role, friend, count in rows]


def supporters(work: Work, channel: str) -> Iterator[str]:
    """The ids (ours) of everybody who is registered on this channel, in a steady order."""
    query = select(people.c.id).where(people.c.channel == channel, people.c.role == "supporter")
    yield from work.conn.execute(query.order_by(people.c.id)).scalars()
