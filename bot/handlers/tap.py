"""A tapped button: to begin a flow, to answer, to see more of a result or one's own concerns, or after danger."""

from __future__ import annotations

from bot import postback
from bot.events import ButtonTapped
from bot.flows import FLOWS
from bot.handbook.kept_results import FLOW as RESULTS
from bot.handlers import (
    course,
    danger,
    finding,
    mine,
    news,
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

OF_FLOW = {
    RESULTS: results.tapped,
    mine.FLOW: mine.tapped,
    partner.FLOW: partner.tapped,
    registered.FLOW: registered.tapped,
    registered.ASKED: registered.answered,
    tips.FLOW: tips.tapped,
    registering.FLOW: registering.tapped,
    papers.FLOW: papers.tapped,
    course.FLOW: course.tapped,
    news.FLOW: news.tapped,
    finding.FLOW: finding.tapped,
}


def tapped(turn: Turn, event: ButtonTapped) -> None:
    """What comes back from a phone may be old, doubled or made up: every one of them gets a kind way on."""
    tap = postback.read(event.data)
    turn.about = tap.flow if tap else None
    if tap is None:
        turn.say("menu.not_understood")
        show_menu(turn)
    elif tap.flow == "menu":  # 「メニュー」 under a result
        show_menu(turn)
    elif tap.flow == danger.FLOW:
        danger.said(turn, tap.answer, tap.question)
    elif tap.flow in OF_FLOW:
        OF_FLOW[tap.flow](turn, tap)
    elif tap.flow not in FLOWS:
        turn.say("talk.finished_already")
        show_menu(turn)
    elif not tap.question and tap.answer == postback.START:
        talking.start(turn, tap.flow)
    else:
        talking.tapped(turn, tap)
