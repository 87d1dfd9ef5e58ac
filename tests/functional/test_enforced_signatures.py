"""A server that must know its callers: real clients, right and wrong, outside and inside of functions."""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore import auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from calling import ROOT, TOOLS_HINT

from tests.running import Server, start_server, zip_of

ACCOUNT = "111122223333"
KEYS = {
    "AKIAUSER": ("a user's secret", ACCOUNT, None),
    "ASIASESSION": ("a session's secret", ACCOUNT, "a session's token"),
}
USER = ("AKIAUSER", "a user's secret", None)
SESSION = ("ASIASESSION", "a session's secret", "a session's token")
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
CODE = {
    "app.py": """
import boto3, os, urllib.error, urllib.request
from botocore.exceptions import ClientError

def handler(event, context):
    kind = event if isinstance(event, str) else "echo"
    if kind == "own":
        return boto3.client("lambda").get_function_configuration(FunctionName=context.function_name)["FunctionArn"]
    if kind == "wrong":
        client = boto3.client("lambda", aws_secret_access_key="wrong", aws_access_key_id=os.environ["AWS_ACCESS_KEY_ID"],
            aws_session_token=os.environ["AWS_SESSION_TOKEN"])
    elif kind == "foreign":
        client = boto3.client("lambda", aws_secret_access_key="x", aws_access_key_id="123456789012", aws_session_token=None)
    elif kind == "unsigned":
        try:
            with urllib.request.urlopen(os.environ["AWS_ENDPOINT_URL"] + "/2015-03-31/functions/") as answer:
                return [None, answer.status]
        except urllib.error.HTTPError as error:
            return [error.headers["x-amzn-ErrorType"], error.code]
    else:
        return len(event) if isinstance(event, str) else event
    try:
        return client.list_functions()["Functions"][0]["FunctionArn"]
    except ClientError as error:
        return [error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"]]
"""
}


