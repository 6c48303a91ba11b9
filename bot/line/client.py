"""Calls to LINE: one shared pool of connections, plain JSON, explicit timeouts, and an honest answer.

A call never raises for trouble on the way. Its Answer says whether LINE said something (`status`), and if
not, whether the request can have arrived: that alone decides what may be repeated (facts: rules R14-R23).
The SDK is not used for sending: it repeats silently, waits without end and hides accepted messages behind
errors of its models.
"""

from __future__ import annotations

import json
import re
import ssl
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import quote

import urllib3
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    LocationValueError,
    NewConnectionError,
    SSLError,
)

from bot import log, metrics
from bot.settings import Channel

API, API_DATA = "https://api.line.me", "https://api-data.line.me"
CONNECTIONS = 32
MOST_ANSWER_BYTES = 1_000_000
_SURROGATES = re.compile(r"[\ud800-\udfff]")
Sent = Literal["no", "unknown", "yes"]
Json = Mapping[str, Any]


class SendFailed(Exception):
    """LINE did not do what was asked. `permanent`: asking again the same would fail again."""

    def __init__(self, endpoint: str, status: int | None, permanent: bool) -> None:
        super().__init__(f"{endpoint}: {status if status is not None else 'no answer'}")
        self.endpoint = endpoint
        self.status = status
        self.permanent = permanent


