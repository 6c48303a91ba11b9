"""One resident's answers to the handbook, on the phone and on the web: she cannot pay this month's bills."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.e2e.phone_screen import PhoneScreen
from tests.e2e.running_demo import Demo

ANSWERS = (
    ["鳥取市"],
    ["自分のこと"],
    ["お金", "住まい"],
    ["40〜64歳"],
    ["ひとりで住んでいる"],
    ["今月の支払いができない"],
)


def answer_on_the_phone(phone: PhoneScreen) -> None:
    """From the menu to the cards."""
    phone.taps_in_the_menu("お悩みハンドブック")
    for answers in ANSWERS:
        phone.taps(*answers)
        if len(answers) > 1:
            phone.taps("これでおわり")
    phone.taps("ここまでで結果を見る")


def answer_on_the_web(page: Page, demo: Demo) -> None:
    """From the first page to the results."""
    page.goto(f"{demo.web}/handbook")
    page.get_by_role("button", name="はじめる").click()
    for answers in ANSWERS:
        for answer in answers:
            page.get_by_label(answer, exact=True).check()
        page.get_by_role("button", name="つぎへ").click()
    page.get_by_role("button", name="ここまでの答えで結果を見る").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("あなたに合いそうな支援と相談先")
