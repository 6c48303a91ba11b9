"""What people type about a neighbour is stored nowhere, neither as it is nor sealed, and logged nowhere."""

from __future__ import annotations

import pytest
from phone import Phone
from town import Town

CANARY = "山田花子カナリア"
STORIES = [
    f"隣の{CANARY}さんがずっと家から出てきません",
    f"{CANARY}さん、岩美町浦富1の2の3、電話0857-00-0000",
    f"お金 {CANARY}",
    f"登録 {CANARY}",
    f"{CANARY}さんが死にたいと言っています",
    CANARY,
]


def everywhere(town: Town) -> list[Phone]:
    """People at all kinds of places of our conversations."""
    course = town.course()
    fresh = town.friend()
    at_code = town.friend()
    at_code.types("登録")
    at_consent = town.friend()
    at_consent.types(course.code)
    at_town = town.friend()
    at_town.types("気になる人がいる")
    at_town.taps("いいえ")
    at_kind = town.friend()
    at_kind.types("気になる人がいる")
    at_kind.taps("いいえ")
    at_kind.taps("岩美町")
    at_many = town.friend()
    at_many.types("ハンドブック")
    at_many.taps("岩美町")
    at_many.taps("自分のこと")
    stopped = town.friend()
    stopped.types("登録")
    stopped.types("やめる")
    return [fresh, at_code, at_consent, at_town, at_kind, at_many, stopped]


def test_no_column_of_any_table_holds_it(town: Town, capfd: pytest.CaptureFixture[str]) -> None:
    for phone in everywhere(town):
        for story in STORIES:
            phone.types(story)
            assert CANARY not in str(phone.got)
    stored = town.everything_stored()
    assert CANARY not in stored
    assert "カナリア" not in stored
    out, err = capfd.readouterr()
    assert "カナリア" not in out + err


def test_the_search_would_find_it(town: Town) -> None:
    """What an open question really asks for is there, sealed: so the search above does look into the seals."""
    phone = town.friend()
    phone.types("気になる人がいる")
    phone.types("いいえ", message_id="m-canary")
    stored = town.everything_stored()
    assert "m-canary" in stored
    assert phone.line_id in stored


def test_a_poisoned_event_is_set_aside_without_its_words(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_args: object, **_kw: object) -> None:
        raise RuntimeError(f"about {CANARY}")

    phone = town.friend()
    monkeypatch.setattr("bot.handlers.text.show_menu", broken)
    message = {"type": "text", "id": "m1", "quoteToken": "q", "text": CANARY}
    event = phone.event({"type": "message", "message": message})
    assert [phone.post([event]) for _ in range(3)] == [500, 500, 200]
    assert "カナリア" not in town.everything_stored()
