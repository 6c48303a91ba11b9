"""`tsunagari news preview|send`: what the next digest would say and to how many; and to send it now."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from bot import phone_picture
from bot.broadcasting import digest
from bot.broadcasting.digest import Piece
from bot.cli import output
from bot.cli.broadcast_house import STATUS, As, Channel, Json, Yes, awaits, checked_urgent, maker
from bot.cli.house import House, open_house
from bot.cli.output import Refused, one_of
from bot.cli.segment import RHYTHMS as CALLED
from bot.cli.segment import language_names, town_names
from bot.cli.segment_words import LEFT_OUT
from bot.content.news import RHYTHMS, Rhythm
from bot.messages import Text
from bot.phone_picture import Phone
from jobs import broadcast, news
from storage import broadcasts, recipients
from storage.recipients import Reason
from storage.segments import All, Fits, Segment

PHONES: Final = 4  # side by side
Which = Annotated[
    str | None, typer.Option("--rhythm", help="そのつど（each）、週に1回（week）、月に1回（month）。")
]
Told = Sequence[tuple[tuple[Piece, ...], str, int]]  # what, in which language, to how many


@dataclass(frozen=True)
class Next:
    """A turn as it would be now: what is told to how many, and who takes these topics and gets nothing now."""

    told: Told = ()
    left_out: Mapping[Reason, int] | None = None

    @property
    def people(self) -> int:
        return sum(count for _, _, count in self.told)


def add_to(app: typer.Typer) -> None:
    """Register the commands beside the others of `tsunagari news`."""
    app.command()(preview)
    app.command()(send)


def say_turns(house: House) -> None:
    """When the next digest of each rhythm goes out."""
    coming = {CALLED[each]: output.moment(house.content.news.coming(each, house.now)) for each in RHYTHMS}
    output.fields({f"つぎの便（{name}）": at for name, at in coming.items()})


def preview(
    rhythm: Which = None,
    town: Annotated[str | None, typer.Option("--town", help="この市町の人に届くものだけ。例: 岩美町")] = None,
    channel: Channel = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="電話での見え方を絵にするファイル。例: news.png")
    ] = None,
    json: Json = False,
) -> None:
    """つぎの便で、何が何人に届くかを見ます。何も送らず、何も変えません。

    例: tsunagari news preview

    例: tsunagari news preview --rhythm 月に1回 --town 岩美町 --out news.png
    """
    with open_house() as house:
        which = (_rhythm(rhythm),) if rhythm else RHYTHMS
        key = one_of("市町", town, town_names(house.content)) if town else None
        where = house.channel_of((key,) if key else (), channel)
        plan = house.content.news
        found = {each: _next(house, where, each, key, plan.coming(each, house.now)) for each in which}
        if json:
            output.as_json([_facts(house, each, turn) for each, turn in found.items()])
        else:
            for each, turn in found.items():
                _show(house, each, turn)
        if out is not None:
            _draw(house, where, [each for turn in found.values() for each in turn.told], out)
            if not json:
                output.say(f"電話での見え方: {out}", output.GOOD)


def send(
    rhythm: Which = None,
    channel: Channel = None,
    who: As = None,
    yes: Yes = False,
    json: Json = False,
) -> None:
    """便の日を待たずに、いま送ります。もう届いたものは、同じ人に二度は届きません。

    例: tsunagari news send --rhythm week --yes
    """
    if rhythm is None:
        raise typer.BadParameter("どの便を送るかを --rhythm で書いてください。例: --rhythm 週に1回")
    with open_house() as house:
        which, where = _rhythm(rhythm), house.channel_of((), channel)
        turn = _next(house, where, which, None, house.now)
        people = turn.people
        if not people:
            raise Refused(
                f"いま、{CALLED[which]}の便で届けるものがありません。",
                "tsunagari news list と preview で確かめられます。",
            )
        if not yes:
            if not json:
                _show(house, which, turn, now=True)
            output.not_yet(
                [f"{CALLED[which]}の便を、いま {people} 人に送ります。"],
                f"tsunagari news send --rhythm {which} --yes",
            )
            return
        checked_urgent(None, house.now, house)
        by = maker(house, people, who)
        with house.db.work() as work:
            planned = news.compose(work, house.content, where, which, house.now, created_by=by)
        if planned is None:
            raise Refused("たったいま、ほかで送られました。", "tsunagari broadcast list で確かめられます。")
        broadcast.fire(house, planned.id, planned.due_at)
        with house.db.look() as work:
            begun = broadcasts.get(work, planned.id)
        assert begun is not None
        if json:
            output.as_json({"id": begun.id, "status": begun.status, "recipients": begun.recipients})
            return
        output.say(f"{STATUS[begun.status]}（{begun.recipients or people} 人）。ID {begun.id}", output.GOOD)
        if awaits(house, people):
            output.say(f"ほかの人の承認が要ります: tsunagari broadcast approve {begun.id} --as 名前 --yes")
        output.say(f"進みぐあい: tsunagari broadcast show {begun.id}")


def _rhythm(typed: str) -> Rhythm:
    key = one_of("届け方", typed, CALLED)
    return next(each for each in RHYTHMS if each == key)


def _next(house: House, channel: str, rhythm: Rhythm, town: str | None, at: dt.datetime) -> Next:
    """The turn of this moment, as things stand now, by what people read; the most people first."""
    with house.db.look() as work:
        message, segment = news.digest_until(work, house.content, channel, rhythm, house.now)
        told = digest.digest_of([message])
        if told is None:
            return Next()
        to: Segment = All((Fits("town", (town,)), segment)) if town else segment
        left_out = recipients.reach(work, channel, to).left_out
        return Next(digest.reach(work, house.content, channel, to, told, at.date()), left_out)


def _show(house: House, rhythm: Rhythm, turn: Next, now: bool = False) -> None:
    at = "いま" if now else output.moment(house.content.news.coming(rhythm, house.now))
    title = f"{CALLED[rhythm]}の便（{at}）: {turn.people} 人"
    languages = language_names(house.content)
    output.table(
        title,
        ("人数", "言語", "件数", "お知らせ"),
        (
            (count, languages[language], len(pieces), "、".join(piece.title for piece in pieces))
            for pieces, language, count in turn.told
        ),
        empty="届けるものがありません。" if turn.left_out is None else "いま届く人がいません。",
    )
    for reason, count in (turn.left_out or {}).items():
        if count:
            output.say(f"この便が届かない人（{LEFT_OUT[reason]}）: {count} 人", output.QUIET)
    if turn.told:
        pieces, language, count = turn.told[0]
        output.say(f"いちばん多い {count} 人に届く文:", output.QUIET)
        for message in digest.saying(house.content, pieces, language).messages:
            assert isinstance(message, Text)
            output.say(message.text)


def _draw(house: House, channel: str, told: Told, out: Path) -> None:
    if out.suffix.lower() != ".png":
        raise Refused(f"「{out.name}」: 絵のファイルの名前は .png で終わります。", "例: --out news.png")
    if not told:
        raise Refused("届けるものがないので、絵にできません。")
    languages = language_names(house.content)
    phones = [
        Phone(digest.saying(house.content, pieces, language), f"{languages[language]}: {count} 人")
        for pieces, language, count in told[:PHONES]
    ]
    drawn = phone_picture.draw(house.content.channels[channel].name, phones, f"{house.now:%H:%M}")
    try:
        out.write_bytes(drawn)
    except OSError as trouble:
        raise Refused(f"{out} に書けません（{trouble.strerror}）。") from None


def _facts(house: House, rhythm: Rhythm, turn: Next) -> dict[str, Any]:
    return {
        "rhythm": rhythm,
        "at": house.content.news.coming(rhythm, house.now),
        "recipients": turn.people,
        "left_out": turn.left_out or {},
        "variants": [
            {"recipients": count, "language": language, "items": [piece.id for piece in pieces]}
            for pieces, language, count in turn.told
        ],
    }
