"""Whom a broadcast is for, as staff type it: --to town=鳥取市 --to role=supporter, or with and, or, not and @名前."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import typer

from bot.cli import segment_grammar as grammar
from bot.cli.house import House
from bot.cli.moments import read_day
from bot.cli.output import Refused, day, nearest, one_of, unknown
from bot.cli.segment_grammar import (
    And,
    Condition,
    Everyone,
    Except,
    Named,
    NotUnderstood,
    Or,
    Place,
    Typed,
    Word,
)
from bot.content.library import Content
from storage import courses, named_segments, partners
from storage.segments import EVERYONE, MOST_VALUES, All, Either, Field, Fits, Not, Segment, too_large
from storage.work import Work

ROLES = {"supporter": "サポーター", "resident": "住民"}
RHYTHMS: Mapping[str, str] = {"each": "そのつど", "week": "週に1回", "month": "月に1回"}
ENTRIES = {
    "line": "LINE",
    "web": "ホームページ",
    "roster": "講座の名簿",
    "import": "名簿の取りこみ",
    "staff": "職員",
}
FIELDS: dict[Field, str] = {
    "role": "役割",
    "town": "市町",
    "district": "地区",
    "topic": "話題",
    "rhythm": "受けとり方",
    "language": "言葉",
    "course": "講座",
    "seat": "申込",
    "partner": "協力店",
    "entry": "登録のしかた",
    "registered-after": "登録日以降",
    "registered-before": "登録日より前",
    "refresher-due": "更新期限",
}
_WITHIN = re.compile(r"(\d{1,4})\s*(?:d|日)(?:以内|まで)?")


@dataclass(frozen=True)
class Audience:
    """A segment and the channel on which it is meant."""

    channel: str
    segment: Segment


def read_audience(
    house: House, to: Sequence[str], without: Sequence[str] = (), channel: str | None = None
) -> Audience:
    """Keys or Japanese names. One field with several values, or typed several times, means any of them; whatever else
    is typed has to fit together; `without` is taken out of it."""
    if not to:
        raise Refused(
            "だれに送るのかが書かれていません。",
            "例: --to town=鳥取市 --to role=supporter（全員なら --to everyone）",
        )
    wanted = _joined([_parsed("--to", text) for text in to])
    unwanted = [_parsed("--not", text) for text in without]
    if channel is not None:
        house.channel_of((), channel)  # refuses one that is not there
    with house.db.look() as work:
        reading = _Reading(work, house.content, channel)
        towns = reading.towns_among(wanted)
        parts = [reading.of(each, towns) for each in wanted]
        segment = _all([*parts, *(Not(reading.of(each, towns)) for each in unwanted)])
    if too_large(segment):
        raise Refused(
            "条件がこみ入りすぎています。", "いくつかに分けて名前をつけてください（broadcast segment save）。"
        )
    return Audience(_channel(house, reading.channels, segment, channel), segment)


def _parsed(option: str, text: str) -> Typed:
    try:
        return grammar.parse(text, option)
    except NotUnderstood as wrong:
        raise typer.BadParameter(f"{wrong}（{wrong.place}）。{wrong.hint}") from None


def _joined(typed: Sequence[Typed]) -> list[Typed]:
    """--to town=鳥取市 --to town=岩美町 is --to town=鳥取市,岩美町"""
    found: dict[object, Typed] = {}
    for number, each in enumerate(typed):
        if not isinstance(each, Condition):
            found[number] = each
            continue
        before = found.get(key := _field(each.field))
        known = before.values if isinstance(before, Condition) else ()
        found[key] = Condition(each.field, (*known, *each.values))
    return list(found.values())


def _channel(house: House, found: Mapping[str, str], segment: Segment, named: str | None) -> str:
    if named is not None:
        return named
    towns = tuple(_wanted_towns(segment))
    channels = {**found, **({house.channel_of(towns, None): "市町"} if towns else {})}
    if len(channels) > 1:
        told = "、".join(f"{what}は {key}" for key, what in channels.items())
        raise Refused(f"チャネルがいくつかに分かれています（{told}）。", "--channel で選んでください。")
    return next(iter(channels), None) or house.channel_of((), None)


def _wanted_towns(segment: Segment, wanted: bool = True) -> Iterator[str]:
    match segment:
        case Fits("town", values) if wanted:
            yield from values
        case All(parts) | Either(parts):
            for part in parts:
                yield from _wanted_towns(part, wanted)
        case Not(part):
            yield from _wanted_towns(part, not wanted)


# ---- from words to keys ------------------------------------------------------------------------------------


@dataclass
class _Reading:
    """Looks up what the typed words mean; `channels` is where the things of one channel (courses …) were found."""

    work: Work
    content: Content
    channel: str | None
    channels: dict[str, str] = field(default_factory=dict)

    def of(self, typed: Typed, towns: tuple[str, ...]) -> Segment:
        """The segment; `towns` are those in which a district is looked for."""
        match typed:
            case Everyone():
                return EVERYONE
            case Named(name):
                with _at(name.place):
                    return self._named(name.text)
            case And(parts):
                inner = self.towns_among(parts) or towns
                return _all(self.of(part, inner) for part in parts)
            case Or(parts):
                return _either(self.of(part, towns) for part in parts)
            case Except(part):
                return Not(self.of(part, towns))
            case Condition(name, words):
                key = _field(name)
                if len(words) > MOST_VALUES:
                    raise Refused(f"{FIELDS[key]}が多すぎます（{MOST_VALUES} まで）。")
                values: list[Segment] = []
                for word in words:
                    with _at(word.place):
                        values.append(self._value(key, word.text, towns))
                return _any_of(values)

    def towns_among(self, typed: Iterable[Typed]) -> tuple[str, ...]:
        """The towns that all of it is about, for the districts beside them."""
        names = town_names(self.content)
        by_name = {name: key for key, name in names.items()}
        words = [
            word.text
            for each in typed
            if isinstance(each, Condition) and each.field.text in ("town", FIELDS["town"])
            for word in each.values
        ]
        return tuple(by_name.get(word, word) for word in words)

    def _value(self, key: Field, word: str, towns: tuple[str, ...]) -> Segment:
        match key:
            case "district":
                return self._district(word, towns)
            case "course" | "seat":
                return Fits(key, (self._course(word),))
            case "partner":
                return Fits(key, (self._partner(word),))
            case "registered-after" | "registered-before":
                return Fits(key, (_dated(word, read_day(word)),))
            case "refresher-due":
                within = _WITHIN.fullmatch(unicodedata.normalize("NFKC", word))
                return Fits(key, (f"{int(within[1])}d" if within else _dated(word, read_day(word)),))
            case _:
                return Fits(key, (one_of(FIELDS[key], word, _names(key, self.content)),))

    def _district(self, word: str, towns: tuple[str, ...]) -> Segment:
        """A district's key is its own only within its town, so the town always belongs to it."""
        key = one_of(FIELDS["district"], word, district_names(self.content, towns))
        having = [
            town
            for town in self.content.towns.values()
            if (not towns or town.key in towns) and any(d.key == key for d in town.districts)
        ]
        if len(having) > 1 and not towns:
            names = "、".join(town.name for town in having)
            raise Refused(f"地区「{word}」は {names} にあります。", "town=… も書いてください。")
        return _all([Fits("town", tuple(town.key for town in having)), Fits("district", (key,))])

    def _course(self, word: str) -> str:
        known = courses.listed(self.work, self.channel)
        signed = courses.by_sign(self.work, word)
        found = [
            one for one in known if one.id == word or one.title == word or (signed and one.id == signed.id)
        ]
        if not found:
            unknown("講座", word, [name for one in known for name in (one.title, one.sign)])
        if len(found) > 1:
            told = "、".join(f"{one.sign}（{day(one.on_date)}）" for one in found[:10])
            raise Refused(f"「{word}」という講座がいくつかあります。", f"番号で選んでください: {told}")
        self.channels.setdefault(found[0].channel, "講座")
        return found[0].id

    def _partner(self, word: str) -> str:
        known = partners.listed(self.work, self.channel)
        found = [one for one in known if word in (one.id, one.name)]
        if not found:
            unknown("協力店", word, [one.name for one in known])
        if len(found) > 1:
            told = "、".join(one.id for one in found[:10])
            raise Refused(f"「{word}」という協力店がいくつかあります。", f"番号で選んでください: {told}")
        self.channels.setdefault(found[0].channel, "協力店")
        return found[0].id

    def _named(self, name: str) -> Segment:
        known = named_segments.listed(self.work, self.channel)
        found = [one for one in known if one.name == named_segments.plain_name(name)]
        if not found:
            unknown("名前の相手", name, [one.name for one in known])
        if len(found) > 1:
            told = "、".join(one.channel for one in found)
            raise Refused(f"@{name} はいくつかのチャネルにあります。", f"--channel で選んでください: {told}")
        self.channels.setdefault(found[0].channel, f"@{name}")
        return found[0].segment


