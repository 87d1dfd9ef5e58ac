"""Why data on disk cannot be used."""

from __future__ import annotations

from lambdad.domain.errors import LambdadError


class StorageRefused(LambdadError):
    """The data directory or a database in it cannot be used; the message is one line saying why."""
