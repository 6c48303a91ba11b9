"""修了証 in the chat: the badge as a picture without a name, and a link behind which the name stands."""

from __future__ import annotations

import re

from phone import Phone
from test_registered import supporter
from town import Town

from storage import certificates, supporters
from storage.supporters import Profile

SEND = "修了証を受け取る"


def _asks(phone: Phone) -> None:
    phone.types("登録の内容")
    phone.taps(SEND)


def test_the_badge_comes_as_a_picture_and_the_rest_behind_a_link(town: Town) -> None:
    phone, made = supporter(town)
    _asks(phone)
    picture = phone.got[0]
    assert picture["type"] == "image"
    assert re.fullmatch(r"https://tsunagari\.example/v/[\w-]{22}/badge\.png", picture["originalContentUrl"])
    (link,) = [each["uri"] for each in phone.buttons() if "uri" in each]
    assert re.fullmatch(r"https://tsunagari\.example/p/[0-9a-f]{16}#[\w-]{43}", link)
    with town.services.db.look() as work:
        issued = certificates.of(work, made.id)
        now = supporters.get(work, made.id)
    assert issued is not None
    assert now is not None
    assert now.number == issued.number


def test_no_name_goes_through_line(town: Town) -> None:
    phone, made = supporter(town)
    with town.services.db.work() as work:
        supporters.write(work, made, Profile("因幡 白兎"))
    _asks(phone)
    assert "白兎" not in str(phone.everything)


def test_asked_for_again_it_is_the_same_one_with_a_fresh_link(town: Town) -> None:
    phone, _made = supporter(town)
    _asks(phone)
    first = phone.got
    _asks(phone)
    assert phone.got[0] == first[0]
    assert phone.got != first


def test_without_a_name_it_says_what_to_do_first(town: Town) -> None:
    phone, made = supporter(town)
    with town.services.db.work() as work:
        supporters.write(work, made, Profile())
    _asks(phone)
    assert "お名前が必要です" in phone.sees


def test_a_button_of_somebody_else_brings_the_menu(town: Town) -> None:
    _phone, theirs = supporter(town)
    stranger = town.friend()
    stranger.taps_data(f"v1;papers;;send;{theirs.id}")
    assert "image" not in [each["type"] for each in stranger.got]
    assert "下のボタンからえらんで" in stranger.sees
