"""`tsunagari route …`: which desk a concern goes to, why, and where the map of desks has holes."""

from __future__ import annotations

import datetime as dt
import unicodedata
from typing import Annotated, Any

import typer

from bot.cli import output, route_words
from bot.cli.house import has_database, open_content, open_db
from bot.cli.moments import read_day, read_moment
from bot.cli.output import TOKYO
from bot.content.library import Content
from bot.content.places import URGENT, Route, Window, route
from bot.content.route_lint import Gap, Proof, prove
from bot.settings import Settings
from storage import mails

app = typer.Typer(no_args_is_help=True, help="どの窓口につながるか（説明と点検）")

Json = Annotated[bool, typer.Option("--json", help="JSONで出す。")]


@app.command()
def explain(
    town: Annotated[str, typer.Option("--town", help="市町。例: 鳥取市")],
    kind: Annotated[str, typer.Option("--kind", help="連絡の種類（キーか日本語）。")],
    level: Annotated[
        str | None, typer.Option("--level", help="緊急度 0〜4。ふつうは、その種類のもの。")
    ] = None,
    at: Annotated[str | None, typer.Option("--at", help="日時（いま開いているか）。ふつうは今。")] = None,
    json: Json = False,
) -> None:
    """市町と種類から、つながる窓口と、それを決めたきまりを順に出します。

    例: tsunagari route explain --town 鳥取市 --kind dv --level 1 --at "2026-12-29 20:00"
    """
    moment = read_moment(at) if at else dt.datetime.now(TOKYO)
    urgency = None if level is None else _read_level(level)
    content = open_content()
    town_key = output.one_of("市町", town, {each.key: each.name for each in content.towns.values()})
    kind_key = output.one_of("種類", kind, {each.key: each.label for each in content.concern_kinds.values()})
    of_kind = content.concern_kinds[kind_key].level
    way = route(content.windows, town_key, kind_key, of_kind if urgency is None else urgency, moment)
    if json:
        output.as_json(_explained(way, content, moment))
    else:
        _explain(way, content, moment)


@app.command()
def lint(
    at: Annotated[str | None, typer.Option("--at", help="いつから先を点検するか。ふつうは今日。")] = None,
    json: Json = False,
) -> None:
    """すべての連絡が、読む人のいる窓口に届くかを点検します。届かないものがあれば終了コードは1です。

    市町 × 種類 × 緊急度 × 日の種類（平日の昼と夜、土曜、日曜、祝日、年末年始）を、すべて歩いて確かめます。

    例: tsunagari route lint --at 2026-12-28
    """
    on = read_day(at) if at else dt.datetime.now(TOKYO).date()
    content = open_content()
    towns, kinds = list(content.towns.values()), list(content.concern_kinds)
    proof = prove(content.windows, towns, kinds, on, _refused_mailboxes())
    if json:
        output.as_json(_proved(proof, content, on))
    else:
        _tell(proof, content)
    if proof.unread:
        raise typer.Exit(1)


def _refused_mailboxes() -> frozenset[str]:
    """Addresses whose mail server said that there is nobody, where this machine has a database to ask."""
    settings = Settings.from_env()
    if not settings.keys or not has_database(settings.database_url):
        return frozenset()
    with open_db(settings) as db, db.look() as work:
        return mails.bounced(work)


def _read_level(text: str) -> int:
    plain = unicodedata.normalize("NFKC", text).strip().upper().removeprefix("L")
    if plain not in ("0", "1", "2", "3", "4"):
        raise typer.BadParameter(
            f"「{text}」という緊急度はありません。0（いま命があぶない）から 4 までです。"
        )
    return int(plain)


# ---- explain ---------------------------------------------------------------------------------------------


def _explain(way: Route, content: Content, moment: dt.datetime) -> None:
    town, kind = content.towns[way.town], content.concern_kinds[way.kind]
    output.say(
        f"{town.name} の「{kind.label}」・緊急度 L{way.level}（{route_words.LEVELS[way.level]}）", "bold"
    )
    output.fields(_words(way, moment))
    if not way.reader.recipients:
        output.say("! 宛先がないので、お知らせのメールは届きません（受信箱では読めます）。", output.WARN)
    output.say("なぜこの窓口か", "bold")
    for number, step in enumerate(way.rule, 1):
        output.say(f"  {number}. {route_words.of_step(step, content)}")
    for window in _others(way):
        output.say(f"ほかに: {window.name}（{window.phone or '電話なし'}、{_open(window, moment)}）")


def _words(way: Route, moment: dt.datetime) -> dict[str, str | None]:
    reader = way.reader
    words = {
        "読む窓口": reader.name,
        "受けもち": reader.owner,
        "電話": reader.phone,
        "受付時間": reader.hours_text or "書かれていません",
        output.moment(moment): _open(reader, moment),
    }
    if way.open is False:
        words["それまで"] = _meanwhile(way)
    return words | {
        "メールの宛先": f"{len(reader.recipients)} 件",
        "確認した日": f"{output.day(reader.verified_at)}（{_ago(reader, moment)}）",
        "出典": reader.source,
    }


