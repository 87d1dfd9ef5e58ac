"""Provisioned concurrency of aliases: which versions keep how many, and what does not go together."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from lambdad.domain.errors import Conflict, InvalidParameter, NotFound, NotProvisioned
from lambdad.domain.limits import ACCOUNT_CONCURRENCY, MIN_UNRESERVED_CONCURRENCY
from lambdad.domain.provisioned import Allocation, ProvisionedStatus
from lambdad.domain.scope import Scope

pytestmark = pytest.mark.asyncio
HERE = Scope("111111111111", "eu-central-1")
NAME = "fn"
ON_VERSION = "Alias can't be used for Provisioned Concurrency configuration on an already Provisioned version"
ON_ALIAS = "Version is pointed by a Provisioned Concurrency alias"


async def versions(control: Any, count: int = 3, **given: Any) -> None:
    await control.create(**given)
    for number in range(count):
        await control.ask("UpdateFunctionConfiguration", FunctionName=NAME, Timeout=number + 1)
        await control.settle()
        await control.ask("PublishVersion", FunctionName=NAME)
    await control.settle()


async def alias(control: Any, name: str = "live", version: str = "1", **weights: float) -> None:
    routing = {"RoutingConfig": {"AdditionalVersionWeights": weights}} if weights else {}
    await control.ask("CreateAlias", FunctionName=NAME, Name=name, FunctionVersion=version, **routing)


async def move(control: Any, name: str = "live", version: str = "2", **weights: float) -> None:
    await control.ask(
        "UpdateAlias",
        FunctionName=NAME,
        Name=name,
        FunctionVersion=version,
        RoutingConfig={"AdditionalVersionWeights": weights},
    )


async def put(control: Any, requested: int = 4, qualifier: str = "live") -> dict[str, Any]:
    made: dict[str, Any] = await control.ask(
        "PutProvisionedConcurrencyConfig",
        FunctionName=NAME,
        Qualifier=qualifier,
        ProvisionedConcurrentExecutions=requested,
    )
    return made


async def status(control: Any, qualifier: str = "live") -> tuple[str, int]:
    found = await control.ask("GetProvisionedConcurrencyConfig", FunctionName=NAME, Qualifier=qualifier)
    return found["Status"], found["AllocatedProvisionedConcurrentExecutions"]


def told(control: Any) -> dict[str, int]:
    """What the provisioner was told last of each version it keeps some of."""
    last = {arn.rpartition(":")[2]: count for arn, count in control.provisioner.asked}
    kept = {version for _, _, version in control.provisioner.kept}
    return {version: count for version, count in last.items() if version in kept}


def ready(control: Any, version: str, count: int) -> None:
    control.provisioner.kept[HERE, NAME, version] = Allocation(ProvisionedStatus.READY, count)


async def test_the_version_an_alias_points_at_keeps_them(control: Any) -> None:
    await versions(control)
    await alias(control)
    assert (await put(control))["Status"] == "IN_PROGRESS"
    assert told(control) == {"1": 4}
    ready(control, "1", 4)
    assert await status(control) == ("READY", 4)
    with pytest.raises(NotProvisioned):
        await status(control, "1")


async def test_a_moved_alias_has_them_where_it_points_and_nowhere_else(control: Any) -> None:
    await versions(control)
    await alias(control)
    await put(control)
    ready(control, "1", 4)
    await move(control)
    assert told(control) == {"2": 4}
    assert await status(control) == ("IN_PROGRESS", 0)
    ready(control, "2", 4)
    assert await status(control) == ("READY", 4)


async def test_a_new_description_begins_nothing_anew(control: Any) -> None:
    await versions(control)
    await alias(control)
    await put(control)
    ready(control, "1", 4)
    asked = list(control.provisioner.asked)
    await control.ask("UpdateAlias", FunctionName=NAME, Name="live", Description="d")
    assert control.provisioner.asked == asked
    assert await status(control) == ("READY", 4)


async def test_weights_given_later_split_them(control: Any) -> None:
    await versions(control)
    await alias(control)
    await put(control)
    ready(control, "1", 4)
    await move(control, "live", "1", **{"2": 0.25})
    assert told(control) == {"1": 3, "2": 1}
    ready(control, "1", 3)
    assert await status(control) == ("IN_PROGRESS", 3)
    ready(control, "2", 1)
    assert await status(control) == ("READY", 4)
    await move(control, "live", "2")
    assert told(control) == {"2": 4}


async def test_an_alias_with_weights_is_refused(control: Any) -> None:
    await versions(control)
    await alias(control, "live", "1", **{"2": 0.5})
    with pytest.raises(InvalidParameter, match="^Alias with weights can not be used with Provisioned Conc"):
        await put(control)
    assert told(control) == {}


async def test_two_aliases_on_one_version_add_up(control: Any) -> None:
    await versions(control)
    for name in ("live", "beta"):
        await alias(control, name)
    await put(control, 4, "live")
    await put(control, 2, "beta")
    assert told(control) == {"1": 6}
    ready(control, "1", 3)
    assert await status(control, "live") == ("READY", 2)
    assert await status(control, "beta") == ("READY", 1)
    await control.ask("DeleteAlias", FunctionName=NAME, Name="live")
    assert told(control) == {"1": 2}
    await control.ask("DeleteProvisionedConcurrencyConfig", FunctionName=NAME, Qualifier="beta")
    assert told(control) == {}


async def test_a_version_has_its_own_or_an_aliass_but_not_both(control: Any) -> None:
    await versions(control)
    await alias(control)
    await put(control, 1, "1")
    with pytest.raises(Conflict, match=ON_VERSION):
        await put(control)
    await control.ask("DeleteProvisionedConcurrencyConfig", FunctionName=NAME, Qualifier="1")
    await put(control)
    with pytest.raises(Conflict, match=ON_ALIAS):
        await put(control, 1, "1")
    await move(control, "live", "2", **{"1": 0.5})
    with pytest.raises(Conflict, match=ON_ALIAS):
        await put(control, 1, "1")


@pytest.mark.parametrize(("version", "weights"), [("3", {}), ("2", {"3": 0.1})])
async def test_a_provisioned_alias_does_not_move_onto_a_provisioned_version(
    control: Any, version: str, weights: dict[str, float]
) -> None:
    await versions(control)
    await alias(control)
    await put(control)
    await put(control, 1, "3")
    with pytest.raises(Conflict, match=ON_VERSION):
        await move(control, "live", version, **weights)
    assert told(control) == {"1": 4, "3": 1}
    assert (await control.ask("GetAlias", FunctionName=NAME, Name="live"))["FunctionVersion"] == "1"


async def test_an_alias_that_asks_for_nothing_goes_anywhere(control: Any) -> None:
    await versions(control)
    await alias(control)
    await put(control, 1, "3")
    await move(control, "live", "3")
    await move(control, "live", "$LATEST")
    assert told(control) == {"3": 1}


async def test_latest_keeps_nothing_through_an_alias_either(control: Any) -> None:
    await versions(control)
    await alias(control, "dev", "$LATEST")
    await alias(control)
    with pytest.raises(InvalidParameter, match="cannot be applied to unpublished function versions"):
        await put(control, 1, "dev")
    await put(control)
    with pytest.raises(InvalidParameter, match="cannot be applied to unpublished function versions"):
        await move(control, "live", "$LATEST")
    assert told(control) == {"1": 4}


async def test_a_version_with_snap_start_keeps_nothing_through_an_alias_either(control: Any) -> None:
    await versions(control, 1)
    snap_start = {"ApplyOn": "PublishedVersions"}
    await control.ask("UpdateFunctionConfiguration", FunctionName=NAME, SnapStart=snap_start)
    await control.settle()
    await control.ask("PublishVersion", FunctionName=NAME)
    await control.settle()
    await alias(control)
    await alias(control, "snap", "2")
    with pytest.raises(InvalidParameter, match="not supported for SnapStart"):
        await put(control, 1, "snap")
    await put(control)
    with pytest.raises(InvalidParameter, match="not supported for SnapStart"):
        await move(control, "live", "2")


async def test_an_alias_that_is_gone_cannot_be_found(control: Any) -> None:
    await versions(control)
    await alias(control)
    await put(control)
    await control.ask("DeleteAlias", FunctionName=NAME, Name="live")
    assert told(control) == {}
    for ask in (put(control), status(control)):
        with pytest.raises(NotFound, match="^Cannot find alias arn: .*:function:fn:live$"):
            await ask


async def test_they_go_with_the_function(control: Any) -> None:
    await versions(control)
    await alias(control)
    await put(control)
    await control.ask("DeleteFunction", FunctionName=NAME)
    assert told(control) == {}
    await versions(control)
    await alias(control)
    with pytest.raises(NotProvisioned):
        await status(control)


async def test_an_aliass_number_counts_against_the_account_once(control: Any) -> None:
    await versions(control)
    await alias(control)
    most = ACCOUNT_CONCURRENCY - MIN_UNRESERVED_CONCURRENCY
    await put(control, most)
    await put(control, most)
    with pytest.raises(InvalidParameter, match="greater than account's unreserved concurrency"):
        await put(control, most, "3")
    limits = (await control.ask("GetAccountSettings"))["AccountLimit"]
    assert limits["UnreservedConcurrentExecutions"] == MIN_UNRESERVED_CONCURRENCY


async def test_lists_have_versions_and_then_aliases(control: Any) -> None:
    await versions(control)
    for name, version in (("live", "1"), ("beta", "2")):
        await alias(control, name, version)
        await put(control, 1, name)
    await put(control, 1, "3")
    ask = {"FunctionName": NAME, "MaxItems": 2}
    first = await control.ask("ListProvisionedConcurrencyConfigs", **ask)
    rest = await control.ask("ListProvisionedConcurrencyConfigs", **ask, Marker=first["NextMarker"])
    listed = first["ProvisionedConcurrencyConfigs"] + rest["ProvisionedConcurrencyConfigs"]
    arn = HERE.arn("lambda", f"function:{NAME}")
    assert [one["FunctionArn"] for one in listed] == [f"{arn}:3", f"{arn}:beta", f"{arn}:live"]


async def test_a_restarted_server_keeps_them_where_the_alias_points(control: Any) -> None:
    await versions(control)
    await alias(control)
    await put(control)
    await put(control, 2, "3")
    await move(control, "live", "2", **{"1": 0.5})
    restarted = type(control)(control.catalogue)
    await restarted.plane.start()
    assert told(restarted) == {"1": 2, "2": 2, "3": 2}
    await restarted.plane.close()


async def test_whatever_races_the_last_word_is_kept(control: Any) -> None:
    await versions(control)
    await alias(control)
    racing = [put(control, 1 + number) for number in range(5)]
    racing += [move(control, "live", version) for version in ("2", "3", "1", "2")]
    racing += [control.ask("DeleteProvisionedConcurrencyConfig", FunctionName=NAME, Qualifier="live")]
    racing += [put(control, 9), move(control, "live", "3")]
    await asyncio.gather(*racing)
    pointed = await control.ask("GetAlias", FunctionName=NAME, Name="live")
    wanted = await control.catalogue.provisioned.read(HERE, NAME, "live")
    assert told(control) == {pointed["FunctionVersion"]: wanted.requested}


async def test_a_function_deleted_while_it_is_put_keeps_nothing(control: Any) -> None:
    await versions(control)
    await alias(control)
    gone = control.ask("DeleteFunction", FunctionName=NAME)
    await asyncio.gather(put(control), gone, move(control), return_exceptions=True)
    assert told(control) == {}
