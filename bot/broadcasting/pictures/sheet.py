"""A sheet of blocks, one under the other, as high as its words need; wide as LINE shows pictures best."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from PIL import Image, ImageDraw, ImageOps

from bot import fonts

WIDTH = 1040
MARGIN = 64
ROOM = WIDTH - 2 * MARGIN
HUGE, LARGE, BODY, SMALL = 92, 64, 54, 44  # pixels: what LINE shows a third as large is still read at 75
LEADING = 1.42
PREVIEW_WIDTH = 520
PREVIEW_SHAPE = 1.35  # how many times as high as wide it is at most
QUALITY = 88
PHOTO_HEIGHT = 620

# Every ink has a contrast of at least 4.5:1 on every ground it stands on (WCAG 2.2 AA); a test measures it.
PAPER, CREAM, WHITE = "#FFFDF8", "#FBF3E2", "#FFFFFF"
INK, QUIET = "#23302B", "#4C5B54"
GREEN, LEAF, LINE = "#0B6B4F", "#E6F3EC", "#A9CDBD"
SUN, BROWN = "#F2A33A", "#7A4A00"
ALARM, BLUSH, NAVY = "#A61B14", "#FDECEA", "#1B2A41"

Draw = Callable[[ImageDraw.ImageDraw, int], None]


@dataclass
class Sheet:
    """Blocks in their order; `paint` puts them on paper."""

    paper: str = PAPER
    _blocks: list[tuple[int, Draw]] = field(default_factory=list)
    _photos: list[tuple[int, Image.Image, int]] = field(default_factory=list)

    @property
    def height(self) -> int:
        return sum(height for height, _ in self._blocks)

    def add(self, height: float, draw: Draw) -> None:
        """A block of so many pixels; `draw` is given the pencil and the block's upper edge."""
        self._blocks.append((round(height), draw))

    def gap(self, height: int) -> None:
        self.add(height, lambda _pencil, _top: None)

    def words(
        self,
        text: str,
        size: int,
        ink: str,
        *,
        bold: bool = False,
        left: int = MARGIN,
        room: float = ROOM,
        middle: bool = False,
    ) -> None:
        """A paragraph; `middle` centres its lines."""
        lines = fonts.wrap_words(text, size, room, bold)
        high = size * LEADING

        def draw(pencil: ImageDraw.ImageDraw, top: int) -> None:
            for number, line in enumerate(lines):
                at = (left + room / 2 if middle else left, top + (number + 0.5) * high)
                fonts.write(pencil, at, line, size, ink, bold=bold, anchor="mm" if middle else "lm")

        self.add(len(lines) * high, draw)

    def photo(self, jpeg: bytes, height: int | None = PHOTO_HEIGHT, margin: int = MARGIN) -> None:
        """A photo across the sheet, cut to a height, or in its own shape; its corners are round inside a margin."""
        with Image.open(io.BytesIO(jpeg), formats=("JPEG",)) as opened:
            opened.load()
            picture = opened.convert("RGB")
        wide = WIDTH - 2 * margin
        shape = (wide, height or max(1, round(picture.height * wide / picture.width)))
        picture = ImageOps.fit(picture, shape, Image.Resampling.LANCZOS)
        if margin:
            mask = Image.new("L", shape, 0)
            ImageDraw.Draw(mask).rounded_rectangle((0, 0, shape[0] - 1, shape[1] - 1), 28, fill=255)
            picture.putalpha(mask)
        self._photos.append((self.height, picture, margin))
        self.gap(shape[1])

    def boxed(
        self, ground: str, inside: Sequence[tuple[str, int, str, bool]], line: str | None = None
    ) -> None:
        """Paragraphs (words, size, ink, bold) in a box with round corners."""
        padding = 40
        inner = Sheet()
        for place, (text, size, ink, bold) in enumerate(inside):
            if place:
                inner.gap(12)
            inner.words(text, size, ink, bold=bold, left=MARGIN + padding, room=ROOM - 2 * padding)
        high = inner.height + 2 * padding

        def draw(pencil: ImageDraw.ImageDraw, top: int) -> None:
            edge = (MARGIN, top, WIDTH - MARGIN, top + high)
            pencil.rounded_rectangle(edge, 28, fill=ground, outline=line, width=3 if line else 0)
            inner.draw(pencil, top + padding)

        self.add(high, draw)

    def draw(self, pencil: ImageDraw.ImageDraw, top: int) -> None:
        """The blocks from this height on."""
        for height, block in self._blocks:
            block(pencil, top)
            top += height

    def paint(self) -> Image.Image:
        """The whole sheet."""
        picture = Image.new("RGB", (WIDTH, self.height), self.paper)
        self.draw(ImageDraw.Draw(picture), 0)
        for top, photo, margin in self._photos:
            picture.paste(photo, (margin, top), photo if photo.mode == "RGBA" else None)
        return picture


def jpeg(picture: Image.Image) -> bytes:
    """The file, with letters as sharp as their ground."""
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=QUALITY, subsampling=0, optimize=True)
    return file.getvalue()


def preview(picture: Image.Image, more: str) -> bytes:
    """The small one that LINE shows in the chat. A high one it would cut to its middle: so only its upper part is there,
    with `more` under it."""
    high = min(picture.height, round(picture.width * PREVIEW_SHAPE))
    small = picture.crop((0, 0, picture.width, high))
    if high < picture.height:
        band = 132
        pencil = ImageDraw.Draw(small)
        pencil.rectangle((0, high - band, small.width, high), fill=GREEN)
        size = BODY + 6
        while size > SMALL and fonts.width(more, size, True) > ROOM:
            size -= 2
        fonts.write(pencil, (small.width / 2, high - band / 2), more, size, WHITE, bold=True, anchor="mm")
    small.thumbnail((PREVIEW_WIDTH, PREVIEW_WIDTH * 2))
    return jpeg(small)
