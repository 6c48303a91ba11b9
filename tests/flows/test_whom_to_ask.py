"""「どこに相談すればいい？」: two questions, then desks and lines."""

from __future__ import annotations

import itertools

import pytest
from interview import Interview
from town import MORNING, context, the_content

from bot.flows.effects import ShowWindows


def windows(town: str, trouble: str) -> ShowWindows:
    (effect,) = Interview("whom_to_ask").says(town=town, trouble=trouble).effects
    assert isinstance(effect, ShowWindows)
    return effect


def test_it_asks_for_the_town_and_the_trouble() -> None:
    assert Interview("whom_to_ask").asks == "town"
    asking = Interview("whom_to_ask").says(town="kami")
    assert asking.asks == "trouble"
    assert asking.offers == list(the_content().troubles)


@pytest.mark.parametrize("town", the_content().towns)
def test_every_trouble_in_every_town_ends_in_desks_of_that_town_and_lines(town: str) -> None:
    for trouble in the_content().troubles.values():
        shown = windows(town, trouble.key)
        assert shown.windows
        assert all(town in the_content().windows_by_key[key].serves for key in shown.windows)
        assert the_content().general_window(town).key in shown.windows
        assert shown.hotlines == trouble.hotlines


def test_no_desk_is_shown_twice() -> None:
    for town, trouble in itertools.product(the_content().towns, the_content().troubles):
        shown = windows(town, trouble).windows
        assert len(set(shown)) == len(shown)


def test_the_desk_for_the_trouble_comes_before_the_general_one() -> None:
    assert windows("tottori", "money").windows[0] == "tottori_personal_support"
    assert windows("tottori", "fear").windows[0] == "tottori_pref_dv"


def test_who_does_not_say_the_town_gets_the_central_one() -> None:
    assert windows("skip", "money") == windows("tottori", "money")


def test_at_night_a_line_that_is_always_there_is_among_them() -> None:
    at_night = context(now=MORNING.replace(hour=3))
    (effect,) = Interview("whom_to_ask", at_night).says(town="kami", trouble="work").effects
    assert isinstance(effect, ShowWindows)
    assert effect.hotlines == (*the_content().troubles["work"].hotlines, "yorisoi")


def test_what_it_is_about_can_be_said_at_the_desk() -> None:
    assert windows("kami", "money").about == "お金"


def test_a_channel_with_one_town_does_not_ask_for_it() -> None:
    assert Interview("whom_to_ask", context(towns=("iwami",))).asks == "trouble"
