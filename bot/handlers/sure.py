"""「やめますか」「消しますか」: questions with buttons that belong to no conversation, answered by typing all the same.

What is typed counts only while the question is the last thing that we said to this phone, and for a few minutes.
"""

from __future__ import annotations

import datetime as dt

from bot.flows.talk import Choice, NotAnAnswer, Option, Typed, understand
from bot.handlers.turn import Turn
from storage import attempts

YOUNG = dt.timedelta(minutes=5)
LONGEST = 20  # letters: more of them tell something else
ASKED = "sure."  # under which it is kept that something was asked
BUTTONS = {  # of each question: the words for yes and for no
    "leave": ("life.leave.yes", "life.leave.no"),
    "erase": ("life.erase.yes", "life.erase.no"),
    "erase_sure": ("life.erase.sure_yes", "life.erase.no"),
    "leave_shop": ("partner.leave.yes", "partner.leave.no"),
}


def asked(turn: Turn, question: str) -> None:
    """Remember that this turn asks it."""
    attempts.count(turn.work, turn.event.channel, turn.person.id, f"{ASKED}{question}", YOUNG)


def answered(turn: Turn, text: str) -> tuple[str, bool] | None:
    """The question that stands on the screen, and whether these words say yes to it; None where they say neither."""
    if len(text) > LONGEST:
        return None
    found = attempts.last(turn.work, turn.event.channel, turn.person.id, ASKED)
    if found is None:
        return None
    question, at = found
    on_screen = attempts.last_to(turn.work, turn.person.id) == at  # both are the moment of their turn
    if question not in BUTTONS or not on_screen or turn.work.now - at > YOUNG:
        return None
    yes, no = (turn.content.texts.get(key) for key in BUTTONS[question])
    try:
        said = understand(
            Choice(question, options=(Option("yes"), Option("no"))), Typed(text), {"yes": yes, "no": no}
        )
    except NotAnAnswer:
        return None
    return question, said == "yes"
