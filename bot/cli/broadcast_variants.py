"""Which words reach how many people, and how each of them looks on a phone."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bot import phone_picture
from bot.broadcasting import links
from bot.broadcasting.pictures import sheet, templates
from bot.broadcasting.rendering import Press, axes_of, photos_of, words_of_places
from bot.cli import output
from bot.cli.broadcast_content import Prepared
from bot.cli.house import House
from bot.cli.output import Refused
from bot.cli.segment import Audience
from bot.line.render import to_line
from bot.messages import Cards, Picture, Saying, Text
from bot.phone_picture import Phone
from storage import variants as rows
from storage.freezing import Variant

PHONES = 4  # side by side; the largest variant of each language
_FIRST_EMOJI = 0x1F000  # our typeface has none
_TOKEN = "x" * links.TOKEN_CHARACTERS  # nobody has it yet


@dataclass(frozen=True)
class Shown:
    """A variant as it is read: `language` None is Japanese; `people` would get it now. `drawn` are the words of its
    pictures by their addresses, which nobody can fetch; `photos` are those in them."""

    language: str | None
    name: str
    people: int
    saying: Saying
    drawn: Mapping[str, Mapping[str, Any]]
    photos: Mapping[str, bytes]

    def facts(self) -> dict[str, Any]:
        return {"language": self.language, "name": self.name, "recipients": self.people}

    def pictures(self) -> dict[str, bytes]:
        """Its pictures as the chat shows them, by their addresses."""
        return {
            address: sheet.preview(templates.draw(words, self.photos.get), words["more"])
            for address in _addresses(self.saying)
            if (words := self.drawn[address])
        }


def variants_of(house: House, audience: Audience, prepared: Prepared) -> tuple[Shown, ...]:
    """Every variant, those that read the same as one, the largest first; where nobody fits, one in Japanese."""
    contents = prepared.contents
    with house.db.look() as work:
        found = rows.counted(work, audience.channel, audience.segment, axes_of(contents))
        photo = prepared.photo(work)
        photos = {name: jpeg for name in photos_of(contents) if (jpeg := photo(name)) is not None}
    drawn: dict[str, Mapping[str, Any]] = {}

    def picture(words: Mapping[str, Any]) -> tuple[str, str]:
        known = next((address for address, same in drawn.items() if same == words), None)
        address = known or f"https://preview.invalid/{len(drawn)}.jpg"
        drawn[address] = words
        return address, address

    press = Press(
        house.content,
        words_of_places(house.content, prepared.course),
        lambda _url: links.counted(house.settings.public_url, _TOKEN),
        picture,
    )
    same: dict[str, Shown] = {}
    for variant, people in found or ((Variant(), 0),):
        saying = press.saying(contents, variant)
        language = variant.language if variant.language in contents.translations else None
        read = json.dumps(to_line(saying), sort_keys=True)
        if read in same:
            same[read] = replace(same[read], people=same[read].people + people)
        else:
            same[read] = Shown(language, _name(house, variant, language), people, saying, drawn, photos)
    return tuple(sorted(same.values(), key=lambda each: -each.people))


def _addresses(saying: Saying) -> Iterator[str]:
    for message in saying.messages:
        if isinstance(message, Picture):
            yield message.url
        elif isinstance(message, Cards):
            yield from (card.picture for card in message.cards if card.picture)


def _name(house: House, variant: Variant, language: str | None) -> str:
    """「英語・鳥取市・東中学校区」: what tells it from the others."""
    parts = [house.content.language(language).called]
    town = house.content.towns.get(variant.town or "")
    if town is not None:
        parts.append(town.name)
        parts += [each.name for each in town.districts if each.key == variant.district]
    return "・".join(parts)


def table(shown: Sequence[Shown]) -> None:
    """Each variant with its number of people."""
    output.table("読む言葉のちがい", ("だれが読むか", "人数"), ((each.name, each.people) for each in shown))


def draw(house: House, channel: str, shown: Sequence[Shown], at: dt.datetime, out: Path) -> None:
    """The phones of the largest variant of each language, side by side, as a PNG."""
    if not shown:
        raise Refused("絵にする文章がありません。", "--text か --file を書いてください。")
    if out.suffix.lower() != ".png":
        raise Refused(f"「{out}」: 絵は PNG です。", "例: --out preview.png")
    largest: dict[str | None, Shown] = {}
    for each in shown:
        largest.setdefault(each.language, each)
    phones = [
        Phone(each.saying, f"{each.name}（{each.people} 人）" if len(shown) > 1 else None, each.pictures())
        for each in list(largest.values())[:PHONES]
    ]
    name = house.content.channels[channel].name
    png = phone_picture.draw(name, phones, f"{at.astimezone(output.TOKYO):%H:%M}")
    try:
        out.write_bytes(png)
    except OSError as trouble:
        raise Refused(f"{out} に書けません（{trouble.strerror}）。") from None


def has_emoji(shown: Sequence[Shown]) -> bool:
    """Whether something is read that the picture cannot show."""
    texts = (message.text for each in shown for message in each.saying.messages if isinstance(message, Text))
    return any(ord(sign) > _FIRST_EMOJI for text in texts for sign in text)
