"""A sticker, a picture, a place: a kind word, and the open question once more."""

from __future__ import annotations

from bot.events import OtherSent
from bot.handlers import talking
from bot.handlers.menu import show_menu
from bot.handlers.turn import Turn


def sent(turn: Turn, event: OtherSent) -> None:
    """Nothing of it is fetched or kept; pictures of a neighbour belong into our own form, not here."""
    turn.say("talk.got_sticker" if event.kind == "sticker" else "talk.got_other")
    conversation = turn.conversation
    if conversation is not None:
        talking.ask_again(turn, conversation)
    else:
        show_menu(turn)
