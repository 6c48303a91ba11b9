"""How a word goes on when somebody presses Tab: towns, topics, recipients, ids with what they stand for.

It never complains and never waits long: without a database, a key or an answer nothing is offered. Nothing is
migrated or written.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import typer

from bot.settings import Settings

if TYPE_CHECKING:
    from bot.content.library import Content
    from storage.work import Work

Offer = tuple[str, str]  # the word, and what it is in a few others
LONGEST_WAIT = 3.0  # seconds
_TAIL = re.compile(r"(?P<before>(?:.*[\s(（])?)(?P<tail>[^\s(（]*)", re.DOTALL)
_DATES = {"refresher-due": (("90日以内", "90日のうちに期限が来る"), ("30日以内", "30日のうちに期限が来る"))}


def offers(command: Any, group: str = "") -> Any:
    """The same command, whose options and arguments know how their words go on; also of all commands in it."""
    for name, each in getattr(command, "commands", {}).items():
        offers(each, name if hasattr(each, "commands") else group)
    for parameter in command.params:
        names = (f"{group} {parameter.name}", parameter.name, *parameter.opts)
        known = next((WORDS[name] for name in names if name in WORDS), None)
        if known is not None:
            parameter._custom_shell_complete = _asked(known)
    return command


def _asked(known: Callable[[str], Iterable[Offer]]) -> Callable[..., list[Any]]:
    def asked(_ctx: Any, _parameter: Any, incomplete: str) -> list[Any]:
        from typer._click.shell_completion import CompletionItem

        found = _in_time(lambda: [each for each in known(incomplete) if each[0].startswith(incomplete)])
        return [CompletionItem(word, help=told or None) for word, told in found]

    return asked


def _in_time(ask: Callable[[], list[Offer]]) -> list[Offer]:
    """What it finds; nothing where it fails, or takes so long that a shell would seem to hang."""
    found: list[Offer] = []

    def run() -> None:
        try:
            found.extend(ask())
        except Exception:
            found.clear()

    asking = threading.Thread(target=run, daemon=True)
    asking.start()
    asking.join(LONGEST_WAIT)
    return [] if asking.is_alive() else found


# ---- where the words are -----------------------------------------------------------------------------------


def _content() -> Content:
    from bot.content.library import peek_content

    return peek_content(Settings.from_env().content_dir)


@contextmanager
def _database() -> Iterator[Work]:
    """The database as it is: neither made nor migrated."""
    from bot.cli.house import has_database
    from storage.crypto import cipher_from
    from storage.database import open_database

    settings = Settings.from_env()
    if not has_database(settings.database_url):
        raise FileNotFoundError(settings.database_url.partition(":")[0])
    db = open_database(settings.database_url, cipher_from(settings.keys))
    try:
        with db.look() as work:
            yield work
    finally:
        db.close()


def towns(_incomplete: str = "") -> Iterator[Offer]:
    for town in _content().towns.values():
        yield town.name, town.key


def channels(_incomplete: str) -> Iterator[Offer]:
    for key in _content().channels:
        yield key, ""


def repeats(_incomplete: str) -> Iterator[Offer]:
    from bot.cli.repeats import EXAMPLES

    for example in EXAMPLES:
        yield example.replace(" ", ""), ""  # without the space no quotes are needed


def holidays(_incomplete: str) -> Iterator[Offer]:
    from bot.cli.repeats import HOLIDAY

    for key, words in HOLIDAY.items():
        yield words, key


def broadcast_ids(_incomplete: str) -> Iterator[Offer]:
    from bot.broadcasting.words import gist
    from bot.cli.broadcast_house import STATUS
    from bot.cli.output import moment
    from storage import broadcasts

    with _database() as work:
        for each in broadcasts.listed(work, limit=50):
            yield each.id, f"{moment(each.due_at)} {STATUS[each.status]} {gist(each.messages)}"


def series_ids(_incomplete: str) -> Iterator[Offer]:
    from bot.cli.broadcast_series import name
    from storage import broadcast_series

    with _database() as work:
        for each in broadcast_series.listed(work):
            yield each.id, name(each)


def course_ids(_incomplete: str) -> Iterator[Offer]:
    from storage import courses

    with _database() as work:
        for each in courses.listed(work)[:50]:
            yield each.id, f"{each.on_date:%Y-%m-%d} {each.title}"


def news_ids(_incomplete: str) -> Iterator[Offer]:
    from storage import news_items

    with _database() as work:
        for each in news_items.listed(work)[:50]:
            yield each.id, each.told.words.title


def segment_names(_incomplete: str = "") -> Iterator[Offer]:
    from storage import named_segments

    with _database() as work:
        for each in named_segments.listed(work):
            yield each.name, ""


def draft_names(_incomplete: str = "") -> Iterator[Offer]:
    from bot.cli.output import moment
    from storage import broadcast_drafts

    with _database() as work:
        for each in broadcast_drafts.listed(work):
            yield each.name, moment(each.changed_at)


# ---- --to town=… -------------------------------------------------------------------------------------------


def segments(incomplete: str) -> Iterator[Offer]:
    """The end of what was typed: a field, one of its values after = or a comma, or a name after @."""
    from bot.cli.segment import FIELDS

    found = _TAIL.fullmatch(incomplete)
    assert found is not None
    before, tail = found["before"], found["tail"]
    if tail.startswith("@"):
        yield from ((f"{before}@{name}", told) for name, told in segment_names())
        return
    if "=" in tail:
        field, _, values = tail.partition("=")
        known = {name: key for key, name in FIELDS.items()} | {key: key for key in FIELDS}
        yield from _values(f"{before}{field}=", known.get(field, ""), values)
        return
    fields: list[Offer] = [(f"{key}=", name) for key, name in FIELDS.items() if key.startswith(tail)]
    others = [each for each in (("everyone", "全員"), ("@", "名前をつけた相手")) if each[0].startswith(tail)]
    if len(fields) == 1 and not others:  # a shell would put a space after the one word that fits
        yield from _values(f"{before}{fields[0][0]}", fields[0][0].removesuffix("="), "")
        return
    yield from ((f"{before}{word}", told) for word, told in [*fields, *others])


def _values(before: str, field: str, typed: str) -> Iterator[Offer]:
    from bot.cli.segment_grammar import typable

    earlier, comma, _ = typed.rpartition(",")
    for word, told in _values_of(field):
        if typable(word):
            yield f"{before}{earlier}{comma}{word}", told


def _values_of(field: str) -> Iterator[Offer]:
    from bot.cli import segment

    match field:
        case "town":
            yield from towns()
        case "district":
            yield from ((name, "") for name in segment.district_names(_content()).values())
        case "topic":
            yield from ((name, key) for key, name in segment.topic_names(_content()).items())
        case "role" | "rhythm" | "entry":
            names = {"role": segment.ROLES, "rhythm": segment.RHYTHMS, "entry": segment.ENTRIES}[field]
            yield from ((name, key) for key, name in names.items())
        case "language":
            yield from ((name, key) for key, name in segment.language_names(_content()).items())
        case "course" | "seat":
            from storage import courses

            with _database() as work:
                for one in courses.listed(work)[:50]:
                    yield one.sign, f"{one.on_date:%Y-%m-%d} {one.title}"
        case "partner":
            from storage import partners

            with _database() as work:
                yield from ((each.name, "") for each in partners.listed(work))
        case _:
            yield from _DATES.get(field, ())


WORDS: dict[str, Callable[[str], Iterable[Offer]]] = {
    "--town": towns,
    "--channel": channels,
    "--to": segments,
    "--not": segments,
    "--repeat": repeats,
    "--holiday": holidays,
    "broadcast_id": broadcast_ids,
    "series_id": series_ids,
    "course_id": course_ids,
    "segment name": segment_names,
    "draft name": draft_names,
    "--topic": lambda _incomplete: _values_of("topic"),
    "--rhythm": lambda _incomplete: _values_of("rhythm"),
    "--in": lambda _incomplete: _values_of("language"),
    "news item_id": news_ids,
}


# ---- the shell's side --------------------------------------------------------------------------------------


def only_names(names: Iterable[str]) -> typer.Typer:
    """Commands without anything in them: enough to complete the first word, and quick."""
    made = typer.Typer(add_completion=False)
    for name in names:
        made.command(name)(lambda: None)
    return made


def learn_shells() -> None:
    """Typer's shells, and bash as it really is: it takes town=鳥取市 for three words."""
    from typer._click.shell_completion import add_completion_class
    from typer._completion_classes import BashComplete, completion_init

    class Bash(BashComplete):
        def get_completion_args(self) -> tuple[list[str], str]:
            args, last = super().get_completion_args()
            args, self.typed = whole_words(args, last)
            return args, self.typed

        def format_completion(self, item: Any) -> str:
            cut = max(self.typed.rfind(sign) for sign in "=@") + 1
            return str(item.value)[cut:]

    completion_init()
    add_completion_class(Bash, "bash")


