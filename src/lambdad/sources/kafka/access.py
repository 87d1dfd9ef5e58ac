"""How a mapping's cluster is reached: servers, TLS and login, with the secrets that the mapping names.

::

    nothing named                                plain text
    BASIC_AUTH                                   TLS, SASL PLAIN
    SASL_SCRAM_256_AUTH, SASL_SCRAM_512_AUTH     TLS, SASL SCRAM
    CLIENT_CERTIFICATE_TLS_AUTH                  TLS with a certificate of the client
    SERVER_ROOT_CA_CERTIFICATE                   TLS, brokers checked by this authority

Source: developer guide, "Configuring cluster authentication methods": forms of the secrets, and that
passwords are sent by TLS only.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from lambdad.domain.event_source_mapping import EventSourceMapping
from lambdad.domain.function import FunctionVersion
from lambdad.domain.kafka_record import Access
from lambdad.domain.scope import Scope
from lambdad.ports.poller_roles import PollerRoles
from lambdad.ports.secrets import SecretNotRead, Secrets
from lambdad.sources import trouble
from lambdad.sources.kafka import troubles

MECHANISMS: Final = {
    "BASIC_AUTH": "PLAIN",
    "SASL_SCRAM_256_AUTH": "SCRAM-SHA-256",
    "SASL_SCRAM_512_AUTH": "SCRAM-SHA-512",
}
_AUTHORITY: Final = "SERVER_ROOT_CA_CERTIFICATE"
_CLIENT: Final = "CLIENT_CERTIFICATE_TLS_AUTH"
_KNOWN: Final = frozenset({*MECHANISMS, _AUTHORITY, _CLIENT, "VPC_SUBNET", "VPC_SECURITY_GROUP"})
_MSK: Final = ("kafka:DescribeCluster", "kafka:GetBootstrapBrokers")
_READ: Final = "secretsmanager:GetSecretValue"


class Inaccessible(Exception):
    """A cluster cannot be reached; the text is that of `LastProcessingResult`."""


@dataclass(frozen=True, slots=True)
class Accesses:
    """Says how clusters are reached.

    Attributes:
        clusters: bootstrap servers of clusters of MSK, by ARN.
    """

    secrets: Secrets
    roles: PollerRoles
    clusters: Mapping[str, tuple[str, ...]]

    def servers(self, mapping: EventSourceMapping) -> tuple[str, ...]:
        """Where a cluster begins.

        Raises:
            Inaccessible: nobody said.
        """
        if mapping.source_arn is None:
            found: Sequence[str] = mapping.settings["SelfManagedEventSource"]["Endpoints"][
                "KAFKA_BOOTSTRAP_SERVERS"
            ]
            return tuple(found)
        if mapping.source_arn not in self.clusters:
            raise Inaccessible(troubles.nowhere(mapping.source_arn))
        return self.clusters[mapping.source_arn]

    async def of(self, scope: Scope, mapping: EventSourceMapping, function: FunctionVersion) -> Access:
        """How a cluster is reached now.

        Raises:
            Inaccessible: it cannot be.
        """
        servers = self.servers(mapping)
        if mapping.source_arn is not None:
            self._may(function, _MSK, mapping.source_arn)
        given = mapping.settings.get("SourceAccessConfigurations") or ()
        named = {one["Type"]: one["URI"] for one in given}
        if unknown := unoffered(mapping):
            raise Inaccessible(unknown)
        members: dict[str, Any] = {}
        for kind, mechanism in MECHANISMS.items():
            if kind in named:
                login = await self._secret(scope, function, named[kind], ("username", "password"))
                members |= {"mechanism": mechanism, **login}
        if _AUTHORITY in named:
            found = await self._secret(scope, function, named[_AUTHORITY], ("certificate",))
            members["authority"] = found["certificate"]
        if _CLIENT in named:
            found = await self._secret(scope, function, named[_CLIENT], ("certificate", "privateKey"))
            members["certificate"] = found["certificate"]
            members["private_key"] = found["privateKey"]
            members["key_password"] = found.get("privateKeyPassword")
        return Access(servers, is_encrypted=bool(members), **members)

    def _may(self, function: FunctionVersion, actions: Sequence[str], resource: str) -> None:
        lacking = self.roles.lacking(function.role, function.name, actions, resource)
        if lacking is not None:
            raise Inaccessible(trouble.lacks(lacking))

    async def _secret(
        self, scope: Scope, function: FunctionVersion, arn: str, needed: Sequence[str]
    ) -> dict[str, str]:
        """The members of a secret."""
        self._may(function, (_READ,), arn)
        try:
            text = await self.secrets.read(scope, arn)
        except SecretNotRead as error:
            raise Inaccessible(f"The secret {arn} was not read: {error}") from error
        try:
            found = msgspec.json.decode(text, type=dict[str, Any])
        except (ValueError, RecursionError):
            found = {}
        if missing := [name for name in needed if not isinstance(found.get(name), str)]:
            raise Inaccessible(f"The secret {arn} has no {missing[0]}: it is JSON with {', '.join(needed)}.")
        optional = ("privateKeyPassword",) if isinstance(found.get("privateKeyPassword"), str) else ()
        return {name: found[name] for name in (*needed, *optional)}


def unoffered(mapping: EventSourceMapping) -> str | None:
    """Why a mapping asks for what lambdad does not do; None when it does not."""
    given = mapping.settings.get("SourceAccessConfigurations") or ()
    if unknown := [one["Type"] for one in given if one["Type"] not in _KNOWN]:
        return f"lambdad does not offer {unknown[0]} for clusters of Kafka."
    for member in ("AmazonManagedKafkaEventSourceConfig", "SelfManagedKafkaEventSourceConfig"):
        config = mapping.settings.get(member) or {}
        if config.get("SchemaRegistryConfig"):
            return "lambdad does not offer schema registries."
        if config.get("ConsumptionMode") == "Queue":
            return "lambdad does not offer the consumption mode Queue."
    return None


Reach = Callable[[], Awaitable[Access]]
"""How a mapping's cluster is reached now; raises Inaccessible."""
