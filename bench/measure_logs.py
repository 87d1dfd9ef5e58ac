"""Logs: what printing costs another function, how fast they are searched, and how large they are on disk.

A function that prints is compared with one that writes as much where nobody reads: both take a processor,
and what is left between them is the log's.
"""

from __future__ import annotations

import http.client
import json
import statistics
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

from bench import client, log_filling
from bench.functions import BuildError, Kind, Spec
from bench.opening import folder_for, opened
from bench.plan import FULL_MEMORY_MIB, Run
from bench.reach import PRODUCT
from bench.results import Key, Measure
from bench.running import StartError
from bench.subject import Session, Subject, Target
from lambdad.storage.data_dir import open_data_dir

RATE_PER_S = 50_000
_PAUSE_S = 0.001
_LOOK_S = 0.002
_TOLD = 5
_FIRST = 100
_HEADERS = {
    "Content-Type": "application/x-amz-json-1.1",
    "Authorization": client.AUTHORIZATION.replace("/lambda/", "/logs/"),
}
_FAILURES = (StartError, client.CallError, OSError, http.client.HTTPException)


def measure(run: Run) -> None:
    """Measure the product: printing on one server, searching on another whose logs are filled before."""
    try:
        made = run.workshop.spec(Kind.PYTHON, "logs", FULL_MEMORY_MIB)
    except BuildError as error:
        run.results.fail(Measure.LOGS, PRODUCT, "function", error)
        return
    handlers = {
        name: run.workshop.spec(Kind.PYTHON, name, FULL_MEMORY_MIB, handler=name) for name in _HANDLERS
    }
    specs = {"warm": made.named("logs-warm")} | {
        name: spec.named(f"logs-{name}") for name, spec in handlers.items()
    }
    for subject in run.servers:
        if subject.name == PRODUCT:
            _measure_printing(run, subject, specs)
            _measure_searching(run, subject)


_HANDLERS = ("printing", "telling")


# --- printing --------------------------------------------------------------------------------------


def _measure_printing(run: Run, subject: Subject, specs: Mapping[str, Spec]) -> None:
    run.say(f"logs: {RATE_PER_S} lines per second beside a warm function")
    with opened(run, Measure.LOGS, [(subject, list(specs.values()))]) as sessions:
        if subject.name not in sessions:
            return
        session = sessions[subject.name]
        try:
            for _ in range(run.effort.rounds):
                _beside(run, session, specs)
            seen = _live_ms(session.target(specs["telling"].name), specs["telling"].name)
        except _FAILURES as error:
            run.results.fail(Measure.LOGS, subject.name, "printing", error)
            return
    run.results.add(Key(Measure.LOGS, subject.name, "live_line_ms"), seen)


def _beside(run: Run, session: Session, specs: Mapping[str, Spec]) -> None:
    """One round: the warm function beside one that writes unheard, then beside one that prints."""
    warm, printing = session.target(specs["warm"].name), session.target(specs["printing"].name)
    for target in (warm, printing):
        client.invoke(target.port, target.path, _printing(0.01, unheard=True))
    p50: dict[bool, float] = {}
    lines_per_s = 0.0
    for unheard in (True, False):
        with ThreadPoolExecutor(1) as other:
            body = _printing(run.effort.seconds, unheard=unheard)
            answer = other.submit(client.invoke, printing.port, printing.path, body)
            p50[unheard] = statistics.median(_warm_s(warm, answer.done))
            said = json.loads(answer.result().body)
            lines_per_s = said["lines"] / said["seconds"]
    for metric, value in {
        "lines_per_s": lines_per_s,
        "p50_us": p50[False] * 1e6,
        "p50_unheard_us": p50[True] * 1e6,
        "p50_ratio": p50[False] / p50[True],
    }.items():
        run.results.add(Key(Measure.LOGS, PRODUCT, metric), value)


def _printing(seconds: float, *, unheard: bool) -> bytes:
    return json.dumps({"rate": RATE_PER_S, "seconds": seconds, "unheard": unheard}).encode()


