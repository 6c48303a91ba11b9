"""「わたしのデータ」: everything that we hold about whoever uses a phone, in words, for themselves.

What hangs on a person is read from the tables (storage/erasing.py). The tables that we know are told in plain words;
one that was added later is shown as it is, so that nothing is left out. Words about a neighbour belong to the desk and
to that neighbour: of a report its number, its day and the reporter's own contact are shown.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from bot.content.library import Content
from bot.news_words import in_words
from bot.programme.life import TOKYO
from storage import courses, erasing, supporters
from storage.erasing import Held
from storage.people import Person
from storage.work import Work

Row = Mapping[str, Any]
Line = tuple[str, str]
COUNTED: Final = ("outbox", "attempts", "broadcast_recipients", "links", "drafts", "course_mails")
"""Tables of which the number of rows and their days say everything: their words are gone, or are somebody else's."""
NOT_TOLD: Final = frozenset({"id", "person_id", "supporter_id", "channel"})
"""Our own ids: they say nothing."""


@dataclass(frozen=True)
class Section:
    """A heading, and pairs of name and value."""

    title: str
    lines: tuple[Line, ...]


def sections(work: Work, content: Content, person: Person) -> tuple[Section, ...]:
    """All of it, in an order that can be read."""
    entries = supporters.of_person(work, person.id)
    found = erasing.held(work, person.id, [entry.id for entry in entries])
    told = [_section(work, content, person, each) for each in found]
    return tuple(section for section in told if section.lines)


def as_text(content: Content, parts: Iterable[Section], at: dt.datetime) -> str:
    """The same as a file."""
    lines = [content.texts.get("my_data.title"), _moment(at), ""]
    for part in parts:
        lines += [f"■ {part.title}", *(f"{name}：{value}" for name, value in part.lines), ""]
    return "\r\n".join(lines)


def _section(work: Work, content: Content, person: Person, each: Held) -> Section:
    texts = content.texts
    key = f"my_data.table.{each.table}"
    title = texts.get(key) if texts.has(key) else each.table
    tell = _TELL.get(each.table)
    if tell is not None:
        rows = sorted(each.rows, key=lambda row: str(_when(row) or ""))  # as it happened
        return Section(title, tuple(line for row in rows for line in tell(work, content, person, row)))
    if each.table in COUNTED:
        days = sorted(at for row in each.rows if (at := _when(row)) is not None)
        lines = [(texts.get("my_data.count"), str(len(each.rows)))]
        if days:
            lines.append((texts.get("my_data.days"), f"{_day(days[0])} - {_day(days[-1])}"))
        return Section(title, tuple(lines))
    return Section(title, tuple(line for row in each.rows for line in _as_it_is(row)))


def _when(row: Row) -> dt.datetime | None:
    return next((row[name] for name in ("created_at", "at", "updated_at") if row.get(name)), None)


def _as_it_is(row: Row) -> list[Line]:
    """Every column that holds something, but for our own ids and what only finds equal values."""
    shown = {
        name: value
        for name, value in row.items()
        if value is not None and name not in NOT_TOLD and not name.endswith(("_index", "_id", "_hash"))
    }
    return [(name, _plain(value)) for name, value in shown.items()]


# ---- tables in words ---------------------------------------------------------------------------------------


def _of_person(work: Work, content: Content, person: Person, row: Row) -> list[Line]:
    texts, plan = content.texts, content.channels.get(person.channel)
    own = {
        "line_id": person.line_id,
        "channel": plan.name if plan else person.channel,
        "since": row["created_at"],
        "role": texts.get(f"my_data.role.{row['role']}"),
        "partner": bool(row["partner_id"]) or None,
        "paused": row["paused"] or None,
        "language": row["language"] and content.language(row["language"]).called,
        "quiet_until": row["danger_until"],
    }
    same = ("friend", "supporter_since", "consent_version", "consent_at")
    return _lines(content, own | _where(content, row) | {name: row[name] for name in same})


def _where(content: Content, row: Row) -> dict[str, Any]:
    return {
        "town": _town(content, row["town"]),
        "district": _district(content, row["town"], row["district"]),
    }


def _of_entry(work: Work, content: Content, person: Person, row: Row) -> list[Line]:
    texts, programme = content.texts, content.programme
    said = ("name", "kana", "phone", "mail", "group_name", "number")
    days = ("attended_on", "refreshed_on", "refresher_due_on", "paused_until")
    texts_agreed = ("consent_version", "consent_at", "pledge_version", "pledge_at")
    moments = ("created_at", "registered_at", "active_at", "paused_at", "left_at")
    own = {
        "motive": row["motive"] and programme.motive(str(row["motive"])),
        "age_band": programme.age_band(row["age_band"]),
        "state": texts.get(f"life.state.{row['state']}"),
        "source": texts.get(f"my_data.source.{row['source']}"),
    }
    rest = {name: row[name] for name in (*days, *texts_agreed, *moments)}
    return _lines(content, {name: row[name] for name in said} | own | _where(content, row) | rest)


