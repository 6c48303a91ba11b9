"""Families of words: a word that nobody taught is read as one of its family."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bot.crisis import detect, load_lexicon
from bot.crisis.examples import SERVICE, Example, load_examples
from bot.crisis.families import NONE, is_mark, load_families
from bot.crisis.normalise import Normal, normalise
from bot.crisis.opinion import load_opinion, runs_of, second_opinion
from bot.crisis.training import as_json, learn

FOLDER = Path(__file__).parent.parent / "content" / "crisis"
LEXICON = load_lexicon(FOLDER / "lexicon.yaml")
FAMILIES = LEXICON.families


def example(text: str, *, danger: bool) -> Example:
    who, level = ("self", "S1") if danger else ("none", "none")
    return Example(text, who, level, "suicide" if danger else "none", "indirect", "own", "ordinary")


def read(text: str) -> Normal:
    return normalise(text)


def test_the_longest_word_of_a_family_is_read_first() -> None:
    marked = FAMILIES.marked("睡眠薬をのむ")
    assert FAMILIES.spelled(marked).startswith("〔薬・毒〕を")
    assert FAMILIES.marked("睡眠薬") == FAMILIES.marked("薬")


def test_katakana_and_hiragana_are_one_word() -> None:
    assert FAMILIES.marked("ろぷ") == FAMILIES.marked("縄")


def test_marks_never_stand_in_what_people_type() -> None:
    marks = "".join(sorted(set(FAMILIES.marks.values())))
    assert all(is_mark(mark) for mark in marks)
    assert not any(is_mark(letter) for letter in normalise(marks).ja)


def test_runs_with_a_family_stand_beside_the_letters_themselves() -> None:
    mark = FAMILIES.marked("縄")
    assert {"縄", "縄を", mark, f"^{mark}を"} <= runs_of("縄を", FAMILIES)
    assert not any(is_mark(letter) for run in runs_of("縄を", NONE) for letter in run)


def test_what_was_learned_of_one_word_is_heard_in_another_of_its_family() -> None:
    verbs = ("用意した", "買った", "さがした", "置いた", "もらった", "出した")
    danger = [f"{word}を{verb}" for word in ("縄", "紐", "ネクタイ", "鴨居", "踏み台") for verb in verbs]
    harmless = [f"{word}を{verb}" for word in ("弁当", "お茶", "書類", "椅子", "帽子") for verb in verbs]
    taught = [example(text, danger=text in danger) for text in danger + harmless]
    opinion = learn(taught, read, FAMILIES)
    rope, pen = (second_opinion(read(f"{word}を見た"), opinion) for word in ("ロープ", "鉛筆"))
    assert rope is not None
    assert pen is not None
    assert rope.score > pen.score


def test_learning_twice_gives_the_same_bytes() -> None:
    some = [one for one in load_examples(FOLDER / "examples.csv") if one.batch == "voices_g"][::5]
    first = as_json(learn(some, read, FAMILIES))
    assert first == as_json(learn(reversed(some), read, FAMILIES))


def test_passages_with_a_plain_word_get_a_limit_of_their_own() -> None:
    some = [one for one in load_examples(FOLDER / "examples.csv") if one.batch in ("voices_g", "voices_o1")][
        ::3
    ]
    plain = learn(some, read, FAMILIES, LEXICON.plain)
    assert plain.plain_threshold <= plain.threshold
    assert plain.danger == learn(some, read, FAMILIES).danger  # only the limits differ, not what was learned


def test_without_ordinary_messages_no_limit_can_be_chosen() -> None:
    with pytest.raises(ValueError, match="no ordinary messages"):
        learn([replace(example("縄を買った", danger=True), batch="rules")], read, FAMILIES)


def test_a_word_in_two_families_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "families.yaml"
    file.write_text("縄: 縄 ロープ\n薬: 薬 ろーぷ\n", encoding="utf-8")
    with pytest.raises(ValueError, match="ろーぷ stands in another family"):
        load_families(file)


@pytest.mark.parametrize("broken", ["- 縄", "縄: [縄, ロープ]", ""])
def test_a_file_that_holds_no_families_is_refused(tmp_path: Path, broken: str) -> None:
    file = tmp_path / "families.yaml"
    file.write_text(broken, encoding="utf-8")
    with pytest.raises(ValueError, match=r"^families\.yaml"):
        load_families(file)


def test_weights_that_are_no_whole_numbers_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "opinion.json"
    file.write_text(
        '{"threshold": 1, "plain_threshold": 1, "trained_on": "", "danger": {"死": 1.5}, "other": {}}',
        encoding="utf-8",
    )
    with pytest.raises(ValueError, match="whole numbers"):
        load_opinion(file)


SERVICE_WORDS = [one.text for one in load_examples(FOLDER / "examples.csv") if one.batch == SERVICE]


def test_the_services_own_words_are_never_danger() -> None:
    assert len(SERVICE_WORDS) > 1_000
    assert [word for word in SERVICE_WORDS if detect(word, LEXICON)] == []


@pytest.mark.parametrize(
    "typed",
    [
        "もうしこむ",
        "モウシコミ",
        "もうしこみです",
        "もうしこみたいんですが",
        "こうざにもうしこみます",
        "こうざのよやくをおねがいします",
        "とうろくをしたいです",
        "サポーターニナリタイ",
        "あんけーとをだします",
        "へんこうしてください",
    ],
)
def test_who_types_them_in_kana_with_polite_endings_is_not_in_danger(typed: str) -> None:
    assert detect(typed, LEXICON) is None
