"""Reading content/schemes: national.csv, and <town>.csv for what a town has of its own or otherwise.

A row of a town file is a scheme of that town. With an id in its column `overrides`, it stands instead of
that national scheme for the people of the town; empty cells then keep the national words, and `-` empties
a cell.

Rules: `show_if_any` lists answers that lead to the scheme, `A+B` both together; `require` lists groups joined
by ` & `, one answer of each is needed; `exclude` lists answers that rule it out. Everywhere an answer may be
written as it is (Q3.a65) or as a rule of rules.yaml (over65).

Order: `first_for` names those of its answers at which one thinks of the scheme first; then it stands first, also where
its theme was not chosen. `is_loan` = 1 stands below all that need not be paid back, `can_wait` = 1 after the others;
equals stand as in the file.

Time: rows with the same id are its versions; their periods (valid_from to valid_to) must not overlap, and for
a day the one counts that is valid on it. `ended` = 1 says that after the row's last day nothing follows, on
purpose; without it `tsunagari content check` asks for the next row. A town's row without dates follows every
version of the national scheme; with dates it is one version over the national words of its first day, and stands
instead of the national scheme from then on. `ended` without a valid_to takes the scheme away from the town.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date
from itertools import product
from pathlib import Path
from typing import Final

from bot.content.conditions import Token
from bot.content.errors import ContentError
from bot.content.links import wrong_with_link
from bot.content.phones import check_phone
from bot.content.questions import HandbookQuestion
from bot.content.rules import Rule, rule_named
from bot.content.schemes import CONFIDENCES, NATIONAL, Scheme, known_options, options_of

LONGEST: Final = {
    "theme": 20,
    "plain_title": 40,
    "official_name": 60,
    "reading": 120,
    "who_for": 120,
    "what": 80,
    "cost": 60,
    "deadline": 80,
    "say": 80,
    "window_kind": 60,
    "source_owner": 60,
    "legal_basis": 120,
    "words": 400,
    "source": 200,
}
"""Letters that fit each cell."""
NEEDED: Final = (
    "theme",
    "plain_title",
    "official_name",
    "confidence",
    "show_if_any",
    "verified_at",
    "source",
)
COLUMNS: Final = (
    *("id", "theme", "plain_title", "official_name", "reading", "who_for", "what", "cost", "deadline"),
    *("bring", "say", "window_kind", "phone", "source_owner", "legal_basis", "confidence"),
    *("show_if_any", "require", "exclude", "first_for", "is_loan", "pin", "hub", "can_wait"),
    *("valid_from", "valid_to", "ended", "verified_at", "source", "words", "url"),
)
TOWN_COLUMNS: Final = (*COLUMNS, "overrides", "table_id")
"""`table_id` is the ID in the town's own table, by which `content import-schemes` knows the row again."""
_ID: Final = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)+")

Row = Mapping[str, str]


def load_schemes(
    folder: Path,
    questions: Iterable[HandbookQuestion] = (),
    rules: Mapping[str, Rule] | None = None,
    documents: Collection[str] | None = None,
    wrong: list[ContentError] | None = None,
) -> tuple[Scheme, ...]:
    """Read national.csv, then the towns' files by name; ContentError names file, row and field.

    With `questions`, an answer that no question offers is an error too; with `documents` (keys), something to
    bring that is not among them. `rules` are the conditions that may be called by name.
    `wrong` collects the rows that are wrong, which then are left out; without it the first one stops the reading.
    """
    reading = _Reading(options_of(questions), rules or {}, documents)
    files = sorted(folder.glob("*.csv"), key=lambda path: (path.stem != NATIONAL, path.stem))
    if not files or files[0].stem != NATIONAL:
        raise ContentError(f"schemes/{NATIONAL}.csv", "", "is missing")
    for path in files:
        name = f"schemes/{path.name}"
        town = None if path.stem == NATIONAL else path.stem
        for line, row in _rows(path, name, COLUMNS if town is None else TOWN_COLUMNS):
            try:
                reading.take(row, town)
            except ValueError as trouble:
                error = ContentError(name, f"row {line} ({row.get('id', '')})", str(trouble))
                if wrong is None:
                    raise error from trouble
                wrong.append(error)
    return tuple(reading.schemes)


