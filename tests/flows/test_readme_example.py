"""The example in bot/flows/README.md works as it stands there."""

from __future__ import annotations

import itertools
import re
import sys
import types
from dataclasses import replace
from pathlib import Path
from typing import Any

import spoken
import yaml
from town import ROOT, context, the_content, wrong_with

from bot.content.texts import Texts, load_texts
from bot.flows.engine import Asking, FlowFunction, play
from bot.wording import words_of

PAGE = (ROOT / "bot" / "flows" / "README.md").read_text("utf-8")


def block(language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    assert found
    return found[1]


def example() -> FlowFunction:
    module = types.ModuleType("rent_help")
    sys.modules.pop("rent_help", None)
    exec(compile(block("python"), "README.md", "exec"), module.__dict__)
    function: FlowFunction = module.__dict__["rent_help"]
    return function


def test_its_texts_are_all_there_and_all_of_its_paths_end(tmp_path: Path) -> None:
    (tmp_path / "rent_help.yaml").write_text(block("yaml"), "utf-8")
    texts = Texts({**the_content().texts.by_key, **load_texts(tmp_path).by_key})
    ctx = replace(context(), content=replace(the_content(), texts=texts))
    ends = []
    for home, behind in itertools.product(("rent", "own", "skip"), ("yes", "no")):
        answers: dict[str, Any] = {"town": "kami", "home": home, "behind": behind}
        for known in range(len(answers) + 1):
            now = play(example(), ctx, dict(list(answers.items())[:known]))
            if isinstance(now, Asking):
                words = words_of(now.question, "rent_help", texts)
                assert words.text
                assert words.options
        assert not isinstance(now, Asking)
        ends.append(type(now.effects[0]).__name__)
        if ends[-1] == "ShowWindows":
            for messages in spoken.end(now.effects):
                assert wrong_with(messages) == []
    assert set(ends) == {"Say", "ShowWindows"}


def test_its_texts_hold_nothing_that_the_example_does_not_say() -> None:
    tree = yaml.safe_load(block("yaml"))
    said = set(re.findall(r'"([a-z_.]+)"', block("python"))) | {"town"}  # ask_town asks it
    for key in tree:
        assert {key, f"rent_help.{key}"} & said
