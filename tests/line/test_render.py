"""What LINE is given: always right, large enough to tap, dark enough to read."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.line.render import PALETTE, to_line
from bot.messages import Call, Card, Cards, Choices, Open, Picture, Saying, Tap, Text, TooLong, utf16_units
from simulator.line_check import check_messages

LONG = "とても長いことばがここにあります" * 20
FULL = Choices(
    "お困りごとはどれに近いですか？",
    tuple(Tap(f"こたえ{n}", f"v1;concern;kind;k{n};c1") for n in range(8)),
    hint="いちばん近いものを選んでください。",
    picked="選んだもの：お金、家のこと",
    first=(Call("119に電話する", "tel:119"), Open("読む", "https://example.jp/")),
    last=(Tap("わからない", "v1;concern;kind;skip;c1"),),
)
CARD = Card(
    "くらしの窓口",
    ("月〜金 8:30〜17:15", "0857-00-0000"),
    note="家賃のことで困っている方のための窓口です。",
    badge="いま開いています",
    buttons=(
        Call("電話する", "tel:119"),
        Open("ページを見る", "https://example.jp/a"),
        Tap("戻る", "v1;a;;back;"),
    ),
)


def said(*messages: Any, quick: tuple[Tap, ...] = ()) -> list[dict[str, Any]]:
    line = to_line(Saying(messages, quick))
    assert check_messages(line) == []
    return line


def parts(node: Any, kind: str) -> Iterator[dict[str, Any]]:
    """Every component of this type below `node`."""
    if isinstance(node, dict):
        if node.get("type") == kind:
            yield node
        for value in node.values():
            yield from parts(value, kind)
    elif isinstance(node, list):
        for value in node:
            yield from parts(value, kind)


def words(node: Any) -> list[str]:
    return [part["text"] for part in parts(node, "text")]


def test_a_text_is_a_text() -> None:
    assert said(Text("こんにちは")) == [{"type": "text", "text": "こんにちは"}]


def test_a_question_shows_everything_in_reading_order() -> None:
    (message,) = said(FULL)
    assert message["type"] == "flex"
    assert message["altText"] == FULL.text
    assert words(message["contents"]) == [
        FULL.text, FULL.hint, FULL.picked, "119に電話する", "読む",
        *(f"こたえ{n}" for n in range(8)), "わからない",
    ]  # fmt: skip


def test_what_is_the_same_for_all_is_made_once_and_nobodys_buttons_stay_under_it() -> None:
    menu, back = dataclasses.replace(FULL, for_all=True), Tap("戻る", "v1;a;;back;")
    (mine,) = said(menu, quick=(back,))
    (yours,) = said(menu)
    assert "quickReply" in mine
    assert "quickReply" not in yours
    assert said(FULL) == [yours]
    assert to_line(Saying((menu,)))[0]["contents"] is to_line(Saying((menu,)))[0]["contents"]
    assert to_line(Saying((FULL,)))[0]["contents"] is not to_line(Saying((FULL,)))[0]["contents"]


def test_every_answer_is_a_box_that_is_tapped_with_its_data_and_words() -> None:
    (message,) = said(FULL)
    taps = [b["action"] for b in parts(message, "box") if b.get("action", {}).get("type") == "postback"]
    assert taps[0] == {
        "type": "postback",
        "label": "こたえ0",
        "data": "v1;concern;kind;k0;c1",
        "displayText": "こたえ0",
        "inputOption": "closeRichMenu",
    }
    assert len(taps) == 9


def rows(message: dict[str, Any]) -> list[list[str]]:
    """The labels of the buttons that stand side by side."""
    return [
        [box["action"]["label"] for box in row["contents"]]
        for row in parts(message, "box")
        if row["layout"] == "horizontal"
    ]


def test_of_many_answers_short_neighbours_stand_side_by_side_in_their_order() -> None:
    labels = ("お金", "仕事", "住まい", "家族や恋人がこわい・つらい", "災害", "こころ", "わからない")
    (message,) = said(Choices("どれですか。", tuple(Tap(label, "d") for label in labels)))
    assert rows(message) == [["お金", "仕事"], ["災害", "こころ"]]
    assert words(message) == ["どれですか。", *labels]


def test_few_answers_have_a_row_each() -> None:
    (message,) = said(Choices("どれですか。", tuple(Tap(f"答え{n}", "d") for n in range(6))))
    assert rows(message) == []


def test_what_is_picked_so_far_stands_beside_the_button_that_ends_the_picking() -> None:
    asked = Choices("どれですか。", (Tap("お金", "d"),), picked="仕事、住まい", done=Tap("これでおわり", "d"))
    (message,) = said(asked)
    assert words(message) == ["どれですか。", "お金", "仕事、住まい", "これでおわり"]


def test_the_remark_of_a_long_label_has_its_own_line_and_the_label_stays_whole() -> None:
    (message,) = said(
        Choices(
            "どれですか。",
            (Tap("お悩みハンドブック（使える支援をさがす）", "d"), Tap("119（救急・消防）", "d")),
        )
    )
    assert words(message)[1:] == ["お悩みハンドブック\n（使える支援をさがす）", "119（救急・消防）"]
    assert next(parts(message, "postback"))["label"] == "お悩みハンドブック（使える支援をさがす）"


def test_words_always_wrap_so_that_large_letters_lose_nothing() -> None:
    (message,) = said(FULL)
    assert all(part["wrap"] for part in parts(message, "text"))


def test_a_call_for_help_is_red_and_an_answer_is_not() -> None:
    (message,) = said(FULL)
    colours = {
        box["action"]["label"]: box["backgroundColor"] for box in parts(message, "box") if "action" in box
    }
    assert colours["119に電話する"] == PALETTE["alarm"]
    assert PALETTE["alarm"] not in (colours["こたえ0"], colours["わからない"], colours["読む"])


def test_a_question_without_extras_is_only_that() -> None:
    (message,) = said(Choices("元気ですか？", (Tap("はい", "v1;a;b;yes;c"),)))
    assert words(message["contents"]) == ["元気ですか？", "はい"]


def test_a_question_without_buttons_is_still_a_message() -> None:
    (message,) = said(Choices("お名前は？", ()))
    assert words(message["contents"]) == ["お名前は？"]


def test_one_card_is_a_bubble_and_more_are_a_carousel() -> None:
    (one,) = said(Cards("窓口のご案内", (CARD,)))
    (many,) = said(Cards("窓口のご案内", (CARD,) * 12))
    assert one["contents"]["type"] == "bubble"
    assert many["contents"]["type"] == "carousel"
    assert len(many["contents"]["contents"]) == 12
    assert one["altText"] == many["altText"] == "窓口のご案内"


def test_a_card_shows_badge_title_lines_note_and_buttons() -> None:
    (message,) = said(Cards("窓口", (CARD,)))
    assert words(message) == [
        "いま開いています", "くらしの窓口", "月〜金 8:30〜17:15", "0857-00-0000",
        "家賃のことで困っている方のための窓口です。", "電話する", "ページを見る", "戻る",
    ]  # fmt: skip
    actions = [box["action"] for box in parts(message, "box") if "action" in box]
    assert [a.get("uri") or a.get("data") for a in actions] == [
        "tel:119",
        "https://example.jp/a",
        "v1;a;;back;",
    ]


@pytest.mark.parametrize(
    ("title", "shown"),
    [
        ("くらしの困りごとを まとめて相談する", "くらしの困りごとを\nまとめて相談する"),
        ("お金 の相談", "お金 の相談"),
        ("鳥取市パーソナルサポートセンター", "鳥取市パーソナルサポートセンター"),
        ("ひとりで暮らす人のための見守りと声かけ の相談", "ひとりで暮らす人のための見守りと声かけ の相談"),
    ],
)
def test_a_long_title_is_broken_at_its_space(title: str, shown: str) -> None:
    (message,) = said(Cards("窓口", (Card(title),)))
    assert words(message) == [shown]


def test_only_an_urgent_card_has_a_red_bar() -> None:
    urgent = Card(CARD.title, buttons=(Call("電話", "tel:110"),), urgent=True)
    (message,) = said(Cards("急ぎ", (urgent, CARD)))
    first, second = message["contents"]["contents"]
    assert first["header"]["backgroundColor"] == PALETTE["alarm"]
    assert "header" not in second


def test_blank_lines_and_badges_are_left_out() -> None:
    (message,) = said(Cards("窓口", (Card("題", ("", " ", "行"), note="", badge=" "),)))
    assert words(message) == ["題", "行"]


def test_a_picture_is_a_picture() -> None:
    (message,) = said(Picture("https://example.jp/a.png", "https://example.jp/b.png"))
    assert message == {
        "type": "image",
        "originalContentUrl": "https://example.jp/a.png",
        "previewImageUrl": "https://example.jp/b.png",
    }


def test_quick_replies_stand_under_the_last_message_only() -> None:
    quick = tuple(Tap(f"はやく{n}", f"v1;a;b;{n};c") for n in range(13))
    messages = said(Text("一"), FULL, Text("三"), quick=quick)
    assert ["quickReply" in message for message in messages] == [False, False, True]
    assert len(messages[-1]["quickReply"]["items"]) == 13


def test_broken_characters_never_reach_line() -> None:
    messages = said(Text("a\ud800b\x00c"), Choices("\udfff?", (Tap("\ud800x", "d"),)))
    sent = json.dumps(messages, ensure_ascii=False)
    sent.encode()
    assert messages[0]["text"] == "a\ufffdb\ufffdc"


def test_a_bubble_that_line_would_refuse_is_found_here() -> None:
    with pytest.raises(TooLong):
        to_line(Saying((Cards("多い", (Card("題", ("あ" * 11_000,)),)),)))


def test_a_carousel_that_line_would_refuse_is_found_here() -> None:
    with pytest.raises(TooLong):
        to_line(Saying((Cards("多い", (Card("題", ("あ" * 2_000,)),) * 12),)))


def test_the_largest_texts_fit() -> None:
    (message,) = said(Choices("👋🏻" * (1_500 // 4), (Tap("👨‍👩‍👧‍👦" * 40, "d"),)))
    assert utf16_units(message["altText"]) <= 1_500


def _luminance(colour: str) -> float:
    def linear(value: float) -> float:
        return value / 12.92 if value <= 0.03928 else ((value + 0.055) / 1.055) ** 2.4

    red, green, blue = (linear(int(colour[i : i + 2], 16) / 255) for i in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _contrasts(node: Any, ground: str) -> Iterator[float]:
    if isinstance(node, dict):
        if node.get("type") == "text":
            high, low = sorted((_luminance(node["color"]), _luminance(ground)), reverse=True)
            yield (high + 0.05) / (low + 0.05)
        here = node.get("backgroundColor", ground)
        for value in node.values():
            yield from _contrasts(value, here)
    elif isinstance(node, list):
        for value in node:
            yield from _contrasts(value, ground)


def test_all_words_stand_out_from_their_ground() -> None:
    """WCAG 2.2 AA: at least 4.5 to 1."""
    urgent = Card(CARD.title, CARD.lines, CARD.note, CARD.badge, CARD.buttons, urgent=True)
    found = list(_contrasts(said(FULL, Cards("窓口", (CARD, urgent))), "#FFFFFF"))
    assert len(found) > 20
    assert min(found) >= 4.5


LABEL = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=20)
TAPS = st.builds(Tap, LABEL, st.from_regex(r"[a-z;]{1,40}", fullmatch=True))
CALLS = st.builds(Call, LABEL, st.just("tel:119"))
OPENS = st.builds(Open, LABEL, st.just("https://example.jp/x?y=1"))
WORDS = st.text(min_size=1, max_size=60)
CHOICES = st.builds(
    Choices,
    WORDS,
    st.lists(TAPS, max_size=12).map(tuple),
    hint=st.none() | WORDS,
    picked=st.none() | WORDS,
    first=st.lists(CALLS | OPENS | TAPS, max_size=2).map(tuple),
    done=st.none() | TAPS,
    last=st.lists(TAPS, max_size=2).map(tuple),
)
CARDS = st.builds(
    Cards,
    WORDS,
    st.lists(
        st.builds(
            Card,
            WORDS,
            st.lists(st.text(max_size=30), max_size=3).map(tuple),
            st.none() | st.text(max_size=30),
            st.none() | st.text(max_size=10),
            st.lists(CALLS | OPENS | TAPS, max_size=3).map(tuple),
            st.booleans(),
        ),
        min_size=1,
        max_size=4,
    ).map(tuple),
)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(CHOICES | CARDS | st.builds(Text, WORDS), min_size=1, max_size=5).map(tuple),
    st.lists(TAPS, max_size=3).map(tuple),
)
def test_whatever_can_be_said_is_right_for_line(messages: tuple[Any, ...], quick: tuple[Tap, ...]) -> None:
    assert check_messages(to_line(Saying(messages, quick))) == []
