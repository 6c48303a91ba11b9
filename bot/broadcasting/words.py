"""What a broadcast says, in a few lines for staff: for lists, dry runs and whoever approves it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from bot.broadcasting.forms import Contents, Form
from bot.broadcasting.sayings import label_of
from bot.content.library import Content

TEMPLATE_NAMES = {"event": "もよおし", "letter": "おたより", "disaster": "災害", "photo": "写真"}
_LONG = 20  # letters in a line of a table


def gist(messages: Sequence[Form]) -> str:
    """How it begins, for a line of a table."""
    first = " ".join(_first_words(messages[0]).split())
    return first if len(first) <= _LONG else first[: _LONG - 1] + "…"


def _first_words(form: Form) -> str:
    match form:
        case {"text": text}:
            return str(text)
        case {"cards": [first, *_]}:
            return str(first["title"])
        case {"picture": picture}:
            return str(picture.get("title") or TEMPLATE_NAMES[picture["template"]])
        case {"digest": digest}:
            return f"お便り（{len(digest['items'])}件）"
        case _:
            return next(iter(form), "")


def in_lines(contents: Contents, content: Content) -> Iterator[str]:
    """Every message in words: 「2通目（カード）: 冬の集い ／ ボタン 申しこむ → https://…」."""
    for number, form in enumerate(contents.messages, 1):
        yield f"{number}通目{_told(form, content)}"
    for language, messages in contents.translations.items():
        name = content.language(language).called
        for number, form in enumerate(messages, 1):
            yield f"{name} {number}通目{_told(form, content)}"


def _told(form: Form, content: Content) -> str:
    match form:
        case {"text": text}:
            return f": {text}"
        case {"cards": cards}:
            said = "\n    ".join(" ／ ".join(_card(card, content)) for card in cards)
            return f"（カード{len(cards)}枚）: {said}"
        case {"picture": picture}:
            said = " ／ ".join(_picture(name, value) for name, value in picture.items() if name != "template")
            return f"（絵: {TEMPLATE_NAMES[picture['template']]}）: {said}"
        case {"digest": digest}:
            return f"（お便り）: {'、'.join(item['title'] for item in digest['items'])}"
        case _:
            return f"（{next(iter(form), '')}）"


def _card(card: Form, content: Content) -> Iterable[str]:
    yield card["title"]
    yield from card.get("lines", ())
    if "note" in card:
        yield card["note"]
    if "picture" in card:
        yield "写真あり"
    for button in card.get("buttons", ()):
        yield f"ボタン「{button['label']}」→ {_deed(button, content)}"


def _deed(button: Form, content: Content) -> str:
    match button:
        case {"url": url}:
            return str(url) if button.get("count", True) else f"{url}（数えない）"
        case {"tel": tel}:
            return f"電話 {tel}"
        case _:
            return label_of(button["say"], content)


def _picture(name: str, value: object) -> str:
    if name == "photo":
        return "写真あり"
    if isinstance(value, list | tuple):
        return " ／ ".join(
            "：".join(str(part) for part in each.values()) if isinstance(each, dict) else str(each)
            for each in value
        )
    return str(value)
