"""Why sandboxes of this host have no outbound network."""

from __future__ import annotations


class OutboundUnavailable(Exception):
    """This host does not give sandboxes a network.

    Args:
        detail: what failed, one line.
        remedy: what to do about it, one line.
    """

    def __init__(self, detail: str, remedy: str) -> None:
        super().__init__(detail)
        self.detail = detail
        self.remedy = remedy
