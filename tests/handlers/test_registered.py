"""「登録の内容」: seen, changed, paused, left, taken up again, and erased, all from the chat."""

from __future__ import annotations

import datetime as dt

import pytest
from phone import Phone
from surroundings import Clock
from town import PUBLIC_URL, Town

from bot import postback
from bot.programme import approving, life
from bot.programme import drips as told
from jobs import programme
from storage import audit, courses, joinings, links, people, supporters
from storage.conversations import conversations
from storage.outbox import outbox
from storage.people import person_topics
from storage.supporters import Profile, Supporter

COURSE = dt.date(2026, 12, 1)
NAME = "鳥取花子"


def supporter(there: Town, phone: Phone | None = None, **more: object) -> tuple[Phone, Supporter]:
    """A friend who is in the register."""
    phone = phone or there.friend()
    values = {"town": "tottori", "district": "kita", "attended_on": COURSE, "number": None, **more}
    services = there.services
    with services.db.work() as work:
        person = people.lock(work, "default", phone.line_id)
        made = supporters.add(
            work,
            "default",
            source="line",
            state="registered",
            person_id=person.id,
            profile=Profile(name=NAME),
            **values,  # type: ignore[arg-type]
        )
        made = life.counted(work, services.content, made)
        life.mirror(work, person.id)
    return phone, made


def now(town: Town, made: Supporter) -> Supporter:
    with town.services.db.look() as work:
        found = supporters.get(work, made.id)
    assert found is not None
    return found


def test_what_is_in_the_register_without_the_name(town: Town) -> None:
    phone, _ = supporter(town, number="T-2026-0001")
    phone.types("メニュー")
    phone.taps("登録の内容")
    for word in ("T-2026-0001", "鳥取市 北中学校区", "登録しています", "2027年12月1日までに"):
        assert word in phone.sees
    assert NAME not in str(phone.everything)


def test_typed_words_lead_there_too(town: Town) -> None:
    phone, _ = supporter(town)
    for words in (
        "登録の内容",
        "わたしのデータ",
        "すべて消す",
        "お休みする",
        "しばらく休みたいです",
        "退会お願いします",
    ):
        phone.types(words)
        assert "このLINEでできること" in phone.sees


def test_somebody_without_a_registration_may_see_and_erase_what_there_is(town: Town) -> None:
    phone = town.friend()
    phone.types("登録の内容")
    assert "登録がありません" in phone.sees
    phone.taps("わたしのデータを見る")
    assert f"{PUBLIC_URL}/m/" in str(phone.got)


def test_whoever_taps_is_active(town: Town) -> None:
    phone, made = supporter(town)
    phone.types("メニュー")
    assert now(town, made).state == "active"


# ---- topics and place --------------------------------------------------------------------------------------


def test_topics_are_chosen_anew(town: Town) -> None:
    phone, _ = supporter(town)
    phone.types("登録の内容")
    phone.taps("お知らせの種類を変える")
    assert "いまは：なし" in phone.sees
    phone.taps("地域食堂")
    phone.taps("これでおわり")
    phone.taps("月に1回、まとめて")
    assert "こう届きます。\n・地域食堂（月に1回）" in phone.sees
    phone.types("登録の内容")
    assert "届くお知らせ：地域食堂（月に1回）" in phone.sees
    phone.taps("お知らせの種類を変える")
    assert "いまは：地域食堂（月に1回）" in phone.sees
    phone.taps("どれもいらない")
    assert town.rows(person_topics) == []


def test_who_moves_says_where_to(town: Town) -> None:
    phone, made = supporter(town)
    phone.types("引っ越し")
    phone.taps("香美町")
    phone.taps("小代")
    assert "「香美町」に変えました" in phone.sees
    assert (now(town, made).town, now(town, made).district) == ("kami", "ojiro")
    (person,) = town.rows(people.people)
    assert (person.town, person.district) == ("kami", "ojiro")