@pytest.fixture(scope="module", params=["enforce", "permissive"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("keyed")
    made = start_server(
        folder / "data",
        "--auth",
        request.param,
        env={"LAMBDAD_TEST_KEYS": json.dumps(KEYS), "PYTHONPATH": str(ROOT)},
        module="tests.keyed_server",
    )
    yield made
    assert "secret" not in made.log
    assert "a session's token" not in made.log
    assert "Signature=" not in made.log
    made.stop()


def enforces(server: Server) -> bool:
    return "enforce" in server.arguments


@cache
def made_client(url: str, keys: tuple[str, str, str | None], service: str) -> Any:
    return boto3.client(
        service,
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id=keys[0],
        aws_secret_access_key=keys[1],
        aws_session_token=keys[2],
        config=Config(retries={"max_attempts": 1}),
    )


def client(server: Server, keys: tuple[str, str, str | None] = USER, service: str = "lambda") -> Any:
    return made_client(server.url, keys, service)


@pytest.fixture(scope="module")
def function(server: Server) -> str:
    made, iam = client(server), client(server, service="iam")
    role = iam.create_role(RoleName="checked", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
    iam.attach_role_policy(RoleName="checked", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    made.create_function(
        FunctionName="checked",
        Runtime="python3.11",
        Handler="app.handler",
        Role=role,
        Timeout=30,
        MemorySize=512,
        Code={"ZipFile": zip_of(CODE)},
    )
    made.get_waiter("function_active_v2").wait(
        FunctionName="checked", WaiterConfig={"Delay": 0.05, "MaxAttempts": 200}
    )
    return "checked"


def answer(server: Server, event: object, keys: tuple[str, str, str | None] = USER) -> Any:
    payload = json.dumps(event).encode()
    return json.load(client(server, keys).invoke(FunctionName="checked", Payload=payload)["Payload"])


def refusal(call: Any, *arguments: Any, **parameters: Any) -> tuple[str, str, int]:
    with pytest.raises(ClientError) as error:
        call(*arguments, **parameters)
    response = error.value.response
    return (
        response["Error"]["Code"],
        response["Error"]["Message"],
        response["ResponseMetadata"]["HTTPStatusCode"],
    )


def http(server: Server, path: str, headers: dict[str, str] | None = None) -> tuple[int, str | None, Any]:
    request = urllib.request.Request(server.url + path, headers=headers or {})
    try:
        with urllib.request.urlopen(request) as response:
            return response.status, None, response.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers["x-amzn-ErrorType"], json.loads(error.read())


def test_a_user_and_a_session_call_what_is_their_accounts(server: Server, function: str) -> None:
    for keys in (USER, SESSION):
        for number in range(3):
            assert answer(server, {"n": number}, keys) == {"n": number}
        found = client(server, keys).get_function(FunctionName=function)["Configuration"]
        assert found["FunctionArn"] == f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:checked"


def test_a_long_body_is_verified_too(server: Server, function: str) -> None:
    assert answer(server, "x" * 5_000_000) == 5_000_000
    assert function == "checked"
    wrong = client(server, (USER[0], "wrong", None))
    payload = json.dumps("x" * 1_000_000)
    assert refusal(wrong.invoke, FunctionName="checked", Payload=payload)[0] == "InvalidSignatureException"


def test_a_wrong_secret_is_refused_in_every_mode_and_for_every_service(server: Server) -> None:
    wrong = (USER[0], "wrong", None)
    code, message, status = refusal(client(server, wrong).list_functions)
    assert (code, status) == ("InvalidSignatureException", 403)
    assert message == (
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret "
        "Access Key and signing method. Consult the service documentation for details."
    )
    assert refusal(client(server, wrong).invoke, FunctionName="checked")[0] == "InvalidSignatureException"
    assert refusal(client(server, wrong, "logs").describe_log_groups)[::2] == (
        "InvalidSignatureException",
        400,
    )
    assert refusal(client(server, wrong, "sts").get_caller_identity)[::2] == ("SignatureDoesNotMatch", 403)
    code, message, status = refusal(client(server, wrong, "s3").get_object, Bucket="b", Key="k")
    assert (code, status) == ("SignatureDoesNotMatch", 403)
    assert message.endswith("Check your key and signing method.")


@pytest.mark.parametrize("token", ["another's token", None])
def test_a_session_without_its_token_is_refused(server: Server, token: str | None) -> None:
    keys = (*SESSION[:2], token)
    assert refusal(client(server, keys).list_functions) == (
        "UnrecognizedClientException",
        "The security token included in the request is invalid.",
        403,
    )


def test_an_unknown_key_is_nobody_or_the_accounts_root(server: Server) -> None:
    unknown = client(server, ("AKIAUNKNOWN", "x", None))
    if not enforces(server):
        assert unknown.list_functions()["Functions"] == []
        return
    assert refusal(unknown.list_functions) == (
        "UnrecognizedClientException",
        "The security token included in the request is invalid.",
        403,
    )
    assert refusal(unknown.invoke, FunctionName="checked")[0] == "UnrecognizedClientException"
    sts = client(server, ("AKIAUNKNOWN", "x", None), "sts")
    assert refusal(sts.get_caller_identity)[::2] == ("InvalidClientTokenId", 403)
    s3 = client(server, ("AKIAUNKNOWN", "x", None), "s3")
    assert refusal(s3.list_buckets)[::2] == ("InvalidAccessKeyId", 403)


def test_an_unsigned_request_is_refused_when_callers_must_be_known(server: Server) -> None:
    seen = http(server, "/2015-03-31/functions/")
    if not enforces(server):
        assert seen[0] == 200
        return
    assert seen == (
        403,
        "MissingAuthenticationTokenException",
        {"message": "Missing Authentication Token"},
    )
    assert http(server, "/lambdad/v1/status")[:2] == (403, "MissingAuthenticationTokenException")
    status, code, body = http(server, "/2015-03-31/functions/", {"Authorization": "Bearer a-token"})
    assert (status, code) == (403, "IncompleteSignatureException")
    assert body["message"].startswith("Authorization header requires 'Credential' parameter.")


def test_health_and_the_link_to_code_need_no_signature(server: Server, function: str) -> None:
    assert http(server, "/health")[0] == 200
    link = client(server).get_function(FunctionName=function)["Code"]["Location"]
    with urllib.request.urlopen(link) as response:
        assert response.read() == zip_of(CODE)
    other = link[:-1] + ("0" if link[-1] != "0" else "1")
    assert http(server, other.removeprefix(server.url))[0] == 403


def test_a_function_calls_with_its_own_credentials_and_no_others(server: Server, function: str) -> None:
    assert answer(server, "own") == f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:{function}"
    assert answer(server, "wrong") == ["InvalidSignatureException", 403]
    foreign, unsigned = answer(server, "foreign"), answer(server, "unsigned")
    if enforces(server):
        assert foreign == ["UnrecognizedClientException", 403]
        assert unsigned == ["MissingAuthenticationTokenException", 403]
    else:
        assert foreign == f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:{function}"
        assert unsigned == [None, 200]


def test_an_old_request_is_refused_with_both_times(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    then = dt.datetime.now(dt.UTC) - dt.timedelta(minutes=6)
    monkeypatch.setattr(auth, "get_current_datetime", lambda: then)
    code, message, status = refusal(client(server).list_functions)
    assert (code, status) == ("InvalidSignatureException", 403)
    assert message.startswith(f"Signature expired: {then:%Y%m%dT%H%M%SZ} is now earlier than ")
    assert message.endswith(" - 5 min.)")
    assert refusal(client(server, USER, "s3").list_buckets)[0] == "RequestTimeTooSkewed"


def test_a_presigned_request_is_let_in_until_it_is_changed(server: Server, function: str) -> None:
    request = AWSRequest("GET", f"{server.url}/2015-03-31/functions/{function}")
    auth.SigV4QueryAuth(Credentials(*SESSION), "lambda", "us-east-1", expires=60).add_auth(request)
    path = request.url.removeprefix(server.url)
    assert http(server, path)[0] == 200
    assert http(server, path.replace("=60&", "=61&"))[:2] == (403, "InvalidSignatureException")
    assert http(server, path.replace(f"/{function}?", "/other?"))[:2] == (403, "InvalidSignatureException")


def test_a_captured_request_cannot_be_made_to_do_something_else(server: Server, function: str) -> None:
    request = AWSRequest("POST", f"{server.url}/2015-03-31/functions/{function}/invocations", data=b"{}")
    auth.SigV4Auth(Credentials(*USER), "lambda", "us-east-1").add_auth(request)
    sent = {**request.headers, "Content-Type": "application/json"}

    def replay(**more: str) -> int:
        again = urllib.request.Request(request.url, data=b"{}", headers={**sent, **more}, method="POST")
        try:
            with urllib.request.urlopen(again) as response:
                return int(response.status)
        except urllib.error.HTTPError as error:
            with error:
                return error.code

    assert [replay(), replay()] == [200, 200]  # within the skew a request may come again, as on AWS
    assert replay(**{"X-Amz-Invocation-Type": "Event"}) == 403
    assert replay(**{"X-Amz-Client-Context": "e30="}) == 403
    assert replay(Host="localhost") == 403


@pytest.mark.full
def test_the_aws_cli_is_let_in_with_its_keys_alone(server: Server, function: str, tmp_path: Path) -> None:
    program = ROOT / ".venv-awscli" / "bin" / "aws"
    assert program.exists(), TOOLS_HINT

    def run(secret: str) -> subprocess.CompletedProcess[str]:
        env = {
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "AWS_ENDPOINT_URL": server.url,
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": USER[0],
            "AWS_SECRET_ACCESS_KEY": secret,
        }
        command = [str(program), "lambda", "invoke", "--function-name", function, str(tmp_path / "out")]
        return subprocess.run(command, env=env, capture_output=True, text=True, check=False)

    assert run(USER[1]).returncode == 0
    assert (tmp_path / "out").read_text() == "{}"
    assert "(InvalidSignatureException) when calling the Invoke operation" in run("wrong").stderr


NODE_SESSION = """
const { LambdaClient, InvokeCommand, GetFunctionCommand } = require('@aws-sdk/client-lambda');
const [endpoint, FunctionName, accessKeyId, secretAccessKey, sessionToken] = process.argv.slice(1);
const client = new LambdaClient({
    endpoint, region: 'us-east-1', credentials: { accessKeyId, secretAccessKey, sessionToken }, maxAttempts: 1,
});
(async () => {
    try {
        const answer = await client.send(new InvokeCommand({ FunctionName, Payload: '{"n":1}' }));
        const byArn = await client.send(new GetFunctionCommand({
            FunctionName: `arn:aws:lambda:us-east-1:111122223333:function:${FunctionName}`,
        }));
        console.log(JSON.stringify([answer.Payload.transformToString(), byArn.Configuration.FunctionName]));
    } catch (error) {
        console.log(JSON.stringify([error.name, error.$metadata.httpStatusCode]));
    }
})();
"""


def test_the_javascript_sdk_is_let_in_with_its_keys_alone(server: Server, function: str) -> None:
    node, modules = shutil.which("node"), ROOT / ".cache" / "js" / "node_modules"
    assert node and modules.is_dir(), TOOLS_HINT

    def run(secret: str) -> Any:
        done = subprocess.run(
            [node, "-e", NODE_SESSION, server.url, function, SESSION[0], secret, str(SESSION[2])],
            env={**os.environ, "NODE_PATH": str(modules)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    assert run(SESSION[1]) == ['{"n": 1}', function]
    assert run("wrong") == ["InvalidSignatureException", 403]
