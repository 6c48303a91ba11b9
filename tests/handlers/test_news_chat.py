"""「お知らせ」 in the chat: seen, chosen, fewer and none in one tap, and taken back in one."""

from __future__ import annotations

import datetime as dt

import pytest
from phone import Phone
from sqlalchemy import select
from surroundings import Clock
from test_registered import supporter
from town import Town

from bot import postback
from bot.broadcasting.stop_line import FLOW, LESS
from bot.programme import life
from storage import news_items, people
from storage.news_items import Told, Words
from storage.people import person_topics

LESS_TAP = postback.Tap(FLOW, LESS, "", "").data()


def taken(town: Town) -> dict[str, str]:
    return {row.topic: row.rhythm for row in town.rows(person_topics)}


def person(town: Town, phone: Phone) -> people.Person:
    with town.services.db.work() as work:
        return people.lock(work, "default", phone.line_id)


def is_paused(town: Town, phone: Phone) -> bool:
    with town.services.db.look() as work:
        return people.is_paused(work, person(town, phone).id)


def resident(town: Town, rhythm: str = "そのつど（1日1回まで）") -> Phone:
    """Of 岩美町, with news of 地域食堂 and of disasters."""
    phone = town.friend()
    phone.types("お知らせ")
    phone.taps("お知らせをえらぶ")
    assert "いつでも止められます" in phone.sees
    phone.taps("岩美町")
    phone.taps("地域食堂")
    phone.taps("災害のときの声かけ")
    phone.taps("これでおわり")
    assert "災害のときの声かけは、いつも「そのつど」届きます。" in phone.sees
    phone.taps(rhythm)
    return phone


def test_a_resident_chooses_town_topics_and_rhythm(town: Town) -> None:
    phone = resident(town, "月に1回、まとめて")
    assert "・地域食堂（月に1回）\n・災害のときの声かけ（そのつど）" in phone.sees
    now = person(town, phone)
    assert (now.role, now.town, dict(now.news)) == (
        *("resident", "iwami"),
        {"shokudo": "month", "disaster": "month"},
    )


def test_less_makes_everything_rarer_until_nothing_comes_but_what_cannot_wait(town: Town) -> None:
    phone = resident(town)
    seen = []
    for _ in range(3):
        phone.taps_data(LESS_TAP)
        seen.append(taken(town).get("shokudo"))
        assert "disaster" in taken(town)
    assert seen == ["week", "month", None]
    phone.taps_data(LESS_TAP)
    assert "のこっているのは、これだけです。" in phone.sees
    assert set(taken(town)) == {"disaster"}


@pytest.mark.parametrize("times", [1, 2, 3])
def test_less_is_taken_back_in_one_tap(town: Town, times: int) -> None:
    phone = resident(town)
    before = taken(town)
    for _ in range(times - 1):
        phone.taps_data(LESS_TAP)
        before = taken(town)
    phone.taps_data(LESS_TAP)
    assert taken(town) != before
    phone.taps("もとにもどす")
    assert taken(town) == before
    assert "もとにもどしました。" in phone.sees


def test_what_was_told_already_stays_told_after_stopping_and_taking_it_back(town: Town) -> None:
    phone = resident(town)
    with town.services.db.work() as work:
        work.conn.execute(person_topics.update().values(heard=7))
    phone.types("お知らせ")
    phone.taps("ぜんぶ止める")
    phone.taps("もとにもどす")
    with town.services.db.look() as work:
        assert work.conn.execute(select(person_topics.c.heard)).scalars().all() == [7, 7]


def test_an_old_way_back_does_not_undo_what_was_chosen_since(town: Town) -> None:
    phone = resident(town)
    phone.taps_data(LESS_TAP)
    (old,) = [each["data"] for each in phone.buttons() if each.get("label") == "もとにもどす"]
    phone.taps("もっとへらす")
    phone.taps_data(old)
    assert "そのあと、変わっています。" in phone.sees
    assert taken(town)["shokudo"] == "month"


@pytest.mark.parametrize(
    "kept", ["", "shokudo", "shokudo.often.3", "nothing.week.1", "shokudo.week.x", "a+b.c.d"]
)
def test_a_way_back_that_somebody_made_up_does_nothing(town: Town, kept: str) -> None:
    phone = resident(town)
    before = taken(town)
    phone.taps_data(postback.Tap(FLOW, "undo", "less", kept).data())
    assert taken(town) == before


def test_a_resident_stops_everything_and_takes_it_back(town: Town) -> None:
    phone = resident(town)
    phone.types("配信停止")
    phone.taps("ぜんぶ止める")
    assert "ぜんぶ止めました" in phone.sees
    assert (taken(town), is_paused(town, phone)) == ({}, True)
    phone.types("お知らせ")
    assert "いまは、お知らせを止めています。" in phone.sees
    phone.taps("お知らせをえらぶ")
    phone.taps("岩美町")
    phone.taps("地域食堂")
    phone.taps("これでおわり")
    phone.taps("週に1回、まとめて")
    assert (taken(town), is_paused(town, phone)) == ({"shokudo": "week"}, False)


