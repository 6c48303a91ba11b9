"""PostgreSQL dies while people write and a broadcast goes out, and its replica is promoted by hand. What was acknowledged
is on the replica: nothing is lost, nothing comes twice, and the service goes on without being started again."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from killing import Cradle, Deathbed
from networks import Bridge, Loopback, Namespaces, Place, can_have_namespaces
from postgresql_pair import Server, pair, servers_folder
from sqlalchemy import func, select
from three_hosts import NEWS, Faults, Host, Line, Play, procfile, sizes, talking_line

from storage.events import seen_events

SOON = 30.0  # seconds after the promotion until the service works again


@dataclass(frozen=True)
class Amount:
    """How much of everything; `until_promoted` are the seconds that the operator needs."""

    hosts: int
    people: int
    talkers: int
    events: int
    a_second: float
    ahead: float | None  # seconds until the broadcast is due; None: now
    before: float  # seconds until the primary dies
    until_promoted: float
    web_processes: int


SMALL = Amount(1, 2_000, 30, 200, 10, ahead=None, before=6, until_promoted=2, web_processes=1)
WHOLE = Amount(3, 100_000, 400, 10_000, 18, ahead=90, before=90, until_promoted=20, web_processes=2)


@dataclass
class Stage:
    """Two servers and some hosts, each where it can die."""

    first: Server
    second: Server
    hosts: list[Host]
    url: str  # from where this test runs
    first_place: Namespaces | None = None

    def the_first_dies(self) -> None:
        """In a network of its own it tells nobody."""
        if self.first_place is not None:
            self.first_place.dies()
        self.first.kill()


def both(addresses: list[tuple[str, int]]) -> str:
    return f"postgresql://postgres@{','.join(f'{address}:{port}' for address, port in addresses)}/postgres"


@contextlib.contextmanager
def stage(network: str, amount: Amount, line: Line, folder: Path) -> Iterator[Stage]:
    with contextlib.ExitStack() as left:
        servers = left.enter_context(servers_folder())
        places: list[Place]
        if network == "loopback":
            first, second, first_place = Server(servers, "first"), Server(servers, "second"), None
            ports = [first.port, second.port]
            places = [Loopback(line.port, ports) for _ in range(amount.hosts)]
            addresses = [place.databases for place in places]
        else:
            if not can_have_namespaces():
                pytest.skip("NO NETWORK NAMESPACES HERE: no PostgreSQL loses its power")
            bridge = Bridge()
            left.callback(bridge.close)
            first_place, second_place = Namespaces(bridge, 0, []), Namespaces(bridge, 0, [])
            for place in (first_place, second_place):
                left.callback(place.close)
            first = Server(servers, "first", first_place.address, first_place.within)
            second = Server(servers, "second", second_place.address, second_place.within)
            places = [Namespaces(bridge, line.port, []) for _ in range(amount.hosts)]
            addresses = [[(first.address, first.port), (second.address, second.port)]] * amount.hosts
        hosts = []
        for number, (place, databases) in enumerate(zip(places, addresses, strict=True)):
            hosts.append(Host(f"host{number}", place, both(databases), folder, amount.web_processes))
            left.callback(hosts[-1].stop)
        left.enter_context(pair(first, second))
        url = both([(first.address, first.port), (second.address, second.port)])
        yield Stage(first, second, hosts, url, first_place)


@sizes(SMALL, WHOLE)
def test_postgresql_dies_and_its_replica_is_promoted(
    network: str, amount: Amount, cradle: Cradle, tmp_path: Path
) -> None:
    faults = Faults()
    with contextlib.ExitStack() as left:
        line = left.enter_context(talking_line())
        found = left.enter_context(stage(network, amount, line, tmp_path))
        hosts = found.hosts
        if amount is SMALL and network == "loopback":
            for host in hosts:
                host.cradle = cradle
        hosts[0].run(procfile()["release"])
        bed = Deathbed(found.url, tmp_path, cradle, line)
        left.callback(bed.close)
        play = Play.begins(bed, line, hosts, amount)
        with faults.during("begun"):
            line.talks(hosts, amount.talkers, amount.events, amount.a_second)
        time.sleep(amount.before)
        died = time.monotonic()
        with faults.during("no primary"):
            found.the_first_dies()
            time.sleep(amount.until_promoted)
            takes = found.second.promote()
            promoted = time.monotonic()
            line.wait_for(*hosts, within=SOON)
        said = play.comes_to_rest()
        first_200 = min(at for event in said.events if (at := event["acknowledged"]) > promoted)
        bed.kills = 1
        bed.report(
            f"fail-over, {network}, {len(hosts)} hosts, {len(said.events)} events, {amount.people} people",
            **said.figures(), deliveries_in_vain=line.ask("/talk")["failed"], promotion=f"{takes:.1f} s",
            first_200_after_the_promotion=f"{first_200 - promoted:.1f} s", after_the_death=f"{first_200 - died:.1f} s",
        )  # fmt: skip
        print(said.times(faults))
        assert said.figures() == {"lost": 0, "twice": 0, "out of order": 0}
        assert first_200 - promoted < SOON
        assert all(host.lives() for host in hosts), "it goes on without being started again"
        with bed.db.look() as work:
            count = work.conn.execute(select(func.count()).select_from(seen_events)).scalar_one()
        assert count == len(said.events) >= amount.events
        assert bed.says(NEWS, play.broadcast_id) == {"lost": 0, "twice": 0}
        assert bed.tally(play.broadcast_id).accepted == amount.people
