"""One line of the desk's list: only words and flags, ready for a template."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from bot.content.library import Content
from bot.desk import wording
from bot.desk.wording import Due
from storage.concerns import Concern


@dataclass(frozen=True)
class Row:
    """A concern in the list."""

    number: str
    level: int
    level_words: str
    kind: str
    place: str
    received: str
    source: str | None
    """How it came, where it was not by LINE."""
    due: Due | None
    state: str
    state_words: str
    assignee: str | None
    mine: bool
    news: str | None
    flags: tuple[str, ...]
    """Keys under desk.flag."""


def row(
    content: Content,
    names: Mapping[str, str],
    now: dt.datetime,
    concern: Concern,
    *,
    me: str,
    offered: Collection[str] = (),
    refused: Collection[str] = (),
) -> Row:
    """`offered` and `refused` are the ids of concerns with an open or a refused hand-on."""
    texts = content.texts
    flags = [name for name in ("danger", "doubted", "many") if getattr(concern, name)]
    flags += ["offered"] if concern.id in offered else []
    flags += ["returned"] if concern.id in refused else []
    return Row(
        number=concern.number,
        level=concern.level,
        level_words=wording.level(texts, concern.level),
        kind=wording.kind(content, concern),
        place=wording.place(content, concern),
        received=wording.moment(concern.created_at, now),
        source=None if concern.source == "line" else texts.get(f"desk.source.{concern.source}"),
        due=wording.due(texts, concern, now),
        state=concern.state,
        state_words=wording.state(content, concern),
        assignee=names.get(concern.assignee_id or "") or None,
        mine=concern.assignee_id == me,
        news=wording.moment(concern.news_at, now) if concern.news_at else None,
        flags=tuple(flags),
    )
