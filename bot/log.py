"""The log: names of events with ids, kinds and numbers. What a person typed cannot reach it.

Only the keys in ALLOWED pass; whatever else is given is dropped and counted, so that a careless call leaks
nothing. Messages of exceptions and of libraries are never written, because they quote values and addresses.
"""

from __future__ import annotations

import json
import logging
import re
import secrets
import sys
import threading
import traceback
from collections.abc import MutableMapping
from functools import cache
from typing import Any

ALLOWED = frozenset(
    {
        "accepted", "broadcast_id", "bytes", "channel", "chunk", "code", "combinations", "concern_id",
        "connected", "count", "course_id", "dialect", "due", "duplicate", "endpoint", "error_type",
        "event_id", "event_kind", "failed", "flow", "gaps", "host", "http_status", "id", "ignored", "job",
        "kind", "level", "line_request_id", "linked", "logger", "lost", "mark", "menu", "method", "ms", "name",
        "outbox_id", "outcome", "page", "path_rule", "person_id", "place", "port", "question", "reason",
        "recipients", "remaining", "request_id", "retry_key", "role", "rule", "scheme_id", "seconds",
        "sent", "series_id", "state", "status", "task", "town", "trace", "tries", "unread", "until", "used", "version",
        "via", "waiting", "window", "worker",
    }
)  # fmt: skip
LONGEST_VALUE = 300
_ALWAYS = frozenset({"event", "at"})
_UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_REQUEST_ID = re.compile(r"^[A-Za-z0-9._-]{8,64}$")
Fields = MutableMapping[str, Any]


class _Stderr:
    """Whatever stands at sys.stderr when a line is written; standard output belongs to the commands.

    A line is one call, which writes it whole: structlog's own writers make two, and let threads queue for them.
    """

    def line(self, text: str) -> None:
        sys.stderr.write(text + "\n")

    debug = info = warning = error = critical = line


def clean(value: object) -> str | int | float | bool | None:
    """One short line without control characters; numbers stay numbers."""
    if value is None or isinstance(value, bool | int | float):
        return value
    return _UNSAFE.sub("\ufffd", str(value)[:LONGEST_VALUE])


def _allow(_logger: object, _method: str, fields: Fields) -> Fields:
    kept: Fields = {key: clean(value) for key, value in fields.items() if key in ALLOWED or key in _ALWAYS}
    if dropped := len(fields) - len(kept):
        kept["dropped"] = dropped
    return kept


def _as_json(_logger: object, _method: str, fields: Fields) -> str:
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":"))


def _as_text(_logger: object, _method: str, fields: Fields) -> str:
    head = f"{fields.pop('at', '')} {fields.pop('level', '')!s:<7} {fields.pop('event', '')}"
    return " ".join([head, *(f"{key}={value}" for key, value in fields.items())])


class _LibraryRecords(logging.Handler):
    """Says which library spoke and from which line, never what it said: that may quote a query or a body."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            place = f"{record.module}:{record.lineno}:{record.funcName}"
            trouble = record.exc_info[1] if record.exc_info else None
            given: dict[str, Any] = {"logger": record.name, "place": place}
            if trouble is not None:
                given |= _described(trouble)
            _logger().log(record.levelno, "library.spoke", **given)
        except Exception:
            self.handleError(record)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        """A log that cannot be written must not stop the work, and must not print the record."""


def configure(level: str = "INFO", form: str = "json") -> None:
    """Set up our log and tame those of the libraries. `form` is "json" or "text"."""
    number = logging.getLevelNamesMapping()[level.upper()]
    _write_safely(number, form)
    _tame_libraries(max(number, logging.WARNING))
    threading.excepthook = _thread_died


def _write_safely(number: int, form: str) -> None:
    import structlog  # here and below: it brings asyncio, and most commands write no line

    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            _allow,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
            _as_json if form == "json" else _as_text,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=lambda *_: _Stderr(),
        cache_logger_on_first_use=False,
    )
    _logger.cache_clear()


def _tame_libraries(number: int) -> None:
    root = logging.getLogger()
    root.handlers[:] = [_LibraryRecords()]
    root.setLevel(number)
    for name in (
        "werkzeug", "gunicorn", "gunicorn.error", "gunicorn.access", "sqlalchemy", "sqlalchemy.engine",
        "sqlalchemy.pool", "urllib3", "apscheduler", "procrastinate", "alembic", "flask", "linebot",
    ):  # fmt: skip
        tamed = logging.getLogger(name)
        tamed.handlers[:] = []
        tamed.propagate = True
        tamed.setLevel(number)
    # The access log's only message is the request line, with its query string.
    logging.getLogger("gunicorn.access").disabled = True


def _thread_died(args: threading.ExceptHookArgs) -> None:
    if args.exc_value is not None:
        error("thread.died", args.exc_value)


@cache
def _logger() -> Any:
    """As configured last; bound once, since to bind it costs as much as to write a line."""
    import structlog

    if not structlog.is_configured():  # what nobody has configured writes little, and nothing unsafe
        _write_safely(logging.WARNING, "text")
    return structlog.get_logger().bind()


def event(name: str, **allowed: Any) -> None:
    """Something happened. `name` is ours ("line.call"), fixed in the code."""
    _logger().info(name, **allowed)


def detail(name: str, **allowed: Any) -> None:
    """Something that is only of interest when LOG_LEVEL is DEBUG."""
    _logger().debug(name, **allowed)


def warning(name: str, **allowed: Any) -> None:
    """Nothing is broken at this moment, but somebody should look."""
    _logger().warning(name, **allowed)


def alarm(name: str, **allowed: Any) -> None:
    """Somebody has to act: sending stopped, a quota ended, credentials are wrong."""
    _logger().error(name, **allowed)


def error(name: str, exc: BaseException, **allowed: Any) -> None:
    """An exception: its type and where it came from, never its message (which quotes values)."""
    _logger().error(name, **allowed, **_described(exc))


def _described(exc: BaseException) -> dict[str, str]:
    return {"error_type": _chain(exc), "trace": trace_of(exc)}


def _chain(exc: BaseException) -> str:
    names, seen = [], 0
    current: BaseException | None = exc
    while current is not None and seen < 4:
        names.append(f"{type(current).__module__}.{type(current).__qualname__}")
        current, seen = current.__cause__ or current.__context__, seen + 1
    return " < ".join(names)


def trace_of(exc: BaseException, frames: int = 6) -> str:
    """`file:line:function` of the innermost frames, innermost last."""
    found = traceback.extract_tb(exc.__traceback__)[-frames:]
    return " > ".join(f"{'/'.join(f.filename.split('/')[-2:])}:{f.lineno}:{f.name}" for f in found)


def begin_request(header: str | None) -> str:
    """From here on every line carries the request's id: the caller's if it is harmless, else a new one."""
    import structlog

    request_id = harmless_id(header)
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=request_id)
    return request_id


def harmless_id(header: str | None) -> str:
    """What the caller calls this request, or a name of our own."""
    return header if header and _REQUEST_ID.match(header) else secrets.token_hex(8)


def end_request() -> None:
    """The request is over."""
    import structlog

    structlog.contextvars.clear_contextvars()
