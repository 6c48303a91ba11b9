"""The pictures of the rich menus: large plain letters on few calm fields, readable at 75 and in the sun."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw

from bot import fonts
from bot.content.errors import ContentError
from bot.content.richmenus import Area, Look, RichMenu
from bot.line.render import PALETTE
from bot.menu_icons import Pen, draw_icon

SIZE = (
    2500,
    1686,
)  # LINE's largest; a phone shows it about 375 points wide, so 100 px here are 15 points there
FINER = 2  # drawn that much larger and scaled down: smooth edges
EDGE, GAP, ROUND = 30, 26, 52
PADDING = 64
LARGEST_LETTERS, SMALLEST_LETTERS = 180, 110
NOTE = 0.56  # of the label's letters
SMALLEST_NOTE = 84
WIDE = 1.45  # a field this much wider than high has its icon on the left, else above
BESIDE = 640  # pixels that the words need beside an icon
COLOURS = 128
ALARM_GROUND = "#FCEFED"


@dataclass(frozen=True)
class Field:
    """An area and where it stands in the picture (pixels: left, top, right, bottom)."""

    area: Area
    box: tuple[int, int, int, int]

    @property
    def card(self) -> tuple[float, float, float, float]:
        """What is drawn: the field without the gaps around it, even along the edges of the picture."""
        left, top, right, bottom = self.box
        return (
            EDGE if left == 0 else left + GAP / 2,
            EDGE if top == 0 else top + GAP / 2,
            SIZE[0] - EDGE if right == SIZE[0] else right - GAP / 2,
            SIZE[1] - EDGE if bottom == SIZE[1] else bottom - GAP / 2,
        )


@dataclass(frozen=True)
class Colours:
    """The colours of one field; `disc` and `icon` are the round ground of the icon, and the icon."""

    ground: str
    line: str
    ink: str
    note: str
    disc: str
    icon: str


_LOOKS: dict[Look, Colours] = {
    "filled": Colours(*(PALETTE[c] for c in ("calm", "calm", "on_calm", "on_calm", "on_calm", "calm"))),
    "plain": Colours(*(PALETTE[c] for c in ("paper", "calm_line", "ink", "soft_ink", "calm", "on_calm"))),
    "warm": Colours(
        ALARM_GROUND,
        PALETTE["alarm"],
        PALETTE["alarm"],
        PALETTE["ink"],
        PALETTE["alarm"],
        PALETTE["on_alarm"],
    ),
    "quiet": Colours(*(PALETTE[c] for c in ("paper", "quiet_line", "ink", "soft_ink", "soft_ink", "paper"))),
}


def fields(menu: RichMenu) -> Iterator[Field]:
    """Every area with its place: together they cover the whole picture, and none overlaps another."""
    tops = _cuts([row.height for row in menu.rows], SIZE[1])
    for number, row in enumerate(menu.rows):
        lefts = _cuts([area.width for area in row.areas], SIZE[0])
        for place, area in enumerate(row.areas):
            yield Field(area, (lefts[place], tops[number], lefts[place + 1], tops[number + 1]))


def _cuts(shares: Sequence[int], whole: int) -> list[int]:
    """Where to cut `whole` pixels into these shares, both ends included."""
    return [whole * sum(shares[:n]) // sum(shares) for n in range(len(shares) + 1)]


def draw(menu: RichMenu) -> bytes:
    """The picture as PNG, below LINE's limit of 1 MB; ContentError where words do not fit their field."""
    large = Image.new("RGB", (SIZE[0] * FINER, SIZE[1] * FINER), PALETTE["calm_ground"])
    canvas = ImageDraw.Draw(large)
    placed = list(fields(menu))
    for field in placed:
        alike = [other for other in placed if _alike(other, field)]
        letters = min(_letters(menu, other) for other in alike)  # fields that look alike have equal letters
        _draw_field(canvas, field, letters)
    picture = large.resize(SIZE, Image.Resampling.LANCZOS)
    png = io.BytesIO()
    picture.quantize(COLOURS, dither=Image.Dither.NONE).save(png, "PNG", optimize=True)
    return png.getvalue()


