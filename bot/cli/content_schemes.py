"""`tsunagari content import-schemes|export-schemes`: a town's own table of schemes in and out of content/schemes."""

from __future__ import annotations

import datetime as dt
import re
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from bot.cli import output
from bot.cli.content_findings import tell
from bot.cli.house import open_content
from bot.cli.output import TOKYO, Refused, one_of, unknown
from bot.cli.segment import town_names
from bot.cli.supporter_house import Json, save, suffix_of
from bot.content.errors import ContentError
from bot.content.findings import Finding
from bot.content.library import Content
from bot.content.places import Town
from bot.content.scheme_files import load_schemes
from bot.content.schemes import NATIONAL
from bot.scheme_tables.files import as_table, file_bytes, national_rows, read_rows
from bot.scheme_tables.goals import Goals
from bot.scheme_tables.headings import HEADINGS, Form, form_of
from bot.scheme_tables.plan import KINDS, Change, Import, Kind, Plan, plan
from bot.scheme_tables.reading import Table, read_table, some
from bot.scheme_tables.wanted import Understanding
from bot.table_files import WRITTEN, Sheet, Unreadable, read, table_bytes
from bot.table_headings import NoSuchColumn

MOST_SHOWN = 40  # rows of a table at the terminal; --json has all
MOST_ENDED = 0.3  # of the rows that came from a table: more is rather a part of the table than all of it
FEW = 5

_NAMES: Mapping[Kind, str] = {
    "new": "新しい", "back": "もどる", "changed": "変わる", "ended": "終わる", "unchanged": "そのまま",
}  # fmt: skip
_COLUMNS = {
    "plain_title": "見出し", "official_name": "正式名称", "window_kind": "窓口", "theme": "テーマ",
    "show_if_any": "出す答え", "source": "出典", "verified_at": "確認日", "ended": "終了", "overrides": "国の制度",
}  # fmt: skip

TownName = Annotated[str, typer.Option("--town", help="どの市町の表か。例: 鳥取市")]


def import_schemes(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="市町の表（.csv .xlsx .xls .ods）。")],
    town: TownName,
    sheet: Annotated[
        list[str] | None,
        typer.Option("--sheet", help="読むシート（いくつでも）。ふつうは表のあるシート全部。"),
    ] = None,
    column: Annotated[
        list[str] | None,
        typer.Option(
            "--column", metavar="項目=見出し", help="例: --column 窓口=お問合せ（見出しの代わりにB列も可）"
        ),
    ] = None,
    theme: Annotated[
        list[str] | None,
        typer.Option(
            "--theme",
            metavar="言葉=テーマ",
            help="連携目標の言葉か、IDの頭の数字のテーマ。例: --theme 1=お金",
        ),
    ] = None,
    apply: Annotated[bool, typer.Option("--apply", help="書きこむ（付けないと下見だけ）。")] = False,
    skip_errors: Annotated[
        bool, typer.Option("--skip-errors", help="直すところのある行をとばして、残りを書きこむ。")
    ] = False,
    many_ended: Annotated[
        bool, typer.Option("--many-ended", help="多くの制度が表からなくなっていても、書きこむ。")
    ] = False,
    checked: Annotated[
        bool, typer.Option("--checked", help="表のすべての行を、きょう確かめたものとする。")
    ] = False,
    json: Json = False,
) -> None:
    """市町の支援の表（連携目標・ID・解説記事タイトル・掲載支援・連絡先・遷移先URL）を取り込みます。

    まず下見だけをして、何が変わるかと、行ごとの直すところを出します。IDで前の取り込みとつながります。

    例: tsunagari content import-schemes 掲載支援一覧.xlsx --town 鳥取市
    """
    content = open_content()
    place = content.towns[one_of("市町", town, town_names(content))]
    today = dt.datetime.now(TOKYO).date()
    table, headings = _read(content, file, sheet or (), _told(column or ()))
    understanding = Understanding(content, place, today, table, _themes(content, theme or ()))
    target = content.folder / "schemes" / f"{place.key}.csv"
    listed = understanding.all()
    about = Import(
        place, today, national_rows(target.with_stem(NATIONAL), today), _source(place, file, today), checked
    )
    existing = read_rows(target)
    from_table = sum(bool(row.get("table_id")) for row in existing)
    made = plan(listed, existing, about, understanding)
    data = file_bytes(made.rows)
    findings = [*sorted(understanding.findings, key=_by_row), *_would_not_load(content, target, data)]
    errors = [each for each in findings if each.level == "error"]
    ended = len(made.of("ended"))
    too_many = not many_ended and ended > max(FEW, MOST_ENDED * from_table)
    may = apply and (skip_errors or not errors) and not too_many
    if may and made.writes:
        save(target, data)
        target.chmod(0o644)
    if json:
        output.as_json(_as_json(table, made, findings, written=may and made.writes))
    else:
        _print(file, place, headings, table, made, understanding, findings)
    _end(file, target, made, errors, apply=apply, may=may, too_many=too_many, skip=skip_errors, json=json)


