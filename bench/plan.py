"""How much of everything a run does, and for whom: values only."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.functions import Kind, Workshop
from bench.results import Measure, Results
from bench.subject import Subject

FULL_MEMORY_MIB = 1769
"""One virtual processor on AWS: the size the reach figures are of."""
SMALL_MEMORY_MIB = 128
"""AWS's smallest size, with 7 % of a processor."""
CONNECTIONS = (1, 8, 32)


@dataclass(frozen=True, slots=True)
class Effort:
    """Counts of a run; `seconds` is one burst of load, `paced` invokes are made of each server per round.

    `burst` cold invokes are made at once, `density` functions have an idle environment each, and
    `sustained` functions are started one after the other by a few callers. `catalogue` functions are
    there while `control_calls` of each kind are made of the control plane. `queued` events are drained,
    and `backlog` events wait while others are accepted. `log_lines` lines are searched.
    """

    rounds: int
    seconds: float
    warm_up_s: float
    cold_samples: int
    environments: int
    starts: int
    payloads: int
    commands: int
    paced: int
    burst: int
    density: int
    sustained: int
    catalogue: int
    control_calls: int
    queued: int
    backlog: int
    log_lines: int
    kinds: Sequence[Kind] = tuple(Kind)
    connections: Sequence[int] = CONNECTIONS
    settle_s: float = 2.0


FULL = Effort(
    3,
    3,
    1,
    cold_samples=20,
    environments=10,
    starts=7,
    payloads=20,
    commands=15,
    paced=120,
    burst=200,
    density=1_000,
    sustained=300,
    catalogue=10_000,
    control_calls=500,
    queued=20_000,
    backlog=1_000_000,
    log_lines=10_000_000,
)
QUICK = Effort(
    1,
    1,
    1,
    cold_samples=4,
    environments=4,
    starts=3,
    payloads=5,
    commands=5,
    paced=60,
    burst=20,
    density=50,
    sustained=40,
    catalogue=1_000,
    control_calls=100,
    queued=2_000,
    backlog=20_000,
    log_lines=200_000,
)


@dataclass(frozen=True, slots=True)
class Run:
    """Everything a measure needs.

    `programs` maps the name of each lambdad subject to its command, for the command-line measure; `packages`
    is where packages that functions import are kept between runs.
    """

    effort: Effort
    measures: Sequence[Measure]
    floors: Sequence[Subject]
    echo_floor: Subject
    servers: Sequence[Subject]
    programs: dict[str, Sequence[str]]
    environments: dict[str, dict[str, str]]
    workshop: Workshop
    scratch: Path
    packages: Path
    results: Results
    say: Callable[[str], None]
