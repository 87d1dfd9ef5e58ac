"""What functions do wrong: each gets AWS's error object, and the next invocation works."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from calling import Answer, call, failed

from tests.running import Server

MIB = 1024 * 1024
SOURCE = """
import os, signal, sys, time, subprocess
def handler(event, context):
    return globals()[event["do"]](event)
def fine(event):
    return "fine"
def pid(event):
    return os.getpid()
def raises(event):
    raise ValueError("as asked")
def exits(event):
    sys.exit(event["code"])
def hard(event):
    os._exit(event["code"])
def dies(event):
    os.kill(os.getpid(), event["signal"])
    time.sleep(5)
def large(event):
    return "x" * event["n"]
def unserialisable(event):
    return {"a": {1, 2}}
def surrogate(event):
    return "\\ud800"
def recursion(event):
    return recursion(event)
def memory(event):
    held = []
    for _ in range(event["mib"]):
        held.append(bytearray(os.urandom(1024) * 1024))
    return len(held)
def child_memory(event):
    program = "held = [bytearray(b'x' * 1048576) for _ in range(%d)]" % event["mib"]
    return subprocess.run([sys.executable, "-c", program]).returncode
def closes(event):
    os.closerange(0, 4)
    return "closed"
def closes_channel(event):
    os.closerange(0, 1024)
    return "never seen"
def slow(event):
    print("slow begins")
    time.sleep(event["s"])
def children(event):
    return [os.waitstatus_to_exitcode(os.waitpid(fork(n), 0)[1]) for n in range(event["n"])]
def fork(code):
    child = os.fork()
    if child == 0:
        os._exit(code)
    return child
def orphans(event):
    for _ in range(event["n"]):
        if os.fork() == 0:
            if os.fork() == 0:
                time.sleep(0.01)
            os._exit(0)
        os.wait()
    return "adopted"
