"""`tsunagari concern sheet|meeting`: the papers of a concern, and of a meeting about several."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from bot.cli import output
from bot.cli.concern_house import doer
from bot.cli.house import House, open_content, open_house
from bot.cli.output import Refused
from bot.cli.segment import town_names
from bot.desk import papers
from bot.desk.blank_sheet import blank_of, blank_sheet
from bot.desk.deeds import Desk
from storage import concerns
from storage.concerns import Concern
from storage.work import Work

Out = Annotated[Path, typer.Option("--out", help="書き出す先。例: sheet.pdf")]
As = Annotated[str | None, typer.Option("--as", metavar="名前", help="だれが行うか（記録に残ります）。")]


def add_to(app: typer.Typer) -> None:
    """Register the commands beside the others of `tsunagari concern`."""
    for command in (sheet, meeting):
        app.command()(command)


def sheet(
    out: Out,
    number: Annotated[str | None, typer.Argument(metavar="番号", help="受付番号。例: K-7Q2M-X4TB-9")] = None,
    who: As = None,
    reporter: Annotated[
        str | None,
        typer.Option(
            "--with-reporter", metavar="理由", help="通報した人の連絡先も入れる（理由は記録に残ります）。"
        ),
    ] = None,
    blank: Annotated[bool, typer.Option("--blank", help="手書き用の空の用紙（--town が必要）。")] = False,
    town: Annotated[str | None, typer.Option("--town", help="市町。例: 鳥取市")] = None,
) -> None:
    """つながるシート（A4のPDF）を作ります。

    例: tsunagari concern sheet K-7Q2M-X4TB-9 --out sheet.pdf --as 山田

    例: tsunagari concern sheet --blank --town 鳥取市 --out blank.pdf
    """
    _must_fit(out, (".pdf",))
    if blank:
        if number or not town:
            raise typer.BadParameter(
                "--blank のときは、番号ではなく --town を書いてください。例: --town 鳥取市"
            )
        content = open_content()
        key = output.one_of("市町", town, town_names(content))
        _write(out, blank_sheet(content.texts, blank_of(content, key)))
        return
    if not number:
        raise typer.BadParameter("番号を書いてください（手書き用の用紙なら --blank --town 鳥取市）。")
    if reporter is not None and not reporter.strip():
        raise typer.BadParameter(
            "--with-reporter に理由を書いてください。例: --with-reporter 安否の確認のため"
        )
    by = doer(who or "")
    with open_house() as house, house.db.work() as work:
        found = _find(work, number)
        made = papers.sheet_of(work, _desk(house), by, found, reporter.strip() if reporter else None)
    _write(out, made())  # after the commit: no paper without its line in the audit


def meeting(
    out: Out,
    numbers: Annotated[list[str], typer.Argument(metavar="番号…", help="受付番号（いくつでも）。")],
    names: Annotated[
        bool, typer.Option("--with-names/--without-names", help="個人情報を入れるか（ふつうは入れない）。")
    ] = False,
    purpose: Annotated[
        str, typer.Option("--purpose", help="会議と目的（--with-names のとき必要。記録に残ります）。")
    ] = "",
    who: As = None,
) -> None:
    """会議の資料を作ります。個人情報なし（PDFかCSV）と、個人情報あり（PDF）があります。

    個人情報ありは、秘密を守る義務のある会議（支援会議・地域協議会など）だけで使ってください。

    例: tsunagari concern meeting K-7Q2M-X4TB-9 --without-names --out meeting.csv --as 山田
    """
    _must_fit(out, (".pdf",) if names else (".pdf", ".csv"))
    if names and not purpose.strip():
        raise typer.BadParameter("個人情報を入れるときは --purpose が必要です。例: --purpose 12月の支援会議")
    if len(numbers) > papers.MOST:
        raise Refused(f"1回に {papers.MOST} 件までです（いま {len(numbers)} 件）。", "分けて作ってください。")
    by = doer(who or "")
    with open_house() as house, house.db.work() as work:
        desk = _desk(house)
        those = list({found.id: found for found in (_find(work, number) for number in numbers)}.values())
        if out.suffix.lower() == ".csv":
            made = papers.meeting_csv(work, desk, by, those)
        elif names:
            made = papers.meeting_with_names(work, desk, by, those, purpose.strip())
        else:
            made = papers.meeting_without_names(work, desk, by, those, purpose.strip())
    _write(out, made())


def _desk(house: House) -> Desk:
    return Desk(house.content, house.now, house.settings.public_url)


def _find(work: Work, number: str) -> Concern:
    if concerns.checked_number(number) is None:
        raise Refused(f"「{number}」は受付番号として正しくありません。", "番号をもう一度ご確認ください。")
    found = concerns.by_number(work, number)
    if found is None:
        raise Refused(
            f"「{number}」という受付番号の連絡はありません。", "tsunagari concern list で確かめられます。"
        )
    return found


def _must_fit(out: Path, endings: tuple[str, ...]) -> None:
    if out.suffix.lower() not in endings:
        raise typer.BadParameter(f"「{out.name}」: {' か '.join(endings)} で終わる名前にしてください。")
    if not out.absolute().parent.is_dir():
        raise Refused(f"フォルダー {out.absolute().parent} がありません。")


def _write(out: Path, made: bytes) -> None:
    """For the one who asked alone: it holds what was told in confidence."""
    try:
        out.unlink(missing_ok=True)
        handle = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(made)
    except OSError as trouble:
        raise Refused(f"{out} に書けません（{trouble.strerror}）。") from None
    output.say(f"{out} に書き出しました。", output.GOOD)
