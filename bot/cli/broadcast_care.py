"""`tsunagari broadcast approve|test|log`: a second person, one's own phone first, and who did what."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from bot.broadcasting.forms import Contents
from bot.broadcasting.making import press_of_test
from bot.broadcasting.rendering import render
from bot.broadcasting.words import gist, in_lines
from bot.cli import broadcast_series, output
from bot.cli.broadcast_content import File, Prepared, Texts, prepare, source_of
from bot.cli.broadcast_house import STATUS, Id, Json, Yes, enter, me, one
from bot.cli.broadcast_truth import FATES
from bot.cli.house import House, open_house
from bot.cli.output import Refused
from bot.cli.segment import read_audience
from bot.cli.segment_words import in_words
from bot.messages import MESSAGES
from jobs import broadcast as job
from jobs import series
from storage import audit, broadcast_care, broadcasts, outbox, people, staff
from storage import broadcast_series as rows
from storage.broadcast_care import SamePerson
from storage.broadcast_series import Series
from storage.broadcasts import Broadcast, Tally
from storage.freezing import Variant
from storage.people import Person
from storage.recipients import count_recipients
from storage.segments import EVERYONE, Segment
from storage.staff import Staff
from storage.transitions import NotPermitted
from storage.work import Work

MARK = "【テスト】職員だけに送っています"
DEEDS = {
    "schedule": "予約した",
    "send": "すぐ送る命令をした",
    "urgent": "夜でも送る理由を書いた",
    "awaits": "人数が増えたので承認待ちにした",
    "approve": "承認した",
    "unapproved": "承認がないので送らなかった",
    "test": "自分のLINEでためした",
    "pause": "一時停止した",
    "resume": "再開した",
    "cancel": "中止した",
    "list_recipients": "1人ずつの結果を見た",
    "began": "送り始めた（対象の人数）",
    "sent": "送り終えた（LINEが受け付けた人数）",
    "cancelled": "中止の時点（LINEが受け付けた人数）",
}


def approve(
    broadcast_id: Annotated[str, typer.Argument(metavar="ID", help="配信か、くり返しのID。")],
    who: Annotated[
        str,
        typer.Option("--as", metavar="名前", help="承認する人。作った人は承認できません（記録に残ります）。"),
    ],
    yes: Yes = False,
) -> None:
    """人数が多くて承認を待っている配信やくり返しを、作った人とは別の人が承認します。

    例: tsunagari broadcast approve 0199a0c3… --as 佐藤 --yes
    """
    by = me(who)
    with open_house() as house:
        with house.db.look() as work:
            found = rows.get(work, broadcast_id) or one(work, broadcast_id)
            count = count_recipients(work, found.channel, found.segment)
        if not yes:
            output.not_yet(
                [
                    f"作った人: {found.created_by}",
                    f"だれに: {in_words(found.segment, house)}（いま {count} 人）",
                    *in_lines(Contents(found.messages, found.translations), house.content),
                ],
                f"tsunagari broadcast approve {found.id} --as {by} --yes",
            )
            return
        try:
            if isinstance(found, Broadcast):
                _approve_one(house, found, by, count)
            else:
                _approve_series(house, found, by, count)
        except SamePerson:
            raise Refused(
                f"作った人（{found.created_by}）は承認できません。",
                "ほかの人が承認してください。--as には本人の名前を書きます。",
            ) from None
        except NotPermitted:
            words = STATUS if isinstance(found, Broadcast) else broadcast_series.STATUS
            raise Refused(f"承認を待っていません（いまは「{words[found.status]}」です）。") from None


def _approve_one(house: House, found: Broadcast, by: str, count: int) -> None:
    with house.db.work() as work:
        broadcast_care.approve(work, found, by, me())
        audit.note(work, by, "approve", "broadcast", found.id, found.channel)
    if found.due_at > house.now:
        enter(house)
        output.say(f"承認しました。{output.moment(found.due_at)} に {count} 人へ送ります。", output.GOOD)
    elif job.fire(house, found.id, found.due_at):
        output.say(f"承認しました。{count} 人への送信を始めました。", output.GOOD)
    else:
        with house.db.look() as work:
            status = broadcasts.status_of(work, found.id)
        if status == "missed":
            raise Refused(
                f"予定の時刻（{output.moment(found.due_at)}）をもう過ぎているので、送りませんでした。",
                "作りなおしてください。",
            )
        output.say("承認しました。", output.GOOD)


def _approve_series(house: House, found: Series, by: str, count: int) -> None:
    with house.db.work() as work:
        locked = rows.lock(work, found.id)
        assert locked is not None  # only what ended long ago is deleted
        coming = series.approve(work, locked, by, me())
        audit.note(work, by, "approve", broadcast_series.KIND, found.id, found.channel)
    enter(house)
    if coming is None:
        output.warn("承認しましたが、送る日がもう残っていません。")
    else:
        output.say(
            f"承認しました。つぎは {output.moment(coming.due_at)}（いま {count} 人）です。", output.GOOD
        )


def try_out(
    who: Annotated[
        str, typer.Option("--as", metavar="ログインID", help="職員のログインID。この人にだけ届きます。")
    ],
    broadcast_id: Annotated[
        str | None, typer.Argument(metavar="ID", help="配信のID。かわりに --text か --file も使えます。")
    ] = None,
    text: Texts = None,
    file: File = None,
    language: Annotated[
        str | None, typer.Option("--language", help="ためす言語。例: en（ふつうは本人の言語）")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", hidden=True)] = False,
) -> None:
    """自分のLINEにだけ送って、見え方を確かめます。先に「テスト」と1通出ます（--yes は要りません）。

    例: tsunagari broadcast test 0199a0c3… --as yamada

    例: tsunagari broadcast test --text "12月の集まりのお知らせです。" --as yamada

    例: tsunagari broadcast test --file tsudoi.yaml --language en --as yamada
    """
    if (broadcast_id is None) == (not text and file is None):
        raise typer.BadParameter("ID か --text か --file か、どれか1つを書いてください。")
    with open_house() as house:
        if language is not None:
            output.one_of("言語", language, {key: one.called for key, one in house.content.languages.items()})
        prepared, segment = _to_try(house, broadcast_id, text, file)
        with house.db.work() as work:
            owner, person = _own_line(work, who)
            prepared.keep_photos(work, person.channel)
            press = press_of_test(work, house.content, house.settings.public_url, person.channel, segment)
            variant = Variant(language or person.language, person.town, person.district)
            messages = render(prepared.contents, press)(variant)
            mark = {"type": "text", "text": MARK}
            together = len(messages) < MESSAGES
            for said in ([mark, *messages],) if together else ([mark], list(messages)):
                outbox.put(work, person.channel, "message", {"messages": said}, person_id=person.id)
            subject = ("broadcast", broadcast_id) if broadcast_id else ("staff", owner.id)
            audit.note(work, f"staff:{owner.id}", "test", *subject, person.channel)
        house.bell.set()
        output.say(f"{owner.name}さんのLINEにだけ送ります（{len(messages)} 通）。", output.GOOD)


def _to_try(
    house: House, broadcast_id: str | None, text: list[str] | None, file: Path | None
) -> tuple[Prepared, Segment]:
    """What is to be tried out, and whom it is meant for, as far as that is known."""
    if broadcast_id is not None:
        with house.db.look() as work:
            found = one(work, broadcast_id)
        return Prepared(Contents(found.messages, found.translations)), found.segment
    source = source_of(text, file)
    to = source.option("to", None)
    segment = read_audience(house, to, source.option("not", None) or ()).segment if to else EVERYONE
    return prepare(house, source, segment), segment


def _own_line(work: Work, login: str) -> tuple[Staff, Person]:
    """Whose account this is, and who they are on LINE; refused where nothing could arrive."""
    owner = staff.by_login(work, login)
    if owner is None or not owner.active:
        known = [each.login for each in staff.listed(work) if each.active]
        if not known:
            raise Refused("職員のアカウントがまだありません。", "作るには: tsunagari staff add --help")
        output.unknown("職員のログインID", login, known)
    person = people.get(work, owner.person_id) if owner.person_id else None
    if person is None:
        raise Refused(
            f"「{owner.login}」のアカウントには、まだLINEがつながっていません。",
            "受信箱（/desk）の「じぶんの設定」の「LINEでもお知らせを受け取る」で、本人がつないでください。",
        )
    if not person.friend:
        raise Refused(
            f"「{owner.login}」のLINEは、いま公式アカウントをブロックしています。",
            "本人がブロックを解いてから、もう一度ためしてください。",
        )
    return owner, person


# ---- who did what -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Step:
    """One line of a broadcast's list; `people` where the step reached so many."""

    at: dt.datetime
    actor: str
    deed: str
    people: int | None = None


