"""Figures as pictures for a council's paper: black on white, readable when they are copied in grey."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from bot.content.library import Content
from bot.fonts import face
from bot.programme.coverage import Cohort, Cover, TownCover
from bot.programme.usage_lines import Line

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DRAWN = (".png", ".svg")
INK, QUIET, BAR, PALE = "#1b1b1b", "#555555", "#3a5a50", "#d9d9d9"
WIDE, HIGH = 7.3, 10.4  # inches: an A4 page between its margins
ROW, HEAD, FOOT = 0.29, 0.85, 0.95  # inches; rows become lower where the page is full
TITLE, TICKS = 0.42, 0.32  # inches above and below the rows of a panel
MOST_COURSES = 20
DPI = 200
COLUMNS = ("attended", "registered", "within_a_week", "active", "refreshed", "left")


def coverage_picture(suffix: str, content: Content, towns: Sequence[TownCover], day: dt.date) -> bytes:
    """The towns, and above them the districts of every town that has several."""
    texts = content.texts
    panels: list[tuple[str, Sequence[Cover]]] = [
        (texts.get("register.coverage.of_town", town=town.name), town.districts)
        for town in towns
        if town.districts
    ]
    if len(towns) > 1 or not panels:
        panels.append((texts.get("register.coverage.of_towns"), towns))
    figure, grid = page([len(rows) for _, rows in panels], (0.2, 0.89))
    for axes, (title, rows) in zip(grid, panels, strict=True):
        _bars(axes, content, title, rows)
    supporters, attended, left, reached = (
        sum(getattr(town, name) for town in towns) for name in ("people", "attended", "left", "reached")
    )
    total = texts.get(
        "register.coverage.total",
        people=str(supporters),
        reached=str(reached),
        attended=str(attended),
        left=str(left),
    )
    with_goal = [cover for town in towns for cover in town.districts if cover.goal is not None]
    if with_goal:
        done = sum(cover.people >= (cover.goal or 0) for cover in with_goal)
        total += "\n" + texts.get("register.coverage.reached_goal", done=str(done), all=str(len(with_goal)))
    _of_register(figure, content, texts.get("register.coverage.title"), total, day, towns)
    _legend(figure, texts.get("register.coverage.legend_people"), texts.get("register.coverage.legend_goal"))
    return saved(figure, suffix)


def cohorts_picture(
    suffix: str, content: Content, cohorts: Sequence[Cohort], day: dt.date, towns: Sequence[TownCover] = ()
) -> bytes:
    """The latest courses: a bar for how many of those who were there registered, and all the numbers beside it."""
    texts = content.texts
    all_of_them = [each for each in cohorts if each.attended]
    shown = all_of_them[:MOST_COURSES]
    figure, (axes,) = page([max(1, len(shown)) * 1.7], (0.27, 0.6))
    for place, each in enumerate(shown):
        share = 100 / each.attended
        axes.barh(place, 100, 0.6, color="white", edgecolor=PALE, lw=0.8)
        axes.barh(place, share * each.registered, 0.6, color="white", edgecolor=INK, lw=0.9, ls=(0, (3, 2)))
        axes.barh(place, share * each.within_a_week, 0.42, color=BAR)
    names = {town.key: town.name for town in content.towns.values()}
    labels = [
        f"{each.on or '－'}　{names.get(each.town, each.town)}\n{short(each.title, 13)}" for each in shown
    ]
    axes.set_yticks(range(len(shown)), labels, fontsize=8)
    axes.set_xlim(0, 100)
    axes.set_ylim(max(1, len(shown)) - 0.4, -0.6)
    axes.set_xlabel(texts.get("register.cohorts.axis"), fontsize=8, labelpad=1)
    for number, column in enumerate(COLUMNS):
        at = 1.11 + number * 0.165  # of the panel's width: to the right of the bars
        head = texts.get(f"register.cohorts.{column}").replace("に", "に\n").replace("研修", "研修\n")
        axes.text(at, 1.01, head, transform=axes.transAxes, fontsize=7.5, ha="center", va="bottom", color=INK)
        for place, each in enumerate(shown):
            axes.text(
                at, place, str(getattr(each, column)), transform=axes.get_yaxis_transform(), fontsize=9,
                ha="center", va="center", color=INK,
            )  # fmt: skip
    rest = len(all_of_them) - len(shown)
    below = texts.get("register.cohorts.others", count=str(rest)) if rest > 0 else ""
    _of_register(figure, content, texts.get("register.cohorts.title"), below, day, towns)
    _legend(figure, texts.get("register.cohorts.within_a_week"), texts.get("register.cohorts.registered"))
    return saved(figure, suffix)


def usage_picture(
    suffix: str, content: Content, title: str, lines: Sequence[Line], day: dt.date, town: str | None
) -> bytes:
    """The month's figures, a panel for each section; a number that is hidden is an empty frame as long as it may be."""
    sections: dict[str, list[Line]] = {}
    for line in lines:
        sections.setdefault(line.section, []).append(line)
    figure, grid = page([len(rows) for rows in sections.values()], (0.34, 0.89))
    for axes, (section, rows) in zip(grid, sections.items(), strict=True):
        for place, line in enumerate(rows):
            least, most = line.amount.least or 0, line.amount.most or 0
            if most > least:
                axes.barh(place, most, 0.52, color="white", edgecolor=INK, lw=0.9, ls=(0, (3, 2)))
            else:
                axes.barh(place, most, 0.52, color=BAR)
            axes.annotate(
                str(line.amount), (most, place), xytext=(4, 0), textcoords="offset points", va="center",
                fontsize=8.5, color=INK, annotation_clip=False,
            )  # fmt: skip
        axes.set_yticks(range(len(rows)), [short(line.name, 18) for line in rows])
        axes.set_ylim(len(rows) - 0.4, -0.6)
        axes.set_xlim(0, max(5, *(line.amount.most or 0 for line in rows)) * 1.16)
        axes.locator_params(axis="x", integer=True)
        axes.set_title(section, loc="left", fontsize=10, color=INK, pad=5)
    on = written(day)
    if town is None:
        source = content.texts.get("usage.source_of_all", day=on)
    else:
        source = content.texts.get("usage.source", issuer=content.programme.issuer(town), day=on)
    frame(figure, content, title, content.texts.get("usage.few"), day, source)
    return saved(figure, suffix)


