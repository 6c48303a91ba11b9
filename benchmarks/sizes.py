"""How large an installation must be for 1, 100 and 1,700 municipalities: measured costs times stated assumptions.

Run it:

    .venv/bin/python benchmarks/sizes.py                            # the tables of docs/scale.md
    .venv/bin/python benchmarks/sizes.py --people 10000 --towns 7   # towns of your own

What was measured stands in `Costs`, with the command behind each figure: write yours there. The rest is arithmetic.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final


@dataclass(frozen=True)
class Costs:
    """What one of each takes, on two cores of 2026 that kill tests used as well; the largest of the sizes measured."""

    event_sqlite_ms: float = 2.7  # growth.py, "One event, by channels": taken, answered, sent
    event_postgresql_ms: float = 5.3  # the same, with PostgreSQL's own part
    of_it_postgresql: float = 0.2  # … which is about so much of it
    recipient_us: float = 24.0  # growth.py, "One recipient of a broadcast"; SQLite takes 19
    answer_ms: float = 6.9  # growth.py, "One answer in the handbook"
    person_bytes: float = 572  # row_bytes.py, as all the bytes: the larger of the two databases
    supporter_bytes: float = 956
    event_bytes: float = 568  # that it was seen, and its answer
    recipient_bytes: float = 489
    concern_bytes: float = 16_300
    photo_bytes: float = 500_000  # as it is kept: at most 1,600 pixels, sealed
    process_mb: float = (
        300  # webhook_race.py, "MB": of one process; 110 of them are a dictionary that all share
    )
    backup_us_a_row: float = 70  # backup.py: processor time of `db backup`, and of `db restore`
    restore_us_a_row: float = 160


@dataclass(frozen=True)
class Town:
    """A municipality, as we assume it; docs/scale.md says why."""

    supporters: int = 1_000
    residents: int = 2_000
    events_a_month: float = 5.0  # of one person: taps and typed words
    broadcasts_a_month: float = 4.0  # to each person, digests among them
    concerns_a_year: int = 100
    photos_of_a_concern: float = 0.3
    burst: float = 0.10  # of its people answer a broadcast or an alarm …
    burst_events: int = 5  # … with so many events each …
    burst_seconds: int = 600  # … within so many seconds

    @property
    def people(self) -> int:
        return self.supporters + self.residents


TOGETHER: Final = 0.10  # of all towns have their burst at the same time; one at least
HEADROOM: Final = 2.0  # at the peak the processors are half idle
KEPT = {"events": 31, "answers": 90, "recipients": 365}  # days: storage/data_register.yaml
POOL: Final = 30  # connections of one process at most: storage/database.py
WORKER_POOL: Final = 4  # … of a worker's jobs, beside them: jobs/engine.py
RESERVE: Final = 20  # for commands, backup and whoever looks after PostgreSQL
USUAL_CONNECTIONS: Final = 100  # PostgreSQL's max_connections where nobody set it
LONGEST_BACKUP: Final = 60.0  # minutes that a daily backup may take
PLANS = (200, 5_000, 30_000)  # messages a month that LINE's plans in Japan include


@dataclass(frozen=True)
class Installation:
    """So many towns of this kind, with what they cost."""

    towns: int
    town: Town
    costs: Costs

    @property
    def people(self) -> int:
        return self.towns * self.town.people

    @property
    def on_postgresql(self) -> bool:
        return self.towns > 1

    @property
    def events_a_day(self) -> float:
        return self.people * self.town.events_a_month / 30

    @property
    def peak(self) -> float:
        """Events a second, when a tenth of the towns have their burst."""
        at_once = max(1.0, self.towns * TOGETHER)
        return at_once * self.town.people * self.town.burst * self.town.burst_events / self.town.burst_seconds

    def cores(self, share: float = 1.0) -> float:
        milliseconds = self.costs.event_postgresql_ms if self.on_postgresql else self.costs.event_sqlite_ms
        return self.peak * milliseconds * share / 1_000 * HEADROOM

    @property
    def web_processes(self) -> int:
        """One uses one core; two machines with two each are the least that survives a dead machine."""
        return max(4, math.ceil(self.cores(1 - self.costs.of_it_postgresql))) if self.on_postgresql else 1

    @property
    def others(self) -> int:
        """Workers and clocks: two of each, in case a machine dies."""
        return 4 if self.on_postgresql else 0

    @property
    def memory_gb(self) -> float:
        return (self.web_processes + self.others) * self.costs.process_mb / 1_000

    @property
    def postgresql_cores(self) -> int:
        return max(2, math.ceil(self.cores(self.costs.of_it_postgresql))) if self.on_postgresql else 0

    @property
    def connections(self) -> int:
        if not self.on_postgresql:
            return 0
        return (self.web_processes + self.others) * POOL + 2 * WORKER_POOL + RESERVE

    @property
    def rows(self) -> dict[str, float]:
        """After a year, by what they are; each event leaves one row that was seen and one that was said."""
        return {
            "people": self.people,
            "register": self.towns * self.town.supporters,
            "events": self.events_a_day * KEPT["events"],
            "answers": self.events_a_day * KEPT["answers"],
            "recipients": self.people * self.town.broadcasts_a_month * 12 * KEPT["recipients"] / 365,
            "concerns": self.towns
            * self.town.concerns_a_year
            * 12,  # its entries, lines of the audit, notices
        }

    @property
    def disk_gb(self) -> float:
        """After a year. Of what ends by then as much is deleted as comes."""
        rows, costs = self.rows, self.costs
        concerns = self.towns * self.town.concerns_a_year
        total = (
            rows["people"] * costs.person_bytes
            + rows["register"] * costs.supporter_bytes
            + (rows["events"] + rows["answers"]) / 2 * costs.event_bytes
            + rows["recipients"] * costs.recipient_bytes
            + concerns * (costs.concern_bytes + self.town.photos_of_a_concern * costs.photo_bytes)
        )
        return total / 1e9

    @property
    def backup_minutes(self) -> float:
        return sum(self.rows.values()) * self.costs.backup_us_a_row / 60e6

    @property
    def restore_minutes(self) -> float:
        return sum(self.rows.values()) * self.costs.restore_us_a_row / 60e6

    @property
    def broadcast_seconds(self) -> float:
        """Processor seconds of one to everybody."""
        return self.people * self.costs.recipient_us / 1e6

    @property
    def messages(self) -> float:
        """A month, of one account: what LINE counts, and bills."""
        return self.town.people * self.town.broadcasts_a_month

    @property
    def binds_first(self) -> str:
        """What has to be made larger before anything else."""
        if self.backup_minutes > LONGEST_BACKUP:
            return "`db backup`: PostgreSQL's own instead"
        if self.connections > USUAL_CONNECTIONS:
            return f"`max_connections` (usually {USUAL_CONNECTIONS})"
        fits = next((plan for plan in PLANS if plan >= self.messages), None)
        return f"LINE's plan: {fits:,} a month" if fits else "LINE's plans: paid for each message"


ROWS: Sequence[tuple[str, Callable[[Installation], str]]] = (
    ("people", lambda one: f"{one.people:,}"),
    ("events a day", lambda one: f"{one.events_a_day:,.0f}"),
    ("events a second at the peak", lambda one: f"{one.peak:,.1f}"),
    ("cores for it, half idle", lambda one: f"{one.cores():,.2f}"),
    ("web processes", lambda one: f"{one.web_processes}" if one.on_postgresql else "1 (serve)"),
    ("workers + clocks", lambda one: "2 + 2" if one.others else "inside"),
    ("memory of the processes", lambda one: f"{one.memory_gb:,.1f} GB"),
    ("cores of PostgreSQL", lambda one: f"{one.postgresql_cores}" if one.on_postgresql else "SQLite"),
    ("connections at most", lambda one: f"{one.connections}" if one.on_postgresql else "none"),
    ("disk after a year", lambda one: f"{one.disk_gb:,.1f} GB"),
    ("rows after a year", lambda one: f"{sum(one.rows.values()) / 1e6:,.1f} M"),
    ("`db backup`, processor", lambda one: f"{one.backup_minutes:,.1f} min"),
    ("`db restore`, processor", lambda one: f"{one.restore_minutes:,.1f} min"),
    ("a broadcast to all, processor", lambda one: f"{one.broadcast_seconds:,.1f} s"),
    ("LINE messages a month and account", lambda one: f"{one.messages:,.0f}"),
    ("what binds first", lambda one: one.binds_first),
)


def table(installations: Sequence[Installation]) -> str:
    """In Markdown, a column for each."""
    heads = [
        "",
        *(f"{one.towns:,} {'municipality' if one.towns == 1 else 'municipalities'}" for one in installations),
    ]
    lines = [heads, ["---", *("---:" for _ in installations)]]
    lines += [[name, *(cell(one) for one in installations)] for name, cell in ROWS]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def main() -> None:
    wanted = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    wanted.add_argument("--towns", type=int, nargs="*", default=[1, 100, 1_700])
    wanted.add_argument("--people", type=int, help="of one town; a third of them supporters")
    chosen = wanted.parse_args()
    town = Town()
    if chosen.people is not None:
        town = replace(town, supporters=chosen.people // 3, residents=chosen.people - chosen.people // 3)
    print(table([Installation(count, town, Costs()) for count in chosen.towns]))


if __name__ == "__main__":
    main()
