"""Words of danger come first in every state; then the person can go on where they were."""

from __future__ import annotations

import datetime as dt

import pytest
from phone import Phone
from surroundings import Clock
from test_courses_chat import a_course, after_it
from test_registered import supporter
from town import MORNING, Town, the_content

from bot import crisis, postback
from bot.flows import FLOWS
from storage import erasing
from storage import people as people_rows
from storage.audit import audit
from storage.conversations import conversations
from storage.dangers import dangers
from storage.outbox import outbox
from storage.people import Person, people
from storage.work import Work

WORDS = "もう死にたい"
OTHER_NOW = "となりのおじいさんが倒れています"


def dials(phone: Phone) -> list[str]:
    return [b["uri"] for b in phone.buttons() if b.get("uri", "").startswith("tel:")]


def labels(phone: Phone) -> list[str]:
    return [b.get("label", "") for b in phone.buttons()]


def test_a_stranger_is_answered_at_once(town: Town) -> None:
    phone = town.phone()
    phone.types(WORDS)
    assert "話してくださって、ありがとうございます" in phone.sees
    assert "tel:0120061338" in dials(phone)
    assert town.rows(outbox)[-1].must_arrive


def test_after_a_finished_conversation_too(town: Town) -> None:
    phone = town.friend()
    phone.types("気になる人がいる")
    phone.types("やめる")
    phone.types(WORDS)
    assert "tel:0120061338" in dials(phone)
    assert "つづける" not in labels(phone)


@pytest.mark.parametrize("flow", FLOWS)
def test_at_every_question_they_come_first_and_the_conversation_can_go_on(
    town: Town, clock: Clock, flow: str
) -> None:
    course = town.course()
    phone = _who_may_begin(flow, town, clock)
    phone.taps_data(postback.start(flow))
    for _ in range(30):
        before = phone.got
        asked = phone.sees
        phone.types(WORDS)
        assert "話してくださって、ありがとうございます" in phone.sees, asked
        assert "tel:0120061338" in dials(phone)
        phone.taps("つづける")
        assert phone.sees == asked
        if not _answer(phone, course.code):
            break
        assert phone.got != before
        if not [row for row in town.rows(conversations) if row.state == "open"]:
            break
    assert [row.state for row in town.rows(conversations) if row.flow == flow] == ["done"]
    assert len(town.rows(dangers)) >= 1


def _who_may_begin(flow: str, town: Town, clock: Clock) -> Phone:
    """Some conversations are for supporters, for partners, or for who was at a course; some need a coming course."""
    if flow == "questionnaire":
        return after_it(town, clock)[1]
    if flow in ("my_place", "my_topics"):
        return supporter(town)[0]
    phone = town.friend()
    if flow == "sign":
        phone.types(town.partner().readable_code)
    if flow == "course":
        a_course(town)
        a_course(town, title="つながりミーティング", days=9)
    return phone


def _answer(phone: Phone, code: str) -> bool:
    """Give some answer that leads on to the end."""
    if "「コード」" in phone.sees:
        phone.types(code)
        return True
    for label in ("はい", "答えない・わからない", "いいえ", "はい、送る"):
        if label in labels(phone):
            phone.taps(label)
            return True
    tap = next(b for b in phone.buttons() if "data" in b)
    phone.taps_data(tap["data"])
    return True


def test_also_while_a_conversation_rests(town: Town, clock: Clock) -> None:
    phone = town.friend()
    phone.types("登録")
    clock.move(days=5)
    phone.types(WORDS)
    assert "tel:0120061338" in dials(phone)


def test_for_somebody_else_who_is_in_danger_now_it_is_119_and_110_first(town: Town) -> None:
    phone = town.friend()
    phone.types(OTHER_NOW)
    assert {"tel:119", "tel:110"} <= set(dials(phone)[:3])
    assert "話してくださって、ありがとうございます。とてもつらいのですね" not in phone.sees


def test_that_it_happened_is_kept_for_staff_without_any_words(town: Town) -> None:
    phone = town.friend()
    phone.types(WORDS)
    (row,) = town.rows(dangers)
    (person,) = town.rows(people)
    assert (row.code, row.person_id, row.seen_at) == ("S1", person.id, None)
    assert "死にたい" not in town.everything_stored()


