"""Towns and desks: who looks after what where, and what an editor is told."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from bot.content.errors import ContentError
from bot.content.hotlines import load_hotlines
from bot.content.kinds import load_concern_kinds, load_handbook, load_troubles
from bot.content.place_files import load_towns, load_windows
from bot.content.places import Window, desk_for, route
from bot.content.rules import load_rules
from bot.content.scheme_files import load_schemes

CONTENT = Path(__file__).parent.parent / "content"
HOTLINES = load_hotlines(CONTENT / "hotlines.yaml")
KINDS = load_concern_kinds(CONTENT / "concern_kinds.yaml", HOTLINES)
TOWNS = load_towns(CONTENT / "towns.yaml")
WINDOWS = load_windows(CONTENT / "windows.yaml", TOWNS, KINDS)
TROUBLES = load_troubles(CONTENT / "troubles.yaml", KINDS, HOTLINES)
KEYS = [town.key for town in TOWNS]
BY_KEY = {window.key: window for window in WINDOWS}
TOTTORI, HYOGO = ("tottori", "iwami", "wakasa", "chizu", "yazu"), ("kami", "shinonsen")
OLD_NUMBERS = ("0857-20-3453", "0857-20-3456", "085-723-6080")


def test_seven_towns_are_served_and_only_those_with_parts_ask_for_the_district() -> None:
    assert [town.name for town in TOWNS] == [
        *("鳥取市", "岩美町", "若桜町", "智頭町", "八頭町", "香美町", "新温泉町"),
    ]
    assert {town.key: len(town.districts) for town in TOWNS if len(town.districts) > 1} == {
        "tottori": 17,
        "kami": 3,
        "shinonsen": 2,
    }


@pytest.mark.parametrize("town", KEYS)
@pytest.mark.parametrize("kind", list(KINDS))
def test_every_town_has_a_desk_for_every_kind_of_concern_and_it_can_be_reached(town: str, kind: str) -> None:
    found = route(WINDOWS, town, kind)
    assert town in found.window.serves
    assert found.window.phone or "189" in found.window.note
    assert found.general.fallback
    assert found.general.serves == (town,)


@pytest.mark.parametrize("town", KEYS)
def test_violence_goes_to_the_centre_of_the_prefecture_in_charge(town: str) -> None:
    found = route(WINDOWS, town, "dv")
    assert found.reason == "shared"
    assert found.window.phone == ("0857-27-8630" if town in TOTTORI else "078-732-7700")


@pytest.mark.parametrize("town", HYOGO)
def test_the_two_towns_in_hyogo_are_looked_after_by_hyogo(town: str) -> None:
    assert route(WINDOWS, town, "child_abuse").window.key == "hyogo_toyooka_child"
    assert [window.phone for window in route(WINDOWS, town, "poverty").also] == ["0796-82-3161"]
    assert all(window.owner != "鳥取県" for window in WINDOWS if town in window.serves)


def test_a_towns_own_desk_comes_before_the_general_one() -> None:
    found = route(WINDOWS, "tottori", "poverty")
    assert (found.window.key, found.reason) == ("tottori_personal_support", "own")
    assert [window.key for window in found.also] == ["tottori_fukushi"]


def test_what_nobody_else_looks_after_goes_to_the_general_desk() -> None:
    found = route(WINDOWS, "wakasa", "dementia")
    assert (found.window.key, found.reason, found.also) == ("wakasa_fukushi_hoken", "general", ())


def test_a_small_town_with_one_desk_for_all_shows_one_card() -> None:
    assert route(WINDOWS, "chizu", "poverty").also == ()


def test_the_same_phone_is_not_shown_twice() -> None:
    twin = window_like("tottori_personal_support", key="twin")
    found = route((*WINDOWS, twin), "tottori", "poverty")
    assert "twin" not in [window.key for window in found.also]


def test_a_town_without_a_general_desk_is_an_error() -> None:
    with pytest.raises(LookupError):
        route([BY_KEY["tottori_pref_dv"]], "tottori", "dv")


def window_like(like: str, **new: object) -> Window:
    return replace(BY_KEY[like], **new)  # type: ignore[arg-type]


def test_the_general_desk_says_what_to_say_on_the_phone() -> None:
    note = BY_KEY["tottori_chuo_jinken"].note_about(KINDS["dementia"].about)
    assert "「高齢の人のもの忘れや様子の変化のことで、担当につないでほしい」" in note
    assert "〇〇" not in note


def test_numbers_of_old_papers_are_not_used() -> None:
    text = (CONTENT / "windows.yaml").read_text("utf-8")
    assert not any(number in text for number in OLD_NUMBERS)


def test_no_mail_goes_out_until_a_town_fills_in_its_addresses() -> None:
    assert all(window.recipients == () for window in WINDOWS)


def test_a_town_hall_is_open_on_a_weekday_and_closed_on_a_holiday_and_in_the_evening() -> None:
    hours = BY_KEY["tottori_fukushi"].hours
    assert hours is not None
    tokyo = ZoneInfo("Asia/Tokyo")
    assert hours.open_at(dt.datetime(2026, 11, 20, 10, 0, tzinfo=tokyo))
    assert not hours.open_at(dt.datetime(2026, 11, 20, 17, 15, tzinfo=tokyo))
    assert not hours.open_at(dt.datetime(2026, 11, 23, 10, 0, tzinfo=tokyo)), "勤労感謝の日"
    assert not hours.open_at(dt.datetime(2026, 12, 30, 10, 0, tzinfo=tokyo))


def test_a_scheme_finds_the_real_desk_of_the_town() -> None:
    def desk(town: str, kind: str) -> str | None:
        found = desk_for(WINDOWS, town, kind)
        return found.key if found else None

    assert desk("tottori", "自立相談支援機関") == "tottori_personal_support"
    assert desk("iwami", "市区町村こども課・福祉事務所") == "iwami_fukushi"
    assert desk("kami", "福祉事務所") == "hyogo_shinonsen_fukushi"
    assert desk("chizu", "ひきこもり地域支援センター") == "tottori_pref_hikikomori"
    assert desk("tottori", "ハローワーク") is None


def test_every_name_of_a_desk_is_one_that_schemes_use() -> None:
    used = {
        name.split("(")[0]
        for scheme in load_schemes(CONTENT / "schemes", rules=load_rules(CONTENT / "rules.yaml"))
        for name in scheme.window_kind.split("・")
    }
    assert {name for window in WINDOWS for name in window.desks} <= used


def test_the_fifteen_kinds_of_concern_are_there_in_words_that_need_no_diagnosis() -> None:
    assert list(KINDS) == [
        *("safety", "dementia", "elder_abuse", "child_abuse", "youth", "dv", "disability", "mental"),
        *("suicidal", "hikikomori", "poverty", "home", "foreigner", "fraud", "unsure"),
    ]
    assert all(kind.examples for kind in KINDS.values())
    assert all(len(kind.button) <= 20 for kind in KINDS.values())


def test_the_neighbour_is_never_told_about_a_report_of_violence_or_abuse() -> None:
    assert {key for key, kind in KINDS.items() if kind.never_told} == {"elder_abuse", "child_abuse", "dv"}


def test_violence_abuse_and_thoughts_of_death_are_for_today() -> None:
    today = {key for key, kind in KINDS.items() if kind.level == 1}
    assert today == {"elder_abuse", "child_abuse", "dv", "suicidal"}
    assert "jidou_189" in KINDS["child_abuse"].hotlines
    assert {"dv_plus", "dv_navi"} <= set(KINDS["dv"].hotlines)
    assert "shouhisha_188" in KINDS["fraud"].hotlines


def test_every_trouble_of_a_resident_leads_to_a_desk_in_every_town() -> None:
    assert len(TROUBLES) == 14
    for trouble in TROUBLES.values():
        for town in KEYS:
            assert all(route(WINDOWS, town, kind).window for kind in trouble.kinds)


def test_the_safety_net_has_a_line_that_is_always_open() -> None:
    handbook = load_handbook(CONTENT / "handbook.yaml", HOTLINES)
    assert handbook.safety_net == ("yorisoi", "notalone")
    assert handbook.town_desk
    for key in ("yorisoi", *handbook.talk_now):
        assert HOTLINES[key].open_at(dt.datetime(2027, 1, 1, 3, 0, tzinfo=ZoneInfo("Asia/Tokyo")))


def test_every_town_has_landmarks_for_those_who_cannot_name_it() -> None:
    assert all(2 <= len(town.landmarks) <= 5 for town in TOWNS)
    assert "湯村温泉" in next(town for town in TOWNS if town.key == "shinonsen").landmarks


def test_a_scheme_never_names_a_desk_that_was_given_up() -> None:
    gone = window_like("tottori_fukushi", active=False)
    assert desk_for([gone], "tottori", "福祉事務所") is None


@pytest.mark.parametrize(
    ("change", "to", "said"),
    [
        ("level: 2", "level: 7", "level"),
        ("hotlines: [ambulance, police]", "hotlines: [nobody]", "nobody"),
        ("tell_subject: ask", "tell_subject: always", "tell_subject"),
        ('label: "姿を見ない・安否が心配"', f'label: "{"あ" * 21}"', "short"),
    ],
)
def test_an_editor_of_concern_kinds_is_told_the_kind_and_the_field(
    tmp_path: Path, change: str, to: str, said: str
) -> None:
    path = tmp_path / "concern_kinds.yaml"
    path.write_text((CONTENT / "concern_kinds.yaml").read_text("utf-8").replace(change, to, 1), "utf-8")
    with pytest.raises(ContentError, match=rf"concern_kinds\.yaml: safety: .*{said}"):
        load_concern_kinds(path, HOTLINES)


def test_a_trouble_without_a_desk_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "troubles.yaml"
    path.write_text('- {key: money, label: "お金", kinds: [], hotlines: []}', "utf-8")
    with pytest.raises(ContentError, match="money: kinds"):
        load_troubles(path, KINDS, HOTLINES)


def test_a_safety_net_without_a_line_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "handbook.yaml"
    path.write_text(
        "safety_net: {hotlines: [], town_desk: true}\ntalk_now: [yorisoi]\nfirst_shown: 7", "utf-8"
    )
    with pytest.raises(ContentError, match="safety_net"):
        load_handbook(path, HOTLINES)
