"""Whether host names below a domain resolve here: names of function URLs are told only where they do.

Callers are on this machine, too, so that what resolves here resolves for them.
"""

from __future__ import annotations

import asyncio
from typing import Final

from lambdad.domain.function_url import MARK
from lambdad.ports.clock import Clock

WITHIN_S: Final = 1.0
"""A name that takes longer does not resolve."""
_AGAIN_S = 60.0
"""A domain without names is looked at again after this long."""
_MAX_DOMAINS = 100


class Names:
    """Looks names up, and remembers."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._known: dict[str, tuple[bool, float]] = {}

    async def __call__(self, domain: str) -> bool:
        """Whether names below `domain` resolve."""
        now = self._clock.monotonic()
        resolves, since = self._known.get(domain, (False, -_AGAIN_S))
        if resolves or now - since < _AGAIN_S:
            return resolves
        resolves = await _resolves(f"names{MARK}{domain}")
        if len(self._known) >= _MAX_DOMAINS:
            self._known.clear()
        self._known[domain] = (resolves, now)
        return resolves


async def _resolves(name: str) -> bool:
    try:
        async with asyncio.timeout(WITHIN_S):
            return bool(await asyncio.get_running_loop().getaddrinfo(name, None))
    except (OSError, ValueError):  # not there, too slow, or no name at all
        return False
