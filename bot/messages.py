"""What we can say, independent of LINE, the web or a terminal; LINE's limits are checked when it is made.

Sources of the limits: LINE Messaging API reference (text and altText in UTF-16 units, labels in grapheme
clusters, 5 messages a call, 13 quick replies, 12 bubbles a carousel).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import regex

TEXT_UNITS = 5_000
ALT_UNITS = 1_500
LABEL_CLUSTERS = 40  # a button inside a card
QUICK_CLUSTERS = 20  # a quick reply
DATA_CHARACTERS = 300
URI_CHARACTERS = 1_000
PICTURE_CHARACTERS = 2_000  # of a picture's address
MESSAGES = 5
QUICK_REPLIES = 13
CARDS = 12

_CLUSTER = regex.compile(r"\X")
_ALL_SINGLE = re.compile(
    "[ -~、-〕ぁ-ゖァ-ヾ一-鿿！-～]*"
)  # each of these is one by itself: most labels are all of them


class TooLong(ValueError):
    """This would be refused by LINE; it is found when the message is made, not when it is sent."""


def utf16_units(text: str) -> int:
    """The length as LINE counts texts: an emoji is two."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def clusters(text: str) -> int:
    """The length as LINE counts labels: what a reader calls one character."""
    return len(text if _ALL_SINGLE.fullmatch(text) else _CLUSTER.findall(text))


def _check(what: str, text: str, length: int, limit: int) -> None:
    if not 1 <= length <= limit:
        raise TooLong(f"{what}: {length} of at most {limit}: {text[:40]!r}")


@dataclass(frozen=True)
class Tap:
    """A button that answers us: `data` comes back in a postback, `label` appears in the chat."""

    label: str
    data: str

    def __post_init__(self) -> None:
        _check("label", self.label, clusters(self.label), LABEL_CLUSTERS)
        _check("data", self.data, len(self.data), DATA_CHARACTERS)


@dataclass(frozen=True)
class Call:
    """A button that dials. `tel` is the whole URI, such as tel:0120061338 or tel:%238008."""

    label: str
    tel: str

    def __post_init__(self) -> None:
        _check("label", self.label, clusters(self.label), LABEL_CLUSTERS)
        if not self.tel.startswith("tel:"):
            raise TooLong(f"not a tel: address: {self.tel!r}")


@dataclass(frozen=True)
class Open:
    """A button that opens a page."""

    label: str
    url: str

    def __post_init__(self) -> None:
        _check("label", self.label, clusters(self.label), LABEL_CLUSTERS)
        _check("address", self.url, len(self.url), URI_CHARACTERS)
        if not self.url.startswith(("https://", "http://")):
            raise TooLong(f"not a web address: {self.url!r}")


Button = Tap | Call | Open


@dataclass(frozen=True)
class Text:
    """Words in a bubble."""

    text: str

    def __post_init__(self) -> None:
        _check("text", self.text, utf16_units(self.text), TEXT_UNITS)


@dataclass(frozen=True)
class Choices:
    """A question with its answers as buttons that stay in the chat. `picked` says what is chosen so far."""

    text: str
    options: tuple[Tap, ...]
    hint: str | None = None
    picked: str | None = None
    first: tuple[Button, ...] = ()  # help that stands above the answers, such as 119
    done: Tap | None = None  # 「これでおわり」, once something is picked
    last: tuple[Button, ...] = ()  # quieter buttons under them, such as 「わからない」
    progress: str | None = None  # above the question: how far it is
    for_all: bool = False  # the same for everybody, and said often: worth keeping

    def __post_init__(self) -> None:
        _check("question", self.text, utf16_units(self.text), ALT_UNITS)


@dataclass(frozen=True)
class Card:
    """One thing to read and act on: a window, a scheme, a receipt."""

    title: str
    lines: tuple[str, ...] = ()
    note: str | None = None  # smaller, such as why this is shown
    badge: str | None = None  # such as 「いま開いています」
    buttons: tuple[Button, ...] = ()
    urgent: bool = False
    picture: str | None = None  # the address of a photo above the title
    subtitle: str | None = None  # smaller, such as an official name
    facts: tuple[tuple[str, str], ...] = ()  # under the lines: a short name at the left, what is so beside it

    def __post_init__(self) -> None:
        _check("title", self.title, utf16_units(self.title), 300)
        if self.picture is not None:
            _check("address", self.picture, len(self.picture), PICTURE_CHARACTERS)


@dataclass(frozen=True)
class Cards:
    """Cards to swipe through; `alt` is what shows in the list of chats (so: no case content)."""

    alt: str
    cards: tuple[Card, ...]

    def __post_init__(self) -> None:
        _check("alt", self.alt, utf16_units(self.alt), ALT_UNITS)
        _check("cards", self.alt, len(self.cards), CARDS)


def carousels(alt: str, cards: Sequence[Card], at_once: int) -> list[Cards]:
    """Cards in as many messages as they need, `at_once` in each."""
    return [Cards(alt, tuple(cards[at : at + at_once])) for at in range(0, len(cards), at_once)]


@dataclass(frozen=True)
class Picture:
    """A picture by its addresses (https, full size and preview)."""

    url: str
    preview_url: str

    def __post_init__(self) -> None:
        for address in (self.url, self.preview_url):
            _check("address", address, len(address), PICTURE_CHARACTERS)


Message = Text | Choices | Cards | Picture


@dataclass(frozen=True)
class Saying:
    """What is said at once: one to five messages, and quick replies under the last of them."""

    messages: tuple[Message, ...]
    quick: tuple[Tap, ...] = ()

    def __post_init__(self) -> None:
        _check("messages", "", len(self.messages), MESSAGES)
        if len(self.quick) > QUICK_REPLIES:
            raise TooLong(f"{len(self.quick)} quick replies")
        for tap in self.quick:
            _check("quick reply", tap.label, clusters(tap.label), QUICK_CLUSTERS)
