"""InvokeWithResponseStream with real functions: bytes arrive while they run, and every end is told."""

from __future__ import annotations

import json
import re
import socket
from typing import Any

import pytest
from botocore.exceptions import ClientError
from calling import call, failed
from stream_calls import BOOTSTRAP, Streamed, begin, release, stream, until

from tests.running import Server

MIB = 1024 * 1024


def deploy(server: Server, body: str, **parameters: object) -> str:
    return server.function(
        {"bootstrap": BOOTSTRAP + body},
        **{"Runtime": "provided.al2023", "Handler": "any", "Timeout": 20, **parameters},
    )


WAITING = """
while True:
    request_id, event, headers = take()
    answer = Stream(request_id)
    answer.write(b"first ")
    wait_for_tag(headers["lambda-runtime-invoked-function-arn"], "go")
    answer.write(b"last")
    print("answered", answer.end())
"""


def test_the_first_byte_is_with_the_caller_while_the_function_still_runs(shared_server: Server) -> None:
    name = deploy(shared_server, WAITING)
    answer = begin(shared_server, name, LogType="Tail")
    answer.wait(b"first ")
    release(shared_server, name)
    answer.rest()
    assert answer.body == b"first last"
    assert answer.complete is not None
    assert answer.complete.keys() == {"LogResult"}
    assert answer.log.startswith(f"START RequestId: {answer.request_id} Version: $LATEST\n")
    assert "answered ('HTTP/1.1 202 Accepted'" in "".join(shared_server.messages(name, until="answered ("))


def test_headers_of_the_answer_are_those_of_aws(shared_server: Server) -> None:
    name = deploy(shared_server, WAITING)
    release(shared_server, name)
    answer = stream(shared_server, name)
    assert answer.complete == {}
    assert answer.response["StatusCode"] == 200
    assert answer.response["ExecutedVersion"] == "$LATEST"
    assert answer.response["ResponseStreamContentType"] == "application/vnd.amazon.eventstream"
    assert answer.headers["x-amzn-remapped-content-type"] == "text/x-test"
    assert answer.headers["transfer-encoding"] == "chunked"
    assert answer.headers["x-amzn-trace-id"].startswith("Root=1-")


def test_a_version_is_called_by_its_qualifier(shared_server: Server) -> None:
    name = deploy(shared_server, WAITING)
    release(shared_server, name)
    shared_server.client().publish_version(FunctionName=name)
    answer = stream(shared_server, name, Qualifier="1")
    assert (answer.body, answer.response["ExecutedVersion"]) == (b"first last", "1")


@pytest.mark.full
def test_thirty_streams_run_at_once(own_server: Server) -> None:
    name = deploy(own_server, WAITING, MemorySize=128)
    answers = [begin(own_server, name) for _ in range(30)]
    for answer in answers:
        answer.wait(b"first ")
    release(own_server, name)
    assert [answer.rest().body for answer in answers] == [b"first last"] * 30


def test_the_client_context_reaches_a_function_that_streams(shared_server: Server) -> None:
    name = deploy(
        shared_server,
        """
while True:
    request_id, event, headers = take()
    answer = Stream(request_id)
    answer.write(headers["lambda-runtime-client-context"].encode())
    answer.end()
""",
    )
    assert stream(shared_server, name, ClientContext="eyJhIjoxfQ==").body == b'{"a":1}'


def test_a_function_reads_the_stream_of_another(shared_server: Server) -> None:
    name = deploy(shared_server, WAITING)
    caller = shared_server.function(
        {
            "app.py": f"""
import http.client, os, urllib.request
def handler(event, context):
    connection = http.client.HTTPConnection(os.environ["AWS_ENDPOINT_URL"].partition("://")[2])
    connection.request("POST", "/2021-11-15/functions/{name}/response-streaming-invocations", b"null")
    answer = connection.getresponse()
    first = answer.read1()
    arn = context.invoked_function_arn.rpartition(":")[0] + ":{name}"
    go = urllib.request.Request(os.environ["AWS_ENDPOINT_URL"] + "/2017-03-31/tags/" + arn,
        b'{{"Tags":{{"go":"1"}}}}', {{"Content-Type": "application/json"}}, method="POST")
    urllib.request.urlopen(go)
    return [b"first " in first, b"last" in first, b"last" in answer.read()]
"""
        }
    )
    assert call(shared_server, caller).body == [True, False, True]


# --- what is refused -----------------------------------------------------------------------------


