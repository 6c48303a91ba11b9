"""What a person, an event, a recipient, a supporter and a concern take on the disk, with their indexes.

Run it:

    .venv/bin/python benchmarks/row_bytes.py                # 20,000 of each; SQLite, and PostgreSQL if there is one
    .venv/bin/python benchmarks/row_bytes.py --count 5000

Each is put into a database that is empty but for those before it. Printed is by how much the database grew for one of
them, and the processor time of this process for it. A concern is what a telephone call of three sentences leaves when a
desk has read, accepted, noted and closed it.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing
from pathlib import Path

import freeze_time
import growth
from databases import fresh_database
from inside import Inside, inside

from bot.cli.demo_desk import EXAMPLE
from bot.content.library import load_content
from bot.desk import deeds, telling
from bot.desk.opening import open_concern
from jobs import broadcast
from storage import broadcasts, freezing, supporters
from storage.crypto import cipher_from, new_key
from storage.database import new_engine, open_database
from storage.migrate import migrate
from storage.segments import EVERYONE
from storage.supporters import Profile
from storage.work import Database

ROOT = Path(__file__).resolve().parent.parent
CONCERNS = 100


def size(db: Database) -> int:
    """Bytes of the whole database."""
    if db.engine.dialect.name == "sqlite":
        db.truncate_log()
        return Path(str(db.engine.url.database)).stat().st_size
    with db.engine.connect() as conn:
        return int(conn.exec_driver_sql("SELECT pg_database_size(current_database())").scalar_one())


def people(running: Inside, count: int) -> int:
    freeze_time.fill(running.services.db, count)
    return count


def events(running: Inside, count: int) -> int:
    growth.fill_events(running.services.db, count)
    return count


def recipients(running: Inside, count: int) -> int:
    """After everything was sent: the parts of the broadcast keep no words."""
    db = running.services.db
    with db.work() as work:
        made = broadcasts.schedule(work, "default", [{"text": "a"}], EVERYONE, work.now, created_by="x")
        assert broadcasts.start(work, made.id)
        freezing.freeze(work, made.id, lambda _: growth.WORDS)
    broadcast.go_on(freeze_time.Rooms(db), made.id)
    running.deliver()
    return count


def register(running: Inside, count: int) -> int:
    words = Profile(
        "山田 花子", "ヤマダ ハナコ", "09012345678", "hanako@example.jp", "近所のお年寄りが気になって"
    )
    with running.services.db.work() as work:
        for _ in range(count // 10):
            supporters.add(work, "default", source="line", state="active", town="tottori", profile=words)
    return count // 10


def concerns(running: Inside, _count: int) -> int:
    services = running.services
    content, url = services.content, services.settings.public_url
    desk, doer = deeds.Desk(content, services.now(), url), deeds.Doer("benchmark", None)
    for _ in range(CONCERNS):
        with services.db.work() as work:
            opened = open_concern(
                work, content, url, services.now(), channel="default", person_id=None, town="tottori",
                district=None, kind="safety", level=content.concern_kinds["safety"].level, since="days",
                subject_knows="unaware", source="telephone", actor=doer.name,
            )  # fmt: skip
            telling.entered(work, content, url, opened, EXAMPLE, doer.name)
            deeds.read(work, desk, doer, opened)
            taken = deeds.accept(work, doer, opened)
            deeds.note(work, doer, taken, "電話がつながらないので、あす午前に訪ねる。" * 3)
            deeds.close(work, desk, doer, taken, next(iter(content.outcomes)), "会えた。" * 10)
    return CONCERNS


KINDS: Mapping[str, Callable[[Inside, int], int]] = {
    "person": people,
    "event and its answer": events,
    "recipient": recipients,
    "supporter": register,
    "concern": concerns,
}


def measure(name: str, url: str, count: int) -> None:
    engine = new_engine(url)
    migrate(engine)
    engine.dispose()
    with closing(open_database(url, cipher_from(new_key("b")))) as db:
        running = inside(load_content(ROOT / "content"), db)
        before = size(db)
        for kind, fill in KINDS.items():
            began = time.process_time()
            made = fill(running, count)
            spent, after = (time.process_time() - began) * 1_000 / made, size(db)
            print(f"{name:<11}{kind:<22}{(after - before) / made:>8,.0f} bytes {spent:>8.2f} ms", flush=True)
            before = after


def main() -> None:
    wanted = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    wanted.add_argument("--postgresql", default="postgresql://postgres@127.0.0.1:5432/", help="which server")
    wanted.add_argument("--count", type=int, default=20_000)
    chosen = wanted.parse_args()
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        measure("SQLite", f"sqlite:///{folder}/rows.db", chosen.count)
        if url := stack.enter_context(fresh_database(chosen.postgresql)):
            measure("PostgreSQL", url, chosen.count)


if __name__ == "__main__":
    main()
