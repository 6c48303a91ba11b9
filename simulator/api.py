"""LINE's Messaging API over HTTP: who calls, faults, rate, body, the deed, the log.

Both of LINE's hosts (api and api-data) are one here. `endpoint(...)` makes a route of a function that
turns a Call into an Answer.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, Response, current_app, request

from simulator import limits, sending
from simulator.answers import NOT_FOUND, NOT_JSON, UNAUTHORIZED, Answer, Refused, say
from simulator.chats import Notice
from simulator.faults import Fault
from simulator.line_check import NotReadable, check_request, error_body, is_user_id, read_json
from simulator.platform import Channel, Platform, now_ms
from simulator.sending import Call
from simulator.webhooks import Postman

Json = dict[str, Any]
Deed = Callable[..., Answer]
api = Blueprint("api", __name__)
DROP = "simulator.drop"  # in the WSGI environ: the server cuts the connection instead of answering
_FAULT_BODIES = {429: say("The API rate limit has been exceeded. Try again later."), 401: UNAUTHORIZED}


def platform() -> Platform:
    found = current_app.extensions["platform"]
    assert isinstance(found, Platform)
    return found


def postman() -> Postman:
    found = current_app.extensions["postman"]
    assert isinstance(found, Postman)
    return found


def endpoint(method: str, path: str, name: str, *, body: str | None = None) -> Callable[[Deed], Deed]:
    """Registers a deed; `name` is for faults and rates, `body` the key of the body's check."""

    def register(deed: Deed) -> Deed:
        def view(**where: str) -> Response:
            return _serve(name, body, deed, where)

        api.add_url_rule(path, f"{name} {method}".replace(".", "-"), view, methods=[method])
        return deed

    return register


def _serve(name: str, body: str | None, deed: Deed, where: dict[str, str]) -> Response:
    request_id = str(uuid.uuid4())
    raw = request.get_data()
    channel = _authenticated()
    retry_key = request.headers.get("X-Line-Retry-Key")
    if channel is None:
        answer: Answer = Answer(401, UNAUTHORIZED)
        platform().violation(None, "unauthorized", name, request_id)
        _log(name, None, request_id, raw, retry_key, answer)
        return _response(answer, request_id)
    call = Call(name, channel, request_id, raw, None, retry_key)
    fault = platform().faults.take(channel.bot.id, name)
    if fault and fault.when == "before":
        platform().faults.wait(fault)
        if fault.drop or fault.hang or fault.status:
            return _failed(call, fault, None)
    answer = _answer(call, body, deed, where)
    if fault and fault.when == "after":
        platform().faults.wait(fault)
        return _failed(call, fault, answer)
    _log(name, channel, request_id, raw, retry_key, answer)
    return _response(answer, request_id)


def _authenticated() -> Channel | None:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return platform().channel_of_token(token.strip()) if scheme.lower() == "bearer" else None


def _answer(call: Call, body: str | None, deed: Deed, where: dict[str, str]) -> Answer:
    """Rate, key, body, deed, in LINE's order."""
    try:
        platform().count_call(call.channel, call.endpoint)
        sending.check_retry_key(platform(), call)
        if body is None:
            return deed(call, **where)
        value = _checked(call, body)
        whole = Call(call.endpoint, call.channel, call.request_id, call.raw, value, call.retry_key)
        return deed(whole, **where)
    except Refused as refused:
        return refused.answer


def _checked(call: Call, kind: str) -> Any:
    if len(call.raw) > limits.REQUEST_BODY_BYTES:
        platform().violation(call.channel, "body_too_large", call.endpoint, call.request_id)
        raise Refused(413, say("Request entity too large"))
    if request.mimetype != "application/json":
        platform().violation(call.channel, "not_json", call.endpoint, call.request_id)
        raise Refused(415, say("Unsupported media type"))
    try:
        value = read_json(call.raw)
    except NotReadable as error:
        platform().violation(call.channel, "not_json", call.endpoint, call.request_id)
        raise Refused(400, NOT_JSON) from error
    problems = check_request(kind, value)
    if problems:
        first = f"{problems[0]['property']}: {problems[0]['message']}"
        platform().violation(call.channel, "body", f"{call.endpoint}: {first}", call.request_id)
        raise Refused(400, error_body(problems))
    return value


