"""content/texts/<language>/: what is laid over the Japanese, what falls back to it, and what is wrong is named."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from town import ROOT, the_content

from bot.content.errors import ContentError
from bot.content.languages import JAPANESE
from bot.content.library import Content, peek_content
from bot.content.translation import sayable

OTHERS = [key for key in the_content().languages if key != JAPANESE]
Write = Callable[..., Content]


@pytest.fixture
def english(tmp_path: Path) -> Write:
    """The content with these files as all that is there in English: `english(web="brand: …")`."""

    def write(**files: str) -> Content:
        folder = tmp_path / "texts" / "en"
        folder.mkdir(parents=True)
        for name, words in files.items():
            (folder / f"{name}.yaml").write_text(words, "utf-8")
        return replace(the_content(), folder=tmp_path)

    return write


# ---- saying it -----------------------------------------------------------------------------------------------


def test_what_is_there_is_said_and_the_rest_is_japanese(english: Write) -> None:
    said = english(web='home: {title: "You are not alone."}').said_in("en")
    assert said.texts.get("web.home.title") == "You are not alone."
    assert said.texts.get("web.home.lead") == the_content().texts.get("web.home.lead")


def test_questions_schemes_lines_and_places_are_said_key_by_key(english: Write) -> None:
    said = english(
        questions='who: {text: "Who is it?", options: {self: "Me", family: {label: "My family", short: "Family"}}}',
        schemes='national-001: {title: "Advice", what: "Talk."}',
        hotlines='yorisoi: {name: "Yorisoi", hours: "24 hours", cost: "Free"}',
        troubles='money: "Money"',
        documents='id_card: {label: "ID"}',
        rules='over65: "65 or older"',
        towns='tottori: "Tottori"',
        phrases='"生活保護の窓口です。": "Public assistance."',
    ).said_in("en")
    who = said.questions[0]
    assert (who.text, who.options[0].label, who.options[1].short) == ("Who is it?", "Me", "Family")
    assert who.options[2].label == the_content().questions[0].options[2].label
    assert said.option_label("Q1", "self") == "Me"
    scheme = next(one for one in said.catalogue.schemes if one.id == "national-001")
    assert (scheme.plain_title, scheme.what) == ("Advice", "Talk.")
    assert scheme.official_name == "生活困窮者自立相談支援事業"
    line = said.hotlines["yorisoi"]
    assert (line.name, line.short_name, line.hours_text, line.cost) == (
        "Yorisoi",
        "Yorisoi",
        "24 hours",
        "Free",
    )
    assert line.phone == "0120-279-338"
    assert said.troubles["money"].label == "Money"
    assert said.documents["id_card"].label == "ID"
    assert said.rules["over65"].words == "65 or older"
    assert said.towns["tottori"].name == "Tottori"
    assert "鳥取市" in said.towns["tottori"].aliases
    assert "Public assistance." in {window.note for window in said.windows}


def test_the_same_troubles_are_named_alike_where_they_are_asked_again(english: Write) -> None:
    said = english(questions='worry: {options: {money: "Money"}}').said_in("en")
    top = next(question for question in said.questions if question.code == "Q2top")
    assert top.options[0].label == "Money"


def test_about_somebody_else_the_general_question_is_better_than_a_japanese_one(english: Write) -> None:
    said = english(questions='age: {text: "What age?"}').said_in("en")
    age = next(question for question in said.questions if question.key == "age")
    assert age.text_for({"Q1": frozenset({"family"})}) == "What age?"


def test_each_language_is_read_once_and_japanese_gives_itself(english: Write) -> None:
    content = english(web='brand: "T"')
    assert content.said_in("en") is content.said_in("en")
    assert content.said_in("en").said_in("ja") is content
    assert content.said_in(None) is content.said_in("ja") is content.said_in("tlh") is content


def test_nothing_is_read_before_a_language_is_asked_for(tmp_path: Path) -> None:
    (tmp_path / "texts" / "en").mkdir(parents=True)
    (tmp_path / "texts" / "en" / "web.yaml").write_text(": no yaml [", "utf-8")
    content = replace(the_content(), folder=tmp_path)
    assert content.said_in("vi").texts.get("web.brand") == content.texts.get("web.brand")
    with pytest.raises(ContentError, match=r"texts/en/web\.yaml"):
        content.said_in("en")


def test_what_is_said_at_a_desk_stays_japanese(english: Write) -> None:
    said = english(web='window: {about: "Daily life"}').said_in("en")
    assert said.texts.get("web.window.about") == the_content().texts.get("web.window.about")


def test_words_of_danger_are_the_same_in_every_language() -> None:
    assert the_content().said_in("vi").lexicon is the_content().lexicon


# ---- what is wrong -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("file", "words", "named"),
    [
        ("web", "brand: [", "texts/en/web.yaml"),
        ("web", "brand: 5", "web.brand"),
        ("web", 'brand: ""', "web.brand"),
        ("web", 'day: "{year}/{month}"', "web.day: has other {placeholders}"),
        ("web", 'brand: "{name}"', "web.brand: has other {placeholders}"),
        ("hotlines", 'yorisoi: {phone: "0120-279-338"}', "hotlines.yorisoi.phone: is no field"),
        ("schemes", 'national-001: {titel: "Advice"}', "schemes.national-001.titel: is no field"),
        ("questions", 'who: {txt: "Who?"}', "questions.who.txt: is no field"),
        ("questions", f'who: {{options: {{self: "{"x" * 41}"}}}}', "41 letters long, at most 40"),
        ("questions", f'who: {{options: {{self: {{label: "Me", short: "{"x" * 21}"}}}}}}', "at most 20"),
        ("talk", f'back: "{"x" * 21}"', "talk.back: is 21 letters long, at most 20"),
        ("phrases", '"「〇〇のことで、相談したい」と言ってください。": "Ask."', "has other {placeholders}"),
        ("crisis", 'replies: {S1: {2: "Call 119."}}', "crisis.replies.S1.2: has other {placeholders}"),
    ],
)
def test_a_file_that_cannot_be_used_is_named(english: Write, file: str, words: str, named: str) -> None:
    with pytest.raises(ContentError, match=re.escape(named)) as error:
        english(**{file: words}).said_in("en")
    assert error.value.file == f"texts/en/{file}.yaml"


@pytest.mark.parametrize(
    ("file", "words", "key"),
    [
        ("web", 'elsewhere: {danger: "Call 911."}', "web.elsewhere.danger"),
        ("danger", 'help: "0120-061-338, 0120-279-339, 119, 110"', "danger.help"),
        ("hotlines", 'yorisoi: {name: "Yorisoi 0120-000-000"}', "hotlines.yorisoi.name"),
        ("crisis", 'replies: {O0: {1: "Call 911 or 110."}}', "crisis.replies.O0.1"),
    ],
)
def test_words_with_other_numbers_are_not_said_but_named(
    english: Write, file: str, words: str, key: str
) -> None:
    content = english(**{file: words})
    said = content.said_in("en")
    assert f"{key}（番号が日本語とちがいます）" in content.untranslated()["en"]
    assert said.texts == content.texts
    assert said.hotlines["yorisoi"].name == "よりそいホットライン"
    assert said.crisis_replies.by_key == content.crisis_replies.by_key


def test_two_answers_with_the_same_words_are_an_error(english: Write) -> None:
    with pytest.raises(ContentError, match=r"questions\.who"):
        english(questions='who: {options: {self: "Me", family: "me"}}').said_in("en")


def test_yes_and_no_need_no_quotes(english: Write) -> None:
    said = english(talk="yes: Yes please\nno: No thanks").said_in("en")
    assert (said.texts.get("talk.yes"), said.texts.get("talk.no")) == ("Yes please", "No thanks")


# ---- what is missing -----------------------------------------------------------------------------------------


def test_what_a_language_lacks_and_what_it_says_in_vain_are_named(english: Write) -> None:
    content = english(
        web='brand: "T"\nlong_gone: "x"', schemes='national-999: {title: "x"}', handbok='town: {ask: "x"}'
    )
    names = content.untranslated()["en"]
    assert "web.home.title" in names
    assert "questions.worry.options.money.label" in names
    assert "schemes.national-001.title" in names
    assert "crisis.replies.S0.1" in names
    assert "web.brand" not in names
    assert not [name for name in names if name.startswith(("web.details", "desk.", "schemes.national-004"))]
    left = {name.partition("（")[0] for name in names if name.endswith("（日本語にはありません）")}
    assert left == {"web.long_gone", "schemes.national-999.title", "handbok.town"}


@pytest.mark.parametrize("language", OTHERS)
def test_nothing_is_missing_and_nothing_is_left_over(language: str) -> None:
    assert the_content().untranslated()[language] == ()


@pytest.mark.parametrize("language", OTHERS)
def test_every_answer_to_words_of_danger_is_there_with_its_numbers(language: str) -> None:
    said = the_content().said_in(language)
    for key, reply in the_content().crisis_replies.by_key.items():
        for number, message in enumerate(reply.messages, 1):
            words = said.own[f"crisis.replies.{key}.{number}"]
            assert set(re.findall("119|110|189|#8008", words)) == set(
                re.findall("119|110|189|#8008", message)
            )


def test_easy_japanese_has_a_reading_for_every_kanji_of_the_questions() -> None:
    """But for the three that stand beside the emergency numbers, in short."""
    said = the_content().said_in("ja-easy")
    bare = re.compile(r"[\u4e00-\u9fff々]+(?![\u4e00-\u9fff々]|（[ぁ-ゖー]+）)")
    for question in said.questions:
        for words in (question.text, *(option.label for option in question.options)):
            assert not bare.search(words), words


# ---- size ----------------------------------------------------------------------------------------------------


def test_what_can_be_said_is_all_that_a_language_may_hold() -> None:
    can_be = sayable(the_content())
    assert len(can_be) > 1_000
    assert can_be["talk.back"].longest == 20
    assert not can_be["desk.list.title"].needed if "desk.list.title" in can_be else True


def test_commands_that_need_only_japanese_read_no_other_language(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(content: Content, language: str) -> dict[str, str]:
        raise AssertionError(f"{language} was read")

    monkeypatch.setattr("bot.content.library.load_translation", never)
    assert peek_content(ROOT / "content").texts.get("web.brand")
