"""Chalice, unmodified: an app of plain functions, each with a role, in both modes of who may call."""

from __future__ import annotations

import configparser
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.loaders import Loader
from calling import ROOT, TOOLS_HINT

from tests.running import Server, start_server

CHALICE = ROOT / ".cache" / "chalice" / "bin" / "chalice"
pytestmark = pytest.mark.registry
REGION = "eu-west-1"
PROFILE = "lambdad"
GREET, ASK = "notes-dev-greet", "notes-dev-ask"
"""What Chalice calls the functions, and their roles."""
GREETER = f"arn:aws:lambda:{REGION}:000000000000:function:{GREET}"
LOGS = {
    "Effect": "Allow",
    "Action": ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"],
    "Resource": "arn:aws:logs:*:*:*",
}
CALLS = {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": GREETER}
APP = """
import boto3
from botocore.exceptions import ClientError
from chalice import Chalice

app = Chalice(app_name="notes")

@app.lambda_function(name="greet")
def greet(event, context):
    return {"greeting": GREETING, "event": event}

@app.lambda_function(name="ask")
def ask(event, context):
    try:
        answer = boto3.client("lambda").invoke(FunctionName=event["whom"], Payload=b'"from ask"')
    except ClientError as error:
        return error.response["Error"]["Message"]
    return answer["Payload"].read().decode()
"""


@dataclass(frozen=True)
class Keys:
    """A key that may do everything here."""

    access_key: str
    secret: str


class Project:
    """An app in a folder, and Chalice at work on it."""

    def __init__(self, folder: Path, server: Server, keys: Keys) -> None:
        assert CHALICE.exists(), TOOLS_HINT
        self._folder = folder
        self._url = server.url
        self._keys = keys
        (folder / ".chalice").mkdir()
        functions = {name: {"iam_policy_file": f"{name}.json"} for name in ("greet", "ask")}
        config = {
            "version": "2.0",
            "app_name": "notes",
            "autogen_policy": False,
            "stages": {"dev": {"lambda_functions": functions}},
        }
        (folder / ".chalice" / "config.json").write_text(json.dumps(config))
        (folder / "requirements.txt").write_text("")
        self._models = folder.parent / "models"
        ask_often(self._models)
        self.write("hello")

    def write(self, greeting: str, *statements: dict[str, Any]) -> None:
        """Code and policy files; the statements are what `ask` may do besides writing its log."""
        (self._folder / "app.py").write_text(f"GREETING = {greeting!r}\n{APP}")
        for name, granted in (("greet", [LOGS]), ("ask", [LOGS, *statements])):
            policy = {"Version": "2012-10-17", "Statement": granted}
            (self._folder / ".chalice" / f"{name}.json").write_text(json.dumps(policy))

    def run(
        self, *words: str, event: Any = None, keys: Keys | None = None
    ) -> subprocess.CompletedProcess[str]:
        used = keys or self._keys
        return subprocess.run(
            [str(CHALICE), *words],
            cwd=self._folder,
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(self._folder),
                "AWS_ENDPOINT_URL": self._url,
                "AWS_DATA_PATH": str(self._models),
                "AWS_DEFAULT_REGION": REGION,
                "AWS_ACCESS_KEY_ID": used.access_key,
                "AWS_SECRET_ACCESS_KEY": used.secret,
            },
            input=json.dumps(event),
            capture_output=True,
            text=True,
            check=False,
            timeout=90,
        )

    def __call__(self, *words: str, event: Any = None) -> str:
        """What it prints."""
        done = self.run(*words, event=event)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def invoke(self, name: str, event: Any) -> Any:
        return json.loads(self("invoke", "-n", name, event=event))

    def client(self, service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=self._url,
            region_name=REGION,
            aws_access_key_id=self._keys.access_key,
            aws_secret_access_key=self._keys.secret,
        )

    def role(self, name: str) -> tuple[Any, Any]:
        """A role without when it was used, and the statements of its inline policies."""
        iam = self.client("iam")
        found = iam.get_role(RoleName=name)["Role"]
        found.pop("RoleLastUsed", None)
        policies = iam.list_role_policies(RoleName=name)["PolicyNames"]
        documents = [iam.get_role_policy(RoleName=name, PolicyName=policy) for policy in policies]
        return found, {each["PolicyName"]: each["PolicyDocument"]["Statement"] for each in documents}


