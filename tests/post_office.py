"""A desk with staff and a mail server on this machine, for the tests of notices and mails."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from town import PUBLIC_URL, the_content

from bot.content.library import Content
from bot.desk import notices
from bot.mailer import Mailer, server_of
from jobs.mail import Post
from simulator.mail import MailServer
from storage import concerns, outbox, people, staff
from storage.concerns import Concern
from storage.staff import Role, Staff
from storage.work import Database

WINDOW = "tottori_chuo_jinken"
DESK = "desk@tottori.example"
LEADER = "leader@tottori.example"


def content_with(**recipients: tuple[str, ...]) -> Content:
    """The shipped content, with these mail addresses at our desk."""
    content = the_content()
    windows = tuple(
        replace(window, **recipients) if window.key == WINDOW else window  # type: ignore[arg-type]
        for window in content.windows
    )
    return replace(content, windows=windows)


@dataclass
class Office:
    """Our desk: its concerns, its staff, and the post that goes to it."""

    db: Database
    server: MailServer
    content: Content = field(default_factory=lambda: content_with(recipients=(DESK,), leader=(LEADER,)))
    with_server: bool = True

    @property
    def post(self) -> Post:
        mailer = Mailer(server_of(self.server.url), "tsunagari@tsunagari.example", timeout=2)
        return Post(self.db, self.content, PUBLIC_URL, mailer if self.with_server else None)

    def concern(self, **more: Any) -> Concern:
        with self.db.work() as work:
            facts: dict[str, Any] = {
                "person_id": people.lock(work, "default", "U" + "a" * 32).id,
                "town": "tottori",
                "district": None,
                "kind": "isolation",
                "level": 3,
                "since": "week",
                "subject_knows": "unaware",
                "window": WINDOW,
                "route_reason": "own",
            }
            return concerns.open_concern(work, "default", **(facts | more))

    def tells(self, concern: Concern, what: notices.What = "new", step: notices.Step = "desk") -> None:
        with self.db.work() as work:
            notices.tell_desk(work, self.content, PUBLIC_URL, concern, what, WINDOW, step)

    def member(
        self, login: str, *, mail: str | None = None, role: Role = "member", on_line: bool = False
    ) -> Staff:
        """Somebody who works at our desk; with `on_line` they have joined their own LINE."""
        with self.db.work() as work:
            made = staff.add(work, login=login, name=login, windows=(WINDOW,), role=role, mail=mail)
            staff.make_ready(work, made.id, password="hash", totp="KEY", recovery=())
            if on_line:
                line_id = "U" + work.index("test", login)[:32]
                staff.join_person(work, made.id, people.lock(work, "default", line_id).id)
            found = staff.get(work, made.id)
        assert found is not None
        return found

    def rounds(self, count: int = 1) -> None:
        for _ in range(count):
            self.post.round()

    @property
    def arrived(self) -> list[str]:
        """To whom mails came, in order."""
        return [mail.recipient for mail in self.server.mailbox.mails]

    def told_by_line(self) -> list[str | None]:
        """The people who are told by LINE, by id."""
        with self.db.look() as work:
            return list(
                work.conn.execute(
                    outbox.outbox.select().with_only_columns(outbox.outbox.c.person_id)
                ).scalars()
            )


@contextmanager
def office_at(db: Database) -> Iterator[Office]:
    with MailServer() as server:
        yield Office(db, server)