def test_in_a_family_one_says_who_moved(town: Town) -> None:
    phone, first = supporter(town)
    _, second = supporter(town, phone, town="iwami", district="whole")
    phone.types("住まいを変える")
    (button,) = [each for each in phone.buttons() if second.id in each["data"]]
    phone.taps_data(button["data"])
    phone.taps("若桜町")
    assert now(town, second).town == "wakasa"
    assert now(town, first).town == "tottori"


# ---- a pause, leaving, coming back -------------------------------------------------------------------------


def test_a_pause_for_three_months_and_back(town: Town) -> None:
    phone, made = supporter(town)
    phone.types("登録の内容")
    phone.taps("お休みする")
    phone.taps("3か月")
    assert "2027年3月1日まで、お休みです" in phone.sees
    assert now(town, made).paused_until == dt.date(2027, 3, 1)
    phone.taps("お休みを終わる")
    assert "おかえりなさい" in phone.sees
    assert now(town, made).state == "active"


@pytest.mark.parametrize("said", ["３か月", "三ヶ月", "3か月くらい", "3カ月"])
def test_how_long_may_be_typed(town: Town, said: str) -> None:
    phone, made = supporter(town)
    phone.types("休みたい")
    phone.taps("お休みする")
    phone.types(said)
    assert now(town, made).paused_until == dt.date(2027, 3, 1)


@pytest.mark.parametrize("said", ["はい", "うん、お願いします", "やめる"])
def test_yes_may_be_typed_under_the_question_whether_to_leave(town: Town, clock: Clock, said: str) -> None:
    phone, made = supporter(town)
    phone.types("登録の内容")
    phone.taps("サポーターをやめる")
    clock.move(minutes=2)
    phone.types(said)
    assert "いままで、ありがとうございました" in phone.sees
    assert now(town, made).state == "left"


def test_no_may_be_typed_too(town: Town, clock: Clock) -> None:
    phone, made = supporter(town)
    phone.types("登録の内容")
    phone.taps("サポーターをやめる")
    clock.move(minutes=2)
    phone.types("いいえ")
    assert "このLINEでできること" in phone.sees
    assert now(town, made).state == "active"


def test_a_yes_counts_only_for_what_stands_on_the_screen_and_only_for_minutes(
    town: Town, clock: Clock
) -> None:
    phone, made = supporter(town)
    phone.types("登録の内容")
    phone.taps("サポーターをやめる")
    clock.move(minutes=6)
    phone.types("はい")
    phone.types("登録の内容")
    phone.taps("サポーターをやめる")
    clock.move(minutes=1)
    phone.types("メニュー")
    clock.move(minutes=1)
    phone.types("はい")
    assert now(town, made).state == "active"


def test_in_a_family_a_typed_yes_takes_nobody_out(town: Town, clock: Clock) -> None:
    phone, first = supporter(town)
    _, second = supporter(town, phone, town="iwami", district="whole")
    phone.types("登録の内容")
    phone.taps("サポーターをやめる")
    clock.move(minutes=1)
    phone.types("はい")
    assert "ボタンをおしてえらんで" in phone.sees
    assert {now(town, each).state for each in (first, second)} == {"active"}


def test_a_typed_yes_erases_nothing_but_shows_the_buttons_again(town: Town, clock: Clock) -> None:
    phone, made = supporter(town)
    phone.types("すべて消す")
    phone.taps("すべて消す")
    for button in ("消す", "はい、すべて消す"):
        clock.move(minutes=1)
        phone.types("はい")
        assert "ボタンをおしてえらんで" in phone.sees
        assert now(town, made).state == "active"
        if button == "消す":
            phone.taps(button)
    phone.taps("はい、すべて消す")
    assert "すべて消しました" in phone.sees


def test_a_typed_no_keeps_everything(town: Town, clock: Clock) -> None:
    phone, made = supporter(town)
    phone.types("すべて消す")
    phone.taps("すべて消す")
    clock.move(minutes=1)
    phone.types("いいえ")
    assert "何も消していません" in phone.sees
    assert now(town, made).state == "active"


