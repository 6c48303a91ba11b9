"""What the forms are checked against: words that our chat understands, the longest names of places, photos at hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bot.broadcasting import links, placeholders
from bot.broadcasting.pictures.serving import addresses
from bot.broadcasting.placeholders import Placeholder
from bot.content.library import Content


class NoPhoto(Exception):
    """The photo cannot be used; the text says why, `hint` what to do."""

    def __init__(self, text: str, hint: str | None = None) -> None:
        super().__init__(text)
        self.hint = hint


@dataclass(frozen=True)
class Known:
    """`sayings`: what a button may begin, by every word for it. `course`: the title of the one course that the
    recipients have in common, None where there is not exactly one. `photo`: file name to id, else NoPhoto."""

    content: Content
    public_url: str
    sayings: Mapping[str, str]
    course: str | None
    photo: Callable[[str], str]

    def at_longest(self, text: str) -> str:
        """The text with the longest words that its placeholders may become."""
        return placeholders.fill(text, self.longest_words, lambda _url: self.longest_link)

    @property
    def longest_words(self) -> Mapping[Placeholder, str]:
        languages = self.content.languages.values()
        towns = self.content.towns.values()
        return {
            "town": max((*(town.name for town in towns), *(one.your_town for one in languages)), key=len),
            "district": max(
                (
                    *(district.name for town in towns for district in town.districts),
                    *(one.your_district for one in languages),
                ),
                key=len,
            ),
            "course": self.course or self.content.texts.get("broadcast.no_course"),
        }

    @property
    def longest_link(self) -> str:
        return links.counted(self.public_url, "x" * links.TOKEN_CHARACTERS)

    @property
    def longest_picture(self) -> str:
        return addresses(self.public_url, "x" * links.TOKEN_CHARACTERS)[1]
