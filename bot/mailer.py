"""Speaks with the mail server: the only room that imports smtplib. It knows nothing of concerns.

What the server says is kept as a code only ("RCPT 550 5.1.1"): its words quote addresses.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import ipaddress
import re
import smtplib
import ssl
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Any, Final
from urllib.parse import unquote, urlsplit

TIMEOUT: Final = 10.0  # seconds for each answer of the server
LONGEST: Final = dt.timedelta(seconds=90)  # one mail with a server that uses up every timeout
_SCHEMES: Final = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}
_ADDRESS: Final = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?"
)
_ENHANCED: Final = re.compile(rb"^([245]\.\d{1,3}\.\d{1,3})\b")
_NOT_THE_MAILBOX: Final = (503, 530, 535, 538)  # our side is at fault: order of commands, signing in
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


class BadAddress(ValueError):
    """SMTP_URL: expected is smtp://, smtp+starttls:// or smtps:// with user:password@ (or without) and a host."""


class NoSafeWay(smtplib.SMTPException):
    """A password would travel without encryption, or encryption was asked for and is not offered."""


@dataclass(frozen=True)
class Server:
    """Where mails are handed in. `starttls`: it must be encrypted; otherwise it is where the server offers it."""

    host: str
    port: int
    tls: bool
    starttls: bool
    user: str | None = None
    password: str | None = field(default=None, repr=False)

    @property
    def on_this_machine(self) -> bool:
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"


