"""What a person does with the phone, turned into the webhook events that LINE would send."""

from __future__ import annotations

import hashlib
import io
import secrets
import time
from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass
from typing import Any

from PIL import Image, ImageDraw

from simulator.chats import Item
from simulator.platform import Channel, Platform, now_ms
from simulator.webhooks import Delivery, Postman, ulid

Json = dict[str, Any]
_ANSWER_WITHIN = 120.0  # s, behind earlier webhooks of the same chat


class BadAct(ValueError):
    """This cannot be done on a phone."""


@dataclass(frozen=True)
class Options:
    """How the event reaches the bot, when not in the plain way."""

    redeliver: bool = False
    duplicate: int = 0
    standby: bool = False
    omitUserId: bool = False
    group: bool = False
    wait: bool = True


def read_options(data: Json) -> Options:
    unknown = data.keys() - Options.__dataclass_fields__.keys()
    if unknown:
        raise BadAct(f"unknown options: {', '.join(sorted(unknown))}")
    return Options(**data)


class Phone:
    """Every person's phone."""

    def __init__(self, platform: Platform, postman: Postman) -> None:
        self._platform = platform
        self._postman = postman
        self._deeds: dict[str, Callable[[Act], Json]] = {
            "text": self._text,
            "message": self._text,
            "sticker": self._sticker,
            "location": self._location,
            "image": self._image,
            "postback": self._postback,
            "richmenuswitch": self._switch,
            "follow": self._follow,
            "unblock": self._unblock,
            "block": self._block,
            "unsend": self._unsend,
        }

    def act(self, bot_id: str, user_id: str, action: Json, options: Options) -> Json:
        """Does it, posts the event, says what the bot answered; raises BadAct."""
        channel = self._platform.channels.get(bot_id)
        if channel is None:
            raise BadAct(f"no bot {bot_id}")
        if user_id not in self._platform.people:
            raise BadAct(f"no person {user_id}")
        if action.get("type") == "raw":
            return self._raw(channel, user_id, action, options)
        deed = self._deeds.get(str(action.get("type")))
        if deed is None:
            raise BadAct(f"unknown action {action.get('type')}")
        act = Act(channel, user_id, action, options)
        with self._platform.lock:
            blocked = channel.friendship(user_id).blocked
            if blocked and action["type"] not in ("unblock", "follow", "unsend"):
                raise BadAct("this person has blocked the bot")
            event = {**self._common(act), **deed(act)}
            posted = self._post(act, [event])
        return {"userId": user_id, "eventId": event["webhookEventId"], **_results(posted, options)}

    # --- events -------------------------------------------------------------------------------------

    def _common(self, act: Act) -> Json:
        at = now_ms()
        return {
            "mode": "standby" if act.options.standby else "active",
            "timestamp": at,
            "source": _source(act),
            "webhookEventId": ulid(at),
            "deliveryContext": {"isRedelivery": False},
        }

    def _token(self, act: Act) -> Json:
        """In standby somebody else is talking: no token."""
        if act.options.standby:
            return {}
        return {"replyToken": self._platform.issue_reply_token(act.channel, act.user_id)}

    def _post(self, act: Act, events: list[Json]) -> list[Future[Delivery]]:
        posted = [self._postman.post(act.channel, act.user_id, events)]
        posted += [self._postman.post_beside(act.channel, events) for _ in range(act.options.duplicate)]
        if act.options.redeliver:
            posted.append(self._postman.redeliver(act.channel, act.user_id, events))
        return posted

    def _said(self, act: Act, message: Json, shown: Json | None = None, *, quotable: bool = True) -> Json:
        """A message event; the chat shows `shown`, or the message without its tokens."""
        stand = act.channel.friendship(act.user_id)
        stand.wrote = time.time()
        message_id = self._platform.next_message_id()
        self._to_chat(act, message_id, shown or message)
        read_token = secrets.token_urlsafe(24)
        act.channel.read_tokens[read_token] = (act.user_id, message_id)
        quote = {"quoteToken": secrets.token_urlsafe(32)} if quotable else {}
        whole = {**message, "id": message_id, **quote, "markAsReadToken": read_token}
        return {"type": "message", **self._token(act), "message": whole}

    def _to_chat(self, act: Act, message_id: str, message: Json) -> None:
        raw = {"action": act.action}
        item = Item(message_id, "person", now_ms(), message, [], raw)
        self._platform.chats.add((act.channel.bot.id, act.user_id), item)

    def _text(self, act: Act) -> Json:
        text = act.text("text")
        return self._said(act, {"type": "text", "text": text})

    def _sticker(self, act: Act) -> Json:
        message: Json = {
            "type": "sticker",
            "packageId": act.text("packageId"),
            "stickerId": act.text("stickerId"),
            "stickerResourceType": "STATIC",
        }
        if act.action.get("keywords"):
            message["keywords"] = list(act.action["keywords"])[:15]
        return self._said(act, message)

    def _location(self, act: Act) -> Json:
        message: Json = {"type": "location"}
        for key in ("title", "address", "latitude", "longitude"):
            if act.action.get(key) is not None:
                message[key] = act.action[key]
        if "latitude" not in message or "longitude" not in message:
            raise BadAct("a location needs latitude and longitude")
        return self._said(act, message, quotable=False)

    def _image(self, act: Act) -> Json:
        media_id = f"photo-{secrets.token_hex(8)}"
        self._platform.media[media_id] = ("image/jpeg", _photo(media_id))
        address = f"/_sim/media/{media_id}"
        shown = {"type": "image", "originalContentUrl": address, "previewImageUrl": address}
        event = self._said(act, {"type": "image", "contentProvider": {"type": "line"}}, shown)
        act.channel.contents[event["message"]["id"]] = media_id
        return event

    def _postback(self, act: Act) -> Json:
        if act.action.get("displayText"):
            message = {"type": "text", "text": act.text("displayText")}
            self._to_chat(act, self._platform.next_message_id(), message)
        postback: Json = {"data": act.text("data", empty=True)}
        if act.action.get("params"):
            postback["params"] = act.action["params"]
        return {"type": "postback", **self._token(act), "postback": postback}

    def _switch(self, act: Act) -> Json:
        """Shows the menu behind the alias and tells the bot how that went."""
        alias = act.text("richMenuAliasId")
        status = act.channel.menus.switch(act.user_id, alias)
        self._platform.menu_changed(act.channel, [act.user_id])
        params = {"newRichMenuAliasId": alias, "status": status}
        postback = {"data": act.text("data", empty=True), "params": params}
        return {"type": "postback", **self._token(act), "postback": postback}

    def _follow(self, act: Act) -> Json:
        stand = act.channel.friendship(act.user_id)
        again = stand.blocked
        stand.friend, stand.blocked = True, False
        text = "ブロックを解除しました" if again else "友だちに追加しました"
        self._system(act, "unblock" if again else "follow", text)
        self._platform.menu_changed(act.channel, [act.user_id])
        return {"type": "follow", **self._token(act), "follow": {"isUnblocked": again}}

    def _unblock(self, act: Act) -> Json:
        if not act.channel.friendship(act.user_id).blocked:
            raise BadAct("this person has not blocked the bot")
        return self._follow(act)

    def _block(self, act: Act) -> Json:
        act.channel.friendship(act.user_id).blocked = True
        self._system(act, "block", "ブロックしました")
        return {"type": "unfollow"}

    def _unsend(self, act: Act) -> Json:
        message_id = act.text("messageId")
        key = (act.channel.bot.id, act.user_id)
        item = self._platform.chats.find(key, message_id)
        if item is None or item.sender != "person" or item.unsent:
            raise BadAct("this message cannot be unsent")
        item.unsent, item.message, item.raw = True, {"type": "unsent"}, {}
        self._platform.media.pop(act.channel.contents.pop(message_id, ""), None)
        self._platform.chats.changed(key, item)
        self._system(act, "unsend", "メッセージの送信を取り消しました")
        return {"type": "unsend", "unsend": {"messageId": message_id}}

    def _system(self, act: Act, kind: str, text: str) -> None:
        self._platform.tell(act.channel, act.user_id, kind, text, {"action": act.action})

    def _raw(self, channel: Channel, user_id: str, action: Json, options: Options) -> Json:
        """Posts events as they are given, or a whole body as text, signed; their reply tokens become good."""
        if "body" in action:
            raw = str(action["body"]).encode("utf-8", "surrogatepass")
            got = self._postman.post_now(channel, [], raw=raw)
            return {"userId": user_id, "eventId": None, **_result(got)}
        events = action.get("events")
        if not isinstance(events, list):
            raise BadAct("raw needs events")
        with self._platform.lock:
            for event in events:
                self._register(channel, event)
            posted = self._post(Act(channel, user_id, action, options), events)
        first = events[0].get("webhookEventId") if events and isinstance(events[0], dict) else None
        return {"userId": user_id, "eventId": first, **_results(posted, options)}

    def _register(self, channel: Channel, event: Any) -> None:
        if not isinstance(event, dict) or not isinstance(event.get("replyToken"), str):
            return
        source = event.get("source")
        user = source.get("userId") if isinstance(source, dict) else None
        known = user if isinstance(user, str) and user in self._platform.people else None
        if event["replyToken"] not in channel.reply_tokens:
            self._platform.issue_reply_token(channel, known, event["replyToken"])


