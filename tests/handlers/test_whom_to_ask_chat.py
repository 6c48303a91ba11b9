"""「どこに相談すればいい？」 and the menu in the chat."""

from __future__ import annotations

from phone import Phone
from surroundings import Clock
from town import Town, the_content


def asks(town: Town, where: str = "岩美町", trouble: str = "お金のこと") -> Phone:
    phone = town.friend()
    phone.taps("どこに相談すればいい？")
    phone.taps(where)
    phone.taps(trouble)
    return phone


def test_desks_have_a_phone_button_and_say_that_they_are_open(town: Town) -> None:
    phone = asks(town)
    desk = the_content().windows_by_key["iwami_kenko_fukushi"]
    assert desk.name in phone.sees
    assert desk.tel in [b.get("uri") for b in phone.buttons()]
    assert "いま開いています" in phone.sees
    assert "「お金のことで" in phone.sees or "お金のことで" in phone.sees


def test_at_night_they_say_that_they_are_closed_and_another_line_is_open(town: Town, clock: Clock) -> None:
    clock.move(hours=13)
    phone = asks(town)
    assert "いまは時間外です" in phone.sees
    assert "いま開いています" in phone.sees
    assert "よりそいホットライン" in phone.sees


def test_one_can_look_for_another_trouble_or_go_to_the_menu(town: Town) -> None:
    phone = asks(town)
    assert {"べつのことで探す", "メニュー"} <= {b["label"] for b in phone.buttons()}
    phone.taps("べつのことで探す")
    assert "お住まいの市町" in phone.sees
    phone.types("メニュー")
    assert "なにをしますか" in phone.sees


def test_words_lead_where_the_buttons_lead(town: Town) -> None:
    phone = town.friend()
    for words, leads_to in (
        ("ハンドブック", "お住まいの市町"),
        ("相談", "お住まいの市町"),
        ("窓口", "お住まいの市町"),
        ("気になる人がいる", "いま命があぶないですか"),
        ("登録", "「コード」を送ってください"),
        ("とうろく", "「コード」を送ってください"),
        ("トウロク", "「コード」を送ってください"),
        ("メニュー", "なにをしますか"),
        ("使い方", "なにをしますか"),
    ):
        phone.types(words)
        assert leads_to in phone.sees, words


def test_what_is_not_understood_is_answered_kindly_with_the_menu(town: Town) -> None:
    phone = town.friend()
    phone.types("きのう作った大根の煮物がおいしかったです")
    assert "ありがとうございます" in phone.sees
    assert "名前や住所は、ここには書かないで" in phone.sees
    assert "気になる人がいる" in [b["label"] for b in phone.buttons()]
