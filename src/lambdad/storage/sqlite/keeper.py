"""A thread that does small steps of upkeep, now and then and when it is asked to."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator

_log = logging.getLogger(__name__)


class Keeper:
    """Owns the thread; `close` ends it between two steps.

    Args:
        steps: what there is to do, one step after the other, from the beginning each time.
        every_s: the longest time between two rounds.
        name: of the thread.
        rest: how many times longer than a step it rests behind it, so that others get on meanwhile.
        at_end: called in the thread when it ends.
    """

    def __init__(
        self,
        steps: Callable[[], Iterator[None]],
        every_s: float,
        name: str,
        *,
        rest: float = 1.0,
        at_end: Callable[[], None],
    ) -> None:
        self._steps = steps
        self._every_s = every_s
        self._rest = rest
        self._at_end = at_end
        self._closing = False
        self._woken = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Have the next round begin now; cheap, from any thread."""
        self._woken.set()

    def close(self) -> None:
        """End after the step that is being done."""
        self._closing = True
        self._woken.set()
        self._thread.join()

    def _run(self) -> None:
        try:
            while not self._closing:
                self._woken.wait(self._every_s)
                self._woken.clear()
                self._round()
        finally:
            self._at_end()

    def _round(self) -> None:
        try:
            begin = time.monotonic()
            for _ in self._steps():
                if self._closing:
                    return
                time.sleep((time.monotonic() - begin) * self._rest)
                begin = time.monotonic()
        except Exception:  # noqa: BLE001  # the next round tries again
            if not self._closing:
                _log.exception("upkeep failed; it is tried again", extra={"event": "storage.upkeep_failed"})
