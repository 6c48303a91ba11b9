"""Where processes of ours are born that are to die: `tsunagari …`, forked from a parent that has everything imported.

    python mortal.py        reads one order a line from its standard input (JSON), answers with one line each

An order to be born says `args` and `env`, and may say where it dies: `die` = "module:name:before|after|gave:n" kills the
process (SIGKILL, by itself) when it comes to the n-th call of this function, from the n-th, or from the n-th that gave
something. `clock` names a file with seconds: by so much the process's clock is ahead, also while it runs. `parts` is how
many people are in one part of a broadcast, and how many are put into the outbox in one step; `hands`, how many calls it
makes at once. Nothing of this stands in the service itself.
"""

from __future__ import annotations

import contextlib
import functools
import gc
import importlib
import itertools
import json
import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

LOOKS_EVERY = 0.02  # seconds between two looks at the file of the clock


def die_at(point: str) -> None:
    """Replace the function by one that counts, and ends the process as a power cut would."""
    module, name, where, nth = point.split(":")
    owner: Any = importlib.import_module(module)
    *outer, last = name.split(".")
    for part in outer:
        owner = getattr(owner, part)
    whole, crossings = getattr(owner, last), itertools.count(1)

    def cross() -> None:
        if next(crossings) == int(nth):
            os.kill(os.getpid(), signal.SIGKILL)
            time.sleep(60)  # the signal comes at once, and no line of ours runs any more

    @functools.wraps(getattr(whole, "func", whole))
    def counted(*given: Any, **named: Any) -> Any:
        if where == "before":
            cross()
        got = whole(*given, **named)
        if where == "after" or (where == "gave" and got):
            cross()
        return got

    setattr(owner, last, counted)


def follow_clock(file: Path) -> None:
    """The process's wall clock is ahead by what stands in the file; its steady clock is not touched."""
    import time_machine

    def wanted() -> float:
        with contextlib.suppress(ValueError, OSError):
            return float(file.read_text())
        return 0.0

    ahead = wanted()
    real = time.clock_gettime  # not changed by the traveller for the steady clock
    begin, steady = time.time(), real(time.CLOCK_BOOTTIME)
    traveller = time_machine.travel(begin + ahead, tick=True).start()

    def follow() -> None:
        known = ahead
        while True:
            time.sleep(LOOKS_EVERY)
            if (now := wanted()) != known:
                known = now
                traveller.move_to(begin + known + real(time.CLOCK_BOOTTIME) - steady)

    threading.Thread(target=follow, daemon=True).start()


def live(order: dict[str, Any]) -> None:
    """Be `tsunagari …` from here on."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    os.setsid()
    log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for target, source in ((0, nothing), (1, log), (2, log)):
        os.dup2(source, target)
    sys.stdin, sys.stdout, sys.stderr = os.fdopen(0), os.fdopen(1, "w"), os.fdopen(2, "w", buffering=1)
    os.environ.clear()
    os.environ.update(order["env"])
    time.tzset()
    if order.get("clock"):
        follow_clock(Path(order["clock"]))
    if order.get("parts"):
        from storage import freezing

        freezing.freeze = functools.partial(freezing.freeze, chunk_size=order["parts"])
        freezing.AT_ONCE = order["parts"]
    if order.get("hands"):
        from jobs.deliver import Deliverer

        Deliverer.__init__.__kwdefaults__["threads"] = order["hands"]
    if order.get("die"):
        die_at(order["die"])
    sys.argv = ["tsunagari", *order["args"]]
    from bot.cli import main

    main()


def born(order: dict[str, Any]) -> int:
    """Its number."""
    number = os.fork()
    if number:
        return number
    code = 1
    try:
        live(order)
        code = 0
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 1
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def know_everything() -> None:
    """Read what each of them would read at its start and no test here is about: modules, and the content."""
    import alembic.command  # noqa: F401
    import apscheduler.schedulers.background  # noqa: F401
    import psycopg  # noqa: F401
    import sqlalchemy.dialects.postgresql.psycopg  # noqa: F401

    import bot.app
    import bot.cli.broadcast
    import bot.cli.house
    import bot.cli.serve
    import jobs.engine
    import jobs.timetable  # noqa: F401
    from bot.cli import build
    from bot.content.library import Content, peek_content
    from bot.settings import REPOSITORY, Settings

    build("broadcast")
    build()
    content = peek_content(REPOSITORY / "content")

    def known(_settings: Settings) -> Content:
        return content

    def heard(content: Content) -> Content:
        return content

    def migrated(_engine: object) -> None:
        """So is the database of every test."""

    bot.app.content_for = known
    bot.cli.house.content_for = known
    bot.cli.serve.content_for = known
    bot.app.hearing = heard
    bot.app.migrate = migrated
    gc.freeze()  # else the first collection of each child copies all of this


def main() -> None:
    sys.path.insert(0, os.getcwd())
    know_everything()
    children: dict[int, int | None] = {}
    print("ready", flush=True)
    for line in sys.stdin:
        order = json.loads(line)
        if "poll" in order:
            number = order["poll"]
            if children[number] is None:
                found, status = os.waitpid(number, os.WNOHANG)
                children[number] = os.waitstatus_to_exitcode(status) if found else None
            print(json.dumps(children[number]), flush=True)
        else:
            number = born(order)
            children[number] = None
            print(number, flush=True)
    for number, status in children.items():
        if status is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(number, signal.SIGKILL)
    os._exit(0)  # there is nothing to tidy up, and with all these modules that takes seconds


if __name__ == "__main__":
    main()
