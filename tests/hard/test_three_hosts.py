"""Three hosts on one PostgreSQL. Each in turn is killed and cut off while people write and a broadcast goes out: nothing
is lost, nothing comes twice, each person is answered in the order in which they wrote."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from killing import Cradle, Deathbed
from networks import Bridge, Loopback, Namespaces, Place, can_have_namespaces
from postgresql_pair import alone
from three_hosts import NEWS, READY_WITHIN, Faults, Host, Line, Play, procfile, sizes, talking_line

SOON = 30.0  # seconds until a host that was cut off serves again


@dataclass(frozen=True)
class Amount:
    """How much of everything; `cuts` are seconds, the longest of them longer than any lease."""

    people: int
    talkers: int
    events: int
    a_second: float
    ahead: float | None  # seconds until the broadcast is due; None: now
    deaths: tuple[float, float, float]  # until it is started again
    cuts: tuple[float, float, float]
    calm: float  # seconds between two faults
    web_processes: int


SMALL = Amount(2_000, 30, 300, 10, ahead=None, deaths=(1, 1, 1), cuts=(3, 3, 3), calm=1, web_processes=1)
WHOLE = Amount(
    100_000, 400, 10_000, 18, ahead=90, deaths=(5, 60, 5), cuts=(25, 75, 25), calm=10, web_processes=2
)


@contextlib.contextmanager
def places(network: str, line: Line, database_port: int) -> Iterator[list[Place]]:
    with contextlib.ExitStack() as left:
        if network == "loopback":
            yield [Loopback(line.port, [database_port]) for _ in range(3)]
        else:
            if not can_have_namespaces():
                pytest.skip("NO NETWORK NAMESPACES HERE: no cable is pulled out, no machine loses its power")
            bridge = Bridge()
            left.callback(bridge.close)
            yield [Namespaces(bridge, line.port, [database_port]) for _ in range(3)]


@dataclass(frozen=True)
class Fault:
    """What happens to one host after the other: how it begins and ends, and how soon the host must serve again."""

    name: str
    begins: Callable[[Host], None]
    ends: Callable[[Host], None]
    within: float = READY_WITHIN

    def meets_each(
        self, line: Line, hosts: Sequence[Host], faults: Faults, calm: float, lasts: Sequence[float]
    ) -> float:
        """The longest that one took until it served again."""
        slowest = 0.0
        for host, seconds in zip(hosts, lasts, strict=True):
            with faults.during(self.name):
                self.begins(host)
                time.sleep(seconds)
                self.ends(host)
                slowest = max(slowest, line.wait_for(host, within=self.within))
            time.sleep(calm)
        return slowest


DEATH = Fault("killed", Host.kill, Host.rise)
CUT = Fault(
    "cut off", lambda host: host.place.cut(), lambda host: host.place.mend(), SOON
)  # no process may end by it


@sizes(SMALL, WHOLE)
def test_three_hosts_of_which_each_is_killed_and_cut_off(
    network: str, amount: Amount, cradle: Cradle, tmp_path: Path
) -> None:
    faults = Faults()
    with contextlib.ExitStack() as left:
        line, server = left.enter_context(talking_line()), left.enter_context(alone())
        found = left.enter_context(places(network, line, server.port))
        hosts = []
        for number, place in enumerate(found):
            address, port = place.databases[0]
            url = f"postgresql://postgres@{address}:{port}/postgres"
            hosts.append(Host(f"host{number}", place, url, tmp_path, amount.web_processes))
            if amount is SMALL and network == "loopback":
                hosts[-1].cradle = cradle
            left.callback(hosts[-1].stop)
        hosts[0].run(procfile()["release"])
        bed = Deathbed(server.url, tmp_path, cradle, line)
        left.callback(bed.close)
        play = Play.begins(bed, line, hosts, amount)
        with faults.during("begun"):
            line.talks(hosts, amount.talkers, amount.events, amount.a_second)
        time.sleep(max(amount.calm, play.due + 0.5 - time.monotonic()))  # the first dies while it is prepared
        killed = DEATH.meets_each(line, hosts, faults, amount.calm, amount.deaths)
        cut = CUT.meets_each(line, hosts, faults, amount.calm, amount.cuts)
        found_out = play.comes_to_rest()
        bed.kills = len(hosts)
        failed = line.ask("/talk")["failed"]
        bed.report(
            f"three hosts, {network}, {len(found_out.events)} events, {amount.people} people",
            **found_out.figures(), deliveries_in_vain=failed, first_start=f"{play.started:.0f} s",
            served_again_after_death=f"{killed:.1f} s", after_a_cut=f"{cut:.1f} s",
        )  # fmt: skip
        print(found_out.times(faults))
        assert found_out.figures() == {"lost": 0, "twice": 0, "out of order": 0}
        assert len(found_out.events) >= amount.events
        assert bed.says(NEWS, play.broadcast_id) == {"lost": 0, "twice": 0}
        assert bed.tally(play.broadcast_id).accepted == amount.people
