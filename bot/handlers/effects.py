"""Doing what a flow decided. One exhaustive match: a new effect without a handler is a type error."""

from __future__ import annotations

from collections.abc import Iterable
from typing import assert_never

from bot import postback
from bot.cards import reading_in_words, receipt_card, tonight_in_words
from bot.desk import opening
from bot.flows.effects import (
    AttendAgain,
    ChangeLanguage,
    ChangePlace,
    ChangeTopics,
    Effect,
    GoOn,
    KeepAnswers,
    LeaveSeat,
    OpenConcern,
    RegisterSupporter,
    Say,
    ShowSchemes,
    ShowWindows,
    TakeSeat,
)
from bot.flows.sending import CHOSEN
from bot.handlers import course, news, registered, registering, results, talking
from bot.handlers.menu import show_menu
from bot.handlers.one_time import one_time_url
from bot.handlers.turn import Turn
from bot.messages import Cards, Tap, Text


def perform(turn: Turn, effects: Iterable[Effect], conversation_id: str) -> None:
    """Every effect in order, in this unit of work."""
    for effect in effects:
        match effect:
            case Say():
                turn.say(effect.text_key, **effect.params)
                show_menu(turn)
            case RegisterSupporter():
                registering.register(turn, effect)
            case AttendAgain():
                registering.attend_again(turn, effect)
            case OpenConcern():
                open_concern(turn, effect)
            case ShowSchemes():
                results.show_schemes(turn, effect, conversation_id)
            case ShowWindows():
                results.show_windows(turn, effect)
            case ChangeTopics():
                news.change(turn, effect)
            case ChangeLanguage():
                news.change_language(turn, effect)
            case ChangePlace():
                registered.change_place(turn, effect)
            case TakeSeat():
                course.take(turn, effect)
            case LeaveSeat():
                course.leave(turn, effect)
            case KeepAnswers():
                course.keep(turn, effect)
            case GoOn():
                talking.start(turn, effect.flow)
            case _:
                assert_never(effect)


def open_concern(turn: Turn, effect: OpenConcern) -> None:
    """A concern with its number and its window; the words about it go into the form behind the link."""
    concern = opening.open_concern(
        turn.work,
        turn.content,
        turn.services.settings.public_url,
        turn.now,
        channel=turn.event.channel,
        person_id=turn.person.id,
        town=effect.town,
        district=effect.district,
        kind=effect.kind,
        level=effect.level,
        since=effect.since,
        subject_knows=effect.subject_knows,
        window=effect.window if effect.route_reason == CHOSEN else None,
        doubted=effect.doubted,
        source=effect.source,
        partner_id=turn.person.partner_id if effect.source == "partner" else None,
    )
    texts = turn.content.texts
    url = one_time_url(turn, "d", "details", concern.id)
    card = receipt_card(turn.content, concern.number, concern.window, url, turn.now, kind=concern.kind)
    if effect.level == 0:
        turn.say("concern.receipt.life_at_risk")
    if concern.many:
        turn.say("concern.receipt.many")
    reading = reading_in_words(turn.content, concern.window, concern.accept_due, turn.now)
    tonight = tonight_in_words(turn.content, concern.window, turn.now)
    after = texts.get("concern.receipt.after")
    turn.say("concern.receipt.next", reading=reading)
    turn.messages.append(Text(f"{tonight}\n\n{after}" if tonight else after))
    # Last of all: its button is the next thing to do, and a small phone shows the end of what was said.
    turn.messages.append(Cards(texts.get("concern.receipt.alt"), (card,)))
    turn.must_arrive = True
    turn.quick = (
        Tap(texts.get("menu.mine"), postback.start("mine")),
        Tap(texts.get("talk.menu"), postback.start("menu")),
    )
