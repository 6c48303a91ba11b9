"""From LINE's raw bytes to our events: checked, then read one by one, so that none harms its neighbours.

The SDK's own parser refuses a whole batch for one odd event and forgets who sent an unknown one; so we read
the JSON ourselves. Nothing here trusts a type, a length or a key.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bot.events import ButtonTapped, Followed, Known, OtherSent, TextSent, Unfollowed, Unsent

MOST_EVENTS = 1_000  # LINE names no number; more in one body is no webhook but an attack
LONGEST_TEXT = 10_000  # characters; what goes on after that is not looked at
LONGEST_DIGITS = 100
LARGEST_TIMESTAMP = 2**53  # milliseconds; beyond it a JSON number is no longer exact
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_USER_ID = re.compile(r"U[0-9a-f]{32}")
_EVENT_ID = re.compile(r"[0-9A-Za-z_-]{1,64}")
_TOKEN = re.compile(r"[!-~]{1,256}")
_MESSAGE_ID = re.compile(r"[!-~]{1,64}")
_WORD = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_NOT_TEXT = re.compile(r"[\x00\ud800-\udfff]")
_NAMES_A_FORM = ("type", "mode", "webhookEventId")  # what is kept of a broken event, beside its form
_DUMMY_TOKENS = ("0" * 32, "f" * 32)  # sent by old consoles for "Verify"
_DUMMY_USER = "Udeadbeefdeadbeefdeadbeefdeadbeef"


class Malformed(ValueError):
    """This body is no webhook of LINE's."""


@dataclass(frozen=True)
class Ignored:
    """An event that is none of ours; `kind` is its type as far as it is harmless to name."""

    kind: str
    reason: str


@dataclass(frozen=True)
class Broken:
    """An event of a kind that we handle, but not of the right form. `raw` (ASCII JSON, its form only) goes to
    quarantine."""

    event_id: str | None
    kind: str
    error: str
    raw: str


@dataclass(frozen=True)
class Batch:
    """One webhook: for whom it is, and its events in the order of the body."""

    destination: str | None
    items: tuple[Known | Ignored | Broken, ...]


class _Wrong(Exception):
    """A property is missing or has the wrong form."""


class _NotOurs(Exception):
    """Nothing to do for this event."""


def signature_is_right(secret: str, body: bytes, header: str | None) -> bool:
    """Whether LINE signed exactly these bytes: Base64(HMAC-SHA256), compared as bytes in constant time."""
    expected = base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest())
    return hmac.compare_digest(expected, (header or "").encode("utf-8", "surrogatepass"))


def read_body(body: bytes, channel: str, not_before: dt.datetime = _EPOCH) -> Batch:
    """The events of a webhook whose signature was right; older ones than `not_before` are ignored.

    Raises Malformed when the body is no webhook at all.
    """
    top = _safe_json(body)
    if not isinstance(top, dict) or not isinstance(top.get("events"), list):
        raise Malformed("not an object with a list of events")
    if len(top["events"]) > MOST_EVENTS:
        raise Malformed("too many events")
    destination = top.get("destination")
    known_destination = isinstance(destination, str) and _USER_ID.fullmatch(destination)
    items = tuple(_read_one(each, channel, not_before) for each in top["events"])
    return Batch(destination if known_destination else None, items)


def _safe_json(body: bytes) -> Any:
    try:
        return json.loads(
            body.decode("utf-8"),
            parse_constant=_refuse,
            parse_int=_whole,
            parse_float=_finite,
            object_pairs_hook=_without_duplicates,
        )
    except (ValueError, RecursionError) as error:
        raise Malformed(type(error).__name__) from None


def _refuse(_word: str) -> None:
    raise Malformed("NaN and Infinity are no JSON")


def _whole(digits: str) -> int:
    if len(digits) > LONGEST_DIGITS:
        raise Malformed("a number without end")
    return int(digits)


def _finite(digits: str) -> float:
    number = float(digits)
    if number in (float("inf"), float("-inf")):
        raise Malformed("a number without end")
    return number


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Malformed("one key twice")
    return found


def _read_one(raw: object, channel: str, not_before: dt.datetime) -> Known | Ignored | Broken:
    kind, event_id = "unknown", None
    try:
        event = _object(raw, "event")
        kind = _word(event.get("type"))
        if (build := _BUILDERS.get(kind)) is None:
            return Ignored(kind, "unknown kind")
        sender = _sender(event)
        event_id = _matching(_EVENT_ID, event.get("webhookEventId"), "webhookEventId")
        common = _common(event, event_id, channel, sender, not_before)
        return build(event, common)
    except _NotOurs as reason:
        return Ignored(kind, str(reason))
    except Exception as error:  # one odd event must never take its neighbours with it
        why = str(error) if isinstance(error, _Wrong) else type(error).__name__
        return Broken(event_id, kind, why, _kept(raw))


