"""What is wrong, old or left over in content/, said so that the person who edits it finds the place. Pure but for reading.

One file per kind of question. What keeps the service from starting, or would mislead somebody, is an error; what
somebody should look at is a warning.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from bot.content.checks import catalogue, desks, languages, paths, raw, words
from bot.content.checks.unreadable import of_unreadable
from bot.content.findings import Finding
from bot.content.library import Content

__all__ = ["of_content", "of_unreadable"]


def of_content(content: Content, on: date) -> Iterator[Finding]:
    """Everything that can be said about content that can be read, for this day."""
    yield from raw.of_files(content.folder)
    yield from catalogue.of_catalogue(content, on)
    yield from paths.of_paths(content, on)
    yield from desks.of_desks(content, on)
    yield from words.of_words(content)
    yield from languages.of_languages(content)
