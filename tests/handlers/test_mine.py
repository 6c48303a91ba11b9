"""「わたしの連絡」: one's own concerns, what may be said about them later, and nothing of anybody else's."""

from __future__ import annotations

import json
from typing import Any

import pytest
from phone import Phone
from sqlalchemy import select
from surroundings import Clock
from town import PUBLIC_URL, Town, the_content

from bot.desk import hearing_back
from bot.night import TOKYO
from storage import concerns, entries, links, people
from storage.audit import audit
from storage.concern_table import concerns as concern_rows
from storage.concerns import Concern
from storage.notices import notices
from storage.outbox import outbox

KIND = "高齢の人のもの忘れ・変化"


def reports(phone: Phone, town: str = "岩美町") -> None:
    phone.types("気になる人がいる")
    for label in ("いいえ", town, KIND, "1週間くらい前から", "知らない", "はい、送る"):
        phone.taps(label)


def opens_mine(town: Town) -> Phone:
    phone = town.friend()
    reports(phone)
    phone.taps("わたしの連絡")
    return phone


def the_concern(town: Town) -> Concern:
    """The newest."""
    with town.services.db.look() as work:
        return concerns.listed(work)[-1]


def titles(phone: Phone) -> list[str]:
    return [line for line in phone.sees.splitlines() if line.startswith("K-")]


# ---- the list ----------------------------------------------------------------------------------------------


def test_it_shows_number_day_desk_and_how_far_it_is(town: Town) -> None:
    phone = opens_mine(town)
    concern = the_concern(town)
    for words in (
        concern.number,
        "12月1日（火）10時の連絡",
        "岩美町 健康福祉課",
        "0857-73-1333",
        "いま：窓口に届いています",
    ):
        assert words in phone.sees


def test_it_says_neither_what_it_is_about_nor_what_was_answered(town: Town) -> None:
    phone = opens_mine(town)
    said = json.dumps(phone.got, ensure_ascii=False)
    for word in (
        KIND,
        "dementia",
        "もの忘れ",
        "知らない",
        "1週間",
        the_content().concern_kinds["dementia"].about,
    ):
        assert word not in said


@pytest.mark.parametrize("words", ["わたしの連絡", "私の連絡", "わたしのれんらく"])
def test_it_opens_by_typing_too(town: Town, words: str) -> None:
    phone = town.friend()
    reports(phone)
    phone.types(words)
    assert the_concern(town).number in phone.sees


def test_whoever_reported_nothing_is_told_so_and_gets_a_way_on(town: Town) -> None:
    phone = town.friend()
    phone.taps("わたしの連絡")
    assert "まだありません" in phone.sees
    assert phone.buttons()


def test_in_the_middle_of_a_conversation_it_is_shown_and_the_conversation_goes_on(town: Town) -> None:
    phone = town.friend()
    reports(phone)
    phone.types("気になる人がいる")
    phone.types("わたしの連絡")
    assert the_concern(town).number in phone.sees
    phone.taps("つづける")
    assert "いま命があぶないですか" in phone.sees


def test_any_number_of_them_the_newest_first_ten_at_a_time(town: Town, clock: Clock) -> None:
    phone = town.friend()
    numbers = []
    for _ in range(23):
        clock.move(hours=1)
        reports(phone)
        numbers.append(the_newest(town).number)
    phone.types("わたしの連絡")
    seen = titles(phone)
    assert len(seen) == 10
    phone.taps("もっと見る（あと13件）")
    seen += titles(phone)
    phone.taps("もっと見る（あと3件）")
    seen += titles(phone)
    assert seen == numbers[::-1]
    assert "もっと見る" not in json.dumps(phone.got, ensure_ascii=False)


def the_newest(town: Town) -> Concern:
    with town.services.db.look() as work:
        return max(concerns.listed(work), key=lambda one: (one.created_at, one.id))


STEPS: dict[str, Any] = {
    "窓口の人が読みました": [concerns.note_read],
    "窓口が動いています": [concerns.accept, lambda w, c: concerns.in_touch(w, concerns.get(w, c.id))],  # type: ignore[arg-type]
    "ひとくぎりつきました": [lambda w, c: concerns.close(w, c, "connected")],
}


