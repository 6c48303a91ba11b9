"""The demo as a stranger meets it: the phone in a real Chromium, the web pages, the staff's commands."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.e2e.handbook import answer_on_the_phone, answer_on_the_web
from tests.e2e.phone_screen import PhoneScreen
from tests.e2e.running_demo import Demo

pytestmark = pytest.mark.browser
NewPhone = Callable[[], PhoneScreen]

NUMBER = re.compile(r"K-[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]")


def picture_of_the_menu(phone: PhoneScreen) -> bytes:
    picture = phone.menu.locator("img")
    expect(picture).to_have_js_property("complete", True)
    address = picture.evaluate("image => image.naturalWidth > 0 ? image.src : ''")
    return phone.page.request.get(address).body()


def report_a_concern(phone: PhoneScreen) -> str:
    """From the menu to the receipt; its number."""
    phone.taps_in_the_menu("気になる人がいる")
    phone.taps(
        "いいえ", "鳥取市", "湖東中学校区", "姿を見ない・安否が心配", "2〜3日前から", "知らない", "はい、送る"
    )
    receipt = phone.answer.filter(has_text=NUMBER).first
    expect(receipt).to_be_visible()
    found = NUMBER.search(receipt.inner_text())
    assert found
    return found[0]


def open_the_form(phone: PhoneScreen, context: BrowserContext) -> Page:
    with context.expect_page() as opened:
        phone.link("くわしいことを書く").click()
    opened.value.get_by_role("button", name="書きはじめる").click()
    return opened.value


def test_who_sends_the_printed_code_becomes_a_supporter_with_another_menu(
    demo: Demo, new_person: NewPhone
) -> None:
    phone = new_person()
    phone.has_in_the_menu("サポーター登録")
    before = picture_of_the_menu(phone)
    phone.sends(demo.code)
    phone.sees("つながりサポーター養成講座", "同意して登録しますか")
    phone.taps("はい", "はい、約束します")
    phone.sees("お住まいの市町")
    phone.taps("鳥取市", "湖東中学校区", "集まり・行事", "地域食堂", "これでおわり")
    phone.sees("登録できました。鳥取市のつながりサポーターです")
    phone.has_in_the_menu("わたしの連絡")
    assert picture_of_the_menu(phone) != before


def test_who_does_not_consent_is_not_registered(demo: Demo, new_person: NewPhone) -> None:
    phone = new_person()
    phone.sends(demo.code)
    phone.taps("いいえ")
    phone.sees("登録はしていません")
    phone.has_in_the_menu("サポーター登録")


def test_a_concern_begins_with_danger_and_shows_the_desk_before_it_is_sent(new_supporter: NewPhone) -> None:
    phone = new_supporter()
    phone.taps_in_the_menu("気になる人がいる")
    phone.sees("いま命があぶないですか")
    phone.taps("いいえ", "鳥取市", "湖東中学校区", "姿を見ない・安否が心配", "2〜3日前から", "知らない")
    phone.sees("「姿を見ない・安否が心配」のことを、ここに知らせます", "鳥取市 中央人権福祉センター")
    phone.taps("送らない")
    phone.sees("送っていません")


def test_details_go_through_the_form_to_the_desk_and_never_through_line(
    demo: Demo, new_supporter: NewPhone, context: BrowserContext
) -> None:
    phone = new_supporter()
    number = report_a_concern(phone)
    form = open_the_form(phone, context)
    typed = {
        "だれのことですか": "鈴木ヨシエ さん",
        "どこですか": "紺屋町の角の 桃色の屋根",
        "どんな様子ですか": "牛乳が五本たまっている",
    }
    for field, words in typed.items():
        form.get_by_label(field).fill(words)
    form.get_by_role("button", name="送る").click()
    expect(form.get_by_role("heading", level=1)).to_have_text("ありがとうございます。届きました。")

    (listed,) = [each for each in demo.command("concern", "list") if each["number"] == number]
    assert listed["has_details"] is True
    shown = demo.command("concern", "show", number, "--details", "--as", "山田")
    assert sorted(shown["details"].values()) == sorted(typed.values())
    line = str(demo.line("log")) + str(demo.line("webhooks")) + phone.chat.inner_text()
    kept = b"".join(file.read_bytes() for file in demo.folder.iterdir() if file.is_file())
    for words in typed.values():
        assert words not in line
        assert words.encode() not in kept


def test_a_link_that_was_used_says_kindly_that_it_is_used(
    new_supporter: NewPhone, context: BrowserContext, complaints: list[str]
) -> None:
    phone = new_supporter()
    report_a_concern(phone)
    form = open_the_form(phone, context)
    form.get_by_label("どこですか").fill("公園の前")
    form.get_by_label("どんな様子ですか").fill("あかりがつかない")
    form.get_by_role("button", name="送る").click()
    expect(form).to_have_url(re.compile("/sent$"))
    again = open_the_form(phone, context)
    expect(again.get_by_role("heading", level=1)).to_have_text("このページは、もう使えません")
    expect(again.get_by_text("もう送ってくださったのなら、届いています")).to_be_visible()
    expect(again.get_by_label("どこですか")).to_have_count(0)
    (gone,) = complaints  # browsers note every page that is gone
    assert "410" in gone
    complaints.clear()


def test_the_handbook_on_the_phone_leads_to_cards_to_swipe_and_to_more(new_person: NewPhone) -> None:
    phone = new_person()
    answer_on_the_phone(phone)
    phone.sees("使えるかもしれない支援", "と答えたので", "もっと見る")
    swipe = phone.answer.locator(".swipe").last
    # All are as high as the highest of them, which may be more than the screen is.
    second = swipe.locator(".flex-bubble").nth(1)
    expect(second).not_to_be_in_viewport(ratio=0.6)
    swipe.locator(".swipe-arrow.on").click()
    expect(second).to_be_in_viewport(ratio=0.6)
    first_title = swipe.locator(".flex-bubble").first.inner_text()
    phone.taps(re.compile("^もっと見る"))
    expect(phone.answer.locator(".flex-bubble").first).to_be_visible()
    assert phone.answer.locator(".flex-bubble").first.inner_text() != first_title


def test_the_panel_lets_somebody_else_take_the_phone(new_person: NewPhone, demo: Demo) -> None:
    phone = new_person()
    phone.sends("ハンドブック")
    phone.becomes("みちこ")
    expect(phone.chat.get_by_text("ハンドブック", exact=True)).to_have_count(0)
    expect(phone.chat.get_by_role("button", name="友だち追加")).to_be_visible()


def test_the_handbook_on_the_web_leads_to_help_with_a_phone_number(demo: Demo, page: Page) -> None:
    answer_on_the_web(page, demo)
    expect(page.locator("article").first).to_be_visible()
    expect(
        page.get_by_text("『お金』", exact=False).or_(page.get_by_text("と答えたので")).first
    ).to_be_visible()
    assert page.locator('article a[href^="tel:"]').count() > 0


def test_the_quick_exit_leaves_nothing_to_go_back_to(demo: Demo, page: Page) -> None:
    answer_on_the_web(page, demo)
    page.get_by_role("button", name="消してはなれる").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("お知らせ")
    page.go_back()
    expect(page.locator("article")).to_have_count(0)
    expect(page.get_by_text("今月の支払いができない")).to_have_count(0)


def test_a_broadcast_to_supporters_appears_on_their_phones_only(
    demo: Demo, new_person: NewPhone, new_supporter: NewPhone
) -> None:
    supporter, resident, gone = new_supporter(), new_person(), new_supporter()
    gone.blocks()
    news = "雪の日は、声をかけあいましょう。"
    sent = demo.command("broadcast", "send", "--text", news, "--to", "role=supporter", "--yes")
    expect(supporter.chat.get_by_text(news)).to_be_visible()
    gone.unblocks()
    resident.sends("メニュー")
    for phone in (resident, gone):
        expect(phone.chat.get_by_text(news)).to_have_count(0)
    shown = demo.command("broadcast", "show", str(sent["id"]))
    assert (shown["failed"], shown["remaining"]) == (0, 0)
    assert shown["accepted"] == shown["recipients"] - shown["blocked"] >= 1


@pytest.mark.parametrize("place", ["registering", "reporting"])
def test_words_of_danger_are_answered_with_help_in_the_middle_of_anything(
    demo: Demo, new_person: NewPhone, place: str
) -> None:
    phone = new_person()
    if place == "registering":
        phone.sends(demo.code)
    else:
        phone.taps_in_the_menu("気になる人がいる")
        phone.taps("いいえ")
    phone.sends("いまから死にます")
    phone.sees("119（救急）か 110（警察）に電話してください", "0120-061-338")
    assert phone.would_dial(re.compile("119")) == "119"
    assert phone.would_dial(re.compile("110")) == "110"


def test_after_help_was_given_the_conversation_goes_on_where_it_was(demo: Demo, new_person: NewPhone) -> None:
    phone = new_person()
    phone.sends(demo.code)
    phone.sends("いまから死にます")
    phone.taps("つづける")
    phone.sees("同意して登録しますか")


@pytest.mark.parametrize(("width", "height"), [(1280, 900), (390, 844)])
def test_axe_finds_nothing_on_the_phone(
    chromium: Browser, demo: Demo, complaints: list[str], width: int, height: int
) -> None:
    context = chromium.new_context(
        viewport={"width": width, "height": height}, bypass_csp=True
    )  # to inject axe
    phone = PhoneScreen(context.new_page())
    user = demo.new_friend("めぐみ")
    phone.open(f"{demo.phone}?user={user}")
    phone.sends("ハンドブック")
    phone.taps("鳥取市", "自分のこと", "お金", "これでおわり", "40〜64歳", "ここまでで結果を見る")
    found = Axe().run(phone.page).response["violations"]
    context.close()
    assert [each["id"] for each in found] == []


def test_the_demo_keeps_its_secrets_to_its_owner(demo: Demo) -> None:
    for file in (demo.folder / "env", demo.folder / "service.log"):
        assert Path(file).stat().st_mode & 0o077 == 0
