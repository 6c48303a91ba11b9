"""Says what LINE would say about a body that is to be sent: nothing, or what is wrong and where.

Only what a bot sends is checked so strictly; what LINE sends may grow new properties at any time.
"""

from __future__ import annotations

import json
import re
from typing import Any

from simulator import limits
from simulator.shape_bodies import REQUESTS
from simulator.shape_messages import MESSAGES
from simulator.shapes import Problem, invalid

_USER_ID = re.compile(r"U[0-9a-f]{32}")
_MOST_PROBLEMS = 100


class NotReadable(Exception):
    """The request body could not be read as JSON."""


def is_user_id(text: str) -> bool:
    return _USER_ID.fullmatch(text) is not None


def read_json(raw: bytes) -> object:
    """The JSON value of a request body; raises NotReadable for what is no JSON in UTF-8."""
    try:
        return json.loads(raw.decode("utf-8"), parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise NotReadable from error


def _refuse(word: str) -> None:
    raise ValueError(f"{word} is no JSON")


def check_request(kind: str, body: object) -> list[Problem]:
    """What is wrong in the body of a request; `kind` is a key of shape_bodies.REQUESTS."""
    try:
        found: list[Problem] = []
        for each in REQUESTS[kind].check(body, ""):
            found.append(each)
            if len(found) == _MOST_PROBLEMS:
                break
        return found
    except RecursionError:
        return [invalid("messages")]


def check_messages(messages: object) -> list[Problem]:
    """What is wrong in a list of messages, as the validate endpoints look at it."""
    return check_request("validate", {"messages": messages})


def check_message(message: object) -> list[Problem]:
    """What is wrong in one message; properties are named from the message on (`text`)."""
    try:
        return list(MESSAGES.item.check(message, ""))
    except RecursionError:
        return [invalid("")]


def error_body(problems: list[Problem]) -> dict[str, Any]:
    """LINE's answer to a body with problems."""
    return {"message": f"The request body has {len(problems)} error(s)", "details": problems}


def wrong_recipient(index: int | None) -> dict[str, Any]:
    """LINE's answer to an id that is no id; `index` says which of several."""
    where = "to" if index is None else f"to[{index}]"
    return {"message": f"The property, {where}, in the request body is invalid (line: -, column: -)"}


def unseen(messages: list[dict[str, Any]]) -> list[list[str]]:
    """For each accepted message what the person will not see although LINE says nothing."""
    notes: list[list[str]] = [[] for _ in messages]
    for i, message in enumerate(messages[:-1]):
        if "quickReply" in message:
            notes[i].append("quickReply is only shown on the last message of a call")
    return notes


def outside_of_menu(menu: dict[str, Any]) -> list[str]:
    """Areas of a rich menu that reach beyond its picture; LINE takes them, nobody can tap them."""
    size = menu["size"]
    notes = []
    for i, area in enumerate(menu["areas"]):
        at = area["bounds"]
        if at["x"] + at["width"] > size["width"] or at["y"] + at["height"] > size["height"]:
            notes.append(f"areas[{i}].bounds reaches beyond the size of the menu")
    return notes


__all__ = [
    "NotReadable",
    "Problem",
    "check_message",
    "check_messages",
    "check_request",
    "error_body",
    "is_user_id",
    "limits",
    "outside_of_menu",
    "read_json",
    "unseen",
    "wrong_recipient",
]
