"""`tsunagari course cards` and `course code`: printed single-use cards, and how far a course's code opens."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Annotated

import typer

from bot import poster
from bot.cli import output
from bot.cli.house import House, open_house
from bot.cli.output import TOKYO, Refused
from bot.cli.segment import town_names
from bot.cli.supporter_house import As, actor, save, suffix_of
from bot.programme import joining
from storage import audit, cards, courses, joinings
from storage.courses import CODE_LENGTH, Course

MOST = 500  # cards at once

Id = Annotated[str, typer.Argument(metavar="ID", help="講座のID（list で分かります）。")]


def cards_(
    course_id: Id,
    out: Annotated[Path, typer.Option("--out", help="書き出す先（.pdf）。")],
    count: Annotated[
        int | None, typer.Option("--count", min=1, max=MOST, help="新しく作る枚数（ふつうは定員）。")
    ] = None,
    reprint: Annotated[
        bool, typer.Option("--reprint", help="新しく作らず、まだ使われていないものを刷り直す。")
    ] = False,
    cancel: Annotated[
        bool, typer.Option("--cancel-old", help="まだ使われていない前のカードを、使えなくしてから作る。")
    ] = False,
    who: As = None,
    basic_id: Annotated[str | None, typer.Option("--basic-id", help="LINE公式アカウントのID（@…）。")] = None,
) -> None:
    """1枚で1人が登録できるカード（A4に10枚、QRコード付き）を作ります。

    例: tsunagari course cards 0199a0c3… --count 40 --out cards.pdf
    """
    suffix_of(out, (".pdf",))
    if reprint and (count is not None or cancel):
        raise typer.BadParameter("--reprint は、--count や --cancel-old といっしょには使えません。")
    with open_house() as house:
        found = _find(house, course_id)
        account = _account(house, found, basic_id)
        if found.closed or found.called_off_at is not None or house.now >= found.valid_until:
            raise Refused(
                "この講座の登録は、もう終わっています。カードを作っても使えません。",
                "tsunagari course show で期間を確かめてください。",
            )
        gone = 0
        with house.db.work() as work:
            if cancel:
                gone = cards.take_back(work, found.id)
            if reprint:
                listed = tuple(
                    card
                    for card in cards.of_course(work, found.id)
                    if card.used_at is None and card.void_at is None
                )
                if not listed:
                    raise Refused("刷り直すカードがありません。", "--count で、新しく作れます。")
            else:
                listed = cards.issue(work, found, count or min(found.capacity, MOST))
            codes = cards.codes(work, listed)
            deed = "reprint_cards" if reprint else "issue_cards"
            audit.note(work, actor(who), deed, "course", found.id, found.channel)
            save(out, _pdf(house, found, account, [(card.number, codes[card.id]) for card in listed]))
    if gone:
        output.say(f"前のカード {gone} 枚を、使えなくしました。", output.WARN)
    output.say(f"{out} に {len(listed)} 枚を書き出しました。", output.GOOD)
    output.say("このファイルは、だれでも登録に使えます。印刷したら消してください。", output.QUIET)


def code_(
    course_id: Id,
    margin: Annotated[
        int | None,
        typer.Option(
            "--margin", min=0, max=10_000, help="定員（講座のあとは出席者）より何人多くまで登録できるか。"
        ),
    ] = None,
    approval: Annotated[
        bool | None,
        typer.Option("--approval/--no-approval", help="名簿にある人か、担当が認めた人だけを登録する。"),
    ] = None,
    who: As = None,
    json: Annotated[bool, typer.Option("--json", help="JSONで出す。")] = False,
) -> None:
    """登録コードで何人まで登録できるかを、見たり変えたりします。

    例: tsunagari course code 0199a0c3… --margin 20
    """
    with open_house() as house:
        found = _find(house, course_id)
        with house.db.work() as work:
            gate = joinings.gate(work, found.id)
            if margin is not None or approval is not None:
                gate = joinings.Gate(
                    gate.margin if margin is None else margin,
                    gate.by_approval if approval is None else approval,
                )
                joinings.set_gate(work, found.id, found.channel, gate)
                audit.note(work, actor(who), "set_gate", "course", found.id, found.channel)
            facts = {
                "code": found.readable_code,
                "valid_from": found.valid_from,
                "valid_until": found.valid_until,
                "closed": found.closed,
                "margin": gate.margin,
                "by_approval": gate.by_approval,
                "most": joining.most_by_code(work, found),
                "joined": joinings.joined_by_code(work, found.id),
                "waiting": sum(each.status == "waiting" for each in joinings.of_course(work, found.id)),
                "cards": {
                    "used": sum(card.used_at is not None for card in cards.of_course(work, found.id)),
                    "left": sum(
                        card.used_at is None and card.void_at is None
                        for card in cards.of_course(work, found.id)
                    ),
                },
            }
    if json:
        output.as_json(facts)
        return
    printed = facts["cards"]
    assert isinstance(printed, dict)
    output.fields(
        {
            "コード": facts["code"],
            "使える期間": f"{output.moment(found.valid_from)} 〜 {output.moment(found.valid_until)}"
            + ("（締め切り済み）" if found.closed else ""),
            "登録": f"{facts['joined']} 人（{facts['most']} 人まで。それより多い人は担当が確かめます）",
            "ゆとり": f"{gate.margin} 人",
            "登録のしかた": "名簿にある人か、担当が認めた人だけ"
            if gate.by_approval
            else "コードですぐに登録",
            "確かめを待つ人": f"{facts['waiting']} 人（tsunagari supporter waiting --course {found.id}）",
            "カード": f"使われた {printed['used']} 枚、残り {printed['left']} 枚",
        }
    )


def _find(house: House, course_id: str) -> Course:
    with house.db.look() as work:
        found = courses.get(work, course_id.strip())
    if found is None:
        raise Refused(f"「{course_id}」という講座はありません。", "tsunagari course list で確かめられます。")
    return found


def _account(house: House, course: Course, basic_id: str | None) -> str:
    channel = house.content.channels.get(course.channel)
    account = basic_id or (channel.basic_id if channel else None)
    if not account:
        raise Refused(
            "LINE公式アカウントのID（@…）が分かりません。",
            "--basic-id か content/channels.yaml に書いてください。",
        )
    return account


def _pdf(house: House, course: Course, account: str, printed: list[tuple[int, str]]) -> bytes:
    from bot.programme import card_sheet  # reportlab takes its time to start

    last = (course.valid_until - dt.timedelta(seconds=1)).astimezone(TOKYO)
    on = course.on_date
    about = card_sheet.Sheet(
        title=course.title,
        town=town_names(house.content).get(course.town, course.town),
        when=f"{on.year}年{on.month}月{on.day}日",
        until=f"{last.month}月{last.day}日",
        printed=output.moment(house.now),
    )
    half = CODE_LENGTH // 2
    readable = [(number, f"{code[:half]}-{code[half:]}") for number, code in printed]
    listed = [
        card_sheet.OneCard(number, code, poster.registration_url(account, code)) for number, code in readable
    ]
    return card_sheet.sheet(house.content.texts, about, listed)


def add_to(app: typer.Typer) -> None:
    """`course cards` and `course code`."""
    app.command("cards")(cards_)
    app.command("code")(code_)
