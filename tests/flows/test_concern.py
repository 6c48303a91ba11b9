"""「気になる人がいる」: what each answer leads to, and that no answer makes it less urgent."""

from __future__ import annotations

import datetime as dt
import itertools
from dataclasses import replace

import pytest
from interview import Interview
from town import MORNING, context, the_content

from bot.content.places import readers_in, route
from bot.flows.effects import OpenConcern, Say
from bot.flows.talk import Typed

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


def no_more(interview: Interview) -> Interview:
    """Answer the question that some kinds have more with a no."""
    return interview.says(**{interview.asks: "no"}) if interview.asks.startswith("more_") else interview


def opened(interview: Interview) -> OpenConcern:
    (effect,) = interview.effects
    assert isinstance(effect, OpenConcern)
    return effect


def finish(interview: Interview) -> OpenConcern:
    no_more(interview)
    if interview.asks == "since":
        interview.says(since="days")
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
    asking = worrying(danger=danger, call=call).says(town="iwami", kind="dementia")
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
    done = finish(asking.says(kind="dementia"))
    assert (done.town, done.district) == ("tottori", None)


def test_the_district_may_be_left_open() -> None:
    assert finish(worrying().says(town="tottori", district="skip", kind="dementia")).district is None


def test_the_district_is_kept() -> None:
    assert finish(worrying().says(town="tottori", district="kita", kind="dementia")).district == "kita"


def test_every_kind_is_offered_in_the_words_of_the_content() -> None:
    assert worrying().says(town="iwami").words.options == {key: kind.label for key, kind in KINDS.items()}


def test_nothing_about_the_neighbour_is_ever_typed() -> None:
    assert "名前や住所を書かないで" in (worrying().says(town="iwami").words.hint or "")


@pytest.mark.parametrize("since", ["today", "days", "week", "month", "longer"])
def test_since_when_is_kept(since: str) -> None:
    done = opened(worrying().says(town="iwami", kind="dementia", since=since, knows="knows", send="send"))
    assert done.since == since


def test_not_knowing_since_when_is_kept_as_unknown() -> None:
    done = opened(worrying().says(town="iwami", kind="dementia", since="skip", knows="knows", send="send"))
    assert done.since == "unknown"


@pytest.mark.parametrize("knows", ["agrees", "knows", "unaware", "refused", "better_not"])
def test_whether_the_neighbour_knows_is_kept(knows: str) -> None:
    done = opened(worrying().says(town="iwami", kind="dementia", since="week", knows=knows, send="send"))
    assert done.subject_knows == knows


@pytest.mark.parametrize("kind", ABUSE)
def test_about_violence_nobody_is_told_and_nothing_is_asked_about_it(kind: str) -> None:
    asking = worrying().says(town="iwami", kind=kind, since="week")
    assert asking.asks == "send"
    assert opened(asking.says(send="send")).subject_knows == "better_not"


def test_for_all_else_it_is_asked() -> None:
    for key, kind in KINDS.items():
        asking = no_more(worrying().says(town="iwami", kind=key)).says(since="week")
        assert asking.asks == ("send" if kind.never_told else "knows")
    assert {key for key, kind in KINDS.items() if kind.never_told} == set(ABUSE)


def test_the_window_and_its_phone_are_shown_before_anything_is_sent() -> None:
    asking = worrying().says(town="iwami", kind="dementia", since="week", knows="knows")
    window = the_content().windows_by_key["iwami_kenko_fukushi"]
    assert asking.asks == "send"
    assert window.name in asking.words.text
    assert window.phone
    assert window.phone in asking.words.text
    assert KINDS["dementia"].label in asking.words.text


def test_the_lines_of_the_kind_stand_above_the_last_question() -> None:
    asking = worrying().says(town="iwami", kind="child_abuse", since="week")
    assert asking.question.call == ("jidou_189", "police")


def test_a_desk_that_knows_more_is_named_with_its_phone() -> None:
    asking = worrying().says(town="iwami", kind="dv", since="week")
    specialist = the_content().windows_by_key["tottori_pref_dv"]
    assert specialist.name in (asking.words.hint or "")
    assert specialist.phone
    assert specialist.phone in (asking.words.hint or "")


