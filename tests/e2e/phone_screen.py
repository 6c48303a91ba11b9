"""One person's phone in the browser, as eyes and a thumb use it: no ids of messages, no sleeping."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable

from playwright.sync_api import Locator, Page, expect

ITEMS = '//div[@class="chat-items"]/*'
# All that the bot has said since the person last did something.
ANSWER = f'{ITEMS}[@data-from="person"][last()]/following-sibling::article[@data-from="bot"]'


class PhoneScreen:
    """A page of the simulator that plays one person."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.chat = page.locator("#chat")
        self.menu = page.locator("#rich-menu")

    # ---- who it is ---------------------------------------------------------------------------------------

    def open(self, address: str) -> None:
        self.page.goto(address)
        self.page.locator("#phone[data-ready]").wait_for()

    def become_somebody_new(self, name: str) -> None:
        """Through the panel beside the phone: 「人を増やす」."""
        before = self.page.locator("#phone").get_attribute("data-ready")
        self.page.get_by_role("button", name="人を増やす").click()
        self.page.locator("#person-name").fill(name)
        self.page.get_by_role("button", name="増やす", exact=True).click()
        expect(self.page.locator(f'#phone[data-ready]:not([data-ready="{before}"])')).to_be_visible()
        expect(self.page.locator("#person-select option:checked")).to_contain_text(name)

    def becomes(self, name: str) -> None:
        """Through the panel's list of people."""
        option = self.page.locator("#person-select option", has_text=re.compile(f"^{name}(（|$)"))
        user = option.get_attribute("value")
        assert user
        self.page.locator("#person-select").select_option(user)
        expect(self.page.locator(f'#phone[data-ready$="{user}"]')).to_be_visible()

    def adds_the_friend(self) -> None:
        self.page.get_by_role("main").get_by_role("button", name="友だち追加").click()
        self.sees("友だちになってくださって")

    def blocks(self) -> None:
        self._header("ブロック")
        expect(self.page.locator("#blocked-note")).to_be_visible()

    def unblocks(self) -> None:
        self.page.locator("#blocked-unblock").click()
        expect(self.page.locator("#composer")).to_be_visible()

    def _header(self, entry: str) -> None:
        self.page.get_by_role("button", name="メニュー", exact=True).first.click()
        self.page.locator("#header-menu").get_by_role("button", name=entry, exact=True).click()

    # ---- what a thumb does -------------------------------------------------------------------------------

    def sends(self, text: str) -> None:
        def send() -> None:
            self.page.get_by_role("textbox", name="メッセージ").fill(text)
            self.page.get_by_role("button", name="送信", exact=True).click()

        self._and_is_answered(send)

    def taps(self, *labels: str | re.Pattern[str]) -> None:
        """Buttons of the newest answer or quick replies, one after the other."""
        for label in labels:
            self._and_is_answered(self.button(label).click)

    def taps_in_the_menu(self, label: str) -> None:
        body = self.page.locator("#rich-menu-body")
        while not body.is_visible():
            self.page.locator("#rich-menu-bar").click()
            with contextlib.suppress(
                AssertionError
            ):  # a new menu opened by itself just then: this tap has shut it
                expect(body).to_be_visible(timeout=1_000)
        self._and_is_answered(body.get_by_role("button", name=label, exact=True).click)

    def _and_is_answered(self, deed: Callable[[], None]) -> None:
        """What a person does stands in the chat, then an answer stands under it."""
        own = self.page.locator(f'xpath={ITEMS}[@data-from="person"]')
        before = own.count()
        deed()
        expect(own).to_have_count(before + 1)
        expect(self.answer.first).to_be_visible()

    def has_in_the_menu(self, label: str) -> None:
        """The rich menu, open or shut, has this field."""
        expect(self.menu.locator(f'[data-rich-menu-area][aria-label="{label}"]')).to_be_attached()

    def would_dial(self, label: re.Pattern[str]) -> str:
        """The number behind a button of the newest answer; the call is not made."""
        self.answer.get_by_role("link", name=label).click()
        number = self.page.locator("dialog [data-dial]").get_attribute("data-dial")
        self.page.locator("dialog").get_by_role("button", name="やめる").click()
        return str(number)

    # ---- what eyes see -----------------------------------------------------------------------------------

    @property
    def answer(self) -> Locator:
        return self.page.locator(f"xpath={ANSWER}")

    def button(self, label: str | re.Pattern[str]) -> Locator:
        """A button of the newest answer, or of the row under it."""
        places = (self.answer, self.page.locator("#quick-replies"))
        first, second = (place.get_by_role("button", name=label, exact=True) for place in places)
        return first.or_(second)

    def link(self, label: str) -> Locator:
        return self.answer.get_by_role("link", name=label, exact=True)

    def sees(self, *words: str) -> None:
        """The newest answer holds these words; before anything was said, the chat does."""
        has_spoken = self.page.locator(f'xpath={ITEMS}[@data-from="person"]').count() > 0
        for each in words:
            expect((self.answer if has_spoken else self.chat).filter(has_text=each).first).to_be_visible()
