"""What a function can rely on: its world, its environments, its versions, its limits."""

from __future__ import annotations

import base64
import io
import json
import stat
import threading
import zipfile
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError
from calling import call

from tests.running import Server, zip_of

SOURCE = """
import os, time, sys, tempfile
calls = 0
def handler(event, context):
    global calls
    calls += 1
    what = event["do"] if isinstance(event, dict) else event
    return globals()[what](event, context)
def count(event, context):
    return calls
def env(event, context):
    return dict(os.environ)
def arn(event, context):
    return [context.invoked_function_arn, context.function_version, context.log_group_name]
def client_context(event, context):
    found = context.client_context
    return found and {"custom": found.custom, "env": found.env, "title": found.client.app_title}
def sleep(event, context):
    time.sleep(event["s"])
    return [context.log_stream_name, calls]
def files(event, context):
    with open("/tmp/mine", "a") as file:
        file.write("x")
    try:
        open("/var/task/mine", "w")
        task = "writable"
    except OSError as error:
        task = type(error).__name__ + str(error.errno)
    return {"tmp": open("/tmp/mine").read(), "task": task, "cwd": os.getcwd(), "uid": os.getuid()}
def size(event, context):
    return len(event["data"])
def large(event, context):
    return "y" * event["n"]
def remaining(event, context):
    return context.get_remaining_time_in_millis()
def code(event, context):
    return CODE
CODE = 1
"""
MIB = 1024 * 1024


@pytest.fixture(scope="module")
def name(shared_server: Server) -> str:
    """The function of this file, with memory enough to be quick."""
    return shared_server.function(
        {"app.py": SOURCE}, MemorySize=1769, Environment={"Variables": {"GREETING": "grüß dich", "EMPTY": ""}}
    )


