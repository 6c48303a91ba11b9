"""Reply, push, multicast, narrowcast, broadcast: LINE's rules from the accepted body to the phones."""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from simulator import limits
from simulator.answers import FAILED_TO_SEND, INVALID_REPLY_TOKEN, KEY_ACCEPTED, Answer, Refused, say
from simulator.line_check import is_user_id, unseen, wrong_recipient
from simulator.platform import Accepted, Channel, Platform

Json = dict[str, Any]
_UUID = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
WITH_RETRY_KEY = frozenset({"push", "multicast", "narrowcast", "broadcast"})


@dataclass(frozen=True)
class Call:
    """One authenticated call of LINE's API, its body read and found right."""

    endpoint: str
    channel: Channel
    request_id: str
    raw: bytes = b""
    body: Any = None
    retry_key: str | None = None


def check_retry_key(platform: Platform, call: Call) -> None:
    """Raises Refused (400) where a key may not be, or is none."""
    if call.retry_key is None:
        return
    if call.endpoint not in WITH_RETRY_KEY:
        platform.violation(call.channel, "retry_key_not_allowed", call.endpoint, call.request_id)
        raise Refused(400, say("X-Line-Retry-Key is not allowed for this endpoint"))
    if not _UUID.fullmatch(call.retry_key):
        platform.violation(call.channel, "retry_key_malformed", call.endpoint, call.request_id)
        raise Refused(400, say("The retry key is invalid: it must be a UUID in hexadecimal format"))


def reply(platform: Platform, call: Call) -> Answer:
    with platform.lock:
        token = call.channel.reply_tokens.get(call.body["replyToken"])
        if token is not None and token.used:
            platform.violation(call.channel, "reply_token_reused", "reply", call.request_id)
        if token is None or token.used or _age(token.issued) > platform.settings.reply_token_seconds:
            raise Refused(400, INVALID_REPLY_TOKEN)
        token.used = True
        users = [token.user_id] if token.user_id else []
        reached = [user for user in users if _can_be_answered(platform, call.channel, user)]
        sent = _show(platform, call, reached) or _sent_unseen(platform, call)
        return Answer(200, {"sentMessages": sent}, delivered=len(reached))


def push(platform: Platform, call: Call) -> Answer:
    user = call.body["to"]
    if not is_user_id(user):
        raise Refused(400, wrong_recipient(None))

    def send() -> Answer:
        if user not in platform.people:
            platform.violation(call.channel, "unknown_recipient", user, call.request_id)
            raise Refused(400, FAILED_TO_SEND)
        reached = _reached(platform, call, [user])
        sent = _show(platform, call, reached) or _sent_unseen(platform, call)
        return Answer(200, {"sentMessages": sent}, delivered=len(reached))

    return _once(platform, call, send)


def multicast(platform: Platform, call: Call) -> Answer:
    users = call.body["to"]
    for i, user in enumerate(users):
        if not is_user_id(user):
            raise Refused(400, wrong_recipient(i))
    if len(set(users)) != len(users):
        first = next(i for i, user in enumerate(users) if user in users[:i])
        raise Refused(400, wrong_recipient(first))

    def send() -> Answer:
        if platform.settings.multicast_unknown_refused and not platform.people.keys() >= set(users):
            raise Refused(400, FAILED_TO_SEND)
        return Answer(200, delivered=_send_to(platform, call, users))

    return _once(platform, call, send)


def broadcast(platform: Platform, call: Call) -> Answer:
    def send() -> Answer:
        return Answer(200, delivered=_send_to(platform, call, platform.friends(call.channel)))

    return _once(platform, call, send)


def narrowcast(platform: Platform, call: Call) -> Answer:
    """To all friends, at most `limit.max` of them; nobody has uploaded audiences to this stand-in."""

    def send() -> Answer:
        users = platform.friends(call.channel)
        if call.body.get("recipient"):
            raise Refused(400, say("The audience or request of the recipient does not exist"))
        if call.body.get("filter") and len(users) < limits.NARROWCAST_FILTER_REACH:
            raise Refused(403, say("The target reach is too small for an attribute filter"))
        most = call.body.get("limit", {}).get("max", len(users))
        return Answer(202, delivered=_send_to(platform, call, users[:most]))

    return _once(platform, call, send)


def _once(platform: Platform, call: Call, send: Callable[[], Answer]) -> Answer:
    """Sends, unless the retry key was accepted in the last 24 hours."""
    with platform.lock:
        if call.retry_key is None:
            return send()
        key = (call.endpoint, call.retry_key.lower())
        fingerprint = hashlib.sha256(call.raw).hexdigest()
        before = call.channel.retry_keys.get(key)
        if before is not None and _age(before.at) < platform.settings.retry_key_seconds:
            if before.fingerprint != fingerprint:
                platform.violation(call.channel, "retry_key_other_body", call.endpoint, call.request_id)
            headers = {"x-line-accepted-request-id": before.request_id}
            raise Refused(409, {"message": KEY_ACCEPTED, **before.body}, headers)
        answer = send()
        call.channel.retry_keys[key] = Accepted(time.time(), call.request_id, fingerprint, answer.body)
        return answer


def _age(since: float) -> float:
    return time.time() - since


def _can_be_answered(platform: Platform, channel: Channel, user: str) -> bool:
    return user in platform.people and not channel.friendship(user).blocked


def _reached(platform: Platform, call: Call, users: Iterable[str]) -> list[str]:
    """Those to whom the messages will be shown; they count for the quota."""
    reached = [user for user in users if platform.is_reachable(call.channel, user)]
    platform.spend(call.channel, len(reached))
    return reached


def _send_to(platform: Platform, call: Call, users: Iterable[str]) -> int:
    reached = _reached(platform, call, users)
    _show(platform, call, reached)
    return len(reached)


def _show(platform: Platform, call: Call, users: Iterable[str]) -> list[Json]:
    """Shows the messages to each person; returns `sentMessages` as the last one got them."""
    raw = {"endpoint": call.endpoint, "requestId": call.request_id, "status": 200, "via": call.endpoint}
    messages = call.body["messages"]
    notes = unseen(messages)
    sent: list[Json] = []
    for user in users:
        sent = [
            platform.show(call.channel, user, message, raw, list(note))
            for message, note in zip(messages, notes, strict=True)
        ]
    return sent


def _sent_unseen(platform: Platform, call: Call) -> list[Json]:
    """Ids for messages that nobody will see: LINE does not say that it was blocked."""
    return [{"id": platform.next_message_id()} for _ in call.body["messages"]]
