"""Room for environments on the one worker there is.

Later there are several workers; the assignment asks `place` either way.
"""

from __future__ import annotations

from typing import Protocol

from lambdad.domain.function import FunctionVersion
from lambdad.domain.limits import ASSUMED_MEMORY_BYTES, MEMORY_FRESH_S
from lambdad.domain.platform_events import ON_DEMAND
from lambdad.placement.admission import Bounds, Crowd, Decision, decide, to_relieve
from lambdad.ports.worker import Environment, EnvironmentOwner, Worker


class MemoryUse(Protocol):
    """Tells what all environments of the worker use together."""

    def used_bytes(self) -> int | None:
        """Bytes in use now that the kernel cannot take back; None when this host cannot tell."""
        ...


class Placement:
    """Gives every environment to the local worker, within its bounds.

    Args:
        worker: the worker.
        max_environments: most environments at once; bounds processes and descriptors.
        memory: tells what they use; None assumes it.
        ceiling_bytes: most memory of all together; None sets no bound.

    Attributes:
        bounds: what all may take.
        environments: how many there are.
    """

    def __init__(
        self,
        worker: Worker,
        max_environments: int,
        memory: MemoryUse | None = None,
        ceiling_bytes: int | None = None,
    ) -> None:
        self._worker = worker
        self._memory = memory
        self._read_at = float("-inf")
        self._read_bytes: int | None = None
        self.bounds = Bounds(max_environments, ceiling_bytes)
        self.environments = 0

    @property
    def leaving(self) -> int:
        """Environments that have ended and are still being removed."""
        return self._worker.leaving

    def crowd(self, starting: int, idle: int) -> Crowd:
        """The environments there are, of which so many come up and so many wait for an event."""
        return Crowd(self.environments, starting, idle, self.leaving)

    @property
    def crowd_at_worst(self) -> Crowd:
        """The environments there are if all of them came up just now: they could not take more room."""
        return Crowd(self.environments, self.environments, 0, self.leaving)

    def decide(self, version: FunctionVersion, crowd: Crowd, now: float) -> Decision:
        """How to come to another environment of `version`; reads memory when that was long ago."""
        return decide(crowd, self.bounds, self._used_bytes(now), version.memory_mib)

    def to_relieve(self, crowd: Crowd, now: float) -> int:
        """How many idle environments to end because all together use too much."""
        return to_relieve(crowd, self.bounds, self._used_bytes(now)) if self.environments else 0

    def is_over(self, now: float) -> bool:
        """Whether all together use more than they may; reads memory when that was long ago."""
        ceiling = self.bounds.ceiling_bytes
        return ceiling is not None and self._used_bytes(now) > ceiling

    def used_bytes(self) -> int:
        """What they use now, or what is assumed where the host cannot tell."""
        self.memory_changed()
        return self._used_bytes(0.0)

    def memory_changed(self) -> None:
        """What was read is old: an environment is gone."""
        self._read_at = float("-inf")

    def place(
        self, version: FunctionVersion, owner: EnvironmentOwner, initialization_type: str = ON_DEMAND
    ) -> Environment:
        """Start an environment; call `left` when its owner hears that it is gone."""
        environment = self._worker.start(version, owner, initialization_type)
        self.environments += 1
        return environment

    def left(self) -> None:
        """An environment is gone."""
        self.environments -= 1

    def _used_bytes(self, now: float) -> int:
        if self._memory is not None and now - self._read_at >= MEMORY_FRESH_S:
            self._read_at, self._read_bytes = now, self._memory.used_bytes()
        if self._read_bytes is None:
            return self.environments * ASSUMED_MEMORY_BYTES
        return self._read_bytes
