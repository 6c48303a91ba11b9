"""Speaking with mail servers: addresses, headers, passwords that never travel in the clear."""

from __future__ import annotations

import datetime as dt
import ipaddress
import ssl
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from bot import mailer
from bot.mailer import BadAddress, Later, Letter, Mailer, Rejected, Sent, Server, server_of
from bot.settings import BadSettings, Settings
from simulator.mail import MailFault, MailServer

FROM = "tsunagari@tsunagari.example"
AT = dt.datetime(2026, 12, 1, 10, 0, tzinfo=dt.UTC)


@pytest.fixture
def server() -> Iterator[MailServer]:
    with MailServer() as running:
        yield running


def letter(**changed: str) -> Letter:
    return replace(Letter("0123", "desk@t.example", "件名（K-7Q2M-X4TB-9）", "本文\n2行目", AT), **changed)  # type: ignore[arg-type]


def at(server: MailServer, url: str | None = None) -> Mailer:
    return Mailer(server_of(url or server.url), FROM, timeout=2)


# ---- the address of the server -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("smtp://mail.example", Server("mail.example", 25, tls=False, starttls=False)),
        ("smtp://u:p@mail.example", Server("mail.example", 587, False, False, "u", "p")),
        ("smtp+starttls://u:p%40ss@mail.example", Server("mail.example", 587, False, True, "u", "p@ss")),
        ("smtps://u%40x:p@mail.example", Server("mail.example", 465, True, False, "u@x", "p")),
        ("smtps://mail.example:2465/", Server("mail.example", 2465, True, False)),
    ],
)
def test_every_form_of_smtp_url_is_read(url: str, expected: Server) -> None:
    assert server_of(url) == expected


@pytest.mark.parametrize(
    "url",
    ["mail.example:25", "http://mail.example", "smtp://", "smtp://:geheim@h", "smtp://u@h", "smtp://u:geheim@h:99999",
     "smtp://u:geheim@h:x", "smtp://u:geheim@h/path", "smtp://u:geheim@h?x=1"],
)  # fmt: skip
def test_a_bad_smtp_url_stops_the_start_and_shows_no_password(url: str) -> None:
    with pytest.raises(BadAddress):
        server_of(url)
    with pytest.raises(BadSettings) as refused:
        Settings.from_env({"SMTP_URL": url})
    assert "SMTP_URL" in str(refused.value)
    assert "geheim" not in str(refused.value)
    assert "geheim" not in repr(Server("h", 1, False, False, "u", "geheim"))


@pytest.mark.parametrize(
    ("public_url", "expected"),
    [
        ("https://tsunagari.example", "tsunagari@tsunagari.example"),
        ("https://tsunagari.example:8443", "tsunagari@tsunagari.example"),
        ("http://127.0.0.1:8000", "tsunagari@localhost"),
        ("http://[::1]:8000", "tsunagari@localhost"),
    ],
)
def test_mails_come_from_the_host_of_our_pages_unless_it_is_set(public_url: str, expected: str) -> None:
    assert Settings.from_env({"PUBLIC_URL": public_url}).mail_from == expected
    assert (
        Settings.from_env({"PUBLIC_URL": public_url, "MAIL_FROM": "a@b.example"}).mail_from == "a@b.example"
    )


@pytest.mark.parametrize(
    "bad", ["nobody", "a@b\r\nBcc: c@d", "a b@c.example", "あ@b.example", "<a@b.example>"]
)
def test_a_bad_sender_stops_the_start(bad: str) -> None:
    with pytest.raises(BadSettings, match="MAIL_FROM"):
        Settings.from_env({"MAIL_FROM": bad})


# ---- what is sent ------------------------------------------------------------------------------------------


def test_a_mail_has_the_headers_that_a_machine_owes(server: MailServer) -> None:
    [(_, outcome)] = at(server).send([letter()])
    assert outcome == Sent()
    [mail] = server.mailbox.mails
    message = mail.message
    assert str(message["Subject"]) == "件名（K-7Q2M-X4TB-9）"
    assert message["Message-ID"] == "<0123@tsunagari.example>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Date"].datetime == AT
    assert message["From"].addresses[0].addr_spec == FROM
    assert message["To"].addresses[0].addr_spec == "desk@t.example"
    assert (message.get_content_type(), message.get_content_charset()) == ("text/plain", "utf-8")
    assert mail.text.splitlines() == ["本文", "2行目"]
    assert mail.raw.isascii()
    assert not message.is_multipart()


def test_a_batch_is_one_connection_and_each_gets_only_their_own(server: MailServer) -> None:
    letters = [letter(key=str(number), to=f"d{number}@t.example") for number in range(5)]
    assert [outcome for _, outcome in at(server).send(letters)] == [Sent()] * 5
    assert server.mailbox.connections == 1
    assert [(mail.recipient, str(mail.message["To"])) for mail in server.mailbox.mails] == [
        (each.to, each.to) for each in letters
    ]


@pytest.mark.parametrize(
    "to",
    ["a@b.example\r\nRCPT TO:<c@d.example>", "a@b.example>", "a@b.example\nBcc: c@d.example", "a b@c.example",
     "@b.example", "a@", "あ@b.example", "a@b..example"],
)  # fmt: skip
def test_an_address_that_says_more_than_an_address_is_never_spoken(server: MailServer, to: str) -> None:
    outcomes = [outcome for _, outcome in at(server).send([letter(to=to), letter()])]
    assert outcomes == [Rejected("not an address", mailbox=True), Sent()]
    assert [mail.recipient for mail in server.mailbox.mails] == ["desk@t.example"]


