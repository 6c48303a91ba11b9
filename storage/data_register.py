"""The list of all columns (data_register.yaml): class, purpose and retention of each, and what executes that."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, cast

import yaml

from storage import jobs_queue
from storage.tables import metadata

FILE = Path(__file__).with_suffix(".yaml")
Class = Literal["public", "internal", "personal", "secret"]
How = Literal["sealed", "index", "hash"]
CLASSES: tuple[Class, ...] = ("public", "internal", "personal", "secret")
_GROUPS = (
    "public",
    "internal",
    "internal index",
    "personal",
    "personal index",
    "secret",
    "secret index",
    "secret hash",
)
_NOT_OURS = {
    "apscheduler_jobs",
    "alembic_version",
    *jobs_queue.TABLES,
}  # made by the libraries of these names


class BadRegister(Exception):
    """data_register.yaml says something that cannot be."""


@dataclass(frozen=True)
class Kept:
    """A retention. `by` names what executes it, as the head of the file explains; `days` is when it is due."""

    key: str
    by: str
    words: str
    days: int | None = None


@dataclass(frozen=True)
class Column:
    """One column. `how` says how it is guarded; None: it stands there in clear."""

    table: str
    name: str
    klass: Class
    how: How | None
    what: str
    kept: Kept

    @property
    def must_be_guarded(self) -> bool:
        return self.klass in ("personal", "secret")


@dataclass(frozen=True)
class DataFile:
    """What a town would call one 個人情報ファイル: tables with one purpose, about the same people."""

    title: str
    about: str
    why: str
    tables: Mapping[str, tuple[Column, ...]]


@dataclass(frozen=True)
class Register:
    """The whole list; `classes` and `hows` explain the words."""

    classes: Mapping[Class, str]
    hows: Mapping[How, str]
    kept: Mapping[str, Kept]
    files: tuple[DataFile, ...]

    def __iter__(self) -> Iterator[Column]:
        return (column for file in self.files for columns in file.tables.values() for column in columns)

    def of_table(self, name: str) -> tuple[Column, ...]:
        return next(file.tables[name] for file in self.files if name in file.tables)


@cache
def the_register() -> Register:
    """Read the list; BadRegister names what is wrong in it."""
    return read(yaml.safe_load(FILE.read_text("utf-8")))


def read(raw: Mapping[str, Any]) -> Register:
    """The list, from what stands in the file."""
    kept = {key: Kept(key, **values) for key, values in raw["kept"].items()}
    files = []
    for each in raw["files"]:
        tables = {name: _table(name, told, raw["common"], kept) for name, told in each["tables"].items()}
        files.append(DataFile(each["title"], each["about"], each["why"], tables))
    names = [name for file in files for name in file.tables]
    if len(set(names)) != len(names):
        raise BadRegister(f"named twice: {sorted(name for name in names if names.count(name) > 1)}")
    return Register(raw["classes"], raw["hows"], kept, tuple(files))


def _table(
    name: str, told: Mapping[str, Any], common: Mapping[str, str], kept: Mapping[str, Kept]
) -> tuple[Column, ...]:
    if strange := told.keys() - {"kept", "kept of", *_GROUPS}:
        raise BadRegister(f"{name}: unknown {sorted(strange)}; the groups are {', '.join(_GROUPS)}")
    said: dict[str, tuple[str, str]] = {}
    for group in _GROUPS:
        for column, what in told.get(group, {}).items():
            if column in said:
                raise BadRegister(f"{name}.{column} stands there twice")
            said[column] = (group, what)
    there = list(metadata.tables[name].c.keys()) if name in metadata.tables else list(said)
    if name not in metadata.tables and name not in _NOT_OURS:
        raise BadRegister(f"there is no table {name}")
    known = {**{column: ("internal", common[column]) for column in there if column in common}, **said}
    if missing := [column for column in there if column not in known]:
        raise BadRegister(f"{name}: nothing is said about {', '.join(missing)}")
    if left := (known.keys() | told.get("kept of", {}).keys()) - set(there):
        raise BadRegister(f"{name} has no column {', '.join(sorted(left))}")
    columns = []
    for column in there:
        group, what = known[column]
        rule = told.get("kept of", {}).get(column, told["kept"])
        klass, _, how = group.partition(" ")
        guard = "sealed" if _is_sealed(name, column) else how or None
        columns.append(
            Column(name, column, cast(Class, klass), cast("How | None", guard), what, _rule(kept, rule, name))
        )
    return tuple(columns)


def _rule(kept: Mapping[str, Kept], key: str, table: str) -> Kept:
    if key not in kept:
        raise BadRegister(f"{table}: no retention is called {key!r}")
    return kept[key]


def _is_sealed(table: str, column: str) -> bool:
    return table in metadata.tables and "sealed_row" in metadata.tables[table].c[column].info
