"""Typed words that lead to schemes: asked for with 「さがす …」, or offered where a question fits well.

The words are looked up and forgotten. Where they tell of a neighbour nothing is looked up.
"""

from __future__ import annotations

import re
from typing import Final

from bot import postback
from bot.cards import hotline_card, safety_net_cards, scheme_card, scheme_in_full
from bot.content.schemes import Scheme
from bot.finding import Finding
from bot.flows.talk import plain
from bot.handbook.recommend import Recommendation
from bot.handlers import talking
from bot.handlers.heard import Heard
from bot.handlers.menu import show_menu
from bot.handlers.turn import Turn
from bot.messages import Cards, Tap
from bot.wording import words_listed

FLOW: Final = "finding"
FULL: Final = "full"
FEW_WORDS: Final = 12
"""Letters: what a supporter types beyond them is rather about somebody else than a word to look up."""
_CUT: Final = re.compile(r"[\s、。,:：「」]+")


def asked(turn: Turn, text: str) -> bool:
    """「さがす 家賃」; 「さがす」 alone is told how. Whether it was that."""
    head, _, rest = _CUT.sub(" ", text.strip()).partition(" ")
    if plain(head) not in words_listed(turn.content.texts.get("finding.typed.words")):
        return False
    if not rest.strip():
        turn.say("finding.how")
        _ways_on(turn)
    elif turn.content.finder.speaks_of_neighbour(rest):
        turn.say("finding.neighbour")
        show_menu(turn)
    else:
        _show(turn, turn.content.finder.find(rest, turn.person.town, turn.now), "finding.found")
    return True


def offered(turn: Turn, heard: Heard) -> bool:
    """What fits well to words that are no answer to anything. Whether there was something."""
    finding = _unasked(turn, heard)
    if finding is not None:
        _show(turn, finding, "finding.offer")
    return finding is not None


def beside_danger(turn: Turn, heard: Heard) -> None:
    """Who cannot pay for the gas is told whom to talk to, and what there is; the lines stay last, in sight."""
    finding = _unasked(turn, heard)
    if finding is not None:
        turn.messages.insert(len(turn.messages) - 1, _cards(turn, finding))


def _unasked(turn: Turn, heard: Heard) -> Finding | None:
    """What fits so well that it may be shown unasked; nothing where it may be about a neighbour."""
    helps_others = turn.person.role == "supporter" or turn.person.partner_id is not None
    if helps_others and len(heard.text.strip()) > FEW_WORDS:
        return None
    return turn.content.finder.unasked(heard.sought, turn.person.town, turn.now)


def tapped(turn: Turn, tap: postback.Tap) -> None:
    """「くわしく見る」 under one of the cards."""
    there = turn.content.catalogue.there(turn.person.town, turn.now.date())
    scheme = there.get(tap.answer) if tap.question == FULL else None
    if scheme is None:
        turn.say("talk.finished_already")
        show_menu(turn)
        return
    card = scheme_in_full(turn.content, Recommendation(scheme, ()), turn.person.town, turn.now)
    turn.messages.append(Cards(turn.content.texts.get("finding.alt"), (card,)))
    _ways_on(turn)


def _show(turn: Turn, finding: Finding, lead: str) -> None:
    if finding.found:
        turn.say(lead)
        turn.messages.append(_cards(turn, finding))
    else:
        turn.say("finding.nothing")
        net = safety_net_cards(turn.content, turn.person.town, turn.now)
        turn.messages.append(Cards(turn.content.texts.get("finding.net_alt"), tuple(net)))
    _ways_on(turn)


def _cards(turn: Turn, finding: Finding) -> Cards:
    content, town, now = turn.content, turn.person.town, turn.now

    def more(scheme: Scheme) -> Tap:
        return Tap(content.texts.get("card.more"), postback.Tap(FLOW, FULL, scheme.id, "").data())

    cards = [
        scheme_card(content, Recommendation(one.scheme, ()), town, now, more(one.scheme))
        for one in finding.found
    ]
    cards += [hotline_card(content, line, now) for line in finding.hotlines]
    return Cards(content.texts.get("finding.alt"), tuple(cards))


def _ways_on(turn: Turn) -> None:
    """Back to what was open; the questions of the handbook; the menu."""
    texts = turn.content.texts
    turn.quick = (
        *talking.way_back(turn),
        Tap(texts.get("menu.handbook"), postback.start("handbook")),
        Tap(texts.get("talk.menu"), postback.start("menu")),
    )
