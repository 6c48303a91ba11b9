"""What was said between each bot and each person, and who is watching it live."""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

Json = dict[str, Any]
Key = tuple[str, str]  # bot id, user id
_KEPT = 1000  # items of one chat
_WAITING = 1000  # notices that a slow watcher may be behind


@dataclass
class Item:
    """One line of a chat: a message, or what the platform has to say."""

    id: str
    sender: Literal["bot", "person", "system"]
    at: int  # ms
    message: Json
    problems: list[str] = field(default_factory=list)
    raw: Json = field(default_factory=dict)
    unsent: bool = False
    read: bool = False

    def as_json(self) -> Json:
        shown: Json = {
            "id": self.id,
            "from": self.sender,
            "at": self.at,
            "message": self.message,
            "problems": self.problems,
            "raw": self.raw,
        }
        if self.unsent:
            shown["unsent"] = True
        if self.read:
            shown["read"] = True
        return shown


@dataclass(frozen=True)
class Notice:
    """Something that a watching phone has to show: an SSE event and its data."""

    event: Literal["item", "update", "richmenu", "loading", "reset"]
    data: Json


class Chats:
    """All chats of one platform; thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._items: dict[Key, deque[Item]] = {}
        self._watchers: dict[Key, list[queue.Queue[Notice]]] = {}

    def add(self, key: Key, item: Item) -> None:
        with self._lock:
            self._items.setdefault(key, deque(maxlen=_KEPT)).append(item)
        self.tell(key, Notice("item", item.as_json()))

    def items(self, key: Key) -> list[Item]:
        with self._lock:
            return list(self._items.get(key, ()))

    def find(self, key: Key, item_id: str) -> Item | None:
        return next((item for item in self.items(key) if item.id == item_id), None)

    def changed(self, key: Key, item: Item) -> None:
        self.tell(key, Notice("update", item.as_json()))

    def tell(self, key: Key, notice: Notice) -> None:
        with self._lock:
            watchers = list(self._watchers.get(key, ()))
        for watcher in watchers:
            try:
                watcher.put_nowait(notice)
            except queue.Full:  # it will load the whole chat when it comes back
                continue

    @contextmanager
    def watching(self, key: Key) -> Iterator[queue.Queue[Notice]]:
        """A queue of everything that happens in one chat from now on."""
        watcher: queue.Queue[Notice] = queue.Queue(_WAITING)
        with self._lock:
            self._watchers.setdefault(key, []).append(watcher)
        try:
            yield watcher
        finally:
            with self._lock:
                self._watchers[key].remove(watcher)
                if not self._watchers[key]:
                    del self._watchers[key]

    def watched(self) -> int:
        """How many phones are looking at the moment."""
        with self._lock:
            return sum(map(len, self._watchers.values()))

    def clear(self) -> None:
        with self._lock:
            self._items.clear()
            keys = list(self._watchers)
        for key in keys:
            self.tell(key, Notice("reset", {}))
