"""Whose keys there are: the one place that says who answers for `ports.identities.Identities`."""

from __future__ import annotations

from lambdad.ports.identities import Identities
from lambdad.worker.credentials import CredentialIssuer


def identities_of(environments: CredentialIssuer) -> Identities:
    """The keys that requests are verified with.

    Args:
        environments: keys of execution environments.
    """
    return environments
