"""What Typer says by itself, in Japanese: the words of the help, and why a command line was not understood.

Typer has no setting for its words, so they are exchanged in its modules, when help or a usage error is at hand.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Callable, Iterable
from functools import cache, wraps
from typing import Any

from bot.cli.output import complain, explain_more

_KINDS = {
    "<bool>": "",
    "<str>": "文字",
    "<list[str]>": "文字",
    "<int>": "数",
    "<int range>": "数",
    "<float>": "数",
    "<float range>": "数",
    "<list[int]>": "数",
    "<path>": "ファイル",
    "<file>": "ファイル",
    "<directory>": "フォルダー",
    "<list[Path]>": "ファイル",
}
_SENTENCES = {"Show this message and exit.": "この説明を出す。"}
_IN_USAGE = (
    (r"\[OPTIONS\]", "[指定]"),
    (r"COMMAND \[ARGS\]\.\.\.", "命令 …"),
    (r"\{([^{}]+)\}", r"\1"),  # what is needed is meant to be typed without braces
    (r"\[\[([^\[\]]+)\]\]", r"[\1]"),
)
_EXAMPLE = re.compile(r"^\s*例: (tsunagari .+)$", re.MULTILINE)


@cache
def speak() -> None:
    """Exchange the words, once. It brings a reader of Markdown: not for a command that just works."""
    from typer import core
    from typer import rich_utils as panels
    from typer._click.formatting import HelpFormatter

    panels.OPTIONS_PANEL_TITLE = "指定できること"
    panels.ARGUMENTS_PANEL_TITLE = "命令のあとに書くもの"
    panels.COMMANDS_PANEL_TITLE = "命令"
    panels.DEFAULT_STRING = "（ふつうは {}）"
    panels.REQUIRED_LONG_STRING = "（必ず書きます）"
    panels.RANGE_STRING = " {}"
    panels.ABORTED_TEXT = "やめました。"
    panels.OptionHighlighter.highlights[-1] = "(?P<usage>使い方: )"
    panels.rich_format_error = explain  # type: ignore[assignment]
    panels._make_rich_text = _going_on(panels._make_rich_text)
    core.describe_number_range = _range  # type: ignore[attr-defined]
    core._TyperParameter.display_type = _kind(core._TyperParameter.display_type)  # type: ignore[method-assign]
    HelpFormatter.write_usage = _usage(HelpFormatter.write_usage)  # type: ignore[method-assign]


def _going_on(drawn: Callable[..., Any]) -> Callable[..., Any]:
    """Japanese has no spaces: a sentence goes on in the next line, and is not cut by 「…」."""

    @wraps(drawn)
    def folded(**given: Any) -> Any:
        given["text"] = _SENTENCES.get(given["text"], given["text"])
        text = drawn(**given)
        text.overflow = "fold"
        return text

    return folded


def _kind(of: Callable[..., str]) -> Callable[..., str]:
    def kind(parameter: Any, ctx: Any) -> str:
        said = of(parameter, ctx=ctx)
        return _KINDS.get(said, said)

    return kind


def _range(min: float | None, max: float | None) -> str | None:  # noqa: A002 - Typer's names
    if min is None and max is None:
        return None
    return f"{'' if min is None else min}〜{'' if max is None else max}"


def _usage(write: Callable[..., None]) -> Callable[..., None]:
    def written(formatter: Any, prog: str, args: str = "", prefix: str | None = None) -> None:
        for english, ours in _IN_USAGE:
            args = re.sub(english, ours, args)
        write(formatter, prog, args, prefix or "使い方: ")

    return written


# ---- why it was not understood -------------------------------------------------------------------------------


def explain(error: Any) -> None:
    """One line says what is wrong, one what is right, and where to read on."""
    if type(error).__name__ == "NoArgsIsHelpError":  # its help stands on the screen already
        return
    text, hint = reason(error)
    complain(text, hint)
    ctx = getattr(error, "ctx", None)
    if ctx is None:
        return
    if example := _EXAMPLE.search(ctx.command.help or ""):
        explain_more(f"例: {example[1].strip()}")
    explain_more(f"説明: {ctx.command_path} --help")


def reason(error: Any) -> tuple[str, str | None]:
    """What was wrong on the command line, and what would be right."""
    match type(error).__name__:
        case "MissingParameter":
            return _missing(error)
        case "NoSuchOption":
            known = [name for each in error.ctx.command.params for name in each.opts if not each.hidden]
            return _not_there("指定", error.option_name, known)
        case "BadOptionUsage" if "does not take" in error.message:
            return f"{error.option_name} に値は付けません。", None
        case "BadOptionUsage":
            return f"{error.option_name} のあとに値がありません。", None
        case "BadParameter":
            return _bad_value(error), None
    if found := re.match(r"No such command '(.*?)'\.", error.message):
        return _not_there("命令", found[1], _visible(error.ctx.command))
    if found := re.match(r"Got unexpected extra argument\(s\) \((.*)\)", error.message):
        return (
            f"「{found[1]}」は余分です。",
            '空白の入る文章や日時は、" " で囲んでください。例: --text "明日 10時から"',
        )
    if error.message == "Missing command.":
        return "命令が足りません。", f"使えるもの: {'、'.join(_visible(error.ctx.command))}"
    return error.format_message(), None


def _missing(error: Any) -> tuple[str, str | None]:
    parameter = error.param
    name = parameter.opts[0] if parameter.param_type_name == "option" else parameter.display_name_raw
    return f"{name} が書かれていません。", parameter.help and f"{name}: {parameter.help}"


def _not_there(what: str, word: str, known: Iterable[str]) -> tuple[str, str]:
    names = list(known)
    meant = next(iter(difflib.get_close_matches(word, names, n=1, cutoff=0.6)), None)
    return (
        f"「{word}」という{what}はありません。",
        f"「{meant}」ですか？" if meant else f"使えるもの: {'、'.join(names)}",
    )


def _visible(command: Any) -> list[str]:
    return [name for name, each in command.commands.items() if not each.hidden]


def _bad_value(error: Any) -> str:
    """Our own sentence as it is; Typer's about a number in ours."""
    parameter = error.param
    if parameter is None:
        return str(error.message)
    name = parameter.opts[0] if parameter.param_type_name == "option" else parameter.display_name_raw
    wrong: list[Any] = getattr(error.__cause__, "errors", list)()
    if not wrong:
        return f"{name}: {error.message}"
    typed, kind = wrong[0].get("input"), wrong[0].get("type", "")
    low, high = getattr(parameter, "min", None), getattr(parameter, "max", None)
    if kind.startswith(("int", "float")):
        plain = unicodedata.normalize("NFKC", str(typed)).strip()
        meant = f"「{plain}」のことですか？" if re.fullmatch(r"[0-9]+", plain) else "数字で書いてください。"
        between = f"（{_range(low, high)}）" if _range(low, high) else ""
        return f"{name}: 「{typed}」は数として読めません。{meant}{between}"
    if kind.startswith(("greater", "less")):
        return f"{name}: 「{typed}」は使えません。{_range(low, high)} の数にしてください。"
    return f"{name}: 「{typed}」は使えません。"
