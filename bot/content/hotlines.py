"""The lines and sites that are there for everyone in Japan, read from content/hotlines.yaml."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import yaml

from bot.content.hours import WeeklyHours, parse_hours

_PHONE: Final = re.compile(r"#?[0-9]+(?:-[0-9]+)*")
_TEXTS: Final = ("cost", "audience", "note", "source", "source_date", "confidence")
_KNOWN: Final = {"name", "short_name", "phone", "url", "hours_text", "hours", *_TEXTS}


@dataclass(frozen=True)
class Hotline:
    """One line or site, with what was known about it and from where."""

    key: str
    name: str
    phone: str | None
    """As it is shown, for example 0120-061-338 or #8008; what is dialled is derived from it."""
    url: str | None
    hours_text: str
    hours: WeeklyHours | None
    """None where the sources are not sure: then only `hours_text` is shown and nothing is promised."""
    cost: str
    audience: str
    note: str
    source: str
    source_date: str
    confidence: str
    short_name: str
    """Fits a button of 20 letters; the name itself where it is short enough."""

    @property
    def tel(self) -> str | None:
        """The `tel:` address a button dials: the shown digits, with # written as %23."""
        return None if self.phone is None else "tel:" + self.phone.replace("-", "").replace("#", "%23")

    def open_at(self, moment: datetime) -> bool | None:
        """Open, closed, or None when the hours are not known well enough to say."""
        return None if self.hours is None else self.hours.open_at(moment)


def load_hotlines(path: Path) -> dict[str, Hotline]:
    """Reads and checks the file; ValueError names the file, the line's key and the trouble."""
    raw = yaml.load(path.read_text("utf-8"), Loader=yaml.CSafeLoader)
    if not isinstance(raw, Mapping) or not raw:
        raise ValueError(f"{path.name}: must be a mapping of key to hotline")
    hotlines: dict[str, Hotline] = {}
    for key, entry in raw.items():
        try:
            hotlines[str(key)] = _hotline(str(key), entry)
        except ValueError as trouble:
            raise ValueError(f"{path.name}: {key}: {trouble}") from trouble
    return hotlines


def _hotline(key: str, entry: object) -> Hotline:
    if not re.fullmatch(r"[a-z][a-z0-9_]*", key):
        raise ValueError("a key is written in small letters, digits and _")
    if not isinstance(entry, Mapping):
        raise ValueError("must be a mapping")
    unknown = sorted(str(name) for name in entry if name not in _KNOWN)
    if unknown:
        raise ValueError(f"unknown {', '.join(unknown)}")
    phone, url = _phone(entry.get("phone")), _url(entry.get("url"))
    if phone is None and url is None:
        raise ValueError("needs a phone or a url")
    name = _text(entry, "name", needed=True)
    return Hotline(
        key=key,
        name=name,
        phone=phone,
        url=url,
        hours_text=_text(entry, "hours_text", needed=True),
        hours=None if entry.get("hours") is None else parse_hours(entry["hours"]),
        short_name=_text(entry, "short_name") or name,
        **{field: _text(entry, field) for field in _TEXTS},
    )


def _text(entry: Mapping[str, object], field: str, *, needed: bool = False) -> str:
    value = entry.get(field, "")
    if isinstance(value, date):
        value = value.isoformat()
    if not isinstance(value, str):
        raise ValueError(f"{field} must be text (put it in quotes), not {value!r}")
    if needed and not value.strip():
        raise ValueError(f"{field} is missing")
    return value.strip()


def _phone(value: object) -> str | None:
    """A phone as shown; its length betrays a digit lost or gained, the commonest error there is."""
    if value is None:
        return None
    if not isinstance(value, str):
        raise ValueError(f"phone must be in quotes, not {value!r}")
    if not _PHONE.fullmatch(value):
        raise ValueError(f"phone {value!r} may hold only digits, - between them and # before them")
    digits = value.replace("-", "").removeprefix("#")
    if len(digits) != _digits_expected(value, digits):
        raise ValueError(f"phone {value!r} has {len(digits)} digits")
    return value


def _digits_expected(shown: str, digits: str) -> int:
    """#-dials have four digits, 110 and 189 three, 0120 and landlines ten, 0800 and 050 eleven."""
    if shown.startswith("#"):
        return 4
    if not digits.startswith("0"):
        return 3
    return 11 if digits.startswith(("0800", "050", "070", "080", "090")) else 10


def _url(value: object) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str):
        raise ValueError(f"url must be text, not {value!r}")
    try:
        parts = urlsplit(value)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme != "https" or not parts.hostname or any(letter.isspace() for letter in value):
        raise ValueError(f"url {value!r} must be an https address")
    return value
