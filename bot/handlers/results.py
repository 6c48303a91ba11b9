"""Results in the chat: schemes in their groups, windows and hotlines, and more of them on demand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from bot import postback
from bot.cards import hotline_card, safety_net_cards, scheme_card, scheme_in_full, window_card
from bot.flows import FLOWS
from bot.flows.effects import ShowSchemes, ShowWindows
from bot.flows.engine import Finished, play
from bot.handbook.kept_results import FLOW
from bot.handbook.recommend import Recommendation, documents_of
from bot.handlers import kept_results
from bot.handlers.menu import show_menu
from bot.handlers.turn import Turn
from bot.messages import Call, Card, Cards, Choices, Tap, Text, carousels
from storage import conversations

WINDOWS_AT_ONCE: Final = 10
CARDS_AT_ONCE: Final = kept_results.CARDS_AT_ONCE
DOCUMENTS_AT_ONCE: Final = 8
ON_DEMAND: Final = ("chosen", "others")


def show_schemes(turn: Turn, effect: ShowSchemes, conversation_id: str) -> None:
    """Safety first, then one or two hubs, then the first of what was chosen; the rest on demand."""
    result, texts = effect.result, turn.content.texts
    if result.fallback:
        turn.say("results.nothing_chosen")
    else:
        turn.messages.append(Text(f"{texts.get('results.lead')}\n\n{texts.get('results.first')}"))
    first = _scheme_cards(turn, (*result.safety, *result.hubs), effect.town, conversation_id)
    if result.fallback or not any(isinstance(button, Call) for card in first for button in card.buttons):
        first += safety_net_cards(turn.content, effect.town, turn.now)
    turn.messages += carousels(texts.get("results.first"), first, CARDS_AT_ONCE)
    if chosen := result.chosen[: turn.content.handbook.first_shown]:
        turn.say("results.chosen")
        cards = _scheme_cards(turn, chosen, effect.town, conversation_id)
        turn.messages += carousels(texts.get("results.chosen"), cards, CARDS_AT_ONCE)
    _add_ways_on(turn, effect, conversation_id)


def tapped(turn: Turn, tap: postback.Tap) -> None:
    """A button under a result; it may be old, doubled or made up."""
    if tap.question in kept_results.DEEDS:
        before = _shown_before(turn, tap.conversation)
        kept_results.tapped(turn, tap, before)
        turn.quick = turn.quick or _ways_on(turn, before, tap)
    elif tap.question == "one":
        _show_one(turn, tap)
    elif (shown := _shown_before(turn, tap.conversation)) is None:
        _gone(turn)
    elif tap.question in ON_DEMAND:
        _show_more(turn, tap, shown)
    elif tap.question == "bring":
        _show_documents(turn, shown, tap)
    else:
        _gone(turn)


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


# ---- on demand ---------------------------------------------------------------------------------------------


def _shown_before(turn: Turn, conversation_id: str) -> ShowSchemes | None:
    """The result of this person's conversation; its answers are kept (sealed) for a day, then they are gone."""
    conversation = conversations.get(turn.work, conversation_id, turn.person.id)
    if conversation is None or not conversation.answers:
        return None
    end = play(FLOWS["handbook"].function, turn.context(), conversation.answers)
    effects = end.effects if isinstance(end, Finished) else ()
    return next((effect for effect in effects if isinstance(effect, ShowSchemes)), None)


def _gone(turn: Turn) -> None:
    turn.say("results.gone")
    show_menu(turn)


def _show_more(turn: Turn, tap: postback.Tap, shown: ShowSchemes) -> None:
    everything: Sequence[Recommendation] = getattr(shown.result, tap.question)
    offset = int(tap.answer) if tap.answer.isdecimal() else 0
    end = offset + turn.content.handbook.first_shown
    cards = _scheme_cards(turn, everything[offset:end], shown.town, tap.conversation)
    turn.messages += carousels(turn.content.texts.get(f"results.{tap.question}"), cards, CARDS_AT_ONCE)
    if not cards:
        turn.say("results.no_more")
    turn.quick = _ways_on(turn, shown, tap)
    if len(everything) > end:
        more = _more(turn, tap.question, end, len(everything), tap.conversation)
        turn.quick = (more, *turn.quick)


