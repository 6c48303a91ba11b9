"""The pages for everybody on a phone of 2016: what its browser does not know is never needed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

STATIC = Path(__file__).resolve().parents[2] / "bot" / "web" / "static"
SHEETS = ("site.css", "handbook.css")
SCRIPTS = ("leave.js", "handbook_use.js")

# Not in Chrome 50 or Safari 9. What they only leave away (text-wrap, accent-color) does no harm.
LATER_SCRIPT = re.compile(
    r"=>|\b(?:let|const|class|async|await)\b|`|\.\.\.|\?\.|\?\?|\bfetch\(|\.(?:includes|closest|padStart|replaceAll)\("
)
LATER_SELECTOR = re.compile(r":(?:has|is|where|focus-within)\b|&")
LATER_AT = re.compile(r"@(?:layer|container|property|scope|import)\b")
LATER_VALUE = re.compile(r"\b(?:clamp|min|max|color-mix|oklch|light-dark)\(|\d(?:dvh|svh|lvh|cqw)\b")
LATER_PROPERTY = re.compile(r"(?:^|[;{\s])(?:inset\s*:|aspect-ratio|display\s*:\s*(?:grid|contents))")


def without_comments(text: str) -> str:
    return re.sub(r"/\*[\s\S]*?\*/|^\s*//.*$", "", text, flags=re.MULTILINE)


@pytest.mark.parametrize("name", SCRIPTS)
def test_the_scripts_of_the_handbook_are_of_2009(name: str) -> None:
    script = without_comments((STATIC / name).read_text("utf-8"))
    assert LATER_SCRIPT.findall(re.sub(r"'[^']*'", "''", script)) == []
    assert script.lstrip().startswith("(function () {")


@pytest.mark.parametrize("name", SHEETS)
def test_the_style_sheets_need_nothing_newer(name: str) -> None:
    sheet = without_comments((STATIC / name).read_text("utf-8"))
    sheet = re.sub(r"@supports not \(inset: 0\)", "", sheet)
    for later in (LATER_SELECTOR, LATER_AT, LATER_VALUE, LATER_PROPERTY):
        assert later.findall(re.sub(r'url\("[^"]*"\)', "", sheet)) == []


def test_what_hides_words_from_the_eye_has_an_older_way_too() -> None:
    unseen = re.search(r"\.unseen \{[^}]*\}", (STATIC / "site.css").read_text("utf-8"))
    assert unseen
    assert "clip: rect(0 0 0 0)" in unseen[0]


def test_long_words_are_broken_by_browsers_that_do_not_know_anywhere() -> None:
    assert "overflow-wrap: break-word; overflow-wrap: anywhere" in (STATIC / "site.css").read_text("utf-8")


def test_no_rule_for_an_older_browser_is_lost_beside_a_newer_selector() -> None:
    """A browser drops a whole rule when it does not know one of its selectors."""
    sheet = without_comments((STATIC / "site.css").read_text("utf-8"))
    for selectors in re.findall(r"([^{}]+)\{", sheet):
        parts = selectors.split(",")
        newer = [part for part in parts if ":focus-visible" in part]
        assert not newer or len(newer) == len(parts), selectors
