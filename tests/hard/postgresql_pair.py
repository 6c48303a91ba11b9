"""PostgreSQL servers of our own: one that is written to, and one that follows it and can be promoted by hand."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest
from serving import free_port
from waiting import wait_until

PROGRAMS = next(iter(sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), reverse=True)), None)
FOLLOWER = "replica"  # the name by which the first waits for the second
MOST = 400  # connections: three hosts of four processes with up to 30 each
SETTINGS = (f"max_connections={MOST}", "listen_addresses=*", "max_wal_senders=4", "wal_level=replica")


@dataclass
class Server:
    """One PostgreSQL server in a folder of its own; `within` is what its programs are started by (a namespace)."""

    folder: Path
    name: str
    address: str = "127.0.0.1"
    within: Sequence[str] = ()
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"postgresql://postgres@{self.address}:{self.port}/postgres"

    @property
    def data(self) -> Path:
        return self.folder / self.name

    def command(self, program: str, *more: str) -> list[str]:
        assert PROGRAMS is not None
        as_user = [
            "setpriv",
            "--reuid=postgres",
            "--regid=postgres",
            "--clear-groups",
        ]  # it refuses to be root
        return [
            *self.within,
            *(as_user if os.geteuid() == 0 else ()),
            str(PROGRAMS.parent / program),
            *more,
        ]

    def run(self, program: str, *more: str) -> None:
        done = subprocess.run(self.command(program, *more), capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr[-2_000:]

    # ---- its life ----

    def make(self) -> None:
        self.run("initdb", "-D", str(self.data), "-A", "trust", "-U", "postgres", "-E", "UTF8", "--no-sync")
        everybody = "host all all 0.0.0.0/0 trust\nhost replication all 0.0.0.0/0 trust\n"
        with (self.data / "pg_hba.conf").open("a") as rules:
            rules.write(everybody)

    def follow(self, first: Server) -> None:
        """A copy of the first, which from its start on receives everything that is written there."""
        source = f"host={first.address} port={first.port} user=postgres application_name={FOLLOWER}"
        self.run("pg_basebackup", "-D", str(self.data), "-d", source, "-R", "-X", "stream", "-c", "fast")

    def start(self) -> None:
        options = [word for each in SETTINGS for word in ("-c", each)]
        command = self.command("postgres", "-D", str(self.data), "-p", str(self.port), "-k", "", *options)
        with (self.folder / f"{self.name}.log").open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
        wait_until(self.answers, 60, what=f"PostgreSQL {self.name} answers")

    def answers(self) -> bool:
        asks = self.command("pg_isready", "-q", "-h", self.address, "-p", str(self.port))
        return subprocess.run(asks, check=False).returncode == 0

    def has_a_follower(self) -> bool:
        """Whether a commit here waits for one that listens."""
        with psycopg.connect(self.url) as conn:
            return conn.execute("SELECT 1 FROM pg_stat_replication WHERE sync_state = 'sync'").rowcount == 1

    def tell(self, *commands: str) -> None:
        with psycopg.connect(self.url, autocommit=True) as conn:
            for each in commands:
                conn.execute(each)

    def promote(self) -> float:
        """By hand, as docs/operations.md says: it waits for nobody, and takes writes. How many seconds that took."""
        began = time.monotonic()
        self.tell("ALTER SYSTEM SET synchronous_standby_names = ''", "SELECT pg_reload_conf()")
        self.run("pg_ctl", "promote", "-D", str(self.data))
        return time.monotonic() - began

    def kill(self) -> None:
        """SIGKILL to all its processes at once, as when the machine dies."""
        if self.process is None:
            return
        mine = [self.process.pid, *children(self.process.pid)]
        for pid in mine:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait()
        self.process = None


def children(pid: int) -> list[int]:
    return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@contextlib.contextmanager
def servers_folder() -> Iterator[Path]:
    """Where they live; skips, and says so loudly, where there is no PostgreSQL to start."""
    if PROGRAMS is None:
        loud = "NO initdb IN /usr/lib/postgresql: NO HOST IS KILLED OR CUT, AND NO REPLICA IS PROMOTED"
        if os.environ.get("CI") == "true":
            pytest.fail(loud)
        pytest.skip(loud)
    folder = Path(tempfile.mkdtemp(prefix="tsunagari-pg-"))
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres", "postgres")
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def alone(address: str = "127.0.0.1") -> Iterator[Server]:
    """One server."""
    with servers_folder() as folder:
        server = Server(folder, "only", address)
        server.make()
        server.start()
        try:
            yield server
        finally:
            server.kill()


@contextlib.contextmanager
def pair(first: Server, second: Server) -> Iterator[None]:
    """The second follows the first, which acknowledges only what both have on their disks."""
    try:
        first.make()
        first.start()
        first.tell(f"ALTER SYSTEM SET synchronous_standby_names = '{FOLLOWER}'")
        second.follow(first)  # which copies that, too
        second.start()
        first.tell("SELECT pg_reload_conf()")
        wait_until(first.has_a_follower, 60, what="the second follows the first")
        yield
    finally:
        second.kill()
        first.kill()
