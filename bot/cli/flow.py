"""`tsunagari flow …`: conversations as drawings, made by walking them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Annotated, Any

import typer

from bot.cli import output
from bot.cli.chat import PRACTICE_CODE, practice_context
from bot.cli.house import open_content
from bot.flows import FLOWS, Flow
from bot.flows.context import Context
from bot.flows.engine import Asking, Finished, play
from bot.flows.talk import Choice, Many, Question, Words
from bot.wording import words_of

app = typer.Typer(no_args_is_help=True, help="会話の流れ（一覧・図）")

LONGEST_LABEL = 24


@app.command("list")
def list_() -> None:
    """会話の一覧。

    例: tsunagari flow list
    """
    output.table("会話", ("名前", "内容"), ((flow.name, flow.purpose) for flow in FLOWS.values()))


@app.command()
def draw(name: Annotated[str, typer.Argument(help="会話の名前。")]) -> None:
    """会話の流れを Mermaid の図（文字）で出します。

    例: tsunagari flow draw registration > registration.mmd
    """
    if name not in FLOWS:
        output.unknown("会話", name, FLOWS)
    for line in mermaid(FLOWS[name], practice_context(open_content(), name)):
        typer.echo(line)


def mermaid(flow: Flow, ctx: Context) -> Iterator[str]:
    """Every question once, every answer as an arrow to what follows it."""
    questions, arrows = _walk(flow, ctx)
    yield "flowchart TD"
    for key, question in questions.items():
        yield f'  {_id(key)}["{_clean(words_of(question, flow.name, ctx.content.texts).text)}"]'
    for end in dict.fromkeys(after for _, after, _ in arrows if after not in questions):
        yield f'  {_id(end)}(["{_clean(end)}"])'
    together: dict[tuple[str, str], list[str]] = {}
    for before, after, label in arrows:
        together.setdefault((before, after), []).append(label)
    for (before, after), labels in together.items():
        words = " / ".join(dict.fromkeys(labels)) if len(labels) < 4 else f"{labels[0]} … ({len(labels)})"
        yield f'  {_id(before)} -->|"{_clean(words)}"| {_id(after)}'


def _walk(flow: Flow, ctx: Context) -> tuple[dict[str, Question], list[tuple[str, str, str]]]:
    """Each answer is tried after each answer to the question before it: what depends on more is not drawn."""
    questions: dict[str, Question] = {}
    arrows: dict[tuple[str, str, str], None] = {}
    tried: set[tuple[str, str, str]] = set()
    waiting: deque[tuple[str, dict[str, Any]]] = deque([("", {})])
    while waiting:
        past, answers = waiting.popleft()
        now = play(flow.function, ctx, answers)
        assert isinstance(now, Asking)
        question = now.question
        questions.setdefault(question.key, question)
        for label, answer in _answers(flow, question, ctx):
            if (past, question.key, label) in tried:
                continue
            tried.add((past, question.key, label))
            then = {**answers, question.key: answer}
            after = play(flow.function, ctx, then)
            if isinstance(after, Finished):
                end = "、".join(type(effect).__name__ for effect in after.effects) or "おわり"
                arrows[question.key, end, label] = None
            elif after.refused is None:
                waiting.append((f"{question.key}={label}", then))
                arrows[question.key, after.question.key, label] = None
    return questions, list(arrows)


def _answers(flow: Flow, question: Question, ctx: Context) -> Iterator[tuple[str, Any]]:
    wording = words_of(question, flow.name, ctx.content.texts)
    match question:
        case Words():
            yield "（入力）", PRACTICE_CODE
        case Many():
            yield "（選ぶ）", {"picks": list(wording.options)[:1], "done": True}
            yield "（選ばない）", {"picks": [], "done": True}
        case Choice():
            yield from ((label, key) for key, label in (wording.options | wording.quiet).items())


def _id(key: str) -> str:
    return "n_" + "".join(c if c.isalnum() and c.isascii() else f"_{ord(c):x}_" for c in key)


def _clean(text: str) -> str:
    one_line = " ".join(text.split()).replace('"', "”")
    return one_line if len(one_line) <= LONGEST_LABEL * 2 else one_line[: LONGEST_LABEL * 2 - 1] + "…"