def _alike(one: Field, other: Field) -> bool:
    """Of one size and in one style; three in a row differ by a pixel of rounding."""
    sizes = [(each.box[2] - each.box[0], each.box[3] - each.box[1]) for each in (one, other)]
    same_size = all(abs(sizes[0][side] - sizes[1][side]) <= 2 for side in (0, 1))
    return same_size and one.area.look == other.area.look


@dataclass(frozen=True)
class Setting:
    """How a field is set: the icon's disc, and the room for the words (pixels)."""

    wide: bool
    disc: float
    room: tuple[float, float]


def _setting(field: Field) -> Setting:
    left, top, right, bottom = field.card
    width, height = right - left, bottom - top
    if width >= WIDE * height:
        disc = min(0.64 * height, width - BESIDE)
        return Setting(True, disc, (width - disc - 2.8 * PADDING, height - PADDING))
    disc = 0.38 * height
    return Setting(False, disc, (width - PADDING, height - disc - 1.4 * PADDING))


def _letters(menu: RichMenu, field: Field) -> int:
    """The largest letters with which the words of this field fit."""
    area, (width, height) = field.area, _setting(field).room
    for size in range(LARGEST_LETTERS, SMALLEST_LETTERS - 1, -2):
        widths = [fonts.width(line, size, bold=True) for line in area.lines]
        if area.note:
            widths.append(fonts.width(area.note, _note_size(size)))
        if max(widths) <= width and _height(area, size) <= height:
            return size
    raise ContentError("richmenus.yaml", menu.key, f"label: {area.label!r} is too long for its field")


def _note_size(letters: int) -> int:
    return max(SMALLEST_NOTE, round(letters * NOTE))


def _height(area: Area, letters: int) -> float:
    return len(area.lines) * letters * 1.22 + (_note_size(letters) * 1.35 if area.note else 0)


def _draw_field(canvas: ImageDraw.ImageDraw, field: Field, letters: int) -> None:
    colours, setting = _LOOKS[field.area.look], _setting(field)
    left, top, right, bottom = field.card
    canvas.rounded_rectangle(
        tuple(FINER * edge for edge in field.card),
        radius=ROUND * FINER,
        fill=colours.ground,
        outline=colours.line,
        width=5 * FINER,
    )
    high = _height(field.area, letters)
    if setting.wide:
        middle = (top + bottom) / 2
        disc_at = (left + PADDING + setting.disc / 2, middle)
        words_at = (left + 1.9 * PADDING + setting.disc, middle - high / 2)
    else:
        both = setting.disc + 0.55 * PADDING + high
        disc_at = ((left + right) / 2, (top + bottom - both) / 2 + setting.disc / 2)
        words_at = ((left + right) / 2, disc_at[1] + setting.disc / 2 + 0.55 * PADDING)
    _draw_icon(canvas, field.area, colours, disc_at, setting.disc)
    _draw_words(canvas, field.area, colours, words_at, letters, "lm" if setting.wide else "mm")


def _draw_icon(
    canvas: ImageDraw.ImageDraw, area: Area, colours: Colours, at: tuple[float, float], disc: float
) -> None:
    x, y = FINER * at[0], FINER * at[1]
    half, side = FINER * disc / 2, FINER * disc * 0.66
    canvas.ellipse((x - half, y - half, x + half, y + half), fill=colours.disc)
    draw_icon(area.icon, Pen(canvas, x - side / 2, y - side / 2, side, colours.icon, colours.disc))


def _draw_words(
    canvas: ImageDraw.ImageDraw,
    area: Area,
    colours: Colours,
    at: tuple[float, float],
    letters: int,
    anchor: str,
) -> None:
    """Lines below each other from `at` on (their upper end); `anchor` says left or middle."""
    x, y = at
    for line in area.lines:
        y += letters * 0.61
        fonts.write(
            canvas, (x * FINER, y * FINER), line, letters * FINER, colours.ink, bold=True, anchor=anchor
        )
        y += letters * 0.61
    if area.note:
        size = _note_size(letters)
        y += size * 0.75
        fonts.write(canvas, (x * FINER, y * FINER), area.note, size * FINER, colours.note, anchor=anchor)
