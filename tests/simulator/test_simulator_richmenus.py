"""Rich menus over real HTTP: picture, default, links, aliases, switching."""

from __future__ import annotations

import io
from typing import Any

import pytest
from line_on_this_machine import Line, soon
from PIL import Image

SIZE = (800, 300)


def picture(size: tuple[int, int] = SIZE, kind: str = "PNG") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, "white").save(out, kind)
    return out.getvalue()


def request(**more: Any) -> dict[str, Any]:
    area = {
        "bounds": {"x": 0, "y": 0, "width": 400, "height": 300},
        "action": {"type": "postback", "label": "相談", "data": "v1;menu"},
    }
    menu = {"size": {"width": SIZE[0], "height": SIZE[1]}, "selected": True, "name": "menu", "areas": [area]}
    return {**menu, "chatBarText": "メニュー", **more}


def create(line: Line, *, with_picture: bool = True) -> str:
    menu_id = str(line.call("POST", "/v2/bot/richmenu", request()).json()["richMenuId"])
    if with_picture:
        assert upload(line, menu_id, picture()) == 200
    return menu_id


def upload(line: Line, menu_id: str, content: bytes, kind: str = "image/png") -> int:
    path = f"/v2/bot/richmenu/{menu_id}/content"
    return line.call("POST", path, raw=content, headers={"Content-Type": kind}).status


def shown(line: Line, name: str) -> Any:
    menu = line.chat(name)["richMenu"]
    return menu and menu["richMenuId"]


def test_a_menu_is_created_read_listed_and_deleted(line: Line) -> None:
    menu_id = create(line)
    whole = {"richMenuId": menu_id, **request()}
    assert line.call("GET", f"/v2/bot/richmenu/{menu_id}").json() == whole
    assert line.call("GET", "/v2/bot/richmenu/list").json() == {"richmenus": [whole]}
    assert line.call("GET", "/v2/bot/richmenu/list", token="token-2").json() == {"richmenus": []}
    assert line.call("DELETE", f"/v2/bot/richmenu/{menu_id}").status == 200
    assert line.call("GET", f"/v2/bot/richmenu/{menu_id}").status == 404


def test_validating_a_menu_creates_none(line: Line) -> None:
    assert line.call("POST", "/v2/bot/richmenu/validate", request()).json() == {}
    wrong = line.call("POST", "/v2/bot/richmenu/validate", request(chatBarText=""))
    assert wrong.json()["details"] == [{"message": "May not be empty", "property": "chatBarText"}]
    assert line.call("GET", "/v2/bot/richmenu/list").json() == {"richmenus": []}


def test_the_picture_comes_back_as_it_was_sent(line: Line) -> None:
    menu_id = create(line, with_picture=False)
    content = picture(kind="JPEG")
    assert line.call("GET", f"/v2/bot/richmenu/{menu_id}/content").status == 404
    assert upload(line, menu_id, content, "image/jpeg") == 200
    got = line.call("GET", f"/v2/bot/richmenu/{menu_id}/content")
    assert (got.data, got.headers["Content-Type"]) == (content, "image/jpeg")


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (picture((801, 300)), "image/png", 400),
        (picture(), "image/jpeg", 400),
        (picture(), "image/gif", 415),
        (b"no picture", "image/png", 400),
        (picture()[:100], "image/png", 400),
        (picture() + b"\0" * 1024 * 1024, "image/png", 413),
    ],
)
def test_a_wrong_picture_is_refused(line: Line, content: bytes, kind: str, status: int) -> None:
    menu_id = create(line, with_picture=False)
    assert upload(line, menu_id, content, kind) == status
    assert upload(line, menu_id, picture()) == 200


def test_a_picture_cannot_be_replaced(line: Line) -> None:
    assert upload(line, create(line), picture()) == 400


def test_a_menu_without_picture_cannot_be_shown(line: Line) -> None:
    line.follow("はなこ")
    menu_id = create(line, with_picture=False)
    for path in (
        f"/v2/bot/user/all/richmenu/{menu_id}",
        f"/v2/bot/user/{line.people['はなこ']}/richmenu/{menu_id}",
    ):
        got = line.call("POST", path)
        assert got.status == 400
        assert got.json() == {"message": "must upload richmenu image before applying it to user"}


def test_the_default_menu_is_everybodys(line: Line) -> None:
    menu_id = create(line)
    assert line.call("GET", "/v2/bot/user/all/richmenu").status == 404
    assert line.call("POST", f"/v2/bot/user/all/richmenu/{menu_id}").status == 200
    assert line.call("GET", "/v2/bot/user/all/richmenu").json() == {"richMenuId": menu_id}
    assert shown(line, "はなこ") == menu_id
    line.call("DELETE", "/v2/bot/user/all/richmenu")
    assert shown(line, "はなこ") is None


