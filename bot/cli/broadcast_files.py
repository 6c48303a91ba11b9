"""`tsunagari broadcast new|check|copy`: broadcasts as files that staff keep, compare and use again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from bot.broadcasting.files import MARKDOWN, YAML
from bot.broadcasting.forms import Contents
from bot.broadcasting.problems import Problem
from bot.broadcasting.rendering import photos_of
from bot.broadcasting.words import gist
from bot.broadcasting.writing import as_yaml, example
from bot.cli import output, repeats
from bot.cli.broadcast_content import Source, looked_through, read_file
from bot.cli.broadcast_house import Json, one
from bot.cli.broadcast_schedule import Wish
from bot.cli.house import House, open_house
from bot.cli.moments import read_moment
from bot.cli.output import Refused
from bot.cli.segment import read_audience
from bot.cli.segment_words import in_words
from bot.settings import DEFAULT_CHANNEL
from storage import broadcast_pictures, broadcast_series
from storage.broadcast_series import Series
from storage.broadcasts import Broadcast
from storage.segments import EVERYONE, All, Either, Fits, Not, Segment
from storage.work import Work

Out = Annotated[Path, typer.Option("--out", help="書き出すファイル。例: tsudoi.yaml")]
_WRONG = 1  # exit code


def new(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="作るファイル。.yaml か .md")],
) -> None:
    """お知らせのファイルの見本を作ります。説明つきなので、書きかえて使ってください。

    例: tsunagari broadcast new tsudoi.yaml

    例: tsunagari broadcast new tsudoi.md
    """
    if file.suffix.lower() not in (*YAML, *MARKDOWN):
        raise Refused(
            f"「{file.name}」: ファイルの名前は .yaml か .md で終わります。",
            "例: tsunagari broadcast new tsudoi.yaml",
        )
    write(file, example(file.suffix))
    output.say(f"{file} を作りました。書きかえたら: tsunagari broadcast check {file}", output.GOOD)


def check(
    files: Annotated[list[Path], typer.Argument(metavar="FILE…", help="調べるファイル。いくつでも。")],
    json: Json = False,
) -> None:
    """お知らせのファイルを調べて、直すところを行の番号つきで全部出します。直すところがあれば終了コードは1です。

    例: tsunagari broadcast check tsudoi.yaml

    例: tsunagari broadcast check oshirase/*.yaml
    """
    wrong: list[dict[str, Any]] = []
    with open_house() as house:
        for path in files:
            found = [*_problems(house, path)]
            wrong += [{"file": str(path), **each} for each in found]
            if not json:
                _told(path, found)
    if json:
        output.as_json(wrong)
    if wrong:
        raise typer.Exit(_WRONG)


def _told(path: Path, found: list[dict[str, Any]]) -> None:
    if not found:
        output.say(f"✓ {path}: 送れます。", output.GOOD)
    for each in found:
        line = f":{each['line']}" if each["line"] else ""
        output.complain(f"{path}{line} {each['problem']}", each["hint"])


def _problems(house: House, path: Path) -> Iterator[dict[str, Any]]:
    """Everything that is wrong with one file, in its order."""
    try:
        source = read_file(path)
        found = problems_of(house, source)
    except Refused as refused:
        yield {"line": None, "problem": str(refused), "hint": refused.hint}
        return
    for each in found:
        yield {"line": source.written.line_of(each.path), "problem": str(each), "hint": each.hint}


def problems_of(house: House, source: Source) -> list[Problem]:
    """With the recipients and the time, as far as they stand there."""
    found: list[Problem] = []
    segment: Segment = EVERYONE
    readers = {"to": _audience, "at": _moment, "repeat": _rule, "late": _late}
    for name, read in readers.items():
        try:
            if name in source.written.options:
                segment = read(house, source) or segment
        except Refused as refused:
            found.append(Problem((name,), str(refused), refused.hint))
        except typer.BadParameter as bad:
            found.append(Problem((name,), str(bad)))
    found += looked_through(house, source, segment)[1]
    return sorted(found, key=lambda each: source.written.line_of(each.path) or 0)


def _audience(house: House, source: Source) -> Segment:
    to, not_to = source.option("to", None), source.option("not", None)
    return read_audience(house, to, not_to or (), source.option("channel", None)).segment


def _moment(_house: House, source: Source) -> None:
    if "repeat" not in source.written.options:
        read_moment(source.option("at", None))


def _rule(house: House, source: Source) -> None:
    repeats.read_rule(
        source.option("repeat", None),
        source.option("at", None) or "10:00",
        house.now,
        begin=source.option("from", None),
        until=source.option("until", None),
        without=source.option("except", None) or (),
        holiday=source.option("holiday", None) or "send",
    )


def _late(_house: House, source: Source) -> None:
    Wish(source).late_limit()


def write(path: Path, text: str) -> None:
    """A new file; one that is there already is never written over."""
    try:
        with path.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except FileExistsError:
        raise Refused(f"{path} はもうあります。", "上書きはしません。ほかの名前にしてください。") from None
    except OSError as trouble:
        raise Refused(f"{path} に書けません（{trouble.strerror}）。") from None


# ---- an earlier one as a file ------------------------------------------------------------------------------


def copy(
    broadcast_id: Annotated[str, typer.Argument(metavar="ID", help="もとにする配信か、くり返しのID。")],
    out: Out,
) -> None:
    """前の配信を、書きかえて使えるファイルにします。送る相手と写真も入ります。日時は入りません。

    例: tsunagari broadcast copy 0199a0c3… --out kotoshi.yaml
    """
    if out.suffix.lower() not in YAML:
        raise Refused(f"「{out.name}」: 書き出すのは .yaml です。", "例: --out kotoshi.yaml")
    with open_house() as house:
        with house.db.look() as work:
            found = broadcast_series.get(work, broadcast_id) or one(work, broadcast_id)
            contents = Contents(found.messages, found.translations)
            photos, files = _photos(work, contents, out)
        to = typed(found.segment)
        whom = in_words(found.segment, house)
        read_back = _reads_as(house, to, found)
        options: dict[str, Any] = {"title": _title(found)}
        if read_back:
            options |= {"to": to} | ({} if found.channel == DEFAULT_CHANNEL else {"channel": found.channel})
        head = f"# {found.id} をもとにしたお知らせ。もとの相手: {whom}\n"
        head += "" if read_back else "# 送る相手は to: に書いてください。\n"
        head += "# 送る日時は at: に書くか、--at で付けてください。\n"
        if taken := next((each for each in (out, *files) if each.exists()), None):
            raise Refused(f"{taken} はもうあります。", "上書きはしません。ほかの名前にしてください。")
        write(out, head + as_yaml(options, contents, photos))
        for path, jpeg in files.items():
            path.write_bytes(jpeg)
        output.say(f"{out} に書きました（写真 {len(files)} 枚）。もとの相手: {whom}", output.GOOD)


def _title(found: Broadcast | Series) -> str:
    return (found.title if isinstance(found, Series) else "") or gist(found.messages)


def _photos(work: Work, contents: Contents, out: Path) -> tuple[dict[str, str], dict[Path, bytes]]:
    """The name of each photo in the new file, and the pictures to be put beside it."""
    names: dict[str, str] = {}
    files: dict[Path, bytes] = {}
    for number, photo in enumerate(photos_of(contents), 1):
        path = out.with_name(f"{out.stem}-{number}.jpg")
        names[photo] = path.name
        jpeg = broadcast_pictures.photo(work, photo)
        if jpeg is not None:
            files[path] = jpeg
    return names, files


def _reads_as(house: House, to: str, found: Broadcast | Series) -> bool:
    """Whether these words mean the same people again (a course may be gone, two towns may share a word)."""
    try:
        return read_audience(house, [to], (), found.channel).segment == found.segment
    except (Refused, typer.BadParameter):
        return False


def typed(segment: Segment) -> str:
    """The segment as it is typed after --to."""
    match segment:
        case All(()):
            return "everyone"
        case Fits(field, values):
            return f"{field}={','.join(_quoted(value) for value in values)}"
        case All(parts):
            return " and ".join(_bracketed(part) for part in parts)
        case Either(parts):
            return " or ".join(_bracketed(part) for part in parts)
        case Not(part):
            return f"not {_bracketed(part)}"


def _quoted(value: str) -> str:
    return value if value.replace("-", "").replace("_", "").isalnum() else f'"{value}"'


def _bracketed(part: Segment) -> str:
    return typed(part) if isinstance(part, Fits) else f"({typed(part)})"
