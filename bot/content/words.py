"""Which texts the code asks for and which there are: for `tsunagari content check`, and for a test."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path

from bot.content.texts import Texts

_BOT = Path(__file__).resolve().parent.parent
CODE = (_BOT, _BOT.parent / "jobs")
_CALL = re.compile(
    r"\b(?:get|say|Say|NotAnAnswer|t)\(\s*\"([A-Za-z0-9_.]+)\""
)  # whose first argument is a key
_STRING = re.compile(r"\"\"\".*?\"\"\"|\"((?:[^\"\\\n]|\\.)*)\"", re.DOTALL)
_INSIDE = re.compile(r"'([A-Za-z0-9_.]*)'")  # of what is filled in: {'counts' if known else 'does_not'}
_FILLED_IN = re.compile(r"\{[^{}]*\}")
_NUMBER = re.compile(r"(?<![\w.])[0-9]+(?![\w.])")
_KEY = re.compile(r"[a-z_]+(\.[A-Za-z0-9_]+)+")
_CALL_IN_PAGE = re.compile(r"\bt\(\s*['\"]([^'\"]+)['\"]")
_STRING_IN_PAGE = re.compile(r"['\"]([A-Za-z0-9_. -]+)['\"]")


def missing_and_unused(
    texts: Texts, also_used: Iterable[str], code: Iterable[Path] = CODE
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Keys that the code names and content/texts lacks; keys that nothing in the code can name.

    Keys are often put together (`<flow>.<question>.<answer>`), so a key counts as used when the code knows each of
    its parts. `also_used` are parts that come from other content, such as topics and questions. The words of questions are
    looked for by walking the flows (tests/flows/test_every_path.py), not here.
    """
    named, parts = set[str](), set(also_used)
    for key, told in chain.from_iterable(map(_strings, code)):
        if told:
            named.add(key)
        parts.update(key.split("."))
    rooms = {key.split(".")[0] for key in texts.by_key}
    missing = {key for key in named if key.split(".")[0] in rooms and not texts.has(key)}
    unused = {key for key in texts.by_key if not all(_known(part, parts) for part in key.split("."))}
    return tuple(sorted(missing)), tuple(sorted(unused))


def _known(part: str, parts: set[str]) -> bool:
    """Whether the code has this part, whole or in two (`more_` + `chosen`, `feelings` + `_lines`)."""
    if part in parts:
        return True
    cuts = [at for at, sign in enumerate(part) if sign == "_"]
    return any(
        (part[: at + 1] in parts and part[at + 1 :] in parts) or (part[:at] in parts and part[at:] in parts)
        for at in cuts
    )


def _strings(code: Path) -> Iterator[tuple[str, bool]]:
    """Every string of the code, and whether it certainly is the key of a text.

    Strings are found by their quotes and not by parsing: hundreds of files take a second to parse.
    """
    for path in sorted(code.rglob("*.py")):
        source = path.read_text("utf-8")
        yield path.stem, False
        for string in _STRING.findall(source):
            yield from ((part, False) for part in (*_FILLED_IN.split(string), *_INSIDE.findall(string)))
        yield from ((number, False) for number in _NUMBER.findall(source))
        yield from ((key, True) for key in _CALL.findall(source) if _KEY.fullmatch(key))
    for path in sorted(code.rglob("*.html")):
        page = path.read_text("utf-8")
        yield from ((key, True) for key in _CALL_IN_PAGE.findall(page) if _KEY.fullmatch(key))
        yield from ((string, False) for string in _STRING_IN_PAGE.findall(page))
