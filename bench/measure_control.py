"""Calls of the control plane beside a small catalogue and beside a large one, and what the large one costs.

The catalogues are filled through the store's port before the server starts: only this checkout is measured.
A rate per core is what the server's own processor time allows: it does not depend on who else works here.
"""

from __future__ import annotations

import base64
import http.client
import json
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from urllib.parse import quote

from bench import catalogue, client, proc
from bench.opening import folder_for
from bench.plan import Run
from bench.reach import CONTROL_LISTS, CONTROL_WRITES, LARGE_CATALOGUE, PRODUCT
from bench.results import Key, Measure, p99
from bench.running import StartError
from bench.subject import Session, Subject

SMALL_CATALOGUE = "small catalogue"
VERSIONS = 10
_WRITES_PER_READ = 10
_SETTLED_WITHIN_S = 30.0
_STRIDE = 7_919  # a prime: neighbours in time are no neighbours in the catalogue
_FUNCTIONS = "/2015-03-31/functions"
_TAGS = "/2017-03-31/tags"
_MB = 1e6


@dataclass(frozen=True, slots=True)
class _Call:
    """A request; `path` is a target, `body` None for a GET or DELETE without one."""

    method: str
    path: str
    body: dict[str, object] | None = None


def measure(run: Run) -> None:
    """Measure the product with a catalogue of one function and with the large one."""
    resident: dict[str, float] = {}
    for subject in run.servers:
        if subject.name != PRODUCT:
            continue
        for size, functions in ((SMALL_CATALOGUE, 1), (LARGE_CATALOGUE, run.effort.catalogue)):
            try:
                resident[size] = _measure_size(run, subject, size, functions)
            except (StartError, client.CallError, OSError, http.client.HTTPException) as error:
                run.results.fail(Measure.CONTROL, subject.name, size, error)
        if len(resident) == 2:
            grown = resident[LARGE_CATALOGUE] - resident[SMALL_CATALOGUE]
            run.results.add(
                Key(Measure.CONTROL, PRODUCT, "resident_mb", "memory of the large catalogue"), grown
            )


def _measure_size(run: Run, subject: Subject, size: str, functions: int) -> float:
    """Take every figure of one size; what the server holds resident in the end, in MB."""
    with folder_for(run, subject.name) as folder:
        run.say(f"control: filling {functions} functions with {VERSIONS} versions each")
        catalogue.fill(folder / "data", functions, VERSIONS)
        run.say(f"control: {subject.name}, {size}")
        with subject.open((), folder) as session, closing(client.dial(_port(session))) as line:
            run.results.add(
                Key(Measure.CONTROL, PRODUCT, "start_ms", f"start, {size}"), session.ready_s * 1e3
            )
            # Small and large alike have been looked at from end to end when their memory is read.
            for _ in _pages(line, f"{_FUNCTIONS}/?FunctionVersion=ALL"):
                pass
            _reads(run, session, line, size, functions)
            _writes(run, session, line, size)
            return proc.rss_bytes(session.pid) / _MB


def _port(session: Session) -> int:
    return session.target("none").port


def _reads(run: Run, session: Session, line: http.client.HTTPConnection, size: str, functions: int) -> None:
    """Gets of one function after another, and page after page, from the first on again and again."""

    def name(number: int) -> str:
        return catalogue.name_of(number * _STRIDE % functions)

    def arn(number: int) -> str:
        return quote(catalogue.SCOPE.arn("lambda", f"function:{name(number)}"), safe="")

    gets: dict[str, Callable[[int], str]] = {
        "GetFunction": lambda number: f"{_FUNCTIONS}/{name(number)}",
        "GetFunctionConfiguration": lambda number: f"{_FUNCTIONS}/{name(number)}/configuration",
        "ListTags": lambda number: f"{_TAGS}/{arn(number)}",
        "GetAccountSettings": lambda _number: "/2016-08-19/account-settings",
        "ListVersionsByFunction": lambda number: f"{_FUNCTIONS}/{name(number)}/versions",
    }
    for call, path in gets.items():
        answers = (_answered(line, _Call("GET", path(number))) for number in range(run.effort.control_calls))
        _take(run, session, f"{call}, {size}", answers)
    for call, path in zip(
        CONTROL_LISTS[:2], (f"{_FUNCTIONS}/", f"{_FUNCTIONS}/?FunctionVersion=ALL"), strict=True
    ):
        _take(run, session, f"{call}, {size}", islice(_for_ever(line, path), run.effort.control_calls))


