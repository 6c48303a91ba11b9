"""Cards: a window, a hotline, a scheme, a receipt, as they are shown in the chat. Pure."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from bot.content.hotlines import Hotline
from bot.content.hours import WeeklyHours
from bot.content.library import Content
from bot.content.places import Window, home_of
from bot.flows.sending import CHILD_ABUSE, CHILD_LINE
from bot.messages import Button, Call, Card, Open
from bot.recommend import Recommendation
from bot.when import moment_said

if TYPE_CHECKING:
    from storage.concerns import Concern

WHO_FOR_SHOWN = 3  # of the conditions; a card is read on a phone


def window_card(content: Content, window: Window, now: dt.datetime, about: str) -> Card:
    """A window with its phone, whether it is open now, and what to say there `about` this trouble."""
    texts = content.texts
    lines = [texts.get("card.phone", phone=window.phone)] if window.phone else []
    if window.address:
        lines.append(window.address)
    if window.hours_text:
        lines.append(texts.get("card.hours", hours=window.hours_text))
    buttons: tuple[Button, ...] = (Call(texts.get("card.call"), window.tel),) if window.tel else ()
    return Card(
        window.name,
        tuple(lines),
        note=window.note_about(about) or None,
        badge=open_badge(content, window.hours, now),
        buttons=buttons,
    )


def hotline_card(content: Content, line: Hotline, now: dt.datetime) -> Card:
    """A line that is there for everyone in Japan."""
    texts = content.texts
    lines = [texts.get("card.phone", phone=line.phone)] if line.phone else []
    lines += [texts.get("card.hours", hours=line.hours_text), line.cost]
    buttons: list[Button] = []
    if line.tel:
        buttons.append(Call(texts.get("card.call"), line.tel))
    if line.url and not line.tel:
        buttons.append(Open(texts.get("card.open"), line.url))
    badge = open_badge(content, line.hours, now)
    return Card(line.name, tuple(t for t in lines if t and t != "-"), badge=badge, buttons=tuple(buttons))


def open_badge(content: Content, hours: WeeklyHours | None, now: dt.datetime) -> str | None:
    """「いま開いています」 or 「いまは時間外です」; nothing where the hours are not known for sure."""
    if hours is None:
        return None
    return content.texts.get("card.open_now" if hours.open_at(now) else "card.closed_now")


def scheme_card(content: Content, found: Recommendation, town: str | None) -> Card:
    """A scheme with whom it is for, where to ask, and the answers that led to it."""
    texts, scheme = content.texts, found.scheme
    lines = [scheme.official_name] if scheme.official_name != scheme.plain_title else []
    lines += [f"・{line}" for line in scheme.who_for[:WHO_FOR_SHOWN]]
    where = content.window_for(scheme, town)
    if where is not None:
        lines.append(texts.get("card.where", where=where.name))
    elif scheme.window_kind:
        lines.append(texts.get("card.where", where=scheme.window_kind))
    if scheme.is_loan:
        lines.append(texts.get("card.loan"))
    if found.to_confirm:
        lines.append(texts.get("card.to_confirm"))
    reached = scheme if scheme.tel else where
    buttons: tuple[Button, ...] = ()
    if reached is not None and reached.tel and reached.phone:
        buttons = (Call(texts.get("card.call_number", phone=reached.phone), reached.tel),)
    return Card(
        scheme.plain_title, tuple(lines), note=why(content, found), buttons=buttons, urgent=scheme.pin
    )


def why(content: Content, found: Recommendation) -> str | None:
    """「『家賃が払えない』と答えたので」: the answers that led here, at most three."""
    labels = [content.option_label(question, option) for question, option in found.because[:3]]
    return content.texts.get("card.why", answers="」「".join(labels)) if labels else None


def receipt_card(
    content: Content, number: str, window: str, url: str, now: dt.datetime, *, kind: str
) -> Card:
    """The number of a concern, who reads it and when, and the link to the form; not a word of the case.

    Only 189 stands there for a `kind` that the law wants to be told to it at any hour.
    """
    texts, desk = content.texts, content.windows_by_key[window]
    lines = [
        texts.get("concern.receipt.number", number=number),
        texts.get("concern.receipt.to", window=desk.name),
    ]
    if desk.hours is not None and not desk.hours.open_at(now):
        opens = desk.hours.next_opening(now)
        if opens is not None:
            lines.append(texts.get("concern.receipt.closed", when=moment_said(texts, opens)))
    buttons: list[Button] = [Open(texts.get("concern.receipt.write"), url)]
    child_line = content.hotlines.get(CHILD_LINE)
    if kind == CHILD_ABUSE and child_line is not None and child_line.tel:
        lines.append(texts.get("concern.receipt.child_line"))
        buttons.append(Call(child_line.short_name, child_line.tel))
    if desk.tel:
        buttons.append(Call(texts.get("concern.receipt.call"), desk.tel))
    return Card(
        texts.get("concern.receipt.title"),
        tuple(lines),
        note=texts.get("concern.receipt.note"),
        buttons=tuple(buttons),
    )


def reading_in_words(content: Content, window: str, due: dt.datetime | None, now: dt.datetime) -> str:
    """When a person reads it: by the desk's own clock while it is open, else not before it opens.

    No hour is named where those of the desk are not known.
    """
    texts, desk = content.texts, content.windows_by_key.get(window)
    opens = desk.hours.next_opening(now) if desk is not None and desk.hours is not None else None
    if opens is None or due is None:
        return texts.get("concern.receipt.usual")
    if opens > now and due <= opens:
        return texts.get("concern.receipt.from", when=moment_said(texts, opens))
    return texts.get("concern.receipt.by", when=moment_said(texts, due))


def tonight_in_words(content: Content, window: str, now: dt.datetime) -> str | None:
    """While the desk is closed: the lines for everyone that answer at this moment. They say nothing of the case."""
    desk = content.windows_by_key.get(window)
    if desk is not None and desk.hours is not None and desk.hours.open_at(now):
        return None
    lines = [content.hotlines[key] for key in content.safety_net_lines if content.hotlines[key].open_at(now)]
    named = "".join(
        f"\n{line.name} {line.phone}（{line.hours_text}・{line.cost}）" for line in lines if line.phone
    )
    return content.texts.get("concern.receipt.tonight", lines=named) if named else None


def mine_card(
    content: Content, concern: Concern, state: str, now: dt.datetime, buttons: tuple[Button, ...]
) -> Card:
    """One of a person's own concerns: number, day, desk and how far it is; neither its kind nor a word of it."""
    texts, desk = content.texts, desk_of(content, concern)
    lines = [texts.get("mine.sent", when=moment_said(texts, concern.created_at))]
    if desk is not None:
        lines.append(texts.get("mine.desk", window=desk.name))
        lines += [texts.get("card.phone", phone=desk.phone)] if desk.phone else []
    if desk is not None and desk.tel:
        buttons = (*buttons, Call(texts.get("concern.receipt.call"), desk.tel))
    return Card(
        texts.get("mine.number", number=concern.number),
        tuple(lines),
        badge=texts.get("mine.now", state=texts.get(f"mine.state.{state}")),
        note=open_badge(content, desk.hours, now) if desk is not None else None,
        buttons=buttons,
    )


def desk_of(content: Content, concern: Concern) -> Window | None:
    """The desk that has it in hand; None where the content no longer knows its town."""
    try:
        return home_of(content.windows, concern.town, concern.window)
    except LookupError:
        return None
