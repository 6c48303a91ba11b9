"""Desks with people at them, for tests: who works where, their browsers, and concerns on their table."""

from __future__ import annotations

import html
import itertools
import re
from dataclasses import dataclass, field
from typing import Any, cast

from flask import Flask
from town import PUBLIC_URL, Town, the_content
from werkzeug.test import Client, TestResponse

from bot.desk.deeds import Desk, Doer, at_desk
from bot.web.desk.gate import TOKEN
from bot.web.sealed_session import SealedSessions
from storage import audit, concerns, people, sessions, staff
from storage.concerns import Concern
from storage.staff import Role, Staff
from storage.work import Database

IWAMI, SUPPORT, WAKASA = "iwami_kenko_fukushi", "tottori_personal_support", "wakasa_fukushi_hoken"
SEEN = "となりの家の雨戸が三日しまったまま"
WHERE = "青い屋根の家（秘密町三番地）"
CONTACT = "090-0000-1234 知らせた花子"
_numbers = itertools.count(1)


def hire(db: Database, name: str, *windows: str, role: Role = "member") -> Staff:
    """Somebody who works at these desks and has signed in before."""
    with db.work() as work:
        made = staff.add(work, login=f"worker{next(_numbers)}@town", name=name, windows=windows, role=role)
        staff.make_ready(work, made.id, password="hash", totp="JBSWY3DPEHPK3PXP", recovery=())
        found = staff.get(work, made.id)
    assert found is not None
    return found


def doer(who: Staff) -> Doer:
    return at_desk(who.id, who.windows)


def desk_now(db: Database) -> Desk:
    from town import TOKYO

    return Desk(the_content(), db.clock().astimezone(TOKYO), PUBLIC_URL)


def reporter(db: Database, channel: str = "default") -> str:
    """Somebody on LINE who reports things; their id of ours."""
    with db.work() as work:
        return people.lock(work, channel, f"U{next(_numbers):032x}").id


def report(
    db: Database,
    window: str = IWAMI,
    *,
    person_id: str | None = "new",
    details: bool = True,
    **changed: Any,
) -> Concern:
    """A concern on the table of this desk, with its due times."""
    from bot.desk import clocks

    given = {
        "town": "iwami",
        "district": None,
        "kind": "safety",
        "level": 2,
        "since": "days",
        "subject_knows": "unaware",
        "route_reason": "own",
    }
    who = reporter(db) if person_id == "new" else person_id
    with db.work() as work:
        made = concerns.open_concern(work, "default", person_id=who, window=window, **given | changed)
        if details:
            concerns.add_details(work, made, {"what": SEEN, "where": WHERE, "contact": CONTACT})
        return clocks.renew(work, the_content(), made)


def again(db: Database, concern: Concern) -> Concern:
    """The concern as it stands now."""
    with db.look() as work:
        found = concerns.get(work, concern.id)
    assert found is not None
    return found


def lines(db: Database, concern: Concern) -> list[tuple[str, str]]:
    """Who did what, the oldest first, as the audit says."""
    with db.look() as work:
        found = audit.listed(work, kind="concern", subject_id=concern.id)
    return [(one.actor, one.deed) for one in reversed(found)]


@dataclass
class DeskBrowser:
    """A browser in which this person is signed in; it sends the forms of the page that it shows."""

    app: Flask
    db: Database
    who: Staff | None
    client: Client = field(init=False)
    page: str = ""
    status: int = 0
    address: str = ""

    def __post_init__(self) -> None:
        self.client = self.app.test_client()
        if self.who is not None:
            with self.db.work() as work:
                token = sessions.begin(work, self.who.id, "windows edge")
            sealed = cast(SealedSessions, self.app.session_interface)
            self.client.set_cookie(
                sealed.cookie, sealed._sealed({TOKEN: token}), domain="tsunagari.example", secure=True
            )

    def open(self, path: str) -> str:
        return self._see(self.client.get(path, base_url=PUBLIC_URL))

    def opens(self, concern: Concern) -> str:
        return self.open(f"/desk/concerns/{concern.number}")

    def sends(self, path: str, follow: bool = True, **fields: Any) -> int:
        """Post a form of the present page with these fields; the status of the first answer."""
        answer = self.client.post(path, data=self.hidden(path) | fields, base_url=PUBLIC_URL)
        first = answer.status_code
        self._see(answer)
        while follow and answer.status_code in (302, 303):
            answer = self.client.get(answer.headers["Location"], base_url=PUBLIC_URL)
            self._see(answer)
        return first

    def does(self, concern: Concern, act: str, **fields: Any) -> int:
        return self.sends(f"/desk/concerns/{concern.number}/{act}", **fields)

    def hidden(self, path: str) -> dict[str, str]:
        """The hidden fields of the form that goes there; of any form where there is no such one."""
        forms = re.findall(r"<form[^>]*>.*?</form>", self.page, re.S)
        fitting = [form for form in forms if f'action="{path}"' in form] or forms[-1:]
        tags = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', "".join(fitting[:1]))
        return {name: html.unescape(value) for name, value in tags}

    @property
    def text(self) -> str:
        return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", self.page)).split())

    def _see(self, answer: TestResponse) -> str:
        self.page, self.status = answer.get_data().decode(errors="replace"), answer.status_code
        self.address = answer.request.path if answer.request else ""
        return self.page


def at_work(town: Town, who: Staff | None) -> DeskBrowser:
    """Their browser; what goes wrong in the app goes wrong in the test."""
    town.app.config["PROPAGATE_EXCEPTIONS"] = True
    return DeskBrowser(town.app, town.services.db, who)
