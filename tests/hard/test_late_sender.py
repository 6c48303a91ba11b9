"""A sender that was stopped (a frozen machine, SIGSTOP) wakes up when its lease has long ended: what it says then changes
nothing for whoever holds the row now."""

from __future__ import annotations

import datetime as dt

from loopback_line import loopback_line
from sqlalchemy import insert
from surroundings import Clock
from town import settings

from bot.line.client import LineClient
from jobs.deliver import claim, note
from jobs.sender import Sender, installed_menus
from storage import outbox, people
from storage.schema import new_id
from storage.work import Database


def somebody_is_answered(db: Database) -> None:
    with db.work() as work:
        fresh, line_id = new_id(), "U" + "0" * 32
        sealed = work.seal(line_id, "default", "people", "line_id", fresh)
        row = {"id": fresh, "channel": "default", "line_index": work.index("line", "default", line_id)}
        row |= {
            "line_id": sealed,
            "friend": True,
            "friend_changed_ms": 0,
            "role": "resident",
            "created_at": work.now,
        }
        work.conn.execute(insert(people.people), row)
        outbox.put(
            work, "default", "message", {"messages": [{"type": "text", "text": "はい"}]},
            person_id=fresh, reply_token="token", reply_until=work.now + dt.timedelta(seconds=50),
        )  # fmt: skip


def test_who_wakes_up_late_does_not_free_what_another_holds(db: Database, clock: Clock) -> None:
    somebody_is_answered(db)
    with loopback_line() as line:
        sender = Sender(db, LineClient(settings().channels, line.base), installed_menus(db))
        with db.work() as work:
            (late,) = claim(work, 5)
        clock.move(seconds=20)  # it sleeps before it has called LINE, and its lease ends
        with db.work() as work:
            (now,) = claim(work, 5)
        answered = sender.send(now)  # LINE has accepted the reply; that is not written down yet
        woken = sender.send(late)
        with db.work() as work:
            note(work, [(late, woken)])
            assert claim(work, 5) == [], "the other still holds it: a third would push the same answer"
            note(work, [(now, answered)])
        assert [len(line.calls(each)) for each in ("reply", "push")] == [1, 0]
