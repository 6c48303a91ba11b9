"""(town, kind, level, hours) → desk, in invented towns: who gets a concern, who reads it, and why."""

from __future__ import annotations

import datetime as dt
import itertools
import json

import pytest
from desks import ALWAYS, AT_NIGHT, BY_DAY, MONDAY, OFFICE, TOKYO, desk, general

from bot.content.hours import parse_hours
from bot.content.places import Route, Window, home_of, readers_in, route


def steps(way: Route) -> list[str]:
    return [step.key for step in way.rule]


def step(way: Route, key: str) -> dict[str, str]:
    (found,) = [each for each in way.rule if each.key == key]
    return dict(found.params)


# ---- which desk ------------------------------------------------------------------------------------------


def test_one_desk_for_everything_takes_every_kind_and_every_level() -> None:
    only = desk("only", kinds="all", fallback=True)
    for kind, level in itertools.product(("safety", "dv", "anything"), range(5)):
        way = route([only], "mori", kind, level, BY_DAY)
        assert (way.window, way.reader, way.general, way.also) == (only, only, only, ())
        assert way.reason == "own"
        assert step(way, "own") == {"desk": "only", "named": "all"}


def test_a_desk_that_names_the_kind_comes_before_one_for_everything() -> None:
    everything, named = desk("everything", kinds="all"), desk("named", kinds="dv")
    way = route([everything, named, general()], "mori", "dv")
    assert way.window is named
    assert way.also == (everything,)
    assert step(way, "before") == {"desk": "named", "other": "everything", "why": "kind"}


def test_the_towns_own_desk_for_everything_comes_before_the_centre_of_the_prefecture() -> None:
    centre = desk("centre", "mori hama", "dv")
    own = desk("own", kinds="all", fallback=True)
    way = route([centre, own], "mori", "dv")
    assert (way.window, way.also) == (own, (centre,))
    assert step(way, "before")["why"] == "own"


def test_a_desk_that_names_the_level_comes_before_one_that_takes_all() -> None:
    usual, today = desk("usual", kinds="dv"), desk("today", kinds="dv", levels=(0, 1))
    windows = [usual, today, general()]
    assert [route(windows, "mori", "dv", level).window.key for level in range(5)] == [
        *("today", "today", "usual", "usual", "usual"),
    ]
    assert step(route(windows, "mori", "dv", 1), "before")["why"] == "levels"
    assert step(route(windows, "mori", "dv", 3), "other_levels") == {"desk": "today"}


def test_a_level_that_no_desk_takes_goes_to_the_general_one() -> None:
    way = route([desk("today", kinds="dv", levels=(0, 1)), general()], "mori", "dv", 4)
    assert (way.window.key, way.reason, way.also) == ("general", "general", ())
    assert steps(way) == ["other_levels", "general"]


def test_among_equals_the_order_of_the_file_decides() -> None:
    first, second = desk("first", kinds="dv"), desk("second", kinds="dv")
    assert route([first, second, general()], "mori", "dv").window is first
    assert route([second, first, general()], "mori", "dv").window is second
    assert step(route([first, second, general()], "mori", "dv"), "before")["why"] == "order"


def test_a_desk_is_never_asked_for_a_town_that_it_does_not_serve() -> None:
    windows = [desk("neighbour", "hama", "all", fallback=True), general()]
    assert route(windows, "mori", "dv").window.key == "general"
    assert readers_in(windows, "mori") == (windows[1],)


def test_there_is_never_a_way_to_nobody() -> None:
    for gone in ([], [desk("neighbour", "hama", "all", fallback=True)], [general(active=False)]):
        with pytest.raises(LookupError, match="mori"):
            route(gone, "mori", "dv")


# ---- who reads -------------------------------------------------------------------------------------------


def test_a_centre_without_recipients_is_named_but_the_general_desk_reads() -> None:
    centre = desk("centre", "mori hama", "dv", recipients=(), hours=ALWAYS)
    way = route([centre, general()], "mori", "dv", 1, AT_NIGHT)
    assert (way.window, way.reason) == (centre, "shared")
    assert way.reader.key == way.by_day.key == "general"
    assert way.open is False, "what counts are the hours of the desk that reads"
    assert step(way, "no_recipients") == {"desk": "centre", "reader": "general"}


def test_a_centre_with_recipients_reads_itself() -> None:
    centre = desk("centre", "mori hama", "dv")
    assert route([centre, general()], "mori", "dv").reader is centre


def test_readers_are_the_towns_own_desks_and_the_centres_that_have_recipients() -> None:
    own, reading = desk("own", kinds="dv"), desk("reading", "mori hama", "dv")
    mute = desk("mute", "mori hama", "dv", recipients=())
    gone = desk("gone", kinds="dv", active=False)
    assert readers_in([reading, mute, own, gone, general()], "mori") == (own, general(), reading)


# ---- hours and nights ------------------------------------------------------------------------------------

DUTY = desk("duty", hours=ALWAYS)


