""" "Is X reported already?": whoever asks learns nothing, whether X is known or not."""

from __future__ import annotations

import json

import pytest
from phone import Phone
from town import Town

from storage import concerns

REPORTED, NOT_REPORTED = "佐藤", "鈴木"
QUESTIONS = [
    "{0}さんは連絡されていますか",
    "{0}さんのことは、だれか知らせましたか",
    "{0}さん",
    "岩美町の{0}さんの受付番号を教えてください",
]


@pytest.fixture
def asked_about(town: Town) -> Phone:
    """Somebody asks, after another person has reported 佐藤さん with all details."""
    other = town.friend()
    other.types("気になる人がいる")
    for label in ("いいえ", "岩美町", "高齢の人のもの忘れ・変化", "もっと前から", "知らない", "はい、送る"):
        other.taps(label)
    with town.services.db.work() as work:
        (concern,) = concerns.listed(work)
        concerns.add_details(
            work, concern, {"who": f"{REPORTED}さん", "where": "岩美町浦富", "what": "見ない"}
        )
    return town.friend()


@pytest.mark.parametrize("question", QUESTIONS)
def test_the_answer_is_the_same_byte_for_byte(asked_about: Phone, question: str) -> None:
    answers = []
    for name in (REPORTED, NOT_REPORTED):
        asked_about.types(question.format(name))
        answers.append(json.dumps(asked_about.got, ensure_ascii=False))
    assert answers[0] == answers[1]
    assert "お返事ができません" in answers[0]


def test_in_the_middle_of_a_report_it_is_the_same_too(asked_about: Phone) -> None:
    asked_about.types("気になる人がいる")
    asked_about.taps("いいえ")
    answers = []
    for name in (REPORTED, NOT_REPORTED):
        asked_about.types(f"{name}さんは連絡されていますか")
        answers.append(json.dumps(asked_about.got, ensure_ascii=False))
    assert answers[0] == answers[1]


def test_reporting_the_same_neighbour_again_looks_like_the_first_time(town: Town, asked_about: Phone) -> None:
    """Two supporters, one neighbour: both are kept, and neither learns of the other."""
    asked_about.types("気になる人がいる")
    for label in ("いいえ", "岩美町", "高齢の人のもの忘れ・変化", "もっと前から", "知らない", "はい、送る"):
        asked_about.taps(label)
    with town.services.db.look() as work:
        both = concerns.listed(work)
    assert len(both) == 2
    assert sum(one.number in asked_about.sees for one in both) == 1
