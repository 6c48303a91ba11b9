"""Events a second, side by side: echoes made with LINE's SDKs and with Bottender, and this service, in one run.

Run it (`make bench` also makes what the others need; a quarter of an hour on two cores that do nothing else):

    make bench                                          # every mode
    make bench ARGS="--modes at-once life --rounds 5"   # some of them
    make bench ARGS="--only '(b)' ours --markdown"      # some of the contestants, as tables for a README

All contestants run at the same time and are loaded in turn, round after round, by one generator (load.py) with
signed events that were made beforehand, from 2,000 people. Each answer must be a 200, and each message that a contestant
owes must arrive at the same played LINE (processes.py), or the run says so and fails.

    events/s     webhooks answered with 200. The echoes have replied by then; ours has committed the event and its
                 answer to the disk, and sends it afterwards
    answers/s    the same events, until the last of their messages had arrived at LINE
    p50 p95 p99  milliseconds until the 200; at a given rate they begin when an event is due, not when it was sent
    CPU µs       processor time per event, of all of a contestant's processes, with the sending
    database µs  the same of Redis, or of PostgreSQL's processes for its connections
    MB, own MB   memory of its largest process; own is what it shares with no file on the disk
    load µs, LINE µs   processor time per event of the generator and of LINE, which share the machine with everybody
"""

from __future__ import annotations

import argparse
import itertools
import os
import ssl
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import load
from authority import authority_in
from entrants import REFERENCE, Contestant, entries, racing
from processes import ask_line, end_all_when_told, line
from race_results import Mode, Round, Row, show, summary, table

PEOPLE = 2_000
TALKING = range(10_000, 10_300)  # the people who are in the middle of a conversation
MIX = ["text", "tap", "text", "text", "follow", "text", "tap", "text", "text", "tap"]
START = "v1;handbook;;start;"
WARM_UP = 2_000  # events before anything counts: Node compiles what runs often
PATIENCE = 60.0  # seconds for messages that are still on their way when a load ends
Ask = Callable[[str], Any]
_newcomers = itertools.count(1_000_000)

MODES = {
    "at-once": Mode("LINE answers at once, 32 connections"),
    "life": Mode("LINE answers after 50 ms, 128 connections", line_seconds=0.05, connections=128),
    "steady": Mode("A steady 100 events/s, LINE answers after 50 ms", line_seconds=0.05, rate=100),
    "half": Mode("Half of what each can do, LINE answers at once", share=0.5),
    "mixed": Mode("60 % texts, 30 % taps of a running conversation, 10 % new friends", mixed=True),
    "tls": Mode("LINE over TLS, answers at once, 32 connections", tls=True),
}


# ---- one round ---------------------------------------------------------------------------------------------


def requests_for(contestant: Contestant, count: int, mixed: bool, ask: Ask) -> list[load.Request]:
    """Events of many people in turn. Whoever has no conversations of our kind ignores a tap, whatever it says."""
    if not mixed:
        return [load.text(number % PEOPLE) for number in range(count)]
    taps = running_conversations(contestant, ask) if contestant.entry.ours else [(TALKING[0], START)]
    made = []
    for number in range(count):
        match MIX[number % len(MIX)]:
            case "text":
                made.append(load.text(number % PEOPLE))
            case "tap":
                made.append(load.tap(*taps[number % len(taps)]))
            case _:
                made.append(load.follow(next(_newcomers)))
    return made


def running_conversations(contestant: Contestant, ask: Ask) -> list[tuple[int, str]]:
    """People who have begun to look for help, and the first button that each of them was shown."""
    begun = [load.tap(person, START) for person in TALKING]
    run(contestant, begun, 32, None, PATIENCE, ask)
    shown = ask("/buttons")
    return [(person, shown[tap.token]) for person, tap in zip(TALKING, begun, strict=True)]


def run(
    contestant: Contestant,
    requests: Sequence[load.Request],
    connections: int,
    rate: float | None,
    most_seconds: float,
    ask: Ask,
) -> Round:
    """Load it, then wait until all that it owes has arrived at LINE."""
    token = contestant.entry.token
    before = ask("/seen")
    processor, server = contestant.processor(), contestant.server_processor()
    began = time.perf_counter()
    try:
        result = load.send(contestant.port, requests, connections, rate, most_seconds)
    except load.Failed as failed:
        raise SystemExit(f"{contestant.name}: {failed}") from failed
    owed = sum(each.kind in contestant.entry.answers for each in requests[: len(result.times)])
    while True:
        after = ask("/seen")
        missing = owed - (after["messages"].get(token, 0) - before["messages"].get(token, 0))
        answered = time.perf_counter() - began
        if missing <= 0 or answered > result.seconds + PATIENCE:
            break
        time.sleep(0.02)
    time.sleep(0.3)  # what it notes of the last ones belongs to them
    return Round(
        result,
        answered,
        missing,
        contestant.processor() - processor,
        max(contestant.server_processor() - server, 0.0),
        after["processor"] - before["processor"],
    )


