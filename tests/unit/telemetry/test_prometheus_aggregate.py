"""What is counted of invocations, and that a crowd of functions adds up."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lambdad.domain.outcome import Status
from lambdad.domain.scope import Scope
from lambdad.telemetry.prometheus.aggregate import OTHER, Invocations
from lambdad.telemetry.prometheus.family import Kind
from lambdad.telemetry.prometheus.function_families import function_families, summed

HERE = Scope()
LABELS = (("account", "000000000000"), ("region", "us-east-1"), ("function", "f"))


def finished(function="f", status=Status.SUCCESS, init_ms=None, overhead_ms=0.0, *, restored=False):
    return HERE, function, status, 40.0, 41, init_ms, 0.2, overhead_ms, restored


def values(invocations, name):
    (family,) = [one for one in function_families(invocations) if one.name == name]
    return {sample.labels: sample.value for sample in family.samples}


def test_an_invocation_is_counted_under_its_function_and_its_end():
    seen = Invocations(10)
    seen.take([finished(), finished(init_ms=7.0), finished(status=Status.TIMEOUT), finished(restored=True)])
    ended = values(seen, "lambdad_function_invocations")
    assert {labels[-1][1]: count for labels, count in ended.items()} == {
        "success": 3,
        "timeout": 1,
        "error": 0,
        "failure": 0,
    }
    assert values(seen, "lambdad_function_errors") == {LABELS: 1}
    assert values(seen, "lambdad_function_cold_starts") == {LABELS: 2}
    assert values(seen, "lambdad_function_billed_seconds") == {LABELS: 0.164}
    duration = values(seen, "lambdad_function_duration_seconds")[LABELS]
    assert (sum(duration.counts), round(duration.total, 6)) == (4, 0.16)
    assert sum(values(seen, "lambdad_function_init_duration_seconds")[LABELS].counts) == 1


def test_each_stage_has_its_time():
    seen = Invocations(10)
    seen.take([finished(), finished(init_ms=7.0, overhead_ms=5.0)])
    stages = values(seen, "lambdad_invocation_stage_seconds")
    told = {labels[0][1]: (sum(one.counts), round(one.total, 6)) for labels, one in stages.items()}
    assert told == {
        "resolve": (0, 0),
        "assign": (2, 0.0004),
        "init": (1, 0.007),
        "run": (2, 0.08),
        "answer": (1, 0.005),
    }


def test_a_bound_belongs_to_its_bucket():
    seen = Invocations(1)
    one = seen.of(HERE, "f")
    for ms in (100.0, 100.001, 1e9):
        one.ran(Status.SUCCESS, ms, 1, None, 0.0, 0.0)
    (family,) = [each for each in function_families(seen) if each.name == "lambdad_function_duration_seconds"]
    counts = dict(zip((*family.bounds, "inf"), family.samples[0].value.counts, strict=True))
    assert {bound: count for bound, count in counts.items() if count} == {0.1: 1, 0.25: 1, "inf": 1}


@given(st.lists(st.integers(0, 8), max_size=40), st.integers(0, 6))
def test_functions_beyond_the_bound_are_counted_together(called, most):
    seen = Invocations(most)
    seen.take([finished(f"f{number}") for number in called])
    ended = values(seen, "lambdad_function_billed_seconds")
    assert round(sum(ended.values()), 6) == round(0.041 * len(called), 6)
    names = [dict(labels)["function"] for labels in ended]
    assert len([name for name in names if name != OTHER]) <= most
    assert (OTHER in names) == (len(set(called)) > most)


def test_the_same_name_elsewhere_is_another_function():
    seen = Invocations(10)
    seen.take([finished(), (Scope("111122223333", "eu-west-1"), *finished()[1:])])
    assert sorted(values(seen, "lambdad_function_billed_seconds").values()) == [0.041, 0.041]


def test_what_is_counted_elsewhere_is_summed_under_the_same_names():
    seen = Invocations(1)
    seen.take([finished("f")])
    why = (("reason", "r"),)
    family = summed(
        seen,
        Kind.COUNTER,
        "x",
        "X.",
        [(HERE, "f", why, 1), (HERE, "g", why, 2), (HERE, "h", why, 3), (None, "", why, 4)],
    )
    assert {dict(labels)["function"]: value for labels, value in family.samples} == {"f": 1, OTHER: 9}
