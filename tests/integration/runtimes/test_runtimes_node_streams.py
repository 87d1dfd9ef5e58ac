"""lambdad's Node.js client streams as aws-lambda-ric does: bodies, content types, trailers, logs."""

from __future__ import annotations

import pytest
from recorded import Case, record
from test_runtimes_node_differential import assert_recorded, assert_same, case

pytestmark = pytest.mark.registry

HANDLERS = [
    "text",
    "objects",
    "ends",
    "nothing",
    "emptyFirst",
    "contentType",
    "contentTypeTooLate",
    "badContentType",
    "noContentType",
    "http",
    "httpEndsOnly",
    "pipes",
    "large",
    "highWaterMark",
    "returns",
    "throwsFirst",
    "throwsLater",
    "throwsText",
    "throwsAtTheEnd",
    "sync",
    "syncNothing",
    "syncThrows",
    "context",
    "doesNotWait",
    "waits",
    "logs",
    "properties",
    "unknown",
    "unmarked",
    "global",
]
ESSENTIALS = ["text", "http", "throwsLater"]
# Version 3 of the official client cannot name the error it means here: it fails with a ReferenceError.
BROKEN_THERE = ("nodejs20.x", "unknown")
CASES = [(line, name) for line in ("nodejs20.x", "nodejs24.x") for name in HANDLERS]
CASES.remove(BROKEN_THERE)
CASES += [(line, name) for line in ("nodejs18.x", "nodejs22.x") for name in ESSENTIALS]


JSON = {"AWS_LAMBDA_LOG_FORMAT": "JSON"}
LOGGED = [(line, "throwsLater", JSON) for line in ("nodejs20.x", "nodejs24.x")]


def streamed(line: str, name: str, settings: dict[str, str] | None = None) -> Case:
    return case(line, f"streams.{name}", settings, wait_for_posts_s=5.0)


@pytest.mark.parametrize(("line", "name"), CASES)
def test_streams_are_those_of_aws_lambda_ric(line: str, name: str) -> None:
    assert_same(streamed(line, name))


@pytest.mark.parametrize("asked", LOGGED, ids=str)
def test_a_streamed_error_is_logged_in_json_as_by_aws_lambda_ric(
    asked: tuple[str, str, dict[str, str]],
) -> None:
    assert_same(streamed(*asked))


def test_every_stream_of_aws_lambda_ric_is_on_record() -> None:
    asked = {streamed(*one).key for one in (*CASES, *LOGGED)}
    assert asked <= record("node").keys(), "run record_clients.py"


@pytest.mark.full
@pytest.mark.parametrize("asked", [*CASES, *LOGGED], ids=str)
def test_aws_lambda_ric_streams_as_is_on_record(asked: tuple[str, str]) -> None:
    assert_recorded(streamed(*asked))
