"""What a host can carry: descriptors shared out, and the memory of all environments together; pure."""

from __future__ import annotations

from dataclasses import dataclass

from lambdad.domain.limits import (
    ACCOUNT_CONCURRENCY,
    MAX_ENVIRONMENT_CONNECTIONS,
    MEMORY_SHARE,
    MIB,
    OWN_CONNECTIONS,
)
from lambdad.settings import Settings

DESCRIPTORS_OF_SERVER = 256
"""Descriptors kept for the server itself: stores, listeners, helpers, and what is being closed."""
DESCRIPTORS_OF_ENVIRONMENT = 8
"""Counted: three listeners, the runtime's pipe and channel, the sandbox's control socket and freeze file; and
one more, for an extension's pipe."""
DESCRIPTORS_PER_ENVIRONMENT = DESCRIPTORS_OF_ENVIRONMENT + OWN_CONNECTIONS
MAX_CLIENTS = 10_000
"""Connections of callers; with more descriptors there are no more."""
MAX_ENVIRONMENTS = ACCOUNT_CONCURRENCY
"""More environments could never be busy at once for one account."""
_CLIENT_PART = 4  # callers get a quarter of what is left beside the server's own
_SHARED_LEAST = MAX_ENVIRONMENT_CONNECTIONS - OWN_CONNECTIONS  # one environment can have all it may


@dataclass(frozen=True, slots=True)
class Capacity:
    """How the server's descriptors are shared out.

    Attributes:
        environments: most at once.
        clients: most connections of callers at once.
        shared_connections: of environments, beyond the few that each has to itself.
    """

    environments: int
    clients: int
    shared_connections: int


def capacity(settings: Settings, descriptors: int) -> Capacity:
    """Share out the descriptors of a server.

    Args:
        settings: the effective settings; a number of environments that is set is not doubted.
        descriptors: RLIMIT_NOFILE of the server.
    """
    left = max(0, descriptors - DESCRIPTORS_OF_SERVER)
    clients = max(1, min(MAX_CLIENTS, left // _CLIENT_PART))
    left -= clients
    environments = settings.max_environments
    if environments is None:
        fitting = (left - _SHARED_LEAST) // DESCRIPTORS_PER_ENVIRONMENT
        environments = max(1, min(MAX_ENVIRONMENTS, fitting))
    shared = max(0, left - environments * DESCRIPTORS_PER_ENVIRONMENT)
    return Capacity(environments, clients, min(shared, environments * _SHARED_LEAST))


def descriptors_needed(environments: int) -> int:
    """Descriptors with which a server holds so many environments, and one of them all its connections."""
    beside_clients = environments * DESCRIPTORS_PER_ENVIRONMENT + _SHARED_LEAST
    clients = min(MAX_CLIENTS, -(-beside_clients // (_CLIENT_PART - 1)))
    return DESCRIPTORS_OF_SERVER + beside_clients + clients


def memory_ceiling_bytes(settings: Settings, memory_bytes: int) -> int:
    """Most memory of all environments together: as set, else a share of what there is.

    Args:
        settings: the effective settings.
        memory_bytes: of this host, or of the control group that bounds the environments.
    """
    if settings.memory_ceiling_mib is not None:
        return settings.memory_ceiling_mib * MIB
    return int(memory_bytes * MEMORY_SHARE)
