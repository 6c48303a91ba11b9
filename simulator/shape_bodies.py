"""The bodies of whole requests: sending, rich menus, the loading indicator, the webhook's address."""

from __future__ import annotations

import re
from collections.abc import Iterator
from types import MappingProxyType
from typing import Any

from simulator import limits
from simulator.shape_actions import ALIAS_ID, RICH_MENU
from simulator.shape_messages import MESSAGES
from simulator.shapes import Bool, Choice, Items, Later, Num, Obj, OneOf, Problem, Shape, Str, Url, problem

_TO = Str(1)
_SILENT = Bool()
_UNITS = Items(Str(1, form=re.compile(r"[A-Za-z0-9_]{1,30}")), 0, limits.AGGREGATION_UNITS)

# --- narrowcast -------------------------------------------------------------------------------------

_AGES = Choice(tuple(f"age_{years}" for years in range(15, 75, 5)))
_AREAS = Choice(
    tuple(
        f"{country}_{number:02}"
        for country, count in (("jp", 47), ("tw", 22), ("th", 8), ("id", 12))
        for number in range(1, count + 1)
    )
)
_DAYS = Choice(tuple(f"day_{days}" for days in (7, 30, 90, 180, 365)))


def _words(kind: str, shape: Shape) -> Obj:
    return Obj({"type": Choice((kind,)), "oneOf": Items(shape, 1)}, frozenset({"type", "oneOf"}))


def _span(kind: str, shape: Shape) -> Obj:
    return Obj({"type": Choice((kind,)), "gte": shape, "lt": shape}, frozenset({"type"}))


def _operator(each: Shape) -> Obj:
    fields: dict[str, Shape] = {
        "type": Choice(("operator",)),
        "and": Items(each, 1),
        "or": Items(each, 1),
        "not": each,
    }
    return Obj(fields, frozenset({"type"}), _one_operator)


def _one_operator(value: dict[str, Any], path: str) -> Iterator[Problem]:
    if sum(key in value for key in ("and", "or", "not")) != 1:
        yield problem("exactly one of and, or, not must be specified", path)


RECIPIENT: OneOf = OneOf(
    {
        "audience": Obj(
            {"type": Choice(("audience",)), "audienceGroupId": Num(1)}, frozenset({"type", "audienceGroupId"})
        ),
        "redelivery": Obj(
            {"type": Choice(("redelivery",)), "requestId": Str(1)}, frozenset({"type", "requestId"})
        ),
        "operator": _operator(Later(lambda: RECIPIENT)),
    }
)
DEMOGRAPHIC: OneOf = OneOf(
    {
        "gender": _words("gender", Choice(("male", "female"))),
        "appType": _words("appType", Choice(("ios", "android"))),
        "area": _words("area", _AREAS),
        "age": _span("age", _AGES),
        "subscriptionPeriod": _span("subscriptionPeriod", _DAYS),
        "operator": _operator(Later(lambda: DEMOGRAPHIC)),
    }
)


def _partial_needs_quota(value: dict[str, Any], path: str) -> Iterator[Problem]:
    if value.get("forbidPartialDelivery") and not value.get("upToRemainingQuota"):
        yield problem("forbidPartialDelivery needs upToRemainingQuota", path)


LIMIT = Obj(
    {"max": Num(1), "upToRemainingQuota": Bool(), "forbidPartialDelivery": Bool()},
    frozenset(),
    _partial_needs_quota,
)

# --- sending ----------------------------------------------------------------------------------------

REPLY = Obj(
    {"replyToken": Str(1), "messages": MESSAGES, "notificationDisabled": _SILENT},
    frozenset({"replyToken", "messages"}),
)
PUSH = Obj(
    {
        "to": _TO,
        "messages": MESSAGES,
        "notificationDisabled": _SILENT,
        "customAggregationUnits": _UNITS,
    },
    frozenset({"to", "messages"}),
)
MULTICAST = Obj(
    {
        "to": Items(_TO, 1, limits.MULTICAST_RECIPIENTS),
        "messages": MESSAGES,
        "notificationDisabled": _SILENT,
        "customAggregationUnits": _UNITS,
    },
    frozenset({"to", "messages"}),
)
NARROWCAST = Obj(
    {
        "messages": MESSAGES,
        "recipient": RECIPIENT,
        "filter": Obj({"demographic": DEMOGRAPHIC}),
        "limit": LIMIT,
        "notificationDisabled": _SILENT,
    },
    frozenset({"messages"}),
)
BROADCAST = Obj({"messages": MESSAGES, "notificationDisabled": _SILENT}, frozenset({"messages"}))
VALIDATE = Obj({"messages": MESSAGES}, frozenset({"messages"}))