@contextmanager
def _at(place: Place) -> Iterator[None]:
    """Whatever is refused says where it stands, where there is more than one place."""
    try:
        yield
    except Refused as refused:
        if place.line.count("=") + place.line.count("＝") + place.line.count("@") < 2:
            raise
        raise Refused(f"{str(refused).removesuffix('。')}（{place}）。", refused.hint) from None


def _field(word: Word) -> Field:
    plain = unicodedata.normalize("NFKC", word.text).lower().replace("_", "-")
    by_word: dict[str, Field] = {name: key for key, name in FIELDS.items()} | {key: key for key in FIELDS}
    if plain in by_word:
        return by_word[plain]
    meant = nearest(plain, by_word)
    both = "、".join(f"{key}（{name}）" for key, name in FIELDS.items())
    with _at(word.place):
        raise Refused(
            f"「{word.text}」という項目はありません。",
            f"「{meant}」ですか？" if meant else f"使えるもの: {both}",
        )


def _dated(word: str, on: dt.date) -> str:
    if not 1900 <= on.year < 2100:
        raise Refused(f"「{word}」は遠すぎる日付です。")
    return on.isoformat()


def _names(key: Field, content: Content) -> Mapping[str, str]:
    if key == "town":
        return town_names(content)
    if key == "language":
        return language_names(content)
    return {"role": ROLES, "topic": topic_names(content), "rhythm": RHYTHMS, "entry": ENTRIES}[key]


