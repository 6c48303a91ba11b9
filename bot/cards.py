"""Cards: a window, a hotline, a scheme, a receipt, as they are shown in the chat. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.content.hotlines import Hotline
from bot.content.hours import WeeklyHours
from bot.content.library import Content
from bot.content.places import Window, home_of
from bot.content.schemes import Scheme
from bot.flows.sending import CHILD_ABUSE, CHILD_LINE
from bot.handbook.recommend import Recommendation
from bot.messages import Button, Call, Card, Open, Tap
from bot.when import moment_said

if TYPE_CHECKING:
    from storage.concerns import Concern

WHO_FOR_SHOWN = 1  # of the conditions; a card to swipe past is to fit on one screen


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


def safety_net_cards(content: Content, town: str | None, now: dt.datetime) -> list[Card]:
    """Nobody leaves without a number: the town's own desk and the lines for everyone."""
    about = content.texts.get("card.trouble")
    desks = [window_card(content, window, now, about) for window in content.safety_net_windows(town)]
    return desks + [hotline_card(content, content.hotlines[key], now) for key in content.safety_net_lines]


def open_badge(content: Content, hours: WeeklyHours | None, now: dt.datetime) -> str | None:
    """「いま開いています」 or 「いまは時間外です」; nothing where the hours are not known for sure."""
    if hours is None:
        return None
    return content.texts.get("card.open_now" if hours.open_at(now) else "card.closed_now")


def scheme_card(
    content: Content,
    found: Recommendation,
    town: str | None,
    now: dt.datetime,
    more: Tap | None = None,
) -> Card:
    """A scheme to swipe past: what one gets, who, how much, until when, where, and the answers that led to it.

    `more` leads to `scheme_in_full`.
    """
    scheme, place = found.scheme, place_of(content, found.scheme, town)
    return Card(
        scheme.plain_title,
        (scheme.what,),
        note=why(content, found),
        badge=open_badge(content, place.hours, now),
        buttons=(*_to_call(content, place), *((more,) if more else ())),
        urgent=scheme.pin,
        subtitle=scheme.official_name if scheme.official_name != scheme.plain_title else None,
        facts=_facts(content, found, place, scheme.who_for[:WHO_FOR_SHOWN]),
    )


def scheme_in_full(content: Content, found: Recommendation, town: str | None, now: dt.datetime) -> Card:
    """Everything about one scheme: also what to say at the desk, what to bring, and how fresh this is."""
    texts, scheme = content.texts, found.scheme
    place, day = place_of(content, scheme, town), scheme.verified_at
    checked = texts.get("card.verified", year=str(day.year), month=str(day.month), day=str(day.day))
    labels = [content.documents[key].label for key in scheme.bring]
    more = (
        ("hours", place.hours_text),
        ("address", place.address),
        ("say", f"「{scheme.say}」" if scheme.say else ""),
        ("bring", "\n".join(f"・{label}" for label in labels)),
    )
    return Card(
        scheme.plain_title,
        (scheme.what,),
        note="\n".join(filter(None, (why(content, found), checked))),
        badge=open_badge(content, place.hours, now),
        buttons=(*_to_call(content, place), *_to_read(content, scheme)),
        urgent=scheme.pin,
        subtitle="\n".join(filter(None, (scheme.official_name, scheme.reading))),
        facts=(
            *_facts(content, found, place, scheme.who_for),
            *((texts.get(f"card.fact.{name}"), said) for name, said in more),
        ),
    )


def _to_read(content: Content, scheme: Scheme) -> tuple[Button, ...]:
    """The official page, where one is known."""
    return (Open(content.texts.get("card.official"), scheme.url),) if scheme.url else ()


def _facts(
    content: Content, found: Recommendation, place: Place, who_for: Sequence[str]
) -> tuple[tuple[str, str], ...]:
    """Nothing is promised: what is not known of the person, or not sure of the scheme, is said as a fact, too."""
    texts, scheme = content.texts, found.scheme
    loan = texts.get("card.loan") if scheme.is_loan else ""
    unsure = "" if scheme.sure else texts.get("card.unsure")
    confirm = [texts.get("card.to_confirm"), *(f"・{words}" for words in found.to_confirm)]
    named = {
        "who": "\n".join(who_for),
        "cost": "\n".join(filter(None, (loan, scheme.cost))),
        "deadline": scheme.deadline,
        "where": place.name,
        "confirm": "\n".join(filter(None, (*(confirm if found.to_confirm else ()), unsure))),
    }
    return tuple((texts.get(f"card.fact.{name}"), said) for name, said in named.items())


@dataclass(frozen=True)
class Place:
    """Where one asks for a scheme: its own line, or the desk of the town. Empty: not known."""

    name: str = ""
    phone: str = ""
    tel: str | None = None
    hours: WeeklyHours | None = None
    hours_text: str = ""
    address: str = ""


def place_of(content: Content, scheme: Scheme, town: str | None) -> Place:
    """Its own number first, with its hours where it is one of the lines that we know; else the town's desk."""
    desk = content.window_for(scheme, town)
    name = desk.name if desk else scheme.window_kind
    if scheme.phone:
        known = content.line_of(scheme)
        hours, said = (known.hours, known.hours_text) if known else (None, "")
        return Place(name, scheme.phone, scheme.tel, hours, said)
    if desk is None:
        return Place(name)
    return Place(name, desk.phone or "", desk.tel, desk.hours, desk.hours_text, desk.address or "")


def _to_call(content: Content, place: Place) -> tuple[Button, ...]:
    if not (place.tel and place.phone):
        return ()
    return (Call(content.texts.get("card.call_number", phone=place.phone), place.tel),)


def why(content: Content, found: Recommendation) -> str | None:
    """「『家賃が払えない』と答えたので」."""
    labels = answers_behind(content, found)
    return content.texts.get("card.why", answers="」「".join(labels)) if labels else None


def answers_behind(content: Content, found: Recommendation) -> list[str]:
    """The words of the answers that led here, at most three."""
    return [content.option_label(question, option) for question, option in found.because[:3]]


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