# --- rich menus -------------------------------------------------------------------------------------


def _shape_of_menu(value: dict[str, Any], path: str) -> Iterator[Problem]:
    if value["width"] / value["height"] < limits.RICH_MENU_RATIO_MIN:
        yield problem(f"width / height must be at least {limits.RICH_MENU_RATIO_MIN}", path)


MENU_SIZE = Obj(
    {"width": Num(*limits.RICH_MENU_WIDTH), "height": Num(limits.RICH_MENU_HEIGHT_MIN)},
    frozenset({"width", "height"}),
    _shape_of_menu,
)
BOUNDS = Obj(
    {"x": Num(0), "y": Num(0), "width": Num(1), "height": Num(1)},
    frozenset({"x", "y", "width", "height"}),
)
MENU_AREA = Obj({"bounds": BOUNDS, "action": RICH_MENU}, frozenset({"bounds", "action"}))
RICH_MENU_REQUEST = Obj(
    {
        "size": MENU_SIZE,
        "selected": Bool(),
        "name": Str(1, limits.RICH_MENU_NAME, "grapheme"),
        "chatBarText": Str(1, limits.CHAT_BAR_TEXT, "grapheme"),
        "areas": Items(MENU_AREA, 0, limits.RICH_MENU_AREAS),
    },
    frozenset({"size", "selected", "name", "chatBarText", "areas"}),
)
_USERS = Items(Str(1), 1, limits.BULK_LINK_USERS)
BULK_LINK = Obj({"richMenuId": Str(1), "userIds": _USERS}, frozenset({"richMenuId", "userIds"}))
BULK_UNLINK = Obj({"userIds": _USERS}, frozenset({"userIds"}))
ALIAS_CREATE = Obj(
    {"richMenuAliasId": ALIAS_ID, "richMenuId": Str(1)}, frozenset({"richMenuAliasId", "richMenuId"})
)
ALIAS_UPDATE = Obj({"richMenuId": Str(1)}, frozenset({"richMenuId"}))

# --- the rest ---------------------------------------------------------------------------------------

_LOADING_FROM, _LOADING_TO, _LOADING_STEP = limits.LOADING_SECONDS
LOADING = Obj(
    {"chatId": Str(1), "loadingSeconds": Num(_LOADING_FROM, _LOADING_TO, step=_LOADING_STEP)},
    frozenset({"chatId"}),
)
MARK_AS_READ = Obj({"markAsReadToken": Str(1)}, frozenset({"markAsReadToken"}))
# LINE asks for https; the stand-in also takes http, because the bot beside it has no certificate.
_ENDPOINT = Url(500, ("http", "https"))
WEBHOOK_SET = Obj({"endpoint": _ENDPOINT}, frozenset({"endpoint"}))
WEBHOOK_TEST = Obj({"endpoint": _ENDPOINT})

REQUESTS: MappingProxyType[str, Obj] = MappingProxyType(
    {
        "reply": REPLY,
        "push": PUSH,
        "multicast": MULTICAST,
        "narrowcast": NARROWCAST,
        "broadcast": BROADCAST,
        "validate": VALIDATE,
        "richmenu": RICH_MENU_REQUEST,
        "richmenu.bulk.link": BULK_LINK,
        "richmenu.bulk.unlink": BULK_UNLINK,
        "richmenu.alias.create": ALIAS_CREATE,
        "richmenu.alias.update": ALIAS_UPDATE,
        "loading": LOADING,
        "markAsRead": MARK_AS_READ,
        "webhook.set": WEBHOOK_SET,
        "webhook.test": WEBHOOK_TEST,
    }
)
