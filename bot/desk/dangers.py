"""People in danger: what happens when somebody writes such words, who of the town hears of it, and what staff do.

1. `happened`: one open row per person, no news for a day, also not from a broadcast that waits.
2. `steps_due` and `tell` (called by jobs/dangers.py): the desk, after 15 minutes its leader, then the department,
   the duty officer, then everybody once an hour, until somebody says 「見ました」.
3. `see`, `reach_out`, `open_identity`, `close`: each is its row and its line in the audit. What they wrote is kept
   nowhere, and what staff choose are fixed words: nothing here could hold a sentence of anybody.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Final

from bot import metrics
from bot.content.library import Content
from bot.content.places import Window, home_of, night_desk_of
from bot.crisis_reply import Words
from bot.desk import notices
from bot.desk.deeds import CannotBeDone, Desk, Doer
from bot.line.render import to_line
from bot.messages import Button, Call, Card, Cards, Saying, Text
from storage import audit, dangers, outbox, people, quiet, supporters
from storage import notices as rows
from storage.dangers import Danger, Wish
from storage.notices import STEPS, Step
from storage.people import Person
from storage.supporters import Profile
from storage.work import Work

QUIET: Final = dt.timedelta(hours=24)
"""Without news: cheerful words would hurt now. What they asked for themselves still comes."""
OUTCOMES: Final = ("reached", "handed_over", "concern", "not_reached", "mistaken")
REASONS: Final = ("call", "visit", "emergency", "hand_over")
FIRST: Final = 0


@dataclass(frozen=True)
class Due:
    """One telling whose moment has come. `nth` 0 to 3 are the steps; from 4 on everybody is told again."""

    nth: int
    step: Step
    serial: str

    @property
    def everybody(self) -> bool:
        return self.nth >= len(STEPS)


# ---- what the person does --------------------------------------------------------------------------------


def happened(work: Work, person: Person, code: str, category: str) -> Danger:
    """They wrote words of danger and were answered."""
    metrics.DANGERS.labels(code=code).inc()
    quiet.until(work, person, work.now + QUIET)
    return dangers.note(work, person, code, category)


def wished(work: Work, person: Person, wish: Wish) -> Danger:
    """They asked that somebody comes, or reads it."""
    return dangers.wished(work, person, wish)


# ---- who of the town hears of it -------------------------------------------------------------------------


def town_of(content: Content, danger: Danger) -> str:
    """Where they live; of an unknown town, or one that is not served any more, the channel's central one."""
    if danger.town in content.towns:
        return danger.town or ""
    channel = content.channels.get(danger.channel) or next(iter(content.channels.values()))
    return channel.central


def desk_of(content: Content, danger: Danger) -> Window:
    """The desk that looks after them."""
    return desk_of_town(content, town_of(content, danger))


def desk_of_town(content: Content, town: str) -> Window:
    """The desk that looks after people in danger of this town."""
    wanted = content.danger_watch.of(town).window
    return home_of(content.windows, town, wanted) if wanted else content.general_window(town)


def desks_of(content: Content, danger: Danger, at: dt.datetime | None = None) -> tuple[str, ...]:
    """Keys of the desks that may know of it: that one and those that may have to read for it at night.

    With `at` those that hear of it at this moment: one of the latter, and only while the desk is closed.
    """
    desk = desk_of(content, danger)
    if at is not None:
        night = night_desk_of(content.windows, desk.key, at)
        return (desk.key, night.key) if night and night.key != desk.key else (desk.key,)
    found, next_one = [desk.key], desk.after_hours_desk
    while next_one and next_one not in found:
        found.append(next_one)
        known = content.windows_by_key.get(next_one)
        next_one = (known.after_hours_desk if known.active else known.replaced_by) if known else None
    return tuple(found)


def may_know(content: Content, windows: Collection[str] | None, danger: Danger) -> bool:
    """Whether somebody who works at these desks may know of it; None is the terminal, which has all."""
    return windows is None or not set(windows).isdisjoint(desks_of(content, danger))


def steps_due(content: Content, danger: Danger, now: dt.datetime) -> tuple[Due, ...]:
    """The tellings whose moment has come; of the hourly ones only the newest, should we have been down."""
    if danger.alarm_at is None:
        return ()
    watch, since = content.danger_watch, now - danger.alarm_at
    begun = danger.alarm_at.astimezone(dt.UTC).isoformat()
    found = [Due(nth, step, begun) for nth, step in enumerate(STEPS) if since >= nth * watch.after]
    rounds = (since - (len(STEPS) - 1) * watch.after) // watch.again
    if rounds >= 1:
        found.append(Due(len(STEPS) - 1 + rounds, "desk", f"{begun}#{rounds}"))
    return tuple(found)


