"""Watch partners: their codes, which show typing errors, and whose staff somebody is."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from storage import partners, people
from storage.courses import ALPHABET
from storage.partners import CODE_LENGTH, codes_in, is_sound, mistyped, new_code
from storage.work import Database, Work

ME = "U" + "a" * 32


def _partner(work: Work, channel: str = "default", name: str = "因幡新聞 岩美販売店") -> partners.Partner:
    return partners.add(work, channel, name=name, towns=("iwami", "tottori"))


def test_a_partner_is_found_by_its_id_and_by_its_code(db: Database) -> None:
    with db.work() as work:
        made = _partner(work)
        assert partners.get(work, made.id) == made
        assert partners.by_code(work, "default", (made.code,)) == made
        assert partners.by_code(work, "iwami", (made.code,)) is None
        assert partners.by_code(work, "default", ()) is None
        assert made.towns == ("iwami", "tottori")


def test_a_partner_without_a_town_is_refused(db: Database) -> None:
    with pytest.raises(ValueError, match="town"), db.work() as work:
        partners.add(work, "default", name="x", towns=())


def test_a_code_cannot_be_guessed() -> None:
    assert partners.CODE_BITS > 45
    assert len({new_code() for _ in range(200)}) == 200


def test_a_code_is_read_however_it_is_typed(db: Database) -> None:
    with db.work() as work:
        made = _partner(work)
    code = made.readable_code
    wide = "".join(chr(ord(sign) + 0xFEE0) for sign in made.code)
    for typed in (
        code,
        code.lower(),
        made.code,
        wide,
        f"コード {code}",
        f"コードは{code.replace('-', 'ー')}です",
    ):
        assert codes_in(typed) == (made.code,), typed


def test_every_single_wrong_sign_is_noticed() -> None:
    code = new_code()
    for place in range(CODE_LENGTH):
        for wrong in set(ALPHABET) - {code[place]}:
            assert not is_sound(code[:place] + wrong + code[place + 1 :])


def test_every_swap_of_neighbours_is_noticed() -> None:
    for _ in range(200):
        code = new_code()
        for place in range(CODE_LENGTH - 1):
            swapped = code[:place] + code[place + 1] + code[place] + code[place + 2 :]
            assert swapped == code or not is_sound(swapped)


@pytest.mark.parametrize(
    "text", ["", "こんにちは", "7KQ4M-2XW9H", "a" * 5000, "0857-22-8111", "GOOD AFTERNOON"]
)
def test_other_words_are_no_code(text: str) -> None:
    assert codes_in(text) == ()
    assert not mistyped(text)


def test_a_code_with_one_wrong_sign_is_known_as_such() -> None:
    code = next(code for code in iter(new_code, "") if any(map(str.isdigit, code[1:])) and code[1:].upper())
    wrong = next(sign for sign in "ACDE" if sign != code[0]) + code[1:]
    assert mistyped(wrong)
    assert not mistyped(code)


def test_a_new_code_replaces_the_old_one_and_whoever_is_known_stays_known(db: Database) -> None:
    with db.work() as work:
        made = _partner(work)
        person = people.lock(work, "default", ME)
        partners.join(work, person, made)
        changed = partners.renew_code(work, made)
        assert changed.code != made.code
        assert partners.by_code(work, "default", (made.code,)) is None
        assert partners.by_code(work, "default", (changed.code,)) == changed
        assert partners.staff_count(work, made.id) == 1


def test_resting_and_going_on_change_it_once(db: Database) -> None:
    with db.work() as work:
        made = _partner(work)
        assert partners.set_active(work, made.id, active=False)
        assert not partners.set_active(work, made.id, active=False)
        found = partners.get(work, made.id)
        assert found is not None
        assert not found.active
        assert partners.set_active(work, made.id, active=True)
        assert not partners.set_active(work, "nobody", active=True)


def test_one_reports_for_one_partner_and_may_leave(db: Database) -> None:
    with db.work() as work:
        first, second = _partner(work), _partner(work, name="鳥取ガス")
        person = people.lock(work, "default", ME)
        assert person.partner_id is None
        partners.join(work, person, first)
        partners.join(work, person, second)
        assert (partners.staff_count(work, first.id), partners.staff_count(work, second.id)) == (0, 1)
    with db.work() as work:
        person = people.lock(work, "default", ME)
        assert person.partner_id == second.id
        partners.leave(work, person)
        assert people.lock(work, "default", ME).partner_id is None


def test_the_list_is_by_name_and_knows_the_channel(db: Database) -> None:
    with db.work() as work:
        _partner(work, name="b")
        _partner(work, name="a")
        _partner(work, "iwami", name="c")
        assert [each.name for each in partners.listed(work, "default")] == ["a", "b"]
        assert len(partners.listed(work)) == 3


def test_a_partner_s_staff_is_no_supporter_and_gets_no_town(db: Database) -> None:
    """News for supporters or for a town must not reach somebody who only reports for a shop."""
    with db.work() as work:
        partners.join(work, people.lock(work, "default", ME), _partner(work))
        (row,) = work.conn.execute(select(people.people))
        assert (row.role, row.town) == ("resident", None)
