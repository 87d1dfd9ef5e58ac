"""Bootstraps that misuse the Runtime API: an invocation is settled once, and no other is harmed."""

from __future__ import annotations

import json

import pytest
from calling import Answer, call, failed

from tests.running import Server

CLIENT = r"""#!/var/lang-of-the-host/python3
import http.client, json, os, sys, time
API = os.environ["AWS_LAMBDA_RUNTIME_API"]
BASE = "/2018-06-01/runtime/"
def ask(method, path, body=None, headers={}):
    connection = http.client.HTTPConnection(API, timeout=30)
    connection.request(method, BASE + path, body, headers)
    answer = connection.getresponse()
    data = answer.read()
    return answer.status, dict((key.lower(), value) for key, value in answer.getheaders()), data.decode()
def take():
    _, headers, event = ask("GET", "invocation/next")
    return headers["lambda-runtime-aws-request-id"], json.loads(event)
def answer(request_id, value):
    return ask("POST", "invocation/" + request_id + "/response", json.dumps(value))
def error(request_id, value):
    return ask("POST", "invocation/" + request_id + "/error", json.dumps(value))
"""


def deploy(server: Server, body: str, **parameters: object) -> str:
    script = CLIENT.replace("/var/lang-of-the-host/python3", "/usr/bin/python3") + body
    return server.function(
        {"bootstrap": script}, **{"Runtime": "provided.al2023", "Handler": "any", "Timeout": 5, **parameters}
    )


def told(answer: Answer) -> list[object]:
    assert answer.error is None, answer
    assert isinstance(answer.body, list)
    return answer.body


def test_a_second_answer_is_refused_and_changes_nothing(shared_server: Server) -> None:
    name = deploy(
        shared_server,
        """
second = None
while True:
    request_id, event = take()
    answer(request_id, [second, event])
    status, _, body = answer(request_id, "again")
    second = [status, json.loads(body)["errorType"]]
""",
    )
    assert told(call(shared_server, name, 1)) == [None, 1]
    assert told(call(shared_server, name, 2)) == [[403, "InvalidStateTransition"], 2]
    assert told(call(shared_server, name, 3))[1] == 3


def test_an_answer_to_another_id_is_refused(shared_server: Server) -> None:
    name = deploy(
        shared_server,
        """
while True:
    request_id, event = take()
    statuses = [answer(wrong, 0)[0] for wrong in ("00000000-0000-0000-0000-000000000000", "x", "a%20b", "../..")]
    answer(request_id, statuses)
""",
    )
    assert told(call(shared_server, name))[:3] == [400, 400, 400]


def test_an_answer_after_the_timeout_reaches_nobody(shared_server: Server) -> None:
    name = deploy(
        shared_server,
        """
while True:
    request_id, event = take()
    if event == "late":
        time.sleep(4)
    answer(request_id, [event])
""",
        Timeout=2,
    )
    failed(
        call(shared_server, name, "late"),
        "Sandbox.Timedout",
        "RequestId: {id} Error: Task timed out after 2.00 seconds",
    )
    assert told(call(shared_server, name, "in time")) == ["in time"]


def test_an_error_answer_goes_to_the_caller_untouched(shared_server: Server) -> None:
    name = deploy(
        shared_server,
        """
while True:
    request_id, event = take()
    error(request_id, {"errorType": "My.Own", "errorMessage": "words", "more": [1]})
""",
    )
    answer = call(shared_server, name)
    assert (answer.error, answer.body) == (
        "Unhandled",
        {"errorType": "My.Own", "errorMessage": "words", "more": [1]},
    )


def test_asking_for_the_next_event_without_answering_gives_the_event_again(shared_server: Server) -> None:
    name = deploy(
        shared_server,
        """
while True:
    request_id, event = take()
    status, headers, body = ask("GET", "invocation/next")
    same = headers["lambda-runtime-aws-request-id"] == request_id
    answer(request_id, [status, same, json.loads(body)])
""",
    )
    assert told(call(shared_server, name, "event")) == [200, True, "event"]


def test_an_answer_that_is_not_json_is_passed_on(shared_server: Server) -> None:
    name = deploy(
        shared_server,
        """
while True:
    request_id, event = take()
    ask("POST", "invocation/" + request_id + "/response", "not json at all")
""",
    )
    answer = shared_server.client().invoke(FunctionName=name)
    assert answer["Payload"].read() == b"not json at all"


def test_an_answer_over_the_limit_is_refused_with_413(shared_server: Server) -> None:
    name = deploy(
        shared_server,
        """
before = None
while True:
    request_id, event = take()
    status, _, body = answer(request_id, "x" * 6291557 if event == "big" else before)
    before = [status, json.loads(body).get("errorType")]
""",
    )
    assert call(shared_server, name, "big").body["errorType"] == "Function.ResponseSizeTooLarge"
    assert told(call(shared_server, name, "then")) == [413, "RequestEntityTooLarge"]


