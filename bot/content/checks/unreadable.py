"""Content that does not load: what keeps it out, and every other row of the schemes that would."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from bot.content.checks import raw
from bot.content.documents import load_documents
from bot.content.errors import ContentError
from bot.content.findings import Finding
from bot.content.questions import load_questions
from bot.content.rules import load_rules
from bot.content.scheme_files import load_schemes

_STOPS: Final = "直すまで、サービスを始められません。"
_IN_JAPANESE: Final = tuple(
    (re.compile(english), japanese)
    for english, japanese in (
        (r"documents\.yaml knows no (.+)", "documents.yaml に「{0}」はありません。"),
        (
            r"'(.+)' is neither an answer .*",
            "「{0}」は、答え（Q10.rent の形）でも rules.yaml の名前でもありません。",
        ),
        (r"(?:rules: )?no question offers the answer (.+)", "{0} という答えは、質問にありません。"),
        (r"is ([0-9]+) characters long, at most ([0-9]+)", "{0}字あります。{1}字までです。"),
        (r"'(.+)' has ([0-9]+) digits", "電話番号「{0}」は{1}けたです。数字が足りないか、多すぎます。"),
        (r"'(.+)' may hold only digits.*", "電話番号「{0}」に、数字と「-」のほかの字があります。"),
        (r"'(.*)' is no date.*", "「{0}」は日として読めません。2026-11-01 のように書いてください。"),
        (
            r"url '(.*)' must be an https address",
            "リンク「{0}」は、https:// で始まる住所ではありません。",
        ),
        (r"phone '(.*)' has ([0-9]+) digits", "電話番号「{0}」は{1}けたです。"),
        (r"is empty", "空です。書いてください。"),
        (r"unknown column '(.+)'", "「{0}」という列は使えません。"),
        (r"the column (.+) is missing", "{0} の列がありません。"),
        (r"there is no national scheme (.+)", "国の制度 {0} がありません。"),
        (r"(.+) is overridden twice", "国の制度 {0} の代わりが、2行あります。"),
        (r"(.+) is there twice.*", "{0} が2行あります（同じ日のもの、または別のもの）。"),
        (r"is not UTF-8.*", "UTF-8ではありません。「CSV UTF-8」で保存しなおしてください。"),
        (r"has more or fewer cells than the first row", "1行目とセルの数がちがいます。"),
        (r"is missing", "ありません。"),
    )
)


def of_unreadable(folder: Path, wrong: ContentError) -> Iterator[Finding]:
    """Why the content cannot be used, with every row of the schemes that is wrong, and every link and number."""
    rows: list[ContentError] = []
    known: set[str] = set()
    try:
        questions = load_questions(folder / "questions.yaml")
        rules = load_rules(folder / "rules.yaml", questions)
        documents = load_documents(folder / "documents.yaml")
        known = {*rules, *documents, *(f"{q.code}.{o.code}" for q in questions for o in q.options)}
        load_schemes(folder / "schemes", questions, rules, documents, rows)
    except (ContentError, OSError):
        rows = []  # what is wrong there is said already, or is said when that is mended
    yield _finding(wrong, known)
    yield from (_finding(row, known) for row in rows if str(row) != str(wrong))
    yield from raw.of_files(folder)


def _finding(wrong: ContentError, known: Iterable[str]) -> Finding:
    """The error of a loader as a finding, in Japanese where it is one of those that staff make."""
    problem = str(wrong).removeprefix(f"content/{wrong.file}: ")
    problem = problem.removeprefix(f"{wrong.key}: ") if wrong.key else problem
    problem = problem.removeprefix(f"{wrong.file}: ")
    field, colon, rest = problem.partition(": ")
    if colon and field.isidentifier() and field != "rules":
        problem = rest
    else:
        field = ""
    for english, japanese in _IN_JAPANESE:
        if found := english.fullmatch(problem):
            near = next(
                iter(difflib.get_close_matches(found[1] if found.re.groups else "", known, 1, 0.6)), None
            )
            meant = f"「{near}」ですか？ " if near else ""
            return _error(wrong, field, japanese.format(*found.groups()), f"{meant}{_STOPS}")
    return _error(wrong, field, problem, _STOPS)


def _error(wrong: ContentError, field: str, words: str, hint: str) -> Finding:
    return Finding("error", wrong.file, re.sub(r"^row ([0-9]+)", r"\1行", wrong.key), field, words, hint)
