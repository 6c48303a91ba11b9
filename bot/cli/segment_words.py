"""A segment as a member of staff says it: 鳥取市 かつ（サポーター または …）."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from bot.cli.house import House
from bot.cli.output import day
from bot.cli.segment import (
    ENTRIES,
    RHYTHMS,
    ROLES,
    district_names,
    language_names,
    topic_names,
    town_names,
)
from storage import courses, partners
from storage.recipients import Reason
from storage.segments import All, Either, Field, Fits, Not, Segment

GONE = "（もうないもの）"
LEFT_OUT: dict[Reason, str] = {
    "blocked": "ブロックしている、または友だちをやめた",
    "paused": "本人がお知らせを休んでいる",
    "danger": "危険を知らせる言葉から24時間たっていない",
    "concern": "本人の心配ごとを見守っている、または送った連絡に窓口がまだ答えていない",
    "topic": "この話題を選んでいない",
}


def in_words(segment: Segment, house: House) -> str:
    """The whole segment; what no longer exists is said to be gone."""
    match segment:
        case All(()):
            return "全員"
        case Either(()):
            return "だれも"
        case Fits(field, values):
            return _SAID[field](values, house)
        case All(parts):
            return " かつ ".join(_inside(part, house) for part in parts)
        case Either(parts):
            return " または ".join(_inside(part, house) for part in parts)
        case Not(part):
            return f"{_inside(part, house)} 以外"


def _inside(segment: Segment, house: House) -> str:
    """In brackets, where its own words would mix with those around it."""
    words = in_words(segment, house)
    several = isinstance(segment, All | Either | Fits) and (" かつ " in words or " または " in words)
    return f"（{words}）" if several else words


Said = Callable[[tuple[str, ...], House], str]


def _by_name(names: Callable[[House], dict[str, str]], form: str = "{}") -> Said:
    def said(values: tuple[str, ...], house: House) -> str:
        known = names(house)
        return " または ".join(form.format(known.get(value, GONE)) for value in values)

    return said


def _courses(house: House) -> dict[str, str]:
    with house.db.look() as work:
        return {one.id: f"{one.title}（{one.on_date:%Y-%m-%d}）" for one in courses.listed(work)}


def _partners(house: House) -> dict[str, str]:
    with house.db.look() as work:
        return {one.id: one.name for one in partners.listed(work)}


def _dated(form: str) -> Said:
    return lambda values, _house: " または ".join(form.format(day(dt.date.fromisoformat(v))) for v in values)


def _due(values: tuple[str, ...], _house: House) -> str:
    said = (f"{v[:-1]}日以内" if v.endswith("d") else f"{day(dt.date.fromisoformat(v))}まで" for v in values)
    return " または ".join(f"更新の期限が{each}" for each in said)


def _rhythms(values: tuple[str, ...], house: House) -> str:
    topics, said = topic_names(house.content), []
    for value in values:
        rhythm, _, topic = value.partition(".")
        what = f"話題「{topics.get(topic, GONE)}」" if topic else "お知らせ"
        said.append(f"{what}を{RHYTHMS[rhythm]}受けとる人")
    return " または ".join(said)


_SAID: dict[Field, Said] = {
    "role": _by_name(lambda _house: ROLES),
    "town": _by_name(lambda house: town_names(house.content)),
    "district": _by_name(lambda house: district_names(house.content)),
    "topic": _by_name(lambda house: topic_names(house.content), "話題「{}」"),
    "rhythm": _rhythms,
    "language": _by_name(lambda house: language_names(house.content), "{}で読む人"),
    "course": _by_name(_courses, "講座「{}」に出た人"),
    "seat": _by_name(_courses, "講座「{}」に申し込んだ人"),
    "partner": _by_name(_partners, "協力店「{}」の人"),
    "entry": _by_name(lambda _house: ENTRIES, "{}から登録した人"),
    "registered-after": _dated("登録が{}以降"),
    "registered-before": _dated("登録が{}より前"),
    "refresher-due": _due,
}
