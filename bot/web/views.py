"""What a page or a paper shows of a window, a hotline and a scheme: only words, ready to be shown. Pure."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from bot.cards import answers_behind
from bot.content.hotlines import Hotline
from bot.content.hours import WeeklyHours
from bot.content.library import Content
from bot.content.places import Window
from bot.content.schemes import Scheme
from bot.content.texts import Texts
from bot.handbook.recommend import Recommendation
from bot.when import weekday_said

NO_VALUE = ("", "-")


@dataclass(frozen=True)
class PlaceView:
    """A desk or a line. `open` is None where the hours are not known for sure; `facts` are pairs of words."""

    name: str
    phone: str | None
    tel: str | None
    url: str | None
    open: bool | None
    opens: str | None
    facts: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class SchemeView:
    """A card: what it is, for whom, why it is shown, where to ask, what to bring and what to say there."""

    id: str
    title: str
    official: str | None
    reading: str
    who_for: tuple[str, ...]
    why: str | None
    loan: bool
    what: str
    cost: str
    deadline: str
    bring: tuple[str, ...]
    confirm: tuple[str, ...]
    """What is still to be found out at the desk."""
    unsure: bool
    say: str | None
    verified: str
    url: str
    """The official page about it; empty where none is known."""
    where: str | None
    place: PlaceView | None

    @property
    def tel(self) -> str | None:
        """What its button dials."""
        return self.place.tel if self.place else None


def safety_net(content: Content, town: str | None, now: dt.datetime) -> tuple[PlaceView, ...]:
    """The desk and the lines that are there for everybody."""
    windows = [window_view(content, window, now) for window in content.safety_net_windows(town)]
    lines = [hotline_view(content, content.hotlines[key], now) for key in content.safety_net_lines]
    return (*windows, *lines)


def scheme_view(content: Content, found: Recommendation, town: str | None, now: dt.datetime) -> SchemeView:
    """One recommendation as a card."""
    texts, scheme = content.texts, found.scheme
    window = content.window_for(scheme, town)
    labels = answers_behind(content, found)
    why = (
        texts.get("web.scheme.why", answers=texts.get("web.scheme.why_join").join(labels)) if labels else None
    )
    return SchemeView(
        id=scheme.id,
        title=scheme.plain_title,
        official=scheme.official_name if scheme.official_name != scheme.plain_title else None,
        reading=scheme.reading,
        who_for=scheme.who_for,
        why=why,
        loan=scheme.is_loan,
        what=scheme.what,
        cost=scheme.cost,
        deadline=scheme.deadline,
        bring=tuple(content.documents[key].label for key in scheme.bring),
        confirm=found.to_confirm,
        unsure=not scheme.sure,
        say=_to_say(texts, scheme),
        verified=texts.get("web.scheme.verified", date=day_of(texts, scheme.verified_at)),
        url=scheme.url,
        where=window.name if window else scheme.window_kind or None,
        place=_own_line(content, scheme, now) or (window_view(content, window, now) if window else None),
    )


def _to_say(texts: Texts, scheme: Scheme) -> str | None:
    """Words to begin with at the desk; a line that is called needs none of its own."""
    if scheme.say:
        return texts.get("handbook_web.card.say", words=scheme.say)
    return (
        None if scheme.pin or scheme.phone else texts.get("web.scheme.say_words", title=scheme.official_name)
    )


def _own_line(content: Content, scheme: Scheme, now: dt.datetime) -> PlaceView | None:
    """The scheme's own number; with its hours where it is one of the lines that we know."""
    if scheme.phone is None:
        return None
    known = content.line_of(scheme)
    if known is not None:
        return hotline_view(content, known, now)
    return PlaceView(scheme.plain_title, scheme.phone, scheme.tel, None, None, None, ())


def window_view(content: Content, window: Window, now: dt.datetime, about: str | None = None) -> PlaceView:
    """A desk of a town, and what to say there `about` a trouble."""
    texts = content.texts
    facts = _facts(
        texts,
        hours=window.hours_text,
        address=window.address,
        after_hours=window.after_hours,
        note=window.note_about(about or texts.get("web.window.about")),
    )
    is_open, opens = _opening(texts, window.hours, now)
    return PlaceView(window.name, window.phone, window.tel, None, is_open, opens, facts)


def hotline_view(content: Content, line: Hotline, now: dt.datetime) -> PlaceView:
    """A line that is there for everyone in Japan."""
    texts = content.texts
    is_open, _ = _opening(texts, line.hours, now)
    facts = _facts(texts, hours=line.hours_text, cost=line.cost)
    return PlaceView(line.name, line.phone, line.tel, line.url, is_open, None, facts)


def _facts(texts: Texts, **values: str | None) -> tuple[tuple[str, str], ...]:
    """Pairs of name and value, without what is not known."""
    return tuple(
        (texts.get(f"web.window.{name}"), value)
        for name, value in values.items()
        if value and value not in NO_VALUE
    )


def _opening(texts: Texts, hours: WeeklyHours | None, now: dt.datetime) -> tuple[bool | None, str | None]:
    """Open or not, and when next; (None, None) where the hours are not known for sure."""
    if hours is None:
        return None, None
    if hours.open_at(now):
        return True, None
    begins = hours.next_opening(now)
    if begins is None:
        return False, None
    when = texts.get(
        "web.window.when",
        month=str(begins.month),
        day=str(begins.day),
        weekday=weekday_said(texts, begins),
        hour=str(begins.hour),
        minute=f"{begins.minute:02}",
    )
    return False, texts.get("web.window.opens", when=when)


def day_of(texts: Texts, day: dt.date) -> str:
    """A date as people say it."""
    return texts.get("web.day", year=str(day.year), month=str(day.month), day=str(day.day))
