"""When a question of the handbook is asked: a small declarative form, read from content/questions.yaml.

Answers are a mapping from question code (Q2) to the chosen option codes. A question that was asked and left
unanswered is there with an empty set; a question that was not asked is not there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

Answers = Mapping[str, frozenset[str]]
Token = tuple[str, str]
"""A question code and an option code: ("Q10", "rent"), written Q10.rent in content."""

QUESTION_CODE: Final = re.compile(r"Q[0-9]+[a-z]*")
_TOKEN: Final = re.compile(r"(Q[0-9]+[a-z]*)\.([a-z][a-z0-9_]*)")
_FIELDS: Final = ("always", "any", "only", "other_than", "answered", "at_least", "none_of", "all_of")
_NOTHING: Final[frozenset[str]] = frozenset()


@dataclass(frozen=True)
class Condition:
    """Each part that is filled is one reason to ask; one reason is enough."""

    always: bool = False
    one_of: frozenset[Token] = frozenset()
    only: frozenset[Token] = frozenset()
    other_than: frozenset[Token] = frozenset()
    answered: frozenset[str] = frozenset()
    at_least: tuple[tuple[str, int], ...] = ()
    none_of: frozenset[Token] = frozenset()
    all_of: tuple[Condition, ...] = ()

    def holds(self, answers: Answers) -> bool:
        """Whether one of the reasons is given by these answers."""
        return (
            self.always
            or chosen(self.one_of, answers)
            or any(answers.get(question, _NOTHING) == {option} for question, option in self.only)
            or any(self._otherwise(question, answers) for question, _ in self.other_than)
            or any(answers.get(question) for question in self.answered)
            or any(len(answers.get(question, _NOTHING)) >= count for question, count in self.at_least)
            or (bool(self.none_of) and not chosen(self.none_of, answers))
            or (bool(self.all_of) and all(part.holds(answers) for part in self.all_of))
        )

    def _otherwise(self, question: str, answers: Answers) -> bool:
        return any((question, option) not in self.other_than for option in answers.get(question, _NOTHING))

    def tokens(self) -> set[Token]:
        """The options that this condition looks at."""
        own = set(self.one_of | self.only | self.other_than | self.none_of)
        return own.union(*(part.tokens() for part in self.all_of))

    def questions(self) -> set[str]:
        """The questions that this condition looks at."""
        counted = {code for code, _ in self.at_least}
        own = {code for code, _ in self.tokens()} | self.answered | counted
        return own.union(*(part.questions() for part in self.all_of))


def chosen(tokens: frozenset[Token], answers: Answers) -> bool:
    """Whether one of these options was chosen."""
    return any(option in answers.get(question, _NOTHING) for question, option in tokens)


def parse_token(written: object) -> Token:
    """Q10.rent as a pair; ValueError says what is wrong."""
    match = _TOKEN.fullmatch(written) if isinstance(written, str) else None
    if match is None:
        raise ValueError(f"{written!r} is no answer; write it as Q10.rent")
    return match[1], match[2]


def parse_condition(raw: object) -> Condition:
    """A condition as it stands in the content file; ValueError says in words what is wrong."""
    if not isinstance(raw, Mapping) or not raw:
        raise ValueError(f"a condition such as {{any: [Q2.money]}} is expected, not {raw!r}")
    if unknown := sorted(str(name) for name in raw if name not in _FIELDS):
        raise ValueError(f"unknown {', '.join(unknown)}; known are {', '.join(_FIELDS)}")
    if raw.get("always", True) is not True:
        raise ValueError("always can only be true")
    return Condition(
        always="always" in raw,
        one_of=_tokens(raw, "any"),
        only=_tokens(raw, "only"),
        other_than=_tokens(raw, "other_than"),
        answered=frozenset(_code(code) for code in _list(raw, "answered")),
        at_least=_at_least(raw.get("at_least", {})),
        none_of=_tokens(raw, "none_of"),
        all_of=tuple(parse_condition(part) for part in _list(raw, "all_of")),
    )


def _list(raw: Mapping[str, Any], name: str) -> list[Any]:
    value = raw.get(name, [])
    if not isinstance(value, list) or (name in raw and not value):
        raise ValueError(f"{name} must be a list with something in it, not {value!r}")
    return value


def _tokens(raw: Mapping[str, Any], name: str) -> frozenset[Token]:
    return frozenset(parse_token(written) for written in _list(raw, name))


def _code(written: object) -> str:
    if not isinstance(written, str) or not QUESTION_CODE.fullmatch(written):
        raise ValueError(f"{written!r} is no question code; write it as Q10")
    return written


def _at_least(raw: object) -> tuple[tuple[str, int], ...]:
    if not isinstance(raw, Mapping):
        raise ValueError(f"at_least must be written as {{Q2: 4}}, not {raw!r}")
    for count in raw.values():
        if type(count) is not int or count < 1:
            raise ValueError(f"at_least needs a number from 1 on, not {count!r}")
    return tuple((_code(code), count) for code, count in raw.items())
