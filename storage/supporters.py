"""The register of つながりサポーター: everybody who was at a course and said yes, with LINE or without.

A person on LINE (storage/people.py) and an entry here are two things: there are supporters without LINE, and a
family may share a phone. `person_id` joins them. What is personal is sealed; equal names, phones and addresses are
found by keyed indexes.
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import (
    Column,
    ColumnElement,
    Date,
    ForeignKey,
    Index,
    Row,
    String,
    Table,
    delete,
    func,
    insert,
    select,
    update,
)

from storage.people import keep_still
from storage.schema import Moment, metadata, new_id, sealed
from storage.transitions import check
from storage.work import Work

Source = Literal["line", "web", "roster", "import", "staff"]
State = Literal["attended", "registered", "active", "refresher_due", "paused", "left"]
# attended: was at a course, did not register · registered: said yes · active: read or did something since ·
# refresher_due: the refresher of their town is due · paused: wants no news for now · left: does not want to be one
PERMITTED: Mapping[State, frozenset[State]] = {
    "attended": frozenset({"registered", "left"}),
    "registered": frozenset({"active", "refresher_due", "paused", "left"}),
    "active": frozenset({"refresher_due", "paused", "left"}),
    "refresher_due": frozenset({"active", "paused", "left"}),
    "paused": frozenset({"registered", "active", "refresher_due", "left"}),
    "left": frozenset({"registered"}),  # came again
}
SUPPORTING: tuple[State, ...] = (
    "registered",
    "active",
    "refresher_due",
    "paused",
)  # who counts as a supporter
_LISTS = 0x7375_7070  # the number of PostgreSQL's lock; any that nobody else uses
_IN_KATAKANA = {sign: sign + 0x60 for sign in range(ord("ぁ"), ord("ゖ") + 1)}
SEALED = ("name", "kana", "phone", "mail", "motive")
MOVED = {"registered": "registered_at", "active": "active_at", "paused": "paused_at", "left": "left_at"}

supporters = Table(
    "supporters",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("channel", String(32), nullable=False),
    Column("person_id", ForeignKey("people.id", ondelete="SET NULL")),  # several may share one phone
    Column("source", String(16), nullable=False),
    Column("state", String(16), nullable=False),
    Column("town", String(32), nullable=False),
    Column("district", String(32)),
    sealed("name"),
    sealed("kana"),
    sealed("phone"),
    sealed("mail"),
    sealed("motive"),
    Column("name_index", String(64)),
    Column("kana_index", String(64)),
    Column("phone_index", String(64)),
    Column("mail_index", String(64)),
    Column("age_band", String(16)),
    sealed("group_name"),  # the company, school or club with which they came
    Column("number", String(16)),  # of the certificate
    Column("attended_on", Date),
    Column("refreshed_on", Date),
    Column("refresher_due_on", Date),
    Column("consent_version", String(32)),
    Column("consent_at", Moment),
    Column("pledge_version", String(32)),
    Column("pledge_at", Moment),
    Column("created_at", Moment, nullable=False),
    Column("registered_at", Moment),
    Column("active_at", Moment),
    Column("paused_at", Moment),
    Column("paused_until", Date),  # the last day of the pause; none: until they say so
    Column("left_at", Moment),
    Index(None, "channel", "state"),
    Index(None, "town", "district"),
    Index(None, "person_id"),
    Index(None, "name_index"),
    Index(None, "kana_index"),
    Index(None, "phone_index"),
    Index(None, "mail_index"),
    Index("uq_supporters_number", "number", unique=True),
)


@dataclass(frozen=True)
class Profile:
    """What a person wrote about themselves; any of it may be missing."""

    name: str | None = None
    kana: str | None = None
    phone: str | None = None
    mail: str | None = None
    motive: str | None = None


@dataclass(frozen=True)
class Supporter:
    """One entry of the register, without the words about the person: `profile()` opens them."""

    id: str
    channel: str
    person_id: str | None
    source: Source
    state: State
    town: str
    district: str | None
    age_band: str | None
    group_name: str | None
    number: str | None
    attended_on: dt.date | None
    refreshed_on: dt.date | None
    refresher_due_on: dt.date | None
    consent_version: str | None
    consent_at: dt.datetime | None
    pledge_version: str | None
    pledge_at: dt.datetime | None
    created_at: dt.datetime
    registered_at: dt.datetime | None
    active_at: dt.datetime | None
    paused_at: dt.datetime | None
    left_at: dt.datetime | None
    paused_until: dt.date | None = None


COLUMNS = tuple(supporters.c[name] for name in Supporter.__dataclass_fields__)
_GROUP = COLUMNS.index(supporters.c.group_name)


def _of(work: Work, row: Row[*tuple[Any, ...]]) -> Supporter:
    values = list(row)
    if row.group_name is not None:
        place = (row.channel, "supporters", "group_name", row.id)
        values[_GROUP] = work.unseal(row.group_name, *place)
    return Supporter(*values)


# ---- what is equal -----------------------------------------------------------------------------------------


def plain_name(text: str) -> str:
    """A name as it is compared: one width, no spaces, katakana for hiragana."""
    return "".join(unicodedata.normalize("NFKC", text).split()).casefold().translate(_IN_KATAKANA)


def plain_phone(text: str) -> str:
    """A phone number as it is compared: its digits, in Japan's own form."""
    digits = re.sub(r"[^0-9+]", "", unicodedata.normalize("NFKC", text))
    return "0" + digits[3:] if digits.startswith("+81") else digits


