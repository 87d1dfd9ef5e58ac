"""Searches logs in processes of their own, a few at a time, and ends those that take too long.

A process is started by the first search, or before it, and kept for a while. When it does not come to an end
in time, what it has told until then is the answer, and the process is killed.
"""

from __future__ import annotations

import asyncio
import logging
import os
import pickle
import select
import subprocess
import sys
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from lambdad.domain.errors import NotFound, SearchTooSlow, ServiceFault
from lambdad.domain.limits import (
    LOG_SEARCH_GRACE_S,
    LOG_SEARCH_IDLE_S,
    LOG_SEARCH_PATIENCE,
    LOG_SEARCH_PROCESSES,
    LOG_SEARCH_START_S,
)
from lambdad.ports.log_store import EventPage, event_id_of
from lambdad.storage.sqlite.log_asking import Asked
from lambdad.storage.sqlite.log_pages import page_of
from lambdad.storage.sqlite.log_reading import TOO_SLOW, Found
from lambdad.storage.sqlite.log_search_frames import LENGTH, Frame, decode, framed

_log = logging.getLogger(__name__)
_PROGRAM = "lambdad.storage.sqlite.log_search_process"
_READ_BYTES = 1 << 20


class LogSearch:
    """Searches of one file.

    Args:
        path: the file.
    """

    def __init__(self, path: Path | str) -> None:
        self._path = str(path)
        self._lock = threading.Lock()
        self._idle: list[_Child] = []
        self._busy: set[_Child] = set()
        self._closed = False
        self._executor = ThreadPoolExecutor(LOG_SEARCH_PROCESSES, thread_name_prefix="lambdad-logs-search")
        self._prepared: Future[None] | None = None

    def prepare(self) -> None:
        """Start a process for the search that will come."""
        if self._prepared is None and not self._closed:
            self._prepared = self._executor.submit(self._prepare)

    async def search(self, asked: Asked, within_s: float) -> EventPage:
        """What is found within that time.

        Raises:
            NotFound: no such group or stream.
            SearchTooSlow: nothing could be done in the time there is.
        """
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._executor, self._search, asked, within_s)

    def close(self) -> None:
        """End the processes, also those that are searching."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
            for child in self._busy:
                child.stop()
        self._executor.shutdown(wait=True, cancel_futures=True)
        for child in idle:
            child.kill()

    def end_idle(self) -> None:
        """End processes that nobody has needed for a while; from any thread."""
        now = time.monotonic()
        with self._lock:
            old = [child for child in self._idle if now - child.idle_since >= LOG_SEARCH_IDLE_S]
            for child in old:
                self._idle.remove(child)
        for child in old:
            child.kill()

    def _prepare(self) -> None:
        with suppress(ServiceFault, OSError):  # the search itself says what is wrong
            self._give_back(self._take(), ended=False)

    def _search(self, asked: Asked, within_s: float) -> EventPage:
        if self._prepared is not None:
            self._prepared.result()
        child = self._take()
        ended = True
        try:
            page, ended = child.search(asked, within_s)
            return page
        except (NotFound, SearchTooSlow) as error:
            ended = not isinstance(error, NotFound)
            raise
        finally:
            self._give_back(child, ended=ended)

    def _take(self) -> _Child:
        with self._lock:
            if self._closed:
                raise ServiceFault("the store is closed")
            while self._idle:
                child = self._idle.pop()
                if child.is_alive():
                    self._busy.add(child)
                    return child
                child.kill()
            child = _Child(self._path)
            self._busy.add(child)
            return child

    def _give_back(self, child: _Child, *, ended: bool) -> None:
        with self._lock:
            self._busy.discard(child)
            if not ended and not self._closed:
                child.idle_since = time.monotonic()
                self._idle.append(child)
                return
        child.kill()


class _Child:
    """One process."""

    def __init__(self, path: str) -> None:
        self._process = subprocess.Popen(  # our own interpreter and module
            [sys.executable, "-m", _PROGRAM, path],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
        )
        assert self._process.stdin is not None  # asked for
        assert self._process.stdout is not None
        self._requests, self._frames = self._process.stdin, self._process.stdout
        self._poll = select.poll()
        self._poll.register(self._frames, select.POLLIN)
        self._rest = b""
        self.idle_since = time.monotonic()
        self._send(pickle.dumps(sys.path))

    def is_alive(self) -> bool:
        """Whether it can be asked."""
        return self._process.poll() is None

    def stop(self) -> None:
        """Make whoever waits for it wait no longer."""
        self._process.kill()

    def kill(self) -> None:
        """End it now, when nobody waits for it."""
        self.stop()
        self._process.wait()
        for pipe in (self._requests, self._frames):
            with suppress(OSError):
                pipe.close()

    def search(self, asked: Asked, within_s: float) -> tuple[EventPage, bool]:
        """What it finds, and whether it has to be ended."""
        self._send(pickle.dumps((asked, within_s)))
        self._await_begin()
        found: list[Found] = []
        stopped_id: int | None = None
        deadline = time.monotonic() + within_s * LOG_SEARCH_PATIENCE + LOG_SEARCH_GRACE_S
        while True:
            # With something in hand there is no reason to wait as long as for the very first.
            limit = deadline if stopped_id is None else deadline - within_s * (LOG_SEARCH_PATIENCE - 1)
            frame = self._frame(limit)
            if frame is None:
                if stopped_id is None:
                    raise SearchTooSlow(TOO_SLOW)
                return page_of(found, stopped_id, backward=asked.backward), True
            found += frame.events
            stopped_id = None if frame.stopped is None else event_id_of(*frame.stopped)
            if frame.state == "done":
                return page_of(found, stopped_id, backward=asked.backward), False
            _raise(frame)

    def _await_begin(self) -> None:
        """Wait until it has started and imported what it needs: that time is not the search's."""
        frame = self._frame(time.monotonic() + LOG_SEARCH_START_S)
        if frame is None:
            raise ServiceFault("the log search process does not start")
        _raise(frame)

    def _send(self, body: bytes) -> None:
        rest = memoryview(framed(body))
        try:
            while rest:
                rest = rest[self._requests.write(rest) :]
        except OSError as error:
            raise ServiceFault(f"the log search process has ended: {error}") from error

    def _frame(self, deadline: float) -> Frame | None:
        """The next frame; None when it does not come in time."""
        head = self._exactly(LENGTH.size, deadline)
        body = None if head is None else self._exactly(LENGTH.unpack(head)[0], deadline)
        return None if body is None else decode(body)

    def _exactly(self, size: int, deadline: float) -> bytes | None:
        while len(self._rest) < size:
            if not self._poll.poll(max(0.0, deadline - time.monotonic()) * 1000):
                return None
            more = os.read(self._frames.fileno(), _READ_BYTES)
            if not more:
                raise ServiceFault("the log search process has ended")
            self._rest += more
        taken, self._rest = self._rest[:size], self._rest[size:]
        return taken


def _raise(frame: Frame) -> None:
    match frame.state:
        case "missing":
            raise NotFound(frame.words)
        case "slow":
            raise SearchTooSlow(TOO_SLOW)
        case "failed":
            _log.error("log search failed: %s", frame.words, extra={"event": "logs.search_failed"})
            raise ServiceFault(f"the log could not be searched: {frame.words}")
        case _:
            return
