"""Addresses in broadcasts: what may be linked, and the address under which a tap is counted."""

from __future__ import annotations

import re
from urllib.parse import quote, urlsplit

from bot.messages import URI_CHARACTERS

PATH = "/l/"
TOKEN_CHARACTERS = 22  # of storage/broadcast_links.py
_READABLE = "!#$%&'()*+,/:;=?@[]~-._"  # what an address may hold besides letters and digits
_HOST = re.compile(r"(?=.{4,253}\Z)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{1,62}")


class BadAddress(ValueError):
    """Nobody could open this; the text says why, for staff."""


def address(typed: str) -> str:
    """The address as LINE and browsers take it; BadAddress where it is none that we send people to.

    Only https: behind http anybody in between could show another page under the town's name.
    """
    text = typed.strip()
    if not text:
        raise BadAddress("ページの住所が空です。")
    if text.startswith("http://"):
        raise BadAddress("https:// で始まる住所だけが使えます（http:// は使えません）。")
    if not text.startswith("https://"):
        raise BadAddress("住所は https:// から半角で書いてください。")
    if re.search(r"[\s\\<>\"{}|^`\x00-\x1f\x7f]", text):
        raise BadAddress("住所の中に、空白や使えない記号があります。")
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
        host = host.encode("idna").decode() if not host.isascii() else host
    except ValueError:
        raise BadAddress("住所の形になっていません。") from None
    if parts.username is not None or parts.password is not None:
        raise BadAddress("住所に「@」の付いた名前は書けません（にせのページに見えます）。")
    if not _HOST.fullmatch(host):
        raise BadAddress(f"「{host}」は、だれでも開けるページの住所ではありません。")
    rest = quote(text[text.index("://") + 3 :].partition("/")[2], safe=_READABLE)
    query = "" if parts.path else text[text.index("://") + 3 + len(parts.netloc) :]
    plain = f"https://{host}{f':{port}' if port else ''}" + (
        f"/{rest}" if parts.path else quote(query, safe=_READABLE)
    )
    if len(plain) > URI_CHARACTERS:
        raise BadAddress(f"住所が長すぎます（{len(plain)} 文字、LINEの上限は {URI_CHARACTERS}）。")
    return plain


def counted(public_url: str, token: str) -> str:
    """The address that counts and leads on."""
    return f"{public_url}{PATH}{token}"
