"""Pages for the demo: the mails that came, and an authenticator for who has none at hand."""

from __future__ import annotations

import datetime as dt
import re
import time
from typing import Any
from zoneinfo import ZoneInfo

import pyotp
from flask import Blueprint, Response, current_app, jsonify, render_template, request

from simulator.faults import BadFault
from simulator.mail import Mailbox, ReceivedMail, read_mail_fault

TOKYO = ZoneInfo("Asia/Tokyo")
SECONDS = 30  # how long a code lasts (RFC 6238)
_LINK = re.compile(r"(https?://[^\s<>\"]+)")
mail_pages = Blueprint("mail_pages", __name__, template_folder="templates")


def mailbox() -> Mailbox:
    found = current_app.extensions["mailbox"]
    assert isinstance(found, Mailbox)
    return found


@mail_pages.errorhandler(BadFault)
def refused(error: BadFault) -> tuple[Response, int]:
    return jsonify({"error": str(error)}), 400


@mail_pages.get("/mail")
def mail() -> str:
    """Every mail, the newest first."""
    return render_template("mail.html", mails=[_shown(each) for each in reversed(mailbox().mails)])


def _shown(mail: ReceivedMail) -> dict[str, Any]:
    """What a mail program shows. Nothing of it is trusted: the template escapes, links open only http(s)."""
    message = mail.message
    return {
        "to": mail.recipient,
        "sender": str(message["From"] or mail.sender),
        "subject": str(message["Subject"] or ""),
        "at": dt.datetime.fromtimestamp(mail.at, TOKYO).strftime("%H:%M:%S"),
        "parts": [(part, part.startswith("http")) for part in _LINK.split(mail.text.strip())],
    }


@mail_pages.get("/_sim/mail")
def mails() -> Response:
    found = list(mailbox().mails)
    return jsonify(
        {
            "mails": [
                {
                    "from": each.sender,
                    "to": each.recipient,
                    "subject": str(each.message["Subject"]),
                    "messageId": str(each.message["Message-ID"]),
                    "text": each.text,
                    "raw": each.raw.decode("utf-8", "replace"),
                }
                for each in found
            ],
            "faults": mailbox().faults_as_json(),
        }
    )


@mail_pages.post("/_sim/mail/faults")
def add_fault() -> Response:
    """`{"at": "rcpt", "code": 550, "words": "5.1.1 no such user", "recipient": "a@b.example"}`"""
    data = request.get_json(silent=True)
    mailbox().add_fault(read_mail_fault(data if isinstance(data, dict) else {}))
    return jsonify({"faults": mailbox().faults_as_json()})


@mail_pages.delete("/_sim/mail/faults")
def clear_faults() -> Response:
    mailbox().clear_faults()
    return jsonify({"faults": []})


@mail_pages.get("/authenticator")
def authenticator() -> Response:
    """The six digits of a key, as a telephone would show them; for the demo's accounts only."""
    key = re.sub(r"[\s-]", "", request.args.get("key", "")).upper()
    code, wrong = None, False
    if key:
        try:
            code = pyotp.TOTP(key).now()
        except Exception:  # whatever is wrong with a typed key, it is no key
            wrong = True
    page = render_template(
        "authenticator.html",
        key=key,
        digits=f"{code[:3]} {code[3:]}" if code else None,
        wrong=wrong,
        left=SECONDS - int(time.time()) % SECONDS,
        seconds=SECONDS,
    )
    return Response(page, headers={"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"})
