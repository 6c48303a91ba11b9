"""A month of news: three rhythms, and nobody misses anything or is told anything twice."""

from __future__ import annotations

import datetime as dt
import re
import threading
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from rooms import Rooms
from sqlalchemy import select
from surroundings import Clock
from town import wrong_with

from jobs import broadcast, news
from storage import broadcasts, news_items, people
from storage.news_items import Told, Words
from storage.outbox import outbox
from storage.people import Person, Rhythm
from storage.work import Database

TOKYO = ZoneInfo("Asia/Tokyo")
SUNDAY = dt.datetime(
    2026, 11, 1, 12, tzinfo=TOKYO
)  # November: the 2nd is its first weekday, the 6th a Friday


def at(day: int, hour: int = 10, minute: int = 0, month: int = 11) -> dt.datetime:
    return dt.datetime(2026, month, day, hour, minute, tzinfo=TOKYO)


class Month:
    """People who take news, a hand that enters it, and what came to whom."""

    def __init__(self, rooms: Rooms, clock: Clock) -> None:
        self.rooms, self.db, self.clock = rooms, rooms.db, clock
        self.people: dict[str, Person] = {}
        self.got: dict[str, list[str]] = defaultdict(list)
        self.messages: dict[str, list[list[dict[str, Any]]]] = defaultdict(list)
        self._seen: set[int] = set()
        clock.now = SUNDAY

    def somebody(
        self, name: str, rhythm: Rhythm = "week", topics: tuple[str, ...] = ("events",), town: str = "iwami"
    ) -> None:
        with self.db.work() as work:
            person = people.lock(work, "default", f"U{len(self.people):032x}")
            people.begin_news(work, person, town, "1")
            people.set_news(work, person, dict.fromkeys(topics, rhythm))
            self.people[name] = person

    def chooses(self, name: str, news: Mapping[str, Rhythm]) -> None:
        with self.db.work() as work:
            people.set_news(work, self.people[name], news)

    def enters(self, title: str, topic: str = "events", **more: Any) -> str:
        told = Told(topic, (), Words(title, f"{title}です。"), self.clock.now.date() + dt.timedelta(days=60))
        with self.db.work() as work:
            return news_items.add(work, "default", replace(told, **more), "test").id

    def look(self) -> None:
        """One look of the timetable, and what came out of it."""
        news.minute(self.rooms)
        names = {person.line_id: name for name, person in self.people.items()}
        with self.db.look() as work:
            for row in work.conn.execute(
                select(outbox).where(outbox.c.kind == "multicast").order_by(outbox.c.id)
            ):
                if row.id in self._seen:
                    continue
                self._seen.add(row.id)
                body = work.unseal(row.body, row.channel, "outbox", "body", row.retry_key)
                assert wrong_with(body["messages"]) == []
                titles = re.findall(r"● (.*)", "\n".join(each["text"] for each in body["messages"]))
                for line_id in body["to"]:
                    self.got[names[line_id]] += titles
                    self.messages[names[line_id]].append(body["messages"])

    def until(self, moment: dt.datetime) -> None:
        """Day by day, before, at and after the hour of the digests, as a timetable that never sleeps."""
        while self.clock.now < moment:
            midnight = self.clock.now.replace(hour=0, minute=0)
            hours = (
                midnight + dt.timedelta(days=day, hours=hour) for day in (0, 1) for hour in (9.5, 10, 18.5)
            )
            self.clock.now = min(next(hour for hour in hours if hour > self.clock.now), moment)
            self.look()

    def broadcasts(self) -> list[broadcasts.Broadcast]:
        with self.db.look() as work:
            return list(broadcasts.listed(work))


@pytest.fixture
def month(rooms: Rooms, clock: Clock) -> Month:
    return Month(rooms, clock)


def test_each_rhythm_has_its_own_day_and_hour(month: Month) -> None:
    for name, rhythm in (("hana", "each"), ("taro", "week"), ("yuki", "month")):
        month.somebody(name, rhythm)  # type: ignore[arg-type]
    month.until(at(3, 9))
    month.enters("もちつき")
    month.until(at(3, 9, 30))
    assert month.got == {}
    month.until(at(3))
    assert month.got == {"hana": ["もちつき"]}
    month.until(at(6, 9, 30))
    assert "taro" not in month.got
    month.until(at(6))
    assert month.got["taro"] == ["もちつき"]
    month.until(at(30, 23))
    assert "yuki" not in month.got
    month.until(at(1, 10, month=12))
    assert month.got == {"hana": ["もちつき"], "taro": ["もちつき"], "yuki": ["もちつき"]}


