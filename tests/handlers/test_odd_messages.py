"""What people send besides answers: stickers, pictures, places, far too much, or nothing that can be read."""

from __future__ import annotations

import pytest
from phone import Phone
from town import Town

from storage.conversations import conversations

KINDS = ["sticker", "image", "video", "audio", "location", "file", "hologram"]
RUBBISH = [
    "あ" * 5_000,
    "😀" * 2_500,
    "   ",
    "　　\n\n",
    "😀",
    "👨‍👩‍👧‍👦🏳️‍🌈",
    "!?#$%&'()",
    "\u200b\u200d\u2060",
    "ก็็็็็็็็็็็็็็็็็็็็",
    "'; DROP TABLE people; --",
    "{0.__class__} {town} %s %(x)s",
    "<script>alert(1)</script>",
    "v1;concern;;start;",
    "\ud83d",
    "a\x00b",
    "١٢٣",
    "9" * 400,
    "０" * 400,
    "العربية שלום",
    "-1",
]


def at_a_question(town: Town) -> Phone:
    phone = town.friend()
    phone.taps("気になる人がいる")
    phone.taps("いいえ")
    return phone


@pytest.mark.parametrize("kind", KINDS)
def test_outside_a_conversation_it_is_thanked_for_and_shown_the_menu(town: Town, kind: str) -> None:
    phone = town.friend()
    phone.sends(kind)
    assert "ありがとうございます" in phone.sees
    assert "なにをしますか" in phone.sees


@pytest.mark.parametrize("kind", KINDS)
def test_in_a_conversation_the_question_is_asked_once_more(town: Town, kind: str) -> None:
    phone = at_a_question(town)
    phone.sends(kind)
    assert "どの市町" in phone.sees
    phone.taps("岩美町")
    assert "どんなことが気になりますか" in phone.sees


def test_no_picture_is_taken_in_and_it_says_so(town: Town) -> None:
    phone = town.friend()
    phone.sends("image")
    assert "お預かりしていません" in phone.sees


def test_whatever_is_typed_outside_a_conversation_gets_a_kind_answer(town: Town) -> None:
    phone = town.friend()
    for text in RUBBISH:
        phone.types(text)
        assert phone.got, text
        assert phone.buttons(), text


def test_whatever_is_typed_at_a_question_it_is_asked_again(town: Town) -> None:
    phone = at_a_question(town)
    for text in RUBBISH:
        phone.types(text)
        assert "どの市町" in phone.sees, text
    assert [row.state for row in town.rows(conversations)] == ["open"]


def test_whatever_is_typed_as_a_code_it_is_asked_again(town: Town) -> None:
    town.course()
    for text in RUBBISH:
        phone = town.friend()
        phone.types("登録")
        phone.types(text)
        assert "「コード」を送ってください" in phone.sees, text


MADE_UP = [
    "",
    "hello",
    "v1",
    "v1;;;;",
    "v1;concern;danger;no;ffffffffffff",
    "v1;nothing;q;a;b",
    "v2;concern;;start;",
    "v1;concern;;start",
    "v1;concern;;start;;;",
    "v1;concern;;explode;",
    "v1;danger;;explode;",
    "v1;danger;;title;",
    "v1;danger;;help;",
    "v1;danger;self;called;",
    "v1;results;chosen;7;",
    "v1;menu;;start;",
    "v1;menu;;x;y",
    "v1;" + "x" * 400,
    "v1;concern;;" + "あ;",
    "\x00",
    "a\ud800b",
    "v1;__init__;;start;",
]


def test_whatever_a_button_brings_back_gets_an_answer_and_a_way_on(town: Town) -> None:
    phone = town.friend()
    for data in MADE_UP:
        phone.taps_data(data)
        assert phone.got, data
        assert phone.buttons(), data


def test_a_made_up_answer_to_the_open_question_is_asked_again(town: Town) -> None:
    phone = town.friend()
    phone.taps("気になる人がいる")
    run = phone.buttons()[0]["data"].split(";")[-1]
    for value in ("", "zzz", "skip", "done", "no,yes", "__class__", "0", "no "):
        phone.taps_data(f"v1;concern;danger;{value};{run}")
        assert phone.buttons(), value
    assert [row.state for row in town.rows(conversations)] == ["open"]


@pytest.mark.parametrize("question", ["kind", "send", "nothing", "_said"])
def test_an_answer_to_a_question_that_was_not_asked_yet_is_not_taken(town: Town, question: str) -> None:
    phone = town.friend()
    phone.taps("気になる人がいる")
    run = phone.buttons()[0]["data"].split(";")[-1]
    phone.taps_data(f"v1;concern;{question};send;{run}")
    assert "いま命があぶないですか" in phone.sees
