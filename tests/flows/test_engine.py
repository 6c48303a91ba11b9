"""Replaying: answers in, the next question or the effects out; and what follows from that without any code."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from bot.flows.context import Context
from bot.flows.effects import Effect, Say
from bot.flows.engine import Asking, EndlessTalk, Finished, back, on_path, play
from bot.flows.talk import SKIP, NotAnAnswer, Talk, choice, many, pick, words, yes_no

NOBODY = cast(Context, SimpleNamespace())


def rent_help(_ctx: Context) -> Talk[list[Effect]]:
    """The example of the design: own or rented, how much, which troubles."""
    home = yield from pick("home", "rent", "own")
    if home == "own":
        return [Say("rent_help.only_for_tenants")]
    troubles = yield from many("troubles", "late", "evicted", "too_small")
    why = yield from choice("why", "job", "health", skippable=True)
    if "late" in troubles and (yield from yes_no("call_me")):
        return [Say("rent_help.we_will_call", {"why": why or "unknown"})]
    return [Say("rent_help.done", {"why": why or "unknown"})]


def asked(answers: dict[str, Any]) -> str:
    now = play(rent_help, NOBODY, answers)
    assert isinstance(now, Asking)
    return now.question.key


def ends(answers: dict[str, Any]) -> tuple[Effect, ...]:
    now = play(rent_help, NOBODY, answers)
    assert isinstance(now, Finished)
    return now.effects


ALL = {
    "home": "rent",
    "troubles": {"picks": ["late"], "done": True},
    "why": "job",
    "call_me": "yes",
}


def test_a_conversation_begins_with_its_first_question() -> None:
    now = play(rent_help, NOBODY, {})
    assert isinstance(now, Asking)
    assert now.question.key == "home"
    assert now.asked == ()


def test_each_answer_leads_to_the_next_question() -> None:
    assert asked({"home": "rent"}) == "troubles"
    assert asked({"home": "rent", "troubles": {"picks": [], "done": True}}) == "why"


def test_an_answer_may_end_it_early() -> None:
    assert ends({"home": "own"}) == (Say("rent_help.only_for_tenants"),)


def test_all_answers_end_in_what_shall_happen() -> None:
    assert ends(ALL) == (Say("rent_help.we_will_call", {"why": "job"}),)


def test_skipping_is_an_answer_that_says_nothing() -> None:
    assert ends(ALL | {"why": SKIP}) == (Say("rent_help.we_will_call", {"why": "unknown"}),)


def test_the_questions_so_far_are_told_in_order() -> None:
    now = play(rent_help, NOBODY, ALL)
    assert [question.key for question in now.asked] == ["home", "troubles", "why", "call_me"]


def test_replaying_twice_gives_the_same() -> None:
    assert play(rent_help, NOBODY, ALL) == play(rent_help, NOBODY, ALL)


def test_answers_that_no_question_asks_for_do_no_harm() -> None:
    assert ends({"home": "own", "gone": "x", "_said": {"home": "m1"}}) == (Say("rent_help.only_for_tenants"),)


def test_several_answers_are_asked_for_until_they_are_done() -> None:
    assert asked({"home": "rent", "troubles": {"picks": ["late"], "done": False}}) == "troubles"


def test_back_drops_the_last_answer() -> None:
    left = back(rent_help, NOBODY, {"home": "rent", "troubles": {"picks": ["late"], "done": True}})
    assert left == {"home": "rent"}
    assert asked(left) == "troubles"


def test_back_at_the_first_question_changes_nothing() -> None:
    assert back(rent_help, NOBODY, {}) == {}


def test_back_first_takes_away_what_was_half_picked() -> None:
    left = back(rent_help, NOBODY, {"home": "rent", "troubles": {"picks": ["late"], "done": False}})
    assert left == {"home": "rent"}


def test_back_again_and_again_leads_to_the_beginning() -> None:
    answers: dict[str, Any] = {k: v for k, v in ALL.items() if k != "call_me"}
    for _ in range(len(ALL)):
        answers = back(rent_help, NOBODY, answers)
    assert answers == {}


def test_replacing_an_old_answer_goes_on_from_there() -> None:
    assert ends(ALL | {"home": "own"}) == (Say("rent_help.only_for_tenants"),)
    assert ends(ALL | {"troubles": {"picks": ["evicted"], "done": True}}) == (
        Say("rent_help.done", {"why": "job"}),
    )


def test_a_question_that_a_release_adds_is_simply_asked() -> None:
    def newer(_ctx: Context) -> Talk[list[Effect]]:
        yield from pick("home", "rent", "own")
        yield from pick("floor", "ground", "upper")
        yield from many("troubles", "late", "evicted", "too_small")
        return []

    now = play(newer, NOBODY, ALL)
    assert isinstance(now, Asking)
    assert now.question.key == "floor"
    assert isinstance(play(newer, NOBODY, ALL | {"floor": "ground"}), Finished)


def test_an_answer_that_a_release_took_away_is_asked_anew() -> None:
    assert asked(ALL | {"why": "weather"}) == "why"


def test_a_flow_may_refuse_an_answer_and_the_question_is_asked_again() -> None:
    def with_code(_ctx: Context) -> Talk[list[Effect]]:
        first = yield from pick("first", "a", "b")
        if (yield from words("code")) != "sesame":
            raise NotAnAnswer("flow.wrong", hint=first)
        return [Say("flow.right")]

    now = play(with_code, NOBODY, {"first": "a", "code": "open"})
    assert isinstance(now, Asking)
    assert now.question.key == "code"
    assert [question.key for question in now.asked] == ["first"]
    assert now.refused is not None
    assert (now.refused.text_key, now.refused.params) == ("flow.wrong", {"hint": "a"})
    assert isinstance(play(with_code, NOBODY, {"first": "a", "code": "sesame"}), Finished)


def test_asking_the_same_twice_is_found_at_once() -> None:
    def twice(_ctx: Context) -> Talk[list[Effect]]:
        yield from pick("home", "rent", "own")
        yield from pick("home", "rent", "own")
        return []

    with pytest.raises(EndlessTalk):
        play(twice, NOBODY, {"home": "rent"})


def test_a_talk_without_end_is_stopped() -> None:
    def endless(_ctx: Context) -> Talk[list[Effect]]:
        number = 0
        while True:
            number += 1
            yield from pick(f"q{number}", "go_on")

    with pytest.raises(EndlessTalk):
        play(endless, NOBODY, {f"q{n}": "go_on" for n in range(1, 500)})


def test_a_question_of_the_present_path_is_found_by_its_key() -> None:
    found = on_path(rent_help, NOBODY, {"home": "rent"}, "home")
    assert found is not None
    assert found.key == "home"
    open_one = on_path(rent_help, NOBODY, {"home": "rent"}, "troubles")
    assert open_one is not None


def test_a_question_of_a_path_that_was_left_is_not_found() -> None:
    assert on_path(rent_help, NOBODY, ALL | {"home": "own"}, "why") is None
    assert on_path(rent_help, NOBODY, {"home": "rent"}, "why") is None
