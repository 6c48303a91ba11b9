"""Words that staff write for each other and that people must not read: 要確認, 資料により …"""

from __future__ import annotations

import re
from typing import Final

_NOTE: Final = re.compile(
    r"要確認|確認中|未確認|確認する(こと|必要)|公開前|調整中|検討中|作成中|庁内|内部|決裁|起案|担当者(名|:|：)|"
    r"予算(要求|措置|要望)|資料(により|による|で違|ごと)|講演会記録|旧(ページ|資料|番号)|誤記|転載|verified|own[- ]knowledge|"
    r"(?i:\bTODO\b|\bFIXME\b|\bTBD\b)|※職員|●{2,}|\?{2,}|？{2,}"
)
_DATED: Final = re.compile(r"[(（][^)）]*(20[0-9]{2}|令和|平成)[^)）]*[)）]")


def staff_note(text: str) -> str | None:
    """The word that shows it, where a text holds a note of staff."""
    found = _NOTE.search(text)
    return found[0] if found else None


def source_note(text: str) -> str | None:
    """The bracket in a text about hours or cost that says when or from where something was known."""
    found = _DATED.search(text)
    return found[0] if found else None
