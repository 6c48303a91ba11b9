"""Who takes part in the race: how each is started, and what its processes use.

Everybody has two processes where it can, and none is tuned beyond what its own documentation shows. Whoever needs
something that this machine does not have is left out, with a line that says so.
"""

from __future__ import annotations

import base64
import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from databases import fresh_database
from processes import free_port, running
from sqlalchemy import make_url

HERE = Path(__file__).parent
THEIRS = HERE / "contestants"
MODULES = THEIRS / "node_modules"
FASTAPI = Path(sys.prefix) / "contestants/bin/python"  # `make bench` makes it
REFERENCE = "(b)"
TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")
PYTHON = [sys.executable, "-m"]
GUNICORN = [
    *PYTHON,
    "gunicorn",
    *("--threads", "16", "--workers", "2", "--no-control-socket", "--log-level", "error"),
    *("--bind", "127.0.0.1:{port}"),
]
FLASK = [*GUNICORN, "--worker-class", "gthread"]
OURS = [*GUNICORN, "--worker-class", "bot.web.gthread.Worker", "bot.wsgi:app"]
SERVE = [*PYTHON, "bot.cli", "serve"]


@dataclass(frozen=True)
class Entry:
    """Somebody who wants to take part. `answers`: the kinds of events that it answers with a message."""

    name: str
    command: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)
    folder: Path | None = None
    answers: frozenset[str] = frozenset({"message"})
    ready: str | None = None  # a path that says 200 as soon as it can work
    ours: bool = False
    database: str = ""  # PostgreSQL's name of it: its processes work for this entry alone
    server: int | None = None  # a process that does

    @property
    def token(self) -> str:
        """The channel access token, by which LINE counts what came from whom."""
        return "".join(sign if sign.isalnum() else "-" for sign in self.name)


@dataclass(frozen=True)
class Contestant:
    """An entry that runs and listens."""

    entry: Entry
    port: int
    process: subprocess.Popen[bytes]

    @property
    def name(self) -> str:
        return self.entry.name

    def processor(self) -> float:
        """Seconds, of the process and all below it."""
        return sum(map(_seconds, _family(self.process.pid)))

    def server_processor(self) -> float:
        """Seconds, of the database that works for it: Redis, or PostgreSQL's processes for its connections."""
        pids = [self.entry.server] if self.entry.server else _sessions(self.entry.database)
        return sum(map(_seconds, pids))

    def megabytes(self) -> tuple[float, float]:
        """What its largest process holds, and how much of that it shares with no file (a program, a dictionary)."""
        return max(_memory(pid) for pid in _family(self.process.pid))


def _family(pid: int) -> list[int]:
    try:
        below = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:  # ended meanwhile
        return []
    return [pid, *(each for child in below for each in _family(int(child)))]


