"""「わたしの連絡」: what somebody reported, how far each of it is, and what they may still say about it.

Their buttons name a concern by its id. One of somebody else, one that is gone and one that never was get the
same answer.
"""

from __future__ import annotations

from bot import postback
from bot.cards import desk_of, mine_card
from bot.desk import hearing_back, notices
from bot.desk.hearing_back import ANSWERS, button
from bot.desk.telling import goes_on_as
from bot.handlers import talking
from bot.handlers.menu import show_menu
from bot.handlers.one_time import one_time_url
from bot.handlers.turn import Turn
from bot.messages import QUICK_REPLIES, Button, Call, Card, Cards, Open, Tap
from storage import asked, audit, concerns, entries, inboxes
from storage.concerns import Concern

FLOW = hearing_back.FLOW
AT_ONCE = 10  # cards; LINE takes twelve, if they are not too long


def tapped(turn: Turn, tap: postback.Tap) -> None:
    """The list, more of it, or something about one concern."""
    if not tap.question:
        show(turn)
        return
    if tap.question == "more":
        show(turn, int(tap.answer) if tap.answer.isdecimal() else 0)
        return
    concern = concerns.get(turn.work, tap.answer)
    if concern is None or concern.person_id != turn.person.id:
        turn.say("mine.gone")
        show_menu(turn)
        return
    match tap.question:
        case "add":
            _link(turn, concern, "details")
        case "answer":
            _link(turn, concern, "answer")
        case "doubt":
            _doubt(turn, concern)
        case "follow_up" if tap.conversation in ANSWERS:
            _follow_up(turn, concern, tap.conversation)
        case _:
            turn.say("talk.finished_already")
            show_menu(turn)


def show(turn: Turn, offset: int = 0) -> None:
    """The cards, the newest first."""
    mine = concerns.of_reporter(turn.work, turn.person.id)
    shown = mine[offset : offset + AT_ONCE]
    if not shown:
        turn.say("mine.no_more" if mine else "mine.nothing")
        show_menu(turn)
        turn.quick = talking.way_back(turn)
        return
    texts = turn.content.texts
    waiting = asked.waiting(turn.work, [concern.id for concern in shown])
    if not offset:
        turn.say("mine.lead")
    cards = tuple(_card(turn, concern, concern.id in waiting) for concern in shown)
    turn.messages.append(Cards(texts.get("mine.alt"), cards))
    quick = [*talking.way_back(turn)]
    if left := len(mine) - offset - len(shown):
        more = postback.Tap(FLOW, "more", str(offset + AT_ONCE), "").data()
        quick.append(Tap(texts.get("mine.more", left=str(left)), more))
    quick.append(Tap(texts.get("talk.menu"), postback.start("menu")))
    turn.quick = tuple(quick[:QUICK_REPLIES])


def show_one(turn: Turn, number: str) -> bool:
    """The card of the person's own concern with this typed number; False where it is not theirs."""
    concern = concerns.by_number(turn.work, number, turn.event.channel)
    if concern is None or concern.person_id != turn.person.id:
        return False
    is_asked = concern.id in asked.waiting(turn.work, [concern.id])
    turn.messages.append(Cards(turn.content.texts.get("mine.alt"), (_card(turn, concern, is_asked),)))
    turn.quick = (*talking.way_back(turn), Tap(turn.content.texts.get("talk.menu"), postback.start("menu")))
    return True


def _card(turn: Turn, concern: Concern, is_asked: bool) -> Card:
    texts = turn.content.texts
    goes_on = goes_on_as(turn.work, concern)
    buttons: list[Button] = []
    if goes_on.state != "closed":
        if is_asked and goes_on.id == concern.id:
            buttons.append(button(concern, "answer", texts.get("mine.answer")))
        buttons.append(button(concern, "add", texts.get("mine.add")))
        if not concern.doubted:
            buttons.append(button(concern, "doubt", texts.get("mine.doubt")))
    return mine_card(turn.content, concern, _state(goes_on), turn.now, tuple(buttons))


def _state(concern: Concern) -> str:
    """How far it is, in the fixed words under `mine.state`."""
    if concern.state in ("closed", "in_touch"):
        return concern.state
    return "read" if concern.state == "accepted" or concern.read_at is not None else "sent"


def _link(turn: Turn, concern: Concern, purpose: str) -> None:
    """A fresh one-time link to our own form, made at this tap; none for what is closed."""
    texts = turn.content.texts
    if goes_on_as(turn.work, concern).state == "closed":
        turn.say("mine.closed")
        show_menu(turn)
        return
    buttons: list[Button] = [
        Open(texts.get(f"mine.link.{purpose}"), one_time_url(turn, "d", purpose, concern.id))
    ]
    number = texts.get("mine.number", number=concern.number)
    card = Card(
        number, (texts.get("mine.link.lead"),), note=texts.get("mine.link.note"), buttons=tuple(buttons)
    )
    turn.messages.append(Cards(texts.get("mine.link.alt"), (card,)))
    turn.must_arrive = True
    turn.quick = (*talking.way_back(turn), Tap(texts.get("menu.mine"), postback.start(FLOW)))


def _doubt(turn: Turn, concern: Concern) -> None:
    """「窓口が違いそう」: said once, to the desk that has it in hand."""
    goes_on = goes_on_as(turn.work, concern)
    if goes_on.state == "closed":
        turn.say("mine.closed")
        show_menu(turn)
        return
    if not concern.doubted:
        inboxes.lock_all(turn.work, (concern, goes_on))
        concerns.doubt(turn.work, concern)
        entries.add(turn.work, goes_on, "doubt", "person", {})
        audit.note(turn.work, "person", "doubted", "concern", concern.id, concern.channel)
        if goes_on.id != concern.id:
            goes_on = concerns.news(turn.work, goes_on)
        _tell(turn, goes_on, "news")
    turn.say("mine.doubted")
    _after(turn, concern)


def _follow_up(turn: Turn, concern: Concern, answer: str) -> None:
    """The one tap after four weeks; the last answer counts. 「わるくなった」 is told to the desk at once."""
    if concern.follow_up != answer:
        goes_on = goes_on_as(turn.work, concern)
        inboxes.lock_all(turn.work, (concern, goes_on))
        concerns.answer_follow_up(turn.work, concern, answer)
        entries.add(turn.work, goes_on, "follow_up", "person", {"answer": answer})
        audit.note(turn.work, "person", "follow_up", "concern", concern.id, concern.channel)
        if answer == "worse":
            _tell(turn, concerns.news(turn.work, goes_on), "worse")
    turn.say(f"mine.followed_up.{answer}")
    _after(turn, concern)


def _tell(turn: Turn, concern: Concern, what: notices.What) -> None:
    public_url = turn.services.settings.public_url
    notices.tell_desk(turn.work, turn.content, public_url, concern, what, concern.window)


def _after(turn: Turn, concern: Concern) -> None:
    """The desk's telephone stays in reach; nothing else about the concern is said again."""
    texts = turn.content.texts
    desk = desk_of(turn.content, concern)
    if desk is not None and desk.tel and desk.phone:
        lines = (texts.get("card.phone", phone=desk.phone),)
        card = Card(desk.name, lines, buttons=(Call(texts.get("concern.receipt.call"), desk.tel),))
        turn.messages.append(Cards(texts.get("mine.desk_alt"), (card,)))
    turn.must_arrive = True
    turn.quick = (
        *talking.way_back(turn),
        Tap(texts.get("menu.mine"), postback.start(FLOW)),
        Tap(texts.get("talk.menu"), postback.start("menu")),
    )
