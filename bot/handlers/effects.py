"""Doing what a flow decided. One exhaustive match: a new effect without a handler is a type error."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import replace
from typing import assert_never

from bot import postback
from bot.cards import receipt_card
from bot.flows.effects import Effect, GoOn, OpenConcern, RegisterSupporter, Say, ShowSchemes, ShowWindows
from bot.handlers import results, talking
from bot.handlers.menu import show_menu
from bot.handlers.turn import Turn
from bot.messages import Cards, Tap
from storage import audit, concerns, courses, links, outbox, people

LINK_LIFE = dt.timedelta(minutes=30)


def perform(turn: Turn, effects: Iterable[Effect], conversation_id: str) -> None:
    """Every effect in order, in this unit of work."""
    for effect in effects:
        match effect:
            case Say():
                turn.say(effect.text_key, **effect.params)
                show_menu(turn)
            case RegisterSupporter():
                register(turn, effect)
            case OpenConcern():
                open_concern(turn, effect)
            case ShowSchemes():
                results.show_schemes(turn, effect, conversation_id)
            case ShowWindows():
                results.show_windows(turn, effect)
            case GoOn():
                talking.start(turn, effect.flow)
            case _:
                assert_never(effect)


def register(turn: Turn, effect: RegisterSupporter) -> None:
    """The person becomes a supporter, was at the course, and gets the supporters' menu."""
    people.register(
        turn.work,
        turn.person,
        town=effect.town,
        district=effect.district,
        topics=effect.topics,
        consent_version=effect.consent_version,
    )
    turn.person = replace(turn.person, role="supporter", town=effect.town, district=effect.district)
    courses.attend(turn.work, effect.course_id, turn.person.id)
    audit.note(turn.work, "person", "registered", "person", turn.person.id, turn.event.channel)
    outbox.put(turn.work, turn.event.channel, "link_menu", {"menu": "supporter"}, person_id=turn.person.id)
    turn.must_arrive = True


def open_concern(turn: Turn, effect: OpenConcern) -> None:
    """A concern with its number and its window; the words about it go into the form behind the link."""
    concern = concerns.open_concern(
        turn.work,
        turn.event.channel,
        person_id=turn.person.id,
        town=effect.town,
        district=effect.district,
        kind=effect.kind,
        level=effect.level,
        since=effect.since,
        subject_knows=effect.subject_knows,
        window=effect.window,
        route_reason=effect.route_reason,
    )
    link_id, token = links.make(
        turn.work,
        turn.event.channel,
        purpose="details",
        about=concern.id,
        person_id=turn.person.id,
        valid_for=LINK_LIFE,
    )
    audit.note(turn.work, "person", "opened", "concern", concern.id, turn.event.channel)
    url = f"{turn.services.settings.public_url}/d/{link_id}#{token}"
    card = receipt_card(turn.content, concern.number, effect.window, url, turn.now)
    turn.messages.append(Cards(turn.content.texts.get("concern.receipt.alt"), (card,)))
    if effect.level == 0:
        turn.say("concern.receipt.life_at_risk")
    turn.say("concern.receipt.after")
    turn.must_arrive = True
    turn.quick = (Tap(turn.content.texts.get("talk.menu"), postback.start("menu")),)
