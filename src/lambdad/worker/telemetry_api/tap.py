"""What a journal tells of: the seam between an environment's log and its subscribers."""

from __future__ import annotations

from typing import Protocol


class TelemetryTap(Protocol):
    """Hears every event of the kinds somebody has subscribed to.

    Attributes:
        platform: somebody wants platform events.
        function: somebody wants what the runtime prints.
        extension: somebody wants what extensions print.
    """

    platform: bool
    function: bool
    extension: bool

    def event(self, kind: str, time_ms: int, type_: str, record: object) -> None:
        """Take one event; never blocks, never fails.

        Args:
            kind: ``platform``, ``function`` or ``extension``.
            time_ms: ms since the epoch.
            type_: ``platform.start`` …, or the kind itself for what is printed.
            record: of a platform event as in `domain.platform_events`; text or an object of what is printed.
        """
        ...
