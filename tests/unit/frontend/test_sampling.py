"""Which calls are traced, and what their functions see of it."""

from __future__ import annotations

from itertools import cycle

import pytest

from lambdad.domain.request_ids import Ids
from lambdad.domain.trace_context import read
from lambdad.frontend.sampling import Sampling, Tracer
from tests.fakes.moments import FakeClock
from tests.fakes.worker import version_of

ROOT = "1-5759e988-bd862e3fe1be46a994272793"
PARENT = "53995c3f42cd8ad8"
NEW = f"Root={ROOT};Parent={PARENT};Sampled=0;Lineage=1:fe460cdd:0"
CALLED = f"Root={ROOT};Parent={PARENT};Sampled=1"
NOT_SAMPLED = f"Root={ROOT};Parent={PARENT};Sampled=0"
UNDECIDED = f"Root={ROOT};Parent={PARENT}"


def tracer(*drawn: float, share: float | None = None) -> Tracer:
    numbers = cycle(drawn or (1.0,))
    return Tracer(Ids(), FakeClock(), lambda: next(numbers), share)


def test_active_tracing_takes_the_first_of_each_second_and_five_percent_of_the_others():
    drawn = [0.9, 0.04, 0.05]
    sampling = Sampling(None, iter(drawn).__next__, is_active=True)
    assert [sampling.wants(now) for now in (10.0, 10.2, 10.4, 10.9, 11.0)] == [True, False, True, False, True]


def test_a_version_that_passes_through_is_only_traced_with_its_caller():
    made = tracer()
    sampling = made.sampling_of(version_of())
    assert sampling is None
    assert made.begin(NEW, sampling, is_new=True) == (NEW, None)
    header, traced = made.begin(CALLED, sampling, is_new=False)
    assert traced is not None and traced.is_shown
    assert (traced.trace_id, traced.parent_id) == (ROOT, PARENT)
    assert header == f"Root={ROOT};Parent={traced.segment_id};Sampled=1"
    assert len({traced.segment_id, traced.service_id, PARENT}) == 3


def test_a_new_trace_begins_at_the_service_and_its_function_has_the_id_in_the_header():
    made = tracer()
    header, traced = made.begin(NEW, made.sampling_of(version_of(tracing_mode="Active")), is_new=True)
    assert header == f"Root={ROOT};Parent={PARENT};Sampled=1;Lineage=1:fe460cdd:0"
    assert traced is not None
    assert (traced.segment_id, traced.parent_id, traced.is_shown) == (PARENT, None, True)


@pytest.mark.parametrize("share", [None, 1.0])
def test_whoever_decided_against_it_is_heeded(share):
    made = tracer(0.0, share=share)
    sampling = made.sampling_of(version_of(tracing_mode="Active"))
    assert made.begin(NOT_SAMPLED, sampling, is_new=False) == (NOT_SAMPLED, None)


def test_without_a_decision_an_active_version_decides():
    made = tracer()
    header, traced = made.begin(UNDECIDED, made.sampling_of(version_of(tracing_mode="Active")), is_new=False)
    assert traced is not None and traced.parent_id == PARENT
    assert read(header).sampled is True


def test_what_is_exported_has_its_own_share_and_is_no_business_of_x_ray():
    made = tracer(0.2, 0.3, share=0.25)
    sampling = made.sampling_of(version_of())
    begun = [made.begin(NEW, sampling, is_new=True)[1] for _ in range(2)]
    assert [traced is not None for traced in begun] == [True, False]
    assert begun[0].is_shown is False


def test_events_are_decided_about_once_for_all_attempts():
    made = tracer(0.9, 0.1, share=0.5)
    sampling = made.sampling_of(version_of())
    assert made.new_header(NOT_SAMPLED, sampling) == NOT_SAMPLED
    assert made.new_header(NOT_SAMPLED, sampling) == CALLED
    assert made.new_header(NOT_SAMPLED, None) == NOT_SAMPLED


@pytest.mark.parametrize(
    "header", ["", "Sampled=1", "Root=1-0-0;Sampled=1", "Root=x;Sampled=1;Lineage=1:a:0"]
)
def test_a_header_that_names_no_trace_is_passed_on_as_it_is(header):
    made = tracer(0.0, share=1.0)
    assert made.begin(header, made.sampling_of(version_of(tracing_mode="Active")), is_new=False) == (
        header,
        None,
    )
