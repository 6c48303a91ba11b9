"""In which language a page speaks: chosen by a link, kept in the sealed session, said by its content.

Only the pages for everybody are in several languages; what staff and supporters see stays Japanese.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from flask import Flask, Response, g, redirect, request, session, url_for
from werkzeug.wrappers import Response as AnyResponse

from bot.content.languages import JAPANESE, Language
from bot.content.library import Content
from bot.content.translation import EASY

if TYPE_CHECKING:
    from bot.app import Services

ASKED_BY: Final = "lang"  # of an address; no answer, so it may stand there (a QR code carries it)
_KEPT: Final = "language"
_ROOMS: Final = ("/handbook", "/windows")

_TAG: Final = re.compile(r"(<[^>]*>)")
_SILENT: Final = re.compile(r"<(/?)(title|script|style|textarea|option)\b")
_WITH_READING: Final = re.compile(r"([々〆ヶ\u4e00-\u9fff]+)（([ぁ-ゖー]+)）")
_KANA: Final = re.compile(r"[ぁ-ゖァ-ヺ]")
_JAPANESE: Final = re.compile(
    r"[「『（]?[々〆ヶぁ-ゖァ-ヺ\u4e00-\u9fff](?:[々〆ヶぁ-ヿ\u4e00-\u9fff、。・「」『』（）〜 0-9]*"
    r"[々〆ヶぁ-ヿ\u4e00-\u9fff」』）。])?"
)
_RUBY: Final = r"<ruby>\1<rp>（</rp><rt>\2</rt><rp>）</rp></ruby>"


def speak(app: Flask, services: Services) -> None:
    """Let the pages of `app` for everybody speak the language of their reader."""

    @app.before_request
    def choose() -> AnyResponse | None:
        return _chosen(services) if ASKED_BY in request.args and request.method == "GET" else None

    @app.context_processor
    def words() -> dict[str, Any]:
        content = content_here(services)
        return {
            "t": content.texts.get,
            "spoken": content.spoken,
            "html_lang": html_lang(content.spoken),
            "languages": _languages(services),
        }

    @app.after_request
    def readings(response: Response) -> Response:
        spoken = content_here(services).spoken if response.mimetype == "text/html" else JAPANESE
        if spoken != JAPANESE:
            page = response.get_data(as_text=True)
            response.set_data(with_ruby(page) if spoken == EASY else with_japanese_marked(page, spoken))
        return response


def content_here(services: Services) -> Content:
    """The content in the language of whoever reads this page; the same for the whole request."""
    if "spoken" not in g:
        asked = request.args.get(ASKED_BY) or session.get(_KEPT) if _speaks_here() else None
        g.spoken = services.content.said_in(asked)
    spoken: Content = g.spoken
    return spoken


def html_lang(language: str) -> str:
    """The attribute `lang`: easy Japanese is Japanese."""
    return JAPANESE if language == EASY else language


def with_ruby(page: str) -> str:
    """漢字（かんじ） in the words of a page (not in its tags or title) as <ruby>. The page is escaped already."""
    return _reworded(page, lambda words, _: _WITH_READING.sub(_RUBY, words))


def with_japanese_marked(page: str, language: str) -> str:
    """What stays Japanese on a page in another language (names, a town's own words), so that it is read out as such.

    Chinese shares the kanji: there only what holds kana is Japanese.
    """

    def mark(found: re.Match[str]) -> str:
        foreign = language == "zh-Hans" and not _KANA.search(found[0])
        return found[0] if foreign else f'<span lang="ja">{found[0]}</span>'

    return _reworded(page, lambda words, tag: words if " lang=" in tag else _JAPANESE.sub(mark, words))


def _reworded(page: str, change: Callable[[str, str], str]) -> str:
    """The page with its words changed; `change` also sees the tag before them."""
    parts, silent = _TAG.split(page), ""
    for place, part in enumerate(parts):
        if place % 2:
            if found := _SILENT.match(part):
                silent = "" if found[1] else found[2]
        elif part.strip() and not silent:
            parts[place] = change(part, parts[place - 1] if place else "")
    return "".join(parts)


def _speaks_here() -> bool:
    """The pages for everybody, and the kind words where a page is not found."""
    path = request.path
    if request.routing_exception is not None:
        return not path.startswith(("/desk", "/callback"))
    return path == "/" or any(path == room or path.startswith(f"{room}/") for room in _ROOMS)


def _chosen(services: Services) -> AnyResponse | None:
    """Keep the language that a link names, and go on to the same address without it."""
    endpoint = request.endpoint
    nothing_kept = endpoint == "handbook.bye"  # a page about nothing
    if endpoint is None or nothing_kept or not _speaks_here():
        return None
    asked = request.args.get(ASKED_BY, "")
    if asked == JAPANESE:
        session.pop(_KEPT, None)
    elif asked in services.content.languages:
        session[_KEPT] = asked
    rest = urlencode([(name, value) for name, value in request.args.items(multi=True) if name != ASKED_BY])
    return redirect(url_for(endpoint, **(request.view_args or {})) + (f"?{rest}" if rest else ""), 303)


def _languages(services: Services) -> list[tuple[Language, str, str]]:
    """Every language with its attribute `lang`, and the address of this page in it (of the first page, where this one
    only answers a form)."""
    if not _speaks_here():
        return []
    path = request.path
    if request.url_rule is None or "GET" not in (request.url_rule.methods or ()):
        path = "/"
    number = request.args.get("q", "")
    kept = f"q={number}&" if number.isdecimal() and number.isascii() else ""
    return [
        (one, html_lang(key), f"{path}?{kept}{ASKED_BY}={key}")
        for key, one in services.content.languages.items()
    ]
