"""Rich menus at LINE: what they are there, and how they come there without a moment without a menu.

For each channel and menu:
1. Draw it; when the picture and the JSON are those of the installed one, and LINE still has it, nothing is done.
2. Make the new one at LINE and note its id, with no hash yet.
3. Put it in place: the residents' menu becomes everybody's default, the supporters' one is linked again to each
   supporter through the outbox (a link is to an id, and the id is new).
4. Note the hash: only now is it installed. Whoever was interrupted before begins anew.
5. Delete the old one. Until their new link is sent, supporters see the default menu.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

from bot import postback
from bot.content.errors import ContentError
from bot.content.richmenus import Area, RichMenu, load_rich_menus
from bot.content.texts import load_texts
from bot.desk.hearing_back import FLOW as MINE
from bot.flows import FLOWS
from bot.line.rich_menus import RichMenus
from bot.menu_picture import SIZE, draw, fields
from bot.programme.drips import REGISTERED
from bot.settings import Settings
from storage import menus as installed
from storage import outbox, people
from storage.work import Database

FILE = "richmenus.yaml"
DEFAULT, SUPPORTER = "resident", "supporter"
TIPS = "tips"  # bot/handlers/tips.py
AT_ONCE = 500  # links written in one unit of work: webhooks wait meanwhile

__all__ = ["Plan", "draw", "install", "load", "menu_json", "plans"]


class House(Protocol):
    """What installing needs of the services (`bot.app.Services` is one)."""

    @property
    def settings(self) -> Settings: ...
    @property
    def db(self) -> Database: ...
    @property
    def bell(self) -> threading.Event: ...


@dataclass(frozen=True)
class Plan:
    """One menu on one channel: what it shall be, what is there, and what of it is old."""

    channel: str
    menu: RichMenu
    body: Mapping[str, Any]
    png: bytes
    digest: str
    current: str | None
    """LINE's id of the menu that is there already and right."""
    old: tuple[str, ...]

    @property
    def says(self) -> str:
        """What installing would do, for staff."""
        where = f"{self.channel}: {self.menu.name}"
        if self.current is not None and not self.old:
            return f"{where} — 変わりなし"
        deed = "変わりなし" if self.current is not None else "新しく入れる" if not self.old else "入れかえる"
        return f"{where} — {deed}" + (f"（古いもの {len(self.old)} 個を消す）" if self.old else "")


def load(content_dir: Path) -> dict[str, RichMenu]:
    """The menus of content/, with every tap leading to a flow or a text that exists; else ContentError."""
    menus = load_rich_menus(content_dir / FILE)
    texts = load_texts(content_dir / "texts" / "ja")
    says = {key.removeprefix("danger.") for key in texts.by_key if key.startswith("danger.")}
    known: dict[str, Collection[str]] = {
        "start": {*FLOWS, MINE, REGISTERED, TIPS},
        "say": says,
        "menu": ("",),
    }
    for menu in menus.values():
        for area in menu.areas:
            if area.target not in known[area.deed]:
                raise ContentError(FILE, menu.key, f"{area.deed}: there is no {area.target!r}")
    return menus


def menu_json(menu: RichMenu) -> dict[str, Any]:
    """The menu as LINE takes it (Messaging API, rich menu object); the picture goes separately."""
    areas = []
    for field in fields(menu):
        left, top, right, bottom = field.box
        bounds = {"x": left, "y": top, "width": right - left, "height": bottom - top}
        areas.append({"bounds": bounds, "action": _action(field.area)})
    return {
        "size": {"width": SIZE[0], "height": SIZE[1]},
        "selected": True,
        "name": menu.name,
        "chatBarText": menu.chat_bar_text,
        "areas": areas,
    }


def _action(area: Area) -> dict[str, str]:
    """A tap that also closes the menu, so that the question which follows is seen whole."""
    match area.deed:
        case "start":
            data = postback.start(area.target)
        case "say":  # bot/handlers/danger.py answers with the text danger.<target>
            data = postback.Tap("danger", "", area.target, "").data()
        case "menu":
            data = postback.start("menu")
    return {
        "type": "postback",
        "label": area.label,
        "data": data,
        "displayText": area.label,
        "inputOption": "closeRichMenu",
    }


def plans(house: House, channel: str | None = None) -> Iterator[Plan]:
    """What there is to do, on one channel or on all; asks LINE, changes nothing. Raises SendFailed."""
    drawn = []
    for menu in load(house.settings.content_dir).values():
        body, png = menu_json(menu), draw(menu)
        drawn.append((menu, body, png, _digest(body, png)))
    for name in house.settings.channels if channel is None else (channel,):
        there = at_line(house, name).listed()
        for menu, body, png, digest in drawn:
            with house.db.look() as work:
                ours = installed.get(work, name, menu.key)
            current = ours.menu_id if ours and ours.image_hash == digest and ours.menu_id in there else None
            old = tuple(
                menu_id
                for menu_id, its_name in there.items()
                if menu_id != current and (its_name == menu.name or (ours and menu_id == ours.menu_id))
            )
            yield Plan(name, menu, body, png, digest, current, old)


def install(house: House, channel: str | None = None) -> list[str]:
    """Bring every menu to LINE that is not there yet; says what was done. Raises SendFailed; may be repeated."""
    return [_carry_out(house, plan) for plan in plans(house, channel)]


def at_line(house: House, channel: str) -> RichMenus:
    """The account's own menus, at LINE."""
    return RichMenus(house.settings.channels[channel], house.settings.line_api_base)


def _carry_out(house: House, plan: Plan) -> str:
    channel, key = plan.channel, plan.menu.key
    there = at_line(house, channel)
    menu_id, links = plan.current, 0
    if menu_id is None:
        menu_id = there.create(plan.body, plan.png)
        with house.db.work() as work:
            installed.put(work, channel, key, menu_id, "")
        links = _link_supporters(house, channel) if key == SUPPORTER else 0
    if key == DEFAULT:  # also when it is current: somebody may have changed the default elsewhere
        there.show_to_all(menu_id)
    if plan.current is None:
        with house.db.work() as work:
            installed.put(work, channel, key, menu_id, plan.digest)
    for old in plan.old:
        there.delete(old)
    return _done(plan, links)


def _link_supporters(house: House, channel: str) -> int:
    """A new link for every supporter, through the outbox; how many."""
    with house.db.look() as work:
        waiting = iter(list(people.supporters(work, channel)))
    written = 0
    while some := list(islice(waiting, AT_ONCE)):
        with house.db.work() as work:
            for person in some:
                outbox.put(work, channel, "link_menu", {"menu": SUPPORTER}, person_id=person)
        written += len(some)
        house.bell.set()
    return written


def _done(plan: Plan, links: int) -> str:
    where = f"{plan.channel}: {plan.menu.name}"
    parts = ["変わりなし" if plan.current is not None else "入れかえました" if plan.old else "入れました"]
    if plan.old:
        parts.append(f"古いもの {len(plan.old)} 個を消しました")
    if links:
        parts.append(f"サポーター {links} 人に新しいメニューを出します")
    return f"{where} — {'。'.join(parts)}"


def _digest(body: Mapping[str, Any], png: bytes) -> str:
    text = json.dumps(body, ensure_ascii=False, sort_keys=True).encode()
    return hashlib.sha256(text + b"\0" + png).hexdigest()
