"""The last invocations of functions: what is kept, for how long, and how it is told."""

from __future__ import annotations

import gc
from typing import Any

import pytest

from lambdad.domain.outcome import Status
from lambdad.domain.platform_log import Birth, InvocationRecord, LogLine, RestoreTimes
from lambdad.domain.scope import Scope
from lambdad.ports.log_store import StreamKey
from lambdad.telemetry.observing import Observing
from lambdad.telemetry.prometheus.aggregate import Invocations
from lambdad.telemetry.recent_invocations import RecentInvocations, Ring, kept_of
from lambdad.telemetry.told_invocations import stages_of, told
from tests.fakes.worker import FakeSink, version_of
from tests.unit.telemetry.traced import OVERHEAD

STREAM = StreamKey(Scope(), "/aws/lambda/hello", "stream")
START_MS = 1_795_400_000_000


def record(number: int = 0, **changes: Any) -> InvocationRecord:
    made = InvocationRecord(f"req-{number}", "$LATEST", START_MS, START_MS + 50, 50.0, 50, 128, 30)
    return made._replace(**changes)


def write(ring: Ring, *records: InvocationRecord) -> None:
    for one in records:
        ring.kept.append(kept_of(STREAM, one))


def ids(recent: RecentInvocations, function: str = "hello") -> list[str]:
    return [one.request_id for _, one in recent.of(Scope(), function)]


def stages(**changes: Any) -> dict[str, float]:
    return dict(stages_of(record(**changes)))


def test_the_last_of_a_function_are_kept_newest_first_without_what_they_printed() -> None:
    recent = RecentInvocations(most=2)
    ring = recent.ring(Scope(), "hello")
    printed = (LogLine(START_MS, "much"),)
    whole = [record(number, lines=printed, waited_ms=1.0, accepted_ms=START_MS) for number in range(3)]
    write(ring, *whole)
    assert recent.of(Scope(), "hello") == [(STREAM, one._replace(lines=())) for one in reversed(whole[1:])]
    assert recent.of(Scope(), "other") == recent.of(Scope("111122223333", "eu-west-1"), "hello") == []


def test_environments_of_one_function_write_to_one_ring() -> None:
    recent = RecentInvocations()
    write(recent.ring(Scope(), "hello"), record(1))
    write(recent.ring(Scope(), "hello"), record(2))
    assert ids(recent) == ["req-2", "req-1"]


def test_functions_beyond_the_bound_are_forgotten_when_they_have_no_environment() -> None:
    recent = RecentInvocations(functions=2)
    lives = recent.ring(Scope(), "lives")
    for name in ("lives", "a", "b", "c"):
        write(recent.ring(Scope(), name), record())
    gc.collect()
    assert [len(ids(recent, name)) for name in ("a", "b", "c")] == [0, 1, 1]
    write(lives, record(1))
    assert ids(recent, "lives") == ["req-1", "req-0"]


def test_what_an_environments_sink_is_given_is_kept_and_goes_on_to_the_log() -> None:
    recent, log = RecentInvocations(), FakeSink()
    sink = Observing(lambda _: log, Invocations(10), recent, None).of(version_of("hello"))
    sink.write_invocation(STREAM, record())
    assert ids(recent) == ["req-0"]
    assert len(log.records) == 1


def test_a_warm_call_waits_and_runs() -> None:
    assert stages(waited_ms=0.5) == {"wait": 0.5, "run": 50.0}


def test_a_cold_start_is_a_part_of_waiting() -> None:
    cold = stages(waited_ms=100.0, init_ms=60.0, birth=Birth("pool", 30.0))
    assert cold == {"wait": 10.0, "make": 30.0, "init": 60.0, "run": 50.0}
    assert list(cold) == ["wait", "make", "init", "run"]


@pytest.mark.parametrize(
    ("waited_ms", "expected"),
    [
        (0.0, {"wait": 0.0}),
        (20.0, {"wait": 0.0, "init": 20.0}),
        (70.0, {"wait": 0.0, "make": 10.0, "init": 60.0}),
    ],
)
def test_what_was_over_before_the_invocation_came_is_no_part_of_its_time(
    waited_ms: float, expected: dict[str, float]
) -> None:
    found = stages(waited_ms=waited_ms, init_ms=60.0, birth=Birth("fork", 30.0))
    assert found == {**expected, "run": 50.0}


def test_restores_queues_and_extensions_are_stages_of_their_own() -> None:
    found = stages(
        waited_ms=25.0,
        restore=RestoreTimes(20.0, 1),
        birth=Birth("restore", 5.0),
        accepted_ms=START_MS - 1_025,
        spans=(OVERHEAD,),
    )
    assert found == {
        "queue": 1_000.0,
        "wait": 0.0,
        "make": 5.0,
        "restore": 20.0,
        "run": 40.0,
        "extensions": 10.0,
    }


def test_an_invocation_is_told_with_how_it_ended_and_how_it_started() -> None:
    failed = told(STREAM, record(status=Status.ERROR, error_type="Runtime.ExitError", init_ms=1.2345678))
    assert (failed["status"], failed["error_type"], failed["init_ms"]) == (
        "error",
        "Runtime.ExitError",
        1.235,
    )
    assert (failed["start"], failed["start_path"], failed["accepted_ms"]) == ("warm", None, None)
    first = told(STREAM, record(birth=Birth("pool", 1.0)))
    assert (first["start"], first["start_path"]) == ("cold", "pool")
