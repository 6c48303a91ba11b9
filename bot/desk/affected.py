"""After a leak: who was seen, by whom, and what of them. Everything is read from the audit list, in which each reading
leaves its line.

What a deed shows stands in SHOWN. A deed of staff that is not there counts as well, as one of unknown reach: whoever has
to report a leak may name too many people, never too few. Counted are people whom somebody looked at; what a stolen
file holds is in docs/data.md.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

from storage import affected, audit
from storage.affected import About
from storage.audit import Entry
from storage.work import Work

ITEMS: Final[Mapping[str, str]] = {
    "facts": "受付番号・市町・心配ごとの種類・急ぎの度合い",
    "words": "心配な人について書かれた内容（だれ・どこ・何）と職員の記録",
    "photo": "写真",
    "reporter": "連絡した人（連絡先・立場）",
    "name": "氏名・ふりがな",
    "contact": "電話番号・メールアドレス",
    "register": "市町・地区・年代・所属・研修の記録",
    "own": "本人のデータすべて（わたしのデータ）",
    "danger": "いのちに関わる言葉があったこと（種類・度合い。言葉そのものはない）",
    "unknown": "取り扱ったもの（くわしくは記録を見て確かめる）",
}
_CASE, _ENTRY = ("facts", "words"), ("name", "contact", "register")
SHOWN: Final[Mapping[tuple[str, str], tuple[str, ...]]] = {
    ("concern", "read"): _CASE,
    ("concern", "read_details"): _CASE,
    ("concern", "sheet"): _CASE,
    ("concern", "meeting_with"): _CASE,
    ("concern", "meeting_without"): ("facts",),
    ("concern", "looked"): ("facts",),
    ("concern", "listed"): ("facts",),
    ("concern", "saw_photo"): ("photo",),
    ("concern", "open_identity"): ("reporter",),
    ("window", "listed"): ("facts",),
    ("danger", "read"): ("danger",),
    ("danger", "open_identity"): ("name", "contact"),
    ("supporter", "read"): _ENTRY,
    ("supporter", "edited"): _ENTRY,
    ("supporter", "searched"): ("name", "register"),
    ("supporter", "saw_papers"): ("name",),
    ("register", "listed_names"): _ENTRY,
    ("register", "exported_names"): _ENTRY,
    ("register", "exported"): ("register",),
    ("course", "read_roster"): ("name", "contact"),
    ("person", "saw_data"): ("own",),
}
DEEDS: Final[Mapping[str, str]] = {
    "read": "開いた",
    "read_details": "内容を開いた（端末）",
    "sheet": "つながるシートを出した",
    "meeting_with": "会議の資料を出した（名前あり）",
    "meeting_without": "会議の資料を出した（名前なし）",
    "looked": "番号で見た（端末）",
    "listed": "一覧で見た",
    "saw_photo": "写真を見た",
    "open_identity": "だれかを開いた",
    "edited": "書きかえた",
    "searched": "名前でさがした",
    "saw_papers": "修了証などのページを開いた",
    "listed_names": "名前つきの一覧を出した",
    "exported_names": "名簿を書き出した（名前あり）",
    "exported": "名簿を書き出した（名前なし）",
    "read_roster": "申込みの名簿を見た",
    "saw_data": "「わたしのデータ」を開いた",
}
_KINDS = ("concern", "danger", "supporter", "course_place", "person")
_OURSELVES = ("system", "nightly")
_OF_ONES_OWN = ("saw_data", "saw_papers")  # a stolen link or phone could have opened these


@dataclass(frozen=True)
class Wanted:
    """Of which time, and (where named) of which desk, by whom, on which channel."""

    since: dt.datetime
    until: dt.datetime
    window: str | None = None
    actors: frozenset[str] | None = None
    channel: str | None = None


@dataclass(frozen=True)
class Seen:
    """One person or one case that one actor looked at. `kind` says what `id` is: a concern, a supporter …"""

    kind: str
    id: str
    number: str | None
    actor: str
    deeds: tuple[str, ...]
    items: tuple[str, ...]
    times: int
    first: dt.datetime
    last: dt.datetime


@dataclass(frozen=True)
class People:
    """How many people there are behind it, as many as there may be at the most."""

    neighbours: int  # about whom the words were: one for each concern that was opened
    reporters: int
    supporters: int
    applicants: int  # of courses
    others: int  # on LINE: those in danger, and whose own page was opened

    @property
    def at_most(self) -> int:
        return self.neighbours + self.reporters + self.supporters + self.applicants + self.others


@dataclass(frozen=True)
class Report:
    """What was seen. `listed_only` are concerns of which nobody saw more than one line of a list."""

    seen: tuple[Seen, ...]
    people: People
    items: tuple[str, ...]
    actors: tuple[str, ...]
    deeds: tuple[str, ...]
    listed_only: int
    channels: tuple[str, ...]


def report(work: Work, wanted: Wanted) -> Report:
    """Everybody who was seen in this time."""
    lines = [
        line
        for line in audit.between(work, wanted.since, wanted.until, wanted.channel)
        if _counts(line, wanted)
    ]

    @cache
    def of_desk(window: str) -> tuple[About, ...]:
        return tuple(affected.about(work, affected.at_desk(work, window)).values())

    looks = [(line, kind, subject) for line in lines for kind, subject in _subjects(work, line, of_desk)]
    known = affected.about(work, {subject for _, kind, subject in looks if kind == "concern"})
    if wanted.window is not None:
        looks = [
            (line, kind, subject)
            for line, kind, subject in looks
            if kind == "concern" and subject in known and wanted.window in known[subject].windows
        ]
    return _summed(tuple(_grouped(looks, known)), known, tuple(sorted({line.channel for line, *_ in looks})))


def _counts(line: Entry, wanted: Wanted) -> bool:
    """Whether somebody saw something of somebody; the person themselves and our own jobs do not count."""
    if line.actor in _OURSELVES or (line.actor == "person" and line.deed not in _OF_ONES_OWN):
        return False
    if wanted.actors is not None and line.actor not in wanted.actors:
        return False
    return (line.kind, line.deed) in SHOWN or line.kind in _KINDS


def _subjects(
    work: Work, line: Entry, of_desk: Callable[[str], Iterable[About]]
) -> Iterator[tuple[str, str]]:
    """Whom one line is about: a list or a file is about everybody who stood in it."""
    match line.kind:
        case "window":
            yield from (("concern", one.id) for one in of_desk(line.subject_id) if _was_open(one, line.at))
        case "register":
            yield from (("supporter", each) for each in affected.in_register(work, line.channel, line.at))
        case "course":
            yield from (("course_place", each) for each in affected.on_roster(work, line.subject_id, line.at))
        case _:
            yield line.kind, line.subject_id


def _items(line: Entry) -> tuple[str, ...]:
    """What one deed shows. Whatever is done with a danger, only that it happened is on the screen: there are no words."""
    return SHOWN.get((line.kind, line.deed), ("danger",) if line.kind == "danger" else ("unknown",))


def _was_open(one: About, at: dt.datetime) -> bool:
    return one.created_at <= at and (one.closed_at is None or one.closed_at >= at)


def _grouped(looks: Iterable[tuple[Entry, str, str]], known: Mapping[str, About]) -> Iterator[Seen]:
    together: dict[tuple[str, str, str], list[Entry]] = {}
    for line, kind, subject in looks:
        together.setdefault((kind, subject, line.actor), []).append(line)
    for (kind, subject, actor), lines in together.items():
        items = {item for line in lines for item in _items(line)}
        if items - {"facts", "unknown"}:
            items.discard("unknown")  # whoever opened it and then did something with it saw what they opened
        yield Seen(
            kind,
            subject,
            known[subject].number if subject in known else None,
            actor,
            tuple(sorted({line.deed for line in lines})),
            tuple(item for item in ITEMS if item in items),
            len(lines),
            min(line.at for line in lines),
            max(line.at for line in lines),
        )


def _summed(seen: tuple[Seen, ...], known: Mapping[str, About], channels: tuple[str, ...]) -> Report:
    def ids(kind: str, *items: str) -> set[str]:
        return {one.id for one in seen if one.kind == kind and (not items or set(items) & set(one.items))}

    opened = ids("concern", "words", "photo", "unknown")
    identified = ids("concern", "reporter")  # nothing else shows who reported
    # Whoever reported several is one; who is not on LINE (or was erased) counts once for each of theirs.
    reporters = {(known[one].person_id if one in known else None) or one for one in identified}
    return Report(
        seen=tuple(sorted(seen, key=lambda one: (one.kind, one.first, one.id, one.actor))),
        people=People(
            len(opened),
            len(reporters),
            len(ids("supporter")),
            len(ids("course_place")),
            len(ids("danger") | ids("person")),
        ),
        items=tuple(item for item in ITEMS if any(item in one.items for one in seen)),
        actors=tuple(sorted({one.actor for one in seen})),
        deeds=tuple(sorted({deed for one in seen for deed in one.deeds})),
        listed_only=len(ids("concern") - opened - identified),
        channels=channels,
    )
