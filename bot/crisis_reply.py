"""The fixed answer to words of danger: texts and buttons from content, what is open now first."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final, Literal, cast

import regex
import yaml

from bot.content.hotlines import Hotline
from bot.crisis import CATEGORIES, Danger

MOST_BUBBLES: Final = 3
MOST_BUTTONS: Final = 6
LONGEST: Final = 5_000
LONGEST_WORDS: Final = 1_000
LONGEST_LABEL: Final = 20
"""Graphemes; LINE cuts longer labels of a button."""
FLOWS: Final = ("concern", "whom_to_ask", "handbook")

_KINDS: Final = ("call", "open", "start", "say")
_LINES: Final = "{lines}"
_CODES: Final = ("S0", "S1", "S2", "O0", "O1", "O2", "L1")
_ENTRY: Final = {"messages", "lines", "buttons", "reviewer", "reviewed_at"}
_PHONE_AND_HELP: Final = re.compile(r"(?s)(?=.*\{desk\})(?=.*\{phone\})(?=.*119)")
_AT_RISK: Final = ("S0", "O0")
_PARENTHESES: Final = re.compile(r"[（(].*?[）)]")

Kind = Literal["call", "open", "start", "say"]


@dataclass(frozen=True)
class Button:
    """One tap: `call` a tel: address, `open` a page, `start` a flow, `say` the key of an answer."""

    kind: Kind
    label: str
    value: str


@dataclass(frozen=True)
class CrisisReply:
    """What is said at once: at most three bubbles and six buttons."""

    messages: tuple[str, ...]
    buttons: tuple[Button, ...]


@dataclass(frozen=True)
class Offer:
    """A button as content writes it: `target` is a hotline's key, a flow or an answer."""

    kind: Kind
    target: str
    label: str


@dataclass(frozen=True)
class FixedReply:
    """One entry of replies.yaml; without reviewer and date nobody has approved its words yet."""

    key: str
    messages: tuple[str, ...]
    lines: tuple[str, ...]
    offers: tuple[Offer, ...]
    reviewer: str
    reviewed_at: date | None


@dataclass(frozen=True)
class Words:
    """A fixed text that stands alone: the answer to a button, or what a desk sends to somebody in danger."""

    text: str
    label: str
    """What the desk chooses it by; empty for the answers."""
    reviewer: str
    reviewed_at: date | None


@dataclass(frozen=True)
class Replies:
    """All fixed replies, what is answered to their `say` buttons, and what a desk may send later."""

    by_key: Mapping[str, FixedReply]
    said: Mapping[str, Words]
    desk: Mapping[str, Words]
    typed: Mapping[str, str]
    always: str = "24時間"
    closed: str = "いまは時間外"

    @property
    def called(self) -> frozenset[str]:
        """The keys of all lines that are named somewhere."""
        entries = self.by_key.values()
        offers = {offer.target for one in entries for offer in one.offers if offer.kind in ("call", "open")}
        return frozenset(offers.union(*(one.lines for one in entries)))

    @property
    def answers(self) -> Mapping[str, str]:
        return {key: words.text for key, words in self.said.items()}

    def for_danger(self, danger: Danger) -> FixedReply:
        """The entry of the danger's code and category, else that of its code."""
        return self.by_key.get(f"{danger.code}.{danger.category}") or self.by_key[danger.code]

    def typed_answer(self, text: str) -> str | None:
        """The answer's key when somebody typed 「来て」 or 「電話した」 instead of tapping."""
        return self.typed.get(_plain(text)) or self.typed.get(_plain(text).casefold())

    @property
    def unreviewed(self) -> tuple[str, ...]:
        """The entries that nobody has approved: to be shown by `tsunagari content check` before going live."""
        entries: dict[str, FixedReply | Words] = {**self.by_key}
        entries |= {f"answers.{key}": words for key, words in self.said.items()}
        entries |= {f"desk.{key}": words for key, words in self.desk.items()}
        return tuple(key for key, one in entries.items() if not (one.reviewer and one.reviewed_at))


