"""A new account's first minutes, and one's own settings: what is chosen there counts, once, and nothing leaks."""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from argon2 import PasswordHasher
from flask import Flask
from surroundings import Clock
from werkzeug.test import Client, TestResponse

from bot.app import Services
from bot.web import create_flask
from storage import audit, passwords, sessions, staff, welcome
from storage.staff import Staff
from storage.work import Database
from tests.door import (
    DESK,
    PASSWORD,
    RECOVERY,
    brings_code,
    brings_password,
    code_at,
    hire,
    proof_in,
    send,
    walks_in,
)

NEW = "umi kaze natsu hikari"


@pytest.fixture(autouse=True)
def cheap_passwords(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(passwords, "HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    passwords._nobodys.cache_clear()
    yield
    passwords._nobodys.cache_clear()


@pytest.fixture
def site(services_for: Callable[..., Services], db: Database) -> Flask:
    return create_flask(services_for(db))


@pytest.fixture
def newcomer(db: Database) -> tuple[Staff, str]:
    """An account that waits for its owner, and the secret part of its link."""
    with db.work() as work:
        made = staff.add(work, login="tanaka", name="田中一郎", windows=(DESK,))
        return made, welcome.invite(work, made.id)


def begins(client: Client, code: str) -> TestResponse:
    return send(client, "/desk/welcome", code=code)


def chooses(client: Client, new: str = NEW, repeat: str | None = None) -> TestResponse:
    return send(client, "/desk/welcome/password", new=new, repeat=new if repeat is None else repeat)


def key_on(page: str) -> str:
    found = re.search(r'class="key">([^<]+)<', page)
    assert found
    return found[1].replace(" ", "")


def finishes(client: Client, clock: Clock, code: str | None = None) -> TestResponse:
    page = client.get("/desk/welcome/phone")
    shown = code or code_at(clock.now, key_on(page.get_data(as_text=True)))
    return client.post("/desk/welcome/phone", data={"code": shown, "proof": proof_in(page)})


def sets_up(client: Client, code: str, clock: Clock) -> TestResponse:
    begins(client, code)
    chooses(client)
    return finishes(client, clock)


def codes_on(client: Client) -> list[str]:
    return re.findall(r'class="mono">([^<]+)<', client.get("/desk/me/codes").get_data(as_text=True))


# ---- the link --------------------------------------------------------------------------------------------


def test_the_owner_sets_up_the_account_and_is_inside(
    site: Flask, newcomer: tuple[Staff, str], clock: Clock, db: Database
) -> None:
    client = site.test_client()
    assert begins(client, newcomer[1]).location == "/desk/welcome/password"
    assert "田中一郎" in client.get("/desk/welcome/password").get_data(as_text=True)
    assert chooses(client).location == "/desk/welcome/phone"
    assert finishes(client, clock).location == "/desk/me/codes"
    codes = codes_on(client)
    assert len(set(codes)) == 8
    assert all(re.fullmatch(r"([2-9a-z]{4}-){2}[2-9a-z]{4}", code) for code in codes)
    send(client, "/desk/me/codes/done", seen="/desk/me/codes")
    assert codes_on(client) == []
    with db.look() as work:
        deeds = [entry.deed for entry in audit.listed(work, subject_id=newcomer[0].id)]
        assert deeds == ["signed_in", "set_up"]
    other = site.test_client()
    brings_password(other, "tanaka", NEW)
    assert brings_code(other, recovery=codes[3]).location == "/desk/me"


def test_the_digits_of_the_setting_up_do_not_open_the_door_again(
    site: Flask, newcomer: tuple[Staff, str], clock: Clock
) -> None:
    client = site.test_client()
    begins(client, newcomer[1])
    chooses(client)
    secret = key_on(client.get("/desk/welcome/phone").get_data(as_text=True))
    finishes(client, clock)
    other = site.test_client()
    brings_password(other, "tanaka", NEW)
    assert brings_code(other, code_at(clock.now, secret)).status_code == 422
    clock.move(seconds=30)
    assert brings_code(other, code_at(clock.now, secret)).status_code == 303


def test_looking_at_the_link_spends_nothing(site: Flask, newcomer: tuple[Staff, str], clock: Clock) -> None:
    for agent in ("LinePreview/1.0", "Microsoft Office", "Mozilla/5.0"):
        for method in ("GET", "HEAD", "OPTIONS"):
            site.test_client().open("/desk/welcome", method=method, headers={"User-Agent": agent})
    first = site.test_client()
    begins(first, newcomer[1])  # begun and left: the link is still good
    assert sets_up(site.test_client(), newcomer[1], clock).status_code == 303


def test_the_whole_link_may_be_pasted_where_no_script_runs(site: Flask, newcomer: tuple[Staff, str]) -> None:
    client = site.test_client()
    assert begins(client, f" https://bot.example/desk/welcome#{newcomer[1]} \n").status_code == 303


@pytest.mark.parametrize("code", ["", "x", "a" * 300, "0123456789abcdef.xyz", "0123456789abcdef.é", "%s.%s"])
def test_a_link_that_is_none_is_answered_kindly(site: Flask, newcomer: tuple[Staff, str], code: str) -> None:
    answer = begins(site.test_client(), code)
    assert answer.status_code == 410
    assert "新しいリンクを頼んで" in answer.get_data(as_text=True)


def test_an_expired_link_opens_nothing_also_half_way(
    site: Flask, newcomer: tuple[Staff, str], clock: Clock
) -> None:
    client = site.test_client()
    clock.move(days=6, hours=23, minutes=50)
    begins(client, newcomer[1])
    chooses(client)
    page = client.get("/desk/welcome/phone")
    clock.move(minutes=10)
    shown = code_at(clock.now, key_on(page.get_data(as_text=True)))
    answer = client.post("/desk/welcome/phone", data={"code": shown, "proof": proof_in(page)})
    assert answer.status_code == 410
    assert begins(site.test_client(), newcomer[1]).status_code == 410
    assert brings_password(site.test_client(), "tanaka", NEW).status_code == 422


def test_of_two_who_finish_at_once_one_owns_the_account(
    site: Flask, newcomer: tuple[Staff, str], clock: Clock, together: Callable[..., list[Any]]
) -> None:
    ready = []
    for number in range(4):
        client = site.test_client()
        begins(client, newcomer[1])
        chooses(client, f"{NEW} {number}")
        page = client.get("/desk/welcome/phone")
        ready.append((client, proof_in(page), code_at(clock.now, key_on(page.get_data(as_text=True)))))

    def finish(number: int) -> int:
        client, proof, code = ready[number]
        return client.post("/desk/welcome/phone", data={"code": code, "proof": proof}).status_code

    answers = together(4, finish)
    assert sorted(answers) == [303, 410, 410, 410]
    (winner,) = [number for number, status in enumerate(answers) if status == 303]
    works = [brings_password(site.test_client(), "tanaka", f"{NEW} {n}").status_code == 303 for n in range(4)]
    assert [number for number, good in enumerate(works) if good] == [winner]


def test_a_link_of_another_purpose_or_a_closed_account_opens_nothing(
    site: Flask, newcomer: tuple[Staff, str], db: Database
) -> None:
    from datetime import timedelta

    from storage import links

    with db.work() as work:
        link_id, token = links.make(
            work, "default", purpose="details", about=newcomer[0].id, person_id=None, valid_for=timedelta(1)
        )
    assert begins(site.test_client(), f"{link_id}.{token}").status_code == 410
    with db.work() as work:
        staff.set_active(work, newcomer[0].id, False)
    assert begins(site.test_client(), newcomer[1]).status_code == 410


def test_a_new_invitation_ends_the_one_before(site: Flask, newcomer: tuple[Staff, str], db: Database) -> None:
    with db.work() as work:
        fresh = welcome.invite(work, newcomer[0].id)
    assert begins(site.test_client(), newcomer[1]).status_code == 410
    assert begins(site.test_client(), fresh).status_code == 303


def test_a_reset_ends_sessions_known_browsers_and_all_that_was_known(
    site: Flask, clock: Clock, db: Database
) -> None:
    yamada = hire(db)
    client = site.test_client()
    walks_in(client, clock.now)
    with db.work() as work:
        code = welcome.reset(work, yamada.id)
        assert sessions.of_staff(work, yamada.id) == ()
    assert client.get("/desk/me").location == "/desk/sign-in"
    assert brings_password(client).status_code == 422
    assert sets_up(client, code, clock).status_code == 303
    other = site.test_client()
    assert brings_password(other, password=PASSWORD).status_code == 422
    brings_password(other, password=NEW)
    assert brings_code(other, recovery=RECOVERY[0]).status_code == 422


# ---- what is chosen --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("new", "repeat", "field"),
    [
        ("short", None, "new"),
        ("あ" * 201, None, "new"),
        ("password1234", None, "new"),
        ("tanaka-tanaka", None, "new"),
        (NEW, "something else", "repeat"),
    ],
)
def test_a_weak_or_mistyped_password_is_named_at_its_box_and_never_shown(
    site: Flask, newcomer: tuple[Staff, str], new: str, repeat: str | None, field: str
) -> None:
    client = site.test_client()
    begins(client, newcomer[1])
    answer = chooses(client, new, repeat)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert f'id="{field}-error" role="alert"' in page
    assert f'{field}-error" aria-invalid="true"' in page
    assert f'value="{new}"' not in page
    assert client.get("/desk/welcome/phone").location == "/desk/welcome/password"


def test_wrong_digits_ask_again_with_the_same_authenticator(
    site: Flask, newcomer: tuple[Staff, str], clock: Clock
) -> None:
    client = site.test_client()
    begins(client, newcomer[1])
    chooses(client)
    key = key_on(client.get("/desk/welcome/phone").get_data(as_text=True))
    answer = finishes(client, clock, "000000")
    assert answer.status_code == 422
    assert key_on(answer.get_data(as_text=True)) == key
    assert finishes(client, clock).status_code == 303


def test_the_picture_is_in_the_page_and_says_what_the_key_says(
    site: Flask, newcomer: tuple[Staff, str]
) -> None:
    client = site.test_client()
    begins(client, newcomer[1])
    chooses(client)
    page = client.get("/desk/welcome/phone").get_data(as_text=True)
    found = re.search(r'src="data:image/svg\+xml;base64,([^"]+)"', html.unescape(page))
    assert found
    assert b"<svg" in base64.b64decode(found[1])
    assert "田中" not in page.split("<main")[1]


# ---- one's own settings ----------------------------------------------------------------------------------


@pytest.fixture
def yamada(db: Database) -> Staff:
    return hire(db, mail="yamada@city.example.jp")


@pytest.fixture
def inside(site: Flask, yamada: Staff, clock: Clock) -> Client:
    client = site.test_client()
    walks_in(client, clock.now)
    return client


def test_the_page_says_who_one_is(inside: Client) -> None:
    page = inside.get("/desk/me").get_data(as_text=True)
    for word in (
        "山田花子",
        "yamada",
        "担当",
        "中央人権福祉センター",
        "yamada@city.example.jp",
        "残りは 2 個",
    ):
        assert word in page


def test_a_new_password_counts_and_ends_the_other_browsers(site: Flask, inside: Client, clock: Clock) -> None:
    other = site.test_client()
    clock.move(seconds=30)
    walks_in(other, clock.now)
    answer = send(inside, "/desk/me/password", seen="/desk/me", current=PASSWORD, new=NEW, repeat=NEW)
    assert answer.location == "/desk/me"
    assert "パスワードを変えました" in inside.get("/desk/me").get_data(as_text=True)
    assert "パスワードを変えました" not in inside.get("/desk/me").get_data(as_text=True)
    assert other.get("/desk/me").status_code == 303
    assert brings_password(other, password=PASSWORD).status_code == 422
    assert brings_password(other, password=NEW).status_code == 303


def test_without_the_present_password_nothing_changes(inside: Client, site: Flask) -> None:
    answer = send(inside, "/desk/me/password", seen="/desk/me", current="wrong", new=NEW, repeat=NEW)
    assert answer.status_code == 422
    assert 'id="current-error"' in answer.get_data(as_text=True)
    assert send(inside, "/desk/me/codes", seen="/desk/me", codes_current="wrong").status_code == 422
    assert brings_password(site.test_client()).status_code == 303


def test_a_thief_at_an_open_screen_cannot_guess_the_password_there(inside: Client, clock: Clock) -> None:
    proof = proof_in(inside.get("/desk/me"))
    for number in range(5):
        inside.post("/desk/me/codes", data={"codes_current": f"guess {number}", "proof": proof})
    answer = inside.post("/desk/me/codes", data={"codes_current": PASSWORD, "proof": proof})
    assert "受け付けません" in answer.get_data(as_text=True)
    clock.move(minutes=2)
    answer = inside.post("/desk/me/codes", data={"codes_current": PASSWORD, "proof": proof})
    assert answer.location == "/desk/me/codes"


def test_new_recovery_codes_end_the_old_ones(site: Flask, inside: Client) -> None:
    send(inside, "/desk/me/codes", seen="/desk/me", codes_current=PASSWORD)
    fresh = codes_on(inside)
    assert len(fresh) == 8
    other = site.test_client()
    brings_password(other)
    assert brings_code(other, recovery=RECOVERY[0]).status_code == 422
    assert brings_code(other, recovery=fresh[0]).status_code == 303


@pytest.mark.parametrize("name", ["", "  ", "あ" * 51, "山田\u202e子", "a\x00b"])
def test_a_name_that_is_none_is_refused(inside: Client, name: str) -> None:
    assert send(inside, "/desk/me/name", seen="/desk/me", name=name).status_code == 422


def test_a_new_name_is_shown_and_never_taken_as_markup(inside: Client) -> None:
    send(inside, "/desk/me/name", seen="/desk/me", name='<b>山田 {{7*7}}</b>"')
    page = inside.get("/desk/me").get_data(as_text=True)
    assert "&lt;b&gt;山田 {{7*7}}&lt;/b&gt;&#34;" in page
    assert "<b>" not in page


def test_one_ends_ones_own_sessions_and_nobody_elses(
    site: Flask, inside: Client, yamada: Staff, clock: Clock, db: Database
) -> None:
    suzuki = hire(db, "suzuki")
    theirs, mine = site.test_client(), site.test_client()
    clock.move(seconds=30)
    walks_in(theirs, clock.now, "suzuki")
    walks_in(mine, clock.now)
    with db.look() as work:
        (foreign,) = sessions.of_staff(work, suzuki.id)
        own = sessions.of_staff(work, yamada.id)[0]
    send(inside, "/desk/me/sessions", seen="/desk/me", id=foreign.id)
    assert theirs.get("/desk/me").status_code == 200
    send(inside, "/desk/me/sessions", seen="/desk/me", id=own.id)
    assert mine.get("/desk/me").status_code == 303
    assert inside.get("/desk/me").status_code == 200


def test_signing_out_everywhere_ends_all(site: Flask, inside: Client, clock: Clock) -> None:
    other = site.test_client()
    clock.move(seconds=30)
    walks_in(other, clock.now)
    assert send(inside, "/desk/me/everywhere", seen="/desk/me").location == "/desk/sign-in"
    assert [client.get("/desk/me").status_code for client in (inside, other)] == [303, 303]
