"""A message that is taken back leaves nothing here: what was said of a neighbour never stayed, and neither its id."""

from __future__ import annotations

import pytest
from phone import Phone
from town import Town

STORY = "隣の山田カナリアさんが三日も出てきません"


def take_back(phone: Phone, message_id: str) -> None:
    phone.send({"type": "unsend", "unsend": {"messageId": message_id}})


@pytest.mark.parametrize("steps", [(), ("いいえ",), ("いいえ", "岩美町")])
def test_a_story_typed_in_the_chat_and_taken_back_is_nowhere(
    town: Town, capfd: pytest.CaptureFixture[str], steps: tuple[str, ...]
) -> None:
    phone = town.friend()
    phone.types("気になる人がいる")
    for step in steps:
        phone.taps(step)
    phone.types(STORY, message_id="m-story")
    assert "カナリア" not in town.everything_stored()  # before it is taken back, too
    take_back(phone, "m-story")
    stored = town.everything_stored()
    assert "カナリア" not in stored
    assert "m-story" not in stored
    assert "カナリア" not in str(phone.everything) + "".join(capfd.readouterr())


def test_what_was_typed_for_a_button_can_be_taken_back_to_its_last_trace(town: Town) -> None:
    phone = town.friend()
    phone.types("気になる人がいる")
    phone.types("いいえ", message_id="m-danger")
    phone.types("岩美町", message_id="m-town")
    assert "m-town" in town.everything_stored()
    for message_id in ("m-town", "m-danger"):
        take_back(phone, message_id)
    stored = town.everything_stored()
    assert "m-town" not in stored
    assert "m-danger" not in stored
