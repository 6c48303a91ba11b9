"""Items of news: the database finds what plain Python finds that each person has not heard, and notes what they have."""

from __future__ import annotations

import datetime as dt
import random

import pytest
from sqlalchemy import select, update

from storage import broadcasts, freezing, news_items, people
from storage.freezing import Variant
from storage.news_items import Newest, Told, Words, unheard
from storage.people import RHYTHMS, Rhythm, person_topics
from storage.segments import EVERYONE
from storage.work import Database, Work

TOPICS = ("events", "shokudo", "tips", "disaster")
AT_ONCE = ("disaster",)
DAY = dt.date(2026, 12, 1)


def a_person(
    work: Work, number: int, news: dict[str, tuple[Rhythm, int]], channel: str = "default"
) -> people.Person:
    person = people.lock(work, channel, f"U{number:032x}")
    rhythms = {topic: rhythm for topic, (rhythm, _) in news.items()}
    people.set_news(work, person, rhythms, {topic: heard for topic, (_, heard) in news.items()})
    return person


def naive(news: list[Newest], mine: dict[str, tuple[Rhythm, int]], rhythm: Rhythm) -> frozenset[str]:
    """The oracle."""
    found = set()
    for one in news:
        if one.topic not in mine:
            continue
        chosen, heard = mine[one.topic]
        at = "each" if one.topic in AT_ONCE else chosen
        if at == rhythm and one.number > heard:
            found.add(one.id)
    return frozenset(found)


@pytest.mark.parametrize("seed", range(3))
def test_the_database_finds_what_nobody_has_told_them(db: Database, seed: int) -> None:
    dice = random.Random(seed)
    numbers = dice.sample(range(1, 60), 25)
    news = [Newest(f"n{number}", number, dice.choice(TOPICS)) for number in numbers]
    known: dict[str, dict[str, tuple[Rhythm, int]]] = {}
    with db.work() as work:
        for number in range(120):
            mine = {
                topic: (dice.choice(RHYTHMS), dice.choice((0, dice.randrange(70))))
                for topic in dice.sample(TOPICS, dice.randrange(len(TOPICS) + 1))
            }
            known[a_person(work, number, mine).id] = mine
    with db.look() as work:
        for rhythm in RHYTHMS:
            taken = unheard(news, rhythm, AT_ONCE)
            rows = work.conn.execute(select(people.people.c.id, taken.of_person.label("number"))).all()
            found = {row.id: taken.read(row.number) for row in rows}
            assert found == {key: naive(news, mine, rhythm) for key, mine in known.items()}


def test_hundreds_of_items_still_make_a_number_that_databases_count_with(db: Database) -> None:
    """Of the oldest some are left out: whoever has heard of nothing for so long hears of the newest."""
    news = [Newest(f"n{number}", number, f"t{number % 20}") for number in range(1, 1_001)]
    with db.work() as work:
        a_person(work, 1, {f"t{number}": ("week", 0) for number in range(20)})
    taken = unheard(news, "week")
    with db.look() as work:
        number = work.conn.execute(select(taken.of_person).select_from(people.people)).scalar_one()
    found = taken.read(number)
    assert {f"n{number}" for number in range(980, 1_001)} <= found
    assert 2**50 < number < 2**62


def test_people_who_would_read_the_same_are_counted_together(db: Database) -> None:
    news = [Newest("n1", 1, "events"), Newest("n2", 2, "events")]
    with db.work() as work:
        for number in range(6):
            person = a_person(work, number, {"events": ("week", number % 2)})
            people.begin_news(work, person, "iwami", "1")
        people.set_paused(work, person.id, True)
        people.speak(work, people.lock(work, "default", f"U{0:032x}").id, "en")
        a_person(work, 9, {"events": ("week", 2)})
    with db.look() as work:
        found = news_items.waiting(work, "default", EVERYONE, unheard(news, "week"))
    both, one = frozenset({"n1", "n2"}), frozenset({"n2"})
    assert dict(found) == {
        Variant("ja", "iwami", None, both): 2,
        Variant("en", "iwami", None, both): 1,
        Variant("ja", "iwami", None, one): 2,
    }


