"""What `GET /lambdad/v1/bill` answers: what AWS would have charged the caller's account; beyond AWS.

What prices it is imported when somebody asks, so that a server starts without it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

from lambdad.domain.errors import InvalidParameter
from lambdad.domain.http import Request
from lambdad.domain.scope import Scope
from lambdad.domain.usage import Usage
from lambdad.edge.operations import Operation
from lambdad.ports.catalogue_store import CatalogueStore
from lambdad.ports.clock import Clock
from lambdad.ports.usage_store import UsageStore

_TAG: Final = "tag:"


@dataclass(frozen=True, slots=True)
class BillOperation:
    """The handler.

    Attributes:
        settle: has everything that was measured until now handed to `usage`.
        price_file: None for the list that comes with lambdad.
    """

    usage: UsageStore
    settle: Callable[[], Awaitable[None]]
    catalogue: CatalogueStore
    price_file: Path | None
    clock: Clock

    @property
    def operations(self) -> Mapping[str, Operation]:
        """The handler by ``METHOD name``."""
        return {"GET bill": self.show}

    async def show(self, request: Request) -> Mapping[str, object]:
        """The bill of the caller's account for some days, in every region."""
        from lambdad.telemetry.billing.answer import answer

        query, account = dict(request.query), request.caller.scope.account
        today = datetime.fromtimestamp(self.clock.now(), UTC).date()
        since = _day(query, "since", today.replace(day=1))
        until = _day(query, "until", today)
        if since > until:
            raise InvalidParameter(f"since ({since}) is after until ({until}).")
        by = query.get("by", "function")
        await self.settle()
        await self.usage.flush()
        usages = await self.usage.read(account, since=since.isoformat(), until=until.isoformat())
        tag = by.removeprefix(_TAG) if by.startswith(_TAG) else ""
        tags = await self._tags(tag, usages) if tag else None
        about = {"account": account, "since": since.isoformat(), "until": until.isoformat(), "by": by}
        return {**about, **answer(usages, self.price_file, by, tags)}

    async def _tags(self, tag: str, usages: Sequence[Usage]) -> dict[tuple[str, str], str]:
        """The value that each function has of a tag now; empty without it, and when the function is gone."""
        functions = {(key.account, key.region, key.function) for key, _ in usages}
        return {
            (region, function): (await self.catalogue.read_tags(Scope(account, region), function)).get(
                tag, ""
            )
            for account, region, function in sorted(functions)
        }


def _day(query: Mapping[str, str], name: str, default: date) -> date:
    """A day of the query.

    Raises:
        InvalidParameter: it is none.
    """
    given = query.get(name)
    if given is None:
        return default
    try:
        return date.fromisoformat(given)
    except ValueError:
        raise InvalidParameter(f"{name} must be a day like 2026-11-27.") from None
