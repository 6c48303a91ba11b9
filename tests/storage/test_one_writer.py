"""Whoever is to write to an SQLite file queues for it, in whatever process."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from waiting import wait_until

from storage import one_writer
from storage.one_writer import NEXT, TURN, Queue

ANOTHER_PROCESS = """
import os, sys
from storage.one_writer import Queue
print("begun", flush=True)
with Queue(sys.argv[1]):
    os.write(1, b"its turn\\n")
    sys.stdin.read()
"""


@pytest.fixture
def path(tmp_path: Path) -> str:
    """A database, for all that the queue knows of it."""
    (tmp_path / "town.db").touch(mode=0o640)
    return str(tmp_path / "town.db")


@pytest.fixture
def queue(path: str) -> Iterator[Queue]:
    found = Queue(path)
    yield found
    found.close()


@pytest.fixture
def another(path: str) -> Iterator[Callable[[], Any]]:
    """Begins a process that queues, and that keeps its turn until its input ends."""
    begun: list[Any] = []

    def begin() -> Any:
        process = subprocess.Popen(
            [sys.executable, "-c", ANOTHER_PROCESS, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        begun.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == b"begun\n"
        return process

    yield begin
    for process in begun:
        process.kill()
        process.wait()
        process.stdout.close()


def taken(path: str, place: int) -> bool:
    """Whether another process holds it."""
    file = os.open(f"{path}-queue", os.O_RDWR)  # whoever closes it lets go of what this process holds
    try:
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, place)
    except OSError:
        return True
    finally:
        os.close(file)
    return False


def says(process: Any) -> bytes:
    return bytes(process.stdout.readline())


def test_another_process_waits_for_its_turn(queue: Queue, another: Callable[[], Any]) -> None:
    with queue:
        process = another()
        os.set_blocking(process.stdout.fileno(), False)
        threading.Event().wait(0.2)
        assert not process.stdout.readline()
        os.set_blocking(process.stdout.fileno(), True)
    assert says(process) == b"its turn\n"


def test_whoever_wants_to_write_again_comes_after_the_one_who_waits(
    path: str, queue: Queue, another: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        one_writer, "LOOK_AGAIN", 0.0
    )  # we are much faster than the other one, who looks each millisecond
    order: list[str] = []
    with queue:
        process = another()
        threading.Event().wait(0.5)  # it stands at the place of the next one
    waits = threading.Thread(target=lambda: (says(process), order.append("other"), process.stdin.close()))
    waits.start()
    with queue:
        order.append("again")
    waits.join(30)
    assert order == ["other", "again"]


def test_a_process_that_dies_in_its_turn_leaves_it(
    path: str, queue: Queue, another: Callable[[], Any]
) -> None:
    process = another()
    assert says(process) == b"its turn\n"
    assert taken(path, TURN)
    assert not taken(path, NEXT)
    process.kill()
    wait_until(lambda: not taken(path, TURN), what="its turn is free")
    with queue:
        pass


def test_nobody_waits_for_ever_for_one_who_stopped_in_the_middle(
    path: str, another: Callable[[], Any]
) -> None:
    assert says(another()) == b"its turn\n"
    impatient = Queue(path, patience=0.05)
    with impatient:
        assert taken(path, TURN)
    impatient.close()


def test_threads_take_turns_and_one_may_come_in_twice(
    queue: Queue, together: Callable[[int, Callable[[int], Any]], list[Any]]
) -> None:
    inside: list[int] = []

    def deed(number: int) -> list[int]:
        for _ in range(50):
            with queue, queue:
                inside.append(number)
                found = list(inside)
                inside.remove(number)
                assert found == [number]
        return inside

    assert together(4, deed) == [[]] * 4


def test_whoever_is_interrupted_while_waiting_holds_up_nobody(
    path: str, another: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    process = another()
    assert says(process) == b"its turn\n"
    queue = Queue(path)

    def interrupted(_seconds: float) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("storage.one_writer.time.sleep", interrupted)
        with pytest.raises(KeyboardInterrupt), queue:
            raise AssertionError("it was not its turn")
    process.stdin.close()
    came: list[bool] = []

    def comes() -> None:
        with queue:
            came.append(True)

    thread = threading.Thread(target=comes, daemon=True)
    thread.start()
    thread.join(30)
    assert came
    queue.close()


def test_its_file_is_for_whom_the_database_is(path: str, queue: Queue) -> None:
    assert Path(f"{path}-queue").stat().st_mode == Path(path).stat().st_mode


@pytest.mark.parametrize("strange", ["/nowhere/at/all.db", None])
def test_without_a_file_threads_still_take_turns(strange: str | None) -> None:
    with Queue(strange) as queue:
        pass
    queue.close()
