"""A question or an end of a flow as LINE would get it, without a database: for checks of every path."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from types import SimpleNamespace
from typing import Any, cast

from town import MORNING, PUBLIC_URL, the_content

from bot.cards import receipt_card
from bot.flows.effects import (
    AttendAgain,
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
from bot.flows.engine import Asking
from bot.handlers import results
from bot.handlers.asking import ask
from bot.handlers.menu import show_menu
from bot.handlers.turn import Turn
from bot.line.render import to_line
from bot.messages import Cards
from storage.conversations import Conversation

RUN = "0123456789ab"


def a_turn(now: dt.datetime = MORNING, role: str = "resident", language: str | None = None) -> Turn:
    settings = SimpleNamespace(public_url=PUBLIC_URL)
    services = SimpleNamespace(content=the_content(), now=lambda: now, settings=settings)
    person = SimpleNamespace(
        role=role,
        id="0" * 32,
        partner_id=None,
        danger_until=None,
        language=language,
        town=None,
        district=None,
        news={},
    )
    event = SimpleNamespace(channel="default")
    return Turn(cast(Any, services), cast(Any, None), cast(Any, event), cast(Any, person))


def as_sent(turn: Turn) -> list[list[dict[str, Any]]]:
    """The message objects, one list for each call to LINE."""
    return [to_line(saying) for saying in turn.sayings()]


def question(
    flow: str, asking: Asking, answers: Mapping[str, Any], language: str | None = None
) -> list[list[dict[str, Any]]]:
    turn = a_turn(language=language)
    turn.about = flow
    ask(turn, Conversation(RUN, "default", "0" * 32, flow, "open", answers, MORNING), asking, answers)
    return as_sent(turn)


def end(
    effects: Iterable[Effect], now: dt.datetime = MORNING, language: str | None = None
) -> list[list[dict[str, Any]]]:
    """What is said at the end. Rows are not made here; tests/handlers looks at those."""
    turn = a_turn(now, language=language)
    turn.about = "results"
    for effect in effects:
        match effect:
            case Say():
                turn.say(effect.text_key, **effect.params)
                show_menu(turn)
            case OpenConcern():
                url = f"{PUBLIC_URL}/d/{'0' * 16}#{'x' * 43}"
                card = receipt_card(the_content(), "K-7Q2M-X4TB-9", effect.window, url, now, kind=effect.kind)
                turn.messages.append(Cards(the_content().texts.get("concern.receipt.alt"), (card,)))
            case ShowSchemes():
                results.show_schemes(turn, effect, RUN)
            case ShowWindows():
                results.show_windows(turn, effect)
            case TakeSeat() | LeaveSeat() | KeepAnswers():
                pass  # tests/handlers/test_courses_chat.py
            case RegisterSupporter() | AttendAgain() | GoOn():
                pass
    return as_sent(turn)
