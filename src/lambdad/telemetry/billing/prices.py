"""The price list: a file of numbers, read exactly.

Before: the list that comes with lambdad, or an operator's own. After: `bill`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

from lambdad.domain.errors import LambdadError

OURS = Path(__file__).with_name("prices.toml")
_MILLION = 1_000_000


class _Wrong(ValueError):
    """What stands in the file is not what must stand there."""


class PricesUnreadable(LambdadError):
    """The price list cannot be read; `str(error)` says where and why."""


@dataclass(frozen=True, slots=True)
class Step:
    """A price that holds up to a quantity of a month; `up_to` is None for the last one."""

    price: Fraction
    up_to: Fraction | None = None


@dataclass(frozen=True, slots=True)
class FreeTier:
    """What costs nothing each month."""

    requests: Fraction
    gb_s: Fraction
    streamed_gb: Fraction


@dataclass(frozen=True, slots=True)
class Prices:
    """A price list.

    Attributes:
        duration: on demand, by architecture, for each GB-second.
        allocated: of provisioned concurrency, by architecture, for each GB-second.
        provisioned: duration in provisioned environments, by architecture, for each GB-second.
    """

    name: str
    currency: str
    request: Fraction
    duration: Mapping[str, Sequence[Step]]
    allocated: Mapping[str, Fraction]
    provisioned: Mapping[str, Fraction]
    storage_gb_s: Fraction
    streamed_gb: Fraction
    kept_gb_s: Fraction
    restored_gb: Fraction
    free: FreeTier


def read_prices(path: Path = OURS) -> Prices:
    """Read a price list.

    Raises:
        PricesUnreadable: it is not there, no TOML, or lacks something.
    """
    try:
        found = tomllib.loads(path.read_text("utf-8"), parse_float=Decimal)
        return _prices(_Table(found, ""))
    except (OSError, ValueError) as error:
        raise PricesUnreadable(f"price list {path}: {error}") from error


def _prices(table: _Table) -> Prices:
    duration, provisioned = table.table("duration"), table.table("provisioned")
    free = table.table("free_tier")
    return Prices(
        table.text("name"),
        table.text("currency"),
        table.number("requests_per_million") / _MILLION,
        {name: _steps(duration.tables(name)) for name in duration.names},
        {name: provisioned.table(name).number("allocated_gb_s") for name in provisioned.names},
        {name: provisioned.table(name).number("duration_gb_s") for name in provisioned.names},
        table.table("storage").number("gb_s"),
        table.table("streaming").number("gb"),
        table.table("snapshots").number("kept_gb_s"),
        table.table("snapshots").number("restored_gb"),
        FreeTier(free.number("requests"), free.number("gb_s"), free.number("streamed_gb")),
    )


def _steps(tables: Sequence[_Table]) -> tuple[Step, ...]:
    *earlier, last = tables
    steps = [Step(table.number("price"), table.number("up_to_gb_s")) for table in earlier]
    bounds = [step.up_to for step in steps if step.up_to is not None]
    if bounds != sorted(set(bounds)):
        raise _Wrong(f"the bounds of {last.place} do not rise")
    return (*steps, Step(last.number("price")))


class _Table:
    """A table of the file, and where it stands."""

    def __init__(self, values: Mapping[str, object], place: str) -> None:
        self._values = values
        self.place = place

    @property
    def names(self) -> list[str]:
        return list(self._values)

    def text(self, name: str) -> str:
        value = self._values.get(name)
        if not isinstance(value, str):
            raise _Wrong(f"{self.place}{name} must be a text")
        return value

    def number(self, name: str) -> Fraction:
        value = self._values.get(name)
        if isinstance(value, bool) or not isinstance(value, int | Decimal) or not 0 <= value < 10**15:
            raise _Wrong(f"{self.place}{name} must be a number, not negative")
        return Fraction(value)

    def table(self, name: str) -> _Table:
        value = self._values.get(name)
        if not isinstance(value, dict):
            raise _Wrong(f"{self.place}{name} must be a table")
        return _Table(value, f"{self.place}{name}.")

    def tables(self, name: str) -> list[_Table]:
        value = self._values.get(name)
        if not isinstance(value, list) or not value or not all(isinstance(one, dict) for one in value):
            raise _Wrong(f"{self.place}{name} must be a list of tables")
        return [_Table(one, f"{self.place}{name}.") for one in value]
