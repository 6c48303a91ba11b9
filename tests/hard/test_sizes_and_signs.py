"""Bodies of every size at every door, and signs that could break a line of the log or paint a terminal."""

from __future__ import annotations

import json
import re
import select
import socket
import time
from collections.abc import Iterator
from functools import cache
from types import SimpleNamespace
from typing import Any, cast
from urllib.parse import quote

import pytest
from flask import Flask
from serving import SECRET, Served, sign
from town import settings, the_content
from werkzeug.routing import Rule

from bot.app import Services
from bot.web import create_flask
from storage.crypto import cipher_from, new_key

MB = 1024 * 1024
SMALL = (1, 100 * MB)
FULL = (1, 100, 10_000, 190 * 1024, 200 * 1024, MB - 1, MB, MB + 1, 10 * MB, 100 * MB)
KINDS = {
    "form": "application/x-www-form-urlencoded",
    "parts": "multipart/form-data; boundary=b",
    "json": "application/json",
}
MOST_GROWTH = 50.0  # megabytes
FORGED = (
    '"}\r\n{"event":"forged","level":"error"}\n\x1b[2J\x1b[31mroot\x07\u2028\u2029\x85\x00\x7f\u202e\ufeff'
)

amounts = pytest.mark.parametrize(
    "sizes", [SMALL, pytest.param(FULL, marks=pytest.mark.hard)], ids=["small", "full"]
)


@cache
def rules() -> tuple[Rule, ...]:
    """All doors of the service."""
    nothing = SimpleNamespace(cipher=cipher_from(new_key("x")), clock=None, one_writer=True)
    app: Flask = create_flask(Services(settings(), the_content(), cast(Any, nothing), cast(Any, None)))
    return tuple(app.url_map.iter_rules())


def path_of(rule: Rule, word: str = "0" * 32) -> str:
    return re.sub(r"<[^>]+>", quote(word, safe=""), rule.rule)


def doors() -> Iterator[str]:
    for rule in rules():
        if "POST" in (rule.methods or ()):
            yield path_of(rule, "default" if rule.rule.startswith("/callback") else "0" * 32)


def streams(service: Served, path: str, size: int, kind: str, *, chunked: bool = False) -> int:
    """Sends so many bytes, for as long as the service listens; the status."""
    head = f"POST {path} HTTP/1.1\r\nHost: here\r\nContent-Type: {KINDS[kind]}\r\nConnection: close\r\n"
    head += "Transfer-Encoding: chunked\r\n\r\n" if chunked else f"Content-Length: {size}\r\n\r\n"
    filling = {
        "form": b"a=1&",
        "parts": b"--b\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n",
        "json": b"[[[[",
    }
    piece = (filling[kind] * 20_000)[: 64 * 1024]
    with socket.create_connection(("127.0.0.1", service.port), 30) as caller:
        caller.settimeout(30)
        try:
            caller.sendall(head.encode())
            left = size
            while left > 0 and _has_no_answer(caller):
                some = piece[: min(left, len(piece))]
                caller.sendall(b"%x\r\n%s\r\n" % (len(some), some) if chunked else some)
                left -= len(some)
            if chunked and left <= 0:
                caller.sendall(b"0\r\n\r\n")
        except (BrokenPipeError, ConnectionResetError):
            pass  # it has heard enough; its answer is still to be read, where the network has kept it
        try:
            answer = caller.recv(100)
        except ConnectionResetError:
            return 0
    return int(answer.split()[1]) if answer else 0


def _has_no_answer(caller: socket.socket) -> bool:
    return not select.select([caller], [], [], 0)[0]


@amounts
def test_bodies_of_every_size_at_every_door_get_a_4xx_and_cost_no_memory(
    service: Served, sizes: tuple[int, ...]
) -> None:
    worker, before = service.worker(), service.memory()
    most, wrong, cut, slowest = before, list[object](), 0, 0.0
    for path in doors():
        for size in sizes:
            for kind in KINDS if len(sizes) > 2 else ("form",):
                began = time.monotonic()
                status = streams(service, path, size, kind)
                slowest = max(slowest, time.monotonic() - began)
                cut += status == 0
                if not 400 <= status < 500 and not (status == 0 and size > MB):
                    wrong.append((path, size, kind, status))
        most = max(most, service.memory())
    print(f"{before:.0f} MB, at most {most - before:+.1f} MB, slowest answer {slowest:.2f} s, {cut} cut off")
    assert wrong == []
    assert most - before < MOST_GROWTH
    assert service.worker() == worker, "the serving process died"
    assert service.is_ready()


