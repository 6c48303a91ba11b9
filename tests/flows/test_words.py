"""The texts of content/texts/ja and the code that says them: none is missing, none is left over."""

from __future__ import annotations

from pathlib import Path

from town import the_content

from bot.content.texts import Texts
from bot.content.words import missing_and_unused

NAMED = the_content().parts_of_keys


def test_every_text_that_the_code_names_is_there() -> None:
    missing, _ = missing_and_unused(the_content().texts, NAMED)
    assert missing == ()


def test_no_text_is_left_over() -> None:
    _, unused = missing_and_unused(the_content().texts, NAMED)
    assert unused == ()


def test_a_missing_text_is_found() -> None:
    without = {key: text for key, text in the_content().texts.by_key.items() if key != "talk.stopped"}
    missing, _ = missing_and_unused(Texts(without), NAMED)
    assert missing == ("talk.stopped",)


def test_a_text_that_nothing_says_is_found() -> None:
    more = {**the_content().texts.by_key, "talk.long_gone": "もう使わない言葉"}
    _, unused = missing_and_unused(Texts(more), NAMED)
    assert unused == ("talk.long_gone",)


def test_texts_of_pages_are_found_too(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text("<p>{{ t('web.here') }} {{ t(\"web.gone\") }}</p>")
    found = missing_and_unused(Texts({"web.here": "ここ", "web.left": "のこり"}), (), (tmp_path,))
    assert found == (("web.gone",), ("web.left",))
