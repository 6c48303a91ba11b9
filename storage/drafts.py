"""What was typed into a form and not sent yet. It ends with its link, and only one browser gets it back."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Column, ForeignKey, Index, String, Table, delete, or_, select

from storage.links import links
from storage.schema import Moment, metadata, sealed
from storage.work import Work

drafts = Table(
    "drafts",
    metadata,
    # A keyed hash of the link and of a secret that only the browser that typed it holds: who has the link, but
    # not that browser, cannot even name the row.
    Column("id", String(64), primary_key=True),
    Column("link_id", ForeignKey("links.id", ondelete="CASCADE"), nullable=False),
    Column("channel", String(32), nullable=False),
    sealed("words", nullable=False),
    Column("updated_at", Moment, nullable=False),
    Index(None, "link_id"),
)


def _id(work: Work, link_id: str, browser: str) -> str:
    return work.index("draft", link_id, browser)


def keep(work: Work, link_id: str, channel: str, browser: str, words: Mapping[str, str]) -> None:
    """Keep what this browser has typed so far; it replaces what it had typed before."""
    row = _id(work, link_id, browser)
    values = {"words": work.seal(dict(words), channel, "drafts", "words", row), "updated_at": work.now}
    work.conn.execute(
        work.insert(drafts)
        .values(id=row, link_id=link_id, channel=channel, **values)
        .on_conflict_do_update(index_elements=["id"], set_=values)
    )


def found(work: Work, link_id: str, channel: str, browser: str) -> Mapping[str, str]:
    """What this browser has typed into this form; empty where it has typed nothing."""
    row = _id(work, link_id, browser)
    envelope = work.conn.execute(select(drafts.c.words).where(drafts.c.id == row)).scalar()
    opened: dict[str, str] | None = work.unseal(envelope, channel, "drafts", "words", row)
    return opened or {}


def drop(work: Work, link_id: str, browser: str | None = None) -> None:
    """The form was sent (all drafts go), or this browser wants its words erased."""
    query = delete(drafts).where(drafts.c.link_id == link_id)
    if browser is not None:
        query = query.where(drafts.c.id == _id(work, link_id, browser))
    work.conn.execute(query)


def forget_old(work: Work) -> int:
    """Drafts whose link has ended or was used: nobody can send them any more."""
    over = select(links.c.id).where(or_(links.c.valid_until <= work.now, links.c.used_at.is_not(None)))
    return work.conn.execute(delete(drafts).where(drafts.c.link_id.in_(over))).rowcount