@pytest.mark.parametrize("said", STEPS)
def test_it_says_in_fixed_words_how_far_it_is(town: Town, said: str) -> None:
    phone = town.friend()
    reports(phone)
    concern = the_concern(town)
    with town.services.db.work() as work:
        for step in STEPS[said]:
            step(work, concern)
    phone.types("わたしの連絡")
    assert f"いま：{said}" in phone.sees


def test_of_a_merged_one_it_shows_how_far_the_other_one_is_and_nothing_of_it(town: Town) -> None:
    first, second = town.friend(), town.friend()
    reports(first)
    other = the_newest(town)
    reports(second)
    mine = next(c for c in all_concerns(town) if c.id != other.id)
    with town.services.db.work() as work:
        concerns.merge(work, mine, other)
        concerns.accept(work, other)
    second.types("わたしの連絡")
    assert "いま：窓口の人が読みました" in second.sees
    assert mine.number in second.sees
    assert other.number not in json.dumps(second.got)
    assert other.id not in json.dumps(second.got)


def all_concerns(town: Town) -> tuple[Concern, ...]:
    with town.services.db.look() as work:
        return concerns.listed(work)


def test_a_closed_one_offers_the_telephone_only(town: Town) -> None:
    phone = town.friend()
    reports(phone)
    with town.services.db.work() as work:
        concerns.close(work, the_concern(town), "connected")
    phone.types("わたしの連絡")
    labels = [button.get("label") for button in phone.buttons()]
    assert "窓口に電話する" in labels
    assert "書き足す" not in labels
    assert "窓口が違いそう" not in labels


def test_more_than_ten_in_an_hour_are_all_taken_and_the_telephone_is_named_for_what_is_urgent(
    town: Town,
) -> None:
    phone = town.friend()
    for count in range(1, 13):
        reports(phone)
        assert ("急ぐものは、窓口に電話してください" in phone.sees) == (count > 10)
    kept = all_concerns(town)
    assert len({one.number for one in kept}) == 12
    assert sum(one.many for one in kept) == 2
    phone.types("となりの人が倒れています")
    assert "tel:119" in [button.get("uri") for button in phone.buttons()]


# ---- 書き足す・答える -------------------------------------------------------------------------------------------


def link_of(phone: Phone) -> tuple[str, str]:
    (url,) = [b["uri"] for b in phone.buttons() if b.get("uri", "").startswith(PUBLIC_URL)]
    link_id, token = url.removeprefix(f"{PUBLIC_URL}/d/").split("#")
    return link_id, token


def test_adding_makes_a_fresh_link_for_half_an_hour_at_the_tap(town: Town, clock: Clock) -> None:
    phone = opens_mine(town)
    clock.move(days=3)
    phone.taps("書き足す")
    link_id, token = link_of(phone)
    clock.move(minutes=29)
    with town.services.db.look() as work:
        found = links.peek(work, link_id, token)
    assert found is not None
    assert (found.purpose, found.about, found.person_id) == (
        "details",
        the_concern(town).id,
        the_concern(town).person_id,
    )
    clock.move(minutes=2)
    with town.services.db.look() as work:
        assert links.peek(work, link_id, token) is None


def test_to_a_closed_one_nothing_is_added_but_a_new_one_can_be_made(town: Town) -> None:
    phone = opens_mine(town)
    with town.services.db.work() as work:
        concerns.close(work, the_concern(town), "connected")
    phone.taps("書き足す")
    assert "終わっています" in phone.sees
    assert "気になる人がいる" in phone.sees


def test_a_question_of_the_desk_can_be_answered_until_it_was(town: Town, clock: Clock) -> None:
    phone = opens_mine(town)
    concern = the_concern(town)

    def offered() -> bool:
        phone.types("わたしの連絡")
        return "窓口の質問に答える" in [button.get("label") for button in phone.buttons()]

    assert not offered()
    with town.services.db.work() as work:
        entries.add(work, concern, "question", "staff:1", {"text": "どの家ですか"})
    assert offered()
    assert "どの家ですか" not in json.dumps(phone.got, ensure_ascii=False)
    phone.taps("窓口の質問に答える")
    link_id, token = link_of(phone)
    with town.services.db.look() as work:
        found = links.peek(work, link_id, token)
    assert found is not None
    assert (found.purpose, found.about) == ("answer", concern.id)
    with town.services.db.work() as work:
        entries.add(work, concern, "answer", "person", {"text": "青い屋根です"})
    assert not offered()


