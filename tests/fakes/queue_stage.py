"""A poller of a queue in virtual time, with functions that do what a test says."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import json
from collections.abc import Callable, Sequence
from typing import Any

from lambdad.domain.errors import LambdadError
from lambdad.domain.event_source_mapping import EventSourceMapping
from lambdad.domain.event_sources import SourceKind
from lambdad.domain.function import FunctionVersion
from lambdad.domain.mapping_states import MappingState
from lambdad.domain.outcome import Outcome, Status
from lambdad.domain.scope import Scope
from lambdad.ports.event_sources import EventCounts
from lambdad.ports.invoker import Invoked, InvokeRequest
from lambdad.sources.calls import FunctionCalls
from lambdad.sources.holding import Holding
from lambdad.sources.sqs.poller import SqsPoller, Tools
from tests.fakes.moments import FakeClock
from tests.fakes.sqs_core import FakeSqs
from tests.fakes.worker import version_of

HERE = Scope("000000000000", "us-east-1")
FUNCTION = "arn:aws:lambda:us-east-1:000000000000:function:f"
QUEUE = "arn:aws:sqs:us-east-1:000000000000:q"
_PUMPS = 60
FAILED = Outcome(b'{"errorMessage":"no","errorType":"Error"}', Status.ERROR)
Said = Outcome | LambdadError | None
Answer = Callable[[dict[str, Any]], Said]


class VirtualSleep:
    """`asyncio.sleep` in a time that passes when a test says so."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self._waiting: list[tuple[float, int, asyncio.Event]] = []
        self._numbers = itertools.count()

    async def __call__(self, seconds: float) -> None:
        event = asyncio.Event()
        heapq.heappush(self._waiting, (self.clock.now_s + seconds, next(self._numbers), event))
        await event.wait()

    async def pass_by(self, seconds: float) -> None:
        """Let time pass, and everything happen that happens in it."""
        end = self.clock.now_s + seconds
        await _pump()
        while self._waiting and self._waiting[0][0] <= end:
            at, _, event = heapq.heappop(self._waiting)
            self.clock.now_s = max(self.clock.now_s, at)
            event.set()
            await _pump()
        self.clock.now_s = end
        await _pump()


async def _pump() -> None:
    for _ in range(_PUMPS):
        await asyncio.sleep(0)


class Functions:
    """Runs calls as `answer` says: an outcome, an error, or None for a call that the test ends itself."""

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self.answer: Answer = lambda _: Outcome(b"null")
        self.calls: list[tuple[float, InvokeRequest]] = []
        self.held: list[Callable[[Invoked | LambdadError], None]] = []

    def invoke(self, request: InvokeRequest, reply: Callable[[Invoked | LambdadError], None]) -> None:
        self.calls.append((self._clock.now_s, request))
        said = self.answer(json.loads(request.payload))
        if said is None:
            self.held.append(reply)
        else:
            asyncio.get_running_loop().call_soon(reply, _reply(said))

    def end(self, said: Outcome | LambdadError) -> None:
        """End the call that is held longest."""
        self.held.pop(0)(_reply(said))


def _reply(said: Outcome | LambdadError) -> Invoked | LambdadError:
    return said if isinstance(said, LambdadError) else Invoked(version_of("f", scope=HERE), said)


class Roles:
    """What roles may not do."""

    def __init__(self) -> None:
        self.denied: set[str] = set()

    def lacking(self, role: str, function: str, actions: Sequence[str], resource: str) -> str | None:
        return next((action for action in actions if action in self.denied), None)


class QueueStage:
    """A queue, a function and pollers between them.

    Attributes:
        version: what runs; None when the function is gone.
        told: counts as metrics would hear of them.
    """

    def __init__(self, fifo: bool = False, visibility_s: float = 30.0, timeout_s: int = 3) -> None:
        self.sleep = VirtualSleep()
        self.sqs = FakeSqs(lambda: self.sleep.clock.now_s, self.sleep)
        self.name = "q.fifo" if fifo else "q"
        self.queue = self.sqs.make(self.name, visibility_s)
        self.functions = Functions(self.sleep.clock)
        self.roles = Roles()
        self.version: FunctionVersion | None = version_of("f", scope=HERE, timeout_s=timeout_s)
        self.told: list[EventCounts] = []
        self.holding = Holding(1 << 27)
        self.tools = Tools(
            self.sqs,
            FunctionCalls(self.functions),
            self._find,
            self.roles,
            self.holding,
            self.sleep.clock,
            self.sleep,
            lambda scope, mapping, counts: self.told.append(counts),
        )

    async def _find(self, scope: Scope, arn: str) -> FunctionVersion | None:
        return self.version

    def mapping(self, **settings: Any) -> EventSourceMapping:
        given = {"BatchSize": 10, "MaximumBatchingWindowInSeconds": 0, "FunctionResponseTypes": []} | settings
        kind = SourceKind.SQS_FIFO if self.name.endswith(".fifo") else SourceKind.SQS
        arn = QUEUE.removesuffix("q") + self.name
        return EventSourceMapping("uuid-1", kind, FUNCTION, arn, given, True, MappingState.ENABLED, 0.0)

    def poller(self, **settings: Any) -> SqsPoller:
        """A poller that has begun."""
        poller = SqsPoller(HERE, self.mapping(**settings), self.tools)
        poller.start()
        return poller

    def send(self, *bodies: str, group: str | None = None, trace: str | None = None) -> list[str]:
        return [self.sqs.send(self.name, body, group, trace) for body in bodies]

    async def pass_by(self, seconds: float) -> None:
        await self.sleep.pass_by(seconds)

    @property
    def events(self) -> list[list[dict[str, Any]]]:
        """Records of every call, in order."""
        return [json.loads(request.payload)["Records"] for _, request in self.functions.calls]

    @property
    def bodies(self) -> list[list[str]]:
        """Bodies of every call, in order."""
        return [[record["body"] for record in records] for records in self.events]

    def times(self) -> list[float]:
        """When calls were made, in seconds since the first."""
        return [round(at - self.functions.calls[0][0], 2) for at, _ in self.functions.calls]
