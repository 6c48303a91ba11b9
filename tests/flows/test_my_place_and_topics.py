"""The two conversations of 「登録の内容」: where somebody lives, and which news they want."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
from town import context

from bot.flows.context import Context, Enrolled, Visitor
from bot.flows.effects import ChangePlace, ChangeTopics, Say
from bot.flows.engine import Asking, Finished, play
from bot.flows.my_place import my_place
from bot.flows.my_topics import my_topics
from bot.flows.talk import Tapped, Typed, understand
from bot.wording import labels_of

ONE = Enrolled("one", dt.date(2026, 12, 1))
TWO = Enrolled("two", dt.date(2027, 1, 1))


def seen_by(
    *enrolled: Enrolled, topics: tuple[str, ...] = (), towns: tuple[str, ...] | None = None
) -> Context:
    visitor = Visitor(True, "tottori", "kita", topics, enrolled=enrolled)
    return replace(context(towns=towns), visitor=visitor)


def test_residents_are_told_that_they_are_not_registered() -> None:
    ctx = replace(context(), visitor=Visitor())
    for flow in (my_place, my_topics):
        end = play(flow, ctx, {})
        assert isinstance(end, Finished)
        assert end.effects == (Say("life.not_registered"),)


def test_who_moves_within_a_town_with_districts_names_both() -> None:
    end = play(my_place, seen_by(ONE), {"town": "tottori", "district": "aoya"})
    assert isinstance(end, Finished)
    assert end.effects[0] == ChangePlace("one", "tottori", "aoya")


def test_a_town_with_one_district_is_not_asked_about_it() -> None:
    end = play(my_place, seen_by(ONE), {"town": "wakasa"})
    assert isinstance(end, Finished)
    assert end.effects[0] == ChangePlace("one", "wakasa", "whole")


def test_a_family_is_asked_who() -> None:
    first = play(my_place, seen_by(ONE, TWO), {})
    assert isinstance(first, Asking)
    assert first.question.key == "who"
    end = play(my_place, seen_by(ONE, TWO), {"who": "two", "town": "wakasa"})
    assert isinstance(end, Finished)
    assert end.effects[0] == ChangePlace("two", "wakasa", "whole")


def test_somebody_who_was_erased_meanwhile_is_asked_anew() -> None:
    first = play(my_place, seen_by(ONE, TWO), {"who": "three", "town": "wakasa"})
    assert isinstance(first, Asking)


def test_the_news_of_today_are_named_before_new_ones_are_chosen() -> None:
    asking = play(my_topics, seen_by(ONE, topics=("shokudo", "long_gone")), {})
    assert isinstance(asking, Asking)
    assert asking.question.hint == "いまは：地域食堂"


def test_no_news_at_all_can_be_tapped_and_typed() -> None:
    ctx = seen_by(ONE)
    asking = play(my_topics, ctx, {})
    assert isinstance(asking, Asking)
    labels = labels_of(asking.question, "my_topics", ctx.content.texts)
    for given in (Tapped("none"), Typed("いらない")):
        answer = understand(asking.question, given, labels)
        end = play(my_topics, ctx, {"topics": answer})
        assert isinstance(end, Finished)
        assert end.effects[0] == ChangeTopics(())


def test_several_kinds_of_news_may_be_chosen() -> None:
    end = play(my_topics, seen_by(ONE), {"topics": {"picks": ["events", "tips"], "done": True}})
    assert isinstance(end, Finished)
    assert end.effects == (ChangeTopics(("events", "tips")), Say("my_topics.done"))


@pytest.mark.parametrize(
    "said", ["ことうちゅう", "湖東", "ことう", "湖東中", "コトウ", "湖東中学校", "ことうちゅうがっこう"]
)
def test_a_district_may_be_typed_as_it_is_called(said: str) -> None:
    asking = play(my_place, seen_by(ONE), {"town": "tottori"})
    assert isinstance(asking, Asking)
    labels = labels_of(asking.question, "my_place", context().content.texts)
    assert understand(asking.question, Typed(said), labels) == "koto"


@pytest.mark.parametrize(
    ("said", "meant"), [("東中", "higashi"), ("ひがし", "higashi"), ("みなみ", "minami")]
)
def test_the_short_name_of_one_district_is_not_taken_for_a_part_of_another(said: str, meant: str) -> None:
    asking = play(my_place, seen_by(ONE), {"town": "tottori"})
    assert isinstance(asking, Asking)
    labels = labels_of(asking.question, "my_place", context().content.texts)
    assert understand(asking.question, Typed(said), labels) == meant
