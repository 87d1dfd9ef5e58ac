"""Puts together who may do what: the one place where identities meet the services that ask about them."""

from __future__ import annotations

from dataclasses import dataclass

from lambdad.domain.identity import Grants, Key, Who
from lambdad.domain.network import Network
from lambdad.domain.policies.statements import Policy
from lambdad.identity.authorization.authority import Authority
from lambdad.identity.authorization.explaining import Explainer
from lambdad.identity.authorization.guards import Guards
from lambdad.identity.authorization.lambda_facts import LambdaFacts
from lambdad.identity.authorization.lambda_gate import LambdaGate
from lambdad.identity.authorization.log_delivery import LogDelivery
from lambdad.identity.authorization.roles import RoleRules
from lambdad.identity.authorization.sending import Sending
from lambdad.identity.last_accesses import LastAccesses
from lambdad.ports.catalogue_store import CatalogueStore
from lambdad.ports.clock import Clock
from lambdad.ports.identities import Identities
from lambdad.ports.log_store import LogSink
from lambdad.ports.principals import Principals


class NobodyKnown:
    """No users and no roles: implements `ports.identities.Identities` and `ports.principals.Principals`."""

    epoch = 0

    def key(self, access_key: str, session_token: str | None, now_s: float) -> Key | None:
        """None: no key is ours."""

    def grants(self, who: Who) -> Grants | None:
        """None: no policy binds anybody."""

    def trust(self, role_arn: str) -> Policy | None:
        """None: there is no role."""

    def who(self, arn: str) -> Who | None:
        """None: there is nobody."""


@dataclass(frozen=True, slots=True)
class Authorization:
    """What decides.

    Attributes:
        authority: on principals.
        guards: what functions say; told of changes of functions.
        gate: in front of Lambda.
        roles: of functions.
        delivery: of their logs.
        explainer: tells people why.
        sending: on destinations of functions.
    """

    authority: Authority
    guards: Guards
    gate: LambdaGate
    roles: RoleRules
    delivery: LogDelivery
    explainer: Explainer
    sending: Sending


def authorization(
    identities: Identities,
    principals: Principals,
    catalogue: CatalogueStore,
    network: Network,
    logs: LogSink,
    clock: Clock,
    *,
    enforce: bool,
    accesses: LastAccesses | None = None,
) -> Authorization:
    """Make it.

    Args:
        identities: keys and grants.
        principals: users and roles by name; roles are what functions can have.
        catalogue: functions and their policies.
        network: subnets and their VPCs, for conditions.
        logs: where functions write.
        clock: for conditions on time.
        enforce: whether unknown keys and roles are refused.
        accesses: is told who asked for what.
    """
    authority = Authority(identities, clock, enforce=enforce, accesses=accesses)
    guards = Guards(catalogue.resources)
    rules = RoleRules(principals, enforce=enforce)
    sending = Sending(authority, clock)
    gate = LambdaGate(authority, guards, LambdaFacts(catalogue, network), rules, sending)
    delivery = LogDelivery(authority, logs, clock)
    return Authorization(
        authority, guards, gate, rules, delivery, Explainer(authority, guards, principals), sending
    )
