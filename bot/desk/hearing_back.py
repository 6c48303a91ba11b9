"""What the person who reported hears: a fixed vocabulary, a number, and never a word about the case."""

from __future__ import annotations

from typing import Literal

from bot import postback
from bot.content.library import Content
from bot.line.render import to_line
from bot.messages import Choices, Message, Saying, Tap
from bot.night import not_at_night
from storage import outbox, people
from storage.concerns import Concern
from storage.work import Work

Word = Literal["read", "in_touch", "no_more", "thanks", "question", "follow_up"]

FLOW = "mine"  # bot/handlers/mine.py does what these buttons say
ANSWERS = ("better", "little_better", "same", "worse", "unknown")


def tell(work: Work, content: Content, concern: Concern, word: Word) -> None:
    """Put the message into the outbox; nothing where nobody on LINE reported it, or they blocked us."""
    if concern.person_id is None:
        return
    person = people.get(work, concern.person_id)
    if person is None or not person.friend:
        return
    saying = Saying((_message(content, concern, word),))
    body = {"messages": to_line(saying)}
    awake = not_at_night(work.now)
    outbox.put(work, concern.channel, "message", body, person_id=person.id, not_before=awake)


def button(concern: Concern, deed: str, label: str, more: str = "") -> Tap:
    """A button about one concern; `more` is the answer that it gives."""
    return Tap(label, postback.Tap(FLOW, deed, concern.id, more).data())


def follow_up_buttons(content: Content, concern: Concern) -> tuple[Tap, ...]:
    """The five answers to the one question after four weeks."""
    texts = content.texts
    return tuple(
        button(concern, "follow_up", texts.get(f"hearing.answers.{answer}"), answer) for answer in ANSWERS
    )


def _message(content: Content, concern: Concern, word: Word) -> Message:
    texts = content.texts
    words, number = texts.get(f"hearing.{word}"), texts.get("hearing.number", number=concern.number)
    if word == "follow_up":
        return Choices(words, follow_up_buttons(content, concern), hint=number)
    if word == "question":
        return Choices(words, (), hint=number, done=button(concern, "answer", texts.get("hearing.open")))
    mine = Tap(texts.get("hearing.mine"), postback.start(FLOW))
    return Choices(words, (), hint=number, last=(mine,))
