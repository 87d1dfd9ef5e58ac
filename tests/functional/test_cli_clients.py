"""Unmodified AWS clients that are not Python: the AWS CLI and the JavaScript SDK."""

from __future__ import annotations

import base64
import json
import os
import subprocess
from pathlib import Path

from tests.running import ROLE, Server, zip_of

ROOT = Path(__file__).parents[2]
AWS = ROOT / ".venv-awscli" / "bin" / "aws"
SDK = ROOT / ".cache" / "js"
SET_UP = "set up by scripts/test_tools.sh, which `make test` runs"
CODE = {"app.py": "def handler(event, context):\n    print('seen')\n    return {'got': event}\n"}


def environ_of(server: Server, home: Path) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "AWS_ENDPOINT_URL": server.url,
        "AWS_DEFAULT_REGION": "eu-west-1",  # the AWS CLI, version 1
        "AWS_REGION": "eu-west-1",
        "AWS_ACCESS_KEY_ID": "111122223333",
        "AWS_SECRET_ACCESS_KEY": "secret",
    }


def test_the_aws_cli_goes_through_the_life_of_a_function(shared_server: Server, tmp_path: Path) -> None:
    assert AWS.exists(), SET_UP
    (tmp_path / "code.zip").write_bytes(zip_of(CODE))
    environ = environ_of(shared_server, tmp_path)

    def aws(*words: str) -> dict:
        command = [str(AWS), *words, "--output", "json"]
        ran = subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, text=True, check=False)
        assert ran.returncode == 0, ran.stderr
        return json.loads(ran.stdout or "{}")

    made = aws(
        "lambda", "create-function", "--function-name", "cli", "--runtime", "python3.11", "--role", ROLE,
        "--handler", "app.handler", "--zip-file", "fileb://code.zip", "--tags", "team=a",
    )  # fmt: skip
    assert made["FunctionArn"] == "arn:aws:lambda:eu-west-1:111122223333:function:cli"
    aws("lambda", "wait", "function-active-v2", "--function-name", "cli")
    aws("lambda", "update-function-configuration", "--function-name", "cli", "--timeout", "20")
    aws("lambda", "wait", "function-updated-v2", "--function-name", "cli")
    assert aws("lambda", "publish-version", "--function-name", "cli")["Version"] == "1"
    aws("lambda", "wait", "published-version-active", "--function-name", "cli", "--qualifier", "1")
    answer = aws(
        "lambda",
        "invoke",
        "--function-name",
        "cli:1",
        "--payload",
        '{"n": 1}',
        "--log-type",
        "Tail",
        "out.json",
    )
    assert (answer["StatusCode"], answer["ExecutedVersion"]) == (200, "1")
    assert "seen" in base64.b64decode(answer["LogResult"]).decode()
    assert json.loads((tmp_path / "out.json").read_text()) == {"got": {"n": 1}}
    assert [one["FunctionName"] for one in aws("lambda", "list-functions")["Functions"]] == ["cli"]
    assert aws("lambda", "list-tags", "--resource", made["FunctionArn"])["Tags"] == {"team": "a"}
    groups = aws("logs", "describe-log-groups", "--log-group-name-prefix", "/aws/lambda/cli")["logGroups"]
    assert [group["logGroupName"] for group in groups] == ["/aws/lambda/cli"]
    aws("lambda", "delete-function", "--function-name", "cli")
    assert aws("lambda", "list-functions")["Functions"] == []


SCRIPT = """
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
const sdk = createRequire(process.argv[2] + "/")("@aws-sdk/client-lambda");
const client = new sdk.LambdaClient({});
const FunctionName = "js";
await client.send(new sdk.CreateFunctionCommand({
  FunctionName, Runtime: "python3.11", Handler: "app.handler", Role: process.argv[4],
  Code: { ZipFile: readFileSync(process.argv[3]) },
}));
await sdk.waitUntilFunctionActiveV2({ client, maxWaitTime: 30, minDelay: 1, maxDelay: 1 }, { FunctionName });
const answer = await client.send(new sdk.InvokeCommand({
  FunctionName, Payload: JSON.stringify({ from: "js" }), LogType: "Tail",
}));
let missing;
try {
  await client.send(new sdk.GetFunctionCommand({ FunctionName: "nobody" }));
} catch (error) {
  missing = [error.name, error.$metadata.httpStatusCode, error instanceof sdk.ResourceNotFoundException];
}
await client.send(new sdk.DeleteFunctionCommand({ FunctionName }));
console.log(JSON.stringify({
  payload: JSON.parse(Buffer.from(answer.Payload).toString()), status: answer.StatusCode, missing,
}));
"""


def test_the_javascript_sdk_creates_invokes_and_understands_errors(
    shared_server: Server, tmp_path: Path
) -> None:
    assert (SDK / "node_modules" / "@aws-sdk" / "client-lambda").is_dir(), SET_UP
    (tmp_path / "code.zip").write_bytes(zip_of(CODE))
    (tmp_path / "client.mjs").write_text(SCRIPT)
    ran = subprocess.run(
        ["node", "--no-warnings", "client.mjs", str(SDK), "code.zip", ROLE],
        cwd=tmp_path,
        env=environ_of(shared_server, tmp_path),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout) == {
        "payload": {"got": {"from": "js"}},
        "status": 200,
        "missing": ["ResourceNotFoundException", 404, True],
    }
