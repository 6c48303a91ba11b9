"""What each step of an event costs, one after the other in one thread: microseconds of processor time per event.

Run it:

    .venv/bin/python benchmarks/event_parts.py                  # SQLite, and PostgreSQL if there is one
    .venv/bin/python benchmarks/event_parts.py --together 1     # events that come alone

The call to LINE and the ways between threads are not in it; benchmarks/webhook_race.py has everything. PostgreSQL's own
processor time is not in it either. `at once`: answers go straight to the sender (decision 46); `by turn`: they are looked for.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import hmac
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import load
from databases import fresh_database, opened
from inside import SECRET, inside

from bot import handlers, log
from bot.content.library import hearing, load_content
from bot.settings import DEFAULT_CHANNEL
from bot.steady import settle
from bot.web.express import letter_in
from bot.web.webhook import Reception
from jobs.deliver import claim, note
from jobs.verdicts import Settled
from storage import events
from storage.outbox import Outgoing

PEOPLE, ROUNDS, WARM_UP = 2_000, 100, 50
DONE = Settled("accepted", "reply", "request-id")
Spent = Counter[str]


@contextmanager
def counted(spent: Spent, part: str) -> Iterator[None]:
    began = time.thread_time()
    yield
    spent[part] += round((time.thread_time() - began) * 1e6)


def letters(first: int, count: int) -> list[bytes]:
    """Webhooks on the wire, one text each."""
    made = []
    for number in range(first, first + count):
        head, end, body = load.text(number % PEOPLE).wire.partition(b"\r\n\r\n")
        signature = base64.b64encode(hmac.new(SECRET.encode(), body, hashlib.sha256).digest())
        kept = [line for line in head.split(b"\r\n") if not line.startswith(b"X-Line-Signature")]
        made.append(b"\r\n".join([*kept, b"X-Line-Signature: " + signature]) + end + body)
    return made


def one_round(reception: Reception, given: Sequence[bytes], at_once: bool, spent: Spent) -> None:
    """What gunicorn's loop, the intake and the sender do to these, in this thread."""
    services, handed = reception.services, list[Outgoing]()
    services.errands.open(lambda: at_once, handed.extend)
    with counted(spent, "read"):
        found = [letter for each in given if (letter := letter_in(each))]
        account = reception.account_at_hand(DEFAULT_CHANNEL)
        webhooks = [reception.read(account, letter.body, letter.signature) for letter in found]
    known = [event for webhook in webhooks for event in webhook.known]
    with counted(spent, "understand"):
        heard = {each: words.listen() for each in known if (words := handlers.heard_in(services, each))}
    with counted(spent, "write"), services.db.work() as work:
        work.wait_at_most(1)
        events.first_times(work, [(event.channel, event.id) for event in known])
        handlers.handle(services, work, known, heard)
    with counted(spent, "conclude"):
        for webhook in webhooks:
            reception.conclude(webhook, ["handled"])
    if not at_once:
        with counted(spent, "claim"), services.db.work() as work:
            work.plan_anew()
            handed = claim(work, len(known))
    with counted(spent, "results"), services.db.work() as work:
        work.plan_anew()
        note(work, [(row, DONE) for row in handed])
    if len(handed) != len(given):
        raise SystemExit(f"{len(handed)} answers to {len(given)} events")


def measured(url: str, together: int, at_once: bool) -> Spent:
    with opened(url) as db:
        running = inside(hearing(load_content(Path("content"))), db)
        log.configure("INFO", "json")
        settle(running.services)
        reception = Reception(running.services)
        for rounds in (WARM_UP, ROUNDS):
            spent = Spent()
            for number in range(rounds):
                one_round(reception, letters(number * together, together), at_once, spent)
        return Spent({part: round(whole / ROUNDS / together) for part, whole in spent.items()})


def main() -> None:
    wanted = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    wanted.add_argument("--postgresql", default="postgresql://postgres@127.0.0.1:5432/", help="which server")
    wanted.add_argument("--together", type=int, default=16, help="events that are written together")
    chosen = wanted.parse_args()
    words, sys.stderr = sys.stdout, open(os.devnull, "w")  # noqa: SIM115  # the log is written, and read by nobody
    parts = ("read", "understand", "write", "conclude", "claim", "results")
    print(f"{'µs per event':<24}" + "".join(f"{part:>12}" for part in (*parts, "together")), file=words)
    for at_once in (True, False):
        for name in ("SQLite", "PostgreSQL"):
            with ExitStack() as stack:
                folder = stack.enter_context(tempfile.TemporaryDirectory())
                url: str | None = f"sqlite:///{folder}/parts.db"
                if name == "PostgreSQL":
                    url = stack.enter_context(fresh_database(chosen.postgresql))
                if url is None:
                    continue
                spent = measured(url, chosen.together, at_once)
                cells = [*(spent[part] for part in parts), spent.total()]
                way = "at once" if at_once else "by turn"
                print(f"{name + ', ' + way:<24}" + "".join(f"{cell:>12}" for cell in cells), file=words)


if __name__ == "__main__":
    main()
