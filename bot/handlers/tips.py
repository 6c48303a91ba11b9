"""「声のかけ方のコツ」: short cards for supporters, two taps away; whoever is worn out finds somebody to talk to."""

from __future__ import annotations

from bot import postback
from bot.cards import hotline_card, window_card
from bot.content.tips import TipTopic
from bot.handlers import talking
from bot.handlers.turn import Turn
from bot.messages import CARDS, Card, Cards, Choices, Tap, Text

FLOW = "tips"


def tapped(turn: Turn, tap: postback.Tap) -> None:
    """The topics, or the cards of one; a topic that content does not know any more leads to the others."""
    topic = turn.content.tips.get(tap.answer) if tap.question == "topic" else None
    if topic is None:
        show(turn)
    else:
        show_topic(turn, topic)


def show(turn: Turn) -> None:
    """Which topics there are."""
    taps = tuple(
        Tap(topic.title, postback.Tap(FLOW, "topic", topic.key, "").data())
        for topic in turn.content.tips.values()
    )
    turn.messages.append(Choices(turn.content.texts.get("tips.lead"), taps))
    turn.quick = (*talking.way_back(turn), _menu(turn))


def show_topic(turn: Turn, topic: TipTopic) -> None:
    """Its cards, and whom to ask: the town's desk, then the lines, open ones first."""
    cards = [Card(tip.title, tip.lines) for tip in topic.cards]
    cards = (cards + _people_to_ask(turn, topic))[:CARDS]
    texts = turn.content.texts
    turn.messages.append(Text(topic.lead))
    turn.messages.append(Cards(texts.get("tips.alt", title=topic.title), tuple(cards)))
    again = Tap(texts.get("tips.again"), postback.start(FLOW))
    turn.quick = (*talking.way_back(turn), again, _menu(turn))


def _people_to_ask(turn: Turn, topic: TipTopic) -> list[Card]:
    content, now = turn.content, turn.now
    cards: list[Card] = []
    if topic.desk:
        town = turn.person.town or content.channels[turn.event.channel].central
        if town in content.towns:
            about = content.texts.get("card.trouble")
            cards.append(window_card(content, content.general_window(town), now, about))
    lines = sorted(
        (content.hotlines[key] for key in topic.hotlines), key=lambda line: line.open_at(now) is False
    )
    return cards + [hotline_card(content, line, now) for line in lines]


def _menu(turn: Turn) -> Tap:
    return Tap(turn.content.texts.get("talk.menu"), postback.start("menu"))