# ---- 窓口が違いそう --------------------------------------------------------------------------------------------


def test_a_doubt_is_told_to_the_desk_once(town: Town) -> None:
    phone = opens_mine(town)
    data = next(b["data"] for b in phone.buttons() if b.get("label") == "窓口が違いそう")
    for _ in range(3):
        phone.taps_data(data)
        assert "窓口に伝えました" in phone.sees
    concern = the_concern(town)
    assert concern.doubted
    assert concern.news_at is not None
    with town.services.db.look() as work:
        assert [entry.kind for entry in entries.of(work, concern)] == ["doubt"]
    assert [row.what for row in town.rows(notices)] == ["new", "news"]
    assert [row.deed for row in town.rows(audit)] == ["opened", "doubted"]
    phone.types("わたしの連絡")
    assert "窓口が違いそう" not in [button.get("label") for button in phone.buttons()]


def test_a_doubt_before_sending_is_kept_with_the_desk_that_was_chosen(town: Town) -> None:
    phone = town.friend()
    phone.types("気になる人がいる")
    for label in (
        "いいえ",
        "鳥取市",
        "答えない・わからない",
        "お金や食べ物に困っている",
        "いいえ",
        "もっと前から",
        "知らない",
    ):
        phone.taps(label)
    phone.taps("窓口が違いそう")
    phone.taps("鳥取市福祉事務所")
    phone.taps("はい、送る")
    concern = the_concern(town)
    assert (concern.window, concern.route_reason, concern.doubted) == ("tottori_fukushi", "chosen", True)
    assert "鳥取市福祉事務所" in phone.sees


# ---- somebody else's ---------------------------------------------------------------------------------------


DEEDS = ["add", "answer", "doubt", "follow_up", "nothing"]


@pytest.mark.parametrize("deed", DEEDS)
def test_a_button_of_somebody_else_s_concern_does_nothing_and_is_answered_as_an_unknown_one(
    town: Town, deed: str
) -> None:
    reports(town.friend())
    concern = the_concern(town)
    stranger = town.friend()
    before = town.rows(links.links), town.rows(notices), all_concerns(town)
    answers = []
    for one in (concern.id, "0" * 32, concern.number, "", "x"):
        stranger.taps_data(f"v1;mine;{deed};{one};worse")
        answers.append(json.dumps(stranger.got, ensure_ascii=False))
    assert len(set(answers)) == 1
    assert "記録は、もう残っていません" in answers[0]
    assert (town.rows(links.links), town.rows(notices), all_concerns(town)) == before


def test_a_typed_number_shows_one_s_own_concern_and_nobody_else_s(town: Town) -> None:
    phone = town.friend()
    reports(phone)
    number = the_concern(town).number
    for typed in (number.lower(), f"{number} は、どうなりましたか"):
        phone.types(typed)
        assert titles(phone) == [number]
    stranger = town.friend()
    stranger.types(number)
    of_another = json.dumps(stranger.got, ensure_ascii=False)
    stranger.types("K-0000-0000-1")
    assert json.dumps(stranger.got, ensure_ascii=False) == of_another


# ---- the one question after four weeks ---------------------------------------------------------------------


def asked_how_it_is(town: Town) -> Phone:
    phone = town.friend()
    reports(phone)
    concern = the_concern(town)
    with town.services.db.work() as work:
        concerns.close(work, concern, "connected")
        hearing_back.tell(work, the_content(), concern, "follow_up")
    phone.looks()
    return phone


@pytest.mark.parametrize("answer", hearing_back.ANSWERS)
def test_one_tap_answers_it(town: Town, answer: str) -> None:
    phone = asked_how_it_is(town)
    assert "その後" in phone.sees
    phone.taps(the_content().texts.get(f"hearing.answers.{answer}"))
    assert "ありがとうございます" in phone.sees
    assert the_concern(town).follow_up == answer


