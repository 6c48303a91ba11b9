"""The door of /desk: who comes in, who does not, what guessing costs, and what ends a session."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from argon2 import PasswordHasher
from flask import Flask, session
from sqlalchemy import func, select
from surroundings import Clock
from werkzeug.test import Client, TestResponse

from bot import log
from bot.app import Services
from bot.cli.serve import THREADS
from bot.desk import signing_in
from bot.web import create_flask
from bot.web.desk import gate
from storage import audit, passwords, second_factor, sessions, staff, tries, welcome
from storage.staff import Staff
from storage.work import Database
from tests.door import (
    DESK,
    PASSWORD,
    RECOVERY,
    SECRET,
    brings_code,
    brings_password,
    code_at,
    hire,
    proof_in,
    send,
    walks_in,
)

HTTPS = {"PUBLIC_URL": "https://bot.example"}


@pytest.fixture(autouse=True)
def cheap_passwords(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What argon2 costs is not the matter here; storage/test_staff_rows.py looks at the real settings."""
    monkeypatch.setattr(passwords, "HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    passwords._nobodys.cache_clear()
    yield
    passwords._nobodys.cache_clear()


@pytest.fixture
def services(services_for: Callable[..., Services], db: Database) -> Services:
    return services_for(db)


@pytest.fixture
def site(services: Services) -> Flask:
    app = create_flask(services)

    @app.get("/desk/unlisted")
    def unlisted() -> str:
        return f"the words behind the gate, for {gate.g.staff.name}"

    @app.post("/desk/unlisted")
    def deed() -> str:
        with services.db.work() as work:
            return gate.confirm(work).name

    return app


@pytest.fixture
def yamada(db: Database) -> Staff:
    return hire(db)


def browser(site: Flask, address: str = "198.51.100.7") -> Client:
    client = site.test_client()
    client.environ_base["REMOTE_ADDR"] = address
    return client


def is_inside(client: Client) -> bool:
    return "behind the gate" in client.get("/desk/unlisted").get_data(as_text=True)


def words(page: TestResponse) -> str:
    """The page without what is different each time."""
    return re.sub(r'name="proof" value="[^"]*"', "", page.get_data(as_text=True))


def deeds(db: Database, who: Staff) -> list[str]:
    with db.look() as work:
        return [entry.deed for entry in audit.listed(work, kind="staff", subject_id=who.id)]


# ---- coming in -------------------------------------------------------------------------------------------


def test_password_and_digits_open_the_door(site: Flask, yamada: Staff, clock: Clock, db: Database) -> None:
    client = browser(site)
    assert not is_inside(client)
    assert walks_in(client, clock.now).location == "/desk/unlisted"  # where they wanted to go
    assert is_inside(client)
    assert deeds(db, yamada) == ["signed_in"]


def test_the_right_password_alone_opens_nothing(site: Flask, yamada: Staff) -> None:
    client = browser(site)
    assert brings_password(client).location == "/desk/sign-in/code"
    assert not is_inside(client)


def test_digits_without_a_password_open_nothing(site: Flask, yamada: Staff, clock: Clock) -> None:
    client = browser(site)
    proof = proof_in(client.get("/desk/sign-in"))
    answer = client.post("/desk/sign-in/code", data={"code": code_at(clock.now), "proof": proof})
    assert answer.location == "/desk/sign-in?gone=1"
    assert not is_inside(client)


@pytest.mark.parametrize("login", ["YAMADA", " ｙａｍａｄａ ", "Yamada"])
def test_a_login_counts_however_it_is_typed(site: Flask, yamada: Staff, login: str) -> None:
    assert brings_password(browser(site), login).status_code == 303


def test_a_full_width_keyboard_types_the_same_digits(site: Flask, yamada: Staff, clock: Clock) -> None:
    client = browser(site)
    brings_password(client)
    wide = code_at(clock.now).translate({ord(str(n)): chr(0xFF10 + n) for n in range(10)})
    assert brings_code(client, wide[:3] + "\u3000" + wide[3:]).location == "/desk"


@pytest.mark.parametrize("seconds", [-30, 30])
def test_a_telephone_whose_clock_is_half_a_minute_wrong_comes_in(
    site: Flask, yamada: Staff, clock: Clock, seconds: int
) -> None:
    client = browser(site)
    brings_password(client)
    shown = code_at(clock.now + dt.timedelta(seconds=seconds))
    assert brings_code(client, shown).location == "/desk"


@pytest.mark.parametrize("seconds", [-60, 60, -3600])
def test_older_and_younger_digits_do_not_count(
    site: Flask, yamada: Staff, clock: Clock, seconds: int
) -> None:
    client = browser(site)
    brings_password(client)
    assert brings_code(client, code_at(clock.now + dt.timedelta(seconds=seconds))).status_code == 422


# ---- wrong, unknown, closed: one and the same answer -------------------------------------------------------


def test_wrong_password_unknown_login_closed_and_unready_account_look_alike(
    site: Flask, yamada: Staff, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed, unready = hire(db, "closed"), "unready"
    with db.work() as work:
        staff.set_active(work, closed.id, False)
        staff.add(work, login=unready, name="新人", windows=(DESK,))
    real, runs = passwords._verified, list[str]()

    def counted(stored: str, password: str) -> bool:
        runs.append(stored)
        return real(stored, password)

    monkeypatch.setattr(passwords, "_verified", counted)
    tried = (("yamada", "wrong wrong wrong"), ("nobody", PASSWORD), ("closed", PASSWORD), (unready, PASSWORD))
    answers = [brings_password(browser(site), login, password) for login, password in tried]
    assert {answer.status_code for answer in answers} == {422}
    pages = {
        words(answer).replace(f'value="{login}"', "")
        for answer, (login, _) in zip(answers, tried, strict=True)
    }
    assert len(pages) == 1
    assert len(runs) == len(tried)  # each costs exactly one argon2 run
    with db.look() as work:  # and each counts in as many buckets
        assert work.conn.execute(select(func.count()).select_from(tries.sign_in_tries)).scalar() == 4 * 2 + 1


def test_an_empty_form_is_told_so_and_costs_no_try(site: Flask, db: Database) -> None:
    assert "両方" in brings_password(browser(site), "", "").get_data(as_text=True)
    with db.look() as work:
        assert work.conn.execute(select(tries.sign_in_tries)).all() == []


def test_errors_are_tied_to_their_boxes(site: Flask, yamada: Staff) -> None:
    page = brings_password(browser(site), password="wrong wrong wrong").get_data(as_text=True)
    assert 'id="error" role="alert"' in page
    assert page.count('aria-describedby="error"') == 2
    assert "wrong wrong" not in page


# ---- nothing counts twice ----------------------------------------------------------------------------------


def test_digits_that_were_used_do_not_count_again(site: Flask, yamada: Staff, clock: Clock) -> None:
    walks_in(browser(site), clock.now)
    second = browser(site, "203.0.113.9")
    assert walks_in(second, clock.now).status_code == 422
    assert not is_inside(second)
    earlier = code_at(clock.now - dt.timedelta(seconds=30))
    assert brings_code(second, earlier).status_code == 422  # nor the ones before them
    clock.move(seconds=30)
    assert brings_code(second, code_at(clock.now)).location == "/desk/unlisted"


def test_the_same_digits_from_many_at_once_let_one_in(
    site: Flask, yamada: Staff, clock: Clock, together: Callable[..., list[Any]]
) -> None:
    clients = [browser(site, f"203.0.113.{number}") for number in range(6)]
    for client in clients:
        brings_password(client)
    code = code_at(clock.now)
    answers = together(6, lambda number: brings_code(clients[number], code).status_code)
    assert sorted(answers) == [303, 422, 422, 422, 422, 422]


def test_a_recovery_code_counts_once_and_says_how_many_are_left(
    site: Flask, yamada: Staff, db: Database
) -> None:
    client = browser(site)
    brings_password(client)
    assert brings_code(client, recovery=RECOVERY[0].upper().replace("-", " ")).location == "/desk/me"
    assert "残りは 1 個" in client.get("/desk/me").get_data(as_text=True)
    other = browser(site)
    brings_password(other)
    assert brings_code(other, recovery=RECOVERY[0]).status_code == 422
    assert brings_code(other, recovery=RECOVERY[1]).status_code == 303
    assert "recovery_used" in deeds(db, yamada)


def test_a_half_session_ends_after_ten_minutes(site: Flask, yamada: Staff, clock: Clock) -> None:
    client = browser(site)
    brings_password(client)
    page = client.get("/desk/sign-in/code")
    clock.move(minutes=10)
    sent = {"code": code_at(clock.now), "proof": proof_in(page)}
    assert client.post("/desk/sign-in/code", data=sent).location == "/desk/sign-in?gone=1"
    assert client.get("/desk/sign-in/code").location == "/desk/sign-in"


def test_after_five_wrong_codes_it_begins_with_the_password_again(
    site: Flask, yamada: Staff, clock: Clock
) -> None:
    client = browser(site)
    brings_password(client)
    assert [brings_code(client, "000000").status_code for _ in range(5)] == [422] * 5
    assert brings_code(client, code_at(clock.now)).location == "/desk/sign-in?gone=1"
    assert not is_inside(client)


# ---- guessing, and who is kept out by it -------------------------------------------------------------------


def test_a_strangers_thousand_tries_do_not_keep_the_owner_out(
    site: Flask, yamada: Staff, clock: Clock
) -> None:
    stranger = browser(site, "203.0.113.66")
    page = proof_in(stranger.get("/desk/sign-in"))
    seen = [
        stranger.post(
            "/desk/sign-in", data={"login": "yamada", "password": f"guess number {n}", "proof": page}
        ).status_code
        for n in range(1_000)
    ]
    assert seen.count(422) == 8
    assert seen.count(429) == 992
    assert brings_password(stranger, password=PASSWORD).status_code == 429  # not even with the right one
    assert walks_in(browser(site), clock.now).status_code == 303


def test_guesses_from_many_addresses_do_not_keep_a_known_browser_out(
    site: Flask, yamada: Staff, clock: Clock
) -> None:
    own = browser(site)
    walks_in(own, clock.now)
    own.post("/desk/sign-out", data={"proof": proof_in(own.get("/desk/me"))})
    for number in range(60):
        stranger = browser(site, f"10.0.0.{number}")
        brings_password(stranger, password="guess after guess")
    clock.move(minutes=1)
    own.environ_base["REMOTE_ADDR"] = "10.0.0.1"  # even through the same address as one of them
    assert walks_in(own, clock.now).status_code == 303
    new_place = browser(site, "192.0.2.200")
    clock.move(minutes=1)
    assert walks_in(new_place, clock.now).status_code == 303  # and a new browser has tries, if fewer


def test_a_login_that_many_try_leaves_each_stranger_fewer_tries(site: Flask, yamada: Staff) -> None:
    def tries_of(client: Client) -> int:
        codes = [brings_password(client, password="guess after guess").status_code for _ in range(10)]
        return codes.count(422)

    assert tries_of(browser(site, "10.0.0.1")) == 8
    for number in range(2, 25):
        brings_password(browser(site, f"10.0.0.{number}"), password="guess after guess")
    assert tries_of(browser(site, "10.0.0.99")) == 3


def test_waiting_grows_and_always_ends(site: Flask, yamada: Staff, clock: Clock) -> None:
    client, waits = browser(site), list[int]()
    for _ in range(40):
        answer = brings_password(client, password="guess after guess")
        if answer.status_code == 429:
            waits.append(int(answer.headers["Retry-After"]))
            clock.move(seconds=waits[-1])
    assert waits == sorted(waits)
    assert waits[:3] == [30, 60, 120]
    assert waits[-1] == 3600
    clock.move(hours=1)
    assert walks_in(client, clock.now).status_code == 303


def test_the_page_says_how_long_to_wait(site: Flask, yamada: Staff) -> None:
    client = browser(site)
    answers = [brings_password(client, password="guess after guess") for _ in range(9)]
    assert "30秒ほど" in answers[-1].get_data(as_text=True)


def test_many_guesses_at_one_moment_are_counted_as_many(
    site: Flask, yamada: Staff, together: Callable[..., list[Any]]
) -> None:
    client = browser(site)
    proof = proof_in(client.get("/desk/sign-in"))
    cookie = client.get_cookie("tsunagari")
    assert cookie is not None

    def guess(number: int) -> int:
        one = browser(site)
        one.set_cookie("tsunagari", cookie.value)
        data = {"login": "yamada", "password": f"guess number {number}", "proof": proof}
        return one.post("/desk/sign-in", data=data).status_code

    assert sorted(together(20, guess)) == [422] * 8 + [429] * 12


def test_one_address_cannot_try_all_logins(site: Flask) -> None:
    client = browser(site)
    proof = proof_in(client.get("/desk/sign-in"))
    codes = [
        client.post(
            "/desk/sign-in", data={"login": f"login{n}", "password": "summer summer", "proof": proof}
        ).status_code
        for n in range(120)
    ]
    assert codes == [422] * 100 + [429] * 20


def test_who_has_the_password_and_guesses_digits_is_stopped_and_the_owner_warned(
    site: Flask, yamada: Staff, clock: Clock, db: Database
) -> None:
    own = browser(site)
    walks_in(own, clock.now)
    codes = list[int]()
    for number in range(30):  # a new address each time
        thief = browser(site, f"10.0.1.{number}")
        brings_password(thief)
        codes.append(brings_code(thief, "000000").status_code)
    assert codes == [422] * 10 + [429] * 20
    assert "正しいパスワードのあとで" in own.get("/desk/me").get_data(as_text=True)
    assert deeds(db, yamada).count("second_refused") == 10
    own.post("/desk/sign-out", data={"proof": proof_in(own.get("/desk/me"))})
    clock.move(seconds=30)
    assert walks_in(own, clock.now).status_code == 303


def test_addresses_are_kept_as_keyed_hashes_only(
    site: Flask, yamada: Staff, clock: Clock, db: Database
) -> None:
    walks_in(browser(site), clock.now)
    with db.look() as work:
        for table in (tries.sign_in_tries, sessions.staff_devices, sessions.staff_sessions, audit.audit):
            assert "198.51.100" not in str(work.conn.execute(select(table)).all())


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("fe80::1%eth0", "fe80::/64"),
        ("192.0.2.1", "192.0.2.1"),
        ("", ""),
        ("not an address", "not an address"),
    ],
)
def test_a_household_is_one_caller(address: str, network: str) -> None:
    assert gate._network(address) == network


