"""Bursts and full hosts as invocations feel them: in turn, within memory, and refused last."""

from __future__ import annotations

from lambdad.assignment.pools import Pools
from lambdad.domain.errors import Throttled
from lambdad.domain.invocation import Invocation, Target
from lambdad.domain.limits import MEMORY_FRESH_S, MIB, ROOM_WAIT_S, START_TURN_S
from lambdad.placement.capacity import Placement
from tests.fakes.environments import FakeEnvironment, FakeWorker
from tests.fakes.worker import FakeClock, version_of


class Worker(FakeWorker):
    """Its environments hold what they held until the test says that they are removed."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.made: list[FakeEnvironment] = []
        self.removed = 0

    @property
    def leaving(self) -> int:  # type: ignore[override]
        return sum(one.gone for one in self.made) - self.removed


class Memory:
    """Every environment of the worker that is not gone uses so much, and so does each that is leaving."""

    def __init__(self, worker: Worker, each_mib: int) -> None:
        self.worker = worker
        self.each_mib = each_mib
        self.reads = 0

    def used_bytes(self) -> int | None:
        self.reads += 1
        return (len(self.worker.made) - self.worker.removed) * self.each_mib * MIB


class Scene:
    def __init__(
        self, *, most: int = 3_000, starting: int = 2_000, ceiling_mib: int | None = None, each_mib: int = 20
    ) -> None:
        self.clock = FakeClock()
        self.worker = Worker(self.clock)
        self.memory = Memory(self.worker, each_mib)
        ceiling = None if ceiling_mib is None else ceiling_mib * MIB
        placement = Placement(self.worker, most, self.memory, ceiling)
        self.pools = Pools(placement, self.clock, 100, starting, lambda *_: None)
        self.settled: list[Invocation] = []

    def call(self, name: str = "hello", times: int = 1, tenant: str | None = None) -> None:
        for _ in range(times):
            target = Target(version_of(name), "arn", tenant)
            invocation = Invocation(target, "id", b"", "", self.settled.append)
            self.pools.pool(version_of(name), tenant).assign(invocation)

    @property
    def starting(self) -> list[FakeEnvironment]:
        return [one for one in self.worker.made if not one.gone and one.idle_since == 0.0]

    @property
    def throttled(self) -> list[str]:
        return [one.error.reason for one in self.settled if isinstance(one.error, Throttled)]

    def come_up(self) -> None:
        while self.starting:
            self.starting[0].ready()

    def serve(self, name: str) -> FakeEnvironment:
        """One call, answered; the environment is idle from now on."""
        self.clock.time += 1
        self.call(name)
        self.come_up()
        made = self.worker.made[-1]
        made.finish()
        self.clock.time += 1
        return made

    def removed(self) -> None:
        """What ended ones held is free now."""
        self.worker.removed += self.worker.leaving
        self.pools.removed()


def test_a_burst_comes_up_a_few_at_a_time() -> None:
    scene = Scene(starting=3)
    scene.call(times=10)
    assert len(scene.starting) == 3
    scene.starting[0].ready()
    assert len(scene.starting) == 3
    assert len(scene.worker.made) == 4


def test_a_burst_of_short_calls_needs_few_environments() -> None:
    scene = Scene(starting=2)
    scene.call(times=200)
    for one in list(scene.starting):
        one.ready()
    busy = scene.worker.made[0]
    while busy.current is not None:
        busy.finish()
    assert len(scene.settled) == 199
    assert len(scene.worker.made) <= 4


def test_a_single_start_does_not_wait_behind_a_burst() -> None:
    scene = Scene(starting=1)
    scene.call("burst", 200)
    scene.call("single")
    for _ in range(3):
        scene.starting[0].ready()
    names = [one.current.target.version.name for one in scene.worker.made if one.current]
    assert names == ["burst", "burst", "single"]


def test_inits_that_take_long_do_not_keep_others_from_starting() -> None:
    scene = Scene(starting=1)
    scene.call("slow")
    scene.call("other")
    assert len(scene.starting) == 1
    scene.clock.time += START_TURN_S
    scene.pools.look()
    assert len(scene.starting) == 2


def test_over_a_thousand_in_ten_seconds_a_function_is_throttled_and_others_are_not() -> None:
    scene = Scene()
    scene.call(times=1_001)
    assert len(scene.starting) == 1_000
    assert scene.throttled == ["ConcurrentInvocationLimitExceeded"]
    scene.call("other")
    assert len(scene.throttled) == 1
    scene.clock.time += 0.01
    scene.call()
    assert len(scene.throttled) == 1


def test_when_memory_runs_out_the_longest_unused_of_others_go_and_who_waits_is_served() -> None:
    scene = Scene(ceiling_mib=100)
    oldest, younger, youngest = (scene.serve(name) for name in ("a", "b", "c"))
    scene.call("d")
    assert (oldest.gone, younger.gone, youngest.gone) == (True, False, False)
    assert scene.starting == [], "what it held is not free yet"
    scene.removed()
    scene.come_up()
    assert scene.worker.made[-1].current is not None
    assert scene.throttled == []


def test_while_ended_ones_are_being_removed_nobody_else_is_ended() -> None:
    scene = Scene(ceiling_mib=100)
    kept = [scene.serve(name) for name in ("a", "b", "c")]
    scene.call("d")
    scene.call("e")
    assert [one.gone for one in kept] == [True, False, False]
    assert scene.starting == []
    scene.clock.time += 10 * ROOM_WAIT_S
    scene.pools.look()
    assert scene.throttled == [], "it is not refused while something is about to be free"
    scene.removed()
    assert len(scene.starting) == 1


def test_busy_environments_are_never_ended_and_who_waits_too_long_is_throttled() -> None:
    scene = Scene(ceiling_mib=100, each_mib=60)
    scene.call("busy")
    scene.come_up()
    scene.clock.time += 1
    scene.call("other")
    assert scene.throttled == []
    scene.clock.time += ROOM_WAIT_S
    scene.pools.look()
    assert scene.throttled == ["ConcurrentInvocationLimitExceeded"]
    assert scene.worker.made[0].current is not None


def test_who_waits_for_room_is_served_as_soon_as_another_functions_environment_is_idle() -> None:
    scene = Scene(most=1)
    scene.call("busy")
    scene.come_up()
    scene.call("other")
    scene.worker.made[0].finish()
    assert scene.worker.made[0].gone
    assert len(scene.starting) == 1


def test_idle_ones_that_grow_over_the_ceiling_are_ended_until_it_is_kept() -> None:
    scene = Scene(ceiling_mib=200)
    made = [scene.serve(name) for name in ("a", "b", "c", "d")]
    assert scene.pools.relieve() == 0
    scene.memory.each_mib = 65
    scene.clock.time += 1
    assert scene.pools.relieve() == 1
    assert [one.gone for one in made] == [True, False, False, False]
    scene.removed()
    assert scene.pools.relieve() == 0


def test_what_is_provisioned_is_not_ended_for_memory() -> None:
    scene = Scene(ceiling_mib=100)
    version = version_of("kept", version="1")
    scene.pools.provide(version, 2)
    scene.come_up()
    scene.memory.each_mib = 90
    scene.clock.time += 1
    assert scene.pools.relieve() == 0
    assert not any(one.gone for one in scene.worker.made)


def test_a_call_that_finds_an_idle_environment_reads_no_memory() -> None:
    scene = Scene(ceiling_mib=100)
    made = scene.serve("a")
    reads = scene.memory.reads
    for _ in range(5):
        scene.clock.time += 10 * MEMORY_FRESH_S
        scene.call("a")
        made.finish()
    assert scene.memory.reads == reads


def test_where_the_host_cannot_tell_a_size_is_assumed() -> None:
    clock = FakeClock()
    worker = FakeWorker(clock)
    pools = Pools(Placement(worker, 100, None, 32 * 4 * MIB), clock, 100)
    settled: list[Invocation] = []
    for number in range(4):
        version = version_of(f"f{number}")
        pools.pool(version).assign(Invocation(Target(version, "arn"), "id", b"", "", settled.append))
        clock.time += 1
        if worker.made[-1].idle_since == 0.0:
            worker.made[-1].ready()
            worker.made[-1].finish()
    assert [one.gone for one in worker.made] == [True, False, False, False]


def test_one_start_does_not_wait_behind_those_of_all_tenants_of_another_function() -> None:
    scene = Scene(starting=1)
    for number in range(20):
        scene.call("many", tenant=f"tenant {number}")
    scene.call("one")
    for _ in range(3):
        scene.starting[0].ready()
    served = [one.current.target.version.name for one in scene.worker.made if one.current is not None]
    assert served == ["many", "many", "one"]
