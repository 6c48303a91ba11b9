"""「ことば」: in which language the handbook, the desks and news are read."""

from __future__ import annotations

from bot.flows.context import Context
from bot.flows.effects import ChangeLanguage, Effect
from bot.flows.talk import Option, Talk, pick


def my_language(ctx: Context) -> Talk[list[Effect]]:
    """One question, each answer in its own language."""
    languages = ctx.content.languages.values()
    language = yield from pick("language", *(Option(one.key, one.name, also=one.typed) for one in languages))
    return [ChangeLanguage(language)]
