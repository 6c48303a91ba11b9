"""A mail server on this machine: takes every mail, keeps it to be read, and misbehaves on demand."""

from __future__ import annotations

import contextlib
import email
import email.policy
import re
import socket
import socketserver
import ssl
import threading
import time
from collections import deque
from dataclasses import asdict, dataclass, field
from email.message import EmailMessage
from typing import Any, Literal, get_args

from simulator.faults import BadFault

At = Literal["connect", "mail", "rcpt", "data", "end"]
KEPT = 500
_LONGEST_LINE, _MOST_BYTES, _LONGEST_HANG = 64 * 1024, 10 * 1024 * 1024, 600.0


@dataclass
class MailFault:
    """What happens at one point of the next `times` mails (None: of all): a code is said, it hangs, it is cut.

    `end` is after the whole mail was read: there it has been taken, also where the answer never comes.
    """

    at: At
    code: int | None = None
    words: str = "because a test says so"
    recipient: str | None = None
    times: int | None = 1
    hang: bool = False
    drop: bool = False


def read_mail_fault(data: dict[str, Any]) -> MailFault:
    """A fault from JSON; raises BadFault."""
    if not data.keys() <= MailFault.__dataclass_fields__.keys() or data.get("at") not in get_args(At):
        raise BadFault(f"at is one of {', '.join(get_args(At))}")
    fault = MailFault(**data)
    if not (fault.code or fault.hang or fault.drop):
        raise BadFault("a mail fault needs one of code, hang, drop")
    return fault


@dataclass(frozen=True)
class ReceivedMail:
    """One mail for one recipient, as it came."""

    sender: str
    recipient: str
    raw: bytes
    at: float

    @property
    def message(self) -> EmailMessage:
        return email.message_from_bytes(self.raw, policy=email.policy.default)

    @property
    def text(self) -> str:
        return str(self.message.get_content())


@dataclass
class Mailbox:
    """What came, the newest last, and the faults that are still to come; thread-safe."""

    mails: deque[ReceivedMail] = field(default_factory=lambda: deque(maxlen=KEPT))
    signed_in: list[str] = field(default_factory=list)
    connections: int = 0
    _faults: list[MailFault] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _freed: threading.Event = field(default_factory=threading.Event)

    def add_fault(self, fault: MailFault) -> None:
        with self._lock:
            self._freed.clear()
            self._faults.append(fault)

    def clear_faults(self) -> None:
        """Also ends what hangs."""
        with self._lock:
            self._faults.clear()
            self._freed.set()

    def take(self, at: At, recipient: str | None = None) -> MailFault | None:
        """The fault of this point, counted down."""
        with self._lock:
            for fault in self._faults:
                if fault.at == at and fault.recipient in (None, recipient):
                    if fault.times is not None:
                        fault.times -= 1
                        if fault.times <= 0:
                            self._faults.remove(fault)
                    return fault
        return None

    def hang(self) -> None:
        self._freed.wait(_LONGEST_HANG)

    def faults_as_json(self) -> list[dict[str, Any]]:
        with self._lock:
            return [asdict(fault) for fault in self._faults]


class _Cut(Exception):
    """The connection ends here."""


