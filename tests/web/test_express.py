"""Webhooks by the short way: only what is exactly right takes it, and gunicorn would have read it alike."""

from __future__ import annotations

import datetime as dt
import socket
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import pytest
from gunicorn.config import Config
from gunicorn.http import RequestParser
from hypothesis import example, given
from hypothesis import strategies as some

from bot.events import TextSent
from bot.intake import Outcome, Told
from bot.line.incoming import Broken, Ignored
from bot.settings import Channel
from bot.web.express import LARGEST, Express, Letter, letter_in
from bot.web.webhook import Item, Reception, Refused, Webhook

BODY = b'{"destination":"U0","events":[]}'
HEAD = {
    "Host": "bot.example.jp",
    "Content-Type": "application/json; charset=utf-8",
    "User-Agent": "LineBotWebhook/2.0",
    "X-Line-Signature": "c2lnbmVk",
    "Content-Length": str(len(BODY)),
}
START = "POST /callback HTTP/1.1"


def said(start: str = START, body: bytes = BODY, without: str = "", **changed: str) -> bytes:
    fields = {name: value for name, value in HEAD.items() if name != without}
    fields |= {name.replace("_", "-"): value for name, value in changed.items()}
    lines = [start, *(f"{name}: {value}" for name, value in fields.items())]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


# ---- what is a letter ------------------------------------------------------------------------------------------


def test_a_whole_webhook_is_read() -> None:
    whole = said(X_Request_ID="from-the-proxy")
    assert letter_in(whole) == Letter("default", BODY, "c2lnbmVk", "from-the-proxy", len(whole))


@pytest.mark.parametrize("channel", ["iwami", "town-1700", "a" * 32])
def test_it_is_for_the_channel_of_its_address(channel: str) -> None:
    letter = letter_in(said(f"POST /callback/{channel} HTTP/1.1"))
    assert letter is not None
    assert letter.channel == channel


@pytest.mark.parametrize("cut", range(0, len(said()), 7))
def test_half_of_one_is_none(cut: int) -> None:
    assert letter_in(said()[:cut]) is None


GOES_THE_LONG_WAY = {
    "nothing": b"",
    "another method": said("GET /callback HTTP/1.1"),
    "another page": said("POST /handbook HTTP/1.1"),
    "a longer name": said("POST /callbacks HTTP/1.1"),
    "no channel's name": said("POST /callback/ HTTP/1.1"),
    "capitals": said("POST /callback/Iwami HTTP/1.1"),
    "two steps down": said("POST /callback/iwami/x HTTP/1.1"),
    "up again": said("POST /callback/../callback HTTP/1.1"),
    "written in percent": said("POST /%63allback HTTP/1.1"),
    "a question": said("POST /callback?x=1 HTTP/1.1"),
    "a whole address": said("POST http://bot.example.jp/callback HTTP/1.1"),
    "an old HTTP": said("POST /callback HTTP/1.0"),
    "two blanks": said("POST  /callback HTTP/1.1"),
    "no host": said(without="Host"),
    "no length": said(without="Content-Length"),
    "a shorter length": said(Content_Length=str(len(BODY) - 1)),
    "a longer length": said(Content_Length=str(len(BODY) + 1)),
    "a length with a sign": said(Content_Length=f"+{len(BODY)}"),
    "two lengths in one": said(Content_Length=f"{len(BODY)}, {len(BODY)}"),
    "two lengths": said(content_length=str(len(BODY))),
    "two signatures": said(x_line_signature="other"),
    "in pieces": said(Transfer_Encoding="chunked"),
    "asks first": said(Expect="100-continue"),
    "the last one": said(Connection="close"),
    "keeps the line": said(Connection="keep-alive"),
    "wants another protocol": said(Upgrade="h2c"),
    "packed": said(Content_Encoding="gzip"),
    "a blank before the colon": said().replace(b"Host:", b"Host :"),
    "a folded line": said().replace(b"Host: ", b"Host:\r\n "),
    "lines that end otherwise": said().replace(b"\r\n", b"\n"),
    "one line that does": said().replace(b"jp\r\n", b"jp\n"),
    "a control character": said(User_Agent="a\x01b"),
    "letters that are none of ASCII": said(User_Agent="caf\xe9"),
    "another one behind it": said() + said(),
    "something behind it": said() + b"x",
    "an empty line before it": b"\r\n" + said(),
}


