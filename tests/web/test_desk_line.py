"""/desk/me/line: a code to be said in the chat, and its end."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from surroundings import Clock
from town import Town, make_town
from werkzeug.test import Client

from storage import staff
from storage.staff import Staff
from storage.work import Database
from tests.door import hire, proof_in, send, walks_in


@pytest.fixture
def town(db: Database) -> Town:
    return make_town(db)


@pytest.fixture
def yamada(db: Database) -> Staff:
    return hire(db)


@pytest.fixture
def inside(town: Town, yamada: Staff, clock: Clock) -> Client:
    app: Flask = town.app
    client = app.test_client()
    client.environ_base["wsgi.url_scheme"] = "https"
    walks_in(client, clock.now, yamada.login)
    return client


def _code(page: str) -> str:
    found = re.search(r"窓口[0-9A-Z]{4}-[0-9A-Z]{4}", page)
    assert found, page
    return found[0]


def _joined(db: Database, someone: Staff) -> str | None:
    with db.look() as work:
        found = staff.get(work, someone.id)
    assert found is not None
    return found.person_id


def test_the_code_on_the_page_said_in_the_chat_joins_and_can_be_undone(
    town: Town, inside: Client, yamada: Staff
) -> None:
    assert "合い言葉を出す" in inside.get("/desk/me").get_data(as_text=True)
    assert send(inside, "/desk/me/line", seen="/desk/me").location == "/desk/me/line"
    page = inside.get("/desk/me/line").get_data(as_text=True)
    code = _code(page)
    assert "@tsunagari" in page
    assert "data:image/png;base64," in page
    assert "https://line.me/R/oaMessage/%40tsunagari/?%E7%AA%93%E5%8F%A3" in page
    assert _code(inside.get("/desk/me/line").get_data(as_text=True)) == code  # a reload changes nothing
    town.friend().types(code)
    assert _joined(town.services.db, yamada) is not None
    assert inside.get("/desk/me/line").location == "/desk/me#line"
    assert "つながっています" in inside.get("/desk/me").get_data(as_text=True)
    assert send(inside, "/desk/me/line/off", seen="/desk/me").location == "/desk/me#line"
    assert _joined(town.services.db, yamada) is None


def test_a_stranger_gets_no_code(town: Town, db: Database) -> None:
    client = town.app.test_client()
    client.environ_base["wsgi.url_scheme"] = "https"
    proof = proof_in(client.get("/desk/sign-in"))
    assert client.post("/desk/me/line", data={"proof": proof}).status_code == 401
    assert client.get("/desk/me/line").location.startswith("/desk/sign-in")


def test_a_form_from_elsewhere_makes_no_code(inside: Client) -> None:
    assert inside.post("/desk/me/line", data={"proof": "forged"}).status_code >= 400
    assert inside.get("/desk/me/line").location == "/desk/me#line"
