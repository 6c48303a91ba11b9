"""Notices to desks: that something waits for them. Which concern and what kind of news, never a word of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Literal, get_args

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKey,
    Index,
    Row,
    String,
    Table,
    UniqueConstraint,
    delete,
    select,
    update,
)

from storage.outbox import outbox
from storage.recusals import recusals
from storage.schema import Moment, metadata, new_id
from storage.work import Work

What = Literal[
    "new",
    "news",
    "handon",
    "refused",
    "moved",
    "overdue_accept",
    "overdue_contact",
    "overdue_close",
    "danger",
    "worse",
    "recused",
    "person",
]
Step = Literal["desk", "leader", "department", "duty"]
STEPS: tuple[Step, ...] = get_args(Step)

PACE = dt.timedelta(
    hours=1
)  # between two notices to one desk about concerns of an account that sends very many
SLOW = dt.timedelta(
    minutes=10
)  # LINE takes a message within seconds; this long means that something is wrong

notices = Table(
    "notices",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("channel", String(32), nullable=False),
    Column("concern_id", ForeignKey("concerns.id", ondelete="CASCADE")),
    Column("danger_id", ForeignKey("dangers.id", ondelete="CASCADE")),  # in place of a concern
    Column("number", String(16), nullable=False),
    Column("window", String(64), nullable=False),
    Column("what", String(16), nullable=False),
    Column("step", String(16), nullable=False),
    Column("serial", String(40), nullable=False),
    Column("quiet", Boolean, nullable=False),  # only in the inbox: this desk has just been told of others
    Column("at", Moment, nullable=False),
    Column("seen_at", Moment),
    Column("line_at", Moment),  # told by LINE, because no mail could be sent
    UniqueConstraint("concern_id", "window", "what", "step", "serial"),
    UniqueConstraint("danger_id", "window", "what", "step", "serial"),
    Index(None, "window", "seen_at", "at"),
    Index(None, "at"),
)

notice_pace = Table(
    "notice_pace",
    metadata,
    Column("window", String(64), primary_key=True),
    Column("told_at", Moment, nullable=False),
)


@dataclass(frozen=True)
class Notice:
    """One notice to one desk, about a concern or about a person in danger. `step` is who was meant to act: the
    desk, or who stands above it."""

    id: str
    channel: str
    concern_id: str | None
    danger_id: str | None
    number: str
    window: str
    what: What
    step: Step
    serial: str
    quiet: bool
    at: dt.datetime
    seen_at: dt.datetime | None
    line_at: dt.datetime | None


def _of(row: Row[*tuple[Any, ...]] | None) -> Notice | None:
    return None if row is None else Notice(*row)


def put(
    work: Work,
    channel: str,
    *,
    concern_id: str | None = None,
    danger_id: str | None = None,
    number: str,
    window: str,
    what: What,
    step: Step,
    serial: str,
) -> Notice | None:
    """Write a notice; None where the same one (to its serial) is there already."""
    return _of(
        work.conn.execute(
            work.insert(notices)
            .values(
                id=new_id(),
                channel=channel,
                concern_id=concern_id,
                danger_id=danger_id,
                number=number,
                window=window,
                what=what,
                step=step,
                serial=serial,
                quiet=False,
                at=work.now,
            )
            .on_conflict_do_nothing()
            .returning(*notices.c)
        ).first()
    )


def get(work: Work, notice_id: str) -> Notice | None:
    """The notice with this id."""
    return _of(work.conn.execute(select(*notices.c).where(notices.c.id == notice_id)).first())


def may_tell(work: Work, window: str) -> bool:
    """True once per PACE and desk, however many ask at one moment: the rest wait in the inbox."""
    row = work.conn.execute(
        work.insert(notice_pace)
        .values(window=window, told_at=work.now)
        .on_conflict_do_update(
            index_elements=["window"],
            set_={"told_at": work.now},
            where=notice_pace.c.told_at <= work.now - PACE,
        )
        .returning(notice_pace.c.window)
    ).first()
    return row is not None


def keep_quiet(work: Work, notice_id: str) -> None:
    """This one stands in the inbox only."""
    work.conn.execute(update(notices).where(notices.c.id == notice_id).values(quiet=True))


def first_by_line(work: Work, notice_id: str) -> bool:
    """True for the one caller who may tell this notice by LINE."""
    row = work.conn.execute(
        update(notices)
        .where(notices.c.id == notice_id, notices.c.line_at.is_(None))
        .values(line_at=work.now)
        .returning(notices.c.id)
    ).first()
    return row is not None


def unseen(work: Work, windows: Collection[str], staff_id: str | None = None) -> tuple[Notice, ...]:
    """What these desks have not looked at of concerns, the newest first; of one each kind of news once.

    With `staff_id`, without the concerns from which this person has stepped back.
    """
    query = (
        select(*notices.c)
        .where(notices.c.window.in_(windows), notices.c.seen_at.is_(None), notices.c.concern_id.is_not(None))
        .order_by(notices.c.at.desc(), notices.c.id.desc())
    )
    if staff_id is not None:
        stepped_back = select(recusals.c.concern_id).where(recusals.c.staff_id == staff_id)
        query = query.where(notices.c.concern_id.not_in(stepped_back))
    newest: dict[tuple[str, str, str], Notice] = {}
    for row in work.conn.execute(query):
        newest.setdefault((row.concern_id, row.window, row.what), Notice(*row))
    return tuple(newest.values())


def seen(
    work: Work, windows: Collection[str], *, concern_id: str | None = None, until: dt.datetime | None = None
) -> int:
    """These desks have looked: at one concern, or at all that was told until the page was made.

    Not at people in danger: those are looked at one by one (`seen_danger`).
    """
    these = [
        *(notices.c.window.in_(windows), notices.c.concern_id.is_not(None)),
        *(notices.c.seen_at.is_(None), notices.c.at <= (until or work.now)),
    ]
    if concern_id is not None:
        these.append(notices.c.concern_id == concern_id)
    return work.conn.execute(update(notices).where(*these).values(seen_at=work.now)).rowcount


def seen_danger(work: Work, danger_id: str) -> None:
    """Somebody looks after this person: what was told of it has served its purpose."""
    mine = (notices.c.danger_id == danger_id, notices.c.seen_at.is_(None))
    work.conn.execute(update(notices).where(*mine).values(seen_at=work.now))


def of_danger(work: Work, danger_id: str) -> tuple[Notice, ...]:
    """What was told of this person, the oldest first."""
    query = select(*notices.c).where(notices.c.danger_id == danger_id).order_by(notices.c.at, notices.c.id)
    return tuple(Notice(*row) for row in work.conn.execute(query))


def not_reached(work: Work, person_id: str, since: dt.datetime) -> dt.datetime | None:
    """Since when what we have to say to this person on LINE does not arrive; None: it does, as far as we know.

    LINE may be down, or the person has blocked us: the desk should then use another way to hear back.
    """
    query = (
        select(outbox.c.state, outbox.c.created_at, outbox.c.next_try, outbox.c.tries)
        .where(outbox.c.person_id == person_id, outbox.c.kind == "message", outbox.c.created_at >= since)
        .order_by(outbox.c.id.desc())
    )
    found: dt.datetime | None = None
    for row in work.conn.execute(query):
        if row.state == "accepted":
            break  # what is older has been overtaken by something that arrived
        due = row.next_try if row.tries == 0 else row.created_at  # some wait for the morning on purpose
        if row.state != "waiting" or due <= work.now - SLOW:
            found = row.created_at
    return found


def forget_old(work: Work, older_than: dt.timedelta) -> int:
    """Nightly: notices that were looked at, and such as nobody will look at any more."""
    gone = work.conn.execute(
        delete(notices).where(
            notices.c.at < work.now - older_than,
            notices.c.seen_at.is_not(None) | (notices.c.at < work.now - 4 * older_than),
        )
    ).rowcount
    work.conn.execute(delete(notice_pace).where(notice_pace.c.told_at < work.now - older_than))
    return gone
