"""「すべて消す」: nothing of a person is left in any column of any table, nor in SQLite's files; only counts stay."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Table, insert, select
from town import Town, make_town, the_content

from bot.line.client import Answer
from bot.programme import life, my_data
from jobs.deliver import claim, note
from jobs.sender import Sender
from storage import (
    attempts,
    audit,
    broadcasts,
    certificates,
    concerns,
    conversations,
    course_places,
    courses,
    dangers,
    drafts,
    drips,
    erasing,
    events,
    freezing,
    joinings,
    links,
    outbox,
    people,
    segments,
    supporters,
    tables,
)
from storage.course_answers import course_asked
from storage.course_members import course_members
from storage.course_members import members as course_members_of
from storage.people import Person
from storage.supporters import Profile, Supporter
from storage.work import Database, Work

CONTENT = the_content()
LINE_ID = "U" + "c0ffee" * 5 + "00"
OTHER = "U" + "d" * 32
CANARY = "カナリア"  # in every word of the person who goes
OTHERS = "スズメ"  # in every word of those who stay
TODAY = dt.date(2026, 12, 1)


@pytest.fixture
def town(db: Database) -> Town:
    return make_town(db)


def profile(word: str, number: int) -> Profile:
    return Profile(
        f"{word}花子", f"{word}はなこ", f"0900000000{number}", f"{word}{number}@example.jp", f"{word}の動機"
    )


def fill(town: Town, line_id: str, word: str, number: int) -> tuple[Person, Supporter]:
    """Somebody with something in every corner of the house."""
    course = town.course()
    with town.services.db.work() as work:
        person = people.lock(work, "default", line_id)
        entry = supporters.add(
            work,
            "default",
            source="line",
            state="registered",
            town="tottori",
            district="kita",
            profile=profile(word, number),
            person_id=person.id,
            attended_on=TODAY,
            group_name=f"{word}生協",
            number=f"T-{word}{number}",
        )
        life.mirror(work, person.id)
        now = people.get(work, person.id)
        assert now is not None
        people.set_topics(work, now, ("events",))
        courses.attend(work, course.id, person.id, supporter_id=entry.id)
        talk = conversations.start(work, "default", person.id, "registration")
        conversations.keep(work, talk, {"code": f"{word}のコード"})
        concern = concerns.open_concern(
            work,
            "default",
            person_id=person.id,
            town="tottori",
            district=None,
            kind="watch",
            level=3,
            since="days",
            subject_knows="knows",
            window="tottori_central",
            route_reason="kind",
        )
        concerns.add_details(work, concern, {"who": "となりの人", "contact": f"{word} 0857-00-000{number}"})
        link_id, _ = links.make(
            work,
            "default",
            purpose="details",
            about=concern.id,
            person_id=person.id,
            valid_for=dt.timedelta(minutes=30),
        )
        drafts.keep(work, link_id, "default", "browser", {"what": f"{word}の下書き"})
        attempts.count(work, "default", person.id, "code", dt.timedelta(hours=1))
        dangers.note(work, now, "S1", "suicide")
        outbox.put(work, "default", "message", {"messages": [{"text": f"{word}へ"}]}, person_id=person.id)
        events.troubled(work, "default", f"e{number}", "message", "KeyError", f'{{"userId": "{line_id}"}}')
        step = drips.Due(entry.id, person.id, "default", "tottori", TODAY)
        drips.claim(work, step, "thanks", "mark")
        audit.note(work, "person", "registered", "supporter", entry.id, "default")
        work.conn.execute(
            insert(course_places.course_places).values(
                id=f"place{number}",
                channel="default",
                course_id=course.id,
                person_id=None,
                source="web",
                state="seat",
                name=work.seal(f"{word}花子", "default", "course_places", "name", f"place{number}"),
                phone=work.seal(f"{word}の電話", "default", "course_places", "phone", f"place{number}"),
                name_index=supporters.index_of(work, "default", "name", f"{word}花子"),
                phone_index=supporters.index_of(work, "default", "phone", f"0900000000{number}"),
                created_at=work.now,
            )
        )
    return now, entry


def may_have_news(work: Work) -> None:
    """Nothing is open that would keep a broadcast from them."""
    work.conn.execute(people.people.update().values(danger_until=None))
    work.conn.execute(dangers.dangers.update().values(closed_at=work.now))
    work.conn.execute(concerns.concerns.update().values(state="accepted"))


def two_people(town: Town) -> tuple[Person, Supporter]:
    """Who goes and, before and after, who stays; and a broadcast to both that still waits for LINE."""
    fill(town, OTHER, OTHERS, 1)
    goes = fill(town, LINE_ID, CANARY, 2)
    with town.services.db.work() as work:
        text = [{"type": "text", "text": "お知らせ"}]
        sent = broadcasts.schedule(work, "default", text, segments.EVERYONE, work.now, created_by="staff")
        may_have_news(work)
        broadcasts.start(work, sent.id)
        freezing.freeze(work, sent.id, lambda _: text)
    return goes


def erase(town: Town, person: Person) -> None:
    with town.services.db.work() as work:
        life.erase_person(work, person)


class Line:
    """LINE takes the menu back."""

    def __init__(self) -> None:
        self.unlinked: list[str] = []

    def unlink_menu(self, channel: str, user: str) -> Answer:
        self.unlinked.append(user)
        return Answer(200, "yes", "request")


def settle_menus(town: Town) -> Line:
    """Send what waits to LINE: here only the menu that is taken back."""
    line = Line()
    sender = Sender(town.services.db, line, lambda *_: None)  # type: ignore[arg-type]
    with town.services.db.work() as work:
        rows = [row for row in claim(work, 50) if row.kind == "link_menu" and row.person_id is None]
    for row in rows:
        verdict = sender.send(row)
        with town.services.db.work() as work:
            note(work, [(row, verdict)])
    return line


def test_nothing_is_left_in_any_column_of_any_table(town: Town) -> None:
    person, entry = two_people(town)
    before = town.everything_stored()
    assert CANARY in before
    assert LINE_ID in before
    erase(town, person)
    line = settle_menus(town)
    left = town.everything_stored()
    assert line.unlinked == [LINE_ID]
    assert CANARY not in left
    assert LINE_ID not in left
    assert OTHERS in left  # the search finds what it should
    assert OTHER in left
    with town.services.db.look() as work:
        index = work.index("line", "default", LINE_ID)
        named = supporters.index_of(work, "default", "name", f"{CANARY}花子")
    assert index not in left
    assert named not in left
    without_audit = "\n".join(_of_all_tables(town, but=audit.audit))
    assert person.id not in without_audit
    assert entry.id not in without_audit


def _of_all_tables(town: Town, but: Table) -> Iterator[str]:
    for table in tables.metadata.sorted_tables:
        if table is not but:
            yield from (str(row) for row in town.rows(table))


def test_the_files_of_sqlite_hold_nothing_of_it_either(town: Town) -> None:
    db = town.services.db
    if db.engine.dialect.name != "sqlite":
        pytest.skip("PostgreSQL keeps its files to itself")
    person, entry = two_people(town)
    with db.look() as work:
        marks = [
            work.index("line", "default", LINE_ID),
            supporters.index_of(work, "default", "phone", "09000000002"),
        ]
        sealed = [
            bytes(row.name)
            for row in work.conn.execute(
                select(supporters.supporters).where(supporters.supporters.c.id == entry.id)
            )
        ]
    files = [Path(str(db.engine.url.database)), Path(f"{db.engine.url.database}-wal")]
    there = b"".join(file.read_bytes() for file in files)
    assert all(mark.encode() in there for mark in marks)
    assert all(mark in there for mark in sealed)
    erase(town, person)
    assert erasing.fold(db) is False  # the menu is still to be taken back
    settle_menus(town)
    assert erasing.fold(db) is True
    assert erasing.fold(db) is False  # once is enough
    left = b"".join(file.read_bytes() for file in files)
    assert not any(mark.encode() in left for mark in marks)
    assert not any(mark in left for mark in sealed)


def test_what_they_reported_stays_without_them(town: Town) -> None:
    person, _ = two_people(town)
    erase(town, person)
    kept = {row.person_id for row in town.rows(concerns.concerns)}
    with town.services.db.look() as work:
        words = [concerns.details(work, concern) for concern in concerns.listed(work)]
    assert None in kept
    assert len(kept) == 2
    assert all(word["who"] == "となりの人" for word in words)
    assert sorted(word.get("contact", "") for word in words) == ["", f"{OTHERS} 0857-00-0001"]


def test_only_counts_are_left(town: Town) -> None:
    person, _ = two_people(town)
    erase(town, person)
    with town.services.db.look() as work:
        assert erasing.numbers(work) == [("default", "tottori", "2026-12", 1, 1)]
        members = work.conn.execute(select(course_members)).all()
        places = work.conn.execute(select(course_places.course_places)).all()
    assert len(members) == len(places) == 2  # the courses had so many people as before
    gone = [member for member in members if member.person_id is None]
    assert [member.who for member in gone] == [f"gone:{gone[0].id}"]


def test_the_audit_keeps_that_it_was_done_and_holds(town: Town) -> None:
    person, _ = two_people(town)
    erase(town, person)
    with town.services.db.look() as work:
        assert audit.verify(work, "default") is None
        assert (audit.listed(work, subject_id=person.id)[0].deed) == "erased"


def test_a_broadcast_that_waits_goes_to_the_others_only(town: Town) -> None:
    person, _ = two_people(town)
    erase(town, person)
    (row,) = [row for row in town.rows(outbox.outbox) if row.kind == "multicast"]
    with town.services.db.look() as work:
        body = work.unseal(row.body, "default", "outbox", "body", row.retry_key)
    assert body["to"] == [OTHER]


def test_a_broadcast_to_nobody_else_comes_to_its_end(town: Town) -> None:
    person, _ = fill(town, LINE_ID, CANARY, 1)
    with town.services.db.work() as work:
        text = [{"type": "text", "text": "お知らせ"}]
        sent = broadcasts.schedule(work, "default", text, segments.EVERYONE, work.now, created_by="staff")
        may_have_news(work)
        broadcasts.start(work, sent.id)
        freezing.freeze(work, sent.id, lambda _: text)
    erase(town, person)
    with town.services.db.look() as work:
        ended = broadcasts.get(work, sent.id)
    assert ended is not None
    assert ended.status == "sent"


def test_whoever_writes_again_is_somebody_new(town: Town) -> None:
    person, _ = two_people(town)
    erase(town, person)
    with town.services.db.work() as work:
        again = people.lock(work, "default", LINE_ID)
        assert again.id != person.id
        assert (again.role, again.town, again.topics) == ("resident", None, ())
        assert supporters.of_person(work, again.id) == ()
        assert concerns.of_reporter(work, again.id) == ()


def test_a_family_goes_together_from_its_phone(town: Town) -> None:
    person, _ = two_people(town)
    with town.services.db.work() as work:
        supporters.add(
            work,
            "default",
            source="line",
            state="active",
            town="iwami",
            person_id=person.id,
            profile=profile(CANARY, 3),
        )
    erase(town, person)
    settle_menus(town)
    assert CANARY not in town.everything_stored()
    with town.services.db.look() as work:
        assert erasing.numbers(work) == [("default", "tottori", "2026-12", 2, 1)]


def test_staff_erase_one_of_a_family_and_the_phone_stays(town: Town) -> None:
    person, entry = two_people(town)
    with town.services.db.work() as work:
        other = supporters.add(
            work, "default", source="line", state="active", town="iwami", person_id=person.id
        )
        life.erase_entry(work, entry, "山田")
        now = people.get(work, person.id)
        assert now is not None
        assert (now.role, now.town) == ("supporter", "iwami")
        assert supporters.of_person(work, person.id) == (other,)
    assert f"{CANARY}花子" not in town.everything_stored()


def test_what_one_of_a_family_did_is_not_left_to_the_others(town: Town) -> None:
    """Neither their course on the other one's certificate, nor their name at a course for which the phone signed up."""
    person, entry = two_people(town)
    with town.services.db.work() as work:
        more: dict[str, Any] = {"source": "line", "state": "active", "town": "iwami", "person_id": person.id}
        other = supporters.add(work, "default", **more)
        (member,) = [one for one in course_members_of(work) if one.supporter_id == entry.id]
        course_places.add(
            work,
            "default",
            member.course_id,
            source="line",
            state="seat",
            person_id=person.id,
            profile=Profile(f"{CANARY}花子"),
        )
        links.make(
            work,
            "default",
            purpose="profile",
            about=entry.id,
            person_id=person.id,
            valid_for=dt.timedelta(hours=1),
        )
        joinings.add(
            work,
            "default",
            course_id=member.course_id,
            supporter_id=entry.id,
            person_id=person.id,
            status="joined",
        )
        life.erase_entry(work, entry, "山田")
        assert certificates.first_course(work, other) is None
        assert joinings.of_person(work, person.id) == ()
    assert f"{CANARY}花子" not in town.everything_stored()
    assert entry.id not in "\n".join(_of_all_tables(town, but=audit.audit))


