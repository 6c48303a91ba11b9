"""What stands around every page: headers, the sealed session, the proof of a form, the error pages."""

from __future__ import annotations

import base64
from collections.abc import Callable
from types import SimpleNamespace

import pytest
from flask import Flask, abort, request
from werkzeug.test import Client

from bot.app import Services
from bot.web import create_flask, guard
from storage.crypto import Cipher, Place, cipher_from, new_key
from tests.conftest import Clock
from tests.web.conftest import Browser

PAGES = (
    "/",
    "/handbook",
    "/windows",
    "/d/0123456789abcdef",
    "/handbook/bye",
    "/nowhere",
    "/healthz",
    "/callback",
)


@pytest.fixture
def breakable(app: Flask) -> Flask:
    """The same app with a few pages that fail on purpose."""

    @app.get("/fails")
    def fails() -> str:
        raise ValueError("the words of a person")

    @app.get("/busy")
    def busy() -> str:
        abort(429)

    @app.get("/teapot")
    def teapot() -> str:
        abort(418)

    @app.post("/write")
    def write() -> str:
        return f"written {request.form['words']}"

    return app


@pytest.mark.parametrize("path", PAGES)
def test_every_answer_carries_the_safe_headers(app: Flask, path: str) -> None:
    headers = app.test_client().get(path).headers
    assert headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'self'")
    assert "'unsafe" not in headers["Content-Security-Policy"]
    assert {"frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"} <= set(
        headers["Content-Security-Policy"].split("; ")
    )
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "camera=()" in headers["Permissions-Policy"]
    assert headers["Cache-Control"] == "no-store"


def test_errors_carry_them_too(breakable: Flask) -> None:
    for path in ("/fails", "/busy", "/teapot", "/write"):
        headers = breakable.test_client().get(path).headers
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cache-Control"] == "no-store"


def test_an_https_address_is_kept_https(
    services_for: Callable[..., Services], no_database: SimpleNamespace
) -> None:
    client = create_flask(services_for(no_database, PUBLIC_URL="https://bot.example")).test_client()
    said = client.get("/handbook").headers["Strict-Transport-Security"]
    assert said == "max-age=31536000; includeSubDomains"


def test_a_plain_address_on_this_machine_is_not(app: Flask) -> None:
    assert "Strict-Transport-Security" not in app.test_client().get("/handbook").headers


def test_files_of_the_design_may_be_kept_for_a_year(browser: Browser) -> None:
    page = browser.open("/handbook")
    address = page.split('rel="stylesheet" href="')[1].split('"')[0]
    reply = browser.client.get(address)
    assert reply.status_code == 200
    assert "immutable" in reply.headers["Cache-Control"]


def test_no_page_asks_another_host_for_anything(browser: Browser) -> None:
    page = browser.open("/handbook")
    assert 'src="http' not in page
    assert 'href="http' not in page
    assert " style=" not in page


def test_the_cookie_is_opaque_and_out_of_reach_of_scripts(browser: Browser) -> None:
    browser.open("/handbook")
    browser.send("/handbook", do="start")
    browser.send("/handbook", do="answer", answer="tottori")
    cookies = [h for h in browser.headers if h.startswith("Set-Cookie")]
    assert cookies
    for cookie in cookies:
        assert "HttpOnly" in cookie
        assert "SameSite=Lax" in cookie
        assert "Expires" not in cookie
        assert "Max-Age" not in cookie
        value = cookie.split("=", 1)[1].split(";")[0]
        assert b"tottori" not in base64.urlsafe_b64decode(value)


def test_the_cookie_is_bound_to_https_and_to_this_host(
    services_for: Callable[..., Services], no_database: SimpleNamespace
) -> None:
    client = create_flask(services_for(no_database, PUBLIC_URL="https://bot.example")).test_client()
    cookie = client.get("/handbook", base_url="https://bot.example").headers["Set-Cookie"]
    assert cookie.startswith("__Host-")
    assert "Secure" in cookie
    assert "Path=/" in cookie
    assert "Domain" not in cookie


def test_the_length_of_the_cookie_does_not_tell_how_much_was_answered(browser: Browser) -> None:
    browser.open("/handbook")
    browser.send("/handbook", do="start")
    before = _cookie(browser.client)
    browser.send("/handbook", do="answer", answer="tottori")
    assert len(_cookie(browser.client)) == len(before)
    assert _cookie(browser.client) != before


def _cookie(client: Client) -> str:
    cookie = client.get_cookie("tsunagari")
    assert cookie is not None
    return cookie.value


@pytest.mark.parametrize("change", ["", "x", "AAAA", "%ff%fe", "=" * 50, "w" * 4000, "あ"])
def test_a_cookie_that_is_not_ours_is_as_good_as_none(browser: Browser, change: str) -> None:
    browser.client.set_cookie("tsunagari", change)
    browser.open("/handbook")
    assert browser.status == 200
    assert "はじめる" in browser.text


