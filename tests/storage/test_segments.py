"""Segments: the database finds whom plain Python finds, for any expression and any people; and says why not."""

from __future__ import annotations

import datetime as dt
import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update
from surroundings import Clock

from storage import (
    broadcasts,
    concerns,
    course_places,
    courses,
    dangers,
    freezing,
    joinings,
    people,
    recipients,
    supporters,
)
from storage.broadcasts import broadcast_recipients
from storage.database import new_engine
from storage.migrate import rebuilding, upgrade
from storage.people import RHYTHMS, Rhythm
from storage.recipients import REASONS, Reach, reach
from storage.segments import (
    EVERYONE,
    All,
    Either,
    Fits,
    Not,
    Segment,
    as_plain,
    segment_of,
    segment_text,
    values_of,
)
from storage.work import Database, Work

TOKYO = ZoneInfo("Asia/Tokyo")
ROLES, TOWNS, DISTRICTS = ("supporter", "resident"), ("tottori", "iwami", None), ("north", "whole", None)
TOPICS, SOURCES, STATES = (
    ("events", "tips", "news"),
    ("line", "web", "staff"),
    (*supporters.SUPPORTING, "left", "attended"),
)
PARTNERS = ("p1", "p2", None)
LANGUAGES = ("ja", "en", "zh-Hans", None)
DAYS = tuple(f"2026-{month:02d}-15" for month in (3, 8, 11, 12))


@dataclass
class Known:
    """What the oracle knows of one person."""

    role: str
    town: str | None
    district: str | None
    partner: str | None
    since: dt.datetime | None
    topics: dict[str, Rhythm]
    language: str | None
    friend: bool
    paused: bool
    danger_until: dt.datetime | None
    in_care: bool
    unanswered: bool
    courses: set[str] = field(default_factory=set)
    seats: set[str] = field(default_factory=set)
    entries: list[tuple[str, str, dt.date | None]] = field(default_factory=list)  # source, state, refresher


def fits(segment: Segment, one: Known, now: dt.datetime) -> bool:
    """The oracle."""
    match segment:
        case All(parts):
            return all(fits(part, one, now) for part in parts)
        case Either(parts):
            return any(fits(part, one, now) for part in parts)
        case Not(part):
            return not fits(part, one, now)
        case Fits(name, values):
            return any(has(name, value, one, now) for value in values)


def has(name: str, value: str, one: Known, now: dt.datetime) -> bool:
    match name:
        case "role" | "town" | "district" | "partner":
            return bool(getattr(one, name) == value)
        case "topic":
            return value in one.topics
        case "rhythm":
            rhythm, _, topic = value.partition(".")
            return any(at == rhythm and topic in ("", name) for name, at in one.topics.items())
        case "language":
            return (one.language or "ja") == value
        case "course":
            return value in one.courses
        case "seat":
            return value in one.seats
        case "entry":
            return any(source == value and state in supporters.SUPPORTING for source, state, _ in one.entries)
        case "registered-after":
            return one.since is not None and one.since.astimezone(TOKYO).date() >= dt.date.fromisoformat(
                value
            )
        case "registered-before":
            return one.since is not None and one.since.astimezone(TOKYO).date() < dt.date.fromisoformat(value)
        case "refresher-due":
            today = now.astimezone(TOKYO).date()
            last = (
                today + dt.timedelta(days=int(value[:-1]))
                if value[-1] == "d"
                else dt.date.fromisoformat(value)
            )
            return any(
                due and due <= last and state in supporters.SUPPORTING for _, state, due in one.entries
            )
    raise AssertionError(name)


def why_not(one: Known, now: dt.datetime) -> str | None:
    if not one.friend:
        return "blocked"
    if one.paused:
        return "paused"
    if one.danger_until is not None and one.danger_until > now:
        return "danger"
    return "concern" if one.in_care or one.unanswered else None


def a_course(work: Work, title: str = "講座", channel: str = "default") -> str:
    return courses.create(
        work,
        channel,
        title=title,
        town="tottori",
        on=dt.date(2026, 12, 6),
        place="会館",
        capacity=40,
        valid_from=work.now,
        valid_until=work.now + dt.timedelta(days=60),
    ).id


