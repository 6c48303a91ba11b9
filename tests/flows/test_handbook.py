"""お悩みハンドブック: which answers open which questions, and what they end in."""

from __future__ import annotations

import pytest
from interview import Interview
from town import context, the_content

from bot.flows.effects import GoOn, ShowSchemes
from bot.handbook.recommend import Result


def reading() -> Interview:
    return Interview("handbook")


def about_me(*worries: str) -> Interview:
    return reading().says(town="tottori", who="self", worry=worries)


def result(interview: Interview) -> Result:
    (effect,) = interview.effects
    assert isinstance(effect, ShowSchemes)
    return effect.result


def shown(found: Result) -> list[str]:
    return [one.scheme.id for one in (*found.safety, *found.hubs, *found.chosen, *found.others)]


def test_it_begins_with_the_town_and_then_with_whom_it_is_about() -> None:
    assert reading().asks == "town"
    assert reading().says(town="kami").asks == "who"


def test_the_town_may_be_left_open() -> None:
    done = reading().skips_the_rest()
    (effect,) = done.effects
    assert isinstance(effect, ShowSchemes)
    assert effect.town is None


def test_every_question_may_be_left_unanswered() -> None:
    assert result(reading().skips_the_rest()).fallback


def test_a_member_of_the_family_is_asked_about_in_other_words() -> None:
    me, family = reading().says(town="kami", who="self"), reading().says(town="kami", who="family")
    assert family.words.text != me.words.text
    assert "その人" in family.words.text


def test_a_neighbour_leads_to_the_concern_or_to_what_may_help_them() -> None:
    asking = reading().says(town="kami", who="other")
    assert asking.asks == "for_neighbour"
    assert asking.offers == ["concern", "handbook"]
    assert reading().says(town="kami", who="other", for_neighbour="concern").effects == (GoOn("concern"),)
    assert reading().says(town="kami", who="other", for_neighbour="handbook").asks == "worry"


def test_up_to_three_troubles_are_not_asked_for_again() -> None:
    assert about_me("money", "work", "home").asks == "age"


def test_with_four_troubles_the_three_worst_are_asked_for() -> None:
    asking = about_me("money", "work", "home", "debt")
    assert asking.asks == "top_worries"
    assert asking.offers == ["money", "work", "home", "debt"]
    assert asking.says(top_worries=("money", "work", "home")).asks == "age"


def test_only_the_worst_troubles_open_further_questions() -> None:
    asking = about_me("money", "addiction", "disaster", "foreign")
    asking.says(top_worries=("money", "addiction", "foreign")).skips_the_rest()
    assert "disaster" not in asking.asked
    assert {"addiction", "foreign"} <= set(asking.asked)


def test_fear_of_somebody_close_is_always_asked_about() -> None:
    asking = about_me("money", "family", "disaster", "foreign")
    asking.says(top_worries=("money", "disaster", "foreign")).skips_the_rest()
    assert "fear" in asking.asked


@pytest.mark.parametrize(
    ("worry", "questions"),
    [
        ("money", {"paying", "job", "housing", "law", "body"}),
        ("work", {"paying", "job", "feelings"}),
        ("home", {"paying", "job", "housing"}),
        ("mind", {"feelings", "handbooks", "alone"}),
        ("body", {"children", "body", "handbooks"}),
        ("disability", {"children", "handbooks", "disability"}),
        ("child", {"children", "job"}),
        ("care", {"care"}),
        ("family", {"fear"}),
        ("school", {"children", "school"}),
        ("alone", {"feelings", "alone"}),
        ("debt", {"paying", "law"}),
        ("addiction", {"addiction"}),
        ("disaster", {"disaster"}),
        ("foreign", {"foreign"}),
        ("unknown", {"paying", "alone"}),
    ],
)
def test_a_trouble_opens_its_questions_and_no_others(worry: str, questions: set[str]) -> None:
    always = {"town", "who", "worry", "age", "household", "contact", "using"}
    asked = set(about_me(worry).skips_the_rest().asked)
    assert questions <= asked
    assert asked <= questions | always


def test_wanting_to_talk_now_shows_the_lines_before_anything_else() -> None:
    asking = about_me("mind").skips_to("feelings").says(feelings="talk")
    assert asking.asks == "feelings_lines"
    assert asking.question.call == the_content().handbook.talk_now
    assert asking.says(feelings_lines="go_on").asks != "feelings_lines"


def test_violence_at_home_comes_first_in_the_result() -> None:
    found = result(about_me("family").skips_to("fear").says(fear=("hit",)).skips_the_rest())
    assert found.safety
    assert all(one.scheme.pin for one in found.safety)


def test_not_knowing_rules_nothing_out() -> None:
    known = result(about_me("money").says(age="a40").skips_the_rest())
    unknown = result(about_me("money").says(age="skip").skips_the_rest())
    assert set(shown(known)) - set(shown(unknown)) == set()


def test_the_schemes_of_the_chosen_trouble_are_shown_with_why() -> None:
    found = result(about_me("debt").skips_to("law").says(law=("debt",)).skips_the_rest())
    assert found.hubs
    assert found.chosen
    assert all(one.because for one in (*found.hubs, *found.chosen, *found.others))


def test_a_channel_with_one_town_does_not_ask_for_it() -> None:
    assert Interview("handbook", context(towns=("iwami",))).asks == "who"
