"""Real extensions in real sandboxes: what they are told, and what they hear by the Telemetry and Logs APIs."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from calling import call, publish_layer

from tests.running import Server

EXTENSION = r"""#!/usr/bin/python3
import http.client, http.server, json, os, socket, sys, threading, time
API = os.environ["AWS_LAMBDA_RUNTIME_API"]
SUBSCRIPTION = json.loads(%r)
PATH = %r

def say(kind, **what):
    sys.stdout.write(json.dumps({"said": kind, **what}) + "\n")
    sys.stdout.flush()

def heard(record):
    if record["type"] != "extension":
        say("heard", **record)

class Listener(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        for record in json.loads(body):
            heard(record)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()
    do_PUT = do_POST
    def log_message(self, *words):
        pass

def lines(listener):
    while True:
        connection, _ = listener.accept()
        for line in connection.makefile():
            heard(json.loads(line))

def ask(method, path, headers, value=None):
    connection = http.client.HTTPConnection(API)
    connection.request(method, path, None if value is None else json.dumps(value), headers)
    answer = connection.getresponse()
    return answer, answer.read().decode()

if SUBSCRIPTION["destination"]["protocol"] == "HTTP":
    serve = http.server.HTTPServer(("0.0.0.0", 8080), Listener).serve_forever
    threading.Thread(target=serve, daemon=True).start()
else:
    listener = socket.create_server(("0.0.0.0", 8080))
    threading.Thread(target=lines, args=(listener,), daemon=True).start()
name = os.path.basename(sys.argv[0])
answer, body = ask("POST", "/2020-01-01/extension/register", {"Lambda-Extension-Name": name},
                   {"events": ["INVOKE", "SHUTDOWN"]})
own = {"Lambda-Extension-Identifier": answer.headers["Lambda-Extension-Identifier"]}
say("registered", **json.loads(body))
answer, body = ask("PUT", PATH, own, SUBSCRIPTION)
say("subscribed", status=answer.status, body=body)
first = True
while True:
    answer, body = ask("GET", "/2020-01-01/extension/event/next", own)
    event = json.loads(body)
    say("event", **event)
    if first:
        answer, body = ask("PUT", PATH, own, SUBSCRIPTION)
        say("subscribed late", status=answer.status, body=body)
        time.sleep(0.05)  # the runtime has answered long before it asks again: overhead of its own
        first = False
    if event["eventType"] == "SHUTDOWN":
        sys.exit(0)
"""
HANDLER = "def handler(event, context):\n    print('printed', event)\n    return event\n"
Said = list[dict[str, Any]]


def subscription(protocol: str, schema: str, *types: str) -> dict[str, Any]:
    destination: dict[str, Any] = {"protocol": protocol, "port": 8080}
    if protocol == "HTTP":
        destination = {"protocol": "HTTP", "URI": "http://sandbox.localdomain:8080/"}
    return {
        "schemaVersion": schema,
        "types": list(types),
        "buffering": {"maxItems": 1000, "maxBytes": 262144, "timeoutMs": 25},
        "destination": destination,
    }


def deploy(server: Server, path: str, asked: dict[str, Any]) -> str:
    script = EXTENSION % (json.dumps(asked), path)
    layer = publish_layer(server, {"extensions/watcher": script}, "extensions/watcher")
    return server.function({"app.py": HANDLER}, Layers=[layer])


def said(server: Server, name: str, until: Callable[[Said], bool]) -> Said:
    """What the extension said, once `until` holds for it."""
    deadline = time.monotonic() + 15
    while True:
        lines = [line for line in server.messages(name) if line.startswith('{"said"')]
        found = [json.loads(line) for line in lines]
        if until(found):
            return found
        assert time.monotonic() < deadline, found
        time.sleep(0.05)


def of_kind(found: Said, kind: str) -> Said:
    return [one for one in found if one["said"] == kind]


@pytest.mark.parametrize("protocol", ["HTTP", "TCP"])
def test_an_extension_hears_of_init_events_and_output(shared_server: Server, protocol: str) -> None:
    asked = subscription(protocol, "2025-01-29", "platform", "function", "extension")
    name = deploy(shared_server, "/2022-07-01/telemetry", asked)
    for number in (1, 2):
        assert call(shared_server, name, number).body == number

    def both_reports(found: Said) -> bool:
        # The second report is delivered with the next event: a frozen environment gets nothing.
        if [one["type"] for one in of_kind(found, "heard")].count("platform.report") < 2:
            call(shared_server, name, 3)
            return False
        return True

    found = said(shared_server, name, both_reports)
    heard = of_kind(found, "heard")
    types = [one["type"] for one in heard]
    start = types.index("platform.start")
    assert types[: start + 1] == [
        "platform.initStart",
        "platform.telemetrySubscription",
        "platform.extension",
        "platform.initRuntimeDone",
        "platform.initReport",
        "platform.start",
    ]
    assert types[start + 1 : types.index("platform.report") + 1] == [
        "function",
        "platform.runtimeDone",
        "platform.report",
    ]
    assert heard[types.index("function")]["record"] == "printed 1\n"
    done = heard[types.index("platform.runtimeDone")]["record"]
    assert (done["status"], done["metrics"]["producedBytes"]) == ("success", 1)
    assert [span["name"] for span in done["spans"]] == ["responseLatency", "responseDuration"]
    report = heard[types.index("platform.report")]["record"]
    assert {"durationMs", "billedDurationMs", "memorySizeMB", "maxMemoryUsedMB", "initDurationMs"} == set(
        report["metrics"]
    )
    assert [span["name"] for span in report["spans"]] == ["extensionOverhead"]
    assert of_kind(found, "subscribed")[0]["status"] == 200
    assert of_kind(found, "subscribed")[0]["body"] == '"OK"'
    late = of_kind(found, "subscribed late")[0]
    assert (late["status"], json.loads(late["body"])["errorType"]) == (403, "Telemetry.SubscriptionClosed")
    text = "".join(shared_server.messages(name))
    assert "TELEMETRY\tName: watcher\tState: Subscribed\tTypes: [Platform, Function, Extension]\n" in text
    assert "EXTENSION\tName: watcher\tState: Ready\tEvents: [INVOKE, SHUTDOWN]\n" in text


def test_the_logs_api_speaks_its_older_schema(shared_server: Server) -> None:
    name = deploy(
        shared_server, "/2020-08-15/logs", subscription("HTTP", "2021-03-18", "platform", "function")
    )

    def a_report(found: Said) -> bool:
        call(shared_server, name, 1)
        return "platform.report" in [one["type"] for one in of_kind(found, "heard")]

    found = said(shared_server, name, a_report)
    types = [one["type"] for one in of_kind(found, "heard")]
    assert "platform.logsSubscription" in types
    start = types.index("platform.start")
    assert types[start : start + 4] == ["platform.start", "function", "platform.runtimeDone", "platform.end"]
    assert of_kind(found, "subscribed")[0]["body"] == '"OK"'


def test_extensions_hear_of_an_event_and_of_the_end_with_its_reason(shared_server: Server) -> None:
    name = deploy(shared_server, "/2022-07-01/telemetry", subscription("HTTP", "2022-07-01", "platform"))
    answer = call(shared_server, name, 7)
    shared_server.client().update_function_configuration(FunctionName=name, Timeout=19)
    found = said(shared_server, name, lambda found: len(of_kind(found, "event")) == 2)
    invoke, shutdown = of_kind(found, "event")
    assert (invoke["eventType"], invoke["requestId"]) == ("INVOKE", answer.request_id)
    assert invoke["invokedFunctionArn"].endswith(f":function:{name}")
    assert invoke["tracing"]["value"].startswith("Root=1-")
    assert (shutdown["eventType"], shutdown["shutdownReason"]) == ("SHUTDOWN", "SPINDOWN")
    registered = of_kind(found, "registered")[0]
    assert (registered["functionName"], registered["handler"]) == (name, "app.handler")
