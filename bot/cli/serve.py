"""`tsunagari serve`, `work`: the service in one process, or its sending and its timetable alone."""

from __future__ import annotations

import datetime as dt
import os
import queue
import signal
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args

import typer
from gunicorn.app.base import BaseApplication

from bot import log
from bot.app import Services, build, content_for, create_app, notice_copied_database
from bot.cli import output
from bot.cli.house import open_db
from bot.cli.output import Refused
from bot.content.library import Content, hearing
from bot.content.route_lint import prove
from bot.settings import BadSettings, Settings
from bot.steady import settle
from bot.web.gthread import Worker
from jobs import timetable
from jobs.clock_watch import look_back
from jobs.deliver import Deliverer
from jobs.handbook_counts import Counting
from jobs.mail import Postman, post_of
from storage import jobs_queue
from storage.rotation import need_every_key

if TYPE_CHECKING:
    from jobs.engine import Crew

Role = Literal["all", "sender", "clock"]
THREADS = 16
WORKER_TIMEOUT = 60  # seconds without a sign of life
GRACE = 40  # seconds to end calls under way; longer than Deliverer.stop waits


@dataclass
class Engine:
    """What works in the background: the senders (LINE, mail), the timetable, and on PostgreSQL the workers that do
    what the timetables of all machines ask for."""

    services: Services
    role: Role = "all"
    deliverer: Deliverer | None = None
    postman: Postman | None = None
    crew: Crew | None = None
    clock: timetable.Timetable | None = None
    counting: Counting | None = None

    def start(self) -> None:
        """A copied database, and a clock that was put back, are noticed before the first row is sent."""
        look_back(self.services.db)
        notice_copied_database(self.services)
        if self.role in ("all", "sender"):
            self.deliverer = Deliverer(
                self.services.db, self.services.line, self.services.bell, self.services.errands
            )
            self.deliverer.start()
            self.postman = Postman(post_of(self.services))
            self.postman.start()
            if jobs_queue.serves(self.services.db):
                from jobs.engine import Crew  # nothing of it is needed on SQLite

                self.crew = Crew(self.services)
                self.crew.start()
        self.counting = Counting(self.services.db, self.services.usage)
        self.counting.start()
        if self.role in ("all", "clock"):
            self.clock = timetable.start(self.services)

    def stop(self) -> None:
        if self.clock is not None:
            self.clock.stop()
        if self.crew is not None:
            self.crew.stop()
        if self.postman is not None:
            self.postman.stop()
        if self.deliverer is not None:
            self.deliverer.stop()
        if self.counting is not None:
            self.counting.stop()


class Service(BaseApplication):  # type: ignore[misc]  # gunicorn has no types
    """gunicorn inside our own command: one worker with threads, which also sends and keeps the timetable."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.engine: Engine | None = None
        super().__init__()

    def load_config(self) -> None:
        for name, value in {
            "bind": [f"{self.settings.host}:{self.settings.port}"],
            "worker_class": Worker,
            "workers": 1,  # of several, each would have its own timetable; for those there is the Procfile
            "threads": THREADS,
            "timeout": WORKER_TIMEOUT,
            "graceful_timeout": GRACE,
            "preload_app": False,  # threads and connections do not survive a fork
            "loglevel": "warning",
            "control_socket_disable": True,
            "on_starting": self._on_starting,
            "when_ready": self._when_ready,
            "post_worker_init": self._post_worker_init,
            "worker_exit": self._worker_exit,
        }.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        self._log()
        services = build(self.settings)
        self.engine = Engine(services)
        app = create_app(services)
        settle(services)
        return app

    def _log(self) -> None:
        """gunicorn sets up its own log at its start; ours replaces it (no addresses, no request lines)."""
        log.configure(self.settings.log_level, self.settings.log_format)

    def _on_starting(self, _arbiter: Any) -> None:
        self._log()

    def _when_ready(self, _arbiter: Any) -> None:
        log.event("serve.listening", host=self.settings.host, port=self.settings.port)

    def _post_worker_init(self, _worker: Any) -> None:
        if self.engine is not None:
            self.engine.start()

    def _worker_exit(self, _arbiter: Any, _worker: Any) -> None:
        if self.engine is not None:
            self.engine.stop()
            self.engine.services.line.close()
            self.engine.services.db.close()


def serve() -> None:
    """サービスを動かします。止めるときは Ctrl-C。

    ウェブ、LINEの受信と送信、予約を1つのプロセスで行います。

    例: tsunagari serve
    """
    run_service(Settings.from_env())


def run_service(settings: Settings) -> None:
    """Check everything that can be known beforehand, then serve until stopped."""
    log.configure(settings.log_level, settings.log_format)
    if not _went_well_elsewhere(lambda: _check(settings)):
        _check(settings)  # says what is wrong
    _port_must_be_free(settings.host, settings.port)
    Service(settings).run()


def _check(settings: Settings) -> None:
    if missing := settings.missing_for_serving():
        raise BadSettings("\n".join(missing))
    _warn_of_gaps(hearing(content_for(settings)))
    with open_db(settings) as db:  # migrated, durable, and the keys open it
        need_every_key(db)


def _went_well_elsewhere(deed: Callable[[], None]) -> bool:
    """Done in a child, with whom goes all the memory that it took; the worker, our next child, would inherit it."""
    if child := os.fork():
        return os.waitpid(child, 0)[1] == 0
    status = 1
    try:
        deed()
        status = 0
    finally:
        os._exit(status)


def _warn_of_gaps(content: Content) -> None:
    """One line where the map of desks has holes; `tsunagari route lint` says which."""
    on = dt.datetime.now(output.TOKYO).date()
    proof = prove(content.windows, list(content.towns.values()), list(content.concern_kinds), on)
    if proof.gaps:
        log.warning("routes.gaps", combinations=proof.combinations, unread=proof.unread, gaps=len(proof.gaps))


def work(
    role: Annotated[
        str, typer.Option("--role", help="all（送信・仕事・予約）、sender（送信と仕事）、clock（予約だけ）")
    ] = "all",
) -> None:
    """送信と予約だけを動かします（何台かで動かすとき）。

    例: tsunagari work --role clock
    """
    wanted: Role | None = next((known for known in get_args(Role) if known == role), None)
    if wanted is None:
        output.unknown("役割", role, get_args(Role))
    settings = Settings.from_env()
    services = build(settings)
    log.configure(settings.log_level, settings.log_format)
    ended: queue.SimpleQueue[int] = (
        queue.SimpleQueue()
    )  # an Event would hang where the signal meets it half way
    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, lambda number, _: ended.put(number))
    engine = Engine(services, wanted)
    engine.start()
    log.event("work.started", role=wanted)
    ended.get()
    engine.stop()
    services.line.close()
    services.db.close()


def _port_must_be_free(host: str, port: int) -> None:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as taken:
            raise Refused(
                f"{host}:{port} では動かせません（{taken.strerror}）。", "PORT でほかの番号を選んでください。"
            ) from taken
