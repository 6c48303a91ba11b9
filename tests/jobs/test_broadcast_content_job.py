"""A broadcast in several forms and languages, from its rows to LINE's JSON: everybody gets their own words, once."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from rooms import Rooms
from sqlalchemy import delete, select, update
from surroundings import Clock

from bot.recurrence import EveryDays, Rule
from jobs import broadcast, nightly, series
from simulator.line_check import check_messages
from storage import broadcast_drafts, broadcast_links, broadcast_pictures, broadcasts, outbox, people
from storage.broadcasts import Broadcast
from storage.segments import EVERYONE
from storage.variants import counted
from storage.work import Work

URL = "https://www.example.lg.jp/tsudoi"
CARD = {"title": "{town}の集い", "buttons": [{"label": "見る", "url": URL}], "picture": "f" * 64}
MESSAGES: list[dict[str, Any]] = [
    {"text": f"{{town}}のみなさんへ {{link:{URL}}}"},
    {"cards": [CARD]},
    {"picture": {"template": "event", "title": "{town}の集い", "when": "12月12日"}},
]
ENGLISH: dict[str, Any] = {"en": [{"text": f"Dear {{town}}: {{link:{URL}}} {{link:https://en.example.jp/}}"}]}
WHO = {  # line id: (town, language)
    "1": ("tottori", None),
    "2": ("tottori", "vi"),
    "3": ("iwami", None),
    "4": ("iwami", "en"),
    "5": (None, "en"),
}


@pytest.fixture
def five(rooms: Rooms) -> None:
    with rooms.db.work() as work:
        for sign, (town, language) in WHO.items():
            person = people.lock(work, "default", f"U{sign * 32}")
            values = {"town": town, "language": language}
            work.conn.execute(update(people.people).where(people.people.c.id == person.id).values(values))


def plan(work: Work, **more: Any) -> Broadcast:
    more = {"translations": ENGLISH} | more
    return broadcasts.schedule(work, "default", MESSAGES, EVERYONE, work.now, created_by="x", **more)


def fired(rooms: Rooms) -> tuple[str, dict[str, list[Any]]]:
    """Its id, and what each person is sent, by the sign of their id."""
    with rooms.db.work() as work:
        made = plan(work)
    assert broadcast.fire(rooms, made.id, made.due_at)
    with rooms.db.work() as work:
        rows = outbox.claim(work, 50)
    said: dict[str, list[Any]] = {}
    for row in rows:
        assert check_messages(row.body["messages"]) == []
        for to in row.body["to"]:
            assert to[1] not in said, "nobody twice"
            said[to[1]] = row.body["messages"]
    return made.id, said


def test_people_of_two_towns_and_two_languages_get_their_own_words(rooms: Rooms, five: None) -> None:
    broadcast_id, said = fired(rooms)
    begins = {sign: messages[0]["text"].split(" ")[0:2] for sign, messages in said.items()}
    assert {sign: begin[0] for sign, begin in begins.items() if sign in "123"} == {
        "1": "鳥取市のみなさんへ",
        "2": "鳥取市のみなさんへ",  # nobody wrote it in Vietnamese
        "3": "岩美町のみなさんへ",
    }
    assert begins["4"] == ["Dear", "岩美町:"]
    assert begins["5"] == ["Dear", "your"]
    assert [len(said[sign]) for sign in "12345"] == [4, 4, 4, 1, 1]
    assert said["3"][1]["altText"] == "岩美町の集い"
    with rooms.db.look() as work:
        assert broadcasts.tally(work, broadcast_id).recipients == 5


def test_an_address_has_one_link_for_all_and_is_counted_from_the_start(rooms: Rooms, five: None) -> None:
    broadcast_id, said = fired(rooms)
    with rooms.db.work() as work:
        links = broadcast_links.of(work, broadcast_id)
        assert {each.url: each.clicks for each in links} == {URL: 0, "https://en.example.jp/": 0}
        assert [(each.number, each.url) for each in links] == [(1, URL), (2, "https://en.example.jp/")]
        (one,) = (each for each in links if each.url == URL)
        for _ in range(3):
            broadcast_links.count(work, one.token)
        assert broadcast_links.clicks(work, [broadcast_id]) == {broadcast_id: 3}
        assert broadcast_links.where_to(work, one.token) == URL
        assert broadcast_links.where_to(work, "nothing") is None
    for messages in said.values():
        assert f"/l/{one.token}" in messages[0]["text"]
    assert said["1"][1]["contents"]["body"]["contents"][1]["contents"][0]["action"]["uri"].endswith(one.token)


def test_a_picture_is_one_for_each_town_and_holds_its_words(rooms: Rooms, five: None) -> None:
    _, said = fired(rooms)
    urls = {sign: said[sign][2]["originalContentUrl"] for sign in "123"}
    assert urls["1"] == urls["2"] != urls["3"]
    with rooms.db.look() as work:
        words = broadcast_pictures.words(work, urls["3"].rpartition("/")[2].removesuffix(".jpg"))
        raw = work.conn.execute(select(broadcast_pictures.broadcast_pictures.c.words)).scalars().all()
    assert words is not None
    assert (words["title"], words["when_label"]) == ("岩美町の集い", "とき")
    assert all("集い".encode() not in bytes(each) for each in raw)


def test_links_and_pictures_go_with_their_broadcast(rooms: Rooms, five: None) -> None:
    broadcast_id, _ = fired(rooms)
    with rooms.db.work() as work:
        work.conn.execute(delete(broadcasts.broadcasts).where(broadcasts.broadcasts.c.id == broadcast_id))
        assert broadcast_links.of(work, broadcast_id) == ()
        assert work.conn.execute(select(broadcast_pictures.broadcast_pictures)).all() == []


def test_a_series_says_every_form_in_every_language_at_each_turn(
    rooms: Rooms, five: None, clock: Clock
) -> None:
    rule = Rule(dt.time(10), EveryDays(), dt.date(2026, 12, 2))
    with rooms.db.work() as work:
        _, first = series.begin(
            *(work, "default", "毎日", MESSAGES, EVERYONE, rule),
            created_by="x",
            late_limit=dt.timedelta(hours=1),
            translations=ENGLISH,
        )
    assert first is not None
    assert first.translations == {"en": tuple(ENGLISH["en"])}
    clock.now = first.due_at
    assert broadcast.fire(rooms, first.id, first.due_at)
    with rooms.db.work() as work:
        languages = {row.body["messages"][0]["text"][:4] for row in outbox.claim(work, 50)}
        (again,) = broadcasts.scheduled(work)
    assert languages == {"鳥取市の", "岩美町の", "Dear"}
    assert (again.messages, again.translations) == (first.messages, first.translations)


def test_the_preview_counts_the_same_people(rooms: Rooms, five: None) -> None:
    with rooms.db.look() as work:
        found = counted(work, "default", EVERYONE, frozenset({"language", "town"}))
        assert {(each.language, each.town): count for each, count in found} == {
            ("ja", "tottori"): 1,
            ("vi", "tottori"): 1,
            ("ja", "iwami"): 1,
            ("en", "iwami"): 1,
            ("en", None): 1,
        }
        ((anybody, count),) = counted(work, "default", EVERYONE, frozenset())
    assert (anybody.language, anybody.town, count) == (None, None, 5)


def test_another_word_in_any_form_or_language_is_another_broadcast(rooms: Rooms) -> None:
    with rooms.db.work() as work:
        same = plan(work)
        again = plan(work)
        others = [
            plan(work, translations=None),
            plan(work, translations={"vi": ENGLISH["en"]}),
            broadcasts.schedule(
                work,
                "default",
                [MESSAGES[0], {"cards": [CARD | {"note": "別"}]}, MESSAGES[2]],
                EVERYONE,
                work.now,
                created_by="x",
                translations=ENGLISH,
            ),
        ]
        index = broadcasts.broadcasts.c.same_index
        found = {
            row.id: row.same_index for row in work.conn.execute(select(broadcasts.broadcasts.c.id, index))
        }
    assert found[same.id] == found[again.id]
    assert len({found[each.id] for each in (same, *others)}) == 4


def test_photos_and_drafts_are_kept_as_long_as_they_are_needed(rooms: Rooms, clock: Clock) -> None:
    with rooms.db.work() as work:
        name = broadcast_pictures.keep_photo(work, "default", b"jpeg")
        assert broadcast_pictures.keep_photo(work, "default", b"jpeg") == name
        token = broadcast_pictures.make(work, "default", {"template": "photo", "photo": name})
        broadcast_drafts.save(
            work, "default", " 冬の集い ", "title: a", ".yaml", {"a.jpg": name}, created_by="x"
        )
    clock.now += dt.timedelta(days=32)
    nightly.purge(rooms)  # type: ignore[arg-type]
    with rooms.db.work() as work:
        assert broadcast_pictures.words(work, token) is None
        assert broadcast_pictures.photo(work, name) == b"jpeg"
        broadcast_pictures.use_photos(work, [name])
        assert broadcast_drafts.find(work, "冬の集い") is not None
    clock.now += dt.timedelta(days=799)
    nightly.purge(rooms)  # type: ignore[arg-type]
    with rooms.db.work() as work:
        assert broadcast_pictures.photo(work, name) == b"jpeg"
        assert broadcast_drafts.listed(work) == ()
    clock.now += dt.timedelta(days=2)
    nightly.purge(rooms)  # type: ignore[arg-type]
    with rooms.db.look() as work:
        assert broadcast_pictures.photo(work, name) is None


def test_a_draft_that_is_saved_again_is_one_draft(rooms: Rooms, clock: Clock) -> None:
    with rooms.db.work() as work:
        first = broadcast_drafts.save(work, "default", "集い", "a", ".md", {}, created_by="田中")
    clock.now += dt.timedelta(days=1)
    with rooms.db.work() as work:
        broadcast_drafts.save(work, "default", "集い", "b", ".yaml", {}, created_by="佐藤")
        (found,) = broadcast_drafts.listed(work)
        raw = work.conn.execute(select(broadcast_drafts.broadcast_drafts.c.file)).scalar_one()
    assert (found.text, found.suffix, found.created_by) == ("b", ".yaml", "田中")
    assert (found.created_at, found.changed_at) == (first.created_at, clock.now)
    assert b"text" not in bytes(raw)
