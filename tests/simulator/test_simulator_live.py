"""The phone watches a chat by server-sent events; the page is served."""

from __future__ import annotations

import json
import queue
import threading
import time
from typing import Any

import pytest
import urllib3
from line_on_this_machine import Line, soon, text

from simulator import Simulator


class Watcher:
    """Reads one chat's events until it is closed."""

    def __init__(self, line: Line, name: str) -> None:
        self.heard: queue.Queue[tuple[str, Any]] = queue.Queue()
        self._http = urllib3.PoolManager(retries=False)
        url = f"{line.sim.url}/_sim/events?bot=default&user={line.people[name]}"
        self._response = self._http.request("GET", url, preload_content=False)
        assert self._response.headers["Content-Type"].startswith("text/event-stream")
        self._ready = threading.Event()
        self.thread = threading.Thread(target=self._read)
        self.thread.start()
        assert self._ready.wait(5)

    def _read(self) -> None:
        buffer = b""
        try:
            for part in self._response.read_chunked():
                self._ready.set()
                buffer += part
                *blocks, buffer = buffer.split(b"\n\n")
                for block in blocks:
                    self._hear(block.decode())
        except (urllib3.exceptions.HTTPError, OSError, ValueError):
            pass
        self.heard.put(("end", None))

    def _hear(self, block: str) -> None:
        if not block.startswith(":"):
            event, data = block.split("\n", 1)
            self.heard.put((event.removeprefix("event: "), json.loads(data.removeprefix("data: "))))

    def next(self) -> tuple[str, Any]:
        return self.heard.get(timeout=5)

    def close(self) -> None:
        connection = self._response.connection
        assert isinstance(connection, urllib3.connection.HTTPConnection)
        assert connection.sock is not None
        connection.sock.shutdown(2)
        self.thread.join(5)
        assert not self.thread.is_alive()


def test_messages_menus_loading_and_updates_arrive_live(line: Line) -> None:
    watcher = Watcher(line, "はなこ")
    line.follow("はなこ")
    assert watcher.next()[1]["message"]["kind"] == "follow"
    assert watcher.next()[0] == "richmenu"
    line.push("はなこ", "見えますか")
    event, item = watcher.next()
    assert (event, item["from"], item["message"]) == ("item", "bot", text("見えますか"))
    assert item["raw"]["via"] == "push"
    line.call("POST", "/v2/bot/chat/loading/start", {"chatId": line.people["はなこ"], "loadingSeconds": 10})
    assert watcher.next() == ("loading", {"seconds": 10})
    line.act("はなこ", {"type": "text", "text": "はい"})
    message_id = watcher.next()[1]["id"]
    line.act("はなこ", {"type": "unsend", "messageId": message_id})
    event, item = watcher.next()
    assert (event, item["id"], item["unsent"]) == ("update", message_id, True)
    watcher.close()


def test_a_chat_is_told_nothing_of_other_chats(line: Line) -> None:
    watcher = Watcher(line, "たろう")
    line.follow("はなこ", "たろう")
    assert watcher.next()[1]["message"]["kind"] == "follow"
    assert watcher.next()[0] == "richmenu"
    line.push("はなこ")
    line.push("たろう", "たろうさんへ")
    assert watcher.next()[1]["message"] == text("たろうさんへ")
    watcher.close()


def test_no_thread_stays_when_the_browser_goes(line: Line) -> None:
    before = threading.active_count()
    watchers = [Watcher(line, "はなこ") for _ in range(5)]
    assert line.sim.platform.chats.watched() == 5
    for watcher in watchers:
        watcher.close()
    soon(lambda: line.sim.platform.chats.watched() == 0)
    soon(lambda: threading.active_count() <= before + 1)


def test_stopping_ends_every_stream_and_every_thread(line: Line) -> None:
    watcher = Watcher(line, "はなこ")
    line.sim.stop()
    assert watcher.next() == ("end", None)
    watcher.thread.join(5)
    with pytest.raises(urllib3.exceptions.HTTPError):
        line.call("GET", "/v2/bot/info")


def test_stopping_does_not_wait_for_webhooks_behind_a_slow_one(line: Line) -> None:
    free = threading.Event()
    line.bot.before_answer = lambda: (free.wait(5), None)[1]
    for words in ("一", "二", "三"):
        line.act("はなこ", {"type": "text", "text": words}, wait=False)
    soon(lambda: line.bot.received)
    started = time.monotonic()
    line.sim.stop()
    assert time.monotonic() - started < 1
    free.set()
    time.sleep(0.1)
    assert len(line.bot.received) == 1


def test_a_reset_is_told_to_the_phones(line: Line) -> None:
    watcher = Watcher(line, "はなこ")
    line.sim_post("reset", {})
    assert watcher.next() == ("reset", {})
    watcher.close()


def test_a_stranger_has_no_chat(line: Line) -> None:
    for path in ("chat", "events"):
        got = line.http.request("GET", f"{line.sim.url}/_sim/{path}?bot=default&user=U0")
        assert got.status == 400


def test_two_bots_with_one_token_cannot_be_told_apart_and_are_refused(line: Line) -> None:
    bots = [channel.bot for channel in line.sim.platform.channels.values()]
    with pytest.raises(ValueError, match="token"):
        Simulator([bots[0], bots[0]])


def test_the_page_and_its_files_are_served_and_nothing_beside_them(line: Line) -> None:
    page = line.http.request("GET", line.sim.url + "/")
    assert page.status == 200
    assert page.headers["Content-Type"].startswith("text/html")
    assert line.http.request("GET", line.sim.url + "/static/phone.js").status == 200
    assert line.http.request("GET", line.sim.url + "/static/../app.py").status == 404
    assert line.http.request("GET", line.sim.url + "/static/%2e%2e/app.py").status == 404
