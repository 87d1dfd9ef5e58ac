"""Aliases as the API sees them, beyond what was recorded."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from lambdad.domain.errors import (
    Conflict,
    InvalidParameter,
    NotFound,
    PreconditionFailed,
    SnapStartNotReady,
    VersionInUse,
)
from lambdad.domain.function import FunctionVersion
from lambdad.domain.scope import Scope
from lambdad.frontend.resolve import resolve
from lambdad.frontend.splitting import Weighted

pytestmark = pytest.mark.asyncio
HERE = Scope("111111111111", "eu-central-1")
ARN = HERE.arn("lambda", "function:fn")


async def versions(control: Any, count: int = 2, **given: Any) -> None:
    await control.create(**given)
    for number in range(count):
        await control.ask("UpdateFunctionConfiguration", FunctionName="fn", Timeout=number + 1)
        await control.settle()
        await control.ask("PublishVersion", FunctionName="fn")


async def alias(control: Any, name: str = "live", version: str = "1", **given: Any) -> dict[str, Any]:
    made: dict[str, Any] = await control.ask(
        "CreateAlias", FunctionName="fn", Name=name, FunctionVersion=version, **given
    )
    return made


async def update(control: Any, name: str = "live", **given: Any) -> dict[str, Any]:
    made: dict[str, Any] = await control.ask("UpdateAlias", FunctionName="fn", Name=name, **given)
    return made


def weights(**weights: float) -> dict[str, Any]:
    return {"RoutingConfig": {"AdditionalVersionWeights": weights}}


async def names(control: Any, **given: Any) -> list[str]:
    return [one["Name"] for one in (await control.ask("ListAliases", FunctionName="fn", **given))["Aliases"]]


async def test_an_update_changes_what_it_names_and_nothing_else(control: Any) -> None:
    await versions(control)
    made = await alias(control, Description="d", **weights(**{"2": 0.25}))
    moved = await update(control, Description="e")
    assert moved == made | {"Description": "e", "RevisionId": moved["RevisionId"]}
    assert moved["RevisionId"] != made["RevisionId"]
    assert await control.ask("GetAlias", FunctionName="fn", Name="live") == moved


@pytest.mark.parametrize("routing", [{}, {"AdditionalVersionWeights": {}}], ids=str)
async def test_an_empty_routing_takes_the_weights_away(control: Any, routing: dict[str, Any]) -> None:
    await versions(control)
    await alias(control, **weights(**{"2": 0.25}))
    assert "RoutingConfig" not in await update(control, RoutingConfig=routing)


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"FunctionVersion": "2"}, InvalidParameter, "version 2 is already included in routing"),
        ({"FunctionVersion": "$LATEST"}, InvalidParameter, "more than 1 version"),
        ({"FunctionVersion": "9"}, NotFound, ":function:fn:9$"),
        ({"FunctionVersion": "$LATEST.PUBLISHED"} | weights(), NotFound, "not found"),
        (weights(**{"9": 0.5}), NotFound, ":function:fn:9$"),
        (weights(**{"2": 0.5, "3": 0.5}), InvalidParameter, "cannot be greater than 1"),
        (weights(**{"1": 0.5}), InvalidParameter, "version 1 is already included"),
    ],
    ids=str,
)
async def test_an_update_is_held_to_the_rules_of_a_create(
    control: Any, given: dict[str, Any], error: type[Exception], message: str
) -> None:
    await versions(control, 3)
    made = await alias(control, **weights(**{"2": 0.25}))
    with pytest.raises(error, match=message):
        await update(control, **given)
    assert await control.ask("GetAlias", FunctionName="fn", Name="live") == made


async def test_of_racing_updates_with_one_revision_exactly_one_wins(control: Any) -> None:
    await versions(control)
    made = await alias(control)
    racing = [update(control, Description=str(number), RevisionId=made["RevisionId"]) for number in range(8)]
    outcomes = await asyncio.gather(*racing, return_exceptions=True)
    won = [one for one in outcomes if isinstance(one, dict)]
    assert len(won) == 1
    assert all(isinstance(one, dict | PreconditionFailed) for one in outcomes)
    assert await control.ask("GetAlias", FunctionName="fn", Name="live") == won[0]


async def test_of_racing_creates_exactly_one_wins(control: Any) -> None:
    await versions(control)
    racing = [alias(control, Description=str(number)) for number in range(8)]
    outcomes = await asyncio.gather(*racing, return_exceptions=True)
    assert len([one for one in outcomes if isinstance(one, dict)]) == 1
    assert len([one for one in outcomes if isinstance(one, Conflict)]) == 7


async def test_pages_go_by_name_and_end(control: Any) -> None:
    await versions(control)
    made = [f"a-{number:03}" for number in range(120)]
    for name in reversed(made):
        await alias(control, name)
    found: list[str] = []
    marker: dict[str, str] = {}
    while True:
        page = await control.ask("ListAliases", FunctionName="fn", MaxItems=10_000, **marker)
        assert len(page["Aliases"]) <= 50
        found += [one["Name"] for one in page["Aliases"]]
        if "NextMarker" not in page:
            break
        marker = {"Marker": page["NextMarker"]}
    assert found == made


async def test_those_that_invoke_a_version_are_found_by_page_and_by_weight(control: Any) -> None:
    await versions(control)
    for number in range(60):
        await alias(control, f"a-{number:02}", "1" if number % 2 else "2")
    await alias(control, "z", "2", **weights(**{"1": 0.1}))
    ask = {"FunctionVersion": "1", "MaxItems": 20}
    first = await control.ask("ListAliases", FunctionName="fn", **ask)
    rest = await control.ask("ListAliases", FunctionName="fn", **ask, Marker=first["NextMarker"])
    found = [one["Name"] for one in first["Aliases"] + rest["Aliases"]]
    assert found == [f"a-{number:02}" for number in range(1, 60, 2)] + ["z"]
    assert "NextMarker" not in rest
    assert await names(control, FunctionVersion="$LATEST") == []


async def test_the_only_one_of_a_version_is_found_behind_a_thousand_others(control: Any) -> None:
    await versions(control)
    for number in range(1_001):
        await alias(control, f"a-{number:04}", "2")
    await alias(control, "z", "1")
    assert await names(control, FunctionVersion="1") == ["z"]


async def test_lists_of_a_function_that_is_not_there_are_refused(control: Any) -> None:
    with pytest.raises(NotFound, match=f"^Function not found: {ARN}$"):
        await control.ask("ListAliases", FunctionName="fn")


async def test_a_qualified_name_is_refused(control: Any) -> None:
    await versions(control)
    with pytest.raises(InvalidParameter, match="permitted on Lambda functions only"):
        await control.ask("GetAlias", FunctionName="fn:1", Name="live")


async def test_a_version_in_use_is_not_deleted(control: Any) -> None:
    await versions(control)
    await alias(control, "live", "1")
    await alias(control, "beta", "2", **weights(**{"1": 0.0}))
    with pytest.raises(VersionInUse) as refused:
        await control.ask("DeleteFunction", FunctionName="fn", Qualifier="1")
    assert str(refused.value) == (
        "Unable to delete version because the following aliases reference it: [beta, live]"
    )
    assert await control.ask("GetFunctionConfiguration", FunctionName="fn:1")
    for name in ("live", "beta"):
        await control.ask("DeleteAlias", FunctionName="fn", Name=name)
    await control.ask("DeleteFunction", FunctionName="fn", Qualifier="1")


async def test_aliases_go_with_their_function(control: Any) -> None:
    await versions(control)
    await alias(control)
    await control.ask("DeleteFunction", FunctionName="fn")
    await versions(control)
    assert await names(control) == []


async def test_publishing_moves_no_alias(control: Any) -> None:
    await versions(control)
    made = await alias(control)
    await versions_more(control)
    assert await control.ask("GetAlias", FunctionName="fn", Name="live") == made
    assert (await control.ask("GetFunctionConfiguration", FunctionName="fn:live"))["Version"] == "1"


async def versions_more(control: Any) -> None:
    await control.ask("UpdateFunctionConfiguration", FunctionName="fn", Timeout=99)
    await control.settle()
    await control.ask("PublishVersion", FunctionName="fn")


async def test_a_function_shown_by_alias_has_the_aliass_arn(control: Any) -> None:
    await versions(control)
    await alias(control, "live", "2", **weights(**{"1": 0.9}))
    found = await control.ask("GetFunctionConfiguration", FunctionName="fn", Qualifier="live")
    assert (found["FunctionArn"], found["Version"]) == (f"{ARN}:live", "2")


async def test_what_acts_on_whole_functions_refuses_an_alias(control: Any) -> None:
    await versions(control)
    await alias(control)
    for operation in ("UpdateFunctionConfiguration", "UpdateFunctionCode", "PublishVersion"):
        with pytest.raises(InvalidParameter, match="Aliases and versions do not support this operation"):
            await control.ask(operation, FunctionName="fn:live")
    with pytest.raises(InvalidParameter, match="Deletion of aliases is not currently supported"):
        await control.ask("DeleteFunction", FunctionName="fn:live")


async def test_moving_an_alias_is_told_and_ends_nothing(control: Any) -> None:
    await versions(control)
    await alias(control)
    changes, reroutes = list(control.changes), list(control.reroutes)
    await update(control, FunctionVersion="2")
    await control.ask("DeleteAlias", FunctionName="fn", Name="live")
    assert control.reroutes == [*reroutes, (HERE, "fn"), (HERE, "fn")]
    assert control.changes == changes


# --- what is invoked ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("function", "qualifier"),
    [("fn", "live"), ("fn:live", None), ("fn:live", "live"), (f"{ARN}:live", None), (ARN, "live")],
)
async def test_an_alias_is_called_by_every_name_it_has(
    control: Any, function: str, qualifier: str | None
) -> None:
    await versions(control)
    await alias(control, "live", "2")
    found = await resolve(control.catalogue, HERE, function, qualifier)
    assert isinstance(found, FunctionVersion)
    assert found.version == "2"


async def test_a_weighted_alias_means_two_versions(control: Any) -> None:
    await versions(control)
    await alias(control, "live", "2", **weights(**{"1": 0.3}))
    found = await resolve(control.catalogue, HERE, "fn", "live")
    assert isinstance(found, Weighted)
    assert (found.version.version, found.other.version, found.weight) == ("2", "1", 0.3)


async def test_an_alias_of_latest_follows_it(control: Any) -> None:
    await control.create()
    await alias(control, "dev", "$LATEST")
    found = await resolve(control.catalogue, HERE, "fn:dev")
    assert isinstance(found, FunctionVersion)
    assert found.version == "$LATEST"


async def test_an_alias_that_is_not_there_is_not_found(control: Any) -> None:
    await versions(control)
    with pytest.raises(NotFound, match=f"^Function not found: {ARN}:beta$"):
        await resolve(control.catalogue, HERE, "fn:beta")


async def test_an_alias_of_a_version_that_is_initialised_for_its_snapshot_has_to_wait(control: Any) -> None:
    await control.create(SnapStart={"ApplyOn": "PublishedVersions"}, Runtime="python3.12", Publish=False)
    await control.ask("PublishVersion", FunctionName="fn")
    await alias(control)
    with pytest.raises(SnapStartNotReady):
        await resolve(control.catalogue, HERE, "fn:live")
    await control.settle()
    assert isinstance(await resolve(control.catalogue, HERE, "fn:live"), FunctionVersion)


async def test_of_a_weighted_alias_only_the_version_that_is_not_ready_has_to_wait(control: Any) -> None:
    await versions(control, 1)
    snap_start = {"ApplyOn": "PublishedVersions"}
    await control.ask("UpdateFunctionConfiguration", FunctionName="fn", SnapStart=snap_start)
    await control.settle()
    await control.ask("PublishVersion", FunctionName="fn")
    await alias(control, "live", "1", **weights(**{"2": 0.3}))
    found = await resolve(control.catalogue, HERE, "fn:live")
    assert isinstance(found, Weighted)
    assert found.drawn(0.3).version == "1"
    with pytest.raises(SnapStartNotReady):
        found.drawn(0.2)
    await control.settle()
    found = await resolve(control.catalogue, HERE, "fn:live")
    assert isinstance(found, Weighted)
    assert found.is_ready
