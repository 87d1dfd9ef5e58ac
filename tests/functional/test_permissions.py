"""Permissions end to end: users, roles, functions of other accounts, logs and URLs, by boto3."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.running import Server, start_server

ACCOUNT, OTHER = "000000000000", "222222222222"
REGION = "us-east-1"
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": "sts:AssumeRole",
        },
    }
)
CALLS = """
import boto3
def handler(event, context):
    print("said", event.get("say"))
    if "call" not in event:
        return "called"
    try:
        answer = boto3.client("lambda").invoke(FunctionName=event["call"], Payload=b"{}")
        return answer["Payload"].read().decode()
    except Exception as error:
        return str(error)
"""


def document(*statements: dict[str, Any]) -> str:
    return json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **each} for each in statements]}
    )


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = start_server(tmp_path_factory.mktemp("permissions") / "data")
    yield running
    running.stop()


def user(server: Server, name: str, *statements: dict[str, Any], account: str = "test") -> dict[str, str]:
    iam = server.client("iam", account)
    iam.create_user(UserName=name)
    if statements:
        iam.put_user_policy(UserName=name, PolicyName="own", PolicyDocument=document(*statements))
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]}


def as_user(server: Server, keys: dict[str, str], service: str = "lambda") -> Any:
    config = Config(retries={"total_max_attempts": 1, "mode": "standard"})
    return boto3.client(service, region_name=REGION, endpoint_url=server.url, config=config, **keys)


def role(server: Server, name: str, *statements: dict[str, Any]) -> str:
    iam = server.client("iam")
    arn: str = iam.create_role(RoleName=name, AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
    if statements:
        iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=document(*statements))
    return arn


LOGS = {"Action": "logs:*", "Resource": "*"}


def test_a_user_may_do_what_their_policies_say_and_no_more(server: Server):
    function = server.function({"app.py": CALLS})
    arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{function}"
    keys = user(server, "ada", {"Action": "lambda:InvokeFunction", "Resource": arn})
    client = as_user(server, keys)
    for _ in range(3):
        assert json.loads(client.invoke(FunctionName=function)["Payload"].read()) == "called"
    with pytest.raises(ClientError) as refused:
        client.delete_function(FunctionName=function)
    assert refused.value.response["Error"] == {
        "Code": "AccessDeniedException",
        "Message": f"User: arn:aws:iam::{ACCOUNT}:user/ada is not authorized to perform: lambda:DeleteFunction "
        f"on resource: {arn} because no identity-based policy allows the lambda:DeleteFunction action",
    } | {key: value for key, value in refused.value.response["Error"].items() if key == "Type"}
    server.client("iam").delete_user_policy(UserName="ada", PolicyName="own")
    with pytest.raises(ClientError, match="lambda:InvokeFunction"):
        client.invoke(FunctionName=function)
    with pytest.raises(ClientError, match="iam:CreateAccessKey"):
        as_user(server, keys, "iam").create_access_key(UserName="ada")
    explained = subprocess.run(
        [sys.executable, "-m", "lambdad.cli.entry", "auth", "explain", "--endpoint", server.url],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "user/ada: lambda:InvokeFunction" in explained.stdout
    assert "Refused: no identity-based policy allows it." in explained.stdout


def test_a_function_of_another_account_needs_both_sides(server: Server):
    function = server.function({"app.py": CALLS})
    arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{function}"
    keys = user(server, "bob", {"Action": "lambda:*", "Resource": "*"}, account=OTHER)
    client = as_user(server, keys)
    with pytest.raises(ClientError, match="because no resource-based policy allows"):
        client.invoke(FunctionName=arn)
    server.client().add_permission(
        FunctionName=function, StatementId="bob", Action="lambda:InvokeFunction", Principal=OTHER
    )
    assert json.loads(client.invoke(FunctionName=arn)["Payload"].read()) == "called"
    with pytest.raises(ClientError, match="because no resource-based policy allows"):
        client.get_function(FunctionName=arn)
    server.client().remove_permission(FunctionName=function, StatementId="bob")
    with pytest.raises(ClientError, match="because no resource-based policy allows"):
        client.invoke(FunctionName=arn)


def test_a_function_may_call_what_its_role_grants(server: Server):
    called = server.function({"app.py": CALLS})
    arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{called}"
    own = role(server, "caller", LOGS, {"Action": "lambda:InvokeFunction", "Resource": arn})
    calling = server.function({"app.py": CALLS}, Role=own, Timeout=30)
    other = server.function({"app.py": CALLS})

    def call(name: str) -> str:
        answer = server.client().invoke(FunctionName=calling, Payload=json.dumps({"call": name}))
        return str(json.loads(answer["Payload"].read()))

    assert call(called) == '"called"'
    assert f"assumed-role/caller/{calling} is not authorized to perform: lambda:InvokeFunction" in call(other)


def test_a_log_is_delivered_with_the_permission_only(server: Server):
    silent = server.function({"app.py": CALLS}, Role=role(server, "silent"))
    heard = server.function({"app.py": CALLS}, Role=role(server, "heard", LOGS))
    for function in (silent, heard):
        server.client().invoke(FunctionName=function, Payload=b'{"say": "hello"}')
    assert any("said hello" in line for line in server.messages(heard, until="said hello"))
    groups = server.client("logs").describe_log_groups()["logGroups"]
    assert f"/aws/lambda/{silent}" not in [group["logGroupName"] for group in groups]
    assert f"the log of arn:aws:lambda:{REGION}:{ACCOUNT}:function:{silent} is not delivered" in server.log


def test_a_role_must_be_passed_and_be_lambdas(server: Server, tmp_path: Path):
    keys = user(server, "eve", {"Action": "lambda:*", "Resource": "*"})
    function, mine = server.function({"app.py": CALLS}), role(server, "passed", LOGS)
    client = as_user(server, keys)
    with pytest.raises(ClientError, match=f"perform: iam:PassRole on resource: {mine}"):
        client.update_function_configuration(FunctionName=function, Role=mine)
    server.client("iam").create_role(
        RoleName="servers",
        AssumeRolePolicyDocument=TRUST.replace("lambda.amazonaws.com", "ec2.amazonaws.com"),
    )
    with pytest.raises(ClientError, match="cannot be assumed by Lambda"):
        server.client().update_function_configuration(
            FunctionName=function, Role=f"arn:aws:iam::{ACCOUNT}:role/servers"
        )
    server.client().update_function_configuration(FunctionName=function, Role=mine)


def test_an_assumed_role_is_narrowed_by_its_session(server: Server):
    iam = server.client("iam")
    function = server.function({"app.py": CALLS})
    trust = TRUST.replace('"Service": "lambda.amazonaws.com"', f'"AWS": "{ACCOUNT}"')
    iam.create_role(RoleName="narrow", AssumeRolePolicyDocument=trust)
    everything = document({"Action": "lambda:*", "Resource": "*"})
    iam.put_role_policy(RoleName="narrow", PolicyName="own", PolicyDocument=everything)
    session = server.client("sts").assume_role(
        RoleArn=f"arn:aws:iam::{ACCOUNT}:role/narrow",
        RoleSessionName="ci",
        Policy=document({"Action": "lambda:GetFunction", "Resource": "*"}),
    )["Credentials"]
    client = as_user(
        server,
        {
            "aws_access_key_id": session["AccessKeyId"],
            "aws_secret_access_key": session["SecretAccessKey"],
            "aws_session_token": session["SessionToken"],
        },
    )
    assert client.get_function(FunctionName=function)
    with pytest.raises(
        ClientError, match="because no session policy allows the lambda:InvokeFunction action"
    ):
        client.invoke(FunctionName=function)
