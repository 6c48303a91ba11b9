"""A member of staff says the code from their page in the chat, and hears of notices there from then on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from surroundings import Clock
from town import Town

from storage import audit, people, staff, staff_lines
from storage.staff import Staff

Together = Callable[[int, Callable[[int], Any]], list[Any]]


@pytest.fixture
def yamada(town: Town) -> Staff:
    with town.services.db.work() as work:
        made = staff.add(work, login="yamada", name="山田", windows=("tottori_chuo_jinken",))
        staff.make_ready(work, made.id, password="hash", totp="KEY", recovery=())
    return made


def _code(town: Town, someone: Staff) -> str:
    with town.services.db.work() as work:
        return staff_lines.make(work, someone.id)


def _joined(town: Town, someone: Staff) -> str | None:
    with town.services.db.look() as work:
        found = staff.get(work, someone.id)
    assert found is not None
    return found.person_id


def test_the_code_joins_this_line_to_the_account_once(town: Town, yamada: Staff) -> None:
    phone, other = town.friend(), town.friend()
    code = _code(town, yamada)
    phone.types(code)
    assert "届くようになりました" in phone.sees
    joined = _joined(town, yamada)
    other.types(code)
    assert "使えません" in other.sees
    assert _joined(town, yamada) == joined is not None
    with town.services.db.look() as work:
        person = people.get(work, joined or "")
        assert person is not None
        assert person.line_id == phone.line_id
        assert [each.deed for each in audit.listed(work, kind="staff")] == ["joined_line"]


@pytest.mark.parametrize(
    "typed", ["{code}", " {lower} ", "窓口 {four} {more}", "窓口{four}{more}", "窓口　{wide}"]
)
def test_however_it_is_typed(town: Town, yamada: Staff, typed: str) -> None:
    code = _code(town, yamada)
    four, more = code.removeprefix("窓口").split("-")
    wide = "".join(chr(ord(sign) + 0xFEE0) for sign in four + more)
    phone = town.friend()
    phone.types(typed.format(code=code, lower=code.lower(), four=four, more=more, wide=wide))
    assert _joined(town, yamada) is not None


def test_a_code_lives_fifteen_minutes_and_a_fresh_one_ends_it(
    town: Town, yamada: Staff, clock: Clock
) -> None:
    first = _code(town, yamada)
    second = _code(town, yamada)
    phone = town.friend()
    phone.types(first)
    assert "使えません" in phone.sees
    clock.move(minutes=15)
    phone.types(second)
    assert "使えません" in phone.sees
    assert _joined(town, yamada) is None


def test_after_five_guesses_even_the_right_one_has_to_wait(town: Town, yamada: Staff, clock: Clock) -> None:
    phone = town.friend()
    for number in range(5):
        phone.types(f"窓口0000-000{number}")
        assert "使えません" in phone.sees
    code = _code(town, yamada)
    phone.types(code)
    assert "しばらく" in phone.sees
    assert _joined(town, yamada) is None
    clock.move(hours=1, seconds=1)
    phone.types(_code(town, yamada))
    assert _joined(town, yamada) is not None


def test_a_closed_account_joins_nobody(town: Town, yamada: Staff) -> None:
    code = _code(town, yamada)
    with town.services.db.work() as work:
        staff.set_active(work, yamada.id, False)
    phone = town.friend()
    phone.types(code)
    assert "使えません" in phone.sees
    assert _joined(town, yamada) is None


def test_two_phones_at_one_moment_and_one_is_joined(town: Town, yamada: Staff, together: Together) -> None:
    code = _code(town, yamada)
    phones = [town.friend() for _ in range(4)]
    together(4, lambda number: phones[number].post([phones[number].event(
        {"type": "message", "message": {"type": "text", "id": f"x{number}", "text": code}}
    )]))  # fmt: skip
    assert [each.deed for each in _notes(town)] == ["joined_line"]


def _notes(town: Town) -> list[audit.Entry]:
    with town.services.db.look() as work:
        return list(audit.listed(work, kind="staff"))


def test_the_code_is_kept_nowhere_in_clear(town: Town, yamada: Staff) -> None:
    signs = _code(town, yamada).removeprefix("窓口").replace("-", "")
    assert signs not in town.everything_stored()


@pytest.mark.parametrize(
    "words", ["窓口はどこですか", "窓口", "窓口に電話したい", "7KQ4M2XW", "窓口12345678901"]
)
def test_words_about_desks_are_no_code(words: str) -> None:
    assert staff_lines.signs_in(words) is None
