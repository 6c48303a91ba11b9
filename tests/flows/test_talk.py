"""How an answer is understood: generously where it can mean only one thing, else not at all."""

from __future__ import annotations

from typing import Any

import pytest

from bot.flows.talk import (
    DONE,
    SKIP,
    Choice,
    Many,
    NotAnAnswer,
    Option,
    Question,
    Tapped,
    Typed,
    Words,
    fits,
    match,
    plain,
    spellings,
    understand,
)

TOWNS = {"tottori": "鳥取市", "iwami": "岩美町", "kami": "香美町", "shinonsen": "新温泉町"}
WORRIES = {
    "money": "お金",
    "work": "仕事",
    "mind": "こころ",
    "body": "からだ・病気",
    "child": "妊娠・子育て",
    "fear": "家族や恋人がこわい・つらい",
    "none": "ない",
}
CALL = {"called": "電話した", "not_now": "いまは電話しなくてよさそう"}
SEND = {"send": "はい、送る", "stop": "送らない"}
YES_NO = {"yes": "はい", "no": "いいえ"}


def choice(labels: dict[str, str], *, skippable: bool = False) -> Choice:
    return Choice("q", options=tuple(Option(key) for key in labels), skippable=skippable)


def worries(at_most: int = 99) -> Many:
    return Many("q", options=tuple(Option(k, alone=k == "none") for k in WORRIES), at_most=at_most)


def typed(question: Question, text: str, labels: dict[str, str], so_far: Any = None) -> Any:
    return understand(question, Typed(text), labels, so_far)


# ---- one of several --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "岩美町",
        " 岩美町 ",
        "岩美町。",
        "岩美",
        "岩美町です",
        "岩美町に住んでいます",
        "岩 美 町",
        "「岩美町」",
    ],
)
def test_a_label_is_understood_with_what_people_put_around_it(text: str) -> None:
    assert match(text, spellings(TOWNS)) == "iwami"


@pytest.mark.parametrize(
    "text",
    [
        "2",
        "２",
        "②",
        "2番",
        "２番",
        "2ばん",
        "2番目",
        "2つ目",
        "2.",
        "2)",
        "2です",
        "二",
        "二番",
        "2番です。",
    ],
)
def test_a_number_is_understood_however_it_is_written(text: str) -> None:
    assert match(text, spellings(TOWNS)) == "iwami"


@pytest.mark.parametrize("text", ["0", "5", "99", "十"])
def test_a_number_without_a_button_is_no_answer(text: str) -> None:
    assert match(text, spellings(TOWNS)) is None


def test_kanji_ten_is_the_tenth_button() -> None:
    labels = {str(n): f"地区{'あいうえおかきくけこさ'[n]}" for n in range(11)}
    assert match("十", spellings(labels)) == "9"


@pytest.mark.parametrize("text", ["ココロ", "ｺｺﾛ", "こころ", "こ こ ろ", "こころ！"])
def test_kana_and_width_do_not_matter(text: str) -> None:
    assert match(text, spellings(WORRIES)) == "mind"


def test_capital_and_wide_letters_do_not_matter() -> None:
    assert match("ｄｖ", spellings({"dv": "DVのこと", "other": "ほか"})) == "dv"


@pytest.mark.parametrize(
    "text", ["町", "岩美町か香美町", "岩美町と香美町", "どこでもいい", "", "　", "!?", "😀", "ー"]
)
def test_what_could_mean_several_things_or_nothing_is_no_answer(text: str) -> None:
    with pytest.raises(NotAnAnswer) as refused:
        typed(choice(TOWNS), text, TOWNS)
    assert refused.value.text_key == "talk.please_choose"


@pytest.mark.parametrize(
    "text",
    ["電話したくない", "電話したほうがいいですか", "電話したら来ますか", "電話した方がいい", "電話したかな"],
)
def test_a_label_that_goes_on_to_mean_something_else_is_no_answer(text: str) -> None:
    assert match(text, spellings(CALL)) is None


@pytest.mark.parametrize(
    "text", ["電話した", "電話したよ", "119に電話した", "いま電話した。", "でんわは電話したけど"]
)
def test_a_label_inside_a_short_sentence_is_an_answer(text: str) -> None:
    assert match(text, spellings(CALL)) == "called"


@pytest.mark.parametrize(
    ("text", "key"), [("送る", "send"), ("はい", "send"), ("送らない", "stop"), ("2", "stop")]
)
def test_a_part_that_only_one_label_has_is_an_answer(text: str, key: str) -> None:
    assert match(text, spellings(SEND)) == key


