"""The end of a streamed answer in JSON, and which requests ask for one."""

from __future__ import annotations

import base64
import json

import pytest

from lambdad.domain.invocation import Invocation, Target
from lambdad.domain.outcome import Status
from lambdad.edge.raw_request import RawRequest
from lambdad.edge.stream_answer import completion
from lambdad.edge.stream_route import is_stream
from tests.fakes.worker import version_of


def settled(status: Status, result: bytes = b"", error_type: str | None = None) -> Invocation:
    version = version_of()
    invocation = Invocation(Target(version, version.unqualified_arn), "id", b"{}", "trace", lambda _: None)
    invocation.settle(status, result, error_type)
    return invocation


def test_a_stream_that_went_well_ends_with_nothing_to_say() -> None:
    assert completion(settled(Status.SUCCESS), None) == b"{}"


def test_the_log_is_in_base64() -> None:
    invocation = settled(Status.SUCCESS)
    invocation.log_tail = b"START \xff"
    assert json.loads(completion(invocation, None)) == {"LogResult": base64.b64encode(b"START \xff").decode()}


@pytest.mark.parametrize(
    ("own", "platforms", "result", "code"),
    [
        ("My.Type", None, b'{"errorType":"Other"}', "My.Type"),
        (None, "Runtime.ExitError", b'{"errorType":"Other"}', "Runtime.ExitError"),
        (None, None, b'{"errorType":"TypeError"}', "TypeError"),
        (None, None, b'{"errorType":7}', "Unhandled"),
        (None, None, b'{"errorType":""}', "Unhandled"),
        (None, None, b"[1]", "Unhandled"),
        (None, None, b"\xff no json", "Unhandled"),
        (None, None, b"[" * 100_000, "Unhandled"),
        (None, None, b"", "Unhandled"),
    ],
)
def test_an_error_has_the_most_telling_code_there_is(
    own: str | None, platforms: str | None, result: bytes, code: str
) -> None:
    found = json.loads(completion(settled(Status.ERROR, result, platforms), own))
    assert found == {"ErrorCode": code, "ErrorDetails": result.decode("utf-8", "replace")}


def test_an_error_of_many_megabytes_is_cut_so_that_clients_take_the_frame() -> None:
    found = completion(settled(Status.ERROR, b"\0" * 6_000_000, "Runtime.ExitError"), None)
    assert len(found) < 4 * 1024 * 1024


@pytest.mark.parametrize(
    ("method", "url", "asks"),
    [
        (b"POST", b"/2021-11-15/functions/f/response-streaming-invocations", True),
        (b"POST", b"/2021-11-15/functions/f/response-streaming-invocations?Qualifier=1", True),
        (b"GET", b"/2021-11-15/functions/f/response-streaming-invocations", False),
        (b"POST", b"/2015-03-31/functions/f/response-streaming-invocations", False),
        (b"POST", b"/2021-11-15/functions/f/g/response-streaming-invocations", False),
        (b"POST", b"/2021-11-15/functions/f?/response-streaming-invocations", False),
    ],
)
def test_only_one_path_and_method_ask_for_a_stream(method: bytes, url: bytes, asks: bool) -> None:
    raw = RawRequest(0.0)
    raw.method, raw.url = method, url
    assert is_stream(raw) is asks
