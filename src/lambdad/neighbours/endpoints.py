"""Where each neighbour service is: what the settings name, else the companion once it is installed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Protocol

from lambdad.settings import ServiceEndpoint

_PART_OF: Final = {"dynamodbstreams": "dynamodb"}
"""Services that are at the endpoint of another one, unless they are configured for themselves."""


class Installed(Protocol):
    """The companion, as far as it matters here."""

    @property
    def is_installed(self) -> bool:
        """Whether it can be started."""
        ...

    def endpoints(self) -> dict[str, ServiceEndpoint]:
        """Where its services are."""
        ...


class Endpoints:
    """Looks services up.

    Args:
        configured: of the settings; they come first.
        companion: None where there is to be none.
    """

    def __init__(self, configured: Mapping[str, ServiceEndpoint], companion: Installed | None) -> None:
        self._configured = configured
        self._companion = companion
        self._of_companion: dict[str, ServiceEndpoint] | None = None

    def get(self, service: str) -> ServiceEndpoint | None:
        """Where a service is now; None when it is nowhere."""
        found = self._configured.get(service) or self._configured.get(_PART_OF.get(service, ""))
        if found is not None or self._companion is None or not self._companion.is_installed:
            return found
        if self._of_companion is None:
            self._of_companion = self._companion.endpoints()
        return self._of_companion.get(service)
