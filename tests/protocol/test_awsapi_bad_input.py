"""Whatever is sent, the answer is never our fault."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from awsapi_oracle import a_request, parsed_by_botocore, run
from hypothesis import given, settings
from hypothesis import strategies as st

from lambdad.awsapi import model
from lambdad.awsapi.service import ModelledService, Params
from lambdad.domain.http import Request, Response


async def accept(_params: Params, _request: Request) -> Mapping[str, Any]:
    return {}


SERVICE = {
    name: ModelledService(model.load(name), dict.fromkeys(model.load(name).operations, accept))
    for name in ("lambda", "logs", "sts", "iam")
}

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
MEMBERS = st.sampled_from(
    ["FunctionName", "Role", "Code", "ZipFile", "Timeout", "Environment", "Variables", "Layers", "Tags"]
)
KEYS = MEMBERS | st.text()
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner), max_leaves=8
)
PARTS = ["Tags", "member", "1", "2", "", "PolicyArns", "arn", "DurationSeconds", "9" * 5000, "-1"]
FORM_NAMES = st.lists(st.sampled_from(PARTS), max_size=4).map(".".join)


def is_answered(service: str, request: Request) -> Response:
    answer = run(SERVICE[service](request))
    assert answer.status < 500
    if answer.status >= 300:
        assert parsed_by_botocore(service, None, answer)["Error"]["Code"]
    return answer


@given(JSON)
@settings(deadline=None)
def test_any_json_is_answered(value: Any) -> None:
    is_answered("lambda", a_request("POST", "/2015-03-31/functions", body=json.dumps(value).encode()))


@given(st.binary(max_size=200))
@settings(deadline=None)
def test_any_bytes_are_answered(body: bytes) -> None:
    is_answered("lambda", a_request("POST", "/2015-03-31/functions", body=body))
    headers = {"x-amz-target": "Logs_20140328.PutLogEvents"}
    is_answered("logs", a_request("POST", "/", body=body, headers=headers))
    is_answered("sts", a_request("POST", "/", body=b"Action=AssumeRole&" + body))


@given(st.text(max_size=60), st.lists(st.tuples(st.sampled_from(["MaxItems", "Marker", "x"]), st.text())))
@settings(deadline=None)
def test_any_path_and_query_are_answered(path: str, query: list[tuple[str, str]]) -> None:
    for prefix in ("/", "/2015-03-31/functions/", "/2015-03-31/functions"):
        is_answered("lambda", a_request("GET", prefix + path, tuple(query)))


@given(st.lists(st.tuples(FORM_NAMES, st.text(max_size=5))))
@settings(deadline=None)
def test_any_form_is_answered(fields: list[tuple[str, str]]) -> None:
    query = (("Action", "AssumeRole"), *fields)
    is_answered("sts", a_request("POST", "/", query))


@pytest.mark.parametrize(
    "number", ["1e400", "-1e400", "1e308", "9" * 400, "-0", "0.1", "9223372036854775808", "NaN"]
)
@pytest.mark.parametrize("member", ["Timeout", "Publish", "Description", "StartingPositionTimestamp"])
def test_any_number_is_answered(member: str, number: str) -> None:
    for path in ("/2015-03-31/functions", "/2015-03-31/event-source-mappings"):
        is_answered("lambda", a_request("POST", path, body=f'{{"{member}":{number}}}'.encode()))


@pytest.mark.parametrize("text", ["1e3", "1_000", "٣", " 1", "1.5", "", "9" * 5000, "0x1"])
def test_only_plain_digits_are_a_whole_number(text: str) -> None:
    answer = is_answered("lambda", a_request("GET", "/2015-03-31/functions", (("MaxItems", text),)))
    assert answer.status == 400


@pytest.mark.parametrize("body", [b'{"Description":"\\ud800"}', b'{"Description":"\xed\xa0\x80"}'])
def test_half_a_surrogate_is_answered(body: bytes) -> None:
    is_answered("lambda", a_request("POST", "/2015-03-31/functions", body=body))


def test_a_body_nested_too_deeply_is_answered() -> None:
    body = b'{"Code":' * 100_000
    is_answered("lambda", a_request("POST", "/2015-03-31/functions", body=body))
