"""The results of a questionnaire as a picture for a report: one bar for each question, cut into its answers."""

from __future__ import annotations

import io
import unicodedata

from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties

from bot import fonts
from bot.content.library import Content
from bot.course_words import sitting_said
from bot.programme.questionnaire import Results
from storage.courses import Course

# From the best to the worst; told apart in grey, too, and by people who see no red or green.
SHADES = ("#0B6B4F", "#5FA88C", "#E9E4D4", "#E8B06A", "#B5651D")
DARK = {"#0B6B4F", "#B5651D"}
WIDE, BAR, AROUND = 11.0, 1.35, 1.6  # inches
LEAST_SHARE = 0.06  # narrower parts have no room for their number


def chart(content: Content, course: Course, seen: Results, suffix: str) -> bytes:
    """The picture as .png or .svg; letters are drawn, so that it looks alike everywhere."""
    letters = FontProperties(fname=str(fonts.face()))
    figure = Figure(figsize=(WIDE, AROUND + BAR * len(seen.lines)), dpi=200, facecolor="white")
    axes = figure.add_axes((0.03, 0.06, 0.94, 0.98 - 1.25 / figure.get_figheight() - 0.06))
    for place, line in enumerate(seen.lines):
        top = -place
        axes.text(0, top + 0.44, line.text, fontproperties=letters, fontsize=13, color="#23302B", va="bottom")
        mean = content.texts.get(
            "questionnaire.chart.mean",
            mean=f"{line.mean:.2f}",
            best=str(len(line.counts)),
            count=str(line.answered),
        )
        axes.text(
            1, top + 0.44, mean, fontproperties=letters, fontsize=11, color="#55645D", va="bottom", ha="right"
        )
        left = 0.0
        for number, (_, words, count) in enumerate(line.counts):
            share = count / line.answered
            shade = SHADES[round(number * (len(SHADES) - 1) / (len(line.counts) - 1))]
            axes.barh(
                top + 0.12, share, left=left, height=0.44, color=shade, edgecolor="white", linewidth=1.5
            )
            if share >= LEAST_SHARE:
                ink = "white" if shade in DARK else "#23302B"
                axes.text(
                    left + share / 2,
                    top + 0.12,
                    f"{count}",
                    fontproperties=letters,
                    fontsize=12,
                    color=ink,
                    ha="center",
                    va="center",
                )
                label = _within(words, share)
                if label:
                    axes.text(
                        left + share / 2,
                        top - 0.15,
                        label,
                        fontproperties=letters,
                        fontsize=8.5,
                        color="#55645D",
                        ha="center",
                        va="top",
                    )
            left += share
    axes.set_xlim(0, 1)
    axes.set_ylim(-len(seen.lines) + 0.55, 0.75)
    axes.axis("off")
    title = content.texts.get("questionnaire.chart.title", title=course.title)
    when = content.texts.get(
        "questionnaire.chart.when", when=sitting_said(course.sessions[0]), count=str(seen.answers)
    )
    high = figure.get_figheight()
    figure.text(
        0.03, 1 - 0.35 / high, title, fontproperties=letters, fontsize=17, color="#0B6B4F", va="center"
    )
    figure.text(
        0.03, 1 - 0.75 / high, when, fontproperties=letters, fontsize=11, color="#55645D", va="center"
    )
    out = io.BytesIO()
    figure.savefig(
        out, format=suffix.removeprefix("."), metadata={"Date": None} if suffix == ".svg" else None
    )
    return out.getvalue()


def _within(words: str, share: float) -> str:
    """The words of an answer where its part of the bar has room for them."""
    wide = sum(1.0 if unicodedata.east_asian_width(sign) in "WF" else 0.5 for sign in words)
    return words if wide * 0.0125 <= share else ""
