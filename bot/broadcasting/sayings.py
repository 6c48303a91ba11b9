"""What a button of a broadcast may begin in the chat: the flows and places of the menus, by every word for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bot import postback
from bot.broadcasting.stop_line import FLOW as NEWS
from bot.content.library import Content
from bot.content.richmenus import load_rich_menus
from bot.desk.hearing_back import FLOW as MINE
from bot.flows import FLOWS
from bot.programme.drips import REGISTERED

MENU: Final = "menu"
HELP: Final = "help"
DANGER: Final = "danger"  # bot/handlers/danger.py answers with its text `help`
TIPS: Final = "tips"
BEGUN: Final = (*FLOWS, MINE, REGISTERED, TIPS, NEWS, MENU)


def sayings(content: Content) -> Mapping[str, str]:
    """Every word that staff may write, with the key of what it begins: labels of the menus, words that people type,
    and the keys themselves."""
    found: dict[str, str] = {}
    for menu in load_rich_menus(content.folder / "richmenus.yaml").values():
        for area in menu.areas:
            key = {"start": area.target, "say": HELP, "menu": MENU}[area.deed]
            found.setdefault(area.label, key)
    words = content.texts.under("menu.words")
    for key in BEGUN:
        if content.texts.has(f"menu.{key}"):
            found.setdefault(content.texts.get(f"menu.{key}"), key)
        for word in words.get(key, "").split("、"):
            if word:
                found.setdefault(word, key)
    for key in (*BEGUN, HELP):
        found.setdefault(key, key)
    return {word: key for word, key in found.items() if key in (*BEGUN, HELP)}


def data_of(key: str) -> str:
    """What comes back when the button is tapped."""
    return postback.Tap(DANGER, "", HELP, "").data() if key == HELP else postback.start(key)


def label_of(key: str, content: Content) -> str:
    """What it is called, for staff."""
    return next((word for word, meant in sayings(content).items() if meant == key), key)