def plain_mail(text: str) -> str:
    """An address as it is compared."""
    return unicodedata.normalize("NFKC", text).strip().casefold()


PLAIN = {"name": plain_name, "kana": plain_name, "phone": plain_phone, "mail": plain_mail}


def index_of(work: Work, channel: str, field: str, text: str) -> str:
    """The keyed index by which an equal name, kana, phone or mail is found on this channel."""
    return work.index("supporter", channel, field, PLAIN[field](text))


# ---- verbs -------------------------------------------------------------------------------------------------


def add(
    work: Work,
    channel: str,
    *,
    source: Source,
    state: State,
    town: str,
    profile: Profile = Profile(),
    **more: Any,
) -> Supporter:
    """A new entry; `more` are other columns of Supporter (district, person_id, attended_on …)."""
    fresh = new_id()
    when = {MOVED[state]: work.now} if state in MOVED else {}
    values = {"id": fresh, "channel": channel, "source": source, "state": state, "town": town}
    row = work.conn.execute(
        insert(supporters)
        .values(
            created_at=work.now,
            **values,
            **_with_group(work, channel, fresh, {**when, **more}),
            **_sealed(work, channel, fresh, profile),
        )
        .returning(*COLUMNS)
    ).one()
    return _of(work, row)


def _with_group(work: Work, channel: str, row: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """The same columns, the group sealed like a name: in a small district it says who somebody is."""
    if "group_name" not in values:
        return dict(values)
    group = values["group_name"]
    return {
        **values,
        "group_name": work.seal(group, channel, "supporters", "group_name", row) if group else None,
    }


def _sealed(work: Work, channel: str, row: str, profile: Profile) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for field in SEALED:
        text = getattr(profile, field)
        values[field] = work.seal(text, channel, "supporters", field, row) if text else None
        if field in PLAIN:
            values[f"{field}_index"] = index_of(work, channel, field, text) if text else None
    return values


def get(work: Work, supporter_id: str) -> Supporter | None:
    """The entry with this id."""
    row = work.conn.execute(select(*COLUMNS).where(supporters.c.id == supporter_id)).first()
    return None if row is None else _of(work, row)


def hold(work: Work, supporter_id: str) -> Supporter | None:
    """What stands there now; nobody else changes it until this unit of work ends. None where it has been erased.

    Its phone first: the chat takes them in this order, too, and neither waits for the other for ever.
    """
    this = supporters.c.id == supporter_id
    if work.on_postgresql:
        person_id = work.conn.execute(select(supporters.c.person_id).where(this)).scalar()
        if person_id is not None:
            keep_still(work, person_id)
    query = select(*COLUMNS).where(this)
    row = work.conn.execute(query.with_for_update() if work.on_postgresql else query).first()
    return None if row is None else _of(work, row)


def locked(work: Work, supporter_id: str) -> Supporter:
    """The same, of an entry that is surely there."""
    held = hold(work, supporter_id)
    if held is None:
        raise LookupError("an entry of the register that has been erased")
    return held


def of_person(work: Work, person_id: str) -> tuple[Supporter, ...]:
    """The entries that belong to this phone, the oldest first: usually one, in a family perhaps more."""
    query = select(*COLUMNS).where(supporters.c.person_id == person_id)
    return tuple(
        _of(work, row) for row in work.conn.execute(query.order_by(supporters.c.created_at, supporters.c.id))
    )


def by_number(work: Work, number: str) -> Supporter | None:
    """The entry with this certificate number."""
    row = work.conn.execute(select(*COLUMNS).where(supporters.c.number == number)).first()
    return None if row is None else _of(work, row)


def listed(
    work: Work,
    channel: str | None = None,
    *,
    town: str | None = None,
    district: str | None = None,
    states: Collection[State] | None = None,
) -> tuple[Supporter, ...]:
    """Entries by channel, town, district and states (None: all), the oldest first."""
    query = select(*COLUMNS).order_by(supporters.c.created_at, supporters.c.id)
    for column, value in (
        (supporters.c.channel, channel),
        (supporters.c.town, town),
        (supporters.c.district, district),
    ):
        if value is not None:
            query = query.where(column == value)
    if states is not None:
        query = query.where(supporters.c.state.in_(tuple(states)))
    return tuple(_of(work, row) for row in work.conn.execute(query))


def alike(work: Work, channel: str, profile: Profile) -> tuple[Supporter, ...]:
    """Entries with the same name, kana, phone or mail; who of them is the same person, the caller decides."""
    same: list[ColumnElement[bool]] = []
    for field in PLAIN:
        if text := getattr(profile, field):
            same.append(supporters.c[f"{field}_index"] == index_of(work, channel, field, text))
    found: dict[str, Supporter] = {}
    for one in same:  # an index is of one channel; to ask for the channel, too, makes SQLite read all of it
        query = select(*COLUMNS).where(one).order_by(supporters.c.created_at)
        for row in work.conn.execute(query):
            found.setdefault(row.id, _of(work, row))
    return tuple(found.values())


def alike_any(
    work: Work, channel: str, those: Collection[Profile], numbers: Collection[str] = ()
) -> tuple[Supporter, ...]:
    """Entries that are alike to any of these, or have one of these certificate numbers: for whole lists at once."""
    wanted: dict[str, set[str]] = {f"{field}_index": set() for field in PLAIN}
    for each in those:
        for field in PLAIN:
            if text := getattr(each, field):
                wanted[f"{field}_index"].add(index_of(work, channel, field, text))
    wanted["number"] = set(numbers)
    found: dict[str, Supporter] = {}
    for column, values in wanted.items():
        ordered = sorted(values)
        for start in range(0, len(ordered), 500):
            # As in `alike`, an index is of one channel; numbers are given once, whatever the channel.
            query = select(*COLUMNS).where(supporters.c[column].in_(ordered[start : start + 500]))
            for row in work.conn.execute(query):
                found.setdefault(row.id, _of(work, row))
    return tuple(sorted(found.values(), key=lambda entry: (entry.created_at, entry.id)))


def alone(work: Work) -> None:
    """Until this unit of work ends nobody else brings a whole list in: two at once would each add everybody."""
    if work.on_postgresql:
        work.conn.execute(select(func.pg_advisory_xact_lock(_LISTS)))


def profile(work: Work, supporter: Supporter) -> Profile:
    """The sealed words, opened."""
    return profiles(work, (supporter,))[supporter.id]


def profiles(work: Work, those: Collection[Supporter]) -> dict[str, Profile]:
    """The sealed words of many, by id."""
    opened: dict[str, Profile] = {}
    ids = [one.id for one in those]
    columns = [supporters.c[name] for name in ("id", "channel", *SEALED)]
    for start in range(0, len(ids), 500):
        for row in work.conn.execute(select(*columns).where(supporters.c.id.in_(ids[start : start + 500]))):
            words = {
                field: work.unseal(getattr(row, field), row.channel, "supporters", field, row.id)
                for field in SEALED
            }
            opened[row.id] = Profile(**words)
    return opened


def write(work: Work, supporter: Supporter, profile: Profile | None = None, **values: Any) -> Supporter:
    """Change columns of an entry, and (where given) its sealed words as a whole; not its state: see `step`."""
    values = _with_group(work, supporter.channel, supporter.id, values)
    if profile is not None:
        values |= _sealed(work, supporter.channel, supporter.id, profile)
    row = work.conn.execute(
        update(supporters).where(supporters.c.id == supporter.id).values(**values).returning(*COLUMNS)
    ).one()
    return _of(work, row)


def step(work: Work, supporter: Supporter, then: State, **values: Any) -> Supporter:
    """Go on to another state; NotPermitted where that may not follow the one that stands there now."""
    now = locked(work, supporter.id)
    check(PERMITTED, now.state, then)
    when = {MOVED[then]: work.now} if then in MOVED else {}
    return write(work, now, state=then, **{**when, **values})


def erase(work: Work, supporter: Supporter) -> None:
    """Everything about this person goes; what remains are counts elsewhere."""
    work.conn.execute(delete(supporters).where(supporters.c.id == supporter.id))
