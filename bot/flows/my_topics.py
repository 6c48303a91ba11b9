"""「お知らせの種類を変える」: which news come to this phone."""

from __future__ import annotations

from bot.flows.context import Context
from bot.flows.effects import ChangeTopics, Effect, Say
from bot.flows.talk import Option, Talk, many

NONE = "none"


def my_topics(ctx: Context) -> Talk[list[Effect]]:
    """Chosen anew: what is not picked does not come any more."""
    if not ctx.visitor.supporter:
        return [Say("life.not_registered")]
    texts = ctx.content.texts
    named = {key: texts.get(f"registration.topics.{key}") for key in ctx.content.topics}
    now = [named[key] for key in ctx.visitor.topics if key in named]
    hint = texts.get("my_topics.topics.hint", now="、".join(now) or texts.get("my_topics.nothing"))
    options = (Option(key, label) for key, label in named.items())
    none = Option(NONE, alone=True, also=("いらない", "なし"))
    topics = yield from many("topics", *options, none, hint=hint)
    return [ChangeTopics(tuple(key for key in topics if key != NONE)), Say("my_topics.done")]
