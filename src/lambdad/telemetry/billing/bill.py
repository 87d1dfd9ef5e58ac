"""What AWS would have charged for usage; pure, in exact numbers.

Prices that fall with quantity hold for a month, an account, a region and an architecture together, so each
line has its share of what all of them cost: lines always add up to the total. The free tier is taken off the
total of each account and month, not off lines: nobody can say whose requests were the free ones.

Source: AWS Lambda pricing page: tiers "applied to aggregate monthly duration of your functions running on the
same architecture, in the same region, within the account"; the free tier leaves out provisioned concurrency.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Final

from lambdad.domain.usage import Amounts, Usage, UsageKey
from lambdad.telemetry.billing.prices import Prices, Step

_MIB_MS: Final = 1024 * 1000
"""In a GB-second."""
_MIB: Final = 1024
_BYTES: Final = 2**30
_MONTH: Final = len("2026-11")


class Charge(StrEnum):
    """What is charged for."""

    REQUESTS = "requests"
    DURATION = "duration"
    ALLOCATED = "provisioned_concurrency"
    PROVISIONED = "provisioned_duration"
    STORAGE = "ephemeral_storage"
    STREAMING = "streaming"
    KEPT = "snapshots_kept"
    RESTORED = "snapshots_restored"


UNITS: Final[Mapping[Charge, str]] = {
    Charge.REQUESTS: "requests",
    Charge.DURATION: "GB-s",
    Charge.ALLOCATED: "GB-s",
    Charge.PROVISIONED: "GB-s",
    Charge.STORAGE: "GB-s",
    Charge.STREAMING: "GB",
    Charge.KEPT: "GB-s",
    Charge.RESTORED: "GB",
}


@dataclass(frozen=True, slots=True)
class Item:
    """How much of something, and what it costs."""

    quantity: Fraction = Fraction()
    cost: Fraction = Fraction()

    def plus(self, other: Item) -> Item:
        """Both together."""
        return Item(self.quantity + other.quantity, self.cost + other.cost)


Items = Mapping[Charge, Item]


@dataclass(frozen=True, slots=True)
class Line:
    """One group of usage.

    Attributes:
        name: as grouped.
        items: what it is charged for; nothing is left out.
    """

    name: tuple[str, ...]
    items: Items

    @property
    def cost(self) -> Fraction:
        """Of all of it."""
        return sum((item.cost for item in self.items.values()), Fraction())


@dataclass(frozen=True, slots=True)
class Bill:
    """Everything.

    Attributes:
        lines: the dearest first.
        items: of all lines together.
        free: what the free tier takes off.
    """

    lines: Sequence[Line]
    items: Items
    free: Fraction

    @property
    def total(self) -> Fraction:
        """Of all lines, at list prices."""
        return sum((item.cost for item in self.items.values()), Fraction())

    @property
    def due(self) -> Fraction:
        """What is left to pay."""
        return self.total - self.free


Group = Callable[[UsageKey], tuple[str, ...]]
_Charged = tuple[UsageKey, Items]


def bill(usages: Iterable[Usage], prices: Prices, group: Group) -> Bill:
    """Price usage.

    Args:
        usages: of whatever accounts and days.
        prices: the list.
        group: names the line that usage goes to.
    """
    charged = _charged(list(usages), prices)
    lines: defaultdict[tuple[str, ...], list[Items]] = defaultdict(list)
    for key, items in charged:
        lines[group(key)].append(items)
    found = [Line(name, _together(items)) for name, items in lines.items()]
    found.sort(key=lambda line: (-line.cost, line.name))
    return Bill(found, _together(line.items for line in found), _free(charged, prices))


def tiered(quantity: Fraction, steps: Sequence[Step]) -> Fraction:
    """What a quantity costs when the price changes on the way."""
    cost, begin = Fraction(), Fraction()
    for step in steps:
        end = quantity if step.up_to is None else min(quantity, step.up_to)
        cost += max(Fraction(), end - begin) * step.price
        begin = max(begin, end)
    return cost


def _charged(usages: Sequence[Usage], prices: Prices) -> list[_Charged]:
    """Each usage with what it costs."""
    quantities = [(key, _quantities(key, amounts)) for key, amounts in usages]
    together: defaultdict[tuple[str, ...], Fraction] = defaultdict(Fraction)
    for key, found in quantities:
        together[_pool(key)] += found[Charge.DURATION]
    rates = {
        pool: tiered(quantity, prices.duration.get(pool[-1], ())) / quantity
        for pool, quantity in together.items()
        if quantity
    }
    return [
        (key, _items(found, _rates(key, prices, rates.get(_pool(key), Fraction()))))
        for key, found in quantities
    ]


def _items(quantities: Mapping[Charge, Fraction], rates: Mapping[Charge, Fraction]) -> Items:
    return {charge: Item(quantity, quantity * rates[charge]) for charge, quantity in quantities.items()}


def _quantities(key: UsageKey, amounts: Amounts) -> dict[Charge, Fraction]:
    gb_s = Fraction(key.memory_mib, _MIB_MS)
    return {
        Charge.REQUESTS: Fraction(amounts.requests),
        Charge.DURATION: gb_s * amounts.billed_ms,
        Charge.ALLOCATED: gb_s * amounts.allocated_ms,
        Charge.PROVISIONED: gb_s * amounts.provisioned_ms,
        Charge.STORAGE: Fraction(amounts.storage_mib_ms, _MIB_MS),
        Charge.STREAMING: Fraction(amounts.streamed_bytes, _BYTES),
        Charge.KEPT: gb_s * amounts.cached_ms,
        Charge.RESTORED: Fraction(key.memory_mib, _MIB) * amounts.restores,
    }


def _rates(key: UsageKey, prices: Prices, duration: Fraction) -> Mapping[Charge, Fraction]:
    """What a unit costs; an architecture that the list does not know costs nothing."""
    return {
        Charge.REQUESTS: prices.request,
        Charge.DURATION: duration,
        Charge.ALLOCATED: prices.allocated.get(key.architecture, Fraction()),
        Charge.PROVISIONED: prices.provisioned.get(key.architecture, Fraction()),
        Charge.STORAGE: prices.storage_gb_s,
        Charge.STREAMING: prices.streamed_gb,
        Charge.KEPT: prices.kept_gb_s,
        Charge.RESTORED: prices.restored_gb,
    }


def _pool(key: UsageKey) -> tuple[str, ...]:
    """What has its prices by quantity together; the architecture comes last."""
    return key.account, key.region, key.day[:_MONTH], key.architecture


def _free(charged: Sequence[_Charged], prices: Prices) -> Fraction:
    """What the free tier of every account and month is worth."""
    by_month: defaultdict[tuple[str, str], list[Items]] = defaultdict(list)
    for key, items in charged:
        by_month[key.account, key.day[:_MONTH]].append(items)
    allowances = {
        Charge.REQUESTS: prices.free.requests,
        Charge.DURATION: prices.free.gb_s,
        Charge.STREAMING: prices.free.streamed_gb,
    }
    return sum(
        (
            _worth(items[charge], allowance)
            for items in map(_together, by_month.values())
            for charge, allowance in allowances.items()
        ),
        Fraction(),
    )


def _worth(item: Item, allowance: Fraction) -> Fraction:
    """What is free of something that costs the same throughout."""
    return item.cost if item.quantity <= allowance else item.cost * allowance / item.quantity


def _together(several: Iterable[Items]) -> dict[Charge, Item]:
    found = dict.fromkeys(Charge, Item())
    for items in several:
        for charge, item in items.items():
            found[charge] = found[charge].plus(item)
    return found
