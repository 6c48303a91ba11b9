"""What is asked after a course, from the section `courses` of content/programme.yaml."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

_KEY: Final = re.compile(r"[a-z][a-z_]{0,30}")
_MOST_QUESTIONS: Final = 6  # more of them nobody answers on a phone
_FEWEST_ANSWERS, _MOST_ANSWERS = 2, 11
_RESERVED: Final = {"course", "words"}


@dataclass(frozen=True)
class AfterCourse:
    """One question: its answers from the best to the worst, so that the first of five counts 5."""

    key: str
    name: str
    """In tables and pictures."""
    text: str
    answers: tuple[str, ...]

    @property
    def best(self) -> int:
        return len(self.answers)

    def label(self, number: int) -> str:
        """The words of an answer by its number."""
        return self.answers[self.best - number]

    @property
    def by_number(self) -> dict[int, str]:
        """Every answer, the best first."""
        return {self.best - place: text for place, text in enumerate(self.answers)}


@dataclass(frozen=True)
class CoursePlan:
    """How long names of those who signed up are kept, and what is asked after a course."""

    keep_names_days: int
    questions: tuple[AfterCourse, ...]


def read_course_plan(value: Any) -> CoursePlan:
    """Read and check the section; ValueError says what is wrong."""
    if not isinstance(value, Mapping) or set(value) != {"keep_names_days", "questions"}:
        raise ValueError("exactly keep_names_days and questions are expected")
    days = value["keep_names_days"]
    if type(days) is not int or not 1 <= days <= 3_650:
        raise ValueError(f"keep_names_days: a number from 1 to 3650 is expected, not {days!r}")
    listed = value["questions"]
    if not isinstance(listed, list) or not 1 <= len(listed) <= _MOST_QUESTIONS:
        raise ValueError(f"questions: a list of at most {_MOST_QUESTIONS} is expected")
    questions = tuple(_question(number, entry) for number, entry in enumerate(listed, 1))
    if len({question.key for question in questions}) < len(questions):
        raise ValueError("questions: a key is there twice")
    return CoursePlan(days, questions)


def _question(number: int, entry: Any) -> AfterCourse:
    fields = ("key", "name", "text", "answers")
    if not isinstance(entry, Mapping) or set(entry) != set(fields):
        raise ValueError(f"questions: number {number}: exactly {', '.join(fields)} are expected")
    key, answers = entry["key"], entry["answers"]
    if not isinstance(key, str) or not _KEY.fullmatch(key) or key in _RESERVED:
        raise ValueError(f"questions: number {number}: key: {key!r} must be small letters and _")
    for name, longest in (("name", 12), ("text", 100)):
        if not isinstance(entry[name], str) or not 0 < len(entry[name].strip()) <= longest:
            raise ValueError(f"questions: {key}: {name}: a text of at most {longest} letters is expected")
    if not isinstance(answers, list) or not _FEWEST_ANSWERS <= len(answers) <= _MOST_ANSWERS:
        raise ValueError(f"questions: {key}: answers: {_FEWEST_ANSWERS} to {_MOST_ANSWERS} are expected")
    if not all(isinstance(text, str) and 0 < len(text) <= 40 for text in answers):
        raise ValueError(f"questions: {key}: answers: texts of at most 40 letters are expected")
    if len(set(answers)) < len(answers):
        raise ValueError(f"questions: {key}: answers: two of them are alike")
    return AfterCourse(key, entry["name"].strip(), entry["text"].strip(), tuple(answers))
