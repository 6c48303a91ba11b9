"""Courses and meetings that are coming: what they are, and signing up, waiting or giving a place up."""

from __future__ import annotations

from collections.abc import Sequence

from bot.flows.context import Context, CourseOffer
from bot.flows.effects import Effect, GoOn, LeaveSeat, Say, TakeSeat
from bot.flows.talk import Option, Talk, pick, yes_no

AT_ONCE = 8  # courses in one list
MORE = "more"
ACTS = {"open": "apply", "waiting_list": "wait"}
APPLY = (
    *("申込み", "申込", "申込む", "申し込みます", "もうしこむ", "もうしこみ", "もうしこみます"),
    *("参加する", "参加します", "行きます", "はい", "お願いします", "おねがいします"),
)
CANCEL = (
    *("取消", "取り消し", "取消し", "取り消す", "とりけし", "とりけす", "キャンセルする", "キャンセルしたい"),
    *("行けない", "行けません", "行けなくなりました", "いけない", "いけません", "欠席", "やめたい"),
)
# What people type instead of tapping.
ALSO = {
    "apply": APPLY,
    "wait": (*APPLY, "待つ", "待ちます", "まつ", "まちます"),
    "cancel": CANCEL,
    "others": ("ほかの講座", "ほか", "べつの講座"),
    "nothing": ("いいえ", "決めない", "あとで", "考えます", "やめておく"),
    "keep": ("はい", "いいえ", "このまま", "そのまま", "行きます", "行く"),
}


def course(ctx: Context) -> Talk[list[Effect]]:
    """Which one, then what to do about it."""
    if not ctx.offers:
        return [Say("course.none")]
    offer = yield from _which(ctx)
    texts = ctx.content.texts
    ways = [ACTS[offer.standing]] if offer.standing in ACTS and offer.mine is None else []
    ways += ["cancel"] if offer.mine is not None else []
    ways += ["others"] if len(ctx.offers) > 1 else []
    ways += ["nothing"] if offer.mine is None else ["keep"]
    deed = yield from pick(
        "what",
        *(Option(way, also=ALSO[way]) for way in ways),
        text=texts.get("course.what", title=offer.title, room=offer.room),
        hint=offer.words,
    )
    match deed:
        case "apply" | "wait":
            return [TakeSeat(offer.id)]
        case "cancel":
            if (yield from yes_no("sure", params={"title": offer.title})):
                return [LeaveSeat(offer.id)]
            return [Say("course.kept")]
        case "keep":
            return [Say("course.kept")]
        case "others":
            return [GoOn("course")]
        case _:
            return [Say("course.seen")]


def _which(ctx: Context) -> Talk[CourseOffer]:
    """A list of a few, and the next ones on demand."""
    pages = _pages(ctx.offers)
    texts = ctx.content.texts
    for number, page in enumerate(pages):
        options = [Option(offer.id, offer.label) for offer in page]
        if page is not pages[-1]:
            options.append(Option(MORE, texts.get("course.more"), also=("もっと見る", "つぎ", "ほか")))
        picked = yield from pick(_key(number), *options, text=texts.get("course.which"))
        if picked != MORE:
            return next(offer for offer in page if offer.id == picked)
    raise AssertionError("the last page has no more")


def _pages(offers: Sequence[CourseOffer]) -> list[tuple[CourseOffer, ...]]:
    return [tuple(offers[at : at + AT_ONCE]) for at in range(0, len(offers), AT_ONCE)]


def _key(number: int) -> str:
    return "which" if number == 0 else f"which_{number + 1}"


def way_to(offers: Sequence[CourseOffer], course_id: str) -> dict[str, str] | None:
    """The answers that lead to this course, for a button or a QR code that names it."""
    answers: dict[str, str] = {}
    for number, page in enumerate(_pages(offers)):
        if any(offer.id == course_id for offer in page):
            return {**answers, _key(number): course_id}
        answers[_key(number)] = MORE
    return None
