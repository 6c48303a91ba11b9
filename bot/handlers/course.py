"""Courses in the chat: a button or a QR code that names one, taking and leaving a seat, and what people answer after it."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata

from bot import postback
from bot.flows.course import way_to
from bot.flows.effects import KeepAnswers, LeaveSeat, TakeSeat
from bot.handlers import talking
from bot.handlers.menu import show_menu
from bot.handlers.one_time import link_card, one_time_url
from bot.handlers.turn import Turn
from bot.messages import Button, Card, Cards, Open, Tap
from bot.programme import course_news, questionnaire
from bot.programme import courses as seats
from bot.programme.course_news import FLOW, Office
from storage import course_places, courses, links, supporters
from storage.conversations import Conversation

__all__ = ["FLOW"]

WORDS_LIFE = dt.timedelta(days=3)
NAME, WORDS = "course_name", "course_words"  # what a link may be for
# What the QR code on a poster types: 「講座の申込み 7KQ4M」.
_SIGNED = re.compile(r"(?:講座|会)の?申し?込み?[\s:]*((?:[0-9A-Za-z][\s-]?){5})")


def office_of(turn: Turn) -> Office:
    """What the deeds need besides the database."""
    settings = turn.services.settings
    return Office(turn.content, settings.public_url, bool(settings.smtp_url))


# ---- ways in -----------------------------------------------------------------------------------------------


def tapped(turn: Turn, tap: postback.Tap) -> None:
    """A button under a message that came without being asked for."""
    match tap.question:
        case "show":
            show(turn, tap.answer)
        case "ask":
            several = len(turn.context().asked) > 1
            talking.start(turn, "questionnaire", {"course": tap.answer} if several else None)
        case "name":
            _name_link(turn, tap.answer)
        case _:
            turn.say("talk.finished_already")
            show_menu(turn)


def typed(turn: Turn, text: str) -> bool:
    """Whether these words came from a poster's QR code, and were answered with that course."""
    found = _SIGNED.search(unicodedata.normalize("NFKC", text[:80]))
    if found is None:
        return False
    course = courses.by_sign(turn.work, found[1])
    show(turn, course.id if course else "")
    return True


def give_up(turn: Turn, conversation: Conversation | None) -> bool:
    """Whether 「キャンセル」 was said by somebody with a place: then it is asked about, and not just a talk ended."""
    if conversation is not None and conversation.flow != "course":
        return False
    mine = [offer.id for offer in turn.context().offers if offer.mine is not None]
    if not mine:
        return False
    looked_at = set(conversation.answers.values()) if conversation else set()
    mine = [each for each in mine if each in looked_at] or mine
    way = way_to(turn.context().offers, mine[0]) if len(mine) == 1 else None
    talking.start(turn, "course", {**way, "what": "cancel"} if way else None)
    return True


def show(turn: Turn, course_id: str) -> None:
    """This course, with what can be done about it; where it is over, the others."""
    way = way_to(turn.context().offers, course_id)
    if way is None:
        turn.say("course.over")
    talking.start(turn, "course", way)


# ---- what a flow decided -----------------------------------------------------------------------------------


def take(turn: Turn, effect: TakeSeat) -> None:
    """A seat or a place on the waiting list, with day and place said once more."""
    done = seats.sign_up(
        turn.work, office_of(turn), effect.course_id, source="line", person=turn.person, actor="person"
    )
    if done.course is None or done.place is None:
        turn.say(f"course.refused.{done.result}")
        show_menu(turn)
        return
    texts, course = turn.content.texts, done.course
    facts = dict(seats.facts(turn.content, course, turn.now.year))
    shown = (texts.get("course.fact.when"), texts.get("course.fact.where"))
    buttons: list[Button] = [
        Open(texts.get("course.done.page"), course_news.page_url(office_of(turn), course))
    ]
    if not _named(turn):
        data = postback.Tap(FLOW, "name", done.place.id, "").data()
        buttons.insert(0, Tap(texts.get("course.done.name"), data))
    buttons.append(course_news.show_button(turn.content, course))
    card = Card(
        course.title,
        tuple(f"{name}：{facts[name]}" for name in shown),
        note=texts.get(f"course.done.note.{done.place.state}"),
        badge=texts.get(f"course.done.badge.{done.place.state}"),
        buttons=tuple(buttons),
    )
    turn.say(f"course.done.{done.result}")
    turn.messages.append(Cards(texts.get("course.done.alt"), (card,)))
    turn.must_arrive = True
    turn.quick = (Tap(texts.get("talk.menu"), postback.start("menu")),)


def _named(turn: Turn) -> bool:
    """Whether the roster knows who they are: they stand in the register."""
    return any(entry.state != "left" for entry in supporters.of_person(turn.work, turn.person.id))


def leave(turn: Turn, effect: LeaveSeat) -> None:
    """The seat is free again."""
    place = course_places.of_person(turn.work, turn.person.id).get(effect.course_id)
    result = seats.cancel(turn.work, office_of(turn), place.id) if place else "again"
    turn.say(f"course.left.{result}")
    turn.must_arrive = True
    show_menu(turn)


def keep(turn: Turn, effect: KeepAnswers) -> None:
    """The answers go where nobody can tell whose they are; then room for words of one's own."""
    course = questionnaire.answered_on_line(
        turn.work, turn.content, effect.course_id, turn.person.id, effect.ratings
    )
    if course is None:
        turn.say("questionnaire.already")
        show_menu(turn)
        return
    link_id, token = links.make(  # without the person: the words must not lead back to anybody
        turn.work, turn.event.channel, purpose=WORDS, about=course.id, person_id=None, valid_for=WORDS_LIFE
    )
    texts = turn.content.texts
    url = f"{turn.services.settings.public_url}/c/words/{link_id}#{token}"
    link_card(turn, "questionnaire.thanks", url)
    turn.must_arrive = True
    turn.quick = (Tap(texts.get("talk.menu"), postback.start("menu")),)


def _name_link(turn: Turn, place_id: str) -> None:
    """A link to our own form for name and telephone: they are never typed in the chat."""
    mine = course_places.of_person(turn.work, turn.person.id).values()
    place = next((each for each in mine if each.id == place_id), None)
    if place is None:
        turn.say("course.over")
        show_menu(turn)
        return
    link_card(turn, "course.name", one_time_url(turn, "c/name", NAME, place.id))
    turn.must_arrive = True