def _sender(event: Mapping[str, Any]) -> str:
    source = event.get("source")
    user = source.get("userId") if isinstance(source, dict) else None
    if user == _DUMMY_USER or event.get("replyToken") in _DUMMY_TOKENS:
        raise _NotOurs("verification")
    if not isinstance(source, dict) or user is None:
        raise _NotOurs("no sender")
    if source.get("type") in ("group", "room"):
        raise _NotOurs("group")
    if not isinstance(user, str) or not _USER_ID.fullmatch(user):
        raise _NotOurs("no user id")
    return user


def _common(
    event: Mapping[str, Any], event_id: str, channel: str, sender: str, not_before: dt.datetime
) -> dict[str, Any]:
    stamp = event.get("timestamp")
    if not isinstance(stamp, int) or isinstance(stamp, bool) or not 0 <= stamp < LARGEST_TIMESTAMP:
        raise _Wrong("timestamp")
    try:
        at = _EPOCH + dt.timedelta(milliseconds=stamp)
    except OverflowError:
        raise _Wrong("timestamp") from None
    if at < not_before:
        raise _NotOurs("too old")
    token = event.get("replyToken")
    delivery = event.get("deliveryContext")
    return {
        "id": event_id,
        "channel": channel,
        "at": at,
        "line_id": sender,
        "reply_token": token if isinstance(token, str) and _TOKEN.fullmatch(token) else None,
        "active": event.get("mode") != "standby",
        "redelivered": isinstance(delivery, dict) and delivery.get("isRedelivery") is True,
    }


def _message(event: Mapping[str, Any], common: dict[str, Any]) -> Known:
    message = _object(event.get("message"), "message")
    kind = message.get("type")
    if not isinstance(kind, str):
        raise _Wrong("message.type")
    message_id = _matching(_MESSAGE_ID, message.get("id"), "message.id")
    if kind == "text":
        return TextSent(**common, text=_text(message.get("text"), "message.text"), message_id=message_id)
    return OtherSent(**common, kind=_word(kind), message_id=message_id)


def _postback(event: Mapping[str, Any], common: dict[str, Any]) -> Known:
    postback = _object(event.get("postback"), "postback")
    return ButtonTapped(**common, data=_text(postback.get("data"), "postback.data"))


def _follow(event: Mapping[str, Any], common: dict[str, Any]) -> Known:
    follow = event.get("follow")
    return Followed(**common, unblocked=isinstance(follow, dict) and follow.get("isUnblocked") is True)


def _unfollow(_event: Mapping[str, Any], common: dict[str, Any]) -> Known:
    return Unfollowed(**common)


def _unsend(event: Mapping[str, Any], common: dict[str, Any]) -> Known:
    unsend = _object(event.get("unsend"), "unsend")
    return Unsent(**common, message_id=_matching(_MESSAGE_ID, unsend.get("messageId"), "unsend.messageId"))


_BUILDERS: dict[str, Callable[[Mapping[str, Any], dict[str, Any]], Known]] = {
    "message": _message,
    "postback": _postback,
    "follow": _follow,
    "unfollow": _unfollow,
    "unsend": _unsend,
}


def _object(value: object, name: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _Wrong(name)
    return value


def _text(value: object, name: str) -> str:
    if not isinstance(value, str):
        raise _Wrong(name)
    return _NOT_TEXT.sub("\ufffd", value[:LONGEST_TEXT])


def _matching(pattern: re.Pattern[str], value: object, name: str) -> str:
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise _Wrong(name)
    return value


def _word(value: object) -> str:
    return value if isinstance(value, str) and _WORD.fullmatch(value) else "unknown"


def _kept(raw: object) -> str:
    """Its form, without one typed word: those are not kept, not even sealed, and nobody could take them back."""
    try:
        return json.dumps(_form(raw))[:20_000]
    except (RecursionError, ValueError):
        return ""


def _form(value: object, name: str = "") -> object:
    match value:
        case dict():
            return {_word(key): _form(each, key) for key, each in value.items()}
        case list():
            return [_form(each) for each in value]
        case str():
            return _word(value) if name in _NAMES_A_FORM else f"<{len(value)} letters>"
        case int() | float() if name != "timestamp" and not isinstance(value, bool):
            return "<number>"
        case _:
            return value
