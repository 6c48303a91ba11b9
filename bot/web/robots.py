"""Whether somebody asks for a page, or a machine that looks what is there."""

from __future__ import annotations

import re
from typing import Final

from flask import request

# Who fetches a link for a preview of it, or on behalf of nobody. LINE's own says facebookexternalhit and line-poker.
_ROBOT: Final = re.compile(
    r"bot\b|bot/|crawl|spider|preview|externalhit|line-poker|fetch|scan|monitor|curl|wget|python|java/|go-http",
    re.IGNORECASE,
)
_AHEAD: Final = ("Purpose", "Sec-Purpose", "X-Purpose", "X-Moz")


def somebody_asks() -> bool:
    """Not a robot, and not a browser that fetches it in case it is tapped."""
    agent = request.headers.get("User-Agent", "")
    ahead = any("prefetch" in request.headers.get(name, "").lower() for name in _AHEAD)
    return request.method == "GET" and bool(agent) and not _ROBOT.search(agent) and not ahead
