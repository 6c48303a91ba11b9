"""The questions of the お悩みハンドブック, read from content/questions.yaml, and which of them are asked."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import regex

from bot.content.conditions import QUESTION_CODE, Answers, Condition, parse_condition
from bot.content.errors import ContentError
from bot.content.yaml_files import tree_of

WHO: Final = "Q1"
WORRIES: Final = "Q2"
TOP_WORRIES: Final = "Q2top"
ALWAYS_ASKED_ABOUT: Final = frozenset({"family"})
"""Who chose many troubles is asked further about three of them, and always about fear of somebody close."""

MOST_ASKED: Final = 11
"""Where so many questions are certain, those that only might help (`asked_if_room`) are left out."""
ABOUT_OTHERS: Final = (frozenset({"family"}), frozenset({"other"}))
"""Answers of Q1 after which the words speak of „that person“."""

LONGEST_TEXT: Final = 160
LONGEST_LABEL: Final = 40
LONGEST_BUTTON: Final = 20
"""Graphemes: what LINE shows on a quick-reply button."""

_NEVER: Final = Condition()
_KEY: Final = re.compile(r"[a-z][a-z0-9_]*")
_TAPS: Final = {"skip", "done"}
"""Words that the conversation itself uses for its own buttons."""
_DESTINATIONS: Final = ("concern", "hotlines")
_QUESTION_FIELDS: Final = {
    *("code", "key", "text", "text_family", "hint", "hint_web", "multiple", "at_most", "options"),
    *("options_from", "asked_when", "asked_if_room", "sensitive", "no_when_unasked"),
}
_OPTION_FIELDS: Final = {"code", "label", "short", "theme", "exclusive", "leads_to"}


@dataclass(frozen=True)
class HandbookOption:
    """One possible answer."""

    code: str
    label: str
    short: str | None = None
    theme: str | None = None
    """The theme of the schemes that this trouble opens."""
    exclusive: bool = False
    """Cannot stand beside other answers (いない, ない)."""
    leads_to: str | None = None
    """`concern`: the report about a neighbour; `hotlines`: the lines come before the next question."""

    @property
    def button(self) -> str:
        """The label in at most 20 letters."""
        return self.short or self.label


@dataclass(frozen=True)
class HandbookQuestion:
    """One question; every one of them may be left unanswered."""

    code: str
    key: str
    text: str
    options: tuple[HandbookOption, ...]
    asked_when: Condition = _NEVER
    asked_if_room: Condition = _NEVER
    """Reasons that count only while few questions are asked."""
    text_family: str | None = None
    hint: str | None = None
    hint_web: str | None = None
    """Instead of `hint` on a web page, where no chat keeps what was tapped."""
    multiple: bool = False
    at_most: int = 99
    sensitive: bool = False
    options_from: str | None = None
    """The question of whose chosen options this one offers again."""
    no_when_unasked: frozenset[str] = frozenset()
    """When these were answered and this one was still not asked, its answer counts as no."""

    def text_for(self, answers: Answers) -> str:
        """The words, about oneself or about whom Q1 named: a member of the family, or a neighbour."""
        about_another = answers.get(WHO) in ABOUT_OTHERS
        return self.text_family if self.text_family and about_another else self.text

    def options_for(self, answers: Answers) -> tuple[HandbookOption, ...]:
        """The options to show: where they come from another question, only those that were chosen there."""
        if self.options_from is None:
            return self.options
        picked = answers.get(self.options_from, frozenset())
        return tuple(option for option in self.options if option.code in picked)


def is_asked(
    question: HandbookQuestion, answers: Answers, questions: Sequence[HandbookQuestion] = ()
) -> bool:
    """Whether this question follows from the answers so far; its condition looks back only. `questions` are all that
    there are: those that will be asked for certain go before one that only might help."""
    told = answers if question.code == TOP_WORRIES else _narrowed(answers)
    if question.asked_when.holds(told):
        return True
    if not question.asked_if_room.holds(told):
        return False
    certain = sum(one.code not in answers and one.asked_when.holds(told) for one in questions)
    return len(answers) + certain < MOST_ASKED


def next_question(questions: Sequence[HandbookQuestion], answers: Answers) -> HandbookQuestion | None:
    """The first question that is to be asked and was not asked yet; None at the end."""
    return next((q for q in questions if q.code not in answers and is_asked(q, answers, questions)), None)


def _narrowed(answers: Answers) -> Answers:
    """With the three worst troubles named, only these open further questions."""
    top = answers.get(TOP_WORRIES)
    if not top:
        return answers
    kept = top | (answers.get(WORRIES, frozenset()) & ALWAYS_ASKED_ABOUT)
    return {**answers, WORRIES: kept}


# ---- reading ---------------------------------------------------------------------------------------------


def load_questions(path: Path) -> tuple[HandbookQuestion, ...]:
    """Read and check the file; ContentError (a ValueError) names the file, the question and the field."""
    raw = tree_of(path)
    if not isinstance(raw, list) or not raw:
        raise ContentError(path.name, "", "a list of questions is expected")
    questions: dict[str, HandbookQuestion] = {}
    keys: set[str] = set()
    for number, entry in enumerate(raw, 1):
        where = str((isinstance(entry, Mapping) and entry.get("code")) or f"question {number}")
        try:
            question = _question(entry, questions)
            _refers_to_known(question, questions)
            if question.key in keys:
                raise ValueError(f"key: {question.key} is there twice")
        except ValueError as trouble:
            raise ContentError(path.name, where, str(trouble)) from trouble
        questions[question.code] = question
        keys.add(question.key)
    return tuple(questions.values())


def _question(raw: object, before: Mapping[str, HandbookQuestion]) -> HandbookQuestion:
    entry = _mapping(raw, _QUESTION_FIELDS)
    code, key = _text(entry, "code", 12), _text(entry, "key", 40)
    if not QUESTION_CODE.fullmatch(code):
        raise ValueError(f"code: {code!r} is no question code such as Q10")
    if code in before:
        raise ValueError(f"code: {code} is there twice")
    if not _KEY.fullmatch(key):
        raise ValueError(f"key: {key!r} must be small letters, digits and _")
    question = HandbookQuestion(
        code=code,
        key=key,
        text=_text(entry, "text", LONGEST_TEXT),
        options=(),
        asked_when=_condition(entry, "asked_when"),
        asked_if_room=_condition(entry, "asked_if_room"),
        text_family=_text(entry, "text_family", LONGEST_TEXT) if "text_family" in entry else None,
        hint=_text(entry, "hint", LONGEST_TEXT) if "hint" in entry else None,
        hint_web=_text(entry, "hint_web", LONGEST_TEXT) if "hint_web" in entry else None,
        multiple=_flag(entry, "multiple"),
        at_most=_at_most(entry),
        sensitive=_flag(entry, "sensitive"),
        no_when_unasked=frozenset(_codes(entry, "no_when_unasked")),
    )
    return _with_options(question, entry, before)


def _with_options(
    question: HandbookQuestion, entry: Mapping[str, Any], before: Mapping[str, HandbookQuestion]
) -> HandbookQuestion:
    source = entry.get("options_from")
    if source is not None:
        if "options" in entry or source not in before:
            raise ValueError("options_from: names an earlier question and stands instead of options")
        return replace(question, options_from=source, options=before[source].options)
    raw = entry.get("options")
    if not isinstance(raw, list) or len(raw) < 2:
        raise ValueError("options: at least two are expected")
    options = tuple(_option(one, number) for number, one in enumerate(raw, 1))
    for field in ("code", "label", "button"):
        seen = [getattr(option, field) for option in options]
        if twice := next((value for value in seen if seen.count(value) > 1), None):
            raise ValueError(f"options: {field} {twice!r} is there twice")
    return replace(question, options=options)


def _option(raw: object, number: int) -> HandbookOption:
    try:
        entry = _mapping(raw, _OPTION_FIELDS)
        code = _text(entry, "code", 40)
        if not _KEY.fullmatch(code) or code in _TAPS:
            raise ValueError(f"code: {code!r} must be small letters, digits and _, and not skip or done")
        label = _text(entry, "label", LONGEST_LABEL)
        short = _text(entry, "short", LONGEST_BUTTON) if "short" in entry else None
        if short is None and graphemes(label) > LONGEST_BUTTON:
            raise ValueError(
                f"label: is longer than {LONGEST_BUTTON} letters and needs a short one beside it"
            )
        leads_to = entry.get("leads_to")
        if leads_to is not None and leads_to not in _DESTINATIONS:
            raise ValueError(f"leads_to: {leads_to!r} is none of {', '.join(_DESTINATIONS)}")
        theme = _text(entry, "theme", 20) if "theme" in entry else None
        return HandbookOption(code, label, short, theme, _flag(entry, "exclusive"), leads_to)
    except ValueError as trouble:
        raise ValueError(f"options, number {number}: {trouble}") from trouble


def _condition(entry: Mapping[str, Any], field: str) -> Condition:
    """One of the two is needed."""
    if field not in entry and ("asked_if_room" in entry or field == "asked_if_room"):
        return _NEVER
    try:
        return parse_condition(entry.get(field))
    except ValueError as trouble:
        raise ValueError(f"{field}: {trouble}") from trouble


def _refers_to_known(question: HandbookQuestion, before: Mapping[str, HandbookQuestion]) -> None:
    """A condition can only look back: at options that exist, of questions that come earlier."""
    conditions = (question.asked_when, question.asked_if_room)
    codes = question.no_when_unasked.union(*(each.questions() for each in conditions))
    if missing := sorted(code for code in codes if code not in before):
        raise ValueError(f"asked_when: {', '.join(missing)} is no earlier question")
    for code, option in sorted(conditions[0].tokens() | conditions[1].tokens()):
        if option not in {known.code for known in before[code].options}:
            raise ValueError(f"asked_when: {code} has no option {option!r}")


def graphemes(text: str) -> int:
    """How many letters a reader sees."""
    return len(regex.findall(r"\X", text))


def _mapping(raw: object, known: set[str]) -> Mapping[str, Any]:
    if not isinstance(raw, Mapping):
        raise ValueError(f"fields with a name are expected, not {raw!r}")
    if unknown := sorted(str(name) for name in raw if name not in known):
        raise ValueError(f"unknown field {', '.join(unknown)}")
    return raw


def _text(entry: Mapping[str, Any], field: str, longest: int) -> str:
    value = entry.get(field)
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"{field}: a text is expected (in quotes), not {value!r}")
    text = value.strip()
    if graphemes(text) > longest:
        raise ValueError(f"{field}: is {graphemes(text)} letters long, at most {longest}")
    return text


def _flag(entry: Mapping[str, Any], field: str) -> bool:
    value = entry.get(field, False)
    if not isinstance(value, bool):
        raise ValueError(f"{field}: true or false is expected, not {value!r}")
    return value


def _at_most(entry: Mapping[str, Any]) -> int:
    value = entry.get("at_most", 99)
    if type(value) is not int or value < 1:
        raise ValueError(f"at_most: a number from 1 on is expected, not {value!r}")
    return value


def _codes(entry: Mapping[str, Any], field: str) -> list[str]:
    value = entry.get(field, [])
    if not isinstance(value, list) or not all(isinstance(code, str) for code in value):
        raise ValueError(f"{field}: a list of question codes is expected, not {value!r}")
    return value
