"""Photos in the details form: kept without place and time, kindly refused where they must be, once of a hundred."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from PIL import Image
from sqlalchemy import select
from werkzeug.test import EnvironBuilder

from bot import pictures
from storage import audit, concerns, photos
from storage.work import Database
from tests.test_pictures import CANARY, exif, photo, png_that_says
from tests.web.conftest import Browser
from tests.web.test_details_form import WORDS, Link, link, make_link, phone, site, stored, to_form

__all__ = ["link", "phone", "site"]  # fixtures


def file(raw: bytes, name: str = "IMG_0815.JPG") -> tuple[io.BytesIO, str]:
    return io.BytesIO(raw), name


def kept(db: Database, one: Link) -> list[bytes]:
    with db.look() as work:
        found = [photos.picture(work, one.concern, each.id) for each in photos.of(work, one.concern)]
    return [each for each in found if each]


def test_three_photos_are_kept_small_and_without_their_place(
    phone: Browser, link: Link, db: Database, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    to_form(phone, link)
    assert phone.page.count('type="file"') == 3
    raws = [
        photo(size=(3000, 2000), exif=exif()),
        photo("PNG", exif=exif()),
        photo("WEBP", exif=exif(tag274=6)),
    ]
    given = {f"photo{number}": file(raw, f"{CANARY}.jpg") for number, raw in enumerate(raws, 1)}
    phone.send(f"{link.path}/send", **WORDS, **given)
    assert phone.addresses[-1].endswith("/sent")
    found = kept(db, link)
    assert sorted(Image.open(io.BytesIO(each)).size for each in found) == [
        (100, 400),
        (400, 100),
        (1600, 1067),
    ]
    assert all(Image.open(io.BytesIO(each)).format == "JPEG" for each in found)
    with db.look() as work:
        lying = b"".join(work.conn.execute(select(photos.concern_photos.c.picture)).scalars())
    files = b"".join(path.read_bytes() for path in tmp_path.glob("tsunagari.db*"))
    said = "".join(capfd.readouterr()) + "\n".join([*phone.addresses, *phone.headers]) + phone.page
    for each in (*found, lying, files, said.encode()):
        assert CANARY.encode() not in each
        assert b"Exif" not in each
    for each in found:
        assert each[:64] not in lying + files
    assert stored(db, link.concern) == {name: text for name, text in WORDS.items() if text}


def test_no_photo_is_needed(phone: Browser, link: Link, db: Database) -> None:
    to_form(phone, link)
    empty = {f"photo{number}": file(b"", "") for number in (1, 2, 3)}  # as browsers send boxes left empty
    phone.send(f"{link.path}/send", **WORDS, **empty)
    assert phone.addresses[-1].endswith("/sent")
    assert kept(db, link) == []


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"%PDF-1.7 no picture", "うまく読めませんでした"),
        (photo()[:300], "うまく読めませんでした"),
        (photo("GIF", size=(9, 9)), "うまく読めませんでした"),
        (png_that_says(60_000, 60_000), "大きすぎて"),
        (b"\xff\xd8\xff" + b"\x00" * (pictures.MOST_BYTES + 9), "大きすぎて"),
    ],
    ids=["no picture", "broken", "gif", "bomb", "too many bytes"],
)
def test_a_photo_that_cannot_be_taken_costs_no_words_and_no_link(
    phone: Browser, link: Link, db: Database, raw: bytes, words: str
) -> None:
    to_form(phone, link)
    good = file(photo())
    phone.send(f"{link.path}/send", **WORDS, photo1=good, photo2=file(raw))
    assert phone.status == 422
    assert words in phone.text
    assert "お手数ですが、もう一度えらんでください" in phone.text  # of the good one
    assert 'href="#photo2"' in phone.page
    assert 'id="photo2-error"' in phone.page
    assert 'id="photo1-error"' not in phone.page
    assert "となりの山田さん" in phone.text
    assert (kept(db, link), stored(db, link.concern)) == ([], {})
    phone.send(f"{link.path}/send", **WORDS, photo1=file(photo()))
    assert phone.addresses[-1].endswith("/sent")
    assert len(kept(db, link)) == 1


def test_only_the_broken_photo_is_spoken_of_where_it_was_the_only_one(phone: Browser, link: Link) -> None:
    to_form(phone, link)
    phone.send(f"{link.path}/send", **WORDS, photo3=file(b"none"))
    assert phone.status == 422
    assert "お手数ですが、もう一度えらんでください" not in phone.text


def test_missing_words_and_a_broken_photo_are_said_together(phone: Browser, link: Link) -> None:
    to_form(phone, link)
    phone.send(f"{link.path}/send", **(WORDS | {"where": ""}), photo1=file(b"none"))
    assert 'id="where-error"' in phone.page
    assert 'id="photo1-error"' in phone.page


def test_a_photo_far_too_large_still_arrives_with_its_words_but_is_not_kept_meanwhile(
    phone: Browser, link: Link, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    monkeypatch.setattr(
        pictures, "small", lambda raw: seen.append(len(raw)) or (_ for _ in ()).throw(pictures.TooBig)
    )
    to_form(phone, link)
    phone.send(f"{link.path}/send", **WORDS, photo1=file(b"\xff" * (3 * pictures.MOST_BYTES)))
    assert phone.status == 422
    assert "となりの山田さん" in phone.text
    assert seen == [pictures.MOST_BYTES + 1]


def test_a_fourth_photo_is_not_read(phone: Browser, link: Link, db: Database) -> None:
    to_form(phone, link)
    given: dict[str, Any] = {f"photo{number}": file(photo()) for number in (1, 2, 3, 4)}
    phone.send(f"{link.path}/send", **WORDS, **given)
    assert len(kept(db, link)) == 3


def test_beyond_the_limit_of_the_page_what_was_kept_on_the_way_is_shown_again(
    phone: Browser, link: Link, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.web.details.PAGE_BYTES", 1_000_000)
    to_form(phone, link)
    phone.send(f"{link.path}/draft", **WORDS)
    phone.send(f"{link.path}/send", **WORDS, photo1=file(b"\xff" * 1_000_000))
    assert phone.status == 200
    assert phone.addresses[-1].endswith("/form?told=too_big")
    assert "写真が大きすぎて" in phone.text
    assert "となりの山田さん" in phone.text
    assert not stored(db, link.concern)


def test_nobody_without_a_link_may_send_megabytes(site: Flask, link: Link) -> None:
    stranger = Browser(site.test_client())
    stranger.open("/d/x")
    large = file(b"\xff" * 300_000)
    stranger.send(f"{link.path}/send", **WORDS, token=link.token, photo1=large)
    assert stranger.status == 413
    stranger.open("/d/x")
    stranger.send("/d/x", token="x" * 300_000)
    assert stranger.status == 413


def test_words_alone_never_fill_megabytes_of_memory(phone: Browser, link: Link, db: Database) -> None:
    to_form(phone, link)
    phone.send(f"{link.path}/send", **WORDS, junk="x" * 300_000)  # without a photo a browser sends one piece
    assert phone.addresses[-1].endswith("/form?told=too_big")
    assert not stored(db, link.concern)


def test_only_the_page_that_takes_photos_takes_megabytes(phone: Browser, link: Link) -> None:
    to_form(phone, link)
    hidden = phone.hidden()
    for path in (f"{link.path}/draft", link.path):
        phone.send(path, **hidden, **WORDS, photo1=file(b"\xff" * 300_000))
        assert phone.status == 413


def test_photos_never_lie_in_a_temporary_file(
    phone: Browser, link: Link, monkeypatch: pytest.MonkeyPatch
) -> None:
    def disk(*_args: Any, **_more: Any) -> None:
        pytest.fail("a photo was written to the disk")

    to_form(phone, link)
    raw = photo(size=(4000, 3000), quality=100, exif=exif()) + b"\x00" * 2_000_000
    builder = EnvironBuilder(
        f"{link.path}/send", method="POST", data=phone.hidden() | WORDS | {"photo1": file(raw)}
    )
    environ = builder.get_environ()  # it makes a temporary file of its own
    for name in ("TemporaryFile", "SpooledTemporaryFile", "NamedTemporaryFile", "mkstemp"):
        monkeypatch.setattr(tempfile, name, disk)
    monkeypatch.setattr("werkzeug.formparser.SpooledTemporaryFile", disk, raising=False)
    monkeypatch.setattr("werkzeug.formparser.TemporaryFile", disk, raising=False)
    answer = phone.client.open(environ)
    assert answer.status_code == 303


def test_of_a_hundred_at_once_with_photos_exactly_one_is_stored(
    site: Flask,
    link: Link,
    db: Database,
    together: Callable[[int, Callable[[int], Any]], list[Any]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    drawn = []
    real = pictures.small
    monkeypatch.setattr(pictures, "small", lambda raw: drawn.append(1) or real(raw))
    first = Browser(site.test_client())
    to_form(first, link)
    cookie, form, raw = first.client.get_cookie("tsunagari"), first.hidden(), photo(exif=exif())
    assert cookie is not None
    value = cookie.value

    def post(number: int) -> int:
        client = site.test_client()
        client.set_cookie("tsunagari", value)
        given = form | WORDS | {"what": f"{number}", "photo1": file(raw), "photo2": file(raw)}
        return client.post(f"{link.path}/send", data=given).status_code

    assert sorted(together(100, post)) == [303] + [410] * 99
    assert len(kept(db, link)) == 2
    assert len(drawn) == 2  # the ninety-nine others were told before any work was done for them
    with db.look() as work:
        assert len(audit.listed(work, kind="concern", subject_id=link.concern.id)) == 1


def test_a_second_form_adds_its_photos(phone: Browser, link: Link, db: Database) -> None:
    to_form(phone, link)
    phone.send(f"{link.path}/send", **WORDS, photo1=file(photo()))
    more = make_link(db, link.concern)
    to_form(phone, more)
    phone.send(f"{more.path}/send", what="きょうのようすです", photo1=file(photo()))
    assert len(kept(db, link)) == 2


def test_a_concern_closed_meanwhile_keeps_no_photo(phone: Browser, link: Link, db: Database) -> None:
    to_form(phone, link)
    with db.work() as work:
        concerns.close(work, link.concern, "done")
    phone.send(f"{link.path}/send", **WORDS, photo1=file(photo()))
    assert phone.status == 410
    assert kept(db, link) == []