def test_staff_erase_the_only_entry_of_a_phone_and_all_about_the_phone_goes(town: Town) -> None:
    person, entry = two_people(town)
    with town.services.db.work() as work:
        life.erase_entry(work, entry, "山田")
        assert people.get(work, person.id) is None
    settle_menus(town)
    assert CANARY not in town.everything_stored()


def test_contacts_of_merged_reports_go_one_by_one(town: Town) -> None:
    """Each stands under its own number in the report that goes on: who is erased goes, the others stay."""
    with town.services.db.work() as work:
        reports = []
        for number in range(3):
            person = people.lock(work, "default", f"U{number:032x}")
            concern = concerns.open_concern(
                work,
                "default",
                person_id=person.id,
                town="tottori",
                district=None,
                kind="watch",
                level=3,
                since="days",
                subject_knows="knows",
                window="tottori_central",
                route_reason="kind",
            )
            reports.append((person, concern))
        first = reports[0][1]
        contact = "一番の人"
        for _, concern in reports[1:]:
            concerns.merge(work, concern, first)
            contact += f"\n\n{concern.number}\n{concern.number}の人"
        concerns.add_details(work, first, {"what": "ようす", "contact": contact})
        life.erase_person(work, reports[1][0])
        number = reports[2][1].number
        words = concerns.details(work, first)
        assert words == {"what": "ようす", "contact": f"一番の人\n\n{number}\n{number}の人"}
        life.erase_person(work, reports[0][0])
        assert concerns.details(work, first) == {"what": "ようす", "contact": f"{number}\n{number}の人"}
        life.erase_person(work, reports[2][0])
        assert concerns.details(work, first) == {"what": "ようす"}


