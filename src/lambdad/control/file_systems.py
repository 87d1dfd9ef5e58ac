"""`FileSystemConfigs`: what a request names must exist and go with the rest of the function; pure.

Source: "Function must be configured to execute in a VPC to reference access point …" as users report it
(aws-cloudformation/cfn-lint #4408); SnapStart: AWS's page "Improving startup performance with Lambda
SnapStart". The words for access points that do not exist, and for `/mnt/..`, are lambdad's own.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from lambdad.domain.errors import InvalidParameter, NotOffered
from lambdad.domain.file_systems import FileSystem
from lambdad.domain.function import FunctionVersion
from lambdad.domain.scope import Scope


def file_systems_of(
    params: Mapping[str, Any], scope: Scope, access_points: Collection[str]
) -> tuple[FileSystem, ...] | None:
    """What a request asks for; None when it says nothing.

    Args:
        params: of the request.
        scope: an access point of another one is out of reach.
        access_points: the ARNs of those that exist.

    Raises:
        InvalidParameter: no such access point, or no place to mount at.
        NotOffered: direct reading from S3.
    """
    given = params.get("FileSystemConfigs")
    if given is None:
        return None
    return tuple(_file_system(one, scope, access_points) for one in given)


def check_file_systems(version: FunctionVersion) -> None:
    """Refuse file systems without a VPC, or with SnapStart.

    Raises:
        InvalidParameter: in AWS's words.
    """
    if not version.file_systems:
        return
    network = version.echoed.get("VpcConfig")
    if not (isinstance(network, Mapping) and network.get("VpcId")):
        raise InvalidParameter(
            "Function must be configured to execute in a VPC to reference access point "
            f"{version.file_systems[0].arn}. Please update the function configuration to include VPC subnets "
            "and security groups."
        )
    if version.snap_start_apply_on == "PublishedVersions":
        raise InvalidParameter("FileSystemConfigs is not supported for SnapStart enabled functions.")


def _file_system(given: Mapping[str, Any], scope: Scope, access_points: Collection[str]) -> FileSystem:
    arn: str = given["Arn"]
    if given.get("S3FilesConfig"):
        raise NotOffered("S3FilesConfig: file systems in S3 are not offered by lambdad yet.")
    if arn not in access_points or arn.split(":")[3:5] != [scope.region, scope.account]:
        raise InvalidParameter(f"The access point {arn} does not exist: list it in [file_systems].")
    made = FileSystem(arn, given["LocalMountPath"])
    if made.name in {".", ".."}:
        raise InvalidParameter(f"{made.mount_path} is not a place to mount at.")
    return made
