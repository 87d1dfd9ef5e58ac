"""The books: what is measured is handed on once, whatever happens meanwhile."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest
from measured import ARN, AT_MS, lane, provided, ran, target, told

from lambdad.domain.function import FunctionVersion
from lambdad.domain.measured import Measured, Peaks, ProvidedPeak
from lambdad.domain.metric import Datum
from lambdad.domain.platform_events import PROVISIONED
from lambdad.domain.platform_log import RestoreTimes
from lambdad.domain.usage import Amounts, UsageKey, summed
from lambdad.ports.measures import Told
from lambdad.telemetry.embedded_metrics.watching_sink import Waiting
from lambdad.telemetry.measured_books import Books, Sinks
from tests.fakes.moments import FakeClock
from tests.fakes.worker import version_of

KEY = UsageKey("000000000000", "us-east-1", "hello", "$LATEST", "x86_64", 128, "2026-11-27")
pytestmark = pytest.mark.asyncio


class Desk:
    """Books with everything around them."""

    def __init__(self, most: int = 1_000) -> None:
        self.clock = FakeClock(AT_MS / 1000 + 3_600)
        self.told = Told()
        self.books = Books(self.told, self.clock, self.clock.monotonic(), most)
        self.peaks = Peaks()
        self.kept: list[FunctionVersion] = []
        self.printed: list[Waiting] = []
        self.data: list[Datum] = []
        self.used: dict[UsageKey, Amounts] = {}
        self.looks = 0

    async def look(self, after_s: float = 0.0, *, put: bool = True) -> None:
        self.clock.now_s += after_s
        await self.books.look(
            Sinks(self._peaks, lambda: self.kept, lambda: self.printed, self._put, self._use),
            put=put,
        )

    async def _peaks(self) -> Peaks:
        return self.peaks

    def _put(self, data: Sequence[Datum]) -> None:
        self.looks += 1
        self.data += data

    def _use(self, usages: Sequence[tuple[UsageKey, Amounts]]) -> None:
        self.used = summed([*self.used.items(), *usages])


@pytest.fixture
def desks() -> Iterator[list[Desk]]:
    made: list[Desk] = []
    yield made
    for desk in made:
        desk.books.close()


@pytest.fixture
async def desk(desks: list[Desk]) -> Desk:
    desks.append(Desk())
    return desks[0]


async def test_what_is_measured_is_metrics_and_usage_once(desk: Desk) -> None:
    for _ in range(700):
        desk.told.measures.ran(ran(target()))
    desk.told.measures.noted((Measured.THROTTLES, lane(), "$LATEST", AT_MS, 1.0))
    await desk.look()
    await desk.look()
    assert told(desk.data, "Invocations")["hello"] == {1: 700}
    assert told(desk.data, "Throttles")["hello"] == {0: 700, 1: 1}
    assert desk.used == {KEY: Amounts(requests=700, billed_ms=1400)}


async def test_where_nothing_was_measured_nothing_is_handed_on(desk: Desk) -> None:
    await desk.look()
    assert (desk.looks, desk.used) == (0, {})


async def test_when_nobody_looks_the_oldest_are_lost_and_counted(desks: list[Desk]) -> None:
    desk = Desk(most=10)
    desks.append(desk)
    for took in range(15):
        desk.told.measures.ran(ran(target(), took_ms=float(took)))
    await desk.look()
    assert desk.books.lost == 5
    assert sorted(told(desk.data, "Duration")["hello"]) == [float(took) for took in range(5, 15)]


async def test_usage_is_that_of_the_day_on_which_the_function_was_invoked(desk: Desk) -> None:
    desk.told.measures.ran(ran(target(), at_ms=AT_MS - 1))
    await desk.look()
    assert [key.day for key in desk.used] == ["2026-11-26"]


async def test_everything_that_is_charged_for_is_metered(desk: Desk) -> None:
    large = target(ephemeral_mib=1_024, memory_mib=256)
    key = KEY._replace(memory_mib=256)
    for kind, restore, streamed in (
        ("on-demand", None, 0),
        (PROVISIONED, None, 6 * 1024 * 1024 + 7),
        ("snap-start", RestoreTimes(80.0, 5), 100),
    ):
        desk.told.measures.ran(ran(large, billed_ms=10, kind=kind, restore=restore, streamed=streamed))
    await desk.look()
    assert desk.used[key] == Amounts(
        requests=3,
        billed_ms=25,
        provisioned_ms=10,
        storage_mib_ms=512 * 35,
        streamed_bytes=7,
        restores=1,
    )


async def test_aliases_use_what_their_version_uses(desk: Desk) -> None:
    desk.told.measures.ran(ran(target("live", version="3")))
    desk.told.measures.ran(ran(target("3", version="3")))
    await desk.look()
    assert desk.used == {KEY._replace(version="3"): Amounts(requests=2, billed_ms=4)}
    assert ARN not in desk.used


async def test_provisioned_concurrency_is_metered_while_it_is_there_in_steps_of_five_minutes(
    desk: Desk,
) -> None:
    key = KEY._replace(version="1")
    desk.peaks = Peaks(provided=(ProvidedPeak(*provided(3, 0)),))
    for _ in range(100):
        await desk.look(after_s=1.0)
    assert desk.used[key] == Amounts(allocated_ms=3 * 100_000)
    desk.peaks = Peaks()
    await desk.look(after_s=0.5)
    assert desk.used[key] == Amounts(allocated_ms=3 * 300_000)
    await desk.look(after_s=1.0)
    assert desk.used[key] == Amounts(allocated_ms=3 * 300_000)


async def test_kept_snapshots_are_metered_by_time(desk: Desk) -> None:
    desk.kept = [version_of("hello", version="2", memory_mib=512)]
    await desk.look(after_s=2.0)
    assert desk.used == {KEY._replace(version="2", memory_mib=512): Amounts(cached_ms=2_000)}


async def test_metrics_gather_for_ten_seconds_and_usage_does_not(desk: Desk) -> None:
    for _ in range(9):
        desk.told.measures.ran(ran(target()))
        await desk.look(after_s=1.0, put=False)
    assert (desk.data, desk.used[KEY].requests) == ([], 9)
    await desk.look(after_s=1.0, put=False)
    assert told(desk.data, "Invocations")["hello"] == {1: 9}
    await desk.look(after_s=10.0, put=False)
    assert told(desk.data, "Invocations")["hello"] == {1: 9}
