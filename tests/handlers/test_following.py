"""Friends, blocks and unsent messages, in whatever order LINE brings them; and silence in standby."""

from __future__ import annotations

from typing import Any

from phone import Phone
from surroundings import Clock
from town import Town

from storage import conversations as conversations_table
from storage.attempts import attempts
from storage.conversations import conversations
from storage.outbox import outbox
from storage.people import people

FOLLOW: dict[str, Any] = {"type": "follow", "follow": {"isUnblocked": False}}
UNFOLLOW: dict[str, Any] = {"type": "unfollow"}


def friend(town: Town) -> bool:
    (person,) = town.rows(people)
    return bool(person.friend)


def test_a_new_friend_is_greeted_with_what_can_be_done_here(town: Town) -> None:
    phone = town.friend()
    assert "友だちになってくださって" in phone.sees
    assert "名前を言わずに使えます" in phone.sees
    assert len(phone.buttons()) == 7
    assert friend(town)


def test_a_supporter_who_comes_back_is_welcomed_back_and_gets_the_supporters_menu(town: Town) -> None:
    code = town.course().code
    phone = town.friend()
    phone.types(code)
    for label in ("はい", "はい、約束します", "岩美町", "答えない・わからない"):
        phone.taps(label)
    phone.send(UNFOLLOW)
    phone.follows()
    assert "おかえりなさい" in phone.sees
    assert phone.buttons()[0]["label"] == "気になる人がいる"
    assert len([row for row in town.rows(outbox) if row.kind == "link_menu"]) == 2


def test_who_blocks_us_hears_nothing(town: Town) -> None:
    phone = town.friend()
    phone.send(UNFOLLOW)
    assert phone.got == []
    assert not friend(town)


def test_a_follow_that_arrives_after_a_newer_block_counts_for_nothing(town: Town, clock: Clock) -> None:
    phone = town.phone()
    early = phone.event(FOLLOW)
    clock.move(seconds=5)
    late = phone.event({"type": "unfollow"})
    phone.post([late])
    phone.post([early])
    assert not friend(town)
    assert town.rows(outbox) == []


def test_a_block_that_arrives_after_a_newer_follow_counts_for_nothing(town: Town, clock: Clock) -> None:
    phone = town.friend()
    early = phone.event({"type": "unfollow"})
    clock.move(seconds=5)
    phone.follows()
    phone.post([early])
    assert friend(town)


def test_both_in_one_body_in_the_wrong_order_end_rightly(town: Town, clock: Clock) -> None:
    phone = town.phone()
    first = phone.event(FOLLOW)
    clock.move(seconds=1)
    then = phone.event({"type": "unfollow"})
    assert phone.post([then, first]) == 200
    assert not friend(town)


def test_who_writes_to_us_is_a_friend_even_if_no_follow_came(town: Town) -> None:
    phone = town.phone()
    phone.types("こんにちは")
    assert phone.got
    assert friend(town)


def test_who_was_away_and_writes_again_is_a_friend_again(town: Town, clock: Clock) -> None:
    phone = town.friend()
    phone.send(UNFOLLOW)
    clock.move(seconds=1)
    phone.types("こんにちは")
    assert friend(town)
    assert phone.got


def typed_answers(town: Town) -> tuple[Phone, dict[str, Any]]:
    phone = town.friend()
    phone.types("気になる人がいる")
    phone.types("いいえ", message_id="m-danger")
    phone.types("岩美町", message_id="m-town")
    return phone, _answers(town)


def _answers(town: Town) -> dict[str, Any]:
    (person,) = town.rows(people)
    with town.services.db.look() as work:
        found = conversations_table.open_one(work, person.id)
    assert found is not None
    return dict(found.answers)


def unsend(phone: Phone, message_id: str) -> None:
    phone.send({"type": "unsend", "unsend": {"messageId": message_id}})


def test_a_message_that_is_taken_back_takes_its_answer_with_it(town: Town) -> None:
    phone, before = typed_answers(town)
    assert before["town"] == "iwami"
    unsend(phone, "m-town")
    assert phone.got == []
    after = _answers(town)
    assert "town" not in after
    assert after["danger"] == "no"
    assert "m-town" not in str(after)
    phone.types("戻ってきました")
    assert "どの市町" in phone.sees


def test_taking_back_something_else_changes_nothing(town: Town) -> None:
    phone, before = typed_answers(town)
    unsend(phone, "m-unknown")
    assert _answers(town) == before


def test_nobody_can_take_back_the_words_of_another(town: Town) -> None:
    phone, before = typed_answers(town)
    stranger = town.phone()
    unsend(stranger, "m-town")
    (row,) = [row for row in town.rows(conversations) if row.state == "open"]
    with town.services.db.look() as work:
        kept = conversations_table.get(work, row.id, row.person_id)
    assert kept is not None
    assert kept.answers == before
    assert phone.got


def test_an_unsend_without_any_conversation_is_quiet(town: Town) -> None:
    phone = town.friend()
    unsend(phone, "m1")
    assert phone.got == []


def test_in_standby_nothing_is_said_and_nothing_begins(town: Town) -> None:
    phone = town.phone()
    words: dict[str, Any] = {"type": "text", "id": "1", "quoteToken": "q"}
    for event in (
        {"type": "message", "message": {**words, "text": "登録"}},
        {"type": "message", "message": {**words, "text": "死にたい"}},
        {"type": "message", "message": {"type": "sticker", "id": "1"}},
        {"type": "postback", "postback": {"data": "v1;concern;;start;"}},
        FOLLOW,
    ):
        phone.send({**event, "mode": "standby", "replyToken": None})
        assert phone.got == []
    assert town.rows(outbox) == []
    assert town.rows(conversations) == []
    assert town.rows(attempts) == []


def test_in_standby_a_supporter_who_follows_gets_no_menu_from_us(town: Town) -> None:
    code = town.course().code
    phone = town.friend()
    phone.types(code)
    for label in ("はい", "はい、約束します", "岩美町", "答えない・わからない"):
        phone.taps(label)
    before = len(town.rows(outbox))
    phone.send({**FOLLOW, "mode": "standby"})
    assert len(town.rows(outbox)) == before
