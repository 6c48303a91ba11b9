"""How to get fewer messages, or to stop them: what every broadcast and every news ends with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from bot import postback
from bot.content.library import Content
from bot.messages import MESSAGES, TEXT_UNITS, Message, Saying, Tap, Text, utf16_units

FLOW: Final = "news"  # bot/handlers/news.py answers its buttons
LESS: Final = "less"
CHOOSE: Final = "my_topics"
_GAP: Final = "\n\n"


def with_stop_line(messages: Sequence[Message], content: Content, language: str | None = None) -> Saying:
    """The messages with one short line on how to stop, and two buttons (quick replies) under the last of them.

    The line ends the last message where that is a text with room for it, else it is a message of its own. Where there
    are five already and none has room, only the buttons say it: `room_for_stop_line` tells whether it fits.
    """
    spoken = content.language(language)
    line = spoken.stop
    said = list(messages)
    match said:
        case [*_, Text(text)] if utf16_units(text + _GAP + line) <= TEXT_UNITS:
            said[-1] = Text(text + _GAP + line)
        case _ if len(said) < MESSAGES:
            said.append(Text(line))
    return Saying(tuple(said), stop_taps(content, language))


def room_for_stop_line(messages: Sequence[Message], content: Content, language: str | None = None) -> bool:
    """Whether `with_stop_line` can say its line under these messages."""
    if len(messages) < MESSAGES:
        return True
    last = messages[-1]
    line = content.language(language).stop
    return isinstance(last, Text) and utf16_units(last.text + _GAP + line) <= TEXT_UNITS


def stop_taps(content: Content, language: str | None = None) -> tuple[Tap, ...]:
    """The two buttons: rarer in one tap, and to choose anew."""
    spoken = content.language(language)
    return (
        Tap(spoken.less, postback.Tap(FLOW, LESS, "", "").data()),
        Tap(spoken.choose, postback.start(CHOOSE)),
    )