@pytest.mark.parametrize("seen", GOES_THE_LONG_WAY.values(), ids=GOES_THE_LONG_WAY)
def test_what_is_not_exactly_right_is_none(seen: bytes) -> None:
    assert letter_in(seen) is None


_NAMES = some.sampled_from(
    [
        *HEAD,
        "host",
        "CONTENT-LENGTH",
        "X-Forwarded-For",
        "Accept",
        "Transfer-Encoding",
        "Connection",
        "A b",
        "é",
        "",
    ]
)
_VALUES = some.one_of(
    some.sampled_from(
        [*HEAD.values(), "chunked", "close", "0", " 32", "32\t", "", ",", "32,32", "\x00", "\x0b32"]
    ),
    some.text(some.characters(codec="latin-1"), max_size=8),
)
_BREAKS = some.sampled_from(["\r\n", "\r\n", "\r\n", "\r\n", "\n", "\r", "\r\n ", "\r\n\t", "\r\n\r\n"])
_BETWEEN = some.sampled_from([": ", ":", ": ", " : ", ":\t", ""])
_FIELDS = some.lists(some.tuples(_NAMES, _BETWEEN, _VALUES, _BREAKS), max_size=4)
_STARTS = some.sampled_from(
    [
        START,
        START,
        START,
        "POST /callback/iwami HTTP/1.1",
        "POST /callback HTTP/1.0",
        "POST /callback HTTP/1.1 ",
    ]
)


@given(_STARTS, _FIELDS, some.sampled_from([BODY, BODY, b"", BODY + b" "]))
@example(
    START, [("X-Forwarded-For", ":\t", "192.0.2.1, 198.51.100.7 ", "\r\n"), ("HOST", ":", "x", "\r\n")], BODY
)
@example("POST /callback/iwami HTTP/1.1", [("Content-Length", ": ", "0", "\r\n")], b"")
def test_whatever_is_read_here_gunicorn_reads_alike(
    start: str, more: list[tuple[str, str, str, str]], body: bytes
) -> None:
    """So nothing can be one request for a proxy before us, and another one for us."""
    added = "".join(name + between + value + end for name, between, value, end in more)
    kept = [name for name in HEAD if name.lower() not in [given[0].lower() for given in more]]
    own = "".join(f"{name}: {HEAD[name]}\r\n" for name in kept)
    seen = f"{start}\r\n{own}{added}\r\n".encode("latin-1") + body
    if (letter := letter_in(seen)) is None:
        return
    request = next(RequestParser(Config(), iter([seen]), ("127.0.0.1", 1)))
    assert (request.method, request.version) == ("POST", (1, 1))
    assert request.uri == "/callback" + ("" if letter.channel == "default" else f"/{letter.channel}")
    assert dict(request.headers).get("X-LINE-SIGNATURE") == letter.signature
    assert request.body.read() == letter.body
    assert not request.should_close()


# ---- what becomes of it ----------------------------------------------------------------------------------------

NOW = dt.datetime(2026, 11, 22, 3, tzinfo=dt.UTC)
KNOWN = TextSent(
    id="event-1", channel="default", at=NOW, line_id="U" + "0" * 32, text="こんにちは", message_id="1"
)


