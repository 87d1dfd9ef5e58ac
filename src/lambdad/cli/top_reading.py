"""What `lambdad top` shows, read from the server: one `Picture` for each refresh.

Functions from the Lambda API, counts and durations from CloudWatch, environments, queues and the
server's own state from lambdad's operations. Remembers what rates and cold starts need.
"""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lambdad.cli.client import Client, Unreachable
from lambdad.cli.errors import CommandError
from lambdad.cli.functions import list_functions
from lambdad.cli.metric_reading import Ask, Found, Span, dimensions_of, read_metrics
from lambdad.cli.rates import MINUTE_S, Rate

LIST_EVERY_S = 10.0
"""Between two looks at which functions there are."""
HISTORY = 60
"""Refreshes that a sparkline goes back at most."""
_COUNTED = ("Invocations", "Errors", "Throttles")
_OF_ACTIVE = (("Duration", "p50"), ("Duration", "p99"), ("ConcurrentExecutions", "Maximum"))
_NEWEST = ("p50", "p99", "concurrency")
_BUSY = frozenset({"busy", "repeated_init"})


@dataclass(frozen=True, slots=True)
class Row:
    """One function; what is None is not known.

    Attributes:
        calls_s, errors_s, throttles_s: per second.
        p50_ms, p99_ms: durations of this minute, or the last one that had any.
        busy, environments: now.
        concurrency: the most at a time in this minute, or the last one that had any; at least `busy`.
        cold: environments that were made since `top` began.
        memory_mib: what its environments may use.
        queued: events that wait for asynchronous invocation.
        history: `calls_s` of the refreshes before, the oldest first.
    """

    name: str
    calls_s: float | None = None
    errors_s: float | None = None
    throttles_s: float | None = None
    p50_ms: float | None = None
    p99_ms: float | None = None
    concurrency: int = 0
    busy: int = 0
    environments: int = 0
    cold: int | None = None
    memory_mib: int = 0
    queued: int = 0
    history: Sequence[float | None] = ()


@dataclass(frozen=True, slots=True)
class Picture:
    """One refresh: every function, what the server says of itself, and what is amiss (or empty)."""

    at_s: float
    rows: Sequence[Row]
    status: Mapping[str, Any]
    amiss: str = ""


@dataclass(slots=True)
class Reader:
    """Reads pictures through a client."""

    client: Client
    _functions: list[dict[str, object]] = field(default_factory=list)
    _listed_at: float = float("-inf")
    _rates: defaultdict[tuple[str, str], Rate] = field(default_factory=lambda: defaultdict(Rate))
    _history: defaultdict[str, deque[float | None]] = field(
        default_factory=lambda: defaultdict(lambda: deque(maxlen=HISTORY))
    )
    _known: set[str] | None = None
    _cold: Counter[str] = field(default_factory=Counter)

    def read(self, now_s: float) -> Picture:
        """The state at `now_s`, seconds since 1970.

        Raises:
            Unreachable: no server answers.
            ApiError: it refused to list the functions.
        """
        if not 0 <= now_s - self._listed_at < LIST_EVERY_S:
            self._functions = list_functions(self.client)
            self._listed_at = now_s
        amiss: list[str] = []
        status = self._own("/lambdad/v1/status", amiss)
        queues = self._own("/lambdad/v1/queue", amiss)
        names = [str(one.get("FunctionName")) for one in self._functions]
        measured = self._measured(names, now_s, amiss)
        environments = self._environments(status)
        waiting = _waiting(queues)
        rows = [self._row(one, measured, environments, waiting) for one in self._functions]
        return Picture(now_s, rows, status, "; ".join(dict.fromkeys(amiss)))

    def _own(self, path: str, amiss: list[str]) -> Mapping[str, Any]:
        """An operation of lambdad's own; nothing when it is refused."""
        try:
            return self.client.call("GET", path)
        except Unreachable:
            raise
        except CommandError as error:
            amiss.append(str(error))
            return {}

    def _measured(
        self, names: Sequence[str], now_s: float, amiss: list[str]
    ) -> dict[str, dict[str, float | None]]:
        """Rates and durations by function."""
        begin = int(now_s) // MINUTE_S * MINUTE_S - MINUTE_S
        span = Span(begin, begin + 2 * MINUTE_S, MINUTE_S)
        try:
            counted = _by_function(self.client, names, [(each, "Sum") for each in _COUNTED], span)
            active = [name for name in names if any(counted[name])]
            timed = _by_function(self.client, active, _OF_ACTIVE, span)
        except Unreachable:
            raise
        except CommandError as error:
            amiss.append(str(error))
            return {}
        found: dict[str, dict[str, float | None]] = {}
        for name in names:
            rates = {
                metric: self._rates[name, metric].read(now_s, counts, begin)
                for metric, counts in zip(_COUNTED, counted[name], strict=True)
            }
            newest = [_newest(values) for values in timed.get(name, ())]
            found[name] = {**rates, **dict(zip(_NEWEST, newest, strict=False))}
        return found

    def _environments(self, status: Mapping[str, Any]) -> dict[str, list[Mapping[str, Any]]]:
        """Environments by function, of this account and region; new ones are counted as cold starts."""
        ours = {_place(str(one.get("FunctionArn", ""))) for one in self._functions}
        found: dict[str, list[Mapping[str, Any]]] = {}
        seen = set()
        for one in status.get("environments") or ():
            if (one.get("region"), one.get("account")) not in ours:
                continue
            found.setdefault(str(one.get("function")), []).append(one)
            seen.add(str(one.get("id")))
            if self._known is not None and str(one.get("id")) not in self._known:
                self._cold[str(one.get("function"))] += 1
        if status:
            self._known = seen
        return found

    def _row(
        self,
        function: Mapping[str, object],
        measured: Mapping[str, Mapping[str, float | None]],
        environments: Mapping[str, Sequence[Mapping[str, Any]]],
        waiting: Mapping[str, int],
    ) -> Row:
        name = str(function.get("FunctionName"))
        numbers = measured.get(name, {})
        mine = environments.get(name, ())
        history = self._history[name]
        history.append(numbers.get("Invocations"))
        size = function.get("MemorySize")
        busy = sum(one.get("state") in _BUSY for one in mine)
        return Row(
            name,
            numbers.get("Invocations"),
            numbers.get("Errors"),
            numbers.get("Throttles"),
            numbers.get("p50"),
            numbers.get("p99"),
            max(busy, int(numbers.get("concurrency") or 0)),
            busy,
            len(mine),
            self._cold[name],
            len(mine) * size if isinstance(size, int) else 0,
            waiting.get(name, 0),
            tuple(history),
        )


def _by_function(
    client: Client, names: Sequence[str], wanted: Sequence[tuple[str, str]], span: Span
) -> dict[str, list[Found]]:
    asks = [Ask(metric, statistic, dimensions_of(name)) for name in names for metric, statistic in wanted]
    found = read_metrics(client, asks, span)
    return {name: found[at * len(wanted) : (at + 1) * len(wanted)] for at, name in enumerate(names)}


def _newest(values: Mapping[int, float]) -> float | None:
    return values[max(values)] if values else None


def _waiting(queues: Mapping[str, Any]) -> dict[str, int]:
    """Queued events by function, of all its qualifiers."""
    waiting: Counter[str] = Counter()
    for one in queues.get("queues") or ():
        waiting[str(one.get("function"))] += int(one.get("events") or 0)
    return waiting


def _place(arn: str) -> tuple[str, str]:
    """Region and account of an ARN."""
    parts = [*arn.split(":"), "", "", "", "", ""]
    return parts[3], parts[4]
