"""`tsunagari course poster`: what hangs on the wall before, during and after a course."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Annotated

import typer

from bot import course_poster, poster
from bot.cli import output
from bot.cli.course_house import BasicId, Id, account, find, office_of, when
from bot.cli.house import House, open_house
from bot.cli.output import TOKYO, Refused
from bot.course_poster import Way
from bot.programme import courses as seats
from bot.programme import questionnaire
from bot.programme.course_news import page_url
from storage.courses import Course


def poster_(
    course_id: Id,
    out: Annotated[Path, typer.Option("--out", help="書き出す先（.pdf または .png）。")],
    what: Annotated[
        str,
        typer.Option(
            "--for",
            help="registration: 会場で登録する、sign-up: 前もって申し込む、questionnaire: アンケートに答える",
        ),
    ] = "registration",
    basic_id: BasicId = None,
) -> None:
    """会場や掲示板に貼るA4のポスターを作ります。

    例: tsunagari course poster 0199a0c3… --for sign-up --out sign-up.pdf
    """
    if out.suffix.lower() not in (".pdf", ".png"):
        raise typer.BadParameter(f"「{out.name}」: .pdf か .png で終わる名前にしてください。")
    if what not in ("registration", "sign-up", "questionnaire"):
        raise typer.BadParameter(f"「{what}」: registration、sign-up、questionnaire のどれかにしてください。")
    if not out.absolute().parent.is_dir():
        raise Refused(f"フォルダー {out.absolute().parent} がありません。")
    with open_house() as house:
        found = find(house, course_id)
        try:
            _draw(house, found, what, out, basic_id)
        except OSError as trouble:
            raise Refused(f"{out} に書き出せません（{trouble.strerror}）。") from None
    output.say(f"{out} に書き出しました。", output.GOOD)


def _draw(house: House, found: Course, what: str, out: Path, basic_id: str | None) -> None:
    match what:
        case "sign-up":
            _to_sign_up(house, found, out, basic_id)
        case "questionnaire":
            _to_answer(house, found, out)
        case _:
            _to_register(house, found, out, basic_id)


def _to_register(house: House, found: Course, out: Path, basic_id: str | None) -> None:
    last = (found.valid_until - dt.timedelta(seconds=1)).astimezone(TOKYO)
    poster.save(
        poster.Poster(
            title=found.title,
            town=seats.towns_said(house.content, found),
            when=when(found),
            place=found.place,
            code=found.readable_code,
            registration_url=poster.registration_url(account(house, found, basic_id), found.readable_code),
            until=f"{last.month}月{last.day}日",
        ),
        out,
    )


def _to_sign_up(house: House, found: Course, out: Path, basic_id: str | None) -> None:
    if found.sign_up_until is None:
        raise Refused(
            "この講座は、申込みを受けていません。", "tsunagari course edit … --sign-up で、受けられます。"
        )
    page = page_url(office_of(house), found)
    plan = house.content.channels.get(found.channel)
    line = basic_id or (plan.basic_id if plan else None)
    text = house.content.texts.get("course_web.line_text", sign=found.sign)
    ways = [Way("LINEで申し込む", poster.chat_url(line, text))] if line else []
    ways.append(Way("LINEを使わない方", page) if line else Way("申込みのページ", page))
    town = house.content.towns.get(found.town)
    words = course_poster.words_to_sign_up(
        found.title,
        f"{seats.towns_said(house.content, found)}　参加者募集（参加費無料）",
        (("とき", when(found)), ("ところ", found.place)),
        len(ways),
        f"{town.name} {town.phone}" if town and town.phone else "",
    )
    poster.save_picture(lambda: course_poster.draw(words, ways, _address(page)), out, found.title)


def _to_answer(house: House, found: Course, out: Path) -> None:
    with house.db.look() as work:
        key = questionnaire.key_of(work, found)
    url = f"{page_url(office_of(house), found)}/voice/{key}"
    words = course_poster.words_to_answer(found.title, seats.towns_said(house.content, found))
    ways = [Way("アンケート", url)]
    poster.save_picture(lambda: course_poster.draw(words, ways, _address(url)), out, found.title)


def _address(url: str) -> str:
    """As people type it."""
    return url.removeprefix("https://")


def add_to(app: typer.Typer) -> None:
    """`course poster`."""
    app.command("poster")(poster_)
