"""Calls to LINE: shared connections, plain JSON, explicit timeouts, and an honest answer.

A call never raises for trouble on the way. Its Answer says whether LINE said something (`status`), and if
not, whether the request can have arrived: that alone decides what may be repeated (facts: rules R14-R23).
The SDK is not used for sending: it repeats silently, waits without end and hides accepted messages behind
errors of its models.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import quote, urlencode

import orjson

from bot import log, metrics
from bot.line.connections import Connections, Exchange, NoAnswer, Reply, as_answered
from bot.settings import Channel

API, ACCESS = "https://api.line.me", "https://access.line.me"
WHILE_SOMEBODY_WAITS = (2.0, 4.0)  # seconds to connect and to wait, where a person looks at an empty page
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


@dataclass(frozen=True, eq=False)
class UnderWay:
    """A call whose answer is still to be waited for (LineClient.end), whatever became of the request."""

    channel: str
    method: str
    endpoint: str
    started: float
    begun: Exchange | NoAnswer

    @property
    def has_left(self) -> bool:
        return isinstance(self.begun, Exchange)


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
    try:
        return orjson.dumps(value)
    except orjson.JSONEncodeError:  # half a character, which UTF-8 cannot say
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        return _SURROGATES.sub("\ufffd", text).encode()


def in_order_of_answers(calls: Iterable[UnderWay]) -> Iterator[UnderWay]:
    """First those that have not left; each of the others as soon as LINE says something to it, or its time is over."""
    by_exchange: dict[Exchange, UnderWay] = {}
    for call in calls:
        if isinstance(call.begun, Exchange):
            by_exchange[call.begun] = call
        else:
            yield call
    for exchange in as_answered(list(by_exchange)):
        yield by_exchange[exchange]


class LineClient:
    """All channels' way to LINE. Safe to share between threads; make one and keep it."""

    def __init__(
        self,
        channels: Mapping[str, Channel],
        base: str | None = None,
        timeouts: tuple[float, float] = (3, 10),
    ) -> None:
        """`base` stands for all of LINE's hosts; `timeouts` are seconds to connect and to wait."""
        self._channels = channels
        self._api = base or API
        self._access = base or ACCESS
        self._timeouts = timeouts
        self._connections = Connections()

    def close(self) -> None:
        self._connections.close()

    # ---- messages ----------------------------------------------------------------------------------------

    def reply(self, channel: str, token: str, messages: Sequence[Json]) -> Answer:
        """Answer an event. It has no retry key: LINE refuses one here."""
        return self.end(self.begin_reply(channel, token, messages))

    def begin_reply(self, channel: str, token: str, messages: Sequence[Json]) -> UnderWay:
        """The same, without waiting for what LINE says to it."""
        body = to_bytes({"replyToken": token, "messages": messages})
        return self._begin(channel, "POST", "/v2/bot/message/reply", body=body)

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
            now = Quota(None if unlimited else int(limit.body["value"]), int(used.body["totalUsage"]))
        except (KeyError, TypeError, ValueError):
            return None
        if now.limit is not None:
            metrics.QUOTA_LEFT.labels(channel).set(max(0, now.limit - now.used))
        return now

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

    # ---- LINE Login ----------------------------------------------------------------------------------------

    def login_address(self, asked: Mapping[str, str]) -> str:
        """LINE's own page on which somebody proves who they are."""
        return f"{self._access}/oauth2/v2.1/authorize?{urlencode(asked, quote_via=quote)}"

    def login_token(self, channel: str, form: Mapping[str, str]) -> Answer:
        """What the code stands for that LINE gave somebody's browser; the account's own token stays here."""
        return self._call(
            channel,
            "POST",
            "/oauth2/v2.1/token",
            body=urlencode(form).encode(),
            kind="application/x-www-form-urlencoded",
            as_account=False,
            timeouts=WHILE_SOMEBODY_WAITS,
        )

    # ---- the one way out -----------------------------------------------------------------------------------

    def _post(self, channel: str, endpoint: str, body: Json, retry_key: str | None = None) -> Answer:
        return self._call(channel, "POST", endpoint, body=to_bytes(body), retry_key=retry_key)

    def _call(self, channel: str, method: str, endpoint: str, **how: Any) -> Answer:
        return self.end(self._begin(channel, method, endpoint, **how))

    def _begin(
        self,
        channel: str,
        method: str,
        endpoint: str,
        *,
        body: bytes | None = None,
        kind: str = "application/json",
        retry_key: str | None = None,
        base: str | None = None,
        as_account: bool = True,
        timeouts: tuple[float, float] | None = None,
        **places: str,
    ) -> UnderWay:
        """One request, made once. `endpoint` names its `places` in braces; the log shows it like that."""
        account = self._channels.get(channel)
        headers = {"Accept": "application/json", "User-Agent": "tsunagari"}
        if account is not None and as_account:
            headers["Authorization"] = f"Bearer {account.token}"
        if body is not None:
            headers["Content-Type"] = kind
        if retry_key is not None:
            headers["X-Line-Retry-Key"] = retry_key
        path = endpoint.format(**{name: quote(value, safe="") for name, value in places.items()})
        started = time.monotonic()
        begun: Exchange | NoAnswer = NoAnswer("NoSuchChannel", began=False)
        if account is not None:
            url = (base or self._api) + path
            try:
                begun = self._connections.begin(method, url, headers, body, timeouts or self._timeouts)
            except NoAnswer as none:
                begun = none
        return UnderWay(channel, method, endpoint, started, begun)

    def end(self, call: UnderWay) -> Answer:
        """What LINE said, once it has said it."""
        try:
            if isinstance(call.begun, NoAnswer):
                raise call.begun
            answer, trouble = _answer_in(self._connections.end(call.begun)), None
        except NoAnswer as none:
            answer, trouble = Answer(None, "unknown" if none.began else "no"), none.kind
        self._note(call, answer, trouble)
        return answer

    @staticmethod
    def _note(call: UnderWay, answer: Answer, trouble: str | None) -> None:
        seconds = time.monotonic() - call.started
        status = answer.status if answer.status is not None else f"not_sent_{answer.sent}"
        ok = answer.ok or answer.status == 409
        metrics.count_call(call.channel, call.endpoint, str(status), seconds, ok=ok)
        if answer.status == 409:
            metrics.ALREADY_ACCEPTED.inc()
        log.event(
            "line.call",
            channel=call.channel,
            method=call.method,
            endpoint=call.endpoint,
            status=status,
            ms=round(seconds * 1000),
            line_request_id=answer.request_id,
            **({"error_type": trouble} if trouble else {}),
        )


def _answer_in(reply: Reply) -> Answer:
    """What LINE decided stands in the status; its words are only a hint."""
    try:
        said = orjson.loads(reply.body) if reply.body else None
    except ValueError:
        said = None
    request_id, accepted = (
        reply.headers.get(f"x-line-{name}") for name in ("request-id", "accepted-request-id")
    )
    return Answer(reply.status, "yes", request_id, accepted, said)
