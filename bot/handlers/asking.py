"""A question of a flow as messages: its words, its answers as buttons, and the ways out at every step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot import postback
from bot.content.languages import JAPANESE
from bot.flows import FLOWS
from bot.flows.engine import Asking, still_to_come
from bot.flows.talk import DONE, Many, Question
from bot.handlers.turn import Turn
from bot.messages import Button, Call, Choices, Message, Open, Tap, Text
from bot.wording import words_of
from storage.conversations import Conversation

ENOUGH_AFTER = 3  # questions, before 「ここまでの結果を見る」 is worth offering


def ask(turn: Turn, conversation: Conversation, asking: Asking, answers: Mapping[str, Any]) -> None:
    """Say the question with its buttons; the quick replies lead back and out."""
    question, flow = asking.question, conversation.flow
    words = words_of(question, flow, turn.content.texts)
    picks = _picks(question, answers)

    def tap(label: str, answer: str) -> Tap:
        return Tap(label, postback.Tap(flow, question.key, answer, conversation.id).data())

    options = [tap(label, key) for key, label in words.options.items() if key not in picks]
    done = tap(words.quiet[DONE], DONE) if picks else None
    quiet: list[Button] = [tap(label, key) for key, label in words.quiet.items() if key != DONE and not picks]
    if question.on_web:
        quiet.append(_on_the_web(turn))
    message: Message
    if options or quiet or done:
        message = Choices(
            words.text,
            tuple(options),
            hint=words.hint,
            picked=_picked(turn, [words.options[key] for key in picks]),
            first=help_buttons(turn, question.call),
            done=done,
            last=tuple(quiet),
            progress=_progress(turn, asking, answers) if flow == "handbook" else None,
        )
    else:
        message = Text(f"{words.text}\n\n{words.hint}" if words.hint else words.text)
    turn.messages.append(message)
    turn.quick = navigation(turn, conversation, asking)


def _progress(turn: Turn, asking: Asking, answers: Mapping[str, Any]) -> str | None:
    """Which question this is, and about how many follow; nothing where the way parts."""
    left = still_to_come(FLOWS["handbook"].function, turn.context(), answers)
    if left is None:
        return None
    said = "handbook.progress" if left else "handbook.progress.nearly"
    return turn.content.texts.get(said, number=str(len(asking.asked) + 1), left=str(left))


def _on_the_web(turn: Turn) -> Open:
    """The handbook from its beginning, in the same language (bot/web/language.py): not one answer goes along."""
    content = turn.content
    asked = "" if content.spoken == JAPANESE else f"?lang={content.spoken}"
    return Open(content.texts.get("handbook.on_web"), f"{turn.services.settings.public_url}/handbook{asked}")


def _picked(turn: Turn, labels: list[str]) -> str | None:
    return turn.content.texts.get("talk.picked", labels="、".join(labels)) if labels else None


def _picks(question: Question, answers: Mapping[str, Any]) -> list[str]:
    if not isinstance(question, Many):
        return []
    keys = {option.key for option in question.options}
    return [key for key in (answers.get(question.key) or {}).get("picks", []) if key in keys]


def help_buttons(turn: Turn, hotlines: tuple[str, ...], *, as_page: bool = False) -> tuple[Button, ...]:
    """Buttons that dial these hotlines, or open their pages."""
    buttons: list[Button] = []
    for key in hotlines:
        line = turn.spoken.hotlines[key]
        if line.tel and not as_page:
            buttons.append(Call(line.short_name, line.tel))
        elif line.url:
            buttons.append(Open(line.short_name, line.url))
    return tuple(buttons)


def navigation(turn: Turn, conversation: Conversation, asking: Asking) -> tuple[Tap, ...]:
    """Back, stop, and for the handbook: what is known so far."""
    names = [postback.QUIT]
    if asking.asked:
        names.insert(0, postback.BACK)
    if (
        conversation.flow == "handbook"
        and len(asking.asked) >= ENOUGH_AFTER
        and (isinstance(asking.question, Many) or getattr(asking.question, "skippable", False))
    ):
        names.insert(1, postback.ENOUGH)
    return tuple(
        Tap(
            turn.content.texts.get(f"talk.{name}"),
            postback.Tap(conversation.flow, "", name, conversation.id).data(),
        )
        for name in names
    )