def reply_for(
    danger: Danger, replies: Replies, hotlines: Mapping[str, Hotline], moment: datetime
) -> CrisisReply:
    """The reply at this moment; both persons are answered when a text speaks of both, the nearer danger first."""
    if danger.sides:
        return _both([_single(side, replies, hotlines, moment) for side in danger.sides])
    return _single(danger, replies, hotlines, moment)


def load_replies(path: Path, hotlines: Mapping[str, Hotline]) -> Replies:
    """Reads and checks the file; ValueError names the file, the entry and the trouble."""
    raw = yaml.load(path.read_text("utf-8"), Loader=yaml.CSafeLoader)
    if not isinstance(raw, Mapping) or set(raw) != {"replies", "answers", "desk", "typed"}:
        raise ValueError(f"{path.name}: must hold replies, answers, desk and typed")
    answers = _words(path, "answers", raw["answers"], {"text"})
    desk = _words(path, "desk", raw["desk"], {"text", "label"})
    if unfit := [key for key, words in desk.items() if not _PHONE_AND_HELP.search(words.text)]:
        raise ValueError(f"{path.name}: desk.{unfit[0]}: needs {{desk}}, {{phone}} and 119")
    typed = {_plain(str(words)): str(key) for words, key in raw["typed"].items()}
    by_key: dict[str, FixedReply] = {}
    for key, entry in raw["replies"].items():
        try:
            by_key[key] = _entry(key, entry, hotlines, answers)
        except ValueError as trouble:
            raise ValueError(f"{path.name}: {key}: {trouble}") from trouble
    missing = [code for code in _CODES if code not in by_key]
    missing += [f"answers.{key}" for key in typed.values() if key not in answers]
    if missing:
        raise ValueError(f"{path.name}: {', '.join(missing)} is missing")
    return Replies(by_key, answers, desk, typed)


def _words(path: Path, section: str, raw: Any, needed: set[str]) -> dict[str, Words]:
    found = {}
    for key, entry in raw.items():
        if not isinstance(entry, Mapping) or set(entry) != needed | {"reviewer", "reviewed_at"}:
            names = ", ".join(sorted(needed | {"reviewer", "reviewed_at"}))
            raise ValueError(f"{path.name}: {section}.{key}: must hold exactly {names}")
        text = str(entry["text"]).strip()
        if not 1 <= len(text) <= LONGEST_WORDS:
            raise ValueError(f"{path.name}: {section}.{key}: a text of at most {LONGEST_WORDS} letters")
        label = str(entry.get("label", ""))
        found[str(key)] = Words(text, label, str(entry["reviewer"] or ""), _date(entry["reviewed_at"]))
    return found


def _date(raw: object) -> date | None:
    return date.fromisoformat(str(raw)) if raw else None


def _single(
    danger: Danger, replies: Replies, hotlines: Mapping[str, Hotline], moment: datetime
) -> CrisisReply:
    fixed = replies.for_danger(danger)
    there = _open_first(fixed.lines, hotlines, moment)
    lines = "\n".join(_line(line, moment, replies) for line in there)
    messages = tuple(message.replace(_LINES, lines) for message in fixed.messages)
    return CrisisReply(messages, _buttons(fixed, hotlines, moment))


def _both(sides: list[CrisisReply]) -> CrisisReply:
    """One bubble for each person; calls first, but the way on to the concern is never pushed out."""
    buttons = list(dict.fromkeys(button for side in sides for button in side.buttons))
    onward = sorted(
        (button for button in buttons if button.kind in ("start", "say")),
        key=lambda button: button.value != "concern",
    )[:2]
    calls = [button for button in buttons if button.kind in ("call", "open")]
    calls = list({button.value: button for button in reversed(calls)}.values())[::-1]
    return CrisisReply(
        tuple("\n\n".join(side.messages) for side in sides),
        tuple(calls[: MOST_BUTTONS - len(onward)] + onward),
    )


