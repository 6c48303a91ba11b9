"""What the phone in the browser and the tests use: `/_sim/…`, JSON and server-sent events."""

from __future__ import annotations

import json
import queue
import select
import socket
import time
from collections.abc import Iterator
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, current_app, jsonify, request, send_from_directory

from simulator.acts import BadAct, Phone, read_options
from simulator.api import platform
from simulator.chats import Key
from simulator.faults import BadFault, read_fault
from simulator.platform import Channel, Platform, Settings

Json = dict[str, Any]
control = Blueprint("control", __name__)
STATIC = Path(__file__).parent / "static"
_KEEP_ALIVE = 10.0  # s between comments
_LOOK = 0.5  # s between looks whether the browser is still there


class BadControl(ValueError):
    """This is not what the control interface understands."""


@control.errorhandler(BadControl)
@control.errorhandler(BadAct)
@control.errorhandler(BadFault)
def refused(error: ValueError) -> tuple[Response, int]:
    return jsonify({"error": str(error)}), 400


def phone() -> Phone:
    found = current_app.extensions["phone"]
    assert isinstance(found, Phone)
    return found


def _body() -> Json:
    data = request.get_json(silent=True)
    if not isinstance(data, dict):
        raise BadControl("a JSON object is needed")
    return data


def _channel(bot_id: str | None) -> Channel:
    """The bot of that id; the first one when none is named."""
    channels = platform().channels
    if bot_id is None:
        return next(iter(channels.values()))
    if bot_id not in channels:
        raise BadControl(f"no bot {bot_id}")
    return channels[bot_id]


def _chat_asked_for() -> tuple[Channel, str]:
    channel = _channel(request.args.get("bot"))
    user = request.args.get("user", "")
    if user not in platform().people:
        raise BadControl(f"no person {user}")
    return channel, user


def _person_json(channel: Channel, user_id: str) -> Json:
    person = platform().people[user_id]
    stand = channel.friendships.get(user_id)
    return {
        "userId": user_id,
        "name": person.name,
        "friend": bool(stand and stand.friend),
        "blocked": bool(stand and stand.blocked),
    }


def _bot_json(channel: Channel) -> Json:
    bot = channel.bot
    return {
        "id": bot.id,
        "name": bot.name,
        "destination": channel.destination,
        "basicId": bot.basic_id,
        "webhook": channel.webhook_url,
    }


# --- state ------------------------------------------------------------------------------------------


@control.get("/_sim/state")
def state() -> Response:
    house = platform()
    with house.lock:
        channel = _channel(request.args.get("bot"))
        return jsonify(
            {
                "bots": [_bot_json(each) for each in house.channels.values()],
                "people": [_person_json(channel, user) for user in house.people],
                "faults": house.faults.as_json(),
                "quota": {"limit": channel.quota, "used": channel.used},
                "settings": asdict(house.settings),
            }
        )


@control.post("/_sim/people")
def new_person() -> Response:
    name = _body().get("name")
    if not isinstance(name, str) or not 1 <= len(name) <= 20:
        raise BadControl("name: 1 to 20 characters")
    person = platform().add_person(name)
    return jsonify(_person_json(_channel(None), person.user_id))


@control.post("/_sim/settings")
def change_settings() -> Response:
    """Turns LINE's values for a test, e.g. {"reply_token_seconds": 1, "rate_limits": {"push": [5, 1]}}."""
    settings = platform().settings
    known = {each.name for each in fields(Settings)}
    data = _body()
    if not data.keys() <= known:
        raise BadControl(f"settings are {', '.join(sorted(known))}")
    for name, value in data.items():
        if name == "rate_limits":
            settings.rate_limits.update({key: (calls, seconds) for key, (calls, seconds) in value.items()})
        elif isinstance(value, int | float):
            setattr(settings, name, value)
        else:
            raise BadControl(f"{name}: a number is needed")
    return jsonify(asdict(settings))


@control.post("/_sim/quota")
def set_quota() -> Response:
    data = _body()
    channel, limit = _channel(data.get("bot")), data.get("limit")
    if limit is not None and (isinstance(limit, bool) or not isinstance(limit, int) or limit < 0):
        raise BadControl("limit: a number or null")
    with platform().lock:
        channel.quota = limit
        channel.used = int(data.get("used", channel.used))
        return jsonify({"limit": channel.quota, "used": channel.used})


@control.post("/_sim/faults")
def add_fault() -> Response:
    platform().faults.add(read_fault(_body()))
    return jsonify({"faults": platform().faults.as_json()})