def test_other_words_for_an_option_are_understood_too() -> None:
    towns = (
        Option("yazu", also=("やずちょう", "八頭", "やず")),
        Option("iwami", also=("いわみちょう", "岩美")),
    )
    labels = {"yazu": "八頭町", "iwami": "岩美町"}
    question = Choice("q", options=towns)
    for text in ("やずちょう", "やず", "ヤズ", "八頭", "やずちょうです", "八頭町に住んでいます"):
        assert typed(question, text, labels) == "yazu"
    with pytest.raises(NotAnAnswer):
        typed(question, "八頭町か岩美町", labels)


@pytest.mark.parametrize("text", ["とつとりし", "トツトリシ", "とっどりし", "どっとりし"])
def test_a_slip_of_the_thumb_in_kana_is_forgiven(text: str) -> None:
    towns = (Option("tottori", also=("とっとりし",)), Option("iwami", also=("いわみちょう",)))
    labels = {"tottori": "鳥取市", "iwami": "岩美町"}
    assert typed(Choice("q", options=towns), text, labels) == "tottori"


@pytest.mark.parametrize("text", ["電話して", "でんわしで", "いまから", "だ"])
def test_another_word_is_no_slip_of_the_thumb(text: str) -> None:
    assert match(text, spellings(CALL)) is None


def test_a_single_letter_is_never_taken_for_a_part_of_a_label() -> None:
    assert match("町", spellings({"iwami": "岩美町", "tottori": "鳥取市"})) is None


def test_a_long_story_is_no_answer_even_if_a_label_is_in_it() -> None:
    story = "となりの人がずっと家から出てこなくて心配しているのですが、お金のことで困っているようで、どうしたらいいか分かりません"
    assert match(story, spellings(WORRIES)) is None


@pytest.mark.parametrize(
    "text",
    [
        *("はい", "うん", "ええ", "ハイ", "OK", "ｏｋ", "お願いします", "おねがいします", "いいですよ"),
        *("はい、おねがいします", "はいお願いします。", "はい、はい", "はい、同意します", "はい！"),
    ],
)
def test_many_words_say_yes(text: str) -> None:
    assert typed(choice(YES_NO), text, YES_NO) == "yes"


@pytest.mark.parametrize("text", ["いいえ", "いや", "ちがう", "ちがいます", "NO", "いやです"])
def test_many_words_say_no(text: str) -> None:
    assert typed(choice(YES_NO), text, YES_NO) == "no"


@pytest.mark.parametrize(
    "text", ["わからない", "分からない", "わかりません", "答えない", "スキップ", "パス", "ワカラナイ"]
)
def test_not_knowing_is_an_answer_where_it_may_be(text: str) -> None:
    assert typed(choice(TOWNS, skippable=True), text, TOWNS) == SKIP
    with pytest.raises(NotAnAnswer):
        typed(choice(TOWNS), text, TOWNS)


def test_the_whole_label_of_the_quiet_button_may_be_typed() -> None:
    assert typed(choice(TOWNS, skippable=True), "答えない・わからない", TOWNS) == SKIP


def test_not_knowing_as_an_option_of_its_own_comes_before_skipping() -> None:
    labels = {"nhi": "国民健康保険", "dk": "わからない"}
    assert typed(choice(labels, skippable=True), "わからない", labels) == "dk"


def test_a_tapped_button_must_belong_to_the_question() -> None:
    assert understand(choice(TOWNS), Tapped("kami"), TOWNS) == "kami"
    for value in ("osaka", "", SKIP, DONE):
        with pytest.raises(NotAnAnswer):
            understand(choice(TOWNS), Tapped(value), TOWNS)
    assert understand(choice(TOWNS, skippable=True), Tapped(SKIP), TOWNS) == SKIP


# ---- any number of several -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "picks"),
    [
        ("お金", ["money"]),
        ("お金と仕事", ["money", "work"]),
        ("お金、仕事", ["money", "work"]),
        ("お金・仕事", ["money", "work"]),
        ("お金 仕事", ["money", "work"]),
        ("お金　仕事", ["money", "work"]),
        ("お金\n仕事", ["money", "work"]),
        ("お金や仕事のこと", ["money", "work"]),
        ("お金も仕事も", ["money", "work"]),
        ("1,2", ["money", "work"]),
        ("１、２", ["money", "work"]),
        ("1と2", ["money", "work"]),
        ("①②", []),
        ("こころとからだ", ["mind", "body"]),
        ("からだ・病気", ["body"]),
        ("家族や恋人がこわい・つらい", ["fear"]),
        ("お金がない", ["money"]),
        ("子育て", ["child"]),
    ],
)
def test_several_answers_may_be_typed_at_once(text: str, picks: list[str]) -> None:
    if not picks:
        with pytest.raises(NotAnAnswer):
            typed(worries(), text, WORRIES)
        return
    assert typed(worries(), text, WORRIES) == {"picks": picks, "done": False}


