"""`tsunagari supporter …`: the register, with LINE or without. Whoever opens names leaves a line in the audit list."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from bot.cli import output
from bot.cli.house import House, open_house
from bot.cli.output import Refused
from bot.cli.rooms import in_rooms
from bot.cli.supporter_house import (
    As,
    Channel,
    District,
    Id,
    Json,
    Town,
    actor,
    district_of,
    facts,
    find,
    place,
    state_of,
    states,
    town_of,
    words,
)
from storage import audit, courses, register_figures, supporters
from storage.schema import new_id
from storage.supporters import Profile, Supporter
from storage.work import Work

app = typer.Typer(
    cls=in_rooms(
        supporter_entry=("add", "edit"),
        supporter_register=("import", "export"),
        supporter_coverage=("counts", "groups", "coverage", "cohorts"),
        supporter_life=("pause", "resume", "leave", "refreshed", "erase", "return", "drips"),
        supporter_approve=("waiting", "approve", "decline"),
        supporter_papers=("paper",),
    ),
    no_args_is_help=True,
    help="つながりサポーター（名簿・取り込み・集計）",
)

MOST_SHOWN = 200  # rows at the terminal: nobody reads more, and drawing ten thousand takes its time


@app.callback()
def supporter() -> None:
    """つながりサポーター（名簿・取り込み・集計）"""


@app.command("list")
def list_(
    town: Town = None,
    district: District = None,
    state: Annotated[str | None, typer.Option("--state", help="状態。例: 登録、活動中、休止、退会")] = None,
    course: Annotated[str | None, typer.Option("--course", help="講座のID。この講座にいた人だけ。")] = None,
    group: Annotated[str | None, typer.Option("--group", help="会社・学校・団体の名前。")] = None,
    without_line: Annotated[bool, typer.Option("--without-line", help="LINEのない人だけ。")] = False,
    name: Annotated[
        str | None, typer.Option("--find", metavar="言葉", help="氏名・かな・電話・メールでさがす。")
    ] = None,
    names: Annotated[
        bool, typer.Option("--names", help="氏名も出す（--as が必要、記録に残ります）。")
    ] = False,
    who: As = None,
    channel: Channel = None,
    json: Json = False,
) -> None:
    """名簿の一覧。氏名は --names --as 名前 で出ます。人数は supporter counts で。

    例: tsunagari supporter list --town 鳥取市 --state 登録 --names --as 山田
    """
    by = actor(who, "氏名を出す・さがす") if names or name else None
    with open_house() as house:
        where = district_of(house, town_of(house, town), district)
        wanted = [state_of(house.content, state)] if state else None
        with house.db.work() if by else house.db.look() as work:
            found = supporters.listed(work, channel, town=where[0], district=where[1], states=wanted)
            if course is not None:
                there = _of_course(work, course)
                found = tuple(entry for entry in found if entry.id in there)
            if group is not None:
                found = tuple(entry for entry in found if entry.group_name == group.strip())
            if without_line:
                found = tuple(entry for entry in found if entry.person_id is None)
            if name:
                found = _like(work, found, name)
            profiles = supporters.profiles(work, found if json else found[:MOST_SHOWN]) if names else {}
            if by and name:
                for entry in found:
                    audit.note(work, by, "searched", "supporter", entry.id, entry.channel)
            elif by:
                for each in sorted({entry.channel for entry in found}):
                    audit.note(work, by, "listed_names", "register", new_id(), each)
        if json:
            said = {key: words(house.content, profile) for key, profile in profiles.items()}
            output.as_json([facts(entry) | said.get(entry.id, {}) for entry in found])
            return
        _print(house, found, profiles, names)


def _of_course(work: Work, course_id: str) -> frozenset[str | None]:
    if courses.get(work, course_id) is None:
        raise Refused(f"「{course_id}」という講座はありません。", "tsunagari course list で確かめられます。")
    return frozenset(member.supporter_id for member in courses.members(work, course_id))


def _like(work: Work, found: tuple[Supporter, ...], said: str) -> tuple[Supporter, ...]:
    """Equal in name, kana, phone or mail: what is sealed can be found, but not searched."""
    wanted = Profile(name=said, kana=said, phone=said, mail=said)
    ids = {
        entry.id
        for channel in {entry.channel for entry in found}
        for entry in supporters.alike(work, channel, wanted)
    }
    return tuple(entry for entry in found if entry.id in ids)


def _print(house: House, found: tuple[Supporter, ...], profiles: dict[str, Profile], names: bool) -> None:
    labels = states(house.content)
    shown = found[:MOST_SHOWN]
    heads = ("氏名", "ふりがな") if names else ()
    output.table(
        f"名簿（{len(found)} 人）",
        ("ID", *heads, "市町", "地区", "状態", "年代", "受講日", "更新の期限", "所属", "LINE"),
        (
            (
                entry.id,
                *((profiles[entry.id].name or "－", profiles[entry.id].kana or "－") if names else ()),
                *place(house.content, entry),
                labels[entry.state],
                house.content.programme.age_band(entry.age_band) or "－",
                entry.attended_on or "－",
                entry.refresher_due_on or "－",
                entry.group_name or "－",
                "あり" if entry.person_id else "なし",
            )
            for entry in shown
        ),
        empty="まだいません。",
    )
    if len(found) > len(shown):
        rest = len(found) - len(shown)
        output.say(
            f"ほか {rest} 人。--town や --state でしぼるか、--json か export で全員を出せます。", output.QUIET
        )


@app.command()
def show(supporter_id: Id, who: As = None, json: Json = False) -> None:
    """1人を見ます。--as 名前 を付けると、氏名と連絡先も出ます（記録に残ります）。

    例: tsunagari supporter show 0199a0c3… --as 山田
    """
    by = actor(who) if who is not None else None
    with open_house() as house:
        with house.db.work() if by else house.db.look() as work:
            found = find(work, supporter_id)
            said: dict[str, Any] = {}
            if by:
                said = words(house.content, supporters.profile(work, found))
                audit.note(work, by, "read", "supporter", found.id, found.channel)
            attended = [
                course
                for course_id in register_figures.courses_of(work, found.id)
                if (course := courses.get(work, course_id)) is not None
            ]
        if json:
            been = [{"id": each.id, "title": each.title, "on": each.on_date} for each in attended]
            output.as_json(facts(found) | said | {"courses": been})
            return
        town, district = place(house.content, found)
        shown: dict[str, Any] = {"ID": found.id}
        for key, label in (("name", "氏名"), ("kana", "ふりがな"), ("phone", "電話"), ("mail", "メール")):
            if by:
                shown[label] = said[key]
        shown |= {
            "市町・地区": f"{town} {district}",
            "状態": states(house.content)[found.state],
            "年代": house.content.programme.age_band(found.age_band),
            "所属": found.group_name,
            "LINE": "あり" if found.person_id else "なし",
            "受講日": found.attended_on,
            "更新研修日": found.refreshed_on,
            "更新の期限": found.refresher_due_on,
            "修了番号": found.number,
            "登録": output.moment(found.registered_at),
            "同意": output.moment(found.consent_at),
            "約束": output.moment(found.pledge_at),
            "講座": "、".join(f"{each.on_date} {each.title}" for each in attended) or None,
        }
        if by:
            shown["参加動機"] = said["motive"]
        output.fields(shown)
        if not by:
            output.say("氏名と連絡先は --as 名前 で出ます。", output.QUIET)
