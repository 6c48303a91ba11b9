"""The schemes of the お悩みハンドブック: content/schemes/national.csv, and <town>.csv for a town's own.

A row of a town file is a scheme of that town. With an id in its column `overrides`, it stands instead of
that national scheme for the people of the town; empty cells then keep the national words, and `-` empties
a cell. To take a national scheme away from a town, override it with a `valid_to` in the past.

Rules: `show_if_any` lists answers that lead to the scheme, `A+B` both together; `require` lists groups joined
by ` & `, one answer of each is needed; `exclude` lists answers that rule it out.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Final

from bot.content.conditions import Token, parse_token
from bot.content.errors import ContentError
from bot.content.phones import check_phone, tel
from bot.content.questions import HandbookQuestion

NATIONAL: Final = "national"
CONFIDENCES: Final = ("found-in-source", "own-knowledge-sure", "own-knowledge-unsure")

_LONGEST: Final = {
    "theme": 20,
    "plain_title": 40,
    "official_name": 60,
    "who_for": 120,
    "window_kind": 60,
    "source_owner": 60,
    "legal_basis": 120,
    "source": 200,
}
_NEEDED: Final = (
    "theme",
    "plain_title",
    "official_name",
    "confidence",
    "show_if_any",
    "verified_at",
    "source",
)
_COLUMNS: Final = (
    *("id", "theme", "plain_title", "official_name", "who_for", "window_kind", "phone", "source_owner"),
    *("legal_basis", "confidence", "show_if_any", "require", "exclude", "is_loan", "pin", "hub"),
    *("valid_from", "valid_to", "verified_at", "source"),
)
_TOWN_COLUMNS: Final = (*_COLUMNS, "overrides")
_ID: Final = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)+")


@dataclass(frozen=True)
class Scheme:
    """One thing that helps: a benefit, a service, a desk or a line, with the answers that lead to it."""

    id: str
    theme: str
    plain_title: str
    official_name: str
    who_for: tuple[str, ...]
    window_kind: str
    """The kind of desk it is asked for at, such as 福祉事務所; several are joined by ・."""
    phone: str | None
    source_owner: str
    legal_basis: str
    confidence: str
    show_if_any: tuple[tuple[Token, ...], ...]
    """Each entry is one or more answers that together lead here."""
    require: tuple[frozenset[Token], ...]
    exclude: frozenset[Token]
    is_loan: bool
    pin_rank: int
    """0, or the place among what is shown first of all (まず安全)."""
    hub: bool
    """A desk that sorts things out with people (まず ここに相談)."""
    valid_from: date | None
    valid_to: date | None
    verified_at: date
    source: str
    town: str | None = None
    overrides: str | None = None

    @property
    def pin(self) -> bool:
        return self.pin_rank > 0

    @property
    def sure(self) -> bool:
        """Whether the facts may be shown as sure."""
        return self.confidence != "own-knowledge-unsure"

    @property
    def tel(self) -> str | None:
        """The `tel:` address of the button; the shown digits."""
        return tel(self.phone)

    def tokens(self) -> Iterator[Token]:
        """Every answer that the rules of this scheme look at."""
        yield from (token for together in self.show_if_any for token in together)
        yield from (token for group in self.require for token in group)
        yield from self.exclude

    def valid_on(self, day: date) -> bool:
        """Whether there is such a scheme on this day (both ends included)."""
        return (self.valid_from is None or self.valid_from <= day) and (
            self.valid_to is None or day <= self.valid_to
        )


def load_schemes(folder: Path, questions: Iterable[HandbookQuestion] = ()) -> tuple[Scheme, ...]:
    """Read national.csv, then the towns' files by name; ContentError names file, row and field.

    With `questions`, an answer that no question offers is an error too.
    """
    options = {question.code: {option.code for option in question.options} for question in questions}
    found: dict[str, Scheme] = {}
    files = sorted(folder.glob("*.csv"), key=lambda path: (path.stem != NATIONAL, path.stem))
    if not files or files[0].stem != NATIONAL:
        raise ContentError(f"schemes/{NATIONAL}.csv", "", "is missing")
    for path in files:
        name = f"schemes/{path.name}"
        town = None if path.stem == NATIONAL else path.stem
        for line, row in _rows(path, name, _COLUMNS if town is None else _TOWN_COLUMNS):
            try:
                scheme = _scheme(row, town, found)
                if options:
                    _known_options(scheme, options)
            except ValueError as trouble:
                raise ContentError(name, f"row {line} ({row.get('id', '')})", str(trouble)) from trouble
            found[scheme.id] = scheme
    return tuple(found.values())


def check_options(schemes: Iterable[Scheme], questions: Iterable[HandbookQuestion]) -> None:
    """ContentError when a rule looks at an answer that no question offers."""
    options = {question.code: {option.code for option in question.options} for question in questions}
    for scheme in schemes:
        try:
            _known_options(scheme, options)
        except ValueError as trouble:
            raise ContentError(f"schemes/{scheme.town or NATIONAL}.csv", scheme.id, str(trouble)) from trouble


def _known_options(scheme: Scheme, options: Mapping[str, set[str]]) -> None:
    for question, option in scheme.tokens():
        if option not in options.get(question, ()):
            raise ValueError(f"rules: no question offers the answer {question}.{option}")


def _rows(path: Path, name: str, columns: tuple[str, ...]) -> Iterator[tuple[int, dict[str, str]]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            reader = csv.DictReader(lines, strict=True)
            header = reader.fieldnames or []
            needed = ("id", *_NEEDED) if columns is _COLUMNS else ("id",)
            if missing := [column for column in needed if column not in header]:
                raise ContentError(name, "row 1", f"the column {missing[0]} is missing")
            if unknown := [column for column in header if column not in columns]:
                raise ContentError(name, "row 1", f"unknown column {unknown[0]!r}")
            for row in reader:
                if None in row or None in row.values():
                    raise ContentError(
                        name, f"row {reader.line_num}", "has more or fewer cells than the first row"
                    )
                if any(row.values()):
                    yield reader.line_num, {column: cell.strip() for column, cell in row.items()}
    except UnicodeDecodeError as error:
        raise ContentError(name, "", "is not UTF-8; save it as “CSV UTF-8”") from error
    except csv.Error as error:
        raise ContentError(name, "", f"cannot be read: {error}") from error


def _scheme(row: Mapping[str, str], town: str | None, found: Mapping[str, Scheme]) -> Scheme:
    identity = row["id"]
    if not _ID.fullmatch(identity):
        raise ValueError(f"id: {identity!r} must look like national-001 or tottori-rent")
    if identity in found:
        raise ValueError(f"id: {identity} is there twice")
    target = row.get("overrides", "")
    if not target:
        if empty := [column for column in _NEEDED if not row.get(column)]:
            raise ValueError(f"{empty[0]}: is empty")
        return replace(_read(row), town=town)
    national = found.get(target)
    if national is None or national.town is not None:
        raise ValueError(f"overrides: there is no national scheme {target}")
    if any(scheme.overrides == target and scheme.town == town for scheme in found.values()):
        raise ValueError(f"overrides: {target} is overridden twice")
    filled = {column: cell for column, cell in row.items() if cell and column != "overrides"}
    emptied = {column: "" if cell == "-" else cell for column, cell in filled.items()}
    return replace(_read({**_as_row(national), **emptied}), town=town, overrides=target)


def _read(row: Mapping[str, str]) -> Scheme:
    """A row whose needed cells are filled; ValueError names the field."""
    for column, longest in _LONGEST.items():
        if len(row.get(column, "")) > longest:
            raise ValueError(f"{column}: is {len(row[column])} characters long, at most {longest}")
    if row["confidence"] not in CONFIDENCES:
        raise ValueError(f"confidence: {row['confidence']!r} is none of {', '.join(CONFIDENCES)}")
    valid_from, valid_to = _date(row, "valid_from"), _date(row, "valid_to")
    if valid_from and valid_to and valid_from > valid_to:
        raise ValueError(f"valid_to: {valid_to} is before valid_from {valid_from}")
    verified_at = _date(row, "verified_at")
    show_if_any = tuple(_together(word) for word in row["show_if_any"].split())
    if verified_at is None or not show_if_any:
        raise ValueError("verified_at and show_if_any: are needed")
    return Scheme(
        id=row["id"],
        theme=row["theme"],
        plain_title=row["plain_title"],
        official_name=row["official_name"],
        who_for=tuple(part.strip() for part in re.split(r"[;；]", row.get("who_for", "")) if part.strip()),
        window_kind=row.get("window_kind", ""),
        phone=_phone(row),
        source_owner=row.get("source_owner", ""),
        legal_basis=row.get("legal_basis", ""),
        confidence=row["confidence"],
        show_if_any=show_if_any,
        require=tuple(
            _tokens(group, "require") for group in row.get("require", "").split("&") if group.strip()
        ),
        exclude=_tokens(row.get("exclude", ""), "exclude"),
        is_loan=_number(row, "is_loan", 1) == 1,
        pin_rank=_number(row, "pin", 99),
        hub=_number(row, "hub", 1) == 1,
        valid_from=valid_from,
        valid_to=valid_to,
        verified_at=verified_at,
        source=row["source"],
    )


def _as_row(scheme: Scheme) -> dict[str, str]:
    """The cells that a town's row inherits."""

    def written(tokens: Iterable[Token]) -> str:
        return " ".join(sorted(f"{question}.{option}" for question, option in tokens))

    return {
        **{column: getattr(scheme, column) for column in _LONGEST if column != "who_for"},
        "who_for": "; ".join(scheme.who_for),
        "phone": scheme.phone or "",
        "confidence": scheme.confidence,
        "show_if_any": " ".join("+".join(f"{q}.{o}" for q, o in together) for together in scheme.show_if_any),
        "require": " & ".join(written(group) for group in scheme.require),
        "exclude": written(scheme.exclude),
        "is_loan": str(int(scheme.is_loan)),
        "pin": str(scheme.pin_rank),
        "hub": str(int(scheme.hub)),
        "valid_from": scheme.valid_from.isoformat() if scheme.valid_from else "",
        "valid_to": scheme.valid_to.isoformat() if scheme.valid_to else "",
        "verified_at": scheme.verified_at.isoformat(),
    }


