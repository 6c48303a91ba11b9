"""Everything that hangs on one person, and how it goes: completely, except for figures that name nobody.

What hangs on a person is read from the tables themselves (their foreign keys), so that a table which is added later
is shown in 「わたしのデータ」 and erased without being named here. `broadcast_recipients` alone has none, and is named.

- Rows whose key says CASCADE go with the person; where it says SET NULL the row stays as a figure without a name.
- What they reported stays with its desk, but not who reported it, nor the contact that they wrote in the form.
- Messages that wait are dropped; of those that were sent only the fact stays (when, by reply or push).
- A broadcast that waits for LINE names the addresses of its chunk: theirs is taken out.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Integer,
    String,
    Table,
    and_,
    delete,
    false,
    func,
    literal,
    or_,
    select,
    update,
)

from storage import attempts, broadcasts
from storage.broadcasts import broadcast_recipients
from storage.concern_table import concerns
from storage.course_mails import course_mails
from storage.course_members import course_members
from storage.course_places import course_places
from storage.course_places import of_person as places_of_person
from storage.courses import lock as lock_course
from storage.crypto import SealBroken
from storage.drafts import drafts
from storage.events import troubled_events
from storage.joinings import joinings
from storage.links import links
from storage.outbox import outbox
from storage.people import Person, keep_still, people
from storage.schema import Moment, metadata
from storage.supporters import Supporter, hold, supporters
from storage.work import Database, Work

CONTACT = "contact"  # the field of a concern's details in which the reporter may say who they are
OF_SOMEBODY_ELSE = {
    "concerns": "the words are about a neighbour and belong to the desk; `_without_reporter` takes the contact",
    "staff": "the account of a member of staff, who only joined this LINE to it",
    "cards": "the code of a printed card, which says nothing about who used it",
    "course_places": "`_forget_places` wipes the words; the place stays as a figure",
    "outbox": "bodies are wiped here",
    "supporters": "the entries are deleted here",
}
"""Tables with sealed words whose rows outlive the person, and why nothing personal stays in them."""
_NUMBER = re.compile(r"\n\n(?=K-[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]\n)")

erased = Table(
    "erased",
    metadata,
    Column("channel", String(32), primary_key=True),
    Column("town", String(32), primary_key=True),  # empty: of no town
    Column("month", String(7), primary_key=True),  # 2026-12
    Column("entries", Integer, nullable=False),
    Column("people", Integer, nullable=False),
    Column("last_at", Moment, nullable=False),
    Column("folded_at", Moment),  # since then the log of SQLite holds nothing of it any more
)


@dataclass(frozen=True)
class Held:
    """One table's rows about somebody, with what is sealed in them opened."""

    table: str
    rows: tuple[Mapping[str, Any], ...]


# ---- what there is -----------------------------------------------------------------------------------------


def hanging() -> tuple[tuple[Table, tuple[Column[Any], ...], tuple[Column[Any], ...]], ...]:
    """Every table that names people or entries of the register, with the columns that do."""
    from storage import tables  # all of them, whoever asks; it imports this module, so not above

    found = []
    for table in tables.metadata.sorted_tables:
        to_people = tuple(key.parent for key in table.foreign_keys if key.column is people.c.id)
        to_entries = tuple(key.parent for key in table.foreign_keys if key.column is supporters.c.id)
        if to_people or to_entries:
            found.append((table, to_people, to_entries))
    return tuple(found)


def held(work: Work, person_id: str | None, entry_ids: Collection[str]) -> tuple[Held, ...]:
    """All rows about this person and these entries of the register, table by table."""
    everything = [Held("people", _rows(work, people, people.c.id == person_id))] if person_id else []
    for table, to_people, to_entries in hanging():
        mine = _mine(to_people, to_entries, person_id, entry_ids)
        if table is course_places:
            continue  # more of them than those that name the phone: see below
        if table is supporters:
            mine = supporters.c.id.in_(tuple(entry_ids))
        everything.append(Held(table.name, _rows(work, table, mine)))
    if person_id:
        of_links = select(links.c.id).where(links.c.person_id == person_id)
        places = _places_of(person_id, entry_ids)
        everything.append(Held("course_places", _rows(work, course_places, places)))
        got = broadcast_recipients.c.person_id == person_id
        everything.append(Held("broadcast_recipients", _rows(work, broadcast_recipients, got)))
        everything.append(Held("drafts", _rows(work, drafts, drafts.c.link_id.in_(of_links))))
    return tuple(each for each in everything if each.rows)