def test_an_init_error_is_what_the_caller_gets(shared_server: Server) -> None:
    name = deploy(
        shared_server,
        """
ask("POST", "init/error", json.dumps({"errorType": "Extension.Mine", "errorMessage": "no database"}),
    {"Lambda-Runtime-Function-Error-Type": "Extension.Mine"})
sys.exit(1)
""",
    )
    for _ in range(2):
        failed(call(shared_server, name), "Extension.Mine", "no database")


def test_an_init_error_nested_without_end_does_no_harm(shared_server: Server) -> None:
    name = deploy(
        shared_server,
        """
deep = '{"errorType":' + "[" * 20000 + "]" * 20000 + "}"
status, _, _ = ask("POST", "init/error", deep)
sys.exit(0 if status == 202 else 1)
""",
    )
    answer = shared_server.client().invoke(FunctionName=name)
    assert answer["FunctionError"] == "Unhandled"
    assert answer["Payload"].read().startswith(b'{"errorType":[[[')


def test_a_bootstrap_that_ends_at_once_is_an_exit_error(shared_server: Server) -> None:
    name = deploy(shared_server, "sys.exit(42)\n")
    message = "RequestId: {id} Error: Runtime exited with error: exit status 42"
    failed(call(shared_server, name), "Runtime.ExitError", message)


def test_a_bootstrap_that_ends_after_its_answer_costs_nobody_an_invocation(shared_server: Server) -> None:
    name = deploy(shared_server, "request_id, event = take()\nanswer(request_id, [event])\n")
    for number in range(4):
        assert told(call(shared_server, name, number)) == [number]


def test_half_an_answer_and_an_end_is_an_exit_error(shared_server: Server) -> None:
    name = deploy(
        shared_server,
        """
import socket
request_id, event = take()
host, port = API.split(":")
half = socket.create_connection((host, int(port)))
half.sendall(b"POST " + (BASE + "invocation/" + request_id + "/response").encode() +
    b" HTTP/1.1\\r\\nHost: a\\r\\nContent-Length: 100\\r\\n\\r\\n[1,2")
half.close()
sys.exit(9)
""",
    )
    message = "RequestId: {id} Error: Runtime exited with error: exit status 9"
    failed(call(shared_server, name), "Runtime.ExitError", message)


@pytest.mark.parametrize(
    "garbage", ["\\x16\\x03\\x01 no http", "GET / HTTP/9.9\\r\\n\\r\\n", "POST x\\r\\n\\r\\n", "A" * 70_000]
)
def test_garbage_on_the_runtime_api_ends_only_that_connection(shared_server: Server, garbage: str) -> None:
    name = deploy(
        shared_server,
        f"""
import socket
host, port = API.split(":")
while True:
    request_id, event = take()
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(b"{garbage}")
        connection.shutdown(socket.SHUT_WR)
        connection.settimeout(5)
        try:
            heard = connection.recv(100).decode()[:12]
        except OSError as failure:
            heard = type(failure).__name__
    answer(request_id, [heard])
""",
    )
    for _ in range(2):
        assert told(call(shared_server, name))[0] in (
            "HTTP/1.1 400",
            "HTTP/1.1 404",
            "",
            "ConnectionResetError",
        )


def test_too_many_connections_are_refused_and_the_function_goes_on(shared_server: Server) -> None:
    name = deploy(
        shared_server,
        """
import socket
host, port = API.split(":")
while True:
    request_id, event = take()
    held, refused = [], 0
    for _ in range(100):
        connection = socket.create_connection((host, int(port)))
        connection.settimeout(0.05)
        held.append(connection)
        if len(held) > 60:
            try:
                refused += connection.recv(12) == b"HTTP/1.1 503"
            except OSError:
                pass
    for connection in held:
        connection.close()
    time.sleep(0.2)
    answer(request_id, [refused >= 30])
""",
        Timeout=20,
    )
    assert told(call(shared_server, name)) == [True]
    assert told(call(shared_server, name)) == [True]


def test_headers_of_an_event_are_those_of_aws(shared_server: Server) -> None:
    name = deploy(
        shared_server,
        """
while True:
    status, headers, event = ask("GET", "invocation/next")
    answer(headers["lambda-runtime-aws-request-id"], [headers, time.time()])
""",
    )
    answer = call(shared_server, name)
    headers, now = answer.body
    assert headers["lambda-runtime-aws-request-id"] == answer.request_id
    assert headers["lambda-runtime-invoked-function-arn"].endswith(f":function:{name}")
    assert headers["lambda-runtime-trace-id"].startswith("Root=1-")
    assert headers["content-type"] == "application/json"
    assert 0 < int(headers["lambda-runtime-deadline-ms"]) / 1000 - now <= 5
    assert json.dumps(headers)
