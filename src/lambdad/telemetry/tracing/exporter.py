"""Sends what was traced, in a thread of its own: whoever tells it never waits.

What it cannot hold is dropped, what cannot be sent is given up; both are counted, and the server's log says
so once a minute at most.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence

from lambdad.domain.limits import MOST_WAITING_TRACES, TRACE_DELAY_S, TRACE_SEND_S, TRACES_AT_ONCE
from lambdad.telemetry.tracing.told import Told

_log = logging.getLogger("lambdad.tracing")
_SILENT_S = 60.0

Send = Callable[[Sequence[Told]], None]
"""Sends some; raises OSError when that fails."""


class Exporter:
    """A bounded queue and its thread.

    Args:
        name: for people and metrics.
        send: called in the thread.
        delay_s: so long it waits for more to send at once.
        most: held at once.

    Attributes:
        sent: invocations.
        failed: those that could not be sent.
        dropped: those that came while too many waited.
    """

    def __init__(
        self, name: str, send: Send, *, delay_s: float = TRACE_DELAY_S, most: int = MOST_WAITING_TRACES
    ) -> None:
        self.name = name
        self.sent = 0
        self.failed = 0
        self.dropped = 0
        self._send = send
        self._delay_s = delay_s
        self._most = most
        self._waiting: deque[Told] = deque()
        self._wake = threading.Event()
        self._is_awake = False
        self._closing = threading.Event()
        self._silent_until = 0.0
        self._thread = threading.Thread(target=self._run, name=f"lambdad-traces-{name}", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """How many wait to be sent."""
        return len(self._waiting)

    def put(self, told: Told) -> None:
        """Take one; never blocks, never fails."""
        if len(self._waiting) >= self._most:
            self.dropped += 1
            return
        self._waiting.append(told)
        if not self._is_awake:
            self._is_awake = True
            self._wake.set()

    def close(self) -> None:
        """Send what waits, for as long as one request may take, and end."""
        self._closing.set()
        self._wake.set()
        self._thread.join(TRACE_SEND_S)

    def _run(self) -> None:
        while not (self._closing.is_set() and not self._waiting):
            self._wake.wait()
            self._closing.wait(self._delay_s)
            self._wake.clear()
            self._is_awake = False  # before looking: whoever comes later wakes us again
            while self._waiting:
                if not self._send_some() and self._closing.is_set():
                    return  # nobody is there, and we are to end

    def _send_some(self) -> bool:
        some = [self._waiting.popleft() for _ in range(min(TRACES_AT_ONCE, len(self._waiting)))]
        try:
            self._send(some)
        except Exception as error:  # noqa: BLE001 - or nothing would ever be sent again
            self.failed += len(some)
            self._tell(error)
            return False
        self.sent += len(some)
        return True

    def _tell(self, error: Exception) -> None:
        now = time.monotonic()
        if now < self._silent_until:
            return
        self._silent_until = now + _SILENT_S
        _log.warning(
            "traces could not be sent to %s: %s (%d so far)",
            self.name,
            error,
            self.failed,
            extra={"event": "traces.not_sent", "exporter": self.name, "failed": self.failed},
        )