def export_schemes(
    town: TownName,
    out: Annotated[Path, typer.Option("--out", help="書き出す先（.csv か .xlsx）。")],
) -> None:
    """市町の制度を、取り込みと同じ形の表に書き出します。直して import-schemes で取り込めます。

    例: tsunagari content export-schemes --town 鳥取市 --out 鳥取市の制度.xlsx
    """
    suffix = suffix_of(out, WRITTEN)
    content = open_content()
    place = content.towns[one_of("市町", town, town_names(content))]
    today = dt.datetime.now(TOKYO).date()
    folder = content.folder / "schemes"
    national = national_rows(folder / f"{NATIONAL}.csv", today)
    table = as_table(read_rows(folder / f"{place.key}.csv"), national, content.documents, today)
    save(out, table_bytes(suffix, f"{place.name}の制度", table))
    many = len(table) - 1
    output.say(f"✓ {place.name}の制度 {many} 件を {out} に書き出しました。", output.GOOD)
    if not many:
        output.say(
            "  まだ1件もないので、見出しだけです。ここに書いて import-schemes で取り込めます。", output.QUIET
        )


# ---- what is asked for -------------------------------------------------------------------------------------


def _read(
    content: Content, file: Path, wanted: Sequence[str], told: dict[str, str]
) -> tuple[Table, list[tuple[Sheet, Form]]]:
    try:
        sheets = read(file)
    except Unreadable as trouble:
        said = content.texts.get(f"register.unreadable.{trouble.why}", **trouble.params)
        raise Refused(f"{file}: {said}") from None
    names = [sheet.name for sheet in sheets]
    for name in wanted:
        if name not in names:
            unknown("シート", name, names)
    try:
        found = [
            (sheet, form)
            for sheet in sheets
            if (not wanted or sheet.name in wanted) and (form := form_of(sheet, told)) is not None
        ]
    except NoSuchColumn as missing:
        raise Refused(
            f"「{missing.heading}」という見出しがありません。", f"あるもの: {'、'.join(missing.there)}"
        ) from None
    if not found:
        main = "、".join(list(HEADINGS.values())[:6])
        raise Refused(
            f"{file}: 制度の表の見出しが見つかりません。",
            f"見出しの例: {main}。ちがう言葉のときは --column 窓口=お問合せ のように指定してください。",
        )
    return read_table(file.name, found, several=len(found) > 1), found


def _told(given: Sequence[str]) -> dict[str, str]:
    """--column 窓口=お問合せ"""
    by_name = {name: key for key, name in HEADINGS.items()}
    by_name |= {"正式名称": "official", "窓口": "desk", "見出し": "title", "URL": "url"}
    told = {}
    for each in given:
        name, equals, heading = each.partition("=")
        if not equals:
            raise typer.BadParameter(f"「{each}」: 項目=見出し の形で書いてください。例: 窓口=お問合せ")
        key = name if name in HEADINGS else by_name.get(name)
        if key is None:
            unknown("項目", name, by_name)
        told[key] = heading
    return told


def _themes(content: Content, given: Sequence[str]) -> dict[str, str]:
    """--theme 1=お金"""
    goals, decided = Goals(content.questions), {}
    for each in given:
        word, equals, name = each.partition("=")
        if not equals or not word:
            raise typer.BadParameter(f"「{each}」: 言葉=テーマ の形で書いてください。例: 1=お金")
        if name not in goals.themes:
            unknown("テーマ", name, goals.themes)
        decided[word] = name
    return decided


def _source(town: Town, file: Path, today: dt.date) -> str:
    return f"{town.name}の表「{file.name[:80]}」（{today.isoformat()}に取り込み）"


def _would_not_load(content: Content, target: Path, data: bytes) -> list[Finding]:
    """The file as it would be, read as the service reads it: nothing is written that would not load."""
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        shutil.copy(target.with_stem(NATIONAL), here)
        (here / target.name).write_bytes(data)
        try:
            load_schemes(here, content.questions, content.rules, content.documents)
        except ContentError as wrong:
            return [Finding("error", wrong.file, wrong.key, "", str(wrong).partition(": ")[2])]
    return []


# ---- what is said ------------------------------------------------------------------------------------------


