"""Starts the companion: orders from stdin, hooks, ministack on the socket that the server gave.

``--check`` imports every module that is hooked instead, and says which.
"""

from __future__ import annotations

import asyncio
import ctypes
import itertools
import logging
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Final

from .hooks import Hooks
from .orders import Orders, read
from .outgoing import limit

_PR_SET_PDEATHSIG: Final = 1
_KEEP_ALIVE_S: Final = 75
_MAX_THREADS: Final = 32
CHECKED: Final = "hooks hold:"


def main() -> None:
    """Serve, or check."""
    if sys.argv[1:] == ["--check"]:
        orders = Orders(-1, "", 0, "", 4566, "localhost", "http", None, (), "", outbound=False)
        _environment(orders)
        print(CHECKED, *_hooked(orders).import_all(), flush=True)
        return
    _end_with_parent()
    orders = read(sys.stdin.buffer)
    _environment(orders)
    _serve(orders)


def _end_with_parent() -> None:
    """A server that is killed takes its companion along."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the server's to act on


def _environment(orders: Orders) -> None:
    """What ministack is configured by; it reads these when it is imported."""
    values = {
        "GATEWAY_PORT": str(orders.port),
        "MINISTACK_HOST": orders.host,
        "BIND_HOST": "127.0.0.1",
        "LOG_LEVEL": "WARNING",
        "SFTP_ENABLED": "0",
        "IOT_MTLS_ENABLED": "0",
        "DOCKER_HOST": "unix:///nonexistent",  # nothing of it may start a container
        "MINISTACK_WORKER_THREADS": str(_MAX_THREADS),
        "AUTH": "false",
    }
    if orders.data_dir is not None:
        place = Path(orders.data_dir)
        values |= {
            "S3_PERSIST": "1",
            "S3_DATA_DIR": str(place / "s3"),
            "PERSIST_STATE": "1",
            "STATE_DIR": str(place / "state"),
        }
    os.environ.update(values)


def _hooked(orders: Orders) -> Hooks:
    """Ministack imported, with everything of ours in its place."""
    from ministack import app

    from . import callers, quick_apis, routing, schedules, senders
    from .door import Door
    from .functions import Functions
    from .stacks import table

    door = Door(orders.door, orders.secret)
    functions = Functions(door)
    hooks = Hooks()
    hooks.add("lambda_svc", functions.hook)
    senders.add(hooks, functions)
    schedules.add(hooks)
    callers.add(hooks)
    quick_apis.add(hooks)
    table.add(hooks, door, orders.inside)
    hooks.install()
    routing.hook(app, door, orders.offered)
    return hooks


def _serve(orders: Orders) -> None:
    from hypercorn.asyncio import serve
    from hypercorn.config import Config
    from ministack import app

    from .guard import guarded
    from .keeping import keep

    _hooked(orders)
    limit(orders.door, outbound=orders.outbound)
    logging.getLogger("hypercorn.error").setLevel(logging.WARNING)
    config = Config()
    config.bind = [f"fd://{orders.listener}"]
    config.keep_alive_timeout = _KEEP_ALIVE_S
    config.accesslog = None
    config.errorlog = "-"
    config.loglevel = "WARNING"
    config.graceful_timeout = 1.0

    requests = itertools.count(1)
    seen = [0]

    def counted() -> None:
        seen[0] = next(requests)

    async def run() -> None:
        loop = asyncio.get_running_loop()
        ended = asyncio.Event()
        loop.add_signal_handler(signal.SIGTERM, ended.set)
        threading.Thread(target=_watch_parent, args=(loop, ended), daemon=True).start()
        kept = None if orders.data_dir is None else loop.create_task(keep(app, lambda: seen[0]))
        await serve(guarded(app.app, orders.token, counted), config, shutdown_trigger=ended.wait)
        if kept is not None:
            kept.cancel()

    asyncio.run(run())
    # Threads that still wait for a function would keep the process: what is to be kept is kept now.
    sys.stderr.flush()
    os._exit(0)


def _watch_parent(loop: asyncio.AbstractEventLoop, ended: asyncio.Event) -> None:
    """The server never writes again: what comes is the end of its pipe."""
    while sys.stdin.buffer.read(1):
        pass
    loop.call_soon_threadsafe(ended.set)