def whole_words(args: list[str], last: str) -> tuple[list[str], str]:
    """["--to", "town", "="], "鳥" is ["--to"], "town=鳥": = and @ break words for bash, not for us."""
    words: list[str] = []
    for word in (*args, last):
        joins = words and (word == "=" or words[-1].endswith("=") or words[-1] == "@")
        if joins and not (word == "=" and words[-1].startswith("--") and "=" not in words[-1]):
            words[-1] += word
        elif word == "=":
            continue  # --to=…: the option and its value are two words for us
        else:
            words.append(word)
    return words[:-1], words[-1]


def show(asked: bool) -> None:
    """--show-completion: the lines for the shell, to look at."""
    if asked:
        from typer._completion_shared import get_completion_script

        typer.echo(
            get_completion_script(prog_name="tsunagari", complete_var="_TSUNAGARI_COMPLETE", shell=_shell())
        )
        raise typer.Exit


def install(asked: bool) -> None:
    """--install-completion: the same, where this shell finds it each time."""
    if asked:
        from typer._completion_shared import install as write

        from bot.cli import output

        shell, path = write(shell=_shell(), prog_name="tsunagari", complete_var="_TSUNAGARI_COMPLETE")
        output.say(f"Tabキーで言葉の続きが出るようにしました（{shell}、{path}）。", output.GOOD)
        output.say("新しい端末を開くと使えます。", output.QUIET)
        raise typer.Exit


def _shell() -> str:
    from typer import _completion_shared

    from bot.cli.output import Refused

    found = _completion_shared._get_shell_name()
    if found not in ("bash", "zsh", "fish"):
        raise Refused(
            "どのシェルか分かりません。", "bash、zsh、fish のどれかの中で、もう一度実行してください。"
        )
    return found
