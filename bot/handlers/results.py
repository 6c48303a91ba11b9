"""Results in the chat: schemes in their groups, windows and hotlines, and more of them on demand."""

from __future__ import annotations

from collections.abc import Sequence

from bot import postback
from bot.cards import hotline_card, scheme_card, window_card
from bot.flows import FLOWS
from bot.flows.effects import ShowSchemes, ShowWindows
from bot.flows.engine import Finished, play
from bot.handlers.menu import show_menu
from bot.handlers.turn import Turn
from bot.messages import QUICK_REPLIES, Card, Cards, Tap
from bot.recommend import Recommendation
from storage import conversations

FLOW = "results"
WINDOWS_AT_ONCE = 10


def show_schemes(turn: Turn, effect: ShowSchemes, conversation_id: str) -> None:
    """Safety first, then one or two hubs, then the first of what was chosen; the rest on demand."""
    result, texts = effect.result, turn.content.texts
    turn.say("results.nothing_chosen" if result.fallback else "results.lead")
    at_once = turn.content.handbook.first_shown
    first = (*result.safety, *result.hubs)
    _add_cards(turn, first, "results.first", effect.town)
    if result.fallback:
        _add_safety_net(turn, effect.town)
    _add_cards(turn, result.chosen[:at_once], "results.chosen", effect.town)
    turn.say("results.after")
    quick = []
    if len(result.chosen) > at_once:
        quick.append(_more(turn, "chosen", at_once, len(result.chosen), conversation_id))
    if result.others:
        quick.append(_more(turn, "others", 0, len(result.others), conversation_id))
    quick.append(Tap(texts.get("talk.menu"), postback.start("menu")))
    turn.quick = tuple(quick[:QUICK_REPLIES])


def show_more(turn: Turn, tap: postback.Tap) -> None:
    """The next cards of a result; its answers are kept (sealed) for a day, then they are gone."""
    conversation = conversations.get(turn.work, tap.conversation, turn.person.id)
    offset = int(tap.answer) if tap.answer.isdecimal() else 0
    result = None
    if conversation is not None and conversation.answers:
        end = play(FLOWS["handbook"].function, turn.context(), conversation.answers)
        if isinstance(end, Finished):
            result = next((e for e in end.effects if isinstance(e, ShowSchemes)), None)
    if result is None or tap.question not in ("chosen", "others"):
        turn.say("results.gone")
        show_menu(turn)
        return
    at_once = turn.content.handbook.first_shown
    everything: Sequence[Recommendation] = getattr(result.result, tap.question)
    _add_cards(turn, everything[offset : offset + at_once], f"results.{tap.question}", result.town)
    if not turn.messages:
        turn.say("results.no_more")
    quick = []
    if len(everything) > offset + at_once:
        quick.append(_more(turn, tap.question, offset + at_once, len(everything), tap.conversation))
    quick.append(Tap(turn.content.texts.get("talk.menu"), postback.start("menu")))
    turn.quick = tuple(quick)


def show_windows(turn: Turn, effect: ShowWindows) -> None:
    """Windows of the town first, the most fitting before the others; then lines for everyone, open ones first."""
    content, now = turn.content, turn.now
    windows = [content.windows_by_key[key] for key in effect.windows]
    cards = [window_card(content, window, now, effect.about) for window in windows]
    lines = sorted(
        (content.hotlines[key] for key in effect.hotlines), key=lambda line: line.open_at(now) is False
    )
    cards += [hotline_card(content, line, now) for line in lines]
    turn.messages.append(Cards(content.texts.get("whom_to_ask.alt"), tuple(cards[:WINDOWS_AT_ONCE])))
    turn.say("whom_to_ask.after")
    turn.quick = (
        Tap(content.texts.get("whom_to_ask.again"), postback.start("whom_to_ask")),
        Tap(content.texts.get("talk.menu"), postback.start("menu")),
    )


def _add_cards(turn: Turn, found: Sequence[Recommendation], alt: str, town: str | None) -> None:
    if found:
        cards = tuple(scheme_card(turn.content, one, town) for one in found)
        turn.messages.append(Cards(turn.content.texts.get(alt), cards))


def _add_safety_net(turn: Turn, town: str | None) -> None:
    """Nobody leaves with nothing: the town's own window and the lines for everyone."""
    content = turn.content
    about = content.texts.get("card.trouble")
    cards: list[Card] = [
        window_card(content, window, turn.now, about) for window in content.safety_net_windows(town)
    ]
    cards += [hotline_card(content, content.hotlines[key], turn.now) for key in content.safety_net_lines]
    turn.messages.append(Cards(content.texts.get("results.first"), tuple(cards)))


def _more(turn: Turn, group: str, offset: int, total: int, conversation_id: str) -> Tap:
    label = turn.content.texts.get(f"results.more_{group}", left=str(total - offset))
    return Tap(label, postback.Tap(FLOW, group, str(offset), conversation_id).data())
