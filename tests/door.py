"""A member of staff and the door of /desk, for tests: an account that is ready, and a browser that walks in."""

from __future__ import annotations

import datetime as dt
import html
import re

import pyotp
from werkzeug.test import Client, TestResponse

from storage import welcome
from storage.staff import Role, Staff
from storage.work import Database

DESK = "tottori_chuo_jinken"
PASSWORD = "tegami hoshi kasa yubin"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
RECOVERY = ("aaaa-bbbb-cccc", "dddd-eeee-ffff")


def hire(
    db: Database,
    login: str = "yamada",
    *,
    windows: tuple[str, ...] = (DESK,),
    role: Role = "member",
    name: str = "山田花子",
    mail: str | None = None,
) -> Staff:
    """An account with PASSWORD and SECRET."""
    with db.work() as work:
        return welcome.prepare(
            work, login=login, name=name, windows=windows, role=role, mail=mail, password=PASSWORD,
            totp_secret=SECRET, recovery=RECOVERY,
        )  # fmt: skip


def code_at(now: dt.datetime, secret: str = SECRET) -> str:
    """What the authenticator shows."""
    return pyotp.TOTP(secret).at(now)


def proof_in(page: TestResponse) -> str:
    """The proof of the page's forms."""
    found = re.search(r'name="proof" value="([^"]*)"', page.get_data(as_text=True))
    assert found, page.get_data(as_text=True)[:2000]
    return html.unescape(found[1])


def send(client: Client, path: str, *, seen: str | None = None, **fields: str) -> TestResponse:
    """Open the page (`seen`, or the same path) and send its form."""
    return client.post(path, data=fields | {"proof": proof_in(client.get(seen or path))})


def brings_password(client: Client, login: str = "yamada", password: str = PASSWORD) -> TestResponse:
    return send(client, "/desk/sign-in", login=login, password=password)


def brings_code(client: Client, code: str = "", recovery: str = "") -> TestResponse:
    return send(client, "/desk/sign-in/code", code=code, recovery=recovery)


def walks_in(client: Client, now: dt.datetime, login: str = "yamada") -> TestResponse:
    """Both steps; the answer of the second."""
    assert brings_password(client, login).status_code == 303
    return brings_code(client, code_at(now))
