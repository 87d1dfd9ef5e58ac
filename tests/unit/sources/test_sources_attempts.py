"""What follows a batch that failed: no record is skipped, none goes before those in front of it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lambdad.sources.attempts import Condition, Next, Rules, Work, failed, pause_s, rules_of, too_old

LIMITED = Rules(retries=2)


def test_minus_one_is_for_ever() -> None:
    settings = {"MaximumRetryAttempts": -1, "MaximumRecordAgeInSeconds": -1, "FunctionResponseTypes": []}
    assert rules_of(settings) == Rules()


def test_settings_say_what_is_done_about_failures() -> None:
    settings = {
        "MaximumRetryAttempts": 0,
        "MaximumRecordAgeInSeconds": 60,
        "BisectBatchOnFunctionError": True,
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
    }
    assert rules_of(settings) == Rules(0, 60, bisects=True, reports=True)


def test_a_batch_is_tried_again_as_often_as_retries_say_and_then_given_up() -> None:
    work, calls = Work(0, 3), 0
    while True:
        calls += 1
        step = failed(LIMITED, work)
        if step.given_up is not None:
            break
        assert step.waits
        (work,) = step.works
        assert work.part == range(3)
    assert calls == 3
    assert (step.given_up.part, step.condition, step.works) == (range(3), Condition.RETRIES, ())


def test_without_a_bound_a_batch_is_tried_for_ever() -> None:
    assert failed(Rules(), Work(0, 1, failures=10_000)).given_up is None


def test_halves_are_tried_at_once_with_every_retry_before_them() -> None:
    step = failed(Rules(retries=0, bisects=True), Work(0, 5, request_id="a"))
    assert step == Next((Work(0, 2), Work(2, 5)))


def test_a_single_record_is_not_halved() -> None:
    assert failed(Rules(retries=0, bisects=True), Work(4, 5)).given_up == Work(4, 5, failures=1)


def test_what_was_done_in_front_of_the_first_failure_is_not_tried_again() -> None:
    assert failed(LIMITED, Work(0, 5, failures=2, request_id="a"), lowest=3) == Next((Work(3, 5),))


def test_a_failure_of_the_first_record_is_one_of_all() -> None:
    assert failed(LIMITED, Work(2, 5), lowest=2) == failed(LIMITED, Work(2, 5))


def test_a_repeated_call_keeps_its_request_id() -> None:
    (again,) = failed(LIMITED, Work(0, 2, request_id="a")).works
    assert again.request_id == "a"


def test_only_records_at_the_front_that_are_too_old_are_given_up() -> None:
    rules, arrived = Rules(age_s=60), [0.0, 10.0, 90.0, 5.0]
    step = too_old(rules, Work(0, 4, failures=1, calls=1), arrived, now_s=100.0)
    assert step is not None
    assert (step.given_up, step.condition) == (Work(0, 2, 1, 1), Condition.AGE)
    assert step.works == (Work(2, 4, 1, 1),)


def test_nothing_is_too_old_at_its_bound_or_without_one() -> None:
    assert too_old(Rules(age_s=60), Work(0, 1), [40.0], now_s=100.0) is None
    assert too_old(Rules(), Work(0, 1), [0.0], now_s=1e9) is None


def test_pauses_double_up_to_the_longest() -> None:
    assert [pause_s(failures, 0.25, 2.0) for failures in (0, 1, 2, 3, 4, 5, 10_000)] == [
        *(0.25, 0.25, 0.5, 1.0, 2.0, 2.0, 2.0)
    ]


@given(
    size=st.integers(1, 40),
    poison=st.sets(st.integers(0, 39)),
    retries=st.integers(0, 3),
    bisects=st.booleans(),
    names=st.booleans(),
)
def test_every_record_is_settled_once_and_in_order(
    size: int, poison: set[int], retries: int, bisects: bool, names: bool
) -> None:
    rules, works, settled, lost = Rules(retries, None, bisects, names), [Work(0, size)], [], []
    while works:
        work = works.pop(0)
        bad = [at for at in work.part if at in poison]
        if not bad:
            settled += work.part
            continue
        lowest = bad[0] if names else None
        settled += range(work.first, work.first if lowest is None else lowest)
        step = failed(rules, work, lowest)
        if step.given_up is not None:
            settled += step.given_up.part
            lost += step.given_up.part
        works[:0] = step.works
    assert settled == list(range(size))
    if bisects:
        assert set(lost) == {at for at in poison if at < size}
