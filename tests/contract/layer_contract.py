"""What the layers of every catalogue do; part of `CatalogueContract`."""

from __future__ import annotations

import asyncio
from contextlib import AbstractContextManager
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lambdad.domain.function import CodeKey
from lambdad.domain.layer import LayerVersion
from lambdad.domain.policies.attached import LAYER_POLICIES, LayerPolicy
from lambdad.domain.resource import ACCOUNT, Place
from lambdad.domain.scope import Scope
from lambdad.ports.catalogue_store import CatalogueStore
from lambdad.ports.layer_store import LayerFilter
from tests.forms import examples

HERE = Scope()
EVERYTHING = LayerFilter()


def layer_version(name: str = "l", number: int = 0, **changes: Any) -> LayerVersion:
    values: dict[str, Any] = {
        "scope": HERE,
        "name": name,
        "number": number,
        "description": "",
        "license_info": None,
        "runtimes": None,
        "architectures": None,
        "code_sha256": "c2hh",
        "code_bytes": 10,
        "unpacked_bytes": 20,
        "code_key": CodeKey("b" * 64),
        "created": "2026-11-23T03:05:20.123+0000",
    }
    return LayerVersion(**(values | changes))


Steps = list[tuple[Any, ...]]
NAMES = st.sampled_from(["a", "b", "c-1"])
RUNTIMES = st.sampled_from([None, (), ("python3.12",), ("nodejs22.x", "python3.12")])
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("publish"), NAMES, RUNTIMES),
        st.tuples(st.just("delete"), NAMES, st.integers(0, 4)),
    ),
    max_size=25,
)


class LayerContract:
    def opened(self) -> AbstractContextManager[CatalogueStore]:
        """A fresh catalogue, closed at the end."""
        raise NotImplementedError

    async def test_a_layer_version_comes_back_as_it_was_published(self, catalogue: CatalogueStore) -> None:
        draft = layer_version(
            description="dé", license_info="MIT", runtimes=("python3.12",), architectures=(), number=77
        )
        stored = await catalogue.layers.publish(draft)
        assert stored == layer_version(
            description="dé", license_info="MIT", runtimes=("python3.12",), architectures=(), number=1
        )
        assert await catalogue.layers.read(HERE, "l", 1) == stored
        for number in (2, 0, -1, 2**63, 10**40):
            assert await catalogue.layers.read(HERE, "l", number) is None
            assert not await catalogue.layers.delete(HERE, "l", number)
        assert await catalogue.layers.read(HERE, "other", 1) is None

    async def test_numbers_go_on_after_every_version_was_deleted(self, catalogue: CatalogueStore) -> None:
        layers = catalogue.layers
        for expected in (1, 2):
            assert (await layers.publish(layer_version())).number == expected
            assert await layers.delete(HERE, "l", expected)
            assert not await layers.delete(HERE, "l", expected)
        assert await layers.list_versions(HERE, "l", where=EVERYTHING, before=None, limit=9) == []
        assert await layers.list_layers(HERE, where=EVERYTHING, after=None, limit=9) == []
        assert (await layers.publish(layer_version())).number == 3

    async def test_a_policy_goes_with_its_layer_version(self, catalogue: CatalogueStore) -> None:
        resources, policy = catalogue.resources, LayerPolicy("{}", "r1")
        for name in ("l", "l", "ll"):
            await catalogue.layers.publish(layer_version(name))
        places = [Place(HERE, ACCOUNT, name) for name in ("l:1", "l:2", "ll:1")]
        for place in places:
            await resources.change(LAYER_POLICIES, place, lambda _: policy)
        assert await catalogue.layers.delete(HERE, "l", 1)
        assert [one.place for one in await resources.everywhere(LAYER_POLICIES)] == places[1:]

    async def test_racing_publications_get_different_numbers(self, catalogue: CatalogueStore) -> None:
        made = await asyncio.gather(
            *(catalogue.layers.publish(layer_version(description=str(n))) for n in range(20))
        )
        assert sorted(version.number for version in made) == list(range(1, 21))
        for version in made:
            assert await catalogue.layers.read(HERE, "l", version.number) == version

    async def test_layers_of_other_scopes_are_other_layers(self, catalogue: CatalogueStore) -> None:
        elsewhere = Scope(account="111122223333")
        await catalogue.layers.publish(layer_version())
        assert (await catalogue.layers.publish(layer_version(scope=elsewhere))).number == 1
        await catalogue.layers.delete(HERE, "l", 1)
        found = await catalogue.layers.list_layers(elsewhere, where=EVERYTHING, after=None, limit=9)
        assert [version.scope for version in found] == [elsewhere]

    async def test_layers_are_listed_with_their_newest_version_that_matches(
        self, catalogue: CatalogueStore
    ) -> None:
        layers = catalogue.layers
        await layers.publish(layer_version("a", runtimes=("python3.12",), architectures=("arm64",)))
        await layers.publish(layer_version("a", runtimes=("python3.12", "python3.13")))
        await layers.publish(layer_version("a"))
        await layers.publish(layer_version("b"))

        async def listed(**where: str) -> list[tuple[str, int]]:
            found = await layers.list_layers(HERE, where=LayerFilter(**where), after=None, limit=9)
            return [(version.name, version.number) for version in found]

        assert await listed() == [("a", 3), ("b", 1)]
        assert await listed(runtime="python3.12") == [("a", 2)]
        assert await listed(runtime="python3.12", architecture="arm64") == [("a", 1)]
        assert await listed(runtime="python3.1") == []
        versions = await layers.list_versions(
            HERE, "a", where=LayerFilter(runtime="python3.12"), before=None, limit=9
        )
        assert [version.number for version in versions] == [2, 1]

    @settings(
        max_examples=examples(30),
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.differing_executors],
    )
    @given(STEPS, st.integers(1, 3))
    async def test_layers_agree_with_a_dictionary_whatever_is_done_to_them(
        self, steps: Steps, limit: int
    ) -> None:
        kept: dict[tuple[str, int], LayerVersion] = {}
        last: dict[str, int] = {}
        with self.opened() as catalogue:
            for verb, name, value in steps:
                if verb == "publish":
                    last[name] = last.get(name, 0) + 1
                    expected = layer_version(name, last[name], runtimes=value)
                    assert await catalogue.layers.publish(layer_version(name, runtimes=value)) == expected
                    kept[name, last[name]] = expected
                else:
                    gone = kept.pop((name, value), None) is not None
                    assert await catalogue.layers.delete(HERE, name, value) == gone
            await self.compare_layers(catalogue, kept, limit)

    async def compare_layers(
        self, catalogue: CatalogueStore, kept: dict[tuple[str, int], LayerVersion], limit: int
    ) -> None:
        newest: list[LayerVersion] = []
        while page := await catalogue.layers.list_layers(
            HERE, where=EVERYTHING, after=newest[-1].name if newest else None, limit=limit
        ):
            newest += page
        names = sorted({name for name, _ in kept})
        assert newest == [kept[name, max(n for other, n in kept if other == name)] for name in names]
        for name in names:
            found: list[LayerVersion] = []
            while page := await catalogue.layers.list_versions(
                HERE, name, where=EVERYTHING, before=found[-1].number if found else None, limit=limit
            ):
                found += page
            numbers = sorted((number for other, number in kept if other == name), reverse=True)
            assert found == [kept[name, number] for number in numbers]
