"""How events are accepted: by boto3, the AWS CLI and bare HTTP, whatever else the request says."""

from __future__ import annotations

import base64
import http.client
import json
import os
import re
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from calling import ROOT, TOOLS_HINT
from event_calls import queue_of, send
from local_services import eventually

from tests.running import ROLE, Server, zip_of

AWS = ROOT / ".venv-awscli" / "bin" / "aws"
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
MAX_EVENT = 1024 * 1024
MAX_INVOKE_ASYNC = 256 * 1024
APP = """
import json
def handler(event, context):
    told = {"event": event, "id": context.aws_request_id, "arn": context.invoked_function_arn,
            "version": context.function_version, "tenant": getattr(context, "tenant_id", None),
            "client": bool(context.client_context)}
    text = json.dumps(told)
    print("ran", text if len(text) < 1000 else len(text))
"""


@pytest.fixture(scope="module")
def name(shared_server: Server) -> str:
    made = shared_server.function({"app.py": APP})
    client = shared_server.client()
    client.publish_version(FunctionName=made)
    client.create_alias(FunctionName=made, Name="live", FunctionVersion="1")
    return made


def seen(server: Server, name: str, request_id: str) -> Any:
    """What the function says of the event of that request id."""
    messages = server.messages(name, until=f'"id": "{request_id}"', within_s=60)
    told = [json.loads(one.removeprefix("ran ")) for one in messages if one.startswith('ran {"event"')]
    (found,) = [one for one in told if one["id"] == request_id]  # once
    return found


