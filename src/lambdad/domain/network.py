"""The virtual networks that functions may name: known by their ids, nothing more.

lambdad places no function in a network; which subnets and security groups exist is what `lambdad.toml` lists.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Vpc:
    """One virtual private cloud.

    Attributes:
        vpc_id: ``vpc-…``.
        subnets: their ids.
        security_groups: their ids.
    """

    vpc_id: str
    subnets: tuple[str, ...] = ()
    security_groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Network:
    """All that exist, in every account and region alike."""

    vpcs: tuple[Vpc, ...] = ()

    @property
    def subnets(self) -> Mapping[str, str]:
        """The VPC of each subnet."""
        return {subnet: vpc.vpc_id for vpc in self.vpcs for subnet in vpc.subnets}

    @property
    def security_groups(self) -> Mapping[str, str]:
        """The VPC of each security group."""
        return {group: vpc.vpc_id for vpc in self.vpcs for group in vpc.security_groups}
