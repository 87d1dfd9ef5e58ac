"""What a journal writes and tells of the platform's events, in each format and level."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable, Iterator

import msgspec
import pytest

from lambdad.domain.function import LoggingConfig
from lambdad.domain.invocation import Invocation, Target
from lambdad.domain.outcome import Status
from lambdad.domain.trace_context import Traced
from lambdad.worker.environment import journal
from lambdad.worker.environment.journal import Journal
from tests.fakes.worker import FakeClock, FakeSink, version_of

GROUP = "/aws/lambda/hello"
Told = list[tuple[str, str, object]]


class Tap:
    """A subscriber of the given kinds."""

    def __init__(self, *kinds: str) -> None:
        self.platform = "platform" in kinds
        self.function = "function" in kinds
        self.extension = "extension" in kinds
        self.told: Told = []

    def event(self, kind: str, time_ms: int, type_: str, record: object) -> None:
        self.told.append((kind, type_, record))

    @property
    def types(self) -> list[str]:
        return [type_ for _, type_, _ in self.told]


class Scene:
    """An environment's journal and the processes that print into it."""

    def __init__(self, logging: LoggingConfig) -> None:
        self.sink = FakeSink()
        self.version = version_of(logging=logging)
        self.journal = Journal(self.version, "environment", self.sink, FakeClock())
        reading, self.function = os.pipe2(os.O_NONBLOCK)
        self.journal.attach(reading)
        reading, self.extension = os.pipe2(os.O_NONBLOCK)
        self.journal.attach_extension("extension:watcher", reading)

    def init(self) -> None:
        self.journal.init_started("python:3.11.v1")
        self.journal.extension_state("watcher", "Ready", ["INVOKE"])
        self.journal.init_runtime_done(Status.SUCCESS)
        self.journal.init_ended(12.0, Status.SUCCESS, None)

    def event(
        self,
        printed: bytes = b"",
        status: Status = Status.SUCCESS,
        error_type: str | None = None,
        tenant: str | None = None,
    ) -> None:
        target = Target(self.version, self.version.unqualified_arn, tenant)
        self.journal.begin(Invocation(target, "id-1", b"{}", "", lambda _: None), 1_000_000_000)
        os.write(self.function, printed)
        if self.journal.wants_runtime_done or status is not Status.SUCCESS:
            self.journal.runtime_done(status, 3.0, 9, error_type)
        self.journal.write(self.journal.end(1_000_000_004, 3.0, status, error_type, None, 10))

    @property
    def types(self) -> list[str]:
        """Of a JSON log's platform events; what is printed as it is."""
        return [
            json.loads(line)["type"] if line.startswith('{"time"') else line.strip()
            for line in self.sink.lines
        ]


@pytest.fixture
async def scenes() -> Iterator[Callable[..., Scene]]:  # type: ignore[misc]
    made: list[Scene] = []

    def make(log_format: str = "Text", application: str | None = None, system: str | None = None) -> Scene:
        made.append(Scene(LoggingConfig(log_format, GROUP, application, system)))
        return made[-1]

    yield make
    for scene in made:
        scene.journal.close()
        os.close(scene.function)
        os.close(scene.extension)


async def test_a_text_log_has_aws_lines(scenes: Callable[..., Scene]) -> None:
    scene = scenes()
    scene.init()
    scene.event(b"printed\n")
    assert [line.split()[0] for line in scene.sink.lines] == [
        *("INIT_START", "EXTENSION"),
        *("START", "printed", "END", "REPORT"),
    ]
    assert not scene.journal.wants_runtime_done


async def test_a_text_log_shows_an_init_that_failed(scenes: Callable[..., Scene]) -> None:
    scene = scenes()
    scene.journal.init_started("python:3.11.v1")
    scene.journal.init_ended(12.0, Status.ERROR, "Runtime.ImportModuleError")
    assert scene.sink.lines[-1].startswith("INIT_REPORT Init Duration: 12.00 ms\tPhase: init\tStatus: error")


JSON_LEVELS = {
    "DEBUG": [
        *("platform.initStart", "platform.extension", "platform.initRuntimeDone", "platform.initReport"),
        *("platform.start", "printed", "platform.runtimeDone", "platform.report"),
    ],
    "INFO": ["platform.initStart", "platform.extension", "platform.start", "printed", "platform.report"],
    "WARN": ["printed"],
}


