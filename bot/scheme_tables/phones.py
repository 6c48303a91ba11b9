"""Telephone numbers as tables of departments have them: in a column of their own, or behind the name of the desk."""

from __future__ import annotations

import contextlib
import re
import unicodedata
from typing import Final

from bot.content.phones import check_phone

_DASHES: Final = str.maketrans(dict.fromkeys("‐‑‒–—―−ー─ｰ－", "-"))
_NUMBER: Final = (
    r"#[0-9]{4}|0[0-9]{1,4}[-(][0-9]{1,4}[-)][0-9]{3,4}|\(0[0-9]{1,4}\)[0-9]{1,4}-[0-9]{3,4}|0[0-9]{9,10}"
)
_FOUND: Final = re.compile(_NUMBER)
_BEHIND_A_NAME: Final = re.compile(
    rf"[\s(、,/]*(?:電話|TEL|℡|☎|代表|直通)*\s*[:.]?\s*(?P<number>{_NUMBER})\s*(?:\(?(?:内線|代表|直通)[^)]*\)?)?\s*\)?",
    re.IGNORECASE,
)
_SHORTENED: Final = range(9, 11)  # digits of a number of which Excel has taken the first 0
_NOTHING: Final = frozenset({"", "-", "なし", "無", "同上", "〃"})


def plain(text: str) -> str:
    """One width, one kind of dash."""
    return unicodedata.normalize("NFKC", text).translate(_DASHES)


def read_phone(cell: str) -> tuple[str, str]:
    """The number as it is shown, and what was done to it or what is wrong (empty: nothing).

    Of several numbers the first is taken. ValueError where there is no number in the cell.
    """
    text = plain(cell).strip()
    if text in _NOTHING:
        return "", ""
    if text.isdigit() and not text.startswith("0") and len(text) in _SHORTENED:
        return check_phone(f"0{text}"), "先頭の0がなかったので、付けました。"
    with contextlib.suppress(ValueError):
        return check_phone(text), ""
    found = _FOUND.findall(text)
    if not found:
        raise ValueError("電話番号として読めません。0857-22-8111 のように書いてください。")
    try:
        shown = check_phone(_dashed(found[0]))
    except ValueError:
        raise ValueError(f"「{found[0]}」は、けたの数が電話番号とちがいます。") from None
    return shown, f"番号が{len(found)}つあるので、はじめの {shown} を使います。" if len(found) > 1 else ""


def split_phone(desk: str) -> tuple[str, str]:
    """「福祉課（0857-22-8111）」 as 「福祉課」 and its number; the number is empty where there is none."""
    text = plain(desk)
    match = _BEHIND_A_NAME.search(text)
    if match is None:
        return desk.strip(), ""
    name = f"{text[: match.start()]} {text[match.end() :]}".strip(" 、,/:")
    return name.replace("(", "（").replace(")", "）"), _dashed(match["number"])


def _dashed(number: str) -> str:
    return number.lstrip("(").replace("(", "-").replace(")", "-")
