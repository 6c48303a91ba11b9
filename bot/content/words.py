"""Which texts the code asks for and which there are: for `tsunagari content check`, and for a test."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path

from bot.content.texts import Texts

_BOT = Path(__file__).resolve().parent.parent
CODE = (_BOT, _BOT.parent / "jobs")
_TELLERS = {"get", "say", "Say", "NotAnAnswer", "t"}  # calls whose first argument is the key of a text
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
    """Every string of the code, and whether it certainly is the key of a text."""
    for path in sorted(code.rglob("*.py")):
        tree = ast.parse(path.read_text("utf-8"))
        yield path.stem, False
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str | int):
                yield str(node.value), False
            elif isinstance(node, ast.Call) and (key := _told(node)):
                yield key, True
    for path in sorted(code.rglob("*.html")):
        page = path.read_text("utf-8")
        yield from ((key, True) for key in _CALL_IN_PAGE.findall(page) if _KEY.fullmatch(key))
        yield from ((string, False) for string in _STRING_IN_PAGE.findall(page))


def _told(call: ast.Call) -> str | None:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", None)
    first = call.args[0] if call.args else None
    if name in _TELLERS and isinstance(first, ast.Constant) and isinstance(first.value, str):
        return first.value if _KEY.fullmatch(first.value) else None
    return None
