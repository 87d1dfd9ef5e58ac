"""The companion's process: started when it is needed, back when it was killed, gone with the server."""

from __future__ import annotations

import json
import os
import signal
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from calling import started
from companion_calls import ACCOUNT, RECORDER, REGION, Recorder, eventually, fetch, s3_of

from tests.running import ROLE, Server, zip_of


def companion(server: Server) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(fetch(f"{server.url}/lambdad/v1/status")[2])["companion"]
    return found


def is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    return state != "Z"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with started(tmp_path_factory.mktemp("life") / "data") as made:
        yield made


def test_it_is_not_there_before_somebody_asks(server: Server) -> None:
    assert companion(server)["state"] == "idle"
    assert companion(server)["pid"] is None
    server.client("sqs", ACCOUNT).create_queue(QueueName="first")
    eventually(lambda: companion(server)["state"] == "ready", "it")


def test_killed_it_is_back_without_help_and_s3_has_what_it_had(server: Server) -> None:
    s3, bucket = s3_of(server), f"b-{uuid.uuid4().hex[:8]}"
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="kept", Body=b"kept")
    recorder = Recorder(server)
    before = companion(server)
    os.kill(before["pid"], signal.SIGKILL)
    assert s3.get_object(Bucket=bucket, Key="kept")["Body"].read() == b"kept"
    after = companion(server)
    assert after["pid"] != before["pid"]
    assert after["starts"] == before["starts"] + 1
    topic = server.client("sns", ACCOUNT).create_topic(Name="again")["TopicArn"]
    recorder.permit("sns.amazonaws.com", topic)
    server.client("sns", ACCOUNT).subscribe(TopicArn=topic, Protocol="lambda", Endpoint=recorder.arn)
    server.client("sns", ACCOUNT).publish(TopicArn=topic, Message="after")
    recorder.wait(lambda event: event.get("Records", [{}])[0].get("Sns", {}).get("Message") == "after")
    state = Path(server.data_dir) / "companion" / "state" / "sns.json"
    eventually(lambda: state.exists() and "again" in state.read_text(), "what the topics are in their file")
    os.kill(companion(server)["pid"], signal.SIGKILL)
    topics = server.client("sns", ACCOUNT).list_topics()["Topics"]
    assert topic in [each["TopicArn"] for each in topics]


