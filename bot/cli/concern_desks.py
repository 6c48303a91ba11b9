"""`tsunagari concern note|call|level|reopen|merge|hand-on|…`: the desk's work, for a town without a browser."""

from __future__ import annotations

from typing import Annotated

import typer

from bot.cli import output
from bot.cli.concern_house import As, Number, Text, Yes, desk_of, do, doer, find, perform, written
from bot.cli.house import House, open_house
from bot.cli.output import Refused
from bot.desk import deeds, handing_on, knowing
from storage import handons, inboxes
from storage.concerns import Concern
from storage.handons import Handon
from storage.work import Work

WHOM = {"subject": "本人", "family": "家族", "reporter": "通報した人", "other": "関係機関など"}
AGREED = {"agreed": "同意している", "not_asked": "まだ聞いていない", "refused": "同意していない"}
SUBJECT = AGREED | {"not_needed": "同意を待てない"}


def add_to(app: typer.Typer) -> None:
    """Register the commands beside the others of `tsunagari concern`."""
    for command in (note, call, level, reopen, merge):
        app.command()(command)
    for name, deed in (
        ("who-reported", who_reported),
        ("hand-on", hand_on),
        ("accept-handon", accept_handon),
        ("refuse-handon", refuse_handon),
        ("withdraw-handon", withdraw_handon),
    ):
        app.command(name)(deed)


def note(number: Number, text: Text, who: As) -> None:
    """メモを書きます。

    例: tsunagari concern note K-7Q2M-X4TB-9 --text "来週また訪ねる" --as 山田
    """
    words = written(text)
    do(number, who, lambda work, _, by, it: deeds.note(work, by, it, words), "にメモを書きました。")


def call(
    number: Number,
    who: As,
    whom: Annotated[
        str, typer.Option("--with", metavar="相手", help="subject family reporter other")
    ] = "subject",
    reached: Annotated[bool, typer.Option("--reached/--not-reached", help="話せたか。")] = True,
    text: Annotated[str, typer.Option("--text", metavar="文", help="内容。")] = "",
) -> None:
    """電話・訪問を記録します。本人か家族と話せた最初の1回で「対応中」になります。

    例: tsunagari concern call K-7Q2M-X4TB-9 --with subject --reached --text "元気だった" --as 山田
    """
    key = output.one_of("相手", whom, WHOM)
    do(
        number,
        who,
        lambda work, desk, by, it: deeds.call(work, desk, by, it, key, reached, text.strip()),
        "に電話・訪問を記録しました。",
    )


def level(
    number: Number,
    to: Annotated[int, typer.Option("--to", min=0, max=3, help="0（命の危険）〜3（通常）")],
    text: Text,
    who: As,
) -> None:
    """急ぎの度合いを上げます（下げることはできません）。

    例: tsunagari concern level K-7Q2M-X4TB-9 --to 1 --text "今日も応答がない" --as 山田
    """
    words = written(text)
    do(
        number,
        who,
        lambda work, desk, by, it: deeds.raise_level(work, desk, by, it, to, words),
        "の急ぎを上げました。",
    )


def reopen(number: Number, text: Text, who: As) -> None:
    """終了した（まとめた）連絡を、もう一度始めます。

    例: tsunagari concern reopen K-7Q2M-X4TB-9 --text "また新聞がたまっている" --as 山田
    """
    words = written(text)
    do(
        number,
        who,
        lambda work, desk, by, it: deeds.reopen(work, desk, by, it, words),
        "をもう一度始めました。",
    )


def merge(
    number: Number,
    into: Annotated[str, typer.Option("--into", metavar="番号", help="残すほうの受付番号。")],
    who: As,
    yes: Yes = False,
) -> None:
    """同じ人についての連絡をまとめます。どちらの記録も残り、concern reopen で元に戻せます。

    例: tsunagari concern merge K-7Q2M-X4TB-9 --into K-3D9F-1HJK-0 --as 山田 --yes
    """
    doer(who)
    with open_house() as house:
        found, kept = find(house, number), find(house, into)
        if not yes:
            output.not_yet(
                [f"{found.number} を {kept.number} にまとめます。"], "同じ命令に --yes を付けてください。"
            )
            return
        perform(
            house,
            number,
            who,
            lambda work, desk, by, it: knowing.merge(
                work, desk, by, it, inboxes.lock_all(work, (kept,))[kept.id]
            ),
            beside=(kept,),
        )
        output.say(f"{found.number} を {kept.number} にまとめました。", output.GOOD)


