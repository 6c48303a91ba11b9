"""Whether answers lead to every scheme: walks the questions as a person does, until one of its ways is open."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import product
from typing import Final

from bot.content.conditions import Answers, Condition, Token
from bot.content.findings import Finding
from bot.content.library import Content
from bot.content.questions import HandbookQuestion, is_asked
from bot.content.schemes import Scheme
from bot.handbook.recommend import Catalogue

_ANY_DAY: Final = date(2100, 1, 1)
_DEEPEST: Final = 6  # questions that have to be opened one after the other
_MOST_TRIED: Final = 60
_MOST_WALKED: Final = 500

Plan = dict[str, frozenset[str]]
Way = tuple[Token, ...]


def of_paths(content: Content, on: date) -> Iterator[Finding]:
    """Schemes that no answers lead to, and ways of theirs that are closed."""
    walker, columns = Walker(content.questions), "show_if_any"
    seen: dict[tuple[object, ...], list[tuple[Way, str]]] = {}
    for scheme in content.catalogue.schemes:
        if scheme.withdrawn or (scheme.ended and not scheme.valid_on(on)):
            continue
        rules = (scheme.show_if_any, scheme.require, scheme.exclude)
        if rules not in seen:
            seen[rules] = list(_closed_ways(content, walker, scheme))
        closed = seen[rules]
        if len(closed) == len(scheme.show_if_any):
            words = f"どの答えからも出ません。{_written(closed[0][0])}: {closed[0][1]}"
            hint = "show_if_any・require・exclude を見直してください。"
            yield Finding("error", scheme.file, scheme.id, columns, words, hint)
            continue
        for way, why in closed:
            words = f"{_written(way)} からは出ません。{why}"
            yield Finding("warning", scheme.file, scheme.id, columns, words, "取るか、条件を直してください。")


def _closed_ways(content: Content, walker: Walker, scheme: Scheme) -> Iterator[tuple[Way, str]]:
    """The ways on which nobody comes to the scheme, and why."""
    alone = Catalogue((replace(scheme, valid_from=None, valid_to=None),), content.questions)
    for way in scheme.show_if_any:
        if met := scheme.exclude.intersection(way):
            yield way, f"exclude の {_written(sorted(met))} と同じです。"
        elif (answers := walker.answers_for(way, scheme.exclude)) is None:
            yield way, walker.why_not(way)
        elif not any(_shown(alone, scheme, given) for given in (answers, *_meeting(walker, scheme, way))):
            yield way, "require の条件と、いっしょには成り立ちません。"


def _shown(alone: Catalogue, scheme: Scheme, answers: Answers) -> bool:
    found = alone.recommend(answers, scheme.town, _ANY_DAY)
    return any((found.safety, found.hubs, found.chosen, found.others))


def _meeting(walker: Walker, scheme: Scheme, way: Way) -> Iterator[Answers]:
    """Answers on this way that also meet the conditions, where anybody can give them."""
    open_ones = [sorted(group) for group in scheme.require if group.isdisjoint(way)]
    for number, more in enumerate(product(*open_ones)):
        if number == _MOST_TRIED:
            return
        if given := walker.answers_for((*way, *dict.fromkeys(more)), scheme.exclude):
            yield given


def _written(way: Sequence[Token]) -> str:
    return "+".join(f"{question}.{option}" for question, option in way)


@dataclass
class Walker:
    """Finds answers of which the questions ask, step by step, so that certain answers are given."""

    questions: tuple[HandbookQuestion, ...]
    _known: dict[tuple[Way, frozenset[Token]], Answers | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._left = 0
        self._by_code = {question.code: question for question in self.questions}

    def answers_for(self, way: Way, never: frozenset[Token]) -> Answers | None:
        """Answers that hold all of these and none of `never`; None where nobody can give them."""
        nothing: frozenset[Token] = frozenset()
        if never:  # most excluded answers are far from the way: then it is the same as without them
            plain = self.answers_for(way, nothing)
            if plain is None or not any(option in plain.get(code, ()) for code, option in never):
                return plain
        if (way, never) not in self._known:
            plan: Plan | None = {}
            for token in way:
                plan = self._with(plan, token, never) if plan is not None else None
            self._known[way, never] = None if plan is None else self._shortest(plan, never)
        return self._known[way, never]

    def _shortest(self, plan: Plan, never: frozenset[Token]) -> Answers | None:
        """Few further answers before many: most questions are opened by one."""
        self._left = _MOST_WALKED
        return next(
            (found for deep in range(_DEEPEST + 1) if (found := self._open(plan, never, deep)) is not None),
            None,
        )

    def why_not(self, way: Way) -> str:
        """In words, why no answers hold all of these."""
        if any(self.answers_for((token,), frozenset()) is None for token in way):
            return "この質問は、どの答えのあとにも聞かれません（質問の asked_when）。"
        return "この答えは、いっしょには選べません（または exclude に当たる答えが先に要ります）。"

    def _with(self, plan: Plan, token: Token, never: frozenset[Token]) -> Plan | None:
        """The plan with one more answer, where the question allows it."""
        code, option = token
        question = self._by_code.get(code)
        if question is None or token in never:
            return None
        chosen = plan.get(code, frozenset()) | {option}
        if len(chosen) > 1:
            alone = any(each.exclusive for each in question.options if each.code in chosen)
            if not question.multiple or alone or len(chosen) > question.at_most:
                return None
        made = {**plan, code: chosen}
        if question.options_from:
            return self._with(made, (question.options_from, option), never)
        return made

    def _open(self, plan: Plan, never: frozenset[Token], deep: int) -> Answers | None:
        """The answers of somebody who follows the plan, with what has to be answered so that all of it is asked."""
        self._left -= 1
        answers: dict[str, frozenset[str]] = {}
        for question in self.questions:
            if is_asked(question, answers, self.questions):
                answers[question.code] = plan.get(question.code, frozenset())
            elif question.code in plan:
                return self._open_question(question, plan, never, deep)
        return answers

    def _open_question(
        self, question: HandbookQuestion, plan: Plan, never: frozenset[Token], deep: int
    ) -> Answers | None:
        if not deep or self._left <= 0:
            return None
        for needed in (*self._reasons(question.asked_when), *self._reasons(question.asked_if_room)):
            wider: Plan | None = plan
            for token in needed:
                wider = self._with(wider, token, never) if wider is not None else None
            if wider is not None and wider != plan and (found := self._open(wider, never, deep - 1)):
                return found
        return None

    def _reasons(self, asked: Condition) -> Iterator[Way]:
        """What could be answered so that the condition holds."""
        yield from ((token,) for token in sorted(asked.one_of | asked.only))
        for code in sorted({question for question, _ in asked.other_than} | asked.answered):
            if (question := self._by_code.get(code)) is not None:
                yield from (
                    ((code, option.code),)
                    for option in question.options
                    if (code, option.code) not in asked.other_than
                )
        for code, count in asked.at_least:
            if (question := self._by_code.get(code)) is not None:
                yield tuple((code, option.code) for option in question.options[:count])
        if asked.all_of:
            parts = [
                [*self._reasons(part), *([()] if part.none_of or part.always else [])]
                for part in asked.all_of
            ]
            for number, several in enumerate(product(*parts)):
                if number > _MOST_TRIED:
                    return
                yield tuple(token for part in several for token in part)
