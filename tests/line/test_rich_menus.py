"""Rich menus at LINE: what is asked, and what a refusal leaves behind."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from loopback_line import LoopbackLine, Said, loopback_line

from bot import log
from bot.line.client import SendFailed
from bot.line.rich_menus import RichMenus
from bot.settings import Channel

MENU = {
    "size": {"width": 2500, "height": 1686},
    "selected": True,
    "name": "menu",
    "chatBarText": "メニュー",
    "areas": [],
}


@pytest.fixture
def line() -> Iterator[LoopbackLine]:
    with loopback_line() as found:
        yield found


@pytest.fixture
def menus(line: LoopbackLine) -> RichMenus:
    return RichMenus(Channel("default", "secret", "token-of-default"), line.base)


def test_a_menu_is_made_with_its_picture(line: LoopbackLine, menus: RichMenus) -> None:
    line.on("/v2/bot/richmenu", Said(200, {"richMenuId": "richmenu-7"}))
    assert menus.create(MENU, b"\x89PNG") == "richmenu-7"
    made, picture = line.asked
    assert made.json == MENU
    assert made.headers["authorization"] == "Bearer token-of-default"
    assert (picture.path, picture.raw) == ("/v2/bot/richmenu/richmenu-7/content", b"\x89PNG")
    assert picture.headers["content-type"] == "image/png"


def test_a_menu_whose_picture_is_refused_is_not_left_behind(line: LoopbackLine, menus: RichMenus) -> None:
    line.on("/v2/bot/richmenu", Said(200, {"richMenuId": "richmenu-7"}))
    line.on("/v2/bot/richmenu/richmenu-7/content", Said(400))
    with pytest.raises(SendFailed) as refused:
        menus.create(MENU, b"gif")
    assert refused.value.permanent
    assert (line.asked[-1].method, line.asked[-1].path) == ("DELETE", "/v2/bot/richmenu/richmenu-7")


@pytest.mark.parametrize(("status", "permanent"), [(400, True), (403, True), (429, False), (500, False)])
def test_a_failure_says_whether_trying_again_helps_and_is_not_tried_twice(
    line: LoopbackLine, menus: RichMenus, status: int, permanent: bool
) -> None:
    line.on("/v2/bot/richmenu/list", Said(status))
    with pytest.raises(SendFailed) as failed:
        menus.listed()
    assert failed.value.permanent is permanent
    assert len(line.asked) == 1


def test_an_answer_that_cannot_be_read_is_a_failure(line: LoopbackLine, menus: RichMenus) -> None:
    line.on("/v2/bot/richmenu/list", Said(200, {"richmenus": [{"richMenuId": 7}]}))
    with pytest.raises(SendFailed):
        menus.listed()


def test_menus_are_listed_shown_to_all_and_deleted(line: LoopbackLine, menus: RichMenus) -> None:
    line.on("/v2/bot/richmenu/list", Said(200, {"richmenus": [{"richMenuId": "r1", **MENU}]}))
    line.on("/v2/bot/richmenu/gone", Said(404))
    assert menus.listed() == {"r1": "menu"}
    menus.show_to_all("r1")
    menus.delete("r1")
    menus.delete("gone")
    assert [(a.method, a.path) for a in line.asked[1:]] == [
        ("POST", "/v2/bot/user/all/richmenu/r1"),
        ("DELETE", "/v2/bot/richmenu/r1"),
        ("DELETE", "/v2/bot/richmenu/gone"),
    ]


def test_the_log_knows_neither_token_nor_content(
    line: LoopbackLine, menus: RichMenus, capsys: pytest.CaptureFixture[str]
) -> None:
    log.configure("DEBUG", "json")
    line.on("/v2/bot/richmenu/list", Said(403, {"message": "秘密のことば"}))
    with pytest.raises(SendFailed):
        menus.listed()
    logged = capsys.readouterr().err
    assert '"endpoint":"richmenu.list"' in logged
    assert "token-of-default" not in logged
    assert "秘密" not in logged
