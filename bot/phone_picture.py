"""What is about to be sent, drawn as a phone shows it: so that staff see line breaks and length before it goes out."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from PIL import Image, ImageDraw, ImageOps

from bot import fonts
from bot.line.render import PALETTE
from bot.messages import Button, Call, Card, Cards, Message, Picture, Saying, Text

WIDTH = 375  # points of a usual phone; what is smaller than its words is drawn sharper
FINER = 2  # pixels of the picture for a point
MARGIN, AVATAR, BUBBLE, CARD = 12, 36, 268, 300
LETTERS, TITLE, SMALL, LEADING = 16, 18, 12, 1.5
PADDING = (14, 9)
INSIDE, GAP, HEAD, ROUND = 18, 8, 48, 18
PICTURE_WIDTH, PICTURE_HEIGHT = 240, 400  # a picture is no larger in the chat
HERO = 195  # points: 300 wide in the shape 20:13
CHAT, PAPER, INK, SOFT, DISC = "#DCE8E0", "#FFFFFF", "#1B241F", "#55625A", "#1D7F56"
MOST_LINES = 400  # of one text: LINE's 5,000 signs fill 320 lines, line breaks alone could be more
BETWEEN = 24  # points between two phones

Block = tuple[float, Callable[["_Canvas", float, float], None]]
"""Its height, and what draws it at (left, top); all in points."""


@dataclass(frozen=True)
class Phone:
    """One variant: what stands above the phone, and what is on it. `pictures` are files by their addresses."""

    saying: Saying
    heading: str | None = None
    pictures: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True)
class _Canvas:
    picture: Image.Image
    pencil: ImageDraw.ImageDraw

    def box(
        self,
        left: float,
        top: float,
        right: float,
        bottom: float,
        fill: str,
        radius: float = 0,
        line: str | None = None,
    ) -> None:
        edges = (left * FINER, top * FINER, right * FINER, bottom * FINER)
        self.pencil.rounded_rectangle(
            edges, radius * FINER, fill=fill, outline=line, width=FINER if line else 0
        )

    def write(
        self,
        at: tuple[float, float],
        text: str,
        size: int,
        fill: str,
        *,
        anchor: str = "la",
        bold: bool = False,
    ) -> None:
        place = (at[0] * FINER, at[1] * FINER)
        fonts.write(self.pencil, place, text, size * FINER, fill, bold=bold, anchor=anchor)

    def paste(self, picture: Image.Image, left: float, top: float) -> None:
        self.picture.paste(
            picture, (round(left * FINER), round(top * FINER)), picture if picture.mode == "RGBA" else None
        )


def draw(sender: str, phones: Sequence[Phone], clock: str) -> bytes:
    """The chats as PNG, side by side; `sender` is the account's name, `clock` the time of each message (10:00)."""
    chats = [_chat(sender, phone, clock) for phone in phones]
    gap = BETWEEN * FINER
    size = (sum(chat.width for chat in chats) + gap * (len(chats) - 1), max(chat.height for chat in chats))
    whole = Image.new("RGB", size, PAPER)
    left = 0
    for chat in chats:
        whole.paste(chat, (left, 0))
        left += chat.width + gap
    png = io.BytesIO()
    whole.save(png, "PNG", optimize=True)
    return png.getvalue()


def _chat(sender: str, phone: Phone, clock: str) -> Image.Image:
    above = [] if phone.heading is None else [_heading(phone.heading)]
    blocks = [
        block for message in phone.saying.messages for block in _message(message, clock, phone.pictures)
    ]
    if phone.saying.quick:
        blocks.append(_quick([tap.label for tap in phone.saying.quick]))
    begin = sum(height for height, _ in above)
    first = begin + HEAD + MARGIN
    high = first + SMALL * LEADING + sum(height + GAP for height, _ in blocks) + MARGIN
    picture = Image.new("RGB", (WIDTH * FINER, round(high * FINER)), CHAT)
    canvas = _Canvas(picture, ImageDraw.Draw(picture))
    for _, heading in above:
        heading(canvas, 0, 0)
    canvas.box(0, begin, WIDTH, begin + HEAD, PAPER)
    canvas.write((MARGIN, begin + HEAD / 2), sender, LETTERS, INK, anchor="lm", bold=True)
    canvas.box(MARGIN, first, MARGIN + AVATAR, first + AVATAR, DISC, AVATAR / 2)
    canvas.write((MARGIN + AVATAR / 2, first + AVATAR / 2), sender[:1], LETTERS, PAPER, anchor="mm")
    left, place = MARGIN + AVATAR + GAP, first + SMALL * LEADING
    canvas.write((left, first), sender, SMALL, SOFT)
    for height, block in blocks:
        block(canvas, left, place)
        place += height + GAP
    return picture


