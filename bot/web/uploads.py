"""What comes with a form beside its words: files, kept in memory and cut off where they get too long.

werkzeug would write files above 500 KB in clear into /tmp; a photo of somebody's door must not lie there.
"""

from __future__ import annotations

import io
from typing import IO, TYPE_CHECKING

import flask

from bot.pictures import MOST_BYTES

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

MOST_FILES = 3
PAGE_BYTES = 256 * 1024 * 1024
"""Of a whole form with photos. Far more than three times MOST_BYTES: a form with a photo that is too large should
arrive with its words all the same, and not break off. What is too much of a photo is dropped while it comes in,
so that no form ever takes more than thirty megabytes of memory."""


class _CutOff(io.BytesIO):
    """Takes everything and keeps at most one byte more than allowed: enough to see that it was too long."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self._most = most

    def write(self, data: ReadableBuffer, /) -> int:
        given = memoryview(data).nbytes
        room = self._most + 1 - self.tell()
        super().write(memoryview(data)[: max(room, 0)])
        return given


class Request(flask.Request):
    """A request whose files never touch the disk."""

    _files_so_far = 0

    def _get_file_stream(
        self,
        total_content_length: int | None,
        content_type: str | None,
        filename: str | None = None,
        content_length: int | None = None,
    ) -> IO[bytes]:
        self._files_so_far += 1
        return _CutOff(MOST_BYTES if self._files_so_far <= MOST_FILES else 0)
