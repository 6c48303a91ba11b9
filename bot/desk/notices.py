"""Telling a desk that something waits for it: by mail and in the inbox, and by LINE where mail does not work.

A notice says which number and what kind of news. What it is about stands in the inbox only, behind the sign-in.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final, Literal
from zoneinfo import ZoneInfo

from bot import log, metrics
from bot.content.library import Content
from bot.line.render import to_line
from bot.mailer import Letter
from bot.messages import Card, Cards, Open, Saying
from storage import concerns, dangers, mails, outbox, people, recusals, staff
from storage import notices as rows
from storage.concerns import Concern
from storage.dangers import NOW, Danger
from storage.mails import Mail
from storage.notices import STEPS, Notice, Step, What, seen, unseen
from storage.people import Person
from storage.staff import Role, Staff
from storage.work import Work

__all__ = [
    "Notice",
    "Step",
    "What",
    "letter",
    "other_way",
    "reachable",
    "seen",
    "tell_desk",
    "tell_of_danger",
    "undelivered_to_reporter",
    "unseen",
]

TOKYO: Final = ZoneInfo("Asia/Tokyo")
INBOX: Final = "/desk"
_AGAIN: Final = dt.timedelta(minutes=10)
_ALWAYS: Final = frozenset[What]({"danger", "worse"})  # told at once, however many there are
_ROLES: Final[Mapping[Step, Role]] = {
    "desk": "member",
    "leader": "leader",
    "department": "department",
    "duty": "duty",
}
# What makes two notices the same one, so that a repeat tells nobody twice: they are told once ever, once for
# each due time, once in ten minutes (a reporter who adds five photos), or each time.
_SAME: Final[Mapping[What, Literal["ever", "accept", "contact", "close", "while", "never"]]] = {
    "new": "ever",
    "overdue_accept": "accept",
    "overdue_contact": "contact",
    "overdue_close": "close",
    "news": "while",
    "danger": "while",
    "worse": "while",
    "handon": "never",
    "refused": "never",
    "moved": "never",
    "recused": "never",
    "person": "never",
}


@dataclass(frozen=True)
class Reach:
    """Who can be told at one step: mail addresses, and people on LINE who have no mailbox that works."""

    addresses: tuple[str, ...]
    on_line: tuple[Person, ...]
    count: int
    """How many of them can be reached; somebody with both ways is one."""


def page_of(number: str) -> str:
    """The path of a concern's page in the inbox, or of the page of somebody in danger."""
    return f"{INBOX}/{'dangers' if number.startswith('D') else 'concerns'}/{number}"


def tell_desk(
    work: Work,
    content: Content,
    public_url: str,
    concern: Concern,
    what: What,
    window: str,
    step: Step = "desk",
) -> None:
    """Put a notice into the desk's inbox and queue its mails, in this unit of work; a repeat changes nothing."""
    notice = rows.put(
        work,
        concern.channel,
        concern_id=concern.id,
        number=concern.number,
        window=window,
        what=what,
        step=step,
        serial=_serial(concern, what, work.now),
    )
    if notice is None:
        return
    urgent = what in _ALWAYS or concern.level == 0 or concern.danger
    if concern.many and not urgent and not rows.may_tell(work, window):
        rows.keep_quiet(work, notice.id)
        return
    if not _send(work, content, public_url, notice, _from(notice.step)):
        _nobody(notice)


def tell_of_danger(
    work: Work,
    content: Content,
    public_url: str,
    danger: Danger,
    window: str,
    step: Step,
    serial: str,
    *,
    also: Collection[str] = (),
    at_least: int = 1,
    everybody: bool = False,
) -> bool:
    """Tell this desk that somebody may be in danger, at any hour; False where that was told before.

    Where fewer than `at_least` can be reached at this step, those above it hear of it at once. What is near (NOW)
    goes by mail and by LINE, so that one way that is down does not matter. Nobody at all: an alarm.
    """
    notice = rows.put(
        work,
        danger.channel,
        danger_id=danger.id,
        number=danger.number,
        window=window,
        what="person",
        step=step,
        serial=serial,
    )
    if notice is None:
        return False
    both = danger.level == NOW
    if both:
        rows.first_by_line(work, notice.id)  # LINE is not the other way here: it is taken at once
    for address in also:
        _mail(work, notice, address)
    wanted = None if everybody else at_least - len(also)
    told = _send(work, content, public_url, notice, _from(step), wanted, both) + len(also)
    if told < at_least:
        _nobody(notice, "danger.too_few" if told else "notice.nobody")
    return True


def other_way(work: Work, content: Content, public_url: str, notice_id: str) -> bool:
    """Mail does not work: staff of that desk who joined their LINE are told there, once. True where somebody is."""
    notice = rows.get(work, notice_id)
    if notice is None or not rows.first_by_line(work, notice_id):
        return False
    recused = _recused(work, notice)
    everyone = [each for each in staff.of_window(work, notice.window) if each.id not in recused]
    return _push(work, content, public_url, _on_line(work, everyone), urgent=notice.danger_id is not None)


def go_higher(work: Work, content: Content, public_url: str, notice_id: str) -> None:
    """Nobody at this step has a mailbox: whoever stands above it is told."""
    notice = rows.get(work, notice_id)
    if notice is not None and not _send(work, content, public_url, notice, _from(notice.step)[1:]):
        _nobody(notice)


def reachable(work: Work, content: Content, window: str) -> int:
    """How many people of this desk and above it a notice can reach."""
    refused = mails.refused_indexes(work)
    return sum(_reach(work, content, window, step, refused, (), both=False).count for step in STEPS)


