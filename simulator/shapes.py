"""A small vocabulary to say what a JSON value must look like, with LINE's words for what is wrong.

A shape is asked with `shape.check(value, path)` and yields problems; none means that the value is right.
Lengths are counted as LINE counts them: UTF-16 code units for texts, grapheme clusters for labels.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeGuard
from urllib.parse import urlsplit

import regex

Problem = dict[str, str]
Unit = Literal["utf16", "grapheme"]
EMPTY = "May not be empty"
UNKNOWN_FIELD = "unknown field"

_SURROGATE = re.compile(r"[\ud800-\udfff]")
_NOT_IN_A_URL = re.compile(r"[^\x21-\x7e]|[\"<>\\^`{|}]")
_TEL = re.compile(r"tel:(?:%23|\+)?[0-9][0-9\-.()*#,;]*")  # %23 is # of short numbers such as #8008


class Shape(Protocol):
    """What a JSON value must look like."""

    def check(self, value: object, path: str) -> Iterator[Problem]: ...


More = Callable[[dict[str, object], str], Iterator[Problem]]


def problem(message: str, path: str) -> Problem:
    return {"message": message, "property": path}


def invalid(path: str) -> Problem:
    """The words that LINE has for a value of a wrong kind."""
    return problem(f"The property, {path}, in the request body is invalid (line: -, column: -)", path)


def below(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def utf16_length(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def grapheme_length(text: str) -> int:
    return len(regex.findall(r"\X", text))


def has_lone_surrogate(text: str) -> bool:
    """JSON can write half a character (`\\ud800`), which is no text; the reader joins whole pairs."""
    return _SURROGATE.search(text) is not None


@dataclass(frozen=True)
class Str:
    """A text; `low` of 1 or more means that it may not be empty."""

    low: int = 0
    high: int | None = None
    unit: Unit = "utf16"
    form: re.Pattern[str] | None = None
    wrong_form: str = "invalid format"

    def check(self, value: object, path: str) -> Iterator[Problem]:
        if not isinstance(value, str) or has_lone_surrogate(value):
            yield invalid(path)
        elif not value and self.low:
            yield problem(EMPTY, path)
        elif self.form is not None and not self.form.fullmatch(value):
            yield problem(self.wrong_form, path)
        elif self.high is not None:
            length = utf16_length(value) if self.unit == "utf16" else grapheme_length(value)
            if length > self.high:
                yield problem(f"Length must be between 0 and {self.high}", path)


@dataclass(frozen=True)
class Choice:
    """One of a few words."""

    values: tuple[str, ...]

    def check(self, value: object, path: str) -> Iterator[Problem]:
        if not isinstance(value, str):
            yield invalid(path)
        elif value not in self.values:
            yield problem(f"must be one of the following values: [{', '.join(self.values)}]", path)


@dataclass(frozen=True)
class Url:
    """An address; characters beyond ASCII have to be percent-encoded. `here`: http is taken from this machine, because
    the bot beside the stand-in has no certificate."""

    high: int
    schemes: tuple[str, ...] = ("https",)
    here: bool = False

    def check(self, value: object, path: str) -> Iterator[Problem]:
        if not isinstance(value, str) or has_lone_surrogate(value):
            yield invalid(path)
        elif not value:
            yield problem(EMPTY, path)
        elif utf16_length(value) > self.high:
            yield problem(f"Length must be between 0 and {self.high}", path)
        elif value.partition(":")[0].lower() not in self.schemes and not (self.here and _is_here(value)):
            yield problem("invalid uri scheme", path)
        elif not _is_address(value):
            yield problem("invalid uri", path)


def _is_here(value: str) -> bool:
    return re.match(r"http://(127\.0\.0\.1|localhost)(:\d+)?/", value) is not None


def _is_address(value: str) -> bool:
    if _NOT_IN_A_URL.search(value):
        return False
    if value.lower().startswith("tel:"):
        return _TEL.fullmatch(value.lower()) is not None
    try:
        parts = urlsplit(value)
        return bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        return False


def _is_number(value: object, whole: bool) -> TypeGuard[float]:
    if isinstance(value, bool):
        return False
    return isinstance(value, int) or (isinstance(value, float) and not whole)


@dataclass(frozen=True)
class Num:
    """A number; `whole` for integers, `step` for multiples."""

    low: float | None = None
    high: float | None = None
    whole: bool = True
    step: int | None = None

    def check(self, value: object, path: str) -> Iterator[Problem]:
        if not _is_number(value, self.whole):
            yield invalid(path)
        elif self.low is not None and value < self.low:
            yield problem(f"must be greater than or equal to {self.low}", path)
        elif self.high is not None and value > self.high:
            yield problem(f"must be less than or equal to {self.high}", path)
        elif self.step is not None and value % self.step:
            yield problem(f"must be a multiple of {self.step}", path)


@dataclass(frozen=True)
class Bool:
    """true or false."""

    def check(self, value: object, path: str) -> Iterator[Problem]:
        if not isinstance(value, bool):
            yield invalid(path)


@dataclass(frozen=True)
class Items:
    """A list of `low` to `high` values of one shape."""

    item: Shape
    low: int = 0
    high: int | None = None

    def check(self, value: object, path: str) -> Iterator[Problem]:
        if not isinstance(value, list):
            yield invalid(path)
            return
        if len(value) < self.low or (self.high is not None and len(value) > self.high):
            yield problem(self._size(), path)
        for i, each in enumerate(value):
            yield from self.item.check(each, f"{path}[{i}]")

    def _size(self) -> str:
        if self.high is None:
            return f"Size must be at least {self.low}"
        return f"Size must be between {self.low} and {self.high}"


@dataclass(frozen=True)
class Named:
    """An object with free names and values of one shape."""

    item: Shape
    names: Str
    high: int

    def check(self, value: object, path: str) -> Iterator[Problem]:
        if not isinstance(value, dict):
            yield invalid(path)
            return
        if len(value) > self.high:
            yield problem(f"Size must be between 0 and {self.high}", path)
        for name, each in value.items():
            shown = name.encode("utf-8", "replace").decode()
            yield from self.names.check(name, below(path, shown))
            yield from self.item.check(each, below(path, shown))


@dataclass(frozen=True)
class Obj:
    """An object with known properties; `more` checks what lies between them."""

    fields: Mapping[str, Shape]
    required: frozenset[str] = frozenset()
    more: More | None = None

    def check(self, value: object, path: str) -> Iterator[Problem]:
        if not isinstance(value, dict):
            yield invalid(path)
            return
        wrong = False
        for each in self._properties(value, path):
            wrong = True
            yield each
        # What lies between properties can only be judged when each of them is right.
        if self.more is not None and not wrong:
            yield from self.more(value, path)

    def _properties(self, value: dict[str, object], path: str) -> Iterator[Problem]:
        for name in self.fields:
            if name in value:
                yield from self.fields[name].check(value[name], below(path, name))
            elif name in self.required:
                yield problem(EMPTY, below(path, name))
        for name in value:
            if name not in self.fields:
                yield problem(UNKNOWN_FIELD, below(path, name.encode("utf-8", "replace").decode()))


@dataclass(frozen=True)
class OneOf:
    """An object whose `type` says which of several shapes it has."""

    cases: Mapping[str, Shape]
    tag: str = field(default="type")

    def check(self, value: object, path: str) -> Iterator[Problem]:
        if not isinstance(value, dict):
            yield invalid(path)
        elif self.tag not in value:
            yield problem(EMPTY, below(path, self.tag))
        elif not isinstance(value[self.tag], str):
            yield invalid(below(path, self.tag))
        elif value[self.tag] not in self.cases:
            allowed = ", ".join(self.cases)
            yield problem(f"must be one of the following values: [{allowed}]", below(path, self.tag))
        else:
            yield from self.cases[value[self.tag]].check(value, path)


@dataclass(frozen=True)
class Later:
    """A shape that is defined further down, for what contains itself."""

    shape: Callable[[], Shape]

    def check(self, value: object, path: str) -> Iterator[Problem]:
        yield from self.shape().check(value, path)


@dataclass(frozen=True)
class Both:
    """A shape and one more rule for the same value."""

    first: Shape
    rule: Callable[[object, str], Iterator[Problem]]

    def check(self, value: object, path: str) -> Iterator[Problem]:
        wrong = False
        for each in self.first.check(value, path):
            wrong = True
            yield each
        if not wrong:
            yield from self.rule(value, path)
