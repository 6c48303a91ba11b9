"""What may stand in the log, and what cannot get there."""

from __future__ import annotations

import json
import logging
import threading
from typing import Any

import pytest

from bot import log


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> Any:
    log.configure("DEBUG", "json")

    def read() -> list[dict[str, Any]]:
        caught = capsys.readouterr()
        assert caught.out == ""  # standard output belongs to the commands
        return [json.loads(each) for each in caught.err.splitlines()]

    yield read
    log.end_request()
    log.configure("WARNING", "text")


def test_allowed_keys_pass_and_the_rest_is_only_counted(lines: Any) -> None:
    log.event("line.call", channel="default", ms=12, text="秘密", name_of_person="山田")
    (line,) = lines()
    assert line.pop("at")
    assert line == {"event": "line.call", "level": "info", "channel": "default", "ms": 12, "dropped": 2}


@pytest.mark.parametrize("evil", ["a\nb", "a\r\n{}", "\x1b[31m", "a\u2028b", "\x00", "\ud800", "\u202e"])
def test_no_value_can_make_a_second_line_or_paint_the_terminal(lines: Any, evil: str) -> None:
    log.event("x", reason=evil)
    (line,) = lines()
    assert "\ufffd" in line["reason"]
    assert line["reason"].isprintable() or line["reason"].replace("\ufffd", "").isprintable()


def test_long_values_are_cut(lines: Any) -> None:
    log.event("x", reason="あ" * 10_000)
    assert len(lines()[0]["reason"]) == log.LONGEST_VALUE


def test_an_error_shows_its_kind_and_place_but_none_of_its_words(lines: Any) -> None:
    secret = "秘密のことば"
    try:
        try:
            raise KeyError(secret)
        except KeyError as inner:
            raise ValueError(f"about {secret}") from inner
    except ValueError as error:
        log.error("web.failed", error, endpoint="webhook")
    (line,) = lines()
    assert line["error_type"] == "builtins.ValueError < builtins.KeyError"
    assert "test_log_lines.py:" in line["trace"]
    assert line["endpoint"] == "webhook"
    assert secret not in json.dumps(line, ensure_ascii=False)


@pytest.mark.parametrize(
    "library", ["werkzeug", "gunicorn.error", "sqlalchemy.engine", "urllib3", "anything"]
)
def test_libraries_say_where_but_not_what(lines: Any, library: str) -> None:
    try:
        raise ValueError("秘密 /d/abc?token=1")
    except ValueError:
        logging.getLogger(library).exception("GET /d/abc?token=%s 秘密", "1")
    logging.getLogger(library).info("SELECT 秘密")
    (line,) = lines()
    assert line["logger"] == library
    assert line["level"] == "error"
    assert "秘密" not in json.dumps(line, ensure_ascii=False)
    assert "token" not in json.dumps(line)


def test_the_access_log_is_silent(lines: Any) -> None:
    logging.getLogger("gunicorn.access").error("GET /d/abc#token")
    assert lines() == []


def test_a_thread_that_dies_tells_the_log_only(lines: Any) -> None:
    thread = threading.Thread(target=lambda: [].index("秘密"), name="x")  # type: ignore[arg-type]
    thread.start()
    thread.join()
    (line,) = lines()
    assert (line["event"], line["error_type"]) == ("thread.died", "builtins.ValueError")


def test_lines_of_a_request_carry_its_id(lines: Any) -> None:
    assert log.begin_request("abcdefgh-1") == "abcdefgh-1"
    log.event("x")
    log.end_request()
    log.event("y")
    first, second = lines()
    assert first["request_id"] == "abcdefgh-1"
    assert "request_id" not in second


@pytest.mark.parametrize(
    "header", [None, "", "short", "a b c d e f", "x" * 65, "abc\ndefghij", "あいうえおかきく"]
)
def test_a_strange_request_id_is_replaced(header: str | None) -> None:
    made = log.begin_request(header)
    log.end_request()
    assert made != header
    assert len(made) == 16


def test_the_text_form_is_one_line_too(capsys: pytest.CaptureFixture[str]) -> None:
    log.configure("INFO", "text")
    log.event("x.y", channel="default", reason="a\nb")
    log.detail("not shown at INFO")
    log.configure("WARNING", "text")
    shown = capsys.readouterr().err
    assert shown.count("\n") == 1
    assert "x.y" in shown
    assert "channel=default" in shown


def test_an_unconfigured_log_is_safe_and_nearly_silent() -> None:
    import subprocess
    import sys

    code = "from bot import log; log.event('x', text='s3cret'); log.alarm('y', text='s3cret', code='c')"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == ""
    assert ran.stderr.count("\n") == 1
    assert "s3cret" not in ran.stderr
