"""The command line: one file per noun. Exit codes: 0 done, 1 refused or failed, 2 wrong usage."""

from __future__ import annotations

import gc
import importlib
import sys
from collections.abc import Callable
from functools import cache
from typing import Any

import typer
from typer.core import TyperGroup
from typer.exceptions import TyperException

from bot import log
from bot.cli.output import Refused, complain
from bot.content.errors import ContentError
from bot.settings import BadSettings
from storage.crypto import BadKeys, SealBroken
from storage.database import BadAddress, Undurable, WrongKeys
from storage.migrate import NewerDatabase
from storage.trouble import is_outage

HELP = ("--help", "-h")
OURS = (
    BadSettings,
    ContentError,
    BadKeys,
    WrongKeys,
    Undurable,
    BadAddress,
    NewerDatabase,
    SealBroken,
)


@cache
def _name_panels() -> None:
    """Our titles for help and usage errors, which bring a reader of Markdown: not for a command that just works."""
    from typer import rich_utils as panels

    panels.OPTIONS_PANEL_TITLE = "指定できること"
    panels.ARGUMENTS_PANEL_TITLE = "引数"
    panels.COMMANDS_PANEL_TITLE = "命令"
    panels.ERRORS_PANEL_TITLE = "使い方がちがいます"
    panels._make_rich_text = _going_on(panels._make_rich_text)


def _going_on(drawn: Callable[..., Any]) -> Callable[..., Any]:
    """Japanese has no spaces: a sentence goes on in the next line, and is not cut by 「…」."""

    def folded(**given: Any) -> Any:
        text = drawn(**given)
        text.overflow = "fold"
        return text

    return folded


class House(TyperGroup):
    """Says what our own exceptions mean in one line instead of a traceback."""

    def make_context(self, info_name: str | None, args: list[str], *given: Any, **more: Any) -> Any:
        if len(args) < 2 or not set(HELP).isdisjoint(args):  # `tsunagari course` alone shows its help, too
            _name_panels()
        try:
            return super().make_context(info_name, args, *given, **more)
        except TyperException:
            _name_panels()
            raise

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except Refused as refused:
            complain(str(refused), refused.hint)
        except OURS as wrong:
            for line in str(wrong).splitlines():
                complain(line)
        except (typer.Exit, typer.Abort):
            raise
        except TyperException:
            _name_panels()
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
    *("broadcast", "course", "supporter", "partner", "concern", "danger", "crisis", "route", "staff"),
    *("content", "richmenu", "flow", "report", "audit", "incident", "event", "key", "db"),
)


def build(only: str | None = None) -> typer.Typer:
    """All commands, or those of the one noun that is asked for: to import the others takes longer than most of what
    they do. Imported here, so that the service's own modules can be used without the command line."""
    made = typer.Typer(
        cls=House,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": list(HELP)},
        help="つながり: 孤独・孤立対策のためのLINEの仕組み。",
    )
    if only not in NOUNS:
        from bot.cli.chat import chat
        from bot.cli.check import check
        from bot.cli.demo import demo
        from bot.cli.serve import serve, work
        from bot.cli.simulate import simulate

        for command in (serve, work, demo, simulate, check, chat):
            made.command()(command)
    for noun in (only,) if only in NOUNS else NOUNS:
        made.add_typer(importlib.import_module(f"bot.cli.{noun}").app, name=noun)
    return made


def main() -> None:
    """The entry point `tsunagari`."""
    noun = sys.argv[1] if len(sys.argv) > 1 else None
    if noun in NOUNS:
        gc.set_threshold(100_000)  # what lives for a second need not be searched for cycles so often
    build(noun)()
