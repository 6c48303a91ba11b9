"""R15 with true means: PostgreSQL is killed and started again, the disk is full. Both need more than a user has, so both
are in `make hard` only; tests/hard/test_faults.py does what can be done everywhere."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from redelivering import Talk, talk
from serving import alarms, free_port
from waiting import wait_until

from storage.crypto import Cipher, cipher_from, new_key

pytestmark = pytest.mark.hard
KEYS = new_key("restarted")
SOON = 30.0  # seconds
INITDB = next(iter(sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), reverse=True)), None)


@pytest.fixture
def cipher() -> Cipher:
    return cipher_from(KEYS)


@dataclass
class Cluster:
    """A PostgreSQL of our own, which may be killed."""

    programs: Path
    folder: Path
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/postgres"

    def run(self, program: str, *more: str) -> subprocess.Popen[bytes]:
        user = "postgres" if os.geteuid() == 0 else None  # it refuses to run as root
        command = [str(self.programs / program), "-D", str(self.folder / "data"), *more]
        return subprocess.Popen(
            command, user=user, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )

    def start(self) -> None:
        self.process = self.run("postgres", "-p", str(self.port), "-k", str(self.folder), "-h", "127.0.0.1")
        asks = [str(self.programs / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        wait_until(lambda: subprocess.run(asks, check=False).returncode == 0, 60)

    def kill(self) -> None:
        assert self.process is not None
        os.kill(self.process.pid, signal.SIGKILL)  # its children see that and end
        self.process.wait()
        time.sleep(1)


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    if INITDB is None:
        pytest.skip("NO initdb IN /usr/lib/postgresql: PostgreSQL is NOT killed")
    folder = Path(tempfile.mkdtemp(prefix="tsunagari-pg-"))
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres")
    made = Cluster(INITDB.parent, folder)
    assert made.run("initdb", "-A", "trust", "-U", "postgres", "-E", "UTF8").wait(120) == 0
    made.start()
    yield made
    made.kill()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("A SMALL DISK CANNOT BE MOUNTED HERE: it was NOT filled")
    yield folder
    subprocess.run(["umount", str(folder)], check=False)


def all_is_well_again(people: Talk, cipher: Cipher, began: float) -> None:
    """Within half a minute after the end of the trouble; with one alarm, which the figures and the log agree on."""
    wait_until(people.service.is_ready, SOON)
    people.say(5)
    people.wait_for()
    took = time.monotonic() - began
    assert people.service.figure("tsunagari_alarms_total") == 1
    assert len(alarms(people.service.log(), "database.away")) == 1
    people.nothing_is_lost_and_nothing_twice(cipher)
    print(f"{len(people.said)} events, {people.answers.failed} webhooks failed, all of it {took:.1f} s later")
    assert took < SOON


def test_postgresql_is_killed_and_started_again(cluster: Cluster, cipher: Cipher, tmp_path: Path) -> None:
    with talk(cluster.url, KEYS, tmp_path) as people:
        people.say(20)
        people.wait_for(10)
        cluster.kill()
        people.say(20)
        time.sleep(5)
        assert not people.service.is_ready()
        cluster.start()
        all_is_well_again(people, cipher, time.monotonic())


def test_the_disk_is_full(small_disk: Path, cipher: Cipher, tmp_path: Path) -> None:
    with talk(f"sqlite:///{small_disk / 'served.db'}", KEYS, tmp_path) as people:
        people.say(20)
        people.wait_for()
        filler = small_disk / "filler"
        with contextlib.suppress(OSError), filler.open("wb", buffering=0) as out:
            while True:  # until there is no room for one page more
                out.write(bytes(4096))
        people.say(60)
        wait_until(lambda: people.answers.failed > 10, 60)
        filler.unlink()
        all_is_well_again(people, cipher, time.monotonic())
