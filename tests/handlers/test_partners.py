"""Watch partners: a typed code, three taps, one's own concerns; no registration, and nothing that can be guessed."""

from __future__ import annotations

import json

import pytest
from phone import Phone
from surroundings import Clock
from town import Town, the_content

from storage import concerns, partners
from storage.attempts import attempts
from storage.audit import audit
from storage.concerns import Concern
from storage.courses import ALPHABET
from storage.partners import Partner, new_code
from storage.people import people


def staff(town: Town, partner: Partner) -> Phone:
    phone = town.friend()
    phone.types(f"コード {partner.readable_code}")
    return phone


def all_concerns(town: Town) -> tuple[Concern, ...]:
    with town.services.db.look() as work:
        return concerns.listed(work)


def switch(town: Town, partner: Partner, *, active: bool) -> None:
    with town.services.db.work() as work:
        partners.set_active(work, partner.id, active=active)


# ---- the code ----------------------------------------------------------------------------------------------


def test_the_code_makes_somebody_known_and_shows_the_way(town: Town) -> None:
    partner = town.partner()
    phone = staff(town, partner)
    assert "因幡新聞 岩美販売店" in phone.sees
    assert phone.buttons()[0]["label"] == "気になるしるしを知らせる"
    (person,) = town.rows(people)
    assert (person.partner_id, person.role, person.consent_at) == (partner.id, "resident", None)
    assert [(row.deed, row.kind, row.subject_id) for row in town.rows(audit)] == [
        ("joined", "partner", partner.id)
    ]


def test_the_code_counts_in_the_middle_of_another_conversation(town: Town) -> None:
    partner = town.partner()
    phone = town.friend()
    phone.taps("つながりサポーターの登録")
    phone.types(partner.readable_code)
    assert "見守りの方ですね" in phone.sees
    assert "つづける" in [b.get("label") for b in phone.buttons()]


def test_a_typing_error_is_told_as_one(town: Town) -> None:
    partner = town.partner()
    code = partner.code
    wrong = next(sign for sign in ALPHABET if sign != code[0] and sign.isdigit() != code[0].isdigit())
    phone = town.friend()
    phone.types(wrong + code[1:])
    assert "ちがう文字があるようです" in phone.sees
    assert phone.buttons()


def test_after_five_wrong_codes_nothing_is_tried_for_an_hour_not_even_the_right_one(
    town: Town, clock: Clock
) -> None:
    partner = town.partner()
    phone = town.friend()
    for _ in range(5):
        phone.types(new_code())
        assert "見つかりませんでした" in phone.sees
    phone.types(partner.code)
    assert "1時間ほどたってから" in phone.sees
    assert town.rows(people)[0].partner_id is None
    assert len(town.rows(attempts)) == 5
    clock.move(minutes=61)
    phone.types(partner.code)
    assert "見守りの方ですね" in phone.sees


def test_codes_hidden_in_other_words_are_counted_as_guesses_too(town: Town) -> None:
    partner = town.partner()
    phone = town.friend()
    for _ in range(5):
        phone.types(f"あ{new_code()}ab")
    phone.types(partner.code)
    assert "1時間ほどたってから" in phone.sees


def test_the_code_of_a_partner_that_rests_is_answered_kindly(town: Town) -> None:
    partner = town.partner()
    switch(town, partner, active=False)
    phone = staff(town, partner)
    assert "お休みになっています" in phone.sees
    assert town.rows(people)[0].partner_id is None


def test_a_course_code_still_is_one(town: Town) -> None:
    course = town.course()
    phone = town.friend()
    phone.types(course.readable_code)
    assert "同意して登録しますか" in phone.sees


# ---- three taps --------------------------------------------------------------------------------------------


def test_three_taps_from_the_menu_to_the_receipt(town: Town) -> None:
    partner = town.partner()
    phone = staff(town, partner)
    phone.taps("気になるしるしを知らせる")
    for label in ("いいえ", "新聞や郵便がたまっている", "はい、送る"):
        phone.taps(label)
    (concern,) = all_concerns(town)
    assert (concern.source, concern.partner_id, concern.town, concern.kind) == (
        "partner",
        partner.id,
        "iwami",
        "safety",
    )
    assert (concern.subject_knows, concern.level, concern.since) == ("better_not", 2, "unknown")
    assert concern.number in phone.sees
    assert "くわしいことを書く" in [b.get("label") for b in phone.buttons()]
    phone.taps("わたしの連絡")
    assert concern.number in phone.sees


