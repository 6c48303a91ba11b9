"""What happens when something reaches us: one file per kind of event, each inside one unit of work."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from bot.events import ButtonTapped, Event, Followed, Known, OtherSent, TextSent, Unfollowed, Unsent
from bot.handlers import follow, other, tap, text, unsend
from bot.handlers.heard import Heard
from bot.handlers.turn import Turn
from storage import at_once, attempts, conversations, outbox, people
from storage.at_once import Answer
from storage.work import Work

if TYPE_CHECKING:
    from bot.app import Services


def heard_in(services: Services, event: Known) -> Heard | None:
    """What the words of this event mean by themselves, where it has any for us."""
    return Heard(services.content, event.text) if isinstance(event, TextSent) and event.active else None


def handle(services: Services, work: Work, events: Sequence[Known], heard: Mapping[Known, Heard]) -> None:
    """Do what these events ask for, each of another person: rows for people, concerns, answers and outgoing messages.

    What is read and written for every event is read and written for all of them at once.
    """
    turns = _turns(services, work, events)
    follow.wrote(work, [turn for turn in turns if turn.event.active and isinstance(turn.event, _WRITTEN)])
    for turn in turns:
        _take(turn, heard)
    _say(services, work, [answer for turn in turns for answer in turn.answers()])


_WRITTEN = (TextSent, ButtonTapped, OtherSent)


def _take(turn: Turn, heard: Mapping[Known, Heard]) -> None:
    match event := turn.event:
        case Followed():
            follow.followed(turn)
        case Unfollowed():
            follow.unfollowed(turn)
        case Unsent():
            unsend.unsent(turn, event)
        case _ if not event.active:
            pass  # another module is talking to this person: we listen to nothing and say nothing
        case TextSent():
            text.sent(turn, event, heard[event])
        case ButtonTapped():
            tap.tapped(turn, event)
        case OtherSent():
            other.sent(turn, event)


def _say(services: Services, work: Work, answers: Sequence[Answer]) -> None:
    """What may leave now goes to the sender of this process as soon as it is committed; the rest waits for its turn."""
    first = at_once.may_leave(work, answers) if services.errands.taken else []
    rows = at_once.put(work, first)  # before what else is said to these people, which leaves in this order
    outbox.put_all(work, [answer.row for answer in answers if answer not in first])
    if rows:
        work.after_commit(lambda: services.errands.send(rows))


def apologise(services: Services, work: Work, event: Event) -> None:
    """Tell a person kindly that we failed, when an event could not be handled again and again."""
    (turn,) = _turns(services, work, [event])
    turn.say("talk.sorry")
    _say(services, work, list(turn.answers()))


def _turns(services: Services, work: Work, events: Sequence[Event]) -> list[Turn]:
    found = people.lock_all(work, [(event.channel, event.line_id) for event in events])
    typed = [person.id for event, person in zip(events, found, strict=True) if isinstance(event, TextSent)]
    talks = conversations.open_of(work, [person.id for person in found])
    asked = attempts.asked_of(work, typed) if typed else {}
    return [
        Turn(services, work, event, person, talks.get(person.id), asked.get(person.id))
        for event, person in zip(events, found, strict=True)
    ]
