"""All operations of IAM that are offered."""

from __future__ import annotations

from lambdad.identity.directory import Directory
from lambdad.identity.iam.access_keys import AccessKeys
from lambdad.identity.iam.attaching import Attaching
from lambdad.identity.iam.entities import GROUP, ROLE, USER, Handler
from lambdad.identity.iam.groups import Groups
from lambdad.identity.iam.inline import Inline
from lambdad.identity.iam.last_accessed import LastAccessed
from lambdad.identity.iam.managed_policies import ManagedPolicies
from lambdad.identity.iam.policy_versions import PolicyVersions
from lambdad.identity.iam.roles import Roles
from lambdad.identity.iam.simulation import Simulation
from lambdad.identity.iam.tagging import Tagging
from lambdad.identity.iam.users import Users
from lambdad.identity.last_accesses import LastAccesses
from lambdad.identity.sealing import Sealer
from lambdad.ports.clock import Clock


def iam_handlers(
    directory: Directory, sealer: Sealer, accesses: LastAccesses, clock: Clock
) -> dict[str, Handler]:
    """The operations offered, by name, for a modelled service of the `iam` model.

    Service-linked roles, instance profiles, providers, MFA and passwords are not: nothing here uses them.
    """
    return {
        **Roles(directory, clock).operations,
        **Users(directory, clock).operations,
        **Groups(directory, clock).operations,
        **AccessKeys(directory, sealer, clock).operations,
        **ManagedPolicies(directory, clock).operations,
        **PolicyVersions(directory, clock).operations,
        **Inline(directory, ROLE).operations,
        **Inline(directory, USER).operations,
        **Inline(directory, GROUP).operations,
        **Attaching(directory, ROLE).operations,
        **Attaching(directory, USER).operations,
        **Attaching(directory, GROUP, bounded=False).operations,
        **Tagging(directory, ROLE).operations,
        **Tagging(directory, USER).operations,
        **Simulation(directory).operations,
        **LastAccessed(directory, accesses, clock).operations,
    }
