"""lambdad's Node.js client against aws-lambda-ric, over one set of handlers, on every Node.js line.

Version 3 of the official client is what runs up to Node.js 22, version 4 from 24 on. What they do is on record
(`record_clients.py`); the long form asks them again.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from differential import Differential
from normalised import seen
from official_clients import NODE_GENERATIONS, node_client, node_client_name, node_interpreter
from recorded import Case, record
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
PLAIN = [(line, handler) for line in THOROUGH for handler in HANDLERS]
PLAIN += [(line, handler) for line in OTHERS for handler in ESSENTIALS]
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


REFUSED = ("callbacks.success", "callbacks.rejection")
LOGGING = ("logs.levels", "logs.values", "logs.errors", "failures.raises", "answers.number")


def case(
    line: str,
    handler: str,
    settings: dict[str, str] | None = None,
    framed: bool = True,
    wait_for_posts_s: float = 0.0,
) -> Case:
    client = node_client_name(NODE_GENERATIONS[line])
    return Case(node_interpreter(line), client, handler, settings or {}, framed, wait_for_posts_s)


ASKED: list[tuple[Any, ...]] = [
    *PLAIN,
    *(("nodejs20.x", handler) for handler in CALLBACKS),
    *(("nodejs24.x", handler) for handler in REFUSED),
    *(
        (line, handler, settings)
        for line in THOROUGH
        for settings in LOG_SETTINGS.values()
        for handler in LOGGING
    ),
    *((line, "logs.values", {}, False) for line in THOROUGH),
]
"""What `case` is given in all of them; making them all fetches interpreters."""


def environment(case: Case) -> dict[str, str]:
    line = f"nodejs{case.interpreter.version.split('.')[0]}.x"
    return {
        "PATH": "/usr/bin:/bin",
        "LAMBDA_TASK_ROOT": str(TASK),
        "_HANDLER": case.handler,
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{line}",
        "AWS_LAMBDA_FUNCTION_NAME": "f",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128",
        "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/f",
        "AWS_LAMBDA_LOG_STREAM_NAME": "2026/11/23/[$LATEST]0",
        **case.settings,
    }


def theirs(case: Case) -> dict[str, object]:
    entry = node_client(int(case.client.partition("@")[2].split(".")[0]))
    package = entry.parent if entry.parent.name != "bin" else entry.parent.parent
    argv = [str(case.interpreter.binary), str(entry), case.handler]
    return seen(_run(case, argv, transport="tcp"), (OURS, package))


def ours(case: Case) -> dict[str, object]:
    return seen(_run(case, [str(case.interpreter.binary), str(OURS)], transport="fd"), (OURS,))


def _run(case: Case, argv: list[str], *, transport: str) -> Transcript:
    return run(
        argv,
        environment(case),
        TASK,
        EVENTS,
        transport=transport,
        framed=case.framed,
        wait_for_posts_s=case.wait_for_posts_s,
    )


NODE = Differential("node", ours, theirs)
assert_same, assert_recorded = NODE.assert_same, NODE.assert_recorded


@pytest.mark.parametrize(("line", "handler"), PLAIN)
def test_answers_errors_and_log_records_are_those_of_aws_lambda_ric(line: str, handler: str) -> None:
    assert_same(case(line, handler))


@pytest.mark.parametrize("handler", CALLBACKS)
def test_callbacks_act_as_in_aws_lambda_ric_up_to_node_22(handler: str) -> None:
    assert_same(case("nodejs20.x", handler))


@pytest.mark.parametrize("handler", REFUSED)
def test_callbacks_are_refused_as_in_aws_lambda_ric_from_node_24_on(handler: str) -> None:
    assert_same(case("nodejs24.x", handler))


@pytest.mark.parametrize("handler", LOGGING)
@pytest.mark.parametrize("settings", LOG_SETTINGS.values(), ids=LOG_SETTINGS)
@pytest.mark.parametrize("line", THOROUGH)
def test_log_settings_act_as_in_aws_lambda_ric(line: str, settings: dict[str, str], handler: str) -> None:
    assert_same(case(line, handler, settings))


@pytest.mark.parametrize("line", THOROUGH)
def test_without_a_telemetry_descriptor_records_go_to_stdout_as_in_aws_lambda_ric(line: str) -> None:
    assert_same(case(line, "logs.values", framed=False))


def test_every_case_of_aws_lambda_ric_is_on_record() -> None:
    assert {case(*asked).key for asked in ASKED} <= record("node").keys(), "run record_clients.py"


@pytest.mark.full
@pytest.mark.parametrize("asked", ASKED, ids=str)
def test_aws_lambda_ric_does_what_is_on_record(asked: tuple[Any, ...]) -> None:
    assert_recorded(case(*asked))
