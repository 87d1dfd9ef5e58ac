"""Who asks, once that is known, and what their own policies grant."""

from __future__ import annotations

from dataclasses import dataclass

from lambdad.domain.policies.statements import Policy


@dataclass(frozen=True, slots=True)
class Who:
    """The principal behind a request.

    Attributes:
        arn: of a user, an assumed role session, or an account's root; as AWS shows it in denials.
        unique_id: AWS's `UserId`: ``AIDA…``, ``AROA…:session``, or the account of its root.
        role_arn: of the role behind a session; None for users and roots.
        issued_s: when a session's credentials were issued; None for keys that do not expire.
        expires_s: when they end; None for keys that do not.
        session_policies: given with AssumeRole: documents, and ARNs of managed policies; they narrow what the
            role grants.
        session_tags: of AssumeRole; ``aws:PrincipalTag`` takes them before those of the role.
        source_identity: of AssumeRole; None when none was given.
    """

    account: str
    arn: str
    unique_id: str
    role_arn: str | None = None
    issued_s: float | None = None
    expires_s: float | None = None
    session_policies: tuple[str, ...] = ()
    session_tags: tuple[tuple[str, str], ...] = ()
    source_identity: str | None = None

    @property
    def is_root(self) -> bool:
        """Whether it is an account as a whole, which its own policies do not bind."""
        return self.arn.endswith(":root")


@dataclass(frozen=True, slots=True)
class Key:
    """A secret, and whom it stands for."""

    secret: str
    who: Who


@dataclass(frozen=True, slots=True)
class Grants:
    """The policies that bind a principal of an account.

    Attributes:
        identity: of the user or role, attached and inline ones, those of its groups too.
        boundary: the permissions boundary; None for none.
        session: those of the session; None when it was not narrowed.
        tags: of the user or the role; ``aws:PrincipalTag`` takes those of the session before them.
    """

    identity: tuple[Policy, ...]
    boundary: Policy | None = None
    session: tuple[Policy, ...] | None = None
    tags: tuple[tuple[str, str], ...] = ()
