"""The picture of benchmarks/growth.py: small charts side by side, each cost relative to that of the smallest size."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

COLOURS = {"SQLite": "#0072b2", "PostgreSQL": "#d55e00"}  # told apart also by who sees few colours
INK, GRID = "#6e7781", "#8c959f55"  # readable on white and on black
MARKS = {"SQLite": "o", "PostgreSQL": "s"}


ABOUT = """Up: processor time, times that of
the smallest size; the figure itself
stands at each point. Dashed: 1.2.
Flat is good."""


@dataclass(frozen=True)
class Curve:
    """What one thing costs at each size."""

    name: str
    costs: Mapping[int, float]


@dataclass(frozen=True)
class Panel:
    """One small chart. `unit` is that of the costs, `along` says what grows."""

    title: str
    along: str
    unit: str
    curves: Sequence[Curve]


def draw(panels: Sequence[Panel], out: Path) -> None:
    """All in one picture without a background, so that it suits a light and a dark page."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 6.2), layout="constrained")
    places = figure.subplots(2, 3).flatten()
    highest = max(2.0, *(_times(curve)[-1] * 1.15 for panel in panels for curve in panel.curves))
    for axes, panel in zip(places, panels, strict=False):
        _chart(axes, panel, highest)
    legend = places[len(panels)]
    legend.axis("off")
    for name, colour in COLOURS.items():
        legend.plot([], [], color=colour, marker=MARKS[name], label=name)
    legend.legend(loc="upper left", frameon=False, labelcolor=INK, fontsize=12)
    legend.text(0.02, 0.1, ABOUT, color=INK, fontsize=11, transform=legend.transAxes)
    figure.savefig(out, transparent=True, metadata={"Date": None} if out.suffix == ".svg" else None)


def _times(curve: Curve) -> list[float]:
    first = next(iter(curve.costs.values()))
    return [cost / first for cost in curve.costs.values()]


def _places(sizes: Sequence[int]) -> list[float]:
    """Where each size stands on an axis of logarithms; nothing at all stands as far from the second as that from the third."""
    places = [math.log10(size) for size in sizes if size]
    return [2 * places[0] - places[1], *places] if len(places) < len(sizes) else places


def _chart(axes: Any, panel: Panel, highest: float) -> None:
    sizes = list(panel.curves[0].costs)
    across = _places(sizes)
    axes.axhline(1.2, color=INK, linewidth=0.8, linestyle="--")
    for curve in panel.curves:
        times, colour = _times(curve), COLOURS[curve.name]
        axes.plot(across, times, color=colour, marker=MARKS[curve.name], linewidth=2)
        for place, (x, high, cost) in enumerate(zip(across, times, curve.costs.values(), strict=True)):
            others = [_times(other)[place] for other in panel.curves if other is not curve]
            above = any(high > other or (high == other and curve is panel.curves[-1]) for other in others)
            axes.annotate(
                f"{cost:.1f} {panel.unit}",
                (x, high),
                xytext=(0, 9 if above else -16),
                textcoords="offset points",
                ha="center",
                color=colour,
                fontsize=9,
            )
    axes.set_title(panel.title, color=INK, fontsize=12)
    axes.set_xlabel(panel.along, color=INK)
    axes.set_xticks(across, [f"{size:,}" for size in sizes])
    margin = 0.18 * (across[-1] - across[0])
    axes.set_xlim(across[0] - margin, across[-1] + margin)
    axes.set_ylim(0, highest)
    axes.tick_params(colors=INK)
    axes.grid(axis="y", color=GRID)
    axes.patch.set_alpha(0)
    for name, spine in axes.spines.items():
        spine.set_visible(name in ("left", "bottom"))
        spine.set_color(INK)
