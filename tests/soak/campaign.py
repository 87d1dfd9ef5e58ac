"""The whole soak: several lives of a server on one data directory, most ended by kill -9 amid work.

Each life is warmed up, brought to rest and counted, stormed, brought to rest and counted again. What
differs is a problem, and so is every call that ended otherwise than it may, every record missing in the
log, every function that does not work afterwards, and whatever a killed server left behind.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.running import Server, as_command, start_server
from tests.soak import inventory, records, storm
from tests.soak.calls import Call, Caller, answered_well
from tests.soak.functions import Function, Kind, create, layer
from tests.soak.strikes import Striker

OPTIONS = (
    "--pool-memory-mib",
    "1",  # none that waits has room: what is held is exactly what environments hold
    "--max-environments",
    "7",
    "--idle-environment-s",
    "5",
)
_KINDS = {
    Kind.PYTHON: 8,
    Kind.SHELL: 6,
    Kind.STREAM: 4,
    Kind.EXTENDED: 3,
    Kind.BROKEN: 1,
    Kind.HURRIED: 1,
    Kind.ROOMY: 1,
    Kind.HANGING: 1,
}
_MOST_GROWTH, _MOST_GROWTH_KIB = 1.2, 16 * 1024
"""Over what was resident after a tenth of the environments: answers of 6 MB leave gaps in the heap."""
_MOST_THREADS = 40
"""asyncio's pool has 32 at most; SQLite's and the log's are few and named."""
_LEFT_WITHIN_S = 30.0
_AMID_S = 1.5
_TRIES = 100


