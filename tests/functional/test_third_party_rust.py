"""AWS's Rust crates `lambda_runtime` and `lambda-extension`, as they are published."""

from __future__ import annotations

import json

import pytest
from calling import call, publish_layer
from stream_calls import stream
from third_party import built, logged

from tests.running import Server, zip_of

pytestmark = pytest.mark.full


def runtime(server: Server, **parameters: object) -> str:
    archive = zip_of({"bootstrap": built("runtime")}, executable=("bootstrap",))
    return server.function(archive, Runtime="provided.al2023", Handler="any", **parameters)


def observed(server: Server, api: str) -> str:
    """The runtime, with the extension beside it."""
    layer = publish_layer(server, {"extensions/observer": built("extension")}, "extensions/observer")
    return runtime(server, Layers=[layer], Environment={"Variables": {"OBSERVE": api}})


def test_the_runtime_answers(shared_server: Server) -> None:
    name = runtime(shared_server)
    for event in ({"a": [1, None]}, "text", 3):
        answer = call(shared_server, name, event)
        assert answer.body == {"event": event, "requestId": answer.request_id}


def test_the_runtimes_error_reaches_the_caller(shared_server: Server) -> None:
    answer = call(shared_server, runtime(shared_server), "fail")
    assert answer.error == "Unhandled"
    assert answer.body["errorMessage"] == "it was asked to fail"


def test_the_runtime_streams(shared_server: Server) -> None:
    name = runtime(shared_server, Environment={"Variables": {"STREAM": "1"}})
    prelude, _, body = stream(shared_server, name, ["one, ", "two, ", "three"]).body.partition(bytes(8))
    assert json.loads(prelude)["statusCode"] == 200
    assert body == b"one, two, three"


def test_what_the_runtime_writes_for_a_broken_stream_reaches_the_client(shared_server: Server) -> None:
    name = runtime(shared_server, Environment={"Variables": {"STREAM": "1"}})
    # The crate has no trailers: it writes their text into the body.
    assert b"Runtime.StreamError" in stream(shared_server, name, ["one", "break"]).body
    assert stream(shared_server, name, ["after it"]).body.endswith(b"after it")


def test_the_runtimes_internal_extension_lets_it_see_its_end(shared_server: Server) -> None:
    name = runtime(shared_server, Environment={"Variables": {"GRACEFUL": "1"}})
    assert call(shared_server, name, 1).body["event"] == 1
    shared_server.client().delete_function(FunctionName=name)
    logged(shared_server, name, "function: told to end")


def test_the_extension_is_told_of_events_and_telemetry(shared_server: Server) -> None:
    name = observed(shared_server, "telemetry")
    first, second = call(shared_server, name, "a mark"), call(shared_server, name, "slow")
    assert (first.body["event"], second.body["event"]) == ("a mark", "slow")
    logged(
        shared_server,
        name,
        "EXTENSION\tName: observer\tState: Ready\tEvents: [INVOKE, SHUTDOWN]",
        "TELEMETRY\tName: observer\tState: Subscribed\tTypes: [Platform, Function]",
        f"extension: invoke {first.request_id}",
        f"extension: invoke {second.request_id}",
        'telemetry: Function("function: \\"a mark\\"',
        "telemetry: PlatformInitStart",
        "telemetry: PlatformInitRuntimeDone",
        "telemetry: PlatformInitReport",
        f'telemetry: PlatformStart {{ request_id: "{first.request_id}"',
        f'telemetry: PlatformRuntimeDone {{ request_id: "{first.request_id}", status: Success',
        f'telemetry: PlatformReport {{ request_id: "{first.request_id}", status: Success',
        meanwhile=lambda: call(shared_server, name, "slow"),
    )


def test_the_extension_is_told_of_logs(shared_server: Server) -> None:
    name = observed(shared_server, "logs")
    first = call(shared_server, name, "a mark")
    logged(
        shared_server,
        name,
        "LOGS\tName: observer\tState: Subscribed\tTypes: [Platform, Function]",
        'logs: Function("function: \\"a mark\\"',
        f'logs: PlatformStart {{ request_id: "{first.request_id}" }}',
        f'logs: PlatformEnd {{ request_id: "{first.request_id}" }}',
        f'logs: PlatformReport {{ request_id: "{first.request_id}"',
        meanwhile=lambda: call(shared_server, name, "slow"),
    )


def test_the_extension_is_told_of_the_end(shared_server: Server) -> None:
    name = observed(shared_server, "telemetry")
    call(shared_server, name, 1)
    shared_server.client().delete_function(FunctionName=name)
    logged(shared_server, name, "extension: shutdown SPINDOWN")