def test_a_value_that_was_sealed_for_another_place_does_not_open(browser: Browser, cipher: Cipher) -> None:
    moved = cipher.seal(b'{"until":9999999999,"data":{"handbook":{}}}', Place("", "people", "name", "v1"))
    browser.client.set_cookie("tsunagari", base64.urlsafe_b64encode(moved).decode())
    browser.open("/handbook")
    assert "はじめる" in browser.text


def test_a_cookie_of_other_keys_does_not_open(browser: Browser) -> None:
    stranger = cipher_from(new_key("t1"))
    value = stranger.seal(
        b'{"until":9999999999,"data":{"handbook":{}}}', Place("", "cookie", "session", "v1")
    )
    browser.client.set_cookie("tsunagari", base64.urlsafe_b64encode(value).decode())
    browser.open("/handbook")
    assert "はじめる" in browser.text


def test_who_only_asks_for_health_gets_no_cookie(browser: Browser) -> None:
    browser.open("/healthz")
    browser.open("/nowhere")
    assert not [h for h in browser.headers if h.startswith("Set-Cookie")]


@pytest.mark.parametrize(
    "path", ["/handbook", "/windows", "/handbook/leave", "/d/0123456789abcdef", "/d/1/send"]
)
def test_a_form_without_its_proof_changes_nothing(browser: Browser, path: str) -> None:
    browser.open("/handbook")
    before = _cookie(browser.client)
    reply = browser.client.post(path, data={"do": "start", "token": "x"})
    assert reply.status_code == 400
    browser.open("/handbook")
    assert "はじめる" in browser.text
    assert before


def test_the_proof_of_somebody_else_does_not_count(app: Flask) -> None:
    mine, theirs = Browser(app.test_client()), Browser(app.test_client())
    mine.open("/handbook")
    theirs.open("/handbook")
    stolen = theirs.hidden()
    reply = mine.client.post("/handbook", data=stolen | {"do": "start"})
    assert reply.status_code == 400


def test_an_hour_later_the_proof_is_too_old_and_the_page_says_so_kindly(
    browser: Browser, clock: Clock
) -> None:
    browser.open("/handbook")
    clock.move(minutes=61)
    browser.send("/handbook", do="start")
    assert browser.status == 400
    assert "時間がたったため" in browser.text
    assert 'href="/handbook"' in browser.page


def test_the_webhook_needs_a_signature_and_no_proof(app: Flask) -> None:
    reply = app.test_client().post("/callback", json={"events": []})
    assert reply.status_code == 400
    assert reply.is_json


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/nowhere", 404, "ページが見つかりませんでした"),
        ("/write", 405, "この開き方では見られません"),
        ("/busy", 429, "少し待って"),
        ("/teapot", 418, "もう一度、おねがいします"),
        ("/fails", 500, "あなたのせいではありません"),
    ],
)
def test_an_error_is_told_warmly_with_a_way_on(breakable: Flask, path: str, status: int, words: str) -> None:
    browser = Browser(breakable.test_client())
    browser.open(path)
    assert browser.status == status
    assert words in browser.text
    assert 'href="/handbook"' in browser.page
    assert 'href="tel:0857228111"' in browser.page


def test_a_refused_method_says_which_is_right(breakable: Flask) -> None:
    assert "POST" in breakable.test_client().get("/write").headers["Allow"]


def test_no_address_answers_to_trace(app: Flask) -> None:
    assert [rule.rule for rule in app.url_map.iter_rules() if "TRACE" in (rule.methods or ())] == []
    assert app.test_client().open("/handbook", method="TRACE").status_code == 405


def test_a_form_that_is_too_large_is_refused(breakable: Flask) -> None:
    browser = Browser(breakable.test_client())
    browser.open("/handbook")
    browser.send("/write", words="あ" * 100_000)
    assert browser.status == 413
    assert "少し長すぎた" in browser.text


def test_the_webhook_hears_of_errors_in_json(breakable: Flask) -> None:
    reply = breakable.test_client().get("/callback")
    assert reply.status_code == 405
    assert reply.get_json() == {"error": "Method Not Allowed"}


def test_a_mistake_of_ours_puts_no_words_into_the_log(
    breakable: Flask, capsys: pytest.CaptureFixture[str]
) -> None:
    breakable.test_client().get("/fails")
    said = "".join(capsys.readouterr())
    assert "ValueError" in said
    assert "the words of a person" not in said


def test_pages_speak_japanese_and_can_be_found_by_a_screen_reader(browser: Browser) -> None:
    for path in ("/", "/handbook", "/windows", "/d/1", "/nowhere"):
        page = browser.open(path)
        assert '<html lang="ja">' in page
        assert 'href="#main"' in page
        for role in ("banner", "main", "contentinfo"):
            assert f'role="{role}"' in page
        assert page.count("<h1") == 1


def test_the_largest_form_fits_under_the_limit() -> None:
    from bot.web.details_fields import FIRST, LONGEST

    assert len(FIRST.fields) * LONGEST * 9 < guard.FORM_BYTES
