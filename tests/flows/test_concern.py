"""「気になる人がいる」: what each answer leads to, and that no answer makes it less urgent."""

from __future__ import annotations

import itertools

import pytest
from interview import Interview
from town import context, the_content

from bot.flows.effects import OpenConcern, Say

KINDS = the_content().concern_kinds
DANGERS: list[dict[str, str | tuple[str, ...]]] = [
    {"danger": "no"},
    {"danger": "now", "call": "called"},
    {"danger": "now", "call": "not_now"},
    {"danger": "unsure", "call": "called"},
    {"danger": "unsure", "call": "not_now"},
]
ABUSE = ["elder_abuse", "child_abuse", "dv"]


def worrying(**danger: str | tuple[str, ...]) -> Interview:
    return Interview("concern").says(**(danger or {"danger": "no"}))


def opened(interview: Interview) -> OpenConcern:
    (effect,) = interview.effects
    assert isinstance(effect, OpenConcern)
    return effect


def finish(interview: Interview) -> OpenConcern:
    if interview.asks == "since":
        interview.says(since="week")
    if interview.asks == "knows":
        interview.says(knows="unaware")
    return opened(interview.says(send="send"))


def test_it_begins_with_danger() -> None:
    assert Interview("concern").asks == "danger"


@pytest.mark.parametrize("danger", ["now", "unsure"])
def test_where_a_life_may_be_at_risk_119_and_110_come_before_everything(danger: str) -> None:
    asking = worrying(danger=danger)
    assert asking.asks == "call"
    assert asking.question.call == ("ambulance", "police")
    for number in ("119", "110"):
        assert number in asking.words.text
    assert "通報できません" in asking.words.text


def test_without_danger_nobody_is_told_to_call() -> None:
    assert worrying(danger="no").asks == "town"


@pytest.mark.parametrize("call", ["called", "not_now"])
def test_after_the_call_it_goes_on(call: str) -> None:
    assert worrying(danger="now", call=call).asks == "town"


@pytest.mark.parametrize(
    ("danger", "call", "level"),
    [
        ("now", "called", 0),
        ("unsure", "called", 0),
        ("now", "not_now", 1),
        ("unsure", "not_now", 1),
    ],
)
def test_what_is_said_about_danger_makes_it_more_urgent(danger: str, call: str, level: int) -> None:
    asking = worrying(danger=danger, call=call).says(town="iwami", kind="home")
    assert finish(asking).level == level


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("danger", DANGERS, ids=lambda d: "-".join(map(str, d.values())))
def test_no_answer_makes_a_concern_less_urgent_than_its_kind(
    kind: str, danger: dict[str, str | tuple[str, ...]]
) -> None:
    assert finish(worrying(**danger).says(town="iwami", kind=kind)).level <= KINDS[kind].level


def test_without_danger_the_level_is_that_of_the_kind() -> None:
    for key, kind in KINDS.items():
        assert finish(worrying().says(town="iwami", kind=key)).level == kind.level


def test_the_town_decides_whether_a_district_is_asked_for() -> None:
    assert worrying().says(town="tottori").asks == "district"
    assert worrying().says(town="iwami").asks == "kind"


def test_who_does_not_know_the_town_is_looked_after_by_the_central_one() -> None:
    asking = worrying().says(town="skip")
    assert asking.asks == "kind"
    done = finish(asking.says(kind="home"))
    assert (done.town, done.district) == ("tottori", None)


def test_the_district_may_be_left_open() -> None:
    assert finish(worrying().says(town="tottori", district="skip", kind="home")).district is None


def test_the_district_is_kept() -> None:
    assert finish(worrying().says(town="tottori", district="kita", kind="home")).district == "kita"


def test_every_kind_is_offered_in_the_words_of_the_content() -> None:
    assert worrying().says(town="iwami").words.options == {key: kind.label for key, kind in KINDS.items()}


def test_nothing_about_the_neighbour_is_ever_typed() -> None:
    assert "名前や住所を書かないで" in (worrying().says(town="iwami").words.hint or "")


@pytest.mark.parametrize("since", ["today", "days", "week", "month", "longer"])
def test_since_when_is_kept(since: str) -> None:
    done = opened(worrying().says(town="iwami", kind="home", since=since, knows="knows", send="send"))
    assert done.since == since


def test_not_knowing_since_when_is_kept_as_unknown() -> None:
    done = opened(worrying().says(town="iwami", kind="home", since="skip", knows="knows", send="send"))
    assert done.since == "unknown"


@pytest.mark.parametrize("knows", ["agrees", "knows", "unaware", "refused", "better_not"])
def test_whether_the_neighbour_knows_is_kept(knows: str) -> None:
    done = opened(worrying().says(town="iwami", kind="home", since="week", knows=knows, send="send"))
    assert done.subject_knows == knows


@pytest.mark.parametrize("kind", ABUSE)
def test_about_violence_nobody_is_told_and_nothing_is_asked_about_it(kind: str) -> None:
    asking = worrying().says(town="iwami", kind=kind, since="week")
    assert asking.asks == "send"
    assert opened(asking.says(send="send")).subject_knows == "better_not"


def test_for_all_else_it_is_asked() -> None:
    for key, kind in KINDS.items():
        asking = worrying().says(town="iwami", kind=key, since="week")
        assert asking.asks == ("send" if kind.never_told else "knows")
    assert {key for key, kind in KINDS.items() if kind.never_told} == set(ABUSE)


def test_the_window_and_its_phone_are_shown_before_anything_is_sent() -> None:
    asking = worrying().says(town="iwami", kind="home", since="week", knows="knows")
    window = the_content().windows_by_key["iwami_kenko_fukushi"]
    assert asking.asks == "send"
    assert window.name in asking.words.text
    assert window.phone
    assert window.phone in asking.words.text
    assert KINDS["home"].label in asking.words.text


def test_the_lines_of_the_kind_stand_above_the_last_question() -> None:
    asking = worrying().says(town="iwami", kind="child_abuse", since="week")
    assert asking.question.call == ("jidou_189", "police")


def test_a_desk_that_knows_more_is_named_with_its_phone() -> None:
    asking = worrying().says(town="iwami", kind="dv", since="week")
    specialist = the_content().windows_by_key["tottori_pref_dv"]
    assert specialist.name in asking.words.text
    assert specialist.phone
    assert specialist.phone in asking.words.text


def test_who_stops_at_the_last_question_has_sent_nothing() -> None:
    asking = worrying().says(town="iwami", kind="home", since="week", knows="knows", send="stop")
    assert asking.effects == (Say("concern.not_sent"),)


def test_the_concern_goes_to_the_window_that_was_shown() -> None:
    for town, kind in itertools.product(the_content().towns, KINDS):
        asking = worrying().says(town=town)
        if asking.asks == "district":
            asking.says(district="skip")
        asking.says(kind=kind, since="week")
        if asking.asks == "knows":
            asking.says(knows="knows")
        shown = asking.words.text
        done = opened(asking.says(send="send"))
        assert the_content().windows_by_key[done.window].name in shown
        assert town in the_content().windows_by_key[done.window].serves


def test_a_channel_with_one_town_does_not_ask_for_it() -> None:
    asking = Interview("concern", context(towns=("kami",))).says(danger="no")
    assert asking.asks == "district"
