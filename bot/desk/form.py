"""What our papers are made of: headings, rows with a label, tables, boxes to tick and lines to write on."""

from __future__ import annotations

from collections.abc import Sequence

from bot.pdf import (
    ACCENT,
    BODY,
    HAIR,
    INK,
    LEFT,
    MM,
    PAGE_TOP,
    QUIET,
    RIGHT,
    ROOM,
    SMALL,
    TINT,
    Paper,
    width,
    wrap,
)

LABEL = 33 * MM  # the column in which a row says what it is
SHORT_LABEL = 20 * MM  # where two rows stand side by side
TITLE, HEADING, STRONG = 21.0, 12.5, 12.0
BIGGER, HINT = 10.0, 8.5  # the labels of a paper that is read by everybody
LINE = 1.62  # times the size of the letters
PAD = 2.1 * MM
HANDWRITTEN = 9.6 * MM  # a line for writing by hand
TICK = 4.0 * MM  # a box to tick with a thick pencil


class Form(Paper):
    """A paper that is filled row by row; long texts go on overleaf under their label."""

    def top(self, title: str, beside: str, below: str, size: float = SMALL) -> None:
        """The head of the first page: what this is, its number, and to be handled with care."""
        self.text(LEFT, self.y, title, TITLE, ACCENT, bold=True)
        chip = 24 * MM
        self.box(RIGHT - chip, self.y - 0.6 * MM, chip, 7.4 * MM, edge=INK, thick=1, round_=1.2 * MM)
        middle = RIGHT - chip / 2
        self.text(middle, self.y + 0.9 * MM, self.imprint.caution, 12, INK, bold=True, align="middle")
        if beside:
            self.text(RIGHT - chip - 5 * MM, self.y + 0.6 * MM, beside, 13, INK, bold=True, align="right")
        self.y += 10.4 * MM
        self.line(LEFT, self.y, RIGHT, colour=ACCENT, thick=1.4)
        self.y += 1.6 * MM
        self.paragraph(below, size, QUIET)
        self.gap(2.2 * MM)

    def lines(
        self, x: float, lines: Sequence[str], size: float = BODY, colour: str = INK, *, bold: bool = False
    ) -> None:
        """Lines from `y` on; the caller has seen to it that there is room."""
        for line in lines:
            self.text(x, self.y + size * (LINE - 1) / 2, line, size, colour, bold=bold)
            self.y += size * LINE

    def paragraph(
        self, text: str, size: float = BODY, colour: str = INK, *, bold: bool = False, x: float = LEFT
    ) -> None:
        """Text over the whole width."""
        for line in wrap(self.letters(text), size, RIGHT - x, bold):
            self.need(size * LINE)
            self.lines(x, [line], size, colour, bold=bold)

    def heading(self, text: str, *, together: float = 26 * MM) -> None:
        """The beginning of a part, never alone at the foot of a page."""
        high = 8.4 * MM
        self.need(high + together)
        self.box(LEFT, self.y, ROOM, high, fill=TINT)
        self.box(LEFT, self.y, 1.4 * MM, high, fill=ACCENT)
        self.text(LEFT + 4 * MM, self.y + (high - HEADING) / 2, text, HEADING, ACCENT, bold=True)
        self.y += high
        self.line(LEFT, self.y, RIGHT, colour=ACCENT, thick=0.8)

    def caution(self, text: str) -> None:
        """A sentence that must not be overlooked, in a box of its own."""
        found = wrap(self.letters(text), STRONG, ROOM - 4 * PAD, True)
        high = len(found) * STRONG * LINE + 2 * PAD
        self.need(high + 2 * MM)
        self.y += 1 * MM
        self.box(LEFT, self.y, ROOM, high, edge=INK, thick=1.2, round_=1.2 * MM)
        top = self.y
        self.y += PAD
        self.lines(LEFT + 2 * PAD, found, STRONG, bold=True)
        self.y = top + high + 1 * MM

    def row(self, name: str, text: str, *, strong: bool = False) -> None:
        """A label and its text; what does not fit goes on overleaf, under the same label."""
        names = wrap(self.letters(name), SMALL, LABEL - 2 * PAD, True)
        size = STRONG if strong else BODY
        rest = wrap(self.letters(text), size, ROOM - LABEL - 2 * PAD, strong)
        self.need(max(len(names) * SMALL, min(len(rest), 3) * size) * LINE + 2 * PAD)
        while True:
            fitting = max(1, int((self.left_over - 2 * PAD) // (size * LINE)))
            now, rest = rest[:fitting], rest[fitting:]
            high = max(len(names) * SMALL, len(now) * size) * LINE + 2 * PAD
            self._cell(LEFT, LABEL, high, names, now, strong)
            self._end_of_row(high)
            if not rest:
                return
            self.turn()

    def pair(self, left: tuple[str, str], right: tuple[str, str]) -> None:
        """Two short rows side by side."""
        half = ROOM / 2
        cells = []
        for x, label, (name, text) in ((LEFT, LABEL, left), (LEFT + half, SHORT_LABEL, right)):
            names = wrap(self.letters(name), SMALL, label - 2 * PAD, True)
            cells.append((x, label, names, wrap(self.letters(text), BODY, half - label - 2 * PAD)))
        high = max(max(len(n) * SMALL, len(t) * BODY) * LINE for _, _, n, t in cells) + 2 * PAD
        self.need(high)
        for x, label, names, texts in cells:
            self._cell(x, label, high, names, texts, False)
        self._end_of_row(high)

    def _cell(
        self, x: float, label: float, high: float, names: Sequence[str], texts: Sequence[str], strong: bool
    ) -> None:
        top = self.y
        self.box(x, top + 0.3, label, high - 0.3, fill=TINT)
        size = STRONG if strong else BODY
        self.y = top + PAD + (size - SMALL) * LINE / 2
        self.lines(x + PAD, names, SMALL, ACCENT, bold=True)
        self.y = top + PAD
        self.lines(x + label + PAD, texts, size, bold=strong)
        self.y = top

    def _end_of_row(self, high: float) -> None:
        self.y += high
        self.line(LEFT, self.y, RIGHT)

    def table(self, heads: Sequence[str], wide: Sequence[float], rows: Sequence[Sequence[str]]) -> None:
        """Columns of these widths (points); the heads come again on every page, long cells go on overleaf."""
        places = [LEFT + sum(wide[:number]) for number in range(len(wide))]

        def head() -> None:
            high = SMALL * LINE + PAD
            self.need(high + BODY * LINE * 2)
            self.box(LEFT, self.y, ROOM, high, fill=TINT)
            for name, x in zip(heads, places, strict=True):
                self.text(x + PAD, self.y + (high - SMALL) / 2, name, SMALL, ACCENT, bold=True)
            self._end_of_row(high)

        head()
        for row in rows:
            cells = [wrap(self.letters(c), BODY, w - 2 * PAD) for c, w in zip(row, wide, strict=True)]
            while any(cells):
                tallest = max(len(cell) for cell in cells)
                fitting = int((self.left_over - PAD) // (BODY * LINE))
                if fitting < min(tallest, 3) and self.y > PAGE_TOP + 20 * MM:
                    self.turn()
                    head()
                    continue
                top, fitting = self.y, max(1, fitting)
                for cell, x in zip(cells, places, strict=True):
                    self.y = top + PAD / 2
                    self.lines(x + PAD, cell[:fitting])
                self.y = top
                self._end_of_row(min(fitting, tallest) * BODY * LINE + PAD)
                cells = [cell[fitting:] for cell in cells]

    # ---- for handwriting ---------------------------------------------------------------------------------

    def tick(self, x: float, y: float, label: str, size: float = BODY) -> None:
        """A box to tick, and what it stands for."""
        self.box(x, y + (size - TICK) / 2, TICK, TICK, edge=INK, thick=0.9)
        self.text(x + TICK + 2 * MM, y, label, size)

    def tick_row(self, name: str, labels: Sequence[str], hint: str = "", last: str = "") -> None:
        """A label and boxes to tick, in as many columns as the longest word allows; `last` has a line of its own."""
        room = ROOM - LABEL - PAD
        widest = max(width(self.letters(label), BODY) for label in labels) + TICK + 4 * MM
        columns = max(1, min(len(labels), int(room // widest)))
        lines = [labels[at : at + columns] for at in range(0, len(labels), columns)]
        high = 6.8 * MM
        total = max(HANDWRITTEN, (len(lines) + bool(last)) * high + 2.4 * MM)
        self.blank_row(name, total, hint)
        y = self.y - total + (total - (len(lines) + bool(last)) * high) / 2 + (high - BODY) / 2
        for line in (*lines, *([[last]] if last else [])):
            for place, label in enumerate(line):
                self.tick(LEFT + LABEL + PAD + place * room / columns, y, label)
            y += high

    def blank_row(self, name: str, high: float, hint: str = "") -> None:
        """A label and an empty field to write in."""
        self.need(high)
        self._blank_cell(LEFT, LABEL, high, name, hint)
        self._end_of_row(high)

    def blank_pair(self, left: str, right: str, high: float, *, hint: str = "", days: str = "") -> None:
        """Two empty fields side by side; `days` is printed faintly in the right one, as for a date."""
        self.need(high)
        self._blank_cell(LEFT, LABEL, high, left, hint)
        self._blank_cell(LEFT + ROOM * 0.58, SHORT_LABEL, high, right, "")
        if days:
            self.text(RIGHT - PAD, self.y + (high - SMALL) / 2, days, SMALL, QUIET, align="right")
        self._end_of_row(high)

    def _blank_cell(self, x: float, label: float, high: float, name: str, hint: str) -> None:
        names = wrap(self.letters(name), BIGGER, label - 2 * PAD, True)
        hints = wrap(self.letters(hint), HINT, label - 2 * PAD) if hint else []
        self.box(x, self.y + 0.3, label, high - 0.3, fill=TINT)
        taken = len(names) * BIGGER * 1.25 + len(hints) * HINT * 1.3
        y = self.y + max(1.0, (min(high, HANDWRITTEN) - taken) / 2)  # on the first line to write on
        for line in names:
            self.text(x + PAD, y, line, BIGGER, ACCENT, bold=True)
            y += BIGGER * 1.25
        for line in hints:
            self.text(x + PAD, y, line, HINT, QUIET)
            y += HINT * 1.3

    def ruled_row(self, name: str, count: int, hint: str = "") -> None:
        """A label and so many lines to write on."""
        self.blank_row(name, count * HANDWRITTEN, hint)
        top = self.y - count * HANDWRITTEN
        for number in range(1, count):
            y = top + number * HANDWRITTEN
            self.line(LEFT + LABEL + PAD, y, RIGHT, colour=HAIR, thick=0.4)