@pytest.mark.parametrize(("level", "reader"), [(0, "duty"), (1, "duty"), (2, "day"), (3, "day"), (4, "day")])
def test_at_night_the_duty_desk_reads_what_cannot_wait(level: int, reader: str) -> None:
    windows = [desk("day", kinds="dv", after_hours_desk="duty"), DUTY, general()]
    way = route(windows, "mori", "dv", level, AT_NIGHT)
    assert way.reader.key == reader
    assert way.by_day.key == way.window.key == "day"
    assert (way.open, way.next_opening) == (False, MONDAY)
    assert (way.night is None) == (level > 1)
    assert steps(way)[-1] == ("night" if level < 2 else "waits")


def test_by_day_the_desk_reads_itself_whatever_the_level() -> None:
    windows = [desk("day", kinds="dv", after_hours_desk="duty"), DUTY, general()]
    way = route(windows, "mori", "dv", 0, BY_DAY)
    assert (way.reader.key, way.open, way.next_opening, way.night) == ("day", True, None, None)


@pytest.mark.parametrize(
    ("on", "opens"),
    [
        (dt.datetime(2026, 11, 23, 10, tzinfo=TOKYO), dt.datetime(2026, 11, 24, 8, 30, tzinfo=TOKYO)),
        (dt.datetime(2026, 12, 29, 10, tzinfo=TOKYO), dt.datetime(2027, 1, 4, 8, 30, tzinfo=TOKYO)),
        (dt.datetime(2026, 12, 1, 17, 15, tzinfo=TOKYO), dt.datetime(2026, 12, 2, 8, 30, tzinfo=TOKYO)),
    ],
    ids=["a public holiday", "the turn of the year", "the minute of closing"],
)
def test_a_closed_door_says_when_it_opens(on: dt.datetime, opens: dt.datetime) -> None:
    way = route([general(after_hours_desk="duty"), DUTY], "mori", "dv", 1, on)
    assert (way.open, way.next_opening, way.reader.key) == (False, opens, "duty")


def test_the_towns_own_closed_day_counts() -> None:
    office = {"spans": [{"days": "weekdays", "from": "08:30", "to": "17:15"}], "closed_dates": ["2026-12-01"]}
    way = route([general(hours=parse_hours(office))], "mori", "dv", 3, BY_DAY)
    assert (way.open, way.next_opening) == (False, dt.datetime(2026, 12, 2, 8, 30, tzinfo=TOKYO))


def test_a_night_desk_that_is_closed_itself_passes_on_to_its_own() -> None:
    evening = desk("evening", hours=OFFICE, after_hours_desk="duty")
    way = route([general(after_hours_desk="evening"), evening, DUTY], "mori", "dv", 1, AT_NIGHT)
    assert way.reader is DUTY
    assert step(way, "night_closed") == {"desk": "evening"}


def test_two_desks_that_name_each_other_do_not_turn_in_circles() -> None:
    way = route(
        [general(after_hours_desk="other"), desk("other", after_hours_desk="general")],
        *("mori", "dv", 1, AT_NIGHT),
    )
    assert (way.night, way.reader.key) == (None, "general")
    assert "night_nobody" in steps(way)


def test_a_night_desk_without_recipients_is_one_to_telephone() -> None:
    line = desk("line", "mori hama", hours=ALWAYS, recipients=())
    way = route([general(after_hours_desk="line"), line], "mori", "dv", 1, AT_NIGHT)
    assert (way.night, way.reader.key) == (line, "general")
    assert "night_by_phone" in steps(way)


def test_a_night_desk_that_was_given_up_leaves_the_night_empty_unless_it_was_replaced() -> None:
    gone = desk("gone", hours=ALWAYS, active=False)
    way = route([general(after_hours_desk="gone"), gone], "mori", "dv", 1, AT_NIGHT)
    assert (way.night, way.reader.key) == (None, "general")
    assert step(way, "night_given_up") == {"desk": "gone"}
    replaced = desk("gone", hours=ALWAYS, active=False, replaced_by="duty")
    assert route([general(after_hours_desk="gone"), replaced, DUTY], "mori", "dv", 1, AT_NIGHT).night is DUTY


def test_where_hours_are_not_known_nothing_is_said_about_them() -> None:
    way = route([general(hours=None, after_hours_desk="duty"), DUTY], "mori", "dv", 1, AT_NIGHT)
    assert (way.open, way.next_opening, way.night) == (None, None, None)
    assert steps(way)[-1] == "hours_unknown"


def test_without_a_moment_nothing_is_said_about_hours() -> None:
    way = route([general(after_hours_desk="duty"), DUTY], "mori", "dv", 1)
    assert (way.open, way.night, way.reader.key) == (None, None, "general")
    assert steps(way) == ["general"]


# ---- desks that were given up ----------------------------------------------------------------------------


def test_a_desk_that_was_given_up_gets_nothing() -> None:
    way = route([desk("gone", kinds="dv", active=False), general()], "mori", "dv")
    assert (way.window.key, way.also) == ("general", ())
    assert step(way, "given_up") == {"desk": "gone"}


