"""Runs a scenario in AWS's runtime interface emulator, in mount and process namespaces of its own.

Everything the emulator starts ends with them, and nothing of it is seen outside. Needs root.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from probe_answers import Happened, is_over, lines_of
from probe_steps import Scenario

AGENT = Path(__file__).with_name("probe_agent.py")
FUNCTION = "probe"
_TRIES = 3
_READY_WITHIN_S = 20.0
_ANSWER_WITHIN_S = 30.0
_OVER_WITHIN_S = 5.0
_INSIDE = 'mount --bind "$1" /opt && mount -t tmpfs none /tmp && cd / && shift && exec "$@"'
_NAMESPACES = ["unshare", "-m", "-p", "--fork", "--kill-child", "--mount-proc", "--propagation", "private"]


@dataclass(frozen=True)
class _Running:
    process: subprocess.Popen[bytes]
    port: int
    log: Path

    def lines(self) -> str:
        return self.log.read_text("utf-8", "replace")

    def stop(self) -> None:
        """SIGTERM to the emulator, the only child of `unshare`."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        for child in children:
            os.kill(int(child), signal.SIGTERM)


def play(emulator: Path, scenario: Scenario) -> Happened:
    """Play a scenario to its end."""
    with tempfile.TemporaryDirectory() as name, _started(emulator, scenario, Path(name)) as running:
        happened = Happened([], [_invoke(running.port, event, scenario.trace) for event in scenario.events])
        if scenario.stop:
            running.stop()
        deadline = time.monotonic() + _OVER_WITHIN_S
        while not is_over(scenario, lines_of(running.lines())) and time.monotonic() < deadline:
            time.sleep(0.05)
        happened.lines = lines_of(running.lines())
        return happened


@contextmanager
def _started(emulator: Path, scenario: Scenario, folder: Path) -> Iterator[_Running]:
    opt = folder / "opt"
    (opt / "extensions").mkdir(parents=True)
    shutil.copy(emulator, opt / "rie")
    (opt / "scenario.json").write_text(json.dumps(asdict(scenario)))
    for actor in scenario.lives:
        place = opt / ("bootstrap" if actor == "runtime" else f"extensions/{actor}")
        shutil.copy(AGENT, place)
        place.chmod(0o755)
    process, port = _listening(scenario, folder, opt)
    try:
        yield _Running(process, port, folder / "log")
    finally:
        process.kill()
        process.wait()


def _listening(scenario: Scenario, folder: Path, opt: Path) -> tuple[subprocess.Popen[bytes], int]:
    """Start it; again on other ports when somebody else took one of them before it did."""
    for left in reversed(range(_TRIES)):
        process, port = _start(scenario, folder, opt)
        try:
            _wait_until_it_listens(process, port)
        except OSError:
            process.kill()
            process.wait()
            if not left:
                raise
        else:
            return process, port
    raise AssertionError("unreachable")


def _start(scenario: Scenario, folder: Path, opt: Path) -> tuple[subprocess.Popen[bytes], int]:
    port, api_port = _free_port(), _free_port()
    command = [*_NAMESPACES, "sh", "-c", _INSIDE, "sh", str(opt), "/opt/rie", "--log-level", "error"]
    command += ["--runtime-interface-emulator-address", f"127.0.0.1:{port}"]
    command += ["--runtime-api-address", f"127.0.0.1:{api_port}", "/opt/bootstrap"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=_environment(scenario), cwd=folder
        )
    return process, port


def _environment(scenario: Scenario) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "_HANDLER": "any.handler",
        "AWS_LAMBDA_FUNCTION_NAME": FUNCTION,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
        "AWS_LAMBDA_FUNCTION_TIMEOUT": str(scenario.timeout_s),
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
    }


def _wait_until_it_listens(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + _READY_WITHIN_S
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            if time.monotonic() > deadline or process.poll() is not None:
                raise
            time.sleep(0.02)


def _invoke(port: int, event: int, trace: str | None) -> bytes:
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/2015-03-31/functions/function/invocations",
        data=json.dumps(event).encode(),
        headers={"X-Amzn-Trace-Id": trace} if trace else {},
        method="POST",
    )
    try:
        with urllib.request.urlopen(request, timeout=_ANSWER_WITHIN_S) as answer:
            return bytes(answer.read())
    except urllib.error.HTTPError as error:  # 502 is how the emulator says that the function failed
        with error:
            return error.read()
    except TimeoutError:
        return b"(no answer)"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