def test_a_month_of_life(month: Month) -> None:
    month.somebody("hana", "each", ("events", "shokudo"))
    month.somebody("taro", "week", ("events", "shokudo"))
    month.somebody("yuki", "month", ("events",), town="tottori")
    month.somebody("moves", "week", ("events",))
    month.enters("一")
    month.until(at(4))
    month.enters("食堂", "shokudo", towns=("iwami",))
    gone = month.enters("まちがい")
    with month.db.work() as work:
        news_items.remove(work, gone)
    month.enters("四日の会", on=dt.date(2026, 11, 5))
    month.until(at(9))
    month.chooses("moves", {"events": "month"})
    month.enters("二")
    month.until(at(20, 15))
    month.chooses("moves", {"events": "each"})
    month.enters("三")
    month.until(at(2, 12, month=12))
    assert {name: sorted(titles) for name, titles in month.got.items()} == {
        "hana": sorted(["一", "食堂", "四日の会", "二", "三"]),
        "taro": sorted(["一", "食堂", "二", "三"]),  # on Friday the 6th the meeting of the 5th was over
        "yuki": sorted(["一", "二", "三"]),
        "moves": sorted(["一", "二", "三"]),
    }
    assert not any(each.recipients == 0 for each in month.broadcasts())


@pytest.mark.parametrize("day", [2, 4, 6, 7])
def test_whoever_changes_the_rhythm_misses_nothing_and_hears_nothing_twice(month: Month, day: int) -> None:
    """From each rhythm to each, on days before, at and after a turn."""
    changes = {f"{before} {then}": (before, then) for before in people.RHYTHMS for then in people.RHYTHMS}
    for name, (before, _) in changes.items():
        month.somebody(name, before)
    month.enters("はじめ")
    month.until(at(day, 12))
    for name, (_, then) in changes.items():
        month.chooses(name, {"events": then})
    month.enters("あと")
    month.until(at(1, 12, month=12))
    assert {name: sorted(titles) for name, titles in month.got.items()} == {
        name: ["あと", "はじめ"] for name in changes
    }


def test_who_begins_in_the_middle_is_told_what_is_news_by_then(month: Month) -> None:
    month.somebody("taro")
    month.enters("前から")
    month.until(at(7))
    month.somebody("hana")
    month.enters("新しい")
    month.until(at(14))
    assert month.got == {"taro": ["前から", "新しい"], "hana": ["新しい", "前から"]}


def test_nobody_gets_a_message_with_nothing_in_it(month: Month) -> None:
    month.somebody("taro", town="tottori")
    month.somebody("hana", topics=("tips",))
    month.somebody("yuki")
    month.enters("岩美の会", towns=("iwami",))
    month.until(at(30))
    assert month.got == {"yuki": ["岩美の会"]}
    assert len(month.broadcasts()) == 1


def test_disasters_come_at_once_whatever_was_chosen(month: Month) -> None:
    month.until(at(2, 12))
    month.somebody("taro", "month", ("disaster", "events"))
    month.enters("大雪のときの声かけ", "disaster")
    month.enters("もちつき")
    month.until(at(30))
    assert month.got == {"taro": ["大雪のときの声かけ"]}
    month.until(at(1, 10, month=12))
    assert month.got == {"taro": ["大雪のときの声かけ", "もちつき"]}


def test_an_event_that_is_over_is_not_told(month: Month) -> None:
    month.somebody("taro")
    month.enters("五日の会", on=dt.date(2026, 11, 5))
    month.enters("六日の会", on=dt.date(2026, 11, 6))
    month.enters("五日までの話", until=dt.date(2026, 11, 5))
    month.until(at(30))
    assert month.got == {"taro": ["六日の会"]}


def test_after_an_outage_it_is_made_up_for_by_day(month: Month) -> None:
    month.somebody("taro")
    month.enters("もちつき")
    month.until(at(6, 9))
    month.clock.now = at(6, 19)  # away at ten o'clock on Friday, back in the evening
    month.look()
    month.enters("夜に入れた話")
    month.until(at(7, 9, 30))
    assert month.got == {}
    month.until(at(7, 10))
    assert month.got == {"taro": ["もちつき"]}
    month.until(at(12))
    assert month.got == {"taro": ["もちつき"]}
    month.until(at(13))
    assert month.got == {"taro": ["もちつき", "夜に入れた話"]}


def test_after_a_long_outage_it_comes_with_the_next_turn(month: Month) -> None:
    month.somebody("taro", "month")
    month.clock.now = at(1, 9)
    month.enters("もちつき")
    month.clock.now = at(20)
    month.until(at(30))
    assert month.got == {}
    month.until(at(1, 10, month=12))
    assert month.got == {"taro": ["もちつき"]}


def test_a_first_item_in_the_middle_of_the_week_waits_for_friday(month: Month) -> None:
    """No turn of before counts as missed."""
    month.clock.now = at(4, 12)
    month.somebody("taro")
    month.enters("もちつき")
    month.until(at(6, 9))
    assert month.got == {}


def test_who_rests_or_is_in_danger_hears_it_later(month: Month) -> None:
    month.somebody("taro")
    month.somebody("hana")
    month.enters("もちつき")
    with month.db.work() as work:
        people.set_paused(work, month.people["taro"].id, True)
        people.hold_broadcasts(work, month.people["hana"].id, at(6, 12))
    month.until(at(8))
    assert month.got == {}
    with month.db.work() as work:
        people.set_paused(work, month.people["taro"].id, False)
    month.until(at(13))
    assert month.got == {"taro": ["もちつき"], "hana": ["もちつき"]}


