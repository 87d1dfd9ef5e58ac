"""What resources of every kind do in every catalogue; part of `CatalogueContract`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest
from layer_contract import HERE
from provisioned_contract import THERE, function_with

from lambdad.domain.alias import ALIASES, Alias
from lambdad.domain.errors import Conflict, InvalidParameter, NotFound, VersionInUse
from lambdad.domain.resource import ACCOUNT, Kind, Place, Stored
from lambdad.ports.catalogue_store import CatalogueStore
from tests.fakes.worker import version_of


@dataclass(frozen=True, slots=True)
class Thing:
    text: str
    number: int = 0
    points_at: tuple[str, ...] = ()


PLAIN = Kind("plain", Thing, found_by=lambda thing: thing.text or None)
OTHER = Kind("other", Thing)
POINTER = Kind("pointer", Thing, versions=lambda thing: thing.points_at, is_qualifier=True)
QUALIFIED = Kind("qualified", Thing, is_qualified=True)


def at(name: str, function: str = "f") -> Place:
    return Place(HERE, function, name)


def always(value: Thing | None) -> Callable[[Thing | None], Thing | None]:
    return lambda _: value


def counted(before: Thing | None) -> Thing:
    return Thing("counted") if before is None else replace(before, number=before.number + 1)


def noting(seen: list[str]) -> Callable[[Thing | None, str], Thing]:
    def decide(before: Thing | None, revision_id: str) -> Thing:
        seen.append(revision_id)
        return counted(before)

    return decide


def refuse(_: Thing | None) -> Thing:
    raise InvalidParameter("no")


class ResourceContract:
    async def test_a_resource_comes_back_as_it_was_decided_last(self, catalogue: CatalogueStore) -> None:
        await function_with(catalogue)
        store = catalogue.resources
        assert await store.read(PLAIN, at("a")) is None
        assert await store.change(PLAIN, at("a"), counted) == Thing("counted")
        assert await store.change(PLAIN, at("a"), counted) == Thing("counted", 1)
        assert await store.read(PLAIN, at("a")) == Thing("counted", 1)
        assert await store.read(OTHER, at("a")) is None
        assert await store.change(PLAIN, at("a"), always(None)) is None
        assert await store.read(PLAIN, at("a")) is None

    async def test_a_refusal_changes_nothing(self, catalogue: CatalogueStore) -> None:
        await function_with(catalogue)
        await catalogue.resources.change(PLAIN, at("a"), counted)
        with pytest.raises(InvalidParameter, match="no"):
            await catalogue.resources.change(PLAIN, at("a"), refuse)
        assert await catalogue.resources.read(PLAIN, at("a")) == Thing("counted")

    async def test_a_resource_needs_its_function(self, catalogue: CatalogueStore) -> None:
        with pytest.raises(NotFound, match=r"Function not found: arn:aws:lambda:[a-z0-9-]+:\d+:function:f$"):
            await catalogue.resources.change(PLAIN, at("a"), counted)
        assert await catalogue.resources.everywhere(PLAIN) == []

    async def test_a_resource_of_the_account_needs_none(self, catalogue: CatalogueStore) -> None:
        await catalogue.resources.change(PLAIN, at("a", ACCOUNT), counted)
        assert await catalogue.resources.read(PLAIN, at("a", ACCOUNT)) == Thing("counted")

    async def test_it_goes_with_its_function_and_does_not_come_back(self, catalogue: CatalogueStore) -> None:
        await function_with(catalogue)
        await function_with(catalogue, name="g")
        for place in (at("a"), at("a", "g"), at("a", ACCOUNT)):
            await catalogue.resources.change(PLAIN, place, counted)
        await catalogue.delete_function(HERE, "f")
        await function_with(catalogue)
        assert [one.place for one in await catalogue.resources.everywhere(PLAIN)] == [
            at("a", ACCOUNT),
            at("a", "g"),
        ]

    async def test_what_is_made_beside_a_function_is_there_with_it(self, catalogue: CatalogueStore) -> None:
        assert await catalogue.create(version_of("f"), {}, [(PLAIN, "a", Thing("x"))])
        assert await catalogue.resources.read(PLAIN, at("a")) == Thing("x")
        assert not await catalogue.create(version_of("f"), {}, [(PLAIN, "b", Thing("y"))])
        assert await catalogue.resources.read(PLAIN, at("b")) is None

    async def test_it_points_only_at_versions_that_are_there(self, catalogue: CatalogueStore) -> None:
        await function_with(catalogue, "1")
        store = catalogue.resources
        await store.change(POINTER, at("live"), always(Thing("x", points_at=("1", "$LATEST"))))
        with pytest.raises(NotFound, match=r"Function not found: .*:function:f:2$"):
            await store.change(POINTER, at("live"), always(Thing("y", points_at=("1", "2"))))
        assert await store.read(POINTER, at("live")) == Thing("x", points_at=("1", "$LATEST"))

    async def test_a_version_that_is_pointed_at_stays(self, catalogue: CatalogueStore) -> None:
        await function_with(catalogue, "1", "2")
        store = catalogue.resources
        await store.change(POINTER, at("live"), always(Thing("x", points_at=("1",))))
        await store.change(POINTER, at("beta"), always(Thing("x", points_at=("1", "2"))))
        with pytest.raises(VersionInUse) as refused:
            await catalogue.delete_version(HERE, "f", "1")
        assert refused.value.aliases == ["beta", "live"]
        assert isinstance(refused.value, Conflict)
        assert await catalogue.read(HERE, "f", "1") is not None
        await store.change(POINTER, at("live"), always(None))
        await store.change(POINTER, at("beta"), always(Thing("x", points_at=("2",))))
        assert await catalogue.delete_version(HERE, "f", "1")

    async def test_what_is_qualified_goes_with_its_version(self, catalogue: CatalogueStore) -> None:
        await function_with(catalogue, "1", "2")
        await function_with(catalogue, "1", name="g")
        for place in (at("1"), at("2"), at("$LATEST"), at("1", "g")):
            await catalogue.resources.change(QUALIFIED, place, counted)
            await catalogue.resources.change(PLAIN, place, counted)
        assert await catalogue.delete_version(HERE, "f", "1")
        left = [at("$LATEST"), at("2"), at("1", "g")]
        assert [one.place for one in await catalogue.resources.everywhere(QUALIFIED)] == left
        assert len(await catalogue.resources.everywhere(PLAIN)) == 4

    async def test_what_is_qualified_goes_with_its_alias(self, catalogue: CatalogueStore) -> None:
        await function_with(catalogue, "1")
        store = catalogue.resources
        await store.change(POINTER, at("live"), always(Thing("x", points_at=("1",))))
        for place in (at("live"), at("1")):
            await store.change(QUALIFIED, place, counted)
        await store.change(POINTER, at("live"), always(None))
        assert [one.place for one in await store.everywhere(QUALIFIED)] == [at("1")]

    async def test_a_change_that_revises_its_version_gives_it_the_revision_id(
        self, catalogue: CatalogueStore
    ) -> None:
        await function_with(catalogue, "1")
        store, before = catalogue.resources, await catalogue.read(HERE, "f", "1")
        assert before is not None
        seen: list[str] = []
        assert await store.change_revised(QUALIFIED, at("1"), noting(seen), "r2") == Thing("counted")
        assert await store.change_revised(QUALIFIED, at("1"), noting(seen), "r3") == Thing("counted", 1)
        assert seen == [before.revision_id, "r2"]
        assert await catalogue.read(HERE, "f", "1") == replace(before, revision_id="r3")
        assert await catalogue.replace(replace(before, revision_id="r4"), expected_revision="r3")
        latest = await catalogue.read(HERE, "f")
        assert latest is not None and latest.revision_id != "r3"

    async def test_a_change_that_revises_its_alias_gives_it_the_revision_id(
        self, catalogue: CatalogueStore
    ) -> None:
        await function_with(catalogue, "1")
        store, alias = catalogue.resources, Alias("live", "1", 'ünd " so', "r1", {"1": 0.1})
        seen: list[str] = []
        await store.change(ALIASES, at("live"), lambda _: alias)
        assert await store.change_revised(QUALIFIED, at("live"), noting(seen), "r2") == Thing("counted")
        assert seen == ["r1"]
        assert await store.read(ALIASES, at("live")) == replace(alias, revision_id="r2")

    async def test_a_refused_change_revises_nothing(self, catalogue: CatalogueStore) -> None:
        await function_with(catalogue)
        before = await catalogue.read(HERE, "f")
        with pytest.raises(InvalidParameter):
            await catalogue.resources.change_revised(
                QUALIFIED, at("$LATEST"), lambda there, _: refuse(there), "r2"
            )
        assert await catalogue.read(HERE, "f") == before

    @pytest.mark.parametrize(
        ("place", "arn"), [(at("1"), "f:1"), (at("live"), "f:live"), (at("$LATEST", "g"), "g")]
    )
    async def test_what_is_revised_must_be_there(
        self, catalogue: CatalogueStore, place: Place, arn: str
    ) -> None:
        await function_with(catalogue)
        with pytest.raises(NotFound, match=rf"Function not found: .*:function:{arn}$"):
            await catalogue.resources.change_revised(QUALIFIED, place, noting([]), "r2")
        assert await catalogue.resources.everywhere(QUALIFIED) == []

    async def test_pages_are_ordered_and_begin_behind_a_place(self, catalogue: CatalogueStore) -> None:
        await function_with(catalogue)
        await function_with(catalogue, name="e")
        await function_with(catalogue, scope=THERE)
        store = catalogue.resources
        for place in (at("b"), at("a"), at("c", "e"), at("z", ACCOUNT), Place(THERE, "f", "a")):
            await store.change(PLAIN, place, counted)
        everything = [at("z", ACCOUNT), at("c", "e"), at("a"), at("b")]

        async def page(function: str | None, after: Place | None, limit: int = 9) -> list[Place]:
            found = await store.page(PLAIN, HERE, function=function, after=after, limit=limit)
            return [one.place for one in found]

        assert await page(None, None) == everything
        assert await page(None, None, 2) == everything[:2]
        assert await page(None, everything[1]) == everything[2:]
        assert await page("f", None) == everything[2:]
        assert await page("f", at("a")) == [at("b")]
        assert await page(ACCOUNT, None) == [at("z", ACCOUNT)]
        assert await page("unknown", None) == []

    async def test_it_is_found_by_the_text_it_has_now(self, catalogue: CatalogueStore) -> None:
        store = catalogue.resources
        await store.change(PLAIN, at("a", ACCOUNT), always(Thing("x")))
        await store.change(PLAIN, Place(THERE, ACCOUNT, "b"), always(Thing("x", 1)))
        await store.change(PLAIN, at("c", ACCOUNT), always(Thing("")))
        assert await store.find(PLAIN, "x") == [
            Stored(Place(THERE, ACCOUNT, "b"), Thing("x", 1)),
            Stored(at("a", ACCOUNT), Thing("x")),
        ]
        assert await store.find(PLAIN, "") == []
        await store.change(PLAIN, at("a", ACCOUNT), always(Thing("y")))
        assert [one.place.name for one in await store.find(PLAIN, "x")] == ["b"]

    async def test_its_epoch_moves_with_every_change(self, catalogue: CatalogueStore) -> None:
        await function_with(catalogue)
        store, seen = catalogue.resources, {catalogue.resources.epoch}
        await store.change(PLAIN, at("a"), counted)
        seen.add(store.epoch)
        await store.change(PLAIN, at("a"), always(None))
        seen.add(store.epoch)
        await store.change_revised(QUALIFIED, at("$LATEST"), lambda before, _: counted(before), "r2")
        seen.add(store.epoch)
        await store.read(PLAIN, at("a"))
        seen.add(store.epoch)
        assert len(seen) == 4
