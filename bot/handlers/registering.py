"""Registering in the chat: a typed code begins it wherever it comes, and its end is said; then the form for the name."""

from __future__ import annotations

from bot import postback
from bot.flows.effects import AttendAgain, RegisterSupporter
from bot.flows.registration import FAMILY
from bot.handlers import talking
from bot.handlers.menu import show_menu
from bot.handlers.one_time import link_card, one_time_url
from bot.handlers.turn import Turn
from bot.messages import Choices, Tap
from bot.programme import approving, joining, life
from bot.programme.joining import Joined
from storage import people, supporters
from storage.conversations import Conversation
from storage.supporters import Supporter

FLOW = approving.FLOW
PROFILE = approving.PROFILE  # also what a link may be for


def code_typed(turn: Turn, text: str, conversation: Conversation | None) -> bool:
    """Whether these words hold a code of ours, or were surely meant as one: then the registration begins with
    them, also in the middle of something else. Where it waits for a code, they are its answer."""
    if not joining.may_hold_a_code(text):
        return False
    registers = conversation is not None and conversation.flow == "registration"
    answers = conversation.answers if conversation is not None and registers else {}
    if (
        conversation is not None
        and registers
        and "code" not in answers
        and not talking.rested(turn, conversation)
    ):
        return False
    # Limits first: after too many wrong ones not even a right one is looked at.
    if talking.guessed_too_often(turn, joining.GUESS):
        if conversation is not None:
            return False
    elif turn.codes.read(text) is None and (conversation is not None or not joining.looks_like_a_code(text)):
        talking.count_guess(turn, joining.GUESS)
        return False
    who = {"who": FAMILY} if answers.get("who") == FAMILY else {}
    talking.start(turn, "registration", {**who, "code": text})
    return True


# ---- the end of it -----------------------------------------------------------------------------------------


def register(turn: Turn, effect: RegisterSupporter) -> None:
    """An entry of the register, or a place among those who wait for staff."""
    joined = joining.join(
        turn.work,
        turn.content,
        turn.person,
        effect.course_id,
        effect.card,
        town=effect.town,
        district=effect.district,
        topics=effect.topics,
        consent_version=effect.consent_version,
        pledge_version=effect.pledge_version,
        family=effect.family,
    )
    _told(turn, joined)


def attend_again(turn: Turn, effect: AttendAgain) -> None:
    """One more course of somebody who is in the register; nobody else's entry is ever taken."""
    entry = supporters.get(turn.work, effect.enrolled)
    if entry is None or entry.person_id != turn.person.id:
        turn.say("talk.finished_already")
        show_menu(turn)
        return
    _told(
        turn,
        joining.attend_again(turn.work, turn.content, turn.person, entry, effect.course_id, effect.card),
    )


def _told(turn: Turn, joined: Joined) -> None:
    turn.person = people.get(turn.work, turn.person.id) or turn.person
    turn.must_arrive = True
    entry = joined.supporter
    town = turn.content.town(entry.town).name if entry else ""
    turn.say(f"registration.done.{joined.result}", town=town)
    if entry is not None and not supporters.profile(turn.work, entry).name:
        _profile_card(turn, entry)
    show_menu(turn)


# ---- the form for the name ---------------------------------------------------------------------------------


def _profile_card(turn: Turn, entry: Supporter) -> None:
    link_card(turn, "registration.profile", one_time_url(turn, "s", PROFILE, entry.id))


def tapped(turn: Turn, tap: postback.Tap) -> None:
    """「家族のもう一人を登録する」 and 「名前などを書く」."""
    if tap.question == FAMILY:
        another_one(turn)
    elif tap.question == PROFILE:
        show_profile(turn, tap.answer)
    else:
        turn.say("talk.finished_already")
        show_menu(turn)


def another_one(turn: Turn) -> None:
    """One more of the family, on the same phone: it begins with a code, as for everybody."""
    talking.start(turn, "registration", {"who": FAMILY})


def show_profile(turn: Turn, entry_id: str = "") -> None:
    """The link to the form; where a family shares the phone, first for whom. No names stand in the chat."""
    texts = turn.content.texts
    mine = [one for one in life.entries_of(turn.work, turn.content, turn.person) if one.state != "left"]
    mine = [one for one in mine if one.id == entry_id] or mine  # an old button may name one that was merged
    if not mine:
        turn.say("registration.profile.nobody")
        show_menu(turn)
        return
    if len(mine) == 1:
        _profile_card(turn, mine[0])
        turn.must_arrive = True
        turn.quick = (*talking.way_back(turn), Tap(texts.get("talk.menu"), postback.start("menu")))
        return
    enrolled = {one.id: one for one in turn.context().visitor.enrolled}
    taps = tuple(
        Tap(
            texts.get(
                "registration.nth",
                number=str(number),
                since=f"{enrolled[one.id].since.year}年{enrolled[one.id].since.month}月{enrolled[one.id].since.day}日",
            ),
            approving.profile_tap(one),
        )
        for number, one in enumerate(mine, 1)
    )
    turn.messages.append(Choices(texts.get("registration.profile.whose"), taps))


def own_taps(turn: Turn) -> tuple[Tap, ...]:
    """What a supporter's menu offers besides: the form for the name, and one more of the family."""
    texts = turn.content.texts
    return (
        Tap(texts.get("menu.profile"), postback.Tap(FLOW, PROFILE, "", "").data()),
        Tap(texts.get("menu.family"), postback.Tap(FLOW, FAMILY, "", "").data()),
    )
