"""The rich-menu part of LINE's Messaging API."""

from __future__ import annotations

import threading
from collections.abc import Callable

from flask import request

from simulator import limits
from simulator.answers import Answer, Refused, say
from simulator.api import endpoint, platform
from simulator.line_check import is_user_id, outside_of_menu, wrong_recipient
from simulator.platform import Channel, Platform
from simulator.sending import Call


@endpoint("POST", "/v2/bot/richmenu", "richmenu.create", body="richmenu")
def create(call: Call) -> Answer:
    with platform().lock:
        menu = call.channel.menus.create(call.body)
    return Answer(200, {"richMenuId": menu.id}, notes=tuple(outside_of_menu(call.body)))


@endpoint("POST", "/v2/bot/richmenu/validate", "richmenu.validate", body="richmenu")
def validate(call: Call) -> Answer:
    return Answer(notes=tuple(outside_of_menu(call.body)))


@endpoint("GET", "/v2/bot/richmenu/list", "richmenu.list")
def list_all(call: Call) -> Answer:
    with platform().lock:
        return Answer(200, {"richmenus": [menu.as_json() for menu in call.channel.menus.menus.values()]})


@endpoint("GET", "/v2/bot/richmenu/<menu_id>", "richmenu.get")
def get(call: Call, menu_id: str) -> Answer:
    with platform().lock:
        return Answer(200, call.channel.menus.find(menu_id).as_json())


@endpoint("DELETE", "/v2/bot/richmenu/<menu_id>", "richmenu.delete")
def delete(call: Call, menu_id: str) -> Answer:
    with platform().lock:
        call.channel.menus.delete(menu_id)
    _everyone_looks(call)
    return Answer()


@endpoint("POST", "/v2/bot/richmenu/<menu_id>/content", "richmenu.image.upload")
def upload(call: Call, menu_id: str) -> Answer:
    with platform().lock:
        call.channel.menus.upload(menu_id, request.mimetype, call.raw)
    return Answer()


@endpoint("GET", "/v2/bot/richmenu/<menu_id>/content", "richmenu.image.get")
def download(call: Call, menu_id: str) -> Answer:
    with platform().lock:
        image = call.channel.menus.find(menu_id).image
    if image is None:
        return Answer(404, say("Not found"))
    return Answer(content=image)


# --- the default menu -------------------------------------------------------------------------------


@endpoint("POST", "/v2/bot/user/all/richmenu/<menu_id>", "richmenu.default.set")
def default_set(call: Call, menu_id: str) -> Answer:
    with platform().lock:
        call.channel.menus.default = call.channel.menus.applicable(menu_id).id
    _everyone_looks(call)
    return Answer()


@endpoint("GET", "/v2/bot/user/all/richmenu", "richmenu.default.get")
def default_get(call: Call) -> Answer:
    menu_id = call.channel.menus.default
    if menu_id is None:
        return Answer(404, say("no default richmenu"))
    return Answer(200, {"richMenuId": menu_id})


@endpoint("DELETE", "/v2/bot/user/all/richmenu", "richmenu.default.clear")
def default_clear(call: Call) -> Answer:
    with platform().lock:
        call.channel.menus.default = None
    _everyone_looks(call)
    return Answer()


# --- one person's menu ------------------------------------------------------------------------------


@endpoint("POST", "/v2/bot/user/<user_id>/richmenu/<menu_id>", "richmenu.link")
def link(call: Call, user_id: str, menu_id: str) -> Answer:
    _check_user(user_id)
    with platform().lock:
        menu = call.channel.menus.applicable(menu_id)
        _link(platform(), call.channel, [user_id], menu.id)
    return Answer()


@endpoint("GET", "/v2/bot/user/<user_id>/richmenu", "richmenu.of")
def linked(call: Call, user_id: str) -> Answer:
    _check_user(user_id)
    menu_id = call.channel.menus.links.get(user_id)
    if menu_id is None:
        return Answer(404, say("the user has no richmenu"))
    return Answer(200, {"richMenuId": menu_id})


