"""The conversations of 「登録の内容」 and 「お知らせ」: where somebody lives, which news they want, and in which language."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace

import pytest
from town import context

from bot.content.news import Rhythm
from bot.flows.context import Context, Enrolled, Visitor
from bot.flows.effects import ChangeLanguage, ChangePlace, ChangeTopics, Say
from bot.flows.engine import Asking, Finished, play
from bot.flows.my_language import my_language
from bot.flows.my_place import my_place
from bot.flows.my_topics import my_topics
from bot.flows.talk import Tapped, Typed, understand
from bot.wording import labels_of

ONE = Enrolled("one", dt.date(2026, 12, 1))
TWO = Enrolled("two", dt.date(2027, 1, 1))


def seen_by(
    *enrolled: Enrolled, news: Mapping[str, Rhythm] | None = None, towns: tuple[str, ...] | None = None
) -> Context:
    visitor = Visitor(True, "tottori", "kita", enrolled=enrolled, news=news or {})
    return replace(context(towns=towns), visitor=visitor)


def test_residents_have_no_place_in_the_register_to_change() -> None:
    end = play(my_place, replace(context(), visitor=Visitor()), {})
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
    news: dict[str, Rhythm] = {"shokudo": "month", "long_gone": "week", "disaster": "month"}
    asking = play(my_topics, seen_by(ONE, news=news), {})
    assert isinstance(asking, Asking)
    assert asking.question.hint == "いまは：地域食堂（月に1回）、災害のときの声かけ（そのつど）"


def test_no_news_at_all_can_be_tapped_and_typed() -> None:
    ctx = seen_by(ONE)
    asking = play(my_topics, ctx, {})
    assert isinstance(asking, Asking)
    labels = labels_of(asking.question, "my_topics", ctx.content.texts)
    for given in (Tapped("none"), Typed("いらない")):
        answer = understand(asking.question, given, labels)
        end = play(my_topics, ctx, {"topics": answer})
        assert isinstance(end, Finished)
        assert end.effects == (ChangeTopics({}), Say("my_topics.done_none"))


def test_several_kinds_of_news_may_be_chosen_and_one_rhythm_for_all() -> None:
    picked = {"topics": {"picks": ["events", "tips"], "done": True}}
    asking = play(my_topics, seen_by(ONE), picked)
    assert isinstance(asking, Asking)
    assert (asking.question.key, asking.question.hint) == ("rhythm", None)
    end = play(my_topics, seen_by(ONE), {**picked, "rhythm": "month"})
    assert isinstance(end, Finished)
    said = Say("my_topics.done", {"news": "・集まり・行事（月に1回）\n・声をかけるときのコツ（月に1回）"})
    assert end.effects == (ChangeTopics({"events": "month", "tips": "month"}), said)


def test_who_wants_news_of_disasters_is_told_that_they_come_at_once() -> None:
    picked = {"topics": {"picks": ["events", "disaster"], "done": True}}
    asking = play(my_topics, seen_by(ONE), picked)
    assert isinstance(asking, Asking)
    assert asking.question.hint == "災害のときの声かけは、いつも「そのつど」届きます。"
    end = play(my_topics, seen_by(ONE), {**picked, "rhythm": "week"})
    assert isinstance(end, Finished)
    assert "災害のときの声かけ（そのつど）" in str(end.effects[1])


def test_who_wants_nothing_else_is_not_asked_how_often() -> None:
    end = play(my_topics, seen_by(ONE), {"topics": {"picks": ["disaster"], "done": True}})
    assert isinstance(end, Finished)
    assert end.effects[0] == ChangeTopics({"disaster": "each"})


def test_a_resident_says_of_which_town() -> None:
    ctx = replace(context(), visitor=Visitor())
    first = play(my_topics, ctx, {})
    assert isinstance(first, Asking)
    assert first.question.key == "town"
    picked = {"town": "iwami", "topics": {"picks": ["events"], "done": True}, "rhythm": "week"}
    end = play(my_topics, ctx, picked)
    assert isinstance(end, Finished)
    assert end.effects[0] == ChangeTopics({"events": "week"}, "iwami")


def test_a_resident_of_a_channel_with_one_town_is_not_asked_which() -> None:
    ctx = replace(context(towns=("wakasa",)), visitor=Visitor())
    end = play(my_topics, ctx, {"topics": {"picks": [], "done": True}})
    assert isinstance(end, Finished)
    assert end.effects[0] == ChangeTopics({}, "wakasa")


@pytest.mark.parametrize(
    ("said", "key"),
    [
        ("English", "en"),
        ("中文", "zh-Hans"),
        ("tiếng việt", "vi"),
        ("Portugues", "pt-BR"),
        ("にほんご", "ja"),
    ],
)
def test_a_language_is_chosen_by_its_own_name(said: str, key: str) -> None:
    asking = play(my_language, seen_by(), {})
    assert isinstance(asking, Asking)
    labels = labels_of(asking.question, "my_language", context().content.texts)
    assert understand(asking.question, Typed(said), labels) == key
    end = play(my_language, seen_by(), {"language": key})
    assert isinstance(end, Finished)
    assert end.effects == (ChangeLanguage(key),)


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
