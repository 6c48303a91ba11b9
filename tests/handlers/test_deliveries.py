"""How webhooks really arrive: twice, at the same moment, many in one body, with a poisoned one among them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from phone import Phone
from town import Town

from storage.concerns import concerns
from storage.conversations import conversations
from storage.events import seen_events, troubled_events
from storage.outbox import outbox
from storage.people import people

Together = Callable[[int, Callable[[int], Any]], list[Any]]


def text(phone: Phone, words: str) -> dict[str, Any]:
    message = {"type": "text", "id": "m1", "quoteToken": "q", "text": words}
    return phone.event({"type": "message", "message": message})


def tap(phone: Phone, data: str) -> dict[str, Any]:
    return phone.event({"type": "postback", "postback": {"data": data}})


def before_sending(town: Town) -> tuple[Phone, str]:
    phone = town.friend()
    phone.types("気になる人がいる")
    for label in ("いいえ", "岩美町", "高齢の人のもの忘れ・変化", "もっと前から", "知らない"):
        phone.taps(label)
    return phone, next(b["data"] for b in phone.buttons() if b["label"] == "はい、送る")


def test_the_same_event_again_has_no_second_effect(town: Town) -> None:
    phone, data = before_sending(town)
    event = tap(phone, data)
    assert phone.post([event]) == 200
    rows = len(town.rows(outbox))
    again = {**event, "deliveryContext": {"isRedelivery": True}}
    assert phone.post([again]) == 200
    assert phone.post([event, event]) == 200
    assert len(town.rows(outbox)) == rows
    assert len(town.rows(concerns)) == 1


def test_the_same_event_in_twelve_deliveries_at_one_moment_counts_once(
    town: Town, together: Together
) -> None:
    phone, data = before_sending(town)
    event = tap(phone, data)
    assert together(12, lambda _: phone.post([event])) == [200] * 12
    assert len(town.rows(concerns)) == 1


def test_two_taps_on_send_at_one_moment_send_once(town: Town, together: Together) -> None:
    phone, data = before_sending(town)
    taps = [tap(phone, data) for _ in range(8)]
    assert together(8, lambda n: phone.post([taps[n]])) == [200] * 8
    assert len(town.rows(concerns)) == 1


def test_answers_that_arrive_at_one_moment_are_all_kept(town: Town, together: Together) -> None:
    phone = town.friend()
    phone.types("ハンドブック")
    phone.taps("岩美町")
    phone.taps("自分のこと")
    worries = {b["label"]: b["data"] for b in phone.buttons() if "data" in b}
    three = [tap(phone, worries[label]) for label in ("お金", "仕事", "住まい")]
    assert together(3, lambda n: phone.post([three[n]])) == [200] * 3
    phone.types("メニュー")
    phone.taps_data(worries["こころ"])
    for label in ("お金", "仕事", "住まい", "こころ"):
        assert label in phone.sees
        assert label not in [b["label"] for b in phone.buttons()]


def test_a_first_message_and_a_follow_at_one_moment_make_one_person(town: Town, together: Together) -> None:
    phone = town.phone()
    events = [text(phone, "こんにちは"), phone.event({"type": "follow", "follow": {}})] * 3
    assert together(6, lambda n: phone.post([events[n]])) == [200] * 6
    assert len(town.rows(people)) == 1


def test_a_hundred_events_in_one_body_are_all_answered(town: Town) -> None:
    phones = [town.phone() for _ in range(100)]
    assert phones[0].post([text(phone, "登録") for phone in phones]) == 200
    assert len(town.rows(people)) == 100
    assert [row.flow for row in town.rows(conversations)] == ["registration"] * 100
    assert len(town.rows(outbox)) == 100


def test_the_events_of_one_person_count_in_the_order_in_which_they_happened(town: Town) -> None:
    phone = town.friend()
    first, then = text(phone, "気になる人がいる"), text(phone, "いいえ")
    first["timestamp"] -= 2_000
    then["timestamp"] -= 1_000
    assert phone.post([then, first]) == 200
    phone.types("メニュー")
    phone.types("岩美町")
    assert "どんなことが気になりますか" in phone.sees


def test_a_poisoned_event_harms_none_of_its_neighbours(town: Town) -> None:
    one, two = town.phone(), town.phone()
    poison: list[Any] = [
        {"type": "message", "webhookEventId": "01BAD", "source": {"type": "user", "userId": one.line_id}},
        {"type": "postback", "postback": None},
        "nonsense",
        {"type": "from-the-future", "x": 1},
    ]
    assert one.post([text(one, "登録"), *poison, text(two, "登録")]) == 200
    assert len([row for row in town.rows(conversations) if row.state == "open"]) == 2


def test_our_own_mistake_with_one_event_lets_the_others_through_and_is_tried_again(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = town.phone(), town.phone()
    broken, fine = text(one, "こんにちは"), text(two, "登録")

    def fails(*_args: object) -> None:
        raise RuntimeError("a mistake of ours")

    with monkeypatch.context() as patched:
        patched.setattr("bot.handlers.text.show_menu", fails)
        assert one.post([broken, fine]) == 500
    assert [row.flow for row in town.rows(conversations)] == ["registration"]
    assert one.post([broken, fine]) == 200
    assert len(town.rows(outbox)) == 3  # with the word of apology, said at once


def test_after_three_failures_it_is_set_aside_and_the_person_is_told_kindly(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    phone = town.phone()
    broken = text(phone, "こんにちは")

    def fails(*_args: object) -> None:
        raise RuntimeError("a mistake of ours")

    monkeypatch.setattr("bot.handlers.text.show_menu", fails)
    assert [phone.post([broken]) for _ in range(3)] == [500, 500, 200]
    assert [row.tries for row in town.rows(troubled_events)] == [3]
    assert len(town.rows(outbox)) == 1
    assert phone.post([broken]) == 200
    assert len(town.rows(outbox)) == 1


def test_every_event_is_noted_once(town: Town) -> None:
    phone = town.friend()
    phone.types("登録")
    phone.taps("やめる")
    assert len(town.rows(seen_events)) == 3
