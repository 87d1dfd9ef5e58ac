"""A started process, the same for every tier."""

from __future__ import annotations

import socket
from dataclasses import dataclass


@dataclass(slots=True)
class StartedProcess:
    """The two descriptors of a started process; see `plan.RunningProcess`."""

    output: int
    channel: socket.socket
