"""Replaying a conversation: from the answers so far to the next question, or to the effects.

The state of a conversation is only its answers, keyed by question. Everything else follows: "back" drops an
answer, an old button replaces one, a release that adds a question simply asks it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.flows.context import Context
from bot.flows.effects import Effect
from bot.flows.talk import SKIP, Choice, Many, NotAnAnswer, Question, Talk, fits

Answers = Mapping[str, Any]
FlowFunction = Callable[[Context], Talk[list[Effect]]]


@dataclass(frozen=True)
class Asking:
    """The conversation waits for `question`. `asked` are the questions before it, in order of this path."""

    question: Question
    asked: tuple[Question, ...] = ()
    refused: NotAnAnswer | None = None  # the flow itself did not accept what was stored for `question`


@dataclass(frozen=True)
class Finished:
    """The conversation has all it needs."""

    effects: tuple[Effect, ...]
    asked: tuple[Question, ...] = field(default=())


class EndlessTalk(Exception):
    """A flow asked the same question twice, or more than 200 questions."""


def play(flow: FlowFunction, ctx: Context, answers: Answers) -> Asking | Finished:
    """Replay `answers` through `flow`; the first question without a fitting answer is the next."""
    talk = flow(ctx)
    asked: list[Question] = []
    keys: set[str] = set()
    try:
        question = next(talk)
        while True:
            if question.key in keys or len(asked) > 200:
                raise EndlessTalk(f"{question.key} is asked twice")
            stored = answers.get(question.key)
            if stored is None or not fits(question, stored):
                return Asking(question, tuple(asked))
            keys.add(question.key)
            asked.append(question)
            question = talk.send(stored)
    except NotAnAnswer as refused:
        return Asking(asked[-1], tuple(asked[:-1]), refused)
    except StopIteration as end:
        return Finished(tuple(end.value), tuple(asked))


def back(flow: FlowFunction, ctx: Context, answers: Answers) -> dict[str, Any]:
    """The answers without the last one. What was half picked for the present question goes first."""
    now = play(flow, ctx, answers)
    left = dict(answers)
    if isinstance(now, Asking) and isinstance(now.question, Many) and left.pop(now.question.key, None):
        return left
    if now.asked:
        left.pop(now.asked[-1].key, None)
    return left


def on_path(flow: FlowFunction, ctx: Context, answers: Answers, key: str) -> Question | None:
    """The question with this key, where it has been asked on the present path or is being asked now."""
    now = play(flow, ctx, answers)
    here = (*now.asked, now.question) if isinstance(now, Asking) else now.asked
    return next((question for question in here if question.key == key), None)


def skip_rest(flow: FlowFunction, ctx: Context, answers: Answers) -> dict[str, Any]:
    """As if every question that may be left unanswered were: results from what is known so far."""
    return _skipping(flow, ctx, answers)[0]


def still_to_come(flow: FlowFunction, ctx: Context, answers: Answers) -> int | None:
    """How many questions follow the present one where all are left unanswered: the shortest way. None: not known."""
    skipped = _skipping(flow, ctx, answers)[1]
    return None if skipped is None else skipped - 1


def _skipping(flow: FlowFunction, ctx: Context, answers: Answers) -> tuple[dict[str, Any], int | None]:
    """The answers with the rest left open, and how many that were; None where one of them needs an answer."""
    filled, skipped, talk = dict(answers), 0, flow(ctx)
    try:
        question = next(talk)
        while True:
            stored = filled.get(question.key)
            if stored is None or not fits(question, stored):
                stored = _unanswered(question, stored)
                if stored is None:
                    return filled, None
                filled[question.key] = stored
                skipped += 1
            question = talk.send(stored)
    except NotAnAnswer:
        return filled, None
    except StopIteration:
        return filled, skipped


def _unanswered(question: Question, so_far: Any) -> Any:
    """What is stored for a question that is left as it is; None where it needs an answer."""
    if isinstance(question, Many):
        keys = {option.key for option in question.options}
        half = so_far.get("picks", []) if isinstance(so_far, dict) else []
        return {"picks": [key for key in half if key in keys], "done": True}
    return SKIP if isinstance(question, Choice) and question.skippable else None
