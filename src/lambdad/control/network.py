"""`VpcConfig`: what a request names must exist and belong together; then it is kept and answered; pure.

Source: Function test_vpc_config, test_invalid_vpc_config_subnet, test_invalid_vpc_config_security_group; of
several that do not exist EC2 speaks in the plural; "SubnetIds and SecurityIds must coexist …" and "Security
Groups are required to be in the same VPC." as users report them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lambdad.domain.errors import InvalidParameter
from lambdad.domain.network import Network

Params = dict[str, Any]


def with_network(params: Params, network: Network) -> Params:
    """The parameters of a request with `VpcConfig` in the form in which answers have it.

    An empty one is what a function without a network has that was given one before.

    Raises:
        InvalidParameter: in AWS's words.
    """
    given = params.get("VpcConfig")
    if not given:
        return params
    subnets, groups = given.get("SubnetIds") or [], given.get("SecurityGroupIds") or []
    if bool(subnets) != bool(groups):
        raise InvalidParameter("SubnetIds and SecurityIds must coexist or be both empty list.")
    return params | {
        "VpcConfig": {
            "SubnetIds": list(subnets),
            "SecurityGroupIds": list(groups),
            "VpcId": _vpc_of(subnets, groups, network) if subnets else "",
            "Ipv6AllowedForDualStack": bool(subnets and given.get("Ipv6AllowedForDualStack")),
        }
    }


def _vpc_of(subnets: Sequence[str], groups: Sequence[str], network: Network) -> str:
    of_subnets = _found(
        subnets, network.subnets, "DescribeSubnets", "InvalidSubnetID.NotFound", ("subnet ID", "subnet IDs")
    )
    if len(of_subnets) > 1:
        raise InvalidParameter("Subnets are required to be in the same VPC.")
    of_groups = _found(
        groups,
        network.security_groups,
        "DescribeSecurityGroups",
        "InvalidGroup.NotFound",
        ("security group", "security groups"),
    )
    if of_groups != of_subnets:
        raise InvalidParameter("Security Groups are required to be in the same VPC.")
    return of_subnets.pop()


def _found(
    names: Sequence[str], known: Mapping[str, str], call: str, code: str, nouns: tuple[str, str]
) -> set[str]:
    """The VPCs of what is named; `nouns` are singular and plural."""
    missing = [name for name in names if name not in known]
    if missing:
        noun, verb = (nouns[0], "does") if len(missing) == 1 else (nouns[1], "do")
        raise InvalidParameter(
            f"Error occurred while {call}. EC2 Error Code: {code}. "
            f"EC2 Error Message: The {noun} '{', '.join(missing)}' {verb} not exist"
        )
    return {known[name] for name in names}
