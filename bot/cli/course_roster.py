"""`tsunagari course roster`: who signed up, who was there, whom to telephone; lists in and out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from bot import table_files
from bot.cli import output
from bot.cli.course_house import Id, Json, find, office_of
from bot.cli.house import House, open_house
from bot.cli.output import Refused
from bot.cli.supporter_house import As, actor, save, suffix_of
from bot.programme import courses as seats
from bot.programme import roster
from bot.programme.register_cells import shown_phone
from bot.programme.register_columns import layout
from bot.programme.roster import Line, Row
from storage import audit, course_places, courses, supporters
from storage.courses import MAKING, Course
from storage.supporters import Profile

STATES = {"seat": "席あり", "waiting": "キャンセル待ち", "cancelled": "取り消し"}
SOURCES = {"line": "LINE", "web": "ホームページ", "staff": "職員"}
REGISTERED = {None: "", "attended": "受講のみ", "left": "やめた"}
OUTCOMES = {
    "place": "申込みの人が出席",
    "register": "名簿の人が出席（申込みなし）",
    "new": "申込みも名簿もない人が出席",
    "there": "もう記録ずみ（同じ人が2回ある行も）",
    "unclear": "同じ名前の人がいて、分からない",
    "no_name": "名前がない",
}
HEADS = ("番号", "状態", "出席", "氏名", "ふりがな", "電話", "メール", "申込み", "名簿", "連絡")
MOST_SHOWN = 40


def roster_(
    course_id: Id,
    there: Annotated[
        list[int] | None, typer.Option("--there", metavar="番号", help="出席した人の番号。")
    ] = None,
    cancel: Annotated[
        list[int] | None, typer.Option("--cancel", metavar="番号", help="申込みを取り消す人の番号。")
    ] = None,
    told: Annotated[
        list[int] | None, typer.Option("--told", metavar="番号", help="電話で知らせた人の番号。")
    ] = None,
    add: Annotated[
        str | None, typer.Option("--add", metavar="氏名", help="電話などで申し込んだ人を加える。")
    ] = None,
    kana: Annotated[str | None, typer.Option("--kana", help="加える人のふりがな。")] = None,
    phone: Annotated[str | None, typer.Option("--phone", help="加える人の電話。")] = None,
    mail: Annotated[str | None, typer.Option("--mail", help="加える人のメール。")] = None,
    file: Annotated[
        Path | None,
        typer.Option("--import", metavar="FILE", help="出席者の名簿（.csv .xlsx .xls .ods）を読む。"),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--export", metavar="FILE", help="名簿を書き出す（.csv か .xlsx）。")
    ] = None,
    to_phone: Annotated[bool, typer.Option("--to-phone", help="電話しなければならない人だけ。")] = False,
    names: Annotated[
        bool, typer.Option("--names", help="氏名と連絡先も出す（--as が必要、記録に残ります）。")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="実行する（付けないと下見だけ）。")] = False,
    who: As = None,
    json: Json = False,
) -> None:
    """講座の名簿: 申し込んだ人、出席した人。出席の記録、書き出し、取り込みもできます。

    例: tsunagari course roster 0199a0c3… --names --as 山田
    """
    personal = names or to_phone or out is not None
    by = actor(who, "氏名や連絡先を見るに" if personal else None)
    with open_house() as house:
        found = find(house, course_id)
        if (file is not None or there) and house.now < seats.begins(found.sessions[0]):
            raise Refused(
                f"この講座は、まだ始まっていません（{output.moment(seats.begins(found.sessions[0]))}から）。",
                "出席は、講座の日に記録してください。",
            )
        if file is not None:
            _import(house, found, file, by, yes)
            return
        if add is not None:
            _add(house, found, Profile(add.strip(), kana, phone, mail), by)
        if there or cancel or told:
            _note(house, found, by, there or (), cancel or (), told or ())
        with house.db.work() as work:
            listed = roster.rows(work, found)
            if personal:  # the reading and its line in the audit list stand or fall together
                audit.note(work, by, "read_roster", "course", found.id, found.channel)
        shown = [row for row in listed if row.to_telephone or not to_phone]
        if out is not None:
            suffix = suffix_of(out, table_files.WRITTEN)
            cells = [HEADS, *(_cells(row, personal=True) for row in shown)]
            save(out, table_files.table_bytes(suffix, found.title, cells))
            output.say(f"{out} に {len(shown)} 人を書き出しました。", output.GOOD)
        elif json:
            output.as_json([_facts(row, personal) for row in shown])
        else:
            output.table(
                f"{found.title}（{output.day(found.on_date)}）",
                HEADS,
                (_cells(row, personal) for row in shown),
            )
            _sum(found, listed)


def _cells(row: Row, personal: bool) -> tuple[str, ...]:
    profile = row.profile
    state = STATES[row.place.state] if row.place else "当日参加"
    if row.waits_as is not None:
        state += f" {row.waits_as}番目"
    registered = row.supporter.state if row.supporter else None
    private = (
        profile.name,
        profile.kana,
        shown_phone(profile.phone) if profile.phone else None,
        profile.mail,
    )
    return (
        str(row.number),
        state,
        "○" if row.there else "",
        *(((text or "") if personal else ("あり" if text else "")) for text in private),
        SOURCES[row.place.source] if row.place else "",
        REGISTERED.get(registered, "登録ずみ"),
        "要電話" if row.to_telephone else "",
    )


def _facts(row: Row, personal: bool) -> dict[str, Any]:
    profile = row.profile
    words = {"name": profile.name, "kana": profile.kana, "phone": profile.phone, "mail": profile.mail}
    return {
        "number": row.number,
        "state": row.place.state if row.place else "there",
        "there": row.there,
        "source": row.place.source if row.place else None,
        "registered": row.supporter.state if row.supporter else None,
        "to_telephone": row.to_telephone,
        **(words if personal else {}),
    }


def _sum(course: Course, listed: Sequence[Row]) -> None:
    seated = sum(row.place is not None and row.place.state == "seat" for row in listed)
    waiting = sum(row.waits_as is not None for row in listed)
    there = sum(row.there for row in listed)
    phone = sum(row.to_telephone for row in listed)
    output.say(
        f"席あり {seated} 人（定員 {course.capacity} 人）、キャンセル待ち {waiting} 人、出席 {there} 人"
    )
    if phone:
        output.warn(f"電話で知らせる人が {phone} 人います: --to-phone --as 名前")


# ---- changes -----------------------------------------------------------------------------------------------


def _note(
    house: House, course: Course, by: str, there: Sequence[int], cancel: Sequence[int], told: Sequence[int]
) -> None:
    """All of it or nothing: a number that nobody has refuses everything."""
    with house.db.work() as work:
        by_number = {row.number: row for row in roster.rows(work, course)}
        if strange := [number for number in (*there, *cancel, *told) if number not in by_number]:
            raise Refused(
                f"{strange[0]} 番の人はいません（1〜{len(by_number)}）。",
                "tsunagari course roster で番号を確かめてください。",
            )
        for number in there:
            roster.note_there(work, house.content, course, by_number[number], by)
        for number in cancel:
            place = by_number[number].place
            if place is None or seats.cancel(work, office_of(house), place.id, actor=by) != "cancelled":
                raise Refused(f"{number} 番の人は、取り消せる申込みがありません。")
        for number in told:
            place = by_number[number].place
            if place is not None:
                course_places.note_told(work, place.id)
                audit.note(work, by, "told", "course_place", place.id, course.channel)
        if there:
            audit.note(work, by, "noted_who_was_there", "course", course.id, course.channel)
    if there:
        output.say(f"出席を記録しました（{len(there)} 人）。", output.GOOD)
    if cancel:
        output.say(
            f"申込みを取り消しました（{len(cancel)} 人）。待っている人がいれば、席を回しました。", output.GOOD
        )
    if told:
        output.say(f"知らせたことを記録しました（{len(told)} 人）。", output.GOOD)


def _add(house: House, course: Course, profile: Profile, by: str) -> None:
    if not profile.name or len(profile.name) > 80:
        raise Refused("氏名は 1〜80 文字で書いてください。")
    with house.db.work() as work:
        done = seats.sign_up(work, office_of(house), course.id, source="staff", profile=profile, actor=by)
    match done.result:
        case "seat":
            output.say("席をとりました。", output.GOOD)
        case "waiting":
            output.say("満席なので、キャンセル待ちに入れました。", output.WARN)
        case "already_seat" | "already_waiting":
            output.say("同じ名前と連絡先の人が、もう入っています。", output.WARN)
        case _:
            raise Refused(
                "この講座には、もう入れられません（満席・終了・中止）。",
                "tsunagari course show で確かめられます。",
            )


def _import(house: House, course: Course, file: Path, by: str, yes: bool) -> None:
    try:
        sheets = table_files.read(file)
    except table_files.Unreadable as trouble:
        raise Refused(
            house.content.texts.get(f"register.unreadable.{trouble.why}", **trouble.params),
            "出席者の一覧を、.xlsx か .csv で保存しなおしてください。",
        ) from None
    laid_out = next((found for sheet in sheets if (found := layout(sheet)) is not None), None)
    if laid_out is None:
        raise Refused("氏名の列が見つかりません。", "見出しの行に「氏名」と書いてください。")
    with house.db.look() as work:
        lines = roster.plan(work, course, laid_out)
    _report(lines)
    if not any(line.outcome in ("place", "register", "new") for line in lines):
        output.say("新しく記録する人はいません。")
        return
    if not yes:
        more = "（申込みも名簿もない人は、「受講のみ」として名簿に入ります）" if course.kind in MAKING else ""
        output.not_yet([f"上の人の出席を記録します{more}。"], "同じ命令に --yes を付けてください。")
        return
    with house.db.work() as work:
        supporters.alone(work)
        lines = roster.plan(work, course, laid_out)
        roster.carry_out(work, house.content, course, lines, by)
    output.say(f"出席を記録しました（いま {_there(house, course)} 人）。", output.GOOD)


def _there(house: House, course: Course) -> int:
    with house.db.look() as work:
        return courses.attendance(work, course.id)


def _report(lines: Sequence[Line]) -> None:
    counts = {name: sum(line.outcome == name for line in lines) for name in OUTCOMES}
    output.fields({words: f"{counts[name]} 人" for name, words in OUTCOMES.items() if counts[name]})
    unclear = [line for line in lines if line.outcome in ("unclear", "no_name")]
    if unclear:
        output.table(
            "記録できない行",
            ("行", "理由"),
            ((line.line, OUTCOMES[line.outcome]) for line in unclear[:MOST_SHOWN]),
        )
        output.say("ふりがな・電話・メールのどれかを書きたすと、だれか分かります。", output.QUIET)


def add_to(app: typer.Typer) -> None:
    """`course roster`."""
    app.command("roster")(roster_)
