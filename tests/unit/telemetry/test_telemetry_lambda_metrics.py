"""From what was measured to ``AWS/Lambda``: names, dimensions, units, values."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from measured import AT_MS, HERE, lane, provided, ran, target, told

from lambdad.domain.measured import (
    FunctionPeak,
    Measured,
    Noted,
    Peaks,
    ProvidedPeak,
    Ran,
    RoutePeak,
    ScopePeak,
)
from lambdad.domain.metric import Datum
from lambdad.domain.outcome import Status
from lambdad.domain.platform_events import PROVISIONED
from lambdad.telemetry.lambda_metrics.invocation_data import gather_invocations, gather_noted, gather_peaks
from lambdad.telemetry.lambda_metrics.series import Gathered
from lambdad.telemetry.lambda_metrics.tally import Named, Tallies, add_up, merge


def of(*invocations: Ran, is_provided: bool = False) -> Sequence[Datum]:
    tallies: Tallies = {}
    add_up(tallies, invocations)
    named: Named = {}
    merge(named, tallies, lambda _: is_provided)
    gathered = Gathered()
    gather_invocations(gathered, named)
    return gathered.data()


def of_noted(*noted: Noted) -> Sequence[Datum]:
    gathered = Gathered()
    gather_noted(gathered, noted)
    return gathered.data()


def of_peaks(peaks: Peaks, *, quiet: bool = False) -> Sequence[Datum]:
    gathered = Gathered()
    gather_peaks(gathered, peaks, AT_MS + 61_500, quiet=quiet)
    return gathered.data()


def test_a_call_without_a_qualifier_counts_for_account_function_and_resource() -> None:
    data = of(ran(target()))
    assert told(data, "Invocations") == {"": {1: 1}, "hello": {1: 1}, "hello hello": {1: 1}}
    assert {datum.key.namespace for datum in data} == {"AWS/Lambda"}


def test_a_call_by_version_counts_for_the_version() -> None:
    data = of(ran(target("3", version="3")))
    assert told(data, "Invocations").keys() == {"", "hello", "hello hello:3"}


def test_a_call_by_alias_counts_for_the_alias_and_the_version_that_ran() -> None:
    live, other = target("live", version="3"), target("live", version="4")
    data = of(ran(live), ran(live), ran(other, status=Status.ERROR))
    assert told(data, "Invocations") == {
        "": {1: 3},
        "hello": {1: 3},
        "hello hello:live": {1: 3},
        "hello hello:live 3": {1: 2},
        "hello hello:live 4": {1: 1},
    }
    assert told(data, "Errors")["hello hello:live"] == {0: 2, 1: 1}
    assert told(data, "Errors")["hello hello:live 4"] == {1: 1}


@pytest.mark.parametrize("status", [Status.ERROR, Status.FAILURE, Status.TIMEOUT])
def test_whatever_is_no_success_is_an_error(status: Status) -> None:
    assert told(of(ran(target(), status=status)), "Errors")["hello"] == {1: 1}


def test_successes_are_data_points_of_errors_and_throttles_so_that_averages_are_rates() -> None:
    data = of(ran(target()), ran(target()))
    assert told(data, "Errors")["hello"] == {0: 2}
    assert told(data, "Throttles")["hello"] == {0: 2}


def test_durations_are_values_with_counts_in_milliseconds() -> None:
    data = of(*(ran(target(), took_ms=took) for took in (1.234, 1.231, 250.0)))
    assert told(data, "Duration")["hello"] == {1.23: 2, 250.0: 1}
    assert {datum.unit for datum in data if datum.key.name == "Duration"} == {"Milliseconds"}
    assert {datum.unit for datum in data if datum.key.name != "Duration"} == {"Count"}


def test_of_many_durations_three_digits_are_kept() -> None:
    one, took = target(), [1 + number / 7 for number in range(5_000)]
    (values,) = (
        found
        for place, found in told(of(*(ran(one, took_ms=each) for each in took)), "Duration").items()
        if place == "hello"
    )
    assert len(values) < 2_000
    assert sum(values.values()) == len(took)
    assert sum(value * count for value, count in values.items()) == pytest.approx(sum(took), rel=0.001)
    assert max(values) == pytest.approx(max(took), rel=0.005)


def test_the_time_is_the_minute_in_which_the_function_was_invoked() -> None:
    data = of(ran(target(), at_ms=AT_MS + 59_999, took_ms=120_000), ran(target(), at_ms=AT_MS + 60_000))
    assert sorted({datum.at_ms for datum in data}) == [AT_MS, AT_MS + 60_000]


def test_extensions_at_work_after_the_answer_are_told_only_where_there_were_some() -> None:
    data = of(ran(target()), ran(target(), overhead_ms=12.0))
    assert told(data, "PostRuntimeExtensionsDuration")["hello"] == {12.0: 1}
    assert told(of(ran(target())), "PostRuntimeExtensionsDuration") == {}


def test_what_runs_beside_provisioned_environments_has_spilled_over() -> None:
    one = target("1", version="1")
    data = of(ran(one, kind=PROVISIONED), ran(one), ran(one), is_provided=True)
    assert told(data, "ProvisionedConcurrencyInvocations")["hello hello:1"] == {1: 1}
    assert told(data, "ProvisionedConcurrencySpilloverInvocations")["hello hello:1"] == {1: 2}
    assert told(of(ran(one)), "ProvisionedConcurrencySpilloverInvocations") == {}


@given(st.lists(st.tuples(st.sampled_from(["live", None, "1"]), st.floats(0, 900_000), st.booleans())))
def test_nothing_is_counted_twice_and_nothing_forgotten(calls: list[tuple[str | None, float, bool]]) -> None:
    targets = {name: target(name, version="1") for name in ("live", None, "1")}
    data = of(
        *(
            ran(targets[name], took_ms=took, status=Status.ERROR if failed else Status.SUCCESS)
            for name, took, failed in calls
        )
    )
    for name in ("Invocations", "Errors", "Duration", "Throttles"):
        for place in ("", "hello"):
            assert sum(told(data, name).get(place, {}).values()) == len(calls)
    errors = told(data, "Errors").get("", {})
    assert errors.get(1.0, 0) == sum(failed for *_, failed in calls)
    took = told(data, "Duration").get("", {})
    whole = sum(value * count for value, count in took.items())
    assert whole == pytest.approx(sum(took for _, took, _ in calls), abs=0.006 * len(calls), rel=0.006)


def test_everything_else_has_the_name_unit_and_dimensions_of_aws() -> None:
    data = of_noted(
        (Measured.THROTTLES, lane("live"), "3", AT_MS, 1.0),
        (Measured.ASYNC_AGE, lane(), None, AT_MS, 1500.0),
        (Measured.ASYNC_RECEIVED, lane("live"), None, AT_MS, 1.0),
        (Measured.URL_LATENCY, lane(), None, AT_MS, 7.004),
        (Measured.OFFSET_LAG, lane(), None, AT_MS, 12.0),
    )
    assert told(data, "Throttles").keys() == {"", "hello", "hello hello:live", "hello hello:live 3"}
    assert told(data, "AsyncEventAge")["hello hello"] == {1500: 1}
    assert told(data, "AsyncEventsReceived").keys() == {"", "hello", "hello hello:live"}
    assert told(data, "UrlRequestLatency")["hello"] == {7.0: 1}
    assert told(data, "OffsetLag")["hello"] == {12: 1}
    units = {datum.key.name: datum.unit for datum in data}
    assert units["AsyncEventAge"] == units["UrlRequestLatency"] == "Milliseconds"
    assert units["Throttles"] == units["OffsetLag"] == "Count"


def test_concurrency_is_told_of_account_function_and_name() -> None:
    data = of_peaks(
        Peaks(
            (
                RoutePeak(lane("live"), "3", 4),
                RoutePeak(lane("live"), "4", 2),
                RoutePeak(lane(), "$LATEST", 1),
            ),
            (FunctionPeak(HERE, "hello", 7),),
            (ScopePeak(HERE, 9, 7, 100),),
        )
    )
    assert told(data, "ConcurrentExecutions") == {
        "": {9: 1},
        "hello": {7: 1},
        "hello hello": {1: 1},
        "hello hello:live": {6: 1},
        "hello hello:live 3": {4: 1},
        "hello hello:live 4": {2: 1},
    }
    assert told(data, "UnreservedConcurrentExecutions") == {"": {7: 1}}
    assert told(data, "ClaimedAccountConcurrency") == {"": {107: 1}}
    assert {datum.at_ms for datum in data} == {AT_MS + 60_000}


def test_provisioned_concurrency_is_told_as_a_number_and_as_a_share() -> None:
    data = of_peaks(Peaks(provided=(ProvidedPeak(*provided(4, 3)),)))
    assert told(data, "ProvisionedConcurrentExecutions").keys() == {"", "hello", "hello hello:1"}
    assert told(data, "ProvisionedConcurrencyUtilization")["hello hello:1"] == {0.75: 1}


def test_what_is_allocated_and_unused_is_told_now_and_then_only() -> None:
    idle = Peaks(scopes=(ScopePeak(HERE, 0, 0, 10),), provided=(ProvidedPeak(*provided(4, 0)),))
    assert of_peaks(idle) == []
    data = of_peaks(idle, quiet=True)
    assert told(data, "ClaimedAccountConcurrency") == {"": {10: 1}}
    assert told(data, "ProvisionedConcurrencyUtilization")["hello"] == {0: 1}
