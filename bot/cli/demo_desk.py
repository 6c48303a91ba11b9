"""The demo's members of staff: accounts that are ready to use, with their secrets in a file of their own (0600)."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from bot.cli.house import House
from bot.content.library import Content
from bot.desk import telling
from bot.desk.opening import open_concern
from storage import concerns, second_factor, staff, welcome
from storage.work import Database

FILE = "staff.json"
EXAMPLE = {
    "who": "（おためしの、つくり話です）70代くらいの男の人。ひとり暮らし。",
    "where": "おためし町1丁目、公園の向かいの、青い屋根の家",
    "what": "三日前から新聞がたまっている。夜もあかりがつかない。",
}
_SIGNS = "abcdefghjkmnpqrstuvwxyz23456789"  # nothing that looks like something else: it is copied by hand


@dataclass(frozen=True)
class Member:
    """An account of the demo, and what opens it."""

    login: str
    name: str
    town: str
    mail: str
    password: str
    key: str
    """Of the authenticator."""


def _fresh(login: str, name: str, town: str, mail: str) -> Member:
    words = ["".join(secrets.choice(_SIGNS) for _ in range(4)) for _ in range(4)]
    return Member(login, name, town, mail, "-".join(words), second_factor.new_secret())


def members(folder: Path) -> tuple[Member, ...]:
    """Who works in the demo; made once, then read again, so that a restart changes no password."""
    file = folder / FILE
    if file.exists():
        return tuple(Member(**each) for each in json.loads(file.read_text("utf-8")))
    made = (
        _fresh("madoguchi", "まどぐち はなこ", "tottori", "madoguchi@tottori.example"),
        _fresh("iwami", "いわみ たろう", "iwami", "madoguchi@iwami.example"),
    )
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
        json.dump([asdict(each) for each in made], out, ensure_ascii=False, indent=1)
    return made


def open_accounts(db: Database, content: Content, those: Sequence[Member]) -> None:
    """Each works at all desks that are only their town's; what is there already is left alone."""
    for each in those:
        windows = tuple(window.key for window in content.windows if window.serves == (each.town,))
        with db.work() as work:
            if staff.by_login(work, each.login) is None:
                welcome.prepare(
                    work,
                    login=each.login,
                    name=each.name,
                    windows=windows,
                    mail=each.mail,
                    password=each.password,
                    totp_secret=each.key,
                )


def open_example(house: House, by: Member) -> None:
    """An invented concern, taken on the telephone, so that the first inbox is not empty; only where there is none."""
    with house.db.work() as work:
        account = staff.by_login(work, by.login)
        if account is None or concerns.listed(work):
            return
        actor, url = f"staff:{account.id}", house.settings.public_url
        opened = open_concern(
            work, house.content, url, house.now, channel="default", person_id=None, town=by.town,
            district=None, kind="safety", level=house.content.concern_kinds["safety"].level, since="days",
            subject_knows="unaware", source="telephone", actor=actor,
        )  # fmt: skip
        telling.entered(work, house.content, url, opened, EXAMPLE, actor)
