"""A schedule goes by its expression of today, whatever one of its name did before."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest

from lambdad.neighbours.companion.program.lambdad_companion.hooks import HookMoved, Hooks
from lambdad.neighbours.companion.program.lambdad_companion.schedules import add, begin_anew

KEY = ("000000000000", "us-east-1", "default/nightly")
NIGHTLY = {"ScheduleExpression": "cron(0 2 * * ? *)", "CreationDate": 1}
NOW = 1_000.0


def fired_after(before: dict[str, Any] | None, after: dict[str, Any] | None) -> dict[Any, float]:
    """What is remembered of a schedule that fired at 500 s, was `before` and is `after`; None is none."""
    seen: dict[Any, tuple[Any, Any]] = {}
    begin_anew({} if before is None else {KEY: before}, seen, {}, 400.0)
    fired = {KEY: 500.0}
    begin_anew({} if after is None else {KEY: after}, seen, fired, NOW)
    return fired


@pytest.mark.parametrize("other", ["at(2026-11-27T02:00:00)", "cron(0 3 * * ? *)"])
def test_a_schedule_that_has_another_expression_has_not_fired(other: str) -> None:
    assert fired_after(NIGHTLY, NIGHTLY | {"ScheduleExpression": other}) == {}


def test_a_rate_counts_from_the_change() -> None:
    assert fired_after(NIGHTLY, NIGHTLY | {"ScheduleExpression": "rate(1 day)"}) == {KEY: NOW}


def test_a_schedule_that_was_deleted_or_made_again_has_not_fired() -> None:
    once = {"ScheduleExpression": "at(2026-11-27T02:00:00)", "CreationDate": 1}
    assert fired_after(once, None) == {}
    assert fired_after(once, once | {"CreationDate": 2}) == {}


def test_a_schedule_that_is_as_before_or_was_never_seen_keeps_what_it_did() -> None:
    assert fired_after(NIGHTLY, NIGHTLY | {"Description": "other"}) == {KEY: 500.0}
    assert fired_after(None, NIGHTLY) == {KEY: 500.0}


def test_ministack_without_what_is_replaced_has_moved() -> None:
    hooks = Hooks()
    add(hooks)
    [hook] = hooks._waiting["ministack.services.scheduler"]
    module = ModuleType("ministack.services.scheduler")
    with pytest.raises(HookMoved, match="has no _SCHEDULE_TICK_INTERVAL"):
        hook(module)
    vars(module)["_SCHEDULE_TICK_INTERVAL"] = 10
    with pytest.raises(HookMoved, match="has no _schedule_last_fired"):
        hook(module)