def test_only_who_gets_it_has_heard_it_and_only_of_its_topics_and_rhythm(db: Database) -> None:
    with db.work() as work:
        gets = a_person(work, 1, {"events": ("week", 0), "tips": ("month", 0), "disaster": ("week", 0)})
        gone = a_person(work, 2, {"events": ("week", 0)})
        people.set_friend(work, gone.id, False, 1)
        made = broadcasts.schedule(work, "default", [{"n": 1}], EVERYONE, work.now, created_by="t")
        broadcasts.start(work, made.id)
        freezing.freeze(work, made.id, lambda _: [{"type": "text", "text": "."}])
        news_items.note_heard(work, made.id, 5, "week", TOPICS, AT_ONCE)
    with db.look() as work:
        assert people.heard_so_far(work, gets.id) == {"events": 5, "tips": 0, "disaster": 0}
        assert people.heard_so_far(work, gone.id) == {"events": 0}
    with db.work() as work:
        news_items.note_heard(work, made.id, 7, "each", TOPICS, AT_ONCE)
        news_items.note_heard(work, made.id, 3, "week", TOPICS, AT_ONCE)  # an older one that began later
        assert people.heard_so_far(work, gets.id) == {"events": 5, "tips": 0, "disaster": 7}


def test_a_topic_keeps_how_far_it_was_told_when_its_rhythm_changes(db: Database) -> None:
    with db.work() as work:
        person = a_person(work, 1, {"events": ("week", 4), "tips": ("week", 4)})
        people.set_news(work, person, {"events": "month", "shokudo": "month"})
        assert people.heard_so_far(work, person.id) == {"events": 4, "shokudo": 0}


def test_whoever_was_not_asked_has_the_usual_rhythm_and_keeps_what_they_chose(db: Database) -> None:
    with db.work() as work:
        person = a_person(work, 1, {"events": ("month", 0)})
        people.begin_news(work, person, "iwami", "1")
        people.set_topics(work, people.lock(work, "default", person.line_id), ("events", "tips"))
        assert dict(people.lock(work, "default", person.line_id).news) == {"events": "month", "tips": "week"}


def test_an_item_comes_back_as_it_was_entered_and_its_words_are_sealed(db: Database) -> None:
    told = Told(
        *("events", ("iwami",), Words("もちつき", "公民館で。"), DAY),
        on=DAY,
        link="https://www.example.lg.jp/",
        translations={"en": Words("Rice cakes", "At the hall.")},
    )
    with db.work() as work:
        made = news_items.add(work, "default", told, "山田")
        assert news_items.get(work, made.id) == made
        assert (made.told, made.number) == (told, 1)
        raw = bytes(work.conn.execute(select(news_items.news_items.c.words)).scalar_one())
    assert "もちつき".encode() not in raw


def test_each_channel_counts_for_itself(db: Database) -> None:
    told = Told("events", (), Words("題", "文"), DAY)
    with db.work() as work:
        assert [news_items.add(work, channel, told, "t").number for channel in ("a", "b", "a")] == [1, 1, 2]


def test_what_is_over_is_no_news_and_is_forgotten_after_months(db: Database) -> None:
    with db.work() as work:
        today = work.now.date()
        for on, until in ((None, 0), (0, 0), (-1, 5), (None, -1), (None, -91)):
            day = None if on is None else today + dt.timedelta(days=on)
            told = Told("events", (), Words("題", "文"), today + dt.timedelta(days=until), day)
            news_items.add(work, "default", told, "t")
        assert [item.number for item in news_items.current(work, "default", today)] == [1, 2]
        assert news_items.forget_old(work, dt.timedelta(days=90)) == 1
        assert len(news_items.listed(work)) == 4


def test_whom_an_older_release_registered_gets_news_once_a_week(db: Database) -> None:
    with db.work() as work:
        person = people.lock(work, "default", f"U{1:032x}")
        work.conn.execute(
            person_topics.insert().values(person_id=person.id, topic="events", channel="default")
        )
        work.conn.execute(update(people.people).values(town="iwami"))
        assert dict(people.lock(work, "default", person.line_id).news) == {"events": "week"}
        assert people.heard_so_far(work, person.id) == {"events": 0}
