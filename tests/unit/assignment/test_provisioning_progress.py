"""The status of provisioned concurrency, over successes and failures."""

from __future__ import annotations

from itertools import product

import pytest

from lambdad.assignment.progress import (
    BEGUN,
    TRANSITIONS,
    Progress,
    failed,
    initialised,
    pause_s,
    starts,
)
from lambdad.domain.limits import (
    PROVISIONED_ATTEMPTS,
    PROVISIONED_FIRST_PAUSE_S,
    PROVISIONED_LAST_PAUSE_S,
    PROVISIONED_STARTS,
)
from lambdad.domain.provisioned import INIT_FAILURE, ProvisionedStatus

S = ProvisionedStatus
NOW = 50_000.0


def failing(times: int, progress: Progress = BEGUN) -> tuple[Progress, float]:
    """Inits that fail as soon as they may start; the progress and the end of the last pause."""
    now = NOW
    for _ in range(times):
        progress = failed(progress, INIT_FAILURE, now)
        now = progress.resume_at
    return progress, now


@pytest.mark.parametrize(
    ("source", "target", "goes"),
    [(source, target, target in TRANSITIONS[source]) for source, target in product(S, S)],
)
def test_every_pair_of_states_is_decided(source: S, target: S, goes: bool):
    assert goes == (
        (source, target)
        in {
            (S.IN_PROGRESS, S.READY),
            (S.IN_PROGRESS, S.FAILED),
            (S.READY, S.FAILED),
            (S.FAILED, S.IN_PROGRESS),
        }
    )


def test_it_is_ready_when_all_are_initialised_and_not_before():
    assert initialised(BEGUN, 1, 2).status is S.IN_PROGRESS
    assert initialised(BEGUN, 2, 2).status is S.READY


def test_it_stays_ready_while_single_ones_are_replaced():
    ready = initialised(BEGUN, 2, 2)
    assert initialised(ready, 1, 2).status is S.READY
    assert failed(ready, INIT_FAILURE, NOW).status is S.READY


def test_it_fails_with_awss_reason_after_some_failures_in_a_row():
    before, _ = failing(PROVISIONED_ATTEMPTS - 1)
    assert (before.status, before.reason) == (S.IN_PROGRESS, None)
    after, _ = failing(PROVISIONED_ATTEMPTS)
    assert (after.status, after.reason) == (S.FAILED, "FUNCTION_ERROR_INIT_FAILURE")
    again, _ = failing(PROVISIONED_ATTEMPTS + 5)
    assert again.status is S.FAILED


def test_those_that_start_together_fail_together_as_one():
    progress = BEGUN
    for _ in range(PROVISIONED_STARTS):
        progress = failed(progress, INIT_FAILURE, NOW)
    assert progress.failures == 1


def test_it_recovers_by_itself():
    broken, now = failing(PROVISIONED_ATTEMPTS)
    assert initialised(broken, 1, 2) == Progress(S.IN_PROGRESS, None, broken.failures, now)
    assert initialised(broken, 2, 2).status is S.READY


def test_nothing_starts_in_a_pause_and_one_at_a_time_after_it():
    assert starts(BEGUN, NOW) == PROVISIONED_STARTS
    broken, resume_at = failing(1)
    assert starts(broken, NOW) == 0
    assert starts(broken, resume_at) == 1


def test_failures_are_forgotten_after_a_long_time_without_one():
    broken, resume_at = failing(PROVISIONED_ATTEMPTS)
    much_later = resume_at + PROVISIONED_LAST_PAUSE_S + 1
    assert starts(broken, much_later) == PROVISIONED_STARTS
    assert failed(broken, INIT_FAILURE, much_later).failures == 1


def test_pauses_double_up_to_the_longest():
    pauses = [pause_s(failures) for failures in (1, 2, 3)]
    assert pauses == [PROVISIONED_FIRST_PAUSE_S * factor for factor in (1, 2, 4)]
    assert pause_s(10_000) == PROVISIONED_LAST_PAUSE_S
