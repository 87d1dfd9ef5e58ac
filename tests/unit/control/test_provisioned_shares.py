"""How many environments each version keeps, and how far that is for each who asks."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdad.control.provisioned_shares import Wanted, combined, split
from lambdad.domain.alias import Alias
from lambdad.domain.provisioned import Allocation, ProvisionedConfig, ProvisionedStatus
from lambdad.domain.scope import Scope

READY, IN_PROGRESS, FAILED = ProvisionedStatus.READY, ProvisionedStatus.IN_PROGRESS, ProvisionedStatus.FAILED


def alias(name: str = "live", version: str = "1", **weights: float) -> Alias:
    return Alias(name, version, "", "r", weights)


def wanted(*aliases: Alias, **requested: int) -> Wanted:
    configs = {q: ProvisionedConfig(Scope(), "f", q, count, "then") for q, count in requested.items()}
    return Wanted(configs, {one.name: one for one in aliases})


@pytest.mark.parametrize(
    ("requested", "weight", "shares"),
    [
        (10, 0.2, {"1": 8, "2": 2}),
        (10, 0.0, {"1": 10}),
        (10, 1.0, {"2": 10}),
        (10, 0.01, {"1": 9, "2": 1}),
        (10, 0.99, {"1": 1, "2": 9}),
        (2, 0.3, {"1": 1, "2": 1}),
        (1, 0.3, {"1": 1}),
        (1, 0.5, {"2": 1}),
        (3, 0.5, {"1": 1, "2": 2}),
    ],
)
def test_a_number_is_split_by_weight_and_whoever_has_traffic_has_one(
    requested: int, weight: float, shares: dict[str, int]
):
    assert split(requested, alias(**{"2": weight})) == shares


@given(st.integers(1, 900), st.floats(0, 1))
def test_nothing_is_lost_by_splitting(requested: int, weight: float):
    shares = split(requested, alias(**{"2": weight}))
    assert sum(shares.values()) == requested
    assert all(count > 0 for count in shares.values())


def test_two_aliases_on_one_version_add_up():
    both = wanted(alias("a", "1"), alias("b", "2", **{"1": 0.5}), a=3, b=4)
    assert both.totals == {"1": 5, "2": 2}
    assert both.points_at("1")
    assert both.points_at("2")
    assert not both.points_at("3")


def test_an_alias_that_is_gone_asks_for_nothing():
    assert wanted(live=3, **{"1": 2}).totals == {"1": 2}


@pytest.mark.parametrize(
    ("one", "two", "found"),
    [
        (Allocation(READY, 8), Allocation(READY, 2), Allocation(READY, 10)),
        (Allocation(READY, 8), Allocation(IN_PROGRESS, 1), Allocation(IN_PROGRESS, 9)),
        (Allocation(READY, 8), None, Allocation(IN_PROGRESS, 8)),
        (Allocation(FAILED, 0, "why"), Allocation(IN_PROGRESS, 1), Allocation(FAILED, 1, "why")),
    ],
)
def test_a_split_number_is_as_far_as_both_of_its_versions(
    one: Allocation, two: Allocation | None, found: Allocation
):
    shares = {"1": 8, "2": 2}
    assert combined(shares, shares, {"1": one, "2": two}.get) == found


@given(st.integers(1, 50), st.integers(1, 50), st.data())
def test_what_is_kept_together_is_not_counted_twice(own: int, others: int, data: st.DataObject):
    there = data.draw(st.integers(0, own + others))
    status = READY if there == own + others else IN_PROGRESS

    def far(share: int) -> int:
        return combined({"1": share}, {"1": own + others}, lambda _: Allocation(status, there)).initialised

    assert far(own) + far(others) <= there
    if status is READY:
        assert (far(own), far(others)) == (own, others)
