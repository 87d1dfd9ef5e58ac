"""Users, groups, roles, policies and access keys, as the catalogue keeps them.

They are an account's, whatever the region; of each kind a name is taken in any case.

Source: IAM user guide, "IAM identifiers" and "IAM and AWS STS quotas".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from lambdad.domain.resource import ACCOUNT, Kind, Place
from lambdad.domain.scope import Scope

Tags = tuple[tuple[str, str], ...]
GLOBAL = "aws-global"
"""The region of what has none."""


@dataclass(frozen=True, slots=True)
class Holder:
    """What users, groups and roles have alike.

    Attributes:
        path: begins and ends with ``/``.
        unique_id: never given again, also not to who takes the name later.
        created_s: seconds since the epoch.
        inline: documents by name.
        attached: ARNs of managed policies, in the order they were attached.
        boundary: ARN of the permissions boundary; None for none.
    """

    name: str
    path: str
    arn: str
    unique_id: str
    created_s: float
    tags: Tags = ()
    inline: Mapping[str, str] = field(default_factory=dict)
    attached: tuple[str, ...] = ()
    boundary: str | None = None


@dataclass(frozen=True, slots=True)
class Role(Holder):
    """A role.

    Attributes:
        trust: document that says who may assume it.
        description: None when never given.
        max_session_s: the longest session of AssumeRole.
        used_s, used_region: the last session that was made; None for none.
    """

    trust: str = ""
    description: str | None = None
    max_session_s: int = 3_600
    used_s: float | None = None
    used_region: str | None = None


@dataclass(frozen=True, slots=True)
class User(Holder):
    """A user; `groups` are names."""

    groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Group(Holder):
    """A group of users."""


@dataclass(frozen=True, slots=True)
class AccessKey:
    """A user's access key.

    Attributes:
        user: name.
        secret: sealed; see `identity.sealing`.
        active: whether it may be used.
    """

    access_key_id: str
    user: str
    secret: str
    created_s: float
    active: bool = True


@dataclass(frozen=True, slots=True)
class PolicyVersion:
    """A version of a managed policy; `version_id` is ``v1`` and so on."""

    version_id: str
    document: str
    created_s: float


@dataclass(frozen=True, slots=True)
class ManagedPolicy:
    """A managed policy.

    Attributes:
        description: None when never given.
        versions: oldest first.
        last_version: the highest number that was ever given.
    """

    name: str
    path: str
    arn: str
    unique_id: str
    created_s: float
    updated_s: float
    versions: tuple[PolicyVersion, ...]
    default_version: str = "v1"
    last_version: int = 1
    description: str | None = None
    tags: Tags = ()

    @property
    def document(self) -> str:
        """Of the default version."""
        return next(one.document for one in self.versions if one.version_id == self.default_version)


@dataclass(frozen=True, slots=True)
class Access:
    """When an action was last asked for, seconds since the epoch, and in which region."""

    at_s: float
    region: str


@dataclass(frozen=True, slots=True)
class Accesses:
    """What a user or role, by its ARN, has last asked for, by action."""

    arn: str
    actions: Mapping[str, Access]


@dataclass(frozen=True, slots=True)
class ServerKey:
    """What session tokens are signed with; `sealed` as of `identity.sealing`."""

    sealed: str


ROLES = Kind("iam-role", Role)
USERS = Kind("iam-user", User)
GROUPS = Kind("iam-group", Group)
MANAGED_POLICIES = Kind("iam-policy", ManagedPolicy)
ACCESS_KEYS = Kind("iam-access-key", AccessKey)
ACCESSES = Kind("iam-accesses", Accesses)
SERVER_KEYS = Kind("server-key", ServerKey)
"""Of the server as a whole, no account's."""


def iam_place(account: str, name: str) -> Place:
    """Where what an account calls `name` is kept."""
    return Place(Scope(account, GLOBAL), ACCOUNT, name.lower())