@pytest.mark.parametrize(("proxies", "waits"), [("0", True), ("1", False)])
def test_forwarded_addresses_count_only_behind_a_known_proxy(
    services_for: Callable[..., Services], db: Database, yamada: Staff, proxies: str, waits: bool
) -> None:
    client = create_flask(services_for(db, PROXIES=proxies)).test_client()
    proof = proof_in(client.get("/desk/sign-in"))
    codes = [
        client.post(
            "/desk/sign-in",
            data={"login": "yamada", "password": "guess after guess", "proof": proof},
            headers={"X-Forwarded-For": f"203.0.113.1, 198.51.100.{number}"},
        ).status_code
        for number in range(12)
    ]
    assert (429 in codes) is waits


def test_when_too_many_sign_in_at_once_the_page_says_so(
    site: Flask, yamada: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passwords, "PATIENCE", 0.0)
    client = browser(site)
    for _ in range(passwords.AT_ONCE):
        passwords._turns.acquire()
    try:
        answer = brings_password(client)
    finally:
        for _ in range(passwords.AT_ONCE):
            passwords._turns.release()
    assert answer.status_code == 503
    assert "混み合って" in answer.get_data(as_text=True)


def test_a_flood_of_sign_ins_leaves_threads_for_everybody_else(
    site: Flask, yamada: Staff, db: Database, clock: Clock
) -> None:
    """Who finds the queue full is told at once, and has tried nothing."""
    places = passwords.AT_ONCE + passwords.QUEUE
    assert places <= THREADS // 2
    client = browser(site)
    for _ in range(places):
        assert passwords._places.acquire(blocking=False)
    try:
        answers = {brings_password(client).status_code for _ in range(2 * signing_in.STRANGER.free)}
    finally:
        for _ in range(places):
            passwords._places.release()
    assert answers == {503}
    assert walks_in(client, clock()).status_code == 303


