"""Whether LINE would take a broadcast, with every placeholder as long as it may become, before it can be scheduled."""

from __future__ import annotations

from collections.abc import Sequence

from bot.broadcasting import placeholders
from bot.broadcasting.forms import Contents, Form
from bot.broadcasting.known import Known
from bot.broadcasting.problems import Path, Problem
from bot.broadcasting.rendering import Press
from bot.broadcasting.stop_line import room_for_stop_line
from bot.line.render import to_line
from bot.messages import MESSAGES, TEXT_UNITS, Saying, TooLong, utf16_units
from storage.freezing import Variant

ANYBODY = Variant()


def refused_by_line(contents: Contents, known: Known) -> list[Problem]:
    """What LINE would not take of messages that are well-formed, and where the line on how to stop has no room."""
    address = known.longest_picture
    press = Press(
        known.content,
        lambda _variant: known.longest_words,
        lambda _url: known.longest_link,
        lambda _words: (address, address),
    )
    found = _of_one(press, contents.messages, ("messages",), None)
    for language, forms in contents.translations.items():
        found += _of_one(press, forms, ("languages", language), language)
    return found


def _of_one(press: Press, forms: Sequence[Form], top: Path, language: str | None) -> list[Problem]:
    found: list[Problem] = []
    said = []
    for number, form in enumerate(forms):
        try:
            message = press.message(form, press.words(ANYBODY))
            to_line(Saying((message,)))
            said.append(message)
        except TooLong:
            found.append(Problem((*top, number, next(iter(form))), *_too_long(press, form)))
    if not found and not room_for_stop_line(said, press.content, language):
        found.append(
            Problem(
                (*top, len(forms) - 1),
                "お知らせの止め方を書く1行が、最後に入りません。",
                f"{MESSAGES - 1} 通までにするか、最後を短い文章にしてください。",
            )
        )
    return found


def _too_long(press: Press, form: Form) -> tuple[str, str]:
    if "text" in form:
        units = utf16_units(placeholders.fill(form["text"], press.words(ANYBODY), press.link))
        return (
            f"長すぎます（{units} 文字、LINEの上限は {TEXT_UNITS}）。",
            "短くするか、2通に分けてください。",
        )
    return "LINEで送れる大きさをこえています。", "カードか行をへらしてください。"
