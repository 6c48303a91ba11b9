"""The walk through the supporters' programme: each gives a name, a telephone, words of their own, at every entrance."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path

import pytest
from leak_walk import Walk
from leaks import HIRAGANA, KANA, KANJI, LATIN, PHONE, planted
from phone import Phone
from sqlalchemy.exc import IntegrityError
from town import PUBLIC_URL, TOKYO

from bot.programme import questionnaire
from jobs import courses as courses_job
from jobs import nightly
from jobs import programme as programme_job
from storage import courses, supporters
from storage.courses import Course

OWN_MAIL = "Mimizuku.Own@signup.example"  # stands in the address line of its own mails, and nowhere else
GROUP = "ミミズク木工生協"  # staff see in lists who came with which group; nobody else does
ONE: dict[str, str] = {
    "name": f"{KANJI} 花子",
    "kana": KANA,
    "phone": PHONE,
    "mail": f"hanako@{LATIN}.example",
}
FORM: dict[str, str] = ONE | {"motive_words": planted("motive"), "group": GROUP, "district": "kita"}
LIST = f"氏名,ふりがな,電話,メール,市町,所属\n{KANJI}　太郎,{HIRAGANA},{PHONE},taro@{LATIN}.example,鳥取市,{GROUP}\n"
ROSTER = f"氏名,ふりがな,電話\n{KANJI}　次郎,{HIRAGANA},{PHONE}\n"


def goes_through_the_programme(walk: Walk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything that a supporter, somebody of the web and staff do; it ends with nothing left to be sent."""
    course, phone = _course(walk), walk.phone()
    registers(walk, phone, course)
    writes_the_name(walk, phone)
    gets_papers_and_data(walk, phone)
    signs_up(walk, walk.phone(), course)
    answers_on_paper(walk, course)
    staff_at_work(walk, course, tmp_path)
    breaks(walk, course, tmp_path, monkeypatch)
    for days in (1, 1, 8, 30):
        walk.clock.move(days=days)
        programme_job.minute(walk.town.services)
        courses_job.minute(walk.town.services)
        programme_job.night(walk.town.services)
    assert OWN_MAIL.casefold() in repr(walk.mail.mailbox.mails).casefold()
    walk.let_go()


def _course(walk: Walk) -> Course:
    now = walk.clock().astimezone(TOKYO)
    with walk.db.work() as work:
        return courses.create(
            work,
            "default",
            title="つながりサポーター養成講座",
            town="tottori",
            on=now.date(),
            starts=f"{now:%H:%M}",
            ends="23:00",
            place="駅南庁舎",
            capacity=30,
            valid_from=now,
            valid_until=now + dt.timedelta(days=7),
            sign_up_until=now + dt.timedelta(hours=3),
        )


def _link(walk: Walk, phone: Phone, under: str) -> tuple[str, str]:
    (found,) = {b["uri"] for b in phone.buttons() if f"{PUBLIC_URL}{under}" in b.get("uri", "")}
    path, token = found.removeprefix(PUBLIC_URL).split("#")
    walk.secrets.append(token)
    return path, token


# ---- at every entrance -------------------------------------------------------------------------------------


def registers(walk: Walk, phone: Phone, course: Course) -> None:
    """With the code of the wall; too much is typed at every question."""
    phone.types(f"{course.code} {planted('chat')}")
    phone.types(course.code)
    for label in ("はい", "はい、約束します", "鳥取市", "北中学校区", "答えない・わからない"):
        phone.types(planted("chat"))
        phone.sends("sticker")
        phone.taps(label)


def writes_the_name(walk: Walk, phone: Phone) -> None:
    """In our own form: wrong in every way, read by a stranger, sent at last."""
    (path, token), form = _link(walk, phone, "/s/"), walk.browser()
    form.open(path)
    form.sends(path, token=token)
    for wrong in ({"name": ""}, {"kana": KANJI}, {"phone": planted("p")[:30]}, {"motive_words": KANJI * 100}):
        assert form.sends(f"{path}/send", **FORM | wrong) == 422
    other = walk.browser()
    for rest in ("", "/form", "/sent"):
        other.open(path + rest)
        walk.net.add("strangers", other.page)
    assert form.sends(f"{path}/send", **FORM) == 303
    walk.net.add("strangers", form.page)


def gets_papers_and_data(walk: Walk, phone: Phone) -> None:
    """The certificate, the card's page for whoever scans it, and everything that we hold."""
    texts = walk.town.services.content.texts
    phone.looks()
    phone.taps(texts.get("papers.send.open"))
    path, token = _link(walk, phone, "/p/")
    form = walk.browser()
    form.open(path)
    assert form.sends(path, token=token) == 303
    for paper in ("certificate", "badge", "card"):
        answer = form.client.get(f"{path}/{paper}.pdf", base_url=PUBLIC_URL)
        assert answer.status_code == 200
        if paper == "badge":  # what LINE may fetch
            walk.net.add("strangers", answer.data)
    shown = [m["originalContentUrl"] for m in phone.everything if m["type"] == "image"]
    scanned = walk.browser()
    for url in (*shown, *(one.removesuffix("/badge.png") for one in shown), "/v/unknown"):
        answer = scanned.client.get(url.removeprefix(PUBLIC_URL), base_url=PUBLIC_URL)
        walk.net.add("strangers", answer.data)
    phone.types("登録の内容")
    phone.taps(texts.get("life.more.data"))
    path, token = _link(walk, phone, "/m/")
    form.open(path)
    assert form.sends(path, token=token) == 303
    assert KANJI in form.text
    form.open(f"{path}/file")
    other = walk.browser()
    for rest in ("", "/all", "/file"):
        other.open(path + rest)
        walk.net.add("strangers", other.page)


