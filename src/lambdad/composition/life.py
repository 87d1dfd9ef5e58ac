"""The life of a server: start, ready line, signals, drain, end.

SIGTERM and SIGINT stop accepting, let running invocations finish, then remove every environment; a
second signal skips the waiting.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import resource
import signal
import sys
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING

from lambdad import __version__
from lambdad.composition import product_log
from lambdad.composition.build import build
from lambdad.domain.errors import LambdadError
from lambdad.settings import Settings

if TYPE_CHECKING:
    from lambdad.composition.parts import Parts

_log = logging.getLogger("lambdad")
_POLL_S = 0.02
_STDERR = 2


def run(settings: Settings, on_ready: Callable[[int], object] | None = None) -> int:
    """Serve until a signal; 0, or 1 when the server could not start."""
    _fill_standard_descriptors()
    product_log.configure(settings.log_level, settings.log_format)
    _raise_descriptor_limit()
    try:
        return _run_loop(_serve(settings, on_ready))
    except (LambdadError, OSError) as error:
        sys.stderr.write(f"lambdad: {_one_line(error)}\n")
        return 1


def _run_loop(main: Coroutine[None, None, int]) -> int:
    try:
        import uvloop
    except ImportError:
        return asyncio.run(main)
    return int(uvloop.run(main))


async def _serve(settings: Settings, on_ready: Callable[[int], object] | None) -> int:
    loop = asyncio.get_running_loop()
    signals = Signals()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, signals.received)
    async with build(settings) as parts:
        _say_ready(settings, parts)
        if on_ready is not None:
            on_ready(parts.port)
        _settle_memory()
        await signals.first.wait()
        await _drain(settings, parts, signals)
    return 0


class Signals:
    """Which of the two signals has come: the first drains, the second stops."""

    def __init__(self) -> None:
        self.first = asyncio.Event()
        self.second = asyncio.Event()

    def received(self) -> None:
        """A signal has come."""
        (self.second if self.first.is_set() else self.first).set()


async def _drain(settings: Settings, parts: Parts, signals: Signals) -> None:
    parts.edge.drain()
    parts.queue.stop()
    parts.logs.end_tails()
    parts.sources.stop()
    running = parts.frontend.in_flight
    if running:
        _log.info(
            "waiting for %d running invocation(s), at most %g s; signal again to stop at once",
            running,
            settings.drain_s,
            extra={"event": "server.drain"},
        )
    loop = asyncio.get_running_loop()
    deadline = loop.time() + settings.drain_s
    while (parts.frontend.in_flight or parts.shared.busy) and loop.time() < deadline:
        if signals.second.is_set():
            break
        await asyncio.sleep(_POLL_S)
    parts.frontend.stop()


def _say_ready(settings: Settings, parts: Parts) -> None:
    scheme = "https" if settings.tls_cert else "http"
    kept = settings.data_dir or "nothing is kept"
    _log.info(
        "lambdad %s is ready on %s://%s:%d (isolation: %s; data: %s)",
        __version__,
        scheme,
        settings.host,
        parts.port,
        parts.factory.tier.value,
        kept,
        extra={"event": "server.ready"},
    )


def _settle_memory() -> None:
    """What lives as long as the server is not looked at again by the collector."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


def _fill_standard_descriptors() -> None:
    """Open what the caller closed of 0, 1 and 2: else sockets get these numbers, and libuv aborts on them."""
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= _STDERR:
        os.set_inheritable(descriptor, True)
    os.close(descriptor)


def _raise_descriptor_limit() -> None:
    """Every environment holds descriptors: take as many as this process may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < hard:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        except (ValueError, OSError):
            _log.warning("descriptor limit stays at %d", soft, extra={"event": "server.descriptors"})


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
