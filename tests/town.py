"""A town with our service in it, for tests: the real content, a database, and no LINE that could be called."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, cast
from zoneinfo import ZoneInfo

from flask import Flask
from phone import Phone
from sqlalchemy import Row, Table, select
from surroundings import Clock

from bot.app import Services, create_app
from bot.content.library import Content, load_content
from bot.flows.context import (
    AskedCourse,
    Codes,
    Context,
    CourseOffer,
    Enrolled,
    OpenCourse,
    ReadCode,
    Visitor,
    Watch,
)
from bot.line.client import LineClient
from bot.settings import Settings
from simulator.line_check import check_request, unseen
from storage import courses, partners, tables
from storage.courses import Course
from storage.crypto import Cipher
from storage.database import open_database
from storage.partners import Partner
from storage.work import Database

ROOT = Path(__file__).resolve().parent.parent
TOKYO = ZoneInfo("Asia/Tokyo")
PUBLIC_URL = "https://tsunagari.example"
MORNING = dt.datetime(2026, 12, 1, 10, 0, tzinfo=TOKYO)  # a Tuesday, as the clock of the tests begins
CODE = "7KQ4M2XW9H"


@cache
def the_content() -> Content:
    """The shipped content, read once for all tests."""
    return load_content(ROOT / "content")


class NoLine:
    """An event is handled without one call to LINE: whoever tries is told so."""

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"LINE must not be called here ({name})")


def settings() -> Settings:
    return Settings.from_env(
        {
            "LINE_CHANNEL_SECRET": "8c570fa6dd201bb328f1c1eac23a96d8",
            "LINE_CHANNEL_ACCESS_TOKEN": "token",
            "TSUNAGARI_KEYS": "unused:here",
            "PUBLIC_URL": PUBLIC_URL,
        }
    )


@dataclass
class Town:
    """The service as it is served, and what tests want to know of it."""

    services: Services
    app: Flask

    def phone(self, **kind: Any) -> Phone:
        """Somebody who has not yet met us."""
        return Phone(self.services, self.app, **kind)

    def friend(self) -> Phone:
        """Somebody who has added us and read the greeting."""
        phone = self.phone()
        phone.follows()
        return phone

    def course(self, title: str = "つながりサポーター養成講座", town: str = "tottori") -> Course:
        """A course whose code counts from now on for a week."""
        now = self.services.db.clock()
        with self.services.db.work() as work:
            return courses.create(
                work,
                "default",
                title=title,
                town=town,
                on=now.astimezone(TOKYO).date(),
                place="駅南庁舎",
                capacity=40,
                valid_from=now,
                valid_until=now + dt.timedelta(days=7),
            )

    def partner(self, name: str = "因幡新聞 岩美販売店", towns: tuple[str, ...] = ("iwami",)) -> Partner:
        """A watch partner with its code."""
        with self.services.db.work() as work:
            return partners.add(work, "default", name=name, towns=towns)

    def rows(self, table: Table) -> list[Row[Any]]:
        """All rows, in the order of their keys."""
        with self.services.db.look() as work:
            return list(work.conn.execute(select(table).order_by(*table.primary_key.columns)))

    def everything_stored(self) -> str:
        """Every value of every column of every table: as it lies there, and unsealed where it is sealed."""
        return "\n".join(_everything(self.services.db))


def make_town(db: Database) -> Town:
    """The service around this database."""
    services = Services(settings(), the_content(), db, cast(LineClient, NoLine()))
    return Town(services, create_app(services))


def _everything(db: Database) -> Iterator[str]:
    with db.look() as work:
        for table in tables.metadata.sorted_tables:
            for row in work.conn.execute(select(table)):
                values = row._mapping
                for column in table.columns:
                    value = values[column.name]
                    yield value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
                    if value is not None and "sealed_row" in column.info and table.name != "keyring":
                        tenant, bound = values.get("channel", ""), values[column.info["sealed_row"]]
                        yield str(work.unseal(value, tenant, table.name, column.name, bound))


WATCH = Watch("因幡新聞 岩美販売店", ("tottori", "iwami"))


KNOWN = ReadCode("open", OpenCourse("course", CODE, "つながりサポーター養成講座", "tottori"))


WHAT_IT_IS = "種類：養成講座\nとき：12月6日（日）13:30〜15:30\nところ：駅南庁舎\n参加費：無料"
STANDINGS = (  # of a course, and what the visitor has there
    *(("open", None), ("waiting_list", None), ("full", None), ("not_yet", None)),
    *(("open", "seat"), ("waiting_list", "waiting"), ("closed", "seat")),
)
OFFERS = tuple(
    CourseOffer(
        f"course{number}",
        f"12/{number}（日）鳥取市 つながりサポーター養成講座",
        "つながりサポーター養成講座",
        WHAT_IT_IS,
        "申込みを受け付けています（のこり5席、定員40人）。",
        *STANDINGS[number % len(STANDINGS)],
    )
    for number in range(1, 11)
)
ASKED = (
    AskedCourse("course1", "12/1（火）鳥取市 養成講座", "養成講座"),
    AskedCourse("course2", "12/2（水）岩美町 更新研修", "更新研修"),
)


@dataclass(frozen=True)
class OneCode:
    """One code, in whatever state; any other one is unknown."""

    code: ReadCode = KNOWN
    suspicious: bool = False

    def read(self, said: str) -> ReadCode | None:
        return self.code if self.code.course.code in courses.normal_code(said) else None


def context(
    *,
    now: dt.datetime = MORNING,
    towns: tuple[str, ...] | None = None,
    watch: Watch | None = WATCH,
    enrolled: tuple[Enrolled, ...] = (),
    codes: Codes = OneCode(),
    offers: tuple[CourseOffer, ...] = OFFERS,
    asked: tuple[AskedCourse, ...] = ASKED,
    language: str | None = None,
) -> Context:
    """What a flow looks at, on a Tuesday morning, with one open course; the visitor is of a watch partner, too."""
    content = the_content().said_in(language)
    plan = content.channels["default"]
    return Context(
        now=now,
        content=content,
        towns=tuple(content.town(key) for key in towns or plan.towns),
        central_town=plan.central,
        visitor=Visitor(supporter=bool(enrolled), watch=watch, enrolled=enrolled),
        codes=codes,
        offers=offers,
        asked=asked,
    )


def wrong_with(messages: list[dict[str, Any]]) -> list[Any]:
    """What LINE would refuse in these messages as a reply, and what it would take but never show."""
    body = {"replyToken": "0123456789abcdef0123456789abcdef", "messages": messages}
    return [*check_request("reply", body), *(note for notes in unseen(messages) for note in notes)]


def town_on_sqlite(migrated: Path, folder: Path, cipher: Cipher, clock: Clock) -> Town:
    """A town on a fresh SQLite file, for long walks that need not be made on both databases."""
    shutil.copy(migrated, folder / "tsunagari.db")
    return make_town(open_database(f"sqlite:///{folder / 'tsunagari.db'}", cipher, clock))
