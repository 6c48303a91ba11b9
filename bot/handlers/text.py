"""Typed words. Words of danger are answered first, in every state; then the conversation; then the menu.

What was typed is understood and forgotten: it is neither stored (but for what answers a question) nor logged.
"""

from __future__ import annotations

from bot import crisis, postback
from bot.desk import dangers
from bot.events import TextSent
from bot.flows.talk import plain
from bot.handlers import (
    course,
    danger,
    finding,
    handbook_visits,
    kept_results,
    mine,
    news,
    partner,
    registered,
    registering,
    staff_link,
    sure,
    talking,
    tips,
)
from bot.handlers.heard import Heard
from bot.handlers.menu import show_menu
from bot.handlers.turn import Turn
from bot.wording import all_plain, meant_by
from storage.conversations import Conversation


def sent(turn: Turn, event: TextSent, heard: Heard) -> None:
    """Danger, a word that leads elsewhere, a code, a number of one's own, an answer; else the menu."""
    conversation = turn.conversation
    found = heard.danger
    if found is not None and not (found.soft and _own_words(turn, event.text)):
        _answer_danger(turn, found)
        if conversation is None and found.level in (crisis.Level.SOFT, crisis.Level.LIVELIHOOD):
            finding.beside_danger(turn, heard)
        return
    if said := _after_danger(turn, event.text, conversation):
        danger.said(turn, said)
        return
    if staff_link.said(turn, event.text):
        return
    if said_so := sure.answered(turn, event.text):
        _sure(turn, *said_so)
        return
    meant = _meant(turn, event.text, "menu.words")
    if meant == "give_up" and course.give_up(turn, conversation):
        return
    if command := _command(turn, event.text):
        if conversation is not None and command != "menu":
            talking.command(turn, conversation, command)
        else:
            show_menu(turn)
        return
    if finding.asked(turn, event.text):
        return
    if not meant and not _own_words(turn, event.text) and _code_typed(turn, event.text, conversation):
        return
    if course.typed(turn, event.text) or _handbook_by_tag(turn, event.text):
        return
    if meant and meant != "give_up":
        _begin(turn, meant)
    elif mine.show_one(turn, event.text) or _about_news(turn, event.text, conversation):
        pass
    elif conversation is not None:
        talking.typed(turn, conversation, event.text, event.message_id)
    elif (months := _meant(turn, event.text, "life.pause.words")) and registered.pause_typed(turn, months):
        pass
    elif not finding.offered(turn, heard):
        turn.say("menu.not_understood")
        show_menu(turn)


def _code_typed(turn: Turn, text: str, conversation: Conversation | None) -> bool:
    """A code of a shop or a course. The words of our own buttons never count as a guess, in no language."""
    in_conversation = conversation is not None
    return partner.code_typed(turn, text, in_conversation) or registering.code_typed(turn, text, conversation)


def _handbook_by_tag(turn: Turn, text: str) -> bool:
    """「お悩みハンドブック spray」: what stands in the chat already when somebody comes by a QR code."""
    words = text.split()
    tag = handbook_visits.tag_in(words[1]) if len(words) == 2 else None
    if tag is None or _meant(turn, words[0], "menu.words") != handbook_visits.FLOW:
        return False
    talking.start(turn, handbook_visits.FLOW, handbook_visits.by_tag(turn, tag))
    return True


def _about_news(turn: Turn, text: str, conversation: Conversation | None) -> bool:
    """A language by its name, 「支援のお知らせをやめる」; or, where no question waits, a few words like 「いらない」."""
    waits = conversation is not None and not talking.rested(turn, conversation)
    known = news.language_typed(turn, text) or kept_results.typed(turn, text)
    return known or (not waits and news.typed(turn, text))


def _sure(turn: Turn, question: str, yes: bool) -> None:
    """Yes or no to a question that stands on the screen and belongs to no conversation."""
    if question != "leave_shop":
        registered.sure(turn, question, yes)
    elif yes:
        partner.tapped(turn, postback.Tap(partner.FLOW, "", "left", ""))
    else:
        show_menu(turn)


def _begin(turn: Turn, meant: str) -> None:
    """What stands in the menu, said in words."""
    match meant:
        case "mine":
            mine.show(turn)
        case "profile":
            registering.show_profile(turn)
        case "family":
            registering.another_one(turn)
        case "registered":
            registered.show(turn)
        case "tips":
            tips.show(turn)
        case "news":
            news.show(turn)
        case "less":
            news.less(turn)
        case "leave_partner":
            partner.tapped(turn, postback.Tap(partner.FLOW, "", "leave", ""))
        case _:
            talking.start(turn, meant)


def _after_danger(turn: Turn, text: str, conversation: Conversation | None) -> str | None:
    """「来て」「電話した」, for a day after words of danger (the concern flow asks the latter itself)."""
    until = turn.person.danger_until
    if until is None or until < turn.work.now or (conversation and conversation.flow == "concern"):
        return None
    return turn.spoken.crisis_replies.typed_answer(text)


def _command(turn: Turn, text: str) -> str | None:
    """The command that these words are, from content/texts/ja/talk.yaml: back, quit, restart or menu."""
    return _meant(turn, text, "talk.words")


def _meant(turn: Turn, text: str, under: str) -> str | None:
    """Which of the word lists under this key has exactly these words, politely said or not.

    Japanese words are understood whatever language somebody reads; those on the buttons are Japanese in many flows.
    """
    japanese = turn.services.content.texts
    found = meant_by(text, japanese.under(under), japanese.get("talk.polite"))
    if turn.spoken.texts is not japanese:
        own = turn.spoken.texts
        found = meant_by(text, own.under(under), own.get("talk.polite")) or found
    return found


def _own_words(turn: Turn, text: str) -> bool:
    """Whether these are words that we put on a button or ask for: nobody is in danger for saying them."""
    return plain(text) in all_plain(turn.spoken.own_words)


def _answer_danger(turn: Turn, found: crisis.Danger) -> None:
    """Help at once; no news for a day; a row for staff without any words."""
    dangers.happened(turn.work, turn.person, found.code, found.category)
    danger.answer(turn, found)
