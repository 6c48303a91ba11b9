"""Conversations: from an answer to the next question, or to the effects. The engine replays; this keeps."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from bot import postback
from bot.flows import FLOWS
from bot.flows.engine import Answers, Asking, Finished, back, on_path, play, skip_rest
from bot.flows.talk import (
    Given,
    NotAnAnswer,
    Question,
    Tapped,
    Typed,
    Words,
    says_yes,
    understand,
)
from bot.handlers import effects, handbook_visits
from bot.handlers.asking import ask
from bot.handlers.menu import show_menu
from bot.handlers.turn import Turn
from bot.messages import Choices, Tap
from bot.programme import joining
from bot.wording import in_japanese, labels_of
from storage import attempts, conversations
from storage.conversations import Conversation

RESTED = dt.timedelta(days=3)
GUESSES, GUESSES_WITHIN = 5, dt.timedelta(hours=1)
STORY = 15  # characters: who writes so much tells something, and is not just looking for a button
SAID = "_said"  # which message a typed answer came from, so that an unsend can take it back


def start(turn: Turn, flow: str, answers: Answers | None = None) -> None:
    """Begin a flow, leaving whatever was open."""
    turn.about = flow
    conversation = conversations.start(turn.work, turn.event.channel, turn.person.id, flow)
    first = play(FLOWS[flow].function, turn.context(), {})
    if isinstance(first, Asking) and _guessed_too_often(turn, first.question):
        _no_more_guesses(turn, conversation)
        return
    go_on(turn, conversation, dict(answers or {}))


def go_on(
    turn: Turn, conversation: Conversation, answers: Mapping[str, Any], *, enough: bool = False
) -> None:
    """Replay the answers; ask what comes next, or do what the flow decided. `enough`: the rest was left out."""
    flow = FLOWS[conversation.flow]
    turn.about = flow.name
    now = play(flow.function, turn.context(), answers)
    answers = handbook_visits.walked(turn, flow.name, now, answers, enough=enough)
    if isinstance(now, Finished):
        conversations.finish(turn.work, conversation, answers=answers if flow.name == "handbook" else None)
        effects.perform(turn, now.effects, conversation.id)
        return
    if now.refused:
        answers = {key: value for key, value in answers.items() if key != now.question.key}
        if now.refused.a_guess:
            _count_guess(turn, now.question)
        if _guessed_too_often(turn, now.question):
            _no_more_guesses(turn, conversation)
            return
        turn.say(now.refused.text_key, **now.refused.params)
    conversations.keep(turn.work, conversation, answers)
    ask(turn, conversation, now, answers)


def _count_guess(turn: Turn, question: Question) -> None:
    if isinstance(question, Words) and question.guess:
        count_guess(turn, question.guess)


def count_guess(turn: Turn, what: str) -> None:
    """One more wrong one of this person; where all together try too many, somebody is alarmed."""
    attempts.count(turn.work, turn.event.channel, turn.person.id, what, within=GUESSES_WITHIN)
    if what == joining.GUESS:
        joining.watch_guessing(turn.work, turn.event.channel)


def _guessed_too_often(turn: Turn, question: Question) -> bool:
    """Then nothing is tried any more for a while, not even what would be right."""
    return (
        isinstance(question, Words) and question.guess is not None and guessed_too_often(turn, question.guess)
    )


def guessed_too_often(turn: Turn, what: str) -> bool:
    """Whether this person has tried too many wrong ones lately."""
    made = attempts.so_far(turn.work, turn.event.channel, turn.person.id, what, within=GUESSES_WITHIN)
    return made >= GUESSES


def _no_more_guesses(turn: Turn, conversation: Conversation) -> None:
    conversations.finish(turn.work, conversation, "left")
    turn.say("talk.too_many_guesses")
    show_menu(turn)


def tapped(turn: Turn, tap: postback.Tap) -> None:
    """A button of a conversation: an answer (perhaps to an earlier question), or a command."""
    conversation = turn.conversation
    if conversation is None or conversation.id != tap.conversation or conversation.flow != tap.flow:
        turn.say("talk.finished_already")
        show_menu(turn)
        return
    if rested(turn, conversation) and tap.answer not in (postback.RESUME, postback.RESTART, postback.QUIT):
        offer_to_resume(turn, conversation)
        return
    if tap.question:
        answer(turn, conversation, Tapped(tap.answer), question=tap.question)
    else:
        command(turn, conversation, tap.answer)


def command(turn: Turn, conversation: Conversation, name: str) -> None:
    """What can be done at every question: one step back, stop, start again, go on after a rest."""
    flow = FLOWS[conversation.flow]
    turn.about = flow.name
    match name:
        case postback.BACK:
            go_on(turn, conversation, back(flow.function, turn.context(), conversation.answers))
        case postback.QUIT:
            conversations.finish(turn.work, conversation, "left")
            turn.say("talk.stopped")
            show_menu(turn)
        case postback.RESTART:
            start(turn, flow.name, handbook_visits.carried(conversation.answers))
        case postback.ENOUGH:
            known = skip_rest(flow.function, turn.context(), conversation.answers)
            go_on(turn, conversation, known, enough=True)
        case _:
            go_on(turn, conversation, conversation.answers)


def answer(
    turn: Turn,
    conversation: Conversation,
    given: Given,
    *,
    question: str | None = None,
    message_id: str | None = None,
) -> None:
    """Understand an answer to `question` (the present one, if not named) and go on from there."""
    flow = FLOWS[conversation.flow]
    turn.about = flow.name
    ctx, answers = turn.context(), dict(conversation.answers)
    now = play(flow.function, ctx, answers)
    asked = on_path(flow.function, ctx, answers, question) if question else getattr(now, "question", None)
    if asked is None:  # a button of a path that was left: ask what is open now
        go_on(turn, conversation, answers)
        return
    labels = labels_of(asked, flow.name, turn.content.texts)
    try:
        meant = in_japanese(given, labels.values(), turn.content)
        answers[asked.key] = understand(asked, meant, labels, answers.get(asked.key))
    except NotAnAnswer as refused:
        told = f"{flow.name}.told"  # where stories are to be expected, there are words that say where they belong
        if isinstance(given, Typed) and len(given.text) >= STORY and turn.content.texts.has(told):
            turn.say(told)
        else:
            turn.say(refused.text_key, **refused.params)
        if isinstance(now, Asking):
            ask(turn, conversation, now, answers)
        return
    if message_id:
        answers[SAID] = {**answers.get(SAID, {}), asked.key: message_id}
    go_on(turn, conversation, answers)


def typed(turn: Turn, conversation: Conversation, text: str, message_id: str) -> None:
    """Words in the middle of a conversation."""
    if rested(turn, conversation):
        if says_yes(text):
            command(turn, conversation, postback.RESUME)
        else:
            offer_to_resume(turn, conversation)
        return
    answer(turn, conversation, Typed(text), message_id=message_id)


def rested(turn: Turn, conversation: Conversation) -> bool:
    return turn.work.now - conversation.updated_at > RESTED


def offer_to_resume(turn: Turn, conversation: Conversation) -> None:
    """After days nobody remembers the question: ask whether to go on."""
    texts = turn.spoken.texts
    taps = tuple(
        Tap(texts.get(f"talk.{name}"), postback.Tap(conversation.flow, "", name, conversation.id).data())
        for name in (postback.RESUME, postback.RESTART, postback.QUIT)
    )
    name = texts.get(f"menu.{conversation.flow}")
    turn.messages.append(Choices(texts.get("talk.rested", flow=name), taps))


def way_back(turn: Turn) -> tuple[Tap, ...]:
    """「つづける」, where a conversation is open beside what was just said."""
    conversation = conversations.open_one(turn.work, turn.person.id)
    if conversation is None:
        return ()
    data = postback.Tap(conversation.flow, "", postback.RESUME, conversation.id).data()
    return (Tap(turn.spoken.texts.get("talk.resume"), data),)


def ask_again(turn: Turn, conversation: Conversation) -> None:
    """Show the open question once more, after something that was no answer."""
    if rested(turn, conversation):
        offer_to_resume(turn, conversation)
        return
    turn.about = conversation.flow
    now = play(FLOWS[conversation.flow].function, turn.context(), conversation.answers)
    if isinstance(now, Asking):
        ask(turn, conversation, now, conversation.answers)
    else:
        show_menu(turn)
