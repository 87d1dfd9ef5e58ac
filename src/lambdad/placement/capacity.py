"""Room for environments on the one worker there is.

Later there are several workers; the assignment asks `place` either way.
"""

from __future__ import annotations

from lambdad.domain.function import FunctionVersion
from lambdad.domain.platform_events import ON_DEMAND
from lambdad.ports.worker import Environment, EnvironmentOwner, Worker


class Placement:
    """Gives every environment to the local worker, up to a limit.

    Args:
        worker: the worker.
        max_environments: most environments at once; bounds memory, processes and descriptors.

    Attributes:
        most: the limit.
        environments: how many there are.
    """

    def __init__(self, worker: Worker, max_environments: int) -> None:
        self._worker = worker
        self.most = max_environments
        self.environments = 0

    @property
    def is_full(self) -> bool:
        """Whether another environment must go first."""
        return self.environments >= self.most

    def place(
        self, version: FunctionVersion, owner: EnvironmentOwner, initialization_type: str = ON_DEMAND
    ) -> Environment:
        """Start an environment; call `left` when its owner hears that it is gone."""
        self.environments += 1
        return self._worker.start(version, owner, initialization_type)

    def left(self) -> None:
        """An environment is gone."""
        self.environments -= 1
