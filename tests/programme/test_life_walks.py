"""Random walks through the lives of a family of two on one phone: whatever happens in whatever order, some things hold."""

from __future__ import annotations

import datetime as dt
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from surroundings import Clock
from town import the_content, town_on_sqlite

from bot.programme import life
from jobs import programme as job
from storage import audit, drips, outbox, people, supporters
from storage.crypto import cipher_from, new_key
from storage.supporters import PERMITTED, SUPPORTING, State, Supporter
from storage.transitions import NotPermitted
from storage.work import Work

C = the_content()
WHICH = st.integers(0, 1)
DEEDS = ("registered", "pause", "resume", "leave", "come_back", "touched", "move", "refreshed")
MIGRATED: list[Path] = []


@pytest.fixture(autouse=True)
def migrated(migrated_sqlite: Path) -> None:
    MIGRATED[:] = [migrated_sqlite]


class Lives(RuleBasedStateMachine):
    """Two entries of the register; the clock of the tests; the jobs of each minute and each night."""

    @initialize()
    def begin(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.clock = Clock()
        self.town = town_on_sqlite(
            MIGRATED[0], Path(self.folder.name), cipher_from(new_key("t1")), self.clock
        )
        self.db = self.town.services.db
        with self.db.work() as work:
            self.person_id = people.lock(work, "default", "U" + "1" * 32).id
            more: dict[str, Any] = {"source": "line", "state": "attended", "person_id": self.person_id}
            day = life.today(work)
            self.ids = [
                life.counted(work, C, supporters.add(work, "default", town=town, attended_on=day, **more)).id
                for town in ("tottori", "iwami")
            ]
        self.states: dict[str, State] = dict.fromkeys(self.ids, "attended")

    def teardown(self) -> None:
        if hasattr(self, "db"):
            self.db.close()
            self.folder.cleanup()

    def entries(self, work: Work) -> list[Supporter]:
        return [entry for each in self.ids if (entry := supporters.get(work, each)) is not None]

    # ---- what happens ------------------------------------------------------------------------------------

    @rule(which=WHICH, deed=st.sampled_from(DEEDS), months=st.sampled_from([None, 0, 1, 6]))
    def somebody_does(self, which: int, deed: str, months: int | None) -> None:
        with self.db.work() as work:
            entry = supporters.get(work, self.ids[which])
            if entry is None:
                return
            until = None if months is None else life.months_later(life.today(work), months)
            person = people.get(work, self.person_id)
            assert person is not None
            try:
                match deed:
                    case "registered":
                        life.registered(work, C, entry)
                    case "pause":
                        life.pause(work, entry, until)
                    case "resume":
                        life.resume(work, C, entry)
                    case "leave":
                        life.leave(work, entry)
                    case "come_back":
                        life.come_back(work, C, entry)
                    case "touched":
                        life.touched(work, person)
                    case "move":
                        town = "wakasa" if entry.town != "wakasa" else "tottori"
                        life.change_place(work, C, entry, town, None)
                    case _ if entry.state in (*SUPPORTING, "attended"):
                        life.refreshed(work, C, entry, life.today(work))
            except NotPermitted:
                pass
        self.look()

    @rule(which=WHICH, days=st.integers(-40, 0))
    def staff_mend_the_day(self, which: int, days: int) -> None:
        """What followed from the old day is not sent any more, nor is what was sent for it sent again."""
        with self.db.work() as work:
            entry = supporters.get(work, self.ids[which])
            if entry is not None and entry.state != "left":
                day = life.today(work) + dt.timedelta(days=days)
                life.counted(work, C, supporters.write(work, entry, attended_on=day))
        self.look()

    @rule(days=st.sampled_from([0, 1, 1, 6, 29, 200, 800]), hour=st.sampled_from([1, 3, 9]))
    def time_goes_by(self, days: int, hour: int) -> None:
        self.clock.now = self.clock().replace(hour=hour, minute=0) + dt.timedelta(days=days)
        with self.db.look() as work:
            awake = {entry.id for entry in self.entries(work) if entry.state in drips.LISTENING}
            days_of = {
                entry.id: {entry.attended_on, entry.refreshed_on, entry.refresher_due_on}
                for entry in self.entries(work)
            }
            told = set(work.conn.execute(drips.drips.select()).all())
        job.tell(self.town.services)
        with self.db.look() as work:
            for row in set(work.conn.execute(drips.drips.select()).all()) - told:
                assert row.supporter_id in awake
                assert row.base_on in days_of[row.supporter_id]
        job.night(self.town.services)
        self.look()

    @precondition(lambda self: len(self.ids) == 2)
    @rule(which=WHICH)
    def one_of_them_is_erased(self, which: int) -> None:
        with self.db.work() as work:
            entry = supporters.get(work, self.ids[which])
            if entry is not None and len(self.entries(work)) == 2:
                life.erase_entry(work, entry, "山田")

    # ---- what always holds -------------------------------------------------------------------------------

    def look(self) -> None:
        """Every state that follows may follow, perhaps by way of others that one unit of work went through."""
        with self.db.look() as work:
            for entry in self.entries(work):
                before = self.states[entry.id]
                reached, edge = {before}, {before}
                while edge := {then for now in edge for then in PERMITTED[now]} - reached:
                    reached |= edge
                assert entry.state in reached
                assert not (entry.state == "attended" and before != "attended")
                self.states[entry.id] = entry.state

    @invariant()
    def the_phone_says_what_the_register_says(self) -> None:
        if not hasattr(self, "db"):
            return
        with self.db.look() as work:
            entries = [entry for entry in self.entries(work) if entry.state in SUPPORTING]
            person = people.get(work, self.person_id)
            row = work.conn.execute(people.people.select()).one()
        assert person is not None
        assert person.role == ("supporter" if entries else "resident")
        assert row.paused == (bool(entries) and all(entry.state == "paused" for entry in entries))
        if entries:
            first = ([entry for entry in entries if entry.state != "paused"] or entries)[0]
            assert (person.town, person.district) == (first.town, first.district)

    @invariant()
    def nothing_is_late_or_unproved(self) -> None:
        if not hasattr(self, "db"):
            return
        with self.db.look() as work:
            for entry in self.entries(work):
                assert entry.state == "left" or entry.refresher_due_on == life.due_on(C, entry)
                assert (entry.paused_until is None) or entry.state == "paused"
                assert (entry.left_at is None) == (entry.state != "left")
            assert audit.verify(work, "default") is None
            waiting = [row for row in work.conn.execute(outbox.outbox.select()) if row.kind == "message"]
            assert all(row.person_id is not None for row in waiting)


Lives.TestCase.settings = settings(
    max_examples=8,
    stateful_step_count=12,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    derandomize=True,
)
TestLives = pytest.mark.usefixtures("migrated")(Lives.TestCase)
