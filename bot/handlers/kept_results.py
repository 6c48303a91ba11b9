"""A result that outlives its day: a paper or a link for the family, and news when something in it has changed.

Kept is which schemes were shown, sealed; never an answer (bot/handbook/kept_results.py, storage/handbook_results.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from bot import postback
from bot.cards import scheme_card
from bot.content.library import Content
from bot.flows.effects import ShowSchemes
from bot.flows.talk import plain
from bot.handbook.kept_results import FLOW, Change, changes, schemes_of, stop_button
from bot.handbook.recommend import Recommendation
from bot.handlers import talking
from bot.handlers.menu import show_menu
from bot.handlers.turn import Turn
from bot.messages import Call, Card, Cards, Choices, Open, Tap, carousels
from bot.wording import words_listed
from storage import handbook_results, people

DEEDS: Final = ("share", "page", "unshare", "offer", "watch", "changes", "stop")
CARDS_AT_ONCE: Final = 8
"""Of one carousel: with the longest words that content may have, eight are still below LINE's 50 KB."""
MOST_CARDS: Final = 24  # of changes: three carousels


def in_full(content: Content, found: Recommendation, conversation_id: str) -> Tap:
    """The button that shows everything about one scheme."""
    data = postback.Tap(FLOW, "one", found.scheme.id, conversation_id).data()
    return Tap(content.texts.get("card.more"), data)


def offers(content: Content, shown: ShowSchemes, conversation_id: str) -> list[Tap]:
    """What is offered under a result; where nothing was found there is nothing to keep."""
    if shown.result.fallback:
        return []
    share = "results.share.neighbour" if shown.about == "other" else "results.share"
    return [
        Tap(content.texts.get(share), postback.Tap(FLOW, "share", "", conversation_id).data()),
        Tap(content.texts.get("results.watch"), postback.Tap(FLOW, "offer", "", conversation_id).data()),
    ]


def tapped(turn: Turn, tap: postback.Tap, shown: ShowSchemes | None) -> None:
    """One of DEEDS; `shown` is the result that it stands under, None where its answers are gone."""
    match tap.question:
        case "unshare":
            _unshare(turn)
        case "changes":
            show_changes(turn)
        case "stop":
            stop(turn)
        case _ if shown is None or shown.result.fallback:
            turn.say("results.gone")
            show_menu(turn)
        case "share" if shown.about != "other":
            _choose_what_to_show(turn, tap.conversation)
        case "share" | "page":
            _make_page(turn, shown)
        case "watch":
            _watch(turn, shown)
        case _:
            _offer_to_watch(turn, tap.conversation)


def typed(turn: Turn, text: str) -> bool:
    """Whether these words stop the news of changes: 「支援のお知らせをやめる」."""
    said = plain(text)
    for content in (turn.spoken, turn.services.content):
        if said in words_listed(content.texts.get("results.watch.stop_words")):
            stop(turn)
            turn.quick = ways_out(turn)
            return True
    return False


def ways_out(turn: Turn) -> tuple[Tap, ...]:
    """Back to the question that is open, and the menu."""
    return (*talking.way_back(turn), Tap(turn.spoken.texts.get("talk.menu"), postback.start("menu")))


# ---- a link for the family, or for the neighbour -----------------------------------------------------------


def _choose_what_to_show(turn: Turn, conversation_id: str) -> None:
    """Who sees the schemes may guess the troubles: the handbook alone can be shown as well."""
    texts, settings = turn.content.texts, turn.services.settings
    make = Tap(texts.get("results.share.make"), postback.Tap(FLOW, "page", "", conversation_id).data())
    alone = Open(texts.get("results.share.alone"), f"{settings.public_url}/handbook")
    card = Card(
        texts.get("results.share.choose"),
        (texts.get("results.share.seen"), texts.get("results.share.kept")),
        buttons=(make, alone),
    )
    turn.messages.append(Cards(texts.get("results.share.alt"), (card,)))