@dataclass(frozen=True, slots=True)
class Plan:
    """How much of it.

    Attributes:
        lives: environments in each life of the server.
        strike_every_s: pause between faults from outside.
        seed: of every choice; the timing of a run is its own.
    """

    lives: tuple[int, ...]
    strike_every_s: float
    seed: int

    @staticmethod
    def of(environments: int, seed: int) -> Plan:
        """Half of them in one life, so that what grows shows; the rest in lives of a few hundred."""
        short = 400
        first = environments // 2
        rest = environments - first
        lives = [first, *[short] * (rest // short), *([rest % short] if rest % short else [])]
        return Plan(tuple(lives), strike_every_s=0.4, seed=seed)


@dataclass(slots=True)
class Life:
    """One life of the server, as it was counted."""

    environments: int
    calls: int
    seconds: float
    before: inventory.Held
    after: inventory.Held
    early_kib: tuple[int, int]


@dataclass(slots=True)
class Report:
    """What came of it all.

    Attributes:
        problems: empty when nothing was wrong.
    """

    lives: list[Life] = field(default_factory=list)
    ends: Counter[str] = field(default_factory=Counter)
    strikes: Counter[str] = field(default_factory=Counter)
    kills_of_server: int = 0
    problems: list[str] = field(default_factory=list)

    @property
    def environments(self) -> int:
        """Made, used and destroyed."""
        return sum(life.environments for life in self.lives)

    def lines(self) -> Iterator[str]:
        """For people."""
        seconds = sum(life.seconds for life in self.lives)
        calls = sum(life.calls for life in self.lives)
        yield (
            f"{self.environments} environments, {calls} calls, {seconds:.0f} s "
            f"({self.environments / max(seconds, 1e-9):.1f} environments/s); server killed {self.kills_of_server} times"
        )
        for number, life in enumerate(self.lives, 1):
            before, after = life.before, life.after
            changed = {
                name: (value, after.counts()[name])
                for name, value in before.counts().items()
                if value != after.counts()[name]
            }
            yield (
                f"life {number}: {life.environments} environments in {life.seconds:.0f} s; left over: "
                f"{changed or 'nothing'}; server {before.server_kib} → {life.early_kib[0]} → {after.server_kib} KiB, "
                f"launcher {before.launcher_kib} → {life.early_kib[1]} → {after.launcher_kib} KiB, "
                f"threads {before.server_threads} → {after.server_threads}, "
                f"descriptors {after.server_descriptors} and {after.launcher_descriptors}"
            )
        yield "faults from outside: " + ", ".join(f"{n} {what}" for what, n in sorted(self.strikes.items()))
        yield from self._ends()
        yield f"{len(self.problems)} problems"
        yield from self.problems[:50]

    def _ends(self) -> Iterator[str]:
        """How calls ended, a line for each function and what it was asked to do."""
        lines: dict[str, list[str]] = {}
        for what, number in sorted(self.ends.items(), key=lambda item: -item[1]):
            asked, _, end = what.partition(": ")
            lines.setdefault(asked, []).append(f"{number} {end}")
        for asked, ends in sorted(lines.items()):
            yield f"  {asked:<18} {', '.join(ends)}"


class Campaign:
    """Runs a plan on a data directory.

    Args:
        data_dir: of the servers; made by the first.
        plan: how much.
        say: told where it stands, often.
    """

    def __init__(self, data_dir: Path, plan: Plan, say: Callable[[str], None] = lambda _text: None) -> None:
        self.report = Report()
        self._data_dir = data_dir
        self.plan = plan
        self._say = say
        self._chance = random.Random(plan.seed)
        self._functions = [
            Function(f"soak-{kind}-{number}", kind)
            for kind, count in _KINDS.items()
            for number in range(count)
        ]
        self._layer_arn = ""

    def run(self) -> Report:
        """All of it."""
        for number, environments in enumerate(self.plan.lives):
            is_last = number == len(self.plan.lives) - 1
            server = start_server(self._data_dir, *OPTIONS, launch=as_command)
            try:
                if not self._layer_arn:
                    self._deploy(server)
                self._live(
                    server, environments, f"life {number + 1} of {len(self.plan.lives)}", kill=not is_last
                )
            finally:
                status = server.stop(60)
            if is_last and status != 0:
                self._problem(f"the server ended with {status}: {server.log[-500:]}")
            self._nothing_left("the server was stopped" if is_last else "the server was killed")
        return self.report

    def _deploy(self, server: Server) -> None:
        client = server.client()
        made = client.publish_layer_version(LayerName="watcher", Content={"ZipFile": layer()})
        self._layer_arn = made["LayerVersionArn"]
        for function in self._functions:
            create(client, function, self._layer_arn)

    def _live(self, server: Server, environments: int, words: str, *, kill: bool) -> None:
        self._say(f"{words}: warming up")
        self._check_functions(server, storm.every_verb(self._functions))
        records.missing(server, self._functions, {self._functions[0].name: []}, time.time())
        before = storm.bring_to_rest(server, None)
        striker = Striker(
            server.process.pid,
            server.port,
            self._data_dir,
            server.client(),
            self._functions,
            self._layer_arn,
            self._chance,
        )
        front = storm.Front(server, self._functions, striker, self._chance)
        began, began_at = time.monotonic(), time.time()
        front.storm(
            environments,
            self.plan.strike_every_s,
            lambda made: self._say(f"{words}: {made} of {environments} environments"),
        )
        self._say(f"{words}: coming to rest")
        seen = front.seen
        seconds = time.monotonic() - began
        self.report.problems += [f"{words}: {problem}" for problem in seen.problems]
        self.report.ends += seen.ends
        self.report.strikes += seen.strikes
        lacking = records.missing(server, self._functions, seen.answered, began_at)
        self.report.problems += [f"{words}, log: {problem}" for problem in lacking]
        self._check_functions(
            server, [call for call in storm.every_verb(self._functions) if call.do == "fine"]
        )
        after = storm.bring_to_rest(server, before.counts())
        life = Life(len(seen.environments), seen.ends.total(), seconds, before, after, seen.early_kib)
        self.report.lives.append(life)
        self._compare(words, life)
        if kill:
            self._say(f"{words}: killing the server amid work")
            last = storm.Front(server, self._functions, striker, self._chance)
            last.storm_until_killed(_AMID_S)
            self.report.kills_of_server += 1
            self.report.problems += [f"{words}, end: {problem}" for problem in last.seen.problems]

    def _compare(self, words: str, life: Life) -> None:
        before, after = life.before, life.after
        was, now = before.counts(), after.counts()
        for name, value in was.items():
            if now[name] != value:
                self._problem(f"{words}: {name} was {value} and is {now[name]}")
        if was["server_descriptors"] != now["server_descriptors"]:
            more, fewer = Counter(after.leads_to), Counter(before.leads_to)
            self._problem(f"{words}: descriptors more {more - fewer}, fewer {fewer - more}")
        resident = (("server_kib", after.server_kib), ("launcher_kib", after.launcher_kib))
        for early, (name, late) in zip(life.early_kib, resident, strict=True):
            if early and late > early * _MOST_GROWTH + _MOST_GROWTH_KIB:
                self._problem(f"{words}: {name} grew from {early} to {late}")
        if after.server_threads > _MOST_THREADS:
            self._problem(f"{words}: {after.server_threads} threads")

    def _check_functions(self, server: Server, wanted: list[Call]) -> None:
        """Every function does what it should when nothing strikes."""
        caller = Caller(server.port)
        for call in wanted:
            answer = caller.call(call)
            for _ in range(_TRIES):
                if answer.ended != "throttled" and not answer.ended.startswith("status 409"):
                    break
                time.sleep(0.1)
                answer = caller.call(call)
            if answer.ended not in call.ends or (not answer.ended and not answered_well(call, answer)):
                self._problem(f"in calm, {call} ended as {answer.ended!r}: {answer.body[:200]!r}")
        caller.close()

    def _nothing_left(self, when: str) -> None:
        deadline = time.monotonic() + _LEFT_WITHIN_S
        while (left := _traces(self._data_dir)) and time.monotonic() < deadline:
            time.sleep(0.05)
        self.report.problems += [f"after {when}: {one}" for one in left]

    def _problem(self, words: str) -> None:
        self.report.problems.append(words)


def _traces(data_dir: Path) -> list[str]:
    mounts = Path("/proc/self/mountinfo").read_text().splitlines()
    return [
        *(f"process {pid} is left" for pid in inventory.processes(data_dir)),
        *(f"group {group} is left" for group in inventory.sandbox_groups(data_dir)),
        *(f"mount {line} is left" for line in mounts if str(data_dir) in line),
    ]