def test_who_is_no_supporter_pauses_nothing_by_typing(town: Town) -> None:
    phone = town.friend()
    phone.types("半年")
    assert "お返事ができません" in phone.sees


def test_who_was_declined_is_told_whom_to_call_and_finds_no_way_back_in(town: Town) -> None:
    phone, made = supporter(town)
    with town.services.db.work() as work:
        course = courses.create(
            work,
            "default",
            title="講座",
            town="tottori",
            on=COURSE,
            place="駅南庁舎",
            capacity=20,
            valid_from=work.now,
            valid_until=work.now + dt.timedelta(days=7),
        )
        each = joinings.add(
            work,
            "default",
            course_id=course.id,
            supporter_id=made.id,
            person_id=str(made.person_id),
            status="joined",
        )
        approving.decline(work, town.services.content, each.id, "山田")
    phone.types("登録の内容")
    assert "たしかめられていません" in phone.sees
    assert "もう一度サポーターになる" not in phone.sees
    phone.taps_data(postback.Tap("registered", "come_back", "", made.id).data())
    assert now(town, made).state == "left"


def test_a_double_tap_is_no_trouble(town: Town) -> None:
    phone, made = supporter(town)
    resume = postback.Tap("registered", "resume", "", made.id).data()
    leave = postback.Tap("registered", "left", "", made.id).data()
    phone.taps_data(resume)
    assert "いまはできません" in phone.sees
    phone.taps_data(leave)
    phone.taps_data(leave)
    assert "いまはできません" in phone.sees
    assert "もう一度サポーターになる" in [each["label"] for each in phone.buttons()]


def test_leaving_asks_once_and_can_be_taken_back(town: Town) -> None:
    phone, made = supporter(town)
    phone.types("登録の内容")
    phone.taps("サポーターをやめる")
    assert now(town, made).state == "active"
    phone.taps("やめる")
    assert now(town, made).state == "left"
    (person,) = town.rows(people.people)
    assert (person.role, person.town) == ("resident", None)
    phone.taps("もう一度サポーターになる")
    assert now(town, made).state == "registered"
    (person,) = town.rows(people.people)
    assert (person.role, person.town) == ("supporter", "tottori")


def test_in_a_family_one_may_pause_alone(town: Town) -> None:
    phone, first = supporter(town)
    _, second = supporter(town, phone)
    phone.types("登録の内容")
    assert "登録 1人目" in phone.sees
    assert "登録 2人目" in phone.sees
    phone.taps_data(postback.Tap("registered", "paused", "0", second.id).data())
    assert now(town, first).state == "active"
    assert now(town, second).state == "paused"


def test_nobody_touches_somebody_elses_entry(town: Town) -> None:
    _, other = supporter(town)
    phone, _ = supporter(town)
    for deed, more in (("left", ""), ("paused", "0"), ("come_back", "")):
        phone.taps_data(postback.Tap("registered", deed, more, other.id).data())
        assert "いまはできません" in phone.sees
    assert now(town, other).state == "registered"


# ---- under the messages after the course -------------------------------------------------------------------


def _first_message(town: Town, clock: Clock, phone: Phone, day: int) -> None:
    clock.now = dt.datetime.combine(COURSE + dt.timedelta(days=day), dt.time(10), life.TOKYO)
    programme.tell(town.services)
    phone.looks()


def test_one_tap_under_a_message_pauses(town: Town, clock: Clock) -> None:
    phone, made = supporter(town)
    _first_message(town, clock, phone, 1)
    assert "ありがとうございました" in phone.sees
    phone.taps("お休みする")
    assert now(town, made).state == "paused"


def test_one_tap_under_a_message_leaves(town: Town, clock: Clock) -> None:
    phone, made = supporter(town)
    _first_message(town, clock, phone, 1)
    phone.taps("サポーターをやめる")
    assert now(town, made).state == "left"