@dataclass(frozen=True)
class Answer:
    """What came of one call. `sent` is "yes" when LINE answered, whatever it said; `body` is never logged."""

    status: int | None
    sent: Sent
    request_id: str | None = None
    accepted_request_id: str | None = None
    body: Any = field(default=None, repr=False)

    @property
    def ok(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


@dataclass(frozen=True)
class Quota:
    """Messages of this month: `limit` is None for a plan without one; `used` is approximate, says LINE."""

    limit: int | None
    used: int

    @property
    def exhausted(self) -> bool:
        return self.limit is not None and self.used >= self.limit


def to_bytes(value: Json) -> bytes:
    """The same bytes for the same value each time: a retry key is only good for an equal body."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return _SURROGATES.sub("\ufffd", text).encode()


class LineClient:
    """All channels' way to LINE. Safe to share between threads; make one and keep it."""

    def __init__(
        self,
        channels: Mapping[str, Channel],
        base: str | None = None,
        timeouts: tuple[float, float] = (3, 10),
    ) -> None:
        """`base` stands for both of LINE's hosts; `timeouts` are seconds to connect and to wait."""
        self._channels = channels
        self._api = base or API
        self._api_data = base or API_DATA
        self._timeout = urllib3.Timeout(connect=timeouts[0], read=timeouts[1])
        self._longest = sum(timeouts)
        self._pool = urllib3.PoolManager(
            num_pools=4, maxsize=CONNECTIONS, retries=False, timeout=self._timeout
        )

    def close(self) -> None:
        self._pool.clear()

    # ---- messages ----------------------------------------------------------------------------------------

    def reply(self, channel: str, token: str, messages: Sequence[Json]) -> Answer:
        """Answer an event. It has no retry key: LINE refuses one here."""
        return self._post(channel, "/v2/bot/message/reply", {"replyToken": token, "messages": messages})

    def push(self, channel: str, to: str, messages: Sequence[Json], retry_key: str) -> Answer:
        """Write to one person; repeat only with the same key, messages and person."""
        return self._post(channel, "/v2/bot/message/push", {"to": to, "messages": messages}, retry_key)

    def multicast(self, channel: str, to: Sequence[str], messages: Sequence[Json], retry_key: str) -> Answer:
        """Write to at most 500 people; repeat only with the same key, messages and people."""
        return self._post(
            channel, "/v2/bot/message/multicast", {"to": list(to), "messages": messages}, retry_key
        )

    def quota(self, channel: str) -> Quota | None:
        """How much of the month's messages is used; None when LINE does not say."""
        limit = self._call(channel, "GET", "/v2/bot/message/quota")
        used = self._call(channel, "GET", "/v2/bot/message/quota/consumption")
        try:
            if not (limit.ok and used.ok):
                return None
            unlimited = limit.body["type"] == "none"
            return Quota(None if unlimited else int(limit.body["value"]), int(used.body["totalUsage"]))
        except (KeyError, TypeError, ValueError):
            return None

    # ---- people and the account --------------------------------------------------------------------------

    def profile(self, channel: str, user: str) -> Answer:
        """A friend's display name and picture; 404 for whoever blocked us or is none."""
        return self._call(channel, "GET", "/v2/bot/profile/{userId}", userId=user)

    def bot_info(self, channel: str) -> Answer:
        """Which account this token belongs to."""
        return self._call(channel, "GET", "/v2/bot/info")

    def link_menu(self, channel: str, user: str, menu_id: str) -> Answer:
        """Give one person this rich menu; it may be repeated freely."""
        path = "/v2/bot/user/{userId}/richmenu/{richMenuId}"
        return self._call(channel, "POST", path, userId=user, richMenuId=menu_id)

    def unlink_menu(self, channel: str, user: str) -> Answer:
        """Give one person the default rich menu again."""
        return self._call(channel, "DELETE", "/v2/bot/user/{userId}/richmenu", userId=user)

    # ---- rich menus: seldom, by the operator; these raise SendFailed --------------------------------------

    def create_menu(self, channel: str, menu: Json, png: bytes) -> str:
        """Make a rich menu with its picture; LINE's id of it. A menu without a picture is not left behind."""
        made = self._wanted("/v2/bot/richmenu", self._post(channel, "/v2/bot/richmenu", menu))
        menu_id = made.body.get("richMenuId") if isinstance(made.body, dict) else None
        if not isinstance(menu_id, str):
            raise SendFailed("/v2/bot/richmenu", made.status, permanent=False)
        path = "/v2/bot/richmenu/{richMenuId}/content"
        answer = self._call(
            channel, "POST", path, body=png, kind="image/png", base=self._api_data, richMenuId=menu_id
        )
        if not answer.ok:
            self._call(channel, "DELETE", "/v2/bot/richmenu/{richMenuId}", richMenuId=menu_id)
        self._wanted(path, answer)
        return menu_id

    def list_menus(self, channel: str) -> list[dict[str, Any]]:
        """The rich menus that were made through the API."""
        answer = self._wanted("/v2/bot/richmenu/list", self._call(channel, "GET", "/v2/bot/richmenu/list"))
        found = answer.body.get("richmenus") if isinstance(answer.body, dict) else None
        return [menu for menu in found if isinstance(menu, dict)] if isinstance(found, list) else []

    def delete_menu(self, channel: str, menu_id: str) -> None:
        """Remove a rich menu; one that is gone already is fine."""
        path = "/v2/bot/richmenu/{richMenuId}"
        answer = self._call(channel, "DELETE", path, richMenuId=menu_id)
        if answer.status != 404:
            self._wanted(path, answer)

    def set_default_menu(self, channel: str, menu_id: str) -> None:
        """Everybody without a menu of their own sees this one."""
        path = "/v2/bot/user/all/richmenu/{richMenuId}"
        self._wanted(path, self._call(channel, "POST", path, richMenuId=menu_id))

    def set_alias(self, channel: str, alias: str, menu_id: str) -> None:
        """Let this name stand for this menu, whether the name is new or stood for another one."""
        path = "/v2/bot/richmenu/alias/{richMenuAliasId}"
        body = to_bytes({"richMenuId": menu_id})
        answer = self._call(channel, "POST", path, body=body, richMenuAliasId=alias)
        if answer.status not in (400, 404):
            self._wanted(path, answer)
            return
        made = {"richMenuAliasId": alias, "richMenuId": menu_id}
        self._wanted("/v2/bot/richmenu/alias", self._post(channel, "/v2/bot/richmenu/alias", made))

    @staticmethod
    def _wanted(endpoint: str, answer: Answer) -> Answer:
        if not answer.ok:
            status = answer.status
            permanent = status is not None and 400 <= status < 500 and status != 429
            raise SendFailed(endpoint, status, permanent)
        return answer

    # ---- the one way out -----------------------------------------------------------------------------------

    def _post(self, channel: str, endpoint: str, body: Json, retry_key: str | None = None) -> Answer:
        return self._call(channel, "POST", endpoint, body=to_bytes(body), retry_key=retry_key)

    def _call(
        self,
        channel: str,
        method: str,
        endpoint: str,
        *,
        body: bytes | None = None,
        kind: str = "application/json",
        retry_key: str | None = None,
        base: str | None = None,
        **places: str,
    ) -> Answer:
        """One request, made once. `endpoint` names its `places` in braces; the log shows it like that."""
        account = self._channels.get(channel)
        headers = {"Accept": "application/json"}
        if account is not None:
            headers["Authorization"] = f"Bearer {account.token}"
        if body is not None:
            headers["Content-Type"] = kind
        if retry_key is not None:
            headers["X-Line-Retry-Key"] = retry_key
        path = endpoint.format(**{name: quote(value, safe="") for name, value in places.items()})
        started = time.monotonic()
        trouble: str | None = "NoSuchChannel"
        answer = Answer(None, "no")
        if account is not None:
            answer, trouble = self._request(method, (base or self._api) + path, headers, body)
        self._note(channel, method, endpoint, answer, trouble, time.monotonic() - started)
        return answer

    def _request(
        self, method: str, url: str, headers: dict[str, str], body: bytes | None
    ) -> tuple[Answer, str | None]:
        deadline = time.monotonic() + self._longest
        try:
            response = self._pool.request(
                method,
                url,
                body=body,
                headers=headers,
                retries=False,
                redirect=False,
                preload_content=False,
                timeout=self._timeout,
            )
        except (HTTPError, OSError, ValueError) as error:
            return Answer(None, _how_far(error)), type(error).__name__
        status, got = response.status, response.headers
        try:
            raw = _read(response, deadline)
            parsed = json.loads(raw) if raw else None
        except (HTTPError, OSError, ValueError, RecursionError):
            parsed = None  # what LINE decided stands in the status; its words are only a hint
        return (
            Answer(
                status, "yes", got.get("x-line-request-id"), got.get("x-line-accepted-request-id"), parsed
            ),
            None,
        )

    @staticmethod
    def _note(
        channel: str, method: str, endpoint: str, answer: Answer, trouble: str | None, seconds: float
    ) -> None:
        status = answer.status if answer.status is not None else f"not_sent_{answer.sent}"
        metrics.API_CALLS.labels(endpoint, str(status)).inc()
        metrics.API_SECONDS.labels(endpoint).observe(seconds)
        if answer.status == 409:
            metrics.ALREADY_ACCEPTED.inc()
        log.event(
            "line.call",
            channel=channel,
            method=method,
            endpoint=endpoint,
            status=status,
            ms=round(seconds * 1000),
            line_request_id=answer.request_id,
            **({"error_type": trouble} if trouble else {}),
        )


def _read(response: urllib3.BaseHTTPResponse, deadline: float) -> bytes:
    """The body, as far as it comes in time and is of a sensible size; then the connection is free again."""
    parts: list[bytes] = []
    size = 0
    whole = False
    try:
        for part in response.stream(65_536):
            parts.append(part)
            size += len(part)
            if size > MOST_ANSWER_BYTES or time.monotonic() > deadline:
                raise OSError("an answer without end")
        whole = True
    finally:
        if not whole:
            response.close()
        response.release_conn()
    return b"".join(parts)


def _how_far(error: Exception) -> Sent:
    """Whether a request that got no answer can have reached LINE."""
    if isinstance(error, NewConnectionError | ConnectTimeoutError | LocationValueError):
        return "no"
    if isinstance(error, SSLError) and any(isinstance(a, ssl.SSLCertVerificationError) for a in error.args):
        return "no"
    if isinstance(error, ValueError) and not isinstance(error, HTTPError):
        return "no"  # the address or a header is wrong: found before anything is sent
    return "unknown"
