"""What the settings say exists around lambdad, as the values that the control plane looks things up in."""

from __future__ import annotations

from lambdad.domain.network import Network, Vpc
from lambdad.settings import Settings


def network_of(settings: Settings) -> Network:
    """The subnets and security groups that functions may name."""
    return Network(
        tuple(Vpc(vpc_id, names.subnets, names.security_groups) for vpc_id, names in settings.vpcs.items())
    )
