"""The synchronous path on one screen: resolve → admit → lease → assign → run → answer.

Before: the edge (or a poller, through `ports.invoker`). After: a pool of the assignment. A function
called before is resolved from a cache without a task; the cache entry of a changed function is
dropped by `forget`, and one whose pool was retired is resolved anew.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable

from lambdad.assignment.pool import Pool
from lambdad.assignment.pools import Pools
from lambdad.counting.leases import Leases
from lambdad.counting.ledger import Ledger
from lambdad.domain import lineage
from lambdad.domain.arn import FunctionReference, parse_function
from lambdad.domain.errors import LambdadError, RecursiveInvocation, ServiceFault, Throttled
from lambdad.domain.event import Lane
from lambdad.domain.function import FunctionVersion
from lambdad.domain.invocation import Invocation, Target
from lambdad.domain.measured import Measured, RoutePeak
from lambdad.domain.outcome import Outcome, Status
from lambdad.domain.request_ids import Ids
from lambdad.domain.scope import Scope
from lambdad.domain.streaming import Outlet
from lambdad.domain.trace_context import SAMPLED
from lambdad.frontend.loops import Loops
from lambdad.frontend.payload import checked
from lambdad.frontend.sampling import Sampling, Tracer
from lambdad.frontend.splitting import Draw, Split, Weighted
from lambdad.frontend.tenants import check_tenant
from lambdad.frontend.throttles import Throttles
from lambdad.ports.clock import Clock
from lambdad.ports.invoker import Invoked, InvokeRequest
from lambdad.ports.measures import UNMEASURED, Measures

Resolve = Callable[[Scope, str, str | None], Awaitable[FunctionVersion | Weighted]]
"""From scope, name as given and qualifier to what runs; raises CallerError in AWS's words."""

RouteKey = tuple[Scope, str, str | None]
"""Scope, function as it was named, qualifier."""
_MAX_ROUTES = 20_000
_RESOLVE_TRIES = 3
_log = logging.getLogger("lambdad.frontend")


class Route(Target):
    """A target with the pool that runs it and the quota it counts against.

    Attributes:
        lane: where events for it are queued.
        key: what stands for the function in lineages.
        lineage: what the trace header of a call ends with that begins a chain.
        may_loop: whether the function may call itself without end.
        running: calls that run now.
        most: of them since the last look.
        sampling: decides which calls are traced; None when only callers do.
        stale: the function changed since: resolve it anew.
        split: of a weighted alias: `pick` there for every call; None of everything else.
    """

    __slots__ = (
        *("key", "lane", "lineage", "may_loop", "most", "pool", "quota", "running", "sampling", "split"),
        "stale",
    )

    def __init__(
        self,
        version: FunctionVersion,
        reference: FunctionReference,
        tenant: str | None,
        pool: Pool,
        quota: Leases,
        *,
        may_loop: bool,
        sampling: Sampling | None = None,
    ) -> None:
        super().__init__(version, reference.arn(version.scope), tenant)
        self.lane = Lane(version.scope, version.name, reference.qualifier)
        self.key = lineage.key_of(self.invoked_arn)
        self.lineage = lineage.first(self.key)
        self.may_loop = may_loop
        self.sampling = sampling
        self.pool = pool
        self.quota = quota
        self.running = self.most = 0
        self.stale = False
        self.split: Split[Route] | None = None

    def expire(self) -> None:
        """The function changed: whoever remembers this route, or the other of its alias, resolves anew."""
        self.stale = True
        if self.split is not None:
            self.split.main.stale = self.split.other.stale = True


