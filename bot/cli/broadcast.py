"""`tsunagari broadcast …`: messages to many supporters and residents."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import typer

from bot.broadcasting.forms import Contents
from bot.broadcasting.words import in_lines
from bot.cli import broadcast_drafts, broadcast_links, broadcast_segment, broadcast_series, output
from bot.cli.broadcast_calendar import calendar
from bot.cli.broadcast_care import approve, facts, how_far_in_words, log, try_out
from bot.cli.broadcast_files import check, copy, new
from bot.cli.broadcast_house import STATUS, Channel, Id, Json, Yes, lateness, me, minutes, one
from bot.cli.broadcast_preview import preview
from bot.cli.broadcast_schedule import schedule, send
from bot.cli.broadcast_truth import FATES, recipients, waits, waits_in_words, with_reasons
from bot.cli.broadcast_watch import Watch, follow, watch
from bot.cli.house import House, open_house
from bot.cli.output import Refused
from bot.cli.segment_words import in_words
from jobs import series, timetable
from storage import audit, broadcasts, outcomes
from storage.broadcast_links import of as links_of
from storage.broadcasts import Broadcast, Tally
from storage.segments import as_plain
from storage.transitions import NotPermitted

app = typer.Typer(no_args_is_help=True, help="お知らせの配信（予約・送信・確認・中止）")
for command in (schedule, send, watch, preview, calendar, recipients, approve, log, new, check, copy):
    app.command()(command)
app.command("test")(try_out)
app.command()(broadcast_links.links)
app.add_typer(broadcast_series.app, name="series")
app.add_typer(broadcast_drafts.app, name="draft")
app.add_typer(broadcast_segment.app, name="segment")


@app.command()
def show(broadcast_id: Id, json: Json = False) -> None:
    """1件の配信の進みぐあいと、送れなかったわけを見ます。1人ずつの結果は recipients で。

    「LINEが受け付けた」は、本人が受け取った・読んだという意味ではありません。

    例: tsunagari broadcast show 0199a0c3… --json
    """
    with open_house() as house:
        found, tally = _find(house, broadcast_id)
        with house.db.look() as work:
            whys, waiting = outcomes.whys(work, found.id), waits(work, found)
            care = facts(work, found, tally)
            opened = links_of(work, found.id)
            deeds = {each.deed for each in audit.listed(work, kind="broadcast", subject_id=found.id)}
        if json:
            reasons = [asdict(why) for why in whys]
            more = {"reasons": reasons, "waits": waiting, "links": broadcast_links.facts(opened)}
            output.as_json({**_facts(found, tally), **care, **more})
            return
        output.fields(
            {
                "ID": found.id,
                "状態": STATUS[found.status],
                "日時": output.moment(found.due_at),
                "くり返し": found.series_id,
                "おくれ": lateness(found.late_limit),
                "夜に送る理由": found.urgent_reason,
                "相手": in_words(found.segment, house),
                "文章": f"{len(found.messages)} 通",
                "ほかの言語": "、".join(house.content.language(key).called for key in found.translations)
                or None,
                "対象の人数": tally.recipients,
                FATES["accepted"]: tally.accepted,
                FATES["blocked"]: tally.blocked,
                FATES["failed"]: with_reasons(tally.failed, whys, "failed"),
                FATES["unknown"]: with_reasons(tally.unknown, whys, "unknown"),
                FATES["trying"]: care["trying"],
                FATES["not_tried"]: care["not_tried"],
                "作った人": found.created_by,
                "承認した人": found.approved_by,
            }
        )
        if words := waits_in_words(waiting):
            output.warn(words)
        for line in in_lines(Contents(found.messages, found.translations), house.content):
            output.say(line, output.QUIET)
        if opened:
            broadcast_links.table(opened)
        if found.status == "missed":
            too_late = (found.finished_at or house.now) > found.due_at + found.late_limit
            why = "おくれて夜になった"
            if too_late:
                allowed = minutes(found.late_limit)
                why = f"予定から {allowed} 分以上おくれた" if allowed else "予定の時刻におくれた"
            if "unapproved" in deeds:
                why = "承認がないまま時刻を過ぎた"
            output.warn(f"{why}ため、送りませんでした。")
        if found.status == "awaiting":
            output.warn(
                f"{output.moment(found.due_at + found.late_limit)} までに承認がなければ送りません。"
                f"承認: tsunagari broadcast approve {found.id} --as 名前 --yes"
            )


@app.command("list")
def list_(channel: Channel = None, json: Json = False) -> None:
    """配信の一覧（新しい順）。

    例: tsunagari broadcast list
    """
    with open_house() as house:
        with house.db.look() as work:
            found = [
                (each, broadcasts.tally(work, each.id), waits(work, each))
                for each in broadcasts.listed(work, channel)
            ]
        if json:
            output.as_json([{**_facts(each, tally), "waits": waiting} for each, tally, waiting in found])
            return
        output.table(
            "配信",
            ("ID", "日時", "状態", "相手", "対象", "受付", "残り"),
            (
                (
                    each.id,
                    output.moment(each.due_at),
                    STATUS[each.status]
                    + ("（くり返し）" if each.series_id else "")
                    + (f"（通数の上限で {output.moment(waiting['until'])} まで待つ）" if waiting else ""),
                    in_words(each.segment, house),
                    tally.recipients,
                    tally.accepted,
                    tally.remaining,
                )
                for each, tally, waiting in found
            ),
        )


@app.command()
def cancel(broadcast_id: Id, yes: Yes = False) -> None:
    """配信を中止します。まだ送っていない分は送られません（--yes は要りません）。

    例: tsunagari broadcast cancel 0199a0c3…
    """
    with open_house() as house:
        coming = _step(house, broadcast_id, "cancel", "中止できません")
        timetable.forget_broadcast(house.db, broadcast_id)
        with house.db.look() as work:
            output.say(f"中止しました。{how_far_in_words(work, broadcast_id)}。", output.GOOD)
        if coming is not None:
            timetable.plan_broadcast(house.db, coming.id, coming.due_at)
            output.say(f"くり返しのつぎの回は {output.moment(coming.due_at)} です。")


@app.command()
def pause(broadcast_id: Id, yes: Yes = False) -> None:
    """送信中の配信を一時止めます（--yes は要りません）。

    例: tsunagari broadcast pause 0199a0c3…
    """
    with open_house() as house:
        _step(house, broadcast_id, "pause", "一時停止できません")
        with house.db.look() as work:
            far = how_far_in_words(work, broadcast_id)
        output.say(f"一時停止しました。{far}。続けるときは broadcast resume を使います。", output.GOOD)


@app.command()
def resume(broadcast_id: Id, watch: Watch = False, yes: Yes = False) -> None:
    """一時停止した配信を続けます（--yes は要りません）。--watch を付けると、送り終わるまで見ます。

    例: tsunagari broadcast resume 0199a0c3… --watch
    """
    with open_house() as house:
        _step(house, broadcast_id, "resume", "再開できません")
        output.say("再開しました。", output.GOOD)
        if watch:
            follow(house, _find(house, broadcast_id)[0])


def _step(house: House, broadcast_id: str, deed: str, refusal: str) -> Broadcast | None:
    """Do it; of a series whose turn was cancelled, the next turn."""
    found, _ = _find(house, broadcast_id)
    steps = {"pause": broadcasts.pause, "resume": broadcasts.resume}
    coming = None
    try:
        with house.db.work() as work:
            if deed == "cancel":
                coming = series.cancel_one(work, found)
            else:
                steps[deed](work, broadcast_id)
            audit.note(work, me(), deed, "broadcast", broadcast_id, found.channel)
    except NotPermitted:
        raise Refused(f"この配信は{refusal}（いまは「{STATUS[found.status]}」です）。") from None
    return coming


def _find(house: House, broadcast_id: str) -> tuple[Broadcast, Tally]:
    with house.db.look() as work:
        found = one(work, broadcast_id)
        return found, broadcasts.tally(work, found.id)


def _facts(found: Broadcast, tally: Tally) -> dict[str, Any]:
    return {
        "id": found.id,
        "channel": found.channel,
        "status": found.status,
        "due_at": found.due_at,
        "series_id": found.series_id,
        "late_minutes": minutes(found.late_limit),
        "urgent_reason": found.urgent_reason,
        "texts": len(found.messages),
        "languages": list(found.translations),
        "segment": as_plain(found.segment),
        **asdict(tally),
    }
