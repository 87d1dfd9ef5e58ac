"""A deployment tool on AWS's Go SDK (`programs/go-deploy`): deploy, diff without drift, rollback, delete."""

from __future__ import annotations

import json
import platform
import subprocess
from pathlib import Path
from typing import Any

import pytest
from calling import ROOT, TOOLS_HINT

from tests.running import ROLE, Server, zip_of

pytestmark = [pytest.mark.registry, pytest.mark.full]
TOOL = ROOT / ".cache" / "go" / "deploy"
NAME = "go-deployed"
REGION = "ap-southeast-2"


class Project:
    """A definition and its code, and the tool at work on them."""

    def __init__(self, folder: Path, server: Server) -> None:
        assert TOOL.exists(), TOOLS_HINT
        self._folder = folder
        self._server = server
        self.client = server.client(region=REGION)

    def write(self, answer: str, **changes: Any) -> None:
        """Every member of the definition is given, so that a difference in any is a drift."""
        definition = {
            "FunctionName": NAME,
            "Description": "deployed from Go",
            "Runtime": "python3.11",
            "Handler": "app.handler",
            "Role": ROLE,
            "Timeout": 11,
            "MemorySize": 256,
            "EphemeralStorage": {"Size": 600},
            "Architectures": ["arm64" if platform.machine() == "aarch64" else "x86_64"],
            "Environment": {"Variables": {"STAGE": "first"}},
            "LoggingConfig": {
                "LogFormat": "JSON",
                "LogGroup": "/go/deployed",
                "ApplicationLogLevel": "INFO",
                "SystemLogLevel": "WARN",
            },
            "PackageType": "Zip",
            "SnapStart": {"ApplyOn": "None"},
            "TracingConfig": {"Mode": "PassThrough"},
            "Tags": {"team": "gophers", "stage": "first"},
            **changes,
        }
        (self._folder / "function.json").write_text(json.dumps(definition))
        source = f"import os\ndef handler(event, context):\n    return [{answer!r}, os.environ['STAGE']]\n"
        (self._folder / "code.zip").write_bytes(zip_of({"app.py": source}))

    def run(self, verb: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(TOOL), self._server.url, verb, "function.json", "code.zip"],
            cwd=self._folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=90,
        )

    def __call__(self, verb: str) -> list[str]:
        """The lines it prints, in the order of the alphabet."""
        done = self.run(verb)
        assert done.returncode == 0, done.stderr
        return sorted(done.stdout.splitlines())

    def answer(self) -> Any:
        """What the alias answers, and the version that did."""
        found = self.client.invoke(FunctionName=NAME, Qualifier="current")
        return json.loads(found["Payload"].read()), found["ExecutedVersion"]


@pytest.fixture
def project(tmp_path: Path, shared_server: Server) -> Project:
    return Project(tmp_path, shared_server)


def test_a_function_is_deployed_changed_rolled_back_and_deleted_without_drift(project: Project) -> None:
    project.write("one")
    assert project("deploy") == ["version 1"]
    assert project("diff") == []
    assert project.answer() == (["one", "first"], "1")

    tags = {"stage": "second", "owner": "ada"}
    project.write(
        "two",
        Timeout=12,
        Environment={"Variables": {"STAGE": "second"}},
        Tags=tags,
        TracingConfig={"Mode": "Active"},
    )
    changed = {line.split(" ")[1] for line in project("diff")}
    assert changed == {"Timeout", "Environment", "Tags", "TracingConfig", "code"}
    assert project("deploy") == ["version 2"]
    assert project("diff") == []
    assert project.answer() == (["two", "second"], "2")

    assert project("rollback") == ["version 1"]
    assert project.answer() == (["one", "first"], "1")
    listed = project.client.list_versions_by_function(FunctionName=NAME)["Versions"]
    assert [item["Version"] for item in listed] == ["$LATEST", "1"]
    refused = project.run("rollback")
    assert (refused.returncode, refused.stderr) == (1, "there is no version to go back to\n")

    project("delete")
    refused = project.run("diff")
    assert refused.returncode == 1
    assert "ResourceNotFoundException" in refused.stderr
