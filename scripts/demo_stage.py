"""Where the story of an example plays: a server with its companion, and a stack deployed on it.

`make demo` and the tests come through here; what an example does is in its `demo.py`.
"""

from __future__ import annotations

import contextlib
import http.client
import importlib.util
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from scripts import demo_package

EXAMPLES = Path(__file__).parent.parent / "examples"
ACCOUNT, REGION = "000000000000", "us-east-1"
WITHIN_S = 60.0
LOOK_EVERY_S = 0.1
FAILURES = '?"[ERROR]" ?"Task timed out" ?"Runtime.ExitError"'
CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]

Found = TypeVar("Found")


class DemoFailed(Exception):
    """The story did not go as told; the text says where, in one line."""


@dataclass(frozen=True, slots=True)
class Stage:
    """What a story has.

    Attributes:
        endpoint: URL of the server.
        say: tells people what happens.
        outputs: what the stack of the example has to give; empty before it is deployed.
    """

    endpoint: str
    say: Callable[[str], None]
    outputs: Mapping[str, str] = field(default_factory=dict)

    def client(self, service: str) -> Any:
        """A boto3 client of the server."""
        return boto3.client(
            service,
            endpoint_url=self.endpoint,
            region_name=REGION,
            aws_access_key_id=ACCOUNT,
            aws_secret_access_key="test",  # noqa: S106 - any will do
            config=Config(retries={"total_max_attempts": 1}, read_timeout=WITHIN_S),
        )

    @contextlib.contextmanager
    def open(
        self, url: str, method: str = "GET", body: str = "", headers: Mapping[str, str] | None = None
    ) -> Iterator[http.client.HTTPResponse]:
        """Ask a URL that the server answers, whether or not its name resolves on this host."""
        asked, server = urlsplit(url), urlsplit(self.endpoint)
        host = f"{asked.hostname}:{server.port}"
        connection = http.client.HTTPConnection(str(server.hostname), server.port, timeout=WITHIN_S)
        with contextlib.closing(connection):
            connection.request(method, asked.path or "/", body.encode(), {"Host": host, **(headers or {})})
            with connection.getresponse() as answered:
                yield answered

    def ask(
        self, url: str, method: str = "GET", body: str = "", headers: Mapping[str, str] | None = None
    ) -> tuple[int, str]:
        """Status and text of what a URL that the server answers says.

        Raises:
            DemoFailed: it is an error of the server or of the function.
        """
        with self.open(url, method, body, headers) as answered:
            status, text = answered.status, answered.read().decode()
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise DemoFailed(f"{method} {urlsplit(url).path} answered {status}: {text}")
        return status, text

    def until(self, found: Callable[[], Found | None], what: str) -> Found:
        """What `found` gives once that is true.

        Raises:
            DemoFailed: it did not come in time.
        """
        deadline = time.monotonic() + WITHIN_S
        while not (value := found()):
            if time.monotonic() > deadline:
                raise DemoFailed(f"waited {WITHIN_S:.0f} s for {what}, which did not come")
            time.sleep(LOOK_EVERY_S)
        return value

    def logged(self, function: str, word: str) -> list[str]:
        """Lines of a function's log with this word."""
        found = self.client("logs").filter_log_events(logGroupName=f"/aws/lambda/{function}", filterPattern=word)
        return [event["message"].strip() for event in found["events"]]


def names() -> list[str]:
    """The examples there are."""
    return sorted(path.parent.name for path in EXAMPLES.glob("*/demo.py"))


def play(name: str, endpoint: str, say: Callable[[str], None]) -> Any:
    """Deploy an example on a running server and tell its story; what the story gives.

    Raises:
        DemoFailed: it cannot be deployed, or did not go as told.
    """
    deployed = deploy(name, Stage(endpoint, say))
    try:
        return _module(name).tell(deployed)
    except DemoFailed as error:
        raise DemoFailed(f"{error}{_of_functions(deployed, name)}") from None


def sentence(name: str) -> str:
    """What an example shows, in one sentence."""
    return str(_module(name).__doc__).partition("\n")[0]


def deploy(name: str, stage: Stage) -> Stage:
    """Package an example, make its stack, and give the stage with the stack's outputs.

    Raises:
        DemoFailed: something is missing here, or the stack failed.
    """
    template = demo_package.read(EXAMPLES / name)
    bucket = f"code-of-{name}"
    s3, stacks = stage.client("s3"), stage.client("cloudformation")
    s3.create_bucket(Bucket=bucket)
    for folder, archive in demo_package.archives(template, stage.say):
        key = f"{folder}.zip"
        s3.put_object(Bucket=bucket, Key=key, Body=archive)
        stage.say(f"packaged {folder}/ ({len(archive):,} bytes) into s3://{bucket}/{key}")
    stage.say("creating the stack of template.yaml")
    stacks.create_stack(
        StackName=name,
        TemplateBody=demo_package.with_code_in(bucket, template),
        Capabilities=CAPABILITIES,
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in template.parameters.items()],
    )
    found = stage.until(lambda: _settled(stacks, name), "the stack")
    if found["StackStatus"] != "CREATE_COMPLETE":
        raise DemoFailed(f"the stack is {found['StackStatus']}: {_reason(stacks, name)}")
    outputs = {each["OutputKey"]: each["OutputValue"] for each in found.get("Outputs", [])}
    stage.say("the stack is there: " + ", ".join(f"{key} {value}" for key, value in outputs.items()))
    return Stage(stage.endpoint, stage.say, outputs)


def _of_functions(stage: Stage, stack: str) -> str:
    """What the functions of a stack failed with last; empty when they did not fail."""
    logs = stage.client("logs")
    groups = logs.describe_log_groups(logGroupNamePrefix=f"/aws/lambda/{stack}-")["logGroups"]
    found = [
        event
        for group in groups
        for event in logs.filter_log_events(logGroupName=group["logGroupName"], filterPattern=FAILURES)["events"]
    ]
    last = max(found, key=lambda event: event["timestamp"], default=None)
    return f"; a function said: {last['message'].splitlines()[0]}" if last else ""


def _settled(stacks: Any, name: str) -> Any:
    found = stacks.describe_stacks(StackName=name)["Stacks"][0]
    return None if found["StackStatus"].endswith("_IN_PROGRESS") else found


def _reason(stacks: Any, name: str) -> str:
    events = stacks.describe_stack_events(StackName=name)["StackEvents"]
    failed = [each for each in events if each["ResourceStatus"].endswith("FAILED")]
    first = failed[-1] if failed else {}
    return f"{first.get('LogicalResourceId', name)}: {first.get('ResourceStatusReason', 'no reason is given')}"


def _module(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(f"demo_of_{name}", EXAMPLES / name / "demo.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
