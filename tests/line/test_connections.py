"""What is kept open, and how far a request came that got no answer."""

from __future__ import annotations

import datetime as dt
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from bot.line.connections import Connections, NoAnswer, as_answered

TIMEOUTS = (2.0, 2.0)
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Line-Request-Id: r\r\n\r\n{}"
Talk = Callable[[socket.socket], None]


@contextmanager
def server(talk: Talk) -> Iterator[tuple[str, list[socket.socket]]]:
    """Talks with each caller in a thread of its own; its address, and who called."""
    callers: list[socket.socket] = []
    listening = socket.create_server(("127.0.0.1", 0))

    def accept() -> None:
        with suppress(OSError):
            while True:
                caller, _ = listening.accept()
                callers.append(caller)
                threading.Thread(target=one, args=(caller,), daemon=True).start()

    def one(caller: socket.socket) -> None:
        with suppress(OSError):
            talk(caller)

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}", callers
    finally:
        listening.close()
        for caller in callers:
            caller.close()


def answers(caller: socket.socket) -> None:
    """Once for each request, whose body comes by itself."""
    while piece := caller.recv(65_536):
        if piece.endswith(b"{}"):
            caller.sendall(OK)


def answers_once(caller: socket.socket) -> None:
    while not caller.recv(65_536).endswith(b"{}"):
        pass
    caller.sendall(OK)


def ask(connections: Connections, base: str) -> int:
    return connections.end(
        connections.begin("POST", f"{base}/v2/bot/x?y=1", {"A": "b"}, b"{}", TIMEOUTS)
    ).status


def test_one_connection_serves_many_calls() -> None:
    connections = Connections()
    with server(answers) as (base, callers):
        assert [ask(connections, base) for _ in range(5)] == [200] * 5
        assert len(callers) == 1
    connections.close()


def test_one_that_line_closed_meanwhile_is_not_used_again() -> None:
    def once(caller: socket.socket) -> None:
        answers_once(caller)
        caller.shutdown(socket.SHUT_RDWR)

    connections = Connections()
    with server(once) as (base, callers):
        for _ in range(3):
            assert ask(connections, base) == 200
            threading.Event().wait(0.1)
        assert len(callers) == 3


def test_one_on_which_line_speaks_unasked_is_not_used_again() -> None:
    def goes_on(caller: socket.socket) -> None:
        answers_once(caller)
        threading.Event().wait(0.1)
        caller.sendall(b"HTTP/1.1 408 You said nothing\r\nContent-Length: 0\r\n\r\n")
        threading.Event().wait(5)

    connections = Connections()
    with server(goes_on) as (base, callers):
        for _ in range(3):
            assert ask(connections, base) == 200
            threading.Event().wait(0.3)
        assert len(callers) == 3


@pytest.mark.parametrize(
    "words",
    [b"", b"HTTP/1.1 2", b"nonsense\r\n\r\n", b"HTTP/1.1 abc OK\r\n\r\n", b"HTTP/9.9 200 OK\r\n\r\n"],
    ids=["nothing", "half a line", "nonsense", "no number", "another HTTP"],
)
def test_after_a_request_whatever_is_no_answer_leaves_it_open_whether_it_arrived(words: bytes) -> None:
    def speaks(caller: socket.socket) -> None:
        caller.recv(65_536)
        caller.sendall(words)
        caller.shutdown(socket.SHUT_RDWR)

    connections = Connections()
    with server(speaks) as (base, callers), pytest.raises(NoAnswer) as found:
        ask(connections, base)
    assert found.value.began
    assert len(callers) == 1


@pytest.mark.parametrize(
    "words",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{}",
    ],
    ids=["a short body", "a wrong piece", "half a piece"],
)
def test_a_status_counts_also_where_its_words_are_broken(words: bytes) -> None:
    def speaks(caller: socket.socket) -> None:
        caller.recv(65_536)
        caller.sendall(words)
        caller.shutdown(socket.SHUT_RDWR)

    with server(speaks) as (base, _):
        connections = Connections()
        reply = connections.end(connections.begin("POST", base + "/", {}, b"{}", TIMEOUTS))
    assert (reply.status, reply.body) == (200, None)


