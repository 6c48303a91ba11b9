"""A walk through every entrance, with words planted at each, and a net around all that leaves us."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from door import code_at
from leaks import KANJI, Net, mail_in_clear, planted
from loopback_line import LoopbackLine, Said
from office import IWAMI, SUPPORT, WAKASA, DeskBrowser, hire
from phone import Phone
from pypdf import PdfReader
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError
from surroundings import Clock
from test_pictures import exif, photo
from town import PUBLIC_URL, Town
from typer.testing import CliRunner

from bot.cli import build
from bot.mailer import Mailer, server_of
from jobs import clocks, nightly
from jobs.deliver import deliver_some
from jobs.mail import Post
from simulator.mail import MailFault, MailServer
from storage import concerns, outbox, photos, tables
from storage.concerns import Concern
from storage.crypto import new_key
from storage.work import Database

KEYS = new_key("t1")
WORD, LOGIN = "leakcanary-no-himitsu-no-kotoba", "kageyama.tomoe"
MEMBER_MAIL = "Tantou.Leak@desk.example"  # stands in the address line of its own mails, and nowhere else
FORM_WORDS: dict[str, Any] = {name: planted(name) for name in ("who", "where", "what", "since", "contact")}
ENTRY_WORDS: dict[str, Any] = {
    name: planted(f"e{name}") for name in ("who", "where", "what", "name", "phone")
}
TYPED = (planted("chat"), f"{planted('chat')}死にたいと言っています", f"登録 {planted('chat')}")
NAME = "影山 巴"


@dataclass
class Walk:
    """A town, its LINE, its post and its command line, with a net around all of it."""

    town: Town
    db: Database
    clock: Clock
    line: LoopbackLine
    mail: MailServer
    url: str
    capfd: pytest.CaptureFixture[str]
    net: Net = field(default_factory=Net)
    secrets: list[str] = field(default_factory=list)
    people: list[Phone] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)

    # ---- who and what ------------------------------------------------------------------------------------

    def phone(self) -> Phone:
        phone = self.town.friend()
        self.people.append(phone)
        self.ids.append(phone.line_id)
        return phone

    def browser(self, who: Any = None) -> DeskBrowser:
        return DeskBrowser(self.town.app, self.db, who)

    def newest(self) -> Concern:
        with self.db.look() as work:
            return max(concerns.listed(work), key=lambda one: (one.created_at, one.id))

    def link(self, phone: Phone) -> tuple[str, str]:
        """The one-time address among what was said last."""
        (found,) = {b["uri"] for b in phone.buttons() if "/d/" in b.get("uri", "")}
        path, token = found.removeprefix(PUBLIC_URL).split("#")
        self.secrets.append(token)
        return path, token

    # ---- the command line --------------------------------------------------------------------------------

    def run(self, *args: str, code: int | None = 0) -> str:
        """A command; what it says on the error stream is caught, what it was asked for is not."""
        env = {
            "DATABASE_URL": self.url, "TSUNAGARI_KEYS": KEYS, "PUBLIC_URL": PUBLIC_URL, "LOG_LEVEL": "DEBUG",
            "LINE_CHANNEL_SECRET": "s", "LINE_CHANNEL_ACCESS_TOKEN": "t", "COLUMNS": "160",
        }  # fmt: skip
        result = CliRunner().invoke(build(args[0]), list(args), env=env)
        self.net.add("commands' errors", result.stderr, f"{args[:2]} {result.exit_code}")
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            self.net.add("commands' errors", f"{type(result.exception)} {result.exception}")
        assert code is None or result.exit_code == code, (args[:3], result.stdout, result.stderr)
        return result.stdout

    # ---- what leaves -------------------------------------------------------------------------------------

    def let_go(self) -> None:
        """Everything that waits goes to LINE and to the mail server, and is caught on the way."""
        for phone in self.people:
            phone.looks()
        self._outbox()
        while deliver_some(self.db, self.town.services.line):
            pass
        self.post.round()
        self.look_around()

    @property
    def post(self) -> Post:
        mailer = Mailer(server_of(self.mail.url), "tsunagari@tsunagari.example", timeout=2)
        return Post(self.db, self.town.services.content, PUBLIC_URL, mailer)

    def _outbox(self) -> None:
        with self.db.look() as work:
            for row in work.conn.execute(select(outbox.outbox).where(outbox.outbox.c.body.is_not(None))):
                body = work.unseal(row.body, row.channel, "outbox", "body", row.retry_key)
                self.net.add("outbox", repr(body))

    def look_around(self) -> None:
        """What lies somewhere at this moment."""
        self.net.add("log", *self.capfd.readouterr())
        self.net.add("database", self.stored())
        for asked in self.line.asked:
            self.net.add("LINE", asked.path, repr(asked.headers), asked.raw)
        self.net.add("mail", *(mail_in_clear(mail.raw) for mail in self.mail.mailbox.mails))
        self.net.add("outside", self.town.app.test_client().get("/metrics", base_url=PUBLIC_URL).data)

    def stored(self) -> bytes:
        """Every byte that the database keeps: its files, or each of its columns as text."""
        found = []
        with self.db.look() as work:
            for table in tables.metadata.sorted_tables:
                if work.on_postgresql:
                    rows = work.conn.execute(text(f"SELECT t::text FROM {table.name} t")).scalars()
                    found += [row.encode() for row in rows]
                for values in work.conn.execute(select(table)):
                    found += [value if isinstance(value, bytes) else str(value).encode() for value in values]
        if self.db.engine.dialect.name == "sqlite":
            file = Path(str(self.db.engine.url.database))
            found += [each.read_bytes() for each in file.parent.glob(f"{file.name}*")]
        return b"\n".join(found)


# ---- at every entrance ---------------------------------------------------------------------------------------

CONCERN = ("いいえ", "岩美町", "高齢の人のもの忘れ・変化", "1週間くらい前から", "知らない", "はい、送る")
SIGN = ("気になるしるしを知らせる", "いいえ", "新聞や郵便がたまっている", "はい、送る")


def tells(phone: Phone) -> None:
    """Types it all into the chat, takes one back, and sends a sticker, so that the open question comes again."""
    for number, story in enumerate(TYPED):
        phone.types(story, message_id=f"m-{len(phone.everything)}-{number}")
    phone.send({"type": "unsend", "unsend": {"messageId": f"m-{len(phone.everything)}-0"}})
    phone.send(
        {"type": "message", "message": {"type": "text", "id": None, "text": TYPED[0]}}
    )  # of a wrong form
    phone.sends("sticker")


def reports(phone: Phone, steps: tuple[str, ...]) -> None:
    tells(phone)
    for step in steps:
        if step in ("岩美町", "新聞や郵便がたまっている"):
            phone.sends("sticker")
        phone.taps(step)
        if step != steps[-1]:
            tells(phone)


def taps_through(walk: Walk, phone: Phone) -> Concern:
    """A concern as it should be: nothing is typed in the chat."""
    phone.types("気になる人がいる")
    for step in CONCERN:
        phone.taps(step)
    return walk.newest()


def chats(walk: Walk) -> tuple[Phone, tuple[str, str]]:
    """A supporter and a newspaper shop report, and everybody tells too much on the way."""
    course = walk.town.course()
    newcomer = walk.phone()
    for said in ("登録", course.code, "ハンドブック", "わたしの連絡", "やめる"):
        newcomer.types(said)
        tells(newcomer)
    shop = walk.phone()
    shop.types(walk.town.partner().readable_code)
    reports(shop, SIGN)
    tells(shop)
    supporter = walk.phone()
    supporter.types("気になる人がいる")
    reports(supporter, CONCERN)
    link = walk.link(supporter)
    tells(supporter)
    supporter.types("わたしの連絡")
    tells(supporter)
    return supporter, link


def picture() -> tuple[io.BytesIO, str]:
    made = exif()
    made[0x010F] = made[0x9286] = "leakcanary"
    return io.BytesIO(photo(exif=made)), f"{planted('file').replace('/', '')}.jpg"


def writes(walk: Walk, link: tuple[str, str]) -> None:
    """The form: kept on the way, wrong in every way, read by a stranger, and sent at last."""
    (path, token), form = link, walk.browser()
    form.open(path)
    form.sends(path, token=token)
    draft: dict[str, Any] = {name: planted("draft") for name in FORM_WORDS}
    form.sends(f"{path}/draft", **draft)
    assert KANJI in form.page
    form.sends(f"{path}/draft", what=planted("draft"), auto="1")
    form.open(f"{path}/form")
    for wrong in (
        {"what": ""},
        {"where": planted("long") * 60},
        {"photo1": (io.BytesIO(b"no"), f"{KANJI}.jpg")},
    ):
        assert form.sends(f"{path}/send", **{**FORM_WORDS, **wrong}) == 422
    form.sends(f"{path}/send", **FORM_WORDS, junk=planted("junk") * 3_000)
    other = walk.browser()
    for rest in ("", "/form", "/sent"):
        other.open(path + rest)
        walk.net.add("strangers", other.page)
    form.open(f"{path}/form")
    assert form.sends(f"{path}/send", **FORM_WORDS, photo1=picture()) == 303
    for rest in ("/sent", "/form"):
        form.open(path + rest)
        walk.net.add("strangers", form.page)


def answers(walk: Walk, phone: Phone) -> None:
    """The desk has asked something: its question is read, and answered, on our page only."""
    phone.looks()
    phone.taps("ひらく")
    (path, token), form = walk.link(phone), walk.browser()
    form.open(path)
    form.sends(path, token=token)
    assert planted("question") in form.text
    assert form.sends(f"{path}/send", answer="") == 422
    assert form.sends(f"{path}/send", answer=planted("answer")) == 303


def signs_in(walk: Walk) -> DeskBrowser:
    """A new member of the desk: invited at the terminal, with a password and an authenticator of their own."""
    made = walk.run(
        "staff", "add", "--login", LOGIN, "--name", NAME, "--window", IWAMI, "--mail", MEMBER_MAIL, "--json"
    )  # fmt: skip
    (code,) = re.findall(r"welcome#([0-9a-f]+\.[\w-]+)", made)
    desk = walk.browser()
    desk.open("/desk/welcome")
    desk.sends("/desk/welcome", code=code)
    desk.sends("/desk/welcome/password", new=WORD, repeat=f"{WORD}?")
    desk.sends("/desk/welcome/password", new=WORD, repeat=WORD)
    (shown,) = re.findall(r'class="key">([^<]+)<', desk.page)
    key = shown.replace(" ", "")
    desk.sends("/desk/welcome/phone", code="000000")
    desk.sends("/desk/welcome/phone", code=code_at(walk.clock(), key))
    papers = re.findall(r'class="mono">([^<]+)<', desk.page)
    assert len(papers) == 8
    walk.secrets += [code, code.partition(".")[2], key, shown, *papers]
    desk.sends("/desk/me/codes/done")
    guest = walk.browser()
    for login, word in ((LOGIN, f"{WORD}!"), (planted("login"), WORD), (LOGIN, WORD)):
        guest.open("/desk/sign-in")
        guest.sends("/desk/sign-in", login=login, password=word)
    guest.sends("/desk/sign-in/code", code=planted("code"))
    guest.sends("/desk/sign-in/code", recovery=planted("recovery"))
    walk.net.add("strangers", guest.page)
    return desk


def works(walk: Walk, desk: DeskBrowser, phone: Phone, concern: Concern) -> None:
    """Every act of the inbox, right and wrong, with words in each box that has room for them."""
    at = f"/desk/concerns/{concern.number}"
    other = walk.browser(hire(walk.db, "若 桜子", WAKASA))
    support = walk.browser(hire(walk.db, "支援 太郎", SUPPORT))

    def act(name: str, expected: int = 303, by: DeskBrowser = desk, **fields: Any) -> None:
        by.opens(concern)
        assert by.does(concern, name, **fields) == expected, (name, by.text[-500:])

    desk.open("/desk")
    desk.sends("/desk/search", number=planted("search"))
    desk.opens(concern)
    for name in ("who", "where", "what", "since"):
        assert FORM_WORDS[name] in desk.text
    assert FORM_WORDS["contact"] not in desk.text
    other.opens(concern)
    assert other.status == 404
    act("accept")
    act("note", text=planted("note"))
    act("note", 422, text=planted("note") * 90)
    act("call", whom="subject", reached="yes", text=planted("call"))
    act("ask", text=planted("question"))
    answers(walk, phone)
    act("seen")
    with walk.db.look() as work:
        now = concerns.get(work, concern.id)
    assert now is not None
    urgent = now.level <= 1  # hostile words may read like danger, and have raised it already
    act("level", 409 if urgent else 303, level="1", text=planted("level"))
    act("identity", 200, text=planted("reason"))
    assert FORM_WORDS["contact"] in desk.text
    agreed: dict[str, Any] = {"subject": "agreed", "reporter": "agreed"}
    act("hand-on", to=SUPPORT, text=planted("handon"), **agreed)
    act("hand-on/refuse", by=support, reason="no_hands", proposed=WAKASA, text=planted("refusal"))
    act("hand-on/next")
    act("hand-on/withdraw")
    act("hand-on", to=SUPPORT, text=planted("handon"), **agreed)
    act("close", 409, outcome="watching", text=planted("close"))
    act("hand-on/accept", by=support)
    act("hand-on", by=support, to=IWAMI, text=planted("handon"), **agreed)
    act("hand-on/accept")
    papers(walk, desk, concern)
    with walk.db.look() as work:
        (one,) = photos.of(work, concern)
    assert b"leakcanary" not in desk.client.get(f"{at}/photos/{one.id}.jpg", base_url=PUBLIC_URL).data
    desk.open("/desk/me")
    desk.sends("/desk/me/name", name=NAME)
    desk.sends("/desk/me/password", current=WORD, new=f"{WORD}-2", repeat=f"{WORD}-2")
    telephoned(desk)
    entered = walk.newest()
    desk.opens(entered)
    assert desk.does(entered, "merge", into=concern.number) == 303
    desk.opens(entered)
    assert desk.does(entered, "reopen", text=planted("reopen")) == 303
    act("close", outcome="watching", text=planted("close"))
    act("reopen", text=planted("reopen"))
    desk.opens(entered)
    desk.does(entered, "recuse", sure="yes")
    act("close", outcome="watching", text=planted("close"))


def telephoned(desk: DeskBrowser) -> None:
    desk.open("/desk/new")
    choices: dict[str, Any] = {
        "place": "iwami/",
        "kind": "safety",
        "since": "days",
        "knows": "unaware",
        "level": "",
    }
    assert desk.sends("/desk/new", **{**choices, **ENTRY_WORDS, "where": ""}) == 422
    assert desk.sends("/desk/new", **choices, **ENTRY_WORDS) == 200
    assert desk.sends("/desk/new", do="edit") == 200
    assert desk.sends("/desk/new", **choices, **ENTRY_WORDS) == 200
    assert desk.sends("/desk/new", do="send") == 303


def papers(walk: Walk, desk: DeskBrowser, concern: Concern) -> None:
    """On the sheet stands what was told; in the papers without names, and in what describes a file, nothing."""

    def pdf(path: str, **fields: Any) -> str:
        desk.open("/desk")
        given = {**desk.hidden(path), "numbers": concern.number, **fields}
        asks = partial(desk.client.get, path) if not fields else partial(desk.client.post, path, data=given)
        answer = asks(base_url=PUBLIC_URL)
        assert answer.mimetype == "application/pdf", answer.get_data(as_text=True)[-2000:]
        read = PdfReader(io.BytesIO(answer.data))
        walk.net.add("nameless papers", repr(read.metadata))
        return "".join(page.extract_text() for page in read.pages)

    assert "ヌエモリフクロ" in pdf(f"/desk/concerns/{concern.number}/sheet.pdf")
    assert planted("purpose")[:4] in pdf("/desk/meeting.pdf", version="with", purpose=planted("purpose"))
    walk.net.add("nameless papers", pdf("/desk/meeting.pdf", version="without"))
    csv = desk.client.post(
        "/desk/meeting.csv", data={**desk.hidden(""), "numbers": concern.number}, base_url=PUBLIC_URL
    )
    walk.net.add("nameless papers", csv.data)


def commands(walk: Walk, concern: Concern, tmp_path: Path) -> None:
    """The same work at the terminal; on its error stream, which ends in logs, stands no word of a case."""
    run, number, by = walk.run, concern.number, ("--as", "係")
    with walk.db.work() as work:
        told = concerns.open_concern(
            work, "default", person_id=None, town="iwami", district=None, kind="safety", level=2, since="days",
            subject_knows="unaware", window=IWAMI, route_reason="own",
        )  # fmt: skip
        concerns.add_details(work, told, FORM_WORDS)
        concerns.add_details(work, concern, FORM_WORDS)
    run("concern", "list", "--json")
    run("concern", "list", "--state", "sent")
    run("concern", "accept", number, *by)
    run("concern", "accept", number, *by, code=1)
    run("concern", "note", number, "--text", planted("cnote"), *by)
    run("concern", "note", number, "--text", planted("cnote"), "--as", "system", code=2)
    run("concern", "call", number, "--text", planted("ccall"), *by)
    run("concern", "level", number, "--to", "0", "--text", planted("clevel"), *by)
    run("concern", "level", number, "--to", "2", "--text", planted("clevel"), *by, code=1)
    run("concern", "hand-on", number, "--to", SUPPORT, "--text", planted("chandon"), *by)
    run("concern", "hand-on", number, "--to", SUPPORT, "--text", planted("chandon"), *by, code=1)
    refusal = ("--reason", "no_hands", "--propose", WAKASA, "--text", planted("crefuse"))
    run("concern", "refuse-handon", number, *refusal, *by)
    run("concern", "refuse-handon", number, *refusal, *by, code=1)
    run("concern", "hand-on", number, "--to", SUPPORT, "--text", planted("chandon"), *by)
    run("concern", "withdraw-handon", number, *by)
    run("concern", "hand-on", number, "--to", SUPPORT, "--text", planted("chandon"), *by)
    run("concern", "accept-handon", number, *by)
    assert FORM_WORDS["contact"] in run(
        "concern", "who-reported", number, "--reason", planted("creason"), *by
    )
    assert FORM_WORDS["who"] in run("concern", "show", number, "--details", *by, "--json")
    assert planted("cnote") in run("concern", "show", number, "--details", *by)
    assert KANJI not in run("concern", "show", number) + run("concern", "show", number, "--json")
    out = {each: str(tmp_path / f"paper.{each}") for each in ("pdf", "csv")}
    run("concern", "sheet", number, "--out", out["pdf"], *by, "--with-reporter", planted("creason"))
    run(
        "concern",
        "meeting",
        number,
        "--with-names",
        "--purpose",
        planted("cpurpose"),
        "--out",
        out["pdf"],
        *by,
    )
    run("concern", "meeting", number, "--out", out["csv"], *by)
    run("concern", "hold", number, "--reason", planted("chold"), *by)
    run("concern", "hold", number, "--reason", planted("chold"), *by, code=1)
    run("concern", "release", number, *by)
    run("concern", "close", number, "--text", planted("cclose"), *by, "--yes")
    run("concern", "note", number, "--text", planted("cnote"), *by)
    run("concern", "reopen", number, "--text", planted("creopen"), *by)
    run("concern", "merge", told.number, "--into", number, *by, "--yes")
    run("concern", "close", number, "--text", planted("cclose"), *by, "--yes")
    for asked in (
        ("staff", "list"),
        ("partner", "list"),
        ("audit", "list"),
        ("event", "list"),
        ("danger", "list"),
    ):
        run(*asked)
        run(*asked, "--json")
    run("audit", "verify", code=None)
    run("staff", "change", LOGIN, "--mail", MEMBER_MAIL)
    walk.secrets += re.findall(r"welcome#[0-9a-f]+\.([\w-]+)", run("staff", "reset", LOGIN, "--yes"))


def breaks_down(walk: Walk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The database fails in the middle of every deed, with words in what it says; so do LINE and the post."""
    walk.town.app.config["PROPAGATE_EXCEPTIONS"] = False
    reporter = walk.phone()
    concern, (path, token) = taps_through(walk, reporter), walk.link(reporter)
    form = walk.browser()
    form.open(path)
    form.sends(path, token=token)
    desk = walk.browser(hire(walk.db, "係 三郎", IWAMI))
    desk.opens(concern)

    def broken(*_args: object, **_more: object) -> None:
        words = planted("trouble")
        raise IntegrityError(f"INSERT {words}", {"who": words}, ValueError(f"DETAIL: Key (who)=({words})"))

    with monkeypatch.context() as during:
        during.setattr("storage.audit.note", broken)
        during.setattr("storage.entries.add", broken)
        during.setattr("bot.handlers.text.show_menu", broken)
        for phone in (reporter, walk.phone()):
            story = {"type": "text", "id": "m1", "quoteToken": "q", "text": TYPED[0]}
            event = phone.event({"type": "message", "message": story})
            assert [phone.post([event]) for _ in range(3)] == [500, 500, 200]
        assert form.sends(f"{path}/send", **FORM_WORDS, photo1=picture()) == 500
        assert desk.does(concern, "note", text=planted("note")) == 500
        walk.clock.move(days=3)
        clocks.minute(walk.town.services)
        nightly.purge(walk.town.services)
        walk.run("concern", "note", concern.number, "--text", planted("cnote"), "--as", "係", code=1)
        walk.run("concern", "show", concern.number, "--details", "--as", "係", code=1)
    clocks.minute(walk.town.services)
    for fault in (
        MailFault("rcpt", 550, words=f"5.1.1 {planted('smtp')} unknown"),
        MailFault("data", 554, words=planted("smtp")),
        MailFault("end", drop=True),
    ):
        walk.mail.mailbox.add_fault(fault)
    for said in (
        Said(500, planted("line").encode()),
        Said(None),
        Said(401),
        Said(400, {"message": planted("line")}),
    ):
        for endpoint in ("reply", "push"):
            walk.line.on(f"/v2/bot/message/{endpoint}", said)
        reporter.types("わたしの連絡")
        deliver_some(walk.db, walk.town.services.line)
        walk.post.round()
        walk.clock.move(minutes=20)
    for endpoint in ("reply", "push"):
        walk.line.on(f"/v2/bot/message/{endpoint}", Said())
    walk.people.clear()  # what they were told has left already: their phones have nothing more to read
