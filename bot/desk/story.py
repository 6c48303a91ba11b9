"""What happened to a concern, in order: entries with their words, and deeds of which only the audit knows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from bot.content.library import Content
from bot.desk import wording
from storage import audit
from storage.entries import Entry

WORDLESS = ("accept", "assign", "opened", "described", "news_seen", "withdraw_handon", "in_touch")
"""Deeds without an entry of their own."""


@dataclass(frozen=True)
class Happening:
    """One line of the story; `facts` are our words, `text` is what somebody typed."""

    at: dt.datetime
    when: str
    what: str
    who: str
    facts: tuple[str, ...]
    text: str
    loud: bool
    """Words that somebody is meant to read, not only a trace."""


def story(
    content: Content,
    names: Mapping[str, str],
    now: dt.datetime,
    entries: Iterable[Entry],
    deeds: Iterable[audit.Entry],
) -> tuple[Happening, ...]:
    """Both together, the oldest first."""
    texts = content.texts
    told = [_entry(content, names, now, entry) for entry in entries]
    told += [
        Happening(
            deed.at,
            wording.moment(deed.at, now),
            texts.get(f"desk.story.{deed.deed}"),
            wording.author(texts, names, deed.actor),
            (),
            "",
            False,
        )
        for deed in reversed(tuple(deeds))  # they come the newest first
        if deed.deed in WORDLESS
    ]
    return tuple(sorted(told, key=lambda one: one.at))


def _entry(content: Content, names: Mapping[str, str], now: dt.datetime, entry: Entry) -> Happening:
    texts = content.texts
    text = str(entry.words.get("text") or entry.words.get("reason_text") or "")
    return Happening(
        entry.at,
        wording.moment(entry.at, now),
        texts.get(f"desk.story.{entry.kind}"),
        wording.author(texts, names, entry.author),
        tuple(_facts(content, entry)),
        text,
        bool(text),
    )


def _facts(content: Content, entry: Entry) -> Iterable[str]:
    """What the keys in an entry say."""
    get, words = content.texts.get, entry.words

    def window(name: str) -> str:
        return wording.window(content, str(words.get(name, "")))

    match entry.kind:
        case "call":
            whom = get(f"desk.act.whom.{words.get('whom', 'other')}")
            yield get(
                "desk.story.call_line",
                whom=whom,
                reached=get(f"desk.act.reached.{'yes' if words.get('reached') else 'no'}"),
            )
        case "moved":
            yield get("desk.story.moved_line", before=window("from"), after=window("to"))
        case "handon":
            yield get(
                "desk.story.handon_line",
                before=window("from"),
                after=window("to"),
                subject=get(f"desk.act.subject.{words.get('subject', 'not_asked')}"),
                reporter=get(f"desk.act.reporter.{words.get('reporter', 'not_asked')}"),
            )
        case "refused":
            yield get(
                "desk.story.refused_line",
                window=window("by"),
                reason=get(f"desk.refusal.{words.get('reason', 'not_our_task')}"),
                proposed=window("proposed"),
            )
        case "merged":
            way = "into" if "into" in words else "from"
            yield get(f"desk.story.merged_{way}", number=str(words.get(way, "")))
        case "closed":
            ended = content.outcomes.get(str(words.get("outcome", "")))
            if ended:
                yield ended.label
        case "level":
            levels = [wording.level(content.texts, int(words.get(name, 3))) for name in ("from", "to")]
            yield get("desk.story.level_line", before=levels[0], after=levels[1])
        case "doubt" if words.get("wished"):
            yield get("desk.story.wish", window=window("wished"))
        case "follow_up" if words.get("answer"):
            yield get(f"desk.page.follow_up_answer.{words['answer']}")
        case _:
            return