class Frontend:
    """Takes calls; implements `ports.invoker.Invoker`.

    Args:
        draw: chooses among the versions of weighted aliases, and what is traced.
        measures: is told what is refused.
        trace_share: of calls without a decision that are traced for export; None when none are.
    """

    def __init__(
        self,
        resolve: Resolve,
        pools: Pools,
        ledger: Ledger,
        clock: Clock,
        draw: Draw = random.random,
        measures: Measures = UNMEASURED,
        trace_share: float | None = None,
    ) -> None:
        self._resolve = resolve
        self._pools = pools
        self._ledger = ledger
        self._clock = clock
        self._draw = draw
        self._noted = measures.noted
        self._risen: list[Route] = []
        self._routes: dict[tuple[RouteKey, str | None], Route] = {}
        self._epoch = 0  # moves with every change of any function
        self._tasks: set[asyncio.Task[None]] = set()
        self.ids = Ids()
        self._tracer = Tracer(self.ids, clock, draw, trace_share)
        self.loops = Loops()
        self.throttles = Throttles()
        self.in_flight = 0
        self.draining = False

    def cached(self, key: RouteKey, tenant: str | None = None) -> Route | None:
        """The route of a function called before, for a tenant; None when it must be resolved."""
        route = self._routes.get((key, tenant))
        if route is None or route.pool.retired:
            return None
        return route if route.split is None else route.split.pick()

    async def route(self, key: RouteKey, tenant: str | None = None) -> Route:
        """Resolve a function for invoking, by a tenant if it keeps them apart.

        Raises:
            CallerError: no such function, a bad name, not in a state to be invoked, or a tenant missing or
                too many; in AWS's words.
        """
        scope, function, qualifier = key
        for _ in range(_RESOLVE_TRIES):
            epoch = self._epoch
            resolved = await self._resolve(scope, function, qualifier)
            if epoch == self._epoch:
                break
        lasts = epoch == self._epoch  # or what was read may be old already: good for this call only
        if isinstance(resolved, Weighted) and not resolved.is_ready:
            resolved, lasts = resolved.drawn(self._draw()), False  # nobody says when both can run
        route = self._made(resolved, parse_function(function, scope, qualifier), tenant)
        if lasts:
            self._keep(key, tenant, route)
        else:
            route.expire()
        return route if route.split is None else route.split.pick() or route

    def _made(
        self, resolved: FunctionVersion | Weighted, named: FunctionReference, tenant: str | None
    ) -> Route:
        if isinstance(resolved, Weighted):
            main, other = (
                self._made(resolved.version, named, tenant),
                self._made(resolved.other, named, tenant),
            )
            main.split = other.split = Split(main, other, resolved.weight, self._draw)
            return main
        check_tenant(resolved, tenant)
        may_loop = self.loops.allows(resolved.scope, resolved.name)
        pool, quota = self._pools.pool(resolved, tenant), self._ledger.quota_of(resolved)
        sampling = self._tracer.sampling_of(resolved)
        return Route(resolved, named, tenant, pool, quota, may_loop=may_loop, sampling=sampling)

    def _keep(self, key: RouteKey, tenant: str | None, route: Route) -> None:
        if len(self._routes) >= _MAX_ROUTES:
            for old in self._routes.values():
                old.expire()
            self._routes.clear()
        self._routes[key, tenant] = route

    def forget(self, scope: Scope, name: str) -> None:
        """The function changed or is gone: resolve it anew, end what runs the old `$LATEST`."""
        self.reroute(scope, name)
        self._pools.forget(scope, name)

    def reroute(self, scope: Scope, name: str) -> None:
        """An alias of the function points elsewhere: resolve it anew; what runs stays."""
        self._epoch += 1
        for key in [key for key, route in self._routes.items() if _is_of(route, scope, name)]:
            self._routes.pop(key).expire()

    def new_trace(self, route: Route | None = None) -> str:
        """The trace header of an event that brought none; each attempt adds the function to it."""
        header = self.ids.trace(self._clock.now())
        return header if route is None else self._tracer.new_header(header, route.sampling)

    def stop(self) -> None:
        """Take no more calls; who waits for an environment hears that there will be none."""
        self.draining = True
        self._pools.refuse_waiting(_shutting_down())

    def start(
        self,
        route: Route,
        request_id: str,
        payload: bytes,
        on_done: Callable[[Invocation], None],
        *,
        trace: str | None = None,
        client_context: bytes | None = None,
        want_tail: bool = False,
        stream: Outlet | None = None,
        is_event: bool = False,
        accepted_ms: int | None = None,
    ) -> Invocation:
        """Admit, lease and assign; `on_done` is called once. `payload` has been `checked`.

        `trace` is as the caller sent it, None or empty for none; the function sees it with its lineage. An
        event counts as concurrency, but not as a call of this second.
        """
        before, is_new, traced = 0, not trace, None
        if trace:
            trace, before = lineage.passed_on(trace, route.key)
        else:
            trace = self.ids.trace(self._clock.now(), route.lineage)
        if route.sampling is not None or SAMPLED in trace:
            trace, traced = self._tracer.begin(trace, route.sampling, is_new=is_new)
        invocation = Invocation(route, request_id, payload, trace, self._settled, client_context, want_tail)
        invocation.reply = on_done
        invocation.stream = stream
        invocation.began = self._clock.monotonic()
        invocation.traced = traced
        invocation.accepted_ms = accepted_ms
        if before and lineage.is_loop(before) and not route.may_loop:
            self.loops.stopped += 1
            self._note(Measured.RECURSIVE_DROPPED, route)
            return _refused(invocation, RecursiveInvocation())
        if self.draining:
            return _refused(invocation, _shutting_down())
        if not (route.quota.take_for_event() if is_event else route.quota.take()):
            return self._throttled(invocation, route)
        self.in_flight += 1
        running = route.running = route.running + 1
        if running > route.most:
            if not route.most:
                self._risen.append(route)
            route.most = running
        try:
            route.pool.assign(invocation)
        except Exception:  # noqa: BLE001 - the lease must come back and the caller hear something
            _log.exception(
                "an invocation could not be assigned",
                extra={"event": "frontend.assign", "request_id": request_id},
            )
            invocation.refuse(ServiceFault("The invocation could not be assigned."))
        return invocation

    def peaks(self) -> tuple[RoutePeak, ...]:
        """Most calls at once by name and version since the last look; without names of which none ran."""
        risen, self._risen = self._risen, []
        found = tuple(RoutePeak(route.lane, route.version.version, route.most) for route in risen)
        for route in risen:
            route.most = route.running
        self._risen += [route for route in risen if route.running]
        return found

    def _throttled(self, invocation: Invocation, route: Route) -> Invocation:
        refusal = route.quota.refusal()
        self._count(route, refusal)
        return _refused(invocation, refusal)

    def _count(self, route: Route, refusal: Throttled) -> None:
        version = route.version
        self.throttles.count(version.scope, version.name, refusal.reason, self._clock.monotonic())
        self._note(Measured.THROTTLES, route)

    def _note(self, what: Measured, route: Route) -> None:
        self._noted((what, route.lane, route.version.version, int(self._clock.now() * 1000), 1.0))

    def _settled(self, invocation: Invocation) -> None:
        """Every lease comes back here, whatever happened to the invocation."""
        invocation.on_done = _settled_twice
        target = invocation.target
        self.in_flight -= 1
        if isinstance(target, Route):
            target.quota.give_back()
            target.running -= 1
            if invocation.error is not None and isinstance(invocation.error, Throttled):
                self._count(target, invocation.error)
        try:
            invocation.reply(invocation)
        except Exception:  # noqa: BLE001 - whoever asked must not break the environment that answers
            _log.exception(
                "an answer could not be given",
                extra={"event": "frontend.reply", "request_id": invocation.request_id},
            )

    def invoke(self, request: InvokeRequest, reply: Callable[[Invoked | LambdadError], None]) -> None:
        """Run a function for someone who is not the edge; without a task when it was called before."""
        route = self.cached((request.scope, request.function, request.qualifier), request.tenant)
        if route is not None:
            self._start_for(route, request, reply)
            return
        task = asyncio.get_running_loop().create_task(self._invoke(request, reply))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _invoke(self, request: InvokeRequest, reply: Callable[[Invoked | LambdadError], None]) -> None:
        try:
            key = (request.scope, request.function, request.qualifier)
            route = await self.route(key, request.tenant)
        except LambdadError as error:
            reply(error)
        except Exception:  # noqa: BLE001 - whoever asked must hear something
            _log.exception("a function could not be resolved", extra={"event": "frontend.resolve"})
            reply(ServiceFault("The function could not be looked up."))
        else:
            self._start_for(route, request, reply)

    def _start_for(
        self, route: Route, request: InvokeRequest, reply: Callable[[Invoked | LambdadError], None]
    ) -> None:
        def done(invocation: Invocation) -> None:
            reply(invocation.error or Invoked(invocation.target.version, _outcome(invocation)))

        try:
            payload = checked(request.payload)
        except LambdadError as error:
            reply(error)
            return
        self.start(
            route,
            request.request_id,
            payload,
            done,
            trace=request.trace_header,
            client_context=request.client_context,
            want_tail=request.want_tail,
            is_event=request.is_event,
            accepted_ms=request.accepted_ms,
        )


def _settled_twice(invocation: Invocation) -> None:
    """A defect: the caller has its answer and the lease is back; neither may happen again."""
    extra = {"event": "frontend.twice", "request_id": invocation.request_id}
    _log.error("%s was settled twice", invocation.request_id, extra=extra)


def _refused(invocation: Invocation, error: LambdadError) -> Invocation:
    """Tell whoever asked, before anything was taken for the invocation."""
    invocation.error = error
    invocation.reply(invocation)
    return invocation


def _shutting_down() -> ServiceFault:
    return ServiceFault("The server is shutting down.")


def _outcome(invocation: Invocation) -> Outcome:
    return Outcome(
        invocation.result,
        invocation.status or Status.FAILURE,
        invocation.error_type,
        invocation.log_tail,
    )


def _is_of(route: Route, scope: Scope, name: str) -> bool:
    return route.version.name == name and route.version.scope == scope
