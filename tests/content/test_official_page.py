"""The official page of a town's scheme, where people see it: on its card in the chat, and on the web."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
from town import TOKYO, the_content

from bot.cards import scheme_in_full
from bot.content.places import desk_for
from bot.handbook.recommend import Recommendation
from bot.messages import Open
from bot.web.views import scheme_view

NOW = dt.datetime(2026, 12, 1, 10, 0, tzinfo=TOKYO)
PAGE = "https://www.city.tottori.lg.jp/page/1.html"


@pytest.mark.parametrize("url", [PAGE, ""])
def test_the_link_is_shown_where_there_is_one(url: str) -> None:
    content = the_content()
    scheme = replace(content.catalogue.schemes[0], url=url)
    found = Recommendation(scheme, ())
    links = [
        each.url for each in scheme_in_full(content, found, "tottori", NOW).buttons if isinstance(each, Open)
    ]
    assert links == ([PAGE] if url else [])
    assert scheme_view(content, found, "tottori", NOW).url == url


def test_a_desk_is_found_by_what_schemes_call_it_and_by_its_own_name() -> None:
    windows = the_content().windows
    own = desk_for(windows, "tottori", "鳥取市パーソナルサポートセンター")
    assert own is not None
    assert own is desk_for(windows, "tottori", "自立相談支援機関")
    assert desk_for(windows, "iwami", "鳥取市パーソナルサポートセンター") is None
