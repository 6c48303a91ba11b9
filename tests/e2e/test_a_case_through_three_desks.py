"""One case through three desks of two towns in a real browser, begun five minutes before the year-end holidays."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest
from axe_playwright_python.sync_playwright import Axe
from phone import Phone
from playwright.sync_api import Browser, Page
from pypdf import PdfReader
from surroundings import Clock
from three_desks import NAMES, A, B, C, House, Worker, house

from storage import audit, concerns
from storage.notices import What
from storage.work import Database
from tests.test_pictures import exif, photo

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)]

WHO, WHERE = "となりの架空山太郎さん", "空想町九丁目の青い屋根の家"
WHAT, CONTACT = "新聞が五日ぶんたまっています", "090-0000-9999 見守花子"
NOTE, QUESTION, ANSWER = "メモ桜一二三", "雨戸は梅四五六でしたか", "はい竹七八九です"
TO_B, FROM_B, TO_C = "松十一をお願いします", "菊十二なので受けられません", "松十一をお願いします"
CALL, SUMMARY = "蘭十三と話せた", "藤十四で落ちついた"
PLANTED = (WHO, WHERE, WHAT, CONTACT, NOTE, QUESTION, ANSWER, TO_B, FROM_B, CALL, SUMMARY)


@pytest.fixture(autouse=True)
def nothing_went_wrong() -> None:
    """The other tests of this folder look at the demo; this one brings its own house."""


@pytest.fixture
def home(db: Database, clock: Clock, chromium: Browser, tmp_path: Path) -> Iterator[House]:
    with house(db, clock, chromium, tmp_path) as made:
        yield made


def reports(home: House) -> Phone:
    """By LINE, with taps only, up to the question whether it may be sent."""
    phone = home.phone()
    phone.taps("気になる人がいる")
    for label in ("いいえ", "森町", "姿を見ない・安否が心配", "2〜3日前から", "知らない"):
        phone.taps(label)
    return phone


def form_of(home: House, phone: Phone) -> Page:
    """The form behind the last button that opens one of our own pages, on a small screen."""
    address = next(b["uri"] for b in phone.buttons() if b.get("uri", "").startswith(home.address))
    page = home.window(viewport={"width": 360, "height": 640}, is_mobile=True).new_page()
    page.goto(address)
    page.locator("[data-begin-button]").click()
    page.wait_for_url("**/form")
    return page


def tells(page: Page, **words: str) -> None:
    for name, text in words.items():
        page.locator(f"#{name}").fill(text)
    page.locator("[data-send]").click()
    page.wait_for_url("**/sent")


def paper(worker: Worker, number: str) -> str:
    pages = PdfReader(io.BytesIO(worker.fetches(f"/desk/concerns/{number}/sheet.pdf"))).pages
    return re.sub(r"\s", "", "".join(page.extract_text() for page in pages))


def told(home: House) -> list[str]:
    """To whom mails went since the last look."""
    return [to for _, to in home.new_letters()]


def number_and_link_only(home: House, number: str) -> set[str]:
    """All mails that there may be about this concern."""
    get, link = home.services.content.texts.get, f"{home.address}/desk/concerns/{number}"
    news = [get(f"notices.what.{what}") for what in get_args(What)]
    return {
        get("notices.mail.text", what=words, number=number, link=link).rstrip("\n") + "\n" for words in news
    }


def fine(page: Page) -> None:
    """Nothing for axe, and nothing is wider than the screen."""
    found = Axe().run(page).response["violations"]
    assert [(one["id"], [node["html"][:200] for node in one["nodes"]]) for one in found] == []
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0


def test_a_case_through_three_desks_over_the_year_end(
    home: House, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    tanaka, sato, suzuki = (
        home.hires("tanaka", "田中", A), home.hires("sato", "佐藤", B), home.hires("suzuki", "鈴木", C),
    )  # fmt: skip

    # ---- Monday 28 December, five minutes before the desk closes for six days
    home.at("2026-12-28 17:10")
    phone = reports(home)
    assert NAMES[A] in phone.sees
    assert "いま開いています" in phone.sees
    phone.taps("はい、送る")
    number = re.search(r"K-\w{4}-\w{4}-\w", phone.sees)[0]  # type: ignore[index]
    assert NAMES[A] in phone.sees
    assert "1月4日（月）12時25分" in phone.sees
    form = form_of(home, phone)
    fine(form)
    picture = tmp_path / "IMG.jpg"
    picture.write_bytes(photo(size=(1600, 1200), exif=exif(tag274=1)))
    form.locator("#photo1").set_input_files(picture)
    form.locator("canvas").wait_for()
    tells(form, who=WHO, where=WHERE, what=WHAT, contact=CONTACT)
    fine(form)
    home.works()
    assert (
        home.new_letters() == [("12-28 17:10", "fukushi@mori.example")] * 2
    )  # it is there; the form is there
    anywhere = ("", "/sheet.pdf", "/accept")

    # ---- the desk is closed: nobody is nagged, whatever the hour
    home.waits_until("2027-01-04 12:00", 60)
    assert home.new_letters() == []
    home.hears(phone)
    assert phone.got == []

    # ---- Monday 4 January: the clock runs out, and goes up step by step while the desk is open
    for until, minutes in (("01-04 15:00", 5), ("01-05 11:00", 60), ("01-05 12:00", 5), ("01-06 10:00", 60)):
        home.waits_until(f"2027-{until}", minutes)
    home.waits_until("2027-01-06 11:00", 5)
    assert home.new_letters() == [
        ("01-04 12:25", "fukushi@mori.example"),
        ("01-04 14:25", "kakaricho@mori.example"),
        ("01-05 11:40", "kacho@mori.example"),
        ("01-06 10:55", "toban@mori.example"),
    ]

    # ---- the desk A comes in through the link of the mail, takes it late, writes, asks
    link = re.search(r"http://\S+", home.post.mailbox.mails[-1].text)[0]  # type: ignore[index]
    assert tanaka.opens("/desk?show=late") == 200
    assert "すぎています" in tanaka.sees()
    fine(tanaka.page)
    assert tanaka.opens(link) == 200
    for words in (WHO, WHERE, WHAT, "本人は知りません"):
        assert words in tanaka.sees()
    assert CONTACT not in tanaka.page.content()
    for other in (sato, suzuki):
        assert other.opens("/desk") == 200
        assert number not in other.page.content()
        assert other.statuses(number, *anywhere[:2]) == {404}
    tanaka.presses("受け付ける")
    image = tanaka.page.locator(".photos img").first
    assert tanaka.page.request.get(home.address + str(image.get_attribute("src"))).status == 200
    tanaka.fills("note", text=NOTE)
    tanaka.fills("ask", text=QUESTION)
    fine(tanaka.page)
    home.works()
    home.hears(phone)
    assert "窓口の人が読みました" in phone.sees
    assert "お聞きしたいことがあります" in phone.sees
    phone.taps("ひらく")
    form = form_of(home, phone)
    assert QUESTION in form.inner_text("main")
    tells(form, answer=ANSWER)
    home.at("2027-01-06 13:00")
    home.works()
    assert told(home) == ["fukushi@mori.example"]
    tanaka.opens(f"/desk/concerns/{number}")
    assert ANSWER in tanaka.sees()
    tanaka.presses("読みました")
    sheet = paper(tanaka, number)
    assert all(words in sheet for words in (WHO, WHERE, WHAT, NOTE, ANSWER))
    assert "見守花子" not in sheet

    # ---- on to B, another department; until it answers, A is in charge and B may only read
    tanaka.fills(
        "hand_on", choose={"subject": "not_asked", "reporter": "agreed"}, pick=B, text=TO_B,
    )  # fmt: skip
    assert "引き継ぎを依頼しています" in tanaka.sees()
    home.works()
    assert told(home) == ["hoken@mori.example"]
    sato.opens("/desk")
    fine(sato.page)
    sato.page.get_by_role("link", name="内容を読んで決める").click()
    assert TO_B in sato.sees()
    assert WHAT in sato.sees()
    assert CONTACT not in sato.page.content()
    assert "引き継ぎ" in paper(sato, number)
    fine(sato.page)
    assert suzuki.statuses(number, *anywhere[:2]) == {404}
    sato.fills("handon_refuse", choose={"reason": "not_our_area"}, pick=C, text=FROM_B)
    assert sato.statuses(number, *anywhere[:2]) == {404}
    home.works()
    assert told(home) == ["fukushi@mori.example"]

    # ---- A sends it on to where B has pointed: the other town
    home.at("2027-01-06 14:00")
    tanaka.opens(f"/desk/concerns/{number}")
    for words in ("うちの受け持ちの地域ではない", FROM_B, NAMES[C]):
        assert words in tanaka.sees()
    fine(tanaka.page)
    tanaka.presses(f"{NAMES[C]} に依頼する")
    home.works()
    assert told(home) == ["houkatsu@kawa.example"]
    assert tanaka.statuses(number, "") == {200}
    assert sato.statuses(number, *anywhere[:2]) == {404}
    suzuki.opens(f"/desk/concerns/{number}")
    assert TO_C in suzuki.sees()
    suzuki.presses("引き受ける")
    assert "こちらの窓口の担当です" in suzuki.sees()
    assert tanaka.statuses(number, *anywhere[:2]) == {404}
    tanaka.opens("/desk")
    assert "担当の窓口が変わりました" in tanaka.sees()
    assert tanaka.page.get_by_role("link", name=number).count() == 0  # it is not A's any more
    home.works()
    assert told(home) == ["fukushi@mori.example"]

    # ---- C reaches the person, and is done
    suzuki.fills("call", choose={"whom": "subject", "reached": "yes"}, text=CALL)
    assert "対応中" in suzuki.sees()
    fine(suzuki.page)
    assert CALL in paper(suzuki, number)
    story = [
        suzuki.sees().index(words)
        for words in ("連絡が届きました", "くわしいことが書かれました", NOTE, FROM_B, CALL)
    ]
    assert story == sorted(story)
    home.works()
    home.hears(phone)
    assert "窓口が動いています" in phone.sees
    home.at("2027-01-15 10:00")
    suzuki.opens(f"/desk/concerns/{number}")
    suzuki.fills("close", choose={"outcome": "connected"}, text=SUMMARY)
    assert "終了（支援につながった）" in suzuki.sees()
    home.works()
    home.hears(phone)
    assert "ひとくぎりつきました" in phone.sees
    home.waits_until("2027-01-25 17:00", 120)
    home.hears(phone)
    assert phone.got == []
    assert home.new_letters() == []

    # ---- four weeks after the report: one question, one tap
    home.waits_until("2027-01-25 17:15", 5)
    home.hears(phone)
    assert "その後" in phone.sees
    assert len(phone.got) == 1
    phone.taps("よくなった")
    assert "よかったです" in phone.sees
    home.works()
    home.hears(phone)
    home.waits_until("2027-02-10 12:00", 120)
    home.hears(phone)
    assert phone.got == []
    suzuki.opens(f"/desk/concerns/{number}")
    assert "よくなった" in suzuki.sees()

    # ---- nothing was lost on the way, and not a word got out
    with home.services.db.look() as work:
        concern = concerns.by_number(work, number)
        assert concern is not None
        assert (concern.state, concern.window, concern.routed_to, concern.outcome) == (
            "closed",
            C,
            A,
            "connected",
        )
        assert audit.verify(work, "default") is None
        deeds = [line.deed for line in reversed(audit.listed(work, kind="concern", subject_id=concern.id))]
    in_order = iter(deeds)
    assert all(
        deed in in_order
        for deed in (
            "opened", "described", "reminded_desk", "reminded_leader", "reminded_department", "reminded_duty", "read",
            "accept", "note", "ask", "answered", "hand_on", "refuse_handon", "hand_on", "accept_handon", "call",
            "in_touch", "close", "asked_follow_up", "follow_up",
        )
    ), deeds  # fmt: skip
    assert {mail.text.replace("\r\n", "\n") for mail in home.post.mailbox.mails} <= number_and_link_only(
        home, number
    )
    out = home.everything_that_went_out() + "".join(capfd.readouterr())
    assert number in out
    assert [words for words in PLANTED if words in out] == []
