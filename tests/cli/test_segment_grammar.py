"""How staff write whom a broadcast is for: what is understood, and where it is not."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.cli.segment_grammar import (
    LONGEST,
    And,
    Condition,
    Everyone,
    Except,
    Named,
    NotUnderstood,
    Or,
    Typed,
    parse,
    typable,
)


def short(typed: Typed) -> str:
    """The tree with every bracket written: &, |, !."""
    match typed:
        case Condition(field, values):
            return f"{field.text}={','.join(value.text for value in values)}"
        case Named(name):
            return f"@{name.text}"
        case Everyone():
            return "*"
        case And(parts):
            return f"({' & '.join(short(part) for part in parts)})"
        case Or(parts):
            return f"({' | '.join(short(part) for part in parts)})"
        case Except(part):
            return f"!{short(part)}"


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("town=鳥取市", "town=鳥取市"),
        (" town = 鳥取市 , 岩美町 ", "town=鳥取市,岩美町"),
        ("town=鳥取市、岩美町", "town=鳥取市,岩美町"),
        ("everyone", "*"),
        ("全員", "*"),
        ("(town=a or topic=b) and not district=c", "((town=a | topic=b) & !district=c)"),
        (
            "（市町＝鳥取市　または　話題＝講座）かつ 役割=サポーター",
            "((市町=鳥取市 | 話題=講座) & 役割=サポーター)",
        ),
        ("市町=鳥取市または話題=講座・研修", "(市町=鳥取市 | 話題=講座・研修)"),
        ("市町=鳥取市かつ話題=講座", "(市町=鳥取市 & 話題=講座)"),
        ("市町=鳥取市以外", "!市町=鳥取市"),
        ("市町=鳥取市以外かつ役割=住民", "(!市町=鳥取市 & 役割=住民)"),
        ("(town=a または town=b) 以外", "!(town=a | town=b)"),
        ("全員かつ市町=鳥取市以外", "(* & !市町=鳥取市)"),
        ("not (town=a and not role=b)", "!(town=a & !role=b)"),
        ("NOT town=a AND town=b", "(!town=a & town=b)"),
        ("town=a and town=b and town=c", "(town=a & town=b & town=c)"),
        ("@常連 and not @新しい人", "(@常連 & !@新しい人)"),
        ("@常連以外", "!@常連"),
        ('course="秋の 講座" or seat=「冬, 講座」', "(course=秋の 講座 | seat=冬, 講座)"),
        ("course=とんかつ講座", "course=とんかつ講座"),
        ("course=とんかつ", "course=とんかつ"),
        ("orange=1", "orange=1"),
        ("((town=a))", "town=a"),
    ],
)
def test_what_staff_type_is_understood(typed: str, meant: str) -> None:
    assert short(parse(typed, "--to")) == meant


@pytest.mark.parametrize(
    ("typed", "said", "at"),
    [
        ("", "とちゅうで", 0),
        ("twon", "項目=値", 0),
        ("town=", "値がありません", 5),
        ("town=,", "値がありません", 6),
        ("(town=a", "とじられていません", 0),
        ("role=b and (town=a", "とじられていません", 11),
        ("town=a)", "合う「(」", 6),
        ("()", "条件がありません", 1),
        ("town=a town=b", "あいだに", 7),
        ("town=a かつ", "とちゅうで", 9),
        ("town=a and", "とちゅうで", 10),
        ("town=a or town=b and role=c", "まざっています", 17),
        ("and town=a", "項目=値", 0),
        ("a=1 or b=1 or c", "項目=値", 14),
    ],
)
def test_what_is_not_understood_names_its_place(typed: str, said: str, at: int) -> None:
    with pytest.raises(NotUnderstood, match=re.escape(said)) as wrong:
        parse(typed, "--to")
    assert wrong.value.place.at == at


def test_brackets_say_what_belongs_together_where_both_words_stand() -> None:
    assert short(parse("town=a or (town=b and role=c)", "--to")) == "(town=a | (town=b & role=c))"


@pytest.mark.parametrize(
    "typed",
    [
        "(" * 30 + "town=a" + ")" * 30,
        "not " * 30 + "town=a",
        "(" * 100_000,
        " or ".join(["town=a"] * 201),
        "town=" + ",".join("a" * 201),
        "town=" + "a" * LONGEST,
    ],
)
def test_what_is_too_large_is_refused_and_not_tried(typed: str) -> None:
    with pytest.raises(NotUnderstood, match=r"こみ入りすぎ|多すぎ|長すぎ"):
        parse(typed, "--to")


@given(st.text(alphabet='()=, @"「」abかつまたは以外notrde、＝（）　', max_size=60))
def test_whatever_is_typed_is_understood_or_refused_in_words(typed: str) -> None:
    wrong: NotUnderstood | None = None
    try:
        parse(typed, "--to")
    except NotUnderstood as refused:
        wrong = refused
    assert wrong is None or (str(wrong) and 0 <= wrong.place.at <= len(typed))


@given(st.text(min_size=1, max_size=12))
def test_a_name_that_counts_as_typable_is_one(name: str) -> None:
    if typable(name):
        assert short(parse(f"@{name} and not @{name}", "--to")) == f"(@{name} & !@{name})"
        assert short(parse(f"(@{name})", "--to")) == f"@{name}"


@pytest.mark.parametrize("name", ["a b", "a,b", "(a", "a=b", "@a", "常連以外", 'a"', ""])
def test_a_name_that_cannot_be_typed_is_known_as_such(name: str) -> None:
    assert not typable(name)
