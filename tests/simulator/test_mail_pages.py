"""The stand-in for a mail server: what came can be read, faults can be ordered, digits can be had."""

from __future__ import annotations

import smtplib
import time
from collections.abc import Iterator
from email.message import EmailMessage

import pyotp
import pytest
import urllib3

from simulator import Simulator


@pytest.fixture
def line() -> Iterator[Simulator]:
    with Simulator([], mail_port=0) as running:
        yield running


def _get(line: Simulator, path: str) -> urllib3.BaseHTTPResponse:
    return urllib3.request("GET", f"{line.url}{path}", retries=False, timeout=10)


def _send(line: Simulator, subject: str, text: str, to: str = "desk@t.example") -> None:
    assert line.post is not None
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "つながり <a@b.example>", to, subject
    message.set_content(text)
    with smtplib.SMTP("127.0.0.1", line.post.port, local_hostname="test", timeout=5) as client:
        client.send_message(message)


def test_mails_are_shown_the_newest_first_and_their_links_can_be_followed(line: Simulator) -> None:
    assert "まだ1通もありません" in _get(line, "/mail").data.decode()
    _send(line, "はじめの件名", "本文\n.点で始まる行\nhttp://127.0.0.1:8000/desk/concerns/K-1 を見てください")
    _send(line, "つぎの件名", "<script>alert(1)</script>")
    page = _get(line, "/mail").data.decode()
    assert page.index("つぎの件名") < page.index("はじめの件名")
    assert '<a href="http://127.0.0.1:8000/desk/concerns/K-1">' in page
    assert ".点で始まる行" in page
    assert "<script>" not in page
    assert _get(line, "/_sim/mail").json()["mails"][0]["to"] == "desk@t.example"


def test_a_fault_is_ordered_over_http_and_counts_down(line: Simulator) -> None:
    address = f"{line.url}/_sim/mail/faults"
    answer = urllib3.request(
        "POST", address, json={"at": "rcpt", "code": 550, "words": "5.1.1 no", "recipient": "x@t.example"}
    )
    assert answer.status == 200
    _send(line, "件名", "本文")  # another recipient
    with pytest.raises(smtplib.SMTPRecipientsRefused):
        _send(line, "件名", "本文", "x@t.example")
    _send(line, "件名", "本文", "x@t.example")
    assert urllib3.request("POST", address, json={"at": "nowhere", "code": 1}).status == 400
    assert urllib3.request("POST", address, json={"at": "rcpt"}).status == 400
    assert urllib3.request("DELETE", address).json() == {"faults": []}


def test_the_authenticator_shows_the_digits_of_a_key(line: Simulator) -> None:
    key = pyotp.random_base32()
    right = {pyotp.TOTP(key).at(time.time() + shift) for shift in (0, 1)}  # a page may come as they change
    answer = _get(line, f"/authenticator?key={key[:4]}%20{key[4:].lower()}")
    assert any(f"{code[:3]} {code[3:]}" in answer.data.decode() for code in right)
    assert 'http-equiv="refresh" content="1"' in answer.data.decode()
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("key", ["1", "%3Cscript%3E", "あ"])
def test_what_is_no_key_is_said_kindly(line: Simulator, key: str) -> None:
    answer = _get(line, f"/authenticator?key={key}")
    assert answer.status == 200
    assert "このキーは読めません" in answer.data.decode()
    assert "<script>" not in answer.data.decode().lower()


def test_without_a_mail_port_there_is_no_mail_server(line: Simulator) -> None:
    assert Simulator([]).post is None
