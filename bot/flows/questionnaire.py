"""A few questions after a course, each answered by a tap. Who answered what is not kept."""

from __future__ import annotations

from bot.flows.context import Context
from bot.flows.effects import Effect, KeepAnswers, Say
from bot.flows.talk import Option, Talk, choice, pick


def questionnaire(ctx: Context) -> Talk[list[Effect]]:
    """Which course (where there are several), then its questions."""
    if not ctx.asked:
        return [Say("questionnaire.none")]
    about = ctx.asked[0]
    if len(ctx.asked) > 1:
        chosen = yield from pick("course", *(Option(each.id, each.label) for each in ctx.asked))
        about = next(each for each in ctx.asked if each.id == chosen)
    questions = ctx.content.programme.courses.questions
    hint = ctx.content.texts.get("questionnaire.anonymous", title=about.title)
    ratings: dict[str, int] = {}
    for place, question in enumerate(questions, 1):
        options = (Option(f"r{number}", words) for number, words in question.by_number.items())
        text = ctx.content.texts.get(
            "questionnaire.asked", text=question.text, number=str(place), of=str(len(questions))
        )
        answer = yield from choice(
            question.key, *options, skippable=True, text=text, hint=hint if place == 1 else None
        )
        if answer is not None:
            ratings[question.key] = int(answer.removeprefix("r"))
    return [KeepAnswers(about.id, ratings)]
