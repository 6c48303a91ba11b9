"""Named conditions of the schemes (「65歳以上の人」), read from content/rules.yaml."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from bot.content.conditions import Token, parse_token
from bot.content.errors import ContentError
from bot.content.questions import HandbookQuestion
from bot.content.yaml_files import by_key, tree_of

_KEY: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")
LONGEST_WORDS: Final = 40


@dataclass(frozen=True)
class Rule:
    """One of these answers has to be given; `words` say so to people."""

    key: str
    words: str
    one_of: tuple[Token, ...]
    perhaps: tuple[Token, ...] = ()
    """Answers with which it may be fulfilled: 40 to 64 years for a help from 60 on."""


def load_rules(path: Path, questions: Iterable[HandbookQuestion] = ()) -> Mapping[str, Rule]:
    """The rules by key, in the file's order; ContentError names the rule and what is wrong with it.

    With `questions`, an answer that no question offers is an error too.
    """
    offered = {(question.code, option.code) for question in questions for option in question.options}
    raw = tree_of(path)
    if not isinstance(raw, list) or not raw:
        raise ContentError(path.name, "", "a list of rules is expected")

    def read(entry: Any, before: Mapping[str, Rule]) -> Rule:
        rule = _rule(entry)
        twin = next((one for one in before.values() if _answers(one) == _answers(rule)), None)
        if twin and twin.key != rule.key:
            raise ValueError(f"any: {rule.key} looks at the same answers as {twin.key}")
        unknown = [token for token in rule.one_of + rule.perhaps if token not in offered]
        if offered and unknown:
            raise ValueError(f"any: no question offers the answer {'.'.join(unknown[0])}")
        return rule

    return by_key(path, raw, read)


def _rule(entry: Any) -> Rule:
    if not isinstance(entry, Mapping) or set(entry) - {"perhaps"} != {"key", "words", "any"}:
        raise ValueError("key, words, any and maybe perhaps are expected")
    key, words, answers = entry["key"], entry["words"], entry["any"]
    if not isinstance(key, str) or not _KEY.fullmatch(key):
        raise ValueError(f"key: {key!r} must be written in small letters, digits and _")
    if not isinstance(words, str) or not 0 < len(words) <= LONGEST_WORDS:
        raise ValueError(f"words: 1 to {LONGEST_WORDS} letters are expected, not {words!r}")
    for field in ("any", "perhaps"):
        if not isinstance(entry.get(field, answers), list) or not entry.get(field, answers):
            raise ValueError(f"{field}: a list of answers such as [Q3.a65] is expected, not {entry[field]!r}")
    return Rule(key, words, _tokens(answers), _tokens(entry.get("perhaps", ())))


def _tokens(written: Iterable[object]) -> tuple[Token, ...]:
    return tuple(parse_token(answer) for answer in written)


def _answers(rule: Rule) -> tuple[frozenset[Token], frozenset[Token]]:
    return frozenset(rule.one_of), frozenset(rule.perhaps)


def rule_named(written: str, rules: Mapping[str, Rule]) -> Rule:
    """What a word of a condition stands for: a named rule (over65), or a single answer (Q3.a65) as one."""
    if "." in written:
        return Rule(written, "", (parse_token(written),))
    rule = rules.get(written)
    if rule is None:
        raise ValueError(f"{written!r} is neither an answer such as Q10.rent nor a rule of rules.yaml")
    return rule
