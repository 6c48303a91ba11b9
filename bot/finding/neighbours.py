"""Whether typed words tell of a neighbour: with them nothing is looked up, since they belong into our own form."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import Final

from bot.finding.analysis import Spoken
from bot.finding.spelling import sound, spelled

_WISHED_FOR: Final = re.compile(
    "(?:が|も|は|を)?(?:いない|いません|おらん|ほしい|欲しい|できない|作り|つくり|探し|さがし)"
)
"""「友だちがほしい」 tells of nobody."""
_WHERE: Final = re.compile(r"[0-9]+(?:丁目|番地|号室)|[0-9]{2,4}[-ー ][0-9]{2,4}[-ー ][0-9]{3,4}")


def speaks_of_neighbour(said: Spoken, signs: Sequence[str]) -> bool:
    """A sign of content/synonyms.yaml, somebody's name, or where somebody lives."""
    heard = sound(said.line)
    for sign in _heard(tuple(signs)):
        at = heard.find(sign)
        if at >= 0 and not _WISHED_FOR.match(heard, at + len(sign)):
            return True
    return said.names_somebody or bool(_WHERE.search(said.line))


@cache
def _heard(signs: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sound(spelled(sign)) for sign in signs)
