"""`tsunagari audit …`: who did what, and the proof that nobody changed the list afterwards."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Annotated

import typer

from bot.cli import output
from bot.cli.house import open_house
from bot.cli.output import Refused
from storage import audit
from storage.audit import Head

app = typer.Typer(no_args_is_help=True, help="記録（だれが・いつ・何をしたか）の一覧と点検")

WRONG = {
    "changed": "この行の中身が、あとから変えられています。",
    "missing": "ここにあるはずの行がありません。",
    "added": "ここに、あるはずのない行があります。",
    "head": "記録の終わりの印が合いません。",
    "given": "控えておいた印と合いません。前の状態に戻されたおそれがあります。",
}

Json = Annotated[bool, typer.Option("--json", help="JSONで出す。")]
Channel = Annotated[str | None, typer.Option("--channel", help="チャネル。ふつうはすべて。")]


@app.command("list")
def list_(
    channel: Channel = None,
    kind: Annotated[str | None, typer.Option("--kind", help="対象の種類。例: concern broadcast")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=10_000, help="何行まで出すか。")] = 50,
    json: Json = False,
) -> None:
    """記録を新しいものから出します。

    例: tsunagari audit list --kind concern
    """
    with open_house() as house, house.db.look() as work:
        found = audit.listed(work, channel=channel, kind=kind, limit=limit)
    if json:
        output.as_json([asdict(each) for each in found])
        return
    output.table(
        "記録",
        ("日時", "だれが", "何を", "種類", "対象", "チャネル"),
        (
            (output.moment(each.at), each.actor, each.deed, each.kind, each.subject_id, each.channel)
            for each in found
        ),
    )


@app.command()
def head(channel: Channel = None, json: Json = False) -> None:
    """記録のいまの終わりの印を出します。紙などに控えておき、verify --kept で確かめます。

    例: tsunagari audit head
    """
    with open_house() as house, house.db.look() as work:
        found = [audit.head(work, each) for each in _channels(audit.channels(work), channel)]
    if json:
        output.as_json([asdict(each) for each in found])
        return
    for each in found:
        output.say(f"{each.channel}:{each.seq}:{each.hash}")


@app.command()
def verify(
    channel: Channel = None,
    kept: Annotated[
        list[str] | None, typer.Option("--kept", metavar="印", help="控えておいた印（head が出したもの）。")
    ] = None,
    json: Json = False,
) -> None:
    """記録が、あとから変えられていないかを確かめます。変えられていれば終了コードは1です。

    例: tsunagari audit verify
    """
    notes = {note.channel: note for note in map(_note, kept or ())}
    with open_house() as house, house.db.look() as work:
        wanted = _channels({*audit.channels(work), *notes}, channel)
        checked = {each: audit.verify(work, each, notes.get(each)) for each in wanted}
        heads = {each: audit.head(work, each) for each in wanted}
    wrong = [broken for broken in checked.values() if broken]
    if json:
        output.as_json({"ok": not wrong, "broken": [asdict(each) for each in wrong]})
    else:
        for name, broken in checked.items():
            if broken is None:
                output.say(f"✓ {name}: {heads[name].seq} 行、変えられていません。", output.GOOD)
            else:
                output.say(f"✗ {name}: {broken.seq} 行目。{WRONG[broken.what]}", output.BAD)
        if not checked:
            output.say("記録はまだありません。", output.QUIET)
    if wrong:
        raise typer.Exit(1)


def _channels(known: Iterable[str], named: str | None) -> list[str]:
    return [named] if named is not None else sorted(known)


def _note(text: str) -> Head:
    name, _, rest = text.strip().partition(":")
    number, _, line = rest.partition(":")
    if not (name and number.isdigit() and len(line) == 64):
        raise Refused(
            f"「{text[:20]}」は控えの印として読めません。",
            "tsunagari audit head が出した行を、そのまま書いてください。",
        )
    return Head(name, int(number), line)