def _seconds(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:  # ended meanwhile
        return 0.0
    return (int(fields[11]) + int(fields[12])) / TICKS


def _memory(pid: int) -> tuple[float, float]:
    _, resident, shared, *_ = map(int, Path(f"/proc/{pid}/statm").read_text().split())
    return resident * PAGE / 1e6, (resident - shared) * PAGE / 1e6


def _sessions(database: str) -> list[int]:
    """PostgreSQL's processes on this machine for a database; their titles name it."""
    found = []
    for title in Path("/proc").glob("[0-9]*/cmdline") if database else ():
        try:
            words = title.read_text(errors="replace").split()
        except OSError:
            continue
        if words[:1] == ["postgres:"] and database in words:
            found.append(int(title.parent.name))
    return found


# ---- who they are ------------------------------------------------------------------------------------------


def entries(stack: ExitStack, postgresql: str, folder: Path) -> Iterator[Entry]:
    """Everybody for whom this machine has what they need; what runs beside them ends with the stack."""
    theirs = {"PYTHONPATH": str(THEIRS)}
    yield Entry("(a) bare Flask route", [*FLASK, "bare_flask:app"], theirs, answers=frozenset())
    yield Entry("(b) official SDK, Flask", [*FLASK, "official_echo:app"], theirs)
    yield from _fastapi(theirs)
    yield from _node(stack, folder)
    yield from ours(stack, postgresql, folder)


def _fastapi(env: Mapping[str, str]) -> Iterator[Entry]:
    if not FASTAPI.exists():
        left_out("(c) FastAPI", f"{FASTAPI} is missing; `make bench` makes it")
        return
    uvicorn = [str(FASTAPI), "-m", "uvicorn", "fastapi_echo:app", "--workers", "2", "--port", "{port}"]
    yield Entry("(c) official SDK, FastAPI", [*uvicorn, "--log-level", "error"], env)


def _node(stack: ExitStack, folder: Path) -> Iterator[Entry]:
    node, redis = shutil.which("node"), shutil.which("redis-server")
    if not node or not MODULES.exists():
        left_out("(d) Express and (e) Bottender", f"{MODULES if node else 'node'} is missing")
        return
    env, bottender = {"NODE_ENV": "production", "NO_UPDATE_NOTIFIER": "1"}, THEIRS / "bottender"
    start, twice = [str(MODULES / "bottender/bin/cli.js"), "start"], str(THEIRS / "twice.js")
    express = str(THEIRS / "express_echo.js")
    yield Entry("(d) Express, 1 process", [node, express], env)
    yield Entry("(d) Express, 2 processes", [node, twice, express], env)
    memory = {**env, "SESSION_DRIVER": "memory"}
    yield Entry("(e) Bottender, memory, 1 process", [node, *start], memory, bottender)
    if not redis:
        left_out("(e) Bottender with Redis", "redis-server is missing")
        return
    port = free_port()
    command = [redis, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL)  # noqa: S603
    stack.callback(server.wait)
    stack.callback(server.terminate)
    stored = {**env, "SESSION_DRIVER": "redis", "REDIS_PORT": str(port)}
    for name, program in {"1 process": start, "2 processes": [twice, *start]}.items():
        yield Entry(f"(e) Bottender, Redis, {name}", [node, *program], stored, bottender, server=server.pid)


def ours(stack: ExitStack, postgresql: str, folder: Path) -> Iterator[Entry]:
    """This service, with a fresh database each; PostgreSQL's is dropped when the stack ends."""
    everything = frozenset({"message", "postback", "follow"})
    urls = {
        "(f) ours, SQLite, serve": f"sqlite:///{folder}/one.db",
        "(f) ours, SQLite, 2 processes": f"sqlite:///{folder}/two.db",
    }
    if url := stack.enter_context(fresh_database(postgresql)):
        urls["(g) ours, PostgreSQL, 2 processes"] = url
    else:
        left_out("(g) ours, PostgreSQL", f"no server at {postgresql}")
    for name, url in urls.items():
        keys = "b:" + base64.b64encode(secrets.token_bytes(32)).decode()
        env = {"DATABASE_URL": url, "TSUNAGARI_KEYS": keys}
        database = make_url(url).database or "" if url.startswith("postgresql") else ""
        yield Entry(
            name,
            SERVE if "serve" in name else OURS,
            env,
            answers=everything,
            ready="/readyz",
            ours=True,
            database=database,
        )


def left_out(who: str, why: str) -> None:
    print(f"!!! LEFT OUT: {who}: {why}", file=sys.stderr)


@contextmanager
def racing(entry: Entry, line_url: str, authorities: Path | None = None) -> Iterator[Contestant]:
    """The entry, started. `authorities`: whom it trusts, by OpenSSL's own variable, which every SDK here heeds."""
    port = free_port()
    env = {"LINE_CHANNEL_ACCESS_TOKEN": entry.token, "LINE_API_BASE": line_url, **entry.env}
    if authorities:
        env["SSL_CERT_FILE"] = str(authorities)
    if entry.ours:
        subprocess.run(  # noqa: S603
            [*PYTHON, "bot.cli", "db", "migrate"],
            env={"PATH": os.environ["PATH"], "LINE_CHANNEL_SECRET": "unused", **env},
            check=True,
            stdout=subprocess.DEVNULL,
        )
    command = [part.format(port=port) for part in entry.command]
    with running(command, port, env, entry.folder, entry.ready) as process:
        yield Contestant(entry, port, process)
