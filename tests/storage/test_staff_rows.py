"""Accounts of staff: found by their login, sealed, and proved by things that count once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select
from surroundings import Clock

from storage import passwords, people, second_factor, sessions, staff, tries, welcome
from storage.staff import LoginTaken, Staff
from storage.tries import Limit
from storage.work import Database
from tests.door import DESK, PASSWORD, SECRET, code_at, hire

HASH = "$argon2id$not-a-real-one"
LIMIT = Limit(
    free=2, first=dt.timedelta(seconds=30), longest=dt.timedelta(minutes=2), within=dt.timedelta(hours=1)
)


def made(db: Database, login: str = "yamada", ready: bool = True, **more: Any) -> Staff:
    """An account with secrets, without the price of argon2."""
    with db.work() as work:
        found = staff.add(work, login=login, name="山田花子", **{"windows": (DESK,), **more})
        if ready:
            staff.make_ready(work, found.id, password=HASH, totp=SECRET, recovery=("a", "b"))
        again = staff.get(work, found.id)
        assert again is not None
        return again


def test_an_account_comes_back_as_it_was_made(db: Database) -> None:
    added = made(db, "Yamada", windows=("b", "a", "b"), role="leader", mail="y@city.example.jp")
    assert (added.login, added.name, added.role, added.windows) == (
        "yamada",
        "山田花子",
        "leader",
        ("a", "b"),
    )
    assert added.works
    with db.look() as work:
        assert staff.by_login(work, " ＹＡＭＡＤＡ") == added
        assert staff.by_login(work, "yamad") is None
        assert staff.listed(work) == (added,)
        assert staff.names(work) == {added.id: "山田花子"}


def test_a_login_is_given_once_however_it_is_written(
    db: Database, together: Callable[..., list[Any]]
) -> None:
    def add(number: int) -> bool:
        try:
            made(db, ("yamada", "YAMADA", "ｙamada", " yamada ")[number], ready=False)
        except LoginTaken:
            return False
        return True

    assert sorted(together(4, add)) == [False, False, False, True]


def test_nothing_personal_or_secret_lies_open_in_the_database(db: Database) -> None:
    made(db, mail="y@city.example.jp")
    with db.look() as work:
        row = work.conn.execute(select(staff.staff)).one()
    for column in ("login", "name", "mail", "password", "totp", "recovery"):
        assert isinstance(row._mapping[column], bytes), column
    everything = str(row).encode() + b"".join(each for each in row if isinstance(each, bytes))
    for word in ("yamada", "山田", "city.example", HASH, SECRET):
        assert word.encode() not in everything


def test_secrets_are_not_shown_by_accident(db: Database) -> None:
    added = made(db)
    with db.look() as work:
        assert SECRET not in repr(staff.secrets_of(work, added.id))
    assert HASH not in repr(added)


def test_who_works_at_a_desk_are_those_who_can_sign_in(db: Database) -> None:
    first, chief = made(db), made(db, "chief", role="leader", windows=(DESK, "other"))
    closed, _waiting = made(db, "closed"), made(db, "waiting", ready=False)
    with db.work() as work:
        staff.set_active(work, closed.id, False)
        assert {each.id for each in staff.of_window(work, DESK)} == {first.id, chief.id}
        assert staff.of_window(work, DESK, ("leader", "department")) == (chief,)
        assert staff.of_window(work, "nowhere") == ()
        assert staff.staffed_windows(work) == {DESK, "other"}
        staff.set_windows(work, chief.id, ())
        assert staff.staffed_windows(work) == {DESK}


def test_a_person_on_line_may_be_joined_and_their_leaving_ends_it(db: Database) -> None:
    added = made(db)
    with db.work() as work:
        person = people.lock(work, "default", "U" + "1" * 32)
        staff.join_person(work, added.id, person.id)
        assert staff.of_person(work, person.id) is not None
        work.conn.execute(people.people.delete())
    with db.look() as work:
        found = staff.get(work, added.id)
    assert found is not None
    assert found.person_id is None


# ---- the second factor -------------------------------------------------------------------------------------


def test_a_step_is_used_by_exactly_one_of_many(
    db: Database, clock: Clock, together: Callable[..., list[Any]]
) -> None:
    added = made(db)

    def use(_number: int) -> bool:
        with db.work() as work:
            return second_factor.use_code(work, added.id, code_at(clock.now))

    assert together(8, use).count(True) == 1


def test_a_recovery_code_is_used_by_exactly_one_of_many_and_no_other_code_is_lost(
    db: Database, together: Callable[..., list[Any]]
) -> None:
    added, codes = made(db), second_factor.new_recovery_codes()
    with db.work() as work:
        staff.set_recovery(work, added.id, second_factor.recovery_hashes(work, added.id, codes))

    def use(number: int) -> bool:
        with db.work() as work:
            return second_factor.use_recovery(work, added.id, codes[number % 4])

    assert together(8, use).count(True) == 4
    with db.look() as work:
        assert second_factor.recovery_left(work, added.id) == 4


def test_a_recovery_code_of_somebody_else_does_not_count(db: Database) -> None:
    mine, theirs = hire(db), made(db, "suzuki")
    with db.work() as work:
        assert not second_factor.use_recovery(work, theirs.id, "aaaa-bbbb-cccc")
        assert not second_factor.use_recovery(work, mine.id, "")
        assert second_factor.use_recovery(work, mine.id, "ＡＡＡＡ bbbb cccc")


def test_without_an_authenticator_no_code_is_right(db: Database, clock: Clock) -> None:
    added = made(db, ready=False)
    with db.work() as work:
        assert not any(
            second_factor.use_code(work, added.id, code) for code in ("", "000000", code_at(clock.now))
        )


# ---- passwords ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("elevensigns", "short"),
        ("twelve signs", None),
        ("ながいことばをつなげた文", None),
        ("correct horse battery staple", None),
        ("kitsune ramen 42 densha", None),
        ("x" * 201, "long"),
        ("aaaaaaaaaaaa", "common"),
        ("abcabcabcabc", "common"),
        ("123456789012", "common"),
        ("qwertyuiopas", "common"),
        ("password1234", "common"),
        ("Ｐａｓｓｗｏｒｄ１２３４", "common"),
        ("Tottori2026!", "common"),
        ("tsunagari-2026", "common"),
        ("passwordpassword", "common"),
        ("unbelievable", "common"),
        ("1q2w3e4r5t6y", "common"),
        ("iloveyouforever", "common"),
        ("sakura sakura sakura", "common"),
        ("yamadayamada1", "like_login"),
        ("yamada no neko wa genki", None),
    ],
)
def test_a_password_is_judged_by_its_length_and_by_what_all_guess(password: str, why: str | None) -> None:
    assert passwords.weakness(password, "yamada") == why


def test_the_hash_is_argon2id_of_owasps_size_or_more_and_fits_its_password_only() -> None:
    made_hash = passwords.hashed(PASSWORD)
    assert made_hash.startswith("$argon2id$")
    assert passwords.HASHER.memory_cost >= 19 * 1024
    assert passwords.HASHER.time_cost >= 2
    assert passwords.fits(PASSWORD, made_hash)
    assert passwords.fits(PASSWORD.translate({ord("a"): "ａ"}), made_hash)
    assert not passwords.fits(PASSWORD + " ", made_hash)
    assert not passwords.fits(PASSWORD, None)
    assert not passwords.fits(PASSWORD, "not a hash")
    assert not passwords.is_dated(made_hash)


def test_strange_signs_are_only_a_wrong_password() -> None:
    for odd in ("\x00", "\ud800", "あ" * 100_000):
        assert not passwords.fits(odd, None)


def test_no_more_than_two_run_at_once(
    monkeypatch: pytest.MonkeyPatch, together: Callable[..., list[Any]]
) -> None:
    import threading

    here, most, door = [0], [0], threading.Lock()
    both = threading.Event()

    def run(_stored: str, _password: str) -> bool:
        with door:
            here[0] += 1
            most[0] = max(most[0], here[0])
            if here[0] == passwords.AT_ONCE:
                both.set()
        both.wait(5)
        with door:
            here[0] -= 1
        return True

    monkeypatch.setattr(passwords, "_verified", run)
    assert together(10, lambda _n: passwords.fits("x", HASH)) == [True] * 10
    assert most[0] == passwords.AT_ONCE


# ---- tries -------------------------------------------------------------------------------------------------


def test_waiting_doubles_up_to_its_end_and_a_quiet_hour_forgets_all(db: Database, clock: Clock) -> None:
    def try_it() -> int:
        with db.work() as work:
            return tries.admit(work, {tries.bucket(work, "x"): LIMIT})

    assert [try_it(), try_it(), try_it()] == [0, 0, 30]
    waits = []
    for _ in range(4):
        clock.move(seconds=try_it())
        assert try_it() == 0
        waits.append(try_it())
    assert waits == [60, 120, 120, 120]
    clock.move(hours=1)
    assert [try_it(), try_it(), try_it()] == [0, 0, 30]


def test_who_waits_in_one_bucket_is_not_counted_in_the_other(db: Database) -> None:
    with db.work() as work:
        own, shared = tries.bucket(work, "own"), tries.bucket(work, "shared")
        roomy = Limit(100, LIMIT.first, LIMIT.longest, LIMIT.within)
        for _ in range(5):
            tries.admit(work, {own: LIMIT, shared: roomy})
        assert tries.so_far(work, shared, LIMIT.within) == 2


def test_proving_oneself_forgets_ones_own_and_takes_back_one_of_the_shared(db: Database) -> None:
    with db.work() as work:
        own, shared = tries.bucket(work, "own"), tries.bucket(work, "shared")
        for _ in range(2):
            tries.admit(work, {own: LIMIT, shared: LIMIT})
        tries.forgive(work, {own}, {shared})
        assert tries.so_far(work, own, LIMIT.within) == 0
        assert tries.so_far(work, shared, LIMIT.within) == 1


def test_many_at_once_in_crossed_buckets_neither_lock_up_nor_slip_through(
    db: Database, together: Callable[..., list[Any]]
) -> None:
    def one(number: int) -> int:
        with db.work() as work:
            names = [tries.bucket(work, sign) for sign in ("a", "b", "c")]
            return tries.admit(work, dict.fromkeys(names if number % 2 else reversed(names), LIMIT))

    assert together(12, one).count(0) == LIMIT.free


def test_what_nobody_needs_any_more_is_forgotten(db: Database, clock: Clock) -> None:
    added = made(db)
    with db.work() as work:
        tries.admit(work, {tries.bucket(work, "x"): LIMIT})
        sessions.begin(work, added.id, "other other")
        sessions.begin_half(work, added.id, "other other")
        sessions.know_device(work, added.id, "192.0.2.1")
        assert (tries.forget_old(work), sessions.forget_old(work)) == (0, 0)
    clock.move(days=4)
    with db.work() as work:
        assert (tries.forget_old(work), sessions.forget_old(work)) == (1, 2)
    clock.move(days=180)
    with db.work() as work:
        assert sessions.forget_old(work) == 1


# ---- sessions and invitations ------------------------------------------------------------------------------


def test_a_half_session_is_no_session_and_the_other_way_round(db: Database) -> None:
    added = made(db)
    with db.work() as work:
        half, whole = sessions.begin_half(work, added.id, "a b"), sessions.begin(work, added.id, "a b")
        assert sessions.find(work, half) is None
        assert sessions.find(work, whole, half=True) is None
        assert sessions.find(work, half, half=True) is not None
        found = sessions.find(work, whole, lock=True)
        assert found is not None
        assert found[1] == added
        assert sessions.find(work, "") is None


def test_a_known_browser_is_known_for_its_own_login_only(db: Database, clock: Clock) -> None:
    added = made(db)
    made(db, "suzuki")
    with db.work() as work:
        token = sessions.know_device(work, added.id, "192.0.2.1")
        assert sessions.device_of(work, token, "yamada") is not None
        assert sessions.device_of(work, token, "suzuki") is None
        assert sessions.device_of(work, "x", "yamada") is None
        assert sessions.knows_address(work, "yamada", "192.0.2.1")
        assert not sessions.knows_address(work, "suzuki", "192.0.2.1")
        assert not sessions.knows_address(work, "yamada", "192.0.2.2")
    clock.move(days=180)
    with db.look() as work:
        assert sessions.device_of(work, token, "yamada") is None
        assert not sessions.knows_address(work, "yamada", "192.0.2.1")


def test_an_invitation_is_accepted_once_of_many(db: Database, together: Callable[..., list[Any]]) -> None:
    added = made(db, ready=False)
    with db.work() as work:
        code = welcome.invite(work, added.id)

    def accept(_number: int) -> bool:
        with db.work() as work:
            done = welcome.accept(work, code, password_hash=HASH, totp=SECRET, step=7, recovery=("x",))
            return done is not None

    assert together(6, accept).count(True) == 1
    with db.look() as work:
        found = staff.get(work, added.id)
    assert found is not None
    assert found.works


def test_closing_an_account_ends_its_sessions_browsers_and_links(db: Database) -> None:
    added = made(db)
    with db.work() as work:
        code, token = welcome.invite(work, added.id), sessions.begin(work, added.id, "a b")
        device = sessions.know_device(work, added.id, "192.0.2.1")
        welcome.close(work, added.id)
        assert sessions.find(work, token) is None
        assert welcome.look(work, code) is None
        assert sessions.device_of(work, device, "yamada") is None
        staff.set_active(work, added.id, True)
        assert sessions.find(work, token) is None
