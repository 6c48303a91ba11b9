"""Doing what the clocks ask for, on PostgreSQL: the one place that knows Procrastinate, which hands out the jobs.

1. A clock, or whoever writes rows, asks for a job in its own transaction (storage/jobs_queue.py).
2. Procrastinate gives it to one worker, which calls the same function that the embedded timetable would call.
3. What fails is tried again a few times, then it is an alarm. What a worker was at when it died is taken up by
   another one, as soon as the dead one's sign of life is old.

The workers live in one thread with an event loop of its own; the functions run in a few threads beside it.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from procrastinate import App, JobContext, PsycopgConnector, RetryStrategy
from procrastinate.exceptions import ConnectorException
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from bot import log, metrics, outage
from jobs import duties
from storage import jobs_queue
from storage.jobs_queue import ALONE, ORDINARY
from storage.trouble import is_outage

if TYPE_CHECKING:
    from bot.app import Services

HANDS: Final = {ORDINARY: 4, ALONE: 1}  # jobs at a time, by queue
GRACE: Final = 25.0  # seconds that a job under way has to end; shorter than the service's own
REOPEN: Final = 1.0  # seconds until the next try, where the database is away
CONNECT: Final = 5.0  # seconds for a connection


@dataclass(frozen=True)
class Pace:
    """How patient the workers are; the tests are less so."""

    tries: int = 5
    wait: int = 2  # seconds before the second try
    longer: int = 4  # seconds more before each later one
    beat: float = 4.0  # seconds between two signs of life
    silent: dt.timedelta = jobs_queue.SILENT
    look: float = 5.0  # seconds between two looks for jobs of the dead
    poll: float = 1.0  # seconds between two looks for jobs that nobody announced


@dataclass
class Crew:
    """The workers of this process."""

    services: Services
    pace: Pace = field(default_factory=Pace)
    _loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop, init=False, repr=False)
    _told: asyncio.Event = field(default_factory=asyncio.Event, init=False, repr=False)
    _thread: threading.Thread | None = field(default=None, init=False, repr=False)

    def start(self) -> None:
        """Begin to take jobs."""
        self._thread = threading.Thread(target=self._run, name="crew", daemon=True)
        self._thread.start()

    def stop(self, timeout: float = 30.0) -> None:
        """Take no more jobs, and let those under way end."""
        if self._thread is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._told.set)
            self._thread.join(timeout)
        self._thread = None

    def _run(self) -> None:
        hands = ThreadPoolExecutor(
            sum(HANDS.values()) + 1, thread_name_prefix="job"
        )  # one looks for the dead
        self._loop.set_default_executor(hands)
        try:
            self._loop.run_until_complete(self._work())
        finally:
            self._loop.run_until_complete(self._loop.shutdown_default_executor())
            self._loop.close()

    async def _work(self) -> None:
        """Until told to end; a worker ends by itself where the database goes away, and another one begins."""
        while not self._told.is_set():
            try:
                await self._shift()
            except Exception as trouble:
                log.error("jobs.trouble", trouble)
                if is_outage(trouble) or isinstance(trouble, ConnectorException | PoolTimeout):
                    outage.noticed(outage.DATABASE)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._told.wait(), REOPEN)

    async def _shift(self) -> None:
        """As long as the database is there. Raises what went wrong."""
        pool = AsyncConnectionPool(
            kwargs=jobs_queue.address(self.services.db),
            min_size=1,
            max_size=4,
            timeout=CONNECT,
            reconnect_timeout=CONNECT,
            check=AsyncConnectionPool.check_connection,
            open=False,
        )
        try:
            await pool.open(wait=True, timeout=CONNECT)
            app = self._app()
            await app.connector.open_async(pool)
            told = asyncio.create_task(self._told.wait())
            shifts = [asyncio.create_task(self._worker(app, queue)) for queue in HANDS]
            shifts.append(asyncio.create_task(self._look_for_the_dead()))
            await asyncio.wait([told, *shifts], return_when=asyncio.FIRST_COMPLETED)
            for each in (told, *shifts):
                each.cancel()
            ended = await asyncio.gather(*shifts, return_exceptions=True)
        finally:
            await pool.close(timeout=CONNECT)
        for how in ended:
            if isinstance(how, Exception):
                raise how

    async def _worker(self, app: App, queue: str) -> None:
        await app.run_worker_async(
            queues=[queue],
            name=queue,
            concurrency=HANDS[queue],
            fetch_job_polling_interval=self.pace.poll,
            update_heartbeat_interval=self.pace.beat,
            stalled_worker_timeout=self.pace.silent.total_seconds(),
            shutdown_graceful_timeout=GRACE,
            delete_jobs="successful",
            install_signal_handlers=False,
        )

    async def _look_for_the_dead(self) -> None:
        while True:
            await asyncio.sleep(self.pace.look)
            await asyncio.to_thread(self.take_up_again)

    def take_up_again(self) -> None:
        """The jobs of dead workers wait again, for any worker."""
        with self.services.db.work() as work:
            found = jobs_queue.take_up_again(work, self.pace.tries, self.pace.silent)
        for each in found:
            log.warning("job.stalled", job=each.name, id=each.id, tries=each.tries)
            if each.failed:
                _alarm(each.name, each.tries)

    # ---- what a job is ----

    def _app(self) -> App:
        """Everything that can be asked for, by name."""
        app = App(connector=PsycopgConnector())
        for duty in duties.DUTIES:
            self._knows(app, duty.name, partial(duty.do, self.services))
        self._knows(app, duties.BROADCAST, partial(duties.begin, self.services))
        self._knows(app, jobs_queue.WAKE_UP.name, self.services.bell.set)
        return app

    def _knows(self, app: App, name: str, deed: Callable[..., object]) -> None:
        pace = self.pace
        again = RetryStrategy(max_attempts=pace.tries - 1, wait=pace.wait, linear_wait=pace.longer)

        @app.task(name=name, retry=again, pass_context=True)
        def do(context: JobContext, /, **given: Any) -> None:
            try:
                deed(**given)
            except Exception as trouble:
                tries = context.job.attempts + 1
                log.error("job.trouble", trouble, job=name, tries=tries)
                if is_outage(trouble):
                    outage.noticed(outage.DATABASE)
                if tries >= pace.tries:
                    _alarm(name, tries)
                raise


def _alarm(name: str, tries: int) -> None:
    metrics.ALARMS.labels("job.failed").inc()
    log.alarm("job.failed", job=name, tries=tries)
