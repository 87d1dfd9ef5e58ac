"""Puts the parts together: the only place that chooses adapters.

`serve` is the whole life of a server. Before: the command line with its settings. `build` makes the
parts, `life` runs and ends them, `own_operations` is what `/lambdad/v1/` answers.
"""

from __future__ import annotations

from lambdad.settings import Settings


def serve(settings: Settings) -> int:
    """Serve until SIGTERM or SIGINT; the exit status.

    Running invocations finish within `settings.drain_s`; a second signal stops at once.
    """
    from lambdad.composition.life import run

    return run(settings)
