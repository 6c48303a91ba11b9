"""The menu in the chat: what one can do here, for those who do not see or know the rich menu.

For a day after words of danger the lines that always answer stand above it.
"""

from __future__ import annotations

from bot import postback
from bot.handlers.asking import help_buttons
from bot.handlers.turn import Turn
from bot.messages import Choices, Tap

RESIDENT = ("handbook", "whom_to_ask", "concern", "mine", "course", "registration", "news")
SUPPORTER = ("concern", "mine", "course", "whom_to_ask", "handbook", "tips", "news", "registered")
PARTNER = ("sign", "mine", "concern", "whom_to_ask", "handbook")


def show_menu(turn: Turn, lead: str = "menu.lead") -> None:
    """The flows, in the order that suits the person; 「わたしの連絡」 stands beside them."""
    texts = turn.spoken.texts
    order: tuple[str, ...] = SUPPORTER if turn.person.role == "supporter" else RESIDENT
    last: tuple[Tap, ...] = ()
    if turn.person.partner_id is not None:
        order = PARTNER
        last = (Tap(texts.get("menu.leave_partner"), postback.Tap("partner", "", "leave", "").data()),)
    until = turn.person.danger_until
    first = help_buttons(turn, turn.content.handbook.talk_now) if until and until > turn.work.now else ()
    taps = tuple(Tap(texts.get(f"menu.{flow}"), postback.start(flow)) for flow in order)
    turn.messages.append(Choices(texts.get(lead), taps, first=first, last=last, for_all=True))
