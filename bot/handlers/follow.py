"""Following and blocking. LINE does not keep the order of events, so their own timestamps decide."""

from __future__ import annotations

from collections.abc import Sequence

from bot.handlers.menu import show_menu
from bot.handlers.turn import Turn
from bot.programme import life
from storage import outbox, people
from storage.work import Work


def followed(turn: Turn) -> None:
    """Greet a new friend, or one who is back; not one who has blocked us since."""
    newest = people.set_friend(turn.work, turn.person.id, True, turn.event.at_ms)
    if not newest and not turn.person.friend:
        return
    if not turn.event.active:
        return
    if turn.person.role == "supporter":
        outbox.put(
            turn.work, turn.event.channel, "link_menu", {"menu": "supporter"}, person_id=turn.person.id
        )
        turn.say("menu.welcome_back")
    else:
        turn.say("menu.welcome")
    show_menu(turn)


def unfollowed(turn: Turn) -> None:
    """Nothing more is sent to someone who blocked us."""
    people.set_friend(turn.work, turn.person.id, False, turn.event.at_ms)


def wrote(work: Work, turns: Sequence[Turn]) -> None:
    """Whoever writes to us can be answered, even if the news of their following has not come yet, and has
    not blocked us before that moment, even if the news of it comes later."""
    newer = [turn for turn in turns if turn.event.at_ms > turn.person.friend_changed_ms]
    people.wrote(work, [(turn.person.id, turn.event.at_ms) for turn in newer])
    for turn in turns:
        life.touched(work, turn.person)
