"""Starts the companion when somebody first asks it for something, starts it again when it dies, ends it.

Its listening socket belongs to the server: the address holds as long as the server runs, and who calls while
the process starts, or starts again, waits in the socket's queue. The first who connects has it started.

Before: composition. After: `program/`, in the companion's own interpreter.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import secrets
import signal
import socket
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from lambdad.domain.limits import (
    COMPANION_LASTS_S,
    COMPANION_LINE_BYTES,
    COMPANION_START_S,
    COMPANION_STOP_S,
)
from lambdad.neighbours.companion.offered import EXECUTE_API, OFFERED
from lambdad.neighbours.companion.places import PROGRAM, Place
from lambdad.neighbours.companion.states import State, move, pause_s
from lambdad.neighbours.http_client import HttpClient, Patience, Unreachable
from lambdad.settings import ServiceEndpoint

_log = logging.getLogger(__name__)

_BACKLOG: Final = 128
_BOOT: Final = (
    "import sys; sys.path.insert(0, sys.argv.pop(1)); from lambdad_companion.main import main; main()"
)
_KEPT_VARIABLES: Final = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TZ")
"""All that the process sees of the server's environment; nothing secret is among them."""
_PROBE: Final = "/_lambdad/health"
_PROBE_PATIENCE: Final = Patience(connect=1.0, answer=2.0, next_piece=1.0)
_LOOK_S: Final = 0.05
_MOST_WAITED_S: Final = 2.0


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the companion is told about the server.

    Attributes:
        door: port on loopback that takes what its services do with functions.
        secret: the server knows it by this there.
        port: that callers use.
        scheme: ``http`` or ``https``.
        inside: URL of the endpoint in sandboxes.
        outbound: whether functions reach the internet.
    """

    door: int
    secret: str
    port: int
    scheme: str
    inside: str
    outbound: bool


class Companion:
    """The process, while there is one.

    Args:
        place: where it is installed.
        data_dir: where it keeps state; None keeps nothing.
        monotonic: seconds of a clock that never jumps.
    """

    def __init__(self, place: Place, data_dir: Path | None, monotonic: Callable[[], float]) -> None:
        self._place = place
        self._data_dir = data_dir
        self._monotonic = monotonic
        self._token = secrets.token_hex(32)
        self._listener: socket.socket | None = None
        self._surroundings: Surroundings | None = None
        self._process: asyncio.subprocess.Process | None = None
        self._running: asyncio.Task[None] | None = None
        self._changed = asyncio.Event()
        self._failures = 0  # starts in a row that did not last
        self._unready = 0  # starts in a row that did not come to an answer
        self._last_words = ""
        self.state = State.IDLE
        self.starts = 0

    # --- for those who call it -----------------------------------------------------------------------

    @property
    def url(self) -> str:
        """Where it listens, for as long as the server runs.

        Raises:
            RuntimeError: before `listen`.
        """
        if self._listener is None:
            raise RuntimeError("the companion has no address before it listens")
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def endpoint(self, service: str) -> ServiceEndpoint:
        """Where one of its services is, with what a request to it must carry."""
        headers = (("x-lambdad-token", self._token), ("x-lambdad-for", service))
        return ServiceEndpoint(self.url, headers=headers)

    def endpoints(self) -> dict[str, ServiceEndpoint]:
        """Of all services it offers."""
        return {name: self.endpoint(name) for name in (*OFFERED, EXECUTE_API)}

    @property
    def is_installed(self) -> bool:
        """Whether it can be started at all."""
        return self._place.is_installed

    def refusal(self) -> str | None:
        """Why it would not answer now, for people; None when it does or will in a moment."""
        if not self.is_installed:
            return "it is not installed: run `lambdad neighbours install`"
        if self.state is State.STOPPED:
            return "the server is stopping"
        if self.state is State.FAILED and self._unready > 1:
            return f"it does not start ({self._last_words or 'it said nothing'}); the server tries again"
        return None

    def status(self) -> Mapping[str, object]:
        """What people are told."""
        process = self._process
        return {
            "state": self.state.value if self.is_installed else "not installed",
            "pid": None if process is None or process.returncode is not None else process.pid,
            "starts": self.starts,
            "keeps": self._kept(),
            **({"failing": self._last_words} if self.state is State.FAILED else {}),
        }

    def _kept(self) -> str:
        if self._data_dir is None:
            return "nothing"
        return "objects of S3 at once, all else every few seconds: what is newer is lost on kill -9"

    # --- its life ------------------------------------------------------------------------------------

    def listen(self) -> None:
        """Take an address; whoever connects to it has the companion started."""
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.bind(("127.0.0.1", 0))
        listener.listen(_BACKLOG)
        listener.setblocking(False)
        self._listener = listener

    def serve(self, surroundings: Surroundings) -> None:
        """Be ready to start; what was kept is started now, for schedules go on without being asked."""
        self._surroundings = surroundings
        if self._data_dir is not None and (self._data_dir / "state").is_dir() and self.is_installed:
            self.start()
        else:
            self._await_caller()

    def start(self) -> None:
        """Start it, unless it runs or is stopped for good."""
        if self.state is not State.IDLE:
            return
        self._ignore_callers()
        self._running = asyncio.get_running_loop().create_task(self._run(), name="companion")

    async def ready(self) -> bool:
        """Wait until it answers; False when it does not come to that."""
        self.start()
        while self.state in {State.STARTING, State.IDLE} or (
            self.state is State.FAILED and self._unready <= 1
        ):
            self._changed.clear()
            await self._changed.wait()
        return self.state is State.READY

    async def close(self) -> None:
        """End it; what it keeps is written."""
        self._ignore_callers()
        if self.state is not State.STOPPED:
            self._become(State.STOPPED)
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)
        if self._process is not None:
            await _ended(self._process)
        if self._listener is not None:
            self._listener.close()

    def _await_caller(self) -> None:
        if self._listener is not None:
            asyncio.get_running_loop().add_reader(self._listener.fileno(), self._called)

    def _ignore_callers(self) -> None:
        if self._listener is not None and self._listener.fileno() >= 0:
            asyncio.get_running_loop().remove_reader(self._listener.fileno())

    def _called(self) -> None:
        if self.is_installed:
            self.start()
        else:
            self._turn_away()

    def _turn_away(self) -> None:
        """Let nobody wait for what does not come."""
        with suppress(OSError):
            while self._listener is not None:
                self._listener.accept()[0].close()

    def _become(self, state: State) -> None:
        self.state = move(self.state, state)
        self._changed.set()

    async def _run(self) -> None:
        """Start it, watch it, start it again, until cancelled."""
        while True:
            self._become(State.STARTING)
            begun = self._monotonic()
            try:
                await self._once()
            except OSError as error:
                self._last_words = f"{self._place.python} cannot be run: {error.strerror}"
            self._unready = 0 if self.state is State.READY else self._unready + 1
            lasted = self._monotonic() - begun >= COMPANION_LASTS_S
            self._failures = 1 if lasted else self._failures + 1
            self._become(State.FAILED)
            _log.warning(
                "the companion ended; it is started again",
                extra={"event": "companion.ended", "reason": self._last_words, "failures": self._failures},
            )
            await self._pause(pause_s(self._failures))

    async def _pause(self, seconds: float) -> None:
        """Wait before the next start; callers wait along as long as it is short."""
        if seconds <= _MOST_WAITED_S:
            await asyncio.sleep(seconds)
            return
        loop = asyncio.get_running_loop()
        assert self._listener is not None
        loop.add_reader(self._listener.fileno(), self._turn_away)
        try:
            await asyncio.sleep(seconds)
        finally:
            loop.remove_reader(self._listener.fileno())

    async def _once(self) -> None:
        """One process, from its start to its end."""
        process = self._process = await self._spawned()
        self.starts += 1
        said = asyncio.get_running_loop().create_task(self._heard(process))
        probing = asyncio.get_running_loop().create_task(self._probe())
        try:
            await process.wait()
        finally:
            probing.cancel()
            if process.returncode is None and self.state is not State.STOPPED:
                process.kill()
        await asyncio.wait({said}, timeout=1.0)
        said.cancel()

    async def _spawned(self) -> asyncio.subprocess.Process:
        listener, told = self._listener, self._surroundings
        assert listener is not None
        assert told is not None
        if self._data_dir is not None:
            self._data_dir.mkdir(mode=0o700, exist_ok=True)
        orders = {
            **asdict(told),
            "listener": listener.fileno(),
            "token": self._token,
            "host": "localhost",
            "data_dir": None if self._data_dir is None else str(self._data_dir),
            "offered": (*OFFERED, EXECUTE_API),
        }
        process = await asyncio.create_subprocess_exec(
            str(self._place.python),
            *("-I", "-c", _BOOT, str(PROGRAM)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            pass_fds=(listener.fileno(),),
            limit=COMPANION_LINE_BYTES,
            env={name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ},
            cwd=None if self._data_dir is None else self._data_dir,
        )
        assert process.stdin is not None
        process.stdin.write(json.dumps(orders).encode() + b"\n")
        with suppress(ConnectionError):
            await process.stdin.drain()
        return process

    async def _heard(self, process: asyncio.subprocess.Process) -> None:
        """What it says goes to the server's log; the last of it tells why it ended."""
        assert process.stderr is not None
        while True:
            try:
                line = await process.stderr.readline()
            except ValueError:  # longer than anybody reads
                continue
            if not line:
                return
            text = line.decode("utf-8", "replace").strip()
            if text:
                self._last_words = text[:300]
                _log.info("companion: %s", text[:2000], extra={"event": "companion.said"})

    async def _probe(self) -> None:
        """See when it answers; one that does not come to that is ended."""
        client = HttpClient(self.url, patience=_PROBE_PATIENCE)
        headers = [("host", client.authority), ("x-lambdad-token", self._token)]
        try:
            async with asyncio.timeout(COMPANION_START_S):
                while True:
                    with suppress(Unreachable):
                        answer = await client.send("GET", _PROBE, headers)
                        await answer.read(1024)
                        break
                    await asyncio.sleep(_LOOK_S)
        except TimeoutError:
            self._last_words = f"it did not answer within {COMPANION_START_S:.0f} s"
            if self._process is not None:
                self._process.kill()
            return
        finally:
            await client.close()
        self._become(State.READY)
        _log.info("the companion is ready", extra={"event": "companion.ready", "starts": self.starts})


async def _ended(process: asyncio.subprocess.Process) -> None:
    """Gone: asked first, then not."""
    with suppress(ProcessLookupError):
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
    try:
        async with asyncio.timeout(COMPANION_STOP_S):
            await process.wait()
    except TimeoutError:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
