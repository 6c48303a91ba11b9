"""What a backup and a restore cost: .venv/bin/python benchmarks/backup.py [values] [--postgresql URL of an empty database]

Makes a database with so many sealed values (100,000 if not said), backs it up, checks the file, restores it into another
one, and prints seconds and the most memory that this process ever had.
"""

from __future__ import annotations

import argparse
import datetime as dt
import resource
import sys
import tempfile
import time
from pathlib import Path

from storage import backup, outbox, people, restore
from storage.crypto import cipher_from, new_key
from storage.database import new_engine, open_database
from storage.migrate import migrate

KEYS = {"b": bytes(32)}


def fill(url: str, values: int) -> None:
    db = open_database(url, CIPHER)
    for begin in range(0, values // 2, 1000):
        with db.work() as work:
            for number in range(begin, min(begin + 1000, values // 2)):
                person = people.lock(work, "iwami", f"U{number:032x}")
                outbox.put(work, "iwami", "message", {"messages": ["x" * 200]}, person_id=person.id)
    db.close()


def told(what: str, begin: float, cpu: float) -> None:
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(
        f"{what:<10} {time.monotonic() - begin:6.1f} s, processor {time.process_time() - cpu:6.1f} s, {memory} MB"
    )


if __name__ == "__main__":
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("values", type=int, nargs="?", default=100_000)
    asked.add_argument("--postgresql", help="the address of an empty database: restore into it")
    given = asked.parse_args()
    CIPHER = cipher_from(new_key("k"))
    with tempfile.TemporaryDirectory() as folder:
        file, url = Path(folder, "a.backup"), f"sqlite:///{folder}/a.db"
        engine = new_engine(url)
        migrate(engine)
        fill(url, given.values)
        now = dt.datetime.now(dt.UTC)
        begin, cpu = time.monotonic(), time.process_time()
        with file.open("wb") as out:
            made = backup.write(engine, out, KEYS, now, "benchmark")
        engine.dispose()
        told("backup", begin, cpu)
        begin, cpu = time.monotonic(), time.process_time()
        with file.open("rb") as opened:
            backup.check(opened, KEYS)
        told("check", begin, cpu)
        begin, cpu = time.monotonic(), time.process_time()
        to = given.postgresql or f"sqlite:///{folder}/b.db"
        restore.restore(
            to, lambda: file.open("rb"), KEYS, CIPHER, now, actor="benchmark", why_paused="benchmark"
        )
        told("restore", begin, cpu)
        size = Path(folder, "a.db").stat().st_size
        print(
            f"{made.rows:,} rows, database {size / 1e6:.0f} MB, file {file.stat().st_size / 1e6:.0f} MB",
            file=sys.stdout,
        )