def test_four_schedulers_at_the_same_second(month: Month) -> None:
    for number in range(8):
        month.somebody(f"each{number}", "each")
        month.somebody(f"week{number}", "week")
    for number in range(3):
        month.enters(f"話{number}")
    month.clock.now = at(6)
    ready = threading.Barrier(4)

    def scheduler() -> None:
        ready.wait()
        news.minute(month.rooms)

    threads = [threading.Thread(target=scheduler) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    month.look()
    assert sorted(month.got) == sorted(month.people)
    assert all(sorted(titles) == ["話0", "話1", "話2"] for titles in month.got.values())
    assert [each.status for each in month.broadcasts()] == ["sending", "sending"]


def test_sent_out_of_turn_it_does_not_come_again(month: Month) -> None:
    month.somebody("taro")
    month.enters("もちつき")
    month.clock.now = at(4, 15)
    with month.db.work() as work:
        made = news.compose(work, month.rooms.content, "default", "week", at(4, 15), created_by="test")
    assert made is not None
    with month.db.work() as work:  # asked for twice before the first has begun
        again = news.compose(work, month.rooms.content, "default", "week", at(4, 15), created_by="test")
    assert again is not None
    assert broadcast.fire(month.rooms, made.id, made.due_at)
    assert broadcast.fire(month.rooms, again.id, again.due_at)
    month.until(at(14))
    assert month.got == {"taro": ["もちつき"]}


def test_what_was_removed_between_planning_and_beginning_is_not_told(month: Month) -> None:
    month.somebody("taro")
    wrong = month.enters("まちがい")
    month.enters("もちつき")
    month.clock.now = at(4, 15)
    with month.db.work() as work:
        made = news.compose(work, month.rooms.content, "default", "week", at(4, 15), created_by="test")
        news_items.remove(work, wrong)
    assert made is not None
    broadcast.fire(month.rooms, made.id, made.due_at)
    month.look()
    assert month.got == {"taro": ["もちつき"]}


def test_everybody_reads_it_in_their_language_where_it_is_there(month: Month) -> None:
    month.somebody("taro")
    month.somebody("anna")
    with month.db.work() as work:
        people.speak(work, month.people["anna"].id, "en")
    month.enters("もちつき", translations={"en": Words("Rice cakes", "Everybody is welcome.")})
    month.enters("文化祭")
    month.until(at(6))
    assert month.got == {"taro": ["文化祭", "もちつき"], "anna": ["文化祭", "Rice cakes"]}
    (said,) = month.messages["anna"]
    assert said[-1]["text"].endswith("For fewer messages, or to stop them, send “News”.")


def test_it_ends_with_how_to_stop_and_two_buttons(month: Month) -> None:
    month.somebody("taro")
    month.enters("もちつき")
    month.until(at(6))
    ((*_, last),) = month.messages["taro"]
    assert last["text"].endswith("お知らせをへらす・とめる → 「お知らせ」と送ってください")
    labels = [item["action"]["label"] for item in last["quickReply"]["items"]]
    assert labels == ["多すぎる（へらす）", "お知らせをえらぶ"]


def test_many_items_are_five_bubbles_at_most_and_the_soonest_come_first(month: Month) -> None:
    topics = tuple(month.rooms.content.topics)
    month.somebody("taro", topics=topics)
    long = {"words": Words("題" * 40, "文" * 200), "link": "https://www.example.lg.jp/" + "a" * 270}
    for number in range(40):
        month.enters("", topics[number % 4], on=dt.date(2026, 12, 30 - number % 20), **long)
    month.enters("あすの会", "events", on=dt.date(2026, 11, 7))
    month.until(at(6))
    (said,) = month.messages["taro"]
    assert len(said) <= 5
    assert len(month.got["taro"]) == 12
    assert "あすの会" in said[0]["text"]
    assert "ほかに29件あります。" in said[-1]["text"]


def test_an_item_entered_in_a_hurry_by_many_hands_keeps_its_number(db: Database, clock: Clock) -> None:
    ready = threading.Barrier(6)

    def enter() -> None:
        ready.wait()
        for _ in range(4):
            with db.work() as work:
                told = Told("events", (), Words("題", "文"), dt.date(2027, 1, 1))
                news_items.add(work, "default", told, "test")

    threads = [threading.Thread(target=enter) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with db.look() as work:
        assert sorted(item.number for item in news_items.listed(work)) == list(range(1, 25))


def test_a_number_is_never_given_twice(db: Database) -> None:
    """Else somebody who has heard of the old one would never hear of the new one."""
    with db.work() as work:
        told = Told("events", (), Words("題", "文"), dt.date(2027, 1, 1))
        first = news_items.add(work, "default", told, "test")
        person = people.lock(work, "default", f"U{1:032x}")
        people.set_news(work, person, {"events": "week"}, {"events": first.number})
        news_items.remove(work, first.id)
        assert news_items.add(work, "default", told, "test").number == first.number + 1