def somebody(work: Work, number: int, channel: str = "default") -> people.Person:
    return people.lock(work, channel, f"U{number:032x}")


def populate(work: Work, dice: random.Random, count: int, course_ids: list[str]) -> dict[str, Known]:
    """People with every mixture of facts, and as many strangers on another channel with the same facts."""
    found: dict[str, Known] = {}
    for number in range(count):
        channel = "default" if number % 3 else "iwami"
        person = somebody(work, number, channel)
        since = dt.datetime(
            2026, dice.choice((3, 8, 11, 12)), 15, dice.choice((0, 14, 15, 16)), tzinfo=dt.UTC
        )
        now = work.now
        one = Known(
            role=dice.choice(ROLES),
            town=dice.choice(TOWNS),
            district=dice.choice(DISTRICTS),
            partner=dice.choice(PARTNERS),
            since=dice.choice((since, since - dt.timedelta(seconds=1), None)),
            topics={topic: dice.choice(RHYTHMS) for topic in dice.sample(TOPICS, dice.randrange(3))},
            language=dice.choice(LANGUAGES),
            friend=dice.random() < 0.8,
            paused=dice.random() < 0.2,
            danger_until=dice.choice(
                (None, None, now, now + dt.timedelta(hours=1), now - dt.timedelta(hours=1))
            ),
            in_care=dice.random() < 0.1,
            unanswered=dice.random() < 0.1,
        )
        columns = {
            "role": one.role,
            "town": one.town,
            "district": one.district,
            "partner_id": one.partner,
            "language": one.language,
            "supporter_since": one.since,
            "friend": one.friend,
            "paused": one.paused,
            "danger_until": one.danger_until,
        }
        work.conn.execute(update(people.people).where(people.people.c.id == person.id).values(**columns))
        people.set_news(work, person, one.topics)
        _in_the_register(work, dice, person, one, course_ids)
        _at_courses(work, dice, person, one, course_ids)
        _in_trouble(work, dice, person, one)
        if channel == "default":
            found[person.id] = one
    return found


def _in_the_register(
    work: Work, dice: random.Random, person: people.Person, one: Known, ids: list[str]
) -> None:
    for _ in range(dice.randrange(3)):
        source, state = dice.choice(SOURCES), dice.choice(STATES)
        due = dice.choice((None, *(dt.date.fromisoformat(day) for day in DAYS)))
        made = supporters.add(
            work,
            person.channel,
            source=source,
            state=state,
            town="tottori",
            person_id=person.id,
            refresher_due_on=due,
        )  # type: ignore[arg-type]
        one.entries.append((source, state, due))
        if dice.random() < 0.3:
            chosen = dice.choice(ids)
            courses.attend(work, chosen, supporter_id=made.id, how="roster")
            one.courses.add(chosen)
        if dice.random() < 0.3:
            chosen, status = dice.choice(ids), dice.choice(("joined", "waiting", "declined"))
            joined = joinings.add(
                work,
                person.channel,
                course_id=chosen,
                supporter_id=made.id,
                person_id=person.id,
                status=status,
            )
            if dice.random() < 0.5:  # known by the entry alone
                mine = joinings.joinings.c.id == joined.id
                work.conn.execute(update(joinings.joinings).where(mine).values(person_id=None))
            one.courses |= {chosen} if status == "joined" else set()


def _at_courses(work: Work, dice: random.Random, person: people.Person, one: Known, ids: list[str]) -> None:
    if dice.random() < 0.3:
        chosen = dice.choice(ids)
        courses.attend(work, chosen, person.id)
        one.courses.add(chosen)
    if dice.random() < 0.4:
        chosen, state = dice.choice(ids), dice.choice(("seat", "waiting", "cancelled"))
        course_places.add(work, person.channel, chosen, source="line", state=state, person_id=person.id)
        one.seats |= {chosen} if state == "seat" else set()


