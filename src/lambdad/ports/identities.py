"""The accounts' users, roles and sessions, as those who verify and decide see them; all in memory."""

from __future__ import annotations

from typing import Protocol

from lambdad.domain.identity import Grants, Key, Who


class Identities(Protocol):
    """Keys and grants. Lookups are synchronous: they are on the path of every request."""

    def key(self, access_key: str, session_token: str | None, now_s: float) -> Key | None:
        """The key with this id; None when it is not one of ours.

        Raises:
            CredentialsRefused: a session token that is not ours, does not belong to the key, or is over.
        """
        ...

    def grants(self, who: Who) -> Grants | None:
        """What binds a principal now; None when it is a root, or a role that our IAM does not know."""
        ...

    @property
    def epoch(self) -> int:
        """Moves with every change of anything that `key` or `grants` answer: drop what was decided before."""
        ...