def who_reported(
    number: Number,
    reason: Annotated[str, typer.Option("--reason", metavar="理由", help="見る理由（記録に残ります）。")],
    who: As,
) -> None:
    """通報した人の連絡先を見ます。だれが、なぜ見たかが記録に残ります。

    例: tsunagari concern who-reported K-7Q2M-X4TB-9 --reason "折り返し電話のため" --as 山田
    """
    words, by = written(reason, "--reason"), doer(who)
    with open_house() as house:
        found = find(house, number)
        with house.db.work() as work:
            opened = knowing.open_identity(work, by, found, words)
        output.fields({"番号": found.number, "連絡先": opened.contact or "書かれていません。"})


# ---- hand-ons ----------------------------------------------------------------------------------------------


def hand_on(
    number: Number,
    to: Annotated[str, typer.Option("--to", metavar="窓口", help="窓口のキーか名前。")],
    text: Text,
    who: As,
    subject: Annotated[
        str, typer.Option("--subject", help="本人の同意: agreed not_asked refused not_needed")
    ] = "not_asked",
    reporter: Annotated[
        str, typer.Option("--reporter", help="通報した人の同意: agreed not_asked refused")
    ] = "not_asked",
) -> None:
    """ほかの窓口に引き継ぎを依頼します。引き受けるまで、担当は変わりません。

    例: tsunagari concern hand-on K-7Q2M-X4TB-9 --to tottori_personal_support --text "家賃の相談" --as 山田
    """
    words = written(text)
    agreed, said = output.one_of("同意", subject, SUBJECT), output.one_of("同意", reporter, AGREED)
    doer(who)
    with open_house() as house:
        key = _window(house, to)
        now = perform(
            house,
            number,
            who,
            lambda work, desk, by, it: handing_on.hand_on(
                work, desk, by, it, key, subject=agreed, reporter=said, text=words
            ),
        )
        output.say(
            f"{now.number} の引き継ぎを依頼しました。引き受けるまで、担当は変わりません。", output.GOOD
        )


def accept_handon(number: Number, who: As) -> None:
    """依頼された引き継ぎを引き受けます。

    例: tsunagari concern accept-handon K-7Q2M-X4TB-9 --as 山田
    """
    do(
        number,
        who,
        lambda work, desk, by, it: handing_on.accept(work, desk, by, it, _open(work, it)),
        "を引き受けました。",
    )


def refuse_handon(
    number: Number,
    reason: Annotated[str, typer.Option("--reason", help="理由: " + " ".join(handing_on.REASONS))],
    proposed: Annotated[str, typer.Option("--propose", metavar="窓口", help="よいと思う窓口のキーか名前。")],
    text: Text,
    who: As,
) -> None:
    """依頼された引き継ぎを断り、別の窓口を提案します。

    例: tsunagari concern refuse-handon K-7Q2M-X4TB-9 --reason not_our_area --propose chizu_fukushi
    --text "智頭町の人です" --as 山田
    """
    words = written(text)
    doer(who)
    with open_house() as house:
        texts = house.content.texts
        reasons = {key: texts.get(f"desk.refusal.{key}") for key in handing_on.REASONS}
        why, window = output.one_of("理由", reason, reasons), _window(house, proposed)
        now = perform(
            house,
            number,
            who,
            lambda work, desk, by, it: handing_on.refuse(
                work, desk, by, it, _open(work, it), reason=why, proposed=window, text=words
            ),
        )
        output.say(f"{now.number} の引き継ぎを断り、別の窓口を提案しました。", output.GOOD)


def withdraw_handon(number: Number, who: As) -> None:
    """引き継ぎの依頼を取り消します。

    例: tsunagari concern withdraw-handon K-7Q2M-X4TB-9 --as 山田
    """
    do(
        number,
        who,
        lambda work, _, by, it: handing_on.withdraw(work, by, it, _open(work, it)),
        "の引き継ぎの依頼を取り消しました。",
    )


def _open(work: Work, concern: Concern) -> Handon:
    offer = handons.open_of(work, concern)
    if offer is None:
        raise Refused(f"{concern.number} には、返事を待っている引き継ぎの依頼はありません。")
    return offer


def _window(house: House, word: str) -> str:
    return output.one_of("窓口", word, {window.key: window.name for window in desk_of(house).content.windows})
