"""The menu in the chat: what one can do here, for those who do not see or know the rich menu."""

from __future__ import annotations

from bot import postback
from bot.handlers.turn import Turn
from bot.messages import Choices, Tap

RESIDENT = ("handbook", "whom_to_ask", "concern", "registration")
SUPPORTER = ("concern", "whom_to_ask", "handbook", "registration")


def show_menu(turn: Turn, lead: str = "menu.lead") -> None:
    """The flows, in the order that suits the person."""
    texts = turn.content.texts
    order = SUPPORTER if turn.person.role == "supporter" else RESIDENT
    taps = tuple(Tap(texts.get(f"menu.{flow}"), postback.start(flow)) for flow in order)
    turn.messages.append(Choices(texts.get(lead), taps))
