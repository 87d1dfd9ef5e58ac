"""Which function an id stands for, how its URL is configured and who may call it; kept until that changes.

Before: `url_route` with an id out of a host name or path. After: the catalogue, when nothing is kept. A
change of any resource (URLs, policies, aliases) moves the store's epoch, one of a function is told by
`forget`; what was read before is read again. Ids that nobody has are not kept.
"""

from __future__ import annotations

import logging
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass

from lambdad.domain.arn import FunctionReference
from lambdad.domain.event import Lane
from lambdad.domain.function import LATEST
from lambdad.domain.function_url import FUNCTION_URLS, URL_ID_LENGTH, FunctionUrl
from lambdad.domain.limits import MAX_CACHED_URLS
from lambdad.domain.policies.attached import FUNCTION_POLICIES, AttachedPolicy
from lambdad.domain.policies.document import RESOURCE_POLICY, InvalidPolicy, read_policy
from lambdad.domain.policies.statements import Policy
from lambdad.domain.resource import Place
from lambdad.domain.scope import Scope
from lambdad.frontend.invoke import RouteKey
from lambdad.frontend.url_access import Access, access
from lambdad.ports.resource_store import ResourceStore

_log = logging.getLogger("lambdad.edge")
_NOBODY = read_policy(
    '{"Statement": {"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*"}}', RESOURCE_POLICY
)
_ID = re.compile(rf"[a-z0-9]{{{URL_ID_LENGTH}}}")


@dataclass(frozen=True, slots=True)
class FoundUrl:
    """A function URL with what a call of it needs.

    Attributes:
        key: of the route to its function.
        access: what the resource policy says.
    """

    url: FunctionUrl
    scope: Scope
    key: RouteKey
    access: Access

    @property
    def lane(self) -> Lane:
        """The same, as metrics name it."""
        return Lane(*self.key)

    @property
    def reference(self) -> FunctionReference:
        """What it leads to: the function, or one of its aliases."""
        return FunctionReference(self.key[1], self.key[2])


class Urls:
    """Function URLs by id."""

    def __init__(self, resources: ResourceStore) -> None:
        self._resources = resources
        self._known: dict[str, FoundUrl] = {}
        self._epoch = -1  # of the store, when the first of `_known` was read
        self._forgotten = 0  # moves with every change of a function

    def cached(self, url_id: str) -> FoundUrl | None:
        """One that was looked up before, unless something changed since."""
        if self._epoch != self._resources.epoch:
            self._known.clear()
            return None
        return self._known.get(url_id)

    async def look_up(self, url_id: str) -> FoundUrl | None:
        """Read it from the catalogue; None when there is none."""
        if _ID.fullmatch(url_id) is None:
            return None
        epoch, forgotten = self._resources.epoch, self._forgotten
        stored = await self._resources.find(FUNCTION_URLS, url_id)
        if not stored:
            return None
        place = stored[0].place
        qualifier = None if place.name == LATEST else place.name
        arn = FunctionReference(place.function, qualifier).arn(place.scope)
        found = FoundUrl(
            stored[0].value,
            place.scope,
            (place.scope, place.function, qualifier),
            access([policy async for policy in self._policies(place)], arn),
        )
        if (epoch, forgotten) == (self._resources.epoch, self._forgotten):
            self._keep(url_id, found, epoch)
        return found

    def forget(self, scope: Scope, name: str) -> None:
        """A function changed or is gone; its URLs may be, too."""
        self._forgotten += 1
        self._known = {
            url_id: found
            for url_id, found in self._known.items()
            if (found.scope, found.key[1]) != (scope, name)
        }

    def _keep(self, url_id: str, found: FoundUrl, epoch: int) -> None:
        if self._epoch != epoch or len(self._known) >= MAX_CACHED_URLS:
            self._known.clear()
        self._epoch = epoch
        self._known[url_id] = found

    async def _policies(self, place: Place) -> AsyncIterator[Policy]:
        for name in dict.fromkeys((LATEST, place.name)):
            owner = Place(place.scope, place.function, name)
            attached = await self._resources.read(FUNCTION_POLICIES, owner)
            if attached is not None:
                yield _read(attached, owner)


def _read(attached: AttachedPolicy, owner: Place) -> Policy:
    """The policy; one that cannot be read lets nobody in."""
    try:
        return read_policy(attached.document, RESOURCE_POLICY)
    except InvalidPolicy as error:
        _log.error("the policy of %s cannot be read: %s", owner, error, extra={"event": "url.policy"})
        return _NOBODY