def test_no_broadcast_reaches_this_person_for_a_day(town: Town) -> None:
    phone = town.friend()
    phone.types(WORDS)
    (person,) = town.rows(people)
    assert person.danger_until == MORNING + dt.timedelta(hours=24)


def test_every_word_of_danger_begins_the_day_anew(town: Town, clock: Clock) -> None:
    phone = town.friend()
    phone.types(WORDS)
    clock.move(hours=20)
    phone.types(WORDS)
    (person,) = town.rows(people)
    assert person.danger_until == MORNING + dt.timedelta(hours=44)


@pytest.mark.parametrize(("words", "deed"), [("来て", "come"), ("きて", "come"), ("電話した", "called")])
def test_afterwards_a_short_word_gets_its_fixed_answer(town: Town, words: str, deed: str) -> None:
    phone = town.friend()
    phone.types(OTHER_NOW)
    phone.types(words)
    assert the_content().crisis_replies.answers[deed] in phone.sees
    assert [row.deed for row in town.rows(audit)] == [f"danger.{deed}"]


def test_who_wants_somebody_to_come_is_shown_to_staff(town: Town) -> None:
    phone = town.friend()
    phone.types(WORDS)
    phone.types("来て")
    (row,) = town.rows(dangers)
    assert (row.code, row.times, row.come_at) == ("S1", 1, MORNING)


def test_who_called_for_somebody_else_is_led_on_to_tell_the_town(town: Town) -> None:
    phone = town.friend()
    phone.types(OTHER_NOW)
    phone.taps("電話した")
    assert "どの市町" in phone.sees
    for label in ("岩美町", "よく分からない・いくつもある", "きょう気がついた", "知らない", "はい、送る"):
        phone.taps(label)
    assert "受け付けました" in phone.sees


def test_who_called_for_themselves_is_not_asked_about_a_neighbour(town: Town) -> None:
    phone = town.friend()
    phone.types("胸がしめつけられて息ができない")
    phone.taps("電話した")
    assert "その人は" not in phone.sees
    assert the_content().crisis_replies.answers["called"] in phone.sees


def test_without_words_of_danger_before_the_short_words_mean_nothing(town: Town) -> None:
    phone = town.friend()
    phone.types("来て")
    assert "お返事ができません" in phone.sees


def test_a_day_later_neither(town: Town, clock: Clock) -> None:
    phone = town.friend()
    phone.types(WORDS)
    clock.move(hours=24, seconds=1)
    phone.types("来て")
    assert "お返事ができません" in phone.sees


def test_in_the_concern_having_called_answers_its_question(town: Town) -> None:
    phone = town.friend()
    phone.types("気になる人がいる")
    phone.taps("はい、いまあぶない")
    phone.types(OTHER_NOW)
    phone.taps("つづける")
    phone.types("電話した")
    assert "どの市町" in phone.sees


def test_saying_that_one_is_all_right_leads_back_to_the_open_conversation(town: Town) -> None:
    phone = town.friend()
    phone.types("登録")
    phone.types(WORDS)
    phone.taps("だいじょうぶ")
    assert the_content().crisis_replies.answers["ok"] in phone.sees
    phone.taps("つづける")
    assert "「コード」を送ってください" in phone.sees


def test_a_button_to_tell_the_town_goes_on_with_the_concern_that_is_open(town: Town) -> None:
    phone = town.friend()
    phone.types("気になる人がいる")
    phone.taps("いいえ")
    phone.types("近所の子どもがたたかれているみたいです")
    assert "気になる人がいる" in labels(phone)
    phone.taps("気になる人がいる")
    assert "どの市町" in phone.sees
    assert len(town.rows(conversations)) == 1


def test_the_menu_button_for_somebody_to_talk_to_can_be_dialled(town: Town) -> None:
    phone = town.friend()
    phone.taps_data("v1;danger;;help;")
    assert {"tel:0120061338", "tel:0120279338"} <= set(dials(phone))
    for number in dials(phone):
        shown = {line.tel for line in the_content().hotlines.values()}
        assert number in shown


