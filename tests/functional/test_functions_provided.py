"""Functions that bring their own runtime: shell, C, and code of another machine."""

from __future__ import annotations

import platform
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from calling import SAMPLES, call, failed

from tests.running import Server, zip_of

OTHER = {"x86_64": "arm64", "aarch64": "x86_64"}[platform.machine()]
ELF_MACHINE = {"arm64": 183, "x86_64": 62}


def shell(_: Path) -> bytes:
    return (SAMPLES / "hello-shell" / "bootstrap").read_bytes()


def compiled_c(folder: Path) -> bytes:
    built = folder / "bootstrap"
    source = SAMPLES / "hello-c" / "bootstrap.c"
    subprocess.run(["cc", "-Wall", "-Werror", "-O2", "-o", str(built), str(source)], check=True)
    return built.read_bytes()


def static_c(folder: Path) -> bytes:
    built = folder / "bootstrap"
    source = SAMPLES / "hello-c" / "bootstrap.c"
    subprocess.run(["cc", "-static", "-O2", "-o", str(built), str(source)], check=True)
    return built.read_bytes()


BUILDERS: dict[str, Callable[[Path], bytes]] = {"shell": shell, "c": compiled_c, "static c": static_c}
WHO = {"shell": "a shell", "c": "C", "static c": "C"}


@pytest.mark.parametrize("kind", BUILDERS)
def test_a_bootstrap_of_any_kind_answers(shared_server: Server, tmp_path: Path, kind: str) -> None:
    archive = zip_of({"bootstrap": BUILDERS[kind](tmp_path)}, executable=("bootstrap",))
    name = shared_server.function(archive, Runtime="provided.al2023", Handler="bootstrap")
    for event in ({"n": 1}, [1, "two", None], "x" * 100_000):
        answer = call(shared_server, name, event)
        assert answer.error is None
        assert answer.body == {"greeting": f"Hello from {WHO[kind]}!", "event": event}
        assert f"handling {answer.request_id}\n" in answer.log


def test_provided_al2_takes_a_bootstrap_too(shared_server: Server) -> None:
    name = shared_server.function({"bootstrap": shell(Path())}, Runtime="provided.al2", Handler="any")
    assert call(shared_server, name, 7).body == {"greeting": "Hello from a shell!", "event": 7}


def test_a_bootstrap_sees_its_code_handler_and_name_as_on_aws(shared_server: Server) -> None:
    script = shell(Path()).replace(b"Hello from a shell!", b"'\"$PWD $_HANDLER $LAMBDA_TASK_ROOT\"'")
    name = shared_server.function({"bootstrap": script}, Runtime="provided.al2023", Handler="some.thing")
    assert call(shared_server, name, 7).body == {"greeting": "/var/task some.thing /var/task", "event": 7}


def test_a_missing_bootstrap_is_an_invalid_entrypoint(shared_server: Server) -> None:
    name = shared_server.function({"other": "x"}, Runtime="provided.al2023", Handler="bootstrap")
    message = "RequestId: {id} Error: Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]"
    failed(call(shared_server, name), "Runtime.InvalidEntrypoint", message)


def test_a_bootstrap_that_may_not_be_executed_says_so(shared_server: Server) -> None:
    archive = zip_of({"bootstrap": shell(Path())})
    name = shared_server.function(archive, Runtime="provided.al2023", Handler="bootstrap")
    message = "RequestId: {id} Error: fork/exec /var/task/bootstrap: permission denied"
    failed(call(shared_server, name), "Runtime.InvalidEntrypoint", message)


def foreign_program() -> bytes:
    """The head of an ELF program for the other architecture; it is enough to be refused."""
    ident = b"\x7fELF" + bytes((2, 1, 1, 0)) + bytes(8)
    head = struct.pack("<HHIQQQIHHHHHH", 2, ELF_MACHINE[OTHER], 1, 0x400078, 64, 0, 0, 64, 56, 1, 64, 0, 0)
    segment = struct.pack("<IIQQQQQQ", 1, 5, 0, 0x400000, 0x400000, 0x1000, 0x1000, 0x1000)
    return (ident + head + segment).ljust(0x1000, b"\0")


def test_code_of_another_architecture_is_accepted_with_a_warning_and_fails_as_exec_does(
    own_server: Server,
) -> None:
    archive = zip_of({"bootstrap": foreign_program()}, executable=("bootstrap",))
    name = own_server.function(archive, Runtime="provided.al2023", Handler="bootstrap", Architectures=[OTHER])
    found = own_server.client().get_function_configuration(FunctionName=name)
    assert found["Architectures"] == [OTHER]
    warnings = [line for line in own_server.log.splitlines() if name in line]
    assert len(warnings) == 1
    assert OTHER in warnings[0]
    assert "warning" in warnings[0].lower()
    message = "RequestId: {id} Error: fork/exec /var/task/bootstrap: exec format error"
    failed(call(own_server, name), "Runtime.InvalidEntrypoint", message)


def test_a_script_of_another_architecture_runs_here(shared_server: Server) -> None:
    source = {"app.py": "def handler(event, context):\n    return event\n"}
    name = shared_server.function(source, Architectures=[OTHER])
    assert call(shared_server, name, "pure python").body == "pure python"
