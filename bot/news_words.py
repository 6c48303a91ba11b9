"""Which news somebody takes and how often, in words. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from bot.content.library import Content
from bot.content.news import Rhythm


def taken(content: Content, news: Mapping[str, Rhythm]) -> dict[str, Rhythm]:
    """What somebody takes, in the order of the file, as it really comes: some topics always come at once."""
    at_once = content.news.at_once
    return {topic: "each" if topic in at_once else news[topic] for topic in content.topics if topic in news}


def in_words(content: Content, news: Mapping[str, Rhythm]) -> list[str]:
    """「地域食堂（週に1回）」 for each topic."""
    texts = content.texts
    return [
        texts.get(
            "news.taken", topic=texts.get(f"registration.topics.{topic}"), rhythm=texts.get(f"news.{rhythm}")
        )
        for topic, rhythm in taken(content, news).items()
    ]


def as_list(content: Content, news: Mapping[str, Rhythm]) -> str:
    """The same, one below the other; a word for none."""
    return "\n".join(f"・{each}" for each in in_words(content, news)) or content.texts.get("news.none")
