"""Calls a function with records that come in order, until all of them are settled.

Before: a shard or partition gives a batch. After: whoever reads it moves its checkpoint. What follows a
failure is decided in `attempts`; what is given up is told by `failures` before it counts as settled.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from lambdad.domain.event import lane_of
from lambdad.domain.event_source_mapping import on_failure_of
from lambdad.domain.limits import CALL_FIRST_BACKOFF_S, CALL_LAST_BACKOFF_S, LEAST_RECORDS_KEPT_S
from lambdad.domain.measured import Measured
from lambdad.ports.clock import Clock
from lambdad.ports.event_sources import EventCounts
from lambdad.ports.measures import Measures
from lambdad.sources import attempts, trouble
from lambdad.sources.attempts import Next, Rules, Work
from lambdad.sources.calls import Called, End, FunctionCalls
from lambdad.sources.failures import Brought, Failure, OnFailure
from lambdad.sources.report import named
from lambdad.sources.watch import Watch

_MS: Final = 1000
_DONE: Final = Next()


@dataclass(frozen=True, slots=True)
class Batch:
    """Records in order; parts of it are ranges of positions.

    Attributes:
        ids: of the records, as functions report them.
        arrived_s: when each came into its source, seconds since the epoch.
        payload: the event for a part.
        about: what a record of failure says of a part, beside what all have.
        folder: of such records in S3, with a slash at its end.
        settled: told of each part, from the front, with the function's answer; without one when it was given
            up. What it does is done before anything else happens.
        tried: told after a failure which parts are left, in order, those that are given up among them.
        refused: why an answer that came does not count, as `LastProcessingResult`; None when it does.
        named: the ids that an answer says failed; None when it does not say it right.
        most_bytes: of a payload; a record that alone makes a larger one is given up without a call. None for
            any.
    """

    ids: Sequence[str]
    arrived_s: Sequence[float]
    payload: Callable[[range], bytes]
    about: Callable[[range], Mapping[str, Any]]
    folder: str
    settled: Callable[[range, bytes | None], None]
    tried: Callable[[Sequence[Work]], None] = lambda _: None
    refused: Callable[[bytes], str | None] = lambda _: None
    named: Callable[[bytes, frozenset[str]], frozenset[str] | None] = named
    most_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class OrderedTools:
    """What calls with ordered records work with.

    Attributes:
        age: what the age of the last record of a call is measured as, in ms; None for nothing.
        told_retries: of mappings that have a destination and would retry for ever; None for ever.
    """

    calls: FunctionCalls
    on_failure: OnFailure
    clock: Clock
    measures: Measures
    age: Measured | None = Measured.ITERATOR_AGE
    told_retries: int | None = None

    def note(self, watch: Watch, what: Measured, much: float) -> None:
        """Note something that was measured of a mapping, for the metrics of its function."""
        lane, function = lane_of(watch.scope, watch.mapping.function_arn), watch.last_function
        version = None if function is None else function.version
        self.measures.noted((what, lane, version, int(self.clock.now() * _MS), much))


class OrderedCalls:
    """Calls for one mapping; several batches at once, each for itself.

    Args:
        watch: of the mapping.
        tools: of every mapping.
        kept_s: asks how long the source keeps records, in seconds; None when nobody knows now. Without it
            records are called with for ever.
    """

    def __init__(
        self, watch: Watch, tools: OrderedTools, kept_s: Callable[[], Awaitable[float | None]] | None = None
    ) -> None:
        self._watch = watch
        self._tools = tools
        self._kept_s = kept_s
        rules: Rules = attempts.rules_of(watch.mapping.settings)
        self._target = on_failure_of(watch.mapping.settings.get("DestinationConfig"))
        is_endless = rules.retries is None and self._target
        self._rules = replace(rules, retries=tools.told_retries) if is_endless else rules

    async def settle(self, batch: Batch, begun: Sequence[Work] = ()) -> bool:
        """Call until every record is settled; False when polling is to stop before.

        Args:
            batch: to be settled.
            begun: its parts, when it was tried before; none for a batch that is new.
        """
        works, refusals = list(begun) or [Work(0, len(batch.ids))], 0
        while works:
            if self._watch.stopping.is_set():
                return False
            work = works.pop(0)
            over = self._over(batch, work) or await self._expired(batch, work)
            if over is not None:
                if not await self._give_up(batch, over):
                    return False
                works[:0] = over.works
                continue
            work = replace(work, request_id=work.request_id or self._tools.calls.request_id())
            called = await self._call(batch, work)
            if called.end in (End.REFUSED, End.GONE):
                refusals += 1
                works.insert(0, work)
                await self._pause(refusals)
                continue
            refusals = 0
            work = replace(work, calls=work.calls + 1, called=called)
            step = self._judged(batch, work, called)
            works[:0] = step.works
            if step != _DONE:
                batch.tried(works if step.given_up is None else [step.given_up, *works])
            if step.given_up is not None and not await self._give_up(batch, step):
                return False
            if step.waits:
                await self._pause(step.works[0].failures)
        return True

    def _over(self, batch: Batch, work: Work) -> Next | None:
        """What to do instead of another call; None when that is to be made."""
        now_s = self._tools.clock.now()
        return (
            attempts.used_up(self._rules, work)
            or attempts.too_old(self._rules, work, batch.arrived_s, now_s)
            or attempts.too_large(work, lambda: len(batch.payload(work.part)), batch.most_bytes)
        )

    async def _expired(self, batch: Batch, work: Work) -> Next | None:
        """What to do when what failed is not in its source any more; None when it is, or nobody knows.

        Source: developer guide, "until processing succeeds or the data expires".
        """
        if self._kept_s is None or not work.calls:
            return None
        now_s, least = self._tools.clock.now(), replace(self._rules, age_s=LEAST_RECORDS_KEPT_S)
        if attempts.too_old(least, work, batch.arrived_s, now_s) is None:
            return None
        kept = replace(self._rules, age_s=await self._kept_s())
        return attempts.too_old(kept, work, batch.arrived_s, now_s)

    async def _pause(self, failures: int) -> None:
        await self._watch.pause(attempts.pause_s(failures, CALL_FIRST_BACKOFF_S, CALL_LAST_BACKOFF_S))

    async def _call(self, batch: Batch, work: Work) -> Called:
        watch, tools = self._watch, self._tools
        self._note_age(batch, work)
        watch.running += 1
        try:
            called = await tools.calls.call(
                watch.scope, watch.mapping.function_arn, batch.payload(work.part), None, work.request_id
            )
        finally:
            watch.running -= 1
        counts = EventCounts(invoked=work.size)
        if called.end is not End.SUCCEEDED:
            counts.failed_invoke, counts.invoke_errors = work.size, 1
            watch.went(trouble.problem(called.reason or "Function call failed"))
        watch.counted(counts)
        return called

    def _judged(self, batch: Batch, work: Work, called: Called) -> Next:
        """What follows a call that counts; tells what of it is settled."""
        if called.end is not End.SUCCEEDED:
            return attempts.failed(self._rules, work)
        watch, lowest, wrong = self._watch, work.end, batch.refused(called.answer)
        if wrong is not None:
            lowest = work.first
        elif self._rules.reports:
            ids = batch.ids[work.first : work.end]
            said = batch.named(called.answer, frozenset(ids))
            wrong = trouble.WRONG_SEQUENCE if said is None else (trouble.FUNCTION_FAILED if said else None)
            positions = (work.first + at for at, one in enumerate(ids) if said is None or one in said)
            lowest = next(positions, work.end)
        if lowest > work.first or (work.size == 0 and wrong is None):
            batch.settled(range(work.first, lowest), called.answer)
            watch.did(lowest - work.first)
        watch.went(wrong or trouble.OK)
        if wrong is None:
            return _DONE
        watch.counted(EventCounts(failed_invoke=work.end - lowest, invoke_errors=1))
        return attempts.failed(self._rules, work, lowest)

    async def _give_up(self, batch: Batch, step: Next) -> bool:
        """Tell of what is given up; False when polling stops before that is done."""
        work = step.given_up
        if work is None:
            return True
        counts = EventCounts(dropped=work.size)
        if self._target:
            brought = await self._bring(batch, work, step)
            if brought is Brought.INTERRUPTED:
                return False
            if brought is Brought.DELIVERED:
                counts = EventCounts(delivered_on_failure=work.size)
            else:
                self._tools.note(self._watch, Measured.DESTINATION_FAILURES, 1.0)
        self._watch.counted(counts)
        batch.settled(work.part, None)
        return True

    async def _bring(self, batch: Batch, work: Work, step: Next) -> Brought:
        watch, function = self._watch, await self._watch.function()
        if function is None:
            return Brought.LOST  # there is no role to send it with
        identity = work.request_id or self._tools.calls.request_id()
        about = batch.about(work.part)
        payload = batch.payload(work.part)
        failure = Failure(step.condition, work.calls, identity, work.called, about, payload)
        return await self._tools.on_failure.bring(
            watch.scope,
            watch.mapping.function_arn,
            function.role,
            self._target,
            batch.folder,
            failure,
            watch.pause,
            watch.stopping,
        )

    def _note_age(self, batch: Batch, work: Work) -> None:
        if self._tools.age is not None and work.size:
            age_s = self._tools.clock.now() - batch.arrived_s[work.end - 1]
            self._tools.note(self._watch, self._tools.age, max(0.0, age_s * _MS))
