"""The rich menus, read from content/richmenus.yaml: what stands on them, and what a tap on each place does."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, cast, get_args

import yaml

from bot.content.errors import ContentError
from bot.content.questions import graphemes

Icon = Literal["book", "signpost", "heart", "card", "phone", "list", "bulb", "person"]
Look = Literal["filled", "plain", "warm", "quiet"]
Deed = Literal["start", "say", "menu"]

MENUS: Final = ("resident", "supporter")
LONGEST_BAR: Final = 14  # letters; LINE's limits (Messaging API reference, rich menu object)
LONGEST_NAME: Final = 300
LONGEST_LABEL: Final = 20  # an action's label
LONGEST_NOTE: Final = 14  # ours: what is readable in one line
MOST_LINES: Final = 2
MOST_AREAS: Final = 20
_WORD: Final = re.compile(r"[a-z][a-z0-9_]{0,31}")
_AREA_FIELDS: Final = {"label", "note", "icon", "look", "width", *get_args(Deed)}


@dataclass(frozen=True)
class Area:
    """One place to tap. `deed` and `target`: start a flow, say a text `danger.<target>`, or show the menu."""

    lines: tuple[str, ...]
    note: str | None
    icon: Icon
    look: Look
    width: int
    """Its share of the row."""
    deed: Deed
    target: str

    @property
    def label(self) -> str:
        """The words in one line, as they are read aloud and appear in the chat."""
        return "".join(self.lines)


@dataclass(frozen=True)
class Row:
    """Areas side by side; `height` is the row's share of the picture."""

    height: int
    areas: tuple[Area, ...]


@dataclass(frozen=True)
class RichMenu:
    """A picture at the foot of the chat, with places to tap."""

    key: str
    name: str
    chat_bar_text: str
    rows: tuple[Row, ...]

    @property
    def areas(self) -> tuple[Area, ...]:
        """In reading order."""
        return tuple(area for row in self.rows for area in row.areas)


def load_rich_menus(path: Path) -> dict[str, RichMenu]:
    """Both menus by key; ContentError names the file, the menu and the place."""
    try:
        raw = yaml.load(path.read_text("utf-8"), Loader=yaml.CSafeLoader)
    except (OSError, yaml.YAMLError, UnicodeDecodeError) as error:
        raise ContentError(path.name, "", f"cannot be read: {error}") from error
    if not isinstance(raw, Mapping) or set(raw) != set(MENUS):
        raise ContentError(path.name, "", f"exactly the menus {' and '.join(MENUS)} are expected")
    menus = {key: _menu(path.name, key, raw[key]) for key in MENUS}
    if len({menu.name for menu in menus.values()}) < len(menus):  # by its name an old one is found at LINE
        raise ContentError(path.name, MENUS[-1], "name: each menu needs its own")
    return menus


def _menu(file: str, key: str, raw: object) -> RichMenu:
    try:
        fields = _fields(raw, {"name", "chat_bar_text", "rows"})
        name = _text(fields, "name", LONGEST_NAME)
        bar = _text(fields, "chat_bar_text", LONGEST_BAR)
        rows = _items(fields, "rows")
    except ValueError as trouble:
        raise ContentError(file, key, str(trouble)) from trouble
    menu = RichMenu(
        key, name, bar, tuple(_row(file, f"{key}.rows.{place}", row) for place, row in enumerate(rows, 1))
    )
    if len(menu.areas) > MOST_AREAS:
        raise ContentError(file, key, f"has {len(menu.areas)} places to tap, at most {MOST_AREAS}")
    return menu


def _row(file: str, where: str, raw: object) -> Row:
    try:
        fields = _fields(raw, {"height", "areas"})
        height, areas = _share(fields, "height"), _items(fields, "areas")
    except ValueError as trouble:
        raise ContentError(file, where, str(trouble)) from trouble
    made = []
    for place, area in enumerate(areas, 1):
        try:
            made.append(_area(area))
        except ValueError as trouble:
            raise ContentError(file, f"{where}.areas.{place}", str(trouble)) from trouble
    return Row(height, tuple(made))


def _area(raw: object) -> Area:
    fields = _fields(raw, _AREA_FIELDS)
    deeds = [deed for deed in get_args(Deed) if deed in fields]
    if len(deeds) != 1:
        raise ValueError("exactly one of start, say and menu is expected")
    lines = _items(fields, "label")
    if len(lines) > MOST_LINES or not all(isinstance(line, str) and line.strip() for line in lines):
        raise ValueError(f"label: one or {MOST_LINES} lines of text are expected")
    if (letters := graphemes("".join(lines))) > LONGEST_LABEL:
        raise ValueError(f"label: is {letters} letters long, at most {LONGEST_LABEL}")
    return Area(
        lines=tuple(line.strip() for line in lines),
        note=_text(fields, "note", LONGEST_NOTE) if "note" in fields else None,
        icon=cast(Icon, _one_of(fields, "icon", get_args(Icon))),
        look=cast(Look, _one_of(fields, "look", get_args(Look))),
        width=_share(fields, "width") if "width" in fields else 1,
        deed=cast(Deed, deeds[0]),
        target=_target(fields, deeds[0]),
    )


def _target(fields: Mapping[str, Any], deed: str) -> str:
    value = fields[deed]
    if deed == "menu":
        if value is not True:
            raise ValueError("menu: only true is expected")
        return ""
    if not isinstance(value, str) or not _WORD.fullmatch(value):
        raise ValueError(f"{deed}: a name in small letters is expected, not {value!r}")
    return value


def _fields(raw: object, known: set[str]) -> Mapping[str, Any]:
    if not isinstance(raw, Mapping):
        raise ValueError("fields with a name are expected")
    if unknown := sorted(str(name) for name in raw if name not in known):
        raise ValueError(f"unknown field {', '.join(unknown)}")
    return raw


def _items(fields: Mapping[str, Any], field: str) -> list[Any]:
    value = fields.get(field)
    if not isinstance(value, list) or not value:
        raise ValueError(f"{field}: a list is expected, not {value!r}")
    return value


def _text(fields: Mapping[str, Any], field: str, longest: int) -> str:
    value = fields.get(field)
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"{field}: a text is expected (in quotes), not {value!r}")
    if graphemes(value) > longest:
        raise ValueError(f"{field}: is {graphemes(value)} letters long, at most {longest}")
    return value.strip()


def _share(fields: Mapping[str, Any], field: str) -> int:
    value = fields.get(field)
    if type(value) is not int or not 1 <= value <= 100:
        raise ValueError(f"{field}: a number from 1 to 100 is expected, not {value!r}")
    return value


def _one_of(fields: Mapping[str, Any], field: str, right: tuple[str, ...]) -> str:
    value = fields.get(field)
    if value not in right:
        raise ValueError(f"{field}: {value!r} is none of {', '.join(right)}")
    return cast(str, value)
