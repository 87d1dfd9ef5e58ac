"""The table `vpcs`: which subnets and security groups exist, for functions that name some."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from lambdad.settings import reading
from lambdad.settings.reading import SettingsError

MAX_VPCS = 100
MAX_NAMES_OF_VPC = 1_000
"""Subnets, and security groups, of one VPC; more is a mistake in the file rather than a network."""

_VPC = re.compile(r"vpc-[0-9a-z]{1,32}")
_SUBNET = re.compile(r"subnet-[0-9a-z]{1,32}")
_SECURITY_GROUP = re.compile(r"sg-[0-9a-zA-Z]{1,32}")


@dataclass(frozen=True, slots=True)
class VpcNames:
    """What exists in one VPC, by id."""

    subnets: tuple[str, ...]
    security_groups: tuple[str, ...]


def vpcs(place: str, raw: object) -> Mapping[str, VpcNames]:
    """The table of VPCs by id.

    Raises:
        SettingsError: not such a table, an id that is none, too many, or one id in two VPCs.
    """
    if not isinstance(raw, dict) or len(raw) > MAX_VPCS:
        raise SettingsError(f"{place} must be a table of at most {MAX_VPCS} VPCs")
    found = {}
    taken: set[str] = set()
    for vpc_id, table in raw.items():
        if not _VPC.fullmatch(vpc_id) or not isinstance(table, dict):
            raise SettingsError(f"{place}.{vpc_id} must be a table [vpcs.vpc-…]")
        if unknown := sorted(set(table) - {"subnets", "security_groups"}):
            raise SettingsError(f"{place}.{vpc_id}.{unknown[0]} is not known; use subnets, security_groups")
        names = VpcNames(
            _ids(f"{place}.{vpc_id}.subnets", table.get("subnets", []), _SUBNET),
            _ids(f"{place}.{vpc_id}.security_groups", table.get("security_groups", []), _SECURITY_GROUP),
        )
        if twice := sorted(taken & {*names.subnets, *names.security_groups}):
            raise SettingsError(f"{place}: {twice[0]} is in two VPCs")
        taken |= {*names.subnets, *names.security_groups}
        found[vpc_id] = names
    return found


def _ids(place: str, raw: object, pattern: re.Pattern[str]) -> tuple[str, ...]:
    ids = reading.words(place, raw)
    if len(ids) > MAX_NAMES_OF_VPC:
        raise SettingsError(f"{place} must be a list of at most {MAX_NAMES_OF_VPC} ids")
    if wrong := [name for name in ids if not pattern.fullmatch(name)]:
        raise SettingsError(f"{place}: {wrong[0]!r} is no id of the form {pattern.pattern}")
    return ids