def written(day: dt.date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"


def short(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


# ---- pieces ------------------------------------------------------------------------------------------------


def page(rows: Sequence[float], sides: tuple[float, float]) -> tuple[Figure, Sequence[Axes]]:
    """A page with panels below each other, each as high as its rows; no higher than A4 where that can be read."""
    import matplotlib as mpl  # a third of a second: only whoever wants a picture pays it
    from matplotlib.artist import Artist

    # A tenth more would go into texts for help(), which every class that is imported from here on writes for itself.
    Artist._update_set_signature_and_docstring = classmethod(lambda cls: None)  # type: ignore[attr-defined]
    from matplotlib import font_manager
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    font_manager.fontManager.addfont(str(face()))
    family = font_manager.FontProperties(fname=str(face())).get_name()
    mpl.rcParams.update({"font.family": family, "svg.fonttype": "path", "svg.hashsalt": "tsunagari"})
    around = HEAD + FOOT + len(rows) * (TITLE + TICKS)
    row = min(ROW, max(0.165, (HIGH - around) / sum(rows)))
    high = around + row * sum(rows)
    figure = Figure(figsize=(WIDE, high), facecolor="white")
    FigureCanvasAgg(figure)
    panels, top = [], high - HEAD
    for count in rows:
        top -= TITLE + row * count
        left, right = sides
        axes = figure.add_axes((left, top / high, right - left, row * count / high))
        top -= TICKS
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
        axes.tick_params(labelsize=8.5, colors=INK, length=0)
        axes.grid(axis="x", color=PALE, lw=0.6)
        axes.set_axisbelow(True)
        panels.append(axes)
    return figure, panels


def _bars(axes: Axes, content: Content, title: str, rows: Sequence[Cover]) -> None:
    """Filled: who is there. The empty frame around it: the goal. The numbers stand beside it."""
    texts = content.texts
    for place, cover in enumerate(rows):
        if cover.goal is not None:
            axes.barh(place, cover.goal, 0.74, color="white", edgecolor=INK, lw=0.9, ls=(0, (3, 2)))
        axes.barh(place, cover.people, 0.52, color=BAR)
        words = (
            texts.get("register.coverage.people", people=str(cover.people))
            if cover.goal is None
            else texts.get("register.coverage.of_goal", people=str(cover.people), goal=str(cover.goal))
        )
        at = max(cover.people, cover.goal or 0)
        axes.annotate(
            words, (at, place), xytext=(4, 0), textcoords="offset points", va="center", fontsize=8.5, color=INK,
            annotation_clip=False,
        )  # fmt: skip
    axes.set_yticks(range(len(rows)), [cover.name for cover in rows])
    axes.set_ylim(len(rows) - 0.4, -0.6)
    widest = max([1, *(max(cover.people, cover.goal or 0) for cover in rows)])
    axes.set_xlim(0, widest * 1.16)
    axes.locator_params(axis="x", integer=True)
    axes.set_title(title, loc="left", fontsize=10, color=INK, pad=5)


def _of_register(
    figure: Figure, content: Content, title: str, below: str, day: dt.date, towns: Sequence[TownCover]
) -> None:
    """The frame of a figure from the register."""
    texts, on = content.texts, written(day)
    of = towns[0].name if len(towns) == 1 else ""
    if of and (key := towns[0].key):
        source = texts.get("register.coverage.source", issuer=content.programme.issuer(key), day=on)
    else:
        source = texts.get("register.coverage.source_of_all", day=on)
    frame(figure, content, f"{of}　{title}".strip("　"), below, day, source)


def frame(figure: Figure, content: Content, title: str, below: str, day: dt.date, source: str) -> None:
    """Title and date above; sums, what the bars mean, and the source below."""
    high = figure.get_figheight()
    figure.text(0.03, 1 - 0.26 / high, title, fontsize=14.5, va="center", color=INK)
    as_of = content.texts.get("register.coverage.as_of", day=written(day))
    figure.text(0.97, 1 - 0.26 / high, as_of, fontsize=9, va="center", ha="right", color=QUIET)
    figure.add_artist(_line(figure, 1 - 0.48 / high))
    if below:
        figure.text(0.03, 0.62 / high, below, fontsize=8.5, va="center", color=INK, linespacing=1.5)
    figure.add_artist(_line(figure, 0.36 / high))
    figure.text(0.03, 0.19 / high, source, fontsize=7.5, va="center", color=QUIET)


def _line(figure: Figure, at: float) -> Any:
    from matplotlib.lines import Line2D

    return Line2D([0.03, 0.97], [at, at], transform=figure.transFigure, color=INK, lw=0.8)


def _legend(figure: Figure, filled: str, framed: str) -> None:
    from matplotlib.patches import Patch

    handles = [
        Patch(facecolor=BAR, label=filled),
        Patch(facecolor="white", edgecolor=INK, ls="--", label=framed),
    ]
    at = 1 - 0.66 / figure.get_figheight()
    figure.legend(
        handles=handles, ncols=2, fontsize=8, frameon=False, loc="center left", bbox_to_anchor=(0.015, at)
    )


def saved(figure: Figure, suffix: str) -> bytes:
    if suffix.lower() not in DRAWN:
        raise ValueError(f"{suffix}: {' or '.join(DRAWN)} is expected")
    out = io.BytesIO()
    kind = suffix.lower().removeprefix(".")
    if kind == "svg":
        figure.savefig(out, format=kind, dpi=DPI, metadata={"Date": None})
    else:
        figure.savefig(
            out, format=kind, dpi=DPI, pil_kwargs={"compress_level": 1}
        )  # larger by little, sooner done
    return out.getvalue()
