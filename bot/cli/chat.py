"""`tsunagari chat FLOW`: a conversation in the terminal, the same as on LINE. Nothing is stored or sent."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Any, assert_never

import typer

from bot import news_words
from bot.cli import output
from bot.cli.house import open_content
from bot.cli.output import TOKYO
from bot.content.library import Content
from bot.flows import FLOWS, Flow
from bot.flows.context import (
    AskedCourse,
    Context,
    CourseOffer,
    Enrolled,
    OpenCourse,
    ReadCode,
    Visitor,
    Watch,
)
from bot.flows.effects import (
    AttendAgain,
    ChangeLanguage,
    ChangePlace,
    ChangeTopics,
    Effect,
    GoOn,
    KeepAnswers,
    LeaveSeat,
    OpenConcern,
    RegisterSupporter,
    Say,
    ShowSchemes,
    ShowWindows,
    TakeSeat,
)
from bot.flows.engine import Asking, back, play
from bot.flows.talk import NotAnAnswer, Tapped, Typed, plain, understand
from bot.settings import DEFAULT_CHANNEL
from bot.wording import Wording, words_of
from storage import courses

PRACTICE_CODE = "7KQ4M2XW9H"
_WORDS = "とき：12月6日（日）13:30〜15:30\nところ：駅南庁舎\n参加費：無料"
PRACTICE_OFFERS = (
    CourseOffer("free", "12/6（日）練習の市 練習の講座", "練習の講座", _WORDS, "のこり5席です。", "open"),
    CourseOffer("full", "12/13（日）練習の市 満席の講座", "満席の講座", _WORDS, "満席です。", "waiting_list"),
    CourseOffer(
        "mine",
        "12/20（日）練習の市 申込みずみの講座",
        "申込みずみの講座",
        _WORDS,
        "申込みずみです。",
        "open",
        "seat",
    ),
)
PRACTICE_ASKED = (AskedCourse("free", "12/6（日）練習の市 練習の講座", "練習の講座"),)
BACK = {plain(word) for word in ("戻る", "もどる", "ひとつ戻る", "back", "b")}
QUIT = {plain(word) for word in ("やめる", "quit", "exit", "q")}


def chat(
    flow: Annotated[
        str, typer.Argument(metavar="FLOW", help="会話の名前。", autocompletion=lambda: list(FLOWS))
    ],
) -> None:
    """LINEと同じ会話を、この画面で試します。

    何も保存せず、何も送りません。

    例: tsunagari chat handbook
    """
    if flow not in FLOWS:
        output.unknown("会話", flow, FLOWS)
    ctx = practice_context(open_content(), flow)
    output.say("番号か言葉で答えてください。「戻る」でひとつ戻り、「やめる」で終わります。", output.QUIET)
    if flow == "registration":
        output.say(f"（練習用の講座コード: {PRACTICE_CODE}）", output.QUIET)
    following: str | None = flow
    while following is not None:
        effects = _talk(FLOWS[following], ctx)
        if effects is None:
            output.say("おわりました。何も保存していません。", output.QUIET)
            return
        following = _tell(effects, ctx)


def practice_context(content: Content, flow: str = "") -> Context:
    """Now, the towns of the default channel, somebody of a watch partner, and one course with a code to try; for
    the flows about one's own registration somebody who has one."""
    channel = content.channels.get(DEFAULT_CHANNEL) or next(iter(content.channels.values()))
    towns = tuple(content.towns[key] for key in channel.towns)
    codes = PracticeCodes(OpenCourse("practice", PRACTICE_CODE, "練習の講座", towns[0].key))
    enrolled = (Enrolled("practice", dt.date(2026, 12, 1)),) if flow.startswith("my_") else ()
    visitor = Visitor(bool(enrolled), watch=Watch("練習の店", (towns[0].key,)), enrolled=enrolled)
    return Context(
        dt.datetime.now(TOKYO),
        content,
        towns,
        channel.central,
        visitor,
        codes,
        PRACTICE_OFFERS,
        PRACTICE_ASKED,
    )


@dataclass(frozen=True)
class PracticeCodes:
    """One code that always counts."""

    course: OpenCourse
    suspicious: bool = False

    def read(self, said: str) -> ReadCode | None:
        return ReadCode("open", self.course) if self.course.code in courses.normal_code(said) else None