def test_who_stops_at_the_last_question_has_sent_nothing() -> None:
    asking = worrying().says(town="iwami", kind="dementia", since="week", knows="knows", send="stop")
    assert asking.effects == (Say("concern.not_sent"),)


def test_the_concern_goes_to_the_window_that_was_shown() -> None:
    for town, kind in itertools.product(the_content().towns, KINDS):
        asking = worrying().says(town=town)
        if asking.asks == "district":
            asking.says(district="skip")
        no_more(asking.says(kind=kind)).says(since="week")
        if asking.asks == "knows":
            asking.says(knows="knows")
        shown = asking.words.text
        done = opened(asking.says(send="send"))
        assert the_content().windows_by_key[done.window].name in shown
        assert town in the_content().windows_by_key[done.window].serves


# ---- the desk, its hours, and who answers now --------------------------------------------------------------

SATURDAY_NIGHT = MORNING.replace(day=5, hour=21)


def asked_to_send(kind: str, now: dt.datetime = MORNING, town: str = "iwami") -> Interview:
    asking = Interview("concern", context(now=now)).says(danger="no", town=town)
    if asking.asks == "district":
        asking.says(district="skip")
    no_more(asking.says(kind=kind)).says(since="days")
    return asking.says(knows="unaware") if asking.asks == "knows" else asking


def test_while_the_desk_is_open_it_says_so() -> None:
    assert "いま開いています" in (asked_to_send("dementia").words.hint or "")


def test_at_nine_on_a_saturday_evening_it_says_when_a_person_reads_it_and_who_answers_now() -> None:
    for key in KINDS:
        asking = asked_to_send(key, SATURDAY_NIGHT)
        assert "12月7日（月）8時30分" in (asking.words.hint or "")
        lines = [the_content().hotlines[line] for line in asking.question.call]
        assert lines, key
        assert all(line.open_at(SATURDAY_NIGHT) is not False for line in lines)
        assert any(line.open_at(SATURDAY_NIGHT) for line in lines)


def test_in_the_holidays_of_new_year_the_first_working_day_is_named() -> None:
    asking = asked_to_send("dementia", MORNING.replace(month=12, day=29))
    assert "1月4日（月）8時30分" in (asking.words.hint or "")


def test_where_the_hours_of_a_desk_are_not_known_no_hour_is_promised() -> None:
    content = the_content()
    vague = replace(content.windows_by_key["iwami_kenko_fukushi"], hours=None)
    windows = tuple(vague if window.key == vague.key else window for window in content.windows)
    ctx = context()
    ctx = replace(ctx, content=replace(content, windows=windows))
    asking = Interview("concern", ctx).says(
        danger="no", town="iwami", kind="dementia", since="days", knows="knows"
    )
    assert "電話で聞いてください" in (asking.words.hint or "")
    assert "時" not in (asking.words.hint or "").replace("時間", "")


# ---- children --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("now", [MORNING, SATURDAY_NIGHT])
@pytest.mark.parametrize("town", the_content().towns)
def test_for_abuse_of_children_189_always_stands_there(town: str, now: dt.datetime) -> None:
    asking = asked_to_send("child_abuse", now, town)
    assert asking.question.call[0] == "jidou_189"
    assert "189" in (asking.words.hint or "")


@pytest.mark.parametrize(
    ("counts", "said"), [(False, "「通告」になりません"), (True, "「通告」として受けつけます")]
)
def test_whether_it_counts_as_notification_is_what_the_town_decided(counts: bool, said: str) -> None:
    content = the_content()
    towns = {**content.towns, "iwami": replace(content.town("iwami"), reports_count_as_notification=counts)}
    ctx = replace(context(), content=replace(content, towns=towns))
    asking = Interview("concern", ctx).says(danger="no", town="iwami", kind="child_abuse", since="days")
    assert said in (asking.words.hint or "")
    assert "189" in (asking.words.hint or "")


def test_of_other_kinds_nothing_is_said_about_notification() -> None:
    for key in KINDS:
        if key != "child_abuse":
            assert "通告" not in (asked_to_send(key).words.hint or "")


# ---- who cannot name the town ------------------------------------------------------------------------------


def test_the_town_may_be_found_by_a_landmark() -> None:
    asking = worrying().says(town="landmark")
    label = next(
        label for label in asking.words.options.values() if label in the_content().town("iwami").landmarks
    )
    asking.give(Typed(label))
    assert asking.asks == "kind"
    assert finish(asking.says(kind="dementia")).town == "iwami"