def undelivered_to_reporter(work: Work, concern: Concern) -> dt.datetime | None:
    """Since when our messages do not reach whoever reported this (LINE is down, or they blocked us); else None."""
    if concern.person_id is None:
        return None
    return rows.not_reached(work, concern.person_id, concern.created_at)


def letter(content: Content, public_url: str, mail: Mail) -> Letter:
    """The mail as it is sent: fixed words, the number and the link."""
    words = content.texts.get(f"notices.what.{mail.template}")
    return Letter(
        key=mail.id,
        to=mail.address,
        subject=content.texts.get("notices.mail.subject", what=words, number=mail.number),
        text=content.texts.get(
            "notices.mail.text", what=words, number=mail.number, link=f"{public_url}{mail.path}"
        ),
        written_at=mail.created_at.astimezone(TOKYO),
    )


# ---- who is told -----------------------------------------------------------------------------------------


def _serial(concern: Concern, what: What, now: dt.datetime) -> str:
    match _SAME[what]:
        case "ever":
            return ""
        case "accept":
            return _moment(concern.accept_due)
        case "contact":
            return _moment(concern.contact_due)
        case "close":
            return _moment(concern.close_due)
        case "while":
            return str(int(now.timestamp() // _AGAIN.total_seconds()))
        case "never":
            return _moment(now)


def _moment(at: dt.datetime | None) -> str:
    return at.astimezone(dt.UTC).isoformat() if at else ""


def _recused(work: Work, notice: Notice) -> frozenset[str]:
    """Who is not told: who has stepped back, and whose own words they are."""
    concern = concerns.get(work, notice.concern_id) if notice.concern_id else None
    if concern is not None:
        return recusals.of(work, concern)
    person_id = dangers.person_of(work, notice.danger_id) if notice.danger_id else None
    own = staff.of_person(work, person_id) if person_id else None
    return frozenset({own.id} if own else ())


def _from(step: Step) -> tuple[Step, ...]:
    """This step and those above it; then those below it, since somebody has to hear of it."""
    at = STEPS.index(step)
    return (*STEPS[at:], *reversed(STEPS[:at]))


def _send(
    work: Work,
    content: Content,
    public_url: str,
    notice: Notice,
    steps: Collection[Step],
    at_least: int | None = 1,
    both: bool = False,
) -> int:
    """Tell step by step until enough are told (None: all steps); how many that are. `both`: by mail and by LINE.

    Mailboxes that do not exist are tried all the same: one that was mended would not show otherwise.
    """
    refused, recused = mails.refused_indexes(work), _recused(work, notice)
    told = 0
    for step in steps:
        reach = _reach(work, content, notice.window, step, refused, recused, both)
        for address in reach.addresses:
            _mail(work, notice, address)
        _push(work, content, public_url, reach.on_line, urgent=notice.danger_id is not None)
        told += reach.count
        if at_least is not None and told >= at_least:
            break
    return told


def _mail(work: Work, notice: Notice, address: str) -> None:
    mails.put(
        work,
        notice.channel,
        notice_id=notice.id,
        address=address,
        template=notice.what,
        number=notice.number,
        path=page_of(notice.number),
    )


def _nobody(notice: Notice, alarm: str = "notice.nobody") -> None:
    metrics.ALARMS.labels(alarm).inc()
    log.alarm(alarm, concern_id=notice.concern_id, window=notice.window, kind=notice.what)


def _reach(
    work: Work,
    content: Content,
    window: str,
    step: Step,
    refused: Collection[str],
    recused: Collection[str],
    both: bool,
) -> Reach:
    there = [each for each in staff.of_window(work, window, (_ROLES[step],)) if each.id not in recused]
    addresses = {mails.index_of(work, address): address for address in _shared(content, window, step)}
    addresses |= {mails.index_of(work, each.mail): each.mail for each in there if each.mail}
    alive = addresses.keys() - refused
    without = [each for each in there if not each.mail or mails.index_of(work, each.mail) in refused]
    only_there = _on_line(work, without)
    on_line = _on_line(work, there) if both else only_there
    return Reach(tuple(addresses.values()), on_line, len(alive) + len(only_there))


def _shared(content: Content, window: str, step: Step) -> tuple[str, ...]:
    """The addresses in content/windows.yaml."""
    desk = content.windows_by_key.get(window)
    if desk is None:
        return ()
    return {
        "desk": desk.recipients,
        "leader": desk.leader,
        "department": desk.department,
        "duty": desk.duty,
    }[step]


def _on_line(work: Work, those: Collection[Staff]) -> tuple[Person, ...]:
    """Of these the people who can be reached on LINE, each once."""
    joined = dict.fromkeys(each.person_id for each in those if each.person_id)
    found = (people.get(work, person_id) for person_id in joined)
    return tuple(person for person in found if person is not None and person.friend)


def _push(
    work: Work, content: Content, public_url: str, persons: Collection[Person], urgent: bool = False
) -> bool:
    """「お知らせがあります」 and a button: not even the number passes through LINE. True where somebody is told."""
    for person in persons:
        outbox.put(
            work,
            person.channel,
            "message",
            {"messages": to_line(_line_words(content, public_url, urgent))},
            person_id=person.id,
            must_arrive=True,
        )
    return bool(persons)


def _line_words(content: Content, public_url: str, urgent: bool) -> Saying:
    get = content.texts.get
    title = get("notices.line.urgent" if urgent else "notices.line.title")
    card = Card(
        title,
        (get("notices.line.text"),),
        buttons=(Open(get("notices.line.button"), f"{public_url}{INBOX}"),),
        urgent=urgent,
    )
    return Saying((Cards(title if urgent else get("notices.line.alt"), (card,)),))
