"""Whether somebody may do something, decided once and remembered.

A decision hangs on who asks, the action, the resource, the resource's guard and the condition keys that the
policies mention; whatever changes a policy moves an epoch, and what was decided before is forgotten.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from lambdad.domain.identity import Grants, Who
from lambdad.domain.policies.combined import Asked, Outcome, Policies, combine
from lambdad.domain.policies.principals import Principal, identity, root
from lambdad.domain.policies.statements import Effect, Policy
from lambdad.identity.authorization import facts
from lambdad.identity.authorization.facts import STEADY, Fact
from lambdad.identity.authorization.guards import Guard
from lambdad.identity.authorization.mentions import mentioned
from lambdad.identity.authorization.needs import EVERYTHING, UNKNOWN
from lambdad.ports.identities import Identities

_MAX_DECISIONS = 1_024
"""Of one principal and guard."""
_MAX_GUARDS = 1_024
"""Of one principal."""
_MAX_STANDINGS = 10_000
_Key = tuple[str, str, tuple[tuple[str, ...], ...]]


class _Decided:
    """What was decided about one principal and one guard.

    Attributes:
        wanted: the keys that decisions hang on, beside those of the principal.
    """

    __slots__ = ("outcomes", "wanted")

    def __init__(self, wanted: tuple[str, ...]) -> None:
        self.wanted = wanted
        self.outcomes: dict[_Key, Outcome] = {}


class Standing:
    """A principal with what binds them and what was decided about them.

    Args:
        who: the principal.
        grants: None for who is bound by no policy of their own: an account's root, a service, or a role that
            nobody knows.
    """

    __slots__ = ("_decided", "_loose", "_mentions", "arn", "fixed", "grants", "principal", "who")

    def __init__(self, who: Who, grants: Grants | None) -> None:
        self.who = who
        self.grants = grants
        self.principal = principal_of(who)
        self.arn = who.arn
        self.fixed: Mapping[str, tuple[str, ...]] = facts.of_principal(who, grants)
        self._mentions = mentioned(_bound(grants))
        self._decided: dict[Guard, _Decided] = {}
        self._loose: Grants | None = None

    def wanted(self, guard: Guard) -> tuple[str, ...]:
        """The keys that a decision hangs on, beside those of the principal."""
        return (self._decided.get(guard) or self._begin(guard)).wanted

    def is_steady(self, guard: Guard) -> bool:
        """Whether a decision is the same for every call this principal makes of one target."""
        return all(key in STEADY or key.startswith("aws:principal") for key in self.wanted(guard))

    def decide(self, action: str, resource: str, guard: Guard, fact: Fact) -> Outcome:
        """Whether the principal may; `fact` tells the keys of the request."""
        decided = self._decided.get(guard)
        if decided is None:
            decided = self._begin(guard)
        wanted = decided.wanted
        values = tuple([tuple(fact(key)) for key in wanted]) if wanted else ()
        key = (action, resource, values)
        outcome = decided.outcomes.get(key)
        if outcome is None:
            if len(decided.outcomes) >= _MAX_DECISIONS:
                decided.outcomes.clear()
            keys = {**self.fixed, **dict(zip(wanted, values, strict=True))}
            outcome = decided.outcomes[key] = self._decide(action, resource, guard, keys)
        return outcome

    def _begin(self, guard: Guard) -> _Decided:
        if len(self._decided) >= _MAX_GUARDS:
            self._decided.clear()
        wanted = tuple(sorted((self._mentions | guard.mentions) - self.fixed.keys()))
        decided = self._decided[guard] = _Decided(wanted)
        return decided

    def _decide(
        self, action: str, resource: str, guard: Guard, keys: Mapping[str, tuple[str, ...]]
    ) -> Outcome:
        grants = self.grants
        if grants is not None and resource == UNKNOWN:
            grants = self._loose = self._loose or _without_resources(grants)
        asked = Asked(self.principal, self.arn, action, resource or EVERYTHING, keys)
        return combine(
            asked,
            Policies(
                identity=None if grants is None else grants.identity,
                boundary=None if grants is None else grants.boundary,
                session=None if grants is None else grants.session,
                resource=guard.policy,
                same_account=guard.elsewhere or guard.account in (None, self.who.account),
                resource_must_allow=guard.must_allow,
            ),
        )


class Decisions:
    """Standings of all who asked.

    Args:
        identities: what binds them.
        unknown: what binds roles that nobody knows; None for nothing.
    """

    def __init__(self, identities: Identities, unknown: Grants | None = None) -> None:
        self._identities = identities
        self._unknown = unknown
        self._standings: dict[Who, Standing] = {}
        self._same: dict[int, Standing] = {}  # by the address of their `who`: hashing one takes longer
        self._epoch = -1

    @property
    def epoch(self) -> int:
        """Moves whenever what binds somebody may have changed."""
        return self._identities.epoch

    def standing(self, who: Who) -> Standing:
        """What binds a principal now."""
        epoch = self._identities.epoch
        if epoch != self._epoch or len(self._standings) >= _MAX_STANDINGS:
            self._standings.clear()
            self._same.clear()
            self._epoch = epoch
        found = self._same.get(id(who))
        if found is not None and found.who is who:
            return found
        found = self._standings.get(who)
        if found is None:
            grants = None if who.is_root else self._identities.grants(who) or self._unknown
            found = self._standings[who] = Standing(who, grants)
        if found.who is who:
            self._same[id(who)] = found
        return found


def principal_of(who: Who) -> Principal:
    """Who asks, by all names that a policy may use."""
    if who.is_root:
        return root(who.account)
    names = [who.arn, who.unique_id]
    if who.role_arn is not None:
        names += [who.role_arn, who.unique_id.partition(":")[0]]
    return identity(*names)


def _bound(grants: Grants | None) -> tuple[Policy, ...]:
    if grants is None:
        return ()
    boundary = () if grants.boundary is None else (grants.boundary,)
    return (*grants.identity, *boundary, *(grants.session or ()))


def _without_resources(grants: Grants) -> Grants:
    """What they allow on whatever resource: for requests that do not say on which."""
    session = None if grants.session is None else tuple(_on_anything(each) for each in grants.session)
    return Grants(
        tuple(_on_anything(each) for each in grants.identity),
        None if grants.boundary is None else _on_anything(grants.boundary),
        session,
        grants.tags,
    )


def _on_anything(policy: Policy) -> Policy:
    statements = (
        replace(each, resources=None) if each.effect is Effect.ALLOW else each for each in policy.statements
    )
    return Policy(tuple(statements), policy.name)