def _writes(run: Run, session: Session, line: http.client.HTTPConnection, size: str) -> None:
    """The life of some functions beside the others, step by step."""
    names = [f"written-{number}" for number in range(max(1, run.effort.control_calls // _WRITES_PER_READ))]
    code = base64.b64encode(catalogue.archive(-1)).decode()
    for call in CONTROL_WRITES:
        requests = [_write(call, name, code) for name in names]
        _take(run, session, f"{call}, {size}", (_answered(line, request) for request in requests))
        if call != "DeleteFunction":
            _await_settled(line, names)


def _write(call: str, name: str, code: str) -> _Call:
    settings: dict[str, object] = {"Runtime": "python3.12", "Handler": "app.handler", "MemorySize": 256}
    account = catalogue.SCOPE.account
    match call:
        case "CreateFunction":
            own = {
                "FunctionName": name,
                "Role": f"arn:aws:iam::{account}:role/bench",
                "Code": {"ZipFile": code},
            }
            return _Call("POST", _FUNCTIONS, {**settings, **own})
        case "TagResource":
            arn = quote(catalogue.SCOPE.arn("lambda", f"function:{name}"), safe="")
            return _Call("POST", f"{_TAGS}/{arn}", {"Tags": {"team": "bench"}})
        case "UpdateFunctionConfiguration":
            return _Call("PUT", f"{_FUNCTIONS}/{name}/configuration", {"Timeout": 17})
        case "PublishVersion":
            return _Call("POST", f"{_FUNCTIONS}/{name}/versions", {})
        case _:
            return _Call("DELETE", f"{_FUNCTIONS}/{name}")


def _take(run: Run, session: Session, what: str, answers: Iterator[client.Answered]) -> None:
    """Make the calls, one after the other, and keep their figures."""
    spent = proc.cpu_ns(session.pid)
    seconds = [answer.seconds for answer in answers]
    spent = proc.cpu_ns(session.pid) - spent
    figures = {
        "p50_ms": statistics.median(seconds) * 1e3,
        "p99_ms": p99(seconds) * 1e3,
        "server_cpu_ms": spent / len(seconds) / 1e6,
        "per_core_per_s": len(seconds) * 1e9 / max(spent, 1),
    }
    for metric, value in figures.items():
        run.results.add(Key(Measure.CONTROL, PRODUCT, metric, what), value)


def _answered(line: http.client.HTTPConnection, call: _Call) -> client.Answered:
    body = None if call.body is None else json.dumps(call.body).encode()
    answer = client.call(line, call.method, call.path, body)
    if answer.status >= 300:
        raise client.CallError(f"{call.method} {call.path}: {answer.status} {answer.body[:300]!r}")
    return answer


def _pages(line: http.client.HTTPConnection, path: str) -> Iterator[client.Answered]:
    marker: str | None = ""
    while marker is not None:
        glue = "&" if "?" in path else "?"
        answer = _answered(line, _Call("GET", f"{path}{glue}Marker={quote(marker)}" if marker else path))
        yield answer
        marker = json.loads(answer.body).get("NextMarker")


def _for_ever(line: http.client.HTTPConnection, path: str) -> Iterator[client.Answered]:
    while True:
        yield from _pages(line, path)


def _await_settled(line: http.client.HTTPConnection, names: list[str]) -> None:
    deadline = time.monotonic() + _SETTLED_WITHIN_S
    for name in names:
        while True:
            seen = json.loads(_answered(line, _Call("GET", f"{_FUNCTIONS}/{name}/configuration")).body)
            if (seen["State"], seen.get("LastUpdateStatus")) == ("Active", "Successful"):
                break
            if time.monotonic() > deadline:
                raise client.CallError(f"{name} does not settle: {seen}")
            time.sleep(0.01)
