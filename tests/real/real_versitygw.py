"""versitygw as S3: code from a bucket, destinations, and what buckets tell functions."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from calling import call, started
from event_calls import APP, arn_of, send, treat
from local_services import eventually

from tests.real.servers import ACCOUNT, REGION, SECRET, versitygw
from tests.running import ROLE, Server, free_port, zip_of

TELLS = """
import json
def handler(event, context):
    for record in event["Records"]:
        print("GOT", json.dumps(record))
"""


@dataclass
class Both:
    """A server, and S3 beside it that tells the server what happens to objects."""

    server: Server
    url: str

    @property
    def s3(self) -> Any:
        """S3 through the server."""
        return self._client(self.server.url)

    @property
    def direct(self) -> Any:
        """S3 itself, past the server."""
        return self._client(self.url)

    def _client(self, url: str) -> Any:
        return boto3.client(
            "s3",
            endpoint_url=url,
            region_name=REGION,
            aws_access_key_id=ACCOUNT,
            aws_secret_access_key=SECRET,
            config=Config(s3={"addressing_style": "path"}),
        )

    def webhook(self) -> str:
        with urllib.request.urlopen(f"{self.server.url}/lambdad/v1/s3/webhook", timeout=30) as answer:
            return str(json.load(answer)["url"])

    def permit(self, function: str, bucket: str) -> None:
        self.server.client().add_permission(
            FunctionName=function,
            StatementId=f"s-{uuid.uuid4().hex[:12]}",
            Action="lambda:InvokeFunction",
            Principal="s3.amazonaws.com",
            SourceArn=f"arn:aws:s3:::{bucket}",
            SourceAccount=ACCOUNT,
        )

    def notify(self, bucket: str, function: str, *events: str, **more: Any) -> None:
        """Let a bucket tell a function what begins with ``in/``."""
        rules = [{"Name": "prefix", "Value": "in/"}]
        configuration = {
            "LambdaFunctionArn": arn_of(self.server, function).removesuffix(":$LATEST"),
            "Events": list(events),
            "Filter": {"Key": {"FilterRules": rules}},
        }
        self.s3.put_bucket_notification_configuration(
            Bucket=bucket, NotificationConfiguration={"LambdaFunctionConfigurations": [configuration]}, **more
        )

    def got(self, function: str, count: int) -> list[Any]:
        """So many records that a function was told."""

        def found() -> list[Any]:
            lines = [line for line in self.server.messages(function) if line.startswith("GOT ")]
            return [json.loads(line.removeprefix("GOT ")) for line in lines] if len(lines) >= count else []

        return list(eventually(found, f"{count} records"))


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    folder, port = tmp_path_factory.mktemp("versitygw"), free_port()
    url = f"http://127.0.0.1:{port}"
    config = folder / "lambdad.toml"
    config.write_text(f'[services.s3]\nendpoint = "{url}"\ncredentials = "{ACCOUNT}:{SECRET}"\n')
    with started(folder / "data", "--config", str(config)) as server:
        made = Both(server, url)
        with versitygw(folder, port, made.webhook()):
            yield made


@pytest.fixture
def bucket(both: Both) -> str:
    name = f"bucket-{uuid.uuid4().hex[:12]}"
    both.s3.create_bucket(Bucket=name)
    return name


def test_code_comes_from_a_bucket(both: Both, bucket: str):
    both.s3.put_object(Bucket=bucket, Key="my code/f.zip", Body=zip_of({"app.py": APP}))
    name = f"f-{uuid.uuid4().hex[:12]}"
    both.server.client().create_function(
        FunctionName=name,
        Runtime="python3.11",
        Handler="app.handler",
        Role=ROLE,
        Code={"S3Bucket": bucket, "S3Key": "my code/f.zip"},
    )
    both.server.client().get_waiter("function_active_v2").wait(FunctionName=name)
    assert call(both.server, name, {"n": 1}).body["event"] == {"n": 1}


def test_a_missing_object_is_refused_in_awss_words(both: Both, bucket: str):
    client = both.server.client()
    with pytest.raises(client.exceptions.InvalidParameterValueException, match="NoSuchKey"):
        client.create_function(
            FunctionName="f", Runtime="python3.11", Handler="app.handler", Role=ROLE,
            Code={"S3Bucket": bucket, "S3Key": "missing"},
        )  # fmt: skip


def test_a_failure_is_told_to_a_bucket(both: Both, bucket: str):
    name = both.server.function({"app.py": APP})
    treat(both.server, name, failure=f"arn:aws:s3:::{bucket}", MaximumRetryAttempts=0)
    request_id = send(both.server, name, {"fail": "broken"})
    [key] = eventually(
        lambda: [one["Key"] for one in both.s3.list_objects_v2(Bucket=bucket).get("Contents", [])]
    )
    assert key.startswith(f"aws/lambda/async/{name}/")
    record = json.loads(both.s3.get_object(Bucket=bucket, Key=key)["Body"].read())
    assert record["requestContext"]["requestId"] == request_id


def test_a_bucket_tells_a_function_as_on_aws(both: Both, bucket: str):
    function = both.server.function({"app.py": TELLS})
    both.permit(function, bucket)
    both.notify(bucket, function, "s3:ObjectCreated:*", "s3:ObjectRemoved:*")
    both.s3.put_object(Bucket=bucket, Key="skipped", Body=b"1")
    both.direct.put_object(Bucket=bucket, Key="in/ä b+c.txt", Body=b"hello")
    [put] = both.got(function, 1)
    assert (put["eventName"], put["eventVersion"], put["awsRegion"]) == ("ObjectCreated:Put", "2.1", REGION)
    assert put["s3"]["bucket"]["arn"] == f"arn:aws:s3:::{bucket}"
    assert put["s3"]["object"]["key"] == "in/%C3%A4+b%2Bc.txt"
    assert put["s3"]["object"]["size"] == 5
    assert put["s3"]["object"]["eTag"] == "5d41402abc4b2a76b9719d911017c592"
    both.s3.delete_object(Bucket=bucket, Key="in/ä b+c.txt")
    both.s3.put_object(Bucket=bucket, Key="in/x y", Body=b"")
    both.s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "in/x y"}]})
    told = {(one["eventName"], one["s3"]["object"]["key"]) for one in both.got(function, 4)}
    assert told == {
        ("ObjectCreated:Put", "in/%C3%A4+b%2Bc.txt"),
        ("ObjectRemoved:Delete", "in/%C3%A4+b%2Bc.txt"),
        ("ObjectCreated:Put", "in/x+y"),
        ("ObjectRemoved:Delete", "in/x+y"),
    }


def test_a_function_that_does_not_let_s3_in_is_refused(both: Both, bucket: str):
    function = both.server.function({"app.py": TELLS})
    with pytest.raises(ClientError, match="Unable to validate the following destination configurations"):
        both.notify(bucket, function, "s3:ObjectCreated:*")
    both.permit(function, bucket)
    with pytest.raises(ClientError, match="NoSuchBucket"):
        both.notify(f"{bucket}-missing", function, "s3:ObjectCreated:*", SkipDestinationValidation=True)


def test_what_is_configured_is_shown_and_survives_a_kill(both: Both, bucket: str):
    # The last one: the server of all the others is gone after it.
    function = both.server.function({"app.py": TELLS})
    both.permit(function, bucket)
    both.notify(bucket, function, "s3:ObjectCreated:*")
    [shown] = both.s3.get_bucket_notification_configuration(Bucket=bucket)["LambdaFunctionConfigurations"]
    assert shown["Events"] == ["s3:ObjectCreated:*"]
    assert shown["Filter"]["Key"]["FilterRules"] == [{"Name": "prefix", "Value": "in/"}]
    webhook = both.webhook().rpartition("/")[2]
    both.server.kill()
    again = both.server.again()
    try:
        after = Both(again, both.url)
        assert after.webhook().rpartition("/")[2] == webhook
        [kept] = after.s3.get_bucket_notification_configuration(Bucket=bucket)["LambdaFunctionConfigurations"]
        assert kept == shown
        record = {
            "eventName": "ObjectCreated:Put",
            "s3": {"bucket": {"name": bucket}, "object": {"key": "in/k"}},
        }
        body = json.dumps({"Records": [record]}).encode()
        with urllib.request.urlopen(after.webhook(), body, timeout=30) as answer:
            assert answer.status == 200
        assert after.got(function, 1)[0]["s3"]["object"]["key"] == "in/k"
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(f"{again.url}/lambdad/v1/s3-events/wrong", body, timeout=30)
    finally:
        again.stop()
