"""Photos and drafts lie sealed, belong to one concern or one browser, and go when they should."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from storage import concerns, drafts, links, people, photos, retention
from storage.concerns import Concern
from storage.crypto import SealBroken
from storage.work import Database, Work
from tests.conftest import Clock

JPEG = b"\xff\xd8\xff\xe0 the picture of a door, CANARY-PHOTO \xff\xd9"
WORDS = {"who": "となりの山田さん", "what": "新聞がたまっています"}


def a_concern(work: Work, channel: str = "default") -> Concern:
    person = people.lock(work, channel, "U" + "1" * 32)
    return concerns.open_concern(
        work,
        channel,
        person_id=person.id,
        town="tottori",
        district=None,
        kind="safety",
        level=2,
        since="days",
        subject_knows="unaware",
        window="tottori_chuo_jinken",
        route_reason="general",
    )


def a_link(work: Work, concern: Concern, minutes: int = 30) -> tuple[str, str]:
    return links.make(
        work,
        concern.channel,
        purpose="details",
        about=concern.id,
        person_id=concern.person_id,
        valid_for=dt.timedelta(minutes=minutes),
    )


def count(db: Database, table: Any) -> int:
    with db.look() as work:
        return work.conn.execute(select(func.count()).select_from(table)).scalar_one()


def test_a_photo_comes_back_as_it_was(db: Database) -> None:
    with db.work() as work:
        concern = a_concern(work)
        photo = photos.add(work, concern, JPEG, 1600, 1200)
    with db.look() as work:
        assert photos.of(work, concern) == (photo,)
        assert photos.picture(work, concern, photo.id) == JPEG
    assert (photo.width, photo.height, photo.created_at) == (1600, 1200, db.clock())


def test_photos_stand_in_the_order_of_their_days(db: Database, clock: Clock) -> None:
    with db.work() as work:
        concern = a_concern(work)
        first = photos.add(work, concern, JPEG, 1, 1)
    clock.move(days=1)
    with db.work() as work:
        second = photos.add(work, concern, JPEG, 2, 2)
        assert photos.of(work, concern) == (first, second)


def test_a_photo_is_not_found_under_another_concern(db: Database) -> None:
    with db.work() as work:
        concern, other = a_concern(work), a_concern(work)
        photo = photos.add(work, concern, JPEG, 1, 1)
        assert photos.picture(work, other, photo.id) is None
        assert photos.of(work, other) == ()


def test_a_picture_moved_to_another_row_does_not_open(db: Database) -> None:
    with db.work() as work:
        concern = a_concern(work)
        one, two = photos.add(work, concern, JPEG, 1, 1), photos.add(work, concern, JPEG, 2, 2)
        table = photos.concern_photos
        stolen = work.conn.execute(select(table.c.picture).where(table.c.id == one.id)).scalar_one()
        work.conn.execute(table.update().where(table.c.id == two.id).values(picture=stolen))
        with pytest.raises(SealBroken):
            photos.picture(work, concern, two.id)


def test_photos_go_with_the_words_and_with_the_concern(db: Database, clock: Clock) -> None:
    with db.work() as work:
        concern, other = a_concern(work), a_concern(work)
        for each in (concern, concern, other):
            photos.add(work, each, JPEG, 1, 1)
        concerns.close(work, concern, "none")
    clock.move(days=2)
    with db.work() as work:
        (due,) = retention.due(work, {"none": dt.timedelta(days=1)})
        assert retention.purge(work, due, "nightly")
        assert photos.of(work, concern) == ()
        assert len(photos.of(work, other)) == 1
        work.conn.execute(concerns.concerns.delete().where(concerns.concerns.c.id == other.id))
    assert count(db, photos.concern_photos) == 0


def test_neither_photo_nor_draft_lies_in_clear_in_the_database_file(
    db: Database, database_url: str, tmp_path: Path
) -> None:
    with db.work() as work:
        concern = a_concern(work)
        photos.add(work, concern, JPEG, 1, 1)
        link_id, _ = a_link(work, concern)
        drafts.keep(work, link_id, "default", "browser-secret", WORDS)
        columns = (photos.concern_photos.c.picture, drafts.drafts.c.words, drafts.drafts.c.id)
        stored = b"".join(
            value if isinstance(value, bytes) else str(value).encode()
            for column in columns
            for value in work.conn.execute(select(column)).scalars()
        )
    files = b"".join(path.read_bytes() for path in tmp_path.glob("tsunagari.db*"))
    assert bool(files) == database_url.startswith("sqlite")
    for secret in (b"CANARY-PHOTO", "山田".encode(), "新聞".encode(), b"browser-secret", JPEG[:8]):
        assert secret not in stored + files


def test_a_draft_is_found_by_its_browser_only(db: Database) -> None:
    with db.work() as work:
        link_id, _ = a_link(work, a_concern(work))
        drafts.keep(work, link_id, "default", "mine", WORDS)
    with db.look() as work:
        assert drafts.found(work, link_id, "default", "mine") == WORDS
        assert drafts.found(work, link_id, "default", "another") == {}
        assert drafts.found(work, "0123456789abcdef", "default", "mine") == {}


def test_a_second_browser_with_the_same_link_overwrites_nothing(db: Database) -> None:
    with db.work() as work:
        link_id, _ = a_link(work, a_concern(work))
        drafts.keep(work, link_id, "default", "mine", WORDS)
        drafts.keep(work, link_id, "default", "another", {"what": "ちがう言葉"})
        drafts.keep(work, link_id, "default", "mine", WORDS | {"who": "山田さん"})
        assert drafts.found(work, link_id, "default", "mine")["who"] == "山田さん"
        drafts.drop(work, link_id, "mine")
        assert drafts.found(work, link_id, "default", "mine") == {}
        assert drafts.found(work, link_id, "default", "another") == {"what": "ちがう言葉"}
        drafts.drop(work, link_id)
        assert drafts.found(work, link_id, "default", "another") == {}


def test_drafts_end_with_their_link(db: Database, clock: Clock) -> None:
    with db.work() as work:
        concern = a_concern(work)
        (short, _), (long, _), (used, token) = (
            a_link(work, concern),
            a_link(work, concern, 60),
            a_link(work, concern, 60),
        )
        for link_id in (short, long, used):
            drafts.keep(work, link_id, "default", "mine", WORDS)
        links.spend(work, used, token)
    clock.move(minutes=30)
    with db.work() as work:
        assert drafts.forget_old(work) == 2
        assert drafts.found(work, long, "default", "mine") == WORDS
        assert drafts.forget_old(work) == 0


def test_whoever_has_their_data_deleted_leaves_no_draft(db: Database) -> None:
    with db.work() as work:
        concern = a_concern(work)
        link_id, _ = a_link(work, concern)
        drafts.keep(work, link_id, "default", "mine", WORDS)
        work.conn.execute(people.people.delete().where(people.people.c.id == concern.person_id))
    assert count(db, drafts.drafts) == 0
