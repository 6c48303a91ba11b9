"""The messages of a broadcast as staff write them: data, one kind each, checked against our rules and LINE's limits.

    {"text": "…"}
    {"cards": [{"title", "lines": […], "note", "picture": "photo.jpg", "buttons": [{"label", "url" | "tel" | "say"}]}]}
    {"picture": {"template": "event" | "letter" | "disaster" | "photo", …its fields…}}

Whoever adds a kind gives it a checker in KINDS and a place in rendering.py.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import regex

from bot.broadcasting import placeholders
from bot.broadcasting.known import Known, NoPhoto
from bot.broadcasting.links import BadAddress, address
from bot.broadcasting.pictures.fields import TEMPLATES, Field, fits
from bot.broadcasting.problems import Path, Problem, choose
from bot.messages import CARDS, LABEL_CLUSTERS, MESSAGES, clusters

Form = Mapping[str, Any]

CARD_FIELDS = ("title", "lines", "note", "picture", "buttons")
BUTTON_DEEDS = ("url", "tel", "say")
BUTTON_FIELDS = ("label", *BUTTON_DEEDS, "count")
TITLE, LINE, NOTE = 60, 300, 300  # letters
LINES, BUTTONS = 10, 4
_NO, _YES = ("false", "no", "いいえ", "しない"), ("true", "yes", "はい", "する")
_DIGITS = regex.compile(r"[0-9]+")
_TEL = regex.compile(r"[0-9#*()\-ー‐－ 　]+")


@dataclass(frozen=True)
class Contents:
    """What a broadcast says: in Japanese, and by language where it is there in others."""

    messages: tuple[Form, ...]
    translations: Mapping[str, tuple[Form, ...]] = field(default_factory=dict)

    def every(self) -> Iterator[Form]:
        """All messages of all languages."""
        yield from self.messages
        for said in self.translations.values():
            yield from said


class Checking:
    """Collects what is wrong on the way through one message."""

    def __init__(self, known: Known, problems: list[Problem]) -> None:
        self.known = known
        self._problems = problems

    def say(self, path: Path, text: str, hint: str | None = None) -> None:
        self._problems.append(Problem(path, text, hint))

    def words(self, raw: Any, path: Path, longest: int, *, linked: bool = False) -> str:
        """A text with its placeholders, of at most so many letters when they are filled in; "" where it is none.
        `linked`: whether LINE makes an address in it one that can be tapped."""
        if not isinstance(raw, str):
            self.say(path, "文章を書いてください。")
            return ""
        text = raw.strip()
        if not text:
            self.say(path, "空です。文章を書いてください。")
            return ""
        for wrong in placeholders.mistakes(text, course=self.known.course is not None, linked=linked):
            self.say(path, wrong.text, wrong.hint)
        length = clusters(self.known.at_longest(text))
        if length > longest:
            self.say(
                path,
                f"長すぎます（{length} 文字、上限は {longest} 文字）。",
                "短くするか、分けて書いてください。",
            )
        return text

    def fields(self, raw: Any, path: Path, known: Sequence[str], needed: Sequence[str] = ()) -> Form:
        """Names and values, without those that nobody knows; {} where it is none."""
        if not isinstance(raw, Mapping):
            self.say(
                path,
                "「名前: 内容」の形で書いてください。",
                f"使えるもの: {'、'.join(known)}（半角の「: 」）",
            )
            return {}
        for name in raw:
            if name not in known:
                self.say((*path, str(name)), f"「{name}」という項目はありません。", choose(str(name), known))
        for name in needed:
            if name not in raw:
                self.say(path, f"{name} がありません。", f"{name}: … を書いてください。")
        return {name: raw[name] for name in known if name in raw}

    def items(self, raw: Any, path: Path, most: int, what: str) -> list[Any]:
        """A list of at most so many; one thing alone counts as a list of one."""
        listed = raw if isinstance(raw, list | tuple) else [raw]
        if not listed:
            self.say(path, f"{what}が1つもありません。")
        if len(listed) > most:
            self.say(path, f"{what}は {most} までです（いま {len(listed)}）。")
        return list(listed[:most])

    def photo(self, raw: Any, path: Path) -> str | None:
        """The id of a photo that stands beside the file."""
        if not isinstance(raw, str) or not raw.strip():
            self.say(
                path,
                "写真のファイル名を書いてください。",
                "例: photo: tsudoi.jpg（同じフォルダーに置きます）",
            )
            return None
        try:
            return self.known.photo(raw.strip())
        except NoPhoto as trouble:
            self.say(path, str(trouble), trouble.hint)
            return None


def check(raw: Any, known: Known, path: Path = ("messages",)) -> tuple[tuple[Form, ...], list[Problem]]:
    """The messages in their plain form, and everything that is wrong with them; nothing wrong: they can be sent."""
    problems: list[Problem] = []
    checking = Checking(known, problems)
    if not isinstance(raw, list | tuple) or not raw:
        checking.say(path, "送る文章がありません。", "messages: の下に「- text: …」を書いてください。")
        return (), problems
    if len(raw) > MESSAGES:
        checking.say(
            path, f"一度に送れるのは {MESSAGES} 通までです（いま {len(raw)} 通）。", "まとめてください。"
        )
    forms = [
        found
        for number, each in enumerate(raw)
        if (found := _one(checking, {"text": each} if isinstance(each, str) else each, (*path, number)))
    ]
    return tuple(forms), problems


def _one(checking: Checking, raw: Any, path: Path) -> Form | None:
    if not isinstance(raw, Mapping):
        checking.say(path, "「text: …」のように書いてください。", f"使えるもの: {'、'.join(KINDS)}")
        return None
    for name in raw:
        if name not in KINDS:
            checking.say((*path, str(name)), f"「{name}」という項目はありません。", choose(str(name), KINDS))
    kinds = [name for name in KINDS if name in raw]
    if len(kinds) != 1:
        if kinds or not raw:
            checking.say(
                path,
                f"1通には {'、'.join(KINDS)} のどれか1つだけを書きます。",
                "「- 」で始まる行を分けると、別の1通になります。",
            )
        return None
    return {kinds[0]: KINDS[kinds[0]](checking, raw[kinds[0]], (*path, kinds[0]))}


# ---- the kinds ---------------------------------------------------------------------------------------------


def _text(checking: Checking, raw: Any, path: Path) -> str:
    return checking.words(raw, path, 10**9, linked=True)  # LINE counts in units: rendering.py looks at those


def _cards(checking: Checking, raw: Any, path: Path) -> list[Form]:
    return [
        _card(checking, each, (*path, place))
        for place, each in enumerate(checking.items(raw, path, CARDS, "カード"))
    ]


def _card(checking: Checking, raw: Any, path: Path) -> Form:
    given = checking.fields(raw, path, CARD_FIELDS, ("title",))
    card: dict[str, Any] = {}
    if "title" in given:
        card["title"] = checking.words(given["title"], (*path, "title"), TITLE)
    if "lines" in given:
        lines = checking.items(given["lines"], (*path, "lines"), LINES, "行")
        card["lines"] = [
            checking.words(line, (*path, "lines", place), LINE) for place, line in enumerate(lines)
        ]
    if "note" in given:
        card["note"] = checking.words(given["note"], (*path, "note"), NOTE)
    if "picture" in given and (photo := checking.photo(given["picture"], (*path, "picture"))):
        card["picture"] = photo
    if "buttons" in given:
        buttons = checking.items(given["buttons"], (*path, "buttons"), BUTTONS, "ボタン")
        card["buttons"] = [
            _button(checking, each, (*path, "buttons", place)) for place, each in enumerate(buttons)
        ]
    return card


def _button(checking: Checking, raw: Any, path: Path) -> Form:
    given = checking.fields(raw, path, BUTTON_FIELDS, ("label",))
    button: dict[str, Any] = {}
    if "label" in given:
        button["label"] = checking.words(given["label"], (*path, "label"), LABEL_CLUSTERS)
    deeds = [name for name in BUTTON_DEEDS if name in given]
    if len(deeds) != 1:
        if isinstance(raw, Mapping):
            checking.say(
                path,
                f"{'、'.join(BUTTON_DEEDS)} のどれか1つを書きます。",
                "url: 開くページ、tel: 電話番号、say: このLINEで始まること",
            )
        return button
    deed = deeds[0]
    button[deed] = _DEEDS[deed](checking, given[deed], (*path, deed), button.get("label", ""))
    if "count" in given:
        button |= _count(checking, given["count"], (*path, "count"), deed)
    return button


def _url(checking: Checking, raw: Any, path: Path, _label: str) -> str:
    try:
        return address(raw if isinstance(raw, str) else "")
    except BadAddress as bad:
        checking.say(path, str(bad), "例: url: https://www.example.lg.jp/page")
        return ""


def _tel(checking: Checking, raw: Any, path: Path, label: str) -> str:
    """The number as it is dialled; a number on the button has to be the same one."""
    plain = unicodedata.normalize("NFKC", raw).strip().removeprefix("tel:") if isinstance(raw, str) else ""
    digits = "".join(sign for sign in plain if sign in "0123456789#*")
    if not _TEL.fullmatch(plain) or not 2 <= len(digits.strip("#*")) <= 15:
        checking.say(path, "電話番号は数字とハイフンで書いてください。", "例: tel: 0857-22-8111")
        return ""
    shown = "".join(_DIGITS.findall(unicodedata.normalize("NFKC", label)))
    if len(shown) >= 3 and shown != "".join(_DIGITS.findall(digits)):
        checking.say(
            path,
            f"ボタンの文字の番号（{shown}）と、かかる番号（{digits}）がちがいます。",
            "どちらかを直してください。",
        )
    return plain


def _say(checking: Checking, raw: Any, path: Path, _label: str) -> str:
    """What begins in the chat, by its own name."""
    word = raw.strip() if isinstance(raw, str) else ""
    meant = checking.known.sayings.get(word) or checking.known.sayings.get(
        unicodedata.normalize("NFKC", word)
    )
    if meant is None:
        right = checking.known.sayings
        hint = choose(word, right) if word else "例: say: お悩みハンドブック"
        checking.say(path, f"「{word}」で始まることは、このLINEにはありません。", hint)
        return ""
    return meant


_DEEDS: Mapping[str, Callable[[Checking, Any, Path, str], str]] = {"url": _url, "tel": _tel, "say": _say}


def _count(checking: Checking, raw: Any, path: Path, deed: str) -> Form:
    """Whether taps are counted; they are unless it says no."""
    word = str(raw).strip().lower()
    if deed != "url":
        checking.say(path, "count は url のボタンにだけ書きます。", "この行を消してください。")
    elif word in _NO:
        return {"count": False}
    elif word not in _YES:
        checking.say(path, f"「{raw}」は分かりません。", "数えないときは count: false と書きます。")
    return {}


def _picture(checking: Checking, raw: Any, path: Path) -> Form:
    name = raw.get("template") if isinstance(raw, Mapping) else None
    if not isinstance(name, str) or name not in TEMPLATES:
        if isinstance(raw, Mapping) and name is None and set(raw) == {"photo"}:
            name = "photo"
        else:
            hint = choose(str(name or ""), TEMPLATES)
            checking.say((*path, "template"), f"「{name or ''}」という絵のひな形はありません。", hint)
            return {}
    fields = TEMPLATES[name]
    needed = [each.name for each in fields if each.needed]
    given = checking.fields(raw, path, ("template", *(each.name for each in fields)), needed)
    picture: dict[str, Any] = {"template": name}
    for each in fields:
        if each.name in given:
            value = _field(checking, given[each.name], (*path, each.name), each)
            if value is not None:
                picture[each.name] = value
    return picture


def _field(checking: Checking, raw: Any, path: Path, wanted: Field) -> Any:
    match wanted.shape:
        case "photo":
            return checking.photo(raw, path)
        case "lines":
            listed = checking.items(raw, path, wanted.most, "行")
            return [_drawn(checking, each, (*path, n), wanted) for n, each in enumerate(listed)]
        case "items":
            listed = checking.items(raw, path, wanted.most, "記事")
            return [_item(checking, each, (*path, n), wanted) for n, each in enumerate(listed)]
        case _:
            return _drawn(checking, raw, path, wanted)


def _item(checking: Checking, raw: Any, path: Path, wanted: Field) -> Form:
    given = checking.fields(raw, path, [each.name for each in wanted.parts], ["title"])
    return {
        each.name: _drawn(checking, given[each.name], (*path, each.name), each)
        for each in wanted.parts
        if each.name in given
    }


def _drawn(checking: Checking, raw: Any, path: Path, wanted: Field) -> str:
    """Words in a picture: only signs that our typeface has, and no more lines than there is room for."""
    text = checking.words(raw, path, wanted.longest)
    if missing := fits(text):
        checking.say(
            path,
            f"「{'」「'.join(missing)}」は絵の中に出せません。",
            "絵文字や特別な文字は使わないでください。",
        )
    return text


KINDS: Mapping[str, Callable[[Checking, Any, Path], Any]] = {
    "text": _text,
    "cards": _cards,
    "picture": _picture,
}
