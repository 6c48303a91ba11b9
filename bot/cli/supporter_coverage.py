"""`tsunagari supporter counts|groups|coverage|cohorts`: how many, where, with whom they came, and what became of them."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from bot.cli import output
from bot.cli.house import open_house
from bot.cli.segment import district_names, town_names
from bot.cli.supporter_house import Channel, Json, Town, save, suffix_of, town_of
from bot.programme import coverage as figures
from bot.programme.coverage import Cover
from storage import register_figures
from storage.supporters import SUPPORTING

WIDE = 30  # signs of a bar
MOST_SHOWN = 100  # courses at the terminal, the newest; a picture and --json have all
Out = Annotated[Path | None, typer.Option("--out", help="図を書き出す先（.png または .svg）。")]


def counts(channel: Channel = None, json: Json = False) -> None:
    """市町と地区ごとのサポーターの人数。

    例: tsunagari supporter counts --json
    """
    with open_house() as house:
        with house.db.look() as work:
            found = register_figures.counts(work, channel)
        rows: dict[tuple[str, str | None], dict[str, int]] = {}
        for count in found:
            row = rows.setdefault((count.town, count.district), dict.fromkeys(_COUNTED, 0))
            for name in _counted(count.state):
                row[name] += count.people
            row["reached"] += count.reached if count.state in SUPPORTING else 0
        if json:
            output.as_json([{"town": town, "district": place} | row for (town, place), row in rows.items()])
            return
        towns, districts = town_names(house.content), district_names(house.content)
        output.table(
            f"サポーター（合計 {sum(row['supporters'] for row in rows.values())} 人）",
            ("市町", "地区", "人数", "LINEが届く人", "うち休止", "受講のみ", "退会"),
            (
                (towns.get(town, town), districts.get(place or "", place or "－"), *row.values())
                for (town, place), row in rows.items()
            ),
            empty="まだいません。",
        )


_COUNTED = ("supporters", "reached", "paused", "attended", "left")


def _counted(state: str) -> tuple[str, ...]:
    """In which columns somebody in this state is counted."""
    own = (state,) if state in _COUNTED else ()
    return (("supporters", *own)) if state in SUPPORTING else own


def groups(channel: Channel = None, json: Json = False) -> None:
    """会社・学校・団体ごとの人数（団体で受講した人）。

    例: tsunagari supporter groups
    """
    with open_house() as house:
        with house.db.look() as work:
            found = register_figures.groups(work, channel)
        sums: dict[str, dict[str, int]] = {}
        for count in found:
            row = sums.setdefault(count.group, {"people": 0, "supporters": 0, "attended": 0, "left": 0})
            row["people"] += count.people
            row["supporters"] += count.people if count.state in SUPPORTING else 0
            if count.state in ("attended", "left"):
                row[count.state] += count.people
        rows = sorted(sums.items(), key=lambda each: (-each[1]["people"], each[0]))
        if json:
            output.as_json([{"group": name} | row for name, row in rows])
            return
        output.table(
            "団体",
            ("団体", "合計", "サポーター", "受講のみ", "退会"),
            ((name, *row.values()) for name, row in rows),
        )


def coverage(town: Town = None, out: Out = None, channel: Channel = None, json: Json = False) -> None:
    """地区と市町ごとの、目標に対する人数。--out で図にします。

    例: tsunagari supporter coverage --town 鳥取市 --out coverage.png
    """
    suffix = suffix_of(out, (".png", ".svg")) if out else ""
    with open_house() as house:
        key = town_of(house, town)
        with house.db.look() as work:
            towns = figures.coverage(work, house.content, channel=channel, town=key)
        if out is not None:
            from bot.programme import charts  # matplotlib takes its time to start

            save(out, charts.coverage_picture(suffix, house.content, towns, house.now.date()))
        if json:
            output.as_json([asdict(each) for each in towns])
            return
        for each in towns:
            if each.districts:
                _bars(each.name, each.districts)
        _bars("市町別", towns)
        done = [cover for each in towns for cover in each.districts if cover.goal is not None]
        if done:
            right = sum(cover.missing == 0 for cover in done)
            output.say(f"目標に届いた地区: {right}／{len(done)}")
        output.say(
            f"合計 {sum(each.people for each in towns)} 人（うちLINEで届く {sum(each.reached for each in towns)} 人）"
            f"　受講のみ {sum(each.attended for each in towns)} 人　退会 {sum(each.left for each in towns)} 人"
        )
        if out is not None:
            output.say(f"{out} に書き出しました。", output.GOOD)


def _bars(title: str, covers: tuple[Cover, ...]) -> None:
    """█ who is there, ░ who is still missing to the goal."""
    most = max([1, *(max(cover.people, cover.goal or 0) for cover in covers)])
    drawn = Table(title=title, title_justify="left", title_style="bold", box=None, show_header=False)
    for cover in covers:
        filled = round(cover.people / most * WIDE) or (1 if cover.people else 0)
        empty = max(0, round((cover.goal or 0) / most * WIDE) - filled)
        reached = cover.missing == 0
        numbers = f"{cover.people} 人" if cover.goal is None else f"{cover.people}／{cover.goal} 人"
        rest = (
            "" if cover.missing is None else ("目標に届きました" if reached else f"あと {cover.missing} 人")
        )
        style = output.GOOD if reached else "default"
        bar = f"[{style}]{'█' * filled}[/][{output.QUIET}]{'░' * empty}[/]"
        drawn.add_row(escape(cover.name), bar, numbers, rest)
    output.console().print(drawn)


def cohorts(town: Town = None, out: Out = None, channel: Channel = None, json: Json = False) -> None:
    """講座ごとの、その後（7日以内の登録・活動・更新研修・退会）。

    例: tsunagari supporter cohorts --town 鳥取市 --out cohorts.png
    """
    suffix = suffix_of(out, (".png", ".svg")) if out else ""
    with open_house() as house:
        key = town_of(house, town)
        with house.db.look() as work:
            found = figures.cohorts(work, house.content, channel=channel, town=key)
            towns = figures.coverage(work, house.content, channel=channel, town=key) if out and key else ()
        if out is not None:
            from bot.programme import charts

            save(out, charts.cohorts_picture(suffix, house.content, found, house.now.date(), towns))
        if json:
            output.as_json([asdict(each) | {"not_registered": each.not_registered} for each in found])
            return
        names = town_names(house.content)
        shown = found[:MOST_SHOWN]
        output.table(
            "講座ごとの、その後",
            (
                "日",
                "市町",
                "講座",
                "受講",
                "登録",
                "7日以内",
                "日が不明",
                "活動あり",
                "更新研修",
                "退会",
                "未登録",
            ),
            (
                (
                    output.day(each.on) if each.on else "－",
                    names.get(each.town, each.town),
                    each.title,
                    each.attended,
                    each.registered,
                    each.within_a_week,
                    each.undated,
                    each.active,
                    each.refreshed,
                    each.left,
                    each.not_registered,
                )
                for each in shown
            ),
        )
        if len(found) > len(shown):
            older = len(found) - len(shown)
            output.say(f"これより前に {older} 件。--town でしぼるか、--json で全部を出せます。", output.QUIET)
        if out is not None:
            output.say(f"{out} に書き出しました。", output.GOOD)


def add_to(app: typer.Typer) -> None:
    """These commands under `tsunagari supporter`."""
    for command in (counts, groups, coverage, cohorts):
        app.command()(command)
