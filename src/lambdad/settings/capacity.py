"""How many execution environments a host can carry, decided from its memory and descriptors."""

from __future__ import annotations

from lambdad.settings.model import Settings

DESCRIPTORS_OF_SERVER = 512
"""Descriptors kept for the server itself: stores, clients, helpers."""
DESCRIPTORS_PER_ENVIRONMENT = 72
"""64 connections an environment may hold to the server, three listeners, the runtime's pipe and channel, the
sandbox's control socket and freeze file."""
MEMORY_PER_IDLE_ENVIRONMENT_BYTES = 32 * 1024 * 1024
"""An idle Python or Node environment with boto3 loaded, rounded up."""
MAX_ENVIRONMENTS = 1_000
"""AWS's account concurrency: more environments could never be busy at once."""


def environment_bound(settings: Settings, memory_bytes: int, descriptors: int) -> int:
    """Most environments the server may hold at once: as set, else what the host can carry.

    Args:
        settings: the effective settings.
        memory_bytes: memory of this host (or of the control group the server is in).
        descriptors: RLIMIT_NOFILE of the server.
    """
    if settings.max_environments is not None:
        return settings.max_environments
    by_memory = memory_bytes // MEMORY_PER_IDLE_ENVIRONMENT_BYTES
    by_descriptors = (descriptors - DESCRIPTORS_OF_SERVER) // DESCRIPTORS_PER_ENVIRONMENT
    return max(1, min(MAX_ENVIRONMENTS, by_memory, by_descriptors))


def descriptors_needed(environments: int) -> int:
    """Descriptors the server needs to hold `environments` whose every connection is in use."""
    return DESCRIPTORS_OF_SERVER + environments * DESCRIPTORS_PER_ENVIRONMENT
