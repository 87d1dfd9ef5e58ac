"""Records of Kafka, and where they come from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple


class Partition(NamedTuple):
    """A partition of a topic."""

    topic: str
    number: int

    def __str__(self) -> str:
        """As events and reports name it."""
        return f"{self.topic}-{self.number}"


@dataclass(frozen=True, slots=True)
class KafkaRecord:
    """A record as a broker gives it.

    Attributes:
        at_ms: its time, milliseconds since the epoch.
        is_append_time: the broker set the time when the record came; else its producer did.
        key: None without one.
        value: None for what deletes a key.
        headers: in order; names may come more than once.
    """

    partition: Partition
    offset: int
    at_ms: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]] = ()
    is_append_time: bool = False

    @property
    def size(self) -> int:
        """Bytes it holds, about."""
        return (
            len(self.key or b"") + len(self.value or b"") + sum(len(h[0]) + len(h[1]) for h in self.headers)
        )


@dataclass(frozen=True, slots=True)
class Kept:
    """What a group keeps of a partition.

    Attributes:
        offset: where to go on.
        note: for whoever reads there next; it goes when the offset moves. Empty for none.
    """

    offset: int
    note: str = ""


@dataclass(frozen=True, slots=True)
class Access:
    """How a cluster is reached.

    Attributes:
        servers: where to begin, each host and port.
        is_encrypted: by TLS.
        mechanism: of SASL, such as ``PLAIN``; None without.
        authority: certificates of the broker's authority, in PEM; None takes the system's.
        certificate: of the client with its chain, in PEM; None without.
    """

    servers: tuple[str, ...]
    is_encrypted: bool = False
    mechanism: str | None = None
    username: str = ""
    password: str = field(default="", repr=False)
    authority: str | None = field(default=None, repr=False)
    certificate: str | None = field(default=None, repr=False)
    private_key: str | None = field(default=None, repr=False)
    key_password: str | None = field(default=None, repr=False)
