"""A noun whose commands stand in several files: a command imports its own file alone, since to import the others takes
longer than most of what it does."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Mapping, MutableMapping
from typing import Any, ClassVar

import typer
from typer.core import TyperGroup


def in_rooms(**rooms: tuple[str, ...]) -> type[TyperGroup]:
    """For typer.Typer(cls=…): the names of the commands by the file in which they stand."""
    return type("Rooms", (Rooms,), {"rooms": rooms})


class Rooms(TyperGroup):
    """Knows in which file of bot/cli each command stands, and reads a file when one of its commands is asked for."""

    rooms: ClassVar[Mapping[str, tuple[str, ...]]]
    """The names of the commands by file; whoever asks for all of them gets them in this order."""
    _known: dict[str, Any]

    @property
    def commands(self) -> MutableMapping[str, Any]:
        self._open(self.rooms)
        in_order = [name for names in self.rooms.values() for name in names]
        own = [name for name in self._known if name not in in_order]
        self._known = {name: self._known[name] for name in (*own, *in_order)}
        return self._known

    @commands.setter
    def commands(self, own: Mapping[str, Any]) -> None:
        self._known = dict(own)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        self._open(room for room, names in self.rooms.items() if cmd_name in names)
        return self._known.get(cmd_name)

    def _open(self, rooms: Iterable[str]) -> None:
        for room in rooms:
            if self.rooms[room][0] in self._known:
                continue
            there = typer.Typer()
            importlib.import_module(f"bot.cli.{room}").add_to(there)
            found = typer.main.get_group(there).commands
            self._known |= {name: found[name] for name in self.rooms[room]}