@endpoint("DELETE", "/v2/bot/user/<user_id>/richmenu", "richmenu.unlink")
def unlink(call: Call, user_id: str) -> Answer:
    _check_user(user_id)
    _link(platform(), call.channel, [user_id], None)
    return Answer()


@endpoint("POST", "/v2/bot/richmenu/bulk/link", "richmenu.bulk.link", body="richmenu.bulk.link")
def bulk_link(call: Call) -> Answer:
    users = call.body["userIds"]
    _check_users(users)
    with platform().lock:
        menu_id = call.channel.menus.applicable(call.body["richMenuId"]).id
    house, channel = platform(), call.channel
    _soon(house, lambda: _link(house, channel, users, menu_id))
    return Answer(202)


@endpoint("POST", "/v2/bot/richmenu/bulk/unlink", "richmenu.bulk.unlink", body="richmenu.bulk.unlink")
def bulk_unlink(call: Call) -> Answer:
    users = call.body["userIds"]
    _check_users(users)
    house, channel = platform(), call.channel
    _soon(house, lambda: _link(house, channel, users, None))
    return Answer(202)


# --- aliases ----------------------------------------------------------------------------------------


@endpoint("POST", "/v2/bot/richmenu/alias", "richmenu.alias.create", body="richmenu.alias.create")
def alias_create(call: Call) -> Answer:
    with platform().lock:
        call.channel.menus.add_alias(call.body["richMenuAliasId"], call.body["richMenuId"])
    return Answer()


@endpoint("GET", "/v2/bot/richmenu/alias/list", "richmenu.alias.list")
def alias_list(call: Call) -> Answer:
    with platform().lock:
        found = [_alias_json(alias, menu) for alias, menu in call.channel.menus.aliases.items()]
    return Answer(200, {"aliases": found})


@endpoint("GET", "/v2/bot/richmenu/alias/<alias>", "richmenu.alias.get")
def alias_get(call: Call, alias: str) -> Answer:
    with platform().lock:
        return Answer(200, _alias_json(alias, call.channel.menus.alias(alias)))


@endpoint("POST", "/v2/bot/richmenu/alias/<alias>", "richmenu.alias.update", body="richmenu.alias.update")
def alias_update(call: Call, alias: str) -> Answer:
    with platform().lock:
        call.channel.menus.change_alias(alias, call.body["richMenuId"])
    return Answer()


@endpoint("DELETE", "/v2/bot/richmenu/alias/<alias>", "richmenu.alias.delete")
def alias_delete(call: Call, alias: str) -> Answer:
    with platform().lock:
        call.channel.menus.delete_alias(alias)
    return Answer()


def _alias_json(alias: str, menu_id: str) -> dict[str, str]:
    return {"richMenuAliasId": alias, "richMenuId": menu_id}


def _check_user(user_id: str) -> None:
    if not is_user_id(user_id):
        raise Refused(400, say("The value for the 'userId' parameter is invalid"))


def _check_users(users: list[str]) -> None:
    for i, user in enumerate(users):
        if not is_user_id(user):
            where = wrong_recipient(i)["message"].replace("to[", "userIds[")
            raise Refused(400, say(where))
    assert len(users) <= limits.BULK_LINK_USERS


def _link(house: Platform, channel: Channel, users: list[str], menu_id: str | None) -> None:
    """Links or unlinks; LINE does not say that somebody is no friend or has blocked the bot."""
    with house.lock:
        for user in users:
            stand = channel.friendships.get(user)
            if menu_id is None:
                channel.menus.links.pop(user, None)
            elif menu_id in channel.menus.menus and stand and stand.friend and not stand.blocked:
                channel.menus.links[user] = menu_id
    house.menu_changed(channel, users)


def _everyone_looks(call: Call) -> None:
    with platform().lock:
        users = list(platform().people)
    platform().menu_changed(call.channel, users)


def _soon(house: Platform, deed: Callable[[], None]) -> None:
    """Bulk requests are done after the answer."""
    timer = threading.Timer(house.settings.bulk_seconds, deed)
    timer.daemon = True
    timer.start()
