"""Watch partners (見守り協定): a typed code makes somebody known as a shop's staff, without registration."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from bot import postback
from bot.handlers import sure, talking
from bot.handlers.menu import show_menu
from bot.handlers.turn import Turn
from bot.messages import Choices, Tap
from storage import attempts, audit, partners
from storage.partners import Partner

FLOW = "partner"
GUESSES, GUESSES_WITHIN = 5, dt.timedelta(hours=1)


def code_typed(turn: Turn, text: str, in_conversation: bool) -> bool:
    """Whether these words held a partner's code (or were surely meant as one), and were answered."""
    codes = partners.codes_in(text)
    alone = (
        len(partners.signs_of(text)) == partners.CODE_LENGTH
    )  # else these letters were perhaps meant otherwise
    if not codes:
        if in_conversation or not partners.mistyped(text):
            return False
        _count(turn)
        turn.say("partner.mistyped")
    elif _guessed_too_often(turn):
        if not alone:
            return False
        turn.say("partner.too_many_guesses")
    elif partner := partners.by_code(turn.work, turn.event.channel, codes):
        _join(turn, partner)
    else:
        _count(turn)
        if in_conversation or not alone:
            return False
        turn.say("partner.unknown")
    show_menu(turn)
    turn.quick = talking.way_back(turn)
    return True


def _join(turn: Turn, partner: Partner) -> None:
    if not partner.active:
        turn.say("partner.resting", name=partner.name)
        return
    partners.join(turn.work, turn.person, partner)
    audit.note(turn.work, "person", "joined", "partner", partner.id, turn.event.channel)
    turn.person = replace(turn.person, partner_id=partner.id)
    turn.say("partner.joined", name=partner.name)
    turn.must_arrive = True


def tapped(turn: Turn, tap: postback.Tap) -> None:
    """「見守りをやめる」, and whether that was meant."""
    if turn.person.partner_id is None:
        turn.say("partner.none")
    elif tap.answer == "leave":
        ask_to_leave(turn)
        return
    elif tap.answer == "left":
        audit.note(turn.work, "person", "left", "partner", turn.person.partner_id, turn.event.channel)
        partners.leave(turn.work, turn.person)
        turn.person = replace(turn.person, partner_id=None)
        turn.say("partner.left")
    else:
        turn.say("talk.finished_already")
    show_menu(turn)


def ask_to_leave(turn: Turn) -> None:
    """One more tap: who meant only to stop this conversation does not lose the shop's entrance."""
    sure.asked(turn, "leave_shop")
    texts = turn.content.texts
    yes = Tap(texts.get("partner.leave.yes"), postback.Tap(FLOW, "", "left", "").data())
    no = Tap(texts.get("partner.leave.no"), postback.start("menu"))
    turn.messages.append(Choices(texts.get("partner.leave"), (yes, no)))


def _count(turn: Turn) -> None:
    attempts.count(turn.work, turn.event.channel, turn.person.id, FLOW, within=GUESSES_WITHIN)


def _guessed_too_often(turn: Turn) -> bool:
    """Then nothing is tried any more for a while, not even what would be right."""
    made = attempts.so_far(turn.work, turn.event.channel, turn.person.id, FLOW, within=GUESSES_WITHIN)
    return made >= GUESSES
