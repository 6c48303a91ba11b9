"""`tsunagari route …`: which desk a concern goes to, why, and where the map of desks has holes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Annotated, Any

import typer

from bot.cli import output
from bot.cli.house import open_content
from bot.cli.moments import read_moment
from bot.cli.output import TOKYO
from bot.content.library import Content
from bot.content.places import GENERAL, OWN, SHARED, Route, Window, route

app = typer.Typer(no_args_is_help=True, help="どの窓口につながるか（説明と点検）")

REASONS = {
    OWN: "この市町の、この種類の窓口です。",
    SHARED: "いくつかの市町を受けもつ、この種類の窓口です。",
    GENERAL: "この種類の窓口が決まっていないため、市町の総合の窓口です。",
}
NOT_READ_THERE = (
    "くわしいのは {} ですが、連絡を受けとる宛先がまだありません。総合の窓口が読み、電話番号をお知らせします。"
)
VERIFIED_FOR = dt.timedelta(days=180)

Json = Annotated[bool, typer.Option("--json", help="JSONで出す。")]


@app.command()
def explain(
    town: Annotated[str, typer.Option("--town", help="市町。例: 鳥取市")],
    kind: Annotated[str, typer.Option("--kind", help="連絡の種類（キーか日本語）。")],
    at: Annotated[str | None, typer.Option("--at", help="日時（いま開いているか）。ふつうは今。")] = None,
    json: Json = False,
) -> None:
    """市町と種類から、つながる窓口とその理由を出します。

    例: tsunagari route explain --town 鳥取市 --kind child --at "2026-12-29 20:00"
    """
    moment = read_moment(at) if at else dt.datetime.now(TOKYO)
    content = open_content()
    town_key = output.one_of("市町", town, {each.key: each.name for each in content.towns.values()})
    kind_key = output.one_of("種類", kind, {each.key: each.label for each in content.concern_kinds.values()})
    way = route(content.windows, town_key, kind_key)
    if json:
        facts = {"town": town_key, "kind": kind_key, "at": moment, "reason": way.reason}
        also = [_facts(window, moment) for window in _others(way)]
        output.as_json(facts | {"window": _facts(way.reader, moment), "also": also})
        return
    output.say(f"{content.towns[town_key].name} の「{content.concern_kinds[kind_key].label}」", "bold")
    reason = REASONS[way.reason] if way.reader is way.window else NOT_READ_THERE.format(way.window.name)
    output.fields(_words(way.reader, moment) | {"理由": reason})
    if way.reader.after_hours:
        output.say(f"時間外: {way.reader.after_hours}", output.QUIET)
    for window in _others(way):
        output.say(f"ほかに: {window.name}（{window.phone or '電話なし'}、{_open(window, moment)}）")


@app.command()
def lint(json: Json = False) -> None:
    """すべての市町と種類が窓口につながるかを点検します。つながらなければ終了コードは1です。

    例: tsunagari route lint
    """
    content = open_content()
    holes = [
        {
            "problem": "unreachable",
            "town": town.key,
            "kind": kind,
            "words": f"{town.name} の {kind} が窓口につながりません。",
        }
        for town in content.towns.values()
        for kind in content.concern_kinds
        if not _reaches(content, town.key, kind)
    ]
    gaps = list(_gaps(content, dt.datetime.now(TOKYO).date()))
    if json:
        output.as_json({"unreachable": holes, "gaps": gaps})
    else:
        pairs = len(content.towns) * len(content.concern_kinds)
        for hole in holes:
            output.say(f"✗ {hole['words']}", output.BAD)
        for gap in gaps:
            output.say(f"! {gap['words']}", output.WARN)
        if holes:
            output.say(f"{pairs} 通りのうち {len(holes)} 通りがつながりません。")
        else:
            output.say(f"✓ {pairs} 通りの市町と種類が、すべて窓口につながります。", output.GOOD)
    if holes:
        raise typer.Exit(1)


def _others(way: Route) -> list[Window]:
    """Desks beside the one that reads: the one that knows most of it first."""
    return [window for window in (way.window, *way.also) if window is not way.reader]


def _reaches(content: Content, town: str, kind: str) -> bool:
    try:
        route(content.windows, town, kind)
    except LookupError:
        return False
    return True


def _gaps(content: Content, today: dt.date) -> Iterator[dict[str, Any]]:
    for window in content.windows:
        if window.phone is None:
            words = f"{window.name}: 電話番号が分かりません。"
            yield {"problem": "no_phone", "window": window.key, "words": words}
        if not window.recipients:
            words = f"{window.name}: 連絡を受けとるメールの宛先がありません。"
            yield {"problem": "no_recipient", "window": window.key, "words": words}
        if today - window.verified_at > VERIFIED_FOR:
            words = f"{window.name}: {window.verified_at} から確認されていません。"
            yield {"problem": "not_verified", "window": window.key, "words": words}
        if window.hours is None:
            words = f"{window.name}: 開いている時間が分かりません。"
            yield {"problem": "no_hours", "window": window.key, "words": words}


def _open(window: Window, moment: dt.datetime) -> str:
    if window.hours is None:
        return "開いている時間は不明"
    if window.hours.open_at(moment):
        return "開いています"
    following = window.hours.next_opening(moment)
    return f"閉まっています（次は {output.moment(following)}）" if following else "閉まっています"


def _words(window: Window, moment: dt.datetime) -> dict[str, str | None]:
    return {
        "窓口": window.name,
        "電話": window.phone,
        "受付時間": window.hours_text,
        output.moment(moment): _open(window, moment),
    }


def _facts(window: Window, moment: dt.datetime) -> dict[str, Any]:
    following = window.hours.next_opening(moment) if window.hours else None
    return {
        "key": window.key,
        "name": window.name,
        "phone": window.phone,
        "open": window.hours.open_at(moment) if window.hours else None,
        "next_opening": following,
        "verified_at": window.verified_at,
    }