def test_its_kinds_go_to_the_desk_that_replaced_it() -> None:
    gone = desk("gone", kinds="dv", active=False, replaced_by="next")
    way = route([gone, desk("next"), general()], "mori", "dv")
    assert (way.window.key, way.reason) == ("next", "own")
    assert step(way, "replaced") == {"desk": "gone", "by": "next"}


def test_a_replacement_takes_only_the_levels_that_it_takes_itself() -> None:
    gone = desk("gone", kinds="dv", active=False, replaced_by="next")
    windows = [gone, desk("next", levels=(0, 1)), general()]
    assert [route(windows, "mori", "dv", level).window.key for level in (1, 3)] == ["next", "general"]


def test_the_trail_of_replacements_is_followed_to_its_end_and_never_in_circles() -> None:
    one = desk("one", kinds="dv", active=False, replaced_by="two")
    two = desk("two", active=False, replaced_by="three")
    assert route([one, two, desk("three"), general()], "mori", "dv").window.key == "three"
    back = desk("two", active=False, replaced_by="one")
    assert route([one, back, general()], "mori", "dv").window.key == "general"


def test_a_replacement_in_another_town_takes_nothing_here() -> None:
    gone = desk("gone", "mori hama", "dv", active=False, replaced_by="next")
    windows = [gone, desk("next", "hama"), general(), desk("general_hama", "hama", fallback=True)]
    assert route(windows, "mori", "dv").window.key == "general"
    assert route(windows, "hama", "dv").window.key == "next"


def test_a_concern_stays_with_its_desk_while_that_is_there_even_across_the_border() -> None:
    neighbour = desk("neighbour", "hama")
    assert home_of([neighbour, general()], "mori", "neighbour") is neighbour


def test_a_concern_moves_to_the_replacement_or_else_to_the_general_desk() -> None:
    gone = desk("gone", kinds="dv", active=False, replaced_by="next")
    assert home_of([gone, desk("next"), general()], "mori", "gone").key == "next"
    assert home_of([desk("gone", active=False), general()], "mori", "gone").key == "general"
    assert home_of([general()], "mori", "never_was").key == "general"
    mute = desk("next", "mori hama", recipients=())
    assert home_of([gone, mute, general()], "mori", "gone").key == "general", "nobody would read it there"


def test_a_concern_handed_on_across_the_border_follows_the_replacement_there() -> None:
    gone = desk("gone", "hama", active=False, replaced_by="next")
    assert home_of([gone, desk("next", "hama"), general()], "mori", "gone").key == "next"
    wide = desk("gone", "mori hama", active=False, replaced_by="next")
    assert home_of([wide, desk("next", "hama"), general()], "mori", "gone").key == "general"


# ---- what is kept ----------------------------------------------------------------------------------------


def test_what_is_frozen_is_plain_json_without_addresses_or_names() -> None:
    windows = [
        desk("today", kinds="dv", levels=(0, 1), after_hours_desk="duty"),
        desk("usual", kinds="dv", phone="0857-73-1333"),
        *(DUTY, general()),
    ]
    kept = route(windows, "mori", "dv", 1, AT_NIGHT).frozen()
    assert json.loads(json.dumps(kept)) == kept
    assert "@" not in json.dumps(kept)
    assert {key: kept[key] for key in ("window", "reader", "by_day", "night", "reason", "also")} == {
        "window": "today",
        "reader": "duty",
        "by_day": "today",
        "night": "duty",
        "reason": "own",
        "also": ["usual"],
    }
    assert kept["open"] is False
    assert kept["verified_at"] == "2026-11-01"
    assert kept["next_opening"] == MONDAY.isoformat()
    assert [each["step"] for each in kept["rule"]] == ["before", "own", "closed", "night"]


def test_every_combination_of_many_invented_tables_reaches_a_desk_that_is_there_and_may_read() -> None:
    """All tables of up to three desks with these traits: no way ends at a dead, foreign or mute desk."""
    traits = [
        desk("x", kinds="dv", active=False, replaced_by="z"),
        desk("x", "mori hama", "dv", recipients=()),
        desk("x", kinds="all", levels=(0, 1), after_hours_desk="y"),
        desk("x", "hama", "all"),
    ]
    tables: list[list[Window]] = [
        [*(each_as(key, like) for key, like in zip("xyz", chosen, strict=False)), general()]
        for count in range(4)
        for chosen in itertools.product(traits, repeat=count)
    ]
    assert len(tables) == 1 + 4 + 16 + 64
    for table, level, at in itertools.product(tables, range(5), (None, BY_DAY, AT_NIGHT)):
        way = route(table, "mori", "dv", level, at)
        for met in (way.window, way.reader, way.by_day, *way.also):
            assert met.active
            assert "mori" in met.serves
        assert way.reader.can_read
        assert steps(way)


def each_as(key: str, like: Window) -> Window:
    kinds = "all" if like.all_kinds else " ".join(like.kinds)
    return desk(
        *(key, " ".join(like.serves), kinds),
        recipients=like.recipients,
        active=like.active,
        replaced_by=like.replaced_by,
        levels=like.levels,
        after_hours_desk=like.after_hours_desk,
    )
