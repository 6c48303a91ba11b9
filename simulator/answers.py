"""What LINE's API says back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]


def say(message: str) -> Json:
    return {"message": message}


UNAUTHORIZED = say(
    "Authentication failed. Confirm that the access token in the authorization header is valid."
)
NOT_FOUND = say("Not found")
RATE_LIMIT = say("The API rate limit has been exceeded. Try again later.")
MONTHLY_LIMIT = say("You have reached your monthly limit.")
INVALID_REPLY_TOKEN = say("Invalid reply token")
FAILED_TO_SEND = say("Failed to send messages")
KEY_ACCEPTED = "The retry key is already accepted"
NOT_JSON = say("The request body could not be parsed as JSON")


@dataclass(frozen=True)
class Answer:
    """A status with a JSON body, or with bytes of another type."""

    status: int = 200
    body: Json = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    content: tuple[str, bytes] | None = None  # content type, bytes
    delivered: int | None = None  # to how many people, for the log
    notes: tuple[str, ...] = ()  # what is wrong although LINE says nothing


class Refused(Exception):
    """LINE does not do what it was asked."""

    def __init__(self, status: int, body: Json, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status, body)
        self.answer = Answer(status, body, headers or {})
