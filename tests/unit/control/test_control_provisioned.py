"""Provisioned concurrency as the API sees it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from lambdad.control.provisioned import check_room
from lambdad.domain.errors import Conflict, InvalidParameter, NotProvisioned
from lambdad.domain.limits import ACCOUNT_CONCURRENCY, MIN_UNRESERVED_CONCURRENCY
from lambdad.domain.provisioned import Allocation, ProvisionedStatus
from lambdad.domain.scope import Scope

pytestmark = pytest.mark.asyncio
HERE = Scope("111111111111", "eu-central-1")
NAME = "fn"
MOST = ACCOUNT_CONCURRENCY - MIN_UNRESERVED_CONCURRENCY


async def versions(control: Any, count: int = 1, scope: Scope = HERE) -> None:
    await control.ask(
        "CreateFunction",
        scope,
        FunctionName=NAME,
        Runtime="python3.12",
        Handler="index.handler",
        Role="arn:aws:iam::111111111111:role/r",
        Code={"ZipFile": b"PK one"},
    )
    await control.settle()
    for number in range(count):
        await control.ask("UpdateFunctionConfiguration", scope, FunctionName=NAME, Timeout=number + 1)
        await control.settle()
        await control.ask("PublishVersion", scope, FunctionName=NAME)


async def put(control: Any, requested: int, version: str = "1", scope: Scope = HERE) -> dict[str, object]:
    return await control.ask(
        "PutProvisionedConcurrencyConfig",
        scope,
        FunctionName=NAME,
        Qualifier=version,
        ProvisionedConcurrentExecutions=requested,
    )


async def get(control: Any, version: str = "1") -> dict[str, object]:
    return await control.ask("GetProvisionedConcurrencyConfig", FunctionName=NAME, Qualifier=version)


async def unreserved(control: Any) -> int:
    limits = (await control.ask("GetAccountSettings"))["AccountLimit"]
    assert limits["ConcurrentExecutions"] == ACCOUNT_CONCURRENCY
    return int(limits["UnreservedConcurrentExecutions"])


async def test_a_put_begins_at_once_and_get_says_how_far_it_has_come(control: Any) -> None:
    await versions(control)
    assert (await put(control, 5))["Status"] == "IN_PROGRESS"
    assert control.provisioner.asked == [(HERE.arn("lambda", f"function:{NAME}:1"), 5)]
    control.provisioner.kept[HERE, NAME, "1"] = Allocation(ProvisionedStatus.READY, 5)
    found = await get(control)
    assert found["Status"] == "READY"
    assert found["RequestedProvisionedConcurrentExecutions"] == 5
    assert found["AllocatedProvisionedConcurrentExecutions"] == 5
    assert found["AvailableProvisionedConcurrentExecutions"] == 5
    assert "StatusReason" not in found


async def test_a_second_put_goes_on_from_what_is_there(control: Any) -> None:
    await versions(control)
    await put(control, 5)
    control.provisioner.kept[HERE, NAME, "1"] = Allocation(ProvisionedStatus.READY, 5)
    control.clock.now_s += 60
    again = await put(control, 3)
    assert again["Status"] == "IN_PROGRESS"
    assert again["AllocatedProvisionedConcurrentExecutions"] == 3
    assert (await get(control))["LastModified"] == again["LastModified"]


async def test_a_failure_is_told_with_its_reason(control: Any) -> None:
    await versions(control)
    await put(control, 1)
    failed = Allocation(ProvisionedStatus.FAILED, 0, "FUNCTION_ERROR_INIT_FAILURE")
    control.provisioner.kept[HERE, NAME, "1"] = failed
    found = await get(control)
    assert (found["Status"], found["StatusReason"]) == ("FAILED", "FUNCTION_ERROR_INIT_FAILURE")


async def test_a_version_that_is_not_active_yet_is_refused(control: Any) -> None:
    await control.create(settle=False, Publish=True)
    with pytest.raises(Conflict, match="Pending"):
        await put(control, 1)
    assert control.provisioner.asked == []
    await control.settle()
    assert await put(control, 1)


async def test_deleting_ends_what_is_kept(control: Any) -> None:
    await versions(control)
    await put(control, 1)
    await control.ask("DeleteProvisionedConcurrencyConfig", FunctionName=NAME, Qualifier="1")
    assert control.provisioner.kept == {}
    with pytest.raises(NotProvisioned):
        await get(control)


@pytest.mark.parametrize(("qualifier", "left"), [("1", ["2"]), (None, [])])
async def test_it_ends_with_its_version_or_function(
    control: Any, qualifier: str | None, left: list[str]
) -> None:
    await versions(control, 2)
    await put(control, 1, "1")
    await put(control, 1, "2")
    named = {} if qualifier is None else {"Qualifier": qualifier}
    await control.ask("DeleteFunction", FunctionName=NAME, **named)
    assert [version for _, _, version in control.provisioner.kept] == left


async def test_a_deleted_latest_is_refused_and_ends_nothing(control: Any) -> None:
    await versions(control)
    await put(control, 1)
    with pytest.raises(InvalidParameter):
        await control.ask("DeleteFunction", FunctionName=NAME, Qualifier="$LATEST")
    assert control.provisioner.kept


async def test_everything_is_kept_again_after_a_restart(control: Any) -> None:
    await versions(control, 2)
    await put(control, 4, "1")
    await put(control, 6, "2")
    restarted = type(control)(control.catalogue)
    await restarted.plane.start()
    assert sorted(requested for _, requested in restarted.provisioner.asked) == [4, 6]
    await restarted.plane.close()


async def test_lists_come_in_pages_by_number(control: Any) -> None:
    await versions(control, 3)
    for number in ("3", "1", "2"):
        await put(control, int(number), number)
    ask = {"FunctionName": NAME, "MaxItems": 2}
    first = await control.ask("ListProvisionedConcurrencyConfigs", **ask)
    rest = await control.ask("ListProvisionedConcurrencyConfigs", **ask, Marker=first["NextMarker"])
    listed = first["ProvisionedConcurrencyConfigs"] + rest["ProvisionedConcurrencyConfigs"]
    assert [one["RequestedProvisionedConcurrentExecutions"] for one in listed] == [1, 2, 3]
    assert [one["FunctionArn"].rpartition(":")[2] for one in listed] == ["1", "2", "3"]
    assert "NextMarker" not in rest


async def test_the_account_has_less_left_by_what_is_provisioned(control: Any) -> None:
    await versions(control, 2)
    await put(control, 600, "1")
    assert await unreserved(control) == ACCOUNT_CONCURRENCY - 600
    with pytest.raises(InvalidParameter, match=r"greater than account's unreserved concurrency \[400\]"):
        await put(control, 401, "2")
    with pytest.raises(InvalidParameter, match=r"below its minimum value of \[100\]"):
        await put(control, MOST - 600 + 1, "2")
    await put(control, MOST - 600, "2")
    assert await unreserved(control) == MIN_UNRESERVED_CONCURRENCY


async def test_what_a_version_has_itself_is_not_counted_against_it(control: Any) -> None:
    await versions(control)
    await put(control, MOST)
    assert await put(control, MOST - 1)


async def test_another_region_has_an_account_of_its_own(control: Any) -> None:
    other = Scope(HERE.account, "us-west-2")
    await versions(control)
    await versions(control, scope=other)
    await put(control, MOST)
    assert await put(control, MOST, scope=other)


async def test_of_racing_puts_no_more_are_granted_than_there_is_room_for(control: Any) -> None:
    await versions(control, 3)
    asked = (put(control, 400, number) for number in ("1", "2", "3"))
    answers = await asyncio.gather(*asked, return_exceptions=True)
    assert sum(isinstance(one, InvalidParameter) for one in answers) == 1
    assert await unreserved(control) == ACCOUNT_CONCURRENCY - 800


def refusal(requested: int, others: int) -> str | None:
    try:
        check_room(requested, others, ACCOUNT_CONCURRENCY)
    except InvalidParameter as error:
        return str(error)
    return None


async def test_room_is_what_the_account_has_without_the_others_and_its_minimum() -> None:
    for others in (0, 1, MOST - 1):
        assert refusal(MOST - others, others) is None
        assert "minimum" in (refusal(MOST - others + 1, others) or "")
        assert "greater than" in (refusal(ACCOUNT_CONCURRENCY - others + 1, others) or "")
