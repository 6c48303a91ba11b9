"""What typed words mean by themselves, whoever typed them and whatever was said before.

It is found out before the unit of work begins (bot/intake.py), since on SQLite nobody else can write during one.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from bot import crisis

if TYPE_CHECKING:
    from bot.content.library import Content
    from bot.finding import Sought


@dataclass(frozen=True, eq=False)
class Heard:
    """Of one text; each of these is found out once."""

    content: Content
    text: str

    @cached_property
    def danger(self) -> crisis.Danger | None:
        return crisis.detect(self.text, self.content.lexicon)

    @cached_property
    def sought(self) -> Sought:
        """What help it speaks of."""
        return self.content.finder.read(self.text)

    def listen(self) -> Heard:
        """Find out now what will be needed: of words of danger that is only who must be called."""
        if self.danger is None:
            self.sought  # noqa: B018
        return self