def test_a_supporter_stops_the_news_and_may_rest_from_the_rest(town: Town) -> None:
    phone, _ = supporter(town)
    phone.types("お知らせをえらぶ")
    phone.taps("集まり・行事")
    phone.taps("これでおわり")
    phone.taps("週に1回、まとめて")
    phone.types("お知らせ")
    phone.taps("ぜんぶ止める")
    assert (taken(town), is_paused(town, phone)) == ({}, False)
    phone.taps("お休みする")
    assert is_paused(town, phone)


@pytest.mark.parametrize(
    "said", ["お知らせ", "いらない", "とめて", "配信停止", "解除", "News", "通知", "お知らせはいらないです"]
)
def test_words_that_lead_there(town: Town, said: str) -> None:
    phone = resident(town)
    phone.types(said)
    assert "いま届くお知らせです。" in phone.sees
    assert "へらしました" not in phone.sees


@pytest.mark.parametrize("said", ["多い", "多すぎる", "へらして", "お知らせが多い", "へらす"])
def test_words_that_lessen_at_once(town: Town, said: str) -> None:
    phone = resident(town)
    phone.types(said)
    assert "へらしました。" in phone.sees


def test_in_a_conversation_these_words_are_answers_first(town: Town) -> None:
    phone = town.friend()
    phone.types("お知らせをえらぶ")
    phone.taps("岩美町")
    phone.types("いらない")
    assert "えらんだお知らせは、もう届きません。" in phone.sees


def test_after_a_conversation_that_rests_for_days_they_are_about_the_news(town: Town, clock: Clock) -> None:
    phone = town.friend()
    phone.types("登録")
    clock.move(days=5)
    phone.types("いらない")
    assert "えらんだお知らせは、まだありません。" in phone.sees


def test_words_of_danger_come_before_everything(town: Town) -> None:
    phone = town.friend()
    phone.types("お知らせはいらない。死にたい")
    assert "tel:0120061338" in str(phone.got)


def test_all_that_is_news_now_can_be_seen(town: Town) -> None:
    phone = resident(town)
    with town.services.db.work() as work:
        until = town.services.now().date() + dt.timedelta(days=30)
        for number in range(30):
            told = Told("shokudo", ("iwami",), Words(f"食堂{number}", "どなたでも。"), until)
            news_items.add(work, "default", told, "test")
        news_items.add(work, "default", Told("shokudo", ("wakasa",), Words("よそ", "文"), until), "test")
        news_items.add(work, "default", Told("tips", (), Words("コツ", "文"), until), "test")
    phone.types("お知らせ")
    phone.taps("いまのお知らせを見る")
    assert all(f"食堂{number}\n" in phone.sees for number in range(30))
    assert "よそ" not in phone.sees
    assert "コツ" not in phone.sees


def test_where_there_is_no_news_it_says_so(town: Town) -> None:
    phone = resident(town)
    phone.types("お知らせ")
    phone.taps("いまのお知らせを見る")
    assert "新しいお知らせはありません" in phone.sees


@pytest.mark.parametrize(
    ("said", "key", "answer"),
    [
        ("English", "en", "will reach you in English"),
        ("中文", "zh-Hans", "会以中文发送"),
        ("Tiếng Việt", "vi", "tiếng Việt"),
        ("Português", "pt-BR", "em português"),
        ("やさしい日本語", "ja-easy", "やさしい 日本語"),
        ("にほんご", "ja", "日本語でお伝えします"),
    ],
)
def test_a_language_is_chosen_by_typing_its_name(town: Town, said: str, key: str, answer: str) -> None:
    phone = town.friend()
    phone.types(said)
    assert answer in phone.sees
    assert person(town, phone).language == key


def test_a_language_is_chosen_from_a_list(town: Town) -> None:
    phone = town.friend()
    phone.types("ことば")
    phone.taps("Português")
    assert "えらんだ言葉：ポルトガル語" in phone.sees
    assert person(town, phone).language == "pt-BR"


def test_the_register_offers_both(town: Town) -> None:
    phone, _ = supporter(town)
    phone.types("登録の内容")
    labels = {each.get("label") for each in phone.buttons()}
    assert {"お知らせの種類を変える", "ことば・Language"} <= labels


def test_what_a_resident_chose_is_no_matter_of_the_register(town: Town) -> None:
    phone = resident(town)
    with town.services.db.work() as work:
        life.mirror(work, people.lock(work, "default", phone.line_id).id)
    assert set(taken(town)) == {"shokudo", "disaster"}
