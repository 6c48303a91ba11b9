"""「やめますか」「消しますか」: questions with buttons that belong to no conversation, answered by typing all the same.

What is typed counts only while the question is the last thing that we said to this phone, and for a few minutes.
"""

from __future__ import annotations

from bot.flows.talk import Choice, NotAnAnswer, Option, Typed, understand
from bot.handlers.turn import Turn
from storage import attempts

LONGEST = 20  # letters: more of them tell something else
BUTTONS = {  # of each question: the words for yes and for no
    "leave": ("life.leave.yes", "life.leave.no"),
    "erase": ("life.erase.yes", "life.erase.no"),
    "erase_sure": ("life.erase.sure_yes", "life.erase.no"),
    "leave_shop": ("partner.leave.yes", "partner.leave.no"),
}


def asked(turn: Turn, question: str) -> None:
    """Remember that this turn asks it."""
    attempts.ask(turn.work, turn.event.channel, turn.person.id, question)


def answered(turn: Turn, text: str) -> tuple[str, bool] | None:
    """The question that stands on the screen, and whether these words say yes to it; None where they say neither."""
    if turn.asked is None or len(text) > LONGEST:
        return None
    question, at = turn.asked
    on_screen = attempts.last_to(turn.work, turn.person.id) == at  # both are the moment of their turn
    if question not in BUTTONS or not on_screen:
        return None
    yes, no = (turn.content.texts.get(key) for key in BUTTONS[question])
    try:
        said = understand(
            Choice(question, options=(Option("yes"), Option("no"))), Typed(text), {"yes": yes, "no": no}
        )
    except NotAnAnswer:
        return None
    return question, said == "yes"
