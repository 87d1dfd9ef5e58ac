"""Which actions users and roles have last asked for, allowed or not.

In memory, and kept now and then: a server that is killed forgets the last minutes. Who calls a function over
and over is let through by what was decided before, so `tick` has everything decided anew from time to time.

Source: IAM API reference, GenerateServiceLastAccessedDetails: attempts count, allowed or not, and appear
within four hours.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from lambdad.domain.iam import ACCESSES, Access, Accesses, iam_place
from lambdad.domain.identity import Who
from lambdad.domain.limits import MOST_ACCESSED_ACTIONS, MOST_ACCESSING
from lambdad.ports.resource_store import ResourceStore

_NOTHING: Final[Mapping[str, Access]] = MappingProxyType({})


class LastAccesses:
    """By the ARN of a user or role.

    Args:
        resources: where they are kept; None for memory alone.
        exists: whether there is a user or role of an ARN: of others nothing is kept.

    Attributes:
        tick: moves with `keep`.
    """

    def __init__(
        self, resources: ResourceStore | None = None, exists: Callable[[str], bool] = lambda _: True
    ) -> None:
        self._resources = resources
        self._exists = exists
        self._known: dict[str, dict[str, Access]] = {}
        self._changed: set[str] = set()
        self.tick = 0

    async def load(self) -> None:
        """Read what is kept, and drop what is kept of who is gone."""
        if self._resources is None:
            return
        for stored in await self._resources.everywhere(ACCESSES):
            if self._exists(stored.value.arn):
                self._known[stored.value.arn] = dict(stored.value.actions)
            else:
                await self._resources.change(ACCESSES, stored.place, lambda _: None)

    def note(self, who: Who, action: str, region: str, now_s: float) -> None:
        """Somebody has asked for an action; what roots do is not noted."""
        if who.is_root:
            return
        arn = who.role_arn or who.arn
        actions = self._known.get(arn)
        if actions is None:
            if len(self._known) >= MOST_ACCESSING:
                self._forget(next(iter(self._known)))
            actions = self._known[arn] = {}
        if action in actions or len(actions) < MOST_ACCESSED_ACTIONS:
            actions[action] = Access(now_s, region)
            self._changed.add(arn)

    def of(self, arn: str, since_s: float) -> Mapping[str, Access]:
        """What a user or role has asked for, by action, since that one of the name was made."""
        found = self._known.get(arn, _NOTHING)
        return {action: access for action, access in found.items() if access.at_s >= since_s}

    async def keep(self) -> None:
        """Keep what has changed, and have everything decided anew."""
        self.tick += 1
        for arn in sorted(self._changed):
            actions = self._known.get(arn)  # forgotten, perhaps, while another was stored
            if actions is not None and self._exists(arn):
                await self._store(arn, Accesses(arn, dict(actions)))
            else:
                self._forget(arn)

    def _forget(self, arn: str) -> None:
        self._known.pop(arn, None)
        self._changed.discard(arn)

    async def _store(self, arn: str, value: Accesses) -> None:
        self._changed.discard(arn)
        if self._resources is None:
            return
        try:
            await self._resources.change(ACCESSES, iam_place(account_of(arn), arn), lambda _: value)
        except BaseException:
            self._changed.add(arn)
            raise


def account_of(arn: str) -> str:
    """Whose user or role it is."""
    return arn.split(":")[4]
