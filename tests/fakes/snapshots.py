"""Snapshots in memory: a maker for the control plane, and images as a sandbox makes them."""

from __future__ import annotations

import asyncio

from lambdad.domain.function import FunctionVersion
from lambdad.domain.scope import Scope
from lambdad.domain.snap_start import Optimisation, Optimised


class FakeSnapshots:
    """Implements `ports.snapshots.SnapshotMaker`; the test says how each initialisation ends."""

    def __init__(self) -> None:
        self.outcome: Optimisation = Optimised()
        self.asked: list[str] = []
        self.forgotten: list[tuple[Scope, str, str | None]] = []
        self.gate = asyncio.Event()
        self.gate.set()

    async def optimise(self, version: FunctionVersion) -> Optimisation:
        self.asked.append(version.qualified_arn)
        await self.gate.wait()
        return self.outcome

    def forget(self, scope: Scope, name: str, version: str | None = None) -> None:
        self.forgotten.append((scope, name, version))


class FakeImage:
    """Implements `worker.sandbox.image.MemoryImage`."""

    def __init__(self, size_bytes: int = 1_000) -> None:
        self.size_bytes = size_bytes
        self.is_closed = False

    def close(self) -> None:
        assert not self.is_closed
        self.is_closed = True