def refused(server: Server, name: str, **parameters: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        server.client().invoke_with_response_stream(FunctionName=name, **parameters)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


@pytest.fixture(scope="module")
def plain(shared_server: Server) -> str:
    return shared_server.function(
        {
            "app.py": "import os\n"
            "def handler(event, context):\n"
            "    if event == 'fail': raise TypeError('as asked')\n"
            "    if event == 'exit': os._exit(7)\n"
            "    if event == 'sleep': import time; time.sleep(30)\n"
            "    return 'x' * event if isinstance(event, int) else {'event': event}\n"
        },
        Timeout=2,
    )


def test_bad_requests_are_refused_as_those_of_invoke(shared_server: Server, plain: str) -> None:
    code, message = refused(shared_server, "no-such-function")
    assert (code, message.startswith("Function not found: arn:aws:lambda:")) == (
        "ResourceNotFoundException",
        True,
    )
    assert refused(shared_server, plain, Payload=b"no json")[0] == "InvalidRequestContentException"
    assert refused(shared_server, plain, ClientContext="!")[0] == "InvalidRequestContentException"
    code, message = refused(shared_server, plain, InvocationType="Event")
    assert code == "ValidationException"
    assert "Member must satisfy enum value set: [RequestResponse, DryRun]" in message


def test_a_dry_run_runs_nothing(shared_server: Server, plain: str) -> None:
    answer = shared_server.client().invoke_with_response_stream(FunctionName=plain, InvocationType="DryRun")
    assert answer["StatusCode"] == 204


# --- functions that answer in one piece ----------------------------------------------------------


def test_an_answer_in_one_piece_comes_as_a_stream(shared_server: Server, plain: str) -> None:
    answer = stream(shared_server, plain, {"a": 1}, LogType="Tail")
    assert json.loads(answer.body) == {"event": {"a": 1}}
    assert answer.headers["x-amzn-remapped-content-type"] == "application/json"
    assert "REPORT RequestId" in answer.log


def test_a_large_answer_in_one_piece_comes_in_many(shared_server: Server, plain: str) -> None:
    answer = stream(shared_server, plain, 6 * MIB - 2)
    assert len(answer.body) == 6 * MIB
    assert len(answer.pieces) > 1


def test_a_handlers_error_is_the_payload_and_the_end_says_so(shared_server: Server, plain: str) -> None:
    answer = stream(shared_server, plain, "fail")
    assert json.loads(answer.body)["errorType"] == "TypeError"
    answer.failed("TypeError", "as asked")


def test_time_that_runs_out_before_the_first_byte(shared_server: Server, plain: str) -> None:
    answer = stream(shared_server, plain, "sleep")
    message = "RequestId: {id} Error: Task timed out after 2.00 seconds"
    answer.failed("Sandbox.Timedout", message)
    assert json.loads(answer.body)["errorType"] == "Sandbox.Timedout"


def test_a_crash_before_the_first_byte(shared_server: Server, plain: str) -> None:
    answer = stream(shared_server, plain, "exit")
    answer.failed("Runtime.ExitError", "RequestId: {id} Error: Runtime exited with error: exit status 7")


def test_an_import_that_fails(shared_server: Server) -> None:
    name = shared_server.function({"app.py": "import nothing_of_this_name\n"})
    answer = stream(shared_server, name)
    message = "Unable to import module 'app': No module named 'nothing_of_this_name'"
    answer.failed("Runtime.ImportModuleError", message)


def test_an_answer_over_6_mb_in_one_piece(shared_server: Server, plain: str) -> None:
    message = "Response payload size exceeded maximum allowed payload size (6291556 bytes)."
    stream(shared_server, plain, 7 * MIB).failed("Function.ResponseSizeTooLarge", message)


# --- failures in the middle ----------------------------------------------------------------------

FAILING = """
while True:
    request_id, event, headers = take()
    if event == "mode":
        print("heard", Stream(request_id, mode="fast").end())
        continue
    answer = Stream(request_id)
    answer.write(b"half")
    if event == "sleep":
        time.sleep(30)
    if event == "exit":
        sys.exit(3)
    if event == "cut":
        answer.raw(b"100\\r\\nnot so much")
        answer.socket.close()
    elif event == "garbage":
        answer.raw(b"this is no size\\r\\n")
        print("heard", answer.answer())
    elif event == "padding":
        try:
            for _ in range(400):
                answer.raw(b"X-Padding: " + b"x" * 8192 + b"\\r\\n")
        except OSError:
            pass
        answer.socket.close()
    elif event == "trailer padding":
        answer.raw(b"0\\r\\n")
        try:
            for _ in range(400):
                answer.raw(b"X-Padding: " + b"x" * 8192 + b"\\r\\n")
        except OSError:
            pass
        answer.socket.close()
    elif event == "error":
        error = {"errorType": "Half", "errorMessage": "way"}
        body = base64.b64encode(json.dumps(error).encode()).decode()
        answer.end("lambda-runtime-function-error-TYPE: Function.Half\\r\\n"
            "LAMBDA-RUNTIME-FUNCTION-ERROR-BODY: " + body + "\\r\\n")
    else:
        answer.end()
"""


@pytest.fixture(scope="module")
def failing(shared_server: Server) -> str:
    return deploy(shared_server, FAILING, Timeout=3)


TRUNCATED = ("Runtime.TruncatedResponse", "RequestId: {id} Error: Response was truncated")
ENDS = {
    "sleep": ("Sandbox.Timedout", "RequestId: {id} Error: Task timed out after 3.00 seconds"),
    "exit": ("Runtime.ExitError", "RequestId: {id} Error: Runtime exited with error: exit status 3"),
    "cut": TRUNCATED,
    "garbage": TRUNCATED,
    "padding": TRUNCATED,
    "trailer padding": TRUNCATED,
    "error": ("Function.Half", "way"),
}


@pytest.mark.parametrize("end", ENDS)
def test_a_failure_in_the_middle_is_told_behind_what_came_before(
    shared_server: Server, failing: str, end: str
) -> None:
    answer = stream(shared_server, failing, end)
    answer.failed(*ENDS[end])
    assert answer.body.startswith(b"half")
    assert stream(shared_server, failing, "well").body == b"half"


def test_a_mode_that_does_not_exist(shared_server: Server, failing: str) -> None:
    answer = stream(shared_server, failing, "mode")
    answer.failed(
        "Runtime.InvalidResponseModeHeader", "RequestId: {id} Error: Invalid function response mode"
    )
    heard = shared_server.messages(failing, until="InvalidFunctionResponseMode", within_s=20)
    assert any("heard ('HTTP/1.1 400" in one and "InvalidFunctionResponseMode" in one for one in heard)
    assert stream(shared_server, failing, "well").body == b"half"


# --- Invoke of a function that streams -----------------------------------------------------------


def test_invoke_gets_a_stream_in_one_piece(shared_server: Server, failing: str) -> None:
    answer = shared_server.client().invoke(FunctionName=failing, Payload=b'"well"')
    assert answer["Payload"].read() == b"half"
    assert "FunctionError" not in answer
    assert answer["ResponseMetadata"]["HTTPHeaders"]["content-type"] == "application/octet-stream"


def test_invoke_gets_the_error_of_a_stream(shared_server: Server, failing: str) -> None:
    answer = call(shared_server, failing, "error")
    assert (answer.error, answer.body) == ("Unhandled", {"errorType": "Half", "errorMessage": "way"})
    failed(call(shared_server, failing, "exit"), *ENDS["exit"])


def test_invoke_of_a_stream_over_6_mb(shared_server: Server) -> None:
    name = deploy(
        shared_server,
        """
before = None
while True:
    request_id, event, headers = take()
    answer = Stream(request_id)
    if event == "big":
        for _ in range(7):
            answer.write(b"x" * 1024 * 1024)
    else:
        answer.write(json.dumps(before).encode())
    before = answer.end()
""",
    )
    message = "Response payload size exceeded maximum allowed payload size (6291556 bytes)."
    failed(call(shared_server, name, "big"), "Function.ResponseSizeTooLarge", message)
    assert call(shared_server, name, "then").body[0] == "HTTP/1.1 413 Request Entity Too Large"
    assert len(stream(shared_server, name, "big").body) == 7 * MIB


# --- clients that are slow, or leave -------------------------------------------------------------


def raw_stream(server: Server, name: str, event: str, receive_bytes: int | None = None) -> socket.socket:
    client = socket.socket()
    if receive_bytes is not None:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
    client.connect(("127.0.0.1", server.port))
    client.settimeout(20)
    payload = json.dumps(event).encode()
    client.sendall(
        f"POST /2021-11-15/functions/{name}/response-streaming-invocations HTTP/1.1\r\nHost: localhost\r\n"
        f"Content-Length: {len(payload)}\r\n\r\n".encode()
        + payload
    )
    return client


def test_a_client_that_leaves_does_not_end_the_function(shared_server: Server) -> None:
    name = deploy(
        shared_server,
        """
while True:
    request_id, event, headers = take()
    answer = Stream(request_id)
    answer.write(b"first")
    wait_for_tag(headers["lambda-runtime-invoked-function-arn"], "go")
    for _ in range(3 * 1024):
        answer.write(b"x" * 1024)
    print("all written", answer.end())
""",
    )
    client = raw_stream(shared_server, name, "go")
    heard = b""
    while b"first" not in heard:
        heard += client.recv(4096)
    client.close()
    release(shared_server, name)
    shared_server.messages(name, until="all written", within_s=20)
    report = [one for one in shared_server.messages(name, until="REPORT") if one.startswith("REPORT")]
    assert "Status:" not in report[0]
    assert "all written ('HTTP/1.1 202 Accepted'" in "".join(shared_server.messages(name))


@pytest.fixture
def slow_writer(shared_server: Server) -> str:
    return deploy(
        shared_server,
        """
while True:
    request_id, event, headers = take()
    answer = Stream(request_id)
    for number in range(5 * 1024):
        answer.write(b"%07d" % number * 146)
    print("all written", answer.end())
""",
    )


def test_a_slow_client_gets_every_byte_in_order_and_nobody_else_waits(
    shared_server: Server, slow_writer: str, plain: str
) -> None:
    client = raw_stream(shared_server, slow_writer, "go", receive_bytes=4096)
    heard = client.recv(100)
    assert json.loads(stream(shared_server, plain, "meanwhile").body) == {"event": "meanwhile"}
    parts = [heard]
    while not parts[-1].endswith(b"0\r\n\r\n"):
        parts.append(client.recv(1 << 16))
    heard = b"".join(parts)
    numbers = [int(found) for found in re.findall(rb"(\d{7})\1{145}", heard)]
    client.close()
    assert numbers == sorted(set(numbers))
    assert len(numbers) > 5 * 1024 - 200  # a few are cut by the borders of frames
    assert heard.count(b"InvokeComplete") == 1


def test_the_connection_goes_on_behind_a_stream(shared_server: Server, plain: str) -> None:
    client = raw_stream(shared_server, plain, "one")
    again = json.dumps("two").encode()
    client.sendall(
        f"POST /2021-11-15/functions/{plain}/response-streaming-invocations HTTP/1.1\r\nHost: localhost\r\n"
        f"Connection: close\r\nContent-Length: {len(again)}\r\n\r\n".encode()
        + again
    )
    heard = b""
    while part := client.recv(1 << 16):
        heard += part
    client.close()
    assert heard.count(b"HTTP/1.1 200 OK") == heard.count(b"InvokeComplete") == 2
    assert heard.index(b'"one"') < heard.index(b'"two"')


def test_a_client_that_never_reads_is_not_waited_for_longer_than_the_functions_time(
    shared_server: Server,
) -> None:
    name = deploy(
        shared_server,
        """
while True:
    request_id, event, headers = take()
    answer = Stream(request_id)
    while True:
        answer.write(b"x" * 65536)
""",
        Timeout=2,
    )
    client = raw_stream(shared_server, name, "go", receive_bytes=4096)
    until(
        lambda: any("Status: timeout" in one for one in shared_server.messages(name)),
        "the function should run out of time",
    )
    client.close()


def test_a_shell_streams_with_curl(shared_server: Server) -> None:
    script = r"""#!/bin/sh
set -eu
api="http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime"
head="$(mktemp)"
while :; do
    event="$(curl -sS -D "$head" "$api/invocation/next")"
    id="$(sed -n 's/^[Ll]ambda-[Rr]untime-[Aa]ws-[Rr]equest-[Ii]d: *\([^[:space:]]*\).*/\1/p' "$head")"
    arn="$(sed -n 's/^[Ll]ambda-[Rr]untime-[Ii]nvoked-[Ff]unction-[Aa]rn: *\([^[:space:]]*\).*/\1/p' "$head")"
    {
        echo "hello from a shell"
        until curl -sS "$AWS_ENDPOINT_URL/2017-03-31/tags/$arn" | grep -q '"go"'; do sleep 0.02; done
        echo "got $event"
    } | curl -sS -o /dev/null -X POST -T - -H 'Transfer-Encoding: chunked' -H 'Content-Type: text/plain' \
        -H 'Lambda-Runtime-Function-Response-Mode: streaming' "$api/invocation/$id/response"
done
"""
    name = shared_server.function({"bootstrap": script}, Runtime="provided.al2023", Handler="any")
    answer: Streamed = begin(shared_server, name, 7)
    answer.wait(b"hello from a shell\n")
    release(shared_server, name)
    assert answer.rest().body == b"hello from a shell\ngot 7\n"
    assert answer.headers["x-amzn-remapped-content-type"] == "text/plain"
    assert answer.complete == {}
