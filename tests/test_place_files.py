"""What an editor of towns.yaml and windows.yaml may say, and what is answered where it contradicts itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.content.errors import ContentError
from bot.content.hotlines import load_hotlines
from bot.content.kinds import load_concern_kinds
from bot.content.place_files import load_towns, load_windows
from bot.content.places import Window, route

CONTENT = Path(__file__).parent.parent / "content"
KINDS = load_concern_kinds(CONTENT / "concern_kinds.yaml", load_hotlines(CONTENT / "hotlines.yaml"))

TOWN = """
- key: iwami
  name: "岩美町"
  kana: "いわみちょう"
  prefecture: "鳥取県"
  phone: "0857-73-1411"
  districts: [{key: whole, name: "町全体"}]
"""
WINDOW = """
- key: desk
  name: "福祉課"
  owner: "岩美町"
  serves: [iwami]
  kinds: [dv]
  phone: "0857-73-1333"
  verified_at: 2026-07-28
  source: "広報"
  fallback: true
"""


def read(folder: Path, windows: str) -> tuple[Window, ...]:
    (folder / "towns.yaml").write_text(TOWN, "utf-8")
    (folder / "windows.yaml").write_text(windows, "utf-8")
    return load_windows(folder / "windows.yaml", load_towns(folder / "towns.yaml"), KINDS)


def trouble_with_town(tmp_path: Path, text: str) -> str:
    (tmp_path / "towns.yaml").write_text(text, "utf-8")
    with pytest.raises(ContentError) as trouble:
        load_towns(tmp_path / "towns.yaml")
    return str(trouble.value)


def trouble_with_window(tmp_path: Path, text: str, of_towns: str = TOWN) -> str:
    (tmp_path / "windows.yaml").write_text(text, "utf-8")
    (tmp_path / "towns.yaml").write_text(of_towns, "utf-8")
    towns = load_towns(tmp_path / "towns.yaml")
    with pytest.raises(ContentError) as trouble:
        load_windows(tmp_path / "windows.yaml", towns, KINDS)
    return str(trouble.value)


@pytest.mark.parametrize(
    ("change", "to", "said"),
    [
        ('"0857-73-1411"', '"0857-73-141"', "phone"),
        ('"0857-73-1411"', "null", "phone"),
        ('"岩美町"', "5", "name"),
        ("key: iwami", "key: いわみ", "key"),
        ("[{key: whole", "[{kee: whole", "districts"),
        ('[{key: whole, name: "町全体"}]', "[]", "districts"),
        ("prefecture:", "province:", "province"),
        ('kana: "いわみちょう"', 'kana: "いわみちょう"\n  population: "many"', "population"),
        ('kana: "いわみちょう"', 'kana: "いわみちょう"\n  landmarks: 岩美駅', "landmarks"),
        ("districts:", 'reports_count_as_notification: "yes"\n  districts:', "reports_count_as_notification"),
        ('kana: "いわみちょう"', f'kana: "いわみちょう"\n  landmarks: [{"あ" * 21}]', "landmarks"),
    ],
)
def test_an_editor_of_towns_is_told_the_town_and_the_field(
    tmp_path: Path, change: str, to: str, said: str
) -> None:
    message = trouble_with_town(tmp_path, TOWN.replace(change, to))
    assert message.startswith("content/towns.yaml: ")
    assert said in message


@pytest.mark.parametrize(
    ("change", "to", "said"),
    [
        ("serves: [iwami]", "serves: [moon]", "moon"),
        ("serves: [iwami]", "serves: []", "serves"),
        ("kinds: [dv]", "kinds: [sadness]", "sadness"),
        ('"0857-73-1333"', "857731333", "phone"),
        ("2026-07-28", '"July"', "verified_at"),
        ("fallback: true", "fallback: perhaps", "fallback"),
        ("fallback: true", "fallback: false", "exactly one"),
        ("fallback: true", "fallback: true\n  recipients: [nobody]", "recipients"),
        ("fallback: true", "fallback: true\n  hours: {always: maybe}", "hours"),
        ("fallback: true", "fallback: true\n  hours: often", "hours"),
        ("fallback: true", "fallback: true\n  colour: red", "colour"),
        ("kinds: [dv]", "kinds: everything", "kinds: a list of kinds, or all,"),
        ("fallback: true", "fallback: true\n  leader: [the boss]", "leader"),
        ("fallback: true", "fallback: true\n  duty: duty@iwami.example.jp", "duty"),
        ("fallback: true", "fallback: true\n  active: perhaps", "active"),
        ("fallback: true", "fallback: true\n  active: false", "fallback"),
        ("fallback: true", "fallback: true\n  levels: [0, 1]", "levels"),
        ("fallback: true", "levels: [5]", "levels"),
        ("fallback: true", "levels: []", "levels"),
        ("fallback: true", "levels: [1, 1]", "twice"),
        ("fallback: true", "levels: 1", "levels"),
        ("fallback: true", "fallback: true\n  replaced_by: desk", "replaced_by: only"),
        ("fallback: true", "fallback: true\n  after_hours_desk: moon", "after_hours_desk: there is no"),
        ("fallback: true", "fallback: true\n  after_hours_desk: desk", "after_hours_desk: names the desk"),
        ("kinds: [dv]\n", "kinds: all\n  levels: [0, 1]\n", "levels: the general desk"),
    ],
)
def test_an_editor_of_windows_is_told_the_window_and_the_field(
    tmp_path: Path, change: str, to: str, said: str
) -> None:
    message = trouble_with_window(tmp_path, WINDOW.replace(change, to))
    assert message.startswith("content/windows.yaml: ")
    assert said in message


OTHER = WINDOW.replace("key: desk", "key: other").replace("  fallback: true\n", "")
HAMA = TOWN.replace("iwami", "hama").replace("岩美町", "浜町")


@pytest.mark.parametrize(
    ("of_desk", "of_other", "said"),
    [
        ("", "active: false\n  replaced_by: moon", "other: replaced_by: there is no window 'moon'"),
        ("", "active: false\n  replaced_by: other", "other: replaced_by: leads back"),
        ("after_hours_desk: other", "levels: [0]", "desk: after_hours_desk: 'other' does not take level 1"),
        ("", "fallback: true", "iwami: needs exactly one"),
    ],
)
def test_tables_that_contradict_each_other_are_refused(
    tmp_path: Path, of_desk: str, of_other: str, said: str
) -> None:
    text = f"{WINDOW}  {of_desk}\n{OTHER}  {of_other}\n"
    assert trouble_with_window(tmp_path, text).startswith(f"content/windows.yaml: {said}")


def test_a_desk_of_another_town_can_neither_replace_nor_relieve(tmp_path: Path) -> None:
    far = OTHER.replace("key: other", "key: far").replace("serves: [iwami]", "serves: [hama]")
    far += "  fallback: true\n"
    gone = f"{WINDOW}{far}{OTHER}  active: false\n  replaced_by: far\n"
    assert "other: replaced_by: 'far' serves none" in trouble_with_window(tmp_path, gone, TOWN + HAMA)
    night = f"{WINDOW}  after_hours_desk: far\n{far}"
    assert "desk: after_hours_desk: 'far' does not serve 'iwami'" in trouble_with_window(
        tmp_path, night, TOWN + HAMA
    )


def test_a_small_town_says_in_one_line_that_one_desk_takes_everything(tmp_path: Path) -> None:
    one = WINDOW.replace("kinds: [dv]", "kinds: all").replace("  fallback: true\n", "")
    windows = read(tmp_path, one)
    ways = [route(windows, "iwami", kind, level) for kind in KINDS for level in range(5)]
    assert {(way.window.key, way.reader.key, way.general.key) for way in ways} == {("desk", "desk", "desk")}


def test_what_an_editor_may_say_of_a_desk_is_read(tmp_path: Path) -> None:
    gone = OTHER.replace("key: other", "key: gone") + "  active: false\n  replaced_by: desk\n"
    text = (
        f"{WINDOW}  after_hours_desk: other\n  leader: [a@iwami.example.jp]\n"
        f"  department: [b@iwami.example.jp]\n  duty: [c@iwami.example.jp]\n"
        f"{OTHER}  levels: [1, 0]\n{gone}"
    )
    windows = read(tmp_path, text)
    one, other, old = windows
    assert (one.leader, one.department, one.duty) == (
        *(("a@iwami.example.jp",), ("b@iwami.example.jp",), ("c@iwami.example.jp",)),
    )
    assert (one.after_hours_desk, one.active, other.levels) == ("other", True, (0, 1))
    assert (old.active, old.replaced_by) == (False, "desk")


def test_a_night_desk_that_was_given_up_keeps_the_service_from_nothing(tmp_path: Path) -> None:
    text = f"{WINDOW}  after_hours_desk: other\n{OTHER}  active: false\n"
    windows = read(tmp_path, text)
    assert windows[0].after_hours_desk == "other"


def test_a_night_desk_need_take_only_the_levels_that_the_desk_takes(tmp_path: Path) -> None:
    today = OTHER.replace("key: other", "key: today") + "  levels: [1]\n  after_hours_desk: other\n"
    assert len(read(tmp_path, f"{WINDOW}{today}{OTHER}  levels: [1]\n")) == 3


def test_a_landmark_stands_for_one_town_only(tmp_path: Path) -> None:
    marked = TOWN + '  landmarks: ["大きな駅"]\n'
    assert "hama: landmarks: '大きな駅'" in trouble_with_town(
        tmp_path, marked + HAMA + '  landmarks: ["大きな駅"]'
    )
    assert "hama: landmarks" in trouble_with_town(tmp_path, marked + HAMA.replace("浜町", "大きな駅"))
    assert "hama: landmarks" in trouble_with_town(tmp_path, TOWN + HAMA + '  landmarks: ["岩美町"]')


def test_a_key_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    assert "twice" in trouble_with_town(tmp_path, TOWN + TOWN)
    assert "twice" in trouble_with_window(tmp_path, WINDOW + WINDOW)


def test_whether_a_report_counts_as_notification_is_false_until_the_town_says_otherwise(
    tmp_path: Path,
) -> None:
    path = tmp_path / "towns.yaml"
    for more, counts in (("", False), ("  reports_count_as_notification: true\n", True)):
        path.write_text(TOWN + more, "utf-8")
        assert [town.reports_count_as_notification for town in load_towns(path)] == [counts]