def _mine(
    to_people: Sequence[Column[Any]],
    to_entries: Sequence[Column[Any]],
    person_id: str | None,
    entry_ids: Collection[str],
) -> ColumnElement[bool]:
    conditions: list[ColumnElement[bool]] = [column.in_(tuple(entry_ids)) for column in to_entries]
    if person_id is not None:
        conditions += [column == person_id for column in to_people]
    return or_(false(), *conditions)


def _rows(work: Work, table: Table, mine: ColumnElement[bool]) -> tuple[Mapping[str, Any], ...]:
    query = select(table).where(mine).order_by(*table.primary_key.columns)
    return tuple(_opened(work, table, dict(row._mapping)) for row in work.conn.execute(query))


def _opened(work: Work, table: Table, row: dict[str, Any]) -> dict[str, Any]:
    for column in table.columns:
        if "sealed_row" in column.info and row[column.name] is not None:
            bound = row[column.info["sealed_row"]]
            row[column.name] = work.unseal(row[column.name], row["channel"], table.name, column.name, bound)
    return row


# ---- how it goes -------------------------------------------------------------------------------------------


def erase_person(work: Work, person: Person, entries: Collection[Supporter]) -> None:
    """This person and these entries of theirs are no more; whoever writes again is somebody new."""
    _alone_with(work, person)
    broadcasts.keep_from_freezing(work, person.channel)
    attempts.leave_count(work, person.id)
    _without_reporter(work, person.id)
    _drop_messages(work, person.id)
    emptied = _leave_out(work, person)
    _forget_troubles(work, person)
    _forget_places(work, person.id, [entry.id for entry in entries])
    for entry in entries:
        work.conn.execute(delete(supporters).where(supporters.c.id == entry.id))
    work.conn.execute(delete(broadcast_recipients).where(broadcast_recipients.c.person_id == person.id))
    work.conn.execute(delete(people).where(people.c.id == person.id))
    for broadcast_id in emptied:
        broadcasts.finish_if_done(work, broadcast_id)
    _count(work, person.channel, person.town or "", len(entries), 1)


def erase_entry(work: Work, entry: Supporter) -> None:
    """One entry of the register, of somebody without LINE or of one in a family; the phone stays known, but not that
    it was this one's: what they did is nobody else's of the family."""
    hold(work, entry.id)
    _forget_places(work, None, [entry.id])
    for table in (joinings, course_members):
        theirs = table.c.supporter_id == entry.id
        work.conn.execute(update(table).where(theirs).values(person_id=None))
    work.conn.execute(delete(links).where(links.c.about == entry.id))
    work.conn.execute(delete(supporters).where(supporters.c.id == entry.id))
    _count(work, entry.channel, entry.town, 1, 0)


def _alone_with(work: Work, person: Person) -> None:
    """Until this unit of work ends nobody changes this person, gives or frees a seat of theirs, or writes to them:
    in the order in which their chat takes these rows, so that neither waits for the other for ever."""
    keep_still(work, person.id)
    for course_id in sorted(places_of_person(work, person.id)):
        lock_course(work, course_id)
    work.conn.execute(select(people.c.id).where(people.c.id == person.id).with_for_update())


def _without_reporter(work: Work, person_id: str) -> None:
    """What they reported goes on without them, and without the contact that they wrote."""
    query = select(concerns.c.id, concerns.c.number, concerns.c.merged_into).where(
        concerns.c.person_id == person_id
    )
    for row in work.conn.execute(query).all():
        for concern_id in filter(None, (row.id, *_goes_on_as(work, row.merged_into))):
            _drop_contact(work, concern_id, row.number)
    work.conn.execute(update(concerns).where(concerns.c.person_id == person_id).values(person_id=None))


