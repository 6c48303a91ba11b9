"""`tsunagari course edit|close`: a plan that changes, and a course that is over or called off."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any

import typer

from bot.cli import output
from bot.cli.course_house import (
    BasicId,
    Id,
    Json,
    checked,
    facts,
    find,
    kind_of,
    office_of,
    session_of,
    short,
    show,
    towns_of,
)
from bot.cli.house import House, open_house
from bot.cli.moments import read_begin, read_coming_day, read_end, read_hour
from bot.cli.output import Refused
from bot.cli.supporter_house import As, actor
from bot.programme import courses as seats
from storage import course_places, courses
from storage.courses import Course, Session


def edit(
    course_id: Id,
    title: Annotated[str | None, typer.Option("--title", help="講座の名前。")] = None,
    town: Annotated[
        list[str] | None, typer.Option("--town", help="市町（書いたものに置きかわります）。")
    ] = None,
    kind: Annotated[str | None, typer.Option("--kind", help="種類。")] = None,
    on: Annotated[str | None, typer.Option("--on", help="（1回目の）日。")] = None,
    starts: Annotated[str | None, typer.Option("--starts", help="（1回目の）始まる時刻。")] = None,
    ends: Annotated[str | None, typer.Option("--ends", help="（1回目の）終わる時刻。")] = None,
    session: Annotated[
        list[str] | None,
        typer.Option("--session", help="2回目からの日時（書いたものに置きかわります。なしにするには '-'）。"),
    ] = None,
    place: Annotated[str | None, typer.Option("--place", help="会場。")] = None,
    lecturer: Annotated[str | None, typer.Option("--lecturer", help="講師（消すには ''）。")] = None,
    group: Annotated[str | None, typer.Option("--group", help="団体（消すには ''）。")] = None,
    capacity: Annotated[int | None, typer.Option("--capacity", min=1, max=100_000, help="定員。")] = None,
    sign_up_from: Annotated[str | None, typer.Option("--sign-up-from", help="申込みの始まり。")] = None,
    sign_up_until: Annotated[str | None, typer.Option("--sign-up-until", help="申込みの締切。")] = None,
    sign_up: Annotated[bool | None, typer.Option("--sign-up/--no-sign-up", help="申込みを受けるか。")] = None,
    waiting_list: Annotated[
        bool | None, typer.Option("--waiting-list/--no-waiting-list", help="キャンセル待ちを受けるか。")
    ] = None,
    questionnaire: Annotated[
        bool | None, typer.Option("--questionnaire/--no-questionnaire", help="アンケートをするか。")
    ] = None,
    valid_from: Annotated[str | None, typer.Option("--valid-from", help="コードが使え始める日時。")] = None,
    valid_until: Annotated[str | None, typer.Option("--valid-until", help="コードが使える終わり。")] = None,
    tell: Annotated[
        bool, typer.Option("--tell/--no-tell", help="日時か会場が変わるとき、申し込んだ人に知らせるか。")
    ] = True,
    yes: Annotated[bool, typer.Option("--yes", help="人に知らせる変更を実行する。")] = False,
    who: As = None,
    basic_id: BasicId = None,
    json: Json = False,
) -> None:
    """講座を直します。登録コードと申込み番号は変わりません（印刷したものは、そのまま使えます）。

    例: tsunagari course edit 0199a0c3… --place 市民会館 --yes
    """
    by = actor(who)
    with open_house() as house:
        before = find(house, course_id)
        sessions = _sessions(before, house.now.date(), on, starts, ends, session)
        plain: dict[str, Any] = {
            "title": short("講座の名前", title, 100) if title is not None else None,
            "kind": kind_of(house, kind) if kind is not None else None,
            "place": short("会場", place, 200) if place is not None else None,
            "capacity": capacity,
            "waiting_list": waiting_list,
            "questionnaire": questionnaire,
            "towns": _towns(house, before, town),
            "sessions": sessions if sessions != before.sessions else None,
        }
        values = {name: value for name, value in plain.items() if value is not None}
        for name, text in (("lecturer", lecturer), ("group_name", group)):
            if text is not None:
                values[name] = short("講師・団体", text, 100) if text.strip() else None
        values |= _moments(before, sessions, sign_up, sign_up_from, sign_up_until, valid_from, valid_until)
        if not values:
            raise Refused("変えるところが書かれていません。", "例: --capacity 60（--help で一覧が出ます）")
        moved = "sessions" in values or values.get("place", before.place) != before.place
        with house.db.look() as work:
            count = len(course_places.of_course(work, before.id))
        if moved and tell and count and not yes:
            output.not_yet(
                [f"「{before.title}」の日時か会場を変え、申し込んだ {count} 人に知らせます。"],
                "同じ命令に --yes を付けてください（知らせないなら --no-tell）。",
            )
            return
        with house.db.work() as work:
            after, told = seats.edit(work, office_of(house), before.id, by, tell=tell, **values)
            facts_now = facts(
                house,
                after,
                basic_id,
                courses.attendance(work, after.id),
                course_places.taken(work, after.id),
            )
        if json:
            output.as_json(facts_now | {"told": told})
            return
        output.say("講座を直しました。コードは変わりません。", output.GOOD)
        show(house, after, facts_now)
        if moved and tell and count > told:
            output.warn(f"{count - told} 人にはお電話ください: tsunagari course roster {after.id} --to-phone")


def _towns(house: House, before: Course, words: list[str] | None) -> tuple[str, ...] | None:
    if not words:
        return None
    towns = towns_of(house, words)
    if not towns:
        raise Refused("市町が書かれていません。", "例: --town 鳥取市")
    served = (
        house.content.channels[before.channel].towns if before.channel in house.content.channels else towns
    )
    if not set(towns) <= set(served):
        raise Refused(
            "この講座のLINE公式アカウントが受けもたない市町です。", "その市町の講座は、別に作ってください。"
        )
    return towns


def _sessions(
    before: Course,
    today: dt.date,
    on: str | None,
    starts: str | None,
    ends: str | None,
    more: list[str] | None,
) -> tuple[Session, ...]:
    first = before.sessions[0]
    first = checked(
        Session(
            read_coming_day(on, today) if on else first.on,
            read_hour(starts) if starts else first.starts,
            read_hour(ends) if ends else first.ends,
        )
    )
    others = before.sessions[1:]
    if more is not None:
        others = () if more == ["-"] else tuple(session_of(text) for text in more)
    return tuple(sorted((first, *others), key=lambda each: (each.on, each.starts or "")))


def _moments(
    before: Course,
    sessions: tuple[Session, ...],
    sign_up: bool | None,
    sign_up_from: str | None,
    sign_up_until: str | None,
    valid_from: str | None,
    valid_until: str | None,
) -> dict[str, Any]:
    """What was said; what was not said moves with the days of the course."""
    first, last = sessions[0].on - before.on_date, sessions[-1].on - before.last_on
    values: dict[str, Any] = {
        "valid_from": read_begin(valid_from) if valid_from else before.valid_from + first,
        "valid_until": read_end(valid_until) if valid_until else before.valid_until + last,
    }
    if values["valid_until"] <= values["valid_from"]:
        raise Refused(
            "コードの終わりが始まりより前です。", "--valid-from と --valid-until を確かめてください。"
        )
    if sign_up is False:
        values["sign_up_until"] = None
    elif sign_up_until:
        values["sign_up_until"] = read_end(sign_up_until)
    elif sign_up and before.sign_up_until is None:
        values["sign_up_until"] = seats.begins(sessions[0])
    elif before.sign_up_until is not None:
        moved = seats.begins(sessions[0]) - seats.begins(before.sessions[0])
        values["sign_up_until"] = before.sign_up_until + moved
    if sign_up_from:
        values["sign_up_from"] = read_begin(sign_up_from)
    begins = values.get("sign_up_from", before.sign_up_from)
    ends = values.get("sign_up_until")
    if begins and ends and ends <= begins:
        if sign_up_from:
            raise Refused(
                "申込みの締切が始まりより前です。", "--sign-up-from と --sign-up-until を確かめてください。"
            )
        values["sign_up_from"] = ends - dt.timedelta(seconds=1)
    return {name: value for name, value in values.items() if value != getattr(before, name)}


def close(
    course_id: Id,
    called_off: Annotated[
        bool, typer.Option("--called-off", help="中止にして、申し込んだ人に知らせる。")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="実行する（付けないと下見だけ）。")] = False,
    who: As = None,
) -> None:
    """講座を締め切ります（コードも申込みも、もう使えません）。中止のときは --called-off。

    例: tsunagari course close 0199a0c3… --yes
    """
    by = actor(who)
    with open_house() as house:
        found = find(house, course_id)
        with house.db.look() as work:
            count = len(course_places.of_course(work, found.id))
        if found.called_off_at is not None or (found.closed and not called_off):
            raise Refused("この講座は、もう締め切ってあります。")
        if not yes:
            deed = f"中止にし、申し込んだ {count} 人に知らせます" if called_off else "締め切ります"
            output.not_yet(
                [f"「{found.title}」（{output.day(found.on_date)}）を{deed}。コードは使えなくなります。"],
                "同じ命令に --yes を付けてください。",
            )
            return
        with house.db.work() as work:
            told = seats.call_off(work, office_of(house), found.id, by) if called_off else 0
            if not called_off:
                seats.close(work, found, by)
        output.say("中止にしました。" if called_off else "締め切りました。", output.GOOD)
        if called_off:
            output.say(f"{told} 人に知らせます（LINE・メール）。")
            if count > told:
                output.warn(
                    f"{count - told} 人にはお電話ください: tsunagari course roster {found.id} --to-phone"
                )


def add_to(app: typer.Typer) -> None:
    """`course edit` and `course close`."""
    app.command("edit")(edit)
    app.command("close")(close)
