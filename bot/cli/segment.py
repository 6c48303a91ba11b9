"""Whom a broadcast is for, as staff type it: --to town=鳥取市 --to role=supporter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import typer

from bot.cli.output import Refused, nearest, one_of
from bot.content.library import Content
from storage.broadcasts import Segment

ROLES = {"supporter": "サポーター", "resident": "住民"}
EVERYONE = "everyone"
FIELDS = {"role": "roles", "town": "towns", "district": "districts", "topic": "topics"}
_NAMES = {"role": "役割", "town": "市町", "district": "地区", "topic": "話題"}


def read_segment(given: Sequence[str], content: Content) -> Segment:
    """Keys or Japanese names; one field with several values means any of them, several fields mean all of them."""
    if not given:
        raise Refused(
            "だれに送るのかが書かれていません。",
            "例: --to town=鳥取市 --to role=supporter（全員なら --to everyone）",
        )
    words: dict[str, list[str]] = {name: [] for name in FIELDS}
    for part in given:
        if part == EVERYONE:
            continue
        name, equals, values = part.partition("=")
        if not equals or not values.strip():
            raise typer.BadParameter(f"「{part}」は 項目=値 の形ではありません。例: town=鳥取市")
        if name not in FIELDS:
            meant = nearest(name, FIELDS)
            raise Refused(
                f"「{name}」という項目はありません。",
                f"「{meant}」ですか？" if meant else f"使えるもの: {'、'.join(FIELDS)}",
            )
        words[name] += [value.strip() for value in values.replace("、", ",").split(",") if value.strip()]
    towns = _keys("town", words["town"], town_names(content))
    districts = _keys("district", words["district"], district_names(content, towns))
    if districts and not towns:
        towns = _towns_of(districts, content)
    return Segment(
        roles=_keys("role", words["role"], ROLES),
        towns=towns,
        districts=districts,
        topics=_keys("topic", words["topic"], topic_names(content)),
    )


def _towns_of(districts: Sequence[str], content: Content) -> tuple[str, ...]:
    """A district's key is its own only within its town, so the town always belongs to it."""
    towns: dict[str, None] = {}
    for key in districts:
        having = [town for town in content.towns.values() if any(d.key == key for d in town.districts)]
        if len(having) > 1:
            names = "、".join(town.name for town in having)
            raise Refused(f"地区「{key}」は {names} にあります。", "--to town=… も書いてください。")
        towns |= {town.key: None for town in having}
    return tuple(towns)


def _keys(field: str, words: Sequence[str], by_key: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one_of(_NAMES[field], word, by_key) for word in words))


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


def in_words(segment: Segment, content: Content) -> str:
    """The segment as a member of staff says it: 鳥取市 ・ サポーター."""
    named = (
        (segment.towns, town_names(content)),
        (segment.districts, district_names(content)),
        (segment.roles, ROLES),
        (segment.topics, topic_names(content)),
    )
    parts = ["または".join(names.get(key, key) for key in keys) for keys, names in named if keys]
    return " ・ ".join(parts) or "全員"
