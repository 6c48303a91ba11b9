"""What a supporter may notice, what a resident may be troubled by, and what is shown when nothing fits."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

from bot.content.errors import ContentError
from bot.content.questions import LONGEST_BUTTON, LONGEST_LABEL, graphemes
from bot.content.yaml_files import tree_of

Made = TypeVar("Made", "ConcernKind", "Trouble")

_KIND_FIELDS: Final = {"key", "label", "short", "about", "examples", "level", "hotlines", "tell_subject"}
_TROUBLE_FIELDS: Final = {"key", "label", "short", "kinds", "hotlines"}
_TELLING: Final = ("ask", "fixed_no")


@dataclass(frozen=True)
class ConcernKind:
    """One kind of what a supporter may notice about a neighbour."""

    key: str
    label: str
    about: str
    """Fills 「〇〇のことで、担当につないでほしい」."""
    examples: tuple[str, ...]
    level: int
    """0 (a life is at risk) to 4 (information); answers only make it more urgent."""
    hotlines: tuple[str, ...]
    tell_subject: str
    """`ask`, or `fixed_no` for violence and abuse: the neighbour is never told."""
    short: str | None = None

    @property
    def button(self) -> str:
        """The label in at most 20 letters."""
        return self.short or self.label

    @property
    def never_told(self) -> bool:
        return self.tell_subject == "fixed_no"


@dataclass(frozen=True)
class Trouble:
    """One trouble of 「どこに相談すればいい？」, with the desks and lines that look after it."""

    key: str
    label: str
    kinds: tuple[str, ...]
    hotlines: tuple[str, ...]
    short: str | None = None

    @property
    def button(self) -> str:
        """The label in at most 20 letters."""
        return self.short or self.label


@dataclass(frozen=True)
class Handbook:
    """The fixed parts of the handbook's result (keys of hotlines)."""

    safety_net: tuple[str, ...]
    town_desk: bool
    talk_now: tuple[str, ...]
    first_shown: int


def load_concern_kinds(path: Path, hotlines: Collection[str]) -> dict[str, ConcernKind]:
    """By key, in the file's order; ContentError names file, kind and field."""

    def read(entry: Mapping[str, Any]) -> ConcernKind:
        level, telling = entry.get("level"), entry.get("tell_subject")
        if type(level) is not int or not 0 <= level <= 4:
            raise ValueError(f"level: a number from 0 to 4 is expected, not {level!r}")
        if telling not in _TELLING:
            raise ValueError(f"tell_subject: {telling!r} is none of {', '.join(_TELLING)}")
        return ConcernKind(
            key=_text(entry, "key"),
            label=_label(entry),
            about=_text(entry, "about"),
            examples=_list(entry, "examples"),
            level=level,
            hotlines=_known(entry, "hotlines", hotlines),
            tell_subject=telling,
            short=entry.get("short"),
        )

    return _by_key(path, _KIND_FIELDS, read)


def load_troubles(path: Path, kinds: Collection[str], hotlines: Collection[str]) -> dict[str, Trouble]:
    """By key, in the file's order; ContentError names file, trouble and field."""

    def read(entry: Mapping[str, Any]) -> Trouble:
        trouble = Trouble(
            key=_text(entry, "key"),
            label=_label(entry),
            kinds=_known(entry, "kinds", kinds),
            hotlines=_known(entry, "hotlines", hotlines),
            short=entry.get("short"),
        )
        if not trouble.kinds:
            raise ValueError("kinds: at least one is needed, so that a desk can be shown")
        return trouble

    return _by_key(path, _TROUBLE_FIELDS, read)


def load_handbook(path: Path, hotlines: Collection[str]) -> Handbook:
    """The fixed parts; ContentError names file and field."""
    raw = tree_of(path)
    try:
        if not isinstance(raw, Mapping) or set(raw) != {"safety_net", "talk_now", "first_shown"}:
            raise ValueError("exactly safety_net, talk_now and first_shown are expected")
        net, shown = raw["safety_net"], raw["first_shown"]
        if not isinstance(net, Mapping) or not isinstance(net.get("town_desk"), bool):
            raise ValueError("safety_net: hotlines and town_desk (true or false) are expected")
        if type(shown) is not int or shown < 1:
            raise ValueError(f"first_shown: a number from 1 on is expected, not {shown!r}")
        lines, talk = _known(net, "hotlines", hotlines), _known(raw, "talk_now", hotlines)
        if not lines or not talk:
            raise ValueError("safety_net and talk_now: at least one line is needed")
        return Handbook(lines, net["town_desk"], talk, shown)
    except ValueError as trouble:
        raise ContentError(path.name, "", str(trouble)) from trouble


def _by_key(path: Path, fields: set[str], read: Callable[[Mapping[str, Any]], Made]) -> dict[str, Made]:
    raw = tree_of(path)
    if not isinstance(raw, list) or not raw:
        raise ContentError(path.name, "", "a list is expected")
    found: dict[str, Made] = {}
    for number, entry in enumerate(raw, 1):
        where = str((isinstance(entry, Mapping) and entry.get("key")) or f"number {number}")
        try:
            if not isinstance(entry, Mapping):
                raise ValueError("fields with a name are expected")
            if unknown := sorted(str(name) for name in entry if name not in fields):
                raise ValueError(f"unknown field {', '.join(unknown)}")
            made = read(entry)
            if made.key in found:
                raise ValueError("key: is there twice")
        except ValueError as trouble:
            raise ContentError(path.name, where, str(trouble)) from trouble
        found[made.key] = made
    return found


def _text(entry: Mapping[str, Any], field: str) -> str:
    value = entry.get(field)
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"{field}: a text is expected (in quotes), not {value!r}")
    if graphemes(value) > LONGEST_LABEL:
        raise ValueError(f"{field}: is {graphemes(value)} letters long, at most {LONGEST_LABEL}")
    return value.strip()


def _label(entry: Mapping[str, Any]) -> str:
    label = _text(entry, "label")
    button = _text(entry, "short") if "short" in entry else label
    if graphemes(button) > LONGEST_BUTTON:
        raise ValueError(f"label: a short one of at most {LONGEST_BUTTON} letters is needed")
    return label


def _list(entry: Mapping[str, Any], field: str) -> tuple[str, ...]:
    value = entry.get(field, [])
    if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
        raise ValueError(f"{field}: a list of texts is expected, not {value!r}")
    return tuple(value)


def _known(entry: Mapping[str, Any], field: str, known: Collection[str]) -> tuple[str, ...]:
    keys = _list(entry, field)
    if missing := [key for key in keys if key not in known]:
        raise ValueError(f"{field}: there is no {missing[0]!r}")
    return keys
