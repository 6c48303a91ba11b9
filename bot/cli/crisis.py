"""`tsunagari crisis …`: why a sentence is taken for danger, how often that is right, and learning anew."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from bot.cli import output
from bot.cli.output import Refused
from bot.content.library import load_content
from bot.crisis import Danger, Level, Lexicon, Who, detect, load_lexicon
from bot.crisis.detection import explain as explained
from bot.crisis.detection import without_look_alikes
from bot.crisis.examples import Example, load_examples
from bot.crisis.figures import Figures, Line, figures, sets
from bot.crisis.lexicon import OPINION_FILE
from bot.crisis.normalise import Normal, normalise
from bot.crisis.training import as_json, learn
from bot.settings import Settings

app = typer.Typer(no_args_is_help=True, help="危険なことばの見つけ方")

WHO = {Who.SELF: "書いた人", Who.OTHER: "ほかの人", Who.BOTH: "両方"}
LEVEL = {
    Level.NOW: "いま",
    Level.STRONG: "強い",
    Level.SOFT: "よわい・あいまい",
    Level.LIVELIHOOD: "くらしの危機",
}
SETS = {
    "unseen": "直すことにも学びにも一度も使っていない文",
    "held": "学びに使わない三分の一",
    "learned": "規則と学びに使った三分の二",
    "rules": "はじめの規則を作った文",
    "service": "ボタンや申込みの言葉（かなでも）。すべて学ぶ",
}
BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"


@app.callback()
def crisis() -> None:
    """危険なことばの見つけ方"""


@app.command()
def explain(
    text: Annotated[str, typer.Argument(help="確かめたい文。「-」なら標準入力から読む（履歴に残らない）。")],
    json: Annotated[bool, typer.Option("--json", help="JSONで出す。")] = False,
) -> None:
    """なぜ危険と読んだか、または読まなかったかを見せる。

    例: tsunagari crisis explain "もういいかな"
    """
    content = load_content(Settings.from_env().content_dir)
    found = explained(sys.stdin.read() if text == "-" else text, content.lexicon)
    sides = (found.danger.sides or (found.danger,)) if found.danger else ()
    if json:
        output.as_json(
            {
                "danger": [_plain(side) for side in sides],
                "hushed": [asdict(each) for each in found.hushed],
                "second_opinion": found.verdict and asdict(found.verdict),
            }
        )
        return
    if not sides:
        output.say("危険なことばは見つかりませんでした。")
    for side in sides:
        output.table(
            f"{side.code} {side.category}（返事 {content.crisis_replies.for_danger(side).key}）",
            ("だれ", "どれくらい", "きまり", "ことば"),
            ((WHO[side.who], LEVEL[side.level], *reason.split(": ", 1)) for reason in side.reasons),
        )
    if found.hushed:
        output.table(
            "まわりの言葉でおさえたもの",
            ("きまり", "ことば", "おさえたきまり", "どうした"),
            ((e.rule, e.words, e.guard, "消した" if e.dropped else "弱めた") for e in found.hushed),
        )
    if found.verdict is not None:
        output.table(
            f"学んだ意見 {found.verdict.score}（{found.verdict.threshold} をこえたら危険）",
            ("文字のならび", "重み"),
            found.verdict.runs,
        )


@app.command("figures")
def figures_(
    write: Annotated[Path | None, typer.Option("--write", help="この文書の表を書きかえる。")] = None,
) -> None:
    """見つけた割合と、まちがって反応した割合を数える。

    例: tsunagari crisis figures --write docs/crisis.md
    """
    lexicon, examples = _material()
    tables = []
    for name, chosen in sets(examples).items():
        if chosen:
            tables.append(_table(SETS[name], figures(chosen, lambda text: detect(text, lexicon))))
    text = "\n\n".join(tables)
    if write is None:
        output.say(text)
        return
    before, begin, rest = write.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise Refused(f"{write} に {BEGIN} と {END} の行がありません。")
    write.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8")


@app.command()
def train() -> None:
    """文の一覧から学びなおし、opinion.json を書く（五分ほど）。

    例: tsunagari crisis train
    """
    lexicon, examples = _material()

    def read(text: str) -> Normal:
        return without_look_alikes(normalise(text), lexicon)

    opinion = learn(examples, read, lexicon.families, lexicon.plain)
    file = Settings.from_env().content_dir / "crisis" / OPINION_FILE
    file.write_text(as_json(opinion), encoding="utf-8")
    limits = f"{opinion.threshold}（はっきりした言葉があれば {opinion.plain_threshold}）"
    output.say(f"{file}: {len(opinion.danger)} 個の重み、{limits} をこえたら危険")


def _material() -> tuple[Lexicon, tuple[Example, ...]]:
    folder = Settings.from_env().content_dir / "crisis"
    try:
        return load_lexicon(folder / "lexicon.yaml"), load_examples(folder / "examples.csv")
    except (OSError, ValueError) as trouble:
        raise Refused(str(trouble)) from trouble


def _plain(side: Danger) -> dict[str, object]:
    return {
        "who": side.who.value,
        "code": side.code,
        "category": side.category,
        "reasons": list(side.reasons),
    }


def _table(title: str, counted: Figures) -> str:
    rows = [
        line for line in (*counted.categories, counted.explicit, counted.indirect, counted.soft) if line.of
    ]
    alarms, ordinary = counted.false_alarms, counted.ordinary
    dangerous = sum(line.of for line in counted.categories)
    return "\n".join(
        [
            f"**{title}**",
            "",
            "| 種類 | 文 | 見つけた | | 人も正しい | 程度も正しい |",
            "|---|---|---|---|---|---|",
            *(_row(line) for line in rows),
            "",
            f"まちがって反応: {alarms.found} / {alarms.of}（{alarms.share:.1%}、"
            f"うちふつうの文 {ordinary.found} / {ordinary.of}、うち規則 {counted.false_alarms_of_rules}）。"
            f"規則だけで見つけた: {counted.found_by_rules} / {dangerous}。",
        ]
    )


def _row(line: Line) -> str:
    return (
        f"| {line.name} | {line.of} | {line.found} | {line.share:.1%} | {line.right_person} | {line.exact} |"
    )
