"""A compiled Go program as a function; collected where Go is installed (C is tested everywhere)."""

from __future__ import annotations

import os
import subprocess

import pytest
from calling import SAMPLES, call

from tests.running import Server, zip_of


@pytest.fixture(scope="module")
def name(shared_server: Server, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The sample, built and deployed; it needs the standard library alone, so nothing is fetched."""
    built = tmp_path_factory.mktemp("go") / "bootstrap"
    offline = {"CGO_ENABLED": "0", "GOPROXY": "off", "GOTOOLCHAIN": "local", "GOFLAGS": "-buildvcs=false"}
    subprocess.run(
        ["go", "build", "-o", str(built), "."],
        cwd=SAMPLES / "hello-go",
        check=True,
        env={**os.environ, **offline},
    )
    archive = zip_of({"bootstrap": built.read_bytes()}, executable=("bootstrap",))
    return shared_server.function(archive, Runtime="provided.al2023", Handler="bootstrap", MemorySize=256)


@pytest.mark.parametrize("who", ["Ada", "Grace"])
def test_a_go_program_answers(shared_server: Server, name: str, who: str) -> None:
    answer = call(shared_server, name, {"name": who})
    assert answer.body == {"greeting": f"Hello, {who}!", "requestId": answer.request_id}
    assert f"greeting {who}\n" in answer.log


def test_a_go_programs_own_error_object_reaches_the_caller(shared_server: Server, name: str) -> None:
    answer = call(shared_server, name, {"name": 7})
    assert (answer.error, answer.body["errorType"]) == ("Unhandled", "*json.UnmarshalTypeError")
