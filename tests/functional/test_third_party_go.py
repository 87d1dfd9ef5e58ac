"""AWS's Go library, as it is published, with the extension that it registers inside the runtime."""

from __future__ import annotations

import pytest
from calling import call
from third_party import go_program, logged

from tests.running import Server, zip_of

pytestmark = pytest.mark.registry


@pytest.fixture(scope="module")
def name(shared_server: Server, tmp_path_factory: pytest.TempPathFactory) -> str:
    program = go_program(tmp_path_factory.mktemp("go-library"))
    archive = zip_of({"bootstrap": program}, executable=("bootstrap",))
    return shared_server.function(archive, Runtime="provided.al2023", Handler="bootstrap")


def test_the_library_answers_beside_its_extension(shared_server: Server, name: str) -> None:
    for who in ("Ada", "Grace"):
        answer = call(shared_server, name, {"name": who})
        assert answer.body == {"greeting": f"Hello, {who}!", "requestId": answer.request_id}


def test_the_librarys_error_object_reaches_the_caller(shared_server: Server, name: str) -> None:
    answer = call(shared_server, name, {})
    assert (answer.error, answer.body["errorType"]) == ("Unhandled", "errorString")
    assert answer.body["errorMessage"] == "nobody to greet"


def test_the_librarys_extension_lets_it_see_its_end(shared_server: Server, name: str) -> None:
    call(shared_server, name, {"name": "Ada"})
    shared_server.client().delete_function(FunctionName=name)
    logged(shared_server, name, "the library was told to end")
