"""FileSystemConfigs as the API sees it."""

from __future__ import annotations

from typing import Any

import pytest

from lambdad.domain.errors import InvalidParameter, NotOffered

pytestmark = pytest.mark.asyncio
POINT = "arn:aws:elasticfilesystem:eu-central-1:111111111111:access-point/fsap-0123456789abcdef0"
VPC = {"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"]}
NO_VPC: dict[str, list[str]] = {"SubnetIds": [], "SecurityGroupIds": []}


def mounted(path: str = "/mnt/data", arn: str = POINT) -> list[dict[str, Any]]:
    return [{"Arn": arn, "LocalMountPath": path}]


async def update(control: Any, **given: Any) -> dict[str, Any]:
    await control.settle()
    updated: dict[str, Any] = await control.ask("UpdateFunctionConfiguration", FunctionName="fn", **given)
    return updated


async def test_a_file_system_is_kept_moved_and_taken_away(control: Any) -> None:
    made = await control.create(VpcConfig=VPC, FileSystemConfigs=mounted())
    assert made["FileSystemConfigs"] == mounted()
    assert (await update(control, Timeout=5))["FileSystemConfigs"] == mounted()
    moved = await update(control, FileSystemConfigs=mounted("/mnt/other"))
    assert moved["FileSystemConfigs"] == mounted("/mnt/other")
    assert "FileSystemConfigs" not in await update(control, FileSystemConfigs=[])


async def test_it_needs_a_network(control: Any) -> None:
    text = f"Function must be configured to execute in a VPC to reference access point {POINT}. Please"
    with pytest.raises(InvalidParameter, match=text):
        await control.create(FileSystemConfigs=mounted())
    with pytest.raises(InvalidParameter, match=text):
        await control.create(FileSystemConfigs=mounted(), VpcConfig=NO_VPC)
    await control.create(VpcConfig=VPC, FileSystemConfigs=mounted())
    with pytest.raises(InvalidParameter, match=text):
        await update(control, VpcConfig=NO_VPC)
    await update(control, VpcConfig=NO_VPC, FileSystemConfigs=[])


@pytest.mark.parametrize(
    "arn", [POINT[:-1] + "1", POINT.replace("111111111111", "222222222222")], ids=["unknown", "foreign"]
)
async def test_an_access_point_must_exist_in_the_account(control: Any, arn: str) -> None:
    with pytest.raises(InvalidParameter, match=f"The access point {arn} does not exist"):
        await control.create(VpcConfig=VPC, FileSystemConfigs=mounted(arn=arn))


@pytest.mark.parametrize("path", ["/mnt/.", "/mnt/.."])
async def test_it_is_mounted_below_mnt_and_nowhere_else(control: Any, path: str) -> None:
    with pytest.raises(InvalidParameter, match="is not a place to mount at"):
        await control.create(VpcConfig=VPC, FileSystemConfigs=mounted(path))


async def test_snap_start_excludes_it(control: Any) -> None:
    snap = {"ApplyOn": "PublishedVersions"}
    with pytest.raises(InvalidParameter, match="not supported for SnapStart enabled functions"):
        await control.create(VpcConfig=VPC, FileSystemConfigs=mounted(), SnapStart=snap)


async def test_files_in_s3_are_not_offered(control: Any) -> None:
    given = [mounted()[0] | {"S3FilesConfig": {"DirectS3Read": "ENABLED"}}]
    with pytest.raises(NotOffered, match="file systems in S3 are not offered by lambdad yet"):
        await control.create(VpcConfig=VPC, FileSystemConfigs=given)
