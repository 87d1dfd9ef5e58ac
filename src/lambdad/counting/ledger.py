"""Every quota there is: one per account and region, and one per version with provisioned concurrency."""

from __future__ import annotations

from lambdad.counting.leases import Quota
from lambdad.counting.provisioned_quota import ProvisionedQuota
from lambdad.domain.function import FunctionVersion
from lambdad.domain.limits import ACCOUNT_CONCURRENCY
from lambdad.domain.scope import Scope

_Version = tuple[Scope, str, str]


class Ledger:
    """The quotas of every account and region seen."""

    def __init__(self, account_limit: int = ACCOUNT_CONCURRENCY) -> None:
        self._account_limit = account_limit
        self._quotas: dict[Scope, Quota] = {}
        self._provided: dict[_Version, ProvisionedQuota] = {}

    def quota(self, scope: Scope) -> Quota:
        """The scope's quota; the same object every time."""
        quota = self._quotas.get(scope)
        if quota is None:
            quota = self._quotas[scope] = Quota(self._account_limit)
        return quota

    def quota_of(self, version: FunctionVersion) -> Quota:
        """The quota that a version's invocations count against."""
        return self._provided.get(_key(version)) or self.quota(version.scope)

    def provide(self, version: FunctionVersion, limit: int) -> None:
        """So much of what the scope shares is the version's own from now on."""
        shared = self.quota(version.scope)
        own = self._provided.get(_key(version))
        if own is None:
            own = self._provided[_key(version)] = ProvisionedQuota(0, shared)
        shared.limit -= limit - own.limit
        own.limit = limit

    def withdraw(self, version: FunctionVersion) -> None:
        """A version has nothing of its own any more; what is out is given back all the same."""
        own = self._provided.pop(_key(version), None)
        if own is not None:
            self.quota(version.scope).limit += own.limit
            own.limit = 0  # invocations that hold a lease of it still run


def _key(version: FunctionVersion) -> _Version:
    return version.scope, version.name, version.version
