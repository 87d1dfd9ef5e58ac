"""The AWS CLI, unmodified, against a running server: one session as a person would have it."""

from __future__ import annotations

import base64
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from calling import ROOT, TOOLS_HINT

from tests.running import ROLE, Server, zip_of

AWS = ROOT / ".venv-awscli" / "bin" / "aws"
FIRST = "def handler(event, context):\n    print('seen', event)\n    return {'first': event}\n"
SECOND = "def handler(event, context):\n    return {'second': event}\n"


class Cli:
    """Runs `aws` against one server."""

    def __init__(self, server: Server, folder: Path) -> None:
        assert AWS.exists(), TOOLS_HINT
        self.folder = folder
        self._env = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "AWS_ENDPOINT_URL": server.url,
            "AWS_REGION": "eu-west-1",
            "AWS_DEFAULT_REGION": "eu-west-1",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_OUTPUT": "json",
        }

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(AWS), *arguments],
            env=self._env,
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
        )

    def __call__(self, *arguments: str) -> Any:
        done = self.run(*arguments)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout) if done.stdout.strip() else None


@pytest.fixture(scope="module")
def aws(shared_server: Server, tmp_path_factory: pytest.TempPathFactory) -> Cli:
    cli = Cli(shared_server, tmp_path_factory.mktemp("aws-cli"))
    (cli.folder / "first.zip").write_bytes(zip_of({"app.py": FIRST}))
    (cli.folder / "second.zip").write_bytes(zip_of({"app.py": SECOND}))
    return cli


def create(aws: Cli, name: str) -> Any:
    made = aws(
        *("lambda", "create-function", "--function-name", name, "--runtime", "python3.11"),
        *("--role", ROLE, "--handler", "app.handler", "--zip-file", "fileb://first.zip"),
    )
    aws("lambda", "wait", "function-active-v2", "--function-name", name)
    return made


def invoke(aws: Cli, name: str, payload: str) -> tuple[Any, Any]:
    options = ("--function-name", name, "--payload", payload, "--log-type", "Tail")
    head = aws("lambda", "invoke", *options, "answer.json")
    return head, json.loads((aws.folder / "answer.json").read_text())


def test_a_function_lives_from_create_to_delete(aws: Cli) -> None:
    made = create(aws, "cli-life")
    assert (made["State"], made["Version"]) == ("Pending", "$LATEST")
    head, answer = invoke(aws, "cli-life", '{"who": "cli"}')
    assert answer == {"first": {"who": "cli"}}
    assert (head["StatusCode"], head["ExecutedVersion"]) == (200, "$LATEST")
    assert "seen {'who': 'cli'}" in base64.b64decode(head["LogResult"]).decode()
    listed = aws("lambda", "list-functions", "--query", "Functions[].FunctionName")
    assert "cli-life" in listed

    aws("lambda", "update-function-code", "--function-name", "cli-life", "--zip-file", "fileb://second.zip")
    aws("lambda", "wait", "function-updated-v2", "--function-name", "cli-life")
    assert invoke(aws, "cli-life", "[1]")[1] == {"second": [1]}

    aws("lambda", "delete-function", "--function-name", "cli-life")
    refused = aws.run("lambda", "get-function", "--function-name", "cli-life")
    assert refused.returncode != 0
    assert "(ResourceNotFoundException)" in refused.stderr


def test_the_log_group_of_a_function_can_be_read(aws: Cli, shared_server: Server) -> None:
    create(aws, "cli-logs")
    invoke(aws, "cli-logs", '"needle"')
    shared_server.client("logs", region="eu-west-1")
    found = aws(
        *("logs", "filter-log-events", "--log-group-name", "/aws/lambda/cli-logs"),
        *("--filter-pattern", "needle", "--query", "events[].message"),
    )
    assert found == ["seen needle\n"]
    streams = aws("logs", "describe-log-streams", "--log-group-name", "/aws/lambda/cli-logs")["logStreams"]
    assert len(streams) == 1
    assert "/[$LATEST]" in streams[0]["logStreamName"]
