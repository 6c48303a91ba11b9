"""Three hosts with the processes of the Procfile, a LINE with people, and what must be true of both in the end."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
import signal
import statistics
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol
from zoneinfo import ZoneInfo

import pytest
from killing import ISSUE, KEYS, PATIENCE, Cradle, Deathbed, JudgeLine, Mortal, user
from networks import Place
from serving import SECRET, TOKEN
from waiting import wait_until

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
WORDS = [
    "メニュー",
    "わたしの連絡",
    "お知らせ",
    "こんにちは",
    "コツ",
]  # each has an answer of its own, always the same
NEWS = "あしたは地域食堂の日です"
TOKYO = ZoneInfo("Asia/Tokyo")
# How LINE treats multicasts, so that a broadcast lasts as long as the faults.
BULK = {"before": 0.5, "after": 0.1, "drop": 0.15, "busy": 0.1}
CALM_AFTER = 30.0  # seconds after a fault: what it left behind, and processes that are new
READY_WITHIN = 120.0  # seconds, also on a busy machine


def procfile() -> dict[str, str]:
    """The commands by their names."""
    lines = (ROOT / "Procfile").read_text().splitlines()
    return {name: command.strip() for name, _, command in (line.partition(":") for line in lines)}


@dataclass
class Host:
    """One machine of a town: the Procfile's web, worker and clock."""

    name: str
    place: Place
    database_url: str
    folder: Path
    web_processes: int = 2
    cradle: Cradle | None = None  # where `tsunagari …` is forked, which is much faster than to begin it anew
    processes: list[Mortal] = field(default_factory=list)
    begun_at: int = 0  # where its log stood when they were started

    @property
    def log_file(self) -> Path:
        return self.folder / f"{self.name}.log"

    def env(self) -> dict[str, str]:
        return {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "LINE_CHANNEL_SECRET": SECRET,
            "LINE_CHANNEL_ACCESS_TOKEN": TOKEN,
            "LINE_API_BASE": self.place.line,
            "TSUNAGARI_KEYS": KEYS,
            "DATABASE_URL": self.database_url,
            "HOST": self.place.address,
            "PORT": str(self.place.web_port),
        }

    def begin(self, command: str) -> Mortal:
        program, *words = command.split()
        if program == "tsunagari" and self.cradle is not None:
            order = {"args": words, "env": self.env(), "log": str(self.log_file)}
            number, ask = self.cradle.ask(order), self.cradle.ask
            return Mortal(number, lambda: ask({"poll": number}))
        with self.log_file.open("ab") as log:
            process = subprocess.Popen(
                [*self.place.within, "sh", "-c", f"exec {command}"],
                env=self.env(), cwd=ROOT, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        return Mortal(process.pid, process.poll)

    def run(self, command: str) -> str:
        """A command that ends well; what it printed."""
        before = self.log_file.stat().st_size if self.log_file.exists() else 0
        status = self.begin(command).wait(READY_WITHIN)
        printed = self.log_file.read_bytes()[before:].decode()
        assert status == 0, printed
        return printed

    def start(self) -> None:
        self.begun_at = self.log_file.stat().st_size if self.log_file.exists() else 0
        commands = procfile()
        web = commands["web"].replace("--workers 2", f"--workers {self.web_processes}")
        self.processes = [self.begin(each) for each in (web, commands["worker"], commands["clock"])]

    def is_at_work(self) -> bool:
        """Worker and clock have begun, which only their lines tell."""
        with self.log_file.open("rb") as log:
            log.seek(self.begun_at)
            return log.read().count(b'"event":"work.started"') == len(self.processes) - 1

    def lives(self) -> bool:
        return all(process.alive for process in self.processes)

    def kill(self) -> None:
        """The power fails."""
        self.place.dies()
        self.end()

    def end(self) -> None:
        """SIGKILL to all processes of it at once."""
        for process in self.processes:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        for process in self.processes:
            process.wait()

    def rise(self) -> None:
        self.place.rises()
        self.start()

    def log(self) -> list[dict[str, Any]]:
        """Its lines so far; a process that is killed may leave half a line."""
        found = []
        for line in self.log_file.read_text(errors="replace").splitlines():
            with contextlib.suppress(ValueError):
                found.append(json.loads(line))
        return found

    def stop(self) -> None:
        self.end()
        self.place.close()


def begins_a_broadcast(host: Host, ahead: float | None) -> tuple[str, float]:
    """At the terminal of one of the hosts, to everybody: at the next full minute that is so far away, or now. Its id, and
    when it begins on the clock of this machine."""
    how = f"--text {NEWS} --to everyone --urgent 試験 --yes --json"
    if ahead is None:
        return json.loads(host.run(f"tsunagari broadcast send {how}"))["id"], time.monotonic()
    due = (dt.datetime.now(TOKYO) + dt.timedelta(seconds=ahead + 60)).replace(second=0, microsecond=0)
    printed = host.run(f"tsunagari broadcast schedule --at {due:%Y-%m-%dT%H:%M} {how}")
    return json.loads(printed)["id"], time.monotonic() + (due - dt.datetime.now(TOKYO)).total_seconds()


class Crowd(Protocol):
    """How much of everything, as far as both plays know it; `ahead` are seconds until the broadcast is due, None: now."""

    @property
    def people(self) -> int: ...
    @property
    def events(self) -> int: ...
    @property
    def ahead(self) -> float | None: ...


def sizes(small: Crowd, whole: Crowd) -> pytest.MarkDecorator:
    """The small one with every run, over loopback; the others by `make hard`."""
    return pytest.mark.parametrize(
        ("network", "amount"),
        [
            pytest.param("loopback", small, id="small"),
            pytest.param("namespaces", small, id="small-namespaces", marks=pytest.mark.hard),
            pytest.param("loopback", whole, id="whole-loopback", marks=pytest.mark.hard),
            pytest.param("namespaces", whole, id="whole-namespaces", marks=pytest.mark.hard),
        ],
    )


@dataclass
class Play:
    """A town whose hosts run, with a broadcast under way."""

    bed: Deathbed
    line: Line
    broadcast_id: str
    due: float
    started: float  # seconds until all hosts were ready

    @classmethod
    def begins(cls, bed: Deathbed, line: Line, hosts: Sequence[Host], amount: Crowd) -> Play:
        bed.has_people(amount.people)
        broadcast_id, due = begins_a_broadcast(hosts[0], amount.ahead)
        line.behaves(**ISSUE, slowest=0.1, seed=amount.events)
        line.ask("/bulk", **BULK, slowest=1.0, seed=amount.events)
        for host in hosts:
            host.start()
        return cls(bed, line, broadcast_id, due, line.wait_for(*hosts))

    def comes_to_rest(self) -> Verdict:
        """LINE takes all at once, nobody writes any more, and the broadcast ends."""
        self.line.ask("/bulk", before=0, after=0, drop=0, busy=0)
        self.line.has_heard_enough()
        wait_until(self._is_over, PATIENCE, what="all is settled")
        told = self.line.ask("/talk/all")
        return Verdict(told["events"], told["answers"])

    def _is_over(self) -> bool:
        return self.bed.waiting() == 0 and self.bed.status(self.broadcast_id) == "sent"


class Line(JudgeLine):
    """talking_line.py, in a process of its own."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(HERE / "talking_line.py"), "0"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self.process.stdout is not None
        self.port = int(self.process.stdout.readline())
        self.url = f"http://127.0.0.1:{self.port}"

    def ask(self, path: str, **wanted: Any) -> dict[str, Any]:
        """With something wanted it is a POST."""
        body = json.dumps(wanted).encode() if wanted else None
        with urllib.request.urlopen(urllib.request.Request(self.url + path, body), timeout=60) as answer:
            found: dict[str, Any] = json.load(answer)
        return found

    def talks(self, hosts: Sequence[Host], people: int, events: int, a_second: float) -> None:
        self.ask(
            "/talk",
            hosts=[host.place.door for host in hosts],
            secret=SECRET,
            people=[user(number) for number in range(people)],
            words=WORDS,
            events=events,
            a_second=a_second,
        )

    def ready(self, host: Host) -> bool:
        request = urllib.request.Request(f"{self.url}/reach", json.dumps([host.place.door]).encode())
        with urllib.request.urlopen(request, timeout=60) as answer:
            return bool(json.load(answer)["ready"] == [200])

    def wait_for(self, *hosts: Host, within: float = READY_WITHIN) -> float:
        """Until they are ready; the seconds that it took."""
        began = time.monotonic()
        for host in hosts:
            wait_until(lambda: self.ready(host), within, what=f"{host.name} is ready")  # noqa: B023
            wait_until(host.is_at_work, within, what=f"{host.name} is at work")
            assert host.lives(), host.log()[-5:]
        return time.monotonic() - began

    def has_heard_enough(self) -> None:
        """Nobody begins to talk any more, and every event is acknowledged."""
        self.ask("/enough", now=True)
        wait_until(lambda: self._at_its_end(self.ask("/talk")), 900, what="every event is acknowledged")

    @staticmethod
    def _at_its_end(told: dict[str, Any]) -> bool:
        return bool(told["silent"] and told["acknowledged"] == told["events"])


@contextlib.contextmanager
def talking_line() -> Iterator[Line]:
    made = Line()
    try:
        yield made
    finally:
        made.close()


# ---- faults -----------------------------------------------------------------------------------------------------


@dataclass
class Faults:
    """When something was wrong, by what it was; on the clock that all processes of this machine share."""

    spans: list[tuple[str, float, float]] = field(default_factory=list)

    @contextlib.contextmanager
    def during(self, name: str) -> Iterator[None]:
        began = time.monotonic()
        yield
        self.spans.append((name, began, time.monotonic()))

    def at(self, began: float, ended: float) -> str | None:
        """The fault that an event met, or came soon after."""
        met = (name for name, begin, end in self.spans if began < end and ended > begin)
        soon = (f"soon after: {name}" for name, _, end in self.spans if end <= began < end + CALM_AFTER)
        return next(met, None) or next(soon, None)


# ---- the verdict --------------------------------------------------------------------------------------------------


@dataclass
class Verdict:
    """What became of every event, by LINE's own ledger."""

    events: list[dict[str, Any]]
    answers: dict[str, list[tuple[float, int | None, str]]]
    lost: int = 0
    twice: int = 0
    out_of_order: int = 0

    def __post_init__(self) -> None:
        """Which words an answer belongs to is learnt from those that came with a reply token."""
        by_number = {event["number"]: event for event in self.events}
        meant: dict[str, int] = {}
        for some in self.answers.values():
            for _, number, words in some:
                if number is not None:
                    assert meant.setdefault(words, by_number[number]["word"]) == by_number[number]["word"]
        assert len(meant) == len(set(meant.values())) == len(WORDS), (
            f"answers that cannot be told apart: {meant}"
        )
        said: dict[str, list[dict[str, Any]]] = {}
        for event in self.events:
            said.setdefault(event["person"], []).append(event)
        for person in said.keys() | self.answers.keys():
            asked = [event["word"] for event in said.get(person, [])]
            got = [meant[words] for _, _, words in self.answers.get(person, [])]
            tokens = [number for _, number, _ in self.answers.get(person, []) if number is not None]
            missing, extra = Counter(asked) - Counter(got), Counter(got) - Counter(asked)
            self.lost += missing.total()
            self.twice += extra.total()
            if not (missing or extra):
                self.out_of_order += got != asked or tokens != sorted(tokens)

    def figures(self) -> dict[str, int]:
        return {"lost": self.lost, "twice": self.twice, "out of order": self.out_of_order}

    def answered_after(self) -> list[tuple[float, float]]:
        """When each event happened, and after how many seconds LINE had accepted its answer (as far as replies tell)."""
        began = {event["number"]: event["began"] for event in self.events}
        return [
            (began[number], at - began[number])
            for some in self.answers.values()
            for at, number, _ in some
            if number is not None
        ]

    def times(self, faults: Faults) -> str:
        """Lines of figures: from the first delivery to the 200, whoever gave it after however many."""
        found: dict[str, list[float]] = {}
        for event in self.events:
            name = faults.at(event["began"], event["acknowledged"]) or "no fault"
            found.setdefault(name, []).append(event["acknowledged"] - event["began"])
        lines = [
            f"  {name}: {len(times)} events, 200 after {_ms(times, 50)} (p50), {_ms(times, 99)} (p99), "
            f"{max(times) * 1000:.0f} ms at most"
            for name, times in found.items()
        ]
        calm = [took for began, took in self.answered_after() if not faults.at(began, began + took)]
        return "\n".join(
            [*lines, f"  answers at LINE, no fault: {_ms(calm, 50)} (p50), {_ms(calm, 99)} (p99)"]
        )


def _ms(times: Sequence[float], percent: int) -> str:
    if len(times) < 2:
        return "-"
    return f"{statistics.quantiles(times, n=100, method='inclusive')[percent - 1] * 1000:.0f} ms"
