"""The rich menus of one channel: pictures at the foot of a chat, whose areas can be tapped."""

from __future__ import annotations

import io
import secrets
from dataclasses import dataclass, field
from typing import Any

from PIL import Image, UnidentifiedImageError

from simulator import limits
from simulator.answers import Refused, say

IMAGE_TYPES = ("image/jpeg", "image/png")
_FORMATS = {"JPEG": "image/jpeg", "PNG": "image/png"}


@dataclass
class RichMenu:
    """A menu; it can be shown when it has its picture."""

    id: str
    request: dict[str, Any]
    image: tuple[str, bytes] | None = None  # content type, bytes

    def as_json(self) -> dict[str, Any]:
        return {"richMenuId": self.id, **self.request}


@dataclass
class RichMenus:
    """Menus, aliases and who sees which menu. Guarded by the platform's lock."""

    menus: dict[str, RichMenu] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)  # user id -> menu id
    default: str | None = None

    def create(self, request: dict[str, Any]) -> RichMenu:
        if len(self.menus) >= limits.RICH_MENUS_PER_CHANNEL:
            raise Refused(400, say("The number of rich menus has reached the limit"))
        menu = RichMenu(f"richmenu-{secrets.token_hex(16)}", request)
        self.menus[menu.id] = menu
        return menu

    def find(self, menu_id: str) -> RichMenu:
        if menu_id not in self.menus:
            raise Refused(404, say("richmenu not found"))
        return self.menus[menu_id]

    def applicable(self, menu_id: str) -> RichMenu:
        """A menu that can be shown to somebody."""
        menu = self.find(menu_id)
        if menu.image is None:
            raise Refused(400, say("must upload richmenu image before applying it to user"))
        return menu

    def upload(self, menu_id: str, content_type: str, picture: bytes) -> None:
        menu = self.find(menu_id)
        if menu.image is not None:
            raise Refused(400, say("An image has already been uploaded to the richmenu"))
        if len(picture) > limits.RICH_MENU_IMAGE_BYTES:
            raise Refused(413, say("The image is larger than 1 MB"))
        _check_picture(menu, content_type, picture)
        menu.image = (content_type, picture)

    def delete(self, menu_id: str) -> None:
        self.find(menu_id)
        del self.menus[menu_id]
        self.links = {user: menu for user, menu in self.links.items() if menu != menu_id}
        if self.default == menu_id:
            self.default = None

    def shown_to(self, user_id: str) -> RichMenu | None:
        """The person's own menu, else the channel's default."""
        menu_id = self.links.get(user_id) or self.default
        return self.menus.get(menu_id) if menu_id else None

    def add_alias(self, alias: str, menu_id: str) -> None:
        if alias in self.aliases:
            raise Refused(400, say("conflict richmenu alias id"))
        if len(self.aliases) >= limits.ALIASES_PER_CHANNEL:
            raise Refused(400, say("The number of rich menu aliases has reached the limit"))
        self._named_by_alias(menu_id)
        self.aliases[alias] = menu_id

    def change_alias(self, alias: str, menu_id: str) -> None:
        self.alias(alias)
        self._named_by_alias(menu_id)
        self.aliases[alias] = menu_id

    def alias(self, alias: str) -> str:
        if alias not in self.aliases:
            raise Refused(404, say("richmenu alias not found"))
        return self.aliases[alias]

    def delete_alias(self, alias: str) -> None:
        self.alias(alias)
        del self.aliases[alias]

    def switch(self, user_id: str, alias: str) -> str:
        """The person taps on a switch; says what came of it, in the words of the postback event."""
        if alias not in self.aliases:
            return "RICHMENU_ALIAS_ID_NOTFOUND"
        menu = self.menus.get(self.aliases[alias])
        if menu is None or menu.image is None:
            return "RICHMENU_NOTFOUND"
        self.links[user_id] = menu.id
        return "SUCCESS"

    def _named_by_alias(self, menu_id: str) -> None:
        if menu_id not in self.menus:
            raise Refused(400, say("richmenu not found"))


def _check_picture(menu: RichMenu, content_type: str, picture: bytes) -> None:
    if content_type not in IMAGE_TYPES:
        raise Refused(415, say("Unsupported media type"))
    try:
        with Image.open(io.BytesIO(picture)) as image:
            image.verify()
            kind, size = _FORMATS.get(image.format or ""), image.size
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
        raise Refused(400, say("invalid image")) from error
    if kind != content_type:
        raise Refused(400, say("The image is not of the declared content type"))
    declared = menu.request["size"]
    if size != (declared["width"], declared["height"]):
        wanted = f"{declared['width']}x{declared['height']}"
        raise Refused(400, say(f"The image must be {wanted} pixels, as the richmenu says"))
