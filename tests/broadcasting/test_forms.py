"""Forms: whatever passes our check is taken by LINE; whatever does not is named with its place and what to do."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from known_words import known
from town import PUBLIC_URL, the_content

from bot.broadcasting import links
from bot.broadcasting.forms import Contents, check
from bot.broadcasting.limits import refused_by_line
from bot.broadcasting.problems import Problem
from bot.broadcasting.rendering import Press, axes_of, links_of, render, words_of_places
from simulator.line_check import check_messages
from storage.freezing import Variant

BUTTON = {"label": "見る", "url": "https://example.lg.jp/a"}
EVENT = {"template": "event", "title": "集い", "when": "12月12日"}


def problems_of(*messages: Any, course: str | None = None) -> list[Problem]:
    forms, problems = check(list(messages), known(course))
    return problems or refused_by_line(Contents(forms), known(course))


def the_one(*messages: Any) -> Problem:
    (problem,) = problems_of(*messages)
    return problem


def press(course: str | None = None) -> Press:
    return Press(
        the_content(),
        words_of_places(the_content(), course),
        lambda _url: links.counted(PUBLIC_URL, "t" * 22),
        lambda _words: ("https://tsunagari.example/b/a.jpg", "https://tsunagari.example/b/a.small.jpg"),
    )


# ---- whatever passes is taken ------------------------------------------------------------------------------

words = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=70)
long_words = st.one_of(words, st.sampled_from(["あ" * 4_990, "あ" * 5_000, "😀" * 2_499, "{town}" * 700]))
button = st.one_of(
    st.fixed_dictionaries(
        {"label": words, "url": st.sampled_from(["https://example.jp", "https://例え.jp/あ?い"])}
    ),
    st.fixed_dictionaries(
        {"label": words, "tel": st.sampled_from(["0857-22-8111", "#8008", "119", "０８５７"])}
    ),
    st.fixed_dictionaries(
        {"label": words, "say": st.sampled_from(["メニュー", "help", "お悩みハンドブック"])}
    ),
)
card = st.fixed_dictionaries(
    {"title": words},
    optional={
        "lines": st.lists(words, max_size=11),
        "note": words,
        "picture": st.just("tsudoi.jpg"),
        "buttons": st.lists(button, max_size=5),
    },
)
event = st.fixed_dictionaries(
    {"template": st.just("event"), "title": words, "when": words},
    optional={"lines": st.lists(words, max_size=7)},
)
message = st.one_of(
    st.fixed_dictionaries({"text": long_words}),
    st.fixed_dictionaries({"cards": st.lists(card, max_size=13)}),
    st.fixed_dictionaries({"picture": event}),
)


@given(st.lists(message, min_size=1, max_size=6))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_whatever_passes_our_check_passes_lines(messages: list[Any]) -> None:
    forms, problems = check(messages, known())
    contents = Contents(forms)
    if problems or refused_by_line(contents, known()):
        return
    for variant in (Variant(), Variant("en", "tottori", "nakanogo")):
        assert check_messages(render(contents, press("養成講座"))(variant)) == []


@pytest.mark.parametrize(
    "messages",
    [
        [{"text": "あ" * 5_000}],
        ["ただの文章"],
        [{"text": "a"}] * 5,
        [{"cards": [{"title": "あ" * 60, "lines": ["い" * 300] * 10, "buttons": [BUTTON] * 4}]}],
        [{"cards": [{"title": "題", "picture": "tsudoi.jpg", "buttons": [BUTTON]}] * 12}],
        [{"picture": EVENT}, {"picture": {"photo": "tsudoi.jpg"}}],
    ],
)
def test_what_may_be_sent_is_sent(messages: list[Any]) -> None:
    assert problems_of(*messages) == []
    forms, _ = check(messages, known())
    said = render(Contents(forms), press())(Variant())
    assert check_messages(said) == []
    assert len(said) <= 5


# ---- whatever does not pass is named -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("message", "where", "said", "hint"),
    [
        ({"text": "あ" * 5_001}, "1通目 text", "5001", "2通に"),
        ({"text": "😀" * 2_501}, "1通目 text", "5002", None),
        ({"text": " "}, "1通目 text", "空です", None),
        ({"txet": "a"}, "1通目 txet", "項目はありません", "「text」ですか"),
        ({"text": "a", "cards": []}, "1通目", "どれか1つ", "別の1通"),
        ({"text": "{name}さん"}, "1通目 text", "人の名前は入れません", "みなさん"),
        ({"text": "{twon}のみなさん"}, "1通目 text", "{twon}", "「town」ですか"),
        ({"text": "{course}です"}, "1通目 text", "講座がちょうど1つ", "--to course"),
        ({"text": "{link:http://a.example.jp}"}, "1通目 text", "https", "例:"),
        ({"cards": []}, "1通目 cards", "1つもありません", None),
        ({"cards": [{"title": "題"}] * 13}, "1通目 cards", "12 まで", None),
        ({"cards": [{"titel": "題"}]}, "1通目 カード1枚目 titel", "項目はありません", "「title」"),
        ({"cards": [{"title": "あ" * 61}]}, "1通目 カード1枚目 title", "上限は 60", "短く"),
        ({"cards": [{"title": "題", "lines": ["a"] * 11}]}, "1通目 カード1枚目 lines", "10 まで", None),
        ({"cards": [{"title": "題", "buttons": [{"label": "見る"}]}]}, "ボタン1", "どれか1つ", "url:"),
        ({"cards": [{"title": "題", "buttons": [BUTTON | {"tel": "119"}]}]}, "ボタン1", "どれか1つ", None),
        ({"cards": [{"title": "題", "buttons": [BUTTON | {"count": "たぶん"}]}]}, "count", "たぶん", "false"),
        ({"cards": [{"title": "題", "picture": "tsudio.jpg"}]}, "カード1枚目 picture", "tsudio.jpg", None),
        ({"picture": {"template": "evnet", "title": "集い"}}, "picture template", "evnet", "「event」"),
        ({"picture": {"template": "event", "title": "集い"}}, "1通目 picture", "when がありません", None),
        ({"picture": EVENT | {"lines": ["a"] * 7}}, "picture lines", "6 まで", None),
        ({"picture": EVENT | {"title": "集い😀"}}, "picture title", "「😀」は絵の中に", "絵文字"),
        ({"cards": [{"title": "題", "lines": ["{link:https://a.jp}"]}]}, "行1", "書けません", "ボタン"),
        (
            {"picture": EVENT | {"note": "{link:https://a.example.jp}"}},
            "picture note",
            "書けません",
            "ボタン",
        ),
    ],
)
def test_what_is_wrong_is_named_with_its_place_and_what_to_do(
    message: Any, where: str, said: str, hint: str | None
) -> None:
    problem = problems_of(message)[0]
    assert where in str(problem)
    assert said in problem.text
    assert hint is None or hint in (problem.hint or "")


def test_all_of_it_is_said_at_once() -> None:
    found = problems_of({"text": ""}, {"cards": [{"title": "", "note": "あ" * 301}]}, {"picture": {}})
    assert [str(each).split(":")[0] for each in found] == [
        "1通目 text",
        "2通目 カード1枚目 title",
        "2通目 カード1枚目 note",
        "3通目 picture template",
    ]


@pytest.mark.parametrize(
    ("label", "tel", "right"),
    [
        ("電話する 0857-22-8111", "0857-22-8111", True),
        ("電話する ０８５７ー２２ー８１１１", "0857228111", True),
        ("24時間の電話", "0120-061-338", True),
        ("電話する 0857-22-8112", "0857-22-8111", False),
        ("いのちの電話 #8008", "#8008", True),
        ("電話する", "夜間窓口", False),
        ("電話する", "1", False),
    ],
)
def test_a_button_dials_the_number_that_it_shows(label: str, tel: str, right: bool) -> None:
    found = problems_of({"cards": [{"title": "題", "buttons": [{"label": label, "tel": tel}]}]})
    assert (found == []) == right


def test_a_button_begins_only_what_the_chat_knows() -> None:
    wrong = {"label": "始める", "say": "ハンドブッく"}
    assert "「ハンドブック」ですか" in (the_one({"cards": [{"title": "題", "buttons": [wrong]}]}).hint or "")
    forms, _ = check(
        [{"cards": [{"title": "題", "buttons": [{"label": "あ", "say": "ハンドブック"}]}]}], known()
    )
    (said, _) = render(Contents(forms), press())(Variant())
    (_, buttons) = said["contents"]["body"]["contents"]
    assert buttons["contents"][0]["action"]["data"] == "v1;handbook;;start;"


def test_the_line_on_how_to_stop_has_its_place_among_the_five() -> None:
    cards = {"cards": [{"title": "題"}]}
    assert problems_of(*[{"text": "a"}] * 4, {"text": "あ" * 4_900}) == []
    assert "止め方" in the_one(*[{"text": "a"}] * 4, cards).text
    assert "止め方" in the_one(*[{"text": "a"}] * 4, {"text": "あ" * 4_990}).text
    assert "5 通まで" in problems_of(*[{"text": "a"}] * 6)[0].text


# ---- what differs from one to another ----------------------------------------------------------------------


def texts_for(contents: Contents, variant: Variant) -> list[str]:
    return [each["text"] for each in render(contents, press())(variant)]


def test_everybody_reads_their_own_town_and_nobody_a_gap() -> None:
    contents = Contents(
        ({"text": "{town}の{ district }、{市町}"},), {"en": ({"text": "Dear {town}, {district}"},)}
    )
    assert axes_of(contents) == {"language", "town", "district"}
    (said,) = texts_for(contents, Variant(None, "tottori", "higashi"))
    assert said.startswith("鳥取市の東中学校区、鳥取市\n\n")
    (said,) = texts_for(contents, Variant("vi"))  # nobody wrote it in Vietnamese
    assert said.startswith("お住まいのまちのお住まいの地区")
    (said,) = texts_for(contents, Variant("en", "iwami"))
    assert said.startswith("Dear 岩美町, your neighborhood\n\nFor fewer messages")


def test_what_differs_for_nobody_asks_for_nothing() -> None:
    assert axes_of(Contents(({"text": "{link:https://a.example.jp} {}{ご自由に}"},))) == frozenset()
    assert axes_of(Contents(({"cards": [{"title": "{地区}"}]},))) == {"town", "district"}


def test_braces_of_an_older_broadcast_stay_as_they_were() -> None:
    (said,) = texts_for(Contents(({"text": "{{7*7}} {name} {link:javascript:alert(1)}"},)), Variant())
    assert said.startswith("{{7*7}} {name} {link:javascript:alert(1)}\n")


def test_links_are_counted_but_where_staff_do_not_want_it() -> None:
    quiet = {"label": "見る", "url": "https://b.example.jp/", "count": "いいえ"}
    raw = [
        {"cards": [{"title": "題", "buttons": [BUTTON, quiet]}]},
        "{link:https://c.example.jp/} https://d.example.jp",
    ]
    forms, problems = check(raw, known())
    assert problems == []
    contents = Contents(forms)
    assert links_of(contents) == ("https://example.lg.jp/a", "https://c.example.jp/")
    cards, text = render(contents, press())(Variant())
    actions = [each["action"]["uri"] for each in cards["contents"]["body"]["contents"][1]["contents"]]
    assert actions == [f"{PUBLIC_URL}/l/{'t' * 22}", "https://b.example.jp/"]
    assert text["text"].startswith(f"{PUBLIC_URL}/l/{'t' * 22} https://d.example.jp\n")


@pytest.mark.parametrize(
    ("typed", "plain"),
    [
        ("https://www.city.tottori.lg.jp", "https://www.city.tottori.lg.jp"),
        ("https://www.city.tottori.lg.jp?a=1#b", "https://www.city.tottori.lg.jp?a=1#b"),
        (
            " https://例え.jp/お知らせ?月=十二 ",
            "https://xn--r8jz45g.jp/%E3%81%8A%E7%9F%A5%E3%82%89%E3%81%9B?%E6%9C%88=%E5%8D%81%E4%BA%8C",
        ),
        ("https://a.example.jp:8443/x%20y", "https://a.example.jp:8443/x%20y"),
    ],
)
def test_an_address_is_written_as_line_takes_it(typed: str, plain: str) -> None:
    assert links.address(typed) == plain


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "http://www.example.jp",
        "www.example.jp",
        "ｈｔｔｐｓ：//example.jp",
        "https://",
        "https://localhost/a",
        "https://192.168.0.1/",
        "https://[::1]/",
        "https://town.example.jp@evil.example/",
        "https://a b.example.jp/",
        "https://example.jp/\nSet-Cookie: a",
        "https://example.jp:99999/",
        "https://example.jp\\@evil.example/",
        "javascript:alert(1)",
        "https://example.jp/" + "a" * 1_000,
    ],
)
def test_an_address_that_nobody_should_be_sent_to_is_refused(typed: str) -> None:
    with pytest.raises(links.BadAddress):
        links.address(typed)
