"""お悩みハンドブック: a few questions about troubles, then the help that fits, each with why it is shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from bot.content.questions import WHO, HandbookQuestion, is_asked
from bot.flows.context import Context
from bot.flows.effects import Effect, GoOn, ShowSchemes
from bot.flows.rules import ask_town_if_known
from bot.flows.talk import Option, Talk, choice, many, pick

Given = Mapping[str, frozenset[str]]


def handbook(ctx: Context) -> Talk[list[Effect]]:
    """Every question may be left unanswered, and not knowing excludes nothing."""
    town = yield from ask_town_if_known(ctx)
    answers: dict[str, frozenset[str]] = {}
    for question in ctx.content.questions:
        if not is_asked(question, answers, ctx.content.questions):
            continue
        answers[question.code] = yield from _ask(question, answers)
        leads_to = {o.leads_to for o in question.options if o.code in answers[question.code]}
        if "concern" in leads_to:
            way = yield from pick("for_neighbour", "concern", "handbook")
            if way == "concern":
                return [GoOn("concern")]
        if "hotlines" in leads_to:
            yield from pick(f"{question.key}_lines", "go_on", call=ctx.content.handbook.talk_now)
    result = ctx.content.catalogue.recommend(answers, town, ctx.today)
    return [ShowSchemes(result, town, _about(answers.get(WHO, frozenset())))]


def _about(who: frozenset[str]) -> Literal["self", "family", "other"]:
    return "other" if "other" in who else "family" if "family" in who else "self"


def _ask(question: HandbookQuestion, so_far: Given) -> Talk[frozenset[str]]:
    options = [Option(o.code, o.label, alone=o.exclusive) for o in question.options_for(so_far)]
    words = {"text": question.text_for(so_far), "hint": question.hint, "on_web": question.sensitive}
    if question.multiple:
        picked = yield from many(question.key, *options, at_most=question.at_most, **words)
        return frozenset(picked)
    one = yield from choice(question.key, *options, skippable=True, **words)
    return frozenset([one]) if one else frozenset()
