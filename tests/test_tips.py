"""content/tips.yaml: short, complete, and a mistake in it is named."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from town import ROOT, the_content

from bot.content.errors import ContentError
from bot.content.tips import load_tips

FILE = ROOT / "content" / "tips.yaml"


def test_there_is_something_about_all_that_supporters_ask() -> None:
    assert list(the_content().tips) == ["opening", "not_to_do", "when_to_stop", "own_worries"]
    assert the_content().tips["own_worries"].desk
    assert the_content().tips["own_worries"].hotlines


@pytest.mark.parametrize(
    ("spoil", "problem"),
    [
        (lambda raw: raw.clear(), "1 to 10 topics"),
        (lambda raw: raw[0].pop("title"), "key, title, lead and cards"),
        (lambda raw: raw[0].update(colour="red"), "key, title, lead and cards"),
        (lambda raw: raw[0].update(key="Öffnen"), "small letters"),
        (lambda raw: raw[1].update(key=raw[0]["key"]), "twice"),
        (lambda raw: raw[0].update(title="あ" * 21), "at most 20"),
        (lambda raw: raw[0].update(cards=[]), "1 to 10"),
        (lambda raw: raw[0]["cards"][0].update(lines=[]), "1 to 5 lines"),
        (lambda raw: raw[0]["cards"][0].update(lines=["あ" * 61]), "at most 60"),
        (lambda raw: raw[0]["cards"][0].pop("title"), "a title and lines"),
        (lambda raw: raw[3].update(hotlines=["nobody"]), "no nobody"),
        (lambda raw: raw[3].update(hotlines="yorisoi"), "a list"),
        (lambda raw: raw[3].update(desk="yes"), "true or false"),
    ],
)
def test_a_mistake_is_named(spoil: Callable[[Any], Any], problem: str, tmp_path: Path) -> None:
    raw = yaml.safe_load(FILE.read_text("utf-8"))
    spoil(raw)
    path = tmp_path / "tips.yaml"
    path.write_text(yaml.safe_dump(raw, allow_unicode=True), "utf-8")
    with pytest.raises(ContentError, match=problem) as wrong:
        load_tips(path, the_content().hotlines)
    assert wrong.value.file == "tips.yaml"
