"""修了証 in the chat: the badge as a picture, and a link to certificate and card, which bear a name."""

from __future__ import annotations

from bot import postback
from bot.handlers.menu import show_menu
from bot.handlers.one_time import one_time_url
from bot.handlers.turn import Turn
from bot.messages import Card, Cards, Open, Picture, Tap
from bot.programme import certificates as issuing
from bot.programme.certificates import NoCertificate
from storage import supporters

FLOW = "papers"
SEND = "send"
PURPOSE = "papers"  # what a link is for: bot/web/papers.py answers it


def tapped(turn: Turn, tap: postback.Tap) -> None:
    """「修了証を受け取る」 under an entry of this phone; one of somebody else shows the menu."""
    mine = {one.id for one in supporters.of_person(turn.work, turn.person.id)}
    if tap.conversation in mine:
        send(turn, tap.conversation)
    else:
        turn.say("talk.finished_already")
        show_menu(turn)


def button(turn: Turn, supporter_id: str) -> Tap:
    """The button that sends them."""
    return Tap(turn.content.texts.get("papers.send.open"), postback.Tap(FLOW, "", SEND, supporter_id).data())


def send(turn: Turn, supporter_id: str) -> None:
    """The badge, and a fresh link; a kind word where there is no certificate yet."""
    texts, supporter = turn.content.texts, supporters.locked(turn.work, supporter_id)
    try:
        made = issuing.issue(turn.work, turn.content, supporter)
    except NoCertificate as no:
        turn.say(f"papers.send.{no.why}")
        turn.quick = (Tap(texts.get("talk.menu"), postback.start("menu")),)
        return
    base = turn.services.settings.public_url
    badge = f"{base}/v/{made.token}/badge.png"
    shown = base.startswith("https://")  # LINE fetches pictures from nowhere else
    if shown:
        turn.messages.append(Picture(badge, f"{badge}?preview=1"))
    button = Open(texts.get("papers.send.open"), one_time_url(turn, "p", PURPOSE, supporter.id))
    card = Card(
        texts.get("papers.send.title"),
        (texts.get("papers.send.lead" if shown else "papers.send.lead_only"),),
        note=texts.get("papers.send.note"),
        buttons=(button,),
    )
    turn.messages.append(Cards(texts.get("papers.send.alt"), (card,)))
    turn.quick = (Tap(texts.get("talk.menu"), postback.start("menu")),)
