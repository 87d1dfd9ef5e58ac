"""The Python client of a function with SnapStart: hooks, their errors, and what a copy makes anew."""

from __future__ import annotations

import json
import random
import signal
import socket
import subprocess
import sys
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from lambdad.worker.runtimes.client_tree import CLIENTS, PYTHON_CLIENT

PATIENCE_S = 30.0
EVENT = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nLambda-Runtime-Aws-Request-Id: id-1\r\n"
    b"Lambda-Runtime-Deadline-Ms: 99999999999999\r\nContent-Length: 4\r\n\r\nnull"
)
HOOKS = """
import os
from snapshot_restore_py import register_after_restore, register_before_snapshot
told = []
@register_before_snapshot
def before_one(): told.append("before one")
register_before_snapshot(told.append, "before two")
@register_after_restore
def after_one(): told.append("after one " + os.environ.get("NEW", "-"))
register_after_restore(lambda *, what: told.append(what), what="after two")
def handler(event, context):
    return told + [os.environ.get("OLD")]
"""


class Client:
    """A client process and the test in the place of the server."""

    def __init__(self, task: Path, source: str, **env: str) -> None:
        (task / "app.py").write_text(source)
        ours, theirs = socket.socketpair()
        ours.settimeout(PATIENCE_S)
        self.channel = ours
        self.process = subprocess.Popen(
            [sys.executable, "-S", "-u", str(CLIENTS / PYTHON_CLIENT)],
            env={
                "PATH": "/usr/bin:/bin",
                "LAMBDA_TASK_ROOT": str(task),
                "LAMBDA_RUNTIME_DIR": str(CLIENTS),
                "AWS_LAMBDA_INITIALIZATION_TYPE": "snap-start",
                "AWS_LAMBDA_RUNTIME_API": "127.0.0.1:9",
                "PYTHONDONTWRITEBYTECODE": "1",
                "_LAMBDAD_RUNTIME_FD": str(theirs.fileno()),
                "_HANDLER": "app.handler",
                **env,
            },
            cwd=task,
            pass_fds=(theirs.fileno(),),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        theirs.close()
        self._rest = b""

    def request(self) -> tuple[str, dict[str, str], bytes]:
        """The next request: method and path, headers, body."""
        while b"\r\n\r\n" not in self._rest:
            self._rest += self._more()
        head, _, self._rest = self._rest.partition(b"\r\n\r\n")
        line, *lines = head.decode().split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (one.partition(":") for one in lines)}
        length = int(headers.get("content-length", "0"))
        while len(self._rest) < length:
            self._rest += self._more()
        body, self._rest = self._rest[:length], self._rest[length:]
        return line.rpartition(" ")[0].replace("/2018-06-01/runtime/", ""), headers, body

    def _more(self) -> bytes:
        data = self.channel.recv(1 << 16)
        assert data, self.end()
        return data

    def expect(self, what: str) -> tuple[dict[str, str], bytes]:
        found, headers, body = self.request()
        assert found == what
        return headers, body

    def restore(self, variables: Mapping[str, str | None] | None = None) -> None:
        """Answer `restore/next`, as of a copy when there are variables."""
        self.expect("GET restore/next")
        body = b"" if variables is None else json.dumps({"environment": variables}).encode()
        self.channel.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)

    def answered(self) -> object:
        """Give it an event and return what the handler makes of it."""
        self.expect("GET invocation/next")
        self.channel.sendall(EVENT)
        return json.loads(self.expect("POST invocation/id-1/response")[1])

    def accept(self) -> None:
        self.channel.sendall(b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n")

    def end(self) -> tuple[int, str]:
        """Exit code and output of a client that ends by itself."""
        output, _ = self.process.communicate(timeout=PATIENCE_S)
        return self.process.returncode, output.decode()

    def close(self) -> None:
        self.channel.close()
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def clients(tmp_path: Path) -> Iterator[type[Client]]:
    made: list[Client] = []

    class Made(Client):
        def __init__(self, source: str, **env: str) -> None:
            super().__init__(tmp_path, source, **env)
            made.append(self)

    yield Made  # type: ignore[misc]
    for one in made:
        one.close()


def test_hooks_run_around_the_snapshot_in_the_order_of_aws(clients) -> None:
    client = clients(HOOKS, OLD="old")
    client.restore({"NEW": "new", "OLD": None})
    assert client.answered() == ["before two", "before one", "after one new", "after two", None]


def test_hooks_run_in_the_same_order_when_nothing_is_kept(clients) -> None:
    client = clients(HOOKS, OLD="old")
    client.restore()
    assert client.answered() == ["before two", "before one", "after one -", "after two", "old"]


def test_a_function_without_hooks_needs_none(clients) -> None:
    client = clients("def handler(event, context): return [context.log_stream_name]")
    client.restore({})
    assert client.answered() == [None]


def test_without_snap_start_nothing_asks_to_be_restored(clients) -> None:
    client = clients(HOOKS, AWS_LAMBDA_INITIALIZATION_TYPE="on-demand")
    assert client.answered() == [None]


@pytest.mark.parametrize("end", ["raise ValueError('not now')", "raise SystemExit('not now')"])
def test_a_hook_that_fails_before_the_snapshot_fails_init_as_on_aws(clients, end: str) -> None:
    client = clients(
        "from snapshot_restore_py import register_before_snapshot\n"
        f"@register_before_snapshot\ndef hook(): {end}\ndef handler(event, context): pass\n"
    )
    headers, body = client.expect("POST init/error")
    assert headers["lambda-runtime-function-error-type"] == "Runtime.BeforeSnapshotError"
    error = json.loads(body)
    assert error["errorMessage"] == "not now"
    assert "app.py" in error["stackTrace"][0]
    client.accept()
    code, output = client.end()
    assert code == 64
    assert "not now" in output


def test_a_hook_that_fails_after_a_restore_is_reported_as_on_aws(clients) -> None:
    client = clients(
        "from snapshot_restore_py import register_after_restore\n"
        "@register_after_restore\ndef hook(): return 1 / 0\ndef handler(event, context): pass\n"
    )
    client.restore({})
    headers, body = client.expect("POST restore/error")
    assert headers["lambda-runtime-function-error-type"] == "Runtime.AfterRestoreError"
    assert json.loads(body)["errorType"] == "ZeroDivisionError"
    client.accept()
    code, output = client.end()
    assert code == 65
    assert "[ERROR] ZeroDivisionError: division by zero" in output


def test_an_init_that_fails_runs_no_hook(clients) -> None:
    client = clients(HOOKS + "\nraise RuntimeError('init')\n")
    assert client.request()[0] == "POST init/error"


RANDOM = """
import random, uuid, tempfile, multiprocessing.process
random.seed(1)
uuid._node = 7
uuid._last_timestamp = 1 << 62
tempfile._name_sequence = iter(["same"])
multiprocessing.process.current_process().authkey = b"same"
def handler(event, context):
    return {
        "random": random.random(),
        "node": uuid.getnode(),
        "uuid": str(uuid.uuid1()),
        "name": next(tempfile._get_candidate_names()),
        "authkey": bytes(multiprocessing.process.current_process().authkey).hex(),
    }
"""


def test_two_copies_draw_different_numbers(clients) -> None:
    seen = []
    for _ in range(2):
        client = clients(RANDOM)
        client.restore({})
        seen.append(client.answered())
    one, other = seen
    assert all(one[name] != other[name] for name in one), (one, other)
    assert one["random"] != random.Random(1).random()
    assert one["node"] & (1 << 40)
    assert uuid.UUID(one["uuid"]).time < 1 << 61


def test_what_was_not_kept_draws_as_the_function_says(clients) -> None:
    client = clients(RANDOM)
    client.restore()
    found = client.answered()
    assert (found["random"], found["node"]) == (random.Random(1).random(), 7)


def test_numpy_and_openssl_are_seeded_anew_when_they_are_loaded(clients) -> None:
    client = clients(
        """
import sys, types
told = []
numpy_random = types.ModuleType("numpy.random")
numpy_random.seed = lambda: told.append("numpy")
ssl = types.ModuleType("_ssl")
ssl.RAND_add = lambda data, entropy: told.append(["ssl", len(data), entropy])
sys.modules["numpy.random"], sys.modules["_ssl"] = numpy_random, ssl
def handler(event, context):
    return told
"""
    )
    client.restore({})
    assert client.answered() == [["ssl", 48, 48.0], ["ssl", 48, 48.0], "numpy"]  # once before it was kept


def test_the_openssl_of_this_python_takes_new_entropy(clients) -> None:
    client = clients("import ssl\ndef handler(event, context): return len(ssl.RAND_bytes(8))")
    client.restore({})
    assert client.answered() == 8


def test_signal_handlers_of_init_hold_in_a_copy(clients) -> None:
    client = clients(
        """
import signal
told = []
def on_signal(number, frame): told.append(number)
signal.signal(signal.SIGUSR1, on_signal)
import _signal
installed = []
real = _signal.signal
def recorded(number, handler):
    installed.append(number)
    return real(number, handler)
_signal.signal = recorded
def handler(event, context):
    import os
    os.kill(os.getpid(), signal.SIGUSR1)
    return [told, installed]
"""
    )
    client.restore({})
    told, installed = client.answered()
    assert told == [signal.SIGUSR1]
    assert signal.SIGUSR1 in installed


def test_the_process_forks_once_so_that_pools_of_threads_end(clients) -> None:
    client = clients(
        """
import os
told = []
os.register_at_fork(before=lambda: told.append("fork"))
def handler(event, context):
    return told
"""
    )
    client.restore({})
    assert client.answered() == ["fork"]


def test_threads_beside_a_fork_bring_no_warning_into_the_log(clients) -> None:
    client = clients(
        """
import threading, warnings
warnings.simplefilter("error")
threading.Thread(target=threading.Event().wait, daemon=True).start()
def handler(event, context):
    return 1
"""
    )
    client.restore()
    assert client.answered() == 1


def test_a_client_whose_server_goes_away_ends_quietly(clients) -> None:
    client = clients("def handler(event, context): return 1")
    client.expect("GET restore/next")
    client.channel.shutdown(socket.SHUT_RDWR)
    assert client.end() == (0, "")
