"""Planted words, and a search that finds them in bytes of every kind, however they are written there."""

from __future__ import annotations

import base64
import email
import email.policy
import gzip
import html
import json
import re
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import quote

# Signs that stand nowhere in our texts. Each planted word holds at least one of them.
KANJI, KANA, HIRAGANA, LATIN = "鵺森梟", "ヌエモリフクロ", "ぬえもりふくろ", "leakcanary"
EMOJI, PHONE = "🦉🪺", "0799-88-7766"
CORES = (KANJI, KANA, HIRAGANA, LATIN, EMOJI, PHONE, PHONE.replace("-", ""))


def planted(what: str) -> str:
    """Words for one box of one form: a name in three scripts, a telephone, an emoji; `what` says where it was put."""
    return f"{KANJI}{what}（{KANA}・{HIRAGANA}）さん {EMOJI} {PHONE} {what}@{LATIN}.example"


def _shifted(raw: bytes, shift: int, encode: Callable[[bytes], bytes]) -> bytes:
    """The signs of a base64 text that are the same whatever stands around these bytes."""
    coded = encode(b"\0" * shift + raw)
    return coded[-(-shift * 8 // 6) : (shift + len(raw)) * 8 // 6]


def _base64(shift: int) -> Callable[[str], list[bytes]]:
    def coded(text: str) -> list[bytes]:
        raw = text.encode()
        return [_shifted(raw, shift, base64.b64encode), _shifted(raw, shift, base64.urlsafe_b64encode)]

    return coded


def _legacy(codec: str) -> Callable[[str], list[bytes]]:
    def coded(text: str) -> list[bytes]:
        try:
            return [text.encode(codec)]
        except UnicodeEncodeError:  # an emoji: it cannot be written so
            return []

    return coded


def _escaped(text: str) -> list[bytes]:
    lower = json.dumps(text)[1:-1]
    upper = re.sub(r"\\u[0-9a-f]{4}", lambda found: "\\u" + found[0][2:].upper(), lower)
    return [each.encode() for each in (lower, upper, ascii(text)[1:-1], repr(text.encode())[2:-1])]


def _percent(text: str) -> list[bytes]:
    upper = quote(text, safe="")
    return [upper.encode(), re.sub(r"%..", lambda found: found[0].lower(), upper).encode()]


def _hex(text: str) -> list[bytes]:
    return [text.encode().hex().encode(), text.encode().hex().upper().encode()]


def _entities(text: str) -> list[bytes]:
    forms = (
        "".join(pattern.format(ord(sign)) for sign in text) for pattern in ("&#{};", "&#x{:x};", "&#x{:X};")
    )
    return [form.encode() for form in forms]


ENCODINGS: dict[str, Callable[[str], list[bytes]]] = {
    "utf-8": lambda text: [text.encode()],
    "utf-16le": lambda text: [text.encode("utf-16-le")],
    "utf-16be": lambda text: [text.encode("utf-16-be")],
    "cp932": _legacy("cp932"),
    "euc-jp": _legacy("euc-jp"),
    "escapes": _escaped,
    "percent": _percent,
    "base64+0": _base64(0),
    "base64+1": _base64(1),
    "base64+2": _base64(2),
    "hex": _hex,
    "entities": _entities,
}


@cache
def needles(text: str) -> dict[bytes, str]:
    """How these words may lie somewhere, and how that is called."""
    return {form: name for name, forms in ENCODINGS.items() for form in forms(text) if form}


def _unpacked(raw: bytes) -> Iterator[bytes]:
    """What is packed in these bytes (gzip, zlib), wherever it begins."""
    for found in re.finditer(rb"\x1f\x8b\x08|\x78[\x01\x5e\x9c\xda]", raw):
        try:
            yield zlib.decompressobj(zlib.MAX_WBITS | 32).decompress(
                raw[found.start() :][:1_000_000], 10_000_000
            )
        except zlib.error:
            continue


def leaks_in(raw: bytes, words: tuple[str, ...] = CORES) -> list[str]:
    """Every word that lies in these bytes, with its encoding and what stands around it."""
    found = []
    flat = re.sub(rb"=?\r?\n[ \t]?", b"", raw)  # base64 and quoted-printable are broken into lines
    for hay in (raw, flat, *_unpacked(raw)):
        for word in words:
            for form, name in needles(word).items():
                if (at := hay.find(form)) >= 0:
                    found.append(f"{word} ({name}) in {hay[max(0, at - 80) : at + 120]!r}")
    return found


def written(text: str, encoding: str) -> bytes:
    """These words as that encoding writes them; for the test of the search itself."""
    if encoding == "gzip":
        return gzip.compress(text.encode())
    if encoding.startswith("base64+"):
        return base64.b64encode(b"x" * (int(encoding[-1]) + 3) + text.encode() + b"y")
    return ENCODINGS[encoding](text)[0]


def mail_in_clear(raw: bytes) -> bytes:
    """A mail as its reader sees it, after the bytes that travelled: decoded headers and text."""
    seen = email.message_from_bytes(raw, policy=email.policy.default)
    heads = "\n".join(f"{name}: {value}" for name, value in seen.items())
    return raw + f"\n{heads}\n{seen.get_content()}".encode()


@dataclass
class Net:
    """Bytes that left us or lie somewhere, by where that is."""

    caught: dict[str, list[bytes]] = field(default_factory=dict)

    def add(self, where: str, *raws: bytes | str) -> None:
        known = self.caught.setdefault(where, [])
        known += [raw.encode("utf-8", "surrogateescape") if isinstance(raw, str) else raw for raw in raws]

    def whole(self, where: str) -> bytes:
        return b"\n".join(self.caught.get(where, []))

    def leaks(self, where: str, *more: str) -> list[str]:
        """What of the planted signs and of `more` (tokens, secrets) lies there."""
        assert self.whole(where), f"nothing was caught in {where!r}: the search would prove nothing"
        return leaks_in(self.whole(where), (*CORES, *more))


class Recorder:
    """Around a WSGI application: the addresses that were asked for, and what came back beside the pages themselves.

    Pages go to `pages`, since a desk may read there what was told; those of `/callback` and all errors of ours
    (5xx) count as told to strangers.
    """

    def __init__(self, app: Callable[..., Iterable[bytes]], net: Net) -> None:
        self.app, self.net = app, net

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterator[bytes]:
        said: list[str] = []

        def started(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            said.append(status)
            self.net.add("heads", status, *(f"{name}: {html.unescape(value)}" for name, value in headers))
            return start(status, headers, exc_info) if exc_info else start(status, headers)

        path, query = str(environ["PATH_INFO"]), str(environ.get("QUERY_STRING", ""))
        self.net.add("addresses", path.encode("latin-1"), query)
        for part in self.app(environ, started):
            outside = path.startswith(("/callback", "/metrics", "/healthz", "/readyz")) or said[0] >= "500"
            self.net.add("outside" if outside else "pages", part)
            yield part