@dataclass(frozen=True)
class Act:
    """One thing that one person does in one chat."""

    channel: Channel
    user_id: str
    action: Json
    options: Options

    def text(self, key: str, *, empty: bool = False) -> str:
        value = self.action.get(key)
        if not isinstance(value, str) or not (value or empty):
            raise BadAct(f"{self.action['type']} needs {key}")
        return value


def _source(act: Act) -> Json:
    user = {} if act.options.omitUserId else {"userId": act.user_id}
    if act.options.group:
        name = f"tsunagari simulator group {act.channel.bot.id}"
        return {"type": "group", "groupId": "C" + hashlib.sha256(name.encode()).hexdigest()[:32], **user}
    return {"type": "user", **user}


def _result(got: Delivery) -> Json:
    return {"status": got.status, "ms": got.ms, "reason": got.reason}


def _results(posted: list[Future[Delivery]], options: Options) -> Json:
    if not options.wait:
        return {"status": None, "ms": None, "reason": "", "copies": []}
    try:
        first, *copies = [each.result(_ANSWER_WITHIN) for each in posted]
    except CancelledError as error:
        raise BadAct("the stand-in is closing") from error
    return {**_result(first), "copies": [_result(each) for each in copies]}


def _photo(seed: str) -> bytes:
    """A small picture whose colours come from its name."""
    red, green, blue = hashlib.sha256(seed.encode()).digest()[:3]
    image = Image.new("RGB", (320, 240), (red, green, blue))
    draw = ImageDraw.Draw(image)
    draw.ellipse((90, 50, 230, 190), fill=(255 - red, 255 - green, 255 - blue))
    out = io.BytesIO()
    image.save(out, "JPEG", quality=80)
    return out.getvalue()