# ---- sessions ----------------------------------------------------------------------------------------------


def test_the_session_is_new_at_sign_in_and_so_is_the_proof(site: Flask, yamada: Staff, clock: Clock) -> None:
    client = browser(site)
    before = proof_in(client.get("/desk/sign-in"))
    planted = client.get_cookie("tsunagari")
    assert planted is not None
    walks_in(client, clock.now)
    attacker = browser(site)
    attacker.set_cookie("tsunagari", planted.value)
    assert not is_inside(attacker)
    assert client.post("/desk/unlisted", data={"proof": before}).status_code == 400


def test_the_half_sessions_cookie_is_worth_nothing_afterwards(
    site: Flask, yamada: Staff, clock: Clock
) -> None:
    client = browser(site)
    brings_password(client)
    half = client.get_cookie("tsunagari")
    assert half is not None
    brings_code(client, code_at(clock.now))
    thief = browser(site)
    thief.set_cookie("tsunagari", half.value)
    assert not is_inside(thief)
    assert thief.get("/desk/sign-in/code").location == "/desk/sign-in"


def test_signing_out_ends_every_copy_of_the_cookie(
    site: Flask, yamada: Staff, clock: Clock, db: Database
) -> None:
    client = browser(site)
    walks_in(client, clock.now)
    copy = browser(site)
    cookie = client.get_cookie("tsunagari")
    assert cookie is not None
    copy.set_cookie("tsunagari", cookie.value)
    assert is_inside(copy)
    assert send(client, "/desk/sign-out", seen="/desk/me").location == "/desk/sign-in"
    assert not is_inside(client)
    assert not is_inside(copy)
    assert deeds(db, yamada) == ["signed_out", "signed_in"]


