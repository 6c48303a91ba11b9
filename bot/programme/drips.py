"""What supporters hear on LINE in the days after their course, and before the next one is due.

Content-free: no name, no case. Each message ends with how to stop: 「お休みする」 and 「やめる」, one tap each.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Sequence
from typing import Final

from bot import postback
from bot.content.drips import Drip
from bot.content.library import Content
from bot.line.render import to_line
from bot.messages import Choices, Saying, Tap
from bot.programme import approving
from bot.programme.life import TOKYO, today
from storage import audit, drips, outbox, people
from storage.drips import Due
from storage.work import Work

FLOW: Final = "drip"  # bot/handlers/registered.py answers its buttons
REGISTERED: Final = "registered"  # the flow of 「登録の内容」
ANSWERS: Final = ("good", "some", "nothing", "hard")
FROM, TO = dt.time(10), dt.time(18)  # what is due at ten may be late, but nobody is woken
AGAIN_AFTER: Final = dt.timedelta(days=14)
"""The same words do not come twice to one phone so soon: to the second one of a family, or because a date was
mended after they had been sent."""


def by_day(work: Work) -> bool:
    """Whether this is an hour at which such a message may come."""
    return FROM <= work.now.astimezone(TOKYO).time() < TO


def due(work: Work, drip: Drip, person_id: str | None = None) -> tuple[Due, ...]:
    """Who may hear this step now; of one phone only, where it is named."""
    day = today(work)
    return drips.due(
        work,
        drip.step,
        drip.after,
        day - dt.timedelta(days=drip.not_after),
        day - dt.timedelta(days=drip.days),
        without_profile=drip.button == "profile",
        person_id=person_id,
    )


def tell(work: Work, content: Content, drip: Drip, person_id: str) -> int:
    """Tell one phone this step, as far as it is still due: once, whoever else does the same at this moment.

    A family gets one message for all whose words are the same. How many messages that were.
    """
    if not by_day(work) or not people.lock_by_id(work, person_id):
        return 0
    sent = 0
    for each in due(work, drip, person_id):
        words = _words(content, drip, each)
        mark = hashlib.sha256(words.encode()).hexdigest()[:16]
        heard = drips.heard(work, person_id, mark, AGAIN_AFTER)
        if not drips.claim(work, each, drip.step, mark) or heard:
            continue
        body = {"messages": to_line(Saying((_message(content, drip, words),)))}
        expires = dt.datetime.combine(today(work), dt.time(21), TOKYO)
        outbox.put(work, each.channel, "message", body, person_id=person_id, expires=expires)
        audit.note(work, "system", "drip", "supporter", each.supporter_id, each.channel)
        sent += 1
    return sent


def _words(content: Content, drip: Drip, each: Due) -> str:
    months = content.programme.refresher_months(each.town) if each.town in content.towns else None
    params = {
        "town": content.towns[each.town].name if each.town in content.towns else "",
        "month": str(each.base_on.month),
        "day": str(each.base_on.day),
        "year": str(each.base_on.year),
        "months": str(months or ""),
    }
    return content.texts.get(f"drips.{drip.step}", **params)


def _message(content: Content, drip: Drip, words: str) -> Choices:
    texts = content.texts
    stop = (
        Tap(texts.get("drips.pause"), postback.Tap(REGISTERED, "pause_now", "", "").data()),
        Tap(texts.get("drips.leave"), postback.Tap(REGISTERED, "leave_now", "", "").data()),
    )
    return Choices(words, _buttons(content, drip), hint=texts.get("drips.stop"), last=stop)


def _buttons(content: Content, drip: Drip) -> tuple[Tap, ...]:
    texts = content.texts
    match drip.button:
        case "answers":
            labels: Sequence[tuple[str, str]] = [(key, texts.get(f"drips.answer.{key}")) for key in ANSWERS]
            return tuple(Tap(label, postback.Tap(FLOW, drip.step, key, "").data()) for key, label in labels)
        case "profile":
            return (
                Tap(
                    texts.get("drips.open_profile"),
                    postback.Tap(approving.FLOW, approving.PROFILE, "", "").data(),
                ),
            )
        case "tips":
            return (Tap(texts.get("drips.open_tips"), postback.start("tips")),)
        case "course":
            return (Tap(texts.get("drips.open_course"), postback.start("course")),)
        case None:
            return ()