def test_the_receipt_says_no_more_than_that_of_a_supporter(town: Town) -> None:
    phone = staff(town, town.partner())
    phone.taps("気になるしるしを知らせる")
    for label in ("いいえ", "けが・あざ・どなり声", "はい、送る"):
        phone.taps(label)
    said = json.dumps(phone.got, ensure_ascii=False)
    for word in ("あざ", "因幡新聞", "unsure", "けが"):
        assert word not in said


def test_the_town_of_last_time_is_taken_again(town: Town) -> None:
    phone = staff(town, town.partner(towns=("tottori", "iwami")))
    for taps in (
        ("いいえ", "そのほか・うまく言えない", "岩美町", "はい、送る"),
        ("いいえ", "そのほか・うまく言えない"),
    ):
        phone.types("気になるしるし")
        for label in taps:
            phone.taps(label)
    assert "岩美町 健康福祉課" in phone.sees
    phone.taps("べつの市町のこと")
    phone.taps("鳥取市")
    phone.taps("はい、送る")
    assert {one.town for one in all_concerns(town)} == {"iwami", "tottori"}


def test_a_life_at_risk_comes_before_everything(town: Town) -> None:
    phone = staff(town, town.partner())
    phone.taps("気になるしるしを知らせる")
    phone.taps("はい、いまあぶない")
    assert [b["uri"] for b in phone.buttons() if "uri" in b] == ["tel:119", "tel:110"]


def test_words_of_danger_come_first_here_too(town: Town) -> None:
    phone = staff(town, town.partner())
    phone.taps("気になるしるしを知らせる")
    phone.types("おばあさんが倒れています")
    assert "tel:119" in [b.get("uri") for b in phone.buttons()]


def test_when_the_partner_rests_the_flow_says_so_and_the_usual_way_is_open(town: Town) -> None:
    partner = town.partner()
    phone = staff(town, partner)
    switch(town, partner, active=False)
    phone.taps("気になるしるしを知らせる")
    assert "お休みになっています" in phone.sees
    phone.taps("気になる人がいる")
    assert "いま命があぶないですか" in phone.sees


def test_an_old_button_of_somebody_who_is_of_no_partner_is_answered_kindly(town: Town) -> None:
    phone = town.friend()
    phone.taps_data("v1;sign;;start;")
    assert "見守り協定のお店の方の入口" in phone.sees
    assert phone.buttons()


# ---- leaving ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["tapped", "typed"])
def test_one_may_leave_and_come_back(town: Town, way: str) -> None:
    partner = town.partner()
    phone = staff(town, partner)
    if way == "tapped":
        phone.taps("見守りをやめる")
    else:
        phone.types("見守りをやめる")
    assert "やめますか" in phone.sees
    assert town.rows(people)[0].partner_id == partner.id
    phone.taps("見守りをやめます")
    assert "おわりにしました" in phone.sees
    assert town.rows(people)[0].partner_id is None
    labels = [b.get("label") for b in phone.buttons()]
    assert the_content().texts.get("menu.sign") not in labels
    phone.types(partner.readable_code)
    assert town.rows(people)[0].partner_id == partner.id


def test_leaving_twice_is_answered_kindly(town: Town) -> None:
    phone = staff(town, town.partner())
    for _ in range(2):
        phone.taps_data("v1;partner;;left;")
        assert phone.buttons()
    assert "もうおわっています" in phone.sees
    assert [row.deed for row in town.rows(audit)] == ["joined", "left"]


def test_what_was_reported_stays_one_s_own_after_leaving(town: Town) -> None:
    phone = staff(town, town.partner())
    phone.taps("気になるしるしを知らせる")
    for label in ("いいえ", "新聞や郵便がたまっている", "はい、送る"):
        phone.taps(label)
    phone.taps_data("v1;partner;;left;")
    phone.types("わたしの連絡")
    assert all_concerns(town)[0].number in phone.sees
