"""`tsunagari course results`: what people said after a course, in figures, as a picture, and in their own words."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bot import table_files
from bot.cli import output
from bot.cli.course_house import Id, Json, find_in
from bot.cli.house import House, open_house
from bot.cli.output import Refused
from bot.cli.supporter_house import actor, save, suffix_of
from bot.programme import questionnaire
from bot.programme.questionnaire import FEWEST, Results
from storage import staff
from storage.courses import Course
from storage.work import Work

PICTURES = (".png", ".svg")
BAR = 24  # signs of the longest bar


def results(
    course_id: Id,
    out: Annotated[
        Path | None, typer.Option("--out", help="書き出す先（表は .csv .xlsx、図は .png .svg）。")
    ] = None,
    words: Annotated[
        bool, typer.Option("--free-text", help="ひとことも読む（その講座の市町の職員だけ。記録に残ります）。")
    ] = False,
    who: Annotated[
        str | None, typer.Option("--as", metavar="名前", help="だれが読むか（職員のログイン名か氏名）。")
    ] = None,
    json: Json = False,
) -> None:
    """アンケートの結果を見ます。答えが5人より少ないときは、人数だけ出します。

    例: tsunagari course results 0199a0c3… --out results.png
    """
    suffix = suffix_of(out, (*table_files.WRITTEN, *PICTURES)) if out else ""
    reader = actor(who, "ひとことを読むに") if words else ""
    with open_house() as house:
        said: tuple[str, ...] = ()
        with house.db.work() as work:
            found = find_in(work, course_id)
            seen = questionnaire.results(work, house.content, (found.id,))
            if words:
                by = _of_this_course(work, house, found, reader)
                said = questionnaire.free_words(work, found, seen, by)
        if out is not None:
            _write(house, found, seen, out, suffix)
        if json:
            output.as_json(_facts(seen) | ({"free_text": list(said)} if words else {}))
            return
        if out is None:
            _show(found, seen)
        if words:
            _show_words(seen, said)


def _of_this_course(work: Work, house: House, course: Course, reader: str) -> str:
    """The account of somebody who works at a desk of one of the course's towns; nobody else reads words."""
    login = staff.plain_login(reader)
    accounts = [
        each
        for each in staff.listed(work)
        if each.active and (each.login == login or each.name == reader.strip())
    ]
    desks = house.content.windows_by_key
    for each in accounts:
        served = {town for key in each.windows if key in desks for town in desks[key].serves}
        if served & set(course.towns):
            return f"staff:{each.id}"
    raise Refused(
        "ひとことを読めるのは、この講座の市町の窓口の職員だけです。",
        "--as に、自分のログイン名を書いてください（tsunagari staff list で確かめられます）。",
    )


def _facts(seen: Results) -> dict[str, object]:
    return {
        "answers": seen.answers,
        "enough": seen.enough,
        "words": seen.words if seen.enough else None,
        "questions": [
            {
                "key": line.key,
                "text": line.text,
                "answered": line.answered,
                "mean": round(line.mean, 2),
                "counts": {str(number): count for number, _, count in line.counts},
            }
            for line in seen.lines
        ],
    }


def _show(course: Course, seen: Results) -> None:
    output.say(f"{course.title}（{output.day(course.on_date)}）: {seen.answers} 人が答えました。")
    if not seen.enough:
        output.say(
            f"{FEWEST} 人より少ないので、内容は出しません（だれの答えか分からないように）。", output.WARN
        )
        return
    for line in seen.lines:
        most = max(count for _, _, count in line.counts) or 1
        output.table(
            f"{line.text}（平均 {line.mean:.2f} / {len(line.counts)}、{line.answered} 人）",
            ("答え", "人数", "割合", ""),
            (
                (words, count, f"{count / line.answered:.0%}", "█" * round(BAR * count / most))
                for _, words, count in line.counts
            ),
        )
    output.say(f"ひとこと: {seen.words} 件（--free-text --as 名前 で読めます）", output.QUIET)


def _show_words(seen: Results, said: tuple[str, ...]) -> None:
    if not seen.enough:
        output.say(f"ひとことは、{FEWEST} 人より多く答えてから読めます。", output.WARN)
        return
    output.table("ひとこと", ("",), ((text,) for text in said), empty="書いた人はいません。")


def _write(house: House, course: Course, seen: Results, out: Path, suffix: str) -> None:
    if suffix in PICTURES:
        if not seen.enough:
            raise Refused(
                f"答えが {FEWEST} 人より少ないので、図にできません。",
                "もう少し答えが集まるのを待ってください。",
            )
        from bot.programme import (
            course_chart,  # its library takes a second to load: only who wants a picture waits
        )

        data = course_chart.chart(house.content, course, seen, suffix)
    else:
        data = table_files.table_bytes(suffix, course.title, questionnaire.table(house.content, course, seen))
    save(out, data)
    output.say(f"{out} に書き出しました。", output.GOOD)


def add_to(app: typer.Typer) -> None:
    """`course results`."""
    app.command("results")(results)
