"""A published Python package that registers an extension inside the runtime, under the managed runtime."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from calling import call
from third_party import logged

from tests.running import Server

pytestmark = pytest.mark.registry
PACKAGES = ("lambda-sigterm==0.1.2", "urllib3==2.5.0")
HANDLER = """
import signal, sys
import lambda_sigterm
def ended(number, frame):
    print("the handler was told to end", flush=True)
    sys.exit(0)
signal.signal(signal.SIGTERM, ended)
lambda_sigterm.register()
def handler(event, context):
    return [event, context.aws_request_id]
"""


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str | bytes]:
    folder = tmp_path_factory.mktemp("packages")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
    subprocess.run([*pip, "--target", str(folder), *PACKAGES], check=True)
    return {str(file.relative_to(folder)): file.read_bytes() for file in Path(folder).rglob("*.py")}


def test_the_packages_extension_lets_the_handler_see_its_end(
    shared_server: Server, packages: dict[str, str | bytes]
) -> None:
    name = shared_server.function({**packages, "app.py": HANDLER})
    for event in (1, 2):
        answer = call(shared_server, name, event)
        assert answer.body == [event, answer.request_id]
    shared_server.client().delete_function(FunctionName=name)
    logged(shared_server, name, "the handler was told to end")
