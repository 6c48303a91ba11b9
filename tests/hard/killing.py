"""What the tests about killed senders share: processes that die, the LINE that judges, and the two ledgers compared."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
import random
import signal
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from serving import SECRET, TOKEN
from sqlalchemy import func, insert, select, update
from waiting import wait_until

from storage import broadcasts, freezing, jobs_queue, outbox, outcomes, people, switches
from storage.broadcasts import Tally
from storage.crypto import cipher_from, new_key
from storage.database import open_database
from storage.outcomes import Fate
from storage.schema import new_id
from storage.segments import EVERYONE
from storage.work import Database, Work

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
KEYS = new_key("mortal")
ISSUE = {"before": 0.02, "after": 0.02, "drop": 0.01, "busy": 0.02}  # the faults that the issue asks for
ROUGH = {"before": 0.1, "after": 0.1, "drop": 0.1, "busy": 0.1}  # as many of each in a small run
MAY_HAVE: Mapping[Fate, tuple[int, ...]] = {  # how often somebody may have got it, by what we tell staff
    "accepted": (1,), "unknown": (0, 1), "trying": (0, 1), "not_tried": (0,), "failed": (0,), "blocked": (0,)
}  # fmt: skip
PATIENCE = 240.0  # seconds, also on a busy machine
STEP = 0.02


# ---- processes --------------------------------------------------------------------------------------------------


class Cradle:
    """Where processes are forked (mortal.py); one for all tests of a session."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(HERE / "mortal.py")],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT, text=True,
        )  # fmt: skip
        assert self._line() == "ready"

    def ask(self, order: Mapping[str, Any]) -> Any:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        return json.loads(self._line())

    def _line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def close(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(30)


@dataclass
class Mortal:
    """One process; `ended` is its exit code, -9 after SIGKILL."""

    pid: int
    ended_as: Callable[[], int | None]

    @property
    def alive(self) -> bool:
        return self.ended_as() is None

    def kill(self) -> bool:
        """SIGKILL; False where it had ended by itself."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        return self.wait() == -signal.SIGKILL

    def stop(self) -> int:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGTERM)
        return self.wait()

    def wait(self, seconds: float = PATIENCE) -> int:
        wait_until(lambda: not self.alive, seconds, what=f"process {self.pid} ends")
        status = self.ended_as()
        assert status is not None
        return status


# ---- the LINE that judges -----------------------------------------------------------------------------------------


class JudgeLine:
    """judge_line.py, in a process of its own."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-I", str(HERE / "judge_line.py"), "0"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self.process.stdout is not None
        self.url = f"http://127.0.0.1:{self.process.stdout.readline().strip()}"

    def behaves(self, **manners: Any) -> None:
        request = urllib.request.Request(f"{self.url}/judge", json.dumps(manners).encode(), method="POST")
        with urllib.request.urlopen(request, timeout=60) as answer:
            assert answer.status == 200

    def ledger(self) -> dict[str, Any]:
        return self._look("/judge")

    def figures(self) -> dict[str, Any]:
        """The ledger's sums."""
        return self._look("/judge/figures")

    def _look(self, path: str) -> dict[str, Any]:
        with urllib.request.urlopen(self.url + path, timeout=60) as answer:
            found: dict[str, Any] = json.load(answer)
        return found

    def calls(self) -> int:
        """How often something was to be sent."""
        made = self.figures()["calls"]
        return sum(made.get(each, 0) for each in ("push", "multicast"))

    def at_rest(self) -> None:
        """Until it has done with what dead senders asked of it."""
        wait_until(lambda: self.figures()["under_way"] == 0, PATIENCE, what="LINE is at rest")

    def close(self) -> None:
        self.process.kill()
        self.process.wait()


# ---- the house ------------------------------------------------------------------------------------------------------


@dataclass
class Deathbed:
    """A database with people, the LINE that judges, and processes of ours between the two."""

    url: str
    folder: Path
    cradle: Cradle
    judge: JudgeLine
    line: str = ""  # another LINE than the judge
    hands: int | None = None  # fewer than in service, where a test wants many rounds out of few parts
    kills: int = 0
    ahead: dt.timedelta = dt.timedelta()  # of the clock of this house before the true one
    began: float = field(default_factory=time.monotonic)
    living: list[Mortal] = field(default_factory=list)
    chance: random.Random = field(default_factory=lambda: random.Random(7))

    def __post_init__(self) -> None:
        self.db: Database = open_database(self.url, cipher_from(KEYS), self.clock)
        self.judge.behaves(forget=True)

    def clock(self) -> dt.datetime:
        return dt.datetime.now(dt.UTC) + self.ahead

    def sets_clock(self, moment: dt.datetime) -> None:
        """It is this moment now, for the house and all its processes, also for those that run; then time goes on."""
        self.ahead = moment - dt.datetime.now(dt.UTC)
        fresh = self.folder / "clock.new"
        fresh.write_text(str(self.ahead.total_seconds()))
        fresh.replace(self.folder / "clock")

    def env(self, **more: str) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "LINE_CHANNEL_SECRET": SECRET,
            "LINE_CHANNEL_ACCESS_TOKEN": TOKEN,
            "LINE_API_BASE": self.line or self.judge.url,
            "TSUNAGARI_KEYS": KEYS,
            "DATABASE_URL": self.url,
            "LOG_LEVEL": "INFO",
            "COLUMNS": "160",
            **more,
        }

    def begins(self, *args: str, die: str | None = None, parts: int | None = None, **more: str) -> Mortal:
        """`tsunagari …` in a process of its own, which may carry its death in itself (mortal.py)."""
        order = {
            "args": args, "env": self.env(**more), "log": str(self.log), "die": die, "parts": parts,
            "hands": self.hands, "clock": str(self.folder / "clock") if self.ahead else None,
        }  # fmt: skip
        number = self.cradle.ask(order)
        mortal = Mortal(number, lambda: self.cradle.ask({"poll": number}))
        self.living.append(mortal)
        return mortal

    def begins_afresh(self, *args: str) -> Mortal:
        """The same as an operator starts it: a new interpreter, nothing added."""
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "bot.cli", *args], env=self.env(), stdout=log, stderr=log, cwd=ROOT
            )
        mortal = Mortal(process.pid, process.poll)
        self.living.append(mortal)
        return mortal

    @property
    def log(self) -> Path:
        return self.folder / "mortals.log"

    def events(self, *names: str) -> list[dict[str, Any]]:
        """Its lines so far with these names; a process that is killed may leave half a line."""
        found = []
        for line in self.log.read_text(errors="replace").splitlines() if self.log.exists() else ():
            with contextlib.suppress(ValueError):
                entry = json.loads(line)
                if isinstance(entry, dict) and entry.get("event") in names:
                    found.append(entry)
        return found

    def dies(self, point: str, *args: str, parts: int | None = None) -> None:
        """A process lives until this point."""
        status = self.begins(*(args or ("work",)), die=point, parts=parts).wait(60)
        assert status == -signal.SIGKILL, f"{point} was never reached ({status})\n{self.last_words()}"
        self.kills += 1

    def says_at_the_terminal(self, *args: str) -> str:
        """A command that ends well; what it printed."""
        before = self.log.stat().st_size if self.log.exists() else 0
        assert self.begins(*args).wait(60) == 0, self.last_words()
        return self.log.read_bytes()[before:].decode()

    def last_words(self) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-8:]) if self.log.exists() else ""

    def close(self) -> None:
        for mortal in self.living:
            if mortal.alive:
                mortal.kill()
        self.db.close()

    # ---- who begins what is due ----

    @property
    def timetable(self) -> tuple[str, ...]:
        """A process that does; on PostgreSQL clocks only ask, and the workers who do it would send as well."""
        return ("work",) if jobs_queue.serves(self.db) else ("work", "--role", "clock")

    @contextlib.contextmanager
    def sending_nothing(self) -> Iterator[None]:
        """Meanwhile nobody sends."""
        with self.db.work() as work:
            switches.pause_sending(work, "test")
        yield
        with self.db.work() as work:
            switches.resume_sending(work)

    # ---- what is in the database ----

    def has_people(self, count: int, gone: int = 0) -> None:
        """So many people, of whom the last ones have blocked us."""
        with self.db.work() as work:
            rows = []
            for number in range(count):
                line_id, fresh = user(number), new_id()
                rows.append(
                    {
                        "id": fresh, "channel": "default", "line_index": work.index("line", "default", line_id),
                        "line_id": work.seal(line_id, "default", "people", "line_id", fresh),
                        "friend": number < count - gone, "friend_changed_ms": 0, "role": "resident",
                        "created_at": work.now,
                    }
                )  # fmt: skip
            work.conn.execute(insert(people.people), rows)

    def status(self, broadcast_id: str) -> str | None:
        with self.db.look() as work:
            return broadcasts.status_of(work, broadcast_id)

    def tally(self, broadcast_id: str) -> Tally:
        with self.db.look() as work:
            return broadcasts.tally(work, broadcast_id)

    def waiting(self) -> int:
        with self.db.look() as work:
            mine = select(func.count()).select_from(outbox.outbox).where(outbox.outbox.c.state == "waiting")
            return int(work.conn.execute(mine).scalar_one())

    def a_minute_passes(self) -> None:
        """The leases of the dead end, and what waits between two tries is due: the tests need not sit and wait. Call it
        only when no sender lives."""
        self.judge.at_rest()
        table = outbox.outbox
        with self.db.work() as work:
            dead = table.c.leased_until.is_not(None)
            work.conn.execute(update(table).where(dead).values(leased_until=work.now - outbox.LEASE))
        self.tries_are_due()

    def tries_are_due(self) -> None:
        """What waits between two tries is due."""
        table = outbox.outbox
        with self.db.work() as work:
            tried = (table.c.state == "waiting", table.c.error.is_not(None), table.c.next_try > work.now)
            work.conn.execute(update(table).where(*tried).values(next_try=work.now))

    def all_is_settled(self, seconds: float = PATIENCE) -> None:
        """Until nothing waits any more."""
        end = time.monotonic() + seconds
        while self.waiting():
            assert time.monotonic() < end, f"{self.waiting()} still wait\n{self.last_words()}"
            time.sleep(0.5)
            self.tries_are_due()

    # ---- the verdict ----

    def says(self, text: str, broadcast_id: str) -> dict[str, int]:
        """Both ledgers agree, person by person, and the five figures add up; how many were lost, and how many got
        it twice."""
        ledger = self.judge.ledger()
        got = {  # how to stop is said after it
            who: sum(times for words, times in texts.items() if words.startswith(text))
            for who, texts in ledger["delivered"].items()
        }
        with self.db.look() as work:
            fates = self._fates(work, broadcast_id)
            tally = broadcasts.tally(work, broadcast_id)
        assert not ledger["wrongs"], ledger["wrongs"]
        figures = (tally.accepted, tally.blocked, tally.failed, tally.unknown, tally.remaining)
        assert sum(figures) == tally.recipients == len(fates)
        assert not [who for who, count in got.items() if count and who not in fates], (
            "somebody for whom it was not"
        )
        untrue = Counter(
            (fate, got.get(who, 0)) for who, fate in fates.items() if got.get(who, 0) not in MAY_HAVE[fate]
        )
        lost = sum(1 for who, fate in fates.items() if fate != "blocked" and not got.get(who))
        twice = sum(1 for count in got.values() if count > 1)
        assert not untrue, f"the database says one thing and LINE did another: {untrue}"
        return {"lost": lost, "twice": twice}

    def _fates(self, work: Work, broadcast_id: str) -> dict[str, Fate]:
        rows = work.conn.execute(select(people.people.c.id, people.people.c.line_id))
        addresses = {row.id: work.unseal(row.line_id, "default", "people", "line_id", row.id) for row in rows}
        return {addresses[line.person_id]: line.outcome for line in outcomes.lines(work, broadcast_id)}

    def report(self, name: str, **more: object) -> None:
        """One line of figures, shown with -s."""
        said = dict(sorted(self.judge.figures()["said"].items()))
        seconds, where = time.monotonic() - self.began, self.db.engine.dialect.name
        print(
            f"\n{name} on {where}: {self.kills} kills, {self.judge.calls()} calls, answered {said}, "
            f"{', '.join(f'{key} {value}' for key, value in more.items())}, {seconds:.0f} s"
        )


def user(number: int) -> str:
    return f"U{number:032x}"


def begun_in_parts(db: Database, text: str, size: int) -> str:
    """A broadcast to everybody that has just begun, in parts of `size` people."""
    with db.work() as work:
        made = broadcasts.schedule(work, "default", [{"text": text}], EVERYONE, work.now, created_by="test")
        assert broadcasts.start(work, made.id)
        freezing.freeze(work, made.id, lambda _: [{"type": "text", "text": text}], chunk_size=size)
    return made.id


@contextlib.contextmanager
def deathbed(url: str, folder: Path, cradle: Cradle, judge: JudgeLine) -> Iterator[Deathbed]:
    """At the end all that still lives is ended."""
    made = Deathbed(url, folder, cradle, judge)
    try:
        yield made
    finally:
        made.close()
