"""Streaming: from the function's write of its first chunk to the client, while the stream stays open.

The chunk carries the function's monotonic clock, which all processes of a machine share.
"""

from __future__ import annotations

import re
import socket
import time

from bench import client
from bench.functions import Kind
from bench.opening import opened
from bench.plan import FULL_MEMORY_MIB, Run
from bench.results import Key, Measure
from bench.subject_api import lambdad

_TIMEOUT_S = 30.0
_STAMP = re.compile(rb"written:(\d{20});")
_LAST_CHUNK = b"\r\n0\r\n\r\n"
_PAUSE_S = 0.02


def measure(run: Run) -> None:
    """Stream from every checkout of lambdad; peers do not stream."""
    spec = run.workshop.streaming("stream", FULL_MEMORY_MIB)
    servers = [lambdad(name, program, run.environments[name]) for name, program in run.programs.items()]
    with opened(run, Measure.STREAM, [(server, [spec]) for server in servers]) as sessions:
        for name, session in sessions.items():
            run.say(f"stream: {name}")
            try:
                port = session.target(spec.name).port
                # The first starts the environment and is not counted.
                for number in range(run.effort.streams + 1):
                    first_ms = first_byte_ms(port, spec.name)
                    if number:
                        key = Key(Measure.STREAM, name, "first_byte_ms", Kind.PYTHON)
                        run.results.add(key, first_ms)
                    time.sleep(_PAUSE_S)
            except (client.CallError, OSError) as error:
                run.results.fail(Measure.STREAM, name, "first byte", error)


def first_byte_ms(port: int, name: str) -> float:
    """Stream once: milliseconds from the write of the stamped chunk to its arrival here.

    Raises:
        CallError: what came has no stamp.
    """
    path = f"/2021-11-15/functions/{name}/response-streaming-invocations"
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: {client.AUTHORIZATION}\r\n"
    with socket.create_connection(("127.0.0.1", port), timeout=_TIMEOUT_S) as line:
        line.sendall(f"{head}Content-Length: 2\r\n\r\n{{}}".encode())
        heard = b""
        arrived_ns = 0
        while not heard.endswith(_LAST_CHUNK):
            data = line.recv(65536)
            now_ns = time.monotonic_ns()
            heard += data
            if not arrived_ns and _STAMP.search(heard):
                arrived_ns = now_ns
            if not data:
                break
    stamp = _STAMP.search(heard)
    if stamp is None or b"InvokeComplete" not in heard or b"ErrorCode" in heard:
        raise client.CallError(f"{name} did not stream: {heard[:300]!r}")
    return (arrived_ns - int(stamp[1])) / 1e6
