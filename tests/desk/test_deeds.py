"""What a desk does with a concern: the row, the story, the audit, and what the reporter hears of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from office import CONTACT, IWAMI, SUPPORT, again, desk_now, doer, hire, lines, report
from sqlalchemy import select
from surroundings import Clock
from town import the_content

from bot.desk import deeds, handing_on, knowing
from bot.desk.deeds import CannotBeDone, Doer
from storage import concerns, entries, inboxes, notices
from storage.concerns import Concern
from storage.outbox import outbox
from storage.staff import Staff
from storage.transitions import NotPermitted
from storage.work import Database, Work


@pytest.fixture
def tanaka(db: Database) -> Staff:
    return hire(db, "田中 花子", IWAMI)


def heard(db: Database, concern: Concern) -> list[str]:
    """Which words of the fixed vocabulary are on their way to the reporter."""
    texts, found = the_content().texts, []
    with db.look() as work:
        rows = work.conn.execute(
            select(outbox).where(outbox.c.person_id == concern.person_id).order_by(outbox.c.id)
        )
        for row in rows:
            said = str(work.unseal(row.body, row.channel, "outbox", "body", row.retry_key))
            for word in ("read", "in_touch", "no_more", "thanks", "question", "follow_up"):
                first_line = texts.get(f"hearing.{word}").splitlines()[0]
                if first_line in said:
                    found.append(word)
    return found


def story(db: Database, concern: Concern) -> list[tuple[str, Any]]:
    with db.look() as work:
        return [(one.kind, one.words) for one in entries.of(work, concern)]


def do(db: Database, deed: Callable[[Work], Any]) -> Any:
    with db.work() as work:
        return deed(work)


def test_the_first_reading_is_told_to_the_reporter_and_every_reading_is_in_the_audit(
    db: Database, tanaka: Staff
) -> None:
    concern, by = report(db), doer(tanaka)
    for _ in range(3):
        do(db, lambda work: deeds.read(work, desk_now(db), by, concern))
    assert heard(db, concern) == ["read"]
    assert lines(db, concern) == [(f"staff:{tanaka.id}", "read")] * 3
    assert again(db, concern).read_at is not None


def test_a_desk_that_is_only_asked_reads_without_counting_as_the_first_reader(
    db: Database, tanaka: Staff
) -> None:
    concern, other = report(db), doer(hire(db, "佐藤", SUPPORT))
    do(db, lambda work: deeds.read(work, desk_now(db), other, concern))
    assert heard(db, concern) == []
    assert lines(db, concern) == [(other.name, "read")]


def test_who_accepts_is_in_charge_and_the_second_one_is_told(db: Database, tanaka: Staff) -> None:
    concern, suzuki = report(db), hire(db, "鈴木", IWAMI)
    taken = do(db, lambda work: deeds.accept(work, doer(tanaka), concern))
    assert (taken.state, taken.assignee_id) == ("accepted", tanaka.id)
    with pytest.raises(NotPermitted):
        do(db, lambda work: deeds.accept(work, doer(suzuki), concern))
    assert again(db, concern).assignee_id == tanaka.id


def test_of_many_who_accept_at_once_one_does(
    db: Database, together: Callable[[int, Callable[[int], Any]], list[Any]]
) -> None:
    concern, people = report(db), [hire(db, f"職員{n}", IWAMI) for n in range(6)]

    def accept(number: int) -> str | None:
        try:
            return str(do(db, lambda work: deeds.accept(work, doer(people[number]), concern)).assignee_id)
        except NotPermitted:
            return None

    (winner,) = [one for one in together(6, accept) if one]
    assert again(db, concern).assignee_id == winner
    assert [deed for _, deed in lines(db, concern)] == ["accept"]


@pytest.mark.parametrize(
    ("whom", "reached", "state", "word"),
    [
        ("subject", True, "in_touch", ["in_touch"]),
        ("family", True, "in_touch", ["in_touch"]),
        ("subject", False, "sent", []),
        ("reporter", True, "sent", []),
        ("other", True, "sent", []),
    ],
)
def test_the_first_call_that_reaches_somebody_is_the_first_contact(
    db: Database, tanaka: Staff, whom: str, reached: bool, state: str, word: list[str]
) -> None:
    concern = report(db)
    do(db, lambda work: deeds.call(work, desk_now(db), doer(tanaka), concern, whom, reached, "元気だった"))
    assert again(db, concern).state == state
    assert heard(db, concern) == word
    ((kind, words),) = story(db, concern)
    assert (kind, words["whom"], words["reached"], words["text"]) == ("call", whom, reached, "元気だった")


def test_a_second_contact_tells_nobody_twice(db: Database, tanaka: Staff) -> None:
    concern = report(db)
    for _ in range(2):
        do(
            db,
            lambda work: deeds.call(
                work, desk_now(db), doer(tanaka), again(db, concern), "subject", True, ""
            ),
        )
    assert heard(db, concern) == ["in_touch"]


def test_a_question_is_kept_and_only_its_existence_goes_through_line(db: Database, tanaka: Staff) -> None:
    concern = report(db)
    do(db, lambda work: deeds.ask(work, desk_now(db), doer(tanaka), concern, "犬は鳴いていますか"))
    assert heard(db, concern) == ["question"]
    assert story(db, concern) == [("question", {"text": "犬は鳴いていますか"})]
    with db.look() as work:
        bodies = [
            str(work.unseal(row.body, row.channel, "outbox", "body", row.retry_key))
            for row in work.conn.execute(select(outbox))
        ]
    assert not any("犬" in body for body in bodies)


def test_nobody_is_asked_where_nobody_on_line_reported(db: Database, tanaka: Staff) -> None:
    concern = report(db, person_id=None, source="telephone")
    with pytest.raises(CannotBeDone, match="no_reporter"):
        do(db, lambda work: deeds.ask(work, desk_now(db), doer(tanaka), concern, "いつですか"))
    assert story(db, concern) == []


def test_a_level_only_rises_and_no_due_time_moves_away(db: Database, tanaka: Staff, clock: Clock) -> None:
    concern = report(db, level=3)
    clock.now += dt.timedelta(hours=1)
    raised = do(
        db,
        lambda work: deeds.raise_level(work, desk_now(db), doer(tanaka), concern, 0, "応答がない"),
    )
    assert raised.level == 0
    assert raised.accept_due is not None
    assert concern.accept_due is not None
    assert raised.accept_due < concern.accept_due
    assert story(db, concern) == [("level", {"from": 3, "to": 0, "text": "応答がない"})]
    with pytest.raises(CannotBeDone, match="level_not_raised"):
        do(db, lambda work: deeds.raise_level(work, desk_now(db), doer(tanaka), raised, 2, "落ちついた"))


def test_a_level_that_rises_late_leaves_an_earlier_due_time(
    db: Database, tanaka: Staff, clock: Clock
) -> None:
    concern = report(db, level=2)
    clock.now += dt.timedelta(days=20)
    raised = do(db, lambda work: deeds.raise_level(work, desk_now(db), doer(tanaka), concern, 1, "急いで"))
    assert raised.accept_due == concern.accept_due


def test_the_end_is_told_without_what_came_of_it(db: Database, tanaka: Staff) -> None:
    concern = report(db)
    closed = do(
        db, lambda work: deeds.close(work, desk_now(db), doer(tanaka), concern, "connected", "包括につないだ")
    )
    assert (closed.state, closed.outcome) == ("closed", "connected")
    assert heard(db, concern) == [the_content().outcomes["connected"].tells]
    assert story(db, concern) == [("closed", {"outcome": "connected", "text": "包括につないだ"})]
    with pytest.raises(NotPermitted):
        do(db, lambda work: deeds.close(work, desk_now(db), doer(tanaka), closed, "none", ""))
    with pytest.raises(CannotBeDone, match="closed"):
        do(db, lambda work: deeds.ask(work, desk_now(db), doer(tanaka), closed, "まだですか"))


def test_what_is_reopened_has_new_due_times(db: Database, tanaka: Staff, clock: Clock) -> None:
    concern = report(db)
    closed = do(db, lambda work: deeds.close(work, desk_now(db), doer(tanaka), concern, "none", ""))
    clock.now += dt.timedelta(days=30)
    opened = do(db, lambda work: deeds.reopen(work, desk_now(db), doer(tanaka), closed, "また新聞がたまった"))
    assert (opened.state, opened.outcome, opened.closed_at) == ("accepted", None, None)
    assert opened.contact_due > clock.now


def test_what_is_offered_to_another_desk_is_not_closed(db: Database, tanaka: Staff) -> None:
    concern = report(db)
    do(
        db,
        lambda work: handing_on.hand_on(
            work, desk_now(db), doer(tanaka), concern, SUPPORT, subject="agreed", reporter="agreed", text="x"
        ),
    )
    with pytest.raises(CannotBeDone, match="handed_on"):
        do(db, lambda work: deeds.close(work, desk_now(db), doer(tanaka), concern, "none", ""))


EVERY_DEED: dict[str, Callable[[Work, Database, Doer, Concern], Any]] = {
    "accept": lambda work, db, by, it: deeds.accept(work, by, it),
    "note": lambda work, db, by, it: deeds.note(work, by, it, "x"),
    "call": lambda work, db, by, it: deeds.call(work, desk_now(db), by, it, "subject", True, "x"),
    "ask": lambda work, db, by, it: deeds.ask(work, desk_now(db), by, it, "x"),
    "assign": lambda work, db, by, it: deeds.assign(work, by, it, None),
    "level": lambda work, db, by, it: deeds.raise_level(work, desk_now(db), by, it, 0, "x"),
    "close": lambda work, db, by, it: deeds.close(work, desk_now(db), by, it, "none", ""),
    "reopen": lambda work, db, by, it: deeds.reopen(work, desk_now(db), by, it, "x"),
    "seen": lambda work, db, by, it: deeds.news_seen(work, by, it),
    "identity": lambda work, db, by, it: knowing.open_identity(work, by, it, "x"),
    "hand_on": lambda work, db, by, it: handing_on.hand_on(
        work, desk_now(db), by, it, IWAMI, subject="agreed", reporter="agreed", text="x"
    ),
}


@pytest.mark.parametrize("deed", EVERY_DEED)
def test_a_desk_that_is_not_in_charge_does_nothing(db: Database, deed: str) -> None:
    concern, stranger = report(db), doer(hire(db, "佐藤", SUPPORT))
    with pytest.raises(CannotBeDone, match="not_in_charge"):
        do(db, lambda work: EVERY_DEED[deed](work, db, stranger, concern))
    assert again(db, concern) == concern
    assert story(db, concern) == []
    assert lines(db, concern) == []


# ---- who knows what ----------------------------------------------------------------------------------------


def test_who_reported_opens_only_for_a_reason_that_stays(db: Database, tanaka: Staff) -> None:
    concern = report(db)
    with pytest.raises(CannotBeDone, match="reason_needed"):
        do(db, lambda work: knowing.open_identity(work, doer(tanaka), concern, "  "))
    found = do(db, lambda work: knowing.open_identity(work, doer(tanaka), concern, "折り返し電話のため"))
    assert found.contact == CONTACT
    assert story(db, concern) == [("identity", {"text": "折り返し電話のため"})]
    assert lines(db, concern) == [(f"staff:{tanaka.id}", "open_identity")]
    with db.look() as work:
        assert "contact" not in knowing.words_of(work, concern)


def test_who_knows_the_family_sees_it_no_more_and_the_leader_is_told(db: Database, tanaka: Staff) -> None:
    concern, suzuki = report(db), hire(db, "鈴木", IWAMI)
    taken = do(db, lambda work: deeds.accept(work, doer(tanaka), concern))
    assert do(db, lambda work: knowing.recuse(work, desk_now(db), doer(tanaka), taken)) == "leader"
    with db.look() as work:
        assert concerns.visible(work, concern.number, tanaka.windows, tanaka.id) is None
        assert inboxes.page(work, tanaka.windows, tanaka.id, "doing") == ()
        assert [one.id for one in inboxes.page(work, suzuki.windows, suzuki.id, "doing")] == [concern.id]
        told = [(one.what, one.step) for one in notices.unseen(work, (IWAMI,))]
    assert again(db, concern).assignee_id is None
    assert ("recused", "leader") in told


def test_where_nobody_else_is_left_the_department_is_told(db: Database, tanaka: Staff) -> None:
    concern = report(db)
    assert do(db, lambda work: knowing.recuse(work, desk_now(db), doer(tanaka), concern)) == "department"


# ---- two reports about one person --------------------------------------------------------------------------


def test_merged_reports_are_both_kept_and_both_reporters_hear_the_same(db: Database, tanaka: Staff) -> None:
    by, kept, other = doer(tanaka), report(db), report(db)
    do(db, lambda work: deeds.read(work, desk_now(db), by, kept))
    do(db, lambda work: knowing.merge(work, desk_now(db), by, other, kept))
    assert (again(db, other).state, again(db, other).outcome) == ("closed", "merged")
    assert again(db, other).merged_into == kept.id
    assert story(db, other) == [("merged", {"into": kept.number})]
    assert story(db, kept) == [("merged", {"from": other.number})]
    do(db, lambda work: deeds.call(work, desk_now(db), by, again(db, kept), "subject", True, ""))
    do(db, lambda work: deeds.close(work, desk_now(db), by, again(db, kept), "connected", ""))
    assert heard(db, kept) == heard(db, other) == ["read", "in_touch", "thanks"]
    with db.look() as work:
        assert concerns.details(work, other)  # its words are still there


def test_a_report_that_is_merged_late_hears_what_the_other_has_heard(db: Database, tanaka: Staff) -> None:
    by, kept, other = doer(tanaka), report(db), report(db)
    do(db, lambda work: deeds.call(work, desk_now(db), by, kept, "subject", True, ""))
    do(db, lambda work: knowing.merge(work, desk_now(db), by, other, again(db, kept)))
    assert heard(db, other) == ["read", "in_touch"]


def test_nothing_is_merged_with_itself_or_with_what_has_ended(db: Database, tanaka: Staff) -> None:
    by, one, ended = doer(tanaka), report(db), report(db)
    ended = do(db, lambda work: deeds.close(work, desk_now(db), by, ended, "none", ""))
    for into in (one, ended):
        with pytest.raises(NotPermitted):
            do(db, lambda work, into=into: knowing.merge(work, desk_now(db), by, one, into))
    assert again(db, one).state == "sent"


def test_who_stepped_back_from_one_of_two_reports_sees_neither_when_they_are_merged(
    db: Database, tanaka: Staff
) -> None:
    knows_them = hire(db, "知っている", IWAMI)
    one, other, later = report(db), report(db), report(db)
    with db.work() as work:
        concerns.assign(work, other, knows_them.id)
        knowing.recuse(work, desk_now(db), doer(knows_them), one)
        knowing.merge(work, desk_now(db), doer(tanaka), one, again_in(work, other))
        knowing.merge(work, desk_now(db), doer(tanaka), again_in(work, later), again_in(work, other))
    assert again(db, other).assignee_id is None
    with db.look() as work:
        for each in (one, other, later):
            assert concerns.visible(work, each.number, knows_them.windows, knows_them.id) is None
            assert concerns.visible(work, each.number, tanaka.windows, tanaka.id) is not None


def test_who_steps_back_after_a_merge_sees_none_of_the_reports(db: Database, tanaka: Staff) -> None:
    one, other = report(db), report(db)
    with db.work() as work:
        knowing.merge(work, desk_now(db), doer(tanaka), one, other)
        knowing.recuse(work, desk_now(db), doer(tanaka), again_in(work, other))
    with db.look() as work:
        for each in (one, other):
            assert concerns.visible(work, each.number, tanaka.windows, tanaka.id) is None


def again_in(work: Work, concern: Concern) -> Concern:
    found = concerns.get(work, concern.id)
    assert found is not None
    return found


def test_a_merge_by_mistake_is_undone_by_reopening(db: Database, tanaka: Staff) -> None:
    by, kept, other = doer(tanaka), report(db), report(db)
    merged = do(db, lambda work: knowing.merge(work, desk_now(db), by, other, kept))
    opened = do(db, lambda work: deeds.reopen(work, desk_now(db), by, merged, "別の人だった"))
    assert (opened.state, opened.merged_into) == ("accepted", None)