def _buttons(fixed: FixedReply, hotlines: Mapping[str, Hotline], moment: datetime) -> tuple[Button, ...]:
    """In the order of the entry, but a line that is closed now stands last and one that has ended not at all."""
    open_now: list[Button] = []
    closed: list[Button] = []
    for offer in fixed.offers:
        if offer.kind in ("start", "say"):
            open_now.append(Button(offer.kind, offer.label, offer.target))
            continue
        hotline = hotlines[offer.target]
        value = hotline.tel if offer.kind == "call" else hotline.url
        button = Button(offer.kind, offer.label or hotline.short_name, value or "")
        if hotline.open_at(moment) is not False:
            open_now.append(button)
        elif not _over(hotline, moment):
            closed.append(button)
    return tuple(open_now + closed)


def _open_first(keys: Iterable[str], hotlines: Mapping[str, Hotline], moment: datetime) -> list[Hotline]:
    """Open lines, then those whose hours are not sure, then closed ones; a line that has ended is left out."""
    order = {True: 0, None: 1, False: 2}
    chosen = [hotlines[key] for key in keys if not _over(hotlines[key], moment)]
    return sorted(chosen, key=lambda hotline: order[hotline.open_at(moment)])


def _over(hotline: Hotline, moment: datetime) -> bool:
    return hotline.hours is not None and hotline.hours.next_opening(moment) is None


def _line(hotline: Hotline, moment: datetime, replies: Replies) -> str:
    """「・#いのちSOS 0120-061-338（24時間・無料）」, and honest words where it is closed now."""
    always = hotline.hours is not None and hotline.hours.always
    about = [replies.always if always else _PARENTHESES.sub("", hotline.hours_text)]
    cost = _PARENTHESES.sub("", hotline.cost)
    if cost:
        about.append(cost)
    if hotline.open_at(moment) is False:
        about.append(replies.closed)
    number = f" {hotline.phone}" if hotline.phone else ""
    return f"・{hotline.name}{number}（{'・'.join(about)}）"


def _entry(
    key: str, entry: object, hotlines: Mapping[str, Hotline], answers: Mapping[str, Words]
) -> FixedReply:
    code, _, category = key.partition(".")
    if code not in _CODES or (category and category not in CATEGORIES):
        raise ValueError(f"is no code ({', '.join(_CODES)}) with a category")
    if not isinstance(entry, Mapping) or set(entry) != _ENTRY:
        raise ValueError(f"must hold exactly {', '.join(sorted(_ENTRY))}")
    lines = tuple(_known(line, hotlines) for line in entry["lines"])
    messages = tuple(str(message).strip() for message in entry["messages"])
    _check_messages(messages, [hotlines[line] for line in lines])
    offers = tuple(_offer(raw, hotlines, answers) for raw in entry["buttons"])
    if not 1 <= len(offers) <= MOST_BUTTONS:
        raise ValueError(f"needs 1 to {MOST_BUTTONS} buttons, has {len(offers)}")
    return FixedReply(
        key=key,
        messages=messages,
        lines=lines,
        offers=offers,
        reviewer=str(entry["reviewer"] or ""),
        reviewed_at=_date(entry["reviewed_at"]),
    )


def _check_messages(messages: tuple[str, ...], lines: list[Hotline]) -> None:
    if not 1 <= len(messages) <= MOST_BUBBLES or not all(messages):
        raise ValueError(f"needs 1 to {MOST_BUBBLES} messages with words in them")
    longest = sum(len(line.name + line.hours_text + line.cost) + 40 for line in lines)
    for message in messages:
        if len(message) + longest > LONGEST:
            raise ValueError(f"a message is longer than {LONGEST} letters")
    if bool(lines) != any(_LINES in message for message in messages):
        raise ValueError(f"{_LINES} in the messages and the list of lines belong together")


