"""Real servers that `make test-real` has put into `.cache/real`, started on loopback and ended by their id."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.fakes.kafka_login import PASSWORD as KAFKA_PASSWORD
from tests.fakes.kafka_login import USER as KAFKA_USER
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
KAFKA = """
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{3}
controller.listener.names=CONTROLLER
listeners=PLAIN://127.0.0.1:{0},LOGIN://127.0.0.1:{1},TLS://127.0.0.1:{2},CONTROLLER://127.0.0.1:{3}
listener.security.protocol.map=PLAIN:PLAINTEXT,LOGIN:SASL_SSL,TLS:SSL,CONTROLLER:PLAINTEXT
inter.broker.listener.name=PLAIN
sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512
listener.name.login.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required \\
  user_{user}="{password}";
listener.name.login.scram-sha-256.sasl.jaas.config=\\
  org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.login.scram-sha-512.sasl.jaas.config=\\
  org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.tls.ssl.client.auth=required
ssl.keystore.type=PEM
ssl.keystore.location={folder}/both.pem
ssl.truststore.type=PEM
ssl.truststore.location={folder}/cert.pem
log.dirs={folder}/logs
num.partitions=2
offsets.topic.num.partitions=1
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
auto.create.topics.enable=false
message.max.bytes=16777216
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


@dataclass(frozen=True)
class Kafka:
    """A broker.

    Attributes:
        plain: without TLS or login.
        login: by TLS, with SASL for `KAFKA_USER`.
        tls: by TLS, for clients with a certificate.
        certificate: of the broker, which is trusted as that of a client, too.
        key: of it.
    """

    plain: str
    login: str
    tls: str
    certificate: str
    key: str


@contextmanager
def kafka(folder: Path) -> Iterator[Kafka]:
    """A broker of Apache Kafka that is its own controller."""
    ports = [free_port() for _ in range(4)]
    key, certificate, both = folder / "key.pem", folder / "cert.pem", folder / "both.pem"
    made = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        "-subj",
        "/CN=localhost",
    ]
    made += ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(made, check=True, capture_output=True)
    both.write_text(key.read_text() + certificate.read_text())
    config = folder / "server.properties"
    config.write_text(KAFKA.format(*ports, folder=folder, user=KAFKA_USER, password=KAFKA_PASSWORD))
    java = ["java", "-Xmx384m", "-cp", str(REAL / "kafka" / "lib" / "*")]
    scram = [
        f"--add-scram=SCRAM-SHA-{bits}=[name={KAFKA_USER},password={KAFKA_PASSWORD}]" for bits in (256, 512)
    ]
    tool = ["kafka.tools.StorageTool", "format", "-t", "MkU3OEVBNTcwNTJENDM2Qk", "-c", str(config), *scram]
    subprocess.run([*java, *tool], check=True, capture_output=True)
    with _running([*java, "kafka.Kafka", str(config)], folder / "kafka.log", ports[0]):
        servers = [f"127.0.0.1:{port}" for port in ports[:3]]
        yield Kafka(*servers, certificate.read_text(), key.read_text())


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
