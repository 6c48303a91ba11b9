"""`tsunagari supporter paper`, `tsunagari course certificates`: certificates, badges and cards, printed any time."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from bot.cli import output
from bot.cli.house import House, open_house
from bot.cli.output import Refused
from bot.programme import certificate_pictures as pictures
from bot.programme import certificates as issuing
from bot.programme.certificates import PAPERS, NoCertificate, Paper
from storage import audit, course_members, courses, supporters
from storage.supporters import Supporter

NAMES = {"certificate": "修了証", "badge": "バッジ", "card": "サポーターカード"}
WHY = {"not_yet": "まだ登録がすんでいません。", "no_name": "名前がまだ書かれていません。"}

As = Annotated[str, typer.Option("--as", metavar="名前", help="だれが行うか（記録に残ります）。")]
Kind = Annotated[str, typer.Option("--kind", help="certificate（修了証）badge（バッジ）card（カード）")]


def paper(
    supporter_id: Annotated[str, typer.Argument(metavar="ID", help="サポーターのID（list で分かります）。")],
    out: Annotated[Path, typer.Option("--out", help="書き出すファイル（.pdf か .png）。")],
    who: As,
    kind: Kind = "certificate",
) -> None:
    """修了証・バッジ・カードを作ります。何度でも、同じ番号で作れます。

    例: tsunagari supporter paper 01a2… --kind certificate --out shuryosho.pdf --as 山田
    """
    wanted = _kind(kind)
    suffix = _suffix(out)
    with open_house() as house:
        with house.db.look() as work:
            found = supporters.get(work, supporter_id)
        if found is None:
            raise Refused("このIDのサポーターはいません。", "tsunagari supporter list で確かめられます。")
        try:
            _save(out, _draw(house, found, wanted, suffix, _named(who)))
        except NoCertificate as no:
            raise Refused(WHY[no.why], "tsunagari supporter edit で名前を書けます。") from None
    output.say(f"{NAMES[wanted]}を {out} に作りました。", output.GOOD)


def certificates(
    course_id: Annotated[str, typer.Argument(metavar="ID", help="講座のID。")],
    out: Annotated[Path, typer.Option("--out", help="書き出すフォルダー。")],
    who: As,
    kind: Kind = "certificate",
) -> None:
    """講座に出て登録した人みんなの修了証（やカード）を、1人1枚のPDFで作ります。

    例: tsunagari course certificates 01a2… --out shuryosho/ --as 山田
    """
    wanted, by = _kind(kind), _named(who)
    with open_house() as house:
        with house.db.look() as work:
            if courses.get(work, course_id) is None:
                raise Refused("このIDの講座はありません。", "tsunagari course list で確かめられます。")
            ids = [each.supporter_id for each in course_members.members(work, course_id) if each.supporter_id]
            there = [found for each in ids if (found := supporters.get(work, each))]
        out.mkdir(parents=True, exist_ok=True)
        made, left = 0, 0
        for supporter in there:
            try:
                drawn = _draw(house, supporter, wanted, "pdf", by)
            except NoCertificate:
                left += 1
                continue
            made += 1
            _save(out / f"{wanted}-{made:03}.pdf", drawn)
    output.say(f"{NAMES[wanted]}を {made} 枚、{out} に作りました。", output.GOOD)
    if left:
        output.say(f"名前がまだない人、登録がまだの人: {left} 人（作っていません）", output.WARN)


def _draw(house: House, supporter: Supporter, paper: Paper, kind: str, who: str) -> bytes:
    with house.db.work() as work:
        made = issuing.issue(work, house.content, supporter)
        settings = house.settings
        said = issuing.words(work, house.content, settings.content_dir, settings.public_url, supporter, made)
        audit.note(work, who, f"printed_{paper}", "supporter", supporter.id, supporter.channel)
    return pictures.as_bytes(issuing.draw(paper, said), kind, said.title)


def _save(out: Path, drawn: bytes) -> None:
    """For the owner of the file alone: a name stands on it."""
    try:
        handle = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    except OSError as trouble:
        raise Refused(
            f"{out} に書けません（{trouble.strerror}）。", "ほかの場所を --out に書いてください。"
        ) from trouble
    with os.fdopen(handle, "wb") as file:
        file.write(drawn)


def _kind(text: str) -> Paper:
    key = output.one_of("種類", text, NAMES)
    return next(paper for paper in PAPERS if paper == key)


def _suffix(out: Path) -> str:
    kind = out.suffix.lower().removeprefix(".")
    if kind not in ("pdf", "png"):
        raise typer.BadParameter("--out は .pdf か .png のファイルにしてください。")
    return kind


def _named(who: str) -> str:
    if not who.strip():
        raise typer.BadParameter("--as に名前を書いてください。例: --as 山田")
    return who.strip()[:64]


def add_to(app: typer.Typer) -> None:
    """`tsunagari supporter paper` and `tsunagari course certificates`."""
    app.command("paper")(paper)
    app.command("certificates")(certificates)
