"""「窓口XXXX-XXXX」: a member of staff joins this LINE to their account, to be told here where mail does not work."""

from __future__ import annotations

import datetime as dt

from bot.handlers.turn import Turn
from storage import attempts, audit, staff, staff_lines

GUESSES, WITHIN = 5, dt.timedelta(hours=1)


def said(turn: Turn, text: str) -> bool:
    """Whether these words are such a code, right or wrong; then they are answered, and nothing else is done."""
    signs = staff_lines.signs_in(text)
    if signs is None:
        return False
    work, person = turn.work, turn.person
    if attempts.count(work, person.channel, person.id, "staff_code", within=WITHIN) > GUESSES:
        turn.say("notices.join.too_many")
        return True
    staff_id = staff_lines.use(work, signs)
    account = staff.get(work, staff_id) if staff_id else None
    if account is None or not account.works:
        turn.say("notices.join.wrong")
        return True
    staff.join_person(work, account.id, person.id)
    audit.note(work, f"staff:{account.id}", "joined_line", "staff", account.id, staff.HOUSE)
    turn.say("notices.join.done")
    turn.must_arrive = True
    return True
