"""What every catalogue store does; subclass `CatalogueContract` and say how to open one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from layer_contract import HERE, LayerContract, layer_version
from provisioned_contract import ProvisionedContract
from resource_contract import ResourceContract

from lambdad.domain.function import (
    LATEST,
    CodeKey,
    FunctionVersion,
    LoggingConfig,
    Reason,
    State,
    UpdateStatus,
)
from lambdad.domain.scope import Scope
from lambdad.ports.catalogue_store import CatalogueStore, Usage
from tests.forms import examples

# One contract runs on several stores: each subclass is an executor of its own.
INHERITED = [HealthCheck.too_slow, HealthCheck.differing_executors]

ELSEWHERE = (Scope(region="eu-central-1"), Scope(account="111122223333"))


def version(name: str = "f", number: str = LATEST, revision: str = "r1", **changes: Any) -> FunctionVersion:
    made = FunctionVersion(
        scope=HERE,
        name=name,
        version=number,
        role="arn:aws:iam::000000000000:role/r",
        runtime="python3.12",
        handler="app.handler",
        timeout_s=3,
        memory_mib=128,
        ephemeral_mib=512,
        architecture="x86_64",
        environment={"KEY": "välue"},
        description="",
        code_sha256="c2hh",
        code_bytes=10,
        code_key=CodeKey("a" * 64),
        logging=LoggingConfig("Text", f"/aws/lambda/{name}"),
        revision_id=revision,
        last_modified="2026-11-23T03:05:20.123+0000",
        state=State.ACTIVE,
        update_status=UpdateStatus.SUCCESSFUL,
    )
    return replace(made, **changes)


def using(*keys: str) -> Any:
    """Layers with these archives, for `version(layers=…)`."""
    return tuple(layer_version(name=f"l-{key}", number=1, code_key=CodeKey(key)).attached() for key in keys)


Steps = list[tuple[Any, ...]]
NAMES = st.sampled_from(["a", "b", "c-1", "B"])
NUMBERS = st.sampled_from(["1", "2", "3", "10"])
REVISIONS = st.sampled_from(["r1", "r2"])
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("create"), NAMES, REVISIONS),
        st.tuples(st.just("replace"), NAMES, REVISIONS, REVISIONS),
        st.tuples(st.just("publish"), NAMES, NUMBERS),
        st.tuples(st.just("delete_version"), NAMES, NUMBERS),
        st.tuples(st.just("delete_function"), NAMES),
        st.tuples(st.just("write_tags"), NAMES, st.dictionaries(st.sampled_from("xyz"), st.text(max_size=2))),
    ),
    max_size=25,
)


class Model:
    """A catalogue as three dictionaries."""

    def __init__(self) -> None:
        self.versions: dict[tuple[str, int], FunctionVersion] = {}
        self.last: dict[str, int] = {}
        self.tags: dict[str, dict[str, str]] = {}

    def create(self, name: str, revision: str) -> bool:
        if name in self.last:
            return False
        self.versions[name, 0] = version(name, revision=revision)
        self.last[name], self.tags[name] = 0, {"made": "yes"}
        return True

    def replace(self, name: str, revision: str, expected: str) -> bool:
        stored = self.versions.get((name, 0))
        if stored is None or stored.revision_id != expected:
            return False
        self.versions[name, 0] = version(
            name, revision=revision, description="new", code_bytes=len(name) + 70
        )
        return True

    def publish(self, name: str, number: str) -> bool:
        if name not in self.last or int(number) <= self.last[name]:
            return False
        self.last[name] = int(number)
        self.versions[name, int(number)] = version(name, number)
        return True

    def delete_version(self, name: str, number: str) -> bool:
        return self.versions.pop((name, int(number)), None) is not None

    def delete_function(self, name: str) -> bool:
        for key in [key for key in self.versions if key[0] == name]:
            del self.versions[key]
        self.tags.pop(name, None)
        return self.last.pop(name, None) is not None

    def write_tags(self, name: str, tags: dict[str, str]) -> bool:
        if name not in self.last:
            return False
        self.tags[name] = tags
        return True

    def listed(self) -> list[FunctionVersion]:
        return [self.versions[key] for key in sorted(self.versions)]


async def act(catalogue: CatalogueStore, step: tuple[Any, ...]) -> bool:
    match step:
        case ("create", name, revision):
            return await catalogue.create(version(name, revision=revision), {"made": "yes"})
        case ("replace", name, revision, expected):
            new = version(name, revision=revision, description="new", code_bytes=len(name) + 70)
            return await catalogue.replace(new, expected_revision=expected)
        case ("publish", name, number):
            return await catalogue.publish(version(name, number))
        case ("delete_version", name, number):
            return await catalogue.delete_version(HERE, name, number)
        case ("delete_function", name):
            return await catalogue.delete_function(HERE, name)
        case ("write_tags", name, tags):
            return await catalogue.write_tags(HERE, name, tags)
        case other:
            raise AssertionError(other)


async def all_pages(
    page: Callable[[FunctionVersion | None], Awaitable[list[FunctionVersion]]],
) -> list[FunctionVersion]:
    found: list[FunctionVersion] = []
    while items := await page(found[-1] if found else None):
        found += items
    return found


class CatalogueContract(LayerContract, ProvisionedContract, ResourceContract):
    def opened(self) -> AbstractContextManager[CatalogueStore]:
        """A fresh catalogue, closed at the end."""
        raise NotImplementedError

    @pytest.fixture
    def catalogue(self) -> Iterator[CatalogueStore]:
        with self.opened() as store:
            yield store

    async def test_a_version_comes_back_as_it_was_stored(self, catalogue: CatalogueStore) -> None:
        stored = version(
            state=State.PENDING,
            state_reason=Reason("The function is being created.", "Creating"),
            update_status=None,
            environment=None,
            layers=(layer_version(number=1).attached(),),
            echoed={"VpcConfig": {"SubnetIds": [], "Ipv6AllowedForDualStack": False}},
        )
        assert await catalogue.create(stored, {})
        assert await catalogue.read(HERE, "f") == stored
        assert await catalogue.read(HERE, "f", LATEST) == stored

    async def test_an_empty_environment_is_not_a_missing_one(self, catalogue: CatalogueStore) -> None:
        await catalogue.create(version(environment={}), {})
        found = await catalogue.read(HERE, "f")
        assert found is not None
        assert found.environment == {}

    async def test_a_name_is_given_once(self, catalogue: CatalogueStore) -> None:
        assert await catalogue.create(version(revision="first"), {"a": "1"})
        assert not await catalogue.create(version(revision="second"), {"a": "2"})
        found = await catalogue.read(HERE, "f")
        assert found is not None
        assert found.revision_id == "first"
        assert await catalogue.read_tags(HERE, "f") == {"a": "1"}

    async def test_the_same_name_may_live_in_every_account_and_region(
        self, catalogue: CatalogueStore
    ) -> None:
        for scope in (HERE, *ELSEWHERE):
            assert await catalogue.create(version(scope=scope, revision=scope.region), {})
        await catalogue.delete_function(HERE, "f")
        assert await catalogue.read(HERE, "f") is None
        for scope in ELSEWHERE:
            found = await catalogue.read(scope, "f")
            assert found is not None
            assert found.scope == scope

    @pytest.mark.parametrize("number", ["1", "01", "-1", "x", "", "9" * 30])
    async def test_what_is_not_there_is_none(self, catalogue: CatalogueStore, number: str) -> None:
        assert await catalogue.read(HERE, "f", number) is None
        await catalogue.create(version(), {})
        assert await catalogue.read(HERE, "f", number) is None
        assert not await catalogue.delete_version(HERE, "f", number)

    async def test_a_number_is_written_one_way(self, catalogue: CatalogueStore) -> None:
        await catalogue.create(version(), {})
        await catalogue.publish(version(number="1"))
        assert await catalogue.read(HERE, "f", "01") is None

    async def test_of_two_racing_writers_exactly_one_wins(self, catalogue: CatalogueStore) -> None:
        await catalogue.create(version(revision="old"), {})
        racers = [version(revision=f"new{i}") for i in range(20)]
        won = await asyncio.gather(*(catalogue.replace(new, expected_revision="old") for new in racers))
        assert won.count(True) == 1
        assert await catalogue.read(HERE, "f") == racers[won.index(True)]

    async def test_of_two_racing_creators_exactly_one_wins(self, catalogue: CatalogueStore) -> None:
        won = await asyncio.gather(
            *(catalogue.create(version(revision=f"r{i}"), {"by": str(i)}) for i in range(20))
        )
        assert won.count(True) == 1
        assert await catalogue.read_tags(HERE, "f") == {"by": str(won.index(True))}

    async def test_nothing_is_replaced_that_is_gone(self, catalogue: CatalogueStore) -> None:
        assert not await catalogue.replace(version(), expected_revision="r1")
        assert await catalogue.read(HERE, "f") is None

    async def test_a_number_is_never_used_twice(self, catalogue: CatalogueStore) -> None:
        await catalogue.create(version(), {})
        assert await catalogue.publish(version(number="1"))
        assert not await catalogue.publish(version(number="1"))
        assert await catalogue.delete_version(HERE, "f", "1")
        assert not await catalogue.publish(version(number="1"))
        assert await catalogue.last_version_number(HERE, "f") == 1
        assert await catalogue.publish(version(number="2"))
        assert await catalogue.last_version_number(HERE, "f") == 2

    async def test_a_function_made_anew_counts_from_the_beginning(self, catalogue: CatalogueStore) -> None:
        await catalogue.create(version(), {"old": "tag"})
        await catalogue.publish(version(number="1"))
        assert await catalogue.delete_function(HERE, "f")
        assert not await catalogue.delete_function(HERE, "f")
        await catalogue.create(version(), {})
        assert await catalogue.last_version_number(HERE, "f") == 0
        assert await catalogue.read(HERE, "f", "1") is None
        assert await catalogue.read_tags(HERE, "f") == {}

    async def test_nothing_is_published_of_a_function_that_is_gone(self, catalogue: CatalogueStore) -> None:
        assert not await catalogue.publish(version(number="1"))
        assert await catalogue.last_version_number(HERE, "f") == 0

    async def test_latest_is_not_deleted_as_a_version(self, catalogue: CatalogueStore) -> None:
        await catalogue.create(version(), {})
        assert not await catalogue.delete_version(HERE, "f", LATEST)
        assert await catalogue.read(HERE, "f") is not None

    async def test_versions_are_listed_latest_first_and_then_as_numbers(
        self, catalogue: CatalogueStore
    ) -> None:
        await catalogue.create(version(), {})
        for number in ("1", "2", "9", "10"):
            await catalogue.publish(version(number=number))
        found = await catalogue.list_versions(HERE, "f", after=None, limit=50)
        assert [item.version for item in found] == [LATEST, "1", "2", "9", "10"]
        rest = await catalogue.list_versions(HERE, "f", after=("f", "2"), limit=1)
        assert [item.version for item in rest] == ["9"]

    async def test_versions_of_all_functions_are_listed_by_name_first(
        self, catalogue: CatalogueStore
    ) -> None:
        for name in ("b", "a"):
            await catalogue.create(version(name), {})
            await catalogue.publish(version(name, "1"))
        found = await catalogue.list_versions(HERE, None, after=None, limit=50)
        assert [(item.name, item.version) for item in found] == [
            ("a", LATEST),
            ("a", "1"),
            ("b", LATEST),
            ("b", "1"),
        ]

    async def test_a_page_may_begin_behind_a_name_that_is_gone(self, catalogue: CatalogueStore) -> None:
        for name in ("a", "c"):
            await catalogue.create(version(name), {})
        found = await catalogue.list_functions(HERE, after="b", limit=50)
        assert [item.name for item in found] == ["c"]

    async def test_tags_keep_their_order(self, catalogue: CatalogueStore) -> None:
        await catalogue.create(version(), {"z": "1", "a": "2"})
        assert list(await catalogue.read_tags(HERE, "f")) == ["z", "a"]
        assert await catalogue.write_tags(HERE, "f", {"m": "1", "b": "2", "z": "3"})
        assert list((await catalogue.read_tags(HERE, "f")).items()) == [("m", "1"), ("b", "2"), ("z", "3")]
        assert not await catalogue.write_tags(HERE, "nobody", {"a": "b"})
        assert await catalogue.read_tags(HERE, "nobody") == {}

    async def test_usage_counts_functions_once_and_code_of_every_version(
        self, catalogue: CatalogueStore
    ) -> None:
        assert await catalogue.usage(HERE) == Usage(0, 0)
        await catalogue.create(version("a", code_bytes=100), {})
        await catalogue.publish(version("a", "1", code_bytes=30))
        await catalogue.create(version("b", code_bytes=5), {})
        assert await catalogue.usage(HERE) == Usage(2, 135)
        assert await catalogue.usage(ELSEWHERE[0]) == Usage(0, 0)

    async def test_what_is_deleted_is_used_no_more(self, catalogue: CatalogueStore) -> None:
        for name in ("a", "b"):
            await catalogue.create(version(name, code_bytes=100), {})
            await catalogue.publish(version(name, "1", code_bytes=30))
            await catalogue.publish(version(name, "2", code_bytes=4))
        assert not await catalogue.create(version("a", code_bytes=5_000), {})
        assert not await catalogue.publish(version("a", "2", code_bytes=5_000))
        await catalogue.delete_version(HERE, "a", "1")
        assert await catalogue.usage(HERE) == Usage(2, 238)
        await catalogue.delete_function(HERE, "b")
        assert await catalogue.usage(HERE) == Usage(1, 104)
        await catalogue.replace(version("a", revision="r2", code_bytes=7), expected_revision="r1")
        assert await catalogue.usage(HERE) == Usage(1, 11)
        await catalogue.delete_function(HERE, "a")
        assert await catalogue.usage(HERE) == Usage(0, 0)

    async def test_usage_counts_the_code_of_layers(self, catalogue: CatalogueStore) -> None:
        await catalogue.create(version("a", code_bytes=100), {})
        await catalogue.publish(version("a", "1", code_bytes=30))
        await catalogue.layers.publish(layer_version(code_bytes=7))
        await catalogue.layers.publish(layer_version(code_bytes=2))
        await catalogue.layers.publish(layer_version(scope=ELSEWHERE[0], code_bytes=1000))
        assert await catalogue.usage(HERE) == Usage(1, 139)
        await catalogue.layers.delete(HERE, "l", 1)
        assert await catalogue.usage(HERE) == Usage(1, 132)

    async def test_unsettled_are_those_in_the_middle_of_a_change_of_any_scope(
        self, catalogue: CatalogueStore
    ) -> None:
        await catalogue.create(version("settled"), {})
        await catalogue.create(version("pending", state=State.PENDING, update_status=None), {})
        updating = version("updating", scope=ELSEWHERE[0], update_status=UpdateStatus.IN_PROGRESS)
        await catalogue.create(updating, {})
        found = await catalogue.unsettled()
        assert sorted(item.name for item in found) == ["pending", "updating"]
        await catalogue.replace(
            replace(updating, update_status=UpdateStatus.FAILED), expected_revision=updating.revision_id
        )
        assert [item.name for item in await catalogue.unsettled()] == ["pending"]

    async def test_code_keys_are_those_some_version_needs(self, catalogue: CatalogueStore) -> None:
        await catalogue.create(version("a", code_key=CodeKey("1")), {})
        await catalogue.publish(version("a", "1", code_key=CodeKey("2")))
        await catalogue.create(version("b", scope=ELSEWHERE[1], code_key=CodeKey("3")), {})
        await catalogue.replace(version("a", code_key=CodeKey("4")), expected_revision="r1")
        assert await catalogue.code_keys() == {"2", "3", "4"}

    async def test_runtimes_are_those_of_every_version_of_any_scope(self, catalogue: CatalogueStore) -> None:
        assert await catalogue.runtimes() == set()
        await catalogue.create(version("a", runtime="python3.13"), {})
        await catalogue.publish(version("a", "1", runtime="python3.12"))
        await catalogue.create(version("b", scope=ELSEWHERE[1], runtime="nodejs22.x"), {})
        await catalogue.create(version("image", runtime=None), {})
        assert await catalogue.runtimes() == {"python3.13", "python3.12", "nodejs22.x"}
        await catalogue.delete_function(HERE, "a")
        assert await catalogue.runtimes() == {"nodejs22.x"}

    async def test_code_of_layers_is_needed_by_the_layer_and_by_every_version_that_uses_it(
        self, catalogue: CatalogueStore
    ) -> None:
        await catalogue.layers.publish(layer_version(code_key=CodeKey("10")))
        await catalogue.create(version("a", code_key=CodeKey("1"), layers=using("10", "11")), {})
        await catalogue.publish(version("a", "1", code_key=CodeKey("1"), layers=using("12")))
        await catalogue.layers.delete(HERE, "l", 1)
        assert await catalogue.code_keys() == {"1", "10", "11", "12"}
        assert await catalogue.layer_lists() == {("10", "11"), ("12",)}
        await catalogue.replace(version("a", code_key=CodeKey("1")), expected_revision="r1")
        assert await catalogue.code_keys() == {"1", "12"}
        assert await catalogue.layer_lists() == {("12",)}

    @settings(max_examples=examples(40), deadline=None, suppress_health_check=INHERITED)
    @given(STEPS, st.integers(1, 4))
    async def test_it_agrees_with_a_dictionary_whatever_is_done_to_it(self, steps: Steps, limit: int) -> None:
        async def run() -> None:
            model = Model()
            with self.opened() as catalogue:
                for step in steps:
                    expected = getattr(model, step[0])(*step[1:])
                    assert await act(catalogue, step) == expected, step
                await self.compare(catalogue, model, limit)

        await run()

    async def compare(self, catalogue: CatalogueStore, model: Model, limit: int) -> None:
        everything = model.listed()
        used = Usage(len(model.last), sum(item.code_bytes for item in everything))
        assert await catalogue.usage(HERE) == used

        async def versions_page(last: FunctionVersion | None) -> list[FunctionVersion]:
            after = (last.name, last.version) if last else None
            return await catalogue.list_versions(HERE, None, after=after, limit=limit)

        async def functions_page(last: FunctionVersion | None) -> list[FunctionVersion]:
            return await catalogue.list_functions(HERE, after=last.name if last else None, limit=limit)

        assert await all_pages(versions_page) == everything
        assert await all_pages(functions_page) == [item for item in everything if item.version == LATEST]
        for name, last in model.last.items():
            assert await catalogue.last_version_number(HERE, name) == last
            assert await catalogue.read_tags(HERE, name) == model.tags[name]
