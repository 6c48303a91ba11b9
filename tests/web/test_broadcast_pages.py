"""Counted links and pictures of broadcasts, as phones, LINE's robots and strangers ask for them."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from PIL import Image

from bot.app import Services
from bot.broadcasting.pictures import templates
from bot.web import create_flask
from storage import broadcast_links, broadcast_pictures, broadcasts
from storage.segments import EVERYONE
from storage.work import Database

URL = "https://www.example.lg.jp/tsudoi?a=1&b=%E3%81%82#c"
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Safari Line/15.0.0"
LINE_ROBOT = "facebookexternalhit/1.1;line-poker/1.0"
EVENT = {
    **{"template": "event", "title": "集い", "when": "12月12日", "place": "会館"},
    **{"head": "お知らせ", "when_label": "とき", "place_label": "ところ", "more": "押すと見られます"},
}


@pytest.fixture
def client(db: Database, services_for: Callable[..., Services]) -> FlaskClient:
    return create_flask(services_for(db)).test_client()


@pytest.fixture
def token(db: Database) -> str:
    with db.work() as work:
        made = broadcasts.schedule(work, "default", [{"text": "a"}], EVERYONE, work.now, created_by="x")
        return broadcast_links.make(work, made.id, "default", URL)


def clicks(db: Database) -> list[int]:
    with db.look() as work:
        (made,) = broadcasts.listed(work)
        return [each.clicks for each in broadcast_links.of(work, made.id)]


def test_a_tap_leads_on_and_is_counted_without_a_trace_of_who(
    client: FlaskClient, db: Database, token: str
) -> None:
    for _ in range(2):
        answer = client.get(f"/l/{token}", headers={"User-Agent": PHONE})
        assert (answer.status_code, answer.headers["Location"]) == (302, URL)
        assert answer.headers["Cache-Control"] == "no-store"
        assert "Set-Cookie" not in answer.headers
        assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert clicks(db) == [2]


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("HEAD", {"User-Agent": PHONE}),
        ("GET", {"User-Agent": LINE_ROBOT}),
        ("GET", {"User-Agent": "Mozilla/5.0 (compatible; Googlebot/2.1)"}),
        ("GET", {"User-Agent": "curl/8"}),
        ("GET", {"User-Agent": ""}),
        ("GET", {"User-Agent": PHONE, "Sec-Purpose": "prefetch;prerender"}),
        ("GET", {"User-Agent": PHONE, "Purpose": "prefetch"}),
    ],
)
def test_who_only_looks_is_led_on_but_not_counted(
    client: FlaskClient, db: Database, token: str, method: str, headers: dict[str, str]
) -> None:
    answer = client.open(f"/l/{token}", method=method, headers=headers)
    assert (answer.status_code, answer.headers["Location"]) == (302, URL)
    assert clicks(db) == [0]


@pytest.mark.parametrize(
    "more", ["?url=https://evil.example/", "?next=//evil.example", "#https://evil.example/"]
)
def test_nothing_in_the_request_leads_anywhere_else(client: FlaskClient, token: str, more: str) -> None:
    assert client.get(f"/l/{token}{more}").headers["Location"] == URL


@pytest.mark.parametrize("token_of_none", ["a", "x" * 22, "x" * 5_000, "%00", "..", "https:evil.example"])
def test_an_unknown_link_gets_a_kind_page(
    client: FlaskClient, db: Database, token: str, token_of_none: str
) -> None:
    answer = client.get(f"/l/{token_of_none}", headers={"User-Agent": PHONE})
    assert answer.status_code == 404
    assert "Location" not in answer.headers
    if "/" not in token_of_none and token_of_none != "..":
        assert "このページは、もう開けません" in answer.text
    assert clicks(db) == [0]


def test_a_count_that_cannot_be_written_keeps_nobody_from_the_page(
    client: FlaskClient, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(broadcast_links, "count", broken)
    assert client.get(f"/l/{token}", headers={"User-Agent": PHONE}).headers["Location"] == URL


def test_taps_at_the_same_moment_are_all_counted(
    db: Database, token: str, together: Callable[[int, Callable[[int], Any]], list[Any]]
) -> None:
    def tap(_number: int) -> None:
        with db.work() as work:
            broadcast_links.count(work, token)

    together(8, tap)
    assert clicks(db) == [8]


# ---- pictures ----------------------------------------------------------------------------------------------


def test_a_picture_is_fetched_whole_and_small_and_may_be_kept(client: FlaskClient, db: Database) -> None:
    with db.work() as work:
        token = broadcast_pictures.make(work, "default", EVENT)
    sizes = []
    for ending in (".jpg", ".small.jpg"):
        answer = client.get(f"/b/{token}{ending}")
        assert (answer.status_code, answer.content_type) == (200, "image/jpeg")
        assert "public" in answer.headers["Cache-Control"]
        assert "Set-Cookie" not in answer.headers
        with Image.open(io.BytesIO(answer.data)) as picture:
            sizes.append(picture.width)
    assert sizes == [1040, 520]


def test_it_is_drawn_once_however_often_it_is_asked_for(
    client: FlaskClient, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = []
    draw = templates.draw
    monkeypatch.setattr(templates, "draw", lambda words, photo: drawn.append(1) or draw(words, photo))
    with db.work() as work:
        token = broadcast_pictures.make(work, "default", EVENT)
    bodies = {client.get(f"/b/{token}.jpg").data for _ in range(3)}
    assert (len(bodies), drawn) == (1, [1])


@pytest.mark.parametrize("name", ["x" * 22, "a.big", "a.small.small", "x" * 900, "..%2f..%2fetc"])
def test_a_picture_that_is_none_is_not_there_and_not_kept(client: FlaskClient, name: str) -> None:
    answer = client.get(f"/b/{name}.jpg")
    assert answer.status_code == 404
    assert answer.headers["Cache-Control"] == "no-store"