def log(broadcast_id: Id, json: Json = False) -> None:
    """1件の配信の記録: だれが、いつ、何を、何人に（古い順）。

    例: tsunagari broadcast log 0199a0c3…
    """
    with open_house() as house:
        with house.db.look() as work:
            if rows.get(work, broadcast_id) is not None:
                found, kind, own = None, broadcast_series.KIND, []
            else:
                found, kind = one(work, broadcast_id), "broadcast"
                own = _own_steps(found, broadcasts.tally(work, found.id))
            noted = audit.listed(work, kind=kind, subject_id=broadcast_id, limit=1000)
            names = {f"staff:{each.id}": f"{each.name}（{each.login}）" for each in staff.listed(work)}
        steps = [Step(each.at, each.actor, each.deed) for each in reversed(noted)]
        steps = sorted([*steps, *own], key=lambda step: step.at)
        if json:
            output.as_json([vars(step) for step in steps])
            return
        output.table(
            "記録" if found is None else f"記録: {gist(found.messages)}",
            ("日時", "だれが", "何を", "人数"),
            (
                (
                    output.moment(step.at),
                    "自動" if step.actor == "system" else names.get(step.actor, step.actor),
                    DEEDS.get(step.deed, step.deed),
                    step.people,
                )
                for step in steps
            ),
        )