def _make_page(turn: Turn, shown: ShowSchemes) -> None:
    """A page with the result and no answer, for whoever gets the link; it can be printed there."""
    texts, today = turn.content.texts, turn.now.date()
    schemes = schemes_of(turn.content, shown.result, shown.town, today)
    token = handbook_results.keep(
        turn.work, turn.event.channel, shown.town, schemes, person_id=turn.person.id
    )
    url = f"{turn.services.settings.public_url}/handbook/r/{token}"
    lead = "results.share.lead_neighbour" if shown.about == "other" else "results.share.lead"
    take_back = Tap(texts.get("results.share.take_back"), postback.Tap(FLOW, "unshare", "", "").data())
    card = Card(
        texts.get("results.share.title"),
        (texts.get(lead), texts.get("results.share.until")),
        buttons=(Open(texts.get("results.share.open"), url), take_back),
    )
    turn.messages.append(Cards(texts.get("results.share.alt"), (card,)))


def _unshare(turn: Turn) -> None:
    gone = handbook_results.withdraw_shared(turn.work, turn.person.id)
    turn.say("results.share.taken_back" if gone else "results.share.nothing")
    turn.must_arrive = True


# ---- news of changes ---------------------------------------------------------------------------------------


def _offer_to_watch(turn: Turn, conversation_id: str) -> None:
    """What is kept, for how long, and how it ends, before anybody says yes."""
    texts = turn.content.texts
    yes = Tap(texts.get("results.watch.yes"), postback.Tap(FLOW, "watch", "", conversation_id).data())
    turn.messages.append(
        Choices(texts.get("results.watch.offer"), (yes,), hint=texts.get("results.watch.kept"))
    )


def _watch(turn: Turn, shown: ShowSchemes) -> None:
    schemes = schemes_of(turn.content, shown.result, shown.town, turn.now.date())
    fresh = handbook_results.watch(turn.work, turn.event.channel, turn.person.id, shown.town, schemes)
    texts = turn.content.texts
    said = texts.get("results.watch.begun" if fresh else "results.watch.already")
    resting = people.is_paused(turn.work, turn.person.id)
    hint = texts.get("results.watch.resting") if resting else texts.get("results.watch.how_to_stop")
    turn.messages.append(Choices(said, (), hint=hint, last=(stop_button(turn.content),)))
    turn.must_arrive = True


def stop(turn: Turn) -> None:
    """No news of changes any more, and nothing is kept for them."""
    gone = handbook_results.stop(turn.work, turn.person.id)
    turn.say("results.watch.stopped" if gone else "results.watch.nothing")
    turn.must_arrive = True


def show_changes(turn: Turn) -> None:
    """What is not as it was shown, of everything that this person watches: what has ended first."""
    watched = handbook_results.watched(turn.work, turn.person.id)
    content, today = turn.content, turn.now.date()
    found: dict[str, tuple[Change, str | None]] = {}
    for kept in watched:
        for change in changes(content, kept, today):
            found.setdefault(change.shown.id, (change, kept.town))
    cards = [
        _card(turn, change, town)
        for change, town in sorted(found.values(), key=lambda one: one[0].state == "changed")
    ]
    if not cards:
        turn.say("results.changed.nothing" if watched else "results.watch.nothing")
    turn.messages += carousels(content.texts.get("results.changed.alt"), cards[:MOST_CARDS], CARDS_AT_ONCE)
    if cards:
        again = Tap(content.texts.get("results.changed.again"), postback.start("handbook"))
        turn.messages.append(
            Choices(content.texts.get("results.changed.after"), (again,), last=(stop_button(content),))
        )


def _card(turn: Turn, change: Change, town: str | None) -> Card:
    content, texts = turn.content, turn.content.texts
    if change.now is not None:
        parts = texts.get("results.changed.join").join(_named(content, change))
        found = Recommendation(change.now, (), change.shown.to_confirm)
        card = scheme_card(content, found, town, turn.now, in_full(content, found, ""))
        return replace(card, lines=(texts.get("results.changed.parts", parts=parts), *card.lines))
    desks = content.safety_net_windows(town)
    lines = [texts.get(f"results.changed.{change.state}"), texts.get("results.changed.ask_desk")]
    buttons = [
        Call(texts.get("card.call_number", phone=desk.phone), desk.tel)
        for desk in desks
        if desk.tel and desk.phone
    ]
    lines += [texts.get("card.where", where=desk.name) for desk in desks]
    return Card(change.shown.title, tuple(lines), buttons=tuple(buttons))


def _named(content: Content, change: Change) -> Iterator[str]:
    return (content.texts.get(f"results.changed.part.{part}") for part in change.parts)
