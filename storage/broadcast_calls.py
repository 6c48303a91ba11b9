"""The calls of one broadcast that still wait in the outbox: held, released, given up."""

from __future__ import annotations

from sqlalchemy import and_, or_, select, update

from storage.outbox import MESSAGE_LIFE, outbox
from storage.work import Work


def _waiting_of(work: Work, broadcast_id: str) -> list[int]:
    """The chunks that wait, locked; call it with the broadcast's row locked.

    Who writes what came of a chunk holds that chunk and waits for the broadcast's row, so here such a chunk is passed
    by: otherwise the two would wait for each other. It is ending, or broadcasts.goes_back stops it.
    """
    query = select(outbox.c.id).where(outbox.c.broadcast_id == broadcast_id, outbox.c.state == "waiting")
    return list(work.conn.execute(query.with_for_update(skip_locked=True)).scalars())


def hold(work: Work, broadcast_id: str) -> None:
    """A paused broadcast: its chunks wait, whatever their time; a call that is under way is not stopped."""
    ids = _waiting_of(work, broadcast_id)
    work.conn.execute(update(outbox).where(outbox.c.id.in_(ids)).values(held=True))


def release(work: Work, broadcast_id: str) -> None:
    """Its chunks go on; what was never tried lives anew, since the pause was the sender's wish."""
    mine = outbox.c.id.in_(_waiting_of(work, broadcast_id))
    work.conn.execute(
        update(outbox)
        .where(mine, outbox.c.held, outbox.c.first_tried.is_(None))
        .values(expires=work.now + MESSAGE_LIFE)
    )
    work.conn.execute(update(outbox).where(mine).values(held=False))


def give_up(work: Work, broadcast_id: str) -> list[int]:
    """Stop a broadcast's chunks; the ones that were tried without a known end are named.

    A chunk that is under way at this moment is left to its sender, but expires, so that it is not repeated.
    """
    mine = and_(outbox.c.id.in_(_waiting_of(work, broadcast_id)), outbox.c.state == "waiting")
    at_rest = or_(outbox.c.leased_until.is_(None), outbox.c.leased_until < work.now)
    dropped = work.conn.execute(
        update(outbox)
        .where(mine, at_rest)
        .values(state="dropped", settled=work.now, body=None, reply_token=None, leased_until=None)
        .returning(outbox.c.chunk, outbox.c.first_tried)
    ).all()
    work.conn.execute(update(outbox).where(mine).values(expires=work.now, held=False))
    return [row.chunk for row in dropped if row.first_tried is not None]