def test_half_an_hour_of_nothing_ends_a_session_and_work_keeps_it(
    site: Flask, yamada: Staff, clock: Clock
) -> None:
    client = browser(site)
    walks_in(client, clock.now)
    for _ in range(4):
        clock.move(minutes=29)
        assert is_inside(client)
    clock.move(minutes=30)
    assert not is_inside(client)


def test_after_ten_hours_a_session_ends_however_busy_it_is(site: Flask, yamada: Staff, clock: Clock) -> None:
    client = browser(site)
    walks_in(client, clock.now)
    for _ in range(23):
        clock.move(minutes=25)
        assert is_inside(client)
    clock.move(minutes=25)
    assert not is_inside(client)


@pytest.mark.parametrize("ended", ["close", "reset", "end_all"])
def test_a_session_that_is_ended_elsewhere_ends_at_once(
    site: Flask, yamada: Staff, clock: Clock, db: Database, ended: str
) -> None:
    client = browser(site)
    walks_in(client, clock.now)
    proof = proof_in(client.get("/desk/me"))
    with db.work() as work:
        {"close": welcome.close, "reset": welcome.reset, "end_all": sessions.end_all}[ended](work, yamada.id)
    assert not is_inside(client)
    assert client.post("/desk/unlisted", data={"proof": proof}).status_code == 401