def _failed(call: Call, fault: Fault, accepted: Answer | None) -> Response:
    """What the caller of a faulty call gets; `accepted` says what LINE did all the same."""
    lost = fault.drop or fault.hang
    if accepted is not None and not lost and fault.status is None:  # only late
        answer = accepted
    else:
        status = fault.status or 0
        default = _FAULT_BODIES.get(status, say("Internal Server Error"))
        answer = Answer(status, fault.body if fault.body is not None else default, fault.headers)
    outcome = f"fault {fault.when}" + (f", LINE did {accepted.status}" if accepted else "")
    _log(call.endpoint, call.channel, call.request_id, call.raw, call.retry_key, answer, outcome)
    if lost:
        request.environ[DROP] = True
        return Response(status=503)
    return _response(answer, call.request_id)


def _response(answer: Answer, request_id: str) -> Response:
    if answer.content:
        kind, content = answer.content
        response = Response(content, answer.status, content_type=kind)
    else:
        text = json.dumps(answer.body, ensure_ascii=False).encode("utf-8", "replace")
        response = Response(text, answer.status, content_type="application/json")
    response.headers["x-line-request-id"] = request_id
    response.headers.update(answer.headers)
    return response


def _log(
    name: str,
    channel: Channel | None,
    request_id: str,
    raw: bytes,
    retry_key: str | None,
    answer: Answer,
    outcome: str | None = None,
) -> None:
    problems = [*answer.notes, *_problems(answer)]
    entry: Json = {
        "at": now_ms(),
        "bot": channel.bot.id if channel else None,
        "method": request.method,
        "path": request.path,
        "endpoint": name,
        "status": answer.status,
        "requestId": request_id,
        "retryKey": retry_key,
        "body": _shown(raw),
        "problems": problems,
        "delivered": answer.delivered,
        "fault": outcome,
    }
    platform().log.append(entry)
    if channel and answer.status >= 400 and answer.status != 409:
        _tell_refusal(channel, entry, answer)


def _problems(answer: Answer) -> list[str]:
    if answer.status < 400:
        return []
    details = answer.body.get("details", [])
    found = [f"{each.get('property', '')}: {each.get('message', '')}" for each in details]
    return found or [str(answer.body.get("message", answer.status))]


def _shown(raw: bytes) -> Any:
    if not raw:
        return None
    try:
        return read_json(raw)
    except NotReadable:
        return f"<{len(raw)} bytes of {request.mimetype or 'unknown type'}>"


def _tell_refusal(channel: Channel, entry: Json, answer: Answer) -> None:
    """Shows a refused message in the chat for which it was meant."""
    body = entry["body"]
    if not isinstance(body, dict) or entry["endpoint"] not in ("reply", "push", "multicast", "loading"):
        return
    meant = body.get("to", body.get("chatId"))
    if entry["endpoint"] == "reply":
        token = channel.reply_tokens.get(str(body.get("replyToken")))
        meant = token.user_id if token else None
    users = meant if isinstance(meant, list) else [meant]
    raw = {
        "endpoint": entry["endpoint"],
        "requestId": entry["requestId"],
        "status": answer.status,
        "via": entry["endpoint"],
        "body": body,
        "answer": answer.body,
    }
    text = f"LINEが受け取りませんでした（{answer.status}）：{'、'.join(entry['problems'])}"
    for user in users[:10]:
        if isinstance(user, str) and user in platform().people:
            platform().tell(channel, user, "refused", text, raw, entry["problems"])


# --- messages ---------------------------------------------------------------------------------------


def _sender(name: str) -> None:
    deed = getattr(sending, name)

    @endpoint("POST", f"/v2/bot/message/{name}", name, body=name)
    def send(call: Call) -> Answer:
        answer = deed(platform(), call)
        assert isinstance(answer, Answer)
        return answer

    @endpoint("POST", f"/v2/bot/message/validate/{name}", f"validate.{name}", body="validate")
    def validate(call: Call) -> Answer:
        return Answer()


for _name in ("reply", "push", "multicast", "narrowcast", "broadcast"):
    _sender(_name)


@endpoint("GET", "/v2/bot/message/quota", "quota")
def quota(call: Call) -> Answer:
    most = call.channel.quota
    return Answer(200, {"type": "none"} if most is None else {"type": "limited", "value": most})


@endpoint("GET", "/v2/bot/message/quota/consumption", "consumption")
def consumption(call: Call) -> Answer:
    return Answer(200, {"totalUsage": call.channel.used})


