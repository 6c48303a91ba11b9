"""Sending the mails that wait, and telling by LINE what mail does not bring.

1. Claim due mails: the lease is committed before the server hears of them.
2. Hand them to the server through one connection, with no transaction open.
3. After each, write what came of it. A sender that dies before that leaves a lease that runs out, and the mail
   goes once more with the same Message-ID: a desk may be told twice, but never not at all.
"""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bot import log, metrics, outage
from bot.content.library import Content
from bot.desk import notices
from bot.mailer import LONGEST, Later, Letter, Mailer, Outcome, Rejected, Sent, server_of
from storage import mails, switches
from storage.mails import LIFE, Mail
from storage.trouble import is_outage
from storage.work import Database, Work

if TYPE_CHECKING:
    from bot.app import Services

BATCH = 20
FIRST, LONGEST_WAIT = 30.0, 900.0  # seconds between two tries of a mail that the server does not want now
SERVER_AWAY = 25.0  # seconds until a server that does not answer at all is asked again
NO_SERVER = "no mail server"


@dataclass(frozen=True)
class Post:
    """What mails need: the database, the words, our address, and a mail server (None: there is none)."""

    db: Database
    content: Content
    public_url: str
    mailer: Mailer | None
    bell: threading.Event = field(default_factory=threading.Event)
    stopping: threading.Event = field(default_factory=threading.Event)

    def round(self, limit: int = BATCH) -> int:
        """Send what is due, and tell by LINE what has failed for too long; how many mails were looked at."""
        with self.db.work() as work:
            due = [] if switches.sending_paused(work) is not None else mails.claim(work, limit)
        left = {mail.id: mail for mail in due}
        for mail, outcome in self._outcomes(due):
            with self.db.work() as work:
                self._note(work, mail, outcome)
            del left[mail.id]
        if left:
            with self.db.work() as work:
                mails.release(work, left.values())
        self._other_way()
        return len(due)

    def _outcomes(self, due: Sequence[Mail]) -> Iterator[tuple[Mail, Outcome]]:
        if self.mailer is None:
            yield from ((mail, Rejected(NO_SERVER, mailbox=False)) for mail in due)
            return
        by_key = {mail.id: mail for mail in due}
        for letter, outcome in self.mailer.send(self._letters(due)):
            yield by_key[letter.key], outcome

    def _letters(self, due: Sequence[Mail]) -> Iterator[Letter]:
        """The next one is begun only where its lease outlasts a slow server; the rest is claimed anew later."""
        for mail in due:
            if not self.stopping.is_set() and mail.leased_until - self.db.clock() > LONGEST:
                yield notices.letter(self.content, self.public_url, mail)

    def _note(self, work: Work, mail: Mail, outcome: Outcome) -> None:
        match outcome:
            case Sent():
                mails.settle(work, mail.id, "sent")
                mails.note_alive(work, mail.address)
                said, code = "sent", None
            case Rejected(code, mailbox):
                said = self._rejected(work, mail, code, mailbox)
            case Later(code, _, away):
                said = self._later(work, mail, code, away)
        metrics.MAILS.labels(said).inc()
        log.event("mail.tried", id=mail.id, outcome=said, code=code, tries=mail.tries, kind=mail.template)

    def _later(self, work: Work, mail: Mail, code: str, away: bool) -> str:
        if work.now - mail.created_at >= LIFE:
            if mails.settle(work, mail.id, "dead", code):
                _alarm("mail.dead", mail, code)
                self._tell_otherwise(work, mail.notice_id)
            return "dead"
        if away and mail.tries > 1:
            outage.noticed(outage.MAIL, reason=code)
        wait = dt.timedelta(seconds=SERVER_AWAY) if away else _wait(mail.tries)
        mails.postpone(work, mail, work.now + wait, code)
        return "later"

    def _rejected(self, work: Work, mail: Mail, code: str, mailbox: bool) -> str:
        """LINE instead; where nobody can be told there and no other mail of this notice is alive, one step up."""
        state = "dead" if code == NO_SERVER else "failed"
        if not mails.settle(work, mail.id, "dead" if code == NO_SERVER else "failed", code):
            return state
        if mailbox and mails.note_refused(work, mail.address, code):
            _alarm("mail.mailbox_refused", mail, code)
        elif code != NO_SERVER and not mailbox:
            _alarm("mail.refused", mail, code)
        told = self._tell_otherwise(work, mail.notice_id)
        if state == "failed" and not told and not mails.states_of(work, mail.notice_id) & {"queued", "sent"}:
            notices.go_higher(work, self.content, self.public_url, mail.notice_id)
        return state

    def _other_way(self) -> None:
        """What fails for longer than a while is told by LINE; the mail is tried on."""
        with self.db.look() as look:
            waiting = mails.failing(look) if switches.sending_paused(look) is None else []
        for notice_id in waiting:
            with self.db.work() as work:
                self._tell_otherwise(work, notice_id)

    def _tell_otherwise(self, work: Work, notice_id: str) -> bool:
        told = notices.other_way(work, self.content, self.public_url, notice_id)
        if told:
            metrics.MAILS.labels("by_line").inc()
            self.bell.set()
        return told


def _wait(tries: int) -> dt.timedelta:
    return dt.timedelta(seconds=min(LONGEST_WAIT, FIRST * 2.0 ** min(tries - 1, 10)))


def _alarm(name: str, mail: Mail, code: str) -> None:
    metrics.ALARMS.labels(name).inc()
    log.alarm(name, id=mail.id, channel=mail.channel, kind=mail.template, code=code)


def post_of(services: Services) -> Post:
    """The post of a running service."""
    settings = services.settings
    mailer = Mailer(server_of(settings.smtp_url), settings.mail_from) if settings.smtp_url else None
    return Post(services.db, services.content, settings.public_url, mailer, services.bell)


class Postman:
    """Sends mails in the background, in one thread: a desk gets a few a day, not thousands a minute."""

    def __init__(self, post: Post, every: float = 3.0) -> None:
        self.post = post
        self.every = every
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to send."""
        self.post.stopping.clear()
        self._thread = threading.Thread(target=self._run, name="postman", daemon=True)
        self._thread.start()

    def stop(self, timeout: float = 30.0) -> None:
        """Begin nothing more, and let the mail under way end."""
        self.post.stopping.set()
        if self._thread is not None:
            self._thread.join(timeout)
            self._thread = None

    @property
    def alive(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def _run(self) -> None:
        while not self.post.stopping.is_set():
            try:
                busy = self.post.round() == BATCH
            except Exception as trouble:  # the database is away, say: the next round tries again
                log.error("mail.round_failed", trouble)
                if is_outage(trouble):
                    outage.noticed(outage.DATABASE)
                busy = False
            self.post.stopping.wait(0 if busy else self.every)
