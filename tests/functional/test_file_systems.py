"""File systems on a real server: directories of the host that stand for access points."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from calling import call, started

from tests.running import Server

POINT = "arn:aws:elasticfilesystem:us-east-1:000000000000:access-point/fsap-0123456789abcdef0"
GONE = POINT[:-1] + "1"
VPC = {"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"]}
APP = """
import os
def handler(event, context):
    path = event["path"]
    if "text" in event:
        with open(path, "a") as file:
            file.write(event["text"])
    with open(path) as file:
        return file.read()
"""


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("shared")
    if os.geteuid() == 0:
        os.chown(directory, 54_321, 54_321)
    return directory


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, shared: Path) -> Iterator[Server]:
    place = tmp_path_factory.mktemp("server")
    (place / "lambdad.toml").write_text(
        "[vpcs.vpc-1]\nsubnets = ['subnet-1']\nsecurity_groups = ['sg-1']\n"
        f"[file_systems]\n'{POINT}' = '{shared}'\n'{GONE}' = '{shared}-gone'\n"
    )
    with started(place / "data", env={"LAMBDAD_CONFIG": str(place / "lambdad.toml")}) as made:
        yield made


def mounted(path: str, arn: str = POINT) -> dict[str, Any]:
    return {"VpcConfig": VPC, "FileSystemConfigs": [{"Arn": arn, "LocalMountPath": path}]}


@pytest.mark.root
def test_functions_share_what_they_write_and_the_host_sees_it(server: Server, shared: Path) -> None:
    one = server.function({"app.py": APP}, **mounted("/mnt/one"))
    other = server.function({"app.py": APP}, **mounted("/mnt/other"))
    assert call(server, one, {"path": "/mnt/one/f", "text": "a"}).body == "a"
    assert call(server, other, {"path": "/mnt/other/f", "text": "b"}).body == "ab"
    assert (shared / "f").read_text() == "ab"
    assert (shared / "f").stat().st_uid == shared.stat().st_uid
    none = server.function({"app.py": APP})
    assert call(server, none, {"path": "/mnt/one/f"}).body["errorType"] == "FileNotFoundError"


@pytest.mark.root
def test_an_update_moves_and_removes_it(server: Server) -> None:
    name = server.function({"app.py": APP}, **mounted("/mnt/here"))
    assert call(server, name, {"path": "/mnt/here/moved", "text": "x"}).body == "x"
    client = server.client()
    for changed, path, found in (
        (mounted("/mnt/there"), "/mnt/there/moved", True),
        ({"FileSystemConfigs": []}, "/mnt/there/moved", False),
    ):
        client.update_function_configuration(FunctionName=name, **changed)
        client.get_waiter("function_updated_v2").wait(FunctionName=name, WaiterConfig={"Delay": 0.1})
        answer = call(server, name, {"path": path})
        assert (answer.error is None) == found, answer


def test_a_directory_that_is_gone_is_told_in_a_modelled_error(server: Server) -> None:
    name = server.function({"app.py": APP}, **mounted("/mnt/data", GONE))
    with pytest.raises(ClientError) as caught:
        call(server, name, {"path": "/mnt/data/f"})
    error = caught.value.response
    assert error["Error"]["Code"] == "EFSMountFailureException"
    assert error["ResponseMetadata"]["HTTPStatusCode"] == 403
    assert f"{GONE} cannot be mounted" in error["Error"]["Message"]
