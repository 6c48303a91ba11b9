"""`tsunagari incident …`: after a leak, who was affected. The first report is due within days; this takes a minute."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from bot.cli import output
from bot.cli.house import House, open_house
from bot.cli.moments import read_moment
from bot.cli.output import TOKYO
from bot.cli.supporter_house import As, actor
from bot.csv_file import csv_file
from bot.desk import affected as affected_people
from bot.desk.affected import DEEDS, ITEMS, Report, Wanted
from storage import audit, staff
from storage.schema import new_id
from storage.work import Work

app = typer.Typer(no_args_is_help=True, help="漏えいなどの事故（だれの何が見られたか）")

KINDS = {
    "concern": "連絡",
    "danger": "いのちに関わる知らせ",
    "supporter": "サポーター",
    "course_place": "講座の申込み",
    "person": "LINEの利用者",
}
STILL_TO_WRITE = "町が書き足すこと: 原因、二次被害のおそれ、本人への知らせ、公表、くり返さないための手立て"


@app.callback()
def _noun() -> None:
    """One command so far; it keeps its name."""


@app.command()
def affected(
    since: Annotated[str, typer.Option("--since", metavar="日時", help="いつから。例: 2026-11-01")],
    until: Annotated[
        str | None, typer.Option("--until", metavar="日時", help="いつまで。ふつうは今まで。")
    ] = None,
    window: Annotated[
        str | None, typer.Option("--window", metavar="窓口", help="この窓口の連絡だけ。")
    ] = None,
    login: Annotated[
        str | None,
        typer.Option("--staff", metavar="ログインID", help="この職員（または端末で名のった名前）だけ。"),
    ] = None,
    channel: Annotated[str | None, typer.Option("--channel", help="チャネル。ふつうはすべて。")] = None,
    csv: Annotated[
        Path | None, typer.Option("--csv", metavar="ファイル", help="1行ずつCSVに書き出す。")
    ] = None,
    who: As = None,
    json: Annotated[bool, typer.Option("--json", help="JSONで出す。")] = False,
) -> None:
    """この間に、だれの何が、だれに、どのように見られたかを、記録（audit）から一覧にします。

    個人情報保護委員会への報告に要る「項目」と「本人の数」が出ます。人数は多めの見積もりです。
    名前や内容は出ません。この一覧を出したことも記録に残ります。

    例: tsunagari incident affected --since "2026-11-01" --window tottori_chuo_jinken --csv affected.csv
    """
    by = actor(who)
    with open_house() as house:
        begin, end = _moment(since), _moment(until) if until else house.now + dt.timedelta(seconds=1)
        if end <= begin:
            raise typer.BadParameter("--until は --since よりあとにしてください。")
        desk = _window(house, window) if window else None
        if channel is not None:
            house.channel_of((), channel)
        with house.db.work() as work:
            wanted = Wanted(begin, end, desk, _actors(work, login) if login else None, channel)
            found = affected_people.report(work, wanted)
            names = _names(work)
            for each in found.channels or (house.channel_of((), channel),):
                audit.note(work, by, "listed_affected", "incident", new_id(), each)
        if csv is not None:
            csv.write_bytes(csv_file(_rows(found, names)))
            csv.chmod(0o600)
        if json:
            output.as_json(_facts(wanted, found))
            return
        _print(found, names, wanted)
        if csv is not None:
            output.say(f"{len(found.seen)} 行を {csv} に書き出しました。", output.GOOD)


def _moment(text: str) -> dt.datetime:
    """A day alone begins at midnight in Japan."""
    return read_moment(text if ":" in text or "時" in text else f"{text.strip()} 00:00")


def _window(house: House, word: str) -> str:
    return output.one_of("窓口", word, {key: each.name for key, each in house.content.windows_by_key.items()})


def _actors(work: Work, login: str) -> frozenset[str]:
    """All names under which the audit list may know them."""
    found = staff.by_login(work, login)
    return frozenset({login, f"cli:{login}", *([f"staff:{found.id}"] if found else [])})


def _names(work: Work) -> Mapping[str, str]:
    return {f"staff:{each.id}": f"{each.name}（{each.login}）" for each in staff.listed(work)}


# ---- what it says ------------------------------------------------------------------------------------------


def _print(found: Report, names: Mapping[str, str], wanted: Wanted) -> None:
    counted = found.people
    output.fields(
        {
            "いつ": f"{output.moment(wanted.since)} から {output.moment(wanted.until)} まで",
            "本人の数（多くて）": f"{counted.at_most} 人",
            "　心配された人": f"{counted.neighbours} 人（内容まで開かれた連絡）",
            "　連絡した人": f"{counted.reporters} 人",
            "　サポーター": f"{counted.supporters} 人",
            "　講座に申し込んだ人": f"{counted.applicants} 人",
            "　そのほかのLINEの利用者": f"{counted.others} 人",
            "一覧の1行だけ見られた連絡": f"{found.listed_only} 件（名前なし）",
            "見られた項目": "、".join(ITEMS[item] for item in found.items) or None,
            "見た人": "、".join(names.get(each, each) for each in found.actors) or None,
            "どのように": "、".join(DEEDS.get(each, each) for each in found.deeds) or None,
        }
    )
    columns, *rows = _rows(found, names)
    output.table(f"見られたもの（{len(rows)} 行）", columns, rows)
    if rows:
        output.say(STILL_TO_WRITE, output.QUIET)


def _rows(found: Report, names: Mapping[str, str]) -> Iterator[tuple[str, ...]]:
    yield "種類", "番号", "見た人", "項目", "どのように", "回数", "はじめ", "おわり"
    for one in found.seen:
        yield (
            KINDS.get(one.kind, one.kind),
            one.number or one.id,
            names.get(one.actor, one.actor),
            "、".join(ITEMS[item] for item in one.items),
            "、".join(DEEDS.get(deed, deed) for deed in one.deeds),
            str(one.times),
            output.moment(one.first),
            output.moment(one.last),
        )


def _facts(wanted: Wanted, found: Report) -> dict[str, object]:
    return {
        "since": wanted.since.astimezone(TOKYO),
        "until": wanted.until.astimezone(TOKYO),
        "window": wanted.window,
        "channel": wanted.channel,
        "people": asdict(found.people) | {"at_most": found.people.at_most},
        "listed_only": found.listed_only,
        "items": {item: ITEMS[item] for item in found.items},
        "by": found.actors,
        "how": {deed: DEEDS.get(deed, deed) for deed in found.deeds},
        "seen": [asdict(one) for one in found.seen],
    }