@pytest.mark.parametrize(
    ("base", "headers"),
    [
        ("http://", {}),
        ("ftp://127.0.0.1", {}),
        ("http://127.0.0.1:99999", {}),
        ("no address", {}),
        ("{base}", {"A": "b\r\nC: d"}),
        ("{base}", {"A": "あ"}),
    ],
)
def test_what_is_wrong_on_our_side_never_left(base: str, headers: dict[str, str]) -> None:
    with server(answers) as (here, _), pytest.raises(NoAnswer) as found:
        Connections().begin("POST", base.format(base=here) + "/", headers, b"{}", TIMEOUTS)
    assert not found.value.began


# ---- over TLS ----------------------------------------------------------------------------------------------------


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """Somebody's for 127.0.0.1, signed by themselves."""
    key, name = (
        ec.generate_private_key(ec.SECP256R1()),
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "x")]),
    )
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, now - dt.timedelta(1), now + dt.timedelta(1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "certificate.pem"
    path.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return path


def with_tls(certificate: Path) -> Talk:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    def talk(caller: socket.socket) -> None:
        with context.wrap_socket(caller, server_side=True) as wrapped:
            answers(wrapped)

    return talk


def test_a_stranger_s_certificate_is_told_nothing(certificate: Path) -> None:
    with server(with_tls(certificate)) as (base, _), pytest.raises(NoAnswer) as found:
        ask(Connections(), base.replace("http://127.0.0.1", "https://localhost"))
    assert (found.value.kind, found.value.began) == ("SSLCertVerificationError", False)


def test_over_tls_a_connection_is_kept_too(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    connections = Connections()
    with server(with_tls(certificate)) as (base, callers):
        for _ in range(3):
            assert ask(connections, base.replace("http://127.0.0.1", "https://localhost")) == 200
            threading.Event().wait(0.1)
        assert len(callers) == 1
    connections.close()


# ---- several requests under way ------------------------------------------------------------------------------


def test_a_request_leaves_in_one_piece() -> None:
    pieces = []

    def hears(caller: socket.socket) -> None:
        pieces.append(caller.recv(65_536))
        caller.sendall(OK)

    connections = Connections()
    with server(hears) as (base, _):
        assert ask(connections, base) == 200
    assert len(pieces) == 1
    assert pieces[0].startswith(b"POST /v2/bot/x?y=1 HTTP/1.1\r\n")
    assert pieces[0].endswith(b"\r\nA: b\r\n\r\n{}")


def test_answers_are_read_as_they_come_and_the_silent_ones_when_their_time_is_over() -> None:
    connections, waits = Connections(), iter([5.0, 0.3, 0.0])

    def in_its_time(caller: socket.socket) -> None:
        wait = next(waits)
        caller.recv(65_536)
        threading.Event().wait(wait)
        caller.sendall(OK)

    with server(in_its_time) as (base, _):
        begun = []
        for _ in range(3):
            begun.append(connections.begin("POST", f"{base}/x", {}, b"{}", (2.0, 0.8)))
            threading.Event().wait(0.05)  # so that they are accepted in this order
        order = []
        for exchange in as_answered(begun):
            order.append(begun.index(exchange))
            if order[-1] == 0:
                with pytest.raises(NoAnswer) as found:
                    connections.end(exchange)
                assert found.value.began
            else:
                assert connections.end(exchange).status == 200
    assert order == [2, 1, 0]


def test_a_header_that_is_none_is_found_before_anything_leaves() -> None:
    with server(answers) as (base, _), pytest.raises(NoAnswer) as found:
        Connections().begin("POST", f"{base}/x", {"A": "b\r\nC: d"}, b"{}", TIMEOUTS)
    assert not found.value.began