def test_every_table_with_sealed_words_that_outlives_a_person_says_why() -> None:
    """A new table must go with the person (CASCADE), or say here why nothing personal stays in it."""
    for table, to_people, to_entries in erasing.hanging():
        stays = all(
            key.ondelete != "CASCADE" for column in (*to_people, *to_entries) for key in column.foreign_keys
        )
        sealed = any("sealed_row" in column.info for column in table.columns)
        assert not (stays and sealed) or table.name in erasing.OF_SOMEBODY_ELSE, table.name


# ---- 「わたしのデータ」 ------------------------------------------------------------------------------------


def test_my_data_shows_everything_that_was_erased_above(town: Town) -> None:
    person, entry = two_people(town)
    with town.services.db.look() as work:
        parts = my_data.sections(work, CONTENT, person)
        shown = my_data.as_text(CONTENT, parts, work.now)
        kept = erasing.held(work, person.id, [entry.id])
    for word in (
        *(LINE_ID, f"{CANARY}花子", f"{CANARY}はなこ", "09000000002", f"{CANARY}2@example.jp"),
        *(f"{CANARY}の動機", f"{CANARY}生協", f"T-{CANARY}2", "北中学校区", "集まり・行事"),
        *(f"{CANARY} 0857-00-0002", f"{CANARY}のコード", f"{CANARY}の電話", "つながりサポーター養成講座"),
    ):
        assert word in shown, word
    assert OTHERS not in shown
    assert "となりの人" not in shown  # a neighbour's data are the neighbour's
    titles = {part.title for part in parts}
    assert len(titles) == len(kept) == len(parts)


def test_a_table_that_nobody_has_put_into_words_is_shown_as_it_is(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is added later is not left out: here the questionnaire that somebody was asked for."""
    person, _ = two_people(town)
    with town.services.db.work() as work:
        course = work.conn.execute(select(courses.courses.c.id).limit(1)).scalar_one()
        values = {"course_id": course, "person_id": person.id, "channel": "default", "answered": True}
        work.conn.execute(insert(course_asked).values(**values))
        told = my_data.sections(work, CONTENT, person)
        monkeypatch.setattr(my_data, "_TELL", {})
        parts = my_data.sections(work, CONTENT, person)
    assert any(name == "つながりサポーター養成講座" for part in told for name, _ in part.lines)
    assert any(("answered", "True") in part.lines for part in parts)
    shown = my_data.as_text(CONTENT, parts, person.supporter_since or town.services.now())
    for word in (f"{CANARY}花子", f"{CANARY}のコード", f"{CANARY}生協", "kita"):
        assert word in shown