def test_it_is_stored_once_and_may_be_corrected(town: Town) -> None:
    phone = asked_how_it_is(town)
    labels = {b["label"]: b["data"] for b in phone.buttons() if "data" in b}
    for label in ("よくなった", "よくなった", "変わらない"):
        phone.taps_data(labels[label])
    concern = the_concern(town)
    assert concern.follow_up == "same"
    with town.services.db.look() as work:
        assert [entry.words for entry in entries.of(work, concern)] == [
            {"answer": "better"},
            {"answer": "same"},
        ]


def test_worse_is_told_to_the_desk_and_nothing_else_is(town: Town) -> None:
    phone = asked_how_it_is(town)
    labels = {b["label"]: b["data"] for b in phone.buttons() if "data" in b}
    phone.taps_data(labels["よくなった"])
    assert [row.what for row in town.rows(notices)] == ["new"]
    phone.taps_data(labels["わるくなった"])
    assert [row.what for row in town.rows(notices)] == ["new", "worse"]
    assert "119か110" in phone.sees


def test_who_answers_after_everything_was_erased_gets_a_kind_word(town: Town) -> None:
    phone = asked_how_it_is(town)
    with town.services.db.work() as work:
        work.conn.execute(concern_rows.delete())
    phone.taps("よくなった")
    assert "記録は、もう残っていません" in phone.sees
    assert phone.buttons()


# ---- hearing back --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("word", ["read", "in_touch", "no_more", "thanks", "question", "follow_up"])
def test_what_a_desk_did_is_told_in_fixed_words_with_the_number_and_nothing_of_the_case(
    town: Town, word: Any
) -> None:
    phone = town.friend()
    reports(phone)
    concern = the_concern(town)
    with town.services.db.work() as work:
        hearing_back.tell(work, the_content(), concern, word)
    phone.looks()
    said = json.dumps(phone.got, ensure_ascii=False)
    assert concern.number in said
    for other in (KIND, "もの忘れ", "dementia", "岩美", "健康福祉課", "tsunagari.example"):
        assert other not in said
    assert phone.buttons()


def test_a_question_of_the_desk_opens_with_a_link_made_at_the_tap(town: Town, clock: Clock) -> None:
    phone = town.friend()
    reports(phone)
    with town.services.db.work() as work:
        hearing_back.tell(work, the_content(), the_concern(town), "question")
    phone.looks()
    clock.move(days=5)
    phone.taps("ひらく")
    link_id, token = link_of(phone)
    with town.services.db.look() as work:
        found = links.peek(work, link_id, token)
    assert found is not None
    assert found.purpose == "answer"


@pytest.mark.parametrize(
    ("hour", "minute", "waits"),
    [
        (7, 59, True),
        (8, 0, False),
        (12, 0, False),
        (20, 59, False),
        (21, 0, True),
        (23, 30, True),
        (3, 0, True),
    ],
)
def test_nobody_is_woken_between_nine_in_the_evening_and_eight(
    town: Town, clock: Clock, hour: int, minute: int, waits: bool
) -> None:
    phone = town.friend()
    reports(phone)
    clock.now = clock.now.astimezone(TOKYO).replace(day=2, hour=hour, minute=minute)
    with town.services.db.work() as work:
        hearing_back.tell(work, the_content(), the_concern(town), "read")
    row = town.rows(outbox)[-1]
    due = row.next_try.astimezone(TOKYO)
    if waits:
        assert (due.hour, due.minute) == (8, 0)
        assert due.day == (3 if hour >= 21 else 2)
    else:
        assert row.next_try == clock.now
    assert row.expires > row.next_try


def test_whoever_blocked_us_or_telephoned_hears_nothing(town: Town) -> None:
    phone = town.friend()
    reports(phone)
    concern = the_concern(town)
    phone.send({"type": "unfollow"})
    before = len(town.rows(outbox))
    with town.services.db.work() as work:
        hearing_back.tell(work, the_content(), concern, "read")
        work.conn.execute(people.people.delete())
        by_telephone = concerns.get(work, concern.id)
        assert by_telephone is not None
        hearing_back.tell(work, the_content(), by_telephone, "read")
    assert len(town.rows(outbox)) <= before
    with town.services.db.look() as work:
        assert (
            work.conn.execute(
                select(outbox.c.id).where(outbox.c.state == "waiting", outbox.c.id > before)
            ).all()
            == []
        )
