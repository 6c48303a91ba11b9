"""A running stand-in for LINE and a tiny bot beside it, for the tests in this folder."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import urllib3

from simulator import Bot, Simulator

Json = dict[str, Any]


class TinyBot:
    """Keeps every webhook and answers as a test wishes."""

    def __init__(self) -> None:
        self.received: list[tuple[bytes, dict[str, str]]] = []
        self.status = 200
        self.before_answer: Callable[[], None] = lambda: None
        bot = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                raw = self.rfile.read(int(self.headers["Content-Length"]))
                bot.received.append((raw, {key.lower(): value for key, value in self.headers.items()}))
                bot.before_answer()
                self.send_response(bot.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
                """Quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/callback"

    def events(self) -> list[Json]:
        return [event for raw, _ in self.received for event in json.loads(raw)["events"]]

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class Line:
    """LINE as a bot and as a test see it."""

    def __init__(self, bot: TinyBot) -> None:
        self.bot = bot
        self.sim = Simulator(
            [
                Bot("default", "つながり", "secret-1", "token-1", bot.url),
                Bot("iwami", "いわみ", "secret-2", "token-2", bot.url, "@iwami", redeliver=True),
            ]
        ).start()
        self.http = urllib3.PoolManager(retries=False, maxsize=50)
        self.people = {each.name: each.user_id for each in self.sim.platform.people.values()}

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        token: str | None = "token-1",
        headers: dict[str, str] | None = None,
        raw: bytes | None = None,
        timeout: float = 5.0,
    ) -> urllib3.BaseHTTPResponse:
        """One call of LINE's API."""
        sent = {"Content-Type": "application/json", **(headers or {})}
        if token is not None:
            sent["Authorization"] = f"Bearer {token}"
        if body is not None:
            raw = json.dumps(body).encode()
        return self.http.request(method, self.sim.url + path, body=raw, headers=sent, timeout=timeout)

    def send(self, kind: str, body: Json, *, key: str | None = None, **more: Any) -> urllib3.BaseHTTPResponse:
        headers = {"X-Line-Retry-Key": key} if key else {}
        return self.call("POST", f"/v2/bot/message/{kind}", body, headers=headers, **more)

    def push(self, name: str, words: str = "やあ", **more: Any) -> urllib3.BaseHTTPResponse:
        return self.send("push", {"to": self.people[name], "messages": [text(words)]}, **more)

    def sim_get(self, path: str) -> Json:
        got = self.http.request("GET", f"{self.sim.url}/_sim/{path}")
        assert got.status == 200, got.data
        found = got.json()
        assert isinstance(found, dict)
        return found

    def sim_post(self, path: str, body: Json) -> urllib3.BaseHTTPResponse:
        headers = {"Content-Type": "application/json"}
        raw = json.dumps(body).encode()
        return self.http.request(
            "POST", f"{self.sim.url}/_sim/{path}", body=raw, headers=headers, timeout=30.0
        )

    def act(self, name: str, action: Json, bot: str = "default", **options: Any) -> Json:
        body = {"bot": bot, "user": self.people[name], "action": action, "options": options}
        got = self.sim_post("act", body)
        assert got.status == 200, got.data
        found = got.json()
        assert isinstance(found, dict)
        return found

    def follow(self, *names: str, bot: str = "default") -> None:
        for name in names:
            self.act(name, {"type": "follow"}, bot)

    def items(self, name: str, bot: str = "default") -> list[Json]:
        found = self.chat(name, bot)["items"]
        assert isinstance(found, list)
        return found

    def chat(self, name: str, bot: str = "default") -> Json:
        return self.sim_get(f"chat?bot={bot}&user={self.people[name]}")

    def from_bot(self, name: str, bot: str = "default") -> list[str]:
        return [item["message"]["text"] for item in self.items(name, bot) if item["from"] == "bot"]

    def violations(self) -> list[str]:
        return [each["kind"] for each in self.sim_get("violations")["violations"]]

    def stop(self) -> None:
        self.sim.stop()
        self.http.clear()


def text(words: str = "やあ") -> Json:
    return {"type": "text", "text": words}


def soon(true: Callable[[], Any], seconds: float = 5.0) -> Any:
    """Waits until something is so, and says what it was."""
    end = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.01)
    return found
