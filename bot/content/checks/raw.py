"""Links and telephone numbers as they stand in the files, so that all of them are named, and not only the first."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import yaml

from bot.content.findings import Finding
from bot.content.links import wrong_with_link
from bot.content.phones import check_phone

_LINK: Final = re.compile(
    r"(?i:h?ttps?|ｈｔｔｐｓ?)\s?[:：]{1,2}\s?/{0,2}[^\s\"'、。，（）()「」『』】>|〉》＞;]*"
)
_DIALLED: Final = re.compile(r"\[([^\]]*)\]\(tel:([0-9+%#-]+)\)|href=.tel:([0-9+%#-]+).[^>]*>([^<]*)<")
_WRITTEN: Final = re.compile(r"(?<![0-9-])0[0-9]{1,4}-[0-9]{1,4}-[0-9]{3,5}(?![0-9-])")
_NOT_WORDS: Final = frozenset({"examples.csv", "lexicon.yaml", "families.yaml"})
"""Sentences of people in danger and patterns for them: nobody is sent anywhere by them."""
_PHONES: Final = ("phone", "fax")
_OF_A_FIELD: Final = re.compile(r"\b(phone|fax|tel)\"?:\s")


def of_files(folder: Path) -> Iterator[Finding]:
    """Every broken link, number with a wrong count of digits, and `tel:` that dials another number than it shows."""
    for path in sorted((*folder.rglob("*.yaml"), *folder.rglob("*.csv"))):
        if path.name in _NOT_WORDS:
            continue
        name = path.relative_to(folder).as_posix()
        try:
            text = path.read_text("utf-8-sig")
            yield from _of_table(name, path) if path.suffix == ".csv" else _of_yaml(name, text)
        except (UnicodeDecodeError, csv.Error, yaml.YAMLError) as error:
            words = "読めません（UTF-8の文字か、書き方がちがいます）。"
            yield Finding("error", name, "", "", words, str(error).replace("\n", " ")[:200])


def _of_yaml(name: str, text: str) -> Iterator[Finding]:
    for number, line in enumerate(text.splitlines(), 1):
        if not line.lstrip().startswith("#"):
            yield from _of_words(name, f"{number}行", "", line)
    if not name.startswith("texts/") and ("phone" in text or "fax" in text):
        yield from _phones(name, yaml.load(text, Loader=yaml.CSafeLoader), "")


def _of_table(name: str, path: Path) -> Iterator[Finding]:
    with path.open(encoding="utf-8-sig", newline="") as lines:
        for row in csv.DictReader(lines):
            place = row.get("id") or ""
            for column, cell in row.items():
                if not isinstance(cell, str) or not cell or cell == "-":
                    continue
                if column == "url":
                    yield from _link(name, place, column, cell.strip())
                elif column == "phone":
                    yield from _phone(name, place, column, cell.strip())
                elif ":" in cell or "：" in cell or "-" in cell:
                    yield from _of_words(name, place, column or "", cell)


def _of_words(name: str, place: str, field: str, text: str) -> Iterator[Finding]:
    if "ttp" in text or "ｈｔ" in text or "TTP" in text:
        for match in _LINK.finditer(text):
            yield from _link(name, place, field, match[0].rstrip(".,}"))
    for match in _DIALLED.finditer(text) if "tel:" in text else ():
        shown, dialled = match[1] or match[4] or "", match[2] or match[3] or ""
        if re.search(r"[0-9]", shown) and _digits(shown) != _digits(dialled):
            words = f"見える番号 {shown} と、かかる番号 {dialled} がちがいます。"
            yield Finding("error", name, place, field, words, "どちらかを直してください。")
    for match in () if _OF_A_FIELD.search(text) else _WRITTEN.finditer(text):
        yield from _phone(name, place, field, match[0])


def _link(name: str, place: str, field: str, link: str) -> Iterator[Finding]:
    if "{" in link or (trouble := wrong_with_link(link)) is None:
        return
    better = (
        f"{trouble.better} ですか？"
        if trouble.better
        else "公式のページの住所を、https:// から書いてください。"
    )
    yield Finding("error", name, place, field, f"リンク「{link[:80]}」: {trouble.words}", better)


def _phones(name: str, tree: Any, place: str) -> Iterator[Finding]:
    """Every field of a tree that holds a number, by the key of its entry."""
    if isinstance(tree, dict):
        here = str(tree["key"]) if "key" in tree else place
        for key, value in tree.items():
            if key in _PHONES and isinstance(value, str):
                yield from _phone(name, here, str(key), value)
            elif isinstance(value, dict | list):
                yield from _phones(name, value, here if isinstance(value, list) else str(key))
        shown, dialled = tree.get("phone"), tree.get("tel")
        if isinstance(shown, str) and isinstance(dialled, str) and _digits(shown) != _digits(dialled):
            words = f"見える番号 {shown} と、かかる番号 {dialled} がちがいます。"
            yield Finding("error", name, here, "tel", words, "どちらかを直してください。")
    elif isinstance(tree, list):
        for entry in tree:
            yield from _phones(name, entry, place)


def _phone(name: str, place: str, field: str, shown: str) -> Iterator[Finding]:
    try:
        check_phone(shown)
    except ValueError:
        words = f"電話番号「{shown}」は、けたの数か書き方がちがいます。"
        yield Finding("error", name, place, field, words, "0857-22-8111 や #8000 のように書いてください。")


def _digits(text: str) -> str:
    return re.sub(r"[^0-9]", "", text.replace("%23", "").replace("+81", "0"))
