"""From forms to what is said, for each variant of people."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from bot.broadcasting import placeholders
from bot.broadcasting.forms import Contents, Form
from bot.broadcasting.placeholders import Placeholder
from bot.broadcasting.sayings import data_of
from bot.broadcasting.stop_line import with_stop_line
from bot.content.library import Content
from bot.line.render import to_line
from bot.messages import (
    Button,
    Call,
    Card,
    Cards,
    Message,
    Open,
    Picture,
    Saying,
    Tap,
    Text,
)
from storage.freezing import Axis, Render, Variant

Words = Mapping[Placeholder, str]


@dataclass(frozen=True)
class Press:
    """What turns forms into messages. `words` gives what stands for the placeholders; `link` the address that is written
    for one that is counted; `picture` the addresses, whole and small, of the picture with these words."""

    content: Content
    words: Callable[[Variant], Words]
    link: Callable[[str], str]
    picture: Callable[[Mapping[str, Any]], tuple[str, str]]

    def saying(self, contents: Contents, variant: Variant) -> Saying:
        """The messages for these people, in their language where it is there, ending with how to stop."""
        language = variant.language if variant.language in contents.translations else None
        forms = contents.translations[language] if language else contents.messages
        words = self.words(replace(variant, language=language))
        return with_stop_line([self.message(form, words) for form in forms], self.content, language)

    def message(self, form: Form, words: Words) -> Message:
        """One message, with these words for its placeholders."""
        match form:
            case {"text": text}:
                return Text(self._filled(text, words))
            case {"cards": cards}:
                made = tuple(self._card(card, words) for card in cards)
                return Cards(self._alt(made), made)
            case {"picture": picture}:
                return Picture(*self.picture(self._labels(picture["template"]) | self._drawn(picture, words)))
            case _:
                raise ValueError(f"no form of a message: {sorted(form)}")

    def _filled(self, text: str, words: Words) -> str:
        return placeholders.fill(text, words, self.link)

    def _card(self, card: Form, words: Words) -> Card:
        photo = None
        if "picture" in card:
            alone = {"template": "photo", "photo": card["picture"]}
            photo = self.picture(self._labels("photo") | alone)[0]
        return Card(
            self._filled(card["title"], words),
            tuple(self._filled(line, words) for line in card.get("lines", ())),
            note=self._filled(card["note"], words) if "note" in card else None,
            buttons=tuple(self._button(button, words) for button in card.get("buttons", ())),
            picture=photo,
        )

    def _button(self, button: Form, words: Words) -> Button:
        label = self._filled(button["label"], words)
        match button:
            case {"url": url}:
                return Open(label, self.link(url) if button.get("count", True) else url)
            case {"tel": tel}:
                return Call(label, _dialled(tel))
            case _:
                return Tap(label, data_of(button["say"]))

    def _alt(self, cards: tuple[Card, ...]) -> str:
        """What the list of chats shows, and what a reader of the screen says first."""
        title = cards[0].title
        if len(cards) == 1:
            return title
        return self.content.texts.get("broadcast.alt_more", title=title, count=str(len(cards) - 1))

    def _labels(self, template: str) -> dict[str, Any]:
        """The words that a picture has by itself, where staff wrote no others."""
        texts = self.content.texts
        return {"more": texts.get("broadcast.picture.more"), **texts.under(f"broadcast.picture.{template}")}

    def _drawn(self, words_of_it: Any, words: Words) -> Any:
        """The words of a picture with their placeholders filled in."""
        match words_of_it:
            case str():
                return placeholders.fill(words_of_it, words, lambda url: url)
            case Mapping():
                return {name: self._drawn(each, words) for name, each in words_of_it.items()}
            case _:
                return [self._drawn(each, words) for each in words_of_it]


def words_of_places(content: Content, course: str | None) -> Callable[[Variant], Words]:
    """The names of somebody's town and district; who did not tell us reads 「お住まいのまち」 there."""

    def words(variant: Variant) -> Words:
        language = content.language(variant.language)
        town = content.towns.get(variant.town or "")
        districts = town.districts if town else ()
        district = next((each for each in districts if each.key == variant.district), None)
        return {
            "town": town.name if town else language.your_town,
            "district": district.name if district else language.your_district,
            "course": course or content.texts.get("broadcast.no_course"),
        }

    return words


def render(contents: Contents, press: Press) -> Render:
    """What `freeze` asks for each variant: LINE's messages."""
    return lambda variant: to_line(press.saying(contents, variant))


def axes_of(contents: Contents) -> frozenset[Axis]:
    """By what the messages differ from one person to another."""
    used = {each for text in _words_of(list(contents.every())) for each in placeholders.used(text)}
    axes: set[Axis] = {"language"} if contents.translations else set()
    if "town" in used or "district" in used:
        axes.add("town")
    if "district" in used:
        axes.add("district")
    return frozenset(axes)


def links_of(contents: Contents) -> tuple[str, ...]:
    """Every address whose taps are counted, in the order in which they stand there."""
    found: list[str] = []
    for form in contents.every():
        for card in form.get("cards", ()):
            buttons = card.get("buttons", ())
            found += [each["url"] for each in buttons if "url" in each and each.get("count", True)]
        found += [url for text in _words_of(form) for url in placeholders.links(text)]
    return tuple(dict.fromkeys(found))


def photos_of(contents: Contents) -> tuple[str, ...]:
    """The ids of all photos."""
    found: list[str] = []
    for form in contents.every():
        found += [card["picture"] for card in form.get("cards", ()) if "picture" in card]
        found += [form["picture"]["photo"]] if "photo" in form.get("picture", {}) else []
    return tuple(dict.fromkeys(found))


def has_pictures(contents: Contents) -> bool:
    """Whether LINE has to fetch anything from us."""
    return any(
        "picture" in form or any("picture" in card for card in form.get("cards", ()))
        for form in contents.every()
    )


def _dialled(tel: str) -> str:
    """0857-22-8111 → tel:0857228111, #8008 → tel:%238008"""
    return "tel:" + "".join(sign for sign in tel if sign in "0123456789*#").replace("#", "%23")


def _words_of(part: Any) -> Iterator[str]:
    match part:
        case str():
            yield part
        case Mapping():
            yield from itertools.chain.from_iterable(_words_of(each) for each in part.values())
        case list() | tuple():
            yield from itertools.chain.from_iterable(_words_of(each) for each in part)
