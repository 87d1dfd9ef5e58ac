"""Starts a server of a ledger; apart from `warm`, which the processes of servers have in them."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from tests.running import Server, start_server
from tests.soak import warm

_READY_WITHIN_S: Final = 180.0
"""Long: a ledger says whether anything is lost, not how busy the machine is."""


def start(data_dir: Path | str, *arguments: str, env: dict[str, str] | None = None) -> Server:
    """Start a server, forked, and wait until it is ready.

    Raises:
        AssertionError: it did not become ready; with its log.
    """
    return start_server(data_dir, *arguments, env=env, launch=warm.launch, ready_within_s=_READY_WITHIN_S)