def post(
    server: Server,
    name: str,
    body: bytes,
    /,
    path: str = "2015-03-31/functions/{}/invocations",
    **headers: str,
) -> tuple[int, http.client.HTTPMessage, bytes]:
    """An event in bare HTTP."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    try:
        connection.request(
            "POST",
            f"/{path.format(name)}",
            body,
            {
                "X-Amz-Invocation-Type": "Event",
                **{key.replace("_", "-"): value for key, value in headers.items()},
            },
        )
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


def refusal(server: Server, name: str, body: bytes, **options: str) -> tuple[int, str, str]:
    status, headers, said = post(server, name, body, **options)
    return status, headers["x-amzn-ErrorType"], json.loads(said).get("Message") or json.loads(said)["message"]


def raw_event(name: str, body: bytes, extra: bytes = b"") -> bytes:
    head = b"POST /2015-03-31/functions/%s/invocations HTTP/1.1\r\nHost: localhost\r\nX-Amz-Invocation-Type: Event\r\n"
    return head % name.encode() + b"Content-Length: %d\r\n" % len(body) + extra + b"\r\n" + body


def test_an_accepted_event_is_answered_202_with_nothing_in_it(shared_server: Server, name: str):
    for _ in range(2):  # the second takes the short way
        status, headers, body = post(shared_server, name, b'{"n": 1}')
        assert (status, body, headers["content-length"]) == (202, b"", "0")
        assert "content-type" not in headers
        assert headers["x-amzn-Remapped-Content-Length"] == "0"
        assert "x-amz-executed-version" not in headers
        assert headers["x-amzn-trace-id"].startswith("Root=1-")
        request_id = headers["x-amzn-requestid"]
        assert UUID.fullmatch(request_id)
        told = seen(shared_server, name, request_id)
        assert (told["event"], told["version"]) == ({"n": 1}, "$LATEST")
        assert told["arn"].endswith(f":function:{name}")


def test_boto3_sees_the_request_id_that_the_function_sees(shared_server: Server, name: str):
    answer = shared_server.client().invoke(FunctionName=name, InvocationType="Event", Payload=b"[]")
    assert answer["StatusCode"] == 202
    assert answer["Payload"].read() == b""
    assert "FunctionError" not in answer
    assert seen(shared_server, name, answer["ResponseMetadata"]["RequestId"])["event"] == []


@pytest.mark.full
def test_the_aws_cli_sends_events(shared_server: Server, name: str, tmp_path: Path):
    assert AWS.exists(), TOOLS_HINT
    env = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "AWS_ENDPOINT_URL": shared_server.url,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }
    (tmp_path / "event.json").write_text('{"from": "InvokeAsync"}')
    commands = (
        ("invoke", "--invocation-type", "Event", "--payload", '{"from": "Invoke"}', "answer"),
        ("invoke-async", "--invoke-args", "event.json"),
    )
    for words in commands:
        ran = subprocess.run(
            [str(AWS), "lambda", words[0], "--function-name", name, *words[1:], "--output", "json"],
            env=env,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert ran.returncode == 0, ran.stderr
        told = json.loads(ran.stdout)
        assert told.get("StatusCode", told.get("Status")) == 202
    assert (tmp_path / "answer").read_bytes() == b""
    for way in ("Invoke", "InvokeAsync"):
        shared_server.messages(name, until=f'"from": "{way}"', within_s=60)
    logged = "".join(shared_server.messages(name))
    assert '"from": "Invoke"}' in logged
    assert '"from": "InvokeAsync"}' in logged


def test_lambdads_own_command_sends_events(shared_server: Server, name: str):
    command = [
        sys.executable,
        "-m",
        "lambdad.cli.entry",
        "invoke",
        name,
        "--async",
        "-p",
        '{"from": "lambdad"}',
    ]
    ran = subprocess.run(
        [*command, "--endpoint", shared_server.url], capture_output=True, text=True, check=True
    )
    assert seen(shared_server, name, ran.stdout.strip())["event"] == {"from": "lambdad"}


def test_invoke_async_answers_its_status_and_the_functions_request_id(shared_server: Server, name: str):
    path = "2014-11-13/functions/{}/invoke-async/"
    status, headers, body = post(shared_server, name, b'{"n": 2}', path=path)
    assert status == 202
    assert json.loads(body or b"{}") == {}, "Status is the status"
    assert seen(shared_server, name, headers["x-amzn-requestid"])["event"] == {"n": 2}
    answer = shared_server.client().invoke_async(FunctionName=f"{name}:live", InvokeArgs=b'"by alias"')
    assert answer["Status"] == 202
    told = seen(shared_server, name, answer["ResponseMetadata"]["RequestId"])
    assert (told["version"], told["event"]) == ("1", "by alias")


@pytest.mark.parametrize(
    ("way", "most"),
    [
        ("2015-03-31/functions/{}/invocations", MAX_EVENT),
        ("2014-11-13/functions/{}/invoke-async", MAX_INVOKE_ASYNC),
    ],
)
def test_an_event_has_a_greatest_size_which_is_accepted(
    shared_server: Server, name: str, way: str, most: int
):
    full = b'"' + b"x" * (most - 2) + b'"'
    assert post(shared_server, name, full, path=way)[0] == 202
    status, kind, message = refusal(shared_server, name, full + b" ", path=way)
    assert (status, kind) == (413, "RequestTooLargeException")
    assert str(most) in message


@pytest.mark.parametrize(
    "way", ["2015-03-31/functions/{}/invocations", "2014-11-13/functions/{}/invoke-async"]
)
def test_what_is_no_json_is_refused_at_once(shared_server: Server, name: str, way: str):
    for body in (b"{", b"nothing", b'"\xff"', b"[" * 100_000):
        status, kind, message = refusal(shared_server, name, body, path=way)
        assert (status, kind) == (400, "InvalidRequestContentException")
        assert message.startswith("Could not parse request body into json: ")


def test_no_body_is_an_empty_object(shared_server: Server, name: str):
    headers = post(shared_server, name, b"")[1]
    assert seen(shared_server, name, headers["x-amzn-requestid"])["event"] == {}


def test_functions_that_are_not_there_are_refused_at_once(shared_server: Server, name: str):
    for unknown in ("nobody:$LATEST", f"{name}:7", f"{name}:gone"):
        status, kind, message = refusal(shared_server, unknown.removesuffix(":$LATEST"), b"{}")
        assert (status, kind) == (404, "ResourceNotFoundException")
        assert message == f"Function not found: arn:aws:lambda:us-east-1:000000000000:function:{unknown}"


def test_a_function_refuses_events_while_it_is_pending_or_runs_them(shared_server: Server):
    client = shared_server.client()
    client.create_function(
        FunctionName="pending-events",
        Runtime="python3.11",
        Handler="app.handler",
        Role=ROLE,
        Code={"ZipFile": zip_of({"app.py": APP})},
    )
    accepted = []
    while len(accepted) < 3:
        with suppress(client.exceptions.ResourceConflictException):
            accepted.append(send(shared_server, "pending-events", len(accepted)))
    for number, request_id in enumerate(accepted):
        assert seen(shared_server, "pending-events", request_id)["event"] == number


def test_a_dry_run_queues_nothing(shared_server: Server):
    name = shared_server.function({"app.py": APP})
    answer = shared_server.client().invoke(FunctionName=name, InvocationType="DryRun", Payload=b"{}")
    assert answer["StatusCode"] == 204
    assert queue_of(shared_server, name) is None


def test_a_log_is_not_given_for_an_event(shared_server: Server, name: str):
    status, headers, body = post(shared_server, name, b'{"n": 4}', X_Amz_Log_Type="Tail")
    assert (status, body) == (202, b"")
    assert "x-amz-log-result" not in headers
    assert seen(shared_server, name, headers["x-amzn-requestid"])["event"] == {"n": 4}


def test_a_client_context_is_checked_but_only_synchronous_calls_pass_it(shared_server: Server, name: str):
    """Source: API reference, Invoke: "Lambda passes the ClientContext object to your function for synchronous
    invocations only."
    """
    context = base64.b64encode(b'{"custom": {"a": "b"}}').decode()
    request_id = send(shared_server, name, {"n": 5}, ClientContext=context)
    assert seen(shared_server, name, request_id)["client"] is False
    with pytest.raises(ClientError, match="Client context must be a valid"):
        send(shared_server, name, {"n": 6}, ClientContext="no base64!")


@pytest.mark.parametrize("wrong", ["event", "EVENT", "Evented", ""])
def test_another_invocation_type_is_refused(shared_server: Server, name: str, wrong: str):
    status, _, said = post(shared_server, name, b"{}", X_Amz_Invocation_Type=wrong)
    assert status == 400, said


def test_versions_and_aliases_run_what_they_mean_when_the_event_is_run(shared_server: Server):
    client = shared_server.client()
    name = shared_server.function({"app.py": APP})
    for version in ("1", "2"):
        client.update_function_configuration(FunctionName=name, Description=version)
        client.get_waiter("function_updated_v2").wait(FunctionName=name, WaiterConfig={"Delay": 0.05})
        assert client.publish_version(FunctionName=name)["Version"] == version
    client.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    told = seen(shared_server, name, send(shared_server, name, "v", Qualifier="2"))
    assert (told["version"], told["arn"].split(":")[-1]) == ("2", "2")
    told = seen(shared_server, name, send(shared_server, f"{name}:live", "a"))
    assert (told["version"], told["arn"].split(":")[-1]) == ("1", "live")
    client.update_alias(
        FunctionName=name, Name="live", RoutingConfig={"AdditionalVersionWeights": {"2": 0.5}}
    )
    ids = [send(shared_server, name, number, Qualifier="live") for number in range(40)]
    assert {seen(shared_server, name, request_id)["version"] for request_id in ids} == {"1", "2"}


def test_the_tenant_of_an_event_reaches_the_function(shared_server: Server):
    name = shared_server.function({"app.py": APP}, TenancyConfig={"TenantIsolationMode": "PER_TENANT"})
    for tenant in ("blue", "green"):
        request_id = send(shared_server, name, tenant, TenantId=tenant)
        assert seen(shared_server, name, request_id)["tenant"] == tenant
    with pytest.raises(ClientError) as refused:
        send(shared_server, name, "nobody's")
    assert refused.value.response["Error"]["Code"] == "InvalidParameterValueException"


def test_one_connection_carries_many_events_and_pipelined_ones_are_answered_in_order(
    shared_server: Server, name: str
):
    connection = http.client.HTTPConnection("127.0.0.1", shared_server.port, timeout=30)
    for number in range(3):
        connection.request(
            "POST", f"/2015-03-31/functions/{name}/invocations", b"1", {"X-Amz-Invocation-Type": "Event"}
        )
        answer = connection.getresponse()
        assert (answer.status, answer.read(), number) == (202, b"", number)
    connection.close()
    bodies = [b'{"p": %d}' % number for number in range(12)]  # sixteen may wait
    bodies[7] = b"{"
    with socket.create_connection(("127.0.0.1", shared_server.port), timeout=30) as piped:
        piped.sendall(b"".join(raw_event(name, body) for body in bodies))
        said = b""
        while said.count(b"HTTP/1.1 ") < len(bodies):
            said += piped.recv(65536) or pytest.fail(f"cut off after {said!r}")
    statuses = re.findall(rb"HTTP/1\.1 (\d+)", said)
    assert statuses == [b"400" if number == 7 else b"202" for number in range(12)]
    ids = re.findall(rb"x-amzn-RequestId: (\S+)", said, re.IGNORECASE)
    told = [seen(shared_server, name, ids[number].decode())["event"] for number in (0, 6, 8, 11)]
    assert told == [{"p": 0}, {"p": 6}, {"p": 8}, {"p": 11}]


def test_the_connection_ends_when_the_client_asks_for_it(shared_server: Server, name: str):
    with socket.create_connection(("127.0.0.1", shared_server.port), timeout=30) as asked:
        asked.sendall(raw_event(name, b"{}", b"Connection: close\r\n"))
        said = b"".join(iter(lambda: asked.recv(65536), b""))
    assert said.startswith(b"HTTP/1.1 202 Accepted\r\n")
    assert b"connection: close" in said.lower()


def test_an_event_whose_client_does_not_wait_for_the_answer_runs_once(shared_server: Server, name: str):
    with socket.create_connection(("127.0.0.1", shared_server.port), timeout=30) as gone:
        gone.sendall(raw_event(name, b'{"gone": true}'))
    with socket.create_connection(("127.0.0.1", shared_server.port), timeout=30) as cut:
        cut.sendall(raw_event(name, b'{"cut": true}')[:-4])
    logged = "".join(shared_server.messages(name, until='{"gone": true}', within_s=60))
    send(shared_server, name, "after")
    eventually(lambda: any('"after"' in one for one in shared_server.messages(name)))
    logged = "".join(shared_server.messages(name))
    assert logged.count('{"gone": true}') == 1
    assert '"cut"' not in logged
