"""A gate before Lambda with fakes behind it, and requests to put to it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from lambdad.composition.authorization import Authorization, authorization
from lambdad.domain.function import LATEST
from lambdad.domain.http import Caller, Request
from lambdad.domain.identity import Who
from lambdad.domain.network import Network, Vpc
from lambdad.domain.policies.attached import FUNCTION_POLICIES, AttachedPolicy
from lambdad.domain.resource import Place
from lambdad.domain.scope import Scope
from tests.fakes.catalogue import FakeCatalogue
from tests.fakes.grants import ACCOUNT, FakeGrants, document
from tests.fakes.kept_logs import KeptLogs
from tests.fakes.moments import FakeClock
from tests.fakes.worker import version_of

REGION = "us-east-1"
SCOPE = Scope(ACCOUNT, REGION)
ORDERS = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:orders"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/worker"


def request_of(who: Who | None, scope: Scope | None = None, **members: Any) -> Request:
    account = ACCOUNT if who is None else who.account
    given: dict[str, Any] = {
        "method": "POST",
        "path": "/",
        "query": (),
        "headers": {},
        "body": b"",
        "request_id": "r-1",
        "base_url": "http://127.0.0.1:4566",
        "source_ip": "127.0.0.1",
    }
    return Request(caller=Caller(scope or Scope(account, REGION), "AKIA", who=who), **(given | members))


class Stage:
    """Functions, identities, and the gate."""

    def __init__(self, *, enforce: bool = False) -> None:
        self.catalogue = FakeCatalogue()
        self.identities = FakeGrants()
        self.clock = FakeClock()
        self.logs = KeptLogs()
        network = Network((Vpc("vpc-1", ("subnet-1",), ("sg-1",)),))
        self.made: Authorization = authorization(
            self.identities,
            self.identities,
            self.catalogue,
            network,
            self.logs,
            self.clock,
            enforce=enforce,
        )

    async def add(self, name: str = "orders", account: str = ACCOUNT, **tags: str) -> None:
        version = replace(version_of(), scope=Scope(account, REGION), name=name)
        assert await self.catalogue.create(version, tags)

    async def attach(self, *statements: Any, name: str = "orders", account: str = ACCOUNT) -> None:
        """Give a function a policy; none takes it away."""
        place = Place(Scope(account, REGION), name, LATEST)
        value = AttachedPolicy(document(*statements)) if statements else None
        await self.catalogue.resources.change(FUNCTION_POLICIES, place, lambda _: value)

    async def ask(
        self, who: Who | None, operation: str = "Invoke", request: Request | None = None, **params: Any
    ) -> Request:
        params.setdefault("FunctionName", "orders")
        return await self.made.gate(operation, params, request or request_of(who))

    async def refusal(self, who: Who | None, operation: str = "Invoke", **params: Any) -> str | None:
        """What a caller is told; None when they are let through."""
        try:
            await self.ask(who, operation, **params)
        except Exception as error:  # noqa: BLE001 - the words are what tests are about
            return str(error)
        return None

    async def may(self, who: Who | None, operation: str = "Invoke", **params: Any) -> bool:
        return await self.refusal(who, operation, **params) is None