def _meanwhile(way: Route) -> str:
    """Who answers while the desk is closed."""
    if way.night is not None and way.night is way.reader:
        opens = f"{output.moment(way.next_opening)} から" if way.next_opening else "そのあと"
        return f"{way.night.name} が読みます。{opens}は {way.by_day.name} です。"
    told = way.by_day.after_hours or "時間外の案内はありません。"
    if way.night is not None:
        return f"{way.night.name}（{way.night.phone or '電話なし'}）に電話できます。{told}"
    waits = "代わりに読む人は決まっていません。" if way.level in URGENT else "次に開くまで待ちます。"
    return waits + told


def _ago(window: Window, moment: dt.datetime) -> str:
    days = (moment.astimezone(TOKYO).date() - window.verified_at).days
    return f"{days} 日前" if days > 0 else "当日" if days == 0 else "まだ来ていない日です"


def _others(way: Route) -> list[Window]:
    """Desks beside the one that reads: the one that knows most of it first."""
    beside = {window.key: window for window in (way.window, way.by_day, *way.also)}
    return [window for window in beside.values() if window is not way.reader]


def _open(window: Window, moment: dt.datetime) -> str:
    if window.hours is None:
        return "開いている時間は不明"
    if window.hours.open_at(moment):
        return "開いています"
    following = window.hours.next_opening(moment)
    return f"閉まっています（次は {output.moment(following)}）" if following else "閉まっています"


def _explained(way: Route, content: Content, moment: dt.datetime) -> dict[str, Any]:
    frozen = way.frozen()
    return {
        "town": way.town,
        "kind": way.kind,
        "level": way.level,
        "at": moment,
        "reason": way.reason,
        "window": _facts(way.reader, moment),
        "by_day": frozen["by_day"],
        "night": _facts(way.night, moment) if way.night else None,
        "meanwhile": _meanwhile(way) if way.open is False else None,
        "also": [_facts(window, moment) for window in _others(way)],
        "rule": [
            {**step, "words": route_words.of_step(told, content)}
            for step, told in zip(frozen["rule"], way.rule, strict=True)
        ],
        "frozen": frozen,
    }


def _facts(window: Window, moment: dt.datetime) -> dict[str, Any]:
    following = window.hours.next_opening(moment) if window.hours else None
    return {
        "key": window.key,
        "name": window.name,
        "owner": window.owner,
        "phone": window.phone,
        "open": window.hours.open_at(moment) if window.hours else None,
        "next_opening": following,
        "recipients": len(window.recipients),
        "verified_at": window.verified_at,
        "source": window.source,
    }


# ---- lint ------------------------------------------------------------------------------------------------


def _tell(proof: Proof, content: Content) -> None:
    for gap in proof.gaps:
        wrong, helps = route_words.of_gap(gap, content)
        mark, style = ("✗", output.BAD) if gap.broken else ("!", output.WARN)
        output.say(f"{mark} {wrong}", style)
        if example := route_words.of_example(gap, content):
            output.say(f"    {example}", output.QUIET)
        output.say(f"    → {helps}", output.QUIET)
    warnings = sum(not gap.broken for gap in proof.gaps)
    beside = f"ほかに注意が {warnings} 件あります。" if warnings else ""
    if not proof.unread:
        output.say(
            f"✓ {proof.combinations:,} 通りのすべてで、窓口の人に知らせが届きます。{beside}", output.GOOD
        )
        return
    output.say(
        f"✗ {proof.combinations:,} 通りのうち {proof.unread:,} 通りで、知らせの届く人がまだいません。{beside}",
        output.BAD,
    )
    output.say(
        "→ content/windows.yaml を開き、✗ の窓口から順に書きたしてください。直したら、もう一度 "
        "tsunagari route lint で確かめられます。"
    )


def _proved(proof: Proof, content: Content, on: dt.date) -> dict[str, Any]:
    return {
        "at": on,
        "combinations": proof.combinations,
        "unread": proof.unread,
        "unreachable": [_gap(gap, content) for gap in proof.gaps if gap.broken],
        "gaps": [_gap(gap, content) for gap in proof.gaps if not gap.broken],
    }


def _gap(gap: Gap, content: Content) -> dict[str, Any]:
    wrong, helps = route_words.of_gap(gap, content)
    spot = gap.example
    return {
        "problem": gap.problem,
        "window": gap.desk,
        "town": gap.town,
        "about": gap.about or None,
        "combinations": gap.combinations,
        "example": spot
        and {"town": spot.town, "kind": spot.kind, "level": spot.level, "day": spot.day, "at": spot.at},
        "words": wrong,
        "helps": helps,
    }
