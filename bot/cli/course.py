"""`tsunagari course …`: courses and meetings, who signs up, and what hangs on the wall."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from bot.cli import output
from bot.cli.course_house import (
    STANDINGS,
    BasicId,
    Id,
    Json,
    checked,
    facts,
    find,
    kind_of,
    midnight,
    session_of,
    short,
    show,
    towns_of,
)
from bot.cli.house import House, open_house
from bot.cli.moments import read_begin, read_coming_day, read_end, read_hour
from bot.cli.output import Refused
from bot.cli.rooms import in_rooms
from bot.programme import courses as seats
from storage import audit, course_places, courses
from storage.course_places import Taken
from storage.courses import Session

app = typer.Typer(
    cls=in_rooms(
        course_edit=("edit", "close"),
        course_roster=("roster",),
        course_paper=("poster",),
        course_results=("results",),
        course_cards=("cards", "code"),
        supporter_papers=("certificates",),
    ),
    no_args_is_help=True,
    help="講座・集まり（申込み、登録コード、名簿、アンケート）",
)

VALID_FOR = dt.timedelta(days=7)  # after the course day: some register at home, with their family's help

FOR_EVERYBODY = {  # an outreach course is for its group
    **{"training": True, "refresher": True, "outreach": False},
    **{"meeting": True, "symposium": True, "event": True},
}


@app.command()
def create(
    title: Annotated[str, typer.Option("--title", help="講座の名前。")],
    town: Annotated[list[str], typer.Option("--town", help="市町（いくつでも）。例: 鳥取市")],
    on: Annotated[str, typer.Option("--on", help="開く日。例: 2026-12-06、12/6")],
    place: Annotated[str, typer.Option("--place", help="会場。")],
    capacity: Annotated[int, typer.Option("--capacity", min=1, max=100_000, help="定員。")],
    kind: Annotated[
        str,
        typer.Option(
            "--kind", help="種類: 養成講座、更新研修、出前講座、つながりミーティング、シンポジウム、行事"
        ),
    ] = "training",
    starts: Annotated[str | None, typer.Option("--starts", help="始まる時刻。例: 13:30")] = None,
    ends: Annotated[str | None, typer.Option("--ends", help="終わる時刻。")] = None,
    session: Annotated[
        list[str] | None, typer.Option("--session", help="2回目からの日時。例: '2026-12-13 13:30-15:30'")
    ] = None,
    lecturer: Annotated[str | None, typer.Option("--lecturer", help="講師。")] = None,
    group: Annotated[str | None, typer.Option("--group", help="出前先の団体（会社・学校など）。")] = None,
    sign_up_from: Annotated[
        str | None, typer.Option("--sign-up-from", help="申込みの始まり（ふつうは今から）。")
    ] = None,
    sign_up_until: Annotated[
        str | None, typer.Option("--sign-up-until", help="申込みの締切（ふつうは始まる時刻まで）。")
    ] = None,
    sign_up: Annotated[
        bool | None,
        typer.Option(
            "--sign-up/--no-sign-up", help="申込みを受けるか（ふつうは受ける。出前講座は受けない）。"
        ),
    ] = None,
    waiting_list: Annotated[
        bool, typer.Option("--waiting-list/--no-waiting-list", help="キャンセル待ちを受けるか。")
    ] = True,
    questionnaire: Annotated[
        bool, typer.Option("--questionnaire/--no-questionnaire", help="終わったあとアンケートをするか。")
    ] = True,
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
    """講座を作り、登録コードと申込みのページを出します。

    例: tsunagari course create --title "つながりサポーター養成講座" --town 鳥取市 --on 2026-12-06 --place 駅南庁舎 --capacity 40
    """
    with open_house() as house:
        day = read_coming_day(on, house.now.date())
        first = checked(
            Session(day, read_hour(starts) if starts else None, read_hour(ends) if ends else None)
        )
        sessions = sorted([first, *(session_of(text) for text in session or ())])
        begin = read_begin(valid_from) if valid_from else midnight(sessions[0].on)
        end = (
            read_end(valid_until)
            if valid_until
            else midnight(sessions[-1].on) + dt.timedelta(days=1) + VALID_FOR
        )
        which = kind_of(house, kind)
        if end <= begin:
            raise Refused(
                f"コードの終わり（{output.moment(end)}）が始まり（{output.moment(begin)}）より前です。"
            )
        if end <= house.now:
            raise Refused(
                f"コードは {output.moment(end)} までで、もう使えません。", "--on の日付を確かめてください。"
            )
        towns = towns_of(house, town)
        if not towns:
            raise Refused("市町が書かれていません。", "例: --town 鳥取市")
        usual = FOR_EVERYBODY[which] or sign_up_until is not None
        open_to_all = usual if sign_up is None else sign_up
        period = _period(house, sessions, open_to_all, sign_up_from, sign_up_until)
        with house.db.work() as work:
            made = courses.create(
                work,
                house.channel_of(towns, channel),
                title=short("講座の名前", title, 100),
                town=towns[0],
                also_in=towns[1:],
                on=sessions[0].on,
                starts=sessions[0].starts,
                ends=sessions[0].ends,
                more_sessions=sessions[1:],
                place=short("会場", place, 200),
                capacity=capacity,
                valid_from=begin,
                valid_until=end,
                kind=which,
                lecturer=short("講師", lecturer, 100) if lecturer else None,
                group_name=short("団体", group, 100) if group else None,
                waiting_list=waiting_list,
                questionnaire=questionnaire,
                **period,
            )
            audit.note(work, "cli", "created", "course", made.id, made.channel)
        told = facts(house, made, basic_id, 0, Taken())
        if json:
            output.as_json(told)
            return
        output.say(f"講座を作りました。開く日は {output.day(day)} です。", output.GOOD)
        show(house, made, told)
        output.say(f"登録のポスター: tsunagari course poster {made.id} --out poster.pdf", output.QUIET)
        if made.sign_up_until is not None:
            output.say(
                f"申込みのポスター: tsunagari course poster {made.id} --for sign-up --out sign-up.pdf",
                output.QUIET,
            )


def _period(
    house: House, sessions: Sequence[Session], open_to_all: bool, begins: str | None, ends: str | None
) -> dict[str, Any]:
    """From now (or from when it was said) until the course begins."""
    if not open_to_all:
        return {"sign_up_from": None, "sign_up_until": None}
    first = read_begin(begins) if begins else house.now
    last = read_end(ends) if ends else seats.begins(sessions[0])
    if last <= first and (begins or ends):
        raise Refused(
            f"申込みの締切（{output.moment(last)}）が始まり（{output.moment(first)}）より前です。",
            "--sign-up-from と --sign-up-until を確かめてください。",
        )
    return {"sign_up_from": min(first, last - dt.timedelta(seconds=1)), "sign_up_until": last}


@app.command("list")
def list_(
    coming: Annotated[bool, typer.Option("--coming", help="これからの講座だけ。")] = False,
    json: Json = False,
) -> None:
    """講座の一覧（新しい順）。

    例: tsunagari course list --coming --json
    """
    with open_house() as house:
        with house.db.look() as work:
            listed = courses.listed(work)
            there, taken = courses.attendances(work), course_places.all_taken(work)
        found = [
            (each, there.get(each.id, 0), taken.get(each.id, Taken()))
            for each in listed
            if not coming or each.last_on >= house.now.date()
        ]
        if json:
            output.as_json([facts(house, each, None, count, places) for each, count, places in found])
            return
        output.table(
            "講座",
            ("ID", "日", "市町", "名前", "コード", "申込み", "待ち", "出席", "定員", "状態"),
            (
                (
                    each.id,
                    output.day(each.on_date),
                    seats.towns_said(house.content, each),
                    each.title,
                    each.readable_code,
                    places.seats,
                    places.waiting or "",
                    count,
                    each.capacity,
                    STANDINGS[seats.standing(each, places, house.now)],
                )
                for each, count, places in found
            ),
        )


@app.command("show")
def show_(course_id: Id, basic_id: BasicId = None, json: Json = False) -> None:
    """1つの講座と登録コードを見ます。

    例: tsunagari course show 0199a0c3…
    """
    with open_house() as house:
        found = find(house, course_id)
        with house.db.look() as work:
            told = facts(
                house,
                found,
                basic_id,
                courses.attendance(work, found.id),
                course_places.taken(work, found.id),
            )
        if json:
            output.as_json(told)
            return
        show(house, found, told)
