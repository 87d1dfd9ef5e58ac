"""How many calls a queue gets at once, over time."""

from __future__ import annotations

import pytest

from lambdad.sources.scaling import begun, found, growth_of, looked, throttled

PLAIN = growth_of({})
CHOSEN = growth_of({"ScalingConfig": {"MaximumConcurrency": 3}})


def busy(growth, seconds, start=None):
    scale = start or begun(growth, 0.0)
    for _ in range(seconds):
        scale = looked(scale, growth, scale.looked_s + 1.0, all_busy=True)
    return scale


def test_it_begins_with_five():
    assert begun(PLAIN, 0.0).allowed == 5


def test_it_grows_by_three_hundred_a_minute_while_all_are_busy():
    assert busy(PLAIN, 1).allowed == 10
    assert busy(PLAIN, 60).allowed == 305


def test_it_stops_at_one_thousand_two_hundred_and_fifty():
    assert busy(PLAIN, 600).allowed == 1_250


def test_a_chosen_maximum_is_the_ceiling_from_the_beginning():
    assert begun(CHOSEN, 0.0).allowed == 3
    assert busy(CHOSEN, 60).allowed == 3
    assert busy(growth_of({"ScalingConfig": {"MaximumConcurrency": 8}}), 60).allowed == 8


def test_it_stays_while_messages_come_but_not_for_all():
    scale = busy(PLAIN, 2)
    scale = found(scale, PLAIN, 30.0)
    assert looked(scale, PLAIN, 31.0, all_busy=False).allowed == 15


def test_it_falls_to_two_when_the_queue_is_quiet_and_is_five_with_the_next_message():
    quiet = looked(busy(PLAIN, 2), PLAIN, 63.0, all_busy=False)
    assert quiet.allowed == 2
    assert found(quiet, PLAIN, 70.0).allowed == 5


def test_a_chosen_maximum_does_not_fall():
    growth = growth_of({"ScalingConfig": {"MaximumConcurrency": 10}})
    assert looked(begun(growth, 0.0), growth, 100.0, all_busy=False).allowed == 5


@pytest.mark.parametrize(("running", "allowed"), [(7, 7), (0, 2), (99, 15)])
def test_throttles_leave_what_runs(running, allowed):
    assert throttled(busy(PLAIN, 2), PLAIN, running).allowed == allowed


def test_provisioned_pollers_have_ten_calls_each_and_grow_faster():
    growth = growth_of({"ProvisionedPollerConfig": {"MinimumPollers": 2, "MaximumPollers": 20}})
    assert begun(growth, 0.0).allowed == 20
    assert busy(growth, 6).allowed == 120
    assert busy(growth, 600).allowed == 200
    assert looked(busy(growth, 6), growth, 1_000.0, all_busy=False).allowed == 20
