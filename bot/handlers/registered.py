"""「登録の内容」: what the register says of this phone, and everything that its owner may change: places and topics,
a pause, leaving and coming back, seeing all that we hold, and having it erased.

Names never stand in the chat. Buttons name an entry by its id; one of somebody else does nothing. Without an id
they mean every entry of this phone: so do the buttons under our messages.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from functools import partial

from bot import postback
from bot.flows.effects import ChangePlace
from bot.handlers import papers, registering, talking, tips
from bot.handlers import sure as confirming
from bot.handlers.menu import show_menu
from bot.handlers.one_time import link_card, one_time_url
from bot.handlers.turn import Turn
from bot.messages import Button, Card, Cards, Choices, Tap
from bot.news_words import in_words
from bot.programme import drips as told
from bot.programme import life
from storage import drips, people, supporters
from storage.supporters import SUPPORTING, Supporter
from storage.transitions import NotPermitted

FLOW, ASKED = told.REGISTERED, told.FLOW
MY_DATA = "my_data"  # what a link is for: bot/web/my_data.py answers it
PAUSES = ("1", "3", "6", "0")  # months; 0: until they say so
SURE_FOR = dt.timedelta(minutes=15)  # an old 「はい、すべて消す」 that is touched by chance erases nothing
MOST_CARDS = 10


def tapped(turn: Turn, tap: postback.Tap) -> None:
    """What a button asks for (`conversation` names the entry); one that we do not know shows what there is."""
    match tap.question:
        case "pause":
            _ask_how_long(turn, tap.conversation)
        case "paused" if tap.answer in PAUSES:
            _pause(turn, tap.conversation, int(tap.answer))
        case "pause_now":
            _pause(turn, "", 0)
        case "resume":
            _deed(turn, tap.conversation, partial(life.resume, turn.work, turn.content), "life.resumed")
        case "leave":
            _ask_to_leave(turn, tap.conversation)
        case "left" | "leave_now":
            _leave(turn, tap.conversation)
        case "come_back":
            _deed(turn, tap.conversation, partial(life.come_back, turn.work, turn.content), "life.came_back")
        case "data":
            _link_to_data(turn)
        case "erase":
            _ask_to_erase(turn)
        case "erase_sure":
            _ask_again(turn)
        case "erase_now":
            _erase(turn, tap.conversation)
        case "keep":
            turn.say("life.erase.kept")
            show(turn)
        case _:
            show(turn)


def pause_typed(turn: Turn, months: str) -> bool:
    """Whether 「1か月」 was typed by somebody who may pause: under the question how long, many type it."""
    if not any(
        one.state in SUPPORTING and one.state != "paused"
        for one in supporters.of_person(turn.work, turn.person.id)
    ):
        return False
    _pause(turn, "", int(months))
    return True


def sure(turn: Turn, question: str, yes: bool) -> None:
    """はい or いいえ was typed. Typing never erases, nor chooses among a family: there the buttons come once more."""
    mine = [one for one in supporters.of_person(turn.work, turn.person.id) if one.state in SUPPORTING]
    match question, yes:
        case "leave", True if len(mine) == 1:
            _leave(turn, mine[0].id)
        case "leave", True:
            turn.say("life.by_button")
            show(turn)
        case "leave", False:
            show(turn)
        case _, True:
            turn.say("life.by_button")
            (_ask_to_erase if question == "erase" else _ask_again)(turn)
        case _:
            turn.say("life.erase.kept")
            show(turn)


def answered(turn: Turn, tap: postback.Tap) -> None:
    """「その後、いかがですか」: one tap; whoever is worn out sees at once whom to talk to."""
    steps = {drip.step for drip in turn.content.programme.drips if drip.button == "answers"}
    if tap.question not in steps or tap.answer not in told.ANSWERS:
        turn.say("talk.finished_already")
        show_menu(turn)
        return
    drips.answered(turn.work, turn.person.id, tap.question, tap.answer)
    turn.say(f"drips.answered.{tap.answer}")
    if tap.answer == "hard" and (topic := turn.content.tips.get("own_worries")):
        tips.show_topic(turn, topic)
    else:
        show_menu(turn)


def show(turn: Turn) -> None:
    """A card for each entry, and below them what concerns the whole phone."""
    entries = life.entries_of(turn.work, turn.content, turn.person)
    texts = turn.content.texts
    if entries:
        cards = tuple(
            _card(turn, entry, number if len(entries) > 1 else None)
            for number, entry in enumerate(entries[:MOST_CARDS], 1)
        )
        turn.messages.append(Cards(texts.get("life.card.alt"), cards))
    else:
        turn.say("life.not_registered")
    own = tuple(Tap(texts.get(f"life.more.{deed}"), _data(deed)) for deed in ("data", "erase"))
    news = (
        Tap(texts.get("life.more.topics"), postback.start("my_topics")),
        Tap(texts.get("news.button.language"), postback.start("my_language")),
    )
    if any(entry.state in SUPPORTING for entry in entries):
        taken = "、".join(in_words(turn.content, turn.person.news))
        lead = texts.get("life.more", topics=taken or texts.get("life.more.nothing"))
        own = (*news, *registering.own_taps(turn), *own)
    else:
        lead = texts.get("life.more.without")
        own = (*news, *own)
    turn.messages.append(Choices(lead, own))
    turn.quick = (*talking.way_back(turn), Tap(texts.get("talk.menu"), postback.start("menu")))


# ---- the cards ---------------------------------------------------------------------------------------------


def _card(turn: Turn, entry: Supporter, nth: int | None) -> Card:
    texts = turn.content.texts
    lines = [texts.get("life.card.number", number=entry.number)] if entry.number else []
    lines.append(texts.get("life.card.state", state=texts.get(f"life.state.{entry.state}")))
    lines.append(texts.get("life.card.place", place=_place(turn, entry)))
    if entry.refresher_due_on is not None and entry.state in SUPPORTING:
        lines.append(texts.get("life.card.refresher", day=_day(entry.refresher_due_on)))
    note = None
    if entry.state == "paused" and entry.paused_until is not None:
        note = texts.get("life.card.paused_until", day=_day(entry.paused_until))
    if entry.state == "left" and life.never_let_in(turn.work, entry):
        town = turn.content.town(entry.town)
        note = texts.get("life.card.not_confirmed", desk=f"{town.name} {town.phone or ''}".strip())
    title = texts.get("life.card.title") if nth is None else texts.get("life.card.nth", number=str(nth))
    return Card(title, tuple(lines), note=note, buttons=_buttons(turn, entry))


def _buttons(turn: Turn, entry: Supporter) -> tuple[Button, ...]:
    texts = turn.content.texts

    def deed(name: str) -> Tap:
        return Tap(texts.get(f"life.button.{name}"), _data(name, entry.id))

    place = Tap(texts.get("life.button.place"), postback.start("my_place"))
    match entry.state:
        case "registered" | "active" | "refresher_due":
            return papers.button(turn, entry.id), place, deed("pause"), deed("leave")
        case "paused":
            return papers.button(turn, entry.id), deed("resume"), place, deed("leave")
        case "left":
            return () if life.never_let_in(turn.work, entry) else (deed("come_back"),)
        case "attended":
            return ()


def _place(turn: Turn, entry: Supporter) -> str:
    town = turn.content.towns.get(entry.town)
    if town is None:
        return entry.town
    district = next((one.name for one in town.districts if one.key == entry.district), None)
    return f"{town.name} {district}" if district and len(town.districts) > 1 else town.name


def _data(deed: str, entry_id: str = "", more: str = "") -> str:
    return postback.Tap(FLOW, deed, more, entry_id).data()


def _day(day: dt.date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"


# ---- a pause, leaving, coming back -------------------------------------------------------------------------


def _deed(turn: Turn, entry_id: str, deed: Callable[[Supporter], object], said: str, **params: str) -> bool:
    """The step for one entry, or for all of the phone that may take it; else what there is now."""
    done = 0
    for entry in supporters.of_person(turn.work, turn.person.id):
        if entry_id in ("", entry.id):
            try:
                deed(entry)
                done += 1
            except NotPermitted:
                continue
    turn.say(said if done else "life.not_now", **(params if done else {}))
    _look_again(turn)
    turn.must_arrive = True
    show(turn)
    return bool(done)


def _look_again(turn: Turn) -> None:
    """The phone follows the register: what it says of itself from here on is what stands there now."""
    now = people.get(turn.work, turn.person.id)
    if now is not None:
        turn.person = now


def _ask_how_long(turn: Turn, entry_id: str) -> None:
    texts = turn.content.texts
    taps = tuple(Tap(texts.get(f"life.pause.{key}"), _data("paused", entry_id, key)) for key in PAUSES)
    turn.messages.append(Choices(texts.get("life.pause"), taps))
    turn.quick = talking.way_back(turn)


def _pause(turn: Turn, entry_id: str, months: int) -> None:
    until = life.months_later(life.today(turn.work), months) if months else None
    _deed(turn, entry_id, lambda entry: life.pause(turn.work, entry, until), "life.paused")


def _ask_to_leave(turn: Turn, entry_id: str) -> None:
    confirming.asked(turn, "leave")
    texts = turn.content.texts
    taps = (
        Tap(texts.get("life.leave.yes"), _data("left", entry_id)),
        Tap(texts.get("life.button.pause"), _data("pause", entry_id)),
    )
    no = Tap(texts.get("life.leave.no"), postback.start(FLOW))
    turn.messages.append(Choices(texts.get("life.leave"), taps, last=(no,)))
    turn.quick = talking.way_back(turn)


def _leave(turn: Turn, entry_id: str) -> None:
    months = str(turn.content.programme.left_kept_months)
    _deed(turn, entry_id, partial(life.leave, turn.work), "life.left", months=months)


# ---- what the flow my_place decided -----------------------------------------------------------------------


def change_place(turn: Turn, effect: ChangePlace) -> None:
    """One entry of this phone moves; one that is gone meanwhile changes nothing."""
    for entry in supporters.of_person(turn.work, turn.person.id):
        if entry.id == effect.enrolled:
            life.change_place(turn.work, turn.content, entry, effect.town, effect.district)
    _look_again(turn)
    turn.must_arrive = True


# ---- a page of our own ---------------------------------------------------------------------------------------


def _link_to_data(turn: Turn) -> None:
    """A fresh one-time link, made at this tap."""
    texts = turn.content.texts
    link_card(turn, "life.data", one_time_url(turn, "m", MY_DATA))
    turn.must_arrive = True
    turn.quick = (*talking.way_back(turn), Tap(texts.get("menu.registered"), postback.start(FLOW)))


# ---- erasing -----------------------------------------------------------------------------------------------


def _ask_to_erase(turn: Turn) -> None:
    confirming.asked(turn, "erase")
    texts = turn.content.texts
    count = len(supporters.of_person(turn.work, turn.person.id))
    family = texts.get("life.erase.family", count=str(count)) if count > 1 else None
    yes = Tap(texts.get("life.erase.yes"), _data("erase_sure"))
    no = Tap(texts.get("life.erase.no"), _data("keep"))
    turn.messages.append(Choices(texts.get("life.erase"), (no, yes), hint=family))
    turn.quick = talking.way_back(turn)


def _ask_again(turn: Turn) -> None:
    """The second time; its button counts for a few minutes only."""
    confirming.asked(turn, "erase_sure")
    texts = turn.content.texts
    asked_at = str(int(turn.work.now.timestamp()))
    yes = Tap(texts.get("life.erase.sure_yes"), _data("erase_now", asked_at))
    no = Tap(texts.get("life.erase.no"), _data("keep"))
    turn.messages.append(Choices(texts.get("life.erase.sure"), (no, yes)))


def _erase(turn: Turn, asked_at: str) -> None:
    age = turn.work.now.timestamp() - int(asked_at) if asked_at.isdecimal() and len(asked_at) < 12 else -1.0
    if not -1 < age <= SURE_FOR.total_seconds():
        turn.say("life.erase.too_old")
        show(turn)
        return
    life.erase_person(turn.work, turn.person)
    turn.erased = True
    turn.say("life.erase.done")
    turn.quick = (Tap(turn.content.texts.get("talk.menu"), postback.start("menu")),)
