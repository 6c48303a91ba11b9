"""What the commands about supporters share: who does it, whose entry, words for what is in it, files that are private."""

from __future__ import annotations

import contextlib
import getpass
import os
import tempfile
from collections.abc import Collection
from pathlib import Path
from typing import Annotated, Any

import typer

from bot.cli import output
from bot.cli.house import House, named
from bot.cli.output import Refused
from bot.cli.segment import district_names, town_names
from bot.content.library import Content
from bot.programme.register_cells import shown_phone
from storage import supporters
from storage.supporters import Profile, State, Supporter
from storage.work import Work

Id = Annotated[str, typer.Argument(metavar="ID", help="名簿のID（list で分かります）。")]
As = Annotated[str | None, typer.Option("--as", metavar="名前", help="だれが行うか（記録に残ります）。")]
Json = Annotated[bool, typer.Option("--json", help="JSONで出す。")]
Town = Annotated[str | None, typer.Option("--town", help="市町。例: 鳥取市")]
District = Annotated[str | None, typer.Option("--district", help="地区。例: 東中学校区")]
Channel = Annotated[str | None, typer.Option("--channel", help="LINE公式アカウント。ふつうは全部。")]


def actor(who: str | None, why: str | None = None) -> str:
    """Who does it, for the audit list: the name that was given, else the account at this terminal. With `why` a
    name is needed."""
    if who is not None:
        return named(who)
    if why is not None:
        raise typer.BadParameter(f"{why}には、だれが行うかを --as で書いてください。例: --as 山田")
    return f"cli:{getpass.getuser()}"[:64]


def find(work: Work, supporter_id: str) -> Supporter:
    """The entry with this id."""
    found = supporters.get(work, supporter_id.strip())
    if found is None:
        raise Refused(
            f"「{supporter_id}」というIDの人は、名簿にいません。",
            "tsunagari supporter list で確かめられます。",
        )
    return found


def states(content: Content) -> dict[str, str]:
    """The name of each state, as staff read it."""
    return {state: content.texts.get(f"register.states.{state}") for state in supporters.PERMITTED}


def state_of(content: Content, word: str) -> State:
    """The state with this key or name."""
    key = output.one_of("状態", word, states(content))
    return next(state for state in supporters.PERMITTED if state == key)


def town_of(house: House, word: str | None) -> str | None:
    return output.one_of("市町", word, town_names(house.content)) if word else None


def district_of(house: House, town: str | None, word: str | None) -> tuple[str | None, str | None]:
    """Town and district; a district's key is its own only within its town."""
    if not word:
        return town, None
    towns = [town] if town else [key for key, each in house.content.towns.items() if len(each.districts) > 1]
    key = output.one_of("地区", word, district_names(house.content, towns))
    if town is None:
        having = [each for each in towns if any(d.key == key for d in house.content.town(each).districts)]
        if len(having) > 1:
            raise Refused(f"「{word}」という地区は、いくつかの市町にあります。", "--town も書いてください。")
        town = having[0]
    return town, key


def place(content: Content, entry: Supporter) -> tuple[str, str]:
    """Names of town and district."""
    town = content.towns.get(entry.town)
    if town is None:
        return entry.town, entry.district or "－"
    if len(town.districts) < 2:
        return town.name, "－"
    names = {district.key: district.name for district in town.districts}
    return town.name, names.get(entry.district or "", entry.district or "－")


def facts(entry: Supporter) -> dict[str, Any]:
    """An entry for programs; who is behind it only by whether there is a phone."""
    return {
        "id": entry.id,
        "town": entry.town,
        "district": entry.district,
        "state": entry.state,
        "source": entry.source,
        "line": entry.person_id is not None,
        "age_band": entry.age_band,
        "group": entry.group_name,
        "number": entry.number,
        "attended_on": entry.attended_on,
        "refreshed_on": entry.refreshed_on,
        "refresher_due_on": entry.refresher_due_on,
        "registered_at": entry.registered_at,
        "active_at": entry.active_at,
        "paused_until": entry.paused_until,
        "left_at": entry.left_at,
        "created_at": entry.created_at,
    }


def words(content: Content, profile: Profile) -> dict[str, str | None]:
    """What a person wrote about themselves, for programs."""
    return {
        "name": profile.name,
        "kana": profile.kana,
        "phone": shown_phone(profile.phone) if profile.phone else None,
        "mail": profile.mail,
        "motive": content.programme.motive(profile.motive) if profile.motive else None,
    }


def save(out: Path, data: bytes) -> None:
    """Write a file with people in it: all of it or nothing, and only for the account that wrote it."""
    try:
        number, name = tempfile.mkstemp(dir=out.absolute().parent, prefix=f".{out.name}.")
        try:
            with os.fdopen(number, "wb") as file:
                file.write(data)
            Path(name).replace(out)
        except OSError:
            with contextlib.suppress(OSError):
                Path(name).unlink()
            raise
    except OSError as trouble:
        raise Refused(
            f"{out} に書き出せません（{trouble.strerror}）。",
            "フォルダーと、書き込む権限を確かめてください。",
        ) from None


def suffix_of(out: Path, right: Collection[str]) -> str:
    """The suffix that says which kind of file is wanted; a usage error for another one."""
    suffix = out.suffix.lower()
    if suffix not in right:
        raise typer.BadParameter(f"「{out.name}」: {' か '.join(right)} で終わる名前にしてください。")
    if not out.absolute().parent.is_dir():
        raise Refused(f"フォルダー {out.absolute().parent} がありません。")
    return suffix