class _Conversation(socketserver.StreamRequestHandler):
    """One client: SMTP as far as a mail program needs it (RFC 5321)."""

    server: _Server
    disable_nagle_algorithm = True

    def handle(self) -> None:
        with contextlib.suppress(_Cut, OSError):
            self.server.mailbox.connections += 1
            if not self._fault("connect"):
                self._say(220, "tsunagari mail on this machine")
            self._forget()
            while True:
                line = self.rfile.readline(_LONGEST_LINE)
                if not line:
                    return
                self._command(line.decode("utf-8", "replace").strip())

    def _command(self, line: str) -> None:
        verb, _, rest = line.partition(" ")
        match verb.upper():
            case "EHLO":
                offers = ["STARTTLS"] if self.server.tls and not self._encrypted() else []
                names = ["tsunagari", "8BITMIME", "AUTH PLAIN", *offers]
                said = [f"250{'-' if name != names[-1] else ' '}{name}\r\n" for name in names]
                self.wfile.write("".join(said).encode())
            case "HELO" | "NOOP":
                self._say(250, "ok")
            case "STARTTLS" if self.server.tls is not None:
                self._say(220, "go on")
                self.connection = self.server.tls.wrap_socket(self.connection, server_side=True)
                self.rfile = self.connection.makefile("rb", -1)
                self.wfile = socketserver._SocketWriter(self.connection)  # type: ignore[attr-defined]
            case "AUTH":
                self.server.mailbox.signed_in.append(rest)
                self._say(235, "2.7.0 welcome")
            case "MAIL":
                self._forget()
                self.sender = _address(rest)
                if not self._fault("mail"):
                    self._say(250, "2.1.0 ok")
            case "RCPT":
                self._recipient(_address(rest))
            case "DATA":
                self._data()
            case "RSET":
                self._forget()
                self._say(250, "2.0.0 ok")
            case "QUIT":
                self._say(221, "2.0.0 bye")
                raise _Cut
            case _:
                self._say(502, "5.5.1 not known here")

    def _recipient(self, address: str) -> None:
        if not self._fault("rcpt", address):
            self.recipients.append(address)
            self._say(250, "2.1.5 ok")

    def _data(self) -> None:
        if not self.recipients:
            self._say(503, "5.5.1 for whom?")
            return
        if self._fault("data"):
            return
        self._say(354, "end with a dot")
        lines, size = [], 0
        while (line := self.rfile.readline(_LONGEST_LINE)) != b".\r\n":
            size += len(line)
            if not line or size > _MOST_BYTES:
                raise _Cut
            lines.append(line[1:] if line.startswith(b".") else line)
        raw, fault = b"".join(lines), self.server.mailbox.take("end")
        if fault is None or fault.code is None:
            for each in self.recipients:
                self.server.mailbox.mails.append(ReceivedMail(self.sender, each, raw, time.time()))
        if fault is not None:
            self._do(fault)
        else:
            self._say(250, "2.0.0 taken")
        self._forget()

    def _fault(self, at: At, recipient: str | None = None) -> bool:
        fault = self.server.mailbox.take(at, recipient)
        if fault is not None:
            self._do(fault)
        return fault is not None

    def _do(self, fault: MailFault) -> None:
        if fault.hang:
            self.server.mailbox.hang()
        if fault.drop or fault.code is None:
            raise _Cut
        self._say(fault.code, fault.words)
        if fault.at == "connect":
            raise _Cut

    def _forget(self) -> None:
        self.sender, self.recipients = "", list[str]()

    def _say(self, code: int, words: str) -> None:
        self.wfile.write(f"{code} {words}\r\n".encode())

    def _encrypted(self) -> bool:
        return isinstance(self.connection, ssl.SSLSocket)


def _address(rest: str) -> str:
    found = re.search(r"<([^<>]*)>", rest)
    return found[1] if found else ""


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False

    def __init__(self, host: str, port: int, mailbox: Mailbox, tls: ssl.SSLContext | None) -> None:
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.mailbox, self.tls = mailbox, tls
        super().__init__((host, port), _Conversation)


class MailServer:
    """Listens in a thread until it is stopped: `with MailServer() as post: … post.url … post.mailbox.mails`."""

    def __init__(self, host: str = "127.0.0.1", port: int = 0, tls: ssl.SSLContext | None = None) -> None:
        self.mailbox = Mailbox()
        self._server = _Server(host, port, self.mailbox, tls)
        self.host, self.port = host, int(self._server.server_address[1])
        self.url = f"smtp://{host}:{self.port}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), name="mail", daemon=True
        )

    def start(self) -> MailServer:
        self._thread.start()
        return self

    def stop(self) -> None:
        """Ends the listening and what hangs."""
        self.mailbox.clear_faults()
        self._server.shutdown()
        self._server.server_close()

    def __enter__(self) -> MailServer:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()