def _of_concern(work: Work, content: Content, person: Person, row: Row) -> list[Line]:
    contact = (row["details"] or {}).get(erasing.CONTACT)
    follow_up = f"hearing.answers.{row['follow_up']}"
    own = {
        "concern": row["number"],
        "reported": row["created_at"],
        "town": _town(content, row["town"]),
        "contact": erasing.own_contact(contact) if contact else None,
        "follow_up": content.texts.get(follow_up) if content.texts.has(follow_up) else row["follow_up"],
    }
    return _lines(content, own)


def _of_conversation(work: Work, content: Content, person: Person, row: Row) -> list[Line]:
    flow, texts = str(row["flow"]), content.texts
    name = texts.get(f"menu.{flow}") if texts.has(f"menu.{flow}") else flow
    told = [
        (
            texts.get(f"{flow}.{question}") if texts.has(f"{flow}.{question}") else str(question),
            _plain(answer),
        )
        for question, answer in (row["answers"] or {}).items()
    ]
    return [(name, _moment(row["created_at"])), *told]


def _of_danger(work: Work, content: Content, person: Person, row: Row) -> list[Line]:
    return [(content.texts.get("my_data.danger"), _moment(row["at"]))]


def _of_topic(work: Work, content: Content, person: Person, row: Row) -> list[Line]:
    known = in_words(content, {str(row["topic"]): row["rhythm"]})
    return [(content.texts.get("my_data.topics"), next(iter(known), str(row["topic"])))]


def _of_drip(work: Work, content: Content, person: Person, row: Row) -> list[Line]:
    key = f"drips.answer.{row['answer']}"
    answer = content.texts.get(key) if row["answer"] and content.texts.has(key) else ""
    return [(_moment(row["at"]), " ".join(filter(None, (str(row["step"]), answer))))]


def _of_member(work: Work, content: Content, person: Person, row: Row) -> list[Line]:
    course = courses.get(work, row["course_id"])
    return [] if course is None else [(_plain(course.on_date), course.title)]


def _of_place(work: Work, content: Content, person: Person, row: Row) -> list[Line]:
    course = courses.get(work, row["course_id"])
    title = [] if course is None else [(_plain(course.on_date), course.title)]
    words = {name: row[name] for name in ("name", "kana", "phone", "mail", "consent_version")}
    return [*title, *_lines(content, words | {name: row[name] for name in ("created_at", "cancelled_at")})]


def _of_joining(work: Work, content: Content, person: Person, row: Row) -> list[Line]:
    course = courses.get(work, row["course_id"])
    return [(_moment(row["at"]), course.title if course else "")]


def _of_asked(work: Work, content: Content, person: Person, row: Row) -> list[Line]:
    course = courses.get(work, row["course_id"])
    answered = content.texts.get(f"my_data.answered.{'done' if row['answered'] else 'open'}")
    return [(course.title if course else "", answered)]


def _of_kept_result(work: Work, content: Content, person: Person, row: Row) -> list[Line]:
    """Which schemes are kept, and for how long: their titles, no marks."""
    use = "watched" if row["used_for"] == "watched" else "shared"
    titles = "、".join(str(title) for _, _, title, *_ in row["shown"])
    until = {"created_at": row["created_at"], "kept_until": row["valid_until"]}
    return [(content.texts.get(f"my_data.kept_result.{use}"), titles), *_lines(content, until)]


def _of_staff(work: Work, content: Content, person: Person, row: Row) -> list[Line]:
    return [(content.texts.get("my_data.staff"), content.texts.get("my_data.yes"))]


_TELL: Final[Mapping[str, Callable[[Work, Content, Person, Row], list[Line]]]] = {
    "people": _of_person,
    "supporters": _of_entry,
    "concerns": _of_concern,
    "conversations": _of_conversation,
    "dangers": _of_danger,
    "person_topics": _of_topic,
    "drips": _of_drip,
    "course_members": _of_member,
    "course_places": _of_place,
    "course_asked": _of_asked,
    "joinings": _of_joining,
    "kept_results": _of_kept_result,
    "staff": _of_staff,
}


# ---- values ------------------------------------------------------------------------------------------------


def _lines(content: Content, values: Mapping[str, Any]) -> list[Line]:
    return [
        (content.texts.get(f"my_data.{name}"), _yes(content, value))
        for name, value in values.items()
        if value not in (None, "")
    ]


def _yes(content: Content, value: Any) -> str:
    return (
        content.texts.get("my_data.yes" if value else "my_data.no") if type(value) is bool else _plain(value)
    )


def _plain(value: Any) -> str:
    if isinstance(value, dt.datetime):
        return _moment(value)
    if isinstance(value, dt.date):
        return f"{value.year}年{value.month}月{value.day}日"
    if isinstance(value, Mapping):
        return "、".join(_plain(each) for each in value.values())
    if isinstance(value, list | tuple):
        return "、".join(_plain(each) for each in value)
    return str(value)


def _moment(at: dt.datetime) -> str:
    here = at.astimezone(TOKYO)
    return f"{_day(at)} {here.hour}時{here.minute:02}分"


def _day(at: dt.datetime) -> str:
    here = at.astimezone(TOKYO)
    return f"{here.year}年{here.month}月{here.day}日"


def _town(content: Content, key: str | None) -> str | None:
    return content.towns[key].name if key is not None and key in content.towns else key


def _district(content: Content, town: str | None, key: str | None) -> str | None:
    if town is None or town not in content.towns:
        return key
    return next((one.name for one in content.towns[town].districts if one.key == key), key)