@pytest.mark.parametrize("level", JSON_LEVELS)
async def test_a_json_log_shows_what_its_system_level_allows(
    scenes: Callable[..., Scene], level: str
) -> None:
    scene = scenes("JSON", "INFO", level)
    scene.init()
    scene.event(b"printed\n")
    assert scene.types == JSON_LEVELS[level]
    assert scene.journal.wants_runtime_done == (level == "DEBUG")


async def test_events_of_a_tenant_name_it(scenes: Callable[..., Scene]) -> None:
    scene = scenes("JSON", "INFO", "DEBUG")
    tap = Tap("platform")
    scene.journal.set_telemetry(tap)
    scene.event(b"", tenant="blue")
    told = {type_: record for _, type_, record in tap.told}
    written = {record["type"]: record["record"] for record in map(json.loads, scene.sink.lines)}
    for type_ in ("platform.start", "platform.runtimeDone", "platform.report"):
        assert told[type_]["tenantId"] == written[type_]["tenantId"] == "blue"


async def test_a_json_log_of_warnings_shows_a_failed_event(scenes: Callable[..., Scene]) -> None:
    scene = scenes("JSON", "INFO", "WARN")
    scene.event(b"printed\n", Status.TIMEOUT, "Sandbox.Timedout")
    assert scene.types == ["printed", "platform.runtimeDone", "platform.report"]


async def test_lines_below_the_application_level_are_told_but_not_written(
    scenes: Callable[..., Scene],
) -> None:
    scene = scenes("JSON", "WARN", "INFO")
    tap = Tap("function")
    scene.journal.set_telemetry(tap)
    scene.event(b'{"level":"DEBUG"}\n{"level":"ERROR"}\nplain\n')
    assert scene.types == ["platform.start", '{"level":"ERROR"}', "plain", "platform.report"]
    assert [record for _, _, record in tap.told] == [
        msgspec.Raw(b'{"level":"DEBUG"}'),
        msgspec.Raw(b'{"level":"ERROR"}'),
        "plain\n",
    ]


async def test_subscribers_hear_every_platform_event_whatever_the_level(scenes: Callable[..., Scene]) -> None:
    scene = scenes("JSON", "FATAL", "WARN")
    tap = Tap("platform")
    scene.journal.set_telemetry(tap)
    scene.init()
    scene.event(b"printed\n")
    assert tap.types == [
        *("platform.initStart", "platform.extension", "platform.initRuntimeDone", "platform.initReport"),
        *("platform.start", "platform.runtimeDone", "platform.end", "platform.report"),
    ]
    assert tap.told[-1][2] == {
        "requestId": "id-1",
        "metrics": {"durationMs": 3.0, "billedDurationMs": 3, "memorySizeMB": 128, "maxMemoryUsedMB": 10},
        "status": "success",
    }


async def test_who_subscribes_late_in_init_hears_how_it_began(scenes: Callable[..., Scene]) -> None:
    scene = scenes()
    scene.journal.init_started("python:3.11.v1")
    tap = Tap("platform")
    scene.journal.set_telemetry(tap)
    scene.journal.set_telemetry(tap)  # another subscription of the same environment
    scene.journal.subscribed("telemetry", "watcher", ["platform"])
    assert tap.types == ["platform.initStart", "platform.telemetrySubscription"]
    assert scene.sink.lines[-1] == "TELEMETRY\tName: watcher\tState: Subscribed\tTypes: [Platform]\n"


async def test_nothing_of_init_is_kept_behind_its_end(scenes: Callable[..., Scene]) -> None:
    scene = scenes()
    scene.init()
    tap = Tap("platform")
    scene.journal.set_telemetry(tap)
    assert tap.told == []


async def test_extensions_print_into_the_same_log_and_to_their_own_kind(scenes: Callable[..., Scene]) -> None:
    scene = scenes()
    tap = Tap("function", "extension")
    scene.journal.set_telemetry(tap)
    os.write(scene.extension, b"from outside\n")
    scene.event(b"from inside\n")
    assert {line.strip() for line in scene.sink.lines} >= {"from outside", "from inside"}
    assert sorted(tap.told) == [
        ("extension", "extension", "from outside\n"),
        ("function", "function", "from inside\n"),
    ]


