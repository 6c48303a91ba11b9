"""The web session: sealed into one cookie, so that no answer is readable in a URL, a log or a browser."""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import json
from collections.abc import Callable
from typing import Any

from flask import Flask, Request, Response
from flask.sessions import SecureCookieSession, SessionInterface, SessionMixin

from storage.crypto import Cipher, Place, SealBroken

IDLE_LIFE = dt.timedelta(minutes=60)
PLACE = Place("", "cookie", "session", "v1")
STEP = 256  # the plain text is padded to multiples of this: the length must not tell how much was answered
LONGEST = 3_900  # what every browser keeps in one cookie


class TooMuchToRemember(Exception):
    """The session no longer fits into one cookie."""


class SealedSessions(SessionInterface):
    """Opens and seals the cookie; whatever does not open is an empty session, never an error."""

    def __init__(self, cipher: Cipher, secure: bool, clock: Callable[[], dt.datetime]) -> None:
        self._cipher = cipher
        self._secure = secure
        self._clock = clock
        # The prefix makes browsers refuse a cookie that a neighbouring host tries to plant.
        self.cookie = "__Host-tsunagari" if secure else "tsunagari"

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession:
        value = request.cookies.get(self.cookie)
        return SecureCookieSession(self._unsealed(value) if value else None)

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        if session.accessed:
            response.vary.add("Cookie")
        if not session:
            if session.modified:
                response.delete_cookie(
                    self.cookie, path="/", secure=self._secure, httponly=True, samesite="Lax"
                )
            return
        if session.accessed:  # every page that uses it begins the idle hour anew
            value = self._sealed(dict(session))
            response.set_cookie(
                self.cookie, value, path="/", secure=self._secure, httponly=True, samesite="Lax"
            )

    def _sealed(self, data: dict[str, Any]) -> str:
        until = int((self._clock() + IDLE_LIFE).timestamp())
        plain = json.dumps({"until": until, "data": data}, ensure_ascii=False, separators=(",", ":")).encode()
        plain += b" " * (-len(plain) % STEP)
        value = base64.urlsafe_b64encode(self._cipher.seal(plain, PLACE)).decode()
        if len(value) > LONGEST:
            raise TooMuchToRemember(f"{len(value)} characters")
        return value

    def _unsealed(self, value: str) -> dict[str, Any] | None:
        try:
            kept = json.loads(self._cipher.open(base64.urlsafe_b64decode(value), PLACE))
        except (SealBroken, binascii.Error, ValueError):
            return None
        if kept["until"] <= self._clock().timestamp():
            return None
        data: dict[str, Any] = kept["data"]
        return data
