"""A person with a phone, for tests: signed webhooks go through the real WSGI app, answers come from the outbox."""

from __future__ import annotations

import base64
import hashlib
import hmac
import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from flask import Flask
from sqlalchemy import or_, select

from bot.app import Services
from storage.outbox import outbox
from storage.people import people

_numbers = itertools.count(1)


def sign(secret: str, body: bytes) -> str:
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


@dataclass
class Phone:
    """One person's chat with one of our accounts."""

    services: Services
    app: Flask
    line_id: str = ""
    channel: str = "default"
    got: list[dict[str, Any]] = field(
        default_factory=list
    )  # the messages of the last answer, as LINE gets them
    everything: list[dict[str, Any]] = field(default_factory=list)
    _seen: int = 0
    _token: str = ""

    def __post_init__(self) -> None:
        self.line_id = self.line_id or f"U{next(_numbers):032x}"

    # ---- what a person does ----------------------------------------------------------------------------

    def follows(self) -> None:
        self.send({"type": "follow", "follow": {"isUnblocked": False}})

    def types(self, text: str, message_id: str | None = None) -> None:
        message = {"type": "text", "id": message_id or f"m{next(_numbers)}", "quoteToken": "q", "text": text}
        self.send({"type": "message", "message": message})

    def sends(self, kind: str) -> None:
        self.send({"type": "message", "message": {"type": kind, "id": f"m{next(_numbers)}"}})

    def taps(self, label: str) -> None:
        """Tap the button with these words, among everything that was said last."""
        actions = [a for a in self.buttons() if label in (a.get("displayText"), a.get("label"))]
        assert actions, f"no button {label!r} among {[a.get('label') for a in self.buttons()]}"
        self.taps_data(actions[0]["data"])

    def taps_data(self, data: str) -> None:
        self.send({"type": "postback", "postback": {"data": data}})

    def looks(self) -> None:
        """See what came without being asked for, such as what a desk did (at whatever hour it is to be sent)."""
        self.got = self._new_messages()
        self.everything += self.got

    # ---- what a person sees ----------------------------------------------------------------------------

    def buttons(self) -> list[dict[str, Any]]:
        return list(_actions(self.got))

    @property
    def sees(self) -> str:
        """All words of the last answer."""
        return "\n".join(_words(self.got))

    # ---- how it travels --------------------------------------------------------------------------------

    def event(self, event: dict[str, Any]) -> dict[str, Any]:
        number = next(_numbers)
        self._token = f"{number:032x}"
        return {
            "mode": "active",
            "timestamp": int(self.services.db.clock().timestamp() * 1000),
            "source": {"type": "user", "userId": self.line_id},
            "webhookEventId": f"01TEST{number:020d}",
            "deliveryContext": {"isRedelivery": False},
            "replyToken": self._token,
            **event,
        }

    def send(self, event: dict[str, Any]) -> None:
        status = self.post([self.event(event)])
        assert status == 200, status
        self.got = self._new_messages()
        self.everything += self.got

    def post(self, events: list[dict[str, Any]]) -> int:
        body = json.dumps({"destination": "U" + "0" * 32, "events": events}).encode()
        secret = self.services.settings.channels[self.channel].secret
        answer = self.app.test_client().post(
            "/callback", data=body, headers={"x-line-signature": sign(secret, body)}
        )
        return answer.status_code

    def _new_messages(self) -> list[dict[str, Any]]:
        messages: list[dict[str, Any]] = []
        with self.services.db.look() as work:
            index = work.index("line", self.channel, self.line_id)
            rows = work.conn.execute(
                select(outbox)
                .outerjoin(people, people.c.id == outbox.c.person_id)
                .where(
                    or_(people.c.line_index == index, outbox.c.person_id.is_(None)),
                    outbox.c.id > self._seen,
                    outbox.c.kind.in_(("message", "multicast")),
                    outbox.c.body.is_not(None),
                )
                .order_by(outbox.c.id)
            )
            for row in rows:
                self._seen = row.id
                if row.body is None:  # LINE has it already, and nothing of it is kept
                    continue
                if row.kind == "multicast":
                    sent = work.unseal(row.body, row.channel, "outbox", "body", row.retry_key)
                    messages += sent["messages"] if self.line_id in sent["to"] else []
                    continue
                token = work.unseal(row.reply_token, row.channel, "outbox", "reply_token", row.retry_key)
                if row.person_id is None and token != self._token:
                    continue  # the last word to somebody else who was erased
                body = work.unseal(row.body, row.channel, "outbox", "body", row.retry_key)
                messages += body["messages"]
        return messages


def _actions(node: Any) -> Iterator[dict[str, Any]]:
    """Every action of every button in these messages."""
    if isinstance(node, list):
        for part in node:
            yield from _actions(part)
    elif isinstance(node, dict):
        if isinstance(node.get("action"), dict):
            yield node["action"]
        for key, part in node.items():
            if key == "actions":
                yield from (a for a in part if isinstance(a, dict))
            else:
                yield from _actions(part)


def _words(node: Any) -> Iterator[str]:
    if isinstance(node, list):
        for part in node:
            yield from _words(part)
    elif isinstance(node, dict):
        if isinstance(node.get("text"), str):
            yield node["text"]
        for key, part in node.items():
            if key not in ("text", "action"):
                yield from _words(part)
