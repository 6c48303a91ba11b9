"""`tsunagari db copy`: a town's SQLite becomes PostgreSQL, row by row, while it goes on."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from bot.cli import output
from bot.cli.house import has_database
from bot.cli.key import sealing_settings
from bot.cli.output import Refused
from bot.cli.supporter_house import actor
from bot.settings import Settings
from storage import moving
from storage.crypto import cipher_from
from storage.database import BadAddress, new_engine
from storage.moving import CannotMove, Move, Outlook
from storage.moving_source import Unfit
from storage.restore import InUse
from storage.trouble import is_outage

WHY: dict[str, tuple[str, str | None]] = {
    "not_sqlite": ("写す元は SQLite だけです。", "DATABASE_URL を、いま動いている SQLite に向けてください。"),
    "not_postgresql": (
        "写す先は PostgreSQL だけです。",
        "例: --to postgresql://tsunagari@db.example/tsunagari",
    ),
    "source_old": (
        "いまのデータベースが、この「つながり」より古い形です（{what}）。",
        "先にサービスを新しい版で動かすか、tsunagari db migrate を行ってください。",
    ),
    "source_new": ("いまのデータベースは、まだ一度も使われていません。", "DATABASE_URL を確かめてください。"),
    "not_empty": (
        "写す先のデータベースには、もうデータがあります。",
        "新しい空のデータベースを作り、--to をそこに向けてください。",
    ),
    "another_town": (
        "写す先には、別のデータベースの写しが途中まで入っています。",
        "新しい空のデータベースを作り、--to をそこに向けてください。",
    ),
    "another_version": (
        "写す先の写しは、別の版（{what}）で始められています。",
        "新しい空のデータベースを作り、--to をそこに向けて、はじめから写してください。",
    ),
    "elsewhere": (
        "このデータベースは、もう {what} に引っ越しました。",
        "DATABASE_URL を、そこにしてください。",
    ),
    "not_utf8": (
        "写す先のデータベースの文字の形が UTF8 ではありません。",
        "createdb --encoding=UTF8 --template=template0 で作りなおしてください。",
    ),
    "unfit": (
        "PostgreSQL に入らない値があります（{what}）。",
        "--yes を付けずに行うと、どの行かが分かります。",
    ),
    "differs": (
        "写した行を読みもどすと、ちがっていました（{what}）。ここで止めました。",
        "写す先に、値を変える仕組み（トリガーなど）がないか確かめてください。いまのデータベースは、そのままです。",
    ),
    "handing_over": (
        "引っ越しの最後の途中です。",
        "tsunagari db copy --to … --final --yes で終わらせるか、--stay で取りやめてください。",
    ),
    "stays_open": (
        "もう {what} で動いています。こちらに残ると、同じ町が2つになります。",
        "戻るときは、そちらで tsunagari db backup、こちらで tsunagari db restore を行ってください。",
    ),
}
NEXT = "サービスを止めてから: tsunagari db copy --to {to} --final --yes"
THEN = "DATABASE_URL を {to} に変えて、サービスを始めてください。TSUNAGARI_KEYS は、いまのままです。"


def copy(
    to: Annotated[
        str,
        typer.Option(
            "--to",
            help="写す先。postgresql://名前@機械/データベース（パスワードは ~/.pgpass に）。",
            show_default=False,
        ),
    ],
    final: Annotated[
        bool,
        typer.Option("--final", help="最後の1回: サービスを止めて行い、確かめて、新しいほうに引きわたす。"),
    ] = False,
    stay: Annotated[
        bool, typer.Option("--stay", help="最後の1回が終わらなかったとき、引っ越しを取りやめて残る。")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="実行する（付けないと下見だけ）。")] = False,
    json: Annotated[bool, typer.Option("--json", help="JSONで出す。")] = False,
) -> None:
    """SQLite のデータベースを PostgreSQL に写します。動かしたまま行え、途中で止まっても、続きから写します。

    1. 動かしたまま写す（何度でも）。 2. サービスを止めて --final。変わった行だけを写し、すべての行を比べて、引きわたします。

    例: tsunagari db copy --to postgresql://tsunagari@db.example/tsunagari --yes
    """
    if final and stay:
        raise typer.BadParameter("--final と --stay は、どちらか1つにしてください。")
    settings = sealing_settings()
    move = _move(settings, to)
    try:
        if stay:
            _stay(move, yes, json)
            return
        if not _answers(move):
            raise Refused(
                f"写す先 {move.to} につながりません。", "--to と、~/.pgpass のパスワードを確かめてください。"
            )
        found = moving.outlook(move)
        if not yes:
            _preview(move, found, final, json)
        elif found.state == "done":
            _already(move, json)
        else:
            _unfit(found)
            _run(move, found, final, json)
    except CannotMove as refused:
        text, hint = WHY[refused.trouble]
        raise Refused(text.format(what=refused.what), hint) from None
    except InUse:
        raise Refused(
            "データベースが使われています。",
            "サービス（serve、web、work）と、ほかの db copy を止めてから、もう一度行ってください。",
        ) from None
    finally:
        move.source.dispose()
        move.target.dispose()


def _move(settings: Settings, to: str) -> Move:
    if not has_database(settings.database_url):
        raise Refused("データベースがまだありません。", "DATABASE_URL を確かめてください。")
    if not to.startswith(("postgresql:", "postgres:", "postgresql+psycopg:")):
        text, hint = WHY["not_postgresql"]
        raise Refused(text, hint)
    try:
        target = new_engine(to)
    except BadAddress:
        raise Refused("--to の書き方がちがいます。", WHY["not_postgresql"][1]) from None
    url = target.url
    if url.password:
        output.warn(
            "パスワードは、ほかの人にも見えるおそれがあります。~/.pgpass か PGPASSWORD に書いてください。"
        )
    place = url.set(drivername="postgresql", password=None, query={}).render_as_string()
    return Move(new_engine(settings.database_url), target, cipher_from(settings.keys), place)


def _run(move: Move, found: Outlook, final: bool, json: bool) -> None:
    deed = moving.hand_over if final else moving.first_round
    now = dt.datetime.now(dt.UTC)
    with _bar() as bar:
        task = bar.add_task("比べて写しています", total=sum(found.rows.values()), table="")
        done = deed(move, now, actor(None), _telling(bar, task))
    if json:
        tables = {name: vars(each) for name, each in done.items()}
        output.as_json({"to": move.to, "state": "done" if final else "copied", "tables": tables})
        return
    rows, written = sum(each.rows for each in done.values()), sum(each.written for each in done.values())
    output.say(
        f"{rows:,} 行を比べました。そのうち {written:,} 行を写し、読みもどして同じことを確かめました。",
        output.GOOD,
    )
    if final:
        output.say("引きわたしました。この SQLite では、もうサービスは始まりません。", output.GOOD)
        output.say(THEN.format(to=move.to))
    else:
        output.say("町は、まだいまのデータベースで動いています。")
        output.say(NEXT.format(to=move.to))


def _bar() -> Progress:
    return Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
        TextColumn("{task.fields[table]}"), console=output.console(to_stderr=True),
    )  # fmt: skip


def _telling(bar: Progress, task: Any) -> Callable[[str, int], None]:
    return lambda table, rows: bar.update(task, advance=rows, table=table)


def _stay(move: Move, yes: bool, json: bool) -> None:
    if not yes:
        output.not_yet(
            ["引っ越しの印を消して、この SQLite でまたサービスを始められるようにします。"],
            "同じ命令に --yes を付けてください。",
        )
        return
    answers = _answers(move)
    if not answers:
        output.warn("写す先が答えません。そこで町が動いていないことを、必ず確かめてください。")
    moving.stay(move, dt.datetime.now(dt.UTC), actor(None), answers)
    if json:
        output.as_json({"state": "stays"})
        return
    output.say("この SQLite に残りました。サービスを始められます。", output.GOOD)


def _answers(move: Move) -> bool:
    try:
        with move.target.connect():
            return True
    except Exception as trouble:
        if not is_outage(trouble):
            raise
        return False


def _already(move: Move, json: bool) -> None:
    if json:
        output.as_json({"to": move.to, "state": "done", "tables": {}})
        return
    output.say("引っ越しは、もう終わっています。", output.GOOD)
    output.say(THEN.format(to=move.to))


def _unfit(found: Outlook) -> None:
    if not found.unfit:
        return
    for bad in found.unfit:
        output.complain(_named(bad))
    raise Refused("PostgreSQL に入らない値があります。", "その行を直すか消してから、もう一度行ってください。")


def _named(bad: Unfit) -> str:
    return f"{bad.table} の {'/'.join(str(part) for part in bad.key)}: {bad.column}"


def _preview(move: Move, found: Outlook, final: bool, json: bool) -> None:
    if json:
        unfit = [{"table": bad.table, "key": list(bad.key), "column": bad.column} for bad in found.unfit]
        output.as_json(
            {"to": move.to, "state": found.state, "rows": found.rows, "copied": found.copied, "unfit": unfit}
        )
        return
    if found.state == "done":
        _already(move, json)
        return
    filled = [(name, f"{rows:,}", f"{found.copied[name]:,}") for name, rows in found.rows.items() if rows]
    output.table("写すもの", ("表", "行", "写した行"), filled, "1行もありません。")
    for bad in found.unfit:
        output.warn(f"PostgreSQL に入りません: {_named(bad)}")
    what = {"new": "はじめから写します。", "begun": "写しの続きをします。"}[found.state]
    lines = [f"写す先: {move.to}", f"{sum(found.rows.values()):,} 行。{what}"]
    if final:
        lines.append("最後の1回です。終わると、この SQLite ではサービスが始まらなくなります。")
    output.not_yet(lines, "同じ命令に --yes を付けてください。")
