"""`tsunagari supporter import|export`: lists in and out of the register."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from bot import table_files
from bot.cli import output
from bot.cli.house import House, open_house
from bot.cli.output import Refused, one_of
from bot.cli.supporter_house import (
    As,
    Channel,
    District,
    Json,
    Town,
    actor,
    district_of,
    place,
    save,
    state_of,
    states,
    suffix_of,
    town_of,
    words,
)
from bot.content.library import Content
from bot.programme import register_import
from bot.programme.register_cells import Remark
from bot.programme.register_columns import FIELDS, Layout, NoSuchColumn, layout
from bot.programme.register_import import OUT, OUTCOMES, Decisions, Plan, Planned
from bot.programme.register_lines import Line, lines, no_people
from bot.table_files import Unreadable, table_bytes
from storage import audit, supporters
from storage.schema import new_id
from storage.supporters import Supporter

MOST_SHOWN = 40  # rows at the terminal; the report has all
EXPORTED = (
    *("ID", "氏名", "ふりがな", "電話", "メール", "市町", "地区", "年代", "状態", "受講日", "更新研修日"),
    *("更新の期限", "登録日", "修了番号", "所属", "LINE", "参加動機"),
)
NAMING = frozenset({"氏名", "ふりがな", "電話", "メール", "参加動機"})

Rows = Annotated[list[str] | None, typer.Option(metavar="行")]


def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="名簿のファイル（.csv .xlsx .xls .ods）。")],
    town: Annotated[str | None, typer.Option("--town", help="市町の列がないとき、全員の市町。")] = None,
    sheet: Annotated[
        list[str] | None, typer.Option("--sheet", help="読むシート（いくつでも）。ふつうは名簿のシート全部。")
    ] = None,
    column: Annotated[
        list[str] | None,
        typer.Option(
            "--column", metavar="項目=見出し", help="例: --column 氏名=お名前（見出しの代わりにB列も可）"
        ),
    ] = None,
    new: Annotated[
        list[str] | None,
        typer.Option("--new", metavar="行", help="この行は、名簿の人とは別の人。例: --new 14"),
    ] = None,
    same: Annotated[
        list[str] | None,
        typer.Option("--same", metavar="行[=ID]", help="この行は、名簿の似た人と同じ人。例: --same 15"),
    ] = None,
    report: Annotated[
        Path | None, typer.Option("--report", help="1行ごとの結果を書き出す先（.csv か .xlsx）。")
    ] = None,
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="入れられない行と要確認の行をとばして、残りを入れる。")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="実行する（付けないと下見だけ）。")] = False,
    who: As = None,
    channel: Channel = None,
    json: Json = False,
) -> None:
    """いまある名簿を取り込みます。まず下見だけをして、1行ごとの結果を出します。

    例: tsunagari supporter import 名簿.xlsx --town 鳥取市 --report 結果.csv
    """
    suffix = suffix_of(report, table_files.WRITTEN) if report else ""
    decisions = _decisions(new or (), same or ())
    by = actor(who)
    with open_house() as house:
        layouts, others = _layouts(house.content, file, sheet or (), _columns(house.content, column or ()))
        key = town_of(house, town)
        listed = list(lines(layouts, house.content, states(house.content), today=house.now.date(), town=key))
        _check(decisions, listed)
        towns = tuple(dict.fromkeys(line.town for line in listed if line.town))
        at = house.channel_of(towns, channel)
        with house.db.look() as work:
            plan = register_import.plan(work, at, listed, decisions)
        if report is not None:
            save(report, table_bytes(suffix, "結果", _report(house.content, file.name, plan)))
        done = yes and (skip_bad or not plan.left_out)
        if done:
            plan = _bring_in(house, at, listed, decisions, by, skip_bad)
        if json:
            output.as_json(_as_json(house.content, file.name, plan, done))
        else:
            _print(house.content, file, layouts, others, plan)
            _ends(plan, done, report)
        if yes and not done:
            raise Refused(
                f"入れられない行・要確認の行が {len(plan.left_out)} 行あるので、何も入れていません。",
                "ファイルを直すか、--new / --same で決めるか、--skip-bad でとばしてください。",
            )


def _bring_in(
    house: House, channel: str, listed: Sequence[Line], decisions: Decisions, by: str, skip_bad: bool
) -> Plan:
    """All of it in one unit of work, planned anew from what stands there now."""
    with house.db.work() as work:
        supporters.alone(work)
        plan = register_import.plan(work, channel, listed, decisions)
        if plan.left_out and not skip_bad:
            raise Refused("下見のあとで名簿が変わりました。", "もう一度、下見をしてください。")
        if plan.entries:
            audit.note(work, by, "imported", "register", new_id(), channel)
            register_import.bring_in(work, house.content, plan, by)
        return plan


# ---- what is asked for -------------------------------------------------------------------------------------


def _columns(content: Content, given: Sequence[str]) -> dict[str, str]:
    """--column 氏名=お名前"""
    names = {name: content.texts.get(f"register.fields.{name}") for name in FIELDS}
    told = {}
    for each in given:
        name, equals, heading = each.partition("=")
        if not equals:
            raise typer.BadParameter(f"「{each}」は 項目=見出し の形ではありません。例: 氏名=お名前")
        told[one_of("項目", name.strip(), names)] = heading.strip()
    return told


def _layouts(
    content: Content, file: Path, wanted: Sequence[str], told: Mapping[str, str]
) -> tuple[list[Layout], list[str]]:
    """The sheets that are lists of people, and the names of those that are not."""
    try:
        sheets = table_files.read(file)
    except Unreadable as no:
        raise Refused(
            f"{file.name}: {content.texts.get(f'register.unreadable.{no.why}', **no.params)}"
        ) from None
    for name in wanted:
        if name not in {sheet.name for sheet in sheets}:
            output.unknown("シート", name, [sheet.name for sheet in sheets])
    found, others = [], []
    for sheet in sheets:
        if wanted and sheet.name not in wanted:
            continue
        try:
            read = layout(sheet, told)
        except NoSuchColumn as no:
            output.unknown("見出し", no.heading, no.there)
        if read is not None and (read.rows or wanted):
            found.append(read)
        elif sheet.rows:
            others.append(sheet.name or file.name)
    if not found:
        raise Refused(
            f"{file.name} に、名簿の見出し（氏名など）の行が見つかりません。",
            "--column 氏名=（ファイルの見出し）で教えてください。",
        )
    return found, others


def _decisions(new: Sequence[str], same: Sequence[str]) -> Decisions:
    pairs = (each.partition("=") for each in same)
    decided = {row.strip(): entry.strip() or None for row, _, entry in pairs}
    alone = frozenset(each.strip() for each in new)
    if both := alone & decided.keys():
        raise typer.BadParameter(f"{'、'.join(sorted(both))} が --new と --same の両方にあります。")
    return Decisions(alone, decided)


def _check(decisions: Decisions, listed: Sequence[Line]) -> None:
    there = {line.place for line in listed}
    for row in (*sorted(decisions.new), *decisions.same):
        if row not in there:
            hint = "シートがいくつかあるときは「シート名:行」と書きます。例: --new 名簿:14"
            raise Refused(f"「{row}」という行はありません。", hint)


# ---- what is told ------------------------------------------------------------------------------------------


def _said(content: Content, line: Line, remark: Remark) -> str:
    params = {"said": remark.said, "taken": remark.taken, "line": line.place}
    return content.texts.get(f"register.remarks.{remark.key}", **params)


def _field(content: Content, remark: Remark) -> str:
    return content.texts.get(f"register.fields.{remark.field}")


def _outcome(content: Content, row: Planned) -> str:
    return content.texts.get(f"register.outcomes.{row.outcome}")


def _report(content: Content, file: str, plan: Plan) -> list[list[str]]:
    """One line for every remark, and one for every row without any."""
    rows = [["ファイル", "シート", "行", "結果", "項目", "気づいたこと・どうなるか"]]
    for row in plan.rows:
        start = [file, row.line.sheet, str(row.line.line), _outcome(content, row)]
        for remark in row.remarks or ():
            rows.append([*start, _field(content, remark), _said(content, row.line, remark)])
        if not row.remarks:
            rows.append([*start, "", ""])
    return rows


def _as_json(content: Content, file: str, plan: Plan, done: bool) -> dict[str, Any]:
    return {
        "file": file,
        "done": done,
        "counts": {outcome: plan.count(outcome) for outcome in OUTCOMES},
        "rows": [
            {
                "sheet": row.line.sheet,
                "line": row.line.line,
                "outcome": row.outcome,
                "alike": row.alike,
                "remarks": [
                    asdict(remark) | {"text": _said(content, row.line, remark)} for remark in row.remarks
                ],
            }
            for row in plan.rows
        ],
    }


def _print(
    content: Content, file: Path, layouts: Sequence[Layout], others: Sequence[str], plan: Plan
) -> None:
    for read in layouts:
        where = f"{file.name} {read.sheet}".strip()
        columns = "、".join(
            f"{content.texts.get(f'register.fields.{name}')}＝{read.headings.get(at, '')}"
            for name, at in read.columns.items()
        )
        output.say(f"{where}（見出しは {read.first_line} 行目）: {columns}")
        if read.not_read:
            output.say(f"　読まない列: {'、'.join(read.not_read)}", output.QUIET)
        if "note" in read.columns:
            output.say("　備考は、退会や転出を見つけるためだけに読み、名簿には入れません。", output.QUIET)
    if sums := no_people(layouts):
        output.say(f"集計や余白の行なので読みません: {'、'.join(sums)} 行目", output.QUIET)
    if others:
        output.say(f"名簿ではないシート（読んでいません）: {'、'.join(others)}", output.QUIET)
    urgent = sorted(
        (row for row in plan.rows if row.remarks),
        key=lambda row: (row.outcome != "refused", row.outcome not in OUT),
    )
    told = [(row, remark) for row in urgent for remark in row.remarks if remark.key != "no_kana"]
    output.table(
        "気づいたこと",
        ("行", "結果", "項目", "内容"),
        (
            (
                row.line.place,
                _outcome(content, row),
                _field(content, remark),
                _said(content, row.line, remark),
            )
            for row, remark in told[:MOST_SHOWN]
        ),
    )
    if len(told) > MOST_SHOWN:
        output.say(f"ほか {len(told) - MOST_SHOWN} 件。全部は --report 結果.csv で。", output.QUIET)
    missing = sum(remark.key == "no_kana" for row in plan.rows for remark in row.remarks)
    if missing:
        output.say(f"ふりがながない人: {missing} 人（空のまま入れます）", output.QUIET)
    output.fields({content.texts.get(f"register.outcomes.{each}"): plan.count(each) for each in OUTCOMES})


def _ends(plan: Plan, done: bool, report: Path | None) -> None:
    if report is not None:
        output.say(f"1行ごとの結果を {report} に書き出しました。", output.GOOD)
    if done:
        output.say(
            f"取り込みました。新しく {plan.count('new')} 人、書き足し {plan.count('changed')} 行、"
            f"変わりなし {plan.count('joined')} 行、とばした行 {len(plan.left_out)} 行。",
            output.GOOD,
        )
        return
    what = [f"新しく {plan.count('new')} 人を入れ、{plan.count('changed')} 行を書き足します。"]
    if plan.left_out:
        what.append(
            f"{len(plan.left_out)} 行は入りません（--new / --same で決めるか、--skip-bad でとばします）。"
        )
    output.not_yet(what, "同じ命令に --yes を付けてください。")


# ---- export ------------------------------------------------------------------------------------------------


def export(
    out: Annotated[Path, typer.Option("--out", help="書き出す先（.csv または .xlsx）。")],
    who: As = None,
    names: Annotated[
        bool, typer.Option("--names/--no-names", help="氏名・電話・メールも書き出すか。")
    ] = True,
    town: Town = None,
    district: District = None,
    state: Annotated[str | None, typer.Option("--state", help="状態。例: 登録、活動中、休止")] = None,
    channel: Channel = None,
) -> None:
    """名簿を書き出します。氏名を含むものも含まないものも、記録に残ります。

    例: tsunagari supporter export --out 名簿.xlsx --as 山田
    """
    suffix = suffix_of(out, table_files.WRITTEN)
    by = actor(who, "書き出し")
    with open_house() as house:
        where = district_of(house, town_of(house, town), district)
        wanted = [state_of(house.content, state)] if state else None
        with house.db.work() as work:
            found = supporters.listed(work, channel, town=where[0], district=where[1], states=wanted)
            rows = _exported(house, found, supporters.profiles(work, found) if names else None)
            deed = "exported_names" if names else "exported"
            for each in sorted({entry.channel for entry in found} or {house.channel_of((), channel)}):
                audit.note(work, by, deed, "register", new_id(), each)
            save(out, table_bytes(suffix, "つながりサポーター名簿", rows))
        output.say(f"{len(found)} 人を {out} に書き出しました。", output.GOOD)
        if names:
            output.say("個人情報です。使い終わったら消してください。", output.WARN)


def _exported(
    house: House, found: Sequence[Supporter], profiles: Mapping[str, supporters.Profile] | None
) -> list[list[str]]:
    labels = states(house.content)
    kept = [name for name in EXPORTED if profiles is not None or name not in NAMING]
    rows = [kept]
    for entry in found:
        said = words(house.content, profiles[entry.id]) if profiles is not None else {}
        town, district = place(house.content, entry)
        values: dict[str, Any] = {
            "ID": entry.id,
            "氏名": said.get("name"),
            "ふりがな": said.get("kana"),
            "電話": said.get("phone"),
            "メール": said.get("mail"),
            "市町": town,
            "地区": "" if district == "－" else district,
            "年代": house.content.programme.age_band(entry.age_band),
            "状態": labels[entry.state],
            "受講日": entry.attended_on,
            "更新研修日": entry.refreshed_on,
            "更新の期限": entry.refresher_due_on,
            "登録日": entry.registered_at.astimezone(output.TOKYO).date() if entry.registered_at else None,
            "修了番号": entry.number,
            "所属": entry.group_name,
            "LINE": "あり" if entry.person_id else "なし",
            "参加動機": said.get("motive"),
        }
        rows.append(["" if values[name] is None else str(values[name]) for name in kept])
    return rows


def add_to(app: typer.Typer) -> None:
    """These commands under `tsunagari supporter`."""
    app.command("import")(import_)
    app.command()(export)