def test_an_answer_is_added_to_those_before_and_never_twice() -> None:
    first = typed(worries(), "お金", WORRIES)
    second = typed(worries(), "仕事とお金", WORRIES, first)
    assert second == {"picks": ["money", "work"], "done": False}


@pytest.mark.parametrize("text", ["これでおわり", "終わり", "以上", "以上です。", "つぎへ", "それだけ"])
def test_saying_that_this_is_all_ends_it(text: str) -> None:
    assert typed(worries(), text, WORRIES, {"picks": ["money"], "done": False}) == {
        "picks": ["money"],
        "done": True,
    }


def test_this_is_all_without_any_answer_is_asked_again() -> None:
    with pytest.raises(NotAnAnswer):
        typed(worries(), "以上", WORRIES)


def test_skipping_several_leaves_nothing_picked() -> None:
    given = understand(worries(), Tapped(SKIP), WORRIES, {"picks": ["money"], "done": False})
    assert given == {"picks": [], "done": True}
    assert typed(worries(), "わからない", WORRIES) == {"picks": [], "done": True}


def test_tapping_done_keeps_what_was_picked() -> None:
    given = understand(worries(), Tapped(DONE), WORRIES, {"picks": ["work"], "done": False})
    assert given == {"picks": ["work"], "done": True}


def test_no_more_than_asked_for_are_kept_and_the_last_one_ends_it() -> None:
    question = worries(at_most=2)
    assert understand(question, Tapped("money"), WORRIES) == {"picks": ["money"], "done": False}
    assert typed(question, "仕事、こころ、お金", WORRIES) == {"picks": ["work", "mind"], "done": True}


def test_picking_all_there_is_ends_it() -> None:
    question = Many("q", options=(Option("a"), Option("b")))
    labels = {"a": "食べもの", "b": "電気"}
    assert understand(question, Tapped("a,b"), labels) == {"picks": ["a", "b"], "done": True}


def test_what_cannot_stand_beside_others_stands_alone_and_ends_it() -> None:
    given = understand(worries(), Tapped("none"), WORRIES, {"picks": ["money"], "done": False})
    assert given == {"picks": ["none"], "done": True}


def test_another_answer_replaces_the_one_that_stood_alone() -> None:
    given = understand(worries(), Tapped("money"), WORRIES, {"picks": ["none"], "done": True})
    assert given["picks"] == ["money"]


def test_picks_that_are_no_longer_offered_are_dropped() -> None:
    given = understand(worries(), Tapped("work"), WORRIES, {"picks": ["gone"], "done": False})
    assert given["picks"] == ["work"]


def test_a_tap_on_nothing_that_is_offered_is_no_answer() -> None:
    with pytest.raises(NotAnAnswer):
        understand(worries(), Tapped("gone"), WORRIES)


# ---- words -----------------------------------------------------------------------------------------------


def test_words_are_kept_in_their_plain_width() -> None:
    assert understand(Words("q"), Typed("　７ＫＱ４Ｍ　"), {}) == "7KQ4M"


@pytest.mark.parametrize("given", [Typed(""), Typed("   "), Typed("あ" * 41), Tapped("yes")])
def test_nothing_too_much_or_a_button_is_asked_for_again(given: Typed | Tapped) -> None:
    with pytest.raises(NotAnAnswer) as refused:
        understand(Words("q", longest=40), given, {})
    assert refused.value.text_key == "talk.please_type"


# ---- what is stored --------------------------------------------------------------------------------------


def test_a_stored_answer_fits_only_what_is_still_offered() -> None:
    assert fits(choice(TOWNS), "kami")
    assert not fits(choice(TOWNS), "osaka")
    assert not fits(choice(TOWNS), SKIP)
    assert fits(choice(TOWNS, skippable=True), SKIP)
    assert not fits(choice(TOWNS), None)


def test_several_stored_answers_fit_once_they_are_done() -> None:
    assert fits(worries(), {"picks": ["money"], "done": True})
    assert fits(worries(), {"picks": [], "done": True})
    assert not fits(worries(), {"picks": ["money"], "done": False})
    assert not fits(worries(), {"picks": ["gone"], "done": True})
    assert not fits(worries(), "money")


def test_stored_words_fit_when_there_are_any() -> None:
    assert fits(Words("q"), "7KQ4M")
    assert not fits(Words("q"), "")
    assert not fits(Words("q"), {"picks": []})


def test_plain_makes_one_spelling_of_many() -> None:
    assert plain("ｶﾀｶﾅ") == plain("カタカナ") == plain("か た か な。") == "かたかな"
    assert plain("ＤＶ") == "dv"
