"""One thread that writes one database, with group commit.

Everything that waits when the thread gets to it goes into one transaction: many callers share one
commit, and each learns its result only once that commit is on disk. A job that fails takes back what
it did (a savepoint) and fails alone; a commit that fails fails all.
"""

from __future__ import annotations

import asyncio
import logging
import math
import sqlite3
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Generic, Protocol, TypeVar

from lambdad.domain.errors import LambdadError, ServiceFault

T = TypeVar("T")
_log = logging.getLogger(__name__)
_MAX_BATCH = 1_000  # jobs in one commit: bounds how long the first of them waits


class Background(Protocol):
    """What a writer stores besides jobs: something collected elsewhere, taken once per transaction.

    `stored` or `lost` follows every transaction, also one of jobs alone.
    """

    def take(self) -> bool:
        """Take what has been collected; whether there is any. Must not raise."""
        ...

    def store(self, connection: sqlite3.Connection) -> None:
        """Write what was taken."""
        ...

    def stored(self) -> None:
        """The transaction is on disk."""
        ...

    def lost(self, error: Exception) -> None:
        """The transaction was taken back, and why."""
        ...


@dataclass(frozen=True, slots=True)
class WriterStatus:
    """How a writer does.

    Attributes:
        waiting: jobs and signals that wait for it.
        commits: transactions on disk since it was made.
        failures: transactions that were taken back since then.
        is_failing: the last one was.
        is_alive: its thread runs.
    """

    waiting: int
    commits: int
    failures: int
    is_failing: bool
    is_alive: bool


@dataclass(slots=True, eq=False)
class _Job(Generic[T]):
    run: Callable[[sqlite3.Connection], T]
    future: asyncio.Future[T] | Future[T]
    loop: asyncio.AbstractEventLoop | None
    result: T | None = None
    error: BaseException | None = None

    def settle(self) -> None:
        if self.future.done():  # the caller gave up waiting
            return
        if self.error is not None:
            self.future.set_exception(self.error)
        else:
            self.future.set_result(self.result)  # type: ignore[arg-type]  # T may itself be None


@dataclass(slots=True, frozen=True)
class _Wake:
    """Store the background within so many seconds."""

    delay_s: float


class Writer:
    """Owns the writing connection.

    Args:
        connection: handed over; closed by `close`.
        name: of the thread.
        background: stored with every transaction; None when there is nothing of the kind.
        delay_s: how long after `wake` the background is taken, so that much shares one commit, unless that
            says otherwise.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        name: str,
        *,
        background: Background | None = None,
        delay_s: float = 0.0,
    ) -> None:
        self._connection = connection
        self._background = background
        self._delay_s = delay_s
        self._queue: SimpleQueue[_Job[object] | _Wake | None] = SimpleQueue()
        self._closed = False
        self._commits = 0
        self._failures = 0
        self._is_failing = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def call(self, job: Callable[[sqlite3.Connection], T]) -> asyncio.Future[T]:
        """Run `job` inside the next transaction; the future is settled when that is on disk.

        Raises:
            ServiceFault: the store is closed.
        """
        if self._closed:
            raise ServiceFault("the store is closed")
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._queue.put(_Job(job, future, loop))  # type: ignore[arg-type]  # a queue of jobs of any result
        return future

    def run(self, job: Callable[[sqlite3.Connection], T]) -> T:
        """Run `job` as `call` does and wait for it; for threads without an event loop.

        Raises:
            ServiceFault: the store is closed, or the transaction failed.
        """
        if self._closed:
            raise ServiceFault("the store is closed")
        future: Future[T] = Future()
        self._queue.put(_Job(job, future, None))  # type: ignore[arg-type]  # a queue of jobs of any result
        return future.result()

    @property
    def status(self) -> WriterStatus:
        """How it does now."""
        return WriterStatus(
            self._queue.qsize(), self._commits, self._failures, self._is_failing, self._thread.is_alive()
        )

    def wake(self, delay_s: float | None = None) -> None:
        """Have the background stored after the delay, or sooner if others want; cheap, from any thread."""
        self._queue.put(_Wake(self._delay_s if delay_s is None else delay_s))

    def close(self) -> None:
        """Write what waits, then end the thread and close the connection."""
        if self._closed:
            return
        self._closed = True
        self._queue.put(None)
        self._thread.join()
        self._connection.close()

    def _run(self) -> None:
        running = True
        while running:
            jobs, running = self._gather()
            self._commit(jobs)

    def _gather(self) -> tuple[list[_Job[object]], bool]:
        """Wait for work; all jobs that are there, and whether to go on after them."""
        jobs: list[_Job[object]] = []
        item = self._queue.get()
        deadline = math.inf
        while True:
            match item:
                case None:
                    return jobs, False
                case _Job():
                    jobs.append(item)
                    deadline = 0.0  # somebody waits: no delay
                case _Wake(delay_s):
                    deadline = min(deadline, time.monotonic() + delay_s)
            try:
                item = self._queue.get(timeout=max(0.0, deadline - time.monotonic()))
            except Empty:
                return jobs, True
            if len(jobs) >= _MAX_BATCH:
                self._queue.put(item)
                return jobs, True

    def _commit(self, jobs: list[_Job[object]]) -> None:
        background = self._background
        collected = background is not None and background.take()
        if not jobs and not collected:
            return
        try:
            self._transact(jobs, background if collected else None)
        except Exception as error:  # noqa: BLE001  # every caller gets it as a fault of ours
            self._failures += 1
            self._is_failing = True
            _log.exception("transaction failed", extra={"event": "storage.commit_failed"})
            with suppress(sqlite3.Error):  # a full disk ends the transaction by itself
                self._connection.execute("ROLLBACK")
            if background is not None:
                background.lost(error)
            for job in jobs:
                job.error = ServiceFault(f"could not be written: {error}")
        else:
            self._commits += 1
            self._is_failing = False
            if background is not None:
                background.stored()
        _settle(jobs)

    def _transact(self, jobs: list[_Job[object]], background: Background | None) -> None:
        self._connection.execute("BEGIN IMMEDIATE")
        if background is not None:
            background.store(self._connection)
        for job in jobs:
            self._run_job(job)
        self._connection.execute("COMMIT")

    def _run_job(self, job: _Job[object]) -> None:
        self._connection.execute("SAVEPOINT job")
        try:
            job.result = job.run(self._connection)
        except LambdadError as error:
            job.error = error
        except Exception as error:  # noqa: BLE001  # the caller gets it; other jobs are not at fault
            job.error = error
        if job.error is not None:
            self._connection.execute("ROLLBACK TO job")
        self._connection.execute("RELEASE job")


def _settle(jobs: list[_Job[object]]) -> None:
    """Tell every waiting caller, with one wake-up per event loop."""
    for job in jobs:
        if job.loop is None:
            job.settle()
    by_loop: dict[asyncio.AbstractEventLoop, list[_Job[object]]] = {}
    for job in jobs:
        if job.loop is not None:
            by_loop.setdefault(job.loop, []).append(job)
    for loop, theirs in by_loop.items():
        try:
            loop.call_soon_threadsafe(_settle_here, theirs)
        except RuntimeError:  # that loop is closed: nobody waits any more
            _log.debug("loop closed before its writes were done")


def _settle_here(jobs: list[_Job[object]]) -> None:
    for job in jobs:
        job.settle()