def _goes_on_as(work: Work, concern_id: str | None) -> list[str]:
    """The concerns into which one was merged, one after the other."""
    chain: list[str] = []
    while concern_id is not None and concern_id not in chain:
        chain.append(concern_id)
        concern_id = work.conn.execute(
            select(concerns.c.merged_into).where(concerns.c.id == concern_id)
        ).scalar()
    return chain


def _drop_contact(work: Work, concern_id: str, number: str) -> None:
    """Where several reports were merged, each contact but the first stands under its own number."""
    row = work.conn.execute(
        select(concerns.c.channel, concerns.c.number, concerns.c.details)
        .where(concerns.c.id == concern_id)
        .with_for_update()
    ).one()
    words = work.unseal(row.details, row.channel, "concerns", "details", concern_id)
    if not words or not words.get(CONTACT):
        return
    parts = _NUMBER.split(f"\n\n{words[CONTACT]}")
    own, others = parts[0], [part for part in parts[1:] if not part.startswith(f"{number}\n")]
    if row.number == number:  # what they added later stands behind somebody else's number
        own, others = "", [part.partition("\n\n")[0] for part in others]
    left = "\n\n".join(part for part in (own.strip("\n"), *others) if part)
    kept = {name: text for name, text in words.items() if name != CONTACT} | ({CONTACT: left} if left else {})
    sealed = work.seal(kept, row.channel, "concerns", "details", concern_id)
    work.conn.execute(update(concerns).where(concerns.c.id == concern_id).values(details=sealed))


def own_contact(contact: str) -> str:
    """What the reporter of a concern wrote of themselves, without those whose reports were merged into it."""
    return _NUMBER.split(f"\n\n{contact}")[0].strip("\n")


def _drop_messages(work: Work, person_id: str) -> None:
    """What waits is not sent. The rows stay, without whose they were: a sender that holds one at this moment must
    not find another message under its number."""
    mine = outbox.c.person_id == person_id
    work.conn.execute(
        update(outbox)
        .where(mine, outbox.c.state == "waiting")
        .values(state="dropped", settled=work.now, error="erased", leased_until=None)
    )
    work.conn.execute(update(outbox).where(mine).values(person_id=None, body=None, reply_token=None))


def _leave_out(work: Work, person: Person) -> list[str]:
    """Take their address out of chunks that were not tried yet; the broadcasts of which a chunk became empty.

    A chunk that was tried keeps its bytes, or LINE could not know it again; they go when it is settled, which is
    a day later at most.
    """
    query = (
        select(outbox)
        .where(
            outbox.c.channel == person.channel,
            outbox.c.kind == "multicast",
            outbox.c.state == "waiting",
            outbox.c.first_tried.is_(None),
        )
        .with_for_update(skip_locked=True)
    )
    emptied = []
    for row in work.conn.execute(query).all():
        body = work.unseal(row.body, row.channel, "outbox", "body", row.retry_key)
        if person.line_id not in body["to"]:
            continue
        body["to"] = [address for address in body["to"] if address != person.line_id]
        values: dict[str, Any] = {"body": work.seal(body, row.channel, "outbox", "body", row.retry_key)}
        if not body["to"]:
            values = {"body": None, "state": "dropped", "settled": work.now, "error": "nobody to send to"}
            emptied.append(row.broadcast_id)
        work.conn.execute(update(outbox).where(outbox.c.id == row.id).values(**values))
    return emptied


def _forget_troubles(work: Work, person: Person) -> None:
    """Events that could not be read were kept as they came: they may name who sent them."""
    query = select(troubled_events).where(troubled_events.c.channel == person.channel)
    for row in work.conn.execute(query).all():
        try:
            raw = work.unseal(row.raw, row.channel, "troubled_events", "raw", row.event_id)
        except SealBroken:
            continue
        if raw is not None and person.line_id in str(raw):
            work.conn.execute(
                delete(troubled_events).where(
                    troubled_events.c.channel == row.channel, troubled_events.c.event_id == row.event_id
                )
            )