def _heading(words: str) -> Block:
    lines = fonts.wrap_words(words, SMALL * FINER, (WIDTH - 2 * MARGIN) * FINER)
    high = len(lines) * SMALL * LEADING + 12

    def drawn(canvas: _Canvas, _left: float, _top: float) -> None:
        canvas.box(0, 0, WIDTH, high, PAPER)
        for number, line in enumerate(lines):
            canvas.write((MARGIN, 6 + (number + 0.5) * SMALL * LEADING), line, SMALL, INK, anchor="lm")

    return high, drawn


def _message(message: Message, clock: str, pictures: Mapping[str, bytes]) -> list[Block]:
    match message:
        case Text(text):
            return [_bubble(text, clock)]
        case Cards(_, cards):
            return [
                _card(
                    card,
                    f"{place}枚目 ／ {len(cards)}枚（横にめくります）" if len(cards) > 1 else None,
                    pictures,
                )
                for place, card in enumerate(cards, 1)
            ]
        case Picture(url, _):
            return [_picture(pictures.get(url), clock)]
        case _:
            raise ValueError(f"no broadcast says {type(message).__name__}")


def _lines(text: str, size: int, room: float, bold: bool = False) -> list[str]:
    lines = fonts.wrap_words(text, size * FINER, room * FINER, bold)
    return lines if len(lines) <= MOST_LINES else [*lines[:MOST_LINES], "…"]


def _bubble(text: str, clock: str) -> Block:
    lines = _lines(text, LETTERS, BUBBLE - 2 * PADDING[0])
    height = len(lines) * LETTERS * LEADING + 2 * PADDING[1]

    def drawn(canvas: _Canvas, left: float, top: float) -> None:
        wide = max(fonts.width(line, LETTERS * FINER) for line in lines) / FINER + 2 * PADDING[0]
        right = left + max(wide, 2 * ROUND)
        canvas.box(left, top, right, top + height, PAPER, ROUND)
        for number, line in enumerate(lines):
            middle = top + PADDING[1] + (number + 0.5) * LETTERS * LEADING
            canvas.write((left + PADDING[0], middle), line, LETTERS, INK, anchor="lm")
        canvas.write((right + 5, top + height), clock, SMALL, SOFT, anchor="ls")

    return height, drawn


def _picture(file: bytes | None, clock: str) -> Block:
    shown = Image.new("RGB", (PICTURE_WIDTH * FINER, PICTURE_WIDTH * FINER), PALETTE["calm_ground"])
    if file is not None:
        with Image.open(io.BytesIO(file), formats=("JPEG",)) as opened:
            shown = opened.convert("RGB")
    shown.thumbnail((PICTURE_WIDTH * FINER, PICTURE_HEIGHT * FINER))
    width, height = shown.width / FINER, shown.height / FINER

    def drawn(canvas: _Canvas, left: float, top: float) -> None:
        canvas.paste(_rounded(shown, ROUND, bottom=True), left, top)
        canvas.write((left + width + 5, top + height), clock, SMALL, SOFT, anchor="ls")

    return height, drawn


def _rounded(picture: Image.Image, radius: float, *, bottom: bool) -> Image.Image:
    mask = Image.new("L", picture.size, 0)
    low = picture.height - 1 if bottom else picture.height + 2 * radius * FINER
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, picture.width - 1, low), radius * FINER, fill=255)
    shown = picture.convert("RGB")
    shown.putalpha(mask)
    return shown


# ---- cards -------------------------------------------------------------------------------------------------


