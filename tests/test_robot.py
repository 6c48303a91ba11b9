"""A robot follows every button of every message, taps old ones at random and types rubbish.

It never finds an error, silence, something that LINE would refuse, or a place from which nothing leads on.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from phone import Phone
from surroundings import Clock
from town import Town, town_on_sqlite, wrong_with

from bot.flows import FLOWS
from storage import joinings
from storage.crypto import Cipher

MOST_TAPS = 4_000
BEGUN_BY_US = {
    "questionnaire"
}  # under the question that follows a course: tests/handlers/test_courses_chat.py
RUBBISH = ["あああ", "😀", "？", "12", "はい", "とてもながいはなし" * 50, "  ", "asdf", "戻る", "０", "来て"]


@dataclass
class Robot:
    """One walker with a fresh phone for each path, so that paths do not mix."""

    town: Town
    clock: Clock
    code: str
    partner: str
    taps: int = 0

    def walk(self, path: tuple[str, ...]) -> Phone:
        """A new person who goes this way; the last step is looked at."""
        phone = self.town.phone()
        phone.follows()
        for step in path:
            self.step(phone, step)
        return phone

    def step(self, phone: Phone, step: str) -> None:
        """Tap the button with this meaning (the run of the conversation differs), or type."""
        self.taps += 1
        self.clock.move(seconds=1)
        if step.startswith("type:"):
            phone.types(step[5:])
        else:
            data = next((d for d in _taps(phone.got) if _meaning(d) == step), None)
            assert data is not None, f"the button {step} is gone"
            phone.taps_data(data)
        self.look(phone, step)

    def look(self, phone: Phone, step: str) -> None:
        assert phone.got, f"silence after {step}"
        for messages in _calls(phone):
            assert wrong_with(messages) == [], step
        ways_on = phone.buttons() or any("送ってください" in line for line in phone.sees.splitlines())
        assert ways_on, f"nothing leads on after {step}: {phone.sees}"


def _calls(phone: Phone) -> Iterator[list[dict[str, Any]]]:
    """The messages of one answer as they are sent: five at a time."""
    for start in range(0, len(phone.got), 5):
        yield phone.got[start : start + 5]


def _taps(messages: list[dict[str, Any]]) -> list[str]:
    phone_buttons = Phone.buttons(_Seen(messages))  # type: ignore[arg-type]
    return [button["data"] for button in phone_buttons if "data" in button]


@dataclass
class _Seen:
    got: list[dict[str, Any]]


def _meaning(data: str) -> str:
    """What a button means, whichever run of a conversation it belongs to: flow, question and answer."""
    return ";".join(data.split(";")[:4])


def _state(phone: Phone) -> str:
    """Where the person is: what the buttons ask, and whether something is picked (not which answers led here)."""
    meanings = {_meaning(data) for data in _taps(phone.got)}
    questions = {meaning.rpartition(";")[0] for meaning in meanings}
    picked = any(meaning.endswith(";done") for meaning in meanings)
    return "|".join(sorted(questions)) + ("+" if picked else "")


@pytest.fixture
def robot(migrated_sqlite: Path, tmp_path: Path, cipher: Cipher, clock: Clock) -> Iterator[Robot]:
    town = town_on_sqlite(migrated_sqlite, tmp_path, cipher, clock)
    course = town.course()
    with town.services.db.work() as work:  # far more walkers register here than a course has places
        joinings.set_gate(work, course.id, course.channel, joinings.Gate(margin=10_000))
    yield Robot(town, clock, course.code, town.partner(towns=("iwami", "tottori")).code)
    town.services.db.close()


def test_every_button_of_every_message_leads_on(robot: Robot) -> None:
    """Breadth first: from each new place every button once, each time by a person who came that way."""
    seen, meanings = set[str](), set[str]()
    waiting: deque[tuple[str, ...]] = deque([()])
    while waiting and robot.taps < MOST_TAPS:
        path = waiting.popleft()
        phone = robot.walk(path)
        here = _state(phone)
        if here in seen:
            continue
        seen.add(here)
        steps = list(dict.fromkeys(_meaning(data) for data in _taps(phone.got)))
        if "「コード」" in phone.sees:
            steps.append(f"type:{robot.code}")
        if not path:
            steps.append(f"type:{robot.partner}")
        for step in steps:
            if step in meanings:
                continue  # the same answer to the same question was followed from another place
            meanings.add(step)
            phone = robot.walk((*path, step))
            if _state(phone) not in seen:
                waiting.append((*path, step))
    assert not waiting, f"{robot.taps} taps were not enough"
    begun = {meaning.split(";")[1] for meaning in meanings if meaning.endswith(";start")}
    assert set(FLOWS) - begun == BEGUN_BY_US
    assert len(seen) >= 25, sorted(seen)
    assert len(meanings) >= 120, len(meanings)


@pytest.mark.parametrize("seed", range(12))
def test_a_restless_person_who_taps_anything_old_and_types_rubbish_always_gets_an_answer(
    robot: Robot, seed: int
) -> None:
    chance = random.Random(seed)
    phone = robot.town.phone()
    phone.follows()
    old: list[str] = []
    for _ in range(120):
        fresh = _taps(phone.got)
        old += fresh
        robot.clock.move(seconds=chance.choice((1, 60, 3_600, 90_000)) if chance.random() < 0.2 else 1)
        kind = chance.random()
        if kind < 0.62 and fresh:
            phone.taps_data(chance.choice(fresh))
        elif kind < 0.77 and old:
            phone.taps_data(chance.choice(old))
        elif kind < 0.82:
            phone.types(chance.choice((robot.code, robot.partner)))
        elif kind < 0.86:
            phone.sends(chance.choice(["sticker", "image", "location"]))
        else:
            phone.types(chance.choice(RUBBISH))
        robot.look(phone, f"seed {seed}")
