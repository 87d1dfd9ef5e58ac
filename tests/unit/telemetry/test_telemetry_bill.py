"""The bill: AWS's arithmetic, tiers and free tier, and that lines are the total."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdad.domain.errors import InvalidParameter
from lambdad.domain.usage import Amounts, Usage, UsageKey
from lambdad.telemetry.billing.answer import answer
from lambdad.telemetry.billing.bill import Charge, bill, tiered
from lambdad.telemetry.billing.prices import OURS, PricesUnreadable, Step, read_prices

PRICES = read_prices()
GIB_S_MS = 1000


def key(function: str = "hello", **changes: object) -> UsageKey:
    return UsageKey("1" * 12, "us-east-1", function, "$LATEST", "x86_64", 1024, "2026-11-27")._replace(
        **changes  # type: ignore[arg-type]
    )


def cost(amounts: Amounts, of: UsageKey | None = None) -> float:
    return float(bill([(of or key(), amounts)], PRICES, lambda _: ()).total)


def test_the_example_of_the_pricing_page_costs_what_it_says_there() -> None:
    # 3 million requests of 120 ms at 1,536 MB: $9.00 … less the free tier: $2.33 + $0.40 = $2.73
    used = [(key(memory_mib=1536), Amounts(requests=3_000_000, billed_ms=3_000_000 * 120))]
    found = bill(used, PRICES, lambda _: ())
    assert float(found.items[Charge.DURATION].quantity) == 540_000
    assert float(found.due) == pytest.approx(2.33 + 0.40, abs=0.005)


@pytest.mark.parametrize(
    ("amounts", "changes", "dollars"),
    [
        (Amounts(requests=1_000_000), {}, 0.20),
        (Amounts(billed_ms=GIB_S_MS), {}, 0.0000166667),
        (Amounts(billed_ms=GIB_S_MS), {"architecture": "arm64"}, 0.0000133334),
        (Amounts(billed_ms=GIB_S_MS), {"memory_mib": 128}, 0.0000166667 / 8),
        (Amounts(allocated_ms=GIB_S_MS), {}, 0.0000041667),
        (Amounts(allocated_ms=GIB_S_MS), {"architecture": "arm64"}, 0.0000033334),
        (Amounts(provisioned_ms=GIB_S_MS), {}, 0.0000097222),
        (Amounts(provisioned_ms=GIB_S_MS), {"architecture": "arm64"}, 0.0000077778),
        (Amounts(storage_mib_ms=1024 * 1000), {}, 0.0000000309),
        (Amounts(streamed_bytes=2**30), {}, 0.008),
        (Amounts(cached_ms=GIB_S_MS), {"memory_mib": 2048}, 2 * 0.0000015046),
        (Amounts(restores=2), {"memory_mib": 512}, 0.0001397998),
        (Amounts(), {}, 0.0),
    ],
)
def test_everything_has_its_price(amounts: Amounts, changes: dict[str, object], dollars: float) -> None:
    assert cost(amounts, key(**changes)) == pytest.approx(dollars, rel=1e-12)


def test_prices_fall_with_the_quantity_of_a_month_region_and_architecture() -> None:
    steps = (Step(Fraction(3), Fraction(10)), Step(Fraction(2), Fraction(15)), Step(Fraction(1)))
    assert [tiered(Fraction(n), steps) for n in (0, 4, 10, 12, 15, 20)] == [0, 12, 30, 34, 40, 45]
    most = Amounts(billed_ms=6_000_000_000 * GIB_S_MS)
    together = bill([(key("a"), most), (key("b"), most)], PRICES, lambda of: (of.function,))
    assert [float(line.cost) for line in together.lines] == [pytest.approx(95_000.1)] * 2
    apart = bill([(key("a"), most), (key("b", day="2026-12-01"), most)], PRICES, lambda _: ())
    assert float(apart.total) == pytest.approx(200_000.4)


def test_the_free_tier_is_that_of_each_account_and_month_and_of_nothing_provisioned() -> None:
    used = Amounts(requests=1_500_000, billed_ms=400_000 * GIB_S_MS, provisioned_ms=GIB_S_MS)
    one = bill([(key(), used)], PRICES, lambda _: ())
    assert float(one.free) == pytest.approx(0.20 + 400_000 * 0.0000166667)
    assert float(one.due) == pytest.approx(0.10 + 0.0000097222)
    two = bill([(key(), used), (key(day="2026-12-31"), used)], PRICES, lambda _: ())
    assert two.free == 2 * one.free
    assert bill([(key(), Amounts(requests=9))], PRICES, lambda _: ()).due == 0


USAGES = st.lists(
    st.tuples(
        st.builds(
            key,
            st.sampled_from(["a", "b", "c"]),
            version=st.sampled_from(["$LATEST", "1"]),
            account=st.sampled_from(["1" * 12, "2" * 12]),
            region=st.sampled_from(["us-east-1", "eu-west-1"]),
            architecture=st.sampled_from(["x86_64", "arm64"]),
            memory_mib=st.integers(128, 10_240),
            day=st.sampled_from(["2026-10-31", "2026-11-01", "2026-11-27"]),
        ),
        st.builds(Amounts, *(st.integers(0, 10**14) for _ in Amounts._fields)),
    ),
    max_size=12,
)


@given(USAGES)
def test_lines_are_the_total_however_they_are_grouped(usages: list[Usage]) -> None:
    totals = set()
    for group in (
        lambda _: (),
        lambda of: (of.function,),
        lambda of: (of.region, of.function, of.version),
        lambda of: (of.day,),
    ):
        found = bill(usages, PRICES, group)
        assert sum(line.cost for line in found.lines) == found.total
        assert 0 <= found.free <= found.total
        assert [line.cost for line in found.lines] == sorted(
            (line.cost for line in found.lines), reverse=True
        )
        totals.add((found.total, found.free))
    assert len(totals) == 1


@given(USAGES)
def test_the_order_of_usage_does_not_matter(usages: list[Usage]) -> None:
    assert bill(usages, PRICES, lambda of: (of.day,)) == bill(usages[::-1], PRICES, lambda of: (of.day,))


def test_lines_can_be_about_tags_of_functions() -> None:
    used = [
        (key("a"), Amounts(requests=10)),
        (key("b"), Amounts(requests=5)),
        (key("c"), Amounts(requests=1)),
    ]
    tags = {("us-east-1", "a"): "red", ("us-east-1", "c"): "red"}
    found = answer(used, None, "tag:team", tags)
    assert isinstance(found["lines"], list)
    assert [(line["tag"], line["requests"]) for line in found["lines"]] == [("red", 11), ("", 5)]


def test_lines_cannot_be_about_anything() -> None:
    with pytest.raises(InvalidParameter, match="by must be function, version, day, function-day or tag:KEY"):
        answer([], None, "colour", None)


def test_lines_may_be_of_each_function_on_each_day() -> None:
    million = Amounts(requests=1_000_000)
    usages = [(key(day=day), million) for day in ("2026-11-01", "2026-11-02")]
    found = answer(usages, None, "function-day", None)
    about = [(line["day"], line["function"], line["cost"]) for line in found["lines"]]  # type: ignore[attr-defined]
    assert sorted(about) == [("2026-11-01", "hello", 0.2), ("2026-11-02", "hello", 0.2)]


def test_another_list_has_other_prices(tmp_path: Path) -> None:
    mine = tmp_path / "prices.toml"
    text = OURS.read_text().replace("requests_per_million = 0.20", "requests_per_million = 1")
    mine.write_text(text.replace('currency = "USD"', 'currency = "EUR"'))
    found = answer([(key(), Amounts(requests=1_000_000))], mine, "day", None)
    assert (found["currency"], found["total"], found["due"]) == ("EUR", 1.0, 0.0)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (
            ("requests_per_million = 0.20", "requests_per_million = -1"),
            "requests_per_million must be a number",
        ),
        (("price = 0.0000150000", 'price = "free"'), "duration.x86_64.price must be a number"),
        (("up_to_gb_s = 15_000_000_000", "up_to_gb_s = 1"), "the bounds of duration.x86_64. do not rise"),
        (("gb = 0.008", ""), "streaming.gb must be a number"),
        (("[storage]", "[stowage]"), "storage must be a table"),
        (("[[duration.arm64]]", "[duration.arm64]"), "price list"),
        (('name = "', "name = 1 #"), "name must be a text"),
        (("[storage]", "storage"), "price list"),
    ],
)
def test_a_list_that_is_wrong_says_where(tmp_path: Path, change: tuple[str, str], says: str) -> None:
    mine = tmp_path / "prices.toml"
    mine.write_text(OURS.read_text().replace(*change))
    with pytest.raises(PricesUnreadable, match=says) as error:
        read_prices(mine)
    assert str(mine) in str(error.value)


def test_a_list_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(PricesUnreadable, match="No such file"):
        read_prices(tmp_path / "nowhere.toml")
