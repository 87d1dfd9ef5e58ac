"""IAM and STS of a running server: roles of functions, restarts, backups and what shows secrets."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from lambdad.storage.files.key_file import KEY_FILE
from tests.running import ROLE, Server, start_server

TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "lambda.amazonaws.com", "AWS": "000000000000"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
)
SHOWS = "import os\ndef handler(event, context):\n    return {k: v for k, v in os.environ.items() if k.startswith('AWS_')}\n"


def invoke(server: Server, function: str) -> Any:
    answer = server.client().invoke(FunctionName=function)
    assert "FunctionError" not in answer
    return json.loads(answer["Payload"].read())


@pytest.fixture
def server(tmp_path: Path) -> Any:
    running = start_server(tmp_path / "data")
    yield running
    running.stop()


def test_a_role_that_is_there_and_one_that_is_not(server: Server):
    client = server.client("iam")
    client.create_role(RoleName="mine", AssumeRolePolicyDocument=TRUST)
    client.attach_role_policy(
        RoleName="mine", PolicyArn="arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
    )
    with_role = server.function({"app.py": SHOWS}, Role="arn:aws:iam::000000000000:role/mine")
    without = server.function({"app.py": SHOWS})
    found, other = invoke(server, with_role), invoke(server, without)
    assert found["AWS_ACCESS_KEY_ID"].startswith("ASIA")
    assert found["AWS_ACCESS_KEY_ID"] != other["AWS_ACCESS_KEY_ID"]
    assert client.get_role(RoleName="mine")["Role"]["RoleLastUsed"]["Region"] == "us-east-1"
    assert f"no role of IAM has the ARN {ROLE}" in server.log
    assert "role/mine" not in server.log
    for secret in (found["AWS_SECRET_ACCESS_KEY"], found["AWS_SESSION_TOKEN"]):
        assert secret not in server.log


def test_what_iam_keeps_is_there_after_a_restart_and_a_kill(tmp_path: Path):
    server = start_server(tmp_path / "data")
    server.client("iam").create_role(RoleName="mine", AssumeRolePolicyDocument=TRUST)
    server.kill()
    server = server.again()
    assert server.client("iam").get_role(RoleName="mine")["Role"]["RoleName"] == "mine"
    session = server.client("sts").assume_role(
        RoleArn="arn:aws:iam::000000000000:role/mine", RoleSessionName="ci"
    )
    assert session["AssumedRoleUser"]["Arn"] == "arn:aws:sts::000000000000:assumed-role/mine/ci"
    assert server.stop() == 0
    server = server.again()
    used = server.client("iam").get_role(RoleName="mine")["Role"]["RoleLastUsed"]
    assert used["Region"] == "us-east-1"
    server.stop()


def test_a_backup_has_no_secret_in_clear_and_needs_the_key_file(tmp_path: Path):
    from lambdad.storage.backup import backup, restore

    data, archive, elsewhere = tmp_path / "data", tmp_path / "backup.tar", tmp_path / "elsewhere"
    server = start_server(data)
    client = server.client("iam")
    client.create_user(UserName="alice")
    secret = client.create_access_key(UserName="alice")["AccessKey"]["SecretAccessKey"]
    backup(data, archive)
    server.stop()
    content = archive.read_bytes()
    assert secret.encode() not in content
    assert (data / KEY_FILE).read_bytes().strip() not in content
    with tarfile.open(archive) as found:
        assert not [name for name in found.getnames() if name.endswith(KEY_FILE)]
    restore(archive, elsewhere)
    with pytest.raises(AssertionError, match="secret.key is missing"):
        start_server(elsewhere)
    (elsewhere / KEY_FILE).touch(0o600)
    (elsewhere / KEY_FILE).write_bytes((data / KEY_FILE).read_bytes())
    restored = start_server(elsewhere)
    keys = restored.client("iam").list_access_keys(UserName="alice")["AccessKeyMetadata"]
    assert len(keys) == 1
    restored.stop()
    (elsewhere / KEY_FILE).write_bytes(b"x" * 64)
    with pytest.raises(AssertionError, match="sealed with another key"):
        start_server(elsewhere)


def test_status_names_roles_that_are_not_there(server: Server):
    function = server.function({"app.py": SHOWS})
    invoke(server, function)
    import urllib.request

    def unknown() -> list[str]:
        with urllib.request.urlopen(f"{server.url}/lambdad/v1/status") as answer:
            found: list[str] = json.loads(answer.read())["unknown_roles"]
            return found

    assert unknown() == [ROLE]
    server.client("iam").create_role(RoleName="lambda-role", AssumeRolePolicyDocument=TRUST)
    assert unknown() == []


def test_a_restore_in_place_keeps_the_key_that_opens_the_secrets(tmp_path: Path):
    from lambdad.cli.entry import main

    data, archive = tmp_path / "data", tmp_path / "backup.tar"
    server = start_server(data)
    server.client("iam").create_user(UserName="alice")
    server.client("iam").create_access_key(UserName="alice")
    server.stop()
    assert main(["backup", str(archive), "--data-dir", str(data)]) == 0
    assert main(["restore", str(archive), "--yes", "--data-dir", str(data)]) == 0
    assert (data / KEY_FILE).stat().st_mode & 0o777 == 0o600
    again = start_server(data)
    assert len(again.client("iam").list_access_keys(UserName="alice")["AccessKeyMetadata"]) == 1
    again.stop()


@pytest.mark.full
def test_without_access_keys_a_lost_key_costs_sessions_alone(tmp_path: Path):
    data = tmp_path / "data"
    server = start_server(data)
    server.client("iam").create_role(RoleName="mine", AssumeRolePolicyDocument=TRUST)
    server.stop()
    (data / KEY_FILE).unlink()
    again = start_server(data)
    assert again.client("iam").get_role(RoleName="mine")
    again.stop()
    (data / KEY_FILE).write_bytes(b"x" * 64)
    start_server(data).stop()