def test_a_deed_asks_again_in_its_own_transaction(
    services: Services, site: Flask, yamada: Staff, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the gate and the deed the account is closed: nothing is done any more."""
    client = browser(site)
    walks_in(client, clock.now)
    proof = proof_in(client.get("/desk/me"))
    real = gate.confirm

    def late(work: Any) -> Staff:
        welcome.close(work, yamada.id)
        return real(work)

    monkeypatch.setattr(gate, "confirm", late)
    assert client.post("/desk/unlisted", data={"proof": proof}).status_code == 401


def test_closing_an_account_waits_for_a_deed_that_has_begun_and_none_comes_after_it(
    site: Flask, yamada: Staff, clock: Clock, db: Database, together: Callable[..., list[Any]]
) -> None:
    client = browser(site)
    walks_in(client, clock.now)
    proof, cookie = proof_in(client.get("/desk/me")), client.get_cookie("tsunagari")
    assert cookie is not None

    def one(number: int) -> int:
        if number == 0:
            with db.work() as work:
                welcome.close(work, yamada.id)
            return 0
        copy = browser(site)
        copy.set_cookie("tsunagari", cookie.value)
        return copy.post("/desk/unlisted", data={"proof": proof}).status_code

    assert set(together(8, one)) <= {0, 200, 401}
    assert client.post("/desk/unlisted", data={"proof": proof}).status_code == 401


def test_the_cookies_are_for_this_host_over_https_and_out_of_reach_of_scripts(
    services_for: Callable[..., Services], db: Database, yamada: Staff, clock: Clock
) -> None:
    client = create_flask(services_for(db, **HTTPS)).test_client()
    client.environ_base |= {"wsgi.url_scheme": "https"}
    answer = client.get("/desk/sign-in", base_url="https://bot.example")
    data = {"login": "yamada", "password": PASSWORD, "proof": proof_in(answer)}
    client.post("/desk/sign-in", data=data, base_url="https://bot.example")
    page = client.get("/desk/sign-in/code", base_url="https://bot.example")
    data = {"code": code_at(clock.now), "proof": proof_in(page)}
    made = client.post("/desk/sign-in/code", data=data, base_url="https://bot.example")
    cookies = made.headers.getlist("Set-Cookie")
    assert sorted(each.split("=")[0] for each in cookies) == ["__Host-tsunagari", "__Host-tsunagari-browser"]
    for cookie in cookies:
        assert {"Secure", "HttpOnly", "Path=/"} <= set(cookie.split("; "))
        assert "SameSite" in cookie
        assert "Domain" not in cookie
    assert SECRET not in str(cookies)


# ---- the gate ----------------------------------------------------------------------------------------------


def desk_rules(site: Flask) -> list[tuple[str, str, str]]:
    """Every page and deed under /desk: endpoint, address, method."""
    found = []
    with site.test_request_context():
        for rule in site.url_map.iter_rules():
            if rule.rule == "/desk" or rule.rule.startswith("/desk/"):
                path = re.sub(r"<[^>]+>", "7", rule.rule)
                found += [(rule.endpoint, path, method) for method in sorted(rule.methods or ())]
    return found


def test_nothing_under_desk_opens_without_a_session(site: Flask, yamada: Staff) -> None:
    rules = desk_rules(site)
    assert len([rule for rule in rules if rule[0].startswith("desk_me.")]) > 10
    for endpoint, path, method in rules:
        if endpoint in gate.OPEN:
            continue
        client = browser(site)
        proof = proof_in(client.get("/desk/sign-in"))
        answer = client.open(path, method=method, data={"proof": proof} if method == "POST" else None)
        want = 303 if method in ("GET", "HEAD") else 401
        assert answer.status_code == want, (method, path)
        assert answer.headers["Cache-Control"] == "no-store"
        assert "behind the gate" not in answer.get_data(as_text=True)
        if want == 303:
            assert answer.location == "/desk/sign-in"
        bare = browser(site).open(path, method=method)
        assert bare.status_code in (303, 400, 401), (method, path)


def test_what_is_open_is_named_and_there(site: Flask) -> None:
    names = {rule.endpoint for rule in site.url_map.iter_rules()}
    assert names >= gate.OPEN
    shown = browser(site)
    for path in ("/desk/sign-in", "/desk/welcome"):
        assert shown.get(path).status_code == 200


@pytest.mark.parametrize("path", ["/desk/nowhere", "/desk//me", "/desk/me/", "/desk/..", "/desk/%2e%2e/me"])
def test_strange_addresses_lead_to_the_door(site: Flask, path: str) -> None:
    answer = browser(site).get(path)
    assert answer.status_code in (303, 308, 404)
    assert "behind the gate" not in answer.get_data(as_text=True)


def test_a_program_is_answered_in_json(site: Flask) -> None:
    answer = browser(site).get("/desk/unlisted", headers={"Accept": "application/json"})
    assert (answer.status_code, answer.get_json()) == (401, {"error": "sign_in"})


def test_every_deed_needs_the_forms_proof(site: Flask, yamada: Staff, clock: Clock, db: Database) -> None:
    client = browser(site)
    walks_in(client, clock.now)
    before = deeds(db, yamada)
    for _, path, method in desk_rules(site):
        if method == "POST":
            for data in ({}, {"proof": "somebody else's"}):
                assert client.post(path, data=data).status_code == 400, path
    assert deeds(db, yamada) == before
    assert is_inside(client)


@pytest.mark.parametrize(
    "wanted",
    [
        "https://evil.example/desk", "//evil.example/desk", "/desk/sign-out", "/desk/../handbook", "/desk\\evil",
        "/desk/sign-in", "/desk//evil.example", "/handbook", "/desk\nLocation: x", "javascript:alert(1)", "/deskx",
    ],
)  # fmt: skip
def test_nobody_is_sent_elsewhere_after_signing_in(site: Flask, wanted: str) -> None:
    with site.test_request_context():
        session[gate.BACK] = wanted
        assert gate.way_back() == "/desk"


@pytest.mark.parametrize("wanted", ["/desk", "/desk/K-7Q2M-X4TB-9", "/desk/list?state=sent&window=a_b"])
def test_one_comes_back_to_the_page_that_was_wanted(site: Flask, wanted: str) -> None:
    with site.test_request_context():
        session[gate.BACK] = wanted
        assert gate.way_back() == wanted


def test_an_address_in_a_parameter_is_not_followed(site: Flask, yamada: Staff, clock: Clock) -> None:
    client = browser(site)
    client.get("/desk/sign-in?next=https://evil.example/&back=//evil.example")
    assert walks_in(client, clock.now).location == "/desk"


def test_who_is_inside_does_not_see_the_form_again(site: Flask, yamada: Staff, clock: Clock) -> None:
    client = browser(site)
    walks_in(client, clock.now)
    assert client.get("/desk/sign-in").location == "/desk"


def test_an_error_inside_looks_like_the_desk(site: Flask, yamada: Staff, clock: Clock) -> None:
    client = browser(site)
    walks_in(client, clock.now)
    page = client.get("/desk/nowhere/at/all")
    assert page.status_code == 404
    assert "受信箱へ" in page.get_data(as_text=True)


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> Iterator[Callable[[str], list[dict[str, Any]]]]:
    """The lines of the log about one kind of event."""
    log.configure("INFO", "json")

    def about(event: str) -> list[dict[str, Any]]:
        found = [json.loads(line) for line in "".join(capsys.readouterr()).splitlines() if line[:1] == "{"]
        return [line for line in found if line["event"] == event]

    yield about
    log.configure("WARNING", "text")


def test_every_try_at_the_door_leaves_a_line_in_the_log(
    site: Flask, yamada: Staff, clock: Clock, lines: Callable[[str], list[dict[str, Any]]]
) -> None:
    client = browser(site)
    brings_password(client, password="wrong wrong wrong")
    walks_in(client, clock.now)
    assert [(line["kind"], line["outcome"]) for line in lines("desk.sign_in")] == [
        ("password", "wrong"),
        ("password", "half"),
        ("code", "inside"),
    ]


def test_the_log_does_not_name_who_tries(
    site: Flask, yamada: Staff, clock: Clock, capsys: pytest.CaptureFixture[str], lines: object
) -> None:
    client = browser(site)
    brings_password(client, password="sesame sesame sesame")
    walks_in(client, clock.now)
    said = "".join(capsys.readouterr())
    assert "desk.sign_in" in said
    assert not [word for word in ("yamada", "sesame", PASSWORD, "198.51", "山田") if word in said]


def test_who_asks_inside_for_what_is_not_theirs_leaves_a_line_without_its_number(
    site: Flask, yamada: Staff, clock: Clock, lines: Callable[[str], list[dict[str, Any]]]
) -> None:
    client = browser(site)
    walks_in(client, clock.now)
    client.get("/desk/concerns/K-7Q2M-0000-1")
    (line,) = lines("desk.refused")
    assert (line["id"], line["endpoint"], line["http_status"]) == (yamada.id, "desk_concern.page", 404)
    assert "K-7Q2M" not in json.dumps(line)


def test_limits_are_what_the_page_promises() -> None:
    assert (sessions.IDLE.total_seconds(), sessions.LONGEST.total_seconds()) == (1800, 36000)
    assert second_factor.RECOVERY_CODES == 8
    assert signing_in.CODES.free <= 10
