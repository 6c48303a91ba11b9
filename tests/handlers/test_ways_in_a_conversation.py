"""Back, stop, start again, correct, rest: by button and by word, at every step."""

from __future__ import annotations

import pytest
from phone import Phone
from surroundings import Clock
from town import Town

from storage.conversations import conversations


def at_the_kind(town: Town) -> Phone:
    phone = town.friend()
    phone.taps("気になる人がいる")
    phone.taps("いいえ")
    phone.taps("岩美町")
    assert "どんなことが気になりますか" in phone.sees
    return phone


def open_flows(town: Town) -> list[str]:
    return [row.flow for row in town.rows(conversations) if row.state == "open"]


def test_back_by_word(town: Town) -> None:
    phone = at_the_kind(town)
    for word in ("戻る", "もどる", "モドル", "ひとつ戻る", "前へ"):
        phone.types(word)
        assert "どの市町" in phone.sees
        phone.taps("岩美町")


def test_back_by_button_again_and_again_leads_to_the_first_question(town: Town) -> None:
    phone = at_the_kind(town)
    phone.taps("ひとつ戻る")
    assert "どの市町" in phone.sees
    phone.taps("ひとつ戻る")
    assert "いま命があぶないですか" in phone.sees
    assert "ひとつ戻る" not in [b["label"] for b in phone.buttons()]
    phone.types("戻る")
    assert "いま命があぶないですか" in phone.sees


def test_stop_by_word(town: Town) -> None:
    for word in ("やめる", "やめます", "中止", "キャンセル", "終わる"):
        phone = at_the_kind(town)
        phone.types(word)
        assert "ここでおわりにします" in phone.sees
        assert open_flows(town) == []


def test_stop_by_button_wipes_the_answers(town: Town) -> None:
    phone = at_the_kind(town)
    phone.taps("やめる")
    assert "気になる人がいる" in [b["label"] for b in phone.buttons()]
    assert [row.answers for row in town.rows(conversations)] == [None]


def test_start_again_by_word(town: Town) -> None:
    phone = at_the_kind(town)
    for word in ("はじめから", "最初から", "やり直す"):
        phone.types(word)
        assert "いま命があぶないですか" in phone.sees
        assert open_flows(town) == ["concern"]


def test_a_command_without_a_conversation_shows_the_menu(town: Town) -> None:
    phone = town.friend()
    for word in ("戻る", "やめる", "はじめから", "つづける"):
        phone.types(word)
        assert "なにをしますか" in phone.sees


def test_an_old_button_corrects_that_answer_and_goes_on_from_there(town: Town) -> None:
    phone = town.friend()
    phone.taps("気になる人がいる")
    phone.taps("いいえ")
    towns = {b["label"]: b["data"] for b in phone.buttons() if "data" in b}
    phone.taps("岩美町")
    phone.taps("高齢の人のもの忘れ・変化")
    phone.taps("きょう気がついた")
    assert "知っていますか" in phone.sees
    phone.taps_data(towns["香美町"])
    assert "どの地区" in phone.sees
    phone.taps("村岡")
    assert "知っていますか" in phone.sees  # what was answered since then still counts


def test_an_old_button_of_a_path_that_was_left_asks_what_is_open(town: Town) -> None:
    phone = town.friend()
    phone.taps("気になる人がいる")
    danger = {b["label"]: b["data"] for b in phone.buttons() if "data" in b}
    phone.taps("はい、いまあぶない")
    call = {b["label"]: b["data"] for b in phone.buttons() if "data" in b}
    phone.taps_data(danger["いいえ"])
    phone.taps_data(call["電話した"])
    assert "どの市町" in phone.sees


def test_a_button_of_a_finished_conversation_gets_a_kind_line_and_a_way_on(town: Town) -> None:
    phone = at_the_kind(town)
    old = phone.buttons()[0]["data"]
    phone.taps("やめる")
    phone.taps_data(old)
    assert "もうおわっています" in phone.sees
    assert "気になる人がいる" in [b["label"] for b in phone.buttons()]


