"""`tsunagari broadcast draft …`: files that are kept in the database until they are finished."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from bot.broadcasting import files
from bot.broadcasting.files import Unreadable
from bot.broadcasting.words import gist
from bot.cli import output
from bot.cli.broadcast_content import Source, looked_through, read_file, unreadable
from bot.cli.broadcast_files import problems_of, write
from bot.cli.broadcast_house import Again, As, Channel, Json, Urgent, Yes, me
from bot.cli.broadcast_plan import NotTo, To
from bot.cli.broadcast_schedule import At, Wish, schedule_wish
from bot.cli.house import House, open_house
from bot.cli.output import Refused, unknown
from bot.settings import DEFAULT_CHANNEL
from storage import audit, broadcast_drafts, broadcast_pictures
from storage.broadcast_drafts import LONGEST_NAME, Draft, plain_name

app = typer.Typer(no_args_is_help=True, help="お知らせの下書き（保存・一覧・予約・削除）")

KIND = "draft"  # in the audit list
Name = Annotated[str, typer.Argument(metavar="名前", help="下書きの名前（draft list で分かります）。")]


@app.command()
def save(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="下書きのファイル（YAML か Markdown）。")],
    name: Annotated[
        str | None, typer.Option("--name", help="下書きの名前。なければファイルの title か、ファイルの名前。")
    ] = None,
    replace: Annotated[bool, typer.Option("--replace", help="同じ名前の下書きを置きかえる。")] = False,
    json: Json = False,
) -> None:
    """書きかけのファイルを下書きにしまいます。直すところがあっても保存でき、あとで直せます。

    例: tsunagari broadcast draft save tsudoi.yaml

    例: tsunagari broadcast draft save tsudoi.yaml --name 冬の集い --replace
    """
    source = read_file(file)
    called = plain_name(name or source.option("title", None) or file.stem)
    if not 1 <= len(called) <= LONGEST_NAME:
        raise Refused(
            f"名前は 1〜{LONGEST_NAME} 文字です（いま {len(called)} 文字）。", "--name で付けられます。"
        )
    with open_house() as house:
        wrong = problems_of(house, source)
        photos = _photos(house, source)
        with house.db.work() as work:
            before = broadcast_drafts.find(work, called)
            if before is not None and not replace:
                raise Refused(
                    f"「{called}」という下書きはもうあります。",
                    "置きかえるなら --replace、べつにするなら --name を付けてください。",
                )
            for jpeg in photos.values():
                broadcast_pictures.keep_photo(work, DEFAULT_CHANNEL, jpeg)
            ids = {photo: broadcast_pictures.photo_id(jpeg) for photo, jpeg in photos.items()}
            made = broadcast_drafts.save(
                *(
                    work,
                    DEFAULT_CHANNEL,
                    called,
                    files.read_text(file.read_bytes()),
                    file.suffix.lower(),
                    ids,
                ),
                created_by=me(),
            )
            audit.note(work, me(), "change" if before else "save", KIND, made.id, DEFAULT_CHANNEL)
        if json:
            output.as_json(_facts(made) | {"problems": len(wrong)})
            return
        output.say(f"下書き「{made.name}」を{'置きかえました' if before else '保存しました'}。", output.GOOD)
        if wrong:
            output.warn(
                f"送るまでに直すところが {len(wrong)} あります。見るには: tsunagari broadcast check {file}"
            )


@app.command("list")
def list_(json: Json = False) -> None:
    """下書きの一覧（新しく直した順）。

    例: tsunagari broadcast draft list
    """
    with open_house() as house:
        with house.db.look() as work:
            found = broadcast_drafts.listed(work)
        if json:
            output.as_json([_facts(each) for each in found])
            return
        output.table(
            "下書き",
            ("名前", "はじまり", "直すところ", "作った人", "直した日時"),
            (
                (each.name, *_looked_at(house, each), each.created_by, output.moment(each.changed_at))
                for each in found
            ),
            empty="ありません。しまうには: tsunagari broadcast draft save FILE",
        )


@app.command()
def show(
    name: Name,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="ファイルに書き出す（写真は隣に置きます）。直したら save --replace で。"),
    ] = None,
) -> None:
    """下書きを見ます。--out でファイルにもどせます。

    例: tsunagari broadcast draft show 冬の集い

    例: tsunagari broadcast draft show 冬の集い --out tsudoi.yaml
    """
    with open_house() as house:
        found = _find(house, name)
        if out is None:
            typer.echo(found.text.rstrip("\n"))
            return
        if out.suffix.lower() != found.suffix:
            raise Refused(f"この下書きは {found.suffix} です。", f"例: --out {out.stem}{found.suffix}")
        with house.db.look() as work:
            photos = {
                out.with_name(photo): jpeg
                for photo, name_of_it in found.photos.items()
                if (jpeg := broadcast_pictures.photo(work, name_of_it)) is not None
            }
        if taken := next(
            (each for each in photos if each.exists() and each.read_bytes() != photos[each]), None
        ):
            raise Refused(f"{taken} はもうあります。", "上書きはしません。ほかのフォルダーにしてください。")
        write(out, found.text)
        for path, jpeg in photos.items():
            path.write_bytes(jpeg)
        output.say(f"{out} に書きました（写真 {len(photos)} 枚）。", output.GOOD)


@app.command()
def schedule(
    name: Name,
    at: At = None,
    to: To = None,
    not_to: NotTo = None,
    channel: Channel = None,
    urgent: Urgent = None,
    again: Again = False,
    who: As = None,
    yes: Yes = False,
    json: Json = False,
) -> None:
    """下書きから配信を予約します。予約すると、下書きは消えます。

    例: tsunagari broadcast draft schedule 冬の集い --at "2026-12-01 10:00" --yes
    """
    with open_house() as house:
        found = _find(house, name)
        with house.db.work() as work:
            broadcast_pictures.use_photos(work, found.photos.values())
    wish = Wish(
        _source(found),
        at=at,
        to=to,
        not_to=not_to,
        channel=channel,
        urgent=urgent,
        again=again,
        who=who,
        yes=yes,
        json=json,
    )
    if schedule_wish(wish) is not None:
        with open_house() as house, house.db.work() as work:
            broadcast_drafts.remove(work, found.id)


@app.command()
def delete(name: Name, yes: Yes = False) -> None:
    """下書きを消します。

    例: tsunagari broadcast draft delete 冬の集い --yes
    """
    with open_house() as house:
        found = _find(house, name)
        if not yes:
            output.not_yet([f"下書き「{found.name}」を消します。"], "同じ命令に --yes を付けてください。")
            return
        with house.db.work() as work:
            if broadcast_drafts.remove(work, found.id):
                audit.note(work, me(), "delete", KIND, found.id, DEFAULT_CHANNEL)
        output.say(f"下書き「{found.name}」を消しました。", output.GOOD)


def _find(house: House, name: str) -> Draft:
    with house.db.look() as work:
        found = broadcast_drafts.find(work, name)
        known = [each.name for each in broadcast_drafts.listed(work)]
    if found is None:
        if not known:
            raise Refused(
                f"「{name}」という下書きはありません。", "しまうには: tsunagari broadcast draft save FILE"
            )
        unknown("下書き", name, known)
    return found


def _source(found: Draft) -> Source:
    """The draft as a file; Refused where nothing can be read from it any more."""
    called = f"下書き「{found.name}」"
    try:
        return Source(files.read(found.text, found.suffix), called, None, found.photos)
    except Unreadable as wrong:
        raise unreadable(called, wrong) from None


def _photos(house: House, source: Source) -> dict[str, bytes]:
    """The photos that the file uses and that can be read, by their file names."""
    prepared, _ = looked_through(house, source)
    return {name: prepared.photos[photo] for name, photo in prepared.names.items()}


def _looked_at(house: House, found: Draft) -> tuple[str, str]:
    """How it begins, and how much is to be mended before it can be sent."""
    source = _source(found)
    prepared, problems = looked_through(house, source)
    begins = gist(prepared.messages) if prepared.messages and not problems else ""
    return begins, f"{len(problems)} か所" if problems else "なし"


def _facts(found: Draft) -> dict[str, Any]:
    return {
        "id": found.id,
        "name": found.name,
        "created_by": found.created_by,
        "created_at": found.created_at,
        "changed_at": found.changed_at,
    }
