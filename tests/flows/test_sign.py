"""「気になるしるし」: three taps for the staff of a watch partner, and never a less urgent level."""

from __future__ import annotations

import pytest
from interview import Interview
from town import context, the_content

from bot.flows.context import Watch
from bot.flows.effects import OpenConcern, Say
from bot.flows.sign import SIGNS

ONE = Watch("因幡新聞", ("iwami",))
TWO = Watch("因幡新聞", ("tottori", "iwami"))


def noticing(watch: Watch | None = ONE) -> Interview:
    return Interview("sign", context(watch=watch))


def opened(interview: Interview) -> OpenConcern:
    (effect,) = interview.effects
    assert isinstance(effect, OpenConcern)
    return effect


def test_it_takes_three_taps() -> None:
    done = noticing().says(danger="no", sign="papers", send="send")
    assert done.asked == ["danger", "sign", "send"]
    effect = opened(done)
    assert (effect.town, effect.kind, effect.source, effect.doubted) == ("iwami", "safety", "partner", False)


def test_a_life_at_risk_comes_first() -> None:
    asking = noticing().says(danger="now")
    assert asking.asks == "call"
    assert asking.question.call == ("ambulance", "police")
    assert opened(asking.says(call="called", sign="other", send="send")).level == 0


@pytest.mark.parametrize("sign", SIGNS)
@pytest.mark.parametrize("danger", ["no", "now", "unsure"])
def test_no_sign_is_less_urgent_than_its_kind_or_what_was_said_of_danger(sign: str, danger: str) -> None:
    asking = noticing().says(danger=danger)
    if danger != "no":
        asking.says(call="not_now")
    effect = opened(asking.says(sign=sign, send="send"))
    assert effect.level <= the_content().concern_kinds[effect.kind].level
    assert danger == "no" or effect.level <= 1


@pytest.mark.parametrize("sign", SIGNS)
def test_the_neighbour_is_never_told_through_a_partner(sign: str) -> None:
    assert opened(noticing().says(danger="no", sign=sign, send="send")).subject_knows == "better_not"


def test_bruises_and_shouts_cannot_wait() -> None:
    assert opened(noticing().says(danger="no", sign="hurt", send="send")).level == 1


def test_the_desk_is_shown_before_it_is_sent() -> None:
    asking = noticing().says(danger="no", sign="papers")
    assert "岩美町 健康福祉課" in asking.words.text
    assert "0857-73-1333" in asking.words.text
    assert "新聞や郵便がたまっている" in asking.words.text


def test_the_town_is_asked_only_where_the_partner_has_several_and_none_is_known() -> None:
    assert noticing(ONE).says(danger="no", sign="papers").asks == "send"
    assert noticing(TWO).says(danger="no", sign="papers").asks == "town"
    known = Watch("因幡新聞", ("tottori", "iwami"), last_town="iwami")
    asking = noticing(known).says(danger="no", sign="papers")
    assert asking.asks == "send"
    assert "岩美町" in asking.words.text


def test_the_town_of_last_time_can_be_changed_at_the_end() -> None:
    known = Watch("因幡新聞", ("tottori", "iwami"), last_town="iwami")
    asking = noticing(known).says(danger="no", sign="money", send="other_town", other_town="tottori")
    assert asking.asks == "send_other_town"
    assert "鳥取市パーソナルサポートセンター" in asking.words.text
    assert opened(asking.says(send_other_town="send")).town == "tottori"


def test_a_town_that_the_partner_no_longer_watches_is_not_taken() -> None:
    gone = Watch("因幡新聞", ("tottori", "iwami"), last_town="kami")
    assert noticing(gone).says(danger="no", sign="papers").asks == "town"


def test_the_desk_may_be_doubted_here_too() -> None:
    effect = opened(noticing().says(danger="no", sign="money", send="doubt", desk="leave_it"))
    assert effect.doubted


def test_who_stops_has_sent_nothing() -> None:
    assert noticing().says(danger="no", sign="papers", send="stop").effects == (Say("sign.not_sent"),)


def test_who_is_of_no_partner_is_told_kindly() -> None:
    assert noticing(None).effects == (Say("sign.only_partners"),)


def test_a_partner_that_rests_is_told_kindly() -> None:
    assert noticing(Watch("因幡新聞", ("iwami",), active=False)).effects == (Say("sign.resting"),)
