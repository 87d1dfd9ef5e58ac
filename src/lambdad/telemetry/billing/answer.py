"""The bill as it is answered: numbers of JSON, grouped as asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Final

from lambdad.domain.errors import InvalidParameter
from lambdad.domain.usage import Usage
from lambdad.telemetry.billing.bill import UNITS, Bill, Charge, Group, Line, bill
from lambdad.telemetry.billing.prices import OURS, read_prices

_NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "function": ("region", "function"),
    "version": ("region", "function", "version"),
    "day": ("day",),
    "function-day": ("day", "region", "function"),
}
"""The members of a line that say what it is about, by what lines are about."""
_DIGITS: Final = 10

Tags = Mapping[tuple[str, str], str]
"""Of one key, by region and function."""


def answer(usages: Sequence[Usage], price_file: Path | None, by: str, tags: Tags | None) -> dict[str, object]:
    """Price usage.

    Args:
        usages: of one account.
        price_file: None for the list that comes with lambdad.
        by: what lines are about.
        tags: the values of a tag, when lines are about these.

    Raises:
        InvalidParameter: nobody knows how to group by that.
        PricesUnreadable: see `read_prices`.
    """
    prices = read_prices(price_file or OURS)
    names, group = _grouping(by, tags)
    found = bill(usages, prices, group)
    return {
        "prices": prices.name,
        "currency": prices.currency,
        "lines": [_line(names, line) for line in found.lines],
        "charges": _charges(found),
        "total": _number(found.total),
        "free_tier": _number(-found.free),
        "due": _number(found.due),
    }


def _grouping(by: str, tags: Tags | None) -> tuple[tuple[str, ...], Group]:
    if tags is not None:
        return ("tag",), lambda key: (tags.get((key.region, key.function), ""),)
    names = _NAMES.get(by)
    if names is None:
        raise InvalidParameter("by must be function, version, day, function-day or tag:KEY.")
    return names, lambda key: tuple(str(getattr(key, name)) for name in names)


def _line(names: Sequence[str], line: Line) -> Mapping[str, object]:
    items = line.items
    return {
        **dict(zip(names, line.name, strict=True)),
        "requests": int(items[Charge.REQUESTS].quantity),
        "gb_s": _number(items[Charge.DURATION].quantity + items[Charge.PROVISIONED].quantity),
        "charges": {charge.value: _number(item.cost) for charge, item in items.items() if item.quantity},
        "cost": _number(line.cost),
    }


def _charges(found: Bill) -> list[Mapping[str, object]]:
    return [
        {
            "charge": charge.value,
            "quantity": _number(item.quantity),
            "unit": UNITS[charge],
            "cost": _number(item.cost),
        }
        for charge, item in found.items.items()
        if item.quantity
    ]


def _number(exact: Fraction) -> float:
    return round(float(exact), _DIGITS)
