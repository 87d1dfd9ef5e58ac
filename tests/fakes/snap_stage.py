"""A version with SnapStart, its template, and environments that are restored from it."""

from __future__ import annotations

import asyncio
import json

from lambdad.domain.snap_start import Optimisation
from lambdad.worker.environment.restored import RestoredEnvironment
from lambdad.worker.environment.states import EnvironmentState
from lambdad.worker.sandbox.plan import ExitStatus
from tests.fakes.snapshots import FakeImage
from tests.fakes.stage import NEXT, Stage
from tests.fakes.worker import FakeSandbox

RESTORE_NEXT = b"GET /2018-06-01/runtime/restore/next HTTP/1.1\r\nHost: x\r\n\r\n"


def post(path: str, error_type: str, body: bytes = b"{}") -> bytes:
    head = (
        f"POST /2018-06-01/runtime/{path} HTTP/1.1\r\nHost: x\r\n"
        f"Lambda-Runtime-Function-Error-Type: {error_type}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


class SnapStage(Stage):
    """The sandbox in hand is the one that was made last."""

    def __init__(self, **changes: object) -> None:
        values = {
            "version": "1",
            "runtime": "python3.12",
            "snap_start_apply_on": "PublishedVersions",
            "is_optimised": True,
        }
        super().__init__(**(values | changes))

    @property
    def sandbox(self) -> FakeSandbox:
        return self.factory.made[-1]

    async def publish(self) -> asyncio.Task[Optimisation]:
        """Begin to make a template, up to the start of its process."""
        count = len(self.factory.made)
        making = asyncio.create_task(self.host.snapshots.optimise(self.version))
        async with asyncio.timeout(5):
            while len(self.factory.made) == count:
                await asyncio.sleep(0.001)
        return making

    async def published(self) -> FakeImage:
        """The image of a template."""
        making = await self.publish()
        await self.wait_process()
        await self.send(RESTORE_NEXT)
        async with asyncio.timeout(5):
            await making
        image = self.sandbox.image
        assert image is not None
        return image

    async def restoring(self) -> RestoredEnvironment:
        """Begin to restore an environment, up to its process being told."""
        environment = self.start()
        assert isinstance(environment, RestoredEnvironment)
        await self.until(EnvironmentState.RESTORE)
        await self.wait_process()
        return environment

    async def restored(self) -> RestoredEnvironment:
        """Restore one, up to its first `next`."""
        environment = await self.restoring()
        self.told = await self.receive()
        await self.send(NEXT)
        await self.until(EnvironmentState.IDLE)
        return environment

    @staticmethod
    def news(answer: bytes) -> dict[str, str | None]:
        """The variables that an answer to `restore/next` tells of."""
        body: dict[str, dict[str, str | None]] = json.loads(answer.partition(b"\r\n\r\n")[2])
        return body["environment"]

    def dies(self, signal: int = 11) -> None:
        self.exit(ExitStatus(None, signal))
