"""Concerns: numbers without typing errors, steps that are permitted, words that stay sealed."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from surroundings import Clock

from storage import concerns, people
from storage.concerns import ALPHABET, Concern, checked_number, new_number
from storage.transitions import NotPermitted
from storage.work import Database, Work


def _concern(work: Work, channel: str = "default", sign: str = "a", **more: Any) -> Concern:
    facts: dict[str, Any] = {
        "person_id": people.lock(work, channel, "U" + sign * 32).id,
        "town": "鳥取市",
        "district": None,
        "kind": "isolation",
        "level": 2,
        "since": "months",
        "subject_knows": "no",
        "window": "tottori-welfare",
        "route_reason": "鳥取市の孤立の窓口",
    }
    return concerns.open_concern(work, channel, **(facts | more))


def test_a_concern_is_found_by_id_number_and_reporter(db: Database) -> None:
    with db.work() as work:
        made = _concern(work)
        assert made.state == "sent"
        assert concerns.get(work, made.id) == made
        assert concerns.by_number(work, made.number.lower().replace("-", " ")) == made
        assert concerns.by_number(work, made.number, "iwami") is None
        assert made.person_id is not None
        assert concerns.of_reporter(work, made.person_id) == (made,)


def test_a_number_is_read_however_it_is_typed() -> None:
    number = new_number()
    wide = "".join(chr(ord(sign) + 0xFEE0) for sign in number)
    typed = (number, number.lower(), number.replace("-", ""), number[2:], wide, f"番号は {number} です")
    assert {checked_number(each) for each in typed} == {number}


def test_letters_that_look_like_digits_are_read_as_digits() -> None:
    number = next(n for n in iter(new_number, None) if "0" in n and "1" in n)
    assert checked_number(number.replace("0", "O").replace("1", "l")) == number


def test_every_single_wrong_sign_is_noticed() -> None:
    signs = new_number().replace("-", "")[1:]
    for place in range(len(signs)):
        for wrong in set(ALPHABET) - {signs[place]}:
            assert checked_number("K" + signs[:place] + wrong + signs[place + 1 :]) is None


def test_any_two_swapped_signs_are_noticed() -> None:
    for _ in range(50):
        signs = list(new_number().replace("-", "")[1:])
        for first in range(len(signs)):
            for second in range(first):
                swapped = signs.copy()
                swapped[first], swapped[second] = swapped[second], swapped[first]
                if swapped != signs:
                    assert checked_number("K" + "".join(swapped)) is None


@pytest.mark.parametrize("text", ["", "K", "K-1234", "こんにちは", "K-0000-0000-00", "X-0000-0000-0"])
def test_other_words_are_no_number(text: str) -> None:
    assert checked_number(text) is None


def test_a_concern_goes_from_sent_to_accepted_to_closed(db: Database, clock: Clock) -> None:
    with db.work() as work:
        made = _concern(work)
    accepted_at = clock.move(hours=1)
    with db.work() as work:
        accepted = concerns.accept(work, made)
    closed_at = clock.move(days=1)
    with db.work() as work:
        closed = concerns.close(work, accepted, "visited")
    assert (accepted.state, accepted.accepted_at) == ("accepted", accepted_at)
    assert (closed.state, closed.closed_at, closed.outcome) == ("closed", closed_at, "visited")


def test_nobody_accepts_twice_or_touches_what_is_closed(db: Database) -> None:
    with db.work() as work:
        made = _concern(work)
        concerns.accept(work, made)
        with pytest.raises(NotPermitted):
            concerns.accept(work, made)
        concerns.close(work, made, "visited")
        for deed in (
            lambda: concerns.accept(work, made),
            lambda: concerns.close(work, made, "again"),
            lambda: concerns.add_details(work, made, {"name": "x"}),
        ):
            with pytest.raises(NotPermitted):
                deed()


def test_a_level_outside_of_0_to_4_is_refused(db: Database) -> None:
    with pytest.raises(IntegrityError), db.work() as work:
        _concern(work, level=5)


def test_details_are_sealed_and_open_only_in_their_own_concern(db: Database) -> None:
    with db.work() as work:
        mine, other = _concern(work), _concern(work)
        assert concerns.details(work, mine) == {}
        concerns.add_details(work, mine, {"name": "山田太郎"})
        raw = work.conn.execute(
            select(concerns.concerns.c.details).where(concerns.concerns.c.id == mine.id)
        ).scalar_one()
        assert "山田".encode() not in bytes(raw)
        assert concerns.details(work, mine) == {"name": "山田太郎"}
        assert concerns.details(work, other) == {}
        found = concerns.get(work, mine.id)
        assert found is not None
        assert found.details_at == work.now


def test_a_concern_outlives_the_deletion_of_its_reporter(db: Database) -> None:
    with db.work() as work:
        made = _concern(work)
        work.conn.execute(delete(people.people).where(people.people.c.id == made.person_id))
        found = concerns.get(work, made.id)
    assert found is not None
    assert found.person_id is None


def test_the_list_has_the_most_urgent_first_and_knows_channel_state_and_desk(db: Database) -> None:
    with db.work() as work:
        calm, urgent = _concern(work, level=3), _concern(work, level=0, window="police")
        _concern(work, "iwami")
        concerns.accept(work, calm)
        assert [c.id for c in concerns.listed(work, "default")] == [urgent.id, calm.id]
        assert [c.id for c in concerns.listed(work, "default", "accepted")] == [calm.id]
        assert [c.id for c in concerns.listed(work, window="police")] == [urgent.id]
        assert len(concerns.listed(work)) == 3