@control.delete("/_sim/faults")
def clear_faults() -> Response:
    platform().faults.clear()
    return jsonify({"faults": []})


@control.post("/_sim/reset")
def reset() -> Response:
    """`{"keepMenus": true}` leaves the rich menus that the bot has installed."""
    data = request.get_json(silent=True)
    platform().reset(keep_menus=isinstance(data, dict) and data.get("keepMenus") is True)
    return jsonify({})


@control.get("/_sim/log")
def log() -> Response:
    return jsonify({"calls": _of_bot(platform().log)})


@control.get("/_sim/webhooks")
def webhooks() -> Response:
    return jsonify({"webhooks": _of_bot(platform().webhooks)})


@control.get("/_sim/violations")
def violations() -> Response:
    return jsonify({"violations": _of_bot(platform().violations)})


def _of_bot(entries: Any) -> list[Json]:
    """The last `limit` entries of `bot`, or of all bots."""
    bot, limit = request.args.get("bot"), request.args.get("limit", "")
    found = [entry for entry in list(entries) if bot is None or entry["bot"] == bot]
    return found[-int(limit) :] if limit.isdecimal() and int(limit) else found


# --- chats ------------------------------------------------------------------------------------------


@control.get("/_sim/chat")
def chat() -> Response:
    channel, user = _chat_asked_for()
    items = platform().chats.items((channel.bot.id, user))
    said = [item for item in items if item.sender != "system"]
    last = said[-1] if said else None
    quick = last.message.get("quickReply") if last and last.sender == "bot" else None
    menu = platform().menu_json(channel, user)
    return jsonify({"items": [item.as_json() for item in items], "richMenu": menu, "quickReply": quick})


@control.post("/_sim/act")
def act() -> Response:
    data = _body()
    action, options = data.get("action"), data.get("options") or {}
    if not isinstance(action, dict) or not isinstance(options, dict):
        raise BadControl("action and options are objects")
    channel = _channel(data.get("bot"))
    return jsonify(phone().act(channel.bot.id, str(data.get("user")), action, read_options(options)))


@control.get("/_sim/events")
def events() -> Response:
    channel, user = _chat_asked_for()
    connection = request.environ.get("werkzeug.socket")
    stream = _stream(platform(), (channel.bot.id, user), connection)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return Response(stream, content_type="text/event-stream; charset=utf-8", headers=headers)


def _stream(house: Platform, key: Key, connection: socket.socket | None) -> Iterator[bytes]:
    """Notices as they come; ends soon after the browser is gone, so that no thread stays behind."""
    with house.chats.watching(key) as watcher:
        yield b": hello\n\n"
        quiet_since = time.monotonic()
        while not house.closing.is_set() and not _is_gone(connection):
            try:
                notice = watcher.get(timeout=_LOOK)
            except queue.Empty:
                if time.monotonic() - quiet_since > _KEEP_ALIVE:
                    quiet_since = time.monotonic()
                    yield b": still here\n\n"
                continue
            data = json.dumps(notice.data, ensure_ascii=False).encode("utf-8", "replace")
            yield b"event: " + notice.event.encode() + b"\ndata: " + data + b"\n\n"


def _is_gone(connection: socket.socket | None) -> bool:
    """A browser that listens says nothing more: what can be read is the end of the connection."""
    if connection is None:
        return False
    try:
        readable, _, _ = select.select([connection], [], [], 0)
        return bool(readable) and not connection.recv(1, socket.MSG_PEEK)
    except (OSError, ValueError):
        return True


# --- pictures and pages -----------------------------------------------------------------------------


@control.get("/_sim/media/<media_id>")
def photo(media_id: str) -> Response:
    return _media(platform().media.get(media_id))


@control.get("/_sim/media/<bot_id>/<menu_id>")
def menu_picture(bot_id: str, menu_id: str) -> Response:
    menu = _channel(bot_id).menus.menus.get(menu_id)
    return _media(menu.image if menu else None)


def _media(found: tuple[str, bytes] | None) -> Response:
    if found is None:
        return Response(status=404)
    kind, content = found
    return Response(content, content_type=kind, headers={"Cache-Control": "max-age=3600"})


@control.get("/")
def index() -> Response:
    return _page("index.html")


@control.get("/static/<path:name>")
def static_file(name: str) -> Response:
    return _page(name)


def _page(name: str) -> Response:
    response = send_from_directory(STATIC, name)
    response.headers["Cache-Control"] = "no-cache"
    return response
