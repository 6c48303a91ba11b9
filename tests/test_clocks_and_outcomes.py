"""content/clocks.yaml and content/outcomes.yaml: what they say, and that a slip of the pen is named."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from town import ROOT, the_content

from bot.content.clocks import STEPS, Allowance, load_clocks
from bot.content.errors import ContentError
from bot.content.hours import TOKYO, parse_hours
from bot.content.outcomes import load_outcomes

CLOCKS, OUTCOMES = ROOT / "content" / "clocks.yaml", ROOT / "content" / "outcomes.yaml"
Edit = Callable[[Any], object]


def edited(source: Path, folder: Path, edit: Edit) -> Path:
    """A copy of the shipped file with one change."""
    tree = yaml.safe_load(source.read_text("utf-8"))
    edit(tree)
    target = folder / source.name
    target.write_text(yaml.safe_dump(tree, allow_unicode=True), "utf-8")
    return target


# ---- clocks ----


def test_every_level_has_its_three_clocks_and_a_life_at_risk_waits_a_quarter_of_an_hour() -> None:
    clocks = the_content().clocks
    assert list(clocks) == [0, 1, 2, 3, 4]
    assert clocks[0].accept.allowed == Allowance(minutes=15)
    assert tuple(clocks[0].accept.steps) == STEPS
    for level in clocks.values():
        for name in ("accept", "contact", "close"):
            assert "desk" in level.named(name).steps  # type: ignore[arg-type]


def test_only_what_cannot_wait_reminds_at_night() -> None:
    for level, each in the_content().clocks.items():
        at_night = [step for step in each.accept.steps.values() if step.at_any_hour]
        assert bool(at_night) == (level <= 1)
        assert not any(step.at_any_hour for step in each.close.steps.values())


def test_of_two_limits_the_earlier_counts() -> None:
    same_day = Allowance(business_days=0, minutes=2880)
    tuesday = dt.datetime(2026, 12, 1, 10, 0, tzinfo=TOKYO)
    new_year = dt.datetime(2026, 12, 29, 10, 0, tzinfo=TOKYO)
    assert same_day.due(None, tuesday) == dt.datetime(2026, 12, 1, 17, 15, tzinfo=TOKYO)
    assert same_day.due(None, new_year) == dt.datetime(2026, 12, 31, 10, 0, tzinfo=TOKYO)  # 48 hours


def test_a_desk_that_opens_no_more_counts_as_a_usual_office() -> None:
    gone = parse_hours({"spans": [{"days": "mon", "from": "09:00", "to": "12:00"}], "valid_to": "2020-01-01"})
    start = dt.datetime(2026, 12, 1, 10, 0, tzinfo=TOKYO)
    assert Allowance(business_hours=4).due(gone, start) == Allowance(business_hours=4).due(None, start)


@pytest.mark.parametrize(
    ("edit", "key", "says"),
    [
        (lambda t: t.pop(2), "level 2", "missing"),
        (lambda t: t.append(dict(t[3])), "level 3", "twice"),
        (lambda t: t[3].update(level=5), "level 5", "0 to 4"),
        (lambda t: t[1].update(level=True), "level True", "0 to 4"),
        (lambda t: t[2].pop("contact"), "level 2", "contact: due and desk"),
        (lambda t: t[2].update(finish={}), "level 2", "unknown finish"),
        (lambda t: t[2]["accept"].pop("due"), "level 2", "accept: due is missing"),
        (lambda t: t[2]["accept"].pop("desk"), "level 2", "accept: desk is missing"),
        (lambda t: t[2]["accept"].update(mayor={"minutes": 1}), "level 2", "accept: unknown mayor"),
        (lambda t: t[2]["accept"].update(due={"hours": 1}), "level 2", "accept: due: unknown hours"),
        (lambda t: t[2]["accept"].update(due={"minutes": 0}), "level 2", "due: minutes: a number from 1"),
        (lambda t: t[2]["accept"].update(due={"minutes": 1.5}), "level 2", "due: minutes"),
        (lambda t: t[2]["accept"].update(due={"minutes": True}), "level 2", "due: minutes"),
        (lambda t: t[2]["accept"].update(due={"business_days": 9999}), "level 2", "due: business_days"),
        (lambda t: t[2]["accept"].update(due="1 hour"), "level 2", "due: something like"),
        (
            lambda t: t[2]["accept"].update(due={"business_days": 1, "business_hours": 1}),
            "level 2",
            "not both",
        ),
        (
            lambda t: t[2]["accept"].update(desk={"business_days": 1}),
            "level 2",
            "desk: unknown business_days",
        ),
        (lambda t: t[2]["accept"].update(leader={"business_hours": -1}), "level 2", "leader"),
        (lambda t: t[2]["accept"].update(duty={"business_hours": 1}), "level 2", "duty: comes before"),
        (lambda t: t[2]["accept"].update(duty={"minutes": 600}), "level 2", "either in minutes or"),
        (lambda t: t[0]["accept"].update(due={"business_hours": 1}), "level 0", "does not wait"),
    ],
)
def test_a_slip_in_the_clocks_is_named(tmp_path: Path, edit: Edit, key: str, says: str) -> None:
    with pytest.raises(ContentError, match=says) as found:
        load_clocks(edited(CLOCKS, tmp_path, edit))
    assert (found.value.file, found.value.key) == ("clocks.yaml", key)


# ---- outcomes ----


def test_the_words_go_some_day_whatever_came_of_it_and_the_trace_stays_longer() -> None:
    content = the_content()
    assert {"connected", "watching", "other_desk", "none", "not_found", "merged", "mistaken"} <= set(
        content.outcomes
    )
    longest = max(each.retention_days for each in content.outcomes.values())
    assert 0 < longest <= content.audit_retention_days
    assert not content.outcomes["merged"].by_hand


def test_the_last_words_do_not_tell_what_came_of_it() -> None:
    assert {each.tells for each in the_content().outcomes.values()} == {"thanks"}


@pytest.mark.parametrize(
    ("edit", "key", "says"),
    [
        (lambda t: t.pop("audit_retention_days"), "", "exactly"),
        (lambda t: t.update(audit_retention_days="ten years"), "", "audit_retention_days"),
        (lambda t: t.update(audit_retention_days=100), "connected", "longer than audit_retention_days"),
        (lambda t: t.update(outcomes=[]), "", "outcomes: a list"),
        (lambda t: t["outcomes"].pop(5), "merged", "is missing"),
        (lambda t: t["outcomes"].append(dict(t["outcomes"][0])), "connected", "twice"),
        (lambda t: t["outcomes"][0].update(retention_days=0), "connected", "retention_days"),
        (lambda t: t["outcomes"][0].update(retention_days=True), "connected", "retention_days"),
        (lambda t: t["outcomes"][0].update(tells="everything"), "connected", "thanks or no_more"),
        (lambda t: t["outcomes"][0].update(label=""), "connected", "label"),
        (lambda t: t["outcomes"][0].update(by_hand="yes"), "connected", "by_hand"),
        (lambda t: t["outcomes"][0].update(key="Connected!"), "Connected!", "key"),
        (lambda t: t["outcomes"][0].update(colour="red"), "connected", "unknown field colour"),
        (lambda t: [each.update(by_hand=False) for each in t["outcomes"]], "", "none of them"),
        (lambda t: t["outcomes"].__setitem__(0, "connected"), "number 1", "fields with a name"),
    ],
)
def test_a_slip_in_the_outcomes_is_named(tmp_path: Path, edit: Edit, key: str, says: str) -> None:
    with pytest.raises(ContentError, match=says) as found:
        load_outcomes(edited(OUTCOMES, tmp_path, edit))
    assert (found.value.file, found.value.key) == ("outcomes.yaml", key)


@pytest.mark.parametrize("load", [load_clocks, load_outcomes])
def test_a_file_that_is_no_yaml_is_named(tmp_path: Path, load: Callable[[Path], object]) -> None:
    broken = tmp_path / "clocks.yaml"
    broken.write_text("a: [", "utf-8")
    with pytest.raises(ContentError, match="cannot be read"):
        load(broken)
