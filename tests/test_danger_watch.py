"""content/crisis/watch.yaml: who is told of people in danger, and what its editors may not write."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from town import MORNING, ROOT, the_content

from bot.content.errors import ContentError
from bot.content.watch import TownWatch, load_watch
from bot.desk import dangers as deeds
from storage.dangers import Danger

FILE = ROOT / "content" / "crisis" / "watch.yaml"
SERVES = {"machi": ("mori",), "other": ("kawa",)}


def written(folder: Path, change: Callable[[dict[str, Any]], object]) -> Path:
    tree = yaml.safe_load(FILE.read_text("utf-8"))
    change(tree)
    path = folder / "watch.yaml"
    path.write_text(yaml.safe_dump(tree), "utf-8")
    return path


def test_a_town_may_name_its_desk_and_more_addresses(tmp_path: Path) -> None:
    own = {"mori": {"window": "machi", "also": ["hoken@mori.example.jp"]}}
    found = load_watch(written(tmp_path, lambda t: t.update(towns=own)), ("mori",), SERVES)
    assert found.of("mori") == TownWatch("machi", ("hoken@mori.example.jp",))
    assert found.of("kawa") == TownWatch()
    assert (found.after, found.at_least) == (dt.timedelta(minutes=15), 2)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda t: t.pop("at_least"), "exactly"),
        (lambda t: t.update(at_least=1), "at_least"),
        (lambda t: t.update(escalate_after_minutes=16), "escalate_after_minutes"),
        (lambda t: t.update(escalate_after_minutes="soon"), "escalate_after_minutes"),
        (lambda t: t.update(again_after_minutes=1), "again_after_minutes"),
        (lambda t: t.update(towns=["mori"]), "towns"),
        (lambda t: t.update(towns={"umi": {"also": []}}), "no such town"),
        (lambda t: t.update(towns={"mori": {}}), "window and also"),
        (lambda t: t.update(towns={"mori": {"desk": "machi"}}), "window and also"),
        (lambda t: t.update(towns={"mori": {"window": "other"}}), "no desk that serves"),
        (lambda t: t.update(towns={"mori": {"also": ["not an address"]}}), "e-mail"),
    ],
)
def test_what_is_wrong_is_named(
    tmp_path: Path, change: Callable[[dict[str, Any]], object], complaint: str
) -> None:
    with pytest.raises(ContentError, match=complaint):
        load_watch(written(tmp_path, change), ("mori", "kawa"), SERVES)


def a_danger(**changed: Any) -> Danger:
    keys = (field for field in Danger.__dataclass_fields__)
    given: dict[str, Any] = dict.fromkeys(keys) | {"channel": "default", "code": "S1", "category": "suicide"}
    return Danger(**given | {"at": MORNING, "last_at": MORNING, "alarm_at": MORNING} | changed)


@pytest.mark.parametrize("town", [*the_content().towns, None, "gone"])
def test_every_town_has_a_desk_that_looks_after_people_in_danger(town: str | None) -> None:
    content = the_content()
    desk = deeds.desk_of(content, a_danger(town=town))
    assert desk.active
    assert (town if town in content.towns else content.channels["default"].central) in desk.serves


def test_a_desk_that_was_given_up_is_replaced_by_the_towns_general_one() -> None:
    content = the_content()
    gone = tuple(replace(w, active=False) if w.key == "iwami_fukushi" else w for w in content.windows)
    watch = replace(content.danger_watch, towns={"iwami": TownWatch("iwami_fukushi")})
    changed = replace(content, windows=gone, danger_watch=watch)
    assert deeds.desk_of(changed, a_danger(town="iwami")) == changed.general_window("iwami")


@pytest.mark.parametrize(
    ("minutes", "steps"),
    [
        (0, ["desk"]),
        (14, ["desk"]),
        (15, ["desk", "leader"]),
        (44, ["desk", "leader", "department"]),
        (45, ["desk", "leader", "department", "duty"]),
        (104, ["desk", "leader", "department", "duty"]),
        (105, ["desk", "leader", "department", "duty", "all 1"]),
        (60 * 24, ["desk", "leader", "department", "duty", "all 23"]),
    ],
)
def test_which_steps_are_due(minutes: int, steps: list[str]) -> None:
    due = deeds.steps_due(the_content(), a_danger(), MORNING + dt.timedelta(minutes=minutes))
    assert [f"all {one.nth - 3}" if one.everybody else one.step for one in due] == steps
    assert len({one.serial for one in due if one.step == "desk"}) == len([o for o in due if o.step == "desk"])
    assert all(len(one.serial) <= 40 for one in due)