def _own_steps(found: Broadcast, tally: Tally) -> list[Step]:
    """What the service did by itself, as the broadcast's own row says it."""
    steps = []
    if found.prepared_at is not None:
        steps.append(Step(found.prepared_at, "system", "began", tally.recipients))
    if found.finished_at is not None and found.status in ("sent", "cancelled"):
        steps.append(Step(found.finished_at, "system", found.status, tally.accepted))
    return steps


def how_far(tally: Tally, doubtful: int) -> Mapping[str, int]:
    """Everybody exactly once: who has got it, who has not, and of whom nobody knows yet."""
    return {
        FATES["accepted"]: tally.accepted,
        FATES["unknown"]: tally.unknown,
        FATES["trying"]: doubtful,
        FATES["not_tried"]: tally.remaining - doubtful,
        FATES["failed"]: tally.failed,
        FATES["blocked"]: tally.blocked,
    }


def how_far_in_words(work: Work, broadcast_id: str) -> str:
    """「LINEが受け付けた 500 人、…」; what is 0 only where it matters."""
    counts = how_far(broadcasts.tally(work, broadcast_id), broadcast_care.in_doubt(work, broadcast_id))
    always = (FATES["accepted"], FATES["unknown"], FATES["not_tried"])
    return "、".join(f"{name} {count} 人" for name, count in counts.items() if count or name in always)


def facts(work: Work, found: Broadcast, tally: Tally) -> dict[str, Any]:
    """For programs: who made and approved it, and how many are on their way or were never tried."""
    doubtful = broadcast_care.in_doubt(work, found.id)
    return {
        "created_by": found.created_by,
        "approved_by": found.approved_by,
        "trying": doubtful,
        "not_tried": tally.remaining - doubtful,
    }
