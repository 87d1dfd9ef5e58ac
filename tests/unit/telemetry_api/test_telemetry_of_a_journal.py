"""A real journal and its telemetry together: what a subscriber hears of an environment from Init to report."""

from __future__ import annotations

import asyncio
import json
import os

import pytest

from lambdad.domain.function import LoggingConfig
from lambdad.domain.invocation import Invocation, Target
from lambdad.domain.outcome import Status
from lambdad.worker.environment.journal import Journal
from lambdad.worker.telemetry_api.telemetry import Telemetry
from tests.fakes.listening import Listener, connect
from tests.fakes.worker import FakeClock, FakeSink, version_of

HEARD = {
    "telemetry": [
        *("platform.initStart", "platform.telemetrySubscription", "extension"),
        *("platform.initRuntimeDone", "platform.initReport"),
        *("platform.start", "function", "platform.runtimeDone", "platform.report"),
    ],
    "logs": [
        *("platform.logsSubscription", "extension"),
        *("platform.start", "function", "platform.end", "platform.report"),
    ],
}


@pytest.mark.parametrize("api", HEARD)
@pytest.mark.parametrize("log_format", ["Text", "JSON"])
async def test_a_subscriber_hears_of_everything_in_order(api: str, log_format: str) -> None:
    sink, clock, listener = FakeSink(), FakeClock(), Listener()
    await listener.open()
    version = version_of(logging=LoggingConfig(log_format, "/aws/lambda/hello", None, "WARN"))
    journal = Journal(version, "environment", sink, clock)
    telemetry = Telemetry(connect, journal, clock)
    reading, function = os.pipe2(os.O_NONBLOCK)
    journal.attach(reading)
    reading, extension = os.pipe2(os.O_NONBLOCK)
    journal.attach_extension("extension:watcher", reading)
    asked = {
        "types": ["platform", "function", "extension"],
        "destination": {"protocol": "HTTP", "URI": f"http://sandbox.localdomain:{listener.port}"},
    }
    if api == "telemetry":
        asked["schemaVersion"] = "2022-12-13"

    journal.init_started("python:3.11.v1")
    assert telemetry.subscribe(api, "watcher", json.dumps(asked).encode()).endswith(b'"OK"')
    os.write(extension, b"listening\n")
    journal.init_runtime_done(Status.SUCCESS)
    journal.init_ended(1.0, Status.SUCCESS, None)
    target = Target(version, version.unqualified_arn)
    journal.begin(Invocation(target, "id-1", b"{}", "", lambda _: None), 1_000_000_000)
    os.write(function, b'{"level":"INFO"}\n')
    assert journal.wants_runtime_done
    journal.runtime_done(Status.SUCCESS, 2.0, 5, None)
    journal.write(journal.end(1_000_000_002, 2.0, Status.SUCCESS, None, 1.0, 20))
    await telemetry.flush(asyncio.get_running_loop().time() + 30)

    assert [record["type"] for record in listener.records] == HEARD[api]
    (printed,) = [record["record"] for record in listener.records if record["type"] == "function"]
    is_object = api == "telemetry" and log_format == "JSON"
    assert (printed == {"level": "INFO"}) == is_object
    assert (printed.rstrip() if isinstance(printed, str) else None) == (
        None if is_object else '{"level":"INFO"}'
    )
    assert ("LOGS\t" in sink.text or "TELEMETRY\t" in sink.text) == (log_format == "Text")

    telemetry.close()
    journal.close()
    os.close(function)
    os.close(extension)
    await listener.close()