def _in_trouble(work: Work, dice: random.Random, person: people.Person, one: Known) -> None:
    if one.in_care or dice.random() < 0.2:
        noted = dangers.note(work, person, "S1" if one.in_care else dice.choice(("S1", "S2")), "asked")
        if not one.in_care and noted.alarm_at is not None:
            row = dangers.dangers.c.id == noted.id
            work.conn.execute(update(dangers.dangers).where(row).values(closed_at=work.now))
    for state in ["sent"] * one.unanswered + dice.sample(
        ("accepted", "in_touch", "closed"), dice.randrange(3)
    ):
        made = a_concern(work, person)
        row = concerns.concerns.c.id == made
        work.conn.execute(update(concerns.concerns).where(row).values(state=state))


def a_concern(work: Work, person: people.Person) -> str:
    return concerns.open_concern(
        work,
        person.channel,
        person_id=person.id,
        town="tottori",
        district=None,
        kind="alone",
        level=3,
        since="week",
        subject_knows="no",
        window="w",
        route_reason="r",
    ).id


def leaves(course_ids: list[str]) -> st.SearchStrategy[Segment]:
    days = st.sampled_from(DAYS)
    words: dict[str, st.SearchStrategy[str]] = {
        "role": st.sampled_from(ROLES),
        "town": st.sampled_from([town for town in TOWNS if town]),
        "district": st.sampled_from([each for each in DISTRICTS if each]),
        "topic": st.sampled_from(TOPICS),
        "rhythm": st.sampled_from([*RHYTHMS, *(f"{each}.{topic}" for each in RHYTHMS for topic in TOPICS)]),
        "language": st.sampled_from([each for each in LANGUAGES if each]),
        "course": st.sampled_from(course_ids),
        "seat": st.sampled_from(course_ids),
        "partner": st.sampled_from([each for each in PARTNERS if each]),
        "entry": st.sampled_from(SOURCES),
        "registered-after": days,
        "registered-before": days,
        "refresher-due": st.one_of(days, st.integers(0, 400).map(lambda n: f"{n}d")),
    }
    return st.one_of(
        *(
            st.lists(each, min_size=1, max_size=2).map(lambda v, name=name: Fits(name, tuple(v)))
            for name, each in words.items()
        )
    )


def trees(course_ids: list[str]) -> st.SearchStrategy[Segment]:
    def more(inner: st.SearchStrategy[Segment]) -> st.SearchStrategy[Segment]:
        several = st.lists(inner, max_size=3).map(tuple)
        return st.one_of(several.map(All), several.map(Either), inner.map(Not))

    return st.recursive(leaves(course_ids), more, max_leaves=8)


@pytest.mark.parametrize("seed", range(2))
def test_the_database_finds_whom_plain_python_finds(db: Database, seed: int) -> None:
    with db.work() as work:
        ids = [a_course(work, f"講座{number}") for number in range(3)]
        known = populate(work, random.Random(seed), 150, ids)

    @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(trees(ids))
    def compare(segment: Segment) -> None:
        assert segment_of(segment_text(segment)) == segment
        with db.look() as work:
            now = work.now
            fit = {key for key, one in known.items() if fits(segment, one, now)}
            get = {key for key in fit if why_not(known[key], now) is None}
            who = recipients.recipients("default", segment, now)
            assert set(work.conn.execute(select(people.people.c.id).where(who)).scalars()) == get
            assert recipients.count_recipients(work, "default", segment) == len(get)
            reached = reach(work, "default", segment)
            shown = recipients.sample(work, "default", segment)
        assert reached.recipients == len(get)
        reasons = Counter(reason for key in fit if (reason := why_not(known[key], now)))
        if not values_of(segment, "topic"):
            assert reached.left_out == reasons
        else:  # who fits but for a topic may be blocked or paused, too
            assert all(reached.left_out.get(reason, 0) >= count for reason, count in reasons.items())  # type: ignore[call-overload]
        assert list(reached.left_out) == [reason for reason in REASONS if reason in reached.left_out]
        assert len(shown) == min(5, len(get))

    compare()