def _talk(flow: Flow, ctx: Context) -> tuple[Effect, ...] | None:
    """Ask until the flow has all it needs; None when the person stops."""
    answers: dict[str, Any] = {}
    while True:
        now = play(flow.function, ctx, answers)
        if not isinstance(now, Asking):
            return now.effects
        question, texts = now.question, ctx.content.texts
        if now.refused is not None:
            output.say(texts.get(now.refused.text_key, **now.refused.params), output.WARN)
            answers.pop(question.key, None)
        wording = words_of(question, flow.name, texts)
        quiet = list(wording.quiet)
        _ask(wording, answers.get(question.key), ctx.content.hotlines, question.call)
        said = _read()
        if said is None or plain(said) in QUIT:
            return None
        if plain(said) in BACK:
            answers = back(flow.function, ctx, answers)
            continue
        chosen = _quiet(said, wording, quiet)
        try:
            given = Tapped(chosen) if chosen else Typed(said)
            answers[question.key] = understand(question, given, wording.options, answers.get(question.key))
        except NotAnAnswer as wrong:
            output.say(texts.get(wrong.text_key, **wrong.params), output.WARN)


def _quiet(said: str, wording: Wording, quiet: list[str]) -> str | None:
    """The quieter answers (わからない, これで決める) have letters, so that they do not move the numbers."""
    for letter, key in zip("xyz", quiet, strict=False):
        if plain(said) in (letter, plain(wording.quiet[key])):
            return key
    return None


def _ask(wording: Wording, so_far: Any, hotlines: Any, call: Iterable[str]) -> None:
    output.say("")
    for key in call:
        line = hotlines.get(key)
        if line is not None:
            output.say(f"☎ {line.name} {line.phone}", output.BAD)
    output.say(wording.text, "bold")
    if wording.hint:
        output.say(wording.hint, output.QUIET)
    for number, (key, label) in enumerate(wording.options.items(), 1):
        picked = isinstance(so_far, dict) and key in so_far.get("picks", ())
        output.say(f"  {number:>2}. {label}{' ✓' if picked else ''}", output.GOOD if picked else None)
    for letter, label in zip("xyz", wording.quiet.values(), strict=False):
        output.say(f"   {letter}. {label}", output.QUIET)


def _read() -> str | None:
    try:
        return str(output.console().input("> "))
    except (EOFError, KeyboardInterrupt):
        return None


def _tell(effects: Iterable[Effect], ctx: Context) -> str | None:
    """Say what would happen now; the name of the flow that goes on, if one does."""
    output.say("")
    following = None
    for effect in effects:
        if isinstance(effect, GoOn):
            following = effect.flow
        for line in in_words(effect, ctx):
            output.say(line)
    if following is None:
        output.say("（練習です。何も保存せず、何も送っていません。）", output.QUIET)
    return following


def in_words(effect: Effect, ctx: Context) -> list[str]:
    """What an effect would do, in a few lines."""
    content = ctx.content
    match effect:
        case Say(text_key, params):
            return [content.texts.get(text_key, **params)]
        case RegisterSupporter(_, town, district, topics, version):
            place = next((d.name for d in content.towns[town].districts if d.key == district), "")
            news = "、".join(content.texts.get(f"registration.topics.{topic}") for topic in topics) or "なし"
            words = f"サポーターとして登録: {content.towns[town].name} {place}"
            return [f"→ {words}（お知らせ: {news}、同意の版: {version}）"]
        case AttendAgain():
            return ["→ 登録されている人の、もう1回の受講として記録"]
        case TakeSeat(course_id):
            return [f"→ 講座に申し込む（{course_id}）"]
        case LeaveSeat(course_id):
            return [f"→ 講座の申込みを取り消す（{course_id}）"]
        case KeepAnswers(_, ratings):
            return [f"→ アンケートの答えを、だれのものか分からないように保存（{len(ratings)} 問）"]
        case ChangeTopics(chosen):
            return [
                f"→ お知らせの種類を変える（{'、'.join(news_words.in_words(content, chosen)) or 'なし'}）"
            ]
        case ChangeLanguage(language):
            return [f"→ お知らせを読む言葉を変える（{content.language(language).called}）"]
        case ChangePlace(_, town, _):
            return [f"→ 住まいを変える（{content.towns[town].name}）"]
        case OpenConcern():
            kind = content.concern_kinds[effect.kind].label
            name = next((w.name for w in content.windows if w.key == effect.window), effect.window)
            doubt = "、窓口が違うかもしれない" if effect.doubted else ""
            place = content.towns[effect.town].name
            return [f"→ 「{kind}」を {name} へ送る（{place}、急ぎの度合い {effect.level}{doubt}）"]
        case ShowSchemes(result, _):
            groups = (result.safety, result.hubs, result.chosen, result.others)
            return [
                "→ 使える制度や窓口:",
                *(f"  ・{found.scheme.plain_title}" for group in groups for found in group),
            ]
        case ShowWindows(windows, hotlines):
            names = [
                f"  ・{w.name} {w.phone or ''}" for key in windows for w in content.windows if w.key == key
            ]
            lines = [f"  ・{content.hotlines[key].name} {content.hotlines[key].phone}" for key in hotlines]
            return ["→ 相談できるところ:", *names, *lines]
        case GoOn(flow):
            return [f"→ つづけて「{flow}」の会話"]
        case _:
            assert_never(effect)
