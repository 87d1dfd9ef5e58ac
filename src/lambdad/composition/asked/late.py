"""Operations whose code is read when somebody asks first, so that a server starts without it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from lambdad.domain.http import Request, Response
from lambdad.edge.operations import Operation


class Late:
    """Stands for operations that are not made yet.

    Args:
        names: ``METHOD name`` of each.
        make: makes all of them.
    """

    def __init__(self, names: Sequence[str], make: Callable[[], Mapping[str, Operation]]) -> None:
        self._names = names
        self._make = make
        self._made: Mapping[str, Operation] | None = None

    @property
    def operations(self) -> Mapping[str, Operation]:
        """Handlers by ``METHOD name``."""
        return {name: partial(self._run, name) for name in self._names}

    async def _run(self, name: str, request: Request) -> Mapping[str, object] | Response:
        if self._made is None:
            self._made = self._make()
        return await self._made[name](request)
