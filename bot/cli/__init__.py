"""The command line: one file per noun. Exit codes: docs/operations.md, "At the terminal"."""

from __future__ import annotations

import gc
import importlib
import os
import sys
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.exceptions import TyperException

from bot import log
from bot.cli import completing, japanese
from bot.cli.output import Refused, complain, explain_more
from bot.content.errors import ContentError
from bot.settings import BadSettings, line_to_complete
from storage.crypto import BadKeys, SealBroken
from storage.database import BadAddress, Undurable, WrongKeys
from storage.migrate import NewerDatabase
from storage.moved import Moved, Unfinished
from storage.trouble import is_outage

HELP = ("--help", "-h")
OURS: dict[
    type[Exception], str
] = {  # what it means; what exactly is wrong stands below, for whoever set it up
    BadSettings: "設定（環境変数）が足りないか、まちがっています。",
    ContentError: "内容のファイル（content）に、まちがいがあります。",
    BadKeys: "鍵（TSUNAGARI_KEYS）の書き方がちがいます。",
    WrongKeys: "この鍵（TSUNAGARI_KEYS）では、このデータベースを開けません。",
    Undurable: "このデータベースの設定では、データが失われるおそれがあります。",
    BadAddress: "データベースの場所（DATABASE_URL）の書き方がちがいます。",
    NewerDatabase: "データベースのほうが、この「つながり」より新しい形です。",
    Moved: "このデータベースは PostgreSQL に引っ越しました。DATABASE_URL を新しいほうにしてください。",
    Unfinished: "このデータベースは、まだ写しの途中です。tsunagari db copy … --final --yes で終わらせてください。",
    SealBroken: "保存された内容を、いまの鍵では開けません。",
}


class House(TyperGroup):
    """Says what our own exceptions mean in one line instead of a traceback."""

    def make_context(self, info_name: str | None, args: list[str], *given: Any, **more: Any) -> Any:
        if len(args) < 2 or not set(HELP).isdisjoint(args):  # `tsunagari course` alone shows its help, too
            japanese.speak()
        try:
            return super().make_context(info_name, args, *given, **more)
        except Refused as refused:  # by an option that is a deed of its own
            complain(str(refused), refused.hint)
            raise typer.Exit(1) from None
        except TyperException:
            japanese.speak()
            raise

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except Refused as refused:
            complain(str(refused), refused.hint)
        except tuple(OURS) as wrong:
            complain(next(words for kind, words in OURS.items() if isinstance(wrong, kind)))
            for line in str(wrong).splitlines():
                explain_more(line)
            explain_more(
                "→ 設定した人に、この画面を見せてください。tsunagari check で、まとめて確かめられます。"
            )
        except (typer.Exit, typer.Abort):
            raise
        except (
            BrokenPipeError
        ):  # `… | head` has read enough; the interpreter would complain once more at its end
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        except TyperException:
            japanese.speak()
            raise
        except Exception as trouble:
            # Its words may quote an address with its password, or what was told of a neighbour: only its kind
            # and place are told, since this stream often ends in a log.
            kind = type(trouble).__name__
            if is_outage(trouble):
                complain(f"データベースを使えません（{kind}）。", "DATABASE_URL を確かめてください。")
            else:
                complain(f"思いがけない誤りが起きました（{kind}）。", log.trace_of(trouble))
        raise typer.Exit(1)


NOUNS = (
    *("broadcast", "news", "course", "supporter", "partner", "concern", "danger", "crisis", "route", "staff"),
    *(
        "handbook",
        "content",
        "richmenu",
        "flow",
        "report",
        "audit",
        "incident",
        "event",
        "key",
        "db",
        "channel",
    ),
)


ALONE = {"serve": "serve", "work": "serve"} | {name: name for name in ("demo", "simulate", "check", "chat")}
"""Commands without a noun, and the file of each."""


def _root(
    install: Annotated[
        bool,
        typer.Option(
            "--install-completion",
            callback=completing.install,
            is_eager=True,
            help="Tabキーで言葉の続きが出るようにする。",
        ),
    ] = False,
    show: Annotated[
        bool,
        typer.Option(
            "--show-completion",
            callback=completing.show,
            is_eager=True,
            help="そのための設定を、書きこまずに見る。",
        ),
    ] = False,
) -> None:
    """What can be said before a noun; the help is `build`'s."""


def build(only: str | None = None) -> typer.Typer:
    """All commands, or the one that is asked for, or those of its noun: to import the others takes longer than most of
    what they do, and 50 MB. Imported here, so that the service's own modules can be used without the command line."""
    made = typer.Typer(
        cls=House,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": list(HELP)},
        add_completion=False,  # our own is in Japanese, and quick
        help="つながり: 孤独・孤立対策のためのLINEの仕組み。",
    )
    made.callback()(_root)
    known = only in ALONE or only in NOUNS
    for name, file in ALONE.items():
        if name == only or not known:
            made.command(name)(getattr(importlib.import_module(f"bot.cli.{file}"), name))
    for noun in NOUNS:
        if noun == only or not known:
            made.add_typer(importlib.import_module(f"bot.cli.{noun}").app, name=noun)
    return made


def _complete(line: str) -> None:
    """Answer a shell that asks how a word goes on, and end."""
    first = next(iter(line.split()[1:2]), "")
    known = first in NOUNS or first in ALONE
    made = build(first) if known else completing.only_names((*ALONE, *NOUNS))
    completing.learn_shells()
    completing.offers(typer.main.get_command(made)).main(prog_name="tsunagari")


def main() -> None:
    """The entry point `tsunagari`."""
    if (line := line_to_complete()) is not None:
        _complete(line)
    noun = sys.argv[1] if len(sys.argv) > 1 else None
    if noun in NOUNS:
        gc.set_threshold(100_000)  # what lives for a second need not be searched for cycles so often
    build(noun)()