def test_the_freeze_writes_down_exactly_whom_the_preview_counted(db: Database) -> None:
    with db.work() as work:
        ids = [a_course(work)]
        known = populate(work, random.Random(7), 120, ids)
        segment = Either((Fits("topic", ("events",)), Not(Fits("town", ("tottori",)))))
        before = reach(work, "default", segment)
        made = broadcasts.schedule(work, "default", [{"text": "a"}], segment, work.now, created_by="x")
        assert broadcasts.start(work, made.id)
        freezing.freeze(work, made.id, lambda _: [{"type": "text", "text": "a"}])
        rows = work.conn.execute(
            select(broadcast_recipients.c.person_id, broadcast_recipients.c.outcome)
        ).all()
    to_be_sent = {row.person_id for row in rows if row.outcome is None}
    gone = {row.person_id for row in rows if row.outcome == "blocked"}
    assert len(to_be_sent) == before.recipients > 0
    assert gone == {key for key, one in known.items() if not one.friend and fits(segment, one, work.now)}


# ---- why somebody gets nothing -----------------------------------------------------------------------------


def reached(db: Database, segment: Segment = EVERYONE) -> Reach:
    with db.look() as work:
        return reach(work, "default", segment)


def test_whoever_has_several_reasons_counts_once_under_the_first(db: Database, clock: Clock) -> None:
    with db.work() as work:
        for number in range(5):
            person = somebody(work, number)
            values: dict[str, Any] = {}
            if number < 4:
                a_concern(work, person)
            if number < 3:
                values["danger_until"] = clock.now + dt.timedelta(hours=1)
            if number < 2:
                values["paused"] = True
            if number < 1:
                values["friend"] = False
            if values:
                work.conn.execute(
                    update(people.people).where(people.people.c.id == person.id).values(**values)
                )
    assert reached(db) == Reach(1, {"blocked": 1, "paused": 1, "danger": 1, "concern": 1})


def test_who_did_not_choose_the_topic_is_counted_and_who_is_excluded_by_staff_is_not(db: Database) -> None:
    with db.work() as work:
        for number, topics in enumerate((("events",), ("tips",), ())):
            people.set_topics(work, somebody(work, number), topics)
    assert reached(db, Fits("topic", ("events",))) == Reach(1, {"topic": 2})
    assert reached(db, Not(Fits("topic", ("events",)))) == Reach(2, {})
    assert reached(db, Not(Not(Fits("topic", ("events",))))) == Reach(1, {"topic": 2})
    assert reached(db, All((Fits("role", ("supporter",)), Fits("topic", ("events",))))) == Reach(0, {})


def test_after_a_concern_news_go_on_as_soon_as_a_desk_has_taken_it(db: Database) -> None:
    with db.work() as work:
        made = a_concern(work, somebody(work, 1))
    assert reached(db) == Reach(0, {"concern": 1})
    with db.work() as work:
        concern = concerns.get(work, made)
        assert concern is not None
        concerns.accept(work, concern)
    assert reached(db) == Reach(1, {})


def test_after_words_of_danger_news_go_on_when_that_is_closed(db: Database, clock: Clock) -> None:
    with db.work() as work:
        noted = dangers.note(work, somebody(work, 1), "S1", "asked")
    clock.move(days=3)
    assert reached(db) == Reach(0, {"concern": 1})
    with db.work() as work:
        row = dangers.dangers.c.id == noted.id
        work.conn.execute(update(dangers.dangers).where(row).values(closed_at=work.now))
    assert reached(db) == Reach(1, {})


def test_a_day_begins_at_midnight_in_tottori(db: Database) -> None:
    midnight = dt.datetime(2026, 4, 1, tzinfo=TOKYO)
    with db.work() as work:
        for number, since in enumerate((midnight - dt.timedelta(seconds=1), midnight)):
            row = people.people.c.id == somebody(work, number).id
            work.conn.execute(update(people.people).where(row).values(supporter_since=since))
    for name in ("registered-after", "registered-before"):
        assert reached(db, Fits(name, ("2026-04-01",))).recipients == 1  # type: ignore[arg-type]


def test_days_from_now_are_counted_at_the_sending_and_not_at_the_planning(db: Database, clock: Clock) -> None:
    today = clock.now.astimezone(TOKYO).date()
    with db.work() as work:
        person = somebody(work, 1)
        supporters.add(
            work, "default", source="line", state="active", town="tottori", person_id=person.id,
            refresher_due_on=today + dt.timedelta(days=31),
        )  # fmt: skip
    soon = Fits("refresher-due", ("30d",))
    assert reached(db, soon).recipients == 0
    clock.move(days=1)
    assert reached(db, soon).recipients == 1


