"""Addresses of our own pages that work once: made at the tap, good for half an hour."""

from __future__ import annotations

import datetime as dt

from bot.handlers.turn import Turn
from bot.messages import Card, Cards, Open
from storage import links

LIFE = dt.timedelta(minutes=30)


def one_time_url(turn: Turn, room: str, purpose: str, about: str | None = None) -> str:
    """A fresh address of this person's own in one of our rooms (`d`, `s`, `m` …); the token stands behind the #."""
    link_id, token = links.make(
        turn.work,
        turn.event.channel,
        purpose=purpose,
        about=about,
        person_id=turn.person.id,
        valid_for=LIFE,
    )
    return f"{turn.services.settings.public_url}/{room}/{link_id}#{token}"


def link_card(turn: Turn, words: str, url: str) -> None:
    """A card with the one button that opens this address; its texts stand under `words`."""
    texts = turn.content.texts
    card = Card(
        texts.get(f"{words}.title"),
        (texts.get(f"{words}.lead"),),
        note=texts.get(f"{words}.note"),
        buttons=(Open(texts.get(f"{words}.open"), url),),
    )
    turn.messages.append(Cards(texts.get(f"{words}.alt"), (card,)))