def tell(work: Work, content: Content, public_url: str, danger: Danger, due: Due, window: str) -> bool:
    """Tell one desk, in this unit of work; False where that was done before."""
    watch = content.danger_watch
    own = window == desk_of(content, danger).key
    return notices.tell_of_danger(
        work,
        content,
        public_url,
        danger,
        window,
        due.step,
        due.serial,
        also=watch.of(town_of(content, danger)).also if own and (due.nth == FIRST or due.everybody) else (),
        at_least=watch.at_least if due.nth == FIRST else 1,
        everybody=due.everybody,
    )


# ---- what staff do ---------------------------------------------------------------------------------------


def line(work: Work, by: Doer, danger: Danger, deed: str) -> None:
    """The line in the audit."""
    audit.note(work, by.name, deed, "danger", danger.id, danger.channel)


def see(work: Work, by: Doer, danger: Danger) -> None:
    """「見ました」: from now on they look after it, and nobody else is told."""
    if not dangers.seen(work, danger.id, by.name):
        raise CannotBeDone("danger_seen")
    _over(work, by, danger, "seen")


def reach_out(work: Work, desk: Desk, by: Doer, danger: Danger, key: str) -> None:
    """Send them one of the fixed sentences, with the desk's telephone."""
    person = people.get(work, danger.person_id) if danger.person_id else None
    if person is None:
        raise CannotBeDone("danger_erased")
    if not person.friend:
        raise CannotBeDone("danger_blocked")
    spoken = replace(desk, content=desk.content.said_in(person.language))
    words, window = spoken.content.crisis_replies.desk[key], desk_of(spoken.content, danger)
    said = words_to_send(spoken, words, window, town_of(desk.content, danger))
    outbox.put(
        work, danger.channel, "message", {"messages": to_line(said)}, person_id=person.id, must_arrive=True
    )
    dangers.seen(work, danger.id, by.name)
    _over(work, by, danger, f"words_{key}")


def words_to_send(desk: Desk, words: Words, window: Window, town: str) -> Saying:
    """The sentence, and buttons that dial: the desk first while it is open, else the lines that always answer."""
    content = desk.content
    shown, tel = window.phone, window.tel
    if shown is None or tel is None:
        shown, tel = content.towns[town].phone, content.towns[town].tel or ""
    lines = [content.hotlines[key] for key in content.handbook.talk_now]
    calls: list[Button] = [Call(each.short_name, each.tel) for each in lines if each.tel]
    own = Call(content.texts.get("desk_danger.sent.call", phone=shown), tel)
    is_open = window.hours is not None and window.hours.open_at(desk.now)
    buttons = (own, *calls) if is_open else (*calls, own)
    text = words.text.replace("{desk}", window.name).replace("{phone}", shown)
    text = text.replace("{hours}", window.hours_text or content.texts.get("desk_danger.sent.office_hours"))
    get = content.texts.get
    card = Card(get("desk_danger.sent.title"), buttons=tuple(buttons))
    return Saying((Text(text.strip()), Cards(get("desk_danger.sent.alt"), (card,))))


def open_identity(work: Work, by: Doer, danger: Danger, reason: str) -> tuple[Profile, ...]:
    """Name and telephone of a registered supporter, for a reason that the audit keeps. Residents have none here."""
    line(work, by, danger, "open_identity")
    line(work, by, danger, f"reason_{reason}")
    entries = supporters.of_person(work, danger.person_id) if danger.person_id else ()
    return tuple(supporters.profile(work, each) for each in entries if each.state != "left")


def close(work: Work, by: Doer, danger: Danger, outcome: str) -> None:
    """「記録」: what came of it. Words that come later begin a new one."""
    if not dangers.close(work, danger.id, outcome):
        raise CannotBeDone("danger_closed")
    dangers.seen(work, danger.id, by.name)
    _over(work, by, danger, f"closed_{outcome}")


def _over(work: Work, by: Doer, danger: Danger, deed: str) -> None:
    rows.seen_danger(work, danger.id)
    line(work, by, danger, deed)


# ---- in words --------------------------------------------------------------------------------------------


def answered(content: Content, danger: Danger) -> tuple[str, ...]:
    """The fixed text that they got, bubble by bubble, as content has it now; nothing for a wish alone."""
    if danger.category == "asked":
        return ()
    replies = content.crisis_replies.by_key
    return (replies.get(f"{danger.code}.{danger.category}") or replies[danger.code]).messages