# ---- as it is kept -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    ["{}", "[]", "3", '{"field": "shoe-size", "values": ["a"]}', '{"field": "town", "values": []}', '{"all": 3}',
     '{"field": "registered-after", "values": ["2026-02-30"]}', '{"field": "refresher-due", "values": ["soon"]}',
     '{"field": "registered-before", "values": ["30d"]}', '{"roles": [], "towns": []}'],
)  # fmt: skip
def test_what_is_no_segment_is_never_read_as_everybody(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        segment_of(text)


def nested(depth: int) -> Segment:
    found: Segment = Fits("town", ("a",))
    for _ in range(depth - 1):
        found = Not(found)
    return found


def full(values: int) -> Segment:
    each = tuple(str(number) for number in range(200))
    whole, left = divmod(values, 200)
    return Either((*[Fits("topic", each)] * whole, *([Fits("town", each[:left])] if left else [])))


@pytest.mark.parametrize(
    ("make", "largest"),
    [
        (nested, 20),
        (full, 2_000),
        (lambda n: Either(tuple(Fits("town", (str(each),)) for each in range(n - 1))), 200),
    ],
)
def test_the_largest_segment_is_kept_and_asked_and_a_larger_one_is_refused(
    db: Database, make: Callable[[int], Segment], largest: int
) -> None:
    reached(db, segment_of(segment_text(make(largest))))
    with pytest.raises(ValueError, match="too many parts"):
        segment_text(make(largest + 1))


def test_a_condition_takes_two_hundred_values(db: Database) -> None:
    reached(db, Fits("town", tuple(str(number) for number in range(200))))
    with pytest.raises(ValueError, match="201 values"):
        Fits("town", tuple(str(number) for number in range(201)))


# ---- from before there were expressions --------------------------------------------------------------------

OLD = {
    '{"roles": [], "towns": [], "districts": [], "topics": []}': EVERYONE,
    '{"roles": ["resident"], "towns": [], "districts": [], "topics": []}': Fits("role", ("resident",)),
    '{"roles": ["supporter"], "towns": ["a", "b"], "districts": ["c"], "topics": ["d", "e"]}': All(
        (
            Fits("role", ("supporter",)),
            Fits("town", ("a", "b")),
            Fits("district", ("c",)),
            Fits("topic", ("d", "e")),
        )
    ),
}


@pytest.fixture(params=["sqlite", "postgresql"])
def old_url(request: pytest.FixtureRequest, tmp_path: Any) -> Iterator[str]:
    """The address of a database without any table."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'old.db'}"
        return
    server = new_engine(request.getfixturevalue("postgresql_url"))
    name = f"{server.url.database}_segments"
    with server.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
        conn.exec_driver_sql(f"CREATE DATABASE {name}")
    yield server.url.set(database=name).render_as_string(hide_password=False)
    with server.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
        conn.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
    server.dispose()


def test_what_was_planned_before_goes_to_the_same_people(old_url: str) -> None:
    engine = new_engine(old_url)
    with rebuilding(engine) as conn:
        upgrade(conn, "0013")
        for number, text in enumerate(OLD):
            conn.exec_driver_sql(
                "INSERT INTO broadcasts (id, channel, messages, segment, due_at, status, recipients, created_by,"
                f" created_at, late_limit_minutes) VALUES ('b{number}', 'default', '', '{text}',"
                " '2026-12-01 00:00:00', 'scheduled', 0, 'x', '2026-11-01 00:00:00', 60)"
            )
    with rebuilding(engine) as conn:
        upgrade(conn)
        kept = conn.exec_driver_sql("SELECT segment FROM broadcasts ORDER BY id").scalars().all()
    engine.dispose()
    assert [segment_of(text) for text in kept] == list(OLD.values())


def test_the_plain_form_names_field_and_values() -> None:
    segment = All((Not(Fits("town", ("a",))), Either((Fits("topic", ("b",)),))))
    assert as_plain(segment) == {
        "all": [{"not": {"field": "town", "values": ["a"]}}, {"any": [{"field": "topic", "values": ["b"]}]}]
    }
