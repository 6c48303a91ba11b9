"""A course member becomes a supporter: from the first tap to the rows."""

from __future__ import annotations

import datetime as dt

from surroundings import Clock
from town import MORNING, Town, the_content

from storage.attempts import attempts
from storage.audit import audit
from storage.conversations import conversations
from storage.courses import course_members
from storage.outbox import outbox
from storage.people import people, person_topics


def test_from_the_menu_to_a_registered_supporter(town: Town) -> None:
    course = town.course()
    phone = town.friend()
    phone.taps("つながりサポーターの登録")
    assert "「コード」を送ってください" in phone.sees
    phone.types(course.readable_code)
    assert "養成講座" in phone.sees
    assert "同意して登録しますか" in phone.sees
    phone.taps("はい")
    phone.taps("鳥取市")
    phone.taps("北中学校区")
    phone.taps("地域食堂")
    phone.taps("災害のときの声かけ")
    phone.taps("これでおわり")
    assert "鳥取市のつながりサポーターです" in phone.sees

    (person,) = town.rows(people)
    assert (person.role, person.town, person.district) == ("supporter", "tottori", "kita")
    assert person.consent_version == the_content().texts.get("registration.consent_version")
    assert person.consent_at == person.supporter_since == MORNING
    assert {row.topic for row in town.rows(person_topics)} == {"shokudo", "disaster"}
    (member,) = town.rows(course_members)
    assert (member.course_id, member.person_id) == (course.id, person.id)
    menus = [row for row in town.rows(outbox) if row.kind == "link_menu"]
    assert len(menus) == 1
    assert menus[0].person_id == person.id
    assert [(row.deed, row.subject_id) for row in town.rows(audit)] == [("registered", person.id)]
    (conversation,) = town.rows(conversations)
    assert (conversation.state, conversation.answers) == ("done", None)


def test_the_last_words_must_arrive(town: Town) -> None:
    register(town)
    assert town.rows(outbox)[-1].must_arrive


def register(town: Town, code: str | None = None) -> None:
    course = town.course()
    phone = town.friend()
    phone.types(code or course.code)
    phone.taps("はい")
    phone.taps("岩美町")
    phone.taps("答えない・わからない")


def test_the_code_alone_begins_it_however_it_is_typed(town: Town) -> None:
    code = town.course().code.lower()
    for way in ("{0}-{1}", "コードは{0}ー{1}です", "登録 {0} {1}"):
        phone = town.friend()
        phone.types(way.format(code[:5], code[5:]))
        assert "同意して登録しますか" in phone.sees


def test_a_supporter_sees_another_order_in_the_menu(town: Town) -> None:
    course = town.course()
    phone = town.friend()
    first = phone.buttons()[0]["label"]
    phone.types(course.code)
    phone.taps("はい")
    phone.taps("岩美町")
    phone.taps("答えない・わからない")
    phone.types("メニュー")
    assert first.startswith("お悩みハンドブック")
    assert phone.buttons()[0]["label"] == "気になる人がいる"


def test_a_wrong_code_is_asked_for_again_kindly(town: Town) -> None:
    town.course()
    phone = town.friend()
    phone.taps("つながりサポーターの登録")
    phone.types("AAAAA-AAAAA")
    assert "見つかりませんでした" in phone.sees
    assert "「コード」を送ってください" in phone.sees
    assert [row.what for row in town.rows(attempts)] == ["code"]


def test_after_a_wrong_code_the_right_one_works(town: Town) -> None:
    course = town.course()
    phone = town.friend()
    phone.taps("つながりサポーターの登録")
    phone.types("AAAAA-AAAAA")
    phone.types(course.code)
    assert "同意して登録しますか" in phone.sees


def guess_five_times(town: Town) -> tuple[str, str]:
    course = town.course()
    phone = town.friend()
    phone.taps("つながりサポーターの登録")
    for _ in range(5):
        phone.types("AAAAA-AAAAA")
    assert "1時間ほどたってから" in phone.sees
    return phone.line_id, course.code


def test_after_five_wrong_codes_nothing_is_tried_for_an_hour_not_even_the_right_one(town: Town) -> None:
    line_id, code = guess_five_times(town)
    phone = town.phone(line_id=line_id)
    phone.types(code)
    assert "1時間ほどたってから" in phone.sees
    phone.types("登録")
    assert "1時間ほどたってから" in phone.sees
    assert [row.role for row in town.rows(people)] == ["resident"]


def test_after_an_hour_the_right_code_works_again(town: Town, clock: Clock) -> None:
    line_id, code = guess_five_times(town)
    clock.move(minutes=61)
    phone = town.phone(line_id=line_id)
    phone.types(code)
    assert "同意して登録しますか" in phone.sees


def test_the_guesses_of_one_person_do_not_lock_another_out(town: Town) -> None:
    _, code = guess_five_times(town)
    other = town.friend()
    other.types(code)
    assert "同意して登録しますか" in other.sees


def test_who_does_not_agree_is_not_registered(town: Town) -> None:
    course = town.course()
    phone = town.friend()
    phone.types(course.code)
    phone.taps("いいえ")
    assert "登録はしていません" in phone.sees
    assert [row.role for row in town.rows(people)] == ["resident"]
    assert town.rows(course_members) == []
    assert all(row.kind == "message" for row in town.rows(outbox))


def test_a_code_ends_a_week_after_the_course(town: Town, clock: Clock) -> None:
    course = town.course()
    phone = town.friend()
    clock.move(days=7, seconds=1)
    phone.types("登録")
    phone.types(course.code)
    assert "見つかりませんでした" in phone.sees


def test_a_code_that_ends_in_the_middle_of_it_is_asked_for_again(town: Town, clock: Clock) -> None:
    course = town.course()
    phone = town.friend()
    clock.move(days=6, hours=23, minutes=59)
    phone.types(course.code)
    phone.taps("はい")
    clock.move(minutes=2)
    phone.taps("岩美町")
    assert "見つかりませんでした" in phone.sees
    assert [row.role for row in town.rows(people)] == ["resident"]


def test_a_second_course_keeps_the_day_of_the_first(town: Town, clock: Clock) -> None:
    first = town.course()
    phone = town.friend()
    for course in (first, None):
        code = course.code if course else town.course("続きの講座").code
        phone.types(code)
        phone.taps("はい")
        phone.taps("岩美町")
        phone.taps("答えない・わからない")
        clock.move(days=1)
    (person,) = town.rows(people)
    assert person.supporter_since == MORNING
    assert person.consent_at == MORNING + dt.timedelta(days=1)
    assert len(town.rows(course_members)) == 2
