"""What happens when something reaches us: one file per kind of event, each inside one unit of work."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.events import ButtonTapped, Event, Followed, Known, OtherSent, TextSent, Unfollowed, Unsent
from bot.handlers import follow, other, tap, text, unsend
from bot.handlers.turn import Turn
from storage import people
from storage.work import Work

if TYPE_CHECKING:
    from bot.app import Services


def handle(services: Services, work: Work, event: Known) -> None:
    """Do what this event asks for: rows for people, concerns, answers and outgoing messages."""
    turn = _turn(services, work, event)
    match event:
        case Followed():
            follow.followed(turn)
        case Unfollowed():
            follow.unfollowed(turn)
        case Unsent():
            unsend.unsent(turn, event)
        case _ if not event.active:
            pass  # another module is talking to this person: we listen to nothing and say nothing
        case TextSent():
            follow.seen(turn)
            text.sent(turn, event)
        case ButtonTapped():
            follow.seen(turn)
            tap.tapped(turn, event)
        case OtherSent():
            follow.seen(turn)
            other.sent(turn, event)
    turn.send()


def apologise(services: Services, work: Work, event: Event) -> None:
    """Tell a person kindly that we failed, when an event could not be handled again and again."""
    turn = _turn(services, work, event)
    turn.say("talk.sorry")
    turn.send()


def _turn(services: Services, work: Work, event: Event) -> Turn:
    return Turn(services, work, event, people.lock(work, event.channel, event.line_id))
