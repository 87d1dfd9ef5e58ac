"""What operators see of a running server: metrics, readiness, traces."""

from __future__ import annotations

import json
import os
import signal
import socket
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Queue
from typing import Any

import pytest
from botocore.exceptions import ClientError
from calling import call, client_of, started
from prometheus_client.openmetrics.parser import text_string_to_metric_families as open_metrics
from prometheus_client.parser import text_string_to_metric_families as plain
from queues import ended, send

from tests.running import Server

WITHIN_S = 20
CODE = {
    "app.py": """
import os, time, urllib.error, urllib.request
def handler(event, context):
    if event == "fail":
        raise ValueError("as asked")
    if event == "sleep":
        time.sleep(1)
    if event == "metrics":
        try:
            return urllib.request.urlopen(os.environ["AWS_ENDPOINT_URL"] + "/metrics").status
        except urllib.error.HTTPError as error:
            return error.code
    return os.environ["_X_AMZN_TRACE_ID"]
"""
}
TRACE, CALLER = "5759e988bd862e3fe1be46a994272793", "53995c3f42cd8ad8"


class Collector:
    """An OTLP collector, and an X-Ray daemon."""

    def __init__(self) -> None:
        self.spans: Queue[dict[str, Any]] = Queue()
        spans = self.spans

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                assert (self.path, self.headers["Content-Type"]) == ("/v1/traces", "application/json")
                for resource in body["resourceSpans"]:
                    for scope in resource["scopeSpans"]:
                        for span in scope["spans"]:
                            spans.put(span)
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._http.serve_forever)
        self._thread.start()
        self._daemon = socket.socket(type=socket.SOCK_DGRAM)
        self._daemon.bind(("127.0.0.1", 0))
        self._daemon.settimeout(WITHIN_S)

    @property
    def settings(self) -> tuple[str, ...]:
        daemon = f"127.0.0.1:{self._daemon.getsockname()[1]}"
        return "--otlp-endpoint", f"http://127.0.0.1:{self._http.server_port}", "--xray-daemon", daemon

    def trace(self, trace_id: str, *names: str) -> dict[str, dict[str, Any]]:
        """The spans of a trace by name, once these are there."""
        found: dict[str, dict[str, Any]] = {}
        while not found.keys() >= set(names):
            span = self.spans.get(timeout=WITHIN_S)
            if span["traceId"] == trace_id:
                found[span["name"]] = span
        return found

    def documents(self, trace_id: str) -> dict[str, dict[str, Any]]:
        """The two segments of a trace, by origin."""
        found: dict[str, dict[str, Any]] = {}
        while len(found) < 2:
            head, _, text = self._daemon.recv(65_536).partition(b"\n")
            assert json.loads(head) == {"format": "json", "version": 1}
            document = json.loads(text)
            if document["trace_id"] == trace_id:
                found[document["origin"]] = document
        return found

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()
        self._daemon.close()


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    made = Collector()
    yield made
    made.close()


