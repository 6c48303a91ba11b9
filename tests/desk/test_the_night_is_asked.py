"""What cannot wait while its desk is closed is put before the after-hours desk, however it came about."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from desks import ALWAYS, OFFICE
from office import IWAMI, doer, hire, lines
from surroundings import Clock
from town import PUBLIC_URL, TOKYO, settings, the_content

from bot.content.library import Content
from bot.desk import deeds, handing_on, opening, telling
from bot.desk.deeds import Desk
from bot.settings import Settings
from jobs import clocks
from storage import concerns, entries, handons, mails
from storage.concerns import Concern
from storage.staff import Staff
from storage.work import Database

NIGHT = "iwami_fukushi"
BEFORE_THE_HOLIDAYS = dt.datetime(2026, 12, 28, 17, 10, tzinfo=TOKYO)


def with_a_night_desk(**changed: Any) -> Content:
    """岩美町 with a desk by day and one that is always there, which does not look after anything by itself."""
    content = the_content()
    own: dict[str, dict[str, Any]] = {
        IWAMI: {"after_hours_desk": NIGHT, "hours": OFFICE, "recipients": ("day@iwami.example",)},
        NIGHT: {"hours": ALWAYS, "recipients": ("night@iwami.example",), "kinds": (), **changed},
    }
    return replace(content, windows=tuple(replace(w, **own.get(w.key, {})) for w in content.windows))


@dataclass
class House:
    """What the deeds and the job need, with this content."""

    db: Database
    content: Content = field(default_factory=with_a_night_desk)
    settings: Settings = field(default_factory=settings)
    bell: Any = None

    def opens(self, level: int = 2, **changed: Any) -> Concern:
        with self.db.work() as work:
            given: dict[str, Any] = {
                "channel": "default", "person_id": None, "town": "iwami", "district": None, "kind": "safety",
                "level": level, "since": "days", "subject_knows": "unaware",
            }  # fmt: skip
            return opening.open_concern(work, self.content, PUBLIC_URL, work.now, **given | changed)

    def describes(self, concern: Concern, what: str) -> None:
        with self.db.work() as work:
            telling.described(work, self.content, PUBLIC_URL, concern, {"what": what})

    def desk(self) -> Desk:
        return Desk(self.content, self.db.clock().astimezone(TOKYO), PUBLIC_URL)

    def asked(self, concern: Concern) -> str | None:
        """The desk that is asked to take it over."""
        with self.db.look() as work:
            offer = handons.open_of(work, concern)
        return offer.to_window if offer else None

    def can_read(self, concern: Concern, who: Staff) -> bool:
        with self.db.look() as work:
            return concerns.visible(work, concern.number, who.windows, who.id) is not None


@pytest.fixture
def house(db: Database, clock: Clock) -> House:
    clock.now = BEFORE_THE_HOLIDAYS.astimezone(dt.UTC)
    return House(db)


def test_words_of_danger_in_the_holidays_come_before_somebody_who_is_there(
    house: House, clock: Clock
) -> None:
    concern, watchman = house.opens(), hire(house.db, "宿直", NIGHT)
    assert concern.window == IWAMI
    assert not house.can_read(concern, watchman)
    clock.move(days=2, hours=4)
    house.describes(concern, "部屋で倒れているのが見えます")
    assert house.asked(concern) == NIGHT
    assert house.can_read(concern, watchman)
    with house.db.work() as work:
        assert ("night@iwami.example", "handon") in [(m.address, m.template) for m in mails.claim(work, 50)]
        offer = handons.open_of(work, concern)
        assert offer is not None
        assert "自動" in str(handons.words(work, offer)["text"])
        now = concerns.get(work, concern.id)
        assert now is not None
        assert (now.window, now.level) == (IWAMI, 1)  # until the other accepts, nothing changes
        taken = handing_on.accept(work, house.desk(), doer(watchman), now, offer)
    assert (taken.window, taken.state) == (NIGHT, "accepted")
    assert ("system", "hand_on") in lines(house.db, concern)


def test_by_day_and_for_what_can_wait_nobody_is_asked(house: House, clock: Clock) -> None:
    concern = house.opens()
    house.describes(concern, "部屋で倒れているのが見えます")
    assert house.asked(concern) is None
    clock.move(days=1)
    usual = house.opens(3)
    house.describes(usual, "新聞がたまっています")
    assert house.asked(usual) is None


def test_who_chose_a_desk_that_is_closed_is_read_at_night_all_the_same(house: House, clock: Clock) -> None:
    clock.move(hours=6)
    urgent = house.opens(0)
    assert (urgent.window, house.asked(urgent)) == (NIGHT, None)
    chosen = house.opens(0, window=IWAMI, doubted=True)
    assert (chosen.window, house.asked(chosen)) == (IWAMI, NIGHT)


def test_what_nobody_took_before_the_door_was_shut_goes_to_the_night_once(house: House, clock: Clock) -> None:
    concern = house.opens(1)
    clocks.tick(house)
    assert house.asked(concern) is None
    clock.move(hours=1)
    for _ in range(3):
        clocks.tick(house)
        clock.move(minutes=1)
    assert house.asked(concern) == NIGHT
    with house.db.look() as work:
        assert [entry.kind for entry in entries.of(work, concern)].count("handon") == 1


def test_the_desk_that_is_back_takes_it_itself_and_the_night_is_asked_no_longer(
    house: House, clock: Clock
) -> None:
    concern, worker = house.opens(1), hire(house.db, "係", IWAMI)
    clock.move(days=1)
    clocks.tick(house)
    assert house.asked(concern) == NIGHT
    with house.db.work() as work:
        deeds.accept(work, doer(worker), concern)
    assert house.asked(concern) is None


def test_what_was_offered_to_another_desk_stays_offered_there(house: House, clock: Clock) -> None:
    concern, worker = house.opens(1), hire(house.db, "係", IWAMI)
    with house.db.work() as work:
        handing_on.hand_on(
            work, house.desk(), doer(worker), concern, "wakasa_fukushi_hoken", subject="agreed", reporter="agreed",
            text="お願いします",
        )  # fmt: skip
    clock.move(days=1)
    clocks.tick(house)
    assert house.asked(concern) == "wakasa_fukushi_hoken"


@pytest.mark.parametrize("changed", [{"active": False}, {"hours": OFFICE}])
def test_a_night_desk_that_is_not_there_is_not_asked(
    house: House, clock: Clock, changed: dict[str, Any]
) -> None:
    house.content = with_a_night_desk(**changed)
    concern = house.opens()
    clock.move(days=1)
    house.describes(concern, "部屋で倒れているのが見えます")
    assert house.asked(concern) is None
