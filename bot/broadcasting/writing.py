"""A broadcast as a file again: to copy an earlier one; and the example that shows how files are written."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from bot.broadcasting.files import MARKDOWN
from bot.broadcasting.forms import Contents, Form

EXAMPLES = Path(__file__).parent / "examples"


class _Dumper(yaml.SafeDumper):
    """Lists stand under their names with two spaces, texts of several lines as such, nothing is shared."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text and not any(line != line.rstrip() for line in text.split("\n")) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


def as_yaml(options: Mapping[str, Any], contents: Contents, photos: Mapping[str, str]) -> str:
    """The file; `photos` are the file names by id. What it says is read back as it was."""
    said: dict[str, Any] = {**options, "messages": [_form(each, photos) for each in contents.messages]}
    if contents.translations:
        said["languages"] = {
            language: [_form(each, photos) for each in messages]
            for language, messages in contents.translations.items()
        }
    return yaml.dump(said, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=100)


def _form(form: Form, photos: Mapping[str, str]) -> dict[str, Any]:
    match form:
        case {"cards": cards}:
            return {"cards": [_named(card, "picture", photos) for card in cards]}
        case {"picture": picture}:
            return {"picture": _named(picture, "photo", photos)}
        case _:
            return dict(form)


def _named(form: Form, field: str, photos: Mapping[str, str]) -> dict[str, Any]:
    return {name: photos[value] if name == field else value for name, value in form.items()}


def example(suffix: str) -> str:
    """A file with everything in it that there is, explained."""
    name = "broadcast.md" if suffix.lower() in MARKDOWN else "broadcast.yaml"
    return (EXAMPLES / name).read_text("utf-8")