@pytest.fixture(scope="module")
def server(collector: Collector, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with started(tmp_path_factory.mktemp("monitored") / "data", *collector.settings) as made:
        yield made


def asked(url: str, **headers: str) -> tuple[int, str, str]:
    """Status, content type and body."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers)) as answer:
            return answer.status, answer.headers["Content-Type"], answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.headers["Content-Type"], error.read().decode()


def scraped(server: Server, function: str | None = None, accept: str = "text/plain") -> dict[str, float]:
    """Values by name and the labels that are not the function's."""
    status, kind, text = asked(f"{server.url}/metrics", Accept=accept)
    assert (status, kind.partition(";")[0]) == (200, accept)
    parse = open_metrics if "openmetrics" in accept else plain
    found = {}
    for family in parse(text):
        for sample in family.samples:
            labels = dict(sample.labels)
            of_function = labels.pop("function", None)
            if of_function == function:
                rest = sorted(set(labels.items()) - {("account", "000000000000"), ("region", "us-east-1")})
                found[" ".join([sample.name, *(f"{key}={value}" for key, value in rest)])] = sample.value
    return found


def invoked_raw(server: Server, name: str, event: object, headers: dict[str, str]) -> str:
    url = f"{server.url}/2015-03-31/functions/{name}/invocations"
    request = urllib.request.Request(url, json.dumps(event).encode(), headers)
    with urllib.request.urlopen(request) as answer:
        return str(json.load(answer))


def test_a_scrape_shows_exactly_what_was_done(server: Server) -> None:
    name = server.function(CODE)
    assert call(server, name, "metrics").body == 403, "no function reads them"
    for event in ("a", "b", "fail"):
        call(server, name, event)
    send(server, name)
    ended(server, name, 1)
    server.client().put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    once = client_of(server)
    for _ in range(2):
        with pytest.raises(ClientError):
            once.invoke(FunctionName=name)
    seen = scraped(server, name)
    prefix = "lambdad_function_"
    assert {key: value for key, value in seen.items() if key.startswith(f"{prefix}invocations_total")} == {
        f"{prefix}invocations_total status=success": 4,
        f"{prefix}invocations_total status=error": 1,
        f"{prefix}invocations_total status=timeout": 0,
        f"{prefix}invocations_total status=failure": 0,
    }
    assert seen[f"{prefix}errors_total"] == 1
    assert seen[f"{prefix}throttles_total reason=ReservedFunctionConcurrentInvocationLimitExceeded"] == 2
    assert seen[f"{prefix}cold_starts_total"] == seen[f"{prefix}init_duration_seconds_count"] == 1
    assert seen[f"{prefix}duration_seconds_count"] == seen[f"{prefix}duration_seconds_bucket le=+Inf"] == 5
    assert 0 < seen[f"{prefix}duration_seconds_sum"] <= seen[f"{prefix}billed_seconds_total"]
    assert seen[f"{prefix}concurrency"] == 0
    starts = {
        key: value for key, value in seen.items() if key.startswith(f"{prefix}environment_starts_total")
    }
    assert sum(starts.values()) == 1
    queued = {key: value for key, value in seen.items() if key.startswith("lambdad_async_") and value}
    assert queued == {
        "lambdad_async_received_total": 1,
        "lambdad_async_attempts_total": 1,
        "lambdad_async_succeeded_total": 1,
    }
    of_server = scraped(server)
    assert of_server["lambdad_invocation_stage_seconds_count stage=run"] >= 5
    assert of_server["lambdad_store_commits_total store=catalogue"] >= 1
    assert of_server["lambdad_log_lost_lines_total"] == of_server["lambdad_invocations_running"] == 0
    assert of_server["process_resident_memory_bytes"] > 2**20 and of_server["process_cpu_seconds_total"] > 0
    assert scraped(server, accept="application/openmetrics-text").keys() == of_server.keys()


def test_a_call_in_a_trace_is_exported_as_its_child_and_the_function_is_told(
    server: Server, collector: Collector
) -> None:
    name = server.function(CODE)
    header = invoked_raw(server, name, "x", {"traceparent": f"00-{TRACE}-{CALLER}-01"})
    spans = collector.trace(TRACE, name, "assign", "init", "run")
    fields = dict(field.split("=") for field in header.split(";"))
    assert (fields["Root"], fields["Sampled"]) == (f"1-{TRACE[:8]}-{TRACE[8:]}", "1")
    assert fields["Parent"] == spans["run"]["spanId"], "what the function traces is below its run"
    assert spans[name]["parentSpanId"] == CALLER
    assert spans["run"]["parentSpanId"] == spans["assign"]["parentSpanId"] == spans[name]["spanId"]
    assert spans["init"]["parentSpanId"] == spans["assign"]["spanId"]
    assert all(int(one["startTimeUnixNano"]) <= int(one["endTimeUnixNano"]) for one in spans.values())


def test_who_decided_against_a_trace_is_heeded(server: Server, collector: Collector) -> None:
    name = server.function(CODE)
    given = f"Root=1-{TRACE[:8]}-{'0' * 24};Parent={CALLER};Sampled=0"
    assert invoked_raw(server, name, "x", {"X-Amzn-Trace-Id": given}).startswith(given)
    invoked_raw(server, name, "x", {"traceparent": f"00-{'1' * 32}-{CALLER}-01"})
    collector.trace("1" * 32, name)
    assert not any(span["traceId"].endswith("0" * 24) for span in list(collector.spans.queue))


def test_active_tracing_sends_both_segments_with_the_ids_of_the_log(
    server: Server, collector: Collector
) -> None:
    name = server.function(CODE, TracingConfig={"Mode": "Active"})
    answer = call(server, name, "fail")
    line = next(one for one in answer.log.splitlines() if one.startswith("XRAY "))
    logged = dict(part.split(": ") for part in line.removeprefix("XRAY ").strip().split("\t"))
    documents = collector.documents(logged["TraceId"])
    service, function = documents["AWS::Lambda"], documents["AWS::Lambda::Function"]
    assert (function["id"], logged["Sampled"]) == (logged["SegmentId"], "true")
    assert function["parent_id"] == service["id"]
    assert service["aws"] == {"request_id": answer.request_id}
    assert service["fault"] is function["fault"] is True
    assert [part["name"] for part in function["subsegments"]] == ["Initialization", "Invocation", "Overhead"]


def test_events_are_traced_too(server: Server, collector: Collector) -> None:
    name = server.function(CODE, TracingConfig={"Mode": "Active"})
    send(server, name)
    (line,) = [one for one in server.messages(name, until="XRAY") if "XRAY" in one]
    trace = line.partition("TraceId: ")[2].partition("\t")[0]
    assert collector.documents(trace)["AWS::Lambda"]["name"] == name


def test_a_server_is_ready_until_it_drains(collector: Collector, tmp_path: Path) -> None:
    with started(tmp_path / "data", "--otlp-endpoint", "http://127.0.0.1:1") as server:
        status, _, text = asked(f"{server.url}/ready")
        assert (status, json.loads(text)["status"]) == (200, "ready")
        name = server.function(CODE)
        call(server, name, "warm")
        with half_asked(server) as late, ThreadPoolExecutor(1) as pool:
            answer = pool.submit(call, server, name, "sleep")
            while scraped(server)["lambdad_invocations_running"] < 1:
                time.sleep(0.02)
            server.process.send_signal(signal.SIGTERM)
            while "waiting for 1 running" not in server.log:
                time.sleep(0.02)
            late.sendall(b"\r\n")
            said = late.recv(65_536).decode()
            assert answer.result().status == 200
    assert said.startswith("HTTP/1.1 503 ")
    assert json.loads(said.partition("\r\n\r\n")[2])["reasons"][0] == "the server is draining"


@contextmanager
def half_asked(server: Server) -> Iterator[socket.socket]:
    """A connection on which somebody has begun to ask whether the server is ready."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=WITHIN_S) as connection:
        connection.sendall(b"GET /ready HTTP/1.1\r\nHost: localhost\r\n")
        yield connection


def test_where_callers_must_be_known_a_token_reads_metrics(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("prometheus-reads-this\n")
    with started(tmp_path / "data", "--auth", "enforce", "--metrics-token-file", str(token)) as server:
        metrics = f"{server.url}/metrics"
        assert asked(f"{server.url}/ready")[0] == 200
        assert asked(metrics)[0] == asked(metrics, Authorization="Bearer another")[0] == 403
        assert asked(metrics, Authorization="Bearer prometheus-reads-this")[0] == 200
        assert (
            asked(f"{server.url}/lambdad/v1/status", Authorization="Bearer prometheus-reads-this")[0] == 403
        )
        assert "prometheus-reads-this" not in server.log
    assert os.access(token, os.R_OK)