def test_every_landmark_leads_to_its_own_town() -> None:
    for town in the_content().towns.values():
        for mark in town.landmarks:
            for way in ("tapped", "typed at once"):
                asking = worrying()
                if way == "tapped":
                    asking.says(town="landmark")
                asking.give(Typed(mark))
                asking.says(**{asking.asks: "skip"}) if asking.asks == "district" else None
                assert finish(asking.says(kind="dementia")).town == town.key, (mark, way)


def test_who_knows_no_landmark_either_is_looked_after_by_the_central_desk() -> None:
    done = finish(worrying().says(town="landmark", landmark="skip", kind="dementia"))
    assert (done.town, done.window) == ("tottori", "tottori_chuo_jinken")


# ---- 「窓口が違いそう」 -----------------------------------------------------------------------------------------


def test_without_doubt_the_concern_goes_as_routed() -> None:
    done = opened(asked_to_send("dementia").says(send="send"))
    assert (done.doubted, done.route_reason != "chosen") == (False, True)


def test_who_doubts_is_shown_the_other_desks_of_the_town() -> None:
    asking = asked_to_send("poverty", town="tottori").says(send="doubt")
    content = the_content()
    reader = route(content.windows, "tottori", "poverty").reader
    others = {w.key for w in readers_in(content.windows, "tottori")} - {reader.key}
    assert others
    assert set(asking.words.options) == {*others, "leave_it"}


def test_a_chosen_desk_is_shown_before_it_is_sent_there() -> None:
    asking = asked_to_send("poverty", town="tottori").says(send="doubt", desk="tottori_fukushi")
    assert asking.asks == "send_there"
    assert "鳥取市福祉事務所" in asking.words.text
    done = opened(asking.says(send_there="send"))
    assert (done.window, done.route_reason, done.doubted) == ("tottori_fukushi", "chosen", True)


def test_who_leaves_the_choice_to_the_desk_is_sent_as_routed_with_the_doubt() -> None:
    routed = opened(asked_to_send("poverty", town="tottori").says(send="send"))
    doubted = opened(asked_to_send("poverty", town="tottori").says(send="doubt", desk="leave_it"))
    assert doubted == replace(routed, doubted=True)


def test_who_stops_at_the_chosen_desk_has_sent_nothing() -> None:
    asking = asked_to_send("poverty", town="tottori")
    asking.says(send="doubt", desk="tottori_fukushi", send_there="stop")
    assert asking.effects == (Say("concern.not_sent"),)


# ---- answers that cannot wait ------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["poverty", "disability", "home"])
@pytest.mark.parametrize(("answer", "level"), [("yes", 1), ("skip", 2), ("no", 3)])
def test_one_question_more_raises_the_level_where_something_cannot_wait(
    kind: str, answer: str, level: int
) -> None:
    asking = worrying().says(town="iwami", kind=kind)
    asking.says(**{f"more_{kind}": answer})
    assert finish(asking).level == level


@pytest.mark.parametrize(
    ("since", "level"), [("today", 2), ("days", 2), ("week", 1), ("month", 1), ("longer", 1)]
)
def test_who_was_not_seen_for_a_week_cannot_wait(since: str, level: int) -> None:
    asking = worrying().says(town="iwami", kind="safety", since=since, knows="unaware", send="send")
    assert opened(asking).level == level


@pytest.mark.parametrize("answer", ["yes", "skip"])
def test_who_is_perhaps_hurt_is_not_told_as_with_all_violence(answer: str) -> None:
    asking = worrying().says(town="iwami", kind="disability", more_disability=answer, since="week")
    assert asking.asks == "send"
    assert opened(asking.says(send="send")).subject_knows == "better_not"


def test_what_the_neighbour_knows_decides_what_is_said_about_the_desk() -> None:
    said = set()
    for knows in ("agrees", "knows", "unaware", "refused", "better_not"):
        asking = worrying().says(town="iwami", kind="dementia", since="week", knows=knows)
        said.add(asking.words.hint)
    assert len(said) == 5


def test_a_channel_with_one_town_does_not_ask_for_it() -> None:
    asking = Interview("concern", context(towns=("kami",))).says(danger="no")
    assert asking.asks == "district"
