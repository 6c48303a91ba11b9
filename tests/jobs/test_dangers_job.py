"""Who of the town hears that somebody may be in danger: two at least, by two ways, higher every 15 minutes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from office import SUPPORT, doer, hire
from prometheus_client import Counter
from rooms import Rooms
from sqlalchemy import select
from surroundings import Clock
from town import PUBLIC_URL, the_content

from bot import metrics
from bot.content.library import Content
from bot.content.watch import TownWatch
from bot.desk import dangers as deeds
from bot.mailer import Later, Letter, Outcome, Sent
from jobs import dangers as job
from jobs.mail import Post
from storage import audit, dangers, mails, people, staff
from storage.dangers import Danger
from storage.notices import notices
from storage.outbox import outbox
from storage.staff import Role, Staff
from storage.work import Database

DESK = "tottori_chuo_jinken"  # the general desk of 鳥取市, which is also the channel's central town


def told(db: Database) -> list[tuple[str, str]]:
    """Step and address of every mail, in the order in which they were written."""
    with db.look() as work:
        rows = work.conn.execute(
            select(mails.mails, notices.c.step)
            .join(notices, notices.c.id == mails.mails.c.notice_id)
            .order_by(mails.mails.c.created_at, mails.mails.c.id)
        ).all()
        return [
            (row.step, str(work.unseal(row.address, row.channel, "mails", "address", row.id))) for row in rows
        ]


def on_line(db: Database) -> list[str]:
    """Whom a message on LINE waits for."""
    with db.look() as work:
        return [row.person_id for row in work.conn.execute(select(outbox).order_by(outbox.c.id)).all()]


def worker(db: Database, name: str, role: Role = "member", *, mail: bool = True, line: bool = False) -> Staff:
    """Somebody at the general desk, with a mailbox, or with LINE."""
    made = hire(db, name, DESK, role=role)
    with db.work() as work:
        if mail:
            staff.set_mail(work, made.id, f"{name}@town.example")
        if line:
            joined = people.lock(work, "default", f"U{name.encode().hex():0>32}")
            staff.join_person(work, made.id, joined.id)
        found = staff.get(work, made.id)
    assert found is not None
    return found


def somebody_writes(db: Database, code: str = "S1", *, town: str | None = None, sign: str = "e") -> Danger:
    with db.work() as work:
        person = people.lock(work, "default", "U" + sign * 32)
        if town:
            person = replace(person, town=town)
        return deeds.happened(work, person, code, "suicide")


def alarms(name: str) -> float:
    counter: Counter = metrics.ALARMS
    return float(counter.labels(name)._value.get())


def the_mails_of(rooms: Rooms, outcome: Outcome) -> Post:
    class Server:
        def send(self, letters: Iterator[Letter]) -> Iterator[tuple[Letter, Outcome]]:
            for letter in letters:
                yield letter, outcome

    return Post(rooms.db, rooms.content, PUBLIC_URL, Server())  # type: ignore[arg-type]


def test_two_people_hear_of_it_at_once_at_any_hour(rooms: Rooms, db: Database, clock: Clock) -> None:
    clock.move(days=4, hours=17)  # a Sunday, 3 in the morning
    worker(db, "tanaka")
    worker(db, "sato")
    somebody_writes(db)
    assert job.tick(rooms) == 1
    assert sorted(told(db)) == [("desk", "sato@town.example"), ("desk", "tanaka@town.example")]
    assert job.tick(rooms) == 0


def test_where_the_desk_is_one_person_those_above_hear_of_it_at_once(rooms: Rooms, db: Database) -> None:
    worker(db, "tanaka")
    worker(db, "kakaricho", "leader")
    worker(db, "kacho", "department")
    somebody_writes(db)
    job.tick(rooms)
    assert [address for _, address in told(db)] == ["tanaka@town.example", "kakaricho@town.example"]


def test_what_is_near_goes_by_mail_and_by_line_together(rooms: Rooms, db: Database) -> None:
    both = worker(db, "tanaka", line=True)
    worker(db, "sato")
    somebody_writes(db, "S0")
    job.tick(rooms)
    assert len(told(db)) == 2
    assert on_line(db) == [both.person_id]


def test_what_is_strong_goes_by_mail_and_by_line_only_to_who_has_no_mailbox(
    rooms: Rooms, db: Database
) -> None:
    worker(db, "tanaka", line=True)
    phone_only = worker(db, "sato", mail=False, line=True)
    somebody_writes(db, "S1")
    job.tick(rooms)
    assert [address for _, address in told(db)] == ["tanaka@town.example"]
    assert on_line(db) == [phone_only.person_id]


def test_where_the_mail_server_is_down_line_takes_over(rooms: Rooms, db: Database, clock: Clock) -> None:
    both = [worker(db, name, line=True).person_id for name in ("tanaka", "sato")]
    somebody_writes(db, "S1")
    job.tick(rooms)
    post = the_mails_of(rooms, Later("connection refused"))
    for _ in range(7):
        post.round()
        clock.move(minutes=1)
    assert sorted(map(str, on_line(db))) == sorted(map(str, both))


def test_where_there_is_no_mail_server_line_takes_over_at_once(rooms: Rooms, db: Database) -> None:
    both = [worker(db, name, line=True).person_id for name in ("tanaka", "sato")]
    somebody_writes(db, "S1")
    job.tick(rooms)
    Post(db, rooms.content, PUBLIC_URL, None).round()
    assert set(on_line(db)) == set(both)


def test_unread_it_climbs_every_fifteen_minutes_and_then_all_hear_of_it_each_hour(
    rooms: Rooms, db: Database, clock: Clock
) -> None:
    for name, role in (("tanaka", "member"), ("sato", "member"), ("cho", "leader"), ("ka", "department")):
        worker(db, name, role)  # type: ignore[arg-type]
    worker(db, "toban", "duty")
    somebody_writes(db)
    heard: dict[int, list[str]] = {}
    before = 0
    for minute in range(0, 170):
        job.tick(rooms)
        now = told(db)
        if len(now) > before:
            heard[minute] = sorted(address.split("@")[0] for _, address in now[before:])
            before = len(now)
        clock.move(minutes=1)
    everybody = ["cho", "ka", "sato", "tanaka", "toban"]
    assert heard == {
        0: ["sato", "tanaka"],
        15: ["cho"],
        30: ["ka"],
        45: ["toban"],
        105: everybody,
        165: everybody,
    }


def test_a_step_at_which_nobody_is_passes_to_the_next_one(rooms: Rooms, db: Database, clock: Clock) -> None:
    worker(db, "tanaka")
    worker(db, "sato")
    somebody_writes(db)
    job.tick(rooms)
    clock.move(minutes=15)
    job.tick(rooms)
    assert [address for step, address in told(db) if step == "leader"] == [
        "tanaka@town.example",
        "sato@town.example",
    ]


def test_seeing_it_ends_the_climb(rooms: Rooms, db: Database, clock: Clock) -> None:
    me = worker(db, "tanaka")
    worker(db, "sato")
    danger = somebody_writes(db)
    job.tick(rooms)
    with db.work() as work:
        deeds.see(work, doer(me), danger)
    clock.move(hours=5)
    assert job.tick(rooms) == 0


def test_when_it_becomes_worse_the_climb_begins_anew_and_by_both_ways(
    rooms: Rooms, db: Database, clock: Clock
) -> None:
    me = worker(db, "tanaka", line=True)
    worker(db, "sato")
    danger = somebody_writes(db, "S1")
    job.tick(rooms)
    with db.work() as work:
        deeds.see(work, doer(me), danger)
    clock.move(minutes=3)
    somebody_writes(db, "S0")
    assert job.tick(rooms) == 1
    assert len(told(db)) == 4
    assert on_line(db) == [me.person_id]


def test_twenty_messages_are_one_telling(rooms: Rooms, db: Database, clock: Clock) -> None:
    worker(db, "tanaka")
    worker(db, "sato")
    for _ in range(20):
        somebody_writes(db)
        job.tick(rooms)
        clock.move(seconds=30)
    assert len(told(db)) == 2


def test_two_people_in_danger_are_two_tellings(rooms: Rooms, db: Database) -> None:
    worker(db, "tanaka")
    worker(db, "sato")
    somebody_writes(db, sign="c")
    somebody_writes(db, sign="d")
    assert job.tick(rooms) == 2
    assert len(told(db)) == 4


def test_what_is_vague_is_told_to_nobody(rooms: Rooms, db: Database, clock: Clock) -> None:
    worker(db, "tanaka")
    somebody_writes(db, "S2")
    clock.move(hours=2)
    assert job.tick(rooms) == 0


def test_whose_own_words_they_are_is_not_told(rooms: Rooms, db: Database) -> None:
    worker(db, "tanaka")
    worker(db, "sato")
    own = worker(db, "yamada", line=True)
    with db.work() as work:
        person = people.get(work, own.person_id or "")
        assert person is not None
        deeds.happened(work, person, "S0", "suicide")
    job.tick(rooms)
    assert sorted(address for _, address in told(db)) == ["sato@town.example", "tanaka@town.example"]
    assert on_line(db) == []


def test_nobody_to_tell_is_an_alarm_and_is_tried_again(rooms: Rooms, db: Database, clock: Clock) -> None:
    before = alarms("notice.nobody")
    somebody_writes(db)
    job.tick(rooms)
    assert alarms("notice.nobody") == before + 1
    worker(db, "tanaka")
    clock.move(minutes=15)
    job.tick(rooms)
    assert [address for _, address in told(db)] == ["tanaka@town.example"]


def test_one_alone_is_told_and_that_it_is_only_one_is_an_alarm(rooms: Rooms, db: Database) -> None:
    before = alarms("danger.too_few")
    worker(db, "tanaka")
    somebody_writes(db)
    job.tick(rooms)
    assert len(told(db)) == 1
    assert alarms("danger.too_few") == before + 1


def test_when_neither_mail_nor_line_gets_through_for_fifteen_minutes_there_is_an_alarm(
    rooms: Rooms, db: Database, clock: Clock
) -> None:
    before = alarms("danger.nobody_reached")
    worker(db, "tanaka", line=True)
    worker(db, "sato", line=True)
    somebody_writes(db, "S0")
    job.tick(rooms)
    clock.move(minutes=15)
    job.tick(rooms)
    assert alarms("danger.nobody_reached") == before + 1
    clock.move(minutes=15)
    job.tick(rooms)
    assert alarms("danger.nobody_reached") == before + 2


@pytest.mark.parametrize("way", ["mail", "line"])
def test_one_way_that_works_is_enough_against_that_alarm(
    rooms: Rooms, db: Database, clock: Clock, way: str
) -> None:
    before = alarms("danger.nobody_reached")
    worker(db, "tanaka", line=True)
    worker(db, "sato", line=True)
    somebody_writes(db, "S0")
    job.tick(rooms)
    if way == "mail":
        the_mails_of(rooms, Sent()).round()
    else:
        with db.work() as work:
            work.conn.execute(outbox.update().values(state="accepted", settled=work.now))
    clock.move(minutes=15)
    job.tick(rooms)
    assert alarms("danger.nobody_reached") == before


def test_a_town_can_name_another_desk_and_more_people(rooms: Rooms, db: Database) -> None:
    own = {"iwami": TownWatch("iwami_fukushi", ("hoken@iwami.example",))}
    content: Content = replace(the_content(), danger_watch=replace(the_content().danger_watch, towns=own))
    rooms.content = content
    made = hire(db, "岩美", "iwami_fukushi")
    with db.work() as work:
        staff.set_mail(work, made.id, "tanto@iwami.example")
    somebody_writes(db, town="iwami")
    job.tick(rooms)
    assert sorted(address for _, address in told(db)) == ["hoken@iwami.example", "tanto@iwami.example"]


def test_the_mail_carries_a_number_and_a_link_and_nothing_else(rooms: Rooms, db: Database) -> None:
    worker(db, "tanaka")
    danger = somebody_writes(db, "S0")
    job.tick(rooms)
    written: list[Letter] = []

    class Server:
        def send(self, letters: Iterator[Letter]) -> Iterator[tuple[Letter, Outcome]]:
            for letter in letters:
                written.append(letter)
                yield letter, Sent()

    Post(db, rooms.content, PUBLIC_URL, Server()).round()  # type: ignore[arg-type]
    (letter,) = written
    assert f"{PUBLIC_URL}/desk/dangers/{danger.number}" in letter.text
    for word in ("死", "自殺", "つらい", "危険", "鳥取", "S0", "suicide", "命"):
        assert word not in letter.text + letter.subject


def test_on_line_not_even_the_number(rooms: Rooms, db: Database) -> None:
    worker(db, "tanaka", line=True)
    danger = somebody_writes(db, "S0")
    job.tick(rooms)
    with db.look() as work:
        (row,) = work.conn.execute(select(outbox)).all()
        body: Any = work.unseal(row.body, row.channel, "outbox", "body", row.retry_key)
    assert row.must_arrive
    assert danger.number not in str(body)
    assert "いますぐ確認してほしいこと" in str(body)


def test_one_that_is_in_trouble_does_not_keep_the_others(
    rooms: Rooms, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker(db, "tanaka")
    first, second = somebody_writes(db, "S0", sign="c"), somebody_writes(db, "S1", sign="d")
    real = deeds.tell

    def tell(work: Any, content: Any, url: str, danger: Danger, *rest: Any) -> bool:
        if danger.id == first.id:
            raise RuntimeError
        return real(work, content, url, danger, *rest)

    monkeypatch.setattr(deeds, "tell", tell)
    assert job.tick(rooms) == 1
    with db.look() as work:
        rows = work.conn.execute(select(notices)).all()
    assert {row.danger_id for row in rows} == {second.id}


def test_after_an_outage_of_ours_what_is_overdue_is_told_once(
    rooms: Rooms, db: Database, clock: Clock
) -> None:
    worker(db, "tanaka")
    worker(db, "sato")
    somebody_writes(db)
    clock.move(hours=10)
    assert job.tick(rooms) == 5  # four steps, and of the hours that passed the last
    assert job.tick(rooms) == 0


def test_who_was_told_stands_in_the_audit(rooms: Rooms, db: Database, clock: Clock) -> None:
    worker(db, "tanaka")
    danger = somebody_writes(db)
    job.tick(rooms)
    clock.move(minutes=15)
    job.tick(rooms)
    with db.look() as work:
        lines = audit.listed(work, kind="danger", subject_id=danger.id)
    assert [(one.actor, one.deed) for one in reversed(lines)] == [
        ("system", "told_desk"),
        ("system", "told_leader"),
    ]


def test_an_erased_person_is_still_looked_for(rooms: Rooms, db: Database) -> None:
    """Somebody wrote it; that they then erased everything may be the worst sign."""
    worker(db, "tanaka")
    somebody_writes(db)
    with db.work() as work:
        work.conn.execute(dangers.dangers.update().values(person_id=None))
    assert job.tick(rooms) == 1


def test_other_desks_hear_nothing(rooms: Rooms, db: Database) -> None:
    stranger = hire(db, "よその人", SUPPORT)
    with db.work() as work:
        staff.set_mail(work, stranger.id, "stranger@town.example")
    worker(db, "tanaka")
    somebody_writes(db)
    job.tick(rooms)
    assert [address for _, address in told(db)] == ["tanaka@town.example"]
