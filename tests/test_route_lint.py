"""The proof that every concern reaches somebody, on invented tables with one hole each."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import pytest
from desks import ALWAYS, BY_DAY, OFFICE, TODAY, desk, general, town

from bot.content.hours import WeeklyHours, parse_hours
from bot.content.places import Window
from bot.content.route_lint import Gap, Proof, nobody_reads, prove, types_of_day

KINDS = ("safety", "dv")
EVERYTHING = len(KINDS) * 5 * 6  # of one town: kinds × levels × types of day
GOOD: dict[str, Any] = {"phone": "0857-73-1333"}


def proof(*windows: Window, towns: Sequence[str] = ("mori",), dead: tuple[str, ...] = ()) -> Proof:
    return prove(windows, [town(key) for key in towns], KINDS, TODAY, dead)


def gap(found: Proof, problem: str, key: str | None = None) -> Gap:
    (one,) = [each for each in found.gaps if each.problem == problem and key in (None, each.desk)]
    return one


def problems(found: Proof) -> list[tuple[str, str | None]]:
    return [(each.problem, each.desk) for each in found.gaps]


def test_a_small_town_with_one_good_desk_has_no_gap() -> None:
    found = proof(desk("only", kinds="all", fallback=True, **GOOD))
    assert (found.combinations, found.unread, found.gaps) == (EVERYTHING, 0, ())


def test_the_types_of_day_are_the_next_ones_that_come() -> None:
    days = types_of_day(dt.date(2026, 12, 29))
    assert {name: at.strftime("%m-%d %H") for name, at in days.items()} == {
        "weekday": "01-04 10",
        "weekday_night": "01-04 21",
        "saturday": "01-09 10",
        "sunday": "01-10 10",
        "holiday": "01-11 10",
        "year_end": "12-29 10",
    }
    assert types_of_day(TODAY)["weekday"] == BY_DAY


@pytest.mark.parametrize("on", [dt.date(2026, 1, 1) + dt.timedelta(days=7 * week) for week in range(53)])
def test_in_every_week_of_the_year_the_types_of_day_are_what_they_are_called(on: dt.date) -> None:
    days = types_of_day(on)
    assert all(on <= at.date() for at in days.values())
    assert [OFFICE.open_at(at) for at in days.values()] == [True, *[False] * 5]
    assert (days["saturday"].weekday(), days["sunday"].weekday()) == (5, 6)


def test_a_desk_without_recipients_is_named_once_with_what_it_touches() -> None:
    found = proof(general(**GOOD), desk("mute", kinds="dv", recipients=(), **GOOD))
    (missing,) = found.gaps
    assert (missing.problem, missing.desk, missing.broken) == ("no_recipient", "mute", True)
    assert (found.unread, missing.combinations) == (30, 30)
    assert missing.example is not None
    assert (missing.example.kind, missing.example.day, missing.example.at) == ("dv", "weekday", BY_DAY)


def test_a_centre_of_the_prefecture_without_recipients_is_a_warning_because_the_town_reads() -> None:
    centre = desk("centre", "mori hama", "dv", recipients=(), **GOOD)
    both = general("mori hama", **GOOD)
    found = proof(centre, both, towns=("mori", "hama"))
    assert (found.unread, problems(found)) == (0, [("does_not_read", "centre")])
    assert gap(found, "does_not_read").combinations == 60


def test_a_town_without_any_desk_is_broken_through_and_through() -> None:
    found = proof(general(**GOOD), towns=("mori", "hama"))
    assert found.unread == EVERYTHING
    missing = gap(found, "no_general")
    assert (missing.town, missing.broken, missing.combinations) == ("hama", True, EVERYTHING)


@pytest.mark.parametrize(
    "address",
    [
        "noreply@mori.example.jp",
        "no-reply@mori.example.jp",
        "No_Reply+x@mori.example.jp",
        "fukushi-noreply@mori.example.jp",
        "do-not-reply@mori.example.jp",
        "donotreply@mori.example.jp",
        "mailer-daemon@mori.example.jp",
        "postmaster@mori.example.jp",
        "bounce+123@mori.example.jp",
        "bounces@mori.example.jp",
    ],
)
def test_the_mailbox_of_a_machine_is_nobody(address: str) -> None:
    assert nobody_reads(address)
    found = proof(general(recipients=(address,), **GOOD))
    assert found.unread == EVERYTHING
    assert gap(found, "only_noreply").broken
    beside = proof(general(recipients=("fukushi@mori.example.jp", address), **GOOD))
    assert beside.unread == 0
    assert gap(beside, "noreply").about == "recipients 2"


@pytest.mark.parametrize("local", ["fukushi", "reply", "norio", "nobuyuki", "shimin.soudan", "inoreru"])
def test_people_with_such_names_are_people(local: str) -> None:
    assert not nobody_reads(f"{local}@mori.example.jp")


def test_mail_that_came_back_counts_whatever_its_letters() -> None:
    windows = [general(recipients=("a@mori.example.jp", "B@mori.example.jp"), **GOOD)]
    one = proof(*windows, dead=("A@mori.example.jp",))
    assert (one.unread, problems(one)) == (0, [("bounced", "general")])
    both = proof(*windows, dead=("A@mori.example.jp", "b@mori.example.jp"))
    assert both.unread == EVERYTHING
    assert gap(both, "only_bounced").broken


def test_a_machine_is_nobody_to_turn_to_when_a_desk_is_late_either() -> None:
    found = proof(general(duty=("noreply@mori.example.jp",), **GOOD))
    assert [(each.problem, each.about) for each in found.gaps] == [("noreply", "duty 1")]


@pytest.mark.parametrize(
    ("verified", "problem"),
    [
        (TODAY, None),
        (TODAY - dt.timedelta(days=180), None),
        (TODAY - dt.timedelta(days=181), "not_verified"),
        (TODAY + dt.timedelta(days=1), "verified_in_future"),
    ],
)
def test_what_was_not_verified_for_half_a_year_is_named(verified: dt.date, problem: str | None) -> None:
    found = proof(general(verified_at=verified, **GOOD))
    assert problems(found) == ([(problem, "general")] if problem else [])
    assert found.unread == 0


def test_a_night_without_anybody_is_named_for_what_cannot_wait() -> None:
    found = proof(general(after_hours="", **GOOD))
    night = gap(found, "no_night")
    assert (night.broken, night.combinations) == (False, len(KINDS) * 2 * 5)
    assert night.example is not None
    assert (night.example.level, night.example.day) == (0, "weekday_night")


def test_a_duty_desk_mends_the_night() -> None:
    duty = desk("duty", hours=ALWAYS, **GOOD)
    assert proof(general(after_hours="", after_hours_desk="duty", **GOOD), duty).gaps == ()


def test_a_duty_desk_that_nobody_reads_makes_the_night_unread() -> None:
    duty = desk("duty", hours=ALWAYS, recipients=(), **GOOD)
    found = proof(general(after_hours_desk="duty", **GOOD), duty)
    assert found.unread == gap(found, "no_recipient", "duty").combinations == len(KINDS) * 2 * 5


def test_a_duty_desk_of_many_towns_without_recipients_is_a_warning() -> None:
    duty = desk("duty", "mori hama", hours=ALWAYS, recipients=(), **GOOD)
    found = proof(general(after_hours_desk="duty", **GOOD), duty)
    assert (found.unread, problems(found)) == (0, [("night_does_not_read", "duty")])


def test_a_desk_that_never_opens_again_is_as_good_as_dead() -> None:
    over = parse_hours({"always": True, "valid_to": "2026-11-30"})
    found = proof(general(hours=over, **GOOD))
    assert found.unread == EVERYTHING
    assert gap(found, "never_opens").broken


def test_what_the_duty_desk_reads_is_read_even_where_the_desk_never_opens_again() -> None:
    over = parse_hours({"always": True, "valid_to": "2026-11-30"})
    duty = desk("duty", hours=ALWAYS, **GOOD)
    found = proof(general(hours=over, after_hours_desk="duty", **GOOD), duty)
    assert found.unread == len(KINDS) * 3 * 6, "only levels 2 to 4 wait in vain"


@pytest.mark.parametrize(
    ("hours", "problem"),
    [
        (parse_hours({"always": True, "valid_from": "2027-04-01"}), "closed_long"),
        (None, "no_hours"),
    ],
)
def test_hours_that_promise_little_are_a_warning(hours: WeeklyHours | None, problem: str) -> None:
    found = proof(general(hours=hours, **GOOD))
    assert (found.unread, problems(found)) == (0, [(problem, "general")])


def test_a_name_that_leads_to_a_dead_desk_is_named() -> None:
    gone = desk("gone", active=False)
    found = proof(general(after_hours_desk="gone", **GOOD), gone)
    assert [(each.problem, each.desk, each.about) for each in found.gaps] == [
        ("dead_reference", "general", "after_hours_desk gone"),
    ]
    trail = proof(general(**GOOD), gone, desk("older", active=False, replaced_by="gone"))
    assert gap(trail, "dead_reference").desk == "older"


def test_a_desk_that_was_given_up_is_not_asked_for_anything() -> None:
    gone = desk("gone", kinds="dv", active=False, recipients=(), verified_at=dt.date(2020, 1, 1))
    assert proof(general(**GOOD), gone).gaps == ()


def test_an_open_desk_that_nothing_reaches_is_named() -> None:
    forgotten = desk("forgotten", phone="0857-73-1334")
    assert problems(proof(general(**GOOD), forgotten)) == [("unreached", "forgotten")]
    assert proof(general(**GOOD), desk("of_schemes", desks=("福祉事務所",), recipients=(), **GOOD)).gaps == ()


def test_recipients_that_wait_in_vain_are_named() -> None:
    first, second = desk("first", kinds="dv", **GOOD), desk("second", kinds="dv", phone="0857-73-1334")
    assert problems(proof(general(**GOOD), first, second)) == [("never_reads", "second")]


def test_what_is_broken_comes_first_and_nothing_comes_twice() -> None:
    found = proof(
        desk("old", kinds="dv", verified_at=dt.date(2020, 1, 1), **GOOD),
        general(recipients=(), hours=None, **GOOD),
        towns=("mori",),
    )
    assert [each.broken for each in found.gaps] == [True, False, False]
    assert len(set(problems(found))) == len(found.gaps)


def test_no_gap_shows_an_address() -> None:
    found = proof(general(recipients=("noreply@mori.example.jp",), leader=("bounce@mori.example.jp",)))
    assert "@" not in repr(found.gaps)
