"""What the server tells the companion when it starts it: one line of JSON on stdin, so that no list of
processes and no environment shows it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import BinaryIO


@dataclass(frozen=True, slots=True)
class Orders:
    """How to serve.

    Attributes:
        listener: descriptor of the listening socket.
        token: what every request from the server carries.
        door: port on loopback where the server takes what services do with functions.
        secret: what the server knows the companion by, at its door.
        port: of the server, for addresses that callers are told.
        host: of the server, likewise.
        scheme: of the server, likewise.
        data_dir: where state is kept; None keeps nothing.
        offered: services that are answered, by signing name.
        inside: URL of the endpoint inside sandboxes.
        outbound: whether functions, and so their subscriptions, reach the internet.
    """

    listener: int
    token: str = field(repr=False)
    door: int
    secret: str = field(repr=False)
    port: int
    host: str
    scheme: str
    data_dir: str | None
    offered: tuple[str, ...]
    inside: str
    outbound: bool


def read(stream: BinaryIO) -> Orders:
    """The orders on a stream.

    Raises:
        ValueError: they are none.
    """
    found = json.loads(stream.readline())
    return Orders(**{**found, "offered": tuple(found["offered"])})