@dataclass
class Desk:
    """Stands for Reception and its intake: says what there is in a webhook, and tells the outcomes when it is asked."""

    items: Sequence[Item] = (KNOWN,)
    refuses: Exception | None = None
    cannot_conclude: bool = False
    must_look: bool = False
    waiting: list[Told] = field(default_factory=list)

    @property
    def services(self) -> Any:
        return self

    settings = type("Settings", (), {"public_url": "https://bot.example.jp"})

    @property
    def intake(self) -> Desk:
        return self

    def account_at_hand(self, channel: str) -> Channel | None:
        return None if self.must_look else Channel(channel, "s", "t")

    def read(self, account: Channel | None, _body: bytes, _signature: str | None) -> Webhook:
        if self.refuses or account is None:
            raise self.refuses or Refused("channel")
        return Webhook(account.name, self.items)

    def bring(self, _given: Sequence[Any], told: Told) -> None:
        self.waiting.append(told)

    def conclude(self, _webhook: Webhook, taken: Sequence[Outcome]) -> int:
        if self.cannot_conclude:
            raise ValueError
        return 500 if "again" in taken else 200


@pytest.fixture
def line() -> Iterator[tuple[socket.socket, socket.socket]]:
    """LINE's end of a connection, and ours."""
    theirs, ours = socket.socketpair()
    with theirs, ours:
        theirs.settimeout(10)
        yield theirs, ours


def test_it_is_answered_by_whoever_wrote_it(line: tuple[socket.socket, socket.socket]) -> None:
    theirs, ours = line
    desk, ended = Desk(), list[bool]()
    theirs.sendall(said())
    assert Express(cast(Reception, desk)).takes(ours, ended.append)
    assert ended == []
    writer = threading.Thread(target=desk.waiting[0], args=(["handled"],))
    writer.start()
    writer.join()
    assert theirs.recv(2000).startswith(b"HTTP/1.1 200 OK\r\n")
    assert ended == [True]
    with pytest.raises(BlockingIOError):
        ours.recv(1, socket.MSG_DONTWAIT)


def test_line_is_asked_to_come_again(line: tuple[socket.socket, socket.socket]) -> None:
    theirs, ours = line
    desk = Desk()
    theirs.sendall(said())
    Express(cast(Reception, desk)).takes(ours, lambda _: None)
    desk.waiting[0](["again"])
    assert theirs.recv(2000).startswith(b"HTTP/1.1 500 Internal Server Error\r\n")


LEFT_ALONE = {
    "whose account the database is to be asked for": Desk(must_look=True),
    "who is refused": Desk(refuses=Refused("signature")),
    "what we cannot read": Desk(refuses=RuntimeError()),
    "no events": Desk(items=()),
    "only what is none of ours": Desk(items=(Ignored("join", "group"),)),
    "what is to be set aside": Desk(items=(KNOWN, Broken(None, "message", "text", "{}"))),
}


@pytest.mark.parametrize("desk", LEFT_ALONE.values(), ids=LEFT_ALONE)
def test_what_is_left_to_flask_still_stands_in_the_socket(
    line: tuple[socket.socket, socket.socket], desk: Desk
) -> None:
    theirs, ours = line
    theirs.sendall(said())
    assert not Express(cast(Reception, desk)).takes(ours, lambda _: None)
    assert desk.waiting == []
    assert ours.recv(LARGEST) == said()


def test_nothing_is_waited_for(line: tuple[socket.socket, socket.socket]) -> None:
    assert not Express(cast(Reception, Desk())).takes(line[1], lambda _: None)


@pytest.mark.parametrize("desk", [Desk(), Desk(cannot_conclude=True)], ids=["who hung up", "our own mistake"])
def test_a_connection_that_got_no_answer_is_given_up(
    line: tuple[socket.socket, socket.socket], desk: Desk
) -> None:
    theirs, ours = line
    ended: list[bool] = []
    theirs.sendall(said())
    Express(cast(Reception, desk)).takes(ours, ended.append)
    theirs.close()
    try:
        desk.waiting[0](["handled"])
    except ValueError:
        assert desk.cannot_conclude
    assert ended == [False]
