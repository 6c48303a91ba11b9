"""Where the three hosts live, and how each of them is cut off: anywhere, or in networks of their own where we are root.

`Loopback`: each host is an address of this machine (127.0.0.2 …); the wires between it, PostgreSQL and LINE are a
program (wires.py) that can fall silent. `Namespaces`: each host has a network of its own, whose cable is pulled out;
when it dies its network is gone with it, so that nobody is told: not even the connections to PostgreSQL end.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from serving import free_port

HERE = Path(__file__).parent
NET = f"198.18.{os.getpid() % 250}"  # of those set apart for tests of networks
_numbers = itertools.count(2)


@dataclass
class Loopback:
    """One host's place on this machine: `door` is where LINE finds its web process."""

    line_port: int
    database_ports: Sequence[int]
    address: str = field(default_factory=lambda: f"127.0.0.{next(_numbers) % 250 + 2}")
    within: Sequence[str] = ()
    web_port: int = field(default_factory=free_port)

    def __post_init__(self) -> None:
        begin = [f"127.0.0.1:{port}" for port in (self.line_port, *self.database_ports)]
        pairs = [
            *(f"{self.address}:0={each}" for each in begin),
            f"127.0.0.1:0={self.address}:{self.web_port}",
        ]
        self.wires = subprocess.Popen(
            [sys.executable, "-I", str(HERE / "wires.py"), *pairs],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self.wires.stdout is not None
        line, *databases, door = (int(each) for each in self.wires.stdout.readline().split())
        self.line = f"http://{self.address}:{line}"
        self.databases = [(self.address, port) for port in databases]
        self.door = ("127.0.0.1", door)

    def cut(self) -> None:
        self._say("cut")

    def mend(self) -> None:
        self._say("mend")

    def _say(self, word: str) -> None:
        assert self.wires.stdin is not None
        assert self.wires.stdout is not None
        self.wires.stdin.write(word + "\n")
        self.wires.stdin.flush()
        assert self.wires.stdout.readline().strip() == word

    def dies(self) -> None:
        """Its processes were killed; their connections end by that."""

    def rises(self) -> None:
        """Nothing was taken from it."""

    def close(self) -> None:
        self.wires.kill()
        self.wires.wait()


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)


def can_have_namespaces() -> bool:
    return os.geteuid() == 0 and shutil.which("ip") is not None and _tried()


def _tried() -> bool:
    name = f"try{os.getpid()}"
    if subprocess.run(["ip", "netns", "add", name], capture_output=True, check=False).returncode:
        return False
    ip("netns", "del", name)
    return True


class Bridge:
    """What the cables of all hosts lead to; this machine is in it as `NET`.1."""

    def __init__(self) -> None:
        self.name = f"tsu{os.getpid()}"
        ip("link", "add", self.name, "type", "bridge")
        ip("addr", "add", f"{NET}.1/24", "dev", self.name)
        ip("link", "set", self.name, "up")

    def close(self) -> None:
        ip("link", "del", self.name)


@dataclass
class Namespaces:
    """One host's place in a network of its own."""

    bridge: Bridge
    line_port: int
    database_ports: Sequence[int]
    web_port: int = 8000
    number: int = field(default_factory=lambda: next(_numbers))

    def __post_init__(self) -> None:
        self.name, self.cable = f"tsu{os.getpid()}h{self.number}", f"t{os.getpid()}h{self.number}"
        self.address = f"{NET}.{self.number}"
        self.within = ("ip", "netns", "exec", self.name)
        self.line = f"http://{NET}.1:{self.line_port}"
        self.databases = [(f"{NET}.1", port) for port in self.database_ports]
        self.door = (self.address, self.web_port)
        self.rises()

    def rises(self) -> None:
        ip("netns", "add", self.name)
        plug = f"{self.cable}p"
        ip("link", "add", self.cable, "type", "veth", "peer", "name", plug, "netns", self.name)
        ip("link", "set", self.cable, "master", self.bridge.name, "up")
        for words in (("link", "set", "lo", "up"), ("link", "set", plug, "up")):
            ip("-n", self.name, *words)
        ip("-n", self.name, "addr", "add", f"{self.address}/24", "dev", plug)

    def cut(self) -> None:
        ip("link", "set", self.cable, "down")

    def mend(self) -> None:
        ip("link", "set", self.cable, "up")

    def dies(self) -> None:
        """Before its processes are killed: nothing that the kernel says for the dead leaves it any more."""
        ip("link", "del", self.cable)
        ip("netns", "del", self.name)

    def close(self) -> None:
        with contextlib.suppress(subprocess.CalledProcessError):  # it may be dead already
            self.dies()


Place = Loopback | Namespaces