@endpoint("GET", "/v2/bot/message/<message_id>/content", "content")
def content(call: Call, message_id: str) -> Answer:
    media_id = call.channel.contents.get(message_id, "")
    if media_id not in platform().media:
        return Answer(404, NOT_FOUND)
    return Answer(content=platform().media[media_id])


# --- people -----------------------------------------------------------------------------------------


@endpoint("GET", "/v2/bot/profile/<user_id>", "profile")
def profile(call: Call, user_id: str) -> Answer:
    if not is_user_id(user_id):
        return Answer(400, say("The value for the 'userId' parameter is invalid"))
    with platform().lock:
        stand = call.channel.friendships.get(user_id)
        if user_id not in platform().people or stand is None or not stand.friend or stand.blocked:
            return Answer(404, NOT_FOUND)
        name = platform().people[user_id].name
    return Answer(200, {"userId": user_id, "displayName": name, "language": "ja"})


@endpoint("GET", "/v2/bot/info", "info")
def info(call: Call) -> Answer:
    bot = call.channel.bot
    return Answer(
        200,
        {
            "userId": call.channel.destination,
            "basicId": bot.basic_id,
            "displayName": bot.name,
            "chatMode": "bot",
            "markAsReadMode": "auto",
        },
    )


@endpoint("GET", "/v2/bot/followers/ids", "followers")
def followers(call: Call) -> Answer:
    usual, most = limits.FOLLOWERS_PER_PAGE
    page = request.args.get("limit", str(usual))
    start = request.args.get("start", "0")
    if not (page.isdecimal() and 1 <= int(page) <= most) or not start.isdecimal():
        return Answer(400, say("The value for the 'limit' or 'start' parameter is invalid"))
    with platform().lock:
        users = platform().friends(call.channel)
    end = int(start) + int(page)
    answer: Json = {"userIds": users[int(start) : end]}
    if end < len(users):
        answer["next"] = str(end)
    return Answer(200, answer)


@endpoint("POST", "/v2/bot/chat/loading/start", "loading", body="loading")
def loading(call: Call) -> Answer:
    user = call.body["chatId"]
    if not is_user_id(user):
        return Answer(400, wrong_chat())
    seconds = call.body.get("loadingSeconds", limits.LOADING_SECONDS_DEFAULT)
    with platform().lock:
        if platform().is_reachable(call.channel, user):
            platform().chats.tell((call.channel.bot.id, user), Notice("loading", {"seconds": seconds}))
    return Answer(202)


def wrong_chat() -> Json:
    return say("The property, chatId, in the request body is invalid (line: -, column: -)")


@endpoint("POST", "/v2/bot/chat/markAsRead", "markAsRead", body="markAsRead")
def mark_as_read(call: Call) -> Answer:
    """Everything of the person up to that message is marked as read."""
    found = call.channel.read_tokens.get(call.body["markAsReadToken"])
    if found is None:
        return Answer(400, say("Invalid markAsReadToken."))
    user, message_id = found
    key = (call.channel.bot.id, user)
    for item in platform().chats.items(key):
        if item.sender == "person" and not item.read and int(item.id) <= int(message_id):
            item.read = True
            platform().chats.changed(key, item)
    return Answer(200)


# --- the webhook's address --------------------------------------------------------------------------


@endpoint("GET", "/v2/bot/channel/webhook/endpoint", "webhook.get")
def webhook_get(call: Call) -> Answer:
    if not call.channel.webhook_url:
        return Answer(404, NOT_FOUND)
    return Answer(200, {"endpoint": call.channel.webhook_url, "active": True})


@endpoint("PUT", "/v2/bot/channel/webhook/endpoint", "webhook.set", body="webhook.set")
def webhook_set(call: Call) -> Answer:
    with platform().lock:
        call.channel.webhook_url = call.body["endpoint"]
    return Answer(200)


@endpoint("POST", "/v2/bot/channel/webhook/test", "webhook.test", body="webhook.test")
def webhook_test(call: Call) -> Answer:
    """Posts `events: []`, as the button "Verify" does."""
    at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    got = postman().post_now(call.channel, [], url=call.body.get("endpoint"))
    reason = {True: "OK", False: "ERROR_STATUS_CODE"}[got.ok] if got.status else got.reason.upper()
    return Answer(
        200,
        {
            "success": got.ok,
            "timestamp": at,
            "statusCode": got.status,
            "reason": reason,
            "detail": str(got.status) if got.status else got.reason,
        },
    )
