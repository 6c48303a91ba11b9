"""No news for somebody for a while: nothing that begins from now on, nor what waits in a broadcast's frozen list."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import delete, select, update

from storage import broadcasts, people
from storage.broadcasts import broadcast_recipients as recipients
from storage.crypto import SealBroken
from storage.outbox import outbox
from storage.people import Person
from storage.work import Work


def until(work: Work, person: Person, moment: dt.datetime) -> None:
    """Broadcasts and drips pass them by until then; out of chunks that LINE has not seen they are taken at once.

    A chunk that was tried keeps its bytes, or LINE could not know it again: it may arrive.
    """
    broadcasts.keep_from_freezing(work, person.channel)  # whoever freezes next sees that they are in danger
    people.hold_broadcasts(work, person.id, moment)
    query = (
        select(outbox.c.id, outbox.c.channel, outbox.c.retry_key, outbox.c.body, outbox.c.broadcast_id)
        .join(
            recipients,
            (recipients.c.broadcast_id == outbox.c.broadcast_id) & (recipients.c.chunk == outbox.c.chunk),
        )
        .where(
            recipients.c.person_id == person.id,
            recipients.c.outcome.is_(None),
            outbox.c.kind == "multicast",
            outbox.c.state == "waiting",
            outbox.c.first_tried.is_(None),
        )
        .with_for_update(skip_locked=True, of=outbox)
    )
    for row in work.conn.execute(query).all():
        try:
            body = work.unseal(row.body, row.channel, "outbox", "body", row.retry_key)
        except SealBroken:
            continue  # nobody can send it either
        body["to"] = [address for address in body["to"] if address != person.line_id]
        values = {"body": work.seal(body, row.channel, "outbox", "body", row.retry_key)}
        nobody = {"body": None, "state": "dropped", "settled": work.now, "error": "nobody to send to"}
        work.conn.execute(
            update(outbox).where(outbox.c.id == row.id).values(**(values if body["to"] else nobody))
        )
        mine = (recipients.c.broadcast_id == row.broadcast_id, recipients.c.person_id == person.id)
        work.conn.execute(delete(recipients).where(*mine))
        broadcasts.finish_if_done(work, row.broadcast_id)
