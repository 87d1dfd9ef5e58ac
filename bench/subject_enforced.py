"""lambdad in enforce mode, called by the administrator that `lambdad auth init` made."""

from __future__ import annotations

import configparser
import json
import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

from bench import client
from bench.functions import Kind, Spec
from bench.running import Server, StartError, free_port, started
from bench.subject import Target
from bench.subject_api import ApiSession, lambdad
from lambdad.cli.sigv4 import Credentials

_PROFILE = "bench"
_TRUST = {
    "Version": "2012-10-17",
    "Statement": {
        "Effect": "Allow",
        "Principal": {"Service": "lambda.amazonaws.com"},
        "Action": "sts:AssumeRole",
    },
}
_WRITES_LOGS = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"


@dataclass(frozen=True, slots=True)
class EnforcedSession:
    """The running server, and the key it takes."""

    server: Server
    filled: ApiSession
    credentials: Credentials

    @property
    def pid(self) -> int:
        """The server's process id."""
        return self.server.pid

    @property
    def ready_s(self) -> float:
        """Spawn → first answered request, in seconds."""
        return self.server.ready_s

    def target(self, name: str) -> Target:
        """Give the invoke address of a function.

        Raises:
            UnsupportedError: when it could not be created.
        """
        self.filled.target(name)
        return Target(self.server.port, client.invoke_path(name), self.server.pid)


@dataclass(frozen=True, slots=True)
class Enforced:
    """A checkout of lambdad that demands keys; `program` is its command, before `serve`."""

    name: str
    program: Sequence[str]
    environment: Mapping[str, str]
    note: str = ""
    kinds: frozenset[Kind] = frozenset(Kind)
    memory_matters: bool = False
    unable: str = ""
    most_connections: int | None = None
    needs_functions: bool = False

    @contextmanager
    def open(self, specs: Sequence[Spec], folder: Path) -> Iterator[EnforcedSession]:
        """Fill the data directory with a permissive server, make the administrator, start again."""
        with lambdad(self.name, self.program, self.environment).open(specs, folder) as filled:
            _make_role(filled.server.port)
        environment = {**os.environ, **self.environment}
        data, port = folder / "data", free_port()
        credentials = _administrator(self.program, data, folder, environment)
        command = [*self.program, "serve", "--port", str(port), "--data-dir", str(data), "--auth", "enforce"]
        with started(command, port=port, log=folder / "enforce.log", env=environment, cwd=folder) as server:
            yield EnforcedSession(server, filled, credentials)


def _make_role(port: int) -> None:
    """The role of the functions: one that IAM does not know runs nothing in enforce mode."""
    name = client.ROLE.rsplit("/", 1)[1]
    _iam(port, Action="CreateRole", RoleName=name, AssumeRolePolicyDocument=json.dumps(_TRUST))
    _iam(port, Action="AttachRolePolicy", RoleName=name, PolicyArn=_WRITES_LOGS)


def _iam(port: int, **members: str) -> None:
    form = urlencode({"Version": "2010-05-08", **members})
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "Authorization": client.AUTHORIZATION.replace("/lambda/", "/iam/"),
    }
    connection = client.dial(port)
    try:
        connection.request("POST", "/", form, headers)
        answer = connection.getresponse()
        content = answer.read()
    finally:
        connection.close()
    if answer.status != 200:
        raise StartError(f"{members['Action']}: {answer.status} {content[:300]!r}")


def _administrator(
    program: Sequence[str], data: Path, folder: Path, environment: Mapping[str, str]
) -> Credentials:
    keys = folder / "credentials"
    files = {"AWS_SHARED_CREDENTIALS_FILE": str(keys), "AWS_CONFIG_FILE": str(folder / "config")}
    done = subprocess.run(
        [*program, "auth", "init", "--data-dir", str(data), "--profile", _PROFILE],
        env={**environment, **files},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise StartError(f"auth init: {done.stderr.strip()[-300:]}")
    written = configparser.ConfigParser()
    written.read(keys)
    return Credentials(written[_PROFILE]["aws_access_key_id"], written[_PROFILE]["aws_secret_access_key"])
