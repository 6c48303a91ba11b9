"""Words are planted at every entrance, and then looked for in everything that leaves us or lies somewhere.

What a neighbour is told of may stand on the pages of our own form and of the desk, and nowhere else: not in what
goes to LINE, not in mails, logs, addresses, headers, cookies or error pages, and in no byte of the database.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import leak_programme
import pytest
from argon2 import PasswordHasher
from leak_walk import (
    ENTRY_WORDS,
    FORM_WORDS,
    KEYS,
    LOGIN,
    MEMBER_MAIL,
    NAME,
    WORD,
    Walk,
    breaks_down,
    chats,
    commands,
    signs_in,
    taps_through,
    works,
    writes,
)
from leaks import CORES, ENCODINGS, KANJI, Recorder, leaks_in, mail_in_clear, planted, written
from loopback_line import loopback_line
from sqlalchemy import select
from surroundings import Clock
from town import Town, settings, the_content

from bot import log
from bot.app import Services, create_app
from bot.line.client import LineClient
from jobs import clocks, nightly
from simulator.mail import MailFault, MailServer
from storage import concerns, passwords, people, staff, tables
from storage.crypto import Cipher, cipher_from
from storage.database import open_database
from storage.work import Database

EVERYWHERE = ("log", "mail", "LINE", "outbox", "database", "heads", "addresses", "outside", "strangers")
AT_WORK = ("commands' errors", "nameless papers")  # colleagues are named there
KNOWS_TOKENS = {"LINE", "outbox"}  # the one-time addresses travel there
KEPT = (
    "note", "call", "question", "answer", "level", "reason", "handon", "refusal", "purpose", "close", "reopen",
    "cnote", "ccall", "clevel", "chandon", "crefuse", "creason", "cpurpose", "chold", "cclose", "creopen",
)  # fmt: skip


@pytest.fixture
def cipher() -> Cipher:
    """The keys that the commands read from the environment."""
    return cipher_from(KEYS)


@pytest.fixture
def walk(
    db: Database,
    clock: Clock,
    database_url: str,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Walk]:
    monkeypatch.setattr(passwords, "HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    passwords._nobodys.cache_clear()
    monkeypatch.setattr("bot.cli.house.open_database", partial(open_database, clock=clock))
    content = the_content()
    monkeypatch.setattr("bot.cli.house.content_for", lambda _settings: content)  # not read for every command
    windows = tuple(replace(each, recipients=(f"{each.key}@desk.example",)) for each in content.windows)
    with loopback_line() as line, MailServer() as mail:
        client = LineClient(settings().channels, line.base)
        services = Services(
            replace(settings(), smtp_url=mail.url), replace(content, windows=windows), db, client
        )
        town = Town(services, create_app(services))
        town.app.config["PROPAGATE_EXCEPTIONS"] = True  # until the walk wants to see error pages
        made = Walk(town, db, clock, line, mail, database_url, capfd)
        town.app.wsgi_app = Recorder(town.app.wsgi_app, made.net)  # type: ignore[method-assign, assignment]
        log.configure("DEBUG", "json" if db.engine.dialect.name == "sqlite" else "text")
        yield made
        log.configure("WARNING", "text")
        client.close()
    passwords._nobodys.cache_clear()


# ---- the search itself ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", [*ENCODINGS, "gzip"])
def test_the_search_finds_what_is_planted_in_every_encoding(encoding: str) -> None:
    for core in CORES:
        try:
            raw = written(f"あの{core}さん", encoding)
        except IndexError:
            assert encoding in ("cp932", "euc-jp")  # an emoji cannot be written so
            continue
        assert leaks_in(b"\x00log line " + raw + b" and so on"), (core, encoding)
    assert leaks_in(written("あの佐藤さん", encoding)) == []


def test_the_search_looks_into_mails_and_broken_lines() -> None:
    from email.message import EmailMessage

    for cte in ("base64", "quoted-printable"):
        mail = EmailMessage()
        mail["Subject"] = f"【つながり】{KANJI}"
        mail.set_content(f"{'あ' * 50}{KANJI}", charset="utf-8", cte=cte)
        assert leaks_in(mail.as_bytes()), cte
        assert len(leaks_in(mail_in_clear(mail.as_bytes()))) > 1


# ---- the walk -----------------------------------------------------------------------------------------------


def test_what_is_told_of_a_neighbour_is_nowhere_but_on_our_own_pages(
    walk: Walk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as during:
        during.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))  # whoever wants a file there fails
        goes_everywhere(walk, tmp_path, monkeypatch)
    for where in (*EVERYWHERE, *AT_WORK):
        tokens = [] if where in KNOWS_TOKENS else [*walk.secrets, *walk.ids]
        names = [] if where in AT_WORK else [NAME, LOGIN]
        address = [] if where in (*AT_WORK, "mail") else [MEMBER_MAIL]
        assert walk.net.leaks(where, WORD, *tokens, *names, *address) == [], where
    assert leaks_in(walk.net.whole("pages")), "the pages of the desk show it: the search does find"


def goes_everywhere(walk: Walk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Through every entrance, in every state; it ends with nothing left to be sent."""
    supporter, link = chats(walk)
    concern = walk.newest()
    walk.let_go()
    stored = walk.town.everything_stored()
    assert leaks_in(stored.encode()) == []  # what was typed in the chat is not even kept sealed
    writes(walk, link)
    desk = signs_in(walk)
    works(walk, desk, supporter, concern)
    with walk.db.look() as work:
        signed = next(one for one in concerns.listed(work) if one.source == "partner")
    commands(walk, signed, tmp_path)
    walk.let_go()
    stored = walk.town.everything_stored()
    for words in (*FORM_WORDS.values(), *ENTRY_WORDS.values(), *map(planted, KEPT)):
        assert words in stored, words  # the walk did bring them here: sealed
    breaks_down(walk, monkeypatch)
    walk.let_go()


