"""Forty and more ways to pass for LINE without the secret, or with the right signature at the wrong place."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import socket
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from serving import IWAMI, SECRET, Served, sign
from sqlalchemy import func, select

from storage import events
from storage.database import new_engine

Headers = list[tuple[str, str | bytes]]
NAME = "X-Line-Signature"


def body() -> bytes:
    event = {
        "type": "message",
        "mode": "active",
        "timestamp": int(time.time() * 1000),
        "source": {"type": "user", "userId": "U" + "b" * 32},
        "webhookEventId": "01BYPASS00000000000000000",
        "deliveryContext": {"isRedelivery": False},
        "replyToken": "b" * 32,
        "message": {"type": "text", "id": "1", "text": "メニュー"},
    }
    return json.dumps({"destination": "U" + "0" * 32, "events": [event]}).encode()


BODY = body()
MAC = hmac.new(SECRET.encode(), BODY, hashlib.sha256).digest()
RIGHT = base64.b64encode(MAC).decode()


def _with(algorithm: Any) -> str:
    return base64.b64encode(hmac.new(SECRET.encode(), BODY, algorithm).digest()).decode()


SIGNATURES: dict[str, str | bytes | None] = {
    "none": None,
    "empty": "",
    "a space": " ",
    "null": "null",
    "true": "true",
    "zero bytes": base64.b64encode(bytes(32)).decode(),
    "of nothing": sign(b""),
    "of another body": sign(BODY + b" "),
    "of the body in another form": sign(json.dumps(json.loads(BODY), separators=(",", ":")).encode()),
    "of the body as text": sign(BODY.decode().encode("utf-16")),
    "with an empty secret": sign(BODY, ""),
    "with the secret of another channel": sign(BODY, IWAMI),
    "with the secret in capitals": sign(BODY, SECRET.upper()),
    "with the secret as hex bytes": base64.b64encode(hmac.new(bytes.fromhex(SECRET), BODY, "sha256").digest()).decode(),
    "with the access token": sign(BODY, "the-token"),
    "with the secret at the wrong end": base64.b64encode(hashlib.sha256(SECRET.encode() + BODY).digest()).decode(),
    "sha1": _with(hashlib.sha1),
    "sha384": _with(hashlib.sha384),
    "sha512": _with(hashlib.sha512),
    "md5": _with(hashlib.md5),
    "sha3": _with(hashlib.sha3_256),
    "no hmac": base64.b64encode(hashlib.sha256(BODY).digest()).decode(),
    "hex": MAC.hex(),
    "hex in capitals": MAC.hex().upper(),
    "hex in base64": base64.b64encode(MAC.hex().encode()).decode(),
    "base32": base64.b32encode(MAC).decode(),
    "base85": base64.b85encode(MAC).decode(),
    "the first half": base64.b64encode(MAC[:16]).decode(),
    "all but one sign": RIGHT[:-1],
    "without padding": RIGHT.rstrip("="),
    "one sign more": RIGHT + "A",
    "padding twice": RIGHT + "=",
    "twice": RIGHT + RIGHT,
    "twice with a comma": f"{RIGHT}, {RIGHT}",
    "a wrong one and the right one": f"{sign(b'x')},{RIGHT}",
    "capitals changed": RIGHT.swapcase(),
    "reversed": RIGHT[::-1],
    "quoted": f'"{RIGHT}"',
    "with its kind": f"sha256={RIGHT}",
    "as a bearer": f"Bearer {RIGHT}",
    "percent-encoded": quote(RIGHT, safe="")[:-1] + "x",
    "a space in it": f"{RIGHT[:20]} {RIGHT[20:]}",
    "a tab in it": f"{RIGHT[:20]}\t{RIGHT[20:]}",
    "full width": "".join(chr(ord(sign) + 0xFEE0) for sign in RIGHT).encode(),
    "no ASCII": "é".encode("latin-1"),
    "broken UTF-8": b"\xff\xfe" + RIGHT.encode(),
    "a byte of zero": RIGHT.encode() + b"\0",
    "long": "a" * 7_000,
    "a template": "{{ config.SECRET }}",
    "SQL": "' OR '1'='1",
}  # fmt: skip

ELSEWHERE: dict[str, tuple[str, Headers]] = {
    "in the query": (f"/callback?x-line-signature={quote(RIGHT, safe='')}", []),
    "in a cookie": ("/callback", [("Cookie", f"X-Line-Signature={RIGHT}")]),
    "under the name of others": ("/callback", [("X-Hub-Signature-256", RIGHT), ("X-Signature", RIGHT)]),
    "with underscores": ("/callback", [("X_Line_Signature", RIGHT)]),
    "as authorization": ("/callback", [("Authorization", RIGHT)]),
    "a wrong one first": ("/callback", [(NAME, sign(b"x")), (NAME, RIGHT)]),
    "a wrong one last": ("/callback", [(NAME, RIGHT), (NAME, sign(b"x"))]),
    "on the channel of another town": ("/callback/iwami", [(NAME, RIGHT)]),
    "on another channel by a query": ("/callback/iwami?channel=default", [(NAME, RIGHT)]),
    "on another channel by a header": ("/callback/iwami", [(NAME, RIGHT), ("X-Original-URL", "/callback")]),
    "a way around the name": ("/callback/../callback/iwami", [(NAME, RIGHT)]),
    "on a channel that there is not": ("/callback/nowhere", [(NAME, RIGHT)]),
    "on a channel without a name": ("/callback/", [(NAME, RIGHT)]),
    "on a channel in capitals": ("/callback/DEFAULT", [(NAME, RIGHT)]),
    "as a form that changes the method": ("/callback?_method=POST", [("X-HTTP-Method-Override", "POST")]),
}


@pytest.fixture
def stored(service: Served) -> Callable[[], int]:
    engine = new_engine(service.database_url)

    def count() -> int:
        with engine.connect().execution_options(reads_only=True) as conn:
            return int(conn.execute(select(func.count()).select_from(events.seen_events)).scalar_one())

    return count


def sends(service: Served, method: str, path: str, headers: Headers, content: bytes) -> int:
    """By hand: no client would send some of these. The status; 0 where the service hung up without one."""
    head = [f"{method} {path} HTTP/1.1".encode(), b"Host: here", b"Content-Length: %d" % len(content)]
    for name, value in headers:
        head.append(name.encode() + b": " + (value.encode() if isinstance(value, str) else value))
    with socket.create_connection(("127.0.0.1", service.port), 10) as caller:
        caller.settimeout(30)
        caller.sendall(b"\r\n".join([*head, b"Connection: close", b"", b""]) + content)
        answer = caller.recv(100)
    return int(answer.split()[1]) if answer else 0


@pytest.mark.parametrize("name", SIGNATURES)
def test_a_forged_signature_is_refused(service: Served, stored: Callable[[], int], name: str) -> None:
    before, signature = stored(), SIGNATURES[name]
    headers: Headers = [] if signature is None else [(NAME, signature)]
    assert 400 <= sends(service, "POST", "/callback", headers, BODY) < 500
    assert stored() == before


@pytest.mark.parametrize("name", ELSEWHERE)
def test_the_right_signature_at_the_wrong_place_is_refused(
    service: Served, stored: Callable[[], int], name: str
) -> None:
    before, (path, headers) = stored(), ELSEWHERE[name]
    assert 400 <= sends(service, "POST", path, headers, BODY) < 500
    assert stored() == before


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "QUERY"])
def test_only_posts_count(service: Served, stored: Callable[[], int], method: str) -> None:
    before = stored()
    assert sends(service, method, "/callback", [(NAME, RIGHT)], BODY) in (200, 400, 405, 501)
    assert stored() == before


def test_the_same_bytes_with_the_right_signature_are_taken(
    service: Served, stored: Callable[[], int]
) -> None:
    before = stored()
    assert sends(service, "POST", "/callback", [(NAME, RIGHT)], BODY) == 200
    assert stored() == before + 1
