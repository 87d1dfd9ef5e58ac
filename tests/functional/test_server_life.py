"""Start, refusal to start, drain and stop of a server."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest
from botocore.exceptions import ClientError
from calling import Answer, call, started
from traces import left_after

from tests.running import Server

SLEEPER = """
import time
def handler(event, context):
    time.sleep(event["s"])
    return "slept"
"""


def refusal(*arguments: str) -> str:
    """What `lambdad serve` says when it refuses to start: one line on stderr, nothing on stdout."""
    done = subprocess.run(
        [sys.executable, "-m", "lambdad.cli.entry", "serve", "--port", "0", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode in (1, 2), done
    assert done.stdout == ""
    lines = done.stderr.splitlines()
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("lambdad: ")
    return lines[0]


@pytest.fixture
def sleeper(own_server: Server) -> str:
    """A function with a warm environment."""
    name = own_server.function({"app.py": SLEEPER}, MemorySize=1769)
    assert call(own_server, name, {"s": 0}).body == "slept"
    return name


def running(server: Server, name: str, seconds: float) -> Future[Answer]:
    """Start a call in a thread; returns once the server runs it."""
    thread = ThreadPoolExecutor(1)
    answer = thread.submit(call, server, name, {"s": seconds})
    thread.shutdown(wait=False)
    deadline = time.monotonic() + 20
    while in_flight(server) < 1 and time.monotonic() < deadline:
        time.sleep(0.02)
    return answer


def in_flight(server: Server) -> int:
    with urllib.request.urlopen(f"{server.url}/lambdad/v1/status") as answer:
        return int(json.load(answer)["invocations"]["running"])


def accepts(server: Server) -> bool:
    try:
        socket.create_connection(("127.0.0.1", server.port), timeout=5).close()
    except OSError:
        return False
    return True


def wait_refused(server: Server) -> None:
    deadline = time.monotonic() + 10
    while accepts(server) and time.monotonic() < deadline:
        time.sleep(0.02)


def test_sigterm_lets_a_running_invocation_finish_and_takes_no_new_one(
    own_server: Server, sleeper: str
) -> None:
    answer = running(own_server, sleeper, 3)
    own_server.process.send_signal(signal.SIGTERM)
    wait_refused(own_server)
    assert not accepts(own_server)
    assert own_server.process.poll() is None
    assert answer.result(30).body == "slept"
    assert own_server.process.wait(20) == 0
    assert left_after(Path(own_server.data_dir), 0) == []


def test_a_second_sigterm_stops_at_once_and_tells_the_caller(own_server: Server, sleeper: str) -> None:
    answer = running(own_server, sleeper, 19)
    own_server.process.send_signal(signal.SIGTERM)
    wait_refused(own_server)
    assert own_server.process.poll() is None
    own_server.process.send_signal(signal.SIGTERM)
    assert own_server.process.wait(15) == 0
    assert not answer.done() or answer.exception() or answer.result().error
    assert left_after(Path(own_server.data_dir), 0) == []
    with started(own_server.data_dir) as again:
        assert call(again, sleeper, {"s": 0}).body == "slept"


def test_ctrl_c_stops_an_idle_server(own_server: Server) -> None:
    own_server.process.send_signal(signal.SIGINT)
    assert own_server.process.wait(20) == 0


def test_a_drain_that_takes_too_long_is_cut_off(tmp_path: Path) -> None:
    with started(tmp_path / "data", "--drain-s", "1") as server:
        name = server.function({"app.py": SLEEPER})
        answer = running(server, name, 19)
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(15) == 0
    assert answer.exception(10) or answer.result().error
    assert left_after(tmp_path / "data", 0) == []


def test_a_second_server_on_the_same_data_directory_is_refused(own_server: Server) -> None:
    line = refusal("--data-dir", str(own_server.data_dir))
    assert "is in use by the lambdad server with process id" in line
    assert str(own_server.process.pid) in line
    name = own_server.function({"app.py": SLEEPER})
    assert call(own_server, name, {"s": 0}).body == "slept"


def test_a_newer_data_format_is_refused(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    with started(data_dir):
        pass
    assert (data_dir / "format").read_text().strip() == "1"
    (data_dir / "format").write_text("2\n")
    assert "format 2 is newer than this lambdad knows (1)" in refusal("--data-dir", str(data_dir))


def test_a_directory_of_somebody_else_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("mine")
    assert "is not a lambdad data directory" in refusal("--data-dir", str(tmp_path))
    assert os.listdir(tmp_path) == ["thesis.tex"]


def test_a_place_that_cannot_be_a_directory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for place in ("/proc/nowhere/data", str(tmp_path / "file"), str(tmp_path / "file" / "below")):
        assert place in refusal("--data-dir", place)


def test_the_data_directory_belongs_to_its_user_alone(own_server: Server) -> None:
    assert os.stat(own_server.data_dir).st_mode & 0o777 == 0o700


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--host", "0.0.0.0"), "host = 0.0.0.0 is refused"),
        pytest.param(("--host", "::"), "host = :: is refused", marks=pytest.mark.full),
        (("--require-isolation", "microvm"), "microvm"),
        (("--tls-cert", "/nowhere/cert.pem", "--tls-key", "/etc/hostname"), "/nowhere/cert.pem"),
        pytest.param(
            ("--tls-cert", "/etc/hostname", "--tls-key", "/etc/hostname"), "", marks=pytest.mark.full
        ),
        (("--cors-origins", "*"), "an origin is"),
    ],
)
def test_settings_it_cannot_keep_are_refused_in_one_line(
    tmp_path: Path, arguments: tuple[str, ...], words: str
) -> None:
    assert words in refusal("--data-dir", str(tmp_path / "data"), *arguments)
    assert left_after(tmp_path / "data", 0) == []


def test_a_port_in_use_is_refused(own_server: Server, tmp_path: Path) -> None:
    done = subprocess.run(
        [
            *(sys.executable, "-m", "lambdad.cli.entry", "serve"),
            *("--port", str(own_server.port), "--data-dir", str(tmp_path / "other")),
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert str(own_server.port) in done.stderr
    assert "address already in use" in done.stderr


def test_memory_keeps_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with started(":memory:") as server:
        name = server.function({"app.py": SLEEPER})
        assert call(server, name, {"s": 0}).body == "slept"
        assert [entry for entry in tmp_path.iterdir() if entry.is_dir()]
    assert [entry for entry in tmp_path.iterdir() if entry.is_dir()] == []
    with started(":memory:") as again:
        assert again.client().list_functions()["Functions"] == []


def test_what_a_killed_memory_server_left_goes_with_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with started(":memory:") as server:
        left = [entry for entry in tmp_path.iterdir() if entry.is_dir()]
        assert len(left) == 1
        server.kill()
    assert left[0].exists()
    with started(":memory:"):
        assert not left[0].exists()


def test_functions_survive_a_restart_with_state_and_revision(own_server: Server, sleeper: str) -> None:
    before = own_server.client().get_function_configuration(FunctionName=sleeper)
    assert own_server.stop() == 0
    with started(own_server.data_dir) as again:
        after = again.client().get_function_configuration(FunctionName=sleeper)
        del before["ResponseMetadata"], after["ResponseMetadata"]
        assert after == before
        assert call(again, sleeper, {"s": 0}).body == "slept"


def test_a_drained_server_ends_idle_environments_and_goes_on(own_server: Server, sleeper: str) -> None:
    request = urllib.request.Request(f"{own_server.url}/lambdad/v1/drain", method="POST", data=b"{}")
    with urllib.request.urlopen(request) as answer:
        assert answer.status == 200
    assert call(own_server, sleeper, {"s": 0}).body == "slept"


def test_many_callers_at_the_moment_of_the_stop_all_get_an_answer_or_no_connection(
    own_server: Server, sleeper: str
) -> None:
    results: list[str] = []

    def caller() -> None:
        while True:
            try:
                results.append(str(call(own_server, sleeper, {"s": 0.01}).body))
            except ClientError as error:
                results.append(error.response["Error"]["Code"])
            except Exception as error:  # noqa: BLE001 - which one it is, is the assertion
                results.append(type(error).__name__)
                return

    callers = [threading.Thread(target=caller) for _ in range(4)]
    for one in callers:
        one.start()
    time.sleep(1)
    assert own_server.stop() == 0
    for one in callers:
        one.join()
    assert results.count("slept") > 0
    assert set(results) <= {"slept", "ServiceException", "EndpointConnectionError", "ConnectionClosedError"}
