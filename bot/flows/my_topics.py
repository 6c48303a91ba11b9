"""「お知らせをえらぶ」: which news come to this phone, and how often."""

from __future__ import annotations

from bot.content.news import RHYTHMS
from bot.flows.context import Context
from bot.flows.effects import ChangeTopics, Effect, Say
from bot.flows.rules import ask_town
from bot.flows.talk import Option, Talk, many, pick
from bot.news_words import as_list, in_words

NONE = "none"


def my_topics(ctx: Context) -> Talk[list[Effect]]:
    """Chosen anew: what is not picked does not come any more. Residents say of which town; supporters have one."""
    texts, at_once = ctx.content.texts, ctx.content.news.at_once
    town = None if ctx.visitor.supporter else (yield from ask_town(ctx))
    named = {key: texts.get(f"registration.topics.{key}") for key in ctx.content.topics}
    now = in_words(ctx.content, ctx.visitor.news)
    hint = texts.get("my_topics.topics.hint", now="、".join(now) or texts.get("my_topics.nothing"))
    options = (Option(key, label) for key, label in named.items())
    none = Option(NONE, alone=True, also=("いらない", "なし"))
    picked = yield from many("topics", *options, none, hint=hint)
    topics = tuple(key for key in picked if key != NONE)
    if not topics:
        return [ChangeTopics({}, town), Say("my_topics.done_none")]
    if set(topics) <= set(at_once):
        rhythm = RHYTHMS[0]
    else:
        always = "、".join(named[key] for key in topics if key in at_once)
        told = texts.get("my_topics.always_at_once", topics=always) if always else None
        chosen = yield from pick("rhythm", *RHYTHMS, hint=told)
        rhythm = next(each for each in RHYTHMS if each == chosen)
    news = dict.fromkeys(topics, rhythm)
    return [ChangeTopics(news, town), Say("my_topics.done", {"news": as_list(ctx.content, news)})]