def _card(card: Card, place: str | None, pictures: Mapping[str, bytes]) -> Block:
    room = CARD - 2 * INSIDE
    parts = [_paragraph(card.title, TITLE, PALETTE["ink"], room, bold=True)]
    parts += [_paragraph(line, LETTERS, PALETTE["ink"], room) for line in card.lines if line.strip()]
    if card.note:
        parts.append(_paragraph(card.note, SMALL + 2, PALETTE["soft_ink"], room))
    parts += [_button(button, number == 0, room) for number, button in enumerate(card.buttons)]
    hero = HERO if card.picture else 0
    caption = SMALL * LEADING if place else 0
    height = hero + 2 * INSIDE + sum(high for high, _ in parts) + GAP * (len(parts) - 1)

    def drawn(canvas: _Canvas, left: float, top: float) -> None:
        if place:
            canvas.write((left, top), place, SMALL, SOFT)
        canvas.box(left, top + caption, left + CARD, top + caption + height, PAPER, ROUND)
        if card.picture:
            canvas.paste(_hero(pictures.get(card.picture)), left, top + caption)
        at = top + caption + hero + INSIDE
        for high, part in parts:
            part(canvas, left + INSIDE, at)
            at += high + GAP

    return height + caption, drawn


def _hero(file: bytes | None) -> Image.Image:
    size = (CARD * FINER, HERO * FINER)
    if file is None:
        return _rounded(Image.new("RGB", size, PALETTE["calm_ground"]), ROUND, bottom=False)
    with Image.open(io.BytesIO(file), formats=("JPEG",)) as opened:
        return _rounded(ImageOps.fit(opened.convert("RGB"), size), ROUND, bottom=False)


def _paragraph(text: str, size: int, ink: str, room: float, *, bold: bool = False) -> Block:
    lines = _lines(text, size, room, bold)

    def drawn(canvas: _Canvas, left: float, top: float) -> None:
        for number, line in enumerate(lines):
            middle = top + (number + 0.5) * size * LEADING
            canvas.write((left, middle), line, size, ink, anchor="lm", bold=bold)

    return len(lines) * size * LEADING, drawn


def _button(button: Button, first: bool, room: float) -> Block:
    """Filled where it is the first, or dials; as bot/line/render.py has it."""
    filled = first or isinstance(button, Call)
    lines = _lines(button.label, LETTERS, room - 2 * INSIDE, bold=True)
    height = len(lines) * LETTERS * LEADING + 2 * INSIDE * 0.8

    def drawn(canvas: _Canvas, left: float, top: float) -> None:
        ground = PALETTE["calm"] if filled else PALETTE["calm_ground"]
        canvas.box(left, top, left + room, top + height, ground, 12, None if filled else PALETTE["calm_line"])
        for number, line in enumerate(lines):
            middle = top + INSIDE * 0.8 + (number + 0.5) * LETTERS * LEADING
            ink = PALETTE["on_calm"] if filled else PALETTE["ink"]
            canvas.write((left + room / 2, middle), line, LETTERS, ink, anchor="mm", bold=True)

    return height, drawn


def _quick(labels: Sequence[str]) -> Block:
    """The small buttons under the last message, in as many rows as they need (a phone has one row, to be swiped)."""
    rows: list[list[tuple[str, float]]] = [[]]
    room = WIDTH - 2 * MARGIN
    for label in labels:
        wide = fonts.width(label, LETTERS * FINER) / FINER + 2 * INSIDE
        if rows[-1] and sum(each for _, each in rows[-1]) + GAP * len(rows[-1]) + wide > room:
            rows.append([])
        rows[-1].append((label, wide))
    high = LETTERS * LEADING + 12

    def drawn(canvas: _Canvas, _left: float, top: float) -> None:
        for number, row in enumerate(rows):
            left, upper = float(MARGIN), top + GAP + number * (high + GAP)
            for label, wide in row:
                canvas.box(left, upper, left + wide, upper + high, PAPER, high / 2, PALETTE["calm_line"])
                canvas.write((left + wide / 2, upper + high / 2), label, LETTERS, DISC, anchor="mm")
                left += wide + GAP

    return len(rows) * (high + GAP) + GAP, drawn
