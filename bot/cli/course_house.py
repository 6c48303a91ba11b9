"""What the commands about courses share: which course, its words, and what programs get of it."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated, Any

import typer

from bot import poster
from bot.cli import output
from bot.cli.house import House
from bot.cli.moments import read_day, read_hour
from bot.cli.output import TOKYO, Refused, one_of
from bot.cli.segment import town_names
from bot.course_words import when_said
from bot.programme import courses as seats
from bot.programme.course_news import Office, page_url
from storage import courses
from storage.course_places import Taken
from storage.courses import KINDS, Course, Kind, Session
from storage.work import Work

Json = Annotated[bool, typer.Option("--json", help="JSONで出す。")]
Id = Annotated[str, typer.Argument(metavar="ID", help="講座のIDか、5文字の申込み番号（list で分かります）。")]
BasicId = Annotated[str | None, typer.Option("--basic-id", help="LINE公式アカウントのID（@…）。")]
STANDINGS = {
    "open": "受付中",
    "waiting_list": "満席（キャンセル待ち）",
    "full": "満席",
    "not_yet": "受付前",
    "closed": "受付なし",
    "past": "終了",
    "called_off": "中止",
}
_SESSION = re.compile(r"^(\S+?)(?:[\sT]+(\S+?)(?:\s*[-〜~]\s*(\S+))?)?$")


def find(house: House, course_id: str) -> Course:
    """The course with this id or sign."""
    with house.db.look() as work:
        return find_in(work, course_id)


def find_in(work: Work, course_id: str) -> Course:
    """The same inside a unit of work."""
    wanted = course_id.strip()
    found = courses.get(work, wanted) or courses.by_sign(work, wanted)
    if found is None:
        raise Refused(f"「{course_id}」という講座はありません。", "tsunagari course list で確かめられます。")
    return found


def office_of(house: House) -> Office:
    """What the deeds need besides the database."""
    return Office(house.content, house.settings.public_url, bool(house.settings.smtp_url))


def kinds(house: House) -> dict[str, str]:
    """The name of each kind, as people read it."""
    return {kind: house.content.texts.get(f"course.kind.{kind}") for kind in KINDS}


def kind_of(house: House, word: str) -> Kind:
    """The kind with this key or name."""
    key = one_of("種類", word, kinds(house))
    return next(kind for kind in KINDS if kind == key)


def towns_of(house: House, words: Sequence[str]) -> tuple[str, ...]:
    """Keys of towns, each once; several may stand in one option with commas."""
    listed = [part.strip() for word in words for part in re.split(r"[,、]", word) if part.strip()]
    names = town_names(house.content)
    return tuple(dict.fromkeys(one_of("市町", word, names) for word in listed))


def session_of(text: str) -> Session:
    """「2026-12-13 13:30-15:30」; the hours may be left out."""
    found = _SESSION.match(unicodedata.normalize("NFKC", text).strip())
    if found is None:
        raise typer.BadParameter(f"「{text}」は回の日時として読めません。例: 2026-12-13 13:30-15:30")
    starts, ends = (read_hour(part) if part else None for part in found.groups()[1:])
    return checked(Session(read_day(found[1]), starts, ends))


def checked(session: Session) -> Session:
    """The same; refused where it ends before it begins."""
    if session.ends and (session.starts is None or session.ends <= session.starts):
        raise Refused(
            f"終わる時刻（{session.ends}）が、始まる時刻（{session.starts or 'なし'}）より前です。",
            "--starts と --ends を確かめてください。",
        )
    return session


def short(what: str, text: str, longest: int) -> str:
    """A text that fits its column."""
    text = text.strip()
    if not text or len(text) > longest:
        raise Refused(f"{what}は 1〜{longest} 文字で書いてください（いま {len(text)} 文字）。")
    return text


def account(house: House, course: Course, basic_id: str | None) -> str:
    """The LINE account that serves this course."""
    channel = house.content.channels.get(course.channel)
    found = basic_id or (channel.basic_id if channel else None)
    if not found:
        raise Refused(
            "LINE公式アカウントのID（@…）が分かりません。",
            "--basic-id か content/channels.yaml に書いてください。",
        )
    return found


def facts(
    house: House, course: Course, basic_id: str | None, registered: int, taken: Taken
) -> dict[str, Any]:
    """A course for programs."""
    told = asdict(course)
    told["sessions"] = [{"on": each.on, "starts": each.starts, "ends": each.ends} for each in course.sessions]
    told["code"] = course.readable_code
    told["registered"] = registered
    told["seats"], told["waiting"] = taken.seats, taken.waiting
    told["standing"] = seats.standing(course, taken, house.now)
    told["registration_url"] = poster.registration_url(account(house, course, basic_id), course.readable_code)
    told["sign_up_url"] = page_url(office_of(house), course)
    return told


def show(house: House, course: Course, told: dict[str, Any]) -> None:
    """A course for people."""
    until = course.sign_up_until
    period = "なし"
    if until is not None:
        period = f"{output.moment(course.sign_up_from)} 〜 {output.moment(until)}"
        if until <= house.now:
            period = f"終わりました（{output.moment(until)} まで）"
    output.fields(
        {
            "ID": course.id,
            "名前": course.title,
            "種類": kinds(house)[course.kind],
            "市町": seats.towns_said(house.content, course),
            "日時": when(course),
            "会場": course.place,
            "講師": course.lecturer,
            "団体": course.group_name,
            "状態": STANDINGS[told["standing"]],
            "申込み": f"{told['seats']} 人（定員 {course.capacity} 人）、キャンセル待ち {told['waiting']} 人",
            "キャンセル待ち": "受ける" if course.waiting_list else "受けない",
            "申込みの期間": period,
            "申込みのページ": told["sign_up_url"],
            "出席": f"{told['registered']} 人",
            "アンケート": "する" if course.questionnaire else "しない",
            "コード": course.readable_code,
            "使える期間": f"{output.moment(course.valid_from)} 〜 {output.moment(course.valid_until)}",
            "登録のリンク": told["registration_url"],
        }
    )


def when(course: Course) -> str:
    """2026年12月6日（日）13:30〜15:30, one line for each session."""
    return when_said(course.sessions)


def midnight(day: dt.date) -> dt.datetime:
    """The beginning of this day."""
    return dt.datetime.combine(day, dt.time(), TOKYO)
