"""Which national scheme an entry of a town is about, and which desk of windows.yaml it names.

A wrong match sends people to the wrong place, so only what is the same but for the way of writing matches;
what is merely similar is named to whoever imports the table.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from bot.content.places import Town, Window
from bot.content.schemes import Scheme
from bot.scheme_tables.reading import folded

_BRACKETS: Final = re.compile(r"[(（\[【〔].*?[)）\]】〕]")
_INNER: Final = re.compile(r"[(（](.+?)[)）]")
_SIGNS: Final = re.compile(r"[^\w]|[・_ー]")
_END: Final = re.compile(r"(支援|給付|助成)?(事業|制度)?$")
_SAME_TITLE: Final = 0.85
_SAME_NAME: Final = 0.92
_SAME_DESK: Final = 0.9
_LIKE_NAME: Final = 0.75
_LIKE: Final = 0.6
_LEAST_IN_BRACKETS: Final = (
    5  # letters: （緊急小口資金） is a name of its own, （家賃補助） only an explanation
)
_LONG_ENOUGH: Final = 8
"""Letters from which one that differs is a slip, and not another scheme (児童手当, 児童扶養手当)."""


@dataclass(frozen=True)
class National:
    """The national scheme that an entry is about."""

    scheme: Scheme
    likeness: float
    by: str
    """The field that says so: `official` or `title`."""


class Nation:
    """All national schemes of a day, to be found by name or title."""

    def __init__(self, schemes: Iterable[Scheme], town: Town) -> None:
        self._town = town
        self._schemes = tuple(schemes)
        self._by_name = _index(((each.official_name, each) for each in self._schemes), self._name)
        self._by_bare_name = _index(((each.official_name, each) for each in self._schemes), self._bare)
        self._by_inner_name = _index(
            (
                (inner, each)
                for each in self._schemes
                for inner in _INNER.findall(each.official_name)
                if len(inner) >= _LEAST_IN_BRACKETS
                and len(self._by_bare_name[self._bare(each.official_name)]) > 1
            ),
            self._name,
        )
        self._by_title = _index(((each.plain_title, each) for each in self._schemes), self._title)

    def find(self, official: str, title: str) -> National | None:
        """The one scheme of this name, else the one of this title; None where there is none, or several."""
        name, bare = self._name(official), self._bare(official)
        for index, key in ((self._by_name, name), (self._by_bare_name, bare), (self._by_inner_name, name)):
            if len(found := index.get(key, [])) == 1:
                return National(found[0], 1.0, "official")
        if (several := self._by_bare_name.get(bare)) and (one := _told_by_title(title, several)):
            return National(one, 0.98, "official")
        if not several and (near := _near(name, self._by_name, _SAME_NAME)):
            return National(near[0], near[1], "official")
        key = self._title(title)
        if len(found := self._by_title.get(key, [])) == 1:
            return National(found[0], 0.99, "title")
        if near := _near(key, self._by_title, _SAME_TITLE):
            return National(near[0], near[1], "title")
        return None

    def like(self, official: str) -> tuple[Scheme, ...]:
        """Schemes of the same family or with a similar name, up to three; for somebody to look at."""
        if family := self._by_bare_name.get(self._bare(official)):
            return tuple(family[:3])
        near = _near(self._name(official), self._by_name, _LIKE_NAME)
        return (near[0],) if near else ()

    def _name(self, text: str) -> str:
        plain = _SIGNS.sub("", _without(folded(text), self._town)).replace("の", "").replace("及び", "")
        return _END.sub("", plain) or plain

    def _bare(self, text: str) -> str:
        return self._name(_BRACKETS.sub("", text))

    def _title(self, text: str) -> str:
        return _SIGNS.sub("", folded(text))


def find_desk(name: str, town: Town, windows: Sequence[Window]) -> tuple[Window | None, tuple[Window, ...]]:
    """The desk of this name that serves the town; where there is none, up to two that are called alike."""
    serving = [window for window in windows if town.key in window.serves and window.active]
    wanted, bare = _desk(name, town), _desk(_BRACKETS.sub("", name), town)
    for key in (wanted, bare):
        for window in serving:
            own = (_desk(window.name, town), _desk(_BRACKETS.sub("", window.name), town))
            if key and (key in own or key in map(folded, window.desks)):
                return window, ()
    ranked = sorted(serving, key=lambda window: -_ratio(wanted, _desk(window.name, town)))
    alike = tuple(window for window in ranked if _ratio(wanted, _desk(window.name, town)) >= _LIKE)
    if alike and len(wanted) >= _LONG_ENOUGH and _ratio(wanted, _desk(alike[0].name, town)) >= _SAME_DESK:
        return alike[0], ()
    return None, alike[:2]


def _desk(text: str, town: Town) -> str:
    return _SIGNS.sub("", _without(folded(text), town))


def _without(text: str, town: Town) -> str:
    """Without the name of the town before it: 鳥取市福祉課 is 福祉課 there."""
    name = folded(town.name)
    return text.removeprefix(name).removeprefix(folded(town.prefecture) + name) or text


def _index(pairs: Iterable[tuple[str, Scheme]], key: Callable[[str], str]) -> dict[str, list[Scheme]]:
    found: dict[str, list[Scheme]] = {}
    for text, scheme in pairs:
        plain = key(text)
        if plain and scheme.id not in {each.id for each in found.get(plain, ())}:
            found.setdefault(plain, []).append(scheme)
    return found


def _told_by_title(title: str, schemes: Sequence[Scheme]) -> Scheme | None:
    """The one of several of a family (住居確保給付金) of which this title speaks most."""
    asked = _pairs(folded(title))

    def spoken_of(one: Scheme) -> tuple[int, int]:
        called = _pairs(folded(f"{one.plain_title} {one.official_name}"))
        return len(asked & called), len(asked & _pairs(folded(" ".join(one.words))))

    ranked = sorted(((spoken_of(one), -place) for place, one in enumerate(schemes)), reverse=True)
    best, place = ranked[0]
    return schemes[-place] if any(best) and (len(ranked) == 1 or best > ranked[1][0]) else None


def _pairs(text: str) -> set[str]:
    """Two letters that stand side by side, but not only hiragana: 家賃, 払え."""
    return {
        text[at : at + 2]
        for at in range(len(text) - 1)
        if not re.fullmatch(r"[ぁ-ん、。]{2}", text[at : at + 2])
    }


def _near(wanted: str, index: dict[str, list[Scheme]], least: float) -> tuple[Scheme, float] | None:
    """The one scheme that is alike enough, if no second one is just as near."""
    if len(wanted) < _LONG_ENOUGH:
        return None
    close = difflib.get_close_matches(wanted, index, n=2, cutoff=least)
    if not close or len(index[close[0]]) > 1:
        return None
    best = _ratio(wanted, close[0])
    if len(close) > 1 and _ratio(wanted, close[1]) == best:
        return None
    return index[close[0]][0], best


def _ratio(one: str, other: str) -> float:
    return difflib.SequenceMatcher(None, one, other).ratio()