@pytest.mark.full
def test_what_it_holds_is_there_again_after_an_orderly_restart_and_goes_on_unasked(tmp_path: Path) -> None:
    with started(tmp_path / "data") as first:
        url = first.client("sqs", ACCOUNT).create_queue(QueueName="kept")["QueueUrl"]
        first.client("sqs", ACCOUNT).send_message(QueueUrl=url, MessageBody="kept")
        table = {"AttributeName": "k", "KeyType": "HASH"}
        first.client("dynamodb", ACCOUNT).create_table(
            TableName="table",
            KeySchema=[table],
            AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        first.client("dynamodb", ACCOUNT).put_item(TableName="table", Item={"k": {"S": "kept"}})
        pid = companion(first)["pid"]
    assert not is_there(pid)
    with started(tmp_path / "data") as second:
        eventually(lambda: companion(second)["state"] == "ready", "the companion")  # nobody asked for it
        url = second.client("sqs", ACCOUNT).get_queue_url(QueueName="kept")["QueueUrl"]
        messages = second.client("sqs", ACCOUNT).receive_message(QueueUrl=url, WaitTimeSeconds=1)["Messages"]
        assert messages[0]["Body"] == "kept"
        assert second.client("dynamodb", ACCOUNT).get_item(TableName="table", Key={"k": {"S": "kept"}})[
            "Item"
        ]
        pid = companion(second)["pid"]
        second.kill()
        eventually(lambda: not is_there(pid), "its end with a killed server")


def test_without_neighbours_a_service_says_what_to_do(tmp_path: Path) -> None:
    with started(tmp_path / "data", "--neighbours", "none") as server:
        with pytest.raises(server.client("sqs").exceptions.ClientError) as refused:
            server.client("sqs").list_queues()
        assert "set [services.sqs] endpoint in lambdad.toml, or let neighbours = companion" in str(
            refused.value
        )
        assert companion(server) == {"state": "none"}


def test_not_installed_it_says_how_it_is(tmp_path: Path) -> None:
    options = ("--companion-dir", str(tmp_path / "nothing"))
    with started(tmp_path / "data", *options) as server:
        with pytest.raises(server.client("sqs").exceptions.ClientError) as refused:
            server.client("sqs").list_queues()
        assert "run `lambdad neighbours install`" in str(refused.value)
        assert companion(server)["state"] == "not installed"
        with pytest.raises(server.client().exceptions.ClientError) as refused:
            server.client().create_function(
                FunctionName="f",
                Runtime="python3.11",
                Handler="a.b",
                Role=ROLE,
                Code={"S3Bucket": "b-b-b", "S3Key": "k"},
            )
        assert "lambdad neighbours install" in str(refused.value)


def test_where_callers_must_be_known_they_are_and_apis_are_open(tmp_path: Path) -> None:
    env = {"LAMBDAD_TEST_KEYS": json.dumps({"AKIAKNOWN": ["secret", "111122223333", None]})}
    arguments = ("--auth", "enforce")
    with started(tmp_path / "data", *arguments, module="tests.keyed_server", env=env) as server:
        with pytest.raises(server.client("sqs").exceptions.ClientError, match="security token"):
            server.client("sqs", ACCOUNT).list_queues()
        assert fetch(f"{server.url}/some-bucket/key")[0] == 403
        queue = server.client("sqs", "AKIAKNOWN").create_queue(QueueName="q")["QueueUrl"]
        assert queue.endswith("/111122223333/q")
        function = function_of(server, "AKIAKNOWN")
        gateway = server.client("apigatewayv2", "AKIAKNOWN")
        api = gateway.create_api(Name="h", ProtocolType="HTTP", Target=function)["ApiId"]
        source = f"arn:aws:execute-api:{REGION}:111122223333:{api}/*"
        permit = {"StatementId": "s", "Action": "lambda:InvokeFunction", "SourceArn": source}
        server.client(account="AKIAKNOWN").add_permission(
            FunctionName="f", Principal="apigateway.amazonaws.com", **permit
        )
        status, _, body = fetch(f"{server.url}/x", f"{api}.execute-api.localhost:{server.port}")
        assert (status, json.loads(body)) == (201, {"path": "/x"})
        integration = gateway.get_integrations(ApiId=api)["Items"][0]["IntegrationId"]
        gateway.create_route(
            ApiId=api,
            RouteKey="GET /signed",
            Target=f"integrations/{integration}",
            AuthorizationType="AWS_IAM",
        )
        host = f"{api}.execute-api.localhost:{server.port}"
        for given in (
            {},
            {"Authorization": "anything"},
            {"Authorization": "AWS4-HMAC-SHA256 Credential=AKIAKNOWN/"},
        ):
            assert fetch(f"{server.url}/signed", host, **given)[0] == 403
        request = AWSRequest("GET", f"{server.url}/signed", headers={"Host": host})
        SigV4Auth(Credentials("AKIAKNOWN", "secret"), "execute-api", REGION).add_auth(request)
        signed = dict(request.headers)
        del signed["Host"]
        assert fetch(f"{server.url}/signed", host, **signed)[0] == 201


def function_of(server: Server, key: str) -> str:
    """A function with a role, which has to be there; its ARN."""
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    iam = server.client("iam", key)
    role = iam.create_role(RoleName="role", AssumeRolePolicyDocument=document)["Role"]["Arn"]
    made = server.client(account=key).create_function(
        FunctionName="f",
        Runtime="python3.11",
        Handler="app.handler",
        Role=role,
        Code={"ZipFile": zip_of({"app.py": RECORDER})},
    )
    waiter = server.client(account=key).get_waiter("function_active_v2")
    waiter.wait(FunctionName="f", WaiterConfig={"Delay": 0.05, "MaxAttempts": 200})
    return str(made["FunctionArn"])
