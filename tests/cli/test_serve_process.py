"""The service as a real process: it listens, delivers, fires what is due, and ends in order."""

from __future__ import annotations

import datetime as dt
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import urllib3
from waiting import wait_until

from simulator.app import Simulator
from simulator.platform import Bot

COMMAND = [sys.executable, "-m", "bot.cli"]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(url: str) -> int | None:
    try:
        return urllib3.request("GET", url, retries=False, timeout=2).status
    except urllib3.exceptions.HTTPError:
        return None


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Its exit code and what it wrote on the error stream."""
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=30)
    return process.returncode, err


@pytest.fixture
def house(env: dict[str, str]) -> Iterator[dict[str, str]]:
    """The environment of a service beside a running stand-in for LINE."""
    port = free_port()
    bot = Bot("default", "つながり", "the-secret", "the-token", f"http://127.0.0.1:{port}/callback")
    with Simulator([bot]) as line:
        yield {
            "PATH": os.environ["PATH"],
            **env,
            "LINE_API_BASE": line.url,
            "PORT": str(port),
            "PUBLIC_URL": f"http://127.0.0.1:{port}",
        }


def start(env: dict[str, str], *args: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*COMMAND, *args], env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def command(env: dict[str, str], *args: str) -> str:
    return subprocess.run([*COMMAND, *args], env=env, text=True, capture_output=True, check=True).stdout


def test_serve_migrates_an_empty_database_answers_fires_a_due_broadcast_and_stops(
    house: dict[str, str], tmp_path: Path
) -> None:
    env = house | {"DATABASE_URL": f"sqlite:///{tmp_path / 'empty' / 'fresh.db'}"}
    service = start(env, "serve")
    try:
        wait_until(lambda: answers(f"{env['PUBLIC_URL']}/readyz") == 200)
        assert answers(f"{env['PUBLIC_URL']}/healthz") == 200
        at = (
            dt.datetime.now(dt.UTC) + dt.timedelta(seconds=8)
        ).isoformat()  # a command starts slowly on a busy machine
        made = command(
            env, "broadcast", "schedule", "--text", "a", "--at", at, "--to", "everyone", "--yes", "--json"
        )
        broadcast = json.loads(made)["id"]
        wait_until(lambda: '"sent"' in command(env, "broadcast", "show", broadcast, "--json"), 40)
    finally:
        code, err = ended(service)
    assert code == 0
    lines = [json.loads(line) for line in err.splitlines()]
    assert {"serve.listening", "broadcast.started", "routes.gaps"} <= {line["event"] for line in lines}


def test_serve_refuses_a_port_that_is_taken(house: dict[str, str]) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", int(house["PORT"])))
        other.listen()
        done = subprocess.run([*COMMAND, "serve"], env=house, text=True, capture_output=True, timeout=20)
    assert done.returncode == 1
    assert house["PORT"] in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("role", ["all", "sender", "clock"])
def test_work_runs_until_it_is_told_to_end(house: dict[str, str], role: str) -> None:
    worker = start(house, "work", "--role", role)
    assert worker.stderr is not None
    first = json.loads(worker.stderr.readline())
    code, _ = ended(worker)
    assert (first["event"], first["role"]) == ("work.started", role)
    assert code == 0


def test_check_is_content_when_everything_is_in_place(house: dict[str, str]) -> None:
    said = command(house, "check")
    assert "✗" not in said
    assert "✓ LINE: default" in said


def test_the_demo_is_ready_with_a_code_that_registers_and_leaves_nothing_running(tmp_path: Path) -> None:
    demo = start({"PATH": os.environ["PATH"], "COLUMNS": "160"}, "demo", "--folder", str(tmp_path / "demo"))
    assert demo.stdout is not None
    said = ""
    for line in demo.stdout:
        said += line
        if "Ready" in line:
            break
    env = dict(
        line.replace("'", "").split("=", 1) for line in (tmp_path / "demo" / "env").read_text().splitlines()
    )
    try:
        assert (tmp_path / "demo" / "env").stat().st_mode & 0o777 == 0o600
        assert env["LINE_API_BASE"] in said
        assert answers(f"{env['PUBLIC_URL']}/readyz") == 200
        (course,) = json.loads(command({"PATH": os.environ["PATH"], **env}, "course", "list", "--json"))
        assert course["code"] in said
        assert course["town"] == "tottori"
    finally:
        code, err = ended(demo)
    assert code == 0, err
    assert "Traceback" not in err
    assert answers(f"{env['PUBLIC_URL']}/healthz") is None
    assert answers(env["LINE_API_BASE"]) is None
