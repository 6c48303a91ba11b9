"""Courses on the phone: the list, signing up, waiting, giving up, the poster's QR code, and the questions afterwards."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest
from phone import Phone
from sqlalchemy import text
from surroundings import Clock
from town import PUBLIC_URL, TOKYO, Town

from bot.programme import questionnaire
from jobs import courses as job
from jobs import programme as programme_job
from storage import course_answers, course_places, courses, people
from storage.courses import Course, Session

TITLE = "つながりサポーター養成講座"


def a_course(
    town: Town, capacity: int = 20, title: str = TITLE, days: int = 7, at: str = "tottori", **more: Any
) -> Course:
    now = town.services.db.clock()
    on = (now + dt.timedelta(days=days)).astimezone(TOKYO).date()
    plan: dict[str, Any] = {
        "title": title,
        "town": at,
        "on": on,
        "starts": "13:30",
        "ends": "15:30",
        "place": "駅南庁舎",
        "capacity": capacity,
        "valid_from": now,
        "valid_until": now + dt.timedelta(days=30),
        "sign_up_until": dt.datetime.combine(on, dt.time(13, 30), TOKYO),
    }
    with town.services.db.work() as work:
        return courses.create(work, "default", **(plan | more))


def opens(town: Town) -> Phone:
    phone = town.friend()
    phone.types("講座に申し込む")
    return phone


def signs_up(town: Town, deed: str = "申し込む") -> Phone:
    phone = opens(town)
    phone.taps(f"12/8（火）鳥取市 {TITLE}")
    phone.taps(deed)
    return phone


def test_the_list_leads_to_day_place_and_free_seats_and_then_to_a_seat(town: Town) -> None:
    course = a_course(town)
    phone = opens(town)
    assert "どの講座・集まりを見ますか。" in phone.sees
    phone.taps(f"12/8（火）鳥取市 {TITLE}")
    for words in ("12月8日（火）13:30〜15:30", "駅南庁舎", "のこり20席", "無料"):
        assert words in phone.sees
    phone.taps("申し込む")
    assert "お席をとりました" in phone.sees
    assert "12月8日（火）13:30〜15:30" in phone.sees
    with town.services.db.look() as work:
        (place,) = course_places.of_course(work, course.id)
    assert (place.state, place.source) == ("seat", "line")


def test_without_courses_the_menu_says_so(town: Town) -> None:
    assert "いま申し込める講座や集まりは、ありません" in opens(town).sees


def test_when_it_is_full_one_waits_and_hears_when_a_seat_is_free(town: Town) -> None:
    a_course(town, capacity=1)
    first = signs_up(town)
    second = signs_up(town, "キャンセル待ちをする")
    assert "キャンセル待ちに入りました" in second.sees
    first.taps("くわしく見る・取り消す")
    first.taps("申込みを取り消す")
    first.taps("はい")
    assert "取り消しました" in first.sees
    second.looks()
    assert "お席があきました" in second.sees
    second.taps("くわしく見る・取り消す")
    assert "お席があります" in second.sees


def test_an_old_button_of_a_seat_that_was_taken_meanwhile_leads_to_the_waiting_list(town: Town) -> None:
    a_course(town, capacity=1)
    phone = opens(town)
    phone.taps(f"12/8（火）鳥取市 {TITLE}")
    signs_up(town)
    phone.taps("申し込む")  # the flow now sees that it is full, and asks anew
    phone.taps("キャンセル待ちをする")
    assert "キャンセル待ちに入りました" in phone.sees


def test_who_thinks_better_of_it_keeps_the_seat(town: Town) -> None:
    course = a_course(town)
    phone = signs_up(town)
    phone.taps("くわしく見る・取り消す")
    phone.taps("申込みを取り消す")
    phone.taps("いいえ")
    with town.services.db.look() as work:
        assert course_places.taken(work, course.id).seats == 1


@pytest.mark.parametrize("words", ["講座の申込み {sign}", "講座の申し込み　{low}", "集会の申込み{sign}"])
def test_the_qr_code_of_the_poster_opens_its_course(town: Town, words: str) -> None:
    for number in range(12):
        a_course(town, title=f"ほかの講座{number}")
    course = a_course(town, title="めざす講座", days=9)
    phone = town.friend()
    phone.types(words.format(sign=course.sign, low=course.sign.lower()))
    assert "めざす講座" in phone.sees
    phone.taps("申し込む")
    assert "お席をとりました" in phone.sees


def test_a_sign_that_is_wrong_or_over_says_so_and_shows_the_others(town: Town) -> None:
    a_course(town)
    phone = town.friend()
    phone.types("講座の申込み 2222A")
    assert "いまは見られません" in phone.sees
    assert f"12/8（火）鳥取市 {TITLE}" in json.dumps(phone.got, ensure_ascii=False)


def test_many_courses_are_shown_a_few_at_a_time(town: Town) -> None:
    for number in range(10):
        a_course(town, title=f"講座{number}")
    phone = opens(town)
    phone.taps("つぎの予定を見る")
    phone.taps("12/8（火）鳥取市 講座9")
    assert "講座9" in phone.sees


def test_the_own_town_s_courses_stand_first(town: Town) -> None:
    a_course(town, title="鳥取の講座", days=3)
    a_course(town, title="岩美の講座", days=9, at="iwami")
    phone = town.friend()
    with town.services.db.work() as work:
        person = people.lock(work, "default", phone.line_id)
        people.register(work, person, town="iwami", district=None, topics=(), consent_version="1")
    phone.types("講座")
    labels = [action["label"] for action in phone.buttons()]
    assert next(label for label in labels if "の講座" in label).endswith("岩美の講座")


def test_the_name_is_written_in_our_own_form_never_in_the_chat(town: Town) -> None:
    a_course(town)
    phone = signs_up(town)
    phone.taps("受付のために名前を知らせる")
    (link,) = [action["uri"] for action in phone.buttons() if action.get("uri")]
    assert link.startswith(f"{PUBLIC_URL}/c/name/")
    assert "#" in link


def test_a_button_of_somebody_elses_place_leads_nowhere(town: Town) -> None:
    course = a_course(town)
    signs_up(town)
    with town.services.db.look() as work:
        (place,) = course_places.of_course(work, course.id)
    stranger = town.friend()
    stranger.taps_data(f"v1;courses;name;{place.id};")
    assert not any("/c/name/" in str(action.get("uri")) for action in stranger.buttons())


# ---- the day before ----------------------------------------------------------------------------------------


def test_the_day_before_by_day_everybody_with_a_seat_is_reminded_once(town: Town, clock: Clock) -> None:
    a_course(town)
    phone = signs_up(town)
    assert job.remind(town.services) == 0
    clock.now = dt.datetime(2026, 12, 7, 7, 0, tzinfo=TOKYO)
    assert job.remind(town.services) == 0
    clock.now = dt.datetime(2026, 12, 7, 10, 0, tzinfo=TOKYO)
    assert job.remind(town.services) == 1
    assert job.remind(town.services) == 0
    phone.looks()
    assert "あしたのお知らせです" in phone.sees
    assert "駅南庁舎" in phone.sees


def test_each_day_of_a_course_has_its_reminder_and_a_moved_day_a_new_one(town: Town, clock: Clock) -> None:
    second = Session(dt.date(2026, 12, 15), "10:00", "12:00")
    course = a_course(town, more_sessions=(second,))
    phone = signs_up(town)
    clock.now = dt.datetime(2026, 12, 14, 12, 0, tzinfo=TOKYO)
    assert job.remind(town.services) == 1
    phone.looks()
    assert "第2回 2026年12月15日" in phone.sees or "第2回 12月15日" in phone.sees
    with town.services.db.work() as work:
        courses.edit(work, course, sessions=(second._replace(on=dt.date(2026, 12, 20)),))
    clock.now = dt.datetime(2026, 12, 19, 12, 0, tzinfo=TOKYO)
    assert job.remind(town.services) == 1


def test_who_waits_is_not_reminded(town: Town, clock: Clock) -> None:
    a_course(town, capacity=1)
    signs_up(town)
    signs_up(town, "キャンセル待ちをする")
    clock.now = dt.datetime(2026, 12, 7, 12, 0, tzinfo=TOKYO)
    assert job.remind(town.services) == 1


# ---- afterwards --------------------------------------------------------------------------------------------

ANSWERS = ("とてもよかった", "分かりやすかった", "ぜひすすめたい")


def after_it(town: Town, clock: Clock) -> tuple[Course, Phone]:
    """The evening of the course: who used its code is asked."""
    course = a_course(town)
    phone = signs_up(town)
    with town.services.db.work() as work:
        (place,) = course_places.of_course(work, course.id)
        courses.attend(work, course.id, place.person_id)
    clock.now = dt.datetime(2026, 12, 8, 16, 0, tzinfo=TOKYO)
    assert job.ask(town.services) == 1
    assert job.ask(town.services) == 0
    phone.looks()
    return course, phone


def test_after_the_course_three_taps_answer_and_a_link_takes_words(town: Town, clock: Clock) -> None:
    course, phone = after_it(town, clock)
    phone.taps("アンケートに答える")
    for label in ANSWERS:
        phone.taps(label)
    (link,) = [action["uri"] for action in phone.buttons() if action.get("uri")]
    assert link.startswith(f"{PUBLIC_URL}/c/words/")
    with town.services.db.look() as work:
        found = course_answers.figures(work, (course.id,))
    assert (found.answers, found.counts) == (
        1,
        {"satisfaction": {5: 1}, "understanding": {4: 1}, "recommend": {5: 1}},
    )
    phone.types("アンケート")
    assert "いま答えられるアンケートは、ありません" in phone.sees


def test_nothing_that_is_stored_leads_from_the_answers_to_the_person(town: Town, clock: Clock) -> None:
    course, phone = after_it(town, clock)
    phone.taps("アンケートに答える")
    for label in ANSWERS:
        phone.taps(label)
    with town.services.db.look() as work:
        (place,) = course_places.of_course(work, course.id)
    (answer,) = town.rows(course_answers.course_answers)
    assert str(place.person_id) not in repr(answer)
    assert place.id not in repr(answer)
    assert {column.name for column in course_answers.course_answers.columns} == {
        *("id", "channel", "course_id", "on_date", "ratings")
    }
    assert "satisfaction" not in "".join(str(row) for row in town.rows(course_answers.course_asked))
    assert answer.on_date == course.last_on  # not the day on which this person answered


def test_after_the_night_not_even_the_order_of_rows_says_whose_answers_they_are(
    town: Town, clock: Clock
) -> None:
    """PostgreSQL shows which transaction wrote a row: the one that noted who answered must not be the same."""
    course, phone = after_it(town, clock)
    phone.taps("アンケートに答える")
    for label in ANSWERS:
        phone.taps(label)
    with town.services.db.work() as work:
        for _ in range(5):
            course_answers.keep(work, "default", course.id, course.last_on, {"satisfaction": 3}, "よかった")
    before = [town.rows(table) for table in (course_answers.course_answers, course_answers.course_words)]
    programme_job.night(town.services)
    after = [town.rows(table) for table in (course_answers.course_answers, course_answers.course_words)]
    assert after == before
    with town.services.db.look() as work:
        if not work.on_postgresql:
            return
        lying = work.conn.execute(text("SELECT id, xmin::text FROM course_answers ORDER BY ctid")).all()
        noted = work.conn.execute(text("SELECT xmin::text FROM course_asked")).scalars().all()
    assert [row.id for row in lying] == sorted(row.id for row in lying)
    assert {row.xmin for row in lying}.isdisjoint(noted)
    assert len({row.xmin for row in lying}) == 1


def test_where_nobody_noted_who_was_there_all_with_a_seat_are_asked_the_day_after(
    town: Town, clock: Clock
) -> None:
    a_course(town)
    signs_up(town)
    clock.now = dt.datetime(2026, 12, 8, 18, 0, tzinfo=TOKYO)
    assert job.ask(town.services) == 0
    clock.now = dt.datetime(2026, 12, 9, 10, 0, tzinfo=TOKYO)
    assert job.ask(town.services) == 1


def test_two_weeks_later_it_is_too_late_and_the_old_button_says_so_kindly(town: Town, clock: Clock) -> None:
    course, phone = after_it(town, clock)
    phone.taps("アンケートに答える")
    phone.taps(ANSWERS[0])
    clock.move(days=2)
    clock.now = dt.datetime(2026, 12, 30, 12, 0, tzinfo=TOKYO)
    phone.types("アンケート")
    assert "いま答えられるアンケートは、ありません" in phone.sees
    with town.services.db.look() as work:
        assert not questionnaire.is_open(course, work.now)


# ---- words instead of taps -----------------------------------------------------------------------------------


@pytest.mark.parametrize("said", ["もうしこむ", "申込み", "はい。", "お願いします", "行きます"])
def test_what_people_type_for_signing_up_takes_the_seat(town: Town, said: str) -> None:
    course = a_course(town)
    phone = opens(town)
    phone.types("1")
    phone.types(said)
    assert "お席をとりました" in phone.sees
    with town.services.db.look() as work:
        assert course_places.taken(work, course.id).seats == 1


@pytest.mark.parametrize("said", ["キャンセル", "行けなくなりました。", "とりけし", "欠席します"])
def test_who_has_a_seat_and_types_that_they_cannot_come_is_asked_about_it(town: Town, said: str) -> None:
    course = a_course(town)
    phone = signs_up(town)
    phone.types(said)
    assert f"「{TITLE}」の申込みを取り消しますか" in phone.sees
    phone.types("はい。")
    assert "申込みを取り消しました" in phone.sees
    with town.services.db.look() as work:
        assert course_places.taken(work, course.id).seats == 0


def test_of_two_courses_the_one_on_the_screen_is_given_up(town: Town) -> None:
    a_course(town)
    other = a_course(town, title="つながりミーティング", days=9)
    phone = signs_up(town)
    for said in (f"講座の申込み {other.sign}", "はい", f"講座の申込み {other.sign}", "キャンセル"):
        phone.types(said)
    assert "「つながりミーティング」の申込みを取り消しますか" in phone.sees


def test_two_courses_and_none_on_the_screen_are_shown_to_choose_from(town: Town) -> None:
    a_course(town)
    other = a_course(town, title="つながりミーティング", days=9)
    phone = signs_up(town)
    for said in (f"講座の申込み {other.sign}", "はい", "キャンセル"):
        phone.types(said)
    assert "どの講座・集まりを見ますか。" in phone.sees


def test_cancelling_without_a_seat_is_just_the_end_of_a_talk(town: Town) -> None:
    a_course(town)
    phone = opens(town)
    phone.types("キャンセル")
    assert "ここでおわりにします" in phone.sees


def test_in_another_conversation_the_word_ends_that_one(town: Town) -> None:
    a_course(town)
    phone = signs_up(town)
    phone.types("お悩みハンドブック")
    phone.types("キャンセル")
    assert "ここでおわりにします" in phone.sees


def test_who_has_a_seat_may_leave_it_as_it_is(town: Town) -> None:
    a_course(town)
    phone = signs_up(town)
    phone.taps("くわしく見る・取り消す")
    phone.taps("このままにする")
    assert "申込みはそのままです" in phone.sees


def test_who_waits_is_not_promised_the_news_of_the_day_before(town: Town) -> None:
    a_course(town, capacity=1)
    assert "前の日に" in signs_up(town).sees
    assert "前の日に" not in signs_up(town, "キャンセル待ちをする").sees


def test_the_sign_of_a_poster_may_be_typed_with_gaps(town: Town) -> None:
    course = a_course(town)
    phone = town.friend()
    phone.types(f"講座の申込み {course.sign[:2]} {course.sign[2:].lower()}")
    assert "のこり20席" in phone.sees
