"""After words of danger: the buttons under the answer, and what happens when one of them is tapped."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from bot import postback
from bot.crisis import Danger, Who
from bot.crisis_reply import Button as ReplyButton
from bot.crisis_reply import reply_for
from bot.desk import dangers
from bot.handlers import talking
from bot.handlers.asking import help_buttons
from bot.handlers.menu import show_menu
from bot.handlers.turn import Turn
from bot.messages import Button, Call, Card, Cards, Open, Tap, Text
from storage import audit
from storage import dangers as rows

FLOW = "danger"
HELP = "help"  # 「いますぐ話したい」 in the rich menu
ABOUT_SELF = "self"
FLOW_OF = {"windows": "whom_to_ask"}  # what content/crisis/replies.yaml calls a flow


def answer(turn: Turn, danger: Danger) -> None:
    """Fixed words and lines that are open now, and 「つづける」 where a conversation is open."""
    reply = reply_for(danger, turn.spoken.crisis_replies, turn.spoken.hotlines, turn.now)
    turn.messages += [Text(text) for text in reply.messages]
    way_back = talking.way_back(turn)
    turn.messages.append(_card(turn, [_button(button, danger.who, way_back) for button in reply.buttons]))
    turn.must_arrive = True
    turn.quick = way_back


def _button(button: ReplyButton, who: Who, way_back: tuple[Tap, ...]) -> Button:
    match button.kind:
        case "call":
            return Call(button.label, button.value)
        case "open":
            return Open(button.label, button.value)
        case "start":
            flow = FLOW_OF.get(button.value, button.value)
            in_it = [tap.data for tap in way_back if tap.data.startswith(f"v1;{flow};")]
            return Tap(button.label, in_it[0] if in_it else postback.start(flow))  # nobody begins it anew
        case "say":
            about = ABOUT_SELF if who is Who.SELF else ""
            return Tap(button.label, postback.Tap(FLOW, about, button.value, "").data())


def _card(turn: Turn, buttons: Sequence[Button]) -> Cards:
    texts = turn.spoken.texts
    return Cards(
        texts.get("danger.alt"), (Card(texts.get("danger.title"), buttons=tuple(buttons), urgent=True),)
    )


def _for_staff(turn: Turn, deed: str) -> None:
    """Whoever looks after them sees what they tapped; a wish for somebody of the town tells people again."""
    wish: Literal["come", "read"] | None = "come" if deed == "come" else "read" if deed == "read" else None
    found = dangers.wished(turn.work, turn.person, wish) if wish else rows.open_of(turn.work, turn.person.id)
    kind, subject = ("danger", found.id) if found else ("person", turn.person.id)
    audit.note(turn.work, "person", f"danger.{deed}", kind, subject, turn.event.channel)


def said(turn: Turn, deed: str, about: str = "") -> None:
    """「来て」「電話した」「だいじょうぶ」: a fixed answer for each, and what it sets going."""
    answers = turn.spoken.crisis_replies.answers
    if deed == HELP:
        turn.say("danger.help")
        turn.messages.append(_card(turn, help_buttons(turn, turn.content.handbook.talk_now)))
        turn.must_arrive = True
        turn.quick = talking.way_back(turn) or (
            Tap(turn.spoken.texts.get("talk.menu"), postback.start("menu")),
        )
        return  # nothing below it: the numbers must stay in sight
    if deed in answers:
        turn.messages.append(Text(answers[deed]))
    else:
        turn.say("talk.finished_already")
        show_menu(turn)
        return
    turn.must_arrive = True
    _for_staff(turn, deed)
    if deed == "called" and about != ABOUT_SELF:
        talking.start(turn, "concern", {"danger": "now", "call": "called"})
        return
    show_menu(turn)
    turn.quick = talking.way_back(turn)
