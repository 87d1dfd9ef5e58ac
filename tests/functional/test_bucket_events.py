"""Buckets at an endpoint tell functions: what is kept, who is let in, and what a kill leaves of it."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from calling import started
from local_services import ACCOUNT, REGION, LocalServices, eventually

from tests.running import Server

TELLS = """
import json
def handler(event, context):
    for record in event["Records"]:
        print("GOT", json.dumps(record))
"""


def s3_of(server: Server) -> Any:
    return boto3.client(
        "s3",
        endpoint_url=server.url,
        region_name=REGION,
        aws_access_key_id=ACCOUNT,
        aws_secret_access_key="secret",
        config=Config(s3={"addressing_style": "path"}),
    )


def webhook_of(server: Server) -> str:
    with urllib.request.urlopen(f"{server.url}/lambdad/v1/s3/webhook", timeout=30) as answer:
        return str(json.load(answer)["url"])


def told(url: str, bucket: str, key: str) -> int:
    """What a server that tells of an object is answered."""
    about = {"bucket": {"name": bucket}, "object": {"key": key, "size": 1, "eTag": "e"}}
    body = json.dumps({"Records": [{"eventName": "ObjectCreated:Put", "s3": about}]}).encode()
    try:
        with urllib.request.urlopen(url, body, timeout=30) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def keys(server: Server, function: str, count: int) -> list[str]:
    """So many keys that a function was told of."""

    def found() -> list[str]:
        lines = [line for line in server.messages(function) if line.startswith("GOT ")]
        known = [json.loads(line.removeprefix("GOT "))["s3"]["object"]["key"] for line in lines]
        return sorted(known) if len(known) >= count else []

    return list(eventually(found, f"{count} events"))


@dataclass
class Stage:
    server: Server
    bucket: str
    function: str

    def notify(self, **more: Any) -> None:
        arn = self.server.client().get_function(FunctionName=self.function)["Configuration"]["FunctionArn"]
        rules = [{"Name": "suffix", "Value": ".jpg"}]
        configuration = {
            "Id": "one",
            "LambdaFunctionArn": arn,
            "Events": ["s3:ObjectCreated:*"],
            "Filter": {"Key": {"FilterRules": rules}},
        }
        s3_of(self.server).put_bucket_notification_configuration(
            Bucket=self.bucket,
            NotificationConfiguration={"LambdaFunctionConfigurations": [configuration]},
            **more,
        )

    def permit(self) -> None:
        self.server.client().add_permission(
            FunctionName=self.function,
            StatementId="s3",
            Action="lambda:InvokeFunction",
            Principal="s3.amazonaws.com",
            SourceArn=f"arn:aws:s3:::{self.bucket}",
            SourceAccount=ACCOUNT,
        )


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalServices]:
    made = LocalServices(tmp_path_factory.mktemp("s3") / "services")
    made.start()
    yield made
    made.stop()


@pytest.fixture(scope="module")
def server(services: LocalServices, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    env = {
        "LAMBDAD_SERVICES_S3_ENDPOINT": services.url,
        "LAMBDAD_SERVICES_S3_CREDENTIALS": f"{ACCOUNT}:secret",
    }
    with started(tmp_path_factory.mktemp("told") / "data", env=env) as made:
        yield made


@pytest.fixture
def stage(server: Server, services: LocalServices) -> Stage:
    return Stage(server, services.bucket(), server.function({"app.py": TELLS}))


def test_a_function_must_let_s3_in_when_it_is_configured_and_when_it_is_told(stage: Stage):
    with pytest.raises(ClientError, match="Unable to validate the following destination configurations"):
        stage.notify()
    stage.notify(SkipDestinationValidation=True)
    url = webhook_of(stage.server)
    assert told(url, stage.bucket, "early.jpg") == 200
    stage.permit()
    assert told(url, stage.bucket, "late one.jpg") == 200
    assert told(url, stage.bucket, "other.png") == 200
    assert keys(stage.server, stage.function, 1) == ["late+one.jpg"]


def test_the_bucket_must_be_there(stage: Stage, services: LocalServices):
    stage.permit()
    services.client("s3").delete_bucket(Bucket=stage.bucket)
    with pytest.raises(ClientError, match="NoSuchBucket"):
        stage.notify(SkipDestinationValidation=True)


def test_only_who_has_the_token_tells(stage: Stage):
    stage.permit()
    stage.notify()
    url = webhook_of(stage.server)
    assert told(f"{url}x", stage.bucket, "a.jpg") == 404
    assert told(url.rpartition("/")[0], stage.bucket, "a.jpg") == 404
    assert told(url, stage.bucket, "b.jpg") == 200
    assert keys(stage.server, stage.function, 1) == ["b.jpg"]


def steer(server: Server, what: str, function: str) -> None:
    body = json.dumps({"function": function}).encode()
    with urllib.request.urlopen(f"{server.url}/lambdad/v1/queue/{what}", body) as answer:
        assert answer.status == 200


def test_what_was_answered_survives_a_kill(stage: Stage, services: LocalServices):
    stage.permit()
    stage.notify()
    url = webhook_of(stage.server)
    token = url.rpartition("/")[2]
    assert token not in stage.server.log
    # Nothing runs before the kill: what a function printed just before one need not be on disk.
    steer(stage.server, "pause", stage.function)
    for number in range(20):
        assert told(url, stage.bucket, f"{number:02}.jpg") == 200
    stage.server.kill()
    env = {
        "LAMBDAD_SERVICES_S3_ENDPOINT": services.url,
        "LAMBDAD_SERVICES_S3_CREDENTIALS": f"{ACCOUNT}:secret",
    }
    with started(stage.server.data_dir, env=env) as again:
        steer(again, "resume", stage.function)
        assert sorted(set(keys(again, stage.function, 20))) == [f"{number:02}.jpg" for number in range(20)]
        found = s3_of(again).get_bucket_notification_configuration(Bucket=stage.bucket)
        [kept] = found["LambdaFunctionConfigurations"]
        assert (kept["Id"], kept["Events"]) == ("one", ["s3:ObjectCreated:*"])
    with started(stage.server.data_dir, "--auth", "enforce", env=env) as enforcing:
        assert told(f"{enforcing.url}/lambdad/v1/s3-events/{token}", stage.bucket, "20.jpg") == 200
        with pytest.raises(urllib.error.HTTPError, match="403"):
            webhook_of(enforcing)
