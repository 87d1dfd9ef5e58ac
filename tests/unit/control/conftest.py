"""A control plane on fakes, asked as the wire would ask it."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from lambdad.control.plane import ControlPlane
from lambdad.domain.event_sources import SourceKind
from lambdad.domain.http import Caller, Request
from lambdad.domain.network import Network, Vpc
from lambdad.domain.scope import Scope
from lambdad.sources.manager import NOT_POLLED
from tests.fakes.catalogue import FakeCatalogue
from tests.fakes.codes import FakeCodes
from tests.fakes.moments import FakeClock, HeldSleep
from tests.fakes.objects import FakeObjects
from tests.fakes.provisioned import FakeProvisioner
from tests.fakes.reservations import FakeReservations
from tests.fakes.snapshots import FakeSnapshots
from tests.fakes.sources import FakeSources

SECRET = b"secret of the locations"
HERE = Scope("111111111111", "eu-central-1")
NETWORK = Network((Vpc("vpc-1", ("subnet-1",), ("sg-1",)),))
ACCESS_POINT = "arn:aws:elasticfilesystem:eu-central-1:111111111111:access-point/fsap-0123456789abcdef0"
BASE_URL = "http://localhost:4566"


class Control:
    """The plane, its fakes, and `ask`."""

    def __init__(self, catalogue: FakeCatalogue | None = None, **given: Any) -> None:
        self.catalogue = catalogue or FakeCatalogue()
        self.codes, self.objects = FakeCodes(), FakeObjects()
        self.clock, self.sleep = FakeClock(), HeldSleep()
        self.changes: list[tuple[Scope, str]] = []
        self.reroutes: list[tuple[Scope, str]] = []
        self.loops: list[tuple[Scope, str, bool]] = []
        ids = itertools.count(1)
        self.provisioner = FakeProvisioner()
        self.reservations = FakeReservations()
        self.snapshots = FakeSnapshots()
        self.resolving = {"localhost"}
        self.sources = FakeSources(dict.fromkeys(SourceKind, NOT_POLLED))
        self.plane = ControlPlane(
            self.catalogue,
            self.codes,
            self.clock,
            objects=self.objects,
            provisioner=self.provisioner,
            reservations=self.reservations,
            snapshots=self.snapshots,
            sources=self.sources,
            resolves=self._resolves,
            location_secret=SECRET,
            on_change=[lambda scope, name: self.changes.append((scope, name))],
            on_reroute=[lambda scope, name: self.reroutes.append((scope, name))],
            on_loops=[lambda *told: self.loops.append(told)],
            new_id=lambda: f"r{next(ids)}",
            settle_delay_s=0.5,
            network=NETWORK,
            access_points=frozenset({ACCESS_POINT, ACCESS_POINT.replace("111111111111", "222222222222")}),
            sleep=self.sleep,
            **given,
        )

    async def _resolves(self, domain: str) -> bool:
        return domain in self.resolving

    async def ask(self, operation: str, scope: Scope = HERE, **params: Any) -> dict[str, Any]:
        request = Request("POST", "/", (), {}, b"", Caller(scope), "request-1", BASE_URL)
        answer = await self.plane.operations[operation](params, request)
        return {name: value for name, value in answer.items() if value is not None}

    async def create(self, name: str = "fn", *, settle: bool = True, **given: Any) -> dict[str, Any]:
        members: dict[str, Any] = {
            "Runtime": "python3.12",
            "Handler": "index.handler",
            "Role": "arn:aws:iam::111111111111:role/r",
            "Code": {"ZipFile": b"PK one"},
        }
        made = await self.ask("CreateFunction", **({"FunctionName": name} | members | given))
        if settle:
            await self.settle()
        return made

    async def settle(self) -> None:
        await self.sleep.release()
        await self.plane.settle_now()


@pytest_asyncio.fixture
async def control() -> AsyncIterator[Control]:
    made = Control()
    yield made
    await made.plane.close()


@pytest.fixture
def controls() -> type[Control]:
    """For tests that make their own, and close it."""
    return Control
