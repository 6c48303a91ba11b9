"""Our own pictograms for the rich menu: two flat colours, drawn in a square of 100 by 100 units."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PIL import ImageDraw

from bot.content.richmenus import Icon

Point = tuple[float, float]


@dataclass(frozen=True)
class Pen:
    """Draws on the canvas in the icon's own units: `left`, `top` and `side` are the square in pixels."""

    draw: ImageDraw.ImageDraw
    left: float
    top: float
    side: float
    ink: str
    ground: str

    def _at(self, points: Sequence[Point]) -> list[Point]:
        unit = self.side / 100
        return [(self.left + x * unit, self.top + y * unit) for x, y in points]

    def disc(self, middle: Point, radius: float, colour: str | None = None) -> None:
        x, y = middle
        box = self._at([(x - radius, y - radius), (x + radius, y + radius)])
        self.draw.ellipse(box, fill=colour or self.ink)

    def line(self, points: Sequence[Point], width: float, colour: str | None = None) -> None:
        """A line with round ends and corners."""
        colour = colour or self.ink
        self.draw.line(self._at(points), fill=colour, width=round(width * self.side / 100), joint="curve")
        for end in points:
            self.disc(end, width / 2, colour)

    def arc(self, middle: Point, radius: float, begin: float, end: float, width: float) -> None:
        """Part of a circle, in degrees clockwise from three o'clock."""
        steps = [begin + (end - begin) * step / 48 for step in range(49)]
        self.line([_on_circle(middle, radius, angle) for angle in steps], width)

    def shape(self, points: Sequence[Point], colour: str | None = None) -> None:
        self.draw.polygon(self._at(points), fill=colour or self.ink)

    def block(self, corner: Point, opposite: Point, radius: float, colour: str | None = None) -> None:
        """A rectangle with round corners."""
        self.draw.rounded_rectangle(
            self._at([corner, opposite]), radius * self.side / 100, fill=colour or self.ink
        )


def _on_circle(middle: Point, radius: float, angle: float) -> Point:
    turn = math.radians(angle)
    return middle[0] + radius * math.cos(turn), middle[1] + radius * math.sin(turn)


def _book(pen: Pen) -> None:
    """Open, with lines to read."""
    for side in (-1, 1):

        def at(x: float, y: float, side: int = side) -> Point:
            return 50 + side * x, y

        page = [at(3, 30), at(14, 22), at(28, 19), at(44, 21), at(44, 75), at(28, 73), at(14, 76), at(3, 84)]
        pen.shape(page)
        pen.line([*page, page[0]], 4)
        for y in (38, 51, 64):
            pen.line([at(13, y - 1), at(23, y - 4), at(34, y - 4)], 5, pen.ground)


def _signpost(pen: Pen) -> None:
    """Two boards, two ways."""
    pen.line([(50, 8), (50, 94)], 9)
    for board in (
        [(18, 20), (74, 20), (88, 31), (74, 42), (18, 42)],
        [(82, 52), (26, 52), (12, 63), (26, 74), (82, 74)],
    ):
        pen.shape(board)
        pen.line([*board, board[0]], 4)


def _heart_shape(pen: Pen, middle: Point, size: float, colour: str) -> None:
    """The curve x = 16 sin³t, y = 13 cos t - 5 cos 2t - 2 cos 3t - cos 4t, filled."""
    x, y = middle
    outline = []
    for step in range(96):
        t = math.tau * step / 96
        across = 16 * math.sin(t) ** 3
        up = 13 * math.cos(t) - 5 * math.cos(2 * t) - 2 * math.cos(3 * t) - math.cos(4 * t)
        outline.append((x + across * size / 32, y - up * size / 32))
    pen.shape(outline, colour)


def _heart(pen: Pen) -> None:
    """Somebody, and a heart for them."""
    pen.disc((38, 36), 18)
    shoulders = [_on_circle((38, 88), 29, angle) for angle in range(180, 361, 3)]
    pen.shape(shoulders)
    pen.line([*shoulders, shoulders[0]], 4)
    _heart_shape(pen, (78, 27), 40, pen.ink)


def _card(pen: Pen) -> None:
    """A sheet on a board, ticked."""
    pen.block((20, 17), (80, 92), 9)
    pen.block((33, 6), (67, 29), 8, pen.ground)
    pen.block((37, 10), (63, 25), 5)
    pen.line([(35, 58), (46, 70), (67, 44)], 9, pen.ground)


def _phone(pen: Pen) -> None:
    """A receiver that rings."""
    middle, inner = (80.0, 20.0), 62.0
    pen.arc(middle, inner, 97, 173, 17)
    for angle, lean in ((99, 8), (171, -8)):
        outer = _on_circle(middle, inner, angle)
        pen.line([outer, _on_circle(middle, inner - 17, angle - lean)], 21)
    for radius in (20, 37):
        pen.arc((52, 48), radius, -78, -12, 7)


def _list(pen: Pen) -> None:
    """Three lines to choose from."""
    for y in (26, 50, 74):
        pen.disc((20, y), 7)
        pen.line([(41, y), (83, y)], 12)


def _bulb(pen: Pen) -> None:
    """A light: something that helps."""
    for angle in (180, 225, 270, 315, 360):
        pen.line([_on_circle((50, 47), 38, angle), _on_circle((50, 47), 44, angle)], 6)
    pen.disc((50, 47), 28)
    pen.shape([(33, 64), (67, 64), (62, 78), (38, 78)])
    pen.line([(41, 45), (50, 54), (59, 45)], 5, pen.ground)
    pen.line([(50, 54), (50, 74)], 5, pen.ground)
    pen.block((40, 83), (60, 95), 4)


def _person(pen: Pen) -> None:
    """A card with somebody on it."""
    pen.block((6, 18), (94, 84), 9)
    pen.disc((32, 42), 11, pen.ground)
    pen.shape([_on_circle((32, 73), 18, angle) for angle in range(180, 361, 3)], pen.ground)
    for y in (38, 54, 70):
        pen.line([(62, y), (80, y)], 7, pen.ground)


_ICONS: dict[Icon, Callable[[Pen], None]] = {
    "book": _book,
    "signpost": _signpost,
    "heart": _heart,
    "card": _card,
    "phone": _phone,
    "list": _list,
    "bulb": _bulb,
    "person": _person,
}


def draw_icon(icon: Icon, pen: Pen) -> None:
    """Draw one pictogram where the pen is."""
    _ICONS[icon](pen)