def test_a_persons_own_menu_goes_before_the_default(line: Line) -> None:
    line.follow("はなこ")
    default, own = create(line), create(line)
    path = f"/v2/bot/user/{line.people['はなこ']}/richmenu"
    line.call("POST", f"/v2/bot/user/all/richmenu/{default}")
    assert line.call("GET", path).status == 404
    assert line.call("POST", f"{path}/{own}").status == 200
    assert line.call("GET", path).json() == {"richMenuId": own}
    assert (shown(line, "はなこ"), shown(line, "たろう")) == (own, default)
    line.call("DELETE", path)
    assert shown(line, "はなこ") == default


def test_linking_to_one_who_is_no_friend_is_silently_in_vain(line: Line) -> None:
    menu_id = create(line)
    assert line.call("POST", f"/v2/bot/user/{line.people['はなこ']}/richmenu/{menu_id}").status == 200
    assert shown(line, "はなこ") is None


def test_linking_an_unknown_menu_is_404(line: Line) -> None:
    assert line.call("POST", f"/v2/bot/user/{line.people['はなこ']}/richmenu/richmenu-0").status == 404


def test_deleting_a_menu_takes_it_from_everybody(line: Line) -> None:
    line.follow("はなこ")
    menu_id = create(line)
    line.call("POST", f"/v2/bot/user/{line.people['はなこ']}/richmenu/{menu_id}")
    line.call("DELETE", f"/v2/bot/richmenu/{menu_id}")
    assert shown(line, "はなこ") is None


def test_many_people_are_linked_after_the_answer(line: Line) -> None:
    line.follow("はなこ", "たろう")
    menu_id = create(line)
    users = list(line.people.values())
    got = line.call("POST", "/v2/bot/richmenu/bulk/link", {"richMenuId": menu_id, "userIds": users})
    assert got.status == 202
    soon(lambda: shown(line, "はなこ") == shown(line, "たろう") == menu_id)
    assert shown(line, "みちこ") is None
    assert line.call("POST", "/v2/bot/richmenu/bulk/unlink", {"userIds": users}).status == 202
    soon(lambda: shown(line, "はなこ") is None)


def test_an_alias_is_created_changed_listed_and_deleted(line: Line) -> None:
    one, two = create(line), create(line)
    assert (
        line.call("POST", "/v2/bot/richmenu/alias", {"richMenuAliasId": "a", "richMenuId": one}).status == 200
    )
    assert (
        line.call("POST", "/v2/bot/richmenu/alias", {"richMenuAliasId": "a", "richMenuId": two}).status == 400
    )
    assert line.call("POST", "/v2/bot/richmenu/alias/a", {"richMenuId": two}).status == 200
    alias = {"richMenuAliasId": "a", "richMenuId": two}
    assert line.call("GET", "/v2/bot/richmenu/alias/a").json() == alias
    assert line.call("GET", "/v2/bot/richmenu/alias/list").json() == {"aliases": [alias]}
    assert line.call("DELETE", "/v2/bot/richmenu/alias/a").status == 200
    assert line.call("GET", "/v2/bot/richmenu/alias/a").status == 404


def test_a_switch_shows_the_aliased_menu_and_tells_the_bot(line: Line) -> None:
    line.follow("はなこ")
    menu_id = create(line)
    line.call("POST", "/v2/bot/richmenu/alias", {"richMenuAliasId": "b", "richMenuId": menu_id})
    line.act("はなこ", {"type": "richmenuswitch", "richMenuAliasId": "b", "data": "v1;tab"})
    postback = line.bot.events()[-1]["postback"]
    assert postback == {"data": "v1;tab", "params": {"newRichMenuAliasId": "b", "status": "SUCCESS"}}
    assert shown(line, "はなこ") == menu_id
    line.act("はなこ", {"type": "richmenuswitch", "richMenuAliasId": "c", "data": "v1;tab"})
    assert line.bot.events()[-1]["postback"]["params"]["status"] == "RICHMENU_ALIAS_ID_NOTFOUND"
    line.call("DELETE", f"/v2/bot/richmenu/{menu_id}")
    line.act("はなこ", {"type": "richmenuswitch", "richMenuAliasId": "b", "data": "v1;tab"})
    assert line.bot.events()[-1]["postback"]["params"]["status"] == "RICHMENU_NOTFOUND"


def test_the_phone_gets_the_menus_picture(line: Line) -> None:
    menu_id = create(line)
    line.call("POST", f"/v2/bot/user/all/richmenu/{menu_id}")
    menu = line.chat("はなこ")["richMenu"]
    assert (menu["chatBarText"], menu["selected"]) == ("メニュー", True)
    got = line.http.request("GET", line.sim.url + menu["imageUrl"])
    assert (got.data, got.headers["Content-Type"]) == (picture(), "image/png")


def test_a_reset_can_leave_the_menus(line: Line) -> None:
    menu_id = create(line)
    line.call("POST", f"/v2/bot/user/all/richmenu/{menu_id}")
    line.sim_post("reset", {"keepMenus": True})
    assert shown(line, "はなこ") == menu_id
    line.sim_post("reset", {})
    assert shown(line, "はなこ") is None
