"""A course member becomes a supporter: from the first tap to the rows."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from phone import Phone
from sqlalchemy import select
from surroundings import Clock
from town import MORNING, Town, the_content

from bot.metrics import ALARMS
from storage import cards, courses
from storage.attempts import attempts
from storage.audit import audit
from storage.conversations import conversations
from storage.course_members import course_members
from storage.joinings import Gate, joinings, set_gate
from storage.links import links
from storage.outbox import outbox
from storage.people import people, person_topics
from storage.supporters import supporters


def _link(url: str) -> Any:
    return select(links.c.about).where(links.c.id == url.rpartition("/")[2].partition("#")[0])


def test_from_the_menu_to_a_registered_supporter(town: Town) -> None:
    course = town.course()
    phone = town.friend()
    phone.taps("つながりサポーターの登録")
    assert "「コード」を送ってください" in phone.sees
    phone.types(course.readable_code)
    assert "養成講座" in phone.sees
    assert "同意して登録しますか" in phone.sees
    phone.taps("はい")
    assert "サポーターの約束" in phone.sees
    phone.taps("はい、約束します")
    phone.taps("鳥取市")
    phone.taps("北中学校区")
    phone.taps("地域食堂")
    phone.taps("災害のときの声かけ")
    phone.taps("これでおわり")
    assert "鳥取市のつながりサポーターです" in phone.sees

    assert "/s/" in str(phone.got)
    (person,) = town.rows(people)
    assert (person.role, person.town, person.district) == ("supporter", "tottori", "kita")
    assert person.consent_version == the_content().texts.get("registration.consent_version")
    assert person.consent_at == person.supporter_since == MORNING
    assert {row.topic for row in town.rows(person_topics)} == {"shokudo", "disaster"}
    (entry,) = town.rows(supporters)
    assert (entry.person_id, entry.state, entry.source) == (person.id, "registered", "line")
    assert (entry.town, entry.district, entry.attended_on) == ("tottori", "kita", course.on_date)
    assert entry.refresher_due_on == dt.date(2027, 12, 1)
    assert entry.pledge_version == the_content().texts.get("registration.pledge_version")
    assert entry.pledge_at == entry.registered_at == MORNING
    (member,) = town.rows(course_members)
    assert (member.course_id, member.person_id, member.supporter_id) == (course.id, person.id, entry.id)
    (joining,) = town.rows(joinings)
    assert (joining.status, joining.why, joining.card_id) == ("joined", None, None)
    menus = [row for row in town.rows(outbox) if row.kind == "link_menu"]
    assert [row.person_id for row in menus] == [person.id]
    assert ("registered", entry.id) in [(row.deed, row.subject_id) for row in town.rows(audit)]
    (conversation,) = town.rows(conversations)
    assert (conversation.state, conversation.answers) == ("done", None)


def test_the_last_words_must_arrive(town: Town) -> None:
    register(town.friend(), town.course().code)
    assert town.rows(outbox)[-1].must_arrive


def register(phone: Phone, code: str) -> None:
    """From the code to the end, in 岩美町."""
    phone.types(code)
    phone.taps("はい")
    phone.taps("はい、約束します")
    phone.taps("岩美町")
    if "どんなお知らせ" in phone.sees:
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
    register(phone, course.code)
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


def test_what_comes_outside_of_a_conversation_counts_as_a_guess_too(town: Town) -> None:
    town.course()
    phone = town.friend()
    for _ in range(5):
        phone.types("AAAA2-AAAAA")
        phone.types("やめる")
    phone.types("AAAA2-AAAAA")
    assert "1時間ほどたってから" in phone.sees
    assert [row.what for row in town.rows(attempts)] == ["code"] * 5


def test_guesses_hidden_in_longer_words_or_in_another_conversation_count(town: Town) -> None:
    town.course()
    phone = town.friend()
    phone.types("わたしのは 7AAAA-2XW9H3 です")
    phone.taps("お悩みハンドブック（使える支援をさがす）")
    phone.types("AAAA2-AAAAA")
    assert [row.what for row in town.rows(attempts)] == ["code", "code"]


def test_a_number_of_a_concern_is_no_guess(town: Town) -> None:
    town.friend().types("K-7Q2M-X4TB-9")
    assert [row.what for row in town.rows(attempts) if row.what == "code"] == []


def test_a_code_from_the_poster_begins_it_in_the_middle_of_something_else(town: Town) -> None:
    course = town.course()
    phone = town.friend()
    phone.taps("お悩みハンドブック（使える支援をさがす）")
    phone.types(f"コード {course.readable_code}")
    assert "同意して登録しますか" in phone.sees


def test_a_code_is_told_when_it_ends_and_who_helps(town: Town, clock: Clock) -> None:
    course = town.course()
    phone = town.friend()
    clock.move(days=7, seconds=1)
    phone.types(f"コード {course.readable_code}")
    assert "期限は、すぎて" in phone.sees
    assert "鳥取市 0857-22-8111" in phone.sees
    assert town.rows(attempts) == []


def test_a_code_that_comes_too_early_says_from_which_day_it_counts(town: Town, clock: Clock) -> None:
    course = town.course()
    clock.move(days=-2)
    phone = town.friend()
    phone.types(course.readable_code)
    assert "12月1日から" in phone.sees
    assert town.rows(supporters) == []


def test_a_code_that_ends_in_the_middle_of_it_registers_nobody(town: Town, clock: Clock) -> None:
    course = town.course()
    phone = town.friend()
    clock.move(days=6, hours=23, minutes=59)
    phone.types(course.code)
    phone.taps("はい")
    clock.move(minutes=2)
    phone.taps("はい、約束します")
    assert "期限は、すぎて" in phone.sees
    assert [row.role for row in town.rows(people)] == ["resident"]


def test_a_course_that_is_closed_stops_its_code_at_once_also_at_the_last_question(town: Town) -> None:
    course = town.course()
    phone = town.friend()
    phone.types(course.code)
    phone.taps("はい")
    phone.taps("はい、約束します")
    with town.services.db.work() as work:
        courses.close(work, course.id)
    phone.taps("岩美町")
    assert "終わっています" in phone.sees
    assert town.rows(supporters) == []


def test_a_second_course_is_a_refresher_and_no_second_entry(town: Town, clock: Clock) -> None:
    phone = town.friend()
    register(phone, town.course().code)
    clock.move(days=300)
    phone.types(town.course("更新の講座", "yazu").code)
    assert "もう登録した方がいます" in phone.sees
    phone.taps("登録した本人（もう一度受講した）")
    assert "もう一度の受講を、記録しました" in phone.sees
    (entry,) = town.rows(supporters)
    assert (entry.attended_on, entry.refreshed_on) == (dt.date(2026, 12, 1), dt.date(2027, 9, 27))
    assert entry.refresher_due_on == dt.date(2028, 9, 27)
    assert entry.state == "active"
    (person,) = town.rows(people)
    assert (person.supporter_since, person.town) == (MORNING, "iwami")
    assert len(town.rows(course_members)) == 2


def test_the_same_code_again_changes_nothing(town: Town) -> None:
    course = town.course()
    phone = town.friend()
    register(phone, course.code)
    phone.types(course.code)
    phone.taps("登録した本人（もう一度受講した）")
    assert "もうすんでいます" in phone.sees
    assert len(town.rows(joinings)) == len(town.rows(supporters)) == 1


def test_a_family_with_one_phone_has_two_entries(town: Town) -> None:
    course = town.course()
    phone = town.friend()
    register(phone, course.code)
    phone.types("家族を登録する")
    phone.types(course.code)
    assert "同意して登録しますか" in phone.sees
    phone.taps("はい")
    phone.taps("はい、約束します")
    phone.taps("八頭町")
    assert "八頭町のつながりサポーターです" in phone.sees
    assert [row.town for row in town.rows(supporters)] == ["iwami", "yazu"]
    (person,) = town.rows(people)
    assert person.town == "iwami"  # the news of the phone stay those of the first
    assert len(town.rows(course_members)) == 2
    phone.types("名前を書く")
    assert "どなたの分を書きますか" in phone.sees
    phone.taps("2人目（2026年12月1日に登録）")
    assert "/s/" in str(phone.got)


def test_somebody_else_s_entry_is_never_taken(town: Town) -> None:
    course = town.course()
    register(town.friend(), course.code)
    (entry,) = town.rows(supporters)
    other = town.friend()
    register(other, course.code)
    other.taps_data(f"v1;joining;profile;{entry.id};")
    (url,) = [a["uri"] for a in other.buttons() if "uri" in a]
    mine = next(row for row in town.rows(supporters) if row.id != entry.id)
    with town.services.db.look() as work:
        link = work.conn.execute(_link(url)).one()
    assert link.about == mine.id


def test_the_code_again_in_the_middle_of_the_registration_begins_it_anew(town: Town) -> None:
    course = town.course()
    phone = town.friend()
    phone.types(course.code)
    phone.taps("はい")
    phone.types(f"コード {course.readable_code}")
    assert "同意して登録しますか" in phone.sees


def test_after_days_a_code_counts_at_once_and_not_as_an_answer_to_an_old_question(
    town: Town, clock: Clock
) -> None:
    phone = town.friend()
    phone.types("登録")
    clock.move(days=4)
    phone.types(town.course().code)
    assert "同意して登録しますか" in phone.sees


def test_a_card_that_another_phone_is_just_using_is_told_at_once(town: Town) -> None:
    course = town.course()
    with town.services.db.work() as work:
        made = cards.issue(work, course, 1)
        code = cards.codes(work, made)[made[0].id]
    mine, other = town.friend(), town.friend()
    mine.types(f"コード {code[:5]}-{code[5:]}")
    assert "同意して登録しますか" in mine.sees
    other.types(code)
    assert "ほかの方のスマートフォンで登録のとちゅう" in other.sees
    mine.taps("はい")
    mine.taps("はい、約束します")
    mine.taps("岩美町")
    mine.taps("答えない・わからない")
    assert "岩美町のつながりサポーターです" in mine.sees
    other.types(code)
    assert "もう使われています" in other.sees
    assert [row.card_id for row in town.rows(joinings)] == [made[0].id]


def test_who_comes_by_a_leaked_code_waits_and_hears_so_kindly(town: Town) -> None:
    course = town.course()
    with town.services.db.work() as work:
        courses.edit(work, course, capacity=1)
        set_gate(work, course.id, course.channel, Gate(margin=0))
    register(town.friend(), course.code)
    late = town.friend()
    register(late, course.code)
    assert "名簿をたしかめてから、登録になります" in late.sees
    assert "/s/" in str(late.got)
    late.types(course.code)
    late.taps("登録した本人（もう一度受講した）")
    assert "名簿をたしかめてから、登録になります" in late.sees
    assert sorted(row.status for row in town.rows(joinings)) == ["joined", "waiting"]
    assert [row.role for row in town.rows(people)].count("supporter") == 1


def test_a_hundred_wrong_codes_of_many_people_raise_one_alarm_and_today_s_code_still_works(
    town: Town, capsys: pytest.CaptureFixture[str]
) -> None:
    course = town.course()
    before = ALARMS.labels("codes.guessing")._value.get()
    for _ in range(20):
        phone = town.friend()
        for tries in range(5):
            phone.types(f"AAAA2-{'ACDEF'[tries]}AAAA")
    last = town.friend()
    last.types("AAAA2-HAAAA")
    assert "確認に時間がかかっています" in last.sees
    assert ALARMS.labels("codes.guessing")._value.get() == before + 1
    assert capsys.readouterr().err.count("codes.guessing") == 1
    last.types("やめる")
    last.types(course.code)
    assert "同意して登録しますか" in last.sees
