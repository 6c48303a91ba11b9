"""What stands first on a page whose reader wrote words of danger: the fixed words, and who can be called. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from bot.content.library import Content
from bot.crisis import Danger
from bot.crisis_reply import reply_for
from bot.flows.sending import EMERGENCY


@dataclass(frozen=True)
class Help:
    """The words for each danger, and the buttons (label, value) of whom to call or where to write; `first`: 119 and 110
    stand above them, since a life may be at risk."""

    words: tuple[str, ...]
    calls: tuple[dict[str, str], ...]
    first: bool


def help_for(content: Content, dangers: Iterable[Danger], now: dt.datetime, *, first: bool = True) -> Help:
    """Each number once; nothing at all where there is no danger."""
    replies = [reply_for(danger, content.crisis_replies, content.hotlines, now) for danger in dangers]
    always = [content.hotlines[key] for key in EMERGENCY] if replies and first else []
    calls = {str(line.tel): line.short_name for line in always}
    for reply in replies:
        for button in reply.buttons:
            if button.kind in ("call", "open"):
                calls.setdefault(button.value, button.label)
    return Help(
        tuple(reply.messages[0] for reply in replies),  # what follows it speaks of the chat
        tuple({"label": label, "value": value} for value, label in calls.items()),
        first,
    )
