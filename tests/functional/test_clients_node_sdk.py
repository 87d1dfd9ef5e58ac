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
DEPLOYMENT = Path(__file__).with_name("node_sdk_deploy_session.cjs")
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
    archive = tmp_path_factory.mktemp("node-sdk") / "code.zip"
    archive.write_bytes(zip_of({"index.js": INDEX}))
    return session(SESSION, shared_server.url, str(archive), ROLE)


def session(program: Path, *arguments: str) -> Any:
    """What a program prints that has the SDK."""
    node = shutil.which("node")
    assert node, TOOLS_HINT
    assert MODULES.is_dir(), TOOLS_HINT
    done = subprocess.run(
        [node, str(program), *arguments],
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


@pytest.mark.full
def test_a_deployment_is_published_behind_an_alias_and_rolled_back(
    shared_server: Server, tmp_path: Path
) -> None:
    for name in ("first", "second"):
        source = f"exports.handler = async () => ['{name}', process.env.STAGE ?? null];"
        (tmp_path / name).write_bytes(zip_of({"index.js": source}))
    archives = (str(tmp_path / "first"), str(tmp_path / "second"))
    assert session(DEPLOYMENT, shared_server.url, *archives, ROLE) == {
        "published": "1",
        "alias": "arn:aws:lambda:ca-central-1:000000000000:function:deployed-from-node:live",
        "first": [["first", None], "1"],
        "updated": "2",
        "unmoved": [["first", None], "1"],
        "moved": "2",
        "second": [["second", "second"], "2"],
        "rolledBack": "1",
        "third": [["first", None], "1"],
        "versions": ["$LATEST", "1", "2"],
        "aliases": [["live", "1", "what is called"]],
        "gone": ["ResourceNotFoundException", "ResourceNotFoundException"],
    }
