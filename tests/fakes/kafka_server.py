"""A broker of Kafka on loopback for tests, soak and bench: one process, records in memory, answers at once.

``python -m tests.fakes.kafka_server`` prints two ports and serves until its input ends. The second, given a file with key
and certificate as its argument, is by TLS with login. With ``impatient`` a member dies with its connection. Each request
is offered in one version alone. There are no transactions, replicas or users' rights.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import ssl
import struct
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

from aiokafka.protocol import admin, commit, coordination, fetch, group, metadata, offset, produce
from aiokafka.protocol.api import RequestHeader_v1

from tests.fakes.certificates import write_certificate
from tests.fakes.kafka_groups import Groups
from tests.fakes.kafka_log import PartitionLog
from tests.fakes.kafka_login import MECHANISMS, Login, Refused

ROOT = Path(__file__).parents[2]
_OFFERED: tuple[Any, ...] = (
    *(admin.ApiVersionRequest_v0, admin.SaslHandShakeRequest_v1, admin.SaslAuthenticateRequest_v0),
    *(admin.CreateTopicsRequest_v1, metadata.MetadataRequest_v1, produce.ProduceRequest_v3),
    *(fetch.FetchRequest_v4, offset.OffsetRequest_v2, coordination.FindCoordinatorRequest_v0),
    *(group.JoinGroupRequest_v2, group.SyncGroupRequest_v1, group.HeartbeatRequest_v1),
    *(group.LeaveGroupRequest_v1, commit.OffsetCommitRequest_v2, commit.OffsetFetchRequest_v1),
)
_REQUESTS = {one.API_KEY: one for one in _OFFERED}
_NONE, _OUT_OF_RANGE, _NO_TOPIC, _EXISTS, _MECHANISM, _LOGIN = 0, 1, 3, 36, 33, 58
_SIZE = struct.Struct(">i")


class Broker:
    """Topics, groups, and what clients ask of them."""

    def __init__(self, *, is_impatient: bool = False) -> None:
        self.topics: dict[str, list[PartitionLog]] = {}
        self.groups = Groups(is_impatient=is_impatient)
        self._written = asyncio.Event()

    async def answer(self, request: Any, connection: Connection) -> tuple[Any, ...]:
        """The members of the answer to a request."""
        name = type(request).__name__.partition("Request")[0]
        answered = getattr(self, f"_{name}")(request, connection)
        found: tuple[Any, ...] = await answered if asyncio.iscoroutine(answered) else answered
        return found

    def _ApiVersion(self, request: Any, _: Connection) -> tuple[Any, ...]:
        return _NONE, [(one.API_KEY, one.API_VERSION, one.API_VERSION) for one in _OFFERED]

    def _SaslHandShake(self, request: Any, connection: Connection) -> tuple[Any, ...]:
        if request.mechanism not in MECHANISMS:
            return _MECHANISM, MECHANISMS
        connection.login = Login(request.mechanism)
        return _NONE, MECHANISMS

    def _SaslAuthenticate(self, request: Any, connection: Connection) -> tuple[Any, ...]:
        try:
            return _NONE, None, connection.login.step(request.sasl_auth_bytes)  # type: ignore[union-attr]
        except Refused:
            return _LOGIN, "Authentication failed: Invalid username or password", b""

    def _CreateTopics(self, request: Any, _: Connection) -> tuple[Any, ...]:
        told = []
        for name, partitions, *_rest in request.create_topic_requests:
            told.append((name, _EXISTS if name in self.topics else _NONE, None))
            self.topics.setdefault(name, [PartitionLog() for _ in range(partitions)])
        return (told,)

    def _Metadata(self, request: Any, connection: Connection) -> tuple[Any, ...]:
        names = list(self.topics) if request.topics is None else request.topics
        topics = [
            (
                _NONE if name in self.topics else _NO_TOPIC,
                name,
                False,
                [(_NONE, at, 0, [0], [0]) for at, _ in enumerate(self.topics.get(name, ()))],
            )
            for name in names
        ]
        return [(0, "127.0.0.1", connection.port, None)], 0, topics

    def _Produce(self, request: Any, _: Connection) -> tuple[Any, ...]:
        told = []
        for topic, partitions in request.topics:
            at = [(one, *self._put(topic, one, batches), -1) for one, batches in partitions]
            told.append((topic, at))
        self._written.set()
        self._written = asyncio.Event()
        return told, 0

    def _put(self, topic: str, partition: int, batches: bytes) -> tuple[int, int]:
        log = self._log(topic, partition)
        return (_NO_TOPIC, -1) if log is None else (_NONE, log.append(batches))

    async def _Fetch(self, request: Any, _: Connection) -> tuple[Any, ...]:
        found = self._found(request)
        if not any(one[1] or one[-1] for _, partitions in found for one in partitions):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._written.wait(), request.max_wait_time / 1000)
            found = self._found(request)
        return 0, found

    def _found(self, request: Any) -> list[tuple[Any, ...]]:
        return [
            (topic, [(one, *self._fetched(topic, one, at, most)) for one, at, most in partitions])
            for topic, partitions in request.topics
        ]

    def _fetched(self, topic: str, partition: int, at: int, most: int) -> tuple[Any, ...]:
        log = self._log(topic, partition)
        if log is None:
            return _NO_TOPIC, -1, -1, None, b""
        if not log.start <= at <= log.end:
            return _OUT_OF_RANGE, log.end, log.end, None, b""
        return _NONE, log.end, log.end, None, log.read(at, most)

    def _Offset(self, request: Any, _: Connection) -> tuple[Any, ...]:
        told = [
            (topic, [(one, *self._found_at(topic, one, moment)) for one, moment in partitions])
            for topic, partitions in request.topics
        ]
        return 0, told

    def _found_at(self, topic: str, partition: int, moment_ms: int) -> tuple[int, int, int]:
        log = self._log(topic, partition)
        return (_NO_TOPIC, -1, -1) if log is None else (_NONE, *log.at(moment_ms))

    def _log(self, topic: str, partition: int) -> PartitionLog | None:
        logs = self.topics.get(topic, [])
        return logs[partition] if partition < len(logs) else None

    # --- groups ----------------------------------------------------------------------------------------

    def _FindCoordinator(self, request: Any, connection: Connection) -> tuple[Any, ...]:
        return _NONE, 0, "127.0.0.1", connection.port

    async def _JoinGroup(self, request: Any, connection: Connection) -> tuple[Any, ...]:
        error, identity = await self.groups.join(
            *(request.group, request.member_id, request.session_timeout, request.rebalance_timeout),
            dict(request.group_protocols),
            connection,
        )
        made = self.groups[request.group]
        if error:
            return 0, error, -1, "", "", identity, []
        known = [(one.identity, one.about[made.protocol]) for one in made.members.values()]
        told = known if identity == made.leader else []
        return 0, _NONE, made.generation, made.protocol, made.leader, identity, told

    async def _SyncGroup(self, request: Any, _: Connection) -> tuple[Any, ...]:
        assignments = dict(request.group_assignment)
        return 0, *await self.groups.sync(
            request.group, request.generation_id, request.member_id, assignments
        )

    def _Heartbeat(self, request: Any, _: Connection) -> tuple[Any, ...]:
        return 0, self.groups.heartbeat(request.group, request.generation_id, request.member_id)

    def _LeaveGroup(self, request: Any, _: Connection) -> tuple[Any, ...]:
        return 0, self.groups.leave(request.group, request.member_id)

    def _OffsetCommit(self, request: Any, _: Connection) -> tuple[Any, ...]:
        kept = {
            (topic, one): (at, note or "")
            for topic, partitions in request.topics
            for one, at, note in partitions
        }
        error = self.groups.commit(
            *(request.consumer_group, request.consumer_group_generation_id, request.consumer_id), kept
        )
        return ([(topic, [(one, error) for one, *_ in partitions]) for topic, partitions in request.topics],)

    def _OffsetFetch(self, request: Any, _: Connection) -> tuple[Any, ...]:
        kept = self.groups[request.consumer_group].offsets
        told = [
            (topic, [(one, *kept.get((topic, one), (-1, "")), _NONE) for one in partitions])
            for topic, partitions in request.topics
        ]
        return (told,)


@dataclass(slots=True, eq=False)
class Connection:
    """A client's.

    Attributes:
        port: that it came to; the broker says it is there.
        login: None while the client has not begun to say who it is.
        needs_login: whether nothing else is answered before.
    """

    port: int
    needs_login: bool
    login: Login | None = None

    def may(self, key: int) -> bool:
        """Whether that is answered now."""
        first = {admin.ApiVersionRequest_v0.API_KEY, admin.SaslHandShakeRequest_v1.API_KEY}
        first.add(admin.SaslAuthenticateRequest_v0.API_KEY)
        return not self.needs_login or key in first or (self.login is not None and self.login.is_done)


class _Served(asyncio.StreamReaderProtocol):
    """One connection, answered in order; its end is noticed at once, also while an answer is waited for."""

    def __init__(self, broker: Broker, *, needs_login: bool) -> None:
        super().__init__(asyncio.StreamReader(), self._serve)
        self._broker = broker
        self._connection = Connection(0, needs_login)

    def eof_received(self) -> bool | None:
        self._broker.groups.disconnected(self._connection)
        return super().eof_received()

    def connection_lost(self, error: Exception | None) -> None:
        self._broker.groups.disconnected(self._connection)
        super().connection_lost(error)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connection.port = writer.get_extra_info("sockname")[1]
        try:
            while (answer := await self._answer(await _message(reader))) is not None:
                writer.write(_SIZE.pack(len(answer)) + answer)
                await writer.drain()
        except (EOFError, OSError, asyncio.CancelledError):
            pass  # the client has gone, or the broker ends
        finally:
            writer.close()

    async def _answer(self, data: BytesIO) -> bytes | None:
        key, version, number, _ = [kind.decode(data) for kind in RequestHeader_v1.SCHEMA.fields]
        made = _REQUESTS[key]
        assert version == made.API_VERSION, (key, version)
        if not self._connection.may(key):
            return None
        members = await self._broker.answer(made.decode(data), self._connection)
        found: bytes = _SIZE.pack(number) + made.RESPONSE_TYPE(*members).encode()
        return found


async def _message(reader: asyncio.StreamReader) -> BytesIO:
    return BytesIO(await reader.readexactly(*_SIZE.unpack(await reader.readexactly(_SIZE.size))))


async def _serve(certificate: str, *, is_impatient: bool) -> None:
    broker, loop = Broker(is_impatient=is_impatient), asyncio.get_running_loop()
    servers = [await loop.create_server(lambda: _Served(broker, needs_login=False), "127.0.0.1", 0)]
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        login = await loop.create_server(
            lambda: _Served(broker, needs_login=True), "127.0.0.1", 0, ssl=context
        )
        servers.append(login)
    print(*(one.sockets[0].getsockname()[1] for one in servers), flush=True)
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    await reader.read()


@dataclass(frozen=True, slots=True)
class ServedKafka:
    """Where a broker is.

    Attributes:
        plain: without TLS or login.
        login: by TLS, with login; empty without a folder for its certificate.
        certificate: that shows it there.
        process: it runs in.
    """

    plain: str
    login: str
    certificate: str
    process: subprocess.Popen[bytes]


@contextlib.contextmanager
def kafka_server(folder: Path | None = None, *, is_impatient: bool = False) -> Iterator[ServedKafka]:
    """A broker in a process of its own.

    Args:
        folder: for its certificate; None for a broker without TLS.
    """
    both = None if folder is None else folder / "broker.pem"
    certificate = "" if both is None else write_certificate(both)
    env = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'src'}"}
    given = [str(both or ""), "impatient" if is_impatient else ""]
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.fakes.kafka_server", *given],
        cwd=ROOT,
        env=env,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        ports = [f"127.0.0.1:{int(port)}" for port in process.stdout.readline().split()]
        yield ServedKafka(ports[0], ports[-1] if certificate else "", certificate, process)
    finally:
        process.stdin.close()
        process.wait(10)
        process.stdout.close()


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1], is_impatient="impatient" in sys.argv[2:]))