def signs_up(walk: Walk, phone: Phone, course: Course) -> None:
    """On the web, with a mail that confirms it; and on LINE, with the name in our form."""
    form = walk.browser()
    form.open(f"/c/{course.sign}")
    given = {**ONE, "mail": OWN_MAIL, "consent": "1"}
    assert form.sends(f"/c/{course.sign}", **given | {"phone": KANJI}) == 422
    assert form.sends(f"/c/{course.sign}", **given) == 303
    walk.secrets += re.findall(r"/c/cancel/[0-9a-f]{32}#([\w-]+)", form.page)
    walk.browser().open(f"/c/{course.sign}/done")
    phone.types(f"講座の申込み {course.sign}")
    phone.types(planted("chat"))
    phone.types(f"講座の申込み {course.sign}")
    phone.taps("申し込む")
    phone.taps(walk.town.services.content.texts.get("course.done.name"))
    path, token = _link(walk, phone, "/c/name/")
    form.open(path)
    form.sends(path, token=token)
    assert form.sends(path, token=token, do="keep", **ONE) == 200


def answers_on_paper(walk: Walk, course: Course) -> None:
    with walk.db.look() as work:
        path = f"/c/{course.sign}/voice/{questionnaire.key_of(work, course)}"
    form = walk.browser()
    form.open(path)
    assert form.sends(path, words=planted("long") * 60) == 422
    assert form.sends(path, satisfaction="5", words=planted("voice")) == 200
    walk.net.add("strangers", form.page)


def staff_at_work(walk: Walk, course: Course, tmp_path: Path) -> None:
    """The register, the roster and their papers at the terminal; what goes wrong there says no word of a person."""
    run, by = walk.run, ("--as", "係")
    register, room = tmp_path / "register.csv", tmp_path / "room.csv"
    register.write_text(LIST, encoding="utf-8")
    room.write_text(ROSTER, encoding="utf-8")
    bad = tmp_path / "bad.csv"
    bad.write_text(LIST + f"{KANJI},,{KANJI},,{KANJI}市,\n", encoding="utf-8")
    run("supporter", "import", str(bad), "--yes", code=1)
    run("supporter", "import", str(register), "--yes", *by)
    run("supporter", "add", "--name", f"{KANJI}三郎", "--phone", PHONE, "--town", "鳥取市", *by, code=None)
    run("course", "roster", course.id, "--import", str(room), "--yes", *by)
    run("course", "roster", course.id, "--add", f"{KANJI}四郎", "--phone", PHONE, *by)
    run("course", "roster", course.id, "--names", *by)
    nameless = [
        run("supporter", "list"),
        run("supporter", "waiting", "--json"),
        run("course", "roster", course.id, "--json"),
        run("audit", "list", "--json"),
    ]
    walk.net.add("nameless papers", *nameless)
    with walk.db.look() as work:
        entries = supporters.listed(work)
    assert len(entries) >= 3
    walk.net.add("nameless papers", run("supporter", "show", entries[0].id))
    assert KANJI in run("supporter", "show", entries[0].id, *by)
    out = tmp_path / "all.csv"
    run("supporter", "export", "--out", str(out), *by)
    assert KANJI in out.read_text(encoding="utf-8-sig")
    run("supporter", "edit", entries[0].id, "--kana", KANA, "--group", GROUP, *by)
    run("supporter", "paper", entries[0].id, "--out", str(tmp_path / "paper.pdf"), *by, code=None)


def breaks(walk: Walk, course: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The database fails in the middle of every deed, with words in what it says."""
    walk.town.app.config["PROPAGATE_EXCEPTIONS"] = False

    def broken(*_args: object, **_more: object) -> None:
        words = planted("trouble")
        raise IntegrityError(f"INSERT {words}", {"name": words}, ValueError(f"DETAIL: Key (name)=({words})"))

    form = walk.browser()
    form.open(f"/c/{course.sign}")
    with monkeypatch.context() as during:
        for there in ("storage.audit.note", "storage.supporters.hold", "storage.course_places.add"):
            during.setattr(there, broken)
        other = {**ONE, "name": f"{KANJI} 六郎", "consent": "1"}
        assert form.sends(f"/c/{course.sign}", **other) == 500
        walk.run("supporter", "import", str(tmp_path / "bad.csv"), "--skip-bad", "--yes", code=None)
        walk.run("course", "roster", course.id, "--add", f"{KANJI}五郎", "--as", "係", code=1)
        programme_job.minute(walk.town.services)
        programme_job.night(walk.town.services)


def everybody_is_erased(walk: Walk) -> None:
    """In three taps by themselves; by staff whoever has no LINE. Who only signed up goes when their time is over, and
    so do words of the questionnaire, which are nobody's."""
    texts = walk.town.services.content.texts
    for phone in walk.people:
        phone.types("登録の内容")
        for name in ("more.erase", "erase.yes", "erase.sure_yes"):
            phone.taps(texts.get(f"life.{name}"))
    with walk.db.look() as work:
        left = supporters.listed(work)
    for entry in left:
        walk.run("supporter", "erase", entry.id, "--as", "係", "--yes")
    walk.people.clear()
    walk.let_go()
    walk.clock.move(days=2_000)
    nightly.purge(walk.town.services)