def server_of(url: str) -> Server:
    """Read SMTP_URL; raises BadAddress, whose text never contains the password."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
        if parts.scheme not in _SCHEMES or not host or parts.path.strip("/") or parts.query:
            raise BadAddress(BadAddress.__doc__)
    except ValueError:
        raise BadAddress(BadAddress.__doc__) from None  # the parser's own words may quote the password
    user = unquote(parts.username) if parts.username else None
    if (user is None) != (parts.password is None):
        raise BadAddress("SMTP_URL: user and password belong together")
    usual = 587 if parts.scheme == "smtp" and user else _SCHEMES[parts.scheme]
    return Server(
        host=host,
        port=port or usual,
        tls=parts.scheme == "smtps",
        starttls=parts.scheme == "smtp+starttls",
        user=user,
        password=unquote(parts.password) if parts.password is not None else None,
    )


def is_address(text: str) -> bool:
    """Whether mail can be sent there: ASCII, and nothing in it that could end a line or a command."""
    return _ADDRESS.fullmatch(text) is not None and ".." not in text


def sender_for(public_url: str) -> str:
    """The address that mails come from where none is set: tsunagari@ the host of our pages."""
    host = urlsplit(public_url).hostname or "localhost"
    named = re.fullmatch(r"[a-z0-9.-]*[a-z][a-z0-9.-]*", host) is not None
    return f"tsunagari@{host if named else 'localhost'}"


@dataclass(frozen=True)
class Letter:
    """One mail to one address. `key` makes its Message-ID: a repeat has the same, so that clients fold it."""

    key: str
    to: str
    subject: str
    text: str
    written_at: dt.datetime


@dataclass(frozen=True)
class Sent:
    """The server has taken it."""


@dataclass(frozen=True)
class Later:
    """It may work another time. `connection`: nothing more was tried on this connection; `away`: there was none."""

    code: str
    connection: bool = False
    away: bool = False


@dataclass(frozen=True)
class Rejected:
    """It will never work. `mailbox`: the mailbox does not exist; otherwise this mail is not wanted."""

    code: str
    mailbox: bool


Outcome = Sent | Later | Rejected


@dataclass(frozen=True)
class Mailer:
    """Hands mails to one server, each batch through one connection."""

    server: Server
    sender: str
    timeout: float = TIMEOUT

    def send(self, letters: Iterable[Letter]) -> Iterator[tuple[Letter, Outcome]]:
        """What came of each, as soon as it is known, so that the caller can write it down before the next."""
        with contextlib.ExitStack() as stack:
            connection: smtplib.SMTP | None = None
            broken: Later | None = None
            for letter in letters:
                if not is_address(letter.to):
                    yield letter, Rejected("not an address", mailbox=True)
                    continue
                if broken is None and connection is None:
                    try:
                        connection = self._connect()
                        stack.callback(_close, connection)
                    except (OSError, smtplib.SMTPException) as trouble:
                        broken = Later(_code("connect", trouble), connection=True, away=_is_away(trouble))
                if broken is not None or connection is None:
                    yield letter, broken or Later("connect", connection=True)
                    continue
                outcome = self._one(connection, letter)
                if isinstance(outcome, Later) and outcome.connection:
                    broken = outcome
                yield letter, outcome

    def reach(self) -> str | None:
        """Connect and sign in, for `tsunagari check`: None where that works, else a code."""
        try:
            connection = self._connect()
        except (OSError, smtplib.SMTPException) as trouble:
            return _code("connect", trouble)
        _close(connection)
        return None

    def _connect(self) -> smtplib.SMTP:
        here = self.sender.rpartition("@")[2]  # else smtplib asks the name service who we are
        server, context = self.server, ssl.create_default_context()
        connection: smtplib.SMTP
        if server.tls:
            connection = smtplib.SMTP_SSL(
                server.host, server.port, local_hostname=here, timeout=self.timeout, context=context
            )
        else:
            connection = smtplib.SMTP(server.host, server.port, local_hostname=here, timeout=self.timeout)
        try:
            connection.ehlo_or_helo_if_needed()
            encrypted = server.tls
            offered = connection.has_extn("starttls")
            if not server.tls and offered and (server.starttls or not server.on_this_machine):
                _positive(connection.starttls(context=context))
                connection.ehlo_or_helo_if_needed()
                encrypted = True
            if not encrypted and (server.starttls or (server.user and not server.on_this_machine)):
                raise NoSafeWay
            if server.user and server.password is not None:
                connection.login(server.user, server.password)
        except BaseException:
            connection.close()
            raise
        return connection

    def _one(self, connection: smtplib.SMTP, letter: Letter) -> Outcome:
        command = "MAIL"
        try:
            code, words = connection.mail(self.sender)
            if code != 250:
                return self._not_now(connection, command, code, words)
            command = "RCPT"
            code, words = connection.rcpt(letter.to)
            if code not in (250, 251):
                if code >= 500 and _says_no_mailbox(code, words):
                    _reset(connection)
                    return Rejected(_spelled(command, code, words), mailbox=True)
                return self._not_now(connection, command, code, words)
            command = "DATA"
            code, words = connection.data(self._bytes(letter))
            if code == 250:
                return Sent()
            if code >= 500:
                _reset(connection)
                return Rejected(_spelled(command, code, words), mailbox=False)
            return self._not_now(connection, command, code, words)
        except smtplib.SMTPDataError as refused:  # the server would not even hear it
            return self._not_now(connection, command, refused.smtp_code, _raw(refused.smtp_error))
        except (OSError, smtplib.SMTPException) as trouble:
            return Later(_code(command, trouble), connection=True)

    def _not_now(self, connection: smtplib.SMTP, command: str, code: int, words: bytes) -> Later:
        """Also 5xx where our own settings are at fault: that is mended, and then the mail goes."""
        gone = code == 421 or not _reset(connection)
        return Later(_spelled(command, code, words), connection=gone or command == "MAIL")

    def _bytes(self, letter: Letter) -> bytes:
        message = EmailMessage(policy=SMTP)
        message["Message-ID"] = f"<{letter.key}@{self.sender.rpartition('@')[2]}>"
        message["Date"] = format_datetime(letter.written_at)
        message["From"] = Address("つながり", addr_spec=self.sender)
        message["To"] = Address(addr_spec=letter.to)
        message["Subject"] = _CONTROL.sub(" ", letter.subject)
        message["Auto-Submitted"] = "auto-generated"
        message["X-Auto-Response-Suppress"] = "All"
        message.set_content(letter.text, subtype="plain", charset="utf-8", cte="base64")
        return message.as_bytes()


def _is_away(trouble: Exception) -> bool:
    """Whether nobody answered, or not as a server; one that answers and refuses us is there."""
    refuses = (smtplib.SMTPResponseException, smtplib.SMTPNotSupportedError, NoSafeWay)
    return not isinstance(trouble, refuses)


def _positive(answer: tuple[int, Any]) -> None:
    if answer[0] != 220:
        raise NoSafeWay


def _says_no_mailbox(code: int, words: bytes) -> bool:
    """Whether a 5xx at RCPT is about the mailbox: 5.7.x (policy) and what concerns signing in are about us."""
    enhanced = _ENHANCED.match(words)
    if enhanced and enhanced[1].startswith((b"5.7.", b"5.5.", b"5.3.", b"5.4.")):
        return False
    return code not in _NOT_THE_MAILBOX


def _reset(connection: smtplib.SMTP) -> bool:
    try:
        return connection.rset()[0] == 250
    except (OSError, smtplib.SMTPException):
        return False


def _close(connection: smtplib.SMTP) -> None:
    try:
        connection.quit()
    except (OSError, smtplib.SMTPException):
        connection.close()


def _spelled(command: str, code: int, words: bytes) -> str:
    enhanced = _ENHANCED.match(words)
    return f"{command} {code}" + (f" {enhanced[1].decode()}" if enhanced else "")


def _code(command: str, trouble: BaseException) -> str:
    if isinstance(trouble, smtplib.SMTPResponseException):
        return _spelled(command, trouble.smtp_code, _raw(trouble.smtp_error))
    return f"{command} {type(trouble).__name__}"


def _raw(words: bytes | str) -> bytes:
    return words if isinstance(words, bytes) else words.encode("ascii", "replace")
