"""What a broadcast shall say, as it was given: typed with --text, in a file, or in a draft. Read and checked here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import typer

from bot import pictures
from bot.broadcasting import files, limits
from bot.broadcasting.files import Unreadable, Written
from bot.broadcasting.forms import Contents, Form, check
from bot.broadcasting.known import Known, NoPhoto
from bot.broadcasting.making import course_of
from bot.broadcasting.problems import Problem, choose
from bot.broadcasting.rendering import has_pictures
from bot.broadcasting.sayings import sayings
from bot.cli.house import House
from bot.cli.output import Refused, nearest
from bot.content.languages import JAPANESE
from storage import broadcast_pictures
from storage.segments import EVERYONE, Segment
from storage.work import Work

Texts = Annotated[list[str] | None, typer.Option("--text", help="送る文章。くり返すと最大5通まで。")]
File = Annotated[
    Path | None,
    typer.Option(
        "--file",
        help="文章・カード・絵・相手・日時などを書いたファイル（YAML か Markdown）。見本は broadcast new で作れます。",
    ),
]
HELP_NEW = "書き方の見本を作るには: tsunagari broadcast new FILE"


@dataclass(frozen=True)
class Source:
    """What was given. `name` is that of the file; `folder` is where its photos are, or `photos` their ids in the
    database by file name."""

    written: Written
    name: str | None = None
    folder: Path | None = None
    photos: Mapping[str, str] = field(default_factory=dict)

    def option(self, name: str, typed: Any) -> Any:
        """What was typed on the command line, else what the file says."""
        return typed if typed is not None else self.written.options.get(name)

    def line(self, problem: Problem) -> str:
        """「kai.yaml:12 カード1枚目 title: …」"""
        if self.name is None:
            return str(problem)
        line = self.written.line_of(problem.path)
        return f"{self.name}{f':{line}' if line else ''} {problem}"


@dataclass(frozen=True)
class Prepared:
    """Contents that LINE would take, and the photos in them that are not in the database yet, by id; `names` are those
    ids by file name."""

    contents: Contents
    photos: Mapping[str, bytes] = field(default_factory=dict)
    course: str | None = None
    names: Mapping[str, str] = field(default_factory=dict)

    @property
    def messages(self) -> tuple[Form, ...]:
        return self.contents.messages

    @property
    def translations(self) -> Mapping[str, tuple[Form, ...]]:
        return self.contents.translations

    def keep_photos(self, work: Work, channel: str) -> None:
        """Write them down; what is not sent in the end is forgotten after a while."""
        for jpeg in self.photos.values():
            broadcast_pictures.keep_photo(work, channel, jpeg)

    def photo(self, work: Work) -> Callable[[str], bytes | None]:
        """A photo by its id, new or known."""
        return lambda name: self.photos.get(name) or broadcast_pictures.photo(work, name)


def source_of(texts: Sequence[str] | None, file: Path | None) -> Source:
    """What was typed or the file that was named; refused where it is neither or both."""
    if texts and file is not None:
        raise typer.BadParameter("--text と --file は、どちらか一方を書いてください。")
    if file is not None:
        return read_file(file)
    if not texts:
        raise typer.BadParameter("送る文章を --text か --file で書いてください。")
    return Source(Written({}, [{"text": text} for text in texts], {}))


def read_file(path: Path) -> Source:
    """A file as it stands there; refused where it cannot be read."""
    try:
        text = files.read_text(path.read_bytes())
        return Source(files.read(text, path.suffix), path.name, path.parent)
    except OSError as trouble:
        raise Refused(*_no_file(path, trouble)) from None
    except Unreadable as wrong:
        raise unreadable(path.name, wrong) from None


def unreadable(name: str, wrong: Unreadable) -> Refused:
    """Why nothing can be read from it, with its line."""
    line = f":{wrong.line}" if wrong.line else ""
    return Refused("\n".join(f"{name}{line} {each}" for each in wrong.problems), wrong.problems[0].hint)


def _no_file(path: Path, trouble: OSError) -> tuple[str, str | None]:
    if not isinstance(trouble, FileNotFoundError):
        return f"{path} を読めません（{trouble.strerror}）。", None
    folder = path.parent
    there = [each.name for each in folder.iterdir() if each.is_file()] if folder.is_dir() else []
    meant = nearest(path.name, there)
    hint = f"「{folder / meant}」ですか？" if meant else HELP_NEW
    return f"「{path}」というファイルはありません。", hint


def prepare(house: House, source: Source, segment: Segment) -> Prepared:
    """The contents, ready to be scheduled; Refused with everything that is wrong and where."""
    prepared, problems = looked_through(house, source, segment)
    if problems:
        raise refusal(source, problems)
    return prepared


def refusal(source: Source, problems: Sequence[Problem]) -> Refused:
    """All problems in one answer, each with its line and what to do."""
    if len(problems) == 1:
        return Refused(source.line(problems[0]), problems[0].hint)
    lines = [f"{source.line(each)}{f' → {each.hint}' if each.hint else ''}" for each in problems]
    head = f"直すところが {len(problems)} あります。"
    return Refused("\n".join([head, *lines]), HELP_NEW if source.name else None)


def looked_through(
    house: House, source: Source, segment: Segment = EVERYONE
) -> tuple[Prepared, list[Problem]]:
    """The contents, and every problem with them, in the order of the file."""
    photos: dict[str, bytes] = {}
    names: dict[str, str] = {}
    with house.db.look() as work:
        course = course_of(work, segment)
    settings = house.settings
    known = Known(
        house.content,
        settings.public_url,
        sayings(house.content),
        course,
        _photo_finder(source, photos, names),
    )
    written = source.written
    messages, problems = check(written.messages, known)
    problems = [*written.problems, *problems]
    translations: dict[str, tuple[Form, ...]] = {}
    for language, raw in written.languages.items():
        problems += _language(house, language)
        translations[language], more = check(raw, known, ("languages", language))
        problems += more
    contents = Contents(messages, translations)
    if not problems:
        problems = limits.refused_by_line(contents, known)
    if not problems and has_pictures(contents):
        problems = _fetchable(house)
    if source.name is not None:
        problems.sort(key=lambda each: written.line_of(each.path) or 0)
    return Prepared(contents, photos, course, names), problems


def _language(house: House, language: str) -> Iterable[Problem]:
    known = [key for key in house.content.languages if key != JAPANESE]
    if language == JAPANESE:
        yield Problem(
            ("languages", language), "日本語は messages に書きます。", "languages にはほかの言語を書きます。"
        )
    elif language not in known:
        yield Problem(
            ("languages", language), f"「{language}」という言語はありません。", choose(language, known)
        )


def _fetchable(house: House) -> list[Problem]:
    """LINE fetches pictures by https alone; a stand-in for LINE on this machine takes what it gets."""
    settings = house.settings
    if settings.public_url.startswith("https://") or settings.line_api_base is not None:
        return []
    return [
        Problem(
            (),
            f"絵や写真を送れません。LINEは https の住所からだけ絵を受け取ります（いま PUBLIC_URL は {settings.public_url}）。",
            "PUBLIC_URL を https:// で始まる住所にするか、絵を外してください。",
        )
    ]


def _photo_finder(source: Source, found: dict[str, bytes], names: dict[str, str]) -> Callable[[str], str]:
    """By the file's name: from its folder, made safe; or as the draft has it."""

    def photo(name: str) -> str:
        if name in source.photos:
            return source.photos[name]
        if source.folder is None:
            raise NoPhoto(f"写真「{name}」が見つかりません。", "ファイルに書いて --file で使ってください。")
        path = files.beside(source.folder, name)
        if path is None:
            raise NoPhoto(
                f"「{name}」は使えません。", "写真は、このファイルと同じフォルダーに置いてください。"
            )
        try:
            if path.stat().st_size > pictures.MOST_BYTES:
                raise pictures.TooBig
            jpeg = pictures.small(path.read_bytes()).jpeg
        except OSError as trouble:
            text, hint = _no_file(path, trouble)
            raise NoPhoto(text, hint if hint != HELP_NEW else "同じフォルダーに置いてください。") from None
        except pictures.TooBig:
            most = pictures.MOST_BYTES // 1024 // 1024
            raise NoPhoto(
                f"写真「{name}」が大きすぎます。", f"{most} MB までの写真にしてください。"
            ) from None
        except pictures.NoPicture:
            raise NoPhoto(f"「{name}」は写真として読めません。", "JPEG、PNG、WebP が使えます。") from None
        fresh = broadcast_pictures.photo_id(jpeg)
        found[fresh] = jpeg
        names[name] = fresh
        return fresh

    return photo