def _places_of(person_id: str | None, entry_ids: Collection[str]) -> ColumnElement[bool]:
    """Places at courses: taken by this phone, noted for these entries, or signed up for with the same name and the
    same telephone, mail or LINE."""
    mine = _mine((course_members.c.person_id,), (course_members.c.supporter_id,), person_id, entry_ids)
    same_contact = or_(
        course_places.c.phone_index == supporters.c.phone_index,
        course_places.c.mail_index == supporters.c.mail_index,
        course_places.c.person_id == supporters.c.person_id,
    )
    conditions = [
        course_places.c.id.in_(select(course_members.c.place_id).where(mine)),
        select(supporters.c.id)
        .where(
            supporters.c.id.in_(tuple(entry_ids)),
            course_places.c.name_index == supporters.c.name_index,
            same_contact,
        )
        .exists(),
    ]
    if person_id is not None:
        conditions.append(course_places.c.person_id == person_id)
    return or_(*conditions)


def _forget_places(work: Work, person_id: str | None, entry_ids: Collection[str]) -> None:
    """The course keeps how many places were taken and how many were there, not by whom."""
    mine = _mine((course_members.c.person_id,), (course_members.c.supporter_id,), person_id, entry_ids)
    places = list(
        work.conn.execute(select(course_places.c.id).where(_places_of(person_id, entry_ids))).scalars()
    )
    work.conn.execute(delete(course_mails).where(course_mails.c.place_id.in_(places)))
    personal = ("name", "kana", "phone", "mail", "name_index", "phone_index", "mail_index", "token_hash")
    work.conn.execute(
        update(course_places)
        .where(course_places.c.id.in_(places))
        .values(**dict.fromkeys((*personal, "once", "consent_version")))
    )
    work.conn.execute(
        update(course_members).where(mine).values(who=literal("gone:").concat(course_members.c.id))
    )


def _count(work: Work, channel: str, town: str, entries: int, persons: int) -> None:
    month = work.now.astimezone(dt.timezone(dt.timedelta(hours=9))).strftime("%Y-%m")
    work.conn.execute(
        work.insert(erased)
        .values(channel=channel, town=town, month=month, entries=entries, people=persons, last_at=work.now)
        .on_conflict_do_update(
            index_elements=["channel", "town", "month"],
            set_={
                "entries": erased.c.entries + entries,
                "people": erased.c.people + persons,
                "last_at": work.now,
            },
        )
    )


def numbers(work: Work) -> list[tuple[str, str, str, int, int]]:
    """channel, town, month, entries, people: how many were erased."""
    names = ("channel", "town", "month", "entries", "people")
    query = select(*(erased.c[name] for name in names)).order_by(
        erased.c.month, erased.c.channel, erased.c.town
    )
    return [tuple(row) for row in work.conn.execute(query)]


def fold(db: Database) -> bool:
    """After somebody was erased: SQLite's log still holds the old pages, until it is folded into the database.

    Waits for what must still reach LINE (the menu that is taken back), which names the person until then.
    """
    fresh = or_(erased.c.folded_at.is_(None), erased.c.folded_at < erased.c.last_at)
    waits = select(outbox.c.id).where(
        outbox.c.state == "waiting", outbox.c.person_id.is_(None), outbox.c.kind == "link_menu"
    )
    with db.look() as work:
        began = work.now
        due = work.conn.execute(select(func.count()).select_from(erased).where(fresh)).scalar_one()
        if not due or work.conn.execute(waits.limit(1)).first() is not None:
            return False
    if not db.truncate_log():
        return False  # the next minute tries again
    with db.work() as work:
        work.conn.execute(
            update(erased).where(and_(fresh, erased.c.last_at <= began)).values(folded_at=began)
        )
    return True
