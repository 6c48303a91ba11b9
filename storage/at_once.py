"""Answers that leave at once: they are written under lease already, by the process whose sender gets them (bot/errands.py).

Nobody has to look for them, and nothing of them has to be read and opened again. To everybody else they look like rows that
have just been claimed, which they are: if the process dies, their lease runs out like any other.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BindParameter, String, bindparam, insert, literal, or_, select, union_all

from storage.outbox import REPLY_LEASE, Outgoing, outbox
from storage.schema import Moment
from storage.switches import AT_REST, EVERYTHING
from storage.work import Work


@dataclass(frozen=True, eq=False)
class Answer:
    """A row for the outbox, as `outbox.row_of` makes it, and what is sealed in it. `to` is the LINE user id, None of
    somebody who was erased."""

    row: Mapping[str, Any]
    body: Mapping[str, Any]
    to: str | None
    reply_token: str | None


_NOW: BindParameter[dt.datetime] = bindparam("now", type_=Moment)
_IN_THE_WAY = union_all(  # asked at once: on PostgreSQL each statement is a way there and back
    select(literal("rests").label("why"), AT_REST.subquery().c.channel.label("whose")),
    select(literal("waits"), outbox.c.person_id).where(
        outbox.c.person_id.in_(bindparam("people", expanding=True)),
        outbox.c.kind == bindparam("kind", type_=String),
        outbox.c.settled.is_(None),
        or_(outbox.c.next_try <= _NOW, outbox.c.tries > 0),  # as in outbox: holds_up
    ),
)
_PUT = insert(outbox).returning(outbox.c.retry_key, outbox.c.id)


def may_leave(work: Work, answers: Iterable[Answer]) -> list[Answer]:
    """Those that a sender would claim first: of each person the next one, if it is a reply, nothing is paused and
    nothing of theirs waits."""
    first: dict[object, Answer] = {}
    for answer in answers:
        first.setdefault(answer.row["person_id"] or answer.row["retry_key"], answer)
    replies = [answer for answer in first.values() if answer.reply_token is not None]
    if not replies:
        return []
    people = [answer.row["person_id"] for answer in replies]
    found = work.conn.execute(_IN_THE_WAY, {"people": people, "kind": "message", "now": work.now})
    in_the_way = {(why, whose) for why, whose in found}
    if ("rests", EVERYTHING) in in_the_way:
        return []
    return [
        answer
        for answer in replies
        if not {("rests", answer.row["channel"]), ("waits", answer.row["person_id"])} & in_the_way
    ]


def put(work: Work, answers: Sequence[Answer]) -> list[Outgoing]:
    """Write these and hold them, until the calls for them have ended: to be sent as soon as this unit of work is
    committed."""
    if not answers:
        return []
    held = {"tries": 1, "first_tried": work.now, "leased_until": work.now + REPLY_LEASE}
    written = work.conn.execute(_PUT, [{**answer.row, **held} for answer in answers])
    numbers = {row.retry_key: row.id for row in written}
    return [_outgoing(answer, held, numbers[answer.row["retry_key"]]) for answer in answers]


def _outgoing(answer: Answer, held: Mapping[str, Any], number: int) -> Outgoing:
    row = answer.row
    return Outgoing(
        id=number,
        channel=row["channel"],
        person_id=row["person_id"],
        to=answer.to,
        friend=True,  # whoever has just written to us
        kind=row["kind"],
        body=answer.body,
        retry_key=row["retry_key"],
        reply_token=answer.reply_token,
        reply_until=row["reply_until"],
        reply_doubtful=row["reply_doubtful"],
        must_arrive=row["must_arrive"],
        broadcast_id=row["broadcast_id"],
        chunk=row["chunk"],
        expires=row["expires"],
        **held,
    )
