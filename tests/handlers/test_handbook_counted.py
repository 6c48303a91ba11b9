"""Counting the handbook's use on LINE: in the turn's own unit of work, each step once."""

from __future__ import annotations

from collections import Counter

import pytest
from town import Town

from bot.handlers import handbook_visits
from bot.handlers.turn import Turn
from storage import handbook_tags
from storage.handbook_tags import Tag
from storage.handbook_usage import handbook_months


def counted(town: Town) -> Counter[tuple[str, str]]:
    return Counter({(row.event, row.about): row.count for row in town.rows(handbook_months)})


def tagged(town: Town) -> set[tuple[str, str, str]]:
    return {(row.tag, row.town, row.way) for row in town.rows(handbook_months) if not row.about}


def test_a_walk_on_line_is_counted_step_by_step(town: Town) -> None:
    phone = town.friend()
    phone.types("お悩みハンドブック")
    assert counted(town)["opened", ""] == counted(town)["began", ""] == counted(town)["shown", "town"] == 1
    phone.taps("岩美町")
    found = counted(town)
    assert found["answered", "town"] == found["shown", "who"] == 1
    phone.types("戻る")
    phone.taps("岩美町")
    assert counted(town) == found
    phone.taps("自分のこと")
    phone.taps("お金")
    phone.types("ここまでの結果を見る")
    assert max(counted(town).values()) == 1


@pytest.mark.parametrize(
    ("typed", "as_"),
    [
        ("ハンドブック spray", ("spray", "tottori", "line")),
        ("お悩みハンドブック　ＳＰＲＡＹ", ("spray", "tottori", "line")),
        ("ハンドブック made-up", ("other", "", "line")),
        ("ハンドブック", ("", "", "line")),
    ],
)
def test_the_word_that_stands_in_the_chat_brings_its_tag(
    town: Town, typed: str, as_: tuple[str, str, str]
) -> None:
    with town.services.db.work() as work:
        handbook_tags.keep(work, Tag("spray", "スプレー", "駅前", "tottori"))
    town.friend().types(typed)
    assert tagged(town) == {as_}


@pytest.mark.parametrize("typed", ["支援 お金", "ハンドブック spray よろしく", "窓口 spray", "spray"])
def test_other_words_bring_none(town: Town, typed: str) -> None:
    town.friend().types(typed)
    assert "spray" not in {tag for tag, *_ in tagged(town)}


def test_what_was_counted_goes_with_the_answers(town: Town) -> None:
    """It stands in the sealed answers, which are wiped; the counters name nobody."""
    phone = town.friend()
    phone.types("お悩みハンドブック")
    phone.types("やめる")
    assert handbook_visits.VISIT not in town.everything_stored()


def test_another_conversation_is_not_counted(town: Town) -> None:
    town.friend().types("窓口")
    assert counted(town) == Counter()


def test_an_event_that_fails_counts_nothing_and_is_counted_when_it_comes_again(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    phone = town.friend()
    event = phone.event(
        {
            "type": "message",
            "message": {"type": "text", "id": "m1", "quoteToken": "q", "text": "ハンドブック"},
        }
    )
    with monkeypatch.context() as broken:
        broken.setattr(Turn, "answers", _fails)
        assert phone.post([event]) == 500
    assert counted(town) == Counter()
    phone.post([event])
    phone.post([event])
    assert counted(town)["opened", ""] == 1


def _fails(_turn: Turn) -> None:
    raise RuntimeError