def _together(word: str) -> tuple[Token, ...]:
    try:
        return tuple(parse_token(part) for part in word.split("+"))
    except ValueError as trouble:
        raise ValueError(f"show_if_any: {trouble}") from trouble


def _tokens(words: str, field: str) -> frozenset[Token]:
    try:
        return frozenset(parse_token(word) for word in words.split())
    except ValueError as trouble:
        raise ValueError(f"{field}: {trouble}") from trouble


def _phone(row: Mapping[str, str]) -> str | None:
    shown = row.get("phone", "")
    try:
        return check_phone(shown) if shown else None
    except ValueError as trouble:
        raise ValueError(f"phone: {trouble}") from trouble


def _number(row: Mapping[str, str], field: str, highest: int) -> int:
    cell = row.get(field, "") or "0"
    if not re.fullmatch(r"[0-9]{1,2}", cell) or int(cell) > highest:
        raise ValueError(f"{field}: a number from 0 to {highest} is expected, not {cell!r}")
    return int(cell)


def _date(row: Mapping[str, str], field: str) -> date | None:
    cell = row.get(field, "")
    try:
        return date.fromisoformat(cell) if cell else None
    except ValueError as error:
        raise ValueError(f"{field}: {cell!r} is no date; write it as 2026-11-01") from error
