"""lambdad's Python client against awslambdaric, over one set of handlers, on every Python of this host.

What awslambdaric does is on record (`record_clients.py`); the long form asks it again.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from differential import Differential
from normalised import seen
from official_clients import CACHE, python_client, python_client_version
from recorded import Case, record
from scripted_runtime_api import Event, run

from lambdad.worker.runtimes.client_tree import CLIENTS, PYTHON_CLIENT
from lambdad.worker.runtimes.identifiers import KNOWN, Language
from lambdad.worker.runtimes.interpreters import Interpreter, Interpreters

pytestmark = pytest.mark.registry

TASK = Path(__file__).parent / "handlers" / "python"
BROKEN = CACHE / "broken"  # source that no linter has to pass over
EVENTS = (Event(b'{"key": "caf\xc3\xa9", "n": [1, 2.5, null]}'), Event(b"[]", "second-0000"))
FOUND = [
    found
    for runtime in KNOWN
    if runtime.language is Language.PYTHON and (found := Interpreters((), None, os.environ).find(runtime))
]
HANDLERS = [
    *(
        f"answers.{name}"
        for name in [
            "echo",
            "nothing",
            "text",
            "numbers",
            "raw_bytes",
            "decimals",
            "named_tuple",
            "bytes_inside",
            "odd_keys",
            "a_set",
            "tuple_key",
            "circular",
            "lone_surrogate",
            "a_coroutine",
            "a_generator",
            "an_async_generator",
        ]
    ),
    *(
        f"failures.{name}"
        for name in [
            "raises",
            "custom",
            "chained",
            "without_message",
            "deep",
            "recursion",
            "number",
            "not_callable_argument",
        ]
    ),
    *(
        f"logs.{name}"
        for name in [
            "levels",
            "default_level",
            "with_exception",
            "with_extra",
            "several_lines",
            "printed",
            "mixed",
        ]
    ),
    *(f"facts.{name}" for name in ["context", "trace_id", "descriptors"]),
    "failures.exits",
    "broken_syntax.handler",
    "broken_import.handler",
    "missing_import.handler",
    "exits_on_import.handler",
    "logs_on_import.handler",
    "pkg/sub/deep.handler",
    "pkg.sub.deep.handler",
    "pkg/missing.handler",
    "pkg/sub.deep.handler",
    "pkg.sub/deep.handler",
    "/pkg/sub/deep.handler",
    ".handler",
    "answers.",
    "answers..echo",
    "answers.missing",
    "no_dot",
    "sys.exit",
    "",
]
LOG_SETTINGS = {
    "text": {},
    "json": {"AWS_LAMBDA_LOG_FORMAT": "JSON"},
    "text at a level": {"AWS_LAMBDA_LOG_LEVEL": "ERROR"},
    "json at trace": {"AWS_LAMBDA_LOG_FORMAT": "json", "AWS_LAMBDA_LOG_LEVEL": "TRACE"},
}
LOGGING = [name for name in HANDLERS if name.startswith(("logs", "failures", "broken", "answers.a_set"))]


PLAIN = [(interpreter, handler) for interpreter in FOUND for handler in HANDLERS]
UNFRAMED = ("logs.printed", "failures.deep", "broken_import.handler")


def case(
    interpreter: Interpreter, handler: str, settings: dict[str, str] | None = None, framed: bool = True
) -> Case:
    return Case(interpreter, python_client_version(interpreter.version), handler, settings or {}, framed)


CASES = [
    *(case(interpreter, handler) for interpreter, handler in PLAIN),
    *(case(FOUND[-1], handler, settings) for settings in LOG_SETTINGS.values() for handler in LOGGING),
    *(case(FOUND[-1], handler, framed=False) for handler in UNFRAMED),
]


@pytest.fixture(autouse=True, scope="module")
def _broken_source() -> None:
    write_broken_source()


def write_broken_source() -> None:
    BROKEN.mkdir(parents=True, exist_ok=True)
    (BROKEN / "broken_syntax.py").write_text("def f(:\n    pass\n")


def environment(case: Case) -> dict[str, str]:
    minor = ".".join(case.interpreter.version.split(".")[:2])
    return {
        "PATH": "/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "LAMBDA_TASK_ROOT": str(TASK),
        "LAMBDA_RUNTIME_DIR": "/var/runtime",
        "PYTHONPATH": f"{TASK}:{BROKEN}",
        "PYTHONDONTWRITEBYTECODE": "1",
        "_HANDLER": case.handler,
        "AWS_EXECUTION_ENV": f"AWS_Lambda_python{minor}",
        "AWS_LAMBDA_FUNCTION_NAME": "f",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128",
        "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/f",
        "AWS_LAMBDA_LOG_STREAM_NAME": "2026/11/23/[$LATEST]0",
        **case.settings,
    }


def ours(case: Case) -> dict[str, object]:
    argv = [str(case.interpreter.binary), "-S", "-u", str(CLIENTS / PYTHON_CLIENT)]
    return seen(run(argv, environment(case), TASK, EVENTS, transport="fd", framed=case.framed), ())


def theirs(case: Case) -> dict[str, object]:
    python = python_client(case.interpreter.binary, case.interpreter.version)
    argv = [str(python), "-m", "awslambdaric", case.handler]
    return seen(run(argv, environment(case), TASK, EVENTS, transport="tcp", framed=case.framed), ())


PYTHON = Differential("python", ours, theirs)
assert_same = PYTHON.assert_same


@pytest.mark.parametrize("handler", HANDLERS)
@pytest.mark.parametrize("interpreter", FOUND, ids=lambda one: one.version)
def test_answers_errors_and_log_records_are_those_of_awslambdaric(
    interpreter: Interpreter, handler: str
) -> None:
    assert_same(case(interpreter, handler))


@pytest.mark.parametrize("handler", LOGGING)
@pytest.mark.parametrize("settings", LOG_SETTINGS.values(), ids=LOG_SETTINGS)
def test_log_settings_act_as_in_awslambdaric(handler: str, settings: dict[str, str]) -> None:
    assert_same(case(FOUND[-1], handler, settings))


@pytest.mark.parametrize("handler", UNFRAMED)
def test_without_a_telemetry_descriptor_records_go_to_stdout_as_in_awslambdaric(handler: str) -> None:
    assert_same(case(FOUND[-1], handler, framed=False))


def test_every_case_of_awslambdaric_is_on_record() -> None:
    assert {case.key for case in CASES} <= record("python").keys(), "run record_clients.py"


@pytest.mark.full
@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.interpreter.version} {case.key}")
def test_awslambdaric_does_what_is_on_record(case: Case) -> None:
    PYTHON.assert_recorded(case)