def test_how_it_is_going_takes_one_tap(town: Town, clock: Clock) -> None:
    phone, _ = supporter(town)
    _first_message(town, clock, phone, 30)
    assert "その後、いかがですか" in phone.sees
    for answer in told.ANSWERS:
        phone.taps_data(postback.Tap("drip", "how_is_it", answer, "").data())
        assert town.services.content.texts.get(f"drips.answered.{answer}") in phone.sees
    assert "あなたの心も大切です" in phone.sees  # whoever says that it is hard sees whom to talk to
    phone.taps_data(postback.Tap("drip", "how_is_it", "invented", "").data())
    assert "もうおわっています" in phone.sees


# ---- data and erasing --------------------------------------------------------------------------------------


def test_a_link_to_ones_own_data_works_for_half_an_hour(town: Town, clock: Clock) -> None:
    phone, _ = supporter(town)
    phone.types("登録の内容")
    phone.taps("わたしのデータを見る")
    (link,) = town.rows(links.links)
    assert (link.purpose, link.about) == ("my_data", None)
    assert link.valid_until == clock.now + dt.timedelta(minutes=30)


def _ask_twice(phone: Phone) -> None:
    phone.types("登録の内容")
    phone.taps("すべて消す")
    phone.taps("消す")
    assert "本当に消しますか" in phone.sees


def test_erasing_asks_twice_and_then_nothing_is_left(town: Town) -> None:
    phone, made = supporter(town)
    phone.types("登録")  # a conversation is open
    _ask_twice(phone)
    phone.taps("はい、すべて消す")
    assert "すべて消しました" in phone.sees
    assert town.rows(people.people) == town.rows(supporters.supporters) == town.rows(conversations) == []
    waiting = [row for row in town.rows(outbox) if row.state == "waiting"]
    assert {row.person_id for row in waiting} == {None}
    farewell, menu = sorted(waiting, key=lambda row: row.kind, reverse=True)
    with town.services.db.look() as work:
        words = work.unseal(farewell.body, "default", "outbox", "body", farewell.retry_key)
        back = work.unseal(menu.body, "default", "outbox", "body", menu.retry_key)
        assert audit.listed(work)[0].deed == "erased"
    assert farewell.reply_token is not None
    assert "すべて消しました" in str(words)
    assert back == {"menu": None, "to": phone.line_id}
    assert made.id not in [row.id for row in town.rows(supporters.supporters)]


def test_afterwards_one_is_somebody_new(town: Town) -> None:
    phone, _ = supporter(town)
    _ask_twice(phone)
    phone.taps("はい、すべて消す")
    phone.types("登録の内容")
    assert "登録がありません" in phone.sees
    (person,) = town.rows(people.people)
    assert person.role == "resident"


def test_who_does_not_want_it_after_all_loses_nothing(town: Town) -> None:
    phone, made = supporter(town)
    phone.types("登録の内容")
    phone.taps("すべて消す")
    phone.taps("消さない")
    assert "何も消していません" in phone.sees
    _ask_twice(phone)
    phone.taps("消さない")
    assert now(town, made).state == "active"


def test_an_old_button_that_is_touched_by_chance_erases_nothing(town: Town, clock: Clock) -> None:
    phone, made = supporter(town)
    _ask_twice(phone)
    (old,) = [each["data"] for each in phone.buttons() if each["label"] == "はい、すべて消す"]
    clock.move(minutes=16)
    phone.taps_data(old)
    assert "時間がたったので、消していません" in phone.sees
    for made_up in ("", "abc", "9" * 11, "9" * 100, "-1"):
        phone.taps_data(postback.Tap("registered", "erase_now", "", made_up).data())
        assert "消していません" in phone.sees
    assert now(town, made).state == "active"


def test_a_family_is_told_that_all_of_them_go(town: Town) -> None:
    phone, _ = supporter(town)
    supporter(town, phone)
    phone.types("登録の内容")
    phone.taps("すべて消す")
    assert "2人分" in phone.sees


def test_an_unknown_deed_shows_what_there_is(town: Town) -> None:
    phone, _ = supporter(town)
    phone.taps_data(postback.Tap("registered", "dance", "x", "y").data())
    assert "このLINEでできること" in phone.sees
