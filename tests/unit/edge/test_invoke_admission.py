"""Who may invoke, on the quick way as well: what was allowed is remembered until a policy changes."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any, cast

from lambdad.domain.http import Caller, Request, Response
from lambdad.domain.identity import Who
from lambdad.domain.scope import Scope
from lambdad.edge.connection import HttpConnection
from lambdad.edge.identity import Identity
from lambdad.edge.invoke_route import InvokeRoute
from lambdad.edge.raw_request import RawRequest
from lambdad.edge.wire import HttpDate, whole_request
from lambdad.frontend.invoke import Frontend
from tests.fakes.grants import ACCOUNT, OTHER_ACCOUNT, allow, user
from tests.unit.authorization.gate_stage import ORDERS, REGION, SCOPE, Stage

ALICE = user("alice")
TARGET = b"/2015-03-31/functions/orders/invocations"


class FakeFrontend:
    """Routes to one function of the scope it is asked for, and counts what starts."""

    def __init__(self) -> None:
        self.ids = SimpleNamespace(request_id=lambda: "r")
        self.started: list[Scope] = []
        self.resolved = 0

    def cached(self, key: Any, tenant: str | None = None) -> None:
        return None

    async def route(self, key: Any, tenant: str | None = None) -> Any:
        self.resolved += 1
        return SimpleNamespace(
            stale=False,
            split=None,
            tenant=None,
            pool=SimpleNamespace(retired=False),
            version=SimpleNamespace(scope=key[0]),
        )

    def start(self, route: Any, *_: Any, **__: Any) -> None:
        self.started.append(route.version.scope)


class Edge:
    def __init__(self, stage: Stage, who: Who | None, account: str = ACCOUNT) -> None:
        self.frontend = FakeFrontend()
        self.told: list[Response] = []
        self.route = InvokeRoute(
            cast("Frontend", self.frontend),
            cast("Any", None),
            lambda _, raw, response, request_id: self.told.append(response),
            HttpDate(),
            stage.made.gate,
        )
        self.identity = Identity(Caller(Scope(account, REGION), "AKIA", who=who), "lambda", None, 0)

    async def call(self, target: bytes = TARGET, source_ip: str = "127.0.0.1") -> bool:
        """Invoke; whether it was on the quick way."""
        raw = RawRequest(0.0)
        raw.method, raw.url, raw.body = b"POST", target, b"{}"
        connection = cast("HttpConnection", object())
        if self.route.quick(connection, raw, self.identity, None):
            return True
        request = whole_request(raw, {}, self.identity.caller, "r", "http://localhost", source_ip)
        await self._slow(connection, raw, request)
        return False

    async def _slow(self, connection: HttpConnection, raw: RawRequest, request: Request) -> None:
        before = asyncio.all_tasks()
        self.route.slow(connection, raw, self.identity, request)
        await asyncio.gather(*(asyncio.all_tasks() - before))

    @property
    def ran(self) -> int:
        return len(self.frontend.started)


async def test_who_is_bound_by_no_policy_takes_the_quick_way_whatever_policies_change() -> None:
    stage = Stage()
    edge = Edge(stage, None)
    assert [await edge.call(), await edge.call()] == [False, True]
    stage.identities.bind(ALICE)
    assert await edge.call()
    assert edge.ran == 3


async def test_what_was_allowed_takes_the_quick_way_until_a_policy_changes() -> None:
    stage = Stage()
    edge = Edge(stage, ALICE)
    stage.identities.bind(ALICE, allow("lambda:*"))
    assert [await edge.call(), await edge.call(), await edge.call()] == [False, True, True]
    stage.identities.bind(ALICE)
    assert not await edge.call()
    assert (edge.ran, [response.status for response in edge.told]) == (3, [403])
    assert not await edge.call()
    assert edge.ran == 3
    stage.identities.bind(ALICE, allow("lambda:*"))
    assert [await edge.call(), await edge.call()] == [False, True]


async def test_a_change_of_the_functions_policy_is_seen_by_the_next_call() -> None:
    stage = Stage()
    await stage.add()
    statement = {"Effect": "Allow", "Principal": {"AWS": ALICE.arn}, "Action": "lambda:*", "Resource": ORDERS}
    await stage.attach(statement)
    stage.identities.bind(ALICE)
    edge = Edge(stage, ALICE)
    assert [await edge.call(), await edge.call()] == [False, True]
    await stage.attach()
    assert not await edge.call()
    assert edge.ran == 2


async def test_what_hangs_on_the_clients_address_never_takes_the_quick_way() -> None:
    stage = Stage()
    near = {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}
    stage.identities.bind(ALICE, allow("lambda:*", Condition=near))
    edge = Edge(stage, ALICE)
    assert [await edge.call(source_ip="10.0.0.1"), await edge.call(source_ip="192.0.2.1")] == [False, False]
    assert (edge.ran, len(edge.told)) == (1, 1)


async def test_another_accounts_function_runs_in_its_account_and_is_forgotten_with_its_policy() -> None:
    stage = Stage()
    await stage.add()
    statement = {"Effect": "Allow", "Principal": {"AWS": OTHER_ACCOUNT}, "Action": "*", "Resource": ORDERS}
    await stage.attach(statement)
    edge = Edge(stage, None, OTHER_ACCOUNT)
    target = b"/2015-03-31/functions/" + ORDERS.replace(":", "%3A").encode() + b"/invocations"
    assert [await edge.call(target), await edge.call(target)] == [False, True]
    assert edge.frontend.started == [SCOPE, SCOPE]
    await stage.attach()
    assert not await edge.call(target)
    assert edge.frontend.started[2:] == [Scope(OTHER_ACCOUNT, REGION)]  # whose resolution refuses the name


async def test_a_refused_call_says_why() -> None:
    stage = Stage()
    stage.identities.bind(ALICE)
    edge = Edge(stage, ALICE)
    await edge.call()
    (response,) = edge.told
    assert ("x-amzn-ErrorType", "AccessDeniedException") in response.headers
    assert b"because no identity-based policy allows the lambda:InvokeFunction action" in cast(
        "bytes", response.body
    )
