"""What the programme's commands take with a large register: .venv/bin/python benchmarks/programme_commands.py

Fills a throw-away SQLite with 10,000 supporters and 500 courses (two minutes, once: --keep FOLDER uses it again) and
prints the seconds of each command as a member of staff waits for it (the whole process, the median of three), and
the CPU seconds within, which count where the machine has other work.

CPU seconds of 17 commands on two cores with much other work (2026-11-22): 0.8 to 1.0 for most; lists with names as JSON
1.4; export to CSV 1.4, to Excel 2.1; import 1.8; pictures 1.7 to 1.9. There the same runs took a quarter more before.
"""

from __future__ import annotations

import argparse
import csv
import datetime as dt
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bot.app import build
from bot.content.library import Content, load_content
from bot.settings import Settings
from storage import course_members, courses, supporters
from storage.crypto import new_key
from storage.supporters import Profile
from storage.work import Work

ROOT = Path(__file__).resolve().parent.parent
PEOPLE, COURSES = 10_000, 500
TODAY = dt.date(2026, 11, 20)
FAMILIES = ("山田", "田中", "中村", "小谷", "西尾", "前田", "谷口", "岸本", "福田", "松本")
GIVEN = (("花子", "はなこ"), ("一郎", "いちろう"), ("美咲", "みさき"), ("健", "けん"), ("和子", "かずこ"))


def fill(work: Work, content: Content) -> None:
    """Courses of three years, each with twenty people, most of whom registered."""
    dice = random.Random(1)  # noqa: S311 - the same register each time
    towns = list(content.towns.values())
    held = []
    for number in range(COURSES):
        on = TODAY - dt.timedelta(days=dice.randrange(1, 1_100))
        noon = dt.datetime.combine(on, dt.time(12), dt.UTC)
        town = dice.choice(towns)
        held.append(
            courses.create(
                work,
                "default",
                title=f"つながりサポーター養成講座 第{number + 1}回",
                town=town.key,
                on=on,
                place="市民会館",
                capacity=40,
                valid_from=noon,
                valid_until=noon + dt.timedelta(days=7),
            )
        )
    for number in range(PEOPLE):
        course = held[number % COURSES]
        family, (given, kana) = dice.choice(FAMILIES), dice.choice(GIVEN)
        profile = Profile(f"{family} {given}{number}", kana, f"090{number:08}", f"s{number}@example.jp")
        entry = supporters.add(
            work,
            "default",
            source="import",
            state=dice.choices(("registered", "active", "paused", "left", "attended"), (30, 50, 5, 10, 5))[0],
            town=course.town,
            district=dice.choice(content.town(course.town).districts).key,
            profile=profile,
            attended_on=course.on_date,
            age_band=dice.choice(("30", "50", "60", "70")),
        )
        course_members.attend(work, course.id, supporter_id=entry.id)


def write_list(path: Path) -> None:
    """A town's list of as many other people, as it comes from Excel."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        table = csv.writer(file)
        table.writerow(("氏名", "ふりがな", "電話", "市町", "受講日"))
        for number in range(PEOPLE):
            table.writerow(
                (f"森 {number}子", "もり", f"080-{number // 10_000:04}-{number:04}", "鳥取市", "2025/6/1")
            )


def seconds(command: str, environment: dict[str, str]) -> tuple[float, float]:
    """How long one run takes, start of Python and all, and for how much of it a processor worked."""
    worked = _worked()
    began = time.perf_counter()
    subprocess.run(  # noqa: S603 - our own command
        [str(Path(sys.executable).with_name("tsunagari")), *command.split()],
        env=environment,
        stdout=subprocess.DEVNULL,
        check=True,
    )
    return time.perf_counter() - began, _worked() - worked


def _worked() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--keep", type=Path, help="a folder for the filled database, used again if it is there"
    )
    folder = parser.parse_args().keep or Path(tempfile.mkdtemp())
    folder.mkdir(parents=True, exist_ok=True)
    keys = folder / "keys"
    new = not keys.exists()
    if new:
        keys.write_text(new_key("k1"))
    environment = {
        **os.environ,
        "DATABASE_URL": f"sqlite:///{folder / 'tsunagari.db'}",
        "TSUNAGARI_KEYS": keys.read_text(),
        "LINE_CHANNEL_SECRET": "8c570fa6dd201bb328f1c1eac23a96d8",
        "LINE_CHANNEL_ACCESS_TOKEN": "none",
        "PUBLIC_URL": "https://tsunagari.example",
    }
    if new:
        services = build(Settings.from_env(environment))
        with services.db.work() as work:
            fill(work, load_content(ROOT / "content"))
        services.db.close()
        write_list(folder / "list.csv")
    commands = (
        "supporter counts",
        "supporter groups",
        "supporter coverage",
        f"supporter coverage --out {folder}/coverage.png",
        f"supporter coverage --out {folder}/coverage.svg",
        "supporter cohorts",
        f"supporter cohorts --out {folder}/cohorts.png",
        "supporter list",
        "supporter list --json",
        "supporter list --names --as bench",
        "supporter list --names --as bench --json",
        "supporter list --find 09000001234 --as bench",
        "supporter waiting",
        f"supporter export --out {folder}/out.csv --as bench",
        f"supporter export --out {folder}/out.xlsx --as bench",
        f"supporter import {folder}/list.csv --as bench",
        "course list",
    )
    for command in commands:
        took, worked = map(
            statistics.median, zip(*(seconds(command, environment) for _ in range(3)), strict=True)
        )
        print(
            f"{took:5.2f} s {worked:5.2f} s CPU {' ' if took < 2 else '!'} {command.replace(str(folder) + '/', '')}",
            flush=True,
        )


if __name__ == "__main__":
    main()
