"""`tsunagari course …`: the courses where people become supporters, and their posters."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from bot import poster
from bot.cli import output
from bot.cli.house import House, open_house
from bot.cli.moments import read_day, read_hour, read_moment
from bot.cli.output import TOKYO, Refused, one_of
from bot.cli.segment import town_names
from storage import courses
from storage.courses import Course

app = typer.Typer(no_args_is_help=True, help="サポーター養成講座（登録コードとポスター）")

VALID_FOR = dt.timedelta(days=7)  # after the course day: some register at home, with their family's help

Json = Annotated[bool, typer.Option("--json", help="JSONで出す。")]
Id = Annotated[str, typer.Argument(metavar="ID", help="講座のID（list で分かります）。")]
BasicId = Annotated[str | None, typer.Option("--basic-id", help="LINE公式アカウントのID（@…）。")]


@app.command()
def create(
    title: Annotated[str, typer.Option("--title", help="講座の名前。")],
    town: Annotated[str, typer.Option("--town", help="市町。例: 鳥取市")],
    on: Annotated[str, typer.Option("--on", help="開く日。例: 2026-12-06")],
    place: Annotated[str, typer.Option("--place", help="会場。")],
    capacity: Annotated[int, typer.Option("--capacity", min=1, help="定員。")],
    starts: Annotated[str | None, typer.Option("--starts", help="始まる時刻。例: 13:30")] = None,
    ends: Annotated[str | None, typer.Option("--ends", help="終わる時刻。")] = None,
    valid_from: Annotated[
        str | None, typer.Option("--valid-from", help="コードが使え始める日時（ふつうは当日 0:00）。")
    ] = None,
    valid_until: Annotated[
        str | None, typer.Option("--valid-until", help="コードが使える終わり（ふつうは7日後）。")
    ] = None,
    channel: Annotated[str | None, typer.Option("--channel", help="LINE公式アカウント。")] = None,
    basic_id: BasicId = None,
    json: Json = False,
) -> None:
    """講座を作り、登録コードを出します。

    例: tsunagari course create --title "つながりサポーター養成講座" --town 鳥取市 --on 2026-12-06 --place 駅南庁舎 --capacity 40
    """
    day = read_day(on)
    midnight = dt.datetime.combine(day, dt.time(), TOKYO)
    begin = read_moment(valid_from) if valid_from else midnight
    end = read_moment(valid_until) if valid_until else midnight + dt.timedelta(days=1) + VALID_FOR
    hours = (read_hour(starts) if starts else None, read_hour(ends) if ends else None)
    with open_house() as house:
        if end <= begin:
            raise Refused(
                f"コードの終わり（{output.moment(end)}）が始まり（{output.moment(begin)}）より前です。"
            )
        if end <= house.now:
            raise Refused(
                f"コードは {output.moment(end)} までで、もう使えません。", "--on の日付を確かめてください。"
            )
        key = one_of("市町", town, town_names(house.content))
        with house.db.work() as work:
            made = courses.create(
                work,
                house.channel_of((key,), channel),
                title=_short("講座の名前", title, 100),
                town=key,
                on=day,
                place=_short("会場", place, 200),
                capacity=capacity,
                valid_from=begin,
                valid_until=end,
                starts=hours[0],
                ends=hours[1],
            )
        facts = _facts(house, made, basic_id, 0)
        if json:
            output.as_json(facts)
            return
        output.say("講座を作りました。", output.GOOD)
        _print(house, made, facts)
        output.say(f"ポスター: tsunagari course poster {made.id} --out poster.pdf", output.QUIET)


@app.command("list")
def list_(json: Json = False) -> None:
    """講座の一覧（新しい順）。

    例: tsunagari course list --json
    """
    with open_house() as house:
        with house.db.look() as work:
            found = [(each, courses.attendance(work, each.id)) for each in courses.listed(work)]
        if json:
            output.as_json([_facts(house, each, None, count) for each, count in found])
            return
        names = town_names(house.content)
        output.table(
            "講座",
            ("ID", "日", "市町", "名前", "コード", "登録", "定員"),
            (
                (
                    each.id,
                    output.day(each.on_date),
                    names.get(each.town, each.town),
                    each.title,
                    each.readable_code,
                    count,
                    each.capacity,
                )
                for each, count in found
            ),
        )


@app.command()
def show(course_id: Id, basic_id: BasicId = None, json: Json = False) -> None:
    """1つの講座と登録コードを見ます。

    例: tsunagari course show 0199a0c3…
    """
    with open_house() as house:
        found = _find(house, course_id)
        with house.db.look() as work:
            facts = _facts(house, found, basic_id, courses.attendance(work, course_id))
        if json:
            output.as_json(facts)
            return
        _print(house, found, facts)


@app.command("poster")
def poster_(
    course_id: Id,
    out: Annotated[Path, typer.Option("--out", help="書き出す先（.pdf または .png）。")],
    basic_id: BasicId = None,
) -> None:
    """会場に貼るA4のポスターを作ります。

    例: tsunagari course poster 0199a0c3… --out poster.pdf
    """
    if out.suffix.lower() not in (".pdf", ".png"):
        raise typer.BadParameter(f"「{out.name}」: .pdf か .png で終わる名前にしてください。")
    if not out.absolute().parent.is_dir():
        raise Refused(f"フォルダー {out.absolute().parent} がありません。")
    with open_house() as house:
        found = _find(house, course_id)
        last = (found.valid_until - dt.timedelta(seconds=1)).astimezone(TOKYO)
        poster.save(
            poster.Poster(
                title=found.title,
                town=town_names(house.content).get(found.town, found.town),
                when=_when(found),
                place=found.place,
                code=found.readable_code,
                registration_url=_url(house, found, basic_id),
                until=f"{last.month}月{last.day}日",
            ),
            out,
        )
    output.say(f"{out} に書き出しました。", output.GOOD)


def _find(house: House, course_id: str) -> Course:
    with house.db.look() as work:
        found = courses.get(work, course_id)
    if found is None:
        raise Refused(f"「{course_id}」という講座はありません。", "tsunagari course list で確かめられます。")
    return found


def _url(house: House, course: Course, basic_id: str | None) -> str:
    channel = house.content.channels.get(course.channel)
    account = basic_id or (channel.basic_id if channel else None)
    if not account:
        raise Refused(
            "LINE公式アカウントのID（@…）が分かりません。",
            "--basic-id か content/channels.yaml に書いてください。",
        )
    return poster.registration_url(account, course.readable_code)


def _facts(house: House, course: Course, basic_id: str | None, registered: int) -> dict[str, Any]:
    facts = asdict(course)
    facts["code"] = course.readable_code
    facts["registered"] = registered
    facts["registration_url"] = _url(house, course, basic_id)
    return facts


def _print(house: House, course: Course, facts: dict[str, Any]) -> None:
    output.fields(
        {
            "ID": course.id,
            "名前": course.title,
            "市町": town_names(house.content).get(course.town, course.town),
            "日時": _when(course),
            "会場": course.place,
            "登録": f"{facts['registered']} 人（定員 {course.capacity} 人）",
            "コード": course.readable_code,
            "使える期間": f"{output.moment(course.valid_from)} 〜 {output.moment(course.valid_until)}",
            "登録のリンク": facts["registration_url"],
        }
    )


def _when(course: Course) -> str:
    """2026年12月6日(日) 13:30〜15:30"""
    on = course.on_date
    words = f"{on.year}年{on.month}月{on.day}日({'月火水木金土日'[on.weekday()]})"
    if course.starts:
        words += f" {course.starts}〜{course.ends or ''}"
    return words


def _short(what: str, text: str, longest: int) -> str:
    text = text.strip()
    if not text or len(text) > longest:
        raise Refused(f"{what}は 1〜{longest} 文字で書いてください（いま {len(text)} 文字）。")
    return text
