"""lambdad's Node.js client against aws-lambda-ric, over one set of handlers, on every Node.js line.

Version 3 of the official client is what runs up to Node.js 22, version 4 from 24 on.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from normalised import seen
from official_clients import node_client, node_interpreter
from scripted_runtime_api import Event, Transcript, run

from lambdad.worker.runtimes.client_tree import CLIENTS, NODE_CLIENT

pytestmark = pytest.mark.registry

TASK = Path(__file__).parent / "handlers" / "node"
OURS = CLIENTS / NODE_CLIENT
EVENTS = (
    Event(b'{"key": "caf\xc3\xa9", "n": [1, 2.5, null]}'),
    Event(b"[]", "second-0000", {"Lambda-Runtime-Client-Context": '{"custom":{"a":1}}'}),
)
# Every line runs the essentials; the two generations of the official client run everything.
THOROUGH = ("nodejs20.x", "nodejs24.x")
OTHERS = ("nodejs18.x", "nodejs22.x")


def _names(module: str, names: str) -> list[str]:
    return [f"{module}.{name}" for name in names.split()]


HANDLERS = [
    *_names(
        "answers",
        "echo nothing text numbers date circular bigint fn plain nested.deep.handler context trace number missing",
    ),
    *_names("failures", "raises sync custom caused text object nothing withDel circular exits"),
    *_names("logs", "levels values errors mixed"),
    *_names("esm", "handler inDefault"),
    *_names("awaits", "handler nested.deep.handler nested.absent withCallback impatient"),
    "common.handler",
    "pkg/deep.handler",
    "typed/index.handler",
    "broken_syntax.handler",
    "broken_module.handler",
    "broken_import.handler",
    "missing_import.handler",
    "missing_esm_import.handler",
    "logs_on_import.handler",
    "exits_on_import.handler",
    "absent.handler",
    "../outside.handler",
    "no_dot",
    "answers.",
    "pkg/absent/deep.handler",
]
ESSENTIALS = [
    "answers.echo",
    "answers.context",
    "failures.raises",
    "logs.values",
    "esm.handler",
    "typed/index.handler",
    "broken_syntax.handler",
    "missing_import.handler",
    "callbacks.success",
    "callbacks.uncaught",
]
CASES = [(line, handler) for line in THOROUGH for handler in HANDLERS]
CASES += [(line, handler) for line in OTHERS for handler in ESSENTIALS]
CALLBACKS = _names(
    "callbacks",
    "success error text waits impatient twice late never neverWithTimer succeed fail failWithNothing done "
    "callbackAndPromise uncaught rejection",
)
LOG_SETTINGS = {
    "json": {"AWS_LAMBDA_LOG_FORMAT": "JSON"},
    "text at a level": {"AWS_LAMBDA_LOG_LEVEL": "error"},
    "json at a level": {"AWS_LAMBDA_LOG_FORMAT": "json", "AWS_LAMBDA_LOG_LEVEL": "WARN"},
}


def environment(line: str, handler: str) -> dict[str, str]:
    return {
        "PATH": "/usr/bin:/bin",
        "LAMBDA_TASK_ROOT": str(TASK),
        "_HANDLER": handler,
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{line}",
        "AWS_LAMBDA_FUNCTION_NAME": "f",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128",
        "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/f",
        "AWS_LAMBDA_LOG_STREAM_NAME": "2026/11/23/[$LATEST]0",
    }


def theirs(line: str, handler: str, extra: dict[str, str], entry: Path, **how: object) -> Transcript:
    argv = [str(node_interpreter(line)), str(entry), handler]
    return run(argv, {**environment(line, handler), **extra}, TASK, EVENTS, transport="tcp", **how)


def ours(line: str, handler: str, extra: dict[str, str], **how: object) -> Transcript:
    argv = [str(node_interpreter(line)), str(OURS)]
    return run(argv, {**environment(line, handler), **extra}, TASK, EVENTS, transport="fd", **how)


def assert_same(line: str, handler: str, extra: dict[str, str], **how: object) -> None:
    entry = node_client(4 if line == "nodejs24.x" else 3)
    package = entry.parent if entry.parent.name != "bin" else entry.parent.parent
    expected = seen(theirs(line, handler, extra, entry, **how), (OURS, package))
    actual = seen(ours(line, handler, extra, **how), (OURS, package))
    assert expected["posts"] or expected["exit_code"] is not None
    assert actual == expected


@pytest.mark.parametrize(("line", "handler"), CASES)
def test_answers_errors_and_log_records_are_those_of_aws_lambda_ric(line: str, handler: str) -> None:
    assert_same(line, handler, {})


@pytest.mark.parametrize("handler", CALLBACKS)
def test_callbacks_act_as_in_aws_lambda_ric_up_to_node_22(handler: str) -> None:
    assert_same("nodejs20.x", handler, {})


@pytest.mark.parametrize("handler", ["callbacks.success", "callbacks.rejection"])
def test_callbacks_are_refused_as_in_aws_lambda_ric_from_node_24_on(handler: str) -> None:
    assert_same("nodejs24.x", handler, {})


@pytest.mark.parametrize(
    "handler", ["logs.levels", "logs.values", "logs.errors", "failures.raises", "answers.number"]
)
@pytest.mark.parametrize("settings", LOG_SETTINGS.values(), ids=LOG_SETTINGS)
@pytest.mark.parametrize("line", ["nodejs20.x", "nodejs24.x"])
def test_log_settings_act_as_in_aws_lambda_ric(line: str, settings: dict[str, str], handler: str) -> None:
    assert_same(line, handler, settings)


@pytest.mark.parametrize("line", ["nodejs20.x", "nodejs24.x"])
def test_without_a_telemetry_descriptor_records_go_to_stdout_as_in_aws_lambda_ric(line: str) -> None:
    assert_same(line, "logs.values", {}, framed=False)
