"""「声のかけ方のコツ」: two taps to every card; whoever is worn out finds somebody to talk to."""

from __future__ import annotations

import pytest
from test_registered import supporter
from town import Town, the_content

from bot import postback

TIPS = the_content().tips


@pytest.mark.parametrize("topic", TIPS.values(), ids=TIPS)
def test_every_card_is_two_taps_away(town: Town, topic: object) -> None:
    phone, _ = supporter(town)
    phone.types("メニュー")
    phone.taps("声のかけ方のコツ")
    phone.taps(topic.title)  # type: ignore[attr-defined]
    for card in topic.cards:  # type: ignore[attr-defined]
        assert card.title in phone.sees
        assert all(line in phone.sees for line in card.lines)
    phone.taps("ほかのコツを見る")
    assert "えらんでください" in phone.sees


def test_ones_own_worries_lead_to_the_desk_of_ones_town_and_to_lines(town: Town) -> None:
    phone, _ = supporter(town, town="iwami", district="whole")
    phone.taps_data(postback.Tap("tips", "topic", "own_worries", "").data())
    content = town.services.content
    assert content.general_window("iwami").name in phone.sees
    for key in TIPS["own_worries"].hotlines:
        assert content.hotlines[key].name in phone.sees


def test_a_topic_that_is_gone_leads_to_the_others(town: Town) -> None:
    phone = town.friend()
    phone.taps_data(postback.Tap("tips", "topic", "long_gone", "").data())
    assert "えらんでください" in phone.sees


def test_typed_words_lead_there_too(town: Town) -> None:
    phone = town.friend()
    phone.types("コツ")
    assert "えらんでください" in phone.sees
