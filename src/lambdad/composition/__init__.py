"""Puts the parts together: the only place that chooses adapters.

`serve` is the whole life of a server. Before: the command line with its settings. `build` starts the sandbox
launcher and has the `parts` made, `life` runs and ends them, `own_operations` is what `/lambdad/v1/` answers.
"""

from __future__ import annotations

from collections.abc import Callable

from lambdad.settings import Settings


def serve(settings: Settings, *, on_ready: Callable[[int], object] | None = None) -> int:
    """Serve until SIGTERM or SIGINT; the exit status.

    Running invocations finish within `settings.drain_s`; a second signal stops at once.

    Args:
        settings: the effective ones.
        on_ready: called with the port once requests are answered.
    """
    from lambdad.composition.life import run

    return run(settings, on_ready)