async def test_what_was_printed_comes_before_the_runtime_is_done(scenes: Callable[..., Scene]) -> None:
    scene = scenes()
    tap = Tap("platform", "function")
    scene.journal.set_telemetry(tap)
    scene.event(b"one\ntwo")
    assert tap.types == [
        *("platform.start", "function", "function"),
        *("platform.runtimeDone", "platform.end", "platform.report"),
    ]


@pytest.mark.parametrize(
    ("status", "error_type", "fault"),
    [
        (Status.SUCCESS, None, None),
        (Status.ERROR, None, None),  # a handler's own
        (Status.ERROR, "Runtime.ExitError", "RequestId: id-1 Process exited before completing request"),
        (
            Status.TIMEOUT,
            "Sandbox.Timedout",
            "1970-01-12T13:46:40.004Z id-1 Task timed out after 3.00 seconds",
        ),
    ],
)
async def test_subscribers_of_the_old_api_hear_of_faults(
    scenes: Callable[..., Scene], status: Status, error_type: str | None, fault: str | None
) -> None:
    scene = scenes()
    tap = Tap("platform")
    scene.journal.set_telemetry(tap)
    scene.event(b"", status, error_type)
    faults = [record for _, type_, record in tap.told if type_ == "platform.fault"]
    assert faults == ([] if fault is None else [fault])


async def test_without_a_subscriber_of_their_kind_lines_are_not_told(scenes: Callable[..., Scene]) -> None:
    scene = scenes()
    tap = Tap("platform")
    scene.journal.set_telemetry(tap)
    os.write(scene.extension, b"x\n")
    scene.event(b"y\n")
    assert {"function", "extension"}.isdisjoint(tap.types)


async def test_an_event_that_prints_huge_lines_keeps_little_of_them(
    scenes: Callable[..., Scene], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "_EARLY_AFTER_S", 3600)
    scene = scenes()
    target = Target(scene.version, scene.version.unqualified_arn)
    scene.journal.begin(Invocation(target, "id-1", b"{}", "", lambda _: None), 1_000_000_000)
    printed = 0
    async with asyncio.timeout(30):
        while len(scene.sink.lines) < 2:
            try:
                printed += os.write(scene.function, b"x" * 65_535 + b"\n")
            except BlockingIOError:
                pass
            await asyncio.sleep(0)
    assert scene.sink.lines[0].startswith("START")
    assert printed < 16 * 1024 * 1024


@pytest.mark.parametrize("is_shown", [True, False])
async def test_a_trace_is_told_with_its_ids_when_it_is_shown(
    scenes: Callable[..., Scene], is_shown: bool
) -> None:
    scene, tap = scenes(), Tap("platform")
    scene.journal.set_telemetry(tap)
    invocation = Invocation(Target(scene.version, "arn"), "id-1", b"", "", lambda _: None)
    invocation.traced = Traced("1-5759e988-bd862e3fe1be46a994272793", "a" * 16, "b" * 16, None, is_shown)
    invocation.waited_s = 0.25
    scene.journal.begin(invocation, 1)
    scene.journal.runtime_done(Status.SUCCESS, 1.0, 2, None)
    record = scene.journal.end(2, 1.0, Status.SUCCESS, None, None, 30)
    scene.journal.write(record)
    line = f"XRAY TraceId: 1-5759e988-bd862e3fe1be46a994272793\tSegmentId: {'a' * 16}\tSampled: true\t\n"
    assert scene.sink.text.endswith(line) is is_shown
    told = {
        type_: msgspec.to_builtins(about).get("tracing")
        for _, type_, about in tap.told
        if type_ != "platform.end"
    }
    value = f"Root=1-5759e988-bd862e3fe1be46a994272793;Parent={'a' * 16};Sampled=1"
    expected = {"type": "X-Amzn-Trace-Id", "value": value} if is_shown else None
    assert told == dict.fromkeys(("platform.start", "platform.runtimeDone", "platform.report"), expected)
    assert (record.waited_ms, record.traced) == (250.0, invocation.traced)
