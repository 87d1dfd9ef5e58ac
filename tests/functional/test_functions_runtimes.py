"""Every runtime id: it runs on this host's interpreter, or its invocation says what to install."""

from __future__ import annotations

from pathlib import Path

import pytest
from botocore.exceptions import ClientError
from calling import call, started

from lambdad.worker.runtimes.catalogue import RuntimeCatalogue
from tests.running import Server

PYTHON = """
import sys
def handler(event, context):
    print("from", context.function_name)
    return {"version": "python%d.%d" % sys.version_info[:2], "event": event, "memory": context.memory_limit_in_mb}
"""
NODE = """
exports.handler = async (event, context) => {
    console.log('from', context.functionName);
    return { version: `nodejs${process.versions.node.split('.')[0]}.x`, event, memory: context.memoryLimitInMB };
};
"""
RUNTIMES = [
    status.runtime for status in RuntimeCatalogue().status() if not status.runtime.startswith("provided")
]


def source_for(runtime: str) -> dict[str, str | bytes]:
    return {"app.py": PYTHON} if runtime.startswith("python") else {"app.js": NODE}


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_a_runtime_runs_or_its_invocation_says_what_to_install(shared_server: Server, runtime: str) -> None:
    name = shared_server.function(source_for(runtime), Runtime=runtime)
    installed = {status.runtime: status.interpreter for status in RuntimeCatalogue().status()}[runtime]
    if installed is None:
        with pytest.raises(ClientError, match=f"lambdad runtimes install {runtime}"):
            call(shared_server, name)
        return
    answer = call(shared_server, name, {"a": ["ü", 1.5, None]})
    assert answer.error is None
    assert answer.body == {"version": runtime, "event": {"a": ["ü", 1.5, None]}, "memory": "512"}
    assert f"from {name}" in answer.log


def test_a_host_without_interpreters_accepts_functions_and_says_what_to_install(tmp_path: Path) -> None:
    nothing = tmp_path / "nothing"
    nothing.mkdir()
    places = ("PATH", "HOME", "XDG_DATA_HOME", "PYENV_ROOT", "UV_PYTHON_INSTALL_DIR", "NVM_DIR", "FNM_DIR")
    with started(tmp_path / "data", env=dict.fromkeys(places, str(nothing))) as server:
        for runtime in ("python3.12", "nodejs22.x"):
            name = server.function(source_for(runtime), Runtime=runtime)
            with pytest.raises(ClientError) as error:
                call(server, name)
            response = error.value.response
            assert response["ResponseMetadata"]["HTTPStatusCode"] >= 500
            assert f"No interpreter for {runtime} on this host" in response["Error"]["Message"]
            assert response["Error"]["Message"].endswith(
                f"Install one with: lambdad runtimes install {runtime}"
            )


def test_an_interpreter_installed_later_is_found_without_a_restart(tmp_path: Path) -> None:
    nothing = tmp_path / "nothing"
    nothing.mkdir()
    versions = tmp_path / "pyenv" / "versions"
    places = ("PATH", "HOME", "XDG_DATA_HOME", "UV_PYTHON_INSTALL_DIR")
    env = {**dict.fromkeys(places, str(nothing)), "PYENV_ROOT": str(versions.parent)}
    with started(tmp_path / "data", env=env) as server:
        runtime, binary = next(
            (status.runtime, Path(status.interpreter))
            for status in RuntimeCatalogue().status()
            if status.runtime.startswith("python") and status.interpreter
        )
        name = server.function(source_for(runtime), Runtime=runtime)
        with pytest.raises(ClientError, match="No interpreter"):
            call(server, name)
        installed = versions / f"{runtime.removeprefix('python')}.99" / "bin"
        installed.mkdir(parents=True)
        (installed / binary.name).symlink_to(binary)
        (installed / "python3").symlink_to(binary)
        assert call(server, name).body["version"] == runtime