def _show_one(turn: Turn, tap: postback.Tap) -> None:
    """Everything about one scheme; after a day without why, since the answers are gone."""
    shown = _shown_before(turn, tap.conversation)
    result = shown.result if shown else None
    groups = (result.safety, result.hubs, result.chosen, result.others) if result else ()
    found = next((one for group in groups for one in group if one.scheme.id == tap.answer), None)
    town = shown.town if shown else turn.person.town
    there = turn.content.catalogue.there(town, turn.now.date())
    if found is None and tap.answer in there:
        found = Recommendation(there[tap.answer], ())
    if found is None:
        _gone(turn)
        return
    card = scheme_in_full(turn.content, found, town, turn.now)
    turn.messages.append(Cards(turn.content.texts.get("results.one"), (card,)))
    turn.quick = _ways_on(turn, shown, tap)


def _show_documents(turn: Turn, shown: ShowSchemes, tap: postback.Tap) -> None:
    """What to bring for what was shown at once, each thing once, what most of them ask for first."""
    listed = documents_of(_to_prepare(turn, shown), turn.content.documents)[:DOCUMENTS_AT_ONCE]
    if not listed:
        turn.say("results.bring.nothing")
    else:
        said = (f"・{each.label}\n　{each.hint}" if each.hint else f"・{each.label}" for each, _ in listed)
        turn.say("results.bring.list", documents="\n".join(said))
    turn.quick = _ways_on(turn, shown, tap)


def _to_prepare(turn: Turn, shown: ShowSchemes) -> tuple[Recommendation, ...]:
    """Of what was shown at once, what one goes to a desk for."""
    return (*shown.result.hubs, *shown.result.chosen[: turn.content.handbook.first_shown])


# ---- cards and ways on -------------------------------------------------------------------------------------


def _scheme_cards(
    turn: Turn, found: Sequence[Recommendation], town: str | None, conversation_id: str
) -> list[Card]:
    content = turn.content
    return [
        scheme_card(content, one, town, turn.now, kept_results.in_full(content, one, conversation_id))
        for one in found
    ]


def _add_ways_on(turn: Turn, effect: ShowSchemes, conversation_id: str) -> None:
    """What can be done with it; the buttons stay in the chat."""
    result, texts, at_once = effect.result, turn.content.texts, turn.content.handbook.first_shown
    taps = []
    if len(result.chosen) > at_once:
        taps.append(_more(turn, "chosen", at_once, len(result.chosen), conversation_id))
    if result.others:
        taps.append(_more(turn, "others", 0, len(result.others), conversation_id))
    said, hint = texts.get("results.after" if taps else "results.after_all"), None
    taps += _deeds(turn, effect, conversation_id)
    if effect.about == "other":
        hint = texts.get("results.for_neighbour")
    turn.messages.append(Choices(said, tuple(taps), hint=hint) if taps else Text(said))
    turn.quick = (Tap(texts.get("talk.menu"), postback.start("menu")),)


def _deeds(turn: Turn, shown: ShowSchemes, conversation_id: str) -> list[Tap]:
    """What to bring, a paper or a page for the family, hear of changes."""
    data = postback.Tap(FLOW, "bring", "", conversation_id).data()
    needed = any(one.scheme.bring for one in _to_prepare(turn, shown))
    bring = [Tap(turn.content.texts.get("results.bring"), data)] if needed else []
    return bring + kept_results.offers(turn.content, shown, conversation_id)


def _ways_on(turn: Turn, shown: ShowSchemes | None, tap: postback.Tap) -> tuple[Tap, ...]:
    """The other things that can be done with the result, since it stands further up now; and the menu."""
    deeds = _deeds(turn, shown, tap.conversation) if shown else []
    done = "offer" if tap.question == "watch" else tap.question
    return (*(deed for deed in deeds if f";{done};" not in deed.data), *kept_results.ways_out(turn))


def _more(turn: Turn, group: str, offset: int, total: int, conversation_id: str) -> Tap:
    label = turn.content.texts.get(f"results.more_{group}", left=str(total - offset))
    return Tap(label, postback.Tap(FLOW, group, str(offset), conversation_id).data())
