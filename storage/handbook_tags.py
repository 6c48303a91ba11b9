"""Tags of the handbook's QR codes and links: which medium they stand on, and where. Only these are counted apart."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Column, String, Table, delete, select

from storage.schema import Moment, metadata
from storage.work import Work

LONGEST: Final = 32
LONGEST_NAME: Final = 40  # characters of a medium or a place
UNKNOWN: Final = "other"
"""What a tag is counted as that is none of ours: nobody fills a table by making up tags."""
_TAG: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?")

handbook_tags = Table(
    "handbook_tags",
    metadata,
    Column("tag", String(LONGEST), primary_key=True),
    Column("medium", String(LONGEST_NAME), nullable=False),
    Column("spot", String(LONGEST_NAME), nullable=False),
    Column("town", String(32), nullable=False),
    Column("created_at", Moment, nullable=False),
)


@dataclass(frozen=True)
class Tag:
    """A tag with what it stands on (スプレー), where (駅前), and the town's key; empty where that was not said."""

    tag: str
    medium: str = ""
    spot: str = ""
    town: str = ""


def is_one(word: str) -> bool:
    """Whether a tag may be called so: small letters, digits and hyphens between them; 32 signs at most."""
    return _TAG.fullmatch(word) is not None and word != UNKNOWN


def get(work: Work, tag: str) -> Tag | None:
    """The tag, where it is ours."""
    if not is_one(tag):
        return None
    row = work.conn.execute(select(handbook_tags).where(handbook_tags.c.tag == tag)).first()
    return Tag(row.tag, row.medium, row.spot, row.town) if row else None


def keep(work: Work, tag: Tag) -> None:
    """Add it, or say anew what it stands on; ValueError for one that cannot be called so."""
    if not is_one(tag.tag):
        raise ValueError(f"{tag.tag!r} is no tag")
    values = {"medium": tag.medium, "spot": tag.spot, "town": tag.town}
    work.conn.execute(
        work.insert(handbook_tags)
        .values(tag=tag.tag, created_at=work.now, **values)
        .on_conflict_do_update(index_elements=["tag"], set_=values)
    )


def drop(work: Work, tag: str) -> bool:
    """Who comes by it from now on counts as `UNKNOWN`; what was counted stays. False where it is none of ours."""
    return bool(work.conn.execute(delete(handbook_tags).where(handbook_tags.c.tag == tag)).rowcount)


def listed(work: Work) -> list[Tag]:
    """All of them, the oldest first."""
    rows = work.conn.execute(select(handbook_tags).order_by(handbook_tags.c.created_at, handbook_tags.c.tag))
    return [Tag(row.tag, row.medium, row.spot, row.town) for row in rows]