def _warm_s(target: Target, is_over: Callable[[], bool]) -> list[float]:
    seen: list[float] = []
    with closing(client.dial(target.port)) as line:
        while not is_over() or not seen:
            answered = client.call(line, "POST", target.path, b"{}")
            client.check(answered, target.path)
            seen.append(answered.seconds)
            time.sleep(_PAUSE_S)
    return seen


def _live_ms(target: Target, name: str) -> float:
    """From printing a line to reading it, the median of some, while the function runs on."""
    delays: dict[str, float] = {}
    with ThreadPoolExecutor(1) as other, closing(client.dial(target.port)) as line:
        body = json.dumps({"lines": _TOLD}).encode()
        answer = other.submit(client.invoke, target.port, target.path, body)
        while not answer.done():
            found = _filter(line, f"/aws/lambda/{name}", "told-at") or {"events": []}
            for event in found["events"]:
                delays.setdefault(event["message"], time.time() - float(event["message"].split()[1]))
            time.sleep(_LOOK_S)
        answer.result()
    if not delays:
        raise client.CallError("no line was seen while its function ran")
    return statistics.median(delays.values()) * 1e3


# --- searching -------------------------------------------------------------------------------------


def _measure_searching(run: Run, subject: Subject) -> None:
    wanted = run.effort.log_lines
    run.say(f"logs: filling {wanted} lines")
    with folder_for(run, "logs") as folder:
        with open_data_dir(folder / "data") as data:
            lines, text_bytes = log_filling.fill(data.logs, wanted)
            share = data.logs.stat().st_size / text_bytes
        run.results.add(Key(Measure.LOGS, PRODUCT, "disk_share"), share)
        try:
            with subject.open([], folder) as session:
                _search(run, session, lines)
        except _FAILURES as error:
            run.results.fail(Measure.LOGS, subject.name, "searching", error)


def _search(run: Run, session: Session, lines: int) -> None:
    port = session.target("none").port
    with closing(client.dial(port)) as line:
        for begin in ("first_search_cold_ms", "first_page_ms"):
            started = time.perf_counter()
            page = _filter(line, log_filling.GROUP, log_filling.FREQUENT, limit=_FIRST)
            took = time.perf_counter() - started
            if page is None or not page["events"]:
                raise client.CallError("the search found nothing")
            run.results.add(Key(Measure.LOGS, PRODUCT, begin), took * 1e3)
        for _ in range(run.effort.rounds):
            started = time.perf_counter()
            found = _all(line)
            took = time.perf_counter() - started
            if found != 1:
                raise client.CallError(f"the search found {found} events, not the one there is")
            run.results.add(Key(Measure.LOGS, PRODUCT, "filter_lines_per_s"), lines / took)


def _all(line: http.client.HTTPConnection) -> int:
    """How many events have the needle, over all pages."""
    found, token = 0, None
    while True:
        page = _filter(line, log_filling.GROUP, log_filling.NEEDLE, token=token)
        if page is None:
            raise client.CallError("the group is not there")
        found += len(page["events"])
        token = page.get("nextToken")
        if token is None:
            return found


def _filter(
    line: http.client.HTTPConnection, group: str, term: str, *, limit: int = 10_000, token: str | None = None
) -> dict[str, list[dict[str, str]]] | None:
    """A page of FilterLogEvents; None while there is no such group."""
    asked = {"logGroupName": group, "filterPattern": f'"{term}"', "limit": limit}
    if token is not None:
        asked["nextToken"] = token
    headers = {**_HEADERS, "X-Amz-Target": "Logs_20140328.FilterLogEvents"}
    line.request("POST", "/", json.dumps(asked).encode(), headers)
    response = line.getresponse()
    body = response.read()
    if b"ResourceNotFoundException" in body:
        return None
    if response.status != 200:
        raise client.CallError(f"FilterLogEvents: {response.status} {body[:300]!r}")
    answer: dict[str, list[dict[str, str]]] = json.loads(body)
    return answer
