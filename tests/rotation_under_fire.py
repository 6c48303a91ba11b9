"""Keys are exchanged while the service writes, and the exchange is killed again and again: nothing gets unreadable."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import select

from storage import conversations, outbox, people, rotation
from storage.crypto import Place, cipher_from, new_key
from storage.database import open_database
from storage.work import Database, Work

CHANNEL = "iwami"
_AT_ONCE = 1000
_PROGRAM = """
import sys
from storage.crypto import cipher_from
from storage.database import open_database
from storage.rotation import reseal
url, keys = sys.stdin.read().split()
db = open_database(url, cipher_from(keys))
print("begins", flush=True)
reseal(db, batch=int(sys.argv[1]))
print("done", flush=True)
"""


def fill(db: Database, values: int) -> None:
    """So many sealed values (and the key of the blind indexes): half in people, half in the outbox."""
    for begin in range(0, values // 2, _AT_ONCE):
        with db.work() as work:
            for number in range(begin, min(begin + _AT_ONCE, values // 2)):
                outbox.put(work, CHANNEL, "message", {"n": number}, person_id=_person(work, number))


@contextmanager
def service(db: Database, known: int) -> Iterator[dict[int, int]]:
    """Somebody new every moment, and answers in conversations, which change in their place; what each said last."""
    ended, said = threading.Event(), dict[int, int]()
    chance, trouble = random.Random(7), list[BaseException]()

    def write() -> None:
        try:
            while not ended.wait(0.002):
                with db.work() as work:
                    number = len(said)
                    outbox.put(work, CHANNEL, "message", {}, person_id=_person(work, known + number))
                    number = chance.randrange(known) if number % 3 else min(said, default=0)
                    person, answer = _person(work, number), said.get(number, 0) + 1
                    talk = conversations.open_one(work, person)
                    talk = talk or conversations.start(work, CHANNEL, person, "handbook")
                    conversations.keep(work, talk, {"n": answer})
                said[number] = answer
        except BaseException as error:
            trouble.append(error)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield said
    finally:
        ended.set()
        thread.join()
    assert not trouble, trouble


def _person(work: Work, number: int) -> str:
    return people.lock(work, CHANNEL, f"U{number:032x}").id


def every_value_opens(work: Work) -> int:
    """How many sealed values there are; raises SealBroken at one that does not open."""
    count = 0
    for table, column in rotation._sealed_columns():
        tenant = table.c.channel if "channel" in table.c else None
        query = select(column, table.c[column.info["sealed_row"]], *([] if tenant is None else [tenant]))
        for envelope, row, *channel in work.conn.execute(query.where(column.is_not(None))):
            work.cipher.open(envelope, Place(channel[0] if channel else "", table.name, column.name, row))
            count += 1
    return count


def rotate_under_fire(url: str, *, values: int, kills: int, batch: int, seed: int) -> tuple[int, int]:
    """Kill it so often, then let it end; how many values there are at the end, and how many kills hit."""
    old, new = new_key("old"), new_key("new")
    at_first = open_database(url, cipher_from(old))
    fill(at_first, values)
    at_first.close()
    both = f"{new},{old}"
    db, chance, hits = open_database(url, cipher_from(both)), random.Random(seed), 0
    left = rotation.keys_in_use(db)["old"]
    assert left == values + 1
    longest = (
        values / batch * (0.1 if db.engine.dialect.name == "postgresql" else 2 * rotation.BREATH) / kills
    )
    with service(db, values // 2) as said:
        for _ in range(kills):
            child = _begun(url, both, batch)
            time.sleep(chance.uniform(0, longest))
            child.send_signal(signal.SIGKILL)
            hits += child.wait() == -signal.SIGKILL
            before, left = left, rotation.keys_in_use(db).get("old", 0)
            assert left <= before
        child = _begun(url, both, batch)
        assert child.stdout is not None
        assert child.stdout.read() == "done\n"
        assert child.wait() == 0
    assert said
    with db.look() as work:
        total = every_value_opens(work)
    assert rotation.keys_in_use(db) == {"new": total}
    db.close()
    at_last = open_database(url, cipher_from(new))
    with at_last.work() as work:
        assert every_value_opens(work) == total
        for number, answer in said.items():
            talk = conversations.open_one(work, _person(work, number))
            assert talk is not None
            assert talk.answers == {"n": answer}
    at_last.close()
    return total, hits


def _begun(url: str, keys: str, batch: int) -> subprocess.Popen[str]:
    child = subprocess.Popen(
        [sys.executable, "-c", _PROGRAM, str(batch)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert child.stdin is not None
    assert child.stdout is not None
    child.stdin.write(f"{url}\n{keys}")
    child.stdin.close()
    assert child.stdout.readline() == "begins\n"
    return child
