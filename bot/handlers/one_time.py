"""Addresses of our own form that work once: made at the tap, good for half an hour."""

from __future__ import annotations

import datetime as dt

from bot.handlers.turn import Turn
from storage import links
from storage.concerns import Concern

LIFE = dt.timedelta(minutes=30)


def one_time_url(turn: Turn, concern: Concern, purpose: str) -> str:
    """A fresh address for this concern (`details` or `answer`); the token stands behind the #."""
    link_id, token = links.make(
        turn.work,
        turn.event.channel,
        purpose=purpose,
        about=concern.id,
        person_id=turn.person.id,
        valid_for=LIFE,
    )
    return f"{turn.services.settings.public_url}/d/{link_id}#{token}"
