"""Provisioned concurrency as calls feel it: environments and leases of one version."""

from __future__ import annotations

from lambdad.assignment.pools import Pools
from lambdad.counting.ledger import Ledger
from lambdad.domain.errors import Throttled
from lambdad.domain.function import FunctionVersion
from lambdad.domain.invocation import Invocation
from lambdad.domain.platform_events import ON_DEMAND, PROVISIONED
from lambdad.domain.provisioned import Allocation, ProvisionedStatus
from lambdad.domain.scope import Scope
from lambdad.frontend.invoke import Frontend
from lambdad.frontend.provisioning import Provisioning
from lambdad.placement.capacity import Placement
from tests.fakes.environments import FakeWorker
from tests.fakes.worker import FakeClock, version_of

VERSION = version_of(version="1")


class Scene:
    """A frontend whose account may run three at once."""

    def __init__(self) -> None:
        clock = FakeClock()
        self.worker = FakeWorker(clock)
        pools, ledger = Pools(Placement(self.worker, 20), clock, idle_s=100), Ledger(3)
        self.provisioning = Provisioning(pools, ledger)
        self.frontend = Frontend(self._resolve, pools, ledger, clock)
        self.done: list[Invocation] = []

    @staticmethod
    async def _resolve(scope: Scope, name: str, qualifier: str | None) -> FunctionVersion:
        return version_of(name, version=qualifier or "$LATEST")

    async def call(self, name: str = "hello", qualifier: str | None = "1") -> None:
        key = (Scope(), name, qualifier)
        route = self.frontend.cached(key) or await self.frontend.route(key)
        self.frontend.start(route, f"id-{len(self.done)}", b"{}", self.done.append)

    def come_up(self) -> None:
        for one in self.worker.made:
            if one.idle_since == 0.0 and not one.gone:
                one.ready()

    @property
    def running(self) -> list[str]:
        return [one.initialization_type for one in self.worker.made if one.current is not None]

    @property
    def throttled(self) -> int:
        return sum(isinstance(one.error, Throttled) for one in self.done)


async def test_a_function_called_before_uses_what_is_kept_from_the_put_on() -> None:
    scene = Scene()
    await scene.call()
    scene.come_up()
    scene.worker.made[0].finish()
    scene.provisioning.provide(VERSION, 1)
    scene.come_up()
    await scene.call()
    assert scene.running == [PROVISIONED]


async def test_withdrawn_the_next_call_is_on_demand() -> None:
    scene = Scene()
    scene.provisioning.provide(VERSION, 1)
    scene.come_up()
    await scene.call()
    scene.worker.made[0].finish()
    scene.provisioning.withdraw(Scope(), "hello")
    assert scene.provisioning.allocation(Scope(), "hello", "1") is None
    await scene.call()
    scene.come_up()
    assert scene.running == [ON_DEMAND]


async def test_others_cannot_take_the_concurrency_that_is_provisioned() -> None:
    scene = Scene()
    scene.provisioning.provide(VERSION, 2)
    scene.come_up()
    await scene.call("other", None)
    await scene.call("other", None)
    assert scene.throttled == 1
    await scene.call()
    await scene.call()
    assert scene.throttled == 1
    await scene.call()
    assert scene.throttled == 2


async def test_an_event_that_outlives_the_withdrawal_gives_its_lease_back() -> None:
    scene = Scene()
    scene.provisioning.provide(VERSION, 1)
    scene.come_up()
    await scene.call()
    scene.provisioning.withdraw(Scope(), "hello", "1")
    scene.worker.made[0].finish()
    for _ in range(3):
        await scene.call("other", None)
    assert scene.throttled == 0


async def test_it_says_how_far_it_has_come() -> None:
    scene = Scene()
    scene.provisioning.provide(VERSION, 1)
    found = scene.provisioning.allocation(Scope(), "hello", "1")
    assert found == Allocation(ProvisionedStatus.IN_PROGRESS, 0)
    scene.come_up()
    found = scene.provisioning.allocation(Scope(), "hello", "1")
    assert found == Allocation(ProvisionedStatus.READY, 1)
    scene.provisioning.withdraw(Scope(), "hello", "2")
    assert scene.provisioning.allocation(Scope(), "hello", "1") == found
