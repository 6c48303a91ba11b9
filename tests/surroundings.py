"""What stands around every test: a clock that is set by hand, and the wall to the outside world."""

from __future__ import annotations

import datetime as dt
import ipaddress
import socket
import sys
from dataclasses import dataclass
from typing import Any

from werkzeug.routing import Rule

PATIENCE = 15_000  # ms that a browser may take; a busy machine is no failure


class OutsideWorld(Exception):
    """A test wanted to reach something beyond this machine."""


def _on_this_machine(host: object) -> bool:
    if host in (None, "", "localhost"):
        return True
    try:
        return ipaddress.ip_address(str(host)).is_loopback
    except ValueError:
        return False


def _loopback_only(event: str, args: tuple[Any, ...]) -> None:
    """An audit hook sees every connection of this process, whichever library makes it."""
    if event == "socket.getaddrinfo":
        host = args[0]
    elif event in ("socket.connect", "socket.sendto"):
        if args[0].family not in (socket.AF_INET, socket.AF_INET6):
            return
        host = args[1][0]
    else:
        return
    if not _on_this_machine(host):
        raise OutsideWorld(f"{event} to {host!r}: tests stay on this machine")


sys.addaudithook(_loopback_only)


_compile_builder = Rule._compile_builder
_builders: dict[Any, Any] = {}


def _compile_builder_once(rule: Rule, append_unknown: bool = True) -> Any:
    """Thousands of tests make an application with the same hundred routes; werkzeug would compile each anew."""
    key = (rule.rule, str(rule.defaults), tuple(rule._trace), append_unknown)
    if key not in _builders:
        _builders[key] = _compile_builder(rule, append_unknown)
    return _builders[key]


Rule._compile_builder = _compile_builder_once  # type: ignore[assignment, method-assign]


@dataclass
class Clock:
    """The time, which only moves when a test says so."""

    now: dt.datetime = dt.datetime(2026, 12, 1, 1, 0, tzinfo=dt.UTC)  # 10:00 in Tottori, a Tuesday

    def __call__(self) -> dt.datetime:
        return self.now

    def move(self, **by: float) -> dt.datetime:
        """`clock.move(hours=24, seconds=1)`"""
        self.now += dt.timedelta(**by)
        return self.now
