"""Taking a message back: what an answer kept of it goes, too."""

from __future__ import annotations

from bot.events import Unsent
from bot.handlers.talking import SAID
from bot.handlers.turn import Turn
from storage import conversations


def unsent(turn: Turn, event: Unsent) -> None:
    """Typed words live only as answers of an open conversation; there is no other place to look."""
    conversation = turn.conversation
    if conversation is None:
        return
    said = conversation.answers.get(SAID, {})
    taken_back = [question for question, message_id in said.items() if message_id == event.message_id]
    if taken_back:
        left = {key: value for key, value in conversation.answers.items() if key not in taken_back}
        left[SAID] = {question: at for question, at in said.items() if question not in taken_back}
        conversations.keep(turn.work, conversation, left)
