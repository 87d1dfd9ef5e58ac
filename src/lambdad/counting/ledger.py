"""Every quota there is: of accounts and regions, of functions, of versions with provisioned concurrency.

Together they never are more than the account's: what a function reserves or a version is provided with is
taken out of what the others share, used or not.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
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
from lambdad.domain.measured import FunctionPeak, Peaks, ProvidedPeak, ScopePeak
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
        self._risen: list[FunctionQuota] = []  # with leases out since the last look

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
            own = ProvisionedQuota(self._function(version.scope, version.name), version, self._now)
            self._provided[_key(version)] = own
        own.provide(limit)

    def withdraw(self, version: FunctionVersion) -> None:
        """A version has nothing of its own any more; what is out counts as its function's."""
        own = self._provided.pop(_key(version), None)
        if own is not None:
            own.provide(0)

    def peaks(self) -> Peaks:
        """Most leases out at once since the last look; what has none and nothing allocated is left out.

        What is counted in several places is summed up, so it can be more than there ever was at one moment.
        """
        provided = tuple(ProvidedPeak(own.version, own.limit, own.look()) for own in self._provided.values())
        functions: Counter[_Function] = Counter()
        for version, _, most, _ in provided:
            functions[version.scope, version.name] += most
        risen = self._risen[:]
        self._risen.clear()
        for quota in risen:
            functions[quota.scope, quota.name] += quota.look()
        self._risen += [quota for quota in risen if quota.in_use]
        found = tuple(FunctionPeak(*name, most) for name, most in functions.items() if most)
        return Peaks((), found, self._scope_peaks(provided), provided)

    def _scope_peaks(self, provided: Sequence[ProvidedPeak]) -> tuple[ScopePeak, ...]:
        others: Counter[Scope] = Counter()
        for version, _, most, _ in provided:
            others[version.scope] += most
        for (scope, _name), quota in self._reserved.items():
            others[scope] += quota.look()
        found = []
        for scope, quota in self._quotas.items():
            unreserved, allocated = quota.look(), self._account_limit - quota.limit
            if unreserved or others[scope] or allocated:
                found.append(ScopePeak(scope, unreserved + others[scope], unreserved, allocated))
        return tuple(found)

    def _provided_to(self, scope: Scope, name: str) -> int:
        return sum(quota.limit for key, quota in self._provided.items() if key[:2] == (scope, name))

    def _function(self, scope: Scope, name: str) -> FunctionQuota:
        quota = self._functions.get((scope, name))
        if quota is None:
            source = self._reserved.get((scope, name)) or self.quota(scope)
            quota = FunctionQuota(source, scope, name, self._risen.append)
            self._functions[scope, name] = quota
        return quota


def _key(version: FunctionVersion) -> _Version:
    return version.scope, version.name, version.version
