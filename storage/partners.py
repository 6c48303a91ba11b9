"""Watch partners (見守り協定): shops whose staff notice something at a door, and the code that makes them known."""

from __future__ import annotations

import datetime as dt
import math
import secrets
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Boolean, Column, ForeignKey, Index, String, Table, func, insert, select, update

from storage.courses import ALPHABET, normal_code
from storage.people import Person, people
from storage.schema import Moment, metadata, new_id
from storage.work import Work

RANDOM_SIGNS = 11
CODE_LENGTH = RANDOM_SIGNS + 1  # the last sign is the sum of the others: a typing error shows at once
CODE_BITS = RANDOM_SIGNS * math.log2(len(ALPHABET))  # 52.3: more than a course's, since it counts for years
LONGEST_TYPED = 2 * CODE_LENGTH  # letters and digits of a message in which a code is looked for

partners = Table(
    "partners",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("channel", String(32), nullable=False),
    Column("name", String(100), nullable=False),
    Column("code", String(CODE_LENGTH), nullable=False, unique=True),
    Column("active", Boolean, nullable=False),
    Column("created_at", Moment, nullable=False),
    Index(None, "channel", "name"),
)

partner_towns = Table(
    "partner_towns",
    metadata,
    Column("partner_id", ForeignKey("partners.id", ondelete="CASCADE"), primary_key=True),
    Column("town", String(32), primary_key=True),
    Column("channel", String(32), nullable=False),
)


@dataclass(frozen=True)
class Partner:
    """A shop or firm with an agreement; `towns` are keys of content/, `code` is in its normal form."""

    id: str
    channel: str
    name: str
    code: str
    active: bool
    created_at: dt.datetime
    towns: tuple[str, ...]

    @property
    def readable_code(self) -> str:
        """As on the poster: three groups of four."""
        return f"{self.code[:4]}-{self.code[4:8]}-{self.code[8:]}"


# ---- codes -----------------------------------------------------------------------------------------------


def new_code() -> str:
    """A fresh code with its check sign."""
    signs = "".join(secrets.choice(ALPHABET) for _ in range(RANDOM_SIGNS))
    return signs + next(last for last in ALPHABET if is_sound(signs + last))


def is_sound(signs: str) -> bool:
    """Whether the sum fits: weights 2, 1, 2, 1 … modulo 27 notice each wrong sign and each swap of neighbours."""
    if len(signs) != CODE_LENGTH or not set(signs) <= set(ALPHABET):
        return False
    return (
        sum(ALPHABET.index(sign) * (2 - place % 2) for place, sign in enumerate(signs)) % len(ALPHABET) == 0
    )


def signs_of(text: str) -> str:
    """The letters and digits of what was typed, as codes are written."""
    return normal_code(text)


def codes_in(text: str) -> tuple[str, ...]:
    """What in these typed words may be a code; nothing where a whole story was typed."""
    signs = signs_of(text)
    if not CODE_LENGTH <= len(signs) <= LONGEST_TYPED:
        return ()
    cuts = (signs[at : at + CODE_LENGTH] for at in range(len(signs) - CODE_LENGTH + 1))
    return tuple(cut for cut in cuts if is_sound(cut))


def mistyped(text: str) -> bool:
    """Whether this was meant as a code, but one of its signs is wrong."""
    signs = signs_of(text)
    mixed = any(sign.isdigit() for sign in signs) and any(sign.isalpha() for sign in signs)
    return len(signs) == CODE_LENGTH and mixed and not is_sound(signs)


# ---- partners --------------------------------------------------------------------------------------------


def add(work: Work, channel: str, *, name: str, towns: Collection[str]) -> Partner:
    """Write down a partner and give it a fresh code."""
    if not towns:
        raise ValueError("a partner watches in at least one town")
    fresh = new_id()
    work.conn.execute(
        insert(partners).values(
            id=fresh, channel=channel, name=name, code=new_code(), active=True, created_at=work.now
        )
    )
    work.conn.execute(
        insert(partner_towns),
        [{"partner_id": fresh, "town": town, "channel": channel} for town in sorted(set(towns))],
    )
    made = get(work, fresh)
    assert made is not None
    return made


def get(work: Work, partner_id: str) -> Partner | None:
    """The partner with this id, active or not."""
    return next(iter(_found(work, partners.c.id == partner_id)), None)


def by_code(work: Work, channel: str, codes: Collection[str]) -> Partner | None:
    """The partner of this channel to whom one of these codes belongs, active or not."""
    if not codes:
        return None
    return next(iter(_found(work, partners.c.channel == channel, partners.c.code.in_(tuple(codes)))), None)


def listed(work: Work, channel: str | None = None) -> tuple[Partner, ...]:
    """All partners, of one channel or of all, by name."""
    return _found(work, *([partners.c.channel == channel] if channel is not None else []))


def _found(work: Work, *wanted: object) -> tuple[Partner, ...]:
    query = select(*partners.c).where(*wanted).order_by(partners.c.name, partners.c.id)  # type: ignore[arg-type]
    rows = work.conn.execute(query).all()
    towns: dict[str, list[str]] = {row.id: [] for row in rows}
    where = select(partner_towns.c.partner_id, partner_towns.c.town).where(
        partner_towns.c.partner_id.in_(list(towns))
    )
    for partner_id, town in work.conn.execute(where.order_by(partner_towns.c.town)):
        towns[partner_id].append(town)
    return tuple(
        Partner(row.id, row.channel, row.name, row.code, row.active, row.created_at, tuple(towns[row.id]))
        for row in rows
    )


def renew_code(work: Work, partner: Partner) -> Partner:
    """Another code, for when the old one got into wrong hands; who is known already stays known."""
    work.conn.execute(update(partners).where(partners.c.id == partner.id).values(code=new_code()))
    changed = get(work, partner.id)
    assert changed is not None
    return changed


def set_active(work: Work, partner_id: str, active: bool) -> bool:
    """Rest or go on; False where it is so already, or where there is no such partner."""
    row = work.conn.execute(
        update(partners)
        .where(partners.c.id == partner_id, partners.c.active.is_not(active))
        .values(active=active)
        .returning(partners.c.id)
    ).first()
    return row is not None


# ---- their staff -----------------------------------------------------------------------------------------


def join(work: Work, person: Person, partner: Partner) -> None:
    """This person reports for this partner from now on; whoever reported for another one leaves that."""
    work.conn.execute(update(people).where(people.c.id == person.id).values(partner_id=partner.id))


def leave(work: Work, person: Person) -> None:
    """This person reports for no partner any more; what they reported stays theirs."""
    work.conn.execute(update(people).where(people.c.id == person.id).values(partner_id=None))


def staff_count(work: Work, partner_id: str) -> int:
    """How many people report for this partner."""
    query = select(func.count()).select_from(people).where(people.c.partner_id == partner_id)
    return work.conn.execute(query).scalar_one()
