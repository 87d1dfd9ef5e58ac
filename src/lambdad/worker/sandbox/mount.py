"""A host directory inside a sandbox, as a value: plans and kinds of blanks have some."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Mount:
    """A host directory shown read-only at `target` inside (nosuid, nodev)."""

    source: Path
    target: str
