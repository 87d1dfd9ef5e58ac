"""The queue in virtual time: hours pass when a test says so, and functions do what it says."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field

from lambdad.domain.errors import LambdadError
from lambdad.domain.event import Event, Lane
from lambdad.domain.outcome import Outcome, Status
from lambdad.domain.scope import Scope
from lambdad.events.decisions import Over
from lambdad.events.policy import Gone, Policy
from lambdad.events.poller import Poller
from lambdad.events.steady import SteadyClock
from lambdad.ports.event_store import EventStore
from lambdad.ports.invoker import Invoked, InvokeRequest
from tests.fakes.events import FakeEvents
from tests.fakes.moments import FakeClock
from tests.fakes.worker import version_of

HERE = Scope()
LANE = Lane(HERE, "f")
_PUMPS = 300  # turns of the loop after which nothing more happens by itself
Answer = Callable[[InvokeRequest], "Outcome | LambdadError | None"]


@dataclass(order=True)
class _Timer:
    at: float
    number: int
    call: Callable[[], None] = field(compare=False)
    cancelled: bool = field(default=False, compare=False)

    def cancel(self) -> None:
        self.cancelled = True


class VirtualTime:
    """A clock, and timers that fire while time is made to pass."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self._timers: list[_Timer] = []
        self._numbers = itertools.count()

    def later(self, delay_s: float, call: Callable[[], None]) -> _Timer:
        timer = _Timer(self.clock.now_s + delay_s, next(self._numbers), call)
        heapq.heappush(self._timers, timer)
        return timer

    async def pass_by(self, seconds: float) -> None:
        """Let time pass, and everything happen that happens in it."""
        end = self.clock.now_s + seconds
        await settle_down()
        while self._timers and self._timers[0].at <= end:
            timer = heapq.heappop(self._timers)
            self.clock.now_s = max(self.clock.now_s, timer.at)
            if not timer.cancelled:
                timer.call()
            await settle_down()
        self.clock.now_s = end
        await settle_down()


async def settle_down() -> None:
    """Let everything happen that needs no time."""
    for _ in range(_PUMPS):
        await asyncio.sleep(0)


class Functions:
    """Runs calls as `answers` say: an outcome, an error, or None for a call that the test ends itself.

    Attributes:
        calls: every call with the time it was made, in order.
        held: calls that have not ended, by request id.
    """

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self.answers: dict[str, Answer] = {}
        self.calls: list[tuple[float, InvokeRequest]] = []
        self.held: dict[str, Callable[[Invoked | LambdadError], None]] = {}

    def invoke(self, request: InvokeRequest, reply: Callable[[Invoked | LambdadError], None]) -> None:
        self.calls.append((self._clock.now_s, request))
        said = self.answers.get(request.function, lambda _: Outcome(b'"done"'))(request)
        if said is None:
            self.held[request.request_id] = reply
        else:
            asyncio.get_running_loop().call_soon(reply, _invoked(request, said))

    def end(self, request_id: str, said: Outcome | LambdadError) -> None:
        """End a held call."""
        self.held.pop(request_id)(_invoked(InvokeRequest(HERE, "f", b"", request_id), said))


def _invoked(request: InvokeRequest, said: Outcome | LambdadError) -> Invoked | LambdadError:
    if isinstance(said, LambdadError):
        return said
    return Invoked(version_of(request.function, scope=request.scope), said)


def failing(_: InvokeRequest) -> Outcome:
    """A function that raises."""
    return Outcome(b'{"errorMessage":"no","errorType":"Error"}', Status.ERROR)


class Stage:
    """A poller with everything about it.

    Attributes:
        policies: by function; the default for others.
        over: how events ended, by request id.
    """

    def __init__(self, store: EventStore | None = None, ceiling: int = 8, most: int = 1_000) -> None:
        self.time = VirtualTime()
        self.functions = Functions(self.time.clock)
        self.store = store or FakeEvents()
        self.policies: dict[str, Policy | Gone] = {}
        self.over: dict[str, Over] = {}
        self.owed_calls = 0
        self.tried_calls: list[bool] = []
        self._numbers = itertools.count(1)
        self._ceiling, self._most = ceiling, most
        self.poller = self.new_poller()

    def new_poller(self) -> Poller:
        """What a restart begins with."""
        steady = SteadyClock(self.time.clock)
        self.steady = steady
        return Poller(
            self.store,
            self.functions,
            self._policy,
            steady,
            self,
            ceiling=self._ceiling,
            most=self._most,
            later=self.time.later,
        )

    async def accept(self, lane: Lane = LANE, count: int = 1, payload: bytes = b"{}") -> list[str]:
        """Accept events and tell the poller; their request ids."""
        now_ms = self.steady.now_ms()
        accepted = []
        for _ in range(count):
            event = Event(lane, f"{lane.function}-{next(self._numbers)}", payload, "Root=1", now_ms, now_ms)
            accepted.append(self.store.accept(event, lambda _: None))
        await settle_down()
        for event in accepted:
            self.poller.accepted(event)
        await settle_down()
        return [event.request_id for event in accepted]

    def times(self, function: str = "f") -> list[float]:
        """When a function was called, in seconds since the first call."""
        times = [at for at, request in self.functions.calls if request.function == function]
        return [round(at - times[0], 1) for at in times]

    def tried(self, event: Event, started_ms: int, *, ran: bool) -> None:
        self.tried_calls.append(ran)

    def ended(self, event: Event, over: Over, owed: int) -> None:
        assert event.request_id not in self.over, "an event ends once"
        self.over[event.request_id] = over

    def owed(self) -> None:
        self.owed_calls += 1

    async def _policy(self, lane: Lane) -> Policy | Gone:
        await asyncio.sleep(0)
        return self.policies.get(lane.function, Policy())
