"""Broadcasts as files that staff keep under version control: YAML, or Markdown with YAML at its head."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import Any

import yaml

from bot.broadcasting.forms import KINDS
from bot.broadcasting.problems import Path, Problem, choose

YAML, MARKDOWN = (".yaml", ".yml"), (".md", ".markdown")
LARGEST = 512 * 1024  # bytes
OPTIONS = (  # as the options of `broadcast schedule` are called
    "title",
    "to",
    "not",
    "channel",
    "at",
    "repeat",
    "from",
    "until",
    "except",
    "holiday",
    "late",
    "urgent",
)
LISTS = ("to", "not", "except")
FIELDS = (*OPTIONS, "messages", "languages")
_SEPARATOR = re.compile(r"-{3,}[ \t]*([A-Za-z]{2}(?:-[A-Za-z]{2,5})?)?[ \t]*")
_FENCE = re.compile(r"```[ \t]*(\w+)?[ \t]*")
_COLON = (
    '名前のあとの「:」は半角で、そのあとに空白を1つ入れます。文章に「: 」や「#」があるときは " " で囲みます。'
)

_WIDE_SPACE = "全角の空白があります。半角の空白にしてください。"


class Unreadable(Exception):
    """Nothing can be read from this file; the problems say why."""

    def __init__(self, *problems: Problem, line: int | None = None) -> None:
        super().__init__("; ".join(map(str, problems)))
        self.problems = problems
        self.line = line


@dataclass(frozen=True)
class Written:
    """What a file says: options as they would be typed, messages and translations as plain data, still unchecked.
    `lines` are where each part stands."""

    options: Mapping[str, Any]
    messages: Any
    languages: Mapping[str, Any]
    lines: Mapping[Path, int] = field(default_factory=dict, repr=False)
    problems: tuple[Problem, ...] = ()

    def line_of(self, path: Path) -> int | None:
        """The line of this part, or of the nearest one around it."""
        for end in range(len(path), -1, -1):
            if (line := self.lines.get(path[:end])) is not None:
                return line
        return None


def read_text(raw: bytes) -> str:
    """The text of a file; Unreadable where it is none. Excel's UTF-8 and Windows' line ends are known."""
    if len(raw) > LARGEST:
        raise Unreadable(
            Problem((), f"大きすぎます（{LARGEST // 1024} KB まで）。", "文章だけのファイルにしてください。")
        )
    try:
        return raw.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError:
        raise Unreadable(
            Problem(
                (),
                "文字の種類が UTF-8 ではありません。",
                "メモ帳なら「名前を付けて保存」で UTF-8 を選びます。",
            )
        ) from None


def read(text: str, suffix: str) -> Written:
    """What the file says; Unreadable where it is no YAML."""
    if suffix.lower() in MARKDOWN:
        return _markdown(text)
    if suffix.lower() not in YAML:
        known = "、".join((*YAML, *MARKDOWN))
        raise Unreadable(Problem((), f"「{suffix}」のファイルは読めません。", f"読めるもの: {known}"))
    lines: dict[Path, int] = {}
    problems: list[Problem] = []
    return _written(_plain(text, 0, (), lines, problems), lines, problems)


def _written(raw: Any, lines: dict[Path, int], problems: list[Problem]) -> Written:
    if raw is None or raw == "":
        raise Unreadable(Problem((), "何も書かれていません。", "書き方の例: tsunagari broadcast new FILE"))
    if not isinstance(raw, Mapping):
        raise Unreadable(Problem((), "「名前: 内容」の形になっていません。", _COLON), line=lines.get((), 1))
    for name in raw:
        if name not in FIELDS:
            hint = _WIDE_SPACE if "\u3000" in name else choose(name, FIELDS)
            problems.append(Problem((name,), f"「{name.strip()}」という項目はありません。", hint))
    languages = raw.get("languages", {})
    if not isinstance(languages, Mapping):
        problems.append(
            Problem(("languages",), "「en:」のように、言語ごとに書きます。", "例: languages: の下に「  en:」")
        )
        languages = {}
    return Written(_options(raw, problems), raw.get("messages"), languages, lines, tuple(problems))


def _options(raw: Mapping[str, Any], problems: list[Problem]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in OPTIONS:
        if name not in raw:
            continue
        value = raw[name]
        listed = value if isinstance(value, list) else [value]
        if not all(isinstance(each, str) and each.strip() for each in listed) or not listed:
            problems.append(Problem((name,), "空か、文字ではありません。", "1行の文字で書いてください。"))
        elif name in LISTS:
            found[name] = [each.strip() for each in listed]
        elif isinstance(value, list):
            problems.append(Problem((name,), "1つだけ書けます。", "「- 」を取って1行にしてください。"))
        else:
            found[name] = value.strip()
    return found


# ---- YAML --------------------------------------------------------------------------------------------------


def _plain(text: str, offset: int, top: Path, lines: dict[Path, int], problems: list[Problem]) -> Any:
    """YAML as strings, lists and mappings alone: 10:00 stays 10:00, a number stays as it was typed."""
    try:
        node = yaml.compose(text, Loader=yaml.CSafeLoader)
        return None if node is None else _of_node(node, offset, top, lines, problems)
    except yaml.YAMLError as trouble:
        mark = getattr(trouble, "problem_mark", None) or getattr(trouble, "context_mark", None)
        line = offset + (mark.line + 1 if mark else 1)
        raise Unreadable(
            Problem((), "YAMLとして読めません。", _hint(text, line - offset)), line=line
        ) from None
    except RecursionError:
        raise Unreadable(
            Problem((), "深く入れすぎています。", "書き方の例: tsunagari broadcast new FILE")
        ) from None


def _hint(text: str, line: int) -> str:
    """What staff most often mistype around this line."""
    around = text.split("\n")[max(0, line - 2) : line + 1]
    if any(re.match(r"[- ]*\u3000", each) for each in around):
        return _WIDE_SPACE
    if any("\t" in each for each in around):
        return "タブがあります。半角の空白にしてください。"
    if any(re.match(r"\s*(?:- )?\w+：", each) for each in around):
        return "「：」が全角です。半角の「: 」にしてください。"
    return _COLON


def _of_node(node: Any, offset: int, path: Path, lines: dict[Path, int], problems: list[Problem]) -> Any:
    lines.setdefault(path, offset + node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        found: dict[str, Any] = {}
        for name_node, value in node.value:
            name = str(name_node.value) if isinstance(name_node, yaml.ScalarNode) else "?"
            here = (*path, name)
            if name in found:
                problems.append(Problem(here, f"「{name}」が2回あります。", "1つにしてください。"))
            lines[here] = offset + name_node.start_mark.line + 1
            found[name] = _of_node(value, offset, here, lines, problems)
        return found
    if isinstance(node, yaml.SequenceNode):
        return [
            _of_node(each, offset, (*path, place), lines, problems) for place, each in enumerate(node.value)
        ]
    return node.value


# ---- Markdown ----------------------------------------------------------------------------------------------


def _markdown(text: str) -> Written:
    """YAML between two lines of --- at the head; then messages, each after a line of ---; `--- en` begins those in
    English; a block ```cards or ```picture holds YAML."""
    lines: dict[Path, int] = {}
    problems: list[Problem] = []
    rows = text.split("\n")
    head: Any = {}
    begin = 0
    if rows and rows[0].strip() == "---":
        end = next((n for n, row in enumerate(rows[1:], 1) if row.strip() == "---"), None)
        if end is None:
            raise Unreadable(Problem((), "はじめの --- に、終わりの --- がありません。"), line=1)
        head = _plain("\n".join(rows[1:end]), 1, (), lines, problems) or {}
        begin = end + 1
    if not isinstance(head, Mapping):
        raise Unreadable(
            Problem((), "はじめの --- の間が「名前: 内容」の形になっていません。", _COLON), line=2
        )
    for name in ("messages", "languages"):
        if name in head:
            problems.append(
                Problem((name,), "Markdownでは、--- のあとに文章を書きます。", "この項目を消してください。")
            )
    said: dict[str | None, list[Any]] = {None: []}
    language: str | None = None
    part: list[tuple[int, str]] = []

    def finish() -> None:
        top: Path = ("languages", language) if language else ("messages",)
        for number, form in _messages(part, top, len(said[language]), lines, problems):
            lines.setdefault(top, number)
            said[language].append(form)
        part.clear()

    fenced = False
    for number, row in enumerate(rows[begin:], begin + 1):
        fenced ^= bool(_FENCE.fullmatch(row.strip()))
        if not fenced and (found := _SEPARATOR.fullmatch(row)):
            finish()
            language = found[1] or language
            said.setdefault(language, [])
        else:
            part.append((number, row))
    finish()
    raw = {name: value for name, value in head.items() if name not in ("messages", "languages")}
    whole = {**raw, "messages": said.pop(None), "languages": {str(key): each for key, each in said.items()}}
    return _written(whole, lines, problems)


def _messages(
    part: list[tuple[int, str]], top: Path, first: int, lines: dict[Path, int], problems: list[Problem]
) -> list[tuple[int, Any]]:
    """The messages between two separators: words, and blocks of other kinds, in their order."""
    found: list[tuple[int, Any]] = []
    words: list[tuple[int, str]] = []

    def say() -> None:
        text = "\n".join(_spoken(row) for _, row in words).strip()
        if text:
            path = (*top, first + len(found))
            number = next(number for number, row in words if row.strip())
            lines[path] = lines[(*path, "text")] = number
            found.append((number, {"text": text}))
        words.clear()

    rows = iter(part)
    for number, row in rows:
        fence = _FENCE.fullmatch(row.strip())
        if fence is None or fence[1] is None:
            words.append((number, row))
            continue
        say()
        block: list[str] = []
        closed = False
        for _, inside in rows:
            if closed := inside.strip() == "```":
                break
            block.append(inside)
        kind, path = fence[1], (*top, first + len(found))
        lines[path] = number
        if not closed:
            problems.append(
                Problem(path, f"```{kind} に、終わりの ``` がありません。", "``` だけの行で閉じます。")
            )
        if kind not in KINDS:
            problems.append(Problem(path, f"```{kind} は分かりません。", choose(kind, KINDS)))
            continue
        found.append((number, {kind: _plain("\n".join(block), number, (*path, kind), lines, problems)}))
    say()
    return found


def _spoken(row: str) -> str:
    """A line of Markdown as LINE shows it: LINE knows no headings, lists or bold letters."""
    row = re.sub(r"^(#{1,6})[ \t]+", "■ ", row)
    row = re.sub(r"^([ \t]*)[-*+][ \t]+", r"\1・", row)
    row = re.sub(r"\*\*(.+?)\*\*", r"\1", row)
    return re.sub(r"\[([^\]\n]+)\]\((https://[^\s)]+)\)", r"\1 {link:\2}", row).rstrip()


def beside(folder: FilePath, name: str) -> FilePath | None:
    """The file with this name in the folder; None for a path that leads out of it."""
    plain = FilePath(name)
    if plain.is_absolute() or len(plain.parts) != 1 or name in (".", ".."):
        return None
    return folder / plain