# ---- no more brackets than are needed ----------------------------------------------------------------------


def _all(parts: Iterable[Segment]) -> Segment:
    flat = [inner for part in parts for inner in (part.parts if isinstance(part, All) else (part,))]
    return _alone(tuple(dict.fromkeys(flat)), All)


def _either(parts: Iterable[Segment]) -> Segment:
    flat = [inner for part in parts for inner in (part.parts if isinstance(part, Either) else (part,))]
    return _alone(tuple(dict.fromkeys(flat)), Either)


def _alone(parts: tuple[Segment, ...], joined: type[All] | type[Either]) -> Segment:
    return parts[0] if len(parts) == 1 else joined(parts)


def _any_of(values: Sequence[Segment]) -> Segment:
    """Values of one field in one condition; districts in one for each town."""
    found: dict[object, Segment] = {}
    for value in values:
        match value, found.get(key := value.parts[0] if isinstance(value, All) else "field"):
            case Fits(name, new), Fits(_, known):
                found[key] = Fits(name, tuple(dict.fromkeys((*known, *new))))
            case All((town, Fits(name, new))), All((_, Fits(_, known))):
                found[key] = All((town, Fits(name, tuple(dict.fromkeys((*known, *new))))))
            case _:
                found[key] = value
    return _either(found.values())


# ---- names -------------------------------------------------------------------------------------------------


def town_names(content: Content) -> dict[str, str]:
    """The name of each town by its key."""
    return {town.key: town.name for town in content.towns.values()}


def district_names(content: Content, towns: Sequence[str] = ()) -> dict[str, str]:
    """The name of each district by its key, of these towns or of all."""
    return {
        district.key: district.name
        for town in content.towns.values()
        if not towns or town.key in towns
        for district in town.districts
    }


def topic_names(content: Content) -> dict[str, str]:
    """The label of each news topic by its key, as supporters read it."""
    return {key: content.texts.get(f"registration.topics.{key}") for key in content.topics}


def language_names(content: Content) -> dict[str, str]:
    """What each language is called in Japanese, by its key."""
    return {one.key: one.called for one in content.languages.values()}