def test_what_supporters_say_of_themselves_is_nowhere_but_on_our_own_pages(
    walk: Walk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Name, telephone, mail, motive, group, roster, list, questionnaire; and once all are erased, not even there."""
    leak_programme.goes_through_the_programme(walk, tmp_path, monkeypatch)
    assert KANJI in walk.town.everything_stored()  # the walk did bring them here: sealed
    for where in (*EVERYWHERE, *AT_WORK):
        by_mail = where == "mail"  # the link that cancels goes there, too
        tokens = [] if where in KNOWS_TOKENS or by_mail else walk.secrets
        own = [] if by_mail else [leak_programme.OWN_MAIL]
        own += [] if where in AT_WORK else [leak_programme.GROUP]
        assert walk.net.leaks(where, *tokens, *own) == [], where
    assert leaks_in(walk.net.whole("pages"))
    leak_programme.everybody_is_erased(walk)
    left = [line for line in walk.town.everything_stored().splitlines() if leaks_in(line.encode())]
    assert left == []


def test_what_is_pushed_says_neither_what_nor_where_nor_which_desk(walk: Walk) -> None:
    """Replies show what somebody has just tapped; what comes unasked, lies on a locked screen."""
    content = walk.town.services.content
    reporter = walk.phone()
    concern = taps_through(walk, reporter)
    writes(walk, walk.link(reporter))
    desk = signs_in(walk)
    on_line = walk.phone()
    with walk.db.work() as work:
        owner = staff.by_login(work, LOGIN)
        assert owner is not None
        staff.join_person(work, owner.id, people.lock(work, "default", on_line.line_id).id)
    walk.let_go()
    before = len(walk.line.calls("push"))
    works(walk, desk, reporter, concern)
    walk.mail.mailbox.add_fault(MailFault("rcpt", 550, words="5.1.1 unknown", times=None))
    walk.run("concern", "reopen", concern.number, "--text", "また", "--as", "係")
    for days in (0, 1, 3, 25):
        walk.clock.move(days=days)
        clocks.minute(walk.town.services)
        walk.let_go()
    pushed = [message for asked in walk.line.calls("push")[before:] for message in asked.json["messages"]]
    said = json.dumps(pushed, ensure_ascii=False)
    for words in (
        content.texts.get(f"hearing.{word}") for word in ("read", "in_touch", "question", "follow_up")
    ):
        assert words.splitlines()[0] in said
    assert content.texts.get("notices.line.alt") in said
    telling = {name for kind in content.concern_kinds.values() for name in (kind.key, kind.label, kind.short)}
    for town in content.towns.values():
        telling |= {town.key, town.name, town.kana, *town.landmarks}
        telling |= {name for each in town.districts for name in (each.key, each.name)}
    telling |= {name for window in content.windows for name in (window.key, window.name)}
    assert {word for word in telling if word and word in said} == set()


def test_what_is_purged_leaves_not_even_its_sealed_bytes(walk: Walk, tmp_path: Path) -> None:
    reporter = walk.phone()
    concern = taps_through(walk, reporter)
    writes(walk, walk.link(reporter))
    works(walk, signs_in(walk), reporter, concern)
    commands(walk, taps_through(walk, reporter), tmp_path)
    walk.let_go()
    with walk.db.look() as work:
        those = concerns.listed(work)
        sealed = [value for value in _envelopes(work) if value]
    assert len(sealed) > 30
    assert all(value in walk.stored() for value in sealed)
    for one in those:
        if one.state != "closed":
            walk.run("concern", "close", one.number, "--as", "係", "--yes")
    walk.clock.move(days=365 * 30)
    assert f"{len(those)} 件" in walk.run("concern", "purge", "--yes", "--as", "係")
    nightly.purge(walk.town.services)
    assert leaks_in(walk.town.everything_stored().encode()) == []
    lying = walk.stored()
    assert [value for value in sealed if value in lying] == []
    assert leaks_in(lying) == []


def _envelopes(work: Any) -> Iterator[bytes]:
    """All sealed words of concerns, as they lie there."""
    for name in ("concerns", "concern_entries", "handons", "concern_photos", "drafts"):
        table = tables.metadata.tables[name]
        for column in table.columns:
            if "sealed_row" in column.info:
                yield from work.conn.execute(select(column)).scalars()
