"""Every quota there is: of accounts and regions, of functions, of versions with provisioned concurrency.

Together they never are more than the account's: what a function reserves or a version is provided with is
taken out of what the others share, used or not.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from weakref import WeakValueDictionary

from lambdad.counting.function_quota import FunctionQuota
from lambdad.counting.leases import (
    ACCOUNT_EXHAUSTED,
    ACCOUNT_RATE,
    RESERVED_EXHAUSTED,
    RESERVED_RATE,
    Leases,
    Quota,
)
from lambdad.counting.provisioned_quota import ProvisionedQuota
from lambdad.domain.function import FunctionVersion
from lambdad.domain.limits import ACCOUNT_CONCURRENCY
from lambdad.domain.scope import Scope

_Function = tuple[Scope, str]
_Version = tuple[Scope, str, str]


class Ledger:
    """The quotas of every account and region seen; implements `ports.reservations.Reservations`.

    Args:
        account_limit: concurrency of each account in each region.
        now: gives seconds of a clock that never jumps.
    """

    def __init__(
        self, account_limit: int = ACCOUNT_CONCURRENCY, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._account_limit = account_limit
        self._now = now
        self._quotas: dict[Scope, Quota] = {}
        self._reserved: dict[_Function, Quota] = {}
        # A function's are kept by the routes and running invocations that use them.
        self._functions: WeakValueDictionary[_Function, FunctionQuota] = WeakValueDictionary()
        self._provided: dict[_Version, ProvisionedQuota] = {}

    def quota(self, scope: Scope) -> Quota:
        """What functions without reserved concurrency share in a scope; the same object every time."""
        quota = self._quotas.get(scope)
        if quota is None:
            quota = self._quotas[scope] = Quota(
                self._account_limit, ACCOUNT_EXHAUSTED, ACCOUNT_RATE, self._now
            )
        return quota

    def quota_of(self, version: FunctionVersion) -> Leases:
        """The quota that a version's invocations count against; it follows what is reserved."""
        return self._provided.get(_key(version)) or self._function(version.scope, version.name)

    def running(self) -> list[tuple[Scope, str, int]]:
        """Leases that are out now, by function."""
        found = {key: quota.in_use for key, quota in self._functions.items()}
        for (scope, name, _), own in self._provided.items():
            found[scope, name] = found.get((scope, name), 0) + own.in_use
        return [(scope, name, count) for (scope, name), count in found.items()]

    def reserve(self, scope: Scope, name: str, limit: int | None) -> None:
        """A function has so many leases to itself from now on, and no others; None: it shares again."""
        shared, own, back = self.quota(scope), self._reserved.pop((scope, name), None), 0
        if own is not None:
            back = own.limit
        if limit is not None:
            own = own or Quota(0, RESERVED_EXHAUSTED, RESERVED_RATE, self._now)
            own.resize(limit - self._provided_to(scope, name))
            own.is_stopped = limit == 0
            back -= own.limit
            self._reserved[scope, name] = own
        shared.resize(shared.limit + back)
        if own is not None:
            self._function(scope, name).take_from(shared if limit is None else own)

    def provide(self, version: FunctionVersion, limit: int) -> None:
        """So much of what its function has, or the scope shares, is the version's own from now on."""
        own = self._provided.get(_key(version))
        if own is None:
            own = ProvisionedQuota(self._function(version.scope, version.name), self._now)
            self._provided[_key(version)] = own
        own.provide(limit)

    def withdraw(self, version: FunctionVersion) -> None:
        """A version has nothing of its own any more; what is out counts as its function's."""
        own = self._provided.pop(_key(version), None)
        if own is not None:
            own.provide(0)

    def _provided_to(self, scope: Scope, name: str) -> int:
        return sum(quota.limit for key, quota in self._provided.items() if key[:2] == (scope, name))

    def _function(self, scope: Scope, name: str) -> FunctionQuota:
        quota = self._functions.get((scope, name))
        if quota is None:
            quota = FunctionQuota(self._reserved.get((scope, name)) or self.quota(scope))
            self._functions[scope, name] = quota
        return quota


def _key(version: FunctionVersion) -> _Version:
    return version.scope, version.name, version.version
