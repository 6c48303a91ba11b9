"""The sheet of cards: ten on a page, nothing cut off, every card with its own code."""

from __future__ import annotations

import io

import pypdf
import pytest
from town import the_content

from bot import poster
from bot.programme.card_sheet import OneCard, Sheet, sheet

TEXTS = the_content().texts


def made(count: int, title: str = "つながりサポーター養成講座") -> list[str]:
    """The words of each page."""
    codes = [f"7KQ4M-2XW{number:02}" for number in range(count)]
    cards = [OneCard(n, code, poster.registration_url("@tsunagari", code)) for n, code in enumerate(codes, 1)]
    about = Sheet(title, "鳥取市", "2026年12月6日", "12月13日", "2026-12-01(火) 10:00")
    return [page.extract_text() for page in pypdf.PdfReader(io.BytesIO(sheet(TEXTS, about, cards))).pages]


@pytest.mark.parametrize(("count", "pages"), [(1, 1), (10, 1), (11, 2), (40, 4)])
def test_ten_cards_stand_on_a_page(count: int, pages: int) -> None:
    written = made(count)
    assert len(written) == pages
    for number in range(count):
        assert f"7KQ4M-2XW{number:02}" in written[number // 10]


def test_each_card_says_what_it_is_until_when_and_how() -> None:
    (page,) = made(1)
    for words in (
        "鳥取市 つながりサポーター登録",
        "2026年12月6日",
        "12月13日まで",
        "No. 1",
        "カメラで読み取る",
    ):
        assert words in page


def test_a_very_long_title_ends_in_dots_and_pushes_nothing_away() -> None:
    (page,) = made(1, "とても長い名前の講座" * 9)
    assert "…" in page
    assert "7KQ4M-2XW00" in page


def test_no_cards_are_no_sheet() -> None:
    with pytest.raises(ValueError, match="at least one"):
        made(0)
