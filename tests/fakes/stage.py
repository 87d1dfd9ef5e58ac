"""One environment, and the test's hands on every side of it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TypeVar

from lambdad.domain.errors import LambdadError
from lambdad.domain.invocation import Invocation, Target
from lambdad.domain.measured import Ran
from lambdad.ports.worker import Environment
from lambdad.worker.credentials import CredentialIssuer
from lambdad.worker.environment.environment import ExecutionEnvironment
from lambdad.worker.environment.making import Maker
from lambdad.worker.environment.states import EnvironmentState
from lambdad.worker.host import Host
from lambdad.worker.sandbox.plan import ExitStatus
from tests.fakes.caller import Caller, FakeExtension
from tests.fakes.sessions import FakeSessions
from tests.fakes.worker import (
    FakeClock,
    FakeCode,
    FakeFactory,
    FakeRuntimes,
    FakeSandbox,
    FakeSink,
    version_of,
)

NEXT = b"GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: x\r\n\r\n"


@dataclass
class Owner:
    idle: list[Environment] = field(default_factory=list)
    gone: list[tuple[Environment, LambdadError | None]] = field(default_factory=list)
    waiting: list[Invocation] = field(default_factory=list)

    def environment_idle(self, environment: Environment) -> None:
        self.idle.append(environment)
        if self.waiting:
            environment.run(self.waiting.pop(0))

    def environment_gone(self, environment: Environment, reason: LambdadError | None) -> None:
        self.gone.append((environment, reason))


class Stage:
    """One environment and the test's hands on every side of it."""

    def __init__(self, **changes: object) -> None:
        self.version = version_of(**changes)
        self.clock = FakeClock()
        self.sink = FakeSink()
        self.factory = FakeFactory()
        self.owner = Owner()
        self.settled: list[Invocation] = []
        self.callers: list[Caller] = []
        maker = Maker(
            self.factory,
            FakeRuntimes(),  # type: ignore[arg-type]
            FakeCode(),  # type: ignore[arg-type]
            CredentialIssuer(FakeSessions()),
            lambda *_: asyncio.Protocol(),
            outbound=False,
        )
        self.gone: list[str] = []
        self.left: list[int] = []  # how many were still leaving, whenever one was removed
        self.ran: list[Ran] = []
        self.host = Host(
            maker,
            self.sink,
            self.clock,
            self.gone.append,
            on_removed=self._removed,
            ran=self.ran.append,
        )

    def _removed(self) -> None:
        self.left.append(self.host.leaving)

    def start(self) -> ExecutionEnvironment:
        self.environment = self.host.start(self.version, self.owner)
        return self.environment

    @property
    def sandbox(self) -> FakeSandbox:
        return self.factory.made[0]

    async def made(self) -> None:
        async with asyncio.timeout(5):
            while not self.factory.made:
                await asyncio.sleep(0)

    async def until(self, state: EnvironmentState) -> None:
        async with asyncio.timeout(5):
            while self.environment.state is not state:
                await asyncio.sleep(0.001)

    async def send(self, data: bytes) -> None:
        assert self.sandbox.process is not None
        await asyncio.get_running_loop().sock_sendall(self.sandbox.process.inside, data)

    async def receive(self) -> bytes:
        assert self.sandbox.process is not None
        async with asyncio.timeout(5):
            return await asyncio.get_running_loop().sock_recv(self.sandbox.process.inside, 1 << 20)

    async def ready(self) -> None:
        self.start()
        await self.until(EnvironmentState.INIT)
        await self.wait_process()
        await self.send(NEXT)
        await self.until(EnvironmentState.IDLE)

    def extension(self, name: str) -> FakeExtension:
        return FakeExtension(self.caller(), name)

    def caller(self) -> Caller:
        self.callers.append(Caller(self.sandbox.addresses[0]))
        return self.callers[-1]

    async def launched(self, *names: str) -> None:
        """Wait until these processes have been started."""
        async with asyncio.timeout(5):
            while not self.factory.made or not all(name in self.sandbox.by_name for name in names):
                await asyncio.sleep(0.001)

    async def ready_with(self, *events: str, name: str = "watcher") -> FakeExtension:
        """Come up with one external extension that waits in `next`."""
        self.factory.programs = (name,)
        self.start()
        await self.launched(f"extension:{name}")
        extension = self.extension(name)
        await extension.register(*events)
        await self.launched("runtime")
        await extension.ask()
        await self.wait_process()
        await self.send(NEXT)
        await self.until(EnvironmentState.IDLE)
        return extension

    async def wait_for_runtime(self) -> None:
        """Wait until the runtime's process is there and is read."""
        await self.launched("runtime")
        await self.wait_process()

    async def wait_process(self) -> None:
        async with asyncio.timeout(5):
            while self.sandbox.process is None:
                await asyncio.sleep(0.001)
            await asyncio.sleep(0.01)

    def invocation(self, payload: bytes = b'{"a":1}', *, want_tail: bool = False) -> Invocation:
        target = Target(self.version, self.version.unqualified_arn)
        return Invocation(
            target, "id-1", payload, "Root=1-0-0;Sampled=0", self.settled.append, None, want_tail
        )

    async def answer(self, body: bytes, what: str = "response", request_id: str = "id-1") -> bytes:
        head = (
            f"POST /2018-06-01/runtime/invocation/{request_id}/{what} HTTP/1.1\r\n"
            f"Host: x\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        await self.send(head.encode() + body)
        return await self.receive()

    async def settle(self) -> Invocation:
        async with asyncio.timeout(5):
            while not self.settled:
                await asyncio.sleep(0.001)
        await asyncio.sleep(0.005)
        assert len(self.settled) == 1
        return self.settled[0]

    def print(self, text: bytes) -> None:
        assert self.sandbox.process is not None
        os.write(self.sandbox.process.printing, text)

    def exit(self, status: ExitStatus) -> None:
        assert self.sandbox.process is not None
        self.sandbox.process.exit(status)


S = TypeVar("S", bound=Stage)


@asynccontextmanager
async def stages_of(kind: Callable[..., S]) -> AsyncIterator[Callable[..., S]]:
    """Makes stages, and takes them all down in the end."""
    made: list[S] = []

    def make(**changes: object) -> S:
        made.append(kind(**changes))
        return made[-1]

    yield make
    for one in made:
        for caller in one.callers:
            caller.close()
        await one.host.close()
        await asyncio.sleep(0)
