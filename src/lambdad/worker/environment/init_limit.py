"""How long the Init phase of an environment may take; pure.

Source: spec of the Runtime API §6.
"""

from __future__ import annotations

from lambdad.domain.limits import INIT_TIMEOUT_S, MAX_PROVISIONED_INIT_S, PROVISIONED_INIT_S
from lambdad.domain.platform_events import PROVISIONED, SNAP_START


def init_limit_s(initialization_type: str, timeout_s: float) -> float:
    """Seconds for extensions, runtime and static code together.

    Args:
        initialization_type: as in `domain.platform_events`.
        timeout_s: the function's timeout.
    """
    if initialization_type in {PROVISIONED, SNAP_START}:
        return min(max(PROVISIONED_INIT_S, timeout_s), MAX_PROVISIONED_INIT_S)
    return INIT_TIMEOUT_S