def test_for_a_day_the_menu_keeps_the_lines_that_always_answer(town: Town, clock: Clock) -> None:
    phone = town.friend()
    phone.types(WORDS)
    phone.taps("だいじょうぶ")
    assert {"tel:0120061338", "tel:0120279338"} <= set(dials(phone))
    clock.move(hours=23)
    phone.types("メニュー")
    assert {"tel:0120061338", "tel:0120279338"} <= set(dials(phone))
    assert "気になる人がいる" in labels(phone)
    clock.move(hours=1, seconds=1)
    phone.types("メニュー")
    assert dials(phone) == []


def test_twenty_messages_in_an_hour_are_one_person_to_look_after(town: Town, clock: Clock) -> None:
    phone = town.friend()
    for _ in range(20):
        phone.types(WORDS)
        clock.move(minutes=3)
    (row,) = town.rows(dangers)
    assert (row.times, row.at, row.alarm_at) == (20, MORNING, MORNING)
    assert row.last_at == MORNING + dt.timedelta(minutes=57)


def test_two_people_at_the_same_moment_are_two(town: Town) -> None:
    for phone in (town.friend(), town.friend()):
        phone.types(WORDS)
        assert "tel:0120061338" in dials(phone)
    rows = town.rows(dangers)
    assert len({row.person_id for row in rows}) == len({row.number for row in rows}) == 2


def test_when_it_becomes_worse_people_are_told_anew(town: Town, clock: Clock) -> None:
    phone = town.friend()
    phone.types(WORDS)
    clock.move(minutes=5)
    phone.types("いま橋の上にいます。飛び降ります")
    (row,) = town.rows(dangers)
    assert (row.code, row.times, row.alarm_at) == ("S0", 2, MORNING + dt.timedelta(minutes=5))


def test_what_is_vague_is_kept_and_wakes_nobody(town: Town) -> None:
    phone = town.friend()
    phone.types("今日食べるものがありません")
    (row,) = town.rows(dangers)
    assert (row.code, row.alarm_at) == ("L1", None)


def test_an_old_button_for_somebody_to_come_is_taken_seriously_also_without_words_before(town: Town) -> None:
    phone = town.friend()
    phone.taps_data("v1;danger;self;come;")
    (row,) = town.rows(dangers)
    assert (row.category, row.come_at, row.alarm_at) == ("asked", MORNING, MORNING)


def test_taking_the_message_back_takes_nothing_from_those_who_look_after_the_person(town: Town) -> None:
    phone = town.friend()
    phone.types(WORDS, message_id="m-words")
    before = town.rows(dangers)
    phone.send({"type": "unsend", "unsend": {"messageId": "m-words"}})
    assert town.rows(dangers) == before


def test_who_blocks_us_afterwards_is_still_looked_after(town: Town) -> None:
    phone = town.friend()
    phone.types(WORDS)
    phone.send({"type": "unfollow"})
    (row,) = town.rows(dangers)
    assert (row.seen_at, row.closed_at) == (None, None)


def test_who_erases_everything_is_a_row_without_a_person(town: Town) -> None:
    phone = town.friend()
    phone.types(WORDS)
    (before,) = town.rows(dangers)
    with town.services.db.work() as work:
        erasing.erase_person(work, _person(work, before.person_id), ())
    (row,) = town.rows(dangers)
    assert (row.id, row.person_id, row.alarm_at) == (before.id, None, MORNING)
    phone.types(WORDS)
    assert len(town.rows(dangers)) == 2


def _person(work: Work, person_id: str) -> Person:
    found = people_rows.get(work, person_id)
    assert found is not None
    return found


def test_exaggeration_is_no_danger(town: Town) -> None:
    phone = town.friend()
    phone.types("きょうは死ぬほど暑いですね")
    assert town.rows(dangers) == []
    assert "お返事ができません" in phone.sees


def test_a_vague_hint_is_no_danger_where_it_is_what_our_own_button_says(town: Town) -> None:
    content = the_content()
    vague = {
        word for word in content.own_words if (found := crisis.detect(word, content.lexicon)) and found.soft
    }
    phone = town.friend()
    for word in sorted({"気になる人がいる", *vague})[:40]:
        phone.types(word)
        assert town.rows(dangers) == [], word
