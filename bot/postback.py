"""What our buttons say when they are tapped: `v1;flow;question;answer;conversation`.

The data comes back from people's phones, perhaps years later, perhaps made up: it is read strictly and then
checked against the conversation. It never holds personal data.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

START, BACK, QUIT, RESUME, RESTART, ENOUGH = "start", "back", "quit", "resume", "restart", "enough"
_PART = re.compile(r"^[A-Za-z0-9_.,+-]{0,120}$")


@dataclass(frozen=True)
class Tap:
    """A tapped button. Without a question, `answer` is a command (start, back, quit, resume, restart) or
    a further deed that a handler knows, with its argument in `conversation`."""

    flow: str
    question: str
    answer: str
    conversation: str

    def data(self) -> str:
        text = ";".join(("v1", self.flow, self.question, self.answer, self.conversation))
        if len(text) > 300 or not all(_PART.match(p) for p in text.split(";")):
            raise ValueError(f"not fit for postback data: {text[:80]!r}")
        return text


@cache
def start(flow: str) -> str:
    """The data of a button that begins a flow."""
    return Tap(flow, "", START, "").data()


def read(data: str) -> Tap | None:
    """The tap in this data; None when it is not ours or was tampered with."""
    parts = data.split(";")
    if len(data) > 300 or len(parts) != 5 or parts[0] != "v1" or not all(map(_PART.match, parts)):
        return None
    return Tap(*parts[1:])
