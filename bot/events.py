"""What can reach us, as frozen values. bot/line/ makes them from LINE's JSON, which nothing else knows."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

_EPOCH = dt.datetime.fromtimestamp(0, dt.UTC)


@dataclass(frozen=True, kw_only=True)
class Event:
    """Common to all: `id` is LINE's webhookEventId, `at` LINE's timestamp, `line_id` the sender if known."""

    id: str
    channel: str
    at: dt.datetime
    line_id: str
    reply_token: str | None = None
    active: bool = True  # False in standby: another module talks to the person, so we say nothing
    redelivered: bool = False

    @property
    def at_ms(self) -> int:
        return (self.at - _EPOCH) // dt.timedelta(milliseconds=1)


@dataclass(frozen=True, kw_only=True)
class TextSent(Event):
    """Typed words. They are understood and forgotten; `message_id` lets an unsend find what came of them."""

    text: str
    message_id: str


@dataclass(frozen=True, kw_only=True)
class OtherSent(Event):
    """A sticker, picture, voice, place or file; `kind` is LINE's message type."""

    kind: str
    message_id: str


@dataclass(frozen=True, kw_only=True)
class ButtonTapped(Event):
    """A postback with the data of our button."""

    data: str


@dataclass(frozen=True, kw_only=True)
class Followed(Event):
    """Added as a friend, or unblocked."""

    unblocked: bool = False


@dataclass(frozen=True, kw_only=True)
class Unfollowed(Event):
    """Blocked us."""


@dataclass(frozen=True, kw_only=True)
class Unsent(Event):
    """Took a message back; what we kept of it must go."""

    message_id: str


Known = TextSent | OtherSent | ButtonTapped | Followed | Unfollowed | Unsent
