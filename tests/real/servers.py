"""Real servers that `make test-real` has put into `.cache/real`, started on loopback and ended by their id."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.running import free_port

ROOT = Path(__file__).parents[2]
REAL = ROOT / ".cache" / "real"
ACCOUNT, REGION, SECRET = "000000000000", "us-east-1", "secret"
READY_WITHIN_S = 60.0
ENDS_WITHIN_S = 10.0
ELASTICMQ = """
include classpath("application.conf")
node-address {{ protocol = http, host = "127.0.0.1", port = {port}, context-path = "" }}
rest-sqs {{ enabled = true, bind-port = {port}, bind-hostname = "127.0.0.1", sqs-limits = strict }}
rest-stats {{ enabled = false }}
aws {{ region = {region}, accountId = {account} }}
"""


@contextmanager
def elasticmq(folder: Path) -> Iterator[str]:
    """SQS of ElasticMQ; its URL."""
    port = free_port()
    config = folder / "elasticmq.conf"
    config.write_text(ELASTICMQ.format(port=port, region=REGION, account=ACCOUNT))
    jars = str(REAL / "elasticmq" / "lib" / "*")
    command = ["java", "-Xmx256m", f"-Dconfig.file={config}", "-cp", jars, "org.elasticmq.server.Main"]
    with _running(command, folder / "elasticmq.log", port):
        yield f"http://127.0.0.1:{port}"


@contextmanager
def dynalite(folder: Path) -> Iterator[str]:
    """DynamoDB of dynalite; its URL."""
    port = free_port()
    program = REAL / "dynalite" / "node_modules" / "dynalite" / "cli.js"
    options = ["--host", "127.0.0.1", "--port", str(port), "--createTableMs", "20"]
    with _running(["node", str(program), *options], folder / "dynalite.log", port):
        yield f"http://127.0.0.1:{port}"


@contextmanager
def dynamodb_local(folder: Path) -> Iterator[str]:
    """DynamoDB and its streams, of DynamoDB Local, which has no option to listen on loopback alone; its URL."""
    port, jars = free_port(), REAL / "dynamodb-local" / "lib"
    options = ["-inMemory", "-disableTelemetry", "-port", str(port)]
    command = ["java", "-Xmx256m", f"-Dsqlite4java.library.path={jars}", "-cp", f"{jars}/*"]
    command += ["com.amazonaws.services.dynamodbv2.local.main.ServerRunner", *options]
    with _running(command, folder / "dynamodb-local.log", port):
        yield f"http://127.0.0.1:{port}"


@contextmanager
def kinesis_mock(folder: Path) -> Iterator[str]:
    """Kinesis of kinesis-mock; its URL."""
    port = free_port()
    place = REAL / "kinesis-mock" / "node_modules" / "kinesis-local"
    environment = {
        "KINESIS_MOCK_PLAIN_PORT": str(port),
        "KINESIS_MOCK_TLS_PORT": str(free_port()),
        "KINESIS_MOCK_CERT_PATH": str(place / "server.json"),
        "AWS_ACCOUNT_ID": ACCOUNT,
        "AWS_REGION": REGION,
        "LOG_LEVEL": "ERROR",
        **{
            f"{what}_DURATION": "20ms"
            for what in ("CREATE_STREAM", "DELETE_STREAM", "MERGE_SHARDS", "SPLIT_SHARD")
        },
    }
    command = ["node", "--require", str(Path(__file__).parent / "loopback.cjs"), str(place / "main.js")]
    with _running(command, folder / "kinesis-mock.log", port, environment):
        yield f"http://127.0.0.1:{port}"


@contextmanager
def versitygw(folder: Path, port: int, webhook: str | None = None) -> Iterator[str]:
    """S3 of versitygw on a port, which tells its events to a webhook; its URL."""
    data = folder / "buckets"
    data.mkdir(exist_ok=True)
    told = [] if webhook is None else ["--event-webhook-url", webhook]
    keys = ["--access", ACCOUNT, "--secret", SECRET, "--region", REGION]
    # Its attributes are kept beside the objects: not every file system of a test machine has them.
    sidecar = folder / "attributes"
    sidecar.mkdir(exist_ok=True)
    command = [str(REAL / "versitygw" / "versitygw"), "--port", f"127.0.0.1:{port}", *keys, *told, "--quiet"]
    command += ["posix", "--sidecar", str(sidecar), str(data)]
    with _running(command, folder / "versitygw.log", port):
        yield f"http://127.0.0.1:{port}"


@contextmanager
def _running(
    command: Sequence[str], log: Path, port: int, more: Mapping[str, str] | None = None
) -> Iterator[None]:
    with log.open("ab") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env={**os.environ, "NODE_ENV": "test", **(more or {})},
        )
    try:
        _until(lambda: _listens(port), process, log)
        yield
    finally:
        process.terminate()
        try:
            process.wait(ENDS_WITHIN_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _until(holds: Callable[[], bool], process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + READY_WITHIN_S
    while not holds():
        assert process.poll() is None, log.read_text("utf-8", "replace")
        assert time.monotonic() < deadline, log.read_text("utf-8", "replace")
        time.sleep(0.05)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
