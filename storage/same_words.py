"""By what the same words to the same people are found again, without keeping the words."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from storage.segments import Segment, segment_text
from storage.work import Work

Forms = Sequence[Mapping[str, Any]]


def index_of(
    work: Work,
    channel: str,
    messages: Forms,
    segment: Segment,
    translations: Mapping[str, Forms] | None = None,
) -> str:
    """A keyed hash; spaces and widths do not count, of a form that is more than text every part does."""
    said = [*_words(messages)]
    for language in sorted(translations or {}):
        said += [language, *_words((translations or {})[language])]
    return work.index("broadcast", channel, segment_text(segment), *said)


def _words(messages: Forms) -> Iterator[str]:
    for each in messages:
        yield _plain(str(each["text"])) if "text" in each else "".join(_parts(each))


def _parts(part: Any) -> Iterator[str]:
    """Every name and value, so that a word that moves from one field to another is another message."""
    match part:
        case Mapping():
            for name in sorted(part):
                yield f"{{{name}:"
                yield from _parts(part[name])
                yield "}"
        case list() | tuple():
            for each in part:
                yield "["
                yield from _parts(each)
                yield "]"
        case _:
            yield _plain(str(part))


def _plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).split())
