"""The figures to reach, each decided from the results: a limit, what was seen, and a verdict."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from bench.functions import Kind
from bench.plan import FULL_MEMORY_MIB
from bench.results import Key, Measure, Results

PRODUCT = "lambdad"
LARGE_CATALOGUE = "large catalogue"
CONTROL_LISTS = ("ListFunctions", "ListFunctions, all versions", "ListVersionsByFunction")
CONTROL_READS = (
    *("GetFunction", "GetFunctionConfiguration", "ListTags", "GetAccountSettings"),
    *CONTROL_LISTS,
)
CONTROL_WRITES = (
    *("CreateFunction", "TagResource", "UpdateFunctionConfiguration"),
    *("PublishVersion", "DeleteFunction"),
)
WARM_P50_US = 250.0
RATE_AT_8_PER_S = 5000.0
SERVER_CPU_US = 80.0
IDLE_RSS_MB = 60.0
START_MS = 500.0
COMMAND_OVER_PYTHON_MS = 150.0
SIX_MB_MS = 100.0
FREEZE_COST_US = 100.0
VERIFY_COST_US = 15.0
MEASURING_US = 5.0
BUSY_FUNCTION = "one function, 5,000 /s"
STREAM_FIRST_BYTE_MS = 5.0
BURST_P99_RATIO = 2.0
IDLE_ENVIRONMENT_MB = 5.0
DENSE_ANSWER_MS = 20.0
COLD_MS = {
    ("python3.11", "pool"): (10.0, 1.0),
    ("python3.11", "fork"): (20.0, 2.0),
    ("python3.11", "spawn"): (60.0, 6.0),
    ("python3.13", "pool"): (10.0, 1.0),
    ("python3.13", "fork"): (20.0, 2.0),
    ("python3.13", "spawn"): (60.0, 6.0),
    ("nodejs22.x", "pool"): (15.0, None),
    ("nodejs22.x", "spawn"): (60.0, None),
    ("c", "pool"): (8.0, None),
}
"""Request to answer in ms, or that many times the start of the bare interpreter."""
RESTORE_MS = 25.0
COLD_PER_S = 100.0
ACCEPTS_PER_S = 10_000.0
ACCEPT_SHARE_OF_COMMITS = 0.75
DRAIN_SHARE_OF_SYNC = 0.8
BACKLOG_P50_RATIO = 1.2
BACKLOG_MB = 200.0
BACKLOG_START_MS = 2000.0
MESSAGE_MS = 20.0
MESSAGES_PER_S = 2_000.0
RECORD_MS = 1_020.0
"""One poll interval and 20 ms."""
RECORDS_PER_S = 5_000.0
"""Of one shard, or of one partition of Kafka."""
KAFKA_RECORD_MS = 20.0
"""Without a window; brokers are not asked at intervals."""
IDLE_SHARDS_PERCENT = 25.0
OBJECT_MS = 50.0
CONTROL_P50_MS = 3.0
METRICS_DAY = "a day of minutes"
METRICS_DAY_MS = 20.0
READS_PER_CORE_PER_S = 500.0
LIST_PAGE_MS = 20.0
LARGE_START_MS = 2_000.0
LARGE_CATALOGUE_MB = 100.0
FLOOR_P50_RATIO = 3.0
FLOOR_RATE_RATIO = 0.13
PEER_P50_RATIO = 0.5
PEER_RATE_RATIO = 2.0


class Verdict(StrEnum):
    """How a figure stands to its limit."""

    PASS = "pass"
    FAIL = "fail"
    UNKNOWN = "not measured"


@dataclass(frozen=True, slots=True)
class Check:
    """One figure to reach; `seen` is None when it was not measured."""

    what: str
    unit: str
    seen: float | None
    limit: float
    at_most: bool
    context: str = ""

    @property
    def verdict(self) -> Verdict:
        """Pass when the limit is kept, the limit itself included."""
        if self.seen is None:
            return Verdict.UNKNOWN
        kept = self.seen <= self.limit if self.at_most else self.seen >= self.limit
        return Verdict.PASS if kept else Verdict.FAIL


def warm_key(subject: str, metric: str, kind: Kind, connections: int) -> Key:
    """Give the key of a warm figure at the size the reach figures are of; only lambdad has sizes."""
    return Key(
        Measure.WARM, subject, metric, kind, None if subject != PRODUCT else FULL_MEMORY_MIB, connections
    )


def checks(results: Results, peers: Sequence[str]) -> list[Check]:
    """Decide every figure to reach."""
    return [
        *_absolute(results),
        *_cold(results),
        *_control(results),
        *_metrics(results),
        *_events(results),
        *_queues(results),
        *_against_floor(results),
        *_against_peers(results, peers),
    ]


def _absolute(results: Results) -> Iterator[Check]:
    def warm(metric: str, connections: int) -> float | None:
        return results.median(warm_key(PRODUCT, metric, Kind.PYTHON, connections))

    def plain(measure: Measure, metric: str, function: str | None = None) -> float | None:
        return results.median(Key(measure, PRODUCT, metric, function))

    yield Check("warm p50, Python, 1 connection", "µs", warm("p50_us", 1), WARM_P50_US, at_most=True)
    yield Check("rate, Python, 8 connections", "/s", warm("rate_per_s", 8), RATE_AT_8_PER_S, at_most=False)
    yield Check("server CPU per invoke", "µs", warm("server_cpu_us", 8), SERVER_CPU_US, at_most=True)
    idle = plain(Measure.START, "server_idle_rss_mb")
    yield Check("server resident when idle", "MB", idle, IDLE_RSS_MB, at_most=True)
    yield Check("server start", "ms", plain(Measure.START, "start_ms"), START_MS, at_most=True)
    for command in ("version", "invoke"):
        seen = plain(Measure.CLI, f"{command}_over_python_ms")
        name = "--version" if command == "version" else command
        yield Check(f"lambdad {name}, over bare Python", "ms", seen, COMMAND_OVER_PYTHON_MS, at_most=True)
    six = plain(Measure.PAYLOAD, "six_mb_both_ways_ms", Kind.PYTHON)
    yield Check("6 MB in and 6 MB out", "ms", six, SIX_MB_MS, at_most=True)
    frozen = plain(Measure.FREEZE, "freeze_cost_us", Kind.PYTHON)
    yield Check("freeze and thaw, added to warm p50", "µs", frozen, FREEZE_COST_US, at_most=True)
    told = plain(Measure.MEASURING, "whole_chain_us", BUSY_FUNCTION)
    yield Check("metrics and usage of a busy function, per invoke", "µs", told, MEASURING_US, at_most=True)
    verified = plain(Measure.SIGNATURES, "verify_cost_us")
    yield Check("signature verified, added server CPU", "µs", verified, VERIFY_COST_US, at_most=True)
    first = plain(Measure.STREAM, "first_byte_ms", Kind.NODE)
    yield Check("streamed byte, written → read", "ms", first, STREAM_FIRST_BYTE_MS, at_most=True)
    for form in ("many functions", "one function"):
        ratio = plain(Measure.BURST, "warm_p99_ratio", form)
        yield Check(f"warm p99 beside a burst, {form}", "times", ratio, BURST_P99_RATIO, at_most=True)
    each = plain(Measure.DENSITY, "each_mb", Kind.PYTHON)
    yield Check("idle environment, kernel memory included", "MB", each, IDLE_ENVIRONMENT_MB, at_most=True)
    again = plain(Measure.DENSITY, "again_max_ms", Kind.PYTHON)
    yield Check("slowest answer of all idle environments", "ms", again, DENSE_ANSWER_MS, at_most=True)


def _cold(results: Results) -> Iterator[Check]:
    for (runtime, path), (limit_ms, times) in COLD_MS.items():
        seen = results.median(Key(Measure.PATHS, f"{PRODUCT}, {path}", "first_answer_ms", runtime))
        bare = results.median(Key(Measure.PATHS, "bare interpreter", "first_answer_ms", runtime))
        limit = max(limit_ms, times * bare) if times is not None and bare is not None else limit_ms
        context = "" if limit == limit_ms else f"{times:g} times the bare interpreter"
        yield Check(f"cold start, {runtime}, {path}", "ms", seen, limit, True, context)
    restored = results.median(
        Key(Measure.SNAPSTART, f"{PRODUCT}, restore", "first_answer_ms", "numpy and pandas")
    )
    yield Check("SnapStart, numpy and pandas", "ms", restored, RESTORE_MS, at_most=True)
    rate = results.median(Key(Measure.SUSTAINED, PRODUCT, "cold_per_s", "8 callers"))
    yield Check("cold starts, as fast as possible", "/s", rate, COLD_PER_S, at_most=False)


def _control(results: Results) -> Iterator[Check]:
    """Beside the large catalogue; of calls of many kinds the slowest kind counts."""

    def figures(metric: str, calls: Sequence[str]) -> list[float]:
        keys = [Key(Measure.CONTROL, PRODUCT, metric, f"{call}, {LARGE_CATALOGUE}") for call in calls]
        return [seen for key in keys if (seen := results.median(key)) is not None]

    def plain(metric: str, what: str) -> float | None:
        return results.median(Key(Measure.CONTROL, PRODUCT, metric, what))

    for name, calls in (("read", CONTROL_READS), ("write", CONTROL_WRITES)):
        slowest = max(figures("p50_ms", calls), default=None)
        yield Check(f"control plane, slowest {name}, p50", "ms", slowest, CONTROL_P50_MS, at_most=True)
    rate = min(figures("per_core_per_s", CONTROL_READS), default=None)
    yield Check("control plane, costliest read, of one core", "/s", rate, READS_PER_CORE_PER_S, at_most=False)
    page = max(figures("p99_ms", CONTROL_LISTS), default=None)
    yield Check("page of a list of 10,000 functions, p99", "ms", page, LIST_PAGE_MS, at_most=True)
    start = plain("start_ms", f"start, {LARGE_CATALOGUE}")
    yield Check("server start with 10,000 functions", "ms", start, LARGE_START_MS, at_most=True)
    memory = plain("resident_mb", "memory of the large catalogue")
    yield Check("memory of 10,000 functions", "MB", memory, LARGE_CATALOGUE_MB, at_most=True)


def _metrics(results: Results) -> Iterator[Check]:
    for statistic in ("Average", "p99"):
        what = f"{METRICS_DAY}, {statistic}"
        seen = results.median(Key(Measure.METRICS, PRODUCT, "p50_ms", what))
        yield Check(f"GetMetricData, {what}", "ms", seen, METRICS_DAY_MS, at_most=True)


def _queues(results: Results) -> Iterator[Check]:
    one = results.median(Key(Measure.QUEUES, PRODUCT, "p50_ms", "one at a time"))
    yield Check("message sent to handled and deleted, p50", "ms", one, MESSAGE_MS, at_most=True)
    many = results.median(Key(Measure.QUEUES, PRODUCT, "rate_per_s", "many waiting, batches of 10"))
    yield Check("messages of one queue in batches of 10", "/s", many, MESSAGES_PER_S, at_most=False)
    record = results.median(Key(Measure.STREAMS, PRODUCT, "p50_ms", "one at a time"))
    yield Check("record of a stream put to its function begun, p50", "ms", record, RECORD_MS, at_most=True)
    records = results.median(Key(Measure.STREAMS, PRODUCT, "records_per_s", "one shard, batches of 100"))
    yield Check("records of one shard in batches of 100", "/s", records, RECORDS_PER_S, at_most=False)
    idle = results.median(Key(Measure.STREAMS, PRODUCT, "percent_of_a_core", "100 idle shards"))
    yield Check("processor of 100 idle shards", "% of a core", idle, IDLE_SHARDS_PERCENT, at_most=True)
    pushed = results.median(Key(Measure.KAFKA, PRODUCT, "p50_ms", "one at a time"))
    yield Check("record of Kafka to its function begun, p50", "ms", pushed, KAFKA_RECORD_MS, at_most=True)
    rate = results.median(Key(Measure.KAFKA, PRODUCT, "records_per_s", "one partition, batches of 100"))
    yield Check("records of one partition in batches of 100", "/s", rate, RECORDS_PER_S, at_most=False)
    put = results.median(Key(Measure.BUCKETS, PRODUCT, "p50_ms", "object put, to its function"))
    yield Check("object put to its function begun, p50", "ms", put, OBJECT_MS, at_most=True)


def _events(results: Results) -> Iterator[Check]:
    def plain(metric: str, what: str, connections: int | None = None) -> float | None:
        return results.median(Key(Measure.EVENTS, PRODUCT, metric, what, None, connections))

    many = plain("rate_per_s", "accept", 256)
    yield Check("events accepted at 256 connections", "/s", many, ACCEPTS_PER_S, at_most=False)
    one = plain("rate_per_s", "accept", 1)
    commits = results.median(Key(Measure.EVENTS, "one row per commit", "rate_per_s", "commit"))
    share = one / commits if one is not None and commits else None
    name = "events accepted at 1 / one row per commit"
    yield Check(name, "times", share, ACCEPT_SHARE_OF_COMMITS, at_most=False)
    drain = plain("share_of_sync", "drain")
    yield Check("rate of queued events / synchronous", "times", drain, DRAIN_SHARE_OF_SYNC, at_most=False)
    backlog = "with the backlog"
    ratio = plain("p50_ratio", backlog)
    yield Check("accepting beside a backlog, p50", "times", ratio, BACKLOG_P50_RATIO, at_most=True)
    memory = plain("resident_mb", backlog)
    yield Check("server resident with a backlog", "MB", memory, BACKLOG_MB, at_most=True)
    start = plain("start_ms", backlog)
    yield Check("server start with a backlog", "ms", start, BACKLOG_START_MS, at_most=True)


def _against_floor(results: Results) -> Iterator[Check]:
    for floor in ("floor-asyncio", "floor-uvloop"):
        p50 = _ratio(results, "p50_us", 1, Kind.PYTHON, floor)
        yield Check(f"warm p50 / {floor} at 1", "times", p50, FLOOR_P50_RATIO, at_most=True)
        rate = _ratio(results, "rate_per_s", 8, Kind.PYTHON, floor)
        yield Check(f"rate / {floor} at 8", "times", rate, FLOOR_RATE_RATIO, at_most=False)


def _against_peers(results: Results, peers: Sequence[str]) -> Iterator[Check]:
    for kind in Kind:
        latency = _best(results, peers, "p50_us", kind, 1, min)
        rate = _best(results, peers, "rate_per_s", kind, 8, max)
        p50 = _ratio(results, "p50_us", 1, kind, latency)
        yield Check(f"warm p50 / best peer, {kind}, at 1", "times", p50, PEER_P50_RATIO, True, latency or "")
        ratio = _ratio(results, "rate_per_s", 8, kind, rate)
        yield Check(f"rate / best peer, {kind}, at 8", "times", ratio, PEER_RATE_RATIO, False, rate or "")


def _best(
    results: Results,
    peers: Sequence[str],
    metric: str,
    kind: Kind,
    connections: int,
    choose: Callable[[Sequence[tuple[float, str]]], tuple[float, str]],
) -> str | None:
    seen = [(results.median(warm_key(peer, metric, kind, connections)), peer) for peer in peers]
    known = [(value, peer) for value, peer in seen if value is not None]
    return choose(known)[1] if known else None


def _ratio(results: Results, metric: str, connections: int, kind: Kind, other: str | None) -> float | None:
    ours = results.median(warm_key(PRODUCT, metric, kind, connections))
    if ours is None or other is None:
        return None
    # The floor knows no languages and is kept under the first one measured.
    theirs = results.median(warm_key(other, metric, kind, connections))
    return ours / theirs if theirs else None