@amounts
def test_the_same_in_chunks_without_a_length(service: Served, sizes: tuple[int, ...]) -> None:
    before = service.memory()
    for path in ("/callback", "/desk/sign-in", "/handbook", f"/d/{'0' * 32}/send"):
        for size in sizes:
            status = streams(service, path, size, "form", chunked=True)
            assert 400 <= status < 500 or (status == 0 and size > MB), (path, size, status)
    assert service.memory() - before < MOST_GROWTH


@pytest.mark.parametrize("many", [10_000, pytest.param(1_000_000, marks=pytest.mark.hard)])
def test_a_crowd_of_fields_is_refused(service: Served, many: int) -> None:
    before = service.memory()
    fields = "&".join(f"a{number}=" for number in range(many)).encode()
    parts = b"".join(
        b'--b\r\nContent-Disposition: form-data; name="a%d"\r\n\r\n\r\n' % number for number in range(many)
    )
    for kind, body in (("form", fields), ("parts", parts + b"--b--\r\n")):
        for path in ("/desk/sign-in", f"/d/{'0' * 32}/send", "/handbook"):
            headers = {"Content-Type": KINDS[kind]}
            try:
                status = service.ask("POST", path, body, headers)[0]
            except OSError:  # hung up in the middle of what nobody wants to hear
                status = 413
            assert 400 <= status < 500, (path, kind)
    assert service.memory() - before < MOST_GROWTH


def test_no_sign_in_any_input_breaks_or_forges_a_line_of_the_log(service: Served) -> None:
    """S26: paths, queries, forms, headers, cookies and signed webhooks, all of them full of such signs."""
    already = len(service.log())
    coded = quote(FORGED, safe="")
    plain = "".join(each for each in FORGED if each >= " " and each != "\x7f")
    heads = {
        name: plain.encode("utf-8").decode("latin-1")
        for name in (
            "X-Request-ID",
            "User-Agent",
            "Cookie",
            "Referer",
            "X-Forwarded-For",
            "Accept-Language",
            "Range",
        )
    }
    for rule in rules():
        for method in sorted((rule.methods or set()) & {"GET", "POST"}):
            form = f"proof={coded}&token={coded}&name={coded}".encode() if method == "POST" else None
            path = f"{path_of(rule, FORGED)}?q={coded}&{coded}=1"
            status, _ = service.ask(method, path, form, {**heads, "Content-Type": KINDS["form"]})
            assert status < 500, (method, rule.rule)
    for number, event in enumerate(_hostile_events()):
        body = json.dumps({"destination": FORGED, "events": [event]}).encode()
        status, _ = service.ask("POST", "/callback", body, {"X-Line-Signature": sign(body, SECRET)})
        assert status == 200, number
    service.ask("GET", "/healthz")
    lines = service.log()[already:]
    assert len(lines) > 10
    for line in lines:
        found = json.loads(line)
        assert found["event"] != "forged"
        assert {"at", "level"} <= found.keys()
        assert line.replace("\ufffd", "").isprintable(), line


def _hostile_events() -> Iterator[dict[str, object]]:
    """One event of each kind, once with such signs in each of its places."""
    common: dict[str, object] = {
        "mode": "active", "timestamp": int(time.time() * 1000), "source": {"type": "user", "userId": "U" + "c" * 32},
        "deliveryContext": {"isRedelivery": False}, "replyToken": "c" * 32, "webhookEventId": "01SIGNS",
    }  # fmt: skip
    kinds: tuple[dict[str, object], ...] = (
        {"type": "message", "message": {"type": "text", "id": "1", "text": "a"}},
        {"type": "message", "message": {"type": "image", "id": "1"}},
        {"type": "postback", "postback": {"data": "v1;x"}},
        {"type": "follow", "follow": {"isUnblocked": False}},
        {"type": "unfollow"},
        {"type": "unsend", "unsend": {"messageId": "1"}},
    )
    for kind in kinds:
        whole = {**common, **kind}
        for name, value in whole.items():
            yield {**whole, "webhookEventId": f"01SIGNS{name}{whole['type']}", name: FORGED}
            if isinstance(value, dict):
                for inner in value:
                    changed = {**value, inner: FORGED}
                    yield {**whole, "webhookEventId": f"01SIGNS{inner}{whole['type']}", name: changed}
