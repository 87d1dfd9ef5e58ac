"""Which versions keep how many environments, from what versions and aliases ask for; pure.

A version keeps what it asks for itself, or the sum of what the aliases that point at it ask for. An alias
with weights has its number split by them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from lambdad.domain.alias import Alias
from lambdad.domain.arn import is_version
from lambdad.domain.provisioned import Allocation, ProvisionedConfig, ProvisionedStatus

Shares = Mapping[str, int]
"""Environments by version; none of them zero."""

_NOT_BEGUN = Allocation(ProvisionedStatus.IN_PROGRESS, 0)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for of one function.

    Attributes:
        configs: by qualifier.
        aliases: those of the qualifiers that are aliases, by name.
    """

    configs: Mapping[str, ProvisionedConfig]
    aliases: Mapping[str, Alias]

    def shares(self, qualifier: str) -> Shares:
        """What one qualifier's number means for versions; empty when it asks for nothing."""
        config = self.configs.get(qualifier)
        if config is None:
            return {}
        if is_version(qualifier):
            return {qualifier: config.requested}
        alias = self.aliases.get(qualifier)
        return {} if alias is None else split(config.requested, alias)

    @property
    def totals(self) -> Shares:
        """What each version keeps."""
        found: dict[str, int] = {}
        for qualifier in self.configs:
            for version, count in self.shares(qualifier).items():
                found[version] = found.get(version, 0) + count
        return found

    def points_at(self, version: str) -> bool:
        """Whether an alias that asks for environments points at a version."""
        return any(version in (alias.version, *alias.weights) for alias in self.aliases.values())


def split(requested: int, alias: Alias) -> Shares:
    """A number of environments by the weights of an alias; a version that has traffic has one if it can."""
    shares = {alias.version: requested}
    for other, weight in alias.weights.items():
        count = math.floor(requested * weight + 0.5)
        if 0 < weight < 1 and requested > 1:
            count = min(max(count, 1), requested - 1)
        shares = {alias.version: requested - count, other: count}
    return {version: count for version, count in shares.items() if count}


def combined(shares: Shares, totals: Shares, allocation: Callable[[str], Allocation | None]) -> Allocation:
    """How far one qualifier has come, from how far its versions have.

    What several aliases keep of one version together is counted to each by its share.

    Args:
        shares: of the qualifier.
        totals: of all qualifiers of the function together.
        allocation: of a version; None when nothing has begun.
    """
    found = {version: allocation(version) or _NOT_BEGUN for version in shares}
    initialised = sum(
        min(shares[version], one.initialised * shares[version] // totals[version])
        for version, one in found.items()
    )
    statuses = {one.status for one in found.values()}
    failed = next((one for one in found.values() if one.status is ProvisionedStatus.FAILED), None)
    if failed is not None:
        return Allocation(ProvisionedStatus.FAILED, initialised, failed.reason)
    is_ready = statuses == {ProvisionedStatus.READY}
    return Allocation(ProvisionedStatus.READY if is_ready else ProvisionedStatus.IN_PROGRESS, initialised)
