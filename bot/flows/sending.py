"""What concerns of every kind share: danger first, then where it goes, shown before anything is sent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from bot.content.kinds import ConcernKind
from bot.content.places import Route, Window, readers_in, route
from bot.flows.context import Context
from bot.flows.talk import Option, Talk, pick
from bot.when import moment_said

LIFE_AT_RISK, TODAY, SOON, LATER = 0, 1, 2, 4  # levels; the kind of a concern has its own
EMERGENCY = ("ambulance", "police")  # asked about first of all; repeated only for what cannot wait
CHILD_ABUSE, CHILD_LINE = "child_abuse", "jidou_189"
CHOSEN = "chosen"
LONGEST_NAME = 40  # letters on a button
SEND = Option("send", also=("送る", "おくる", "お願いします", "おねがいします"))
STOP = Option("stop", also=("おくらない", "やめておく"))


@dataclass(frozen=True)
class Destination:
    """The desk that the person agreed to, why this one, and whether they doubt that it is the right one."""

    window: str
    reason: str
    doubted: bool = False


def ask_danger() -> Talk[int]:
    """Is a life at risk? Then 119 and 110 stand before everything else. Gives the level that this alone makes."""
    danger = yield from pick("danger", "now", "no", "unsure")
    if danger == "no":
        return LATER
    called = yield from pick("call", "called", "not_now", call=EMERGENCY)
    return LIFE_AT_RISK if called == "called" else TODAY


def ask_to_send(
    ctx: Context,
    town: str,
    kind: ConcernKind,
    level: int,
    *,
    label: str,
    note: str = "",
    more: tuple[Option, ...] = (),
    key: str = "send",
) -> Talk[Destination | str]:
    """Show the desk, when a person reads it, and who answers now; then ask. A desk, or the answer that is none.

    「窓口が違いそう」 leads to the other desks of the town. `label` says what it is about, `note` what the desk
    may do, `more` are further answers.
    """
    way = route(ctx.content.windows, town, kind.key, level, ctx.now)
    notes = tuple(part for part in (_notification(ctx, town, kind), note) if part)
    answer = yield from pick(
        key,
        SEND,
        Option("doubt", also=("窓口がちがいそう", "窓口がちがう", "窓口が違う", "ちがう窓口")),
        *more,
        STOP,
        **_shown(ctx, kind, level, way.reader, label, (*_other_desks(ctx, way), *notes)),
    )
    if answer != "doubt":
        return Destination(way.reader.key, way.reason) if answer == "send" else answer
    others = [w for w in readers_in(ctx.content.windows, town) if w.key != way.reader.key]
    named = (Option(window.key, _short(window.name)) for window in others)
    desk = yield from pick("desk", *named, Option("leave_it", also=("おまかせ", "まかせる")))
    if desk == "leave_it":
        return Destination(way.reader.key, way.reason, doubted=True)
    window = ctx.content.windows_by_key[desk]
    again = yield from pick("send_there", SEND, STOP, **_shown(ctx, kind, level, window, label, notes))
    return Destination(window.key, CHOSEN, doubted=True) if again == "send" else again


def _shown(
    ctx: Context, kind: ConcernKind, level: int, reader: Window, label: str, notes: tuple[str, ...]
) -> dict[str, Any]:
    """The desk in the question; smaller when it is read and what to know; buttons of those who answer now."""
    texts = ctx.content.texts
    is_open = _is_open(ctx, reader)
    lines = _lines(ctx, kind, level, bool(is_open))
    hints = [_when_read(ctx, reader), *notes]
    if lines and not is_open:
        hints.append(texts.get("sending.tonight"))
    hints.append(texts.get("sending.may_i"))
    desk = [reader.name, *([texts.get("card.phone", phone=reader.phone)] if reader.phone else [])]
    return {
        "call": lines,
        "hint": "\n\n".join(hints),
        "params": {"kind": label, "desk": "\n".join(desk)},
    }


def _is_open(ctx: Context, window: Window) -> bool | None:
    return None if window.hours is None else window.hours.open_at(ctx.now)


def _when_read(ctx: Context, window: Window) -> str:
    """Whether somebody is there, and when a person reads it at the earliest; nothing that cannot be kept."""
    texts = ctx.content.texts
    if window.hours is None:
        return texts.get("sending.hours_unknown")
    if window.hours.open_at(ctx.now):
        return texts.get("sending.open")
    opens = window.hours.next_opening(ctx.now)
    return texts.get("sending.closed", when=moment_said(texts, opens)) if opens else texts.get("sending.shut")


def _other_desks(ctx: Context, way: Route) -> Iterator[str]:
    """A desk that knows more of this but does not read here, and one that can be telephoned at this hour."""
    texts, knows_more = ctx.content.texts, way.window
    if knows_more is not way.by_day and knows_more.phone:
        line = texts.get("sending.specialist", window=knows_more.name, phone=knows_more.phone)
        after_hours = knows_more.after_hours if _is_open(ctx, knows_more) is False else ""
        yield f"{line}\n{after_hours}".strip()
    if way.night is not None and way.night is not way.reader and way.night.phone:
        yield texts.get("sending.by_phone_now", window=way.night.name, phone=way.night.phone)


def _lines(ctx: Context, kind: ConcernKind, level: int, desk_is_open: bool) -> tuple[str, ...]:
    """The lines of the kind that are not closed now; while the desk is, also those that always answer."""
    hotlines, now = ctx.content.hotlines, ctx.now
    cannot_wait = level <= TODAY or not desk_is_open
    keys = [key for key in kind.hotlines if cannot_wait or key not in EMERGENCY]
    if kind.key == CHILD_ABUSE and CHILD_LINE in hotlines:
        keys.insert(0, CHILD_LINE)
    answering = [key for key in keys if hotlines[key].open_at(now) is not False]
    surely = [key for key in answering if key not in EMERGENCY and hotlines[key].open_at(now)]
    if not (desk_is_open or surely):
        answering += [key for key in ctx.content.safety_net_lines if hotlines[key].open_at(now)]
    return tuple(dict.fromkeys(answering))


def _notification(ctx: Context, town: str, kind: ConcernKind) -> str:
    """For abuse of children: whether this counts as 通告 in this town, and 189 in any case."""
    if kind.key != CHILD_ABUSE:
        return ""
    counts = ctx.content.town(town).reports_count_as_notification
    return ctx.content.texts.get(f"sending.notification.{'counts' if counts else 'does_not'}")


def _short(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…"
