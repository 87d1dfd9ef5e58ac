"""SQS, SNS, EventBridge and S3 for events to be told to: ministack on loopback, in a process of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from calling import ROOT, TOOLS_HINT, started

from lambdad.neighbours.companion.places import Place
from tests.running import Server, free_port

PLACE = Place(ROOT / ".cache")
SERVICES = ("sqs", "sns", "events", "s3")
ACCOUNT, REGION = "000000000000", "us-east-1"
WITHIN_S = 60.0


def eventually(found: Callable[[], Any], what: str = "it", within_s: float = WITHIN_S) -> Any:
    """What `found` gives once that is true."""
    deadline = time.monotonic() + within_s
    while not (value := found()):
        assert time.monotonic() < deadline, f"{what} did not happen within {within_s} s"
        time.sleep(0.05)
    return value


@dataclass
class LocalServices:
    """The services, while they run; what they hold is gone with the process."""

    folder: Path
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None
    _clients: dict[str, Any] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        assert PLACE.is_installed, TOOLS_HINT
        self.folder.mkdir(parents=True, exist_ok=True)
        env = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "TMPDIR": str(self.folder),
            "BIND_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(self.port),
            "SERVICES": ",".join(SERVICES),
            "LOG_LEVEL": "WARNING",
        }
        with (self.folder / "services.log").open("ab") as log:
            self.process = subprocess.Popen(
                [str(PLACE.python), "-c", "from ministack.app import main; main()"],
                env=env,
                cwd=self.folder,
                stdout=log,
                stderr=log,
            )
        eventually(self._answers, "ministack")

    def _answers(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, (self.folder / "services.log").read_text()
        try:
            with urllib.request.urlopen(f"{self.url}/_ministack/health", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def stop(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
            self.process = None

    def client(self, service: str) -> Any:
        if service not in self._clients:
            self._clients[service] = boto3.client(
                service,
                endpoint_url=self.url,
                region_name=REGION,
                aws_access_key_id=ACCOUNT,
                aws_secret_access_key="secret",
                config=Config(s3={"addressing_style": "path"}),
            )
        return self._clients[service]

    def queue(self, name: str = "") -> str:
        """Make a queue; its ARN."""
        name = name or f"q-{uuid.uuid4().hex[:12]}"
        self.client("sqs").create_queue(QueueName=name)
        return f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"

    def queue_url(self, arn: str) -> str:
        return f"{self.url}/{ACCOUNT}/{arn.rsplit(':', 1)[1]}"

    def topic(self) -> tuple[str, str]:
        """Make a topic with a queue on it; the ARNs of both."""
        arn = self.client("sns").create_topic(Name=f"t-{uuid.uuid4().hex[:12]}")["TopicArn"]
        queue = self.queue()
        self.client("sns").subscribe(TopicArn=arn, Protocol="sqs", Endpoint=queue)
        return arn, queue

    def bus(self) -> tuple[str, str]:
        """Make an event bus with a queue that gets what Lambda sends it; the ARNs of both."""
        events, name, queue = self.client("events"), f"b-{uuid.uuid4().hex[:12]}", self.queue()
        arn = events.create_event_bus(Name=name)["EventBusArn"]
        events.put_rule(Name="all", EventBusName=name, EventPattern=json.dumps({"source": ["lambda"]}))
        events.put_targets(Rule="all", EventBusName=name, Targets=[{"Id": "queue", "Arn": queue}])
        return arn, queue

    def bucket(self) -> str:
        """Make a bucket; its name."""
        name = f"bucket-{uuid.uuid4().hex[:12]}"
        self.client("s3").create_bucket(Bucket=name)
        return name

    def messages(self, queue: str, count: int) -> list[Any]:
        """So many messages of a queue, taken out of it; none may be left."""
        found: list[Any] = []
        url = self.queue_url(queue)

        def take() -> bool:
            taken = self.client("sqs").receive_message(
                QueueUrl=url,
                MaxNumberOfMessages=10,
                MessageAttributeNames=["All"],
                MessageSystemAttributeNames=["All"],
            )
            for message in taken.get("Messages", []):
                self.client("sqs").delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                found.append(message)
            return len(found) >= count

        eventually(take, f"{count} messages in {queue}")
        assert not take() or len(found) == count, found
        return found

    def records(self, queue: str, count: int = 1) -> list[Any]:
        """Bodies of messages."""
        return [json.loads(message["Body"]) for message in self.messages(queue, count)]


def configuration(services: LocalServices, path: Path) -> Path:
    """Write a lambdad.toml that names the services."""
    path.write_text("".join(f'[services.{name}]\nendpoint = "{services.url}"\n' for name in SERVICES))
    return path


@contextmanager
def server_with_services(folder: Path) -> Iterator[tuple[Server, LocalServices]]:
    """A server, and services that run and that it knows."""
    services = LocalServices(folder / "services")
    config = configuration(services, folder / "lambdad.toml")
    try:
        services.start()
        with started(folder / "data", "--config", str(config)) as server:
            yield server, services
    finally:
        services.stop()