def test_a_button_of_a_conversation_that_was_left_for_another_one_leaves_that_one_alone(town: Town) -> None:
    phone = at_the_kind(town)
    old = phone.buttons()[0]["data"]
    phone.types("登録")
    phone.taps_data(old)
    assert "もうおわっています" in phone.sees
    assert open_flows(town) == ["registration"]


def test_somebody_elses_button_is_nobodys(town: Town) -> None:
    phone = at_the_kind(town)
    other = town.friend()
    other.taps_data(phone.buttons()[0]["data"])
    assert "もうおわっています" in other.sees


def rested(town: Town, clock: Clock) -> Phone:
    phone = at_the_kind(town)
    clock.move(days=3, minutes=1)
    return phone


def test_up_to_three_days_it_simply_goes_on(town: Town, clock: Clock) -> None:
    phone = at_the_kind(town)
    clock.move(days=2, hours=23)
    phone.taps("高齢の人のもの忘れ・変化")
    assert "いつごろから" in phone.sees


def test_after_three_days_it_asks_whether_to_go_on(town: Town, clock: Clock) -> None:
    phone = rested(town, clock)
    phone.types("高齢の人のもの忘れ・変化")
    assert "「気になる人がいる」が、とちゅうになっています" in phone.sees
    assert [b["label"] for b in phone.buttons()] == ["つづける", "はじめから", "やめる"]


def test_a_button_after_three_days_asks_too(town: Town, clock: Clock) -> None:
    phone = rested(town, clock)
    phone.taps("高齢の人のもの忘れ・変化")
    assert "とちゅうになっています" in phone.sees


def test_a_sticker_after_three_days_asks_too(town: Town, clock: Clock) -> None:
    phone = rested(town, clock)
    phone.sends("sticker")
    assert "とちゅうになっています" in phone.sees


@pytest.mark.parametrize("typed", [True, False], ids=["typed", "tapped"])
@pytest.mark.parametrize(
    ("way", "leads_to"),
    [
        ("つづける", "どんなことが気になりますか"),
        ("はじめから", "いま命があぶないですか"),
        ("やめる", "ここでおわりにします"),
    ],
)
def test_each_way_on_after_a_rest_works(
    town: Town, clock: Clock, way: str, leads_to: str, typed: bool
) -> None:
    phone = rested(town, clock)
    phone.types("こんにちは")
    if typed:
        phone.types(way)
    else:
        phone.taps(way)
    assert leads_to in phone.sees


def test_after_a_rest_yes_means_to_go_on(town: Town, clock: Clock) -> None:
    phone = rested(town, clock)
    phone.types("こんにちは")
    phone.types("はい")
    assert "どんなことが気になりますか" in phone.sees


def test_once_gone_on_it_does_not_ask_again(town: Town, clock: Clock) -> None:
    phone = rested(town, clock)
    phone.types("こんにちは")
    phone.taps("つづける")
    phone.taps("高齢の人のもの忘れ・変化")
    assert "いつごろから" in phone.sees


def test_who_begins_another_conversation_leaves_the_first(town: Town) -> None:
    phone = at_the_kind(town)
    phone.types("登録")
    assert open_flows(town) == ["registration"]
    left = [row for row in town.rows(conversations) if row.state == "left"]
    assert [row.answers for row in left] == [None]


def test_a_picked_answer_disappears_from_the_buttons_and_is_shown_as_picked(town: Town) -> None:
    phone = town.friend()
    phone.types("ハンドブック")
    phone.taps("岩美町")
    phone.taps("自分のこと")
    phone.taps("お金")
    assert "お金" not in [b["label"] for b in phone.buttons()]
    assert "お金" in phone.sees
    assert "これでおわり" in [b["label"] for b in phone.buttons()]


def test_back_first_takes_away_what_was_half_picked(town: Town) -> None:
    phone = town.friend()
    phone.types("ハンドブック")
    phone.taps("岩美町")
    phone.taps("自分のこと")
    phone.taps("お金")
    phone.types("戻る")
    assert "お金" in [b["label"] for b in phone.buttons()]
    assert "どんなことで こまっていますか" in phone.sees
