"""Rich menus, through line-bot-sdk: an operator's seldom work, for which its models and their checks are welcome.

Everything that people wait for goes through bot/line/client.py instead.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from linebot.v3.messaging import ApiClient, Configuration, MessagingApi, MessagingApiBlob, RichMenuRequest
from linebot.v3.messaging.exceptions import ApiException, OpenApiException
from urllib3.exceptions import HTTPError

from bot import log
from bot.line.client import SendFailed
from bot.settings import Channel

TIMEOUTS = (3, 30)  # seconds to connect and to wait; a picture takes longer than a message


class RichMenus:
    """The rich menus of one account. What LINE did not do raises SendFailed; nothing is tried twice."""

    def __init__(self, account: Channel, base: str | None = None) -> None:
        """`base` stands for all of LINE's hosts."""
        settings = Configuration(host=base, access_token=account.token)
        settings.retries = False
        self._channel = account.name
        client = ApiClient(settings)
        self._menus, self._pictures = MessagingApi(client), MessagingApiBlob(client)

    def create(self, menu: Mapping[str, Any], png: bytes) -> str:
        """Make a rich menu with its picture; LINE's id of it. A menu without a picture is not left behind."""
        request = RichMenuRequest.from_dict(dict(menu))
        made = self._ask("create", self._menus.create_rich_menu_with_http_info, request)
        menu_id = str(made.rich_menu_id)
        try:
            self._ask(
                "picture",
                self._pictures.set_rich_menu_image_with_http_info,
                menu_id,
                png,
                _headers={"Content-Type": "image/png"},
            )
        except SendFailed:
            self.delete(menu_id)
            raise
        return menu_id

    def listed(self) -> dict[str, str]:
        """Id and name of the rich menus that were made through the API."""
        found = self._ask("list", self._menus.get_rich_menu_list_with_http_info)
        return {each.rich_menu_id: each.name for each in found.richmenus}

    def delete(self, menu_id: str) -> None:
        """Remove a rich menu; one that is gone already is fine."""
        try:
            self._ask("delete", self._menus.delete_rich_menu_with_http_info, menu_id)
        except SendFailed as refused:
            if refused.status != 404:
                raise

    def show_to_all(self, menu_id: str) -> None:
        """Everybody without a menu of their own sees this one."""
        self._ask("default", self._menus.set_default_rich_menu_with_http_info, menu_id)

    def _ask(self, what: str, call: Callable[..., Any], *given: Any, **more: Any) -> Any:
        """One call of the SDK, made once and noted without its content."""
        started, status, request_id = time.monotonic(), None, None
        try:
            answer = call(*given, **more, _request_timeout=TIMEOUTS)
            status, request_id = answer.status_code, (answer.headers or {}).get("x-line-request-id")
            return answer.data
        except ApiException as refused:
            status, request_id = refused.status, (refused.headers or {}).get("x-line-request-id")
            permanent = 400 <= (refused.status or 0) < 500 and refused.status != 429
            raise SendFailed(f"richmenu.{what}", refused.status, permanent) from None
        except (OpenApiException, HTTPError, OSError, ValueError) as trouble:
            raise SendFailed(f"richmenu.{what}", None, permanent=False) from trouble
        finally:
            log.event(
                "line.call",
                channel=self._channel,
                method="SDK",
                endpoint=f"richmenu.{what}",
                status=status if status is not None else "not_sent_unknown",
                ms=round((time.monotonic() - started) * 1000),
                line_request_id=request_id,
            )
