"""How the handbook is used, as a picture: where it is left, what is shown, and at which hours it is opened."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Final

from bot.content.library import Content
from bot.content.texts import Texts
from bot.handbook.figures import WEEKDAYS, Hours, Number, Report, Table
from bot.handbook.small_numbers import FEW
from bot.programme.charts import BAR, INK, PALE, QUIET, frame, page, saved, short, written
from bot.when import TOKYO

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FILLED: Final = {"tags": "finished", "questions": "answered"}  # the part of the first column that is filled
LONGEST: Final = 19  # letters of a name
SHADES: Final = ("#ffffff", "#eceff0", "#bcd3ca", "#8db7a5", "#5c8f7c", "#3a5a50")
STEPS: Final = (FEW, 10, 20, 50)  # from here on the next shade
MOST_ROWS: Final = 24


def picture(
    suffix: str,
    content: Content,
    title: str,
    found: Report,
    period: tuple[dt.datetime, dt.datetime],
    day: dt.date,
    town: str | None,
) -> bytes:
    """Bars for tags, questions and schemes, then one map of weekday and hour for each month. `suffix`: .png or .svg."""
    texts = content.texts
    tables = [table for table in found.tables if table.section in (*FILLED, "scheme") and table.rows]
    heights = [*(min(len(table.rows), MOST_ROWS) * 1.15 for table in tables), *(8 for _ in found.hours)]
    figure, panels = page(heights or [1], (0.36, 0.97))
    for axes, table in zip(panels, tables, strict=False):
        _bars(axes, content, table)
    for axes, month in zip(panels[len(tables) :], found.hours, strict=True):
        _map(axes, content, month)
    if not heights:
        panels[0].set_axis_off()
    issuer = content.programme.issuer(town) if town else ""
    source = (
        texts.get("handbook_figures.source", issuer=issuer, day=written(day))
        if town
        else texts.get("handbook_figures.source_of_all", day=written(day))
    )
    of = f"{content.towns[town].name}　" if town else ""
    frame(figure, content, f"{of}{title}", texts.get("handbook_figures.note"), day, source)
    when, high = written_period(*period), figure.get_figheight()
    figure.text(0.03, 1 - 0.66 / high, when, fontsize=9.5, va="center", color=INK)
    return saved(figure, suffix)


def written_period(begin: dt.datetime, end: dt.datetime) -> str:
    """From the first day to the last; `end` itself is not included."""
    last = (end - dt.timedelta(seconds=1)).astimezone(TOKYO)
    return f"{begin:%Y-%m-%d} 〜 {last:%Y-%m-%d}"


def _bars(axes: Axes, content: Content, table: Table) -> None:
    """The frame is the first column, filled is how far it went; the numbers stand beside it."""
    texts, rows = content.texts, table.rows[:MOST_ROWS]
    filled = FILLED.get(table.section, table.columns[0])
    longest = max([FEW, *(_length(row.numbers[0]) for row in rows)])
    for place, row in enumerate(rows):
        whole, part = row.numbers[0], row.numbers[table.columns.index(filled)]
        dashed = (0, (3, 2)) if whole.count is None else "-"
        axes.barh(place, _length(whole), 0.62, color="white", edgecolor=INK, lw=0.8, ls=dashed)
        if part.count:
            axes.barh(place, part.count, 0.44, color=BAR)
        for number, at in zip(row.numbers, _columns(table), strict=True):
            axes.text(
                at, place, said(texts, number), transform=axes.get_yaxis_transform(), fontsize=8, ha="right",
                va="center", color=INK,
            )  # fmt: skip
    for column, at in zip(table.columns, _columns(table), strict=True):
        name = texts.get(f"handbook_figures.column.{column}")
        axes.text(
            at, 1.02, name, transform=axes.transAxes, fontsize=6.5, ha="right", va="bottom", color=QUIET
        )
    axes.set_yticks(range(len(rows)), [short(row.name, LONGEST) for row in rows])
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_xlim(0, longest * (2.3 if len(table.columns) > 1 else 1.15))
    axes.locator_params(axis="x", integer=True)
    axes.set_xticks([tick for tick in axes.get_xticks() if 0 <= tick <= longest])
    axes.set_title(
        texts.get(f"handbook_figures.section.{table.section}"), loc="left", fontsize=10, color=INK, pad=5
    )


def _length(number: Number) -> int:
    """Of a hidden one as much as it may be; of one that is kept back nothing."""
    if number.count is None:
        return FEW - 1 if number.why == "few" else 0
    return number.count


def _columns(table: Table) -> list[float]:
    """Where the numbers of each column end, in parts of the panel's width."""
    many = len(table.columns)
    return [1 - (many - 1 - number) * 0.125 for number in range(many)]


def said(texts: Texts, number: Number) -> str:
    """A number as people read it."""
    if number.count is None:
        return texts.get(f"handbook_figures.{number.why or 'unknown'}")
    return str(number.count) if number.most is None else f"{number.count}〜{number.most}"


def _map(axes: Axes, content: Content, month: Hours) -> None:
    """Seven rows, 24 columns: the darker, the more often; numbers only where they may be told."""
    from matplotlib.patches import Rectangle

    for day, numbers in enumerate(month.days):
        for hour, number in enumerate(numbers):
            axes.add_patch(Rectangle((hour, day), 1, 1, facecolor=_shade(number), edgecolor=PALE, lw=0.5))
            words = {"few": "･", "kept_back": "×", None: str(number.count)}[number.why]
            if number.count != 0:
                light = number.count is not None and number.count >= STEPS[-2]
                axes.text(
                    hour + 0.5, day + 0.5, words, ha="center", va="center", fontsize=6.5, color="white" if light else INK
                )  # fmt: skip
    axes.set_xlim(0, 24)
    axes.set_ylim(7, 0)
    axes.grid(visible=False)
    axes.set_yticks([each + 0.5 for each in range(7)], list(WEEKDAYS))
    axes.set_xticks([each + 0.5 for each in range(0, 24, 3)], [f"{each}時" for each in range(0, 24, 3)])
    box = axes.get_position()
    axes.set_position((0.08, box.y0, 0.89, box.height))
    year, _, which = month.month.partition("-")
    name = f"{content.texts.get('handbook_figures.section.hours')}　{year}年{int(which)}月"
    axes.set_title(name, loc="left", fontsize=10, color=INK, pad=5)
    few, kept_back = (content.texts.get(f"handbook_figures.{why}") for why in ("few", "kept_back"))
    axes.set_title(f"･ {few}　× {kept_back}", loc="right", fontsize=7.5, color=QUIET, pad=5)


def _shade(number: Number) -> str:
    if number.count is None:
        return SHADES[1]
    if number.count == 0:
        return SHADES[0]
    return SHADES[2 + sum(number.count >= step for step in STEPS[1:])]