def _rows(path: Path, name: str, columns: tuple[str, ...]) -> Iterator[tuple[int, dict[str, str]]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            reader = csv.DictReader(lines, strict=True)
            header = reader.fieldnames or []
            needed = ("id", *NEEDED) if columns is COLUMNS else ("id",)
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


class _Reading:
    """What has been read so far, row by row; ValueError names the field of a row that is wrong."""

    def __init__(
        self,
        options: Mapping[str, set[str]],
        rules: Mapping[str, Rule],
        documents: Collection[str] | None,
    ) -> None:
        self.schemes: list[Scheme] = []
        self._options, self._rules, self._documents = options, rules, documents
        self._meant: dict[str, Rule] = {}
        self._versions: dict[str, list[Scheme]] = {}
        self._national: dict[str, list[Row]] = {}
        self._overriding: dict[tuple[str, str], str] = {}

    def take(self, row: Row, town: str | None) -> None:
        """One row of the national file (town None) or of a town's."""
        identity = row["id"]
        if not _ID.fullmatch(identity):
            raise ValueError(f"id: {identity!r} must look like national-001 or tottori-rent")
        if row.get("overrides") and town:
            found = self._instead_of_the_nation(row, town, row["overrides"])
        else:
            found = (self._own(row, town),)
        for scheme in found:
            if self._options:
                known_options(scheme, self._options)
            versions = self._versions.setdefault(identity, [])
            _fits_beside(versions, scheme)
            versions.append(scheme)
            self.schemes.append(scheme)

    def _own(self, row: Row, town: str | None) -> Scheme:
        if empty := [column for column in NEEDED if not row.get(column)]:
            raise ValueError(f"{empty[0]}: is empty")
        scheme = self._read(row, town)
        if scheme.withdrawn:
            raise ValueError("ended: needs the last day in valid_to")
        if town is None:
            self._national.setdefault(scheme.id, []).append(row)
        return scheme

    def _instead_of_the_nation(self, row: Row, town: str, target: str) -> tuple[Scheme, ...]:
        national = self._national.get(target)
        if national is None:
            raise ValueError(f"overrides: there is no national scheme {target}")
        if self._overriding.setdefault((town, target), row["id"]) != row["id"]:
            raise ValueError(f"overrides: {target} is overridden twice")
        filled = {column: cell for column, cell in row.items() if cell and column != "overrides"}
        own = {column: "" if cell == "-" else cell for column, cell in filled.items()}
        if not {"valid_from", "valid_to", "ended"} & own.keys():
            rows = [{**version, **own} for version in national]
        else:
            lasting = {**_version_of(national, own), **({"ended": ""} if "valid_to" in own else {})}
            if own.get("ended") == "1":
                lasting |= {"valid_from": "", "valid_to": ""}
            rows = [{**lasting, **own}]
        return tuple(self._read(each, town, target) for each in rows)

    def _read(self, row: Row, town: str | None, overrides: str | None = None) -> Scheme:
        """A row whose needed cells are filled."""
        for column, longest in LONGEST.items():
            if len(row.get(column, "")) > longest:
                raise ValueError(f"{column}: is {len(row[column])} characters long, at most {longest}")
        if row["confidence"] not in CONFIDENCES:
            raise ValueError(f"confidence: {row['confidence']!r} is none of {', '.join(CONFIDENCES)}")
        valid_from, valid_to = _date(row, "valid_from"), _date(row, "valid_to")
        if valid_from and valid_to and valid_from > valid_to:
            raise ValueError(f"valid_to: {valid_to} is before valid_from {valid_from}")
        verified_at = _date(row, "verified_at")
        show_if_any = self._ways(row["show_if_any"])
        groups = [self._one_of(g, "require") for g in row.get("require", "").split("&") if g.strip()]
        if verified_at is None or not show_if_any:
            raise ValueError("verified_at and show_if_any: are needed")
        return Scheme(
            id=row["id"],
            theme=row["theme"],
            plain_title=row["plain_title"],
            official_name=row["official_name"],
            who_for=_parts(row, "who_for", "[;；]"),
            window_kind=row.get("window_kind", ""),
            phone=_phone(row),
            source_owner=row.get("source_owner", ""),
            legal_basis=row.get("legal_basis", ""),
            confidence=row["confidence"],
            show_if_any=show_if_any,
            require=tuple(sure for sure, _ in groups),
            perhaps=tuple(perhaps for _, perhaps in groups),
            exclude=self._one_of(row.get("exclude", ""), "exclude")[0],
            is_loan=_number(row, "is_loan", 1) == 1,
            pin_rank=_number(row, "pin", 99),
            hub=_number(row, "hub", 1) == 1,
            valid_from=valid_from,
            valid_to=valid_to,
            verified_at=verified_at,
            source=row["source"],
            town=town,
            overrides=overrides,
            reading=row.get("reading", ""),
            what=row.get("what", ""),
            cost=row.get("cost", ""),
            deadline=row.get("deadline", ""),
            bring=self._bring(row),
            say=row.get("say", ""),
            words=_parts(row, "words", "[、,，]"),
            url=_url(row),
            first_for=self._first_for(row, show_if_any),
            can_wait=_number(row, "can_wait", 1) == 1,
            ended=_number(row, "ended", 1) == 1,
        )

    def _ways(self, written: str) -> tuple[tuple[Token, ...], ...]:
        """`A B+C` with every named rule as its answers: (A,), (B, C)."""
        try:
            return tuple(
                together
                for word in written.split()
                for together in product(*(rule.one_of for rule in self._named(word.split("+"))))
            )
        except ValueError as trouble:
            raise ValueError(f"show_if_any: {trouble}") from trouble

    def _one_of(self, written: str, field: str) -> tuple[frozenset[Token], frozenset[Token]]:
        """The answers that a group means, and those with which it is perhaps met."""
        try:
            rules = self._named(written.split())
        except ValueError as trouble:
            raise ValueError(f"{field}: {trouble}") from trouble
        sure = frozenset(answer for rule in rules for answer in rule.one_of)
        return sure, frozenset(answer for rule in rules for answer in rule.perhaps) - sure

    def _first_for(self, row: Row, ways: Iterable[Iterable[Token]]) -> frozenset[Token]:
        answers, _ = self._one_of(row.get("first_for", ""), "first_for")
        if strange := answers.difference(*ways):
            question, option = min(strange)
            raise ValueError(f"first_for: {question}.{option} is not in show_if_any")
        return answers

    def _named(self, words: Iterable[str]) -> list[Rule]:
        return [
            self._meant.get(word) or self._meant.setdefault(word, rule_named(word, self._rules))
            for word in words
        ]

    def _bring(self, row: Row) -> tuple[str, ...]:
        keys = tuple(row.get("bring", "").split())
        unknown = [key for key in keys if self._documents is not None and key not in self._documents]
        if unknown:
            raise ValueError(f"bring: documents.yaml knows no {', '.join(unknown)}")
        return keys


def _version_of(national: list[Row], own: Row) -> Row:
    """The national words on the first day of a town's row; the newest ones where there are none that day."""
    day = own.get("valid_from") or own.get("valid_to") or ""
    return next(
        (
            version
            for version in national
            if version.get("valid_from", "") <= day <= (version.get("valid_to") or "9999")
        ),
        national[-1],
    )


def _fits_beside(versions: Iterable[Scheme], scheme: Scheme) -> None:
    """ValueError unless these are versions of one thing, one after the other."""
    for other in versions:
        if (other.town, other.overrides) != (scheme.town, scheme.overrides):
            raise ValueError(f"id: {scheme.id} is there twice, for different towns or schemes")
        if _first_day(scheme) <= _last_day(other) and _first_day(other) <= _last_day(scheme):
            raise ValueError(f"id: {scheme.id} is there twice for the same days")


def _first_day(scheme: Scheme) -> date:
    return scheme.valid_from or date.min


def _last_day(scheme: Scheme) -> date:
    return scheme.valid_to or date.max


def _parts(row: Row, field: str, between: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in re.split(between, row.get(field, "")) if part.strip())


def _phone(row: Row) -> str | None:
    shown = row.get("phone", "")
    try:
        return check_phone(shown) if shown else None
    except ValueError as trouble:
        raise ValueError(f"phone: {trouble}") from trouble


def _url(row: Row) -> str:
    cell = row.get("url", "")
    if cell and (trouble := wrong_with_link(cell)):
        raise ValueError(f"url: {trouble.words}")
    return cell


def _number(row: Row, field: str, highest: int) -> int:
    cell = row.get(field, "") or "0"
    if not re.fullmatch(r"[0-9]{1,2}", cell) or int(cell) > highest:
        raise ValueError(f"{field}: a number from 0 to {highest} is expected, not {cell!r}")
    return int(cell)


def _date(row: Row, field: str) -> date | None:
    cell = row.get(field, "")
    try:
        return date.fromisoformat(cell) if cell else None
    except ValueError as error:
        raise ValueError(f"{field}: {cell!r} is no date; write it as 2026-11-01") from error