"""


@pytest.fixture(scope="module")
def name(shared_server: Server) -> str:
    """A function with a timeout of 2 s and the smallest memory."""
    return shared_server.function({"app.py": SOURCE}, Timeout=3, MemorySize=128)


@pytest.fixture(scope="module")
def patient(shared_server: Server) -> str:
    """The same with more time: filling 128 MB may take long with the processor time that goes with them."""
    return shared_server.function({"app.py": SOURCE}, Timeout=60, MemorySize=128)


@pytest.fixture(autouse=True)
def _the_next_invocation_works(shared_server: Server, name: str) -> Iterator[None]:
    yield
    assert call(shared_server, name, {"do": "fine"}).body == "fine"


def do(server: Server, name: str, what: str, **event: Any) -> Answer:
    return call(server, name, {"do": what, **event})


EXIT = "Runtime.ExitError"
ENDS: dict[str, tuple[dict[str, Any], str]] = {
    "sys.exit(0)": ({"do": "exits", "code": 0}, "Runtime exited without providing a reason"),
    "sys.exit(3)": ({"do": "exits", "code": 3}, "Runtime exited with error: exit status 3"),
    "os._exit(0)": ({"do": "hard", "code": 0}, "Runtime exited without providing a reason"),
    "os._exit(1)": ({"do": "hard", "code": 1}, "Runtime exited with error: exit status 1"),
    "SIGKILL": ({"do": "dies", "signal": 9}, "Runtime exited with error: signal: killed"),
    "SIGSEGV": ({"do": "dies", "signal": 11}, "Runtime exited with error: signal: segmentation fault"),
    "SIGABRT": ({"do": "dies", "signal": 6}, "Runtime exited with error: signal: aborted"),
    "SIGTERM": ({"do": "dies", "signal": 15}, "Runtime exited with error: signal: terminated"),
}


@pytest.mark.parametrize("end", ENDS)
def test_an_end_of_the_process_is_told_as_aws_tells_it(shared_server: Server, name: str, end: str) -> None:
    event, words = ENDS[end]
    answer = call(shared_server, name, event)
    failed(answer, EXIT, "RequestId: {id} Error: " + words)
    report = answer.log.splitlines()[-1]
    assert report.startswith(f"REPORT RequestId: {answer.request_id}\t")
    assert "Status: error\tError Type: Runtime.ExitError" in report


def test_an_exception_is_the_handlers_own_error_object(shared_server: Server, name: str) -> None:
    answer = do(shared_server, name, "raises")
    assert answer.error == "Unhandled"
    assert answer.body["errorType"] == "ValueError"
    assert answer.body["errorMessage"] == "as asked"
    assert answer.body["requestId"] == answer.request_id
    assert answer.body["stackTrace"][-1].startswith('  File "/var/task/app.py", line ')
    assert "[ERROR] ValueError: as asked" in answer.log


def test_an_endless_recursion_is_an_exception_like_others(shared_server: Server, name: str) -> None:
    assert do(shared_server, name, "recursion").body["errorType"] == "RecursionError"


def test_a_response_over_six_megabytes_is_told_with_its_limit(shared_server: Server, name: str) -> None:
    answer = do(shared_server, name, "large", n=6 * MIB + 101)
    assert answer.error == "Unhandled"
    assert answer.body == {
        "errorMessage": "Response payload size exceeded maximum allowed payload size (6291556 bytes).",
        "errorType": "Function.ResponseSizeTooLarge",
    }


def test_the_call_right_after_an_oversized_response_is_never_lost(shared_server: Server, name: str) -> None:
    for _ in range(8):
        assert do(shared_server, name, "large", n=6 * MIB + 101).error == "Unhandled"
        assert do(shared_server, name, "fine").body == "fine"


def test_a_response_that_json_does_not_have_is_a_marshal_error(shared_server: Server, name: str) -> None:
    answer = do(shared_server, name, "unserialisable")
    assert answer.error == "Unhandled"
    assert answer.body["errorType"] == "Runtime.MarshalError"
    assert answer.body["errorMessage"] == (
        "Unable to marshal response: Object of type set is not JSON serializable"
    )


def test_memory_over_the_limit_is_out_of_memory(shared_server: Server, patient: str) -> None:
    answer = do(shared_server, patient, "memory", mib=300)
    failed(answer, "Runtime.OutOfMemory", "RequestId: {id} Error: Runtime exited with error: signal: killed")
    report = answer.log.splitlines()[-1]
    assert "Memory Size: 128 MB\tMax Memory Used: 128 MB\t" in report
    assert "Status: error\tError Type: Runtime.OutOfMemory" in report


def test_a_child_that_takes_too_much_memory_is_killed_alone(shared_server: Server, patient: str) -> None:
    assert do(shared_server, patient, "child_memory", mib=300).body == -9


def test_a_timeout_is_told_with_the_time(shared_server: Server, name: str) -> None:
    answer = do(shared_server, name, "slow", s=30)
    failed(answer, "Sandbox.Timedout", "RequestId: {id} Error: Task timed out after 3.00 seconds")
    assert "slow begins\n" in answer.log
    assert "Status: timeout" in answer.log.splitlines()[-1]


def test_forked_children_and_orphans_are_all_reaped(shared_server: Server, name: str) -> None:
    assert do(shared_server, name, "children", n=20).body == list(range(20))
    assert do(shared_server, name, "orphans", n=20).body == "adopted"


def test_a_function_that_closes_its_output_still_answers(shared_server: Server, name: str) -> None:
    assert do(shared_server, name, "closes").body == "closed"
    assert do(shared_server, name, "fine").body == "fine"


def test_a_function_that_closes_every_descriptor_ends_as_a_crash_not_as_a_hang(
    shared_server: Server, name: str
) -> None:
    answer = do(shared_server, name, "closes_channel")
    assert answer.error == "Unhandled"
    assert answer.body["errorType"] in (EXIT, "Sandbox.Timedout")


BAD_MODULES: dict[str, tuple[dict[str, str | bytes], str, str, str]] = {
    "no module": (
        {"other.py": ""},
        "app.handler",
        "Runtime.ImportModuleError",
        "Unable to import module 'app': No module named 'app'",
    ),
    "no handler": (
        {"app.py": "x = 1"},
        "app.handler",
        "Runtime.HandlerNotFound",
        "Handler 'handler' missing on module 'app'",
    ),
    "import fails": (
        {"app.py": "import nowhere_to_be_found"},
        "app.handler",
        "Runtime.ImportModuleError",
        "Unable to import module 'app': No module named 'nowhere_to_be_found'",
    ),
    "bad handler name": (
        {"app.py": "x = 1"},
        "app",
        "Runtime.MalformedHandlerName",
        "Bad handler 'app': not enough values to unpack (expected 2, got 1)",
    ),
    "raises at import": ({"app.py": "raise KeyError('early')"}, "app.handler", "KeyError", "'early'"),
}


@pytest.mark.parametrize("kind", BAD_MODULES)
def test_a_module_that_cannot_be_used_is_told_on_every_invocation(shared_server: Server, kind: str) -> None:
    files, handler, error_type, message = BAD_MODULES[kind]
    bad = shared_server.function(files, Handler=handler)
    for _ in range(2):
        answer = call(shared_server, bad)
        failed(answer, error_type, message)
        assert f"[ERROR] {error_type}: {message}" in answer.log or f"[ERROR] {error_type}" in "".join(
            shared_server.messages(bad)
        )
    assert any(line.startswith("INIT_REPORT") for line in shared_server.messages(bad))


def test_a_syntax_error_names_file_and_line(shared_server: Server) -> None:
    bad = shared_server.function({"app.py": "x = 1\ndef handler(event, context)\n    return 1\n"})
    answer = call(shared_server, bad)
    assert answer.error == "Unhandled"
    assert answer.body["errorType"] == "Runtime.UserCodeSyntaxError"
    assert answer.body["errorMessage"].startswith("Syntax error in module 'app': ")
    assert '  File "/var/task/app.py" Line 2' in answer.body["stackTrace"][0]


def test_a_handler_that_is_not_callable_is_a_function_error(shared_server: Server) -> None:
    bad = shared_server.function({"app.py": "handler = 'text'\n"})
    answer = call(shared_server, bad)
    assert answer.error == "Unhandled"
    assert answer.body["errorType"] == "TypeError"
    assert answer.body["errorMessage"] == "'str' object is not callable"


def test_an_exit_at_import_is_told(shared_server: Server) -> None:
    bad = shared_server.function({"app.py": "import os\nos._exit(7)\n"})
    for _ in range(2):
        failed(
            call(shared_server, bad), EXIT, "RequestId: {id} Error: Runtime exited with error: exit status 7"
        )


BAD_PAYLOADS = [b"no json", b"{", b'{"a":}', b"'single'", b"\xff\xfe", b'{"a":1} trailing', b"NaN"]


@pytest.mark.parametrize("payload", BAD_PAYLOADS)
def test_a_payload_that_is_no_json_never_reaches_the_function(
    shared_server: Server, name: str, payload: bytes
) -> None:
    with pytest.raises(ClientError) as error:
        call(shared_server, name, Payload=payload)
    response = error.value.response
    assert (response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]) == (
        "InvalidRequestContentException",
        400,
    )
    assert response["Error"]["Message"].startswith(
        "Could not parse request body into json: Could not parse payload into json: "
    )


@pytest.mark.parametrize("depth", [5_000, 1_000_000])
def test_a_payload_nested_without_end_is_refused_on_every_path(
    shared_server: Server, name: str, depth: int
) -> None:
    deep = b"[" * depth + b"]" * depth
    client = shared_server.client()
    for options in ({}, {}, {"LogType": "Tail"}):
        with pytest.raises(client.exceptions.InvalidRequestContentException, match="nested too deeply"):
            client.invoke(FunctionName=name, Payload=deep, **options)


def test_a_client_context_nested_without_end_is_refused(shared_server: Server, name: str) -> None:
    deep = base64.b64encode(b'{"a":' * 5_000 + b"1" + b"}" * 5_000).decode()
    with pytest.raises(ClientError, match="Client context must be a valid"):
        shared_server.client().invoke(FunctionName=name, ClientContext=deep)


def test_an_answer_nested_without_end_reaches_the_caller(shared_server: Server) -> None:
    deep = shared_server.function(
        {
            "app.py": "def handler(event, context):\n    x = []\n    for _ in range(900):\n        x = [x]\n    return x\n"
        }
    )
    answer = shared_server.client().invoke(FunctionName=deep)
    assert answer["Payload"].read() == b"[" * 901 + b"]" * 901


def test_a_payload_of_seven_megabytes_is_too_large(shared_server: Server, name: str) -> None:
    with pytest.raises(ClientError) as error:
        call(shared_server, name, Payload=json.dumps("x" * 7 * MIB).encode())
    response = error.value.response
    assert (response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]) == (
        "RequestTooLargeException",
        413,
    )
    assert response["Error"]["Message"] == (
        "Request must be smaller than 6291456 bytes for the InvokeFunction operation"
    )