# ---- all of them -------------------------------------------------------------------------------------------


def race(
    mode: Mode,
    contestants: Sequence[Contestant],
    most: dict[str, float],
    chosen: argparse.Namespace,
    ask: Ask,
) -> list[Row]:
    """Round after round, everybody in turn; at a given rate one longer round. `most`: what each can do."""
    ask(f"/seconds/{mode.line_seconds}")
    done: dict[str, list[Round]] = {each.name: [] for each in contestants}
    for _ in range(1 if mode.paced else chosen.rounds):
        for each in contestants:
            rate = most[each.name] * mode.share if mode.share else mode.rate
            count = round(rate * chosen.paced_seconds) if rate else chosen.events
            requests = requests_for(each, count, mode.mixed, ask)
            seconds = 10 * chosen.paced_seconds if rate else chosen.seconds
            done[each.name].append(run(each, requests, mode.connections, rate, seconds, ask))
    return [Row(each, done[each.name], each.megabytes()) for each in contestants]


def races(chosen: argparse.Namespace, modes: Sequence[str], tls: bool) -> dict[str, list[Row]]:
    """The modes with or without TLS, with the same processes."""
    results: dict[str, list[Row]] = {}
    if not modes:
        return results
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        authority = authority_in(folder) if tls else None
        context = ssl.create_default_context(cafile=authority.certificate.chain) if authority else None
        url = stack.enter_context(line(0.0, authority.certificate if authority else None))
        ask: Ask = partial(ask_line, url, context)
        contestants = [
            stack.enter_context(racing(each, url, authority.bundle if authority else None))
            for each in entries(stack, chosen.postgresql, folder)
            if not chosen.only or any(part in each.name for part in chosen.only)
            if not tls or each.ours or each.name.startswith(REFERENCE)
        ]
        for each in contestants:
            run(each, requests_for(each, WARM_UP, False, ask), 32, None, 6.0, ask)
        most: dict[str, float] = {}
        if any(MODES[name].share for name in modes) and modes[0] != "at-once":
            rows = race(MODES["at-once"], contestants, most, chosen, ask)
            most = {row.name: row.answers() or row.rate() for row in rows}
        for name in modes:
            results[name] = race(MODES[name], contestants, most, chosen, ask)
            if name == "at-once":
                most = {row.name: row.answers() or row.rate() for row in results[name]}
            show(MODES[name].title, table(MODES[name], results[name]), chosen.markdown)
    return results


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--postgresql", default="postgresql://postgres@127.0.0.1:5432/", help="which server")
    parser.add_argument("--modes", nargs="*", choices=list(MODES), default=list(MODES))
    parser.add_argument("--only", nargs="*", default=[], help="parts of the names of who shall take part")
    parser.add_argument("--events", type=int, default=4_000, help="at most, in each round")
    parser.add_argument("--seconds", type=float, default=3.0, help="at most, for each round")
    parser.add_argument("--paced-seconds", type=float, default=8.0, help="for a round at a given rate")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--markdown", action="store_true", help="tables for a README")
    chosen = parser.parse_args()
    end_all_when_told()
    began, cores, busy = time.monotonic(), os.cpu_count() or 1, os.getloadavg()[0]
    print(f"{cores} cores, load before {busy:.1f}, Python {sys.version.split()[0]}")
    if busy > cores / 2:
        print("!!! This machine does something else at the same time: these figures are no measurement.")
    modes = [name for name in MODES if name in chosen.modes]
    results = races(chosen, [name for name in modes if not MODES[name].tls], tls=False)
    results |= races(chosen, [name for name in modes if MODES[name].tls], tls=True)
    if len(results) > 1:
        show("All of them", summary(MODES, results), chosen.markdown)
    print(f"\n{time.monotonic() - began:.0f} s, load after {os.getloadavg()[0]:.1f}")
    complaints = [words for rows in results.values() for row in rows if (words := row.complaint())]
    if complaints:
        raise SystemExit("\n".join(complaints))


if __name__ == "__main__":
    main()
