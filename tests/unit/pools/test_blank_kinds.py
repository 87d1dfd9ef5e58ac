"""Which functions a waiting program can become, and which must be executed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lambdad.worker.pools.housing import kind_for
from lambdad.worker.runtimes.launch import RuntimeLaunch
from lambdad.worker.sandbox.blank import BARE_KIND, DEFAULTS, BlankKind
from lambdad.worker.sandbox.plan import ProcessPlan

PYTHON = BlankKind("python3.13", stands_for=("python", "client"), forks=True)
LAUNCH = RuntimeLaunch(PYTHON.stands_for, (), {}, "python:3.13.v1", own_client=True, blank=PYTHON)


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"TZ": "Europe/Zurich"},
        {"LANG": DEFAULTS["LANG"]},
        {"PATH": "/opt/other:/bin"},
        {"PYTHONPATH": "/opt/mine"},
        {"NODE_PATH": "/opt/mine", "NODE_ENV": "production"},
        {"MY_LD_PRELOAD": "x", "TABLE": "t"},
    ],
)
def test_what_is_read_later_leaves_the_waiting_program_usable(variables: dict[str, str]) -> None:
    assert kind_for(LAUNCH, variables) == PYTHON


@pytest.mark.parametrize(
    "variables",
    [
        {"LD_PRELOAD": "/opt/lib/jemalloc.so"},
        {"LD_LIBRARY_PATH": "/opt/lib"},
        {"PYTHONHASHSEED": "0"},
        {"PYTHONMALLOC": "debug"},
        {"NODE_OPTIONS": "--max-old-space-size=100"},
        {"NODE_EXTRA_CA_CERTS": "/var/task/ca.pem"},
        {"LANG": "C"},
        {"LC_ALL": "C.UTF-8"},
        {"LOCPATH": "/opt/locale"},
        {"MALLOC_ARENA_MAX": "2"},
        {"GLIBC_TUNABLES": "glibc.malloc.tcache_count=0"},
        {"OPENSSL_CONF": "/var/task/openssl.cnf"},
        {"UV_THREADPOOL_SIZE": "16"},
        {"UV_USE_IO_URING": "0"},
    ],
)
def test_what_is_read_at_the_start_has_the_program_executed(variables: dict[str, str]) -> None:
    assert kind_for(LAUNCH, variables) == BARE_KIND
    assert not PYTHON.suits(ProcessPlan(PYTHON.stands_for, variables))


def test_a_wrapper_has_the_program_executed() -> None:
    wrapped = replace(LAUNCH, argv=("/bin/sh", "-c", "…", "bootstrap", "/opt/wrapper", *LAUNCH.argv))
    assert kind_for(wrapped, {"AWS_LAMBDA_EXEC_WRAPPER": "/opt/wrapper"}) == BARE_KIND


def test_a_custom_runtime_takes_a_sandbox_in_which_nothing_waits() -> None:
    custom = RuntimeLaunch(("/var/runtime/bootstrap",), (), {}, "provided:al2023.v1", own_client=False)
    assert kind_for(custom, {}) == BARE_KIND


def test_only_the_runtime_itself_can_be_what_waits() -> None:
    kind: BlankKind = PYTHON
    assert kind.suits(ProcessPlan(kind.stands_for, {"A": "1"}))
    assert not kind.suits(ProcessPlan(kind.stands_for, {}, name="extension:a"))
    assert not kind.suits(ProcessPlan(kind.stands_for, {}, has_channel=False))
    assert not kind.suits(ProcessPlan(("python", "other"), {}))
