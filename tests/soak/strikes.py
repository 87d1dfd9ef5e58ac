"""Faults from outside: processes killed, the server told to drain, functions changed under their calls.

Each is aimed at whatever runs at that moment; what it may do to the calls of that moment is `ENDS`.
"""

from __future__ import annotations

import http.client
import json
import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from tests.soak import inventory
from tests.soak.functions import Function, Kind, create

ENDS = frozenset({"Runtime.ExitError", "Extension.Crash", "Runtime.OutOfMemory"})
"""How a call may end beside which something was killed."""
UNAVAILABLE = ("status 500", "status 502", "status 503", "status 404", "status 409")
"""How the server may answer while sandboxes cannot be made, or while a function is made again."""
_ORDER: tuple[tuple[str, int], ...] = (
    ("kill runtime in init", 12),
    ("kill runtime in event", 12),
    ("kill frozen runtime", 8),
    ("kill extension", 8),
    ("kill reaper", 8),
    ("kill launcher", 2),
    ("drain", 3),
    ("update", 8),
    ("make again", 4),
)
_STATES = {
    "kill runtime in init": {"init", "repeated_init"},
    "kill runtime in event": {"busy", "answered"},
    "kill frozen runtime": {"frozen"},
}
_AIM_S = 0.7


class Striker:
    """Strikes one server, a fault at a time.

    Attributes:
        done: how often which fault was made.
        making_again: the function that is being made again now; None mostly.
    """

    def __init__(
        self,
        server_pid: int,
        port: int,
        data_dir: Path,
        client: Any,
        functions: list[Function],
        layer_arn: str,
        chance: random.Random,
    ) -> None:
        self.done: Counter[str] = Counter()
        self.making_again: Function | None = None
        self._server_pid = server_pid
        self._port = port
        self._data_dir = data_dir
        self._client = client
        self._functions = functions
        self._layer_arn = layer_arn
        self._chance = chance
        self._times: list[tuple[float, float]] = []
        self._lock = threading.Lock()

    def was_about(self, since: float, grace_s: float) -> bool:
        """Whether a fault overlapped the time from `since` to now, or ended shortly before."""
        with self._lock:
            return any(end + grace_s >= since for _, end in self._times[-20:])

    def strike(self) -> None:
        """Choose a fault and make it; a target that is not there in time is let go."""
        name = self._chance.choices([name for name, _ in _ORDER], [weight for _, weight in _ORDER])[0]
        began = time.monotonic()
        with self._lock:
            self._times.append((began, float("inf")))
        made = False
        try:
            made = self._make(name)
        except (OSError, http.client.HTTPException, BotoCoreError, ClientError) as error:
            self.done[f"{name}: {type(error).__name__}"] += 1
        finally:
            with self._lock:
                self._times[-1] = (began, time.monotonic())
        if made:
            self.done[name] += 1

    def _make(self, name: str) -> bool:
        match name:
            case "drain":
                return ask(self._port, "POST", "/lambdad/v1/drain", b"{}")["environments"] is not None
            case "update":
                return self._update()
            case "make again":
                return self._make_again()
            case "kill launcher":
                return _kill(inventory.launcher_of(self._server_pid))
            case "kill reaper":
                return self._aim(_is_reaper, None)
            case "kill extension":
                return self._aim(_is_extension, None)
            case _:
                return self._aim(_is_runtime, _STATES[name])

    def _aim(self, is_target: Callable[[int], bool], states: set[str] | None) -> bool:
        """Kill the first process of that sort in an environment of one of these states."""
        deadline = time.monotonic() + _AIM_S
        while time.monotonic() < deadline:
            living: Any = ask(self._port, "GET", "/lambdad/v1/status")["environments"]
            chosen = [one["sandbox"] for one in living if states is None or one["state"] in states]
            self._chance.shuffle(chosen)
            for name in chosen:
                for pid in _members(self._data_dir, name):
                    if is_target(pid) and _kill(pid):
                        return True
            time.sleep(0.01)
        return False

    def _update(self) -> bool:
        function = self._chance.choice(self._functions)
        number = str(self._chance.randrange(1 << 30))
        self._client.update_function_configuration(
            FunctionName=function.name, Environment={"Variables": {"NUMBER": number}}
        )
        return True

    def _make_again(self) -> bool:
        function = self._chance.choice([one for one in self._functions if one.kind is not Kind.HANGING])
        self.making_again = function
        try:
            self._client.delete_function(FunctionName=function.name)
            create(self._client, function, self._layer_arn)
        finally:
            self.making_again = None
        return True


def ask(port: int, method: str, path: str, body: bytes | None = None) -> dict[str, object]:
    """One of lambdad's own operations."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=90)
    try:
        connection.request(method, path, body)
        found: dict[str, object] = json.loads(connection.getresponse().read())
        return found
    finally:
        connection.close()


def _members(data_dir: Path, sandbox_id: str) -> set[int]:
    groups = [group for group in inventory.sandbox_groups(data_dir) if group.name == sandbox_id]
    found: set[int] = set()
    for group in groups:
        try:
            found.update(int(pid) for pid in (group / "cgroup.procs").read_text().split())
        except OSError:
            continue
    return found


def _is_reaper(pid: int) -> bool:
    return _number_inside(pid) == 1


def _is_extension(pid: int) -> bool:
    return "/opt/extensions/" in _command(pid)


def _is_runtime(pid: int) -> bool:
    return _number_inside(pid) > 1 and not _is_extension(pid)


def _number_inside(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[-1]) for line in lines if line.startswith("NSpid:")), 0)


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text("utf-8", "replace")
    except OSError:
        return ""


def _kill(pid: int) -> bool:
    """Whether there was anybody to kill; never a group (0) of ours."""
    if pid <= 1:
        return False
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True
