"""Rich menus: what stands on them, how they look, and what is said about mistakes in their file."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import yaml
from PIL import Image, ImageChops, ImageDraw

from bot import fonts, postback, richmenu
from bot.content.errors import ContentError
from bot.content.hotlines import load_hotlines
from bot.content.richmenus import Icon, RichMenu, load_rich_menus
from bot.content.texts import load_texts
from bot.flows import FLOWS
from bot.menu_icons import _ICONS, Pen, draw_icon
from bot.menu_picture import _LOOKS, EDGE, SIZE, fields
from bot.messages import clusters

CONTENT = Path(__file__).resolve().parent.parent / "content"
MENUS = load_rich_menus(CONTENT / "richmenus.yaml")
LIVES = ("inochi_sos", "yorisoi")

each_menu = pytest.mark.parametrize("menu", MENUS.values(), ids=MENUS)


# ---- what stands on them -----------------------------------------------------------------------------------


@each_menu
def test_the_areas_cover_the_picture_and_none_lies_on_another(menu: RichMenu) -> None:
    boxes = [placed.box for placed in fields(menu)]
    assert sum((r - x) * (b - y) for x, y, r, b in boxes) == SIZE[0] * SIZE[1]
    assert all(0 <= x < r <= SIZE[0] and 0 <= y < b <= SIZE[1] for x, y, r, b in boxes)
    for one, other in combinations(boxes, 2):
        beside = one[2] <= other[0] or other[2] <= one[0]
        assert beside or one[3] <= other[1] or other[3] <= one[1]


@each_menu
def test_every_area_is_large_enough_for_a_thumb(menu: RichMenu) -> None:
    point = SIZE[0] / 375  # pixels; WCAG 2.2 wants 24 points, Apple 44
    for left, top, right, bottom in (placed.box for placed in fields(menu)):
        assert min(right - left, bottom - top) >= 60 * point


@each_menu
def test_every_tap_leads_somewhere(menu: RichMenu) -> None:
    texts = load_texts(CONTENT / "texts" / "ja")
    for area in richmenu.menu_json(menu)["areas"]:
        tap = postback.read(area["action"]["data"])
        assert tap is not None
        if tap.flow == "danger":
            assert texts.has(f"danger.{tap.answer}")
        else:
            assert tap.answer == postback.START
            assert tap.flow in {"menu", "mine", "registered", "tips", *FLOWS}


@each_menu
def test_a_tap_shows_in_the_chat_what_was_tapped(menu: RichMenu) -> None:
    for area, placed in zip(richmenu.menu_json(menu)["areas"], fields(menu), strict=True):
        assert area["action"]["displayText"] == area["action"]["label"] == "".join(placed.area.lines)
        assert clusters(area["action"]["label"]) <= 20


def test_residents_and_supporters_begin_with_what_they_need_most() -> None:
    assert [area.label for area in MENUS["resident"].areas] == [
        "お悩みハンドブック",
        "どこに相談すればいい？",
        "気になる人がいる",
        "サポーター登録",
        "いますぐ話したい",
        "メニュー",
    ]
    first = next(fields(MENUS["supporter"]))
    assert first.area.target == "concern"
    assert all(_size(first.box) >= _size(placed.box) for placed in fields(MENUS["supporter"]))


def _size(box: tuple[int, int, int, int]) -> int:
    return (box[2] - box[0]) * (box[3] - box[1])


def test_who_wants_to_talk_now_finds_the_place_in_both_menus_where_it_was() -> None:
    places = [
        placed.box for menu in MENUS.values() for placed in fields(menu) if placed.area.target == "help"
    ]
    assert len(places) == 2
    assert places[0] == places[1]


def test_the_numbers_to_call_now_are_those_of_the_hotlines() -> None:
    lines = load_hotlines(CONTENT / "hotlines.yaml")
    text = load_texts(CONTENT / "texts" / "ja").get("danger.help")
    assert re.findall(r"\d+-\d+-\d+", text) == [lines[key].phone for key in LIVES]
    for key in LIVES:
        assert f"{lines[key].name}\n{lines[key].phone}（24時間・無料）" in text
    assert "119（救急）" in text
    assert "110（警察）" in text


def test_what_the_picture_promises_of_these_lines_is_so() -> None:
    lines = load_hotlines(CONTENT / "hotlines.yaml")
    promised = {area.note for menu in MENUS.values() for area in menu.areas if area.target == "help"}
    assert promised == {"24時間・無料の電話"}
    assert all("24時間" in lines[key].hours_text and lines[key].cost == "無料" for key in LIVES)


# ---- how they look -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def pictures() -> dict[str, bytes]:
    return {key: richmenu.draw(menu) for key, menu in MENUS.items()}


@pytest.mark.parametrize("key", MENUS)
def test_the_picture_is_what_line_takes(key: str, pictures: dict[str, bytes]) -> None:
    assert len(pictures[key]) <= 1_000_000
    with Image.open(io.BytesIO(pictures[key])) as picture:
        assert picture.format == "PNG"
        assert picture.size == (2500, 1686)


def test_the_same_menu_gives_the_same_picture(pictures: dict[str, bytes]) -> None:
    assert richmenu.draw(MENUS["resident"]) == pictures["resident"] != pictures["supporter"]


@pytest.mark.parametrize("key", MENUS)
def test_no_letter_runs_over_the_edge_of_its_field(key: str, pictures: dict[str, bytes]) -> None:
    """The gaps between the fields show nothing but the ground."""
    picture = Image.open(io.BytesIO(pictures[key])).convert("RGB")
    ground = picture.getpixel((2, 2))
    gaps = Image.new("1", SIZE, 1)
    inside = ImageDraw.Draw(gaps)
    for placed in fields(MENUS[key]):
        left, top, right, bottom = placed.card
        inside.rectangle((left - 3, top - 3, right + 3, bottom + 3), fill=0)
    plain = Image.new("RGB", SIZE, ground)
    seen = ImageChops.difference(picture, plain).convert("L").point(lambda light: 255 if light > 12 else 0)
    assert ImageChops.logical_and(seen.convert("1"), gaps).getbbox() is None
    assert min(placed.card[0] for placed in fields(MENUS[key])) == EDGE


@each_menu
def test_letters_are_at_least_15_points_high_on_a_phone(
    menu: RichMenu, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: dict[str, int] = {}
    real = fonts.write

    def note(draw: Any, at: Any, text: str, size: int, fill: str, **how: Any) -> None:
        written[text] = size // 2  # drawn at double size
        real(draw, at, text, size, fill, **how)

    monkeypatch.setattr(fonts, "write", note)
    richmenu.draw(menu)
    point = SIZE[0] / 375
    for area in menu.areas:
        assert all(written[line] >= 15 * point for line in area.lines)
        assert area.note is None or written[area.note] >= 12 * point


@pytest.mark.parametrize("look", _LOOKS)
def test_words_and_icons_stand_out_from_their_ground(look: Any) -> None:
    colours = _LOOKS[look]
    assert _contrast(colours.ink, colours.ground) >= 4.5
    assert _contrast(colours.note, colours.ground) >= 4.5
    assert _contrast(colours.icon, colours.disc) >= 4.5
    assert _contrast(colours.disc, colours.ground) >= 3


def _contrast(one: str, other: str) -> float:
    """WCAG 2.2, relative luminance."""

    def light(colour: str) -> float:
        parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
        red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    high, low = sorted((light(one), light(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("icon", _ICONS)
def test_an_icon_stays_in_its_square(icon: Icon) -> None:
    canvas = Image.new("L", (300, 300))
    draw_icon(icon, Pen(ImageDraw.Draw(canvas), 100, 100, 100, "white", "black"))
    left, top, right, bottom = canvas.getbbox() or (0, 0, 0, 0)
    assert left >= 99 and top >= 99 and right <= 202 and bottom <= 202  # noqa: PT018
    assert right - left > 50 < bottom - top


def test_a_label_that_does_not_fit_its_field_is_refused() -> None:
    menu = MENUS["resident"]
    row = menu.rows[1]
    long = replace(row.areas[0], lines=("とてもとても長いことば", "ここにもあります"))
    with pytest.raises(ContentError, match=r"richmenus\.yaml: resident: label"):
        richmenu.draw(replace(menu, rows=(replace(row, areas=(long, *row.areas[1:])),)))


# ---- what is wrong in the file is said --------------------------------------------------------------------


def _area(raw: Any) -> Any:
    return raw["resident"]["rows"][0]["areas"][0]


@pytest.mark.parametrize(
    ("spoil", "where", "problem"),
    [
        (lambda raw: raw.pop("supporter"), "", "exactly the menus"),
        (lambda raw: raw["resident"].update(chat_bar_text="あ" * 15), "resident", "at most 14"),
        (lambda raw: raw["supporter"].update(name=raw["resident"]["name"]), "supporter", "its own"),
        (lambda raw: raw["resident"].update(rows=[]), "resident", "a list"),
        (lambda raw: raw["resident"]["rows"][1].update(height=0), "resident.rows.2", "1 to 100"),
        (lambda raw: _area(raw).update(label=["あ", "い", "う"]), "resident.rows.1.areas.1", "label"),
        (lambda raw: _area(raw).update(label=["あ" * 21]), "resident.rows.1.areas.1", "at most 20"),
        (lambda raw: _area(raw).update(icon="cat"), "resident.rows.1.areas.1", "'cat'"),
        (lambda raw: _area(raw).update(say="help"), "resident.rows.1.areas.1", "exactly one"),
        (lambda raw: _area(raw).update(start="a;b"), "resident.rows.1.areas.1", "start"),
        (lambda raw: _area(raw).update(colour="red"), "resident.rows.1.areas.1", "unknown field colour"),
    ],
)
def test_a_mistake_in_the_file_is_named_with_its_place(
    spoil: Callable[[Any], Any], where: str, problem: str, tmp_path: Path
) -> None:
    raw = yaml.safe_load((CONTENT / "richmenus.yaml").read_text("utf-8"))
    spoil(raw)
    path = tmp_path / "richmenus.yaml"
    path.write_text(yaml.safe_dump(raw, allow_unicode=True), "utf-8")
    with pytest.raises(ContentError) as wrong:
        load_rich_menus(path)
    assert (wrong.value.file, wrong.value.key) == ("richmenus.yaml", where)
    assert problem in str(wrong.value)


@pytest.mark.parametrize("deed", [{"start": "no_such_flow"}, {"say": "no_such_text"}])
def test_a_tap_that_would_lead_nowhere_is_refused(deed: dict[str, str], tmp_path: Path) -> None:
    raw = yaml.safe_load((CONTENT / "richmenus.yaml").read_text("utf-8"))
    _area(raw).pop("start")
    _area(raw).update(deed)
    (tmp_path / "richmenus.yaml").write_text(yaml.safe_dump(raw, allow_unicode=True), "utf-8")
    (tmp_path / "texts").symlink_to(CONTENT / "texts")
    with pytest.raises(ContentError, match="there is no 'no_such"):
        richmenu.load(tmp_path)