def ask_often(models: Path) -> None:
    """Botocore's own waiters for Lambda, that ask every 0.1 s: at every 5 s the tests would mostly sleep."""
    loader = Loader()
    waiters = loader.load_service_model("lambda", "waiters-2")
    for waiter in waiters["waiters"].values():
        waiter.update(delay=0.1, maxAttempts=300)
    folder = models / "lambda" / loader.determine_latest_version("lambda", "waiters-2")
    folder.mkdir(parents=True)
    (folder / "waiters-2.json").write_text(json.dumps(waiters))


def first_administrator(data_dir: Path, home: Path) -> Keys:
    """The key `lambdad auth init` writes for the AWS CLI and the SDKs."""
    subprocess.run(
        [sys.executable, "-m", "lambdad.cli.entry", "auth", "init", "--data-dir", str(data_dir)],
        env={"PATH": os.environ["PATH"], "HOME": str(home)},
        capture_output=True,
        check=True,
    )
    written = configparser.ConfigParser()
    written.read(home / ".aws" / "credentials")
    return Keys(written[PROFILE]["aws_access_key_id"], written[PROFILE]["aws_secret_access_key"])


@contextmanager
def project_of(tmp_path: Path, mode: str) -> Iterator[Project]:
    data_dir, home, folder = tmp_path / "data", tmp_path / "home", tmp_path / "notes"
    home.mkdir()
    folder.mkdir()
    keys = first_administrator(data_dir, home) if mode == "enforce" else Keys("test", "test")
    server = start_server(data_dir, "--auth", mode)
    try:
        yield Project(folder, server, keys)
    finally:
        server.stop()


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    with project_of(tmp_path, "permissive") as made:
        yield made


@pytest.fixture
def enforcing(tmp_path: Path) -> Iterator[Project]:
    with project_of(tmp_path, "enforce") as made:
        yield made


def test_an_app_is_deployed_invoked_changed_and_deleted(project: Project) -> None:
    assert f"Creating IAM role: {GREET}" in project("deploy")
    assert project.invoke("greet", {"n": 1}) == {"greeting": "hello", "event": {"n": 1}}
    roles = [project.role(name) for name in (GREET, ASK)]
    assert [policies for _, policies in roles] == [{GREET: [LOGS]}, {ASK: [LOGS]}]

    project.write("good day")
    again = project("deploy")
    assert f"Updating lambda function: {GREET}" in again
    assert "Creating IAM role" not in again
    assert project.invoke("greet", 2) == {"greeting": "good day", "event": 2}
    assert [project.role(name) for name in (GREET, ASK)] == roles

    project("delete")
    assert project.client("iam").list_roles()["Roles"] == []
    assert project.client("lambda").list_functions()["Functions"] == []


@pytest.mark.full
def test_the_policy_file_of_a_function_says_what_it_may_call(enforcing: Project) -> None:
    project = enforcing
    project("deploy")
    session = f"arn:aws:sts::000000000000:assumed-role/{ASK}/{ASK}"
    assert project.invoke("ask", {"whom": GREET}) == (
        f"User: {session} is not authorized to perform: lambda:InvokeFunction on resource: {GREETER} "
        "because no identity-based policy allows the lambda:InvokeFunction action"
    )

    project.write("hello", CALLS)
    project("deploy")
    assert project.role(ASK)[1] == {ASK: [LOGS, CALLS]}
    answer = project.invoke("ask", {"whom": GREET})
    assert json.loads(answer) == {"greeting": "hello", "event": "from ask"}
    assert f"{session} is not authorized" in project.invoke("ask", {"whom": ASK})


@pytest.mark.full
def test_nobodys_key_deploys_nothing_where_keys_are_demanded(enforcing: Project) -> None:
    refused = enforcing.run("deploy", keys=Keys("AKIANOBODYSKEY000000", "secret"))
    assert refused.returncode != 0
    assert "The security token included in the request is invalid" in refused.stderr
    assert enforcing.client("lambda").list_functions()["Functions"] == []
