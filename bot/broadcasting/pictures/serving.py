"""The pictures of broadcasts as files: drawn from their words when LINE first asks, then kept in memory for a while."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Final

from bot.broadcasting.pictures import sheet, templates
from storage import broadcast_pictures
from storage.work import Database

PATH: Final = "/b/"
KEPT: Final = 32  # pictures, each about 400 KB with its preview


def addresses(public_url: str, token: str) -> tuple[str, str]:
    """Where a picture is fetched, and its small one."""
    return f"{public_url}{PATH}{token}.jpg", f"{public_url}{PATH}{token}.small.jpg"


class Gallery:
    """The last pictures that were asked for; one is drawn at a time, however many phones ask at once."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._drawn: OrderedDict[str, tuple[bytes, bytes]] = OrderedDict()
        self._one_at_a_time = threading.Lock()

    def file(self, token: str, small: bool) -> bytes | None:
        """The JPEG under this token; None where there is none (any more)."""
        with self._one_at_a_time:
            found = self._drawn.get(token)
            if found is None:
                found = self._draw(token)
                if found is None:
                    return None
                self._drawn[token] = found
                while len(self._drawn) > KEPT:
                    self._drawn.popitem(last=False)
            self._drawn.move_to_end(token)
            return found[small]

    def _draw(self, token: str) -> tuple[bytes, bytes] | None:
        with self._db.look() as work:
            words = broadcast_pictures.words(work, token)
            if words is None:
                return None
            picture = templates.draw(words, lambda name: broadcast_pictures.photo(work, name))
        return sheet.jpeg(picture), sheet.preview(picture, words["more"])
