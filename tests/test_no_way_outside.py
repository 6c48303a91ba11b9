"""The guard of the whole suite: nothing beyond this machine can be reached from a test."""

from __future__ import annotations

import socket
import urllib.request

import pytest
from surroundings import OutsideWorld


@pytest.mark.parametrize("address", [("192.0.2.1", 80), ("2001:db8::1", 80, 0, 0)])
def test_no_connection_leaves_this_machine(address: tuple[object, ...]) -> None:
    family = socket.AF_INET6 if ":" in str(address[0]) else socket.AF_INET
    with socket.socket(family) as sock:
        sock.settimeout(0.1)
        with pytest.raises(OutsideWorld):
            sock.connect(address)


def test_no_datagram_leaves_this_machine() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock, pytest.raises(OutsideWorld):
        sock.sendto(b"x", ("192.0.2.1", 53))


def test_no_name_outside_is_asked_for() -> None:
    with pytest.raises(OutsideWorld):
        urllib.request.urlopen("https://api.line.me/v2/bot/info", timeout=0.1)


def test_loopback_is_open() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname(), timeout=2).close()
        socket.create_connection(("localhost", server.getsockname()[1]), timeout=2).close()
