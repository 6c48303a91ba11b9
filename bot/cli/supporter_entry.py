"""`tsunagari supporter add|edit`: one entry, as it stands on a sheet of paper or was said on the telephone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any

import typer

from bot.cli import output
from bot.cli.house import House, open_house
from bot.cli.output import Refused
from bot.cli.supporter_house import As, Channel, Id, Json, actor, facts, find, state_of, states
from bot.content.library import Content
from bot.programme import life, register_import
from bot.programme.register_columns import Layout
from bot.programme.register_import import Decisions
from bot.programme.register_lines import Line, lines
from bot.table_files import Row
from storage import audit, certificates, courses, supporters
from storage.courses import Course
from storage.supporters import State, Supporter
from storage.transitions import NotPermitted
from storage.work import Work

MILD = frozenset({"no_kana", "phone_repaired", "same_phone", "days_several", "kana_for_name"})
"""Remarks with which an entry may come in as it is; with any other one it is asked for again."""
SEALED = ("name", "kana", "phone", "mail")

Name = Annotated[str | None, typer.Option("--name", help="氏名。")]
Kana = Annotated[str | None, typer.Option("--kana", help="ふりがな。")]
Phone = Annotated[str | None, typer.Option("--phone", help="電話。")]
Mail = Annotated[str | None, typer.Option("--mail", help="メール。")]
TownName = Annotated[str | None, typer.Option("--town", help="市町。")]
DistrictName = Annotated[str | None, typer.Option("--district", help="地区。例: 東中学校区")]
Age = Annotated[str | None, typer.Option("--age", help="年代。例: 70代")]
Group = Annotated[str | None, typer.Option("--group", help="会社・学校・団体。")]
Number = Annotated[str | None, typer.Option("--number", help="修了番号。")]
AttendedOn = Annotated[str | None, typer.Option("--attended-on", help="受講日。例: R5.12.1、2023-12-01")]
RefreshedOn = Annotated[str | None, typer.Option("--refreshed-on", help="更新研修日。")]


def add(
    name: Annotated[str, typer.Option("--name", help="氏名。")],
    town: TownName = None,
    kana: Kana = None,
    phone: Phone = None,
    mail: Mail = None,
    district: DistrictName = None,
    age: Age = None,
    group: Group = None,
    number: Number = None,
    attended_on: AttendedOn = None,
    course: Annotated[
        str | None, typer.Option("--course", help="受講した講座のID。日と団体も入ります。")
    ] = None,
    only_attended: Annotated[
        bool, typer.Option("--only-attended", help="受講だけで、登録はしない人として入れる。")
    ] = False,
    consented: Annotated[
        bool, typer.Option("--consented", help="紙の同意書とお約束に署名がある（いまの版として記録します）。")
    ] = False,
    another: Annotated[
        bool, typer.Option("--another", help="似た人が名簿にいても、別の人として入れる。")
    ] = False,
    who: As = None,
    channel: Channel = None,
    json: Json = False,
) -> None:
    """LINEのない人を、紙や電話から名簿に入れます。

    例: tsunagari supporter add --name "山田 花子" --kana やまだはなこ --phone 0857-22-8111 --town 鳥取市 --as 山田
    """
    by = actor(who)
    given = {
        **{"name": name, "kana": kana, "phone": phone, "mail": mail, "town": town, "district": district},
        **{"age": age, "group": group, "number": number, "attended_on": attended_on},
    }
    with open_house() as house, house.db.work() as work:
        been = _course(work, course)
        if been is not None:
            if not attended_on and been.last_on > house.now.date():
                raise Refused(
                    f"「{been.title}」は {output.day(been.last_on)} に終わるので、まだ受講したことにできません。",
                    "終わってから入れるか、受けた日を --attended-on で書いてください。",
                )
            given["attended_on"] = attended_on or been.last_on.isoformat()
            given["group"] = group or been.group_name
        line = _read(
            house, {key: value for key, value in given.items() if value}, been.town if been else None
        )
        line = replace(line, state="attended" if only_attended else "registered")
        at = been.channel if been else house.channel_of((line.town,) if line.town else (), channel)
        supporters.alone(work)
        found = _only_new(house, register_import.plan(work, at, [line], _decided(line, another)))
        (made,), _ = register_import.bring_in(work, house.content, found, by, "staff")
        if consented:
            made = supporters.write(work, made, **_signed(house.content, work))
        if been is not None:
            courses.attend(work, been.id, supporter_id=made.id, how="staff")
        if json:
            output.as_json(facts(made))
            return
        output.say(f"名簿に入れました（{states(house.content)[made.state]}）。ID: {made.id}", output.GOOD)


def _decided(line: Line, another: bool) -> Decisions:
    return Decisions(new=frozenset({line.place}), first_time=True) if another else Decisions()


def _course(work: Work, course_id: str | None) -> Course | None:
    if course_id is None:
        return None
    found = courses.get(work, course_id)
    if found is None:
        raise Refused(f"「{course_id}」という講座はありません。", "tsunagari course list で確かめられます。")
    return found


def _read(house: House, given: Mapping[str, str], town: str | None = None) -> Line:
    """What was typed, read as a row of a list would be; refused where a list would leave something out."""
    columns = {field: at for at, field in enumerate(given)}
    row = Row(1, tuple(given.values()))
    layout = Layout("", columns, {}, (row,), 0)
    today, labels = house.now.date(), states(house.content)
    line = next(lines([layout], house.content, labels, today=today, town=town), None)
    if line is None:
        raise Refused("氏名として読めません。", "--name に、1人の氏名を書いてください。")
    for remark in line.remarks:
        if remark.key not in MILD:
            raise Refused(_words(house.content, line, remark))
        if remark.key in ("phone_repaired", "same_phone"):
            output.warn(_words(house.content, line, remark))
    return line


def _words(content: Content, line: Line, remark: Any) -> str:
    params = {"said": remark.said, "taken": remark.taken, "line": line.place}
    label = content.texts.get(f"register.fields.{remark.field}")
    return f"{label}: {content.texts.get(f'register.remarks.{remark.key}', **params)}"


def _only_new(house: House, plan: register_import.Plan) -> register_import.Plan:
    row = plan.rows[0]
    if row.outcome != "new":
        where = f"（{'、'.join(row.alike)}）" if row.alike else ""
        raise Refused(
            f"同じ人らしい人が、もう名簿にいます{where}。",
            "その人なら supporter edit で書き足し、別の人なら --another を付けてください。",
        )
    for remark in row.remarks:
        if remark.key in ("same_phone", "number_taken"):
            output.warn(_words(house.content, row.line, remark))
    return plan


def _signed(content: Content, work: Work) -> dict[str, Any]:
    version = content.texts.get("registration.consent_version")
    return {
        "consent_version": version,
        "consent_at": work.now,
        "pledge_version": version,
        "pledge_at": work.now,
    }


# ---- edit --------------------------------------------------------------------------------------------------


def edit(
    supporter_id: Id,
    who: As = None,
    name: Name = None,
    kana: Kana = None,
    phone: Phone = None,
    mail: Mail = None,
    town: TownName = None,
    district: DistrictName = None,
    age: Age = None,
    group: Group = None,
    number: Number = None,
    attended_on: AttendedOn = None,
    refreshed_on: RefreshedOn = None,
    state: Annotated[str | None, typer.Option("--state", help="登録・休止・退会。")] = None,
    json: Json = False,
) -> None:
    """名簿の1人を書きかえます。空にするときは --phone "" のように書きます。

    例: tsunagari supporter edit 0199a0c3… --phone 090-1234-5678 --as 山田
    """
    by = actor(who)
    given = {
        **{"name": name, "kana": kana, "phone": phone, "mail": mail, "town": town, "district": district},
        **{"age": age, "group": group, "number": number, "attended_on": attended_on},
        **{"refreshed_on": refreshed_on},
    }
    told = {key: value.strip() for key, value in given.items() if value is not None}
    if not told and state is None:
        raise typer.BadParameter("何を書きかえるのかを書いてください。例: --phone 090-1234-5678")
    if not told.get("name", "x") or not told.get("town", "x"):
        raise typer.BadParameter("氏名と市町は、空にできません。")
    with open_house() as house:
        wanted = state_of(house.content, state) if state else None
        with house.db.work() as work:
            now = supporters.locked(work, find(work, supporter_id).id)
            if told:
                now = _changed(work, house, now, told, by)
            if wanted is not None and wanted != now.state:
                now = _stepped(work, house, now, wanted, by)
        if json:
            output.as_json(facts(now))
            return
        output.say(f"書きかえました（{states(house.content)[now.state]}）。", output.GOOD)


def _changed(work: Work, house: House, now: Supporter, told: Mapping[str, str], by: str) -> Supporter:
    profile = supporters.profile(work, now)
    typed = {key: value for key, value in told.items() if value}
    line = _read(house, {"name": profile.name or "未記入", "town": now.town} | typed)
    words = {key: getattr(line.profile, key) if told[key] else None for key in SEALED if key in told}
    values: dict[str, Any] = {}
    for key, column in (("age", "age_band"), ("group", "group_name"), ("number", "number")):
        if key in told:
            values[column] = getattr(line, "group" if key == "group" else column)
    for key in ("attended_on", "refreshed_on"):
        if key in told:
            values[key] = getattr(line, key)
    if (owner := supporters.by_number(work, line.number) if line.number else None) and owner.id != now.id:
        raise Refused(f"修了番号「{line.number}」は、ほかの人（{owner.id}）が使っています。")
    audit.note(work, by, "edited", "supporter", now.id, now.channel)
    then = supporters.write(work, now, replace(profile, **words) if words else None, **values)
    certificates.renumber(work, then.id, then.number)
    if {"town", "district"} & told.keys():
        district = line.district if {"town", "district"} & typed.keys() else None
        then = life.change_place(work, house.content, then, line.town or now.town, district, by)
    return life.counted(work, house.content, then)


def _stepped(work: Work, house: House, now: Supporter, wanted: State, by: str) -> Supporter:
    try:
        match wanted:
            case "paused":
                life.pause(work, now, actor=by)
            case "left":
                life.leave(work, now, by)
            case "registered" | "active" if now.state == "paused":
                life.resume(work, house.content, now, by)
            case "registered":
                life.registered(work, house.content, now, by)
            case _:
                raise NotPermitted(f"{now.state} -> {wanted}")
    except NotPermitted:
        labels = states(house.content)
        raise Refused(
            f"いまは「{labels[now.state]}」なので、「{labels[wanted]}」にはできません。",
            "手で変えられるのは、登録・休止・退会です。",
        ) from None
    return supporters.locked(work, now.id)


def add_to(app: typer.Typer) -> None:
    """These commands under `tsunagari supporter`."""
    for command in (add, edit):
        app.command()(command)
