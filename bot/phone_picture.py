"""What is about to be sent, drawn as a phone shows it: so that staff see line breaks and length before it goes out."""

from __future__ import annotations

import io
from collections.abc import Sequence

from PIL import Image, ImageDraw

from bot import fonts
from bot.messages import Text

WIDTH = 375  # points of a usual phone; what is smaller than its words is drawn sharper
FINER = 2  # pixels of the picture for a point
MARGIN, AVATAR, BUBBLE = 12, 36, 268
LETTERS, SMALL, LEADING = 16, 12, 1.5
PADDING = (14, 9)
HEAD, GAP, ROUND = 48, 8, 18
CHAT, PAPER, INK, SOFT, DISC = "#DCE8E0", "#FFFFFF", "#1B241F", "#55625A", "#1D7F56"
MOST_LINES = 400  # of one text: LINE's 5,000 signs fill 320 lines, line breaks alone could be more


def draw(sender: str, messages: Sequence[Text], clock: str) -> bytes:
    """The chat as PNG; `sender` is the account's name, `clock` the time under each message (10:00)."""
    wrapped = [_lines(message.text) for message in messages]
    heights = [len(lines) * LETTERS * LEADING + 2 * PADDING[1] for lines in wrapped]
    high = round(HEAD + MARGIN + SMALL * LEADING + sum(heights) + GAP * len(heights) + MARGIN)
    picture = Image.new("RGB", (WIDTH * FINER, high * FINER), CHAT)
    canvas = ImageDraw.Draw(picture)
    _head(canvas, sender)
    left, top = MARGIN + AVATAR + GAP, HEAD + MARGIN
    middle = (MARGIN + AVATAR / 2, top + AVATAR / 2)
    canvas.ellipse(
        _box(middle[0] - AVATAR / 2, middle[1] - AVATAR / 2, middle[0] + AVATAR / 2, middle[1] + AVATAR / 2),
        fill=DISC,
    )
    _write(canvas, middle, sender[:1], LETTERS, PAPER, anchor="mm")
    _write(canvas, (left, top), sender, SMALL, SOFT)
    place = top + SMALL * LEADING
    for lines, height in zip(wrapped, heights, strict=True):
        _bubble(canvas, left, place, lines, height, clock)
        place += height + GAP
    png = io.BytesIO()
    picture.save(png, "PNG", optimize=True)
    return png.getvalue()


def _lines(text: str) -> list[str]:
    room = (BUBBLE - 2 * PADDING[0]) * FINER
    lines = fonts.wrap(text, LETTERS * FINER, room)
    return lines if len(lines) <= MOST_LINES else [*lines[:MOST_LINES], "…"]


def _head(canvas: ImageDraw.ImageDraw, sender: str) -> None:
    canvas.rectangle(_box(0, 0, WIDTH, HEAD), fill=PAPER)
    _write(canvas, (MARGIN, HEAD / 2), sender, LETTERS, INK, anchor="lm", bold=True)


def _bubble(
    canvas: ImageDraw.ImageDraw, left: float, top: float, lines: Sequence[str], height: float, clock: str
) -> None:
    wide = max(fonts.width(line, LETTERS * FINER) for line in lines) / FINER + 2 * PADDING[0]
    right = left + max(wide, 2 * ROUND)
    canvas.rounded_rectangle(_box(left, top, right, top + height), radius=ROUND * FINER, fill=PAPER)
    for number, line in enumerate(lines):
        _write(
            canvas,
            (left + PADDING[0], top + PADDING[1] + (number + 0.5) * LETTERS * LEADING),
            line,
            LETTERS,
            INK,
            anchor="lm",
        )
    _write(canvas, (right + 5, top + height), clock, SMALL, SOFT, anchor="ls")


def _box(left: float, top: float, right: float, bottom: float) -> tuple[float, float, float, float]:
    return left * FINER, top * FINER, right * FINER, bottom * FINER


def _write(
    canvas: ImageDraw.ImageDraw,
    at: tuple[float, float],
    text: str,
    size: int,
    fill: str,
    *,
    anchor: str = "la",
    bold: bool = False,
) -> None:
    fonts.write(canvas, (at[0] * FINER, at[1] * FINER), text, size * FINER, fill, bold=bold, anchor=anchor)
