"""What is kept of function URLs, and when it is read again."""

from __future__ import annotations

import json

import pytest

from lambdad.domain.function_url import FUNCTION_URLS, AuthType, FunctionUrl
from lambdad.domain.policies.attached import FUNCTION_POLICIES, AttachedPolicy
from lambdad.domain.resource import Place
from lambdad.domain.scope import Scope
from lambdad.edge.urls import Urls
from tests.fakes.catalogue import FakeCatalogue
from tests.fakes.worker import version_of

HERE = version_of("f").scope
URL_ID = "a" * 32
PLACE = Place(HERE, "f", "$LATEST")
OPEN = AttachedPolicy(
    json.dumps({"Statement": {"Effect": "Allow", "Principal": "*", "Action": "lambda:*", "Resource": "*"}})
)


class Catalogue(FakeCatalogue):
    """Counts what is read."""

    async def url(self, place: Place = PLACE, auth_type: AuthType = AuthType.NONE) -> None:
        made = FunctionUrl(URL_ID, auth_type, None, None, "then", "then")
        await self.resources.change(FUNCTION_URLS, place, lambda _: made)


@pytest.fixture
async def catalogue() -> Catalogue:
    made = Catalogue()
    assert await made.create(version_of("f"), {})
    await made.url()
    return made


async def test_it_is_found_by_its_id_and_kept(catalogue: Catalogue) -> None:
    urls = Urls(catalogue.resources)
    assert urls.cached(URL_ID) is None
    found = await urls.look_up(URL_ID)
    assert found is not None
    assert found.key == (HERE, "f", None)
    assert urls.cached(URL_ID) is found


async def test_that_of_an_alias_leads_to_the_alias(catalogue: Catalogue) -> None:
    await catalogue.resources.change(FUNCTION_URLS, PLACE, lambda _: None)
    await catalogue.url(Place(HERE, "f", "live"))
    urls = Urls(catalogue.resources)
    found = await urls.look_up(URL_ID)
    assert found is not None
    assert found.key == (HERE, "f", "live")
    assert found.access.resource.endswith(":function:f:live")
    for owner in ("live", "$LATEST"):  # a policy of the function may be about its aliases, too
        place = Place(HERE, "f", owner)
        await catalogue.resources.change(FUNCTION_POLICIES, place, lambda _: OPEN)
        opened = await urls.look_up(URL_ID)
        assert opened is not None
        assert opened.access.allows(dict)
        await catalogue.resources.change(FUNCTION_POLICIES, place, lambda _: None)


@pytest.mark.parametrize("url_id", ["", "b" * 32, "A" * 32, "a" * 31, "a" * 33, "' OR 1=1 --", "ä" * 32])
async def test_an_id_of_nobody_is_not_found(catalogue: Catalogue, url_id: str) -> None:
    urls = Urls(catalogue.resources)
    assert await urls.look_up(url_id) is None
    assert urls.cached(url_id) is None


async def test_a_change_of_url_or_policy_is_seen_at_once(catalogue: Catalogue) -> None:
    urls = Urls(catalogue.resources)
    closed = await urls.look_up(URL_ID)
    assert closed is not None
    assert not closed.access.allows(dict)
    await catalogue.resources.change(FUNCTION_POLICIES, PLACE, lambda _: OPEN)
    assert urls.cached(URL_ID) is None
    opened = await urls.look_up(URL_ID)
    assert opened is not None
    assert opened.access.allows(dict)
    await catalogue.url(auth_type=AuthType.AWS_IAM)
    assert urls.cached(URL_ID) is None
    await catalogue.resources.change(FUNCTION_URLS, PLACE, lambda _: None)
    assert await urls.look_up(URL_ID) is None


async def test_a_function_that_goes_takes_its_urls_with_it(catalogue: Catalogue) -> None:
    urls = Urls(catalogue.resources)
    assert await urls.look_up(URL_ID) is not None
    urls.forget(HERE, "g")
    urls.forget(Scope("222222222222", HERE.region), "f")
    assert urls.cached(URL_ID) is not None
    urls.forget(HERE, "f")
    assert urls.cached(URL_ID) is None


async def test_what_changed_while_it_was_read_is_not_kept(catalogue: Catalogue) -> None:
    urls = Urls(catalogue.resources)
    read = catalogue.resources.read

    async def read_slowly(*args: object) -> object:
        found = await read(*args)  # type: ignore[arg-type]
        urls.forget(HERE, "f")
        return found

    catalogue.resources.read = read_slowly  # type: ignore[assignment]
    assert await urls.look_up(URL_ID) is not None
    assert urls.cached(URL_ID) is None


async def test_a_policy_that_is_none_lets_nobody_in(catalogue: Catalogue) -> None:
    await catalogue.resources.change(FUNCTION_POLICIES, PLACE, lambda _: AttachedPolicy("{"))
    found = await Urls(catalogue.resources).look_up(URL_ID)
    assert found is not None
    assert not found.access.allows(dict)
