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


@pytest.mark.full
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


@pytest.mark.full
def test_a_deployment_is_published_behind_an_alias_and_rolled_back(aws: Cli) -> None:
    function = ("--function-name", "cli-deployed")
    create(aws, "cli-deployed")
    assert aws("lambda", "publish-version", *function, "--description", "first")["Version"] == "1"
    aws("lambda", "wait", "published-version-active", *function, "--qualifier", "1")
    made = aws("lambda", "create-alias", *function, "--name", "live", "--function-version", "1")
    assert made["AliasArn"].endswith(":function:cli-deployed:live")
    assert behind(aws, "live") == ({"first": 7}, "1")

    configured = aws("lambda", "update-function-configuration", *function, "--timeout", "9")
    assert (configured["Timeout"], configured["LastUpdateStatus"]) == (9, "InProgress")
    aws("lambda", "wait", "function-updated-v2", *function)
    code = ("--zip-file", "fileb://second.zip", "--publish")
    assert aws("lambda", "update-function-code", *function, *code)["Version"] == "2"
    aws("lambda", "wait", "function-updated-v2", *function)
    assert behind(aws, "live") == ({"first": 7}, "1")

    half = ("--function-version", "1", "--routing-config", "AdditionalVersionWeights={2=1.0}")
    aws("lambda", "update-alias", *function, "--name", "live", *half)
    assert behind(aws, "live") == ({"second": 7}, "2")
    move = ("--function-version", "2", "--routing-config", "AdditionalVersionWeights={}")
    moved = aws("lambda", "update-alias", *function, "--name", "live", *move)
    assert (moved["FunctionVersion"], moved.get("RoutingConfig")) == ("2", None)
    assert behind(aws, "live") == ({"second": 7}, "2")

    aws("lambda", "update-alias", *function, "--name", "live", "--function-version", "1")
    assert behind(aws, "live") == ({"first": 7}, "1")
    aws("lambda", "delete-function", *function, "--qualifier", "2")
    versions = aws("lambda", "list-versions-by-function", *function, "--query", "Versions[].Version")
    assert versions == ["$LATEST", "1"]
    aws("lambda", "delete-function", *function)
    refused = aws.run("lambda", "get-alias", *function, "--name", "live")
    assert "(ResourceNotFoundException)" in refused.stderr


def behind(aws: Cli, alias: str) -> tuple[Any, str]:
    """What an alias answers, and the version that did."""
    options = ("--function-name", "cli-deployed", "--qualifier", alias, "--payload", "7")
    head = aws("lambda", "invoke", *options, "answer.json")
    return json.loads((aws.folder / "answer.json").read_text()), head["ExecutedVersion"]
