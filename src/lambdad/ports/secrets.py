"""Secrets by their ARN."""

from __future__ import annotations

from typing import Protocol

from lambdad.domain.scope import Scope


class SecretNotRead(Exception):
    """A secret was not given; the text says why, for people, and nothing of the secret."""


class Secrets(Protocol):
    """Reads secrets."""

    async def read(self, scope: Scope, arn: str) -> str:
        """The text of a secret as it is now.

        Raises:
            SecretNotRead: it was not given.
        """
        ...
