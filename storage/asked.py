"""Which concerns wait for an answer of the person who reported them. Only kinds and times are read, no words."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import func, select

from storage.entries import concern_entries as entries
from storage.work import Work


def waiting(work: Work, concern_ids: Collection[str]) -> frozenset[str]:
    """Those of these concerns whose last question is newer than the last answer."""
    query = (
        select(entries.c.concern_id, entries.c.kind, func.max(entries.c.id))
        .where(entries.c.concern_id.in_(tuple(concern_ids)), entries.c.kind.in_(("question", "answer")))
        .group_by(entries.c.concern_id, entries.c.kind)
    )
    newest = {(concern_id, kind): entry_id for concern_id, kind, entry_id in work.conn.execute(query)}
    return frozenset(
        concern_id
        for (concern_id, kind), asked in newest.items()
        if kind == "question" and asked > newest.get((concern_id, "answer"), "")
    )