def _print(
    file: Path,
    town: Town,
    headings: Sequence[tuple[Sheet, Form]],
    table: Table,
    made: Plan,
    understanding: Understanding,
    findings: Sequence[Finding],
) -> None:
    output.say(f"{town.name}の表: {file}", "bold")
    for sheet, form in headings:
        name = f"シート「{sheet.name}」 " if sheet.name else ""
        read_as = "、".join(form.headings[at] for at in form.columns.values())
        output.say(f"  {name}見出し {form.first_line}行目: {read_as}", output.QUIET)
    if table.not_read:
        output.say(f"  読まない列: {'、'.join(table.not_read)}", output.QUIET)
    for skipped in table.skipped:
        output.say(f"  読まない行: {skipped}", output.QUIET)
    for name in ("goal", "title"):
        if places := [entry.place for entry in table.entries if name in entry.carried]:
            output.say(
                f"  {HEADINGS[name]}が空の {len(places)}行には、上の行と同じものを入れました: {some(places)}行",
                output.QUIET,
            )
    for start, places in understanding.concluded.items():
        output.say(
            f"  テーマのない {len(places)}行は、IDの頭から {start} としました: {some(places)}行",
            output.QUIET,
        )
    _changes(made)
    tell(findings)
    counts = "　".join(f"{_NAMES[kind]} {len(made.of(kind))}" for kind in KINDS)
    output.say(f"{counts}　（表の {len(table.entries)} 行）", "bold")
    if made.by_hand:
        output.say(f"表から来ていない {len(made.by_hand)} 件には、さわりません。", output.QUIET)


def _changes(made: Plan) -> None:
    if new := [*made.of("new"), *made.of("back")]:
        rows = [
            (
                each.place,
                each.table_id,
                each.theme,
                each.title,
                each.instead and f"「{each.instead}」の代わり",
            )
            for each in new[:MOST_SHOWN]
        ]
        output.table(f"新しく入るもの {len(new)} 件", ("行", "ID", "テーマ", "見出し", "国の制度"), rows)
        _more(new)
    if changed := made.of("changed"):
        fields = [
            (
                each.place,
                each.table_id,
                each.title,
                _COLUMNS.get(column) or HEADINGS.get(column, column),
                old,
                now,
            )
            for each in changed[:MOST_SHOWN]
            for column, old, now in each.fields
        ]
        output.table(f"変わるもの {len(changed)} 件", ("行", "ID", "見出し", "項目", "前", "後"), fields)
        _more(changed)
    if ended := made.of("ended"):
        over = [
            (each.table_id, each.title, "国の案内にもどる" if each.overrides else "")
            for each in ended[:MOST_SHOWN]
        ]
        output.table(f"表からなくなったので終わるもの {len(ended)} 件", ("ID", "見出し", "そのあと"), over)
        _more(ended)


def _more(changes: Sequence[Change]) -> None:
    if (rest := len(changes) - MOST_SHOWN) > 0:
        output.say(f"  ほか {rest} 件（--json で全部）", output.QUIET)


def _by_row(found: Finding) -> list[int]:
    return [int(number) for number in re.findall(r"[0-9]+", found.place)[-1:]]


def _end(
    file: Path,
    target: Path,
    made: Plan,
    errors: Sequence[Finding],
    *,
    apply: bool,
    may: bool,
    too_many: bool,
    skip: bool,
    json: bool,
) -> None:
    """The last line, and the exit code: 1 where something keeps the table out."""
    if errors and not skip:
        rows = len({each.place for each in errors})
        raise Refused(
            f"{rows} 行に直すところがあります。何も書きこんでいません。",
            "表を直すか、--skip-errors でとばしてください（とばした行は、前のまま残ります）。",
        )
    if too_many and (apply or not json):
        raise Refused(
            f"{len(made.of('ended'))} 件が表からなくなっています。何も書きこんでいません。",
            "表の一部だけではありませんか。ほんとうに終わるなら --many-ended を付けてください。",
        )
    if json:
        return
    if not made.writes:
        output.say("✓ 変わるところはありません。", output.GOOD)
    elif may:
        output.say(f"✓ {target} に書きました。tsunagari content check で確かめてください。", output.GOOD)
    else:
        output.say(
            f"まだ書きこんでいません（下見）。書きこむには --apply を付けて、もう一度: {file.name}",
            output.WARN,
        )


def _as_json(table: Table, made: Plan, findings: Sequence[Finding], *, written: bool) -> dict[str, Any]:
    return {
        "file": table.name,
        "rows": len(table.entries),
        "skipped": table.skipped,
        "not_read": table.not_read,
        "carried": {
            name: [entry.place for entry in table.entries if name in entry.carried]
            for name in ("goal", "title")
        },
        **{
            kind: [
                {
                    "id": each.scheme,
                    "table_id": each.table_id,
                    "row": each.place,
                    "title": each.title,
                    "theme": each.theme,
                    "overrides": each.overrides or None,
                    "fields": [{"field": c, "before": old, "after": now} for c, old, now in each.fields],
                }
                for each in made.of(kind)
            ]
            for kind in KINDS
        },
        "by_hand": list(made.by_hand),
        "findings": [vars(each) for each in findings],
        "written": written,
    }


def add_to(app: typer.Typer) -> None:
    """The commands of this file under their noun."""
    app.command("import-schemes")(import_schemes)
    app.command("export-schemes")(export_schemes)
