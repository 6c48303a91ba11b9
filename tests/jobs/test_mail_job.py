"""Mails to desks: never lost, seldom twice, number and link only, and LINE where mail does not work."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from post_office import DESK, LEADER, WINDOW, Office, content_with, office_at
from sqlalchemy import select
from surroundings import Clock
from town import PUBLIC_URL

from jobs import nightly
from jobs.mail import Post, Postman
from simulator.mail import MailFault
from storage import concerns, mails, outbox, people, staff, switches
from storage.notices import notices
from storage.work import Database, Work

Together = Callable[[int, Callable[[int], Any]], list[Any]]
CANARIES = ("山田太郎", "0857-99-1234", "新聞がたまって", "湖山町")


@pytest.fixture
def office(db: Database) -> Iterator[Office]:
    with office_at(db) as found:
        yield found


def _states(db: Database) -> list[tuple[str, str | None]]:
    with db.look() as work:
        rows = work.conn.execute(select(mails.mails.c.state, mails.mails.c.error).order_by(mails.mails.c.id))
        return [(row.state, row.error) for row in rows]


# ---- what a mail says ------------------------------------------------------------------------------------


def test_a_desk_gets_a_mail_with_the_number_and_a_link(office: Office) -> None:
    concern = office.concern()
    office.tells(concern)
    office.rounds()
    [mail] = office.server.mailbox.mails
    assert mail.recipient == DESK
    assert mail.message["Subject"] == f"【つながり】新しい連絡があります（{concern.number}）"
    assert f"{PUBLIC_URL}/desk/concerns/{concern.number}" in mail.text
    assert mail.message["Auto-Submitted"] == "auto-generated"
    assert mail.message.get_content_type() == "text/plain"
    assert _states(office.db) == [("sent", None)]


def test_no_word_of_a_case_is_in_any_byte_of_any_mail(office: Office) -> None:
    concern = office.concern(kind="abuse_child", level=0, district="koyama")
    with office.db.work() as work:
        concerns.add_details(
            work, concern, dict(zip(("who", "contact", "what", "where"), CANARIES, strict=True))
        )
    for what in (
        "new", "news", "handon", "refused", "moved", "overdue_accept", "overdue_contact", "overdue_close",
        "danger", "worse", "recused",
    ):  # fmt: skip
        office.tells(concern, what)  # type: ignore[arg-type]
    office.rounds()
    window = office.content.windows_by_key[WINDOW].name
    assert len(office.arrived) == 11
    for mail in office.server.mailbox.mails:
        said = f"{mail.raw.decode()}\n{mail.text}\n{mail.message['Subject']}"
        for canary in (*CANARIES, "abuse", "虐待", "鳥取", "koyama", window):
            assert canary not in said
        words = mail.text.replace(concern.number, "")
        assert not any(sign.isdigit() for sign in words)  # no level, no date, no telephone number


def test_the_row_keeps_no_address_once_the_mail_is_gone(office: Office) -> None:
    office.tells(office.concern())
    with office.db.look() as work:
        [row] = work.conn.execute(select(mails.mails)).all()
        assert work.unseal(row.address, "default", "mails", "address", row.id) == DESK
        assert DESK.encode() not in row.address
    office.rounds()
    with office.db.look() as work:
        assert work.conn.execute(select(mails.mails.c.address)).scalar() is None


# ---- the server misbehaves -------------------------------------------------------------------------------


def test_what_the_server_cannot_take_now_goes_later(office: Office, clock: Clock) -> None:
    office.server.mailbox.add_fault(MailFault("rcpt", code=451, words="4.3.0 later"))
    office.tells(office.concern())
    office.rounds()
    assert _states(office.db) == [("queued", "RCPT 451 4.3.0")]
    office.rounds()
    assert office.arrived == []  # it is not its time yet
    clock.move(seconds=31)
    office.rounds(2)
    assert office.arrived == [DESK]
    assert _states(office.db) == [("sent", None)]


def test_waiting_grows_longer_and_after_three_days_it_ends(office: Office, clock: Clock) -> None:
    office.server.mailbox.add_fault(MailFault("mail", code=451, times=None))
    office.tells(office.concern())
    waits = []
    for _ in range(8):
        office.rounds()
        with office.db.look() as work:
            due = work.conn.execute(select(mails.mails.c.next_try)).scalar_one()
        waits.append((due - clock()).total_seconds())
        clock.now = due
    assert waits == [30, 60, 120, 240, 480, 900, 900, 900]
    clock.move(days=3)
    office.rounds()
    assert _states(office.db) == [("dead", "MAIL 451")]


def test_one_mailbox_that_does_not_exist_keeps_nobody_else_from_hearing(office: Office, clock: Clock) -> None:
    office.content = content_with(recipients=("gone@tottori.example", DESK))
    office.server.mailbox.add_fault(
        MailFault("rcpt", code=550, words="5.1.1 no such user", recipient="gone@tottori.example", times=None)
    )
    office.tells(office.concern())
    office.rounds()
    assert office.arrived == [DESK]
    assert sorted(_states(office.db)) == [("failed", "RCPT 550 5.1.1"), ("sent", None)]
    with office.db.look() as work:
        assert mails.bounced(work) == {"gone@tottori.example"}
        assert [each.since for each in mails.refused(work)] == [clock()]
    clock.move(days=4)
    office.rounds()
    assert office.arrived == [DESK]  # it is not tried again


def test_a_mailbox_that_was_mended_is_no_longer_named(office: Office) -> None:
    fault = MailFault("rcpt", code=550, words="5.1.1 no such user")
    office.server.mailbox.add_fault(fault)
    office.tells(office.concern())
    office.rounds()
    with office.db.look() as work:
        assert mails.bounced(work) == {DESK}
    office.tells(office.concern())
    office.rounds()
    with office.db.look() as work:
        assert mails.bounced(work) == frozenset()


@pytest.mark.parametrize("words", ["5.7.1 relaying denied", "5.5.1 first sign in", "5.3.2 not now"])
def test_a_server_that_does_not_want_us_says_nothing_about_the_mailbox(office: Office, words: str) -> None:
    office.server.mailbox.add_fault(MailFault("rcpt", code=550, words=words))
    office.tells(office.concern())
    office.rounds()
    with office.db.look() as work:
        assert mails.bounced(work) == frozenset()
    assert [state for state, _ in _states(office.db)] == ["queued"]


def test_where_the_only_mailbox_is_gone_the_leader_is_told(office: Office) -> None:
    office.server.mailbox.add_fault(MailFault("rcpt", code=550, recipient=DESK, times=None))
    office.tells(office.concern())
    office.rounds(2)
    assert office.arrived == [LEADER]
    office.tells(office.concern())  # and from then on at once
    with office.db.look() as work:
        waiting = list(work.conn.execute(select(mails.mails.c.id).where(mails.mails.c.state == "queued")))
    assert len(waiting) == 2


def test_a_server_that_hangs_costs_its_time_limit_and_nothing_is_lost(office: Office, clock: Clock) -> None:
    office.server.mailbox.add_fault(MailFault("rcpt", hang=True, times=None))
    office.tells(office.concern())
    office.tells(office.concern())
    post = office.post
    assert post.mailer is not None
    replace(post, mailer=replace(post.mailer, timeout=0.2)).round()
    # The second is not even begun: one time limit is enough to know.
    assert _states(office.db) == [("queued", "RCPT SMTPServerDisconnected")] * 2
    assert office.server.mailbox.connections == 1
    office.server.mailbox.clear_faults()
    clock.move(seconds=31)
    office.rounds()
    assert office.arrived == [DESK, DESK]


def test_a_connection_that_is_cut_after_the_mail_brings_it_twice_under_one_name(
    office: Office, clock: Clock
) -> None:
    office.server.mailbox.add_fault(MailFault("end", drop=True))
    office.tells(office.concern())
    office.rounds()
    assert _states(office.db) == [("queued", "DATA SMTPServerDisconnected")]
    clock.move(seconds=31)
    office.rounds()
    first, second = office.server.mailbox.mails
    assert first.message["Message-ID"] == second.message["Message-ID"]
    assert first.raw == second.raw


def test_a_mail_that_is_not_wanted_is_no_fault_of_the_mailbox(office: Office) -> None:
    office.server.mailbox.add_fault(MailFault("end", code=554, words="5.6.0 not this"))
    office.tells(office.concern())
    office.rounds()
    assert _states(office.db) == [("failed", "DATA 554 5.6.0"), ("queued", None)]  # the leader hears instead
    with office.db.look() as work:
        assert mails.bounced(work) == frozenset()


# ---- our side dies, or there are several of us -----------------------------------------------------------


def test_a_sender_that_dies_before_it_writes_the_result_sends_it_again(
    office: Office, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.tells(office.concern())

    def dies(*_: object) -> None:
        raise RuntimeError("killed")

    with monkeypatch.context() as patched:
        patched.setattr(Post, "_note", dies)
        with pytest.raises(RuntimeError):
            office.rounds()
    assert office.arrived == [DESK]
    office.rounds()
    assert office.arrived == [DESK]  # the lease of the dead one still runs
    clock.move(minutes=5, seconds=1)
    office.rounds()
    names = {str(mail.message["Message-ID"]) for mail in office.server.mailbox.mails}
    assert (office.arrived, len(names)) == ([DESK, DESK], 1)
    assert _states(office.db) == [("sent", None)]


def test_a_sender_that_was_thought_dead_does_not_undo_what_another_did(office: Office, clock: Clock) -> None:
    office.tells(office.concern())
    with office.db.work() as work:
        [slow] = mails.claim(work, 1)
    clock.move(minutes=6)
    office.rounds()
    with office.db.work() as work:
        mails.postpone(work, slow, work.now, "too late")
        assert not mails.settle(work, slow.id, "failed", "too late")
    assert _states(office.db) == [("sent", None)]


def test_workers_side_by_side_send_each_mail_once(office: Office, together: Together) -> None:
    for _ in range(12):
        office.tells(office.concern())
    together(4, lambda _: office.post.round(5))
    office.rounds(3)
    assert len(office.arrived) == 12
    assert len({str(mail.message["Message-ID"]) for mail in office.server.mailbox.mails}) == 12


def test_what_a_stopping_sender_has_not_begun_is_free_at_once(office: Office) -> None:
    office.tells(office.concern())
    post = office.post
    post.stopping.set()
    post.round()
    assert office.arrived == []
    office.rounds()
    assert office.arrived == [DESK]


def test_nothing_is_sent_from_a_restored_database(office: Office) -> None:
    office.tells(office.concern())
    with office.db.work() as work:
        switches.pause_sending(work, "copied")
    office.rounds()
    assert office.arrived == []
    with office.db.work() as work:
        switches.resume_sending(work)
    office.rounds()
    assert office.arrived == [DESK]


def test_the_postman_goes_on_after_trouble_and_stops_when_told(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.tells(office.concern())
    real, came = Post.round, []

    def first_fails(post: Post, limit: int = 20) -> int:
        came.append(1)
        if len(came) == 1:
            raise RuntimeError("the database is away")
        count = real(post, limit)
        post.stopping.set()
        return count

    monkeypatch.setattr(Post, "round", first_fails)
    postman = Postman(office.post, every=0.001)
    postman.start()
    assert postman._thread is not None
    postman._thread.join(10)
    assert not postman.alive
    postman.stop()
    assert office.arrived == [DESK]


# ---- the other way ---------------------------------------------------------------------------------------


def test_without_a_mail_server_staff_hear_on_line_and_a_repeat_tells_nobody_twice(office: Office) -> None:
    office.with_server = False
    someone = office.member("a", mail="a@tottori.example", on_line=True)
    office.member("b", mail="b@tottori.example")
    office.tells(office.concern())
    office.rounds(3)
    assert office.told_by_line() == [someone.person_id]
    assert {state for state, _ in _states(office.db)} == {"dead"}


def test_what_goes_by_line_holds_no_number_and_only_the_address_of_the_inbox(office: Office) -> None:
    office.with_server = False
    office.member("a", mail="a@tottori.example", on_line=True)
    concern = office.concern()
    office.tells(concern)
    office.rounds()
    with office.db.look() as work:
        row = work.conn.execute(select(outbox.outbox)).one()
        said = str(work.unseal(row.body, row.channel, "outbox", "body", row.retry_key))
    assert concern.number not in said
    assert f"'{PUBLIC_URL}/desk'" in said
    assert "新しいお知らせがあります" in said


def test_a_mail_that_fails_for_five_minutes_is_told_by_line_and_still_tried(
    office: Office, clock: Clock
) -> None:
    office.server.mailbox.add_fault(MailFault("connect", code=421, times=None))
    someone = office.member("a", on_line=True, mail="a@tottori.example")
    office.tells(office.concern())
    office.rounds()
    clock.move(minutes=4)
    office.rounds()
    assert office.told_by_line() == []
    clock.move(minutes=2)
    office.rounds(2)
    assert office.told_by_line() == [someone.person_id]
    office.server.mailbox.clear_faults()
    clock.move(minutes=20)
    office.rounds()
    assert sorted(office.arrived) == ["a@tottori.example", DESK]
    assert office.told_by_line() == [someone.person_id]


def test_line_needs_no_second_person_where_somebody_is_told(office: Office) -> None:
    office.content = content_with(recipients=(DESK,), leader=(LEADER,))
    someone = office.member("a", on_line=True, mail="a@tottori.example")
    office.server.mailbox.add_fault(MailFault("rcpt", code=550, times=None))
    office.tells(office.concern())
    office.rounds(2)
    assert office.told_by_line() == [someone.person_id]
    assert LEADER not in {mail.recipient for mail in office.server.mailbox.mails}


def test_who_left_or_blocked_us_is_not_told(office: Office) -> None:
    office.with_server = False
    gone, blocked = (office.member(name, mail=f"{name}@t.example", on_line=True) for name in ("a", "b"))
    office.tells(office.concern())
    with office.db.work() as work:
        staff.set_active(work, gone.id, False)
        assert blocked.person_id is not None
        people.set_friend(work, blocked.person_id, False, 1)
    office.rounds()
    assert office.told_by_line() == []


# ---- the night -------------------------------------------------------------------------------------------


def test_the_night_forgets_what_has_ended(office: Office, clock: Clock) -> None:
    office.tells(office.concern())
    office.rounds()
    clock.move(days=91)
    with office.db.work() as work:
        assert nightly.FORGET["mails"](work) == 1
        assert nightly.FORGET["notices"](work) == 0  # nobody has looked at it
        assert _count(work, notices) == 1
    clock.move(days=270)
    with office.db.work() as work:
        assert nightly.FORGET["notices"](work) == 1
        assert _count(work, notices) == 0


def _count(work: Work, table: Any) -> int:
    return len(work.conn.execute(select(table)).all())


def test_a_deadline_is_written_in_utc_so_that_a_repeat_is_the_same(office: Office, clock: Clock) -> None:
    concern = office.concern()
    due = clock() + dt.timedelta(days=1)
    with office.db.work() as work:
        concern = concerns.set_dues(work, concern, due, due, due)
    for _ in range(3):
        office.tells(concern, "overdue_accept", "leader")
    office.rounds()
    assert office.arrived == [LEADER]
