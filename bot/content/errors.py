"""What is wrong in content/, said so that the person who edits it finds the place."""

from __future__ import annotations


class ContentError(ValueError):
    """content/ is not usable; `file` and `key` say where."""

    def __init__(self, file: str, key: str, problem: str) -> None:
        super().__init__(f"content/{file}: {key}: {problem}" if key else f"content/{file}: {problem}")
        self.file = file
        self.key = key
