"""LINE Login's web flow: the page on which a person agrees, and the endpoint that changes a code for an ID token.

Strict where LINE is: the callback must be the registered one, a code works once and for ten minutes, with the same
callback, the channel's secret and the right PKCE verifier. What a careful service never does is kept as a violation.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import secrets
import threading
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, current_app, jsonify, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from simulator.api import DROP, platform
from simulator.platform import Channel, now_ms

Json = dict[str, Any]
ISSUER = "https://access.line.me"
CODE_SECONDS = 600.0
TOKEN_SECONDS = 3_600
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")
login = Blueprint("login", __name__, template_folder="templates")


@dataclass(frozen=True)
class Code:
    """What a person agreed to."""

    channel: Channel
    user_id: str
    callback: str
    nonce: str
    challenge: str
    until: float


@dataclass
class Desk:
    """The codes that are out."""

    codes: dict[str, Code] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def give(self, code: Code) -> str:
        name = secrets.token_urlsafe(15)
        with self.lock:
            self.codes[name] = code
        return name

    def take(self, name: str) -> Code | None:
        """The code, once."""
        with self.lock:
            found = self.codes.pop(name, None)
        return found if found and found.until > time.time() else None


def desk() -> Desk:
    found = current_app.extensions["login_desk"]
    assert isinstance(found, Desk)
    return found


# --- the page ---------------------------------------------------------------------------------------


@login.get("/oauth2/v2.1/authorize")
def agree() -> Response:
    """Who is at the phone? LINE's own browser knows; here one chooses, and can be somebody else."""
    channel, wrong = _asked()
    if channel is None or wrong:
        return _no_such_question(channel, wrong)
    people = platform().people.values()
    return Response(render_template("login.html", bot=channel.bot.name, people=people))


@login.post("/oauth2/v2.1/authorize")
def agreed() -> AnyResponse:
    """「許可する」 as this person, or 「キャンセル」: back to the service, with a code or without."""
    channel, wrong = _asked()
    if channel is None or wrong:
        return _no_such_question(channel, wrong)
    asked, user_id = request.args, request.form.get("user", "")
    if user_id in platform().people:
        until = time.time() + CODE_SECONDS
        challenge = asked.get("code_challenge", "")
        code = Code(channel, user_id, asked["redirect_uri"], asked.get("nonce", ""), challenge, until)
        told = {"code": desk().give(code)}
    else:
        words = "The resource owner denied the request."
        told = {"error": "access_denied", "error_description": words}
    return redirect(f"{asked['redirect_uri']}?{urlencode(told | {'state': asked['state']})}", 302)


def _no_such_question(channel: Channel | None, wrong: str) -> Response:
    platform().violation(channel, "login", wrong)
    return Response(render_template("login.html", wrong=wrong), 400)


def _asked() -> tuple[Channel | None, str]:
    """The channel that wants to know, and what is wrong with its question."""
    asked = request.args
    wanted = asked.get("client_id", "")
    channel = next(
        (each for each in platform().channels.values() if wanted and each.bot.login_id == wanted), None
    )
    if channel is None:
        return None, "client_id: no such channel"
    if asked.get("redirect_uri") != channel.bot.login_callback:
        return channel, "redirect_uri: not the registered one"
    wrong = [
        name
        for name, fine in {
            "response_type": asked.get("response_type") == "code",
            "state": bool(re.fullmatch(r"[A-Za-z0-9]+", asked.get("state", ""))),
            "scope": "openid" in asked.get("scope", "").split(),
            "disable_auto_login": asked.get("disable_auto_login", "true") in ("true", "false"),
            "code_challenge_method": asked.get("code_challenge_method", "S256") == "S256",
            "code_challenge": "code_challenge" not in asked
            or bool(_CHALLENGE.fullmatch(asked["code_challenge"])),
        }.items()
        if not fine
    ]
    return channel, ", ".join(wrong)


# --- the endpoint -----------------------------------------------------------------------------------


@login.post("/oauth2/v2.1/token")
def token() -> Response:
    """A code, changed once for an ID token."""
    form = request.form
    channel = next(
        (each for each in platform().channels.values() if each.bot.login_id == form.get("client_id", "?")),
        None,
    )
    fault = platform().faults.take(channel.bot.id, "login.token") if channel else None
    if fault:
        platform().faults.wait(fault)
        if fault.drop or fault.hang:
            request.environ[DROP] = True
            return Response(status=503)
        if fault.status:
            return _said(channel, fault.status, fault.body or {"error": "server_error"})
    if request.headers.get("Authorization"):
        platform().violation(channel, "login", "the account's token was sent to the login endpoint")
    if channel is None or not hmac.compare_digest(
        channel.bot.login_secret.encode(), form.get("client_secret", "").encode()
    ):
        return _refused(channel, 400, "invalid_client", "invalid client_secret")
    if (
        request.mimetype != "application/x-www-form-urlencoded"
        or form.get("grant_type") != "authorization_code"
    ):
        return _refused(channel, 400, "unsupported_grant_type", "invalid grant_type")
    code = desk().take(form.get("code", ""))
    if code is None or code.channel.bot.id != channel.bot.id:
        return _refused(channel, 400, "invalid_grant", "invalid authorization code")
    if form.get("redirect_uri") != code.callback:
        return _refused(channel, 400, "invalid_grant", "redirect_uri does not match")
    if code.challenge and not _matches(form.get("code_verifier", ""), code.challenge):
        return _refused(channel, 400, "invalid_grant", "code_verifier does not match")
    answer = {
        "access_token": secrets.token_urlsafe(96),
        "expires_in": 2_592_000,
        "id_token": id_token(channel, code.user_id, code.nonce),
        "refresh_token": secrets.token_urlsafe(15),
        "scope": "openid",
        "token_type": "Bearer",
    }
    return _said(channel, 200, answer)


def _matches(verifier: str, challenge: str) -> bool:
    made = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    return bool(_VERIFIER.fullmatch(verifier)) and hmac.compare_digest(made, challenge)


def id_token(channel: Channel, user_id: str, nonce: str) -> str:
    """As LINE signs it for a web login: HS256 with the Login channel's secret."""
    now = int(time.time())
    claims: Json = {
        "iss": ISSUER,
        "sub": user_id,
        "aud": channel.bot.login_id,
        "exp": now + TOKEN_SECONDS,
        "iat": now,
        **({"nonce": nonce} if nonce else {}),
        "amr": ["linesso"],
    }
    signed = ".".join(_encoded(each) for each in ({"typ": "JWT", "alg": "HS256"}, claims))
    seal = hmac.digest(channel.bot.login_secret.encode(), signed.encode(), "sha256")
    return f"{signed}.{base64.urlsafe_b64encode(seal).rstrip(b'=').decode()}"


def _encoded(value: Json) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def _refused(channel: Channel | None, status: int, error: str, words: str) -> Response:
    platform().violation(channel, "login", words)
    return _said(channel, status, {"error": error, "error_description": words})


def _said(channel: Channel | None, status: int, body: Json) -> Response:
    """The answer, with its line in the log; what is secret does not stand there."""
    platform().log.append(
        {
            "at": now_ms(),
            "bot": channel.bot.id if channel else None,
            "method": "POST",
            "path": request.path,
            "endpoint": "login.token",
            "status": status,
            "requestId": "",
            "retryKey": None,
            "body": None,
            "problems": [str(body.get("error_description", ""))] if status >= 400 else [],
            "delivered": None,
            "fault": None,
        }
    )
    response = jsonify(body)
    response.status_code = status
    return response
