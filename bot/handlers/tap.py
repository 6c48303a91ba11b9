"""A tapped button: to begin a flow, to answer, to see more of a result or one's own concerns, or after danger."""

from __future__ import annotations

from bot import postback
from bot.events import ButtonTapped
from bot.flows import FLOWS
from bot.handlers import (
    course,
    danger,
    mine,
    papers,
    partner,
    registered,
    registering,
    results,
    talking,
    tips,
)
from bot.handlers.menu import show_menu
from bot.handlers.turn import Turn


def tapped(turn: Turn, event: ButtonTapped) -> None:
    """What comes back from a phone may be old, doubled or made up: every one of them gets a kind way on."""
    tap = postback.read(event.data)
    if tap is None:
        turn.say("menu.not_understood")
        show_menu(turn)
    elif tap.flow == "menu":  # 「メニュー」 under a result
        show_menu(turn)
    elif tap.flow == danger.FLOW:
        danger.said(turn, tap.answer, tap.question)
    elif tap.flow == results.FLOW:
        results.show_more(turn, tap)
    elif tap.flow == mine.FLOW:
        mine.tapped(turn, tap)
    elif tap.flow == partner.FLOW:
        partner.tapped(turn, tap)
    elif tap.flow == registered.FLOW:
        registered.tapped(turn, tap)
    elif tap.flow == registered.ASKED:
        registered.answered(turn, tap)
    elif tap.flow == tips.FLOW:
        tips.tapped(turn, tap)
    elif tap.flow == registering.FLOW:
        registering.tapped(turn, tap)
    elif tap.flow == papers.FLOW:
        papers.tapped(turn, tap)
    elif tap.flow == course.FLOW:
        course.tapped(turn, tap)
    elif tap.flow not in FLOWS:
        turn.say("talk.finished_already")
        show_menu(turn)
    elif not tap.question and tap.answer == postback.START:
        talking.start(turn, tap.flow)
    else:
        talking.tapped(turn, tap)
