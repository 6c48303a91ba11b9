"""What came of a race, and how it is shown: one table for each kind of load, and one of all of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

import load
from entrants import REFERENCE, Contestant

Table = list[list[str]]


@dataclass(frozen=True)
class Mode:
    """One kind of load. `rate`: events a second; `share`: of what each contestant can do at most."""

    title: str
    line_seconds: float = 0.0
    connections: int = 32
    rate: float | None = None
    share: float | None = None
    tls: bool = False
    mixed: bool = False

    @property
    def paced(self) -> bool:
        """At a given rate, and not as fast as answers come."""
        return self.rate is not None or self.share is not None


@dataclass(frozen=True)
class Round:
    """What came of one load on one contestant; times in seconds."""

    load: load.Load
    answered: float  # until the last message had arrived
    missing: int
    processor: float
    server: float
    line: float

    @property
    def events(self) -> int:
        return len(self.load.times)


@dataclass(frozen=True)
class Row:
    """One contestant's rounds in one mode."""

    contestant: Contestant
    rounds: Sequence[Round]
    megabytes: tuple[float, float]

    @property
    def name(self) -> str:
        return self.contestant.name

    def rate(self) -> float:
        return median(each.events / each.load.seconds for each in self.rounds)

    def answers(self) -> float | None:
        """None for who answers nothing."""
        if not self.contestant.entry.answers:
            return None
        return median(each.events / each.answered for each in self.rounds)

    def percentile(self, of_hundred: float) -> float:
        return load.percentile([each for one in self.rounds for each in one.load.times], of_hundred)

    def per_event(self, part: Callable[[Round], float]) -> float:
        """Microseconds."""
        return median(part(each) / each.events for each in self.rounds) * 1e6

    def complaint(self) -> str | None:
        """Where messages that were owed did not arrive."""
        missing = sum(max(each.missing, 0) for each in self.rounds)
        return f"!!! {self.name}: {missing} messages did not arrive at LINE" if missing else None


def table(mode: Mode, rows: Sequence[Row]) -> Table:
    """The head, then one line for each contestant."""
    base = _base(rows)
    pace = [] if mode.paced else ["x (b)", "answers/s"]
    head = ["", "events/s", *pace, "p50 ms", "p95 ms", "p99 ms", "CPU µs", "database µs"]
    lines = [[*head, "MB", "own MB", "load µs", "LINE µs"]]
    for each in rows:
        server, answers = each.per_event(lambda one: one.server), each.answers()
        pace = [] if mode.paced else [_times(each, base), f"{answers:,.0f}" if answers else ""]
        lines.append(
            [
                each.name,
                f"{each.rate():,.0f}",
                *pace,
                *(f"{each.percentile(of):,.1f}" for of in (50, 95, 99)),
                f"{each.per_event(lambda one: one.processor):,.0f}",
                f"{server:,.0f}" if server else "",
                *(f"{megabytes:.0f}" for megabytes in each.megabytes),
                f"{each.per_event(lambda one: one.load.processor):,.0f}",
                f"{each.per_event(lambda one: one.line):,.0f}",
            ]
        )
    return lines


def summary(modes: Mapping[str, Mode], results: Mapping[str, Sequence[Row]]) -> Table:
    """All kinds of load beside each other: events/s and x (b) where it was as fast as possible, else p50 / p99."""
    names = list(dict.fromkeys(row.name for rows in results.values() for row in rows))
    cells = {name: [name] for name in names}
    for mode, rows in results.items():
        found, base = {row.name: row for row in rows}, _base(rows)
        for name in names:
            row = found.get(name)
            if row is None:
                cells[name].append("")
            elif modes[mode].paced:
                cells[name].append(f"{row.percentile(50):,.1f} / {row.percentile(99):,.1f} ms")
            else:
                times = _times(row, base)
                cells[name].append(f"{row.rate():,.0f}/s" + (f" ({times} x)" if times else ""))
    return [["", *results], *cells.values()]


def _base(rows: Sequence[Row]) -> float | None:
    return next((each.rate() for each in rows if each.name.startswith(REFERENCE)), None)


def _times(row: Row, base: float | None) -> str:
    if not base:
        return ""
    return f"{row.rate() / base:.2f}" if row.rate() < 10 * base else f"{row.rate() / base:.0f}"


def show(title: str, lines: Table, markdown: bool) -> None:
    if markdown:
        head, *rest = lines
        print(f"\n**{title}**\n", flush=True)
        for cells in (head, ["---", *["--:"] * (len(head) - 1)], *rest):
            print("| " + " | ".join(cells) + " |", flush=True)
        return
    print(f"\n{title}\n", flush=True)
    first, *widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for name, *cells in lines:
        beside = (cell.rjust(width) for cell, width in zip(cells, widths, strict=True))
        print(name.ljust(first), *beside, sep="  ", flush=True)
