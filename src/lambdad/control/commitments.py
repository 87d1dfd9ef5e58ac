"""The arithmetic of an account: what functions have of its concurrency, and whether more can be had.

What a function reserves is taken from the account whether it is used or not; what its versions are
provisioned with counts inside of it. Without a reservation, what is provisioned is taken from the account
itself. What is left, at least 100, is for everybody. Source: spec limits.md §1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from lambdad.domain.errors import InvalidParameter
from lambdad.domain.limits import MIN_UNRESERVED_CONCURRENCY
from lambdad.domain.reserved import RESERVED
from lambdad.domain.resource import Place
from lambdad.domain.scope import Scope
from lambdad.ports.catalogue_store import CatalogueStore

_AT_ONCE: Final = 1_000
"""Reservations that are read at once."""


@dataclass(frozen=True, slots=True)
class Commitments:
    """What the functions of one account and region have.

    Attributes:
        reserved: executions by name of function, of those with reserved concurrency.
        provisioned: executions by name of function, all its versions together.
    """

    reserved: Mapping[str, int]
    provisioned: Mapping[str, int]

    def total(self, *, but: str | None = None) -> int:
        """Executions taken from the account, without those of the function `but`."""
        reserved = sum(executions for name, executions in self.reserved.items() if name != but)
        return reserved + sum(
            executions
            for name, executions in self.provisioned.items()
            if name != but and name not in self.reserved
        )


async def committed(
    catalogue: CatalogueStore, scope: Scope, *, but: tuple[str, str] | None = None
) -> Commitments:
    """What is committed now.

    Args:
        catalogue: where it is read.
        scope: account and region.
        but: function and qualifier left out of what is provisioned, as it is to be changed.
    """
    provisioned = await catalogue.provisioned.totals(scope, but=but)
    return Commitments(await _reserved(catalogue, scope), provisioned)


def check_reservation(name: str, executions: int, now: Commitments, account_concurrency: int) -> None:
    """Refuse to reserve more than the account has to spare, or less than is provisioned.

    Raises:
        InvalidParameter: in AWS's words. Source: test_function_concurrency_limits, and localstack's
            test_reserved_provisioned_overlap, recorded from AWS, blanks included.
    """
    if account_concurrency - now.total(but=name) - executions < MIN_UNRESERVED_CONCURRENCY:
        raise InvalidParameter(
            "Specified ReservedConcurrentExecutions for function decreases account's "
            f"UnreservedConcurrentExecution below its minimum value of [{MIN_UNRESERVED_CONCURRENCY}]."
        )
    provisioned = now.provisioned.get(name, 0)
    if executions < provisioned:
        raise InvalidParameter(
            f" ReservedConcurrentExecutions  {executions} should not be lower than function's total "
            f"provisioned concurrency [{provisioned}]."
        )


async def _reserved(catalogue: CatalogueStore, scope: Scope) -> dict[str, int]:
    found: dict[str, int] = {}
    after: Place | None = None
    while True:
        page = await catalogue.resources.page(RESERVED, scope, function=None, after=after, limit=_AT_ONCE)
        found |= {one.place.function: one.value.executions for one in page}
        if len(page) < _AT_ONCE:
            return found
        after = page[-1].place