def _offer(raw: Any, hotlines: Mapping[str, Hotline], answers: Mapping[str, Words]) -> Offer:
    if not isinstance(raw, Mapping):
        raise ValueError(f"a button must be a mapping, not {raw!r}")
    kinds = [kind for kind in _KINDS if kind in raw]
    if len(kinds) != 1 or set(raw) - {kinds[0], "label"}:
        raise ValueError(f"a button has one of {', '.join(_KINDS)}, and a label: {dict(raw)!r}")
    kind, target, label = cast(Kind, kinds[0]), str(raw[kinds[0]]), str(raw.get("label", ""))
    if kind in ("call", "open"):
        hotline = hotlines[_known(target, hotlines)]
        if (hotline.tel if kind == "call" else hotline.url) is None:
            raise ValueError(f"{target} has nothing to {kind}")
        shown = label or hotline.short_name
    else:
        shown = label
        if target not in (FLOWS if kind == "start" else answers):
            raise ValueError(f"{kind}: unknown {target}")
    if not 1 <= len(regex.findall(r"\X", shown)) <= LONGEST_LABEL:
        raise ValueError(f"label {shown!r} must have 1 to {LONGEST_LABEL} letters")
    return Offer(kind, target, label)


def _known(key: object, hotlines: Mapping[str, Hotline]) -> str:
    if not isinstance(key, str) or key not in hotlines:
        raise ValueError(f"unknown hotline {key!r}")
    return key


def _plain(text: str) -> str:
    """Width, spaces and final marks do not matter."""
    return re.sub(r"[\s。．.!！、]+", "", unicodedata.normalize("NFKC", text))


# ---- in another language -------------------------------------------------------------------------------------


def sayable(replies: Replies) -> dict[str, str]:
    """Everything here that a language says in its crisis.yaml, by key, in Japanese."""
    found = {
        f"crisis.replies.{key}.{number}": message
        for key, one in replies.by_key.items()
        for number, message in enumerate(one.messages, 1)
    }
    offers = (offer for one in replies.by_key.values() for offer in one.offers)
    found |= {f"crisis.labels.{offer.target}": offer.label for offer in offers if offer.label}
    found |= {f"crisis.answers.{key}": words.text for key, words in replies.said.items()}
    found |= {f"crisis.desk.{key}": words.text for key, words in replies.desk.items()}
    for words, key in replies.typed.items():
        found[f"crisis.typed.{key}"] = "、".join(filter(None, (found.get(f"crisis.typed.{key}"), words)))
    return found | {"crisis.always": replies.always, "crisis.closed": replies.closed}


def translated(replies: Replies, said: Mapping[str, str], *, easy: bool = False) -> Replies:
    """The same in another language. Where a life is at risk the Japanese stands below it, for whoever is near; not below
    `easy` Japanese."""
    typed = {
        _plain(word).casefold(): key
        for key in replies.said
        for word in said.get(f"crisis.typed.{key}", "").split("、")
        if word.strip()
    }

    def of(section: str, words: Mapping[str, Words]) -> dict[str, Words]:
        return {
            key: replace(one, text=said.get(f"crisis.{section}.{key}", one.text))
            for key, one in words.items()
        }

    return replace(
        replies,
        by_key={key: _translated(one, said, easy=easy) for key, one in replies.by_key.items()},
        said=of("answers", replies.said),
        desk=of("desk", replies.desk),
        typed={**replies.typed, **typed},
        always=said.get("crisis.always", replies.always),
        closed=said.get("crisis.closed", replies.closed),
    )


def _translated(one: FixedReply, said: Mapping[str, str], *, easy: bool) -> FixedReply:
    messages = [
        said.get(f"crisis.replies.{one.key}.{number}", message)
        for number, message in enumerate(one.messages, 1)
    ]
    if not easy and one.key.startswith(_AT_RISK) and messages[0] != one.messages[0]:
        messages[0] = f"{messages[0]}\n\n{one.messages[0]}"
    offers = tuple(
        replace(offer, label=said.get(f"crisis.labels.{offer.target}", offer.label)) if offer.label else offer
        for offer in one.offers
    )
    return replace(one, messages=tuple(messages), offers=offers)
