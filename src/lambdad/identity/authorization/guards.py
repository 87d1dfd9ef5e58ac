"""The policies of functions, versions and aliases, ready to be decided by; read again when any changed."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field

from lambdad.domain.arn import FunctionReference
from lambdad.domain.function import LATEST
from lambdad.domain.policies.attached import FUNCTION_POLICIES, AttachedPolicy
from lambdad.domain.policies.document import RESOURCE_POLICY, InvalidPolicy, read_policy
from lambdad.domain.policies.statements import Policy, Statement
from lambdad.domain.resource import Place
from lambdad.domain.scope import Scope
from lambdad.identity.authorization.mentions import mentioned
from lambdad.ports.resource_store import ResourceStore

_log = logging.getLogger("lambdad.identity")
_MAX_GUARDS = 10_000
_NOBODY = read_policy(
    '{"Statement": {"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*"}}', RESOURCE_POLICY
)


@dataclass(frozen=True, slots=True, eq=False)
class Guard:
    """What a resource says about who may use it; the same object as long as it says the same.

    Attributes:
        account: whose the resource is; None when nobody knows, or when it does not matter.
        policy: of the resource; None for none.
        elsewhere: whether somebody else decides by the resource's policy.
        must_allow: nothing is allowed without the policy, as with the trust policy of a role.
    """

    account: str | None = None
    policy: Policy | None = None
    elsewhere: bool = False
    must_allow: bool = False
    mentions: frozenset[str] = field(default=frozenset())


class Guards:
    """Guards of functions."""

    def __init__(self, resources: ResourceStore) -> None:
        self._resources = resources
        self._known: dict[tuple[Scope, FunctionReference], Guard] = {}
        self._epoch = -1
        self._forgotten = 0

    @property
    def epoch(self) -> int:
        """Moves whenever a guard may say something else."""
        return self._resources.epoch + self._forgotten

    def forget(self, scope: Scope, name: str) -> None:
        """A function changed or is gone; its policy may be, too."""
        self._forgotten += 1

    def cached(self, scope: Scope, reference: FunctionReference) -> Guard | None:
        """The guard of a function read before; None when it must be read."""
        if self._epoch != self.epoch:
            self._known.clear()
            return None
        return self._known.get((scope, reference))

    async def read(self, scope: Scope, reference: FunctionReference) -> Guard:
        """The guard of a function, a version or an alias; one with no policy when there is none."""
        known = self.cached(scope, reference)
        if known is not None:
            return known
        epoch = self.epoch
        statements: list[Statement] = []
        for name in dict.fromkeys((LATEST, reference.qualifier or LATEST)):
            place = Place(scope, reference.name, name)
            attached = await self._resources.read(FUNCTION_POLICIES, place)
            if attached is not None:
                statements += _read(attached, place).statements
        policy = Policy(tuple(statements), reference.arn(scope)) if statements else None
        found = Guard(scope.account, policy, mentions=mentioned(() if policy is None else (policy,)))
        if epoch == self.epoch:
            self._keep(scope, reference, found, epoch)
        return found

    def _keep(self, scope: Scope, reference: FunctionReference, found: Guard, epoch: int) -> None:
        if self._epoch != epoch or len(self._known) >= _MAX_GUARDS:
            self._known.clear()
        self._epoch = epoch
        self._known[scope, reference] = found


def _read(attached: AttachedPolicy, owner: Place) -> Policy:
    """The policy; one that cannot be read lets nobody in."""
    try:
        return read_policy(attached.document, RESOURCE_POLICY)
    except InvalidPolicy as error:
        _log.error("the policy of %s cannot be read: %s", owner, error, extra={"event": "identity.policy"})
        return _NOBODY
