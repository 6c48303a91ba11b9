"""The operator's hand on everything that waits in the outbox (`tsunagari db sending`)."""

from __future__ import annotations

from sqlalchemy import and_, update

from storage.outbox import outbox
from storage.work import Work


def due_now(work: Work) -> None:
    """Everything that waits for its next try is due at once (the operator has mended what was wrong)."""
    again = and_(outbox.c.state == "waiting", outbox.c.tries > 0)  # what waits for the morning still does
    work.conn.execute(update(outbox).where(again).values(next_try=work.now))


def drop_waiting(work: Work) -> int:
    """Give up everything that waits (after a restore, when the operator decides so)."""
    return work.conn.execute(
        update(outbox)
        .where(outbox.c.state == "waiting")
        .values(state="dropped", settled=work.now, body=None, reply_token=None)
    ).rowcount
