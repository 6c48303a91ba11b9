"""What a page of the handbook costs the server, and how large it is: .venv/bin/python benchmarks/handbook_pages.py

For every language: the start, a question, the fullest result that 30 walks with dice led to, its further pages, the page
about paper and the one about sharing; and the PDF. Prints bytes, and milliseconds of processor time (median of nine).
"""

from __future__ import annotations

import datetime as dt
import random
import re
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from flask import Flask  # noqa: E402
from werkzeug.test import Client, TestResponse  # noqa: E402

from bot.app import Services  # noqa: E402
from bot.content.library import load_content  # noqa: E402
from bot.settings import Settings  # noqa: E402
from bot.web import create_flask  # noqa: E402
from storage.crypto import cipher_from, new_key  # noqa: E402

WALKS, TIMES = 30, 9
MOST_BYTES, MOST_MS = 50_000, 50.0
PAGES = ("/handbook", "/handbook/more?page=1", "/handbook/paper", "/handbook/share")


def walk(client: Client, dice: random.Random) -> int:
    """Answer anything until the result; gives its bytes."""
    page = client.get("/handbook").get_data(as_text=True)
    deed: dict[str, Any] = {"do": "start"}
    for _ in range(60):
        hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', page))
        client.post("/handbook", data=hidden | deed)
        page = client.get("/handbook").get_data(as_text=True)
        options = re.findall(r'<input type="(?:radio|checkbox)" name="answer" value="([^"]+)"', page)
        if not options:
            break
        many = 'type="checkbox"' in page
        picks = (
            dice.sample(options, min(len(options), dice.randint(1, 3))) if many else [dice.choice(options)]
        )
        picks = ["handbook" if "handbook" in options else pick for pick in picks]
        deed = {"do": "answer", "answer": picks if dice.random() < 0.9 else picks[:1]}
    return len(page.encode())


def median_ms(ask: Callable[[], TestResponse]) -> tuple[float, TestResponse]:
    spent, answer = [], ask()
    for _ in range(TIMES):
        begin = time.process_time()
        answer = ask()
        spent.append(time.process_time() - begin)
    return statistics.median(spent) * 1_000, answer


def report(name: str, ask: Callable[[], TestResponse]) -> bool:
    """One line; whether the page keeps to its limits."""
    spent, answer = median_ms(ask)
    size = len(answer.get_data())
    good = size < MOST_BYTES and spent < MOST_MS
    print(
        f"  {name:<26} {answer.status_code} {size:>7,} bytes {spent:>6.1f} ms{'' if good else '  TOO MUCH'}"
    )
    return good


def main() -> int:
    """1 when a page is too large or too slow."""
    db = SimpleNamespace(
        cipher=cipher_from(new_key("k")), clock=lambda: dt.datetime(2026, 12, 1, 1, tzinfo=dt.UTC)
    )
    env = {"LINE_CHANNEL_SECRET": "s" * 32, "LINE_CHANNEL_ACCESS_TOKEN": "t", "TSUNAGARI_KEYS": "k:x"}
    content = load_content(ROOT / "content")
    app = create_flask(Services(Settings.from_env(env), content, cast(Any, db), cast(Any, None)))
    results = [measured(app, language) for language in content.languages]
    return 0 if all(results) else 1


def measured(app: Flask, language: str) -> bool:
    """All kinds of pages in one language; whether all keep to their limits."""
    print(language)
    first, fullest, most = app.test_client(), app.test_client(), 0
    first.get(f"/handbook?lang={language}")
    for seed in range(WALKS):
        client = app.test_client()
        client.get(f"/handbook?lang={language}")
        if (size := walk(client, random.Random(seed))) > most:  # noqa: S311 (dice)
            fullest, most = client, size
    good = [
        report("start", lambda: first.get("/handbook")),
        report("question", lambda: fullest.get("/handbook?q=3")),
        *(report(path, partial(fullest.get, path)) for path in PAGES),
    ]
    page = fullest.get("/handbook/paper").get_data(as_text=True)
    form: dict[str, Any] = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', page))
    form["take"] = re.findall(r'name="take" value="([^"]+)"', page)
    spent, answer = median_ms(lambda: fullest.post("/handbook/paper.pdf", data=form))
    print(f"  {'PDF':<26} {answer.status_code} {len(answer.get_data()):>7,} bytes {spent:>6.1f} ms")
    return all(good)


if __name__ == "__main__":
    sys.exit(main())
