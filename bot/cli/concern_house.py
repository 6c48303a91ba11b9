"""What the commands about one concern share: its number, who does it, and doing it in one unit of work."""

from __future__ import annotations

import getpass
from collections.abc import Callable
from typing import Annotated, Any

import typer

from bot.cli import output
from bot.cli.house import House, named, open_house
from bot.cli.output import Refused
from bot.desk import wording
from bot.desk.deeds import CannotBeDone, Desk, Doer
from storage import concerns, inboxes
from storage.concerns import Concern
from storage.transitions import NotPermitted
from storage.work import Work

Number = Annotated[str, typer.Argument(metavar="番号", help="受付番号。例: K-7Q2M-X4TB-9")]
As = Annotated[str, typer.Option("--as", metavar="名前", help="だれが行うか（記録に残ります）。")]
Text = Annotated[str, typer.Option("--text", metavar="文", help="書くこと。窓口の職員だけが読みます。")]
Yes = Annotated[bool, typer.Option("--yes", help="実行する（付けないと下見だけ）。")]

Deed = Callable[[Work, Desk, Doer, Concern], Any]


def doer(who: str) -> Doer:
    """Who does it at a terminal, as the desk knows whoever does something."""
    return Doer(named(who), None)


def terminal() -> Doer:
    """Whoever looks without having to give a name: the account in which the terminal runs."""
    return Doer(f"cli:{getpass.getuser()}"[:64], None)


def written(text: str, option: str = "--text") -> str:
    """Words that are needed."""
    if not text.strip():
        raise typer.BadParameter(f"{option} に言葉を書いてください。")
    return text.strip()


def desk_of(house: House) -> Desk:
    return Desk(house.content, house.now, house.settings.public_url)


def find(house: House, number: str) -> Concern:
    """The concern with this number, however it was typed."""
    if concerns.checked_number(number) is None:
        raise Refused(
            f"「{number}」は受付番号として正しくありません。",
            "番号をもう一度ご確認ください。",
        )
    with house.db.look() as work:
        found = concerns.by_number(work, number)
    if found is None:
        raise Refused(
            f"「{number}」という受付番号の連絡はありません。", "tsunagari concern list で確かめられます。"
        )
    return found


def perform(house: House, number: str, who: str, deed: Deed, beside: tuple[Concern, ...] = ()) -> Concern:
    """Do it to what stands there now; refused in the words that the desk's page has for it, too.

    `beside` are other concerns that the deed changes: all are locked together, in one order.
    """
    by, found = doer(who), find(house, number)
    try:
        with house.db.work() as work:
            deed(work, desk_of(house), by, inboxes.lock_all(work, (found, *beside))[found.id])
            return inboxes.of_id(work, found.id)
    except CannotBeDone as no:
        raise Refused(house.content.texts.get(f"desk.why.{no.why}")) from None
    except NotPermitted:
        now = wording.state(house.content, find(house, number))
        raise Refused(
            f"いまは「{now}」なので、できません。", f"tsunagari concern show {number} で確かめられます。"
        ) from None


def do(number: str, who: str, deed: Deed, said: str) -> None:
    """The whole of a command that does one deed and says so."""
    doer(who)
    with open_house() as house:
        now = perform(house, number, who, deed)
        output.say(f"{now.number} {said}", output.GOOD)