def test_a_function_sees_its_own_variables_and_the_platforms(shared_server: Server, name: str) -> None:
    env = call(shared_server, name, "env").body
    assert (env["GREETING"], env["EMPTY"]) == ("grüß dich", "")
    assert (env["AWS_LAMBDA_FUNCTION_NAME"], env["AWS_LAMBDA_FUNCTION_VERSION"]) == (name, "$LATEST")
    assert env["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] == "1769"
    assert (env["_HANDLER"], env["LAMBDA_TASK_ROOT"], env["TZ"]) == ("app.handler", "/var/task", ":UTC")
    assert env["AWS_EXECUTION_ENV"] == "AWS_Lambda_python3.11"
    assert env["AWS_LAMBDA_LOG_GROUP_NAME"] == f"/aws/lambda/{name}"


def test_nothing_of_the_servers_environment_reaches_a_function(shared_server: Server, name: str) -> None:
    env = call(shared_server, name, "env").body
    assert not [
        key for key in env if "PYTEST" in key or "LAMBDAD" in key or key in ("HOME", "USER", "VIRTUAL_ENV")
    ]


def test_the_client_context_reaches_the_function(shared_server: Server, name: str) -> None:
    context = {"custom": {"k": "v"}, "env": {"locale": "de"}, "client": {"app_title": "shop"}}
    encoded = base64.b64encode(json.dumps(context).encode()).decode()
    assert call(shared_server, name, "client_context", ClientContext=encoded).body == {
        "custom": {"k": "v"},
        "env": {"locale": "de"},
        "title": "shop",
    }
    assert call(shared_server, name, "client_context").body is None


def test_a_client_context_that_is_no_json_is_refused(shared_server: Server, name: str) -> None:
    with pytest.raises(ClientError, match="InvalidRequestContentException"):
        call(shared_server, name, "client_context", ClientContext=base64.b64encode(b"{").decode())


def test_a_dry_run_answers_204_and_runs_nothing(shared_server: Server) -> None:
    dry = shared_server.function({"app.py": "def handler(event, context):\n    print('ran')\n"})
    answer = shared_server.client().invoke(FunctionName=dry, InvocationType="DryRun")
    assert answer["StatusCode"] == 204
    assert answer["Payload"].read() == b""
    assert shared_server.messages(dry) == []


def test_only_tmp_can_be_written_and_the_user_is_not_root(shared_server: Server, name: str) -> None:
    seen = call(shared_server, name, "files").body
    assert set(seen["tmp"]) == {"x"}
    assert seen["task"] == "OSError30"
    assert (seen["cwd"], seen["uid"]) == ("/var/task", 993)


def test_six_megabytes_go_in_and_come_out(shared_server: Server, name: str) -> None:
    data = "ä" * ((6 * MIB - 100) // 2)
    body = json.dumps({"do": "size", "data": data}, ensure_ascii=False).encode()
    assert len(body) <= 6 * MIB
    assert call(shared_server, name, Payload=body).body == len(data)
    assert call(shared_server, name, {"do": "large", "n": 6 * MIB - 2}).body == "y" * (6 * MIB - 2)


def test_the_remaining_time_is_the_timeout_at_most(shared_server: Server, name: str) -> None:
    assert 0 < call(shared_server, name, "remaining").body <= 20_000


def test_an_environment_is_used_again(shared_server: Server) -> None:
    fresh = shared_server.function({"app.py": SOURCE})
    assert [call(shared_server, fresh, "count").body for _ in range(3)] == [1, 2, 3]
    assert sum(line.startswith("INIT_START") for line in shared_server.messages(fresh)) == 1


def test_eight_calls_at_once_run_in_eight_environments(shared_server: Server) -> None:
    wide = shared_server.function({"app.py": SOURCE}, MemorySize=128)
    barrier = threading.Barrier(8)

    def one(_: int) -> Any:
        barrier.wait()
        return call(shared_server, wide, {"do": "sleep", "s": 2}).body

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(one, range(8)))
    assert len({stream for stream, _ in answers}) == 8
    assert {calls for _, calls in answers} == {1}
    streams = shared_server.client("logs").describe_log_streams(logGroupName=f"/aws/lambda/{wide}")[
        "logStreams"
    ]
    assert {stream["logStreamName"] for stream in streams} == {stream for stream, _ in answers}


def test_an_update_of_the_code_is_picked_up_by_the_next_call(shared_server: Server) -> None:
    client = shared_server.client()
    changing = shared_server.function({"app.py": SOURCE})
    assert call(shared_server, changing, "code").body == 1
    for number in (2, 3):
        client.update_function_code(
            FunctionName=changing, ZipFile=zip_of({"app.py": SOURCE.replace("CODE = 1", f"CODE = {number}")})
        )
        client.get_waiter("function_updated_v2").wait(
            FunctionName=changing, WaiterConfig={"Delay": 0.05, "MaxAttempts": 100}
        )
        assert call(shared_server, changing, "code").body == number


def test_an_update_of_the_configuration_is_picked_up_by_the_next_call(shared_server: Server) -> None:
    client = shared_server.client()
    changing = shared_server.function({"app.py": SOURCE})
    assert "ADDED" not in call(shared_server, changing, "env").body
    client.update_function_configuration(
        FunctionName=changing, Environment={"Variables": {"ADDED": "yes"}}, MemorySize=256
    )
    client.get_waiter("function_updated_v2").wait(
        FunctionName=changing, WaiterConfig={"Delay": 0.05, "MaxAttempts": 100}
    )
    env = call(shared_server, changing, "env").body
    assert (env["ADDED"], env["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]) == ("yes", "256")


def test_a_published_version_stays_what_it_was(shared_server: Server) -> None:
    client = shared_server.client()
    versioned = shared_server.function({"app.py": SOURCE})
    published = client.publish_version(FunctionName=versioned)
    assert published["Version"] == "1"
    client.get_waiter("published_version_active").wait(
        FunctionName=versioned, Qualifier="1", WaiterConfig={"Delay": 0.05, "MaxAttempts": 100}
    )
    client.update_function_code(
        FunctionName=versioned, ZipFile=zip_of({"app.py": SOURCE.replace("CODE = 1", "CODE = 2")})
    )
    client.get_waiter("function_updated_v2").wait(
        FunctionName=versioned, WaiterConfig={"Delay": 0.05, "MaxAttempts": 100}
    )
    old = call(shared_server, versioned, "code", Qualifier="1")
    assert (old.body, old.version) == (1, "1")
    assert old.log.startswith(f"START RequestId: {old.request_id} Version: 1\n")
    new = call(shared_server, versioned, "code")
    assert (new.body, new.version) == (2, "$LATEST")
    arn, version, _ = call(shared_server, f"{versioned}:1", "arn").body
    assert (arn.rsplit(":", 2)[1:], version) == ([versioned, "1"], "1")
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        call(shared_server, versioned, "code", Qualifier="2")


def test_a_symlink_inside_the_code_is_one_in_the_function_too(shared_server: Server) -> None:
    source = (
        "import os\ndef handler(event, context):\n    return [os.readlink('link'), open('link').read()]\n"
    )
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("app.py", source)
        archive.writestr("folder/data", "linked")
        link = zipfile.ZipInfo("link")
        link.create_system = 3
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "folder/data")
    linked = shared_server.function(buffer.getvalue())
    assert call(shared_server, linked).body == ["folder/data", "linked"]
