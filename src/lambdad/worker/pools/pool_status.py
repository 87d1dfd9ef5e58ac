"""What the pools of blank sandboxes say of themselves, for `lambdad status`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lambdad.worker.pools.waiting_line import Failure
from lambdad.worker.sandbox.blank import StartPath


@dataclass(frozen=True, slots=True)
class KindStatus:
    """One kind of blank.

    Attributes:
        name: of the kind.
        waiting: how many wait now.
        wanted: how many shall wait now.
        filling: how many are being made to wait.
        taken: how often one was handed out since the server started, by path; every path it can have.
        died: how many died while they waited.
        failures: how often none could be made.
        last_failure: None when that never happened.
        failing: whether none has been made since.
    """

    name: str
    waiting: int
    wanted: int
    filling: int
    taken: Mapping[StartPath, int]
    died: int
    failures: int
    last_failure: Failure | None
    failing: bool


@dataclass(frozen=True, slots=True)
class PoolsStatus:
    """All kinds, by name.

    Attributes:
        waiting_bytes: memory of all that wait, as assumed for each.
        ceiling_bytes: most of it.
        queued: takes that wait for their turn to have one made.
    """

    kinds: tuple[KindStatus, ...]
    waiting_bytes: int
    ceiling_bytes: int
    queued: int
