"""What provisioned concurrency does in every catalogue; part of `CatalogueContract`."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from layer_contract import HERE

from lambdad.domain.alias import ALIASES, Alias
from lambdad.domain.provisioned import ProvisionedConfig
from lambdad.domain.resource import Place
from lambdad.domain.scope import Scope
from lambdad.ports.catalogue_store import CatalogueStore
from tests.fakes.worker import version_of

THERE = Scope(region="eu-central-1")


def config(name: str = "f", qualifier: str = "1", requested: int = 3, **changes: Any) -> ProvisionedConfig:
    made = ProvisionedConfig(HERE, name, qualifier, requested, "2026-11-23T03:05:20.123+0000")
    return replace(made, **changes)


async def function_with(
    catalogue: CatalogueStore, *numbers: str, name: str = "f", scope: Scope = HERE
) -> None:
    assert await catalogue.create(version_of(name, scope=scope), {})
    for number in numbers:
        assert await catalogue.publish(version_of(name, scope=scope, version=number))


async def alias(catalogue: CatalogueStore, name: str, version: str | None, function: str = "f") -> None:
    """Have an alias point at a version, or at nothing any more."""
    made = None if version is None else Alias(name, version, "", "r1")
    await catalogue.resources.change(ALIASES, Place(HERE, function, name), lambda _: made)


class ProvisionedContract:
    async def test_a_configuration_comes_back_as_it_was_written_last(self, catalogue: CatalogueStore) -> None:
        await function_with(catalogue, "1")
        store = catalogue.provisioned
        assert await store.read(HERE, "f", "1") is None
        assert await store.write(config())
        assert await store.read(HERE, "f", "1") == config()
        assert await store.write(config(requested=7, last_modified="later"))
        assert await store.read(HERE, "f", "1") == config(requested=7, last_modified="later")

    @pytest.mark.parametrize("number", ["$LATEST", "2", "01", "x", "9" * 30])
    async def test_only_published_versions_and_aliases_have_one(
        self, catalogue: CatalogueStore, number: str
    ) -> None:
        store = catalogue.provisioned
        assert not await store.write(config(qualifier=number))
        await function_with(catalogue, "1")
        assert not await store.write(config(qualifier=number))
        assert await store.read(HERE, "f", number) is None
        assert not await store.delete(HERE, "f", number)
        assert await store.everywhere() == []

    async def test_a_deleted_one_is_gone_and_can_be_written_again(self, catalogue: CatalogueStore) -> None:
        await function_with(catalogue, "1", "2")
        store = catalogue.provisioned
        await store.write(config())
        await store.write(config(qualifier="2"))
        assert await store.delete(HERE, "f", "1")
        assert not await store.delete(HERE, "f", "1")
        assert await store.everywhere() == [config(qualifier="2")]
        assert await store.write(config())

    async def test_it_goes_with_its_version(self, catalogue: CatalogueStore) -> None:
        await function_with(catalogue, "1", "2")
        store = catalogue.provisioned
        await store.write(config())
        await store.write(config(qualifier="2"))
        await catalogue.delete_version(HERE, "f", "1")
        assert await store.everywhere() == [config(qualifier="2")]

    async def test_it_goes_with_its_function_and_does_not_come_back_with_another(
        self, catalogue: CatalogueStore
    ) -> None:
        await function_with(catalogue, "1")
        await catalogue.provisioned.write(config())
        await catalogue.delete_function(HERE, "f")
        await function_with(catalogue, "1")
        assert await catalogue.provisioned.read(HERE, "f", "1") is None
        assert await catalogue.provisioned.totals(HERE) == {}

    async def test_an_aliass_goes_with_the_alias_and_only_then(self, catalogue: CatalogueStore) -> None:
        await function_with(catalogue, "1", "2")
        await function_with(catalogue, "1", name="g")
        store = catalogue.provisioned
        assert not await store.write(config(qualifier="live"))
        for name, function in (("live", "f"), ("beta", "f"), ("live", "g")):
            await alias(catalogue, name, "1", function)
            assert await store.write(config(function, name))
        await alias(catalogue, "live", "2")
        assert await store.read(HERE, "f", "live") == config(qualifier="live")
        await alias(catalogue, "live", None)
        assert await store.everywhere() == [config(qualifier="beta"), config("g", "live")]
        await alias(catalogue, "live", "1")
        assert await store.read(HERE, "f", "live") is None
        await catalogue.delete_function(HERE, "f")
        assert await store.everywhere() == [config("g", "live")]

    async def test_it_stays_when_its_version_settles(self, catalogue: CatalogueStore) -> None:
        await function_with(catalogue, "1")
        await catalogue.provisioned.write(config())
        assert await catalogue.replace(version_of("f", version="1", revision_id="r2"), expected_revision="r1")
        assert await catalogue.provisioned.read(HERE, "f", "1") == config()

    async def test_those_of_a_function_are_listed_as_numbers(self, catalogue: CatalogueStore) -> None:
        await function_with(catalogue, "1", "2", "9", "10")
        await function_with(catalogue, "1", name="g")
        store = catalogue.provisioned
        for number in ("10", "9", "1"):
            await store.write(config(qualifier=number))
        await store.write(config(name="g"))
        found = await store.list_of(HERE, "f", after=None, limit=50)
        assert [one.qualifier for one in found] == ["1", "9", "10"]
        rest = await store.list_of(HERE, "f", after="1", limit=1)
        assert [one.qualifier for one in rest] == ["9"]
        assert await store.list_of(THERE, "f", after=None, limit=50) == []

    async def test_those_of_aliases_follow_by_name(self, catalogue: CatalogueStore) -> None:
        await function_with(catalogue, "1", "10")
        store = catalogue.provisioned
        for name in ("live", "2026-11-26", "beta"):
            await alias(catalogue, name, "1")
            await store.write(config(qualifier=name))
        await store.write(config(qualifier="10"))
        everything = ["10", "2026-11-26", "beta", "live"]
        for place, after in enumerate([None, *everything]):
            found = await store.list_of(HERE, "f", after=after, limit=2)
            assert [one.qualifier for one in found] == everything[place : place + 2]

    async def test_totals_are_of_one_scope_and_can_leave_one_out(self, catalogue: CatalogueStore) -> None:
        store = catalogue.provisioned
        assert await store.totals(HERE) == {}
        await function_with(catalogue, "1", "2")
        await function_with(catalogue, "1", name="g")
        await store.write(config(name="g", requested=1))
        await function_with(catalogue, "1", scope=THERE)
        await store.write(config(requested=3))
        await store.write(config(qualifier="2", requested=4))
        await store.write(config(scope=THERE, requested=50))
        assert await store.totals(HERE) == {"f": 7, "g": 1}
        assert await store.totals(HERE, but=("f", "2")) == {"f": 3, "g": 1}
        assert await store.totals(HERE, but=("f", "3")) == {"f": 7, "g": 1}
        assert await store.totals(HERE, but=("g", "1")) == {"f": 7}
        assert await store.totals(THERE) == {"f": 50}
        assert len(await store.everywhere()) == 4