def test_a_subject_cannot_add_a_header(server: MailServer) -> None:
    list(
        at(server).send(
            [letter(subject="件名\r\nBcc: c@d.example\u2028X: y", text="a\r\n.\r\nMAIL FROM:<x@y>")]
        )
    )
    [mail] = server.mailbox.mails
    assert mail.message["Bcc"] is None
    assert mail.message["X"] is None
    assert "Bcc: c@d.example" in str(mail.message["Subject"])


# ---- what the server says ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (MailFault("rcpt", code=550, words="5.1.1 no such user here"), Rejected("RCPT 550 5.1.1", mailbox=True)),
        (MailFault("rcpt", code=550, words="no enhanced code"), Rejected("RCPT 550", mailbox=True)),
        (MailFault("rcpt", code=552, words="5.2.2 full"), Rejected("RCPT 552 5.2.2", mailbox=True)),
        (MailFault("rcpt", code=554, words="5.7.1 go away"), Later("RCPT 554 5.7.1")),
        (MailFault("rcpt", code=530, words="sign in first"), Later("RCPT 530")),
        (MailFault("rcpt", code=450, words="4.2.0 greylisted"), Later("RCPT 450 4.2.0")),
        (MailFault("rcpt", code=421, words="bye"), Later("RCPT 421", connection=True)),
        (MailFault("mail", code=553, words="5.1.8 you?"), Later("MAIL 553 5.1.8", connection=True)),
        (MailFault("data", code=554, words="5.0.0 no"), Later("DATA 554 5.0.0")),
        (MailFault("end", code=452, words="4.3.1 full"), Later("DATA 452 4.3.1")),
        (MailFault("end", code=554, words="5.6.0 spam"), Rejected("DATA 554 5.6.0", mailbox=False)),
        (MailFault("connect", code=421, words="busy"), Later("connect 421", connection=True)),
        (MailFault("connect", drop=True), Later("connect SMTPServerDisconnected", connection=True, away=True)),
        (MailFault("rcpt", drop=True), Later("RCPT SMTPServerDisconnected", connection=True)),
    ],
)  # fmt: skip
def test_each_answer_means_now_later_or_never(server: MailServer, fault: MailFault, expected: object) -> None:
    server.mailbox.add_fault(fault)
    [(_, outcome), (_, second)] = at(server).send([letter(), letter(key="2", to="other@t.example")])
    assert outcome == expected
    broken = isinstance(outcome, Later) and outcome.connection
    assert second == (outcome if broken else Sent())


def test_nobody_listens_is_later() -> None:
    with MailServer() as stopped:
        pass
    [(_, outcome)] = at(stopped).send([letter()])
    assert outcome == Later("connect ConnectionRefusedError", connection=True, away=True)
    assert at(stopped).reach() == "connect ConnectionRefusedError"


# ---- encryption --------------------------------------------------------------------------------------------


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A key and a certificate of this machine, which nobody has signed."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False
        )
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "tls.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path


@pytest.fixture
def encrypting(certificate: Path) -> Iterator[MailServer]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with MailServer(tls=context) as running:
        yield running


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the server were another machine."""
    monkeypatch.setattr(Server, "on_this_machine", property(lambda _: False))


@pytest.mark.usefixtures("elsewhere")
def test_a_password_never_travels_without_encryption(server: MailServer) -> None:
    url = server.url.replace("smtp://", "smtp://user:geheim@")
    [(_, outcome)] = at(server, url).send([letter()])
    assert outcome == Later("connect NoSafeWay", connection=True)
    assert server.mailbox.signed_in == []
    assert list(server.mailbox.mails) == []


@pytest.mark.usefixtures("elsewhere")
def test_a_server_without_a_password_may_be_plain_unless_encryption_was_asked_for(server: MailServer) -> None:
    assert [outcome for _, outcome in at(server).send([letter()])] == [Sent()]
    asked = at(server, server.url.replace("smtp://", "smtp+starttls://"))
    assert asked.reach() == "connect NoSafeWay"


def test_on_this_machine_a_password_may_go_as_it_is(server: MailServer) -> None:
    at(server, server.url.replace("smtp://", "smtp://user:word@")).reach()
    assert len(server.mailbox.signed_in) == 1


@pytest.mark.usefixtures("elsewhere")
def test_a_certificate_that_nobody_knows_is_refused(encrypting: MailServer) -> None:
    url = encrypting.url.replace("smtp://", "smtp+starttls://user:geheim@")
    assert at(encrypting, url).reach() == "connect SSLCertVerificationError"
    assert encrypting.mailbox.signed_in == []


@pytest.mark.usefixtures("elsewhere")
def test_where_the_server_offers_encryption_it_is_used(
    encrypting: MailServer, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trusted = ssl.create_default_context(cafile=str(certificate))
    monkeypatch.setattr(mailer.ssl, "create_default_context", lambda: trusted)
    url = encrypting.url.replace("smtp://", "smtp://user:word@")
    [(_, outcome)] = at(encrypting, url).send([letter()])
    assert outcome == Sent()
    assert len(encrypting.mailbox.signed_in) == 1
