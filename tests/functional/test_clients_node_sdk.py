"""@aws-sdk/client-lambda, unmodified, against a running server."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from calling import ROOT, TOOLS_HINT

from tests.running import ROLE, Server, zip_of

MODULES = ROOT / ".cache" / "js" / "node_modules"
SESSION = Path(__file__).with_name("node_sdk_session.cjs")
INDEX = """
exports.handler = async (event) => {
    console.log('called');
    if (event.fail) throw new TypeError('as asked');
    return { doubled: event.n * 2 };
};
"""


@pytest.fixture(scope="module")
def seen(shared_server: Server, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What the session saw."""
    node = shutil.which("node")
    assert node, TOOLS_HINT
    assert MODULES.is_dir(), TOOLS_HINT
    archive = tmp_path_factory.mktemp("node-sdk") / "code.zip"
    archive.write_bytes(zip_of({"index.js": INDEX}))
    done = subprocess.run(
        [node, str(SESSION), shared_server.url, str(archive), ROLE],
        env={**os.environ, "NODE_PATH": str(MODULES)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_sdk_creates_a_function_and_calls_it(seen: Any) -> None:
    assert seen["created"] == "Pending"
    assert seen["answer"] == {"doubled": 40}
    assert seen["executed"] == "$LATEST"
    assert "\tINFO\tcalled" in seen["log"]
    assert "from-node" in seen["listed"]


def test_the_sdk_sees_a_failed_handler_as_a_function_error(seen: Any) -> None:
    assert seen["functionError"] == "Unhandled"
    assert (seen["failure"]["errorType"], seen["failure"]["errorMessage"]) == ("TypeError", "as asked")


def test_the_sdk_maps_errors_to_its_own_classes(seen: Any) -> None:
    missing = seen["missing"]
    assert (missing["name"], missing["status"]) == ("ResourceNotFoundException", 404)
    assert (missing["fault"], missing["type"], missing["id"]) == ("client", "User", "string")
    assert (
        missing["message"] == "Function not found: arn:aws:lambda:us-west-2:000000000000:function:from-node"
    )
    assert (seen["badPayload"]["name"], seen["badPayload"]["status"]) == (
        "InvalidRequestContentException",
        400,
    )
