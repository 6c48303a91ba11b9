"""Links in content: whether people could open them, and whether they would be followed by somebody."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl, urlencode, urlsplit

from bot.broadcasting.links import BadAddress, address

_TRACKING: Final = re.compile(
    r"utm_.*|mc_[ce]id|[a-z]*clid|_hs(enc|mi)|_ga|_gl|yclid|igshid?|fb_(action|source|ref).*|trk"
)
_SEVERAL: Final = re.compile(r"https?://.*https?://", re.DOTALL)


@dataclass(frozen=True)
class LinkTrouble:
    """What is wrong with a link, in Japanese for staff, and the link as it should be where that is plain."""

    words: str
    better: str = ""


def wrong_with_link(written: str) -> LinkTrouble | None:
    """None for an https address that anybody can open and that tells nobody where its reader came from."""
    if _SEVERAL.search(written):
        return LinkTrouble("リンクが2つ以上あります。1つにしてください。")
    try:
        address(written)
    except BadAddress as trouble:
        better = written.replace("http://", "https://", 1) if written.startswith("http://") else ""
        return LinkTrouble(str(trouble), better if better and wrong_with_link(better) is None else "")
    parts = urlsplit(written)
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    followed = [name for name, _ in pairs if _TRACKING.fullmatch(name.casefold())]
    if not followed:
        return None
    kept = [(name, value) for name, value in pairs if name not in followed]
    return LinkTrouble(
        f"だれがどこから来たかを調べる印（{'、'.join(dict.fromkeys(followed))}）が付いています。",
        parts._replace(query=urlencode(kept)).geturl(),
    )
