"""Reserved concurrency and the account's arithmetic, as the API sees them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdad.control.commitments import Commitments, check_reservation
from lambdad.control.provisioned import check_provided
from lambdad.domain.errors import InvalidParameter, NotFound
from lambdad.domain.limits import ACCOUNT_CONCURRENCY, MIN_UNRESERVED_CONCURRENCY
from lambdad.domain.scope import Scope

HERE = Scope("111111111111", "eu-central-1")
MOST = ACCOUNT_CONCURRENCY - MIN_UNRESERVED_CONCURRENCY
TOO_MUCH = r"decreases account's UnreservedConcurrentExecution below its minimum value of \[100\]"
TOO_MUCH_FOR_FUNCTION = "should not be greater than the reservedConcurrentExecution for function"


async def reserve(control: Any, executions: int, name: str = "fn", scope: Scope = HERE) -> dict[str, Any]:
    answer: dict[str, Any] = await control.ask(
        "PutFunctionConcurrency", scope, FunctionName=name, ReservedConcurrentExecutions=executions
    )
    return answer


async def provision(control: Any, requested: int, name: str = "fn") -> None:
    await control.ask(
        "PutProvisionedConcurrencyConfig",
        FunctionName=name,
        Qualifier="1",
        ProvisionedConcurrentExecutions=requested,
    )


async def published(control: Any, name: str = "fn") -> None:
    await control.create(name)
    await control.ask("PublishVersion", FunctionName=name)


async def unreserved(control: Any) -> int:
    limits = (await control.ask("GetAccountSettings"))["AccountLimit"]
    assert limits["ConcurrentExecutions"] == ACCOUNT_CONCURRENCY
    return int(limits["UnreservedConcurrentExecutions"])


async def test_what_is_reserved_is_counted_by_and_shown_with_the_function(control: Any) -> None:
    await published(control)
    assert "Concurrency" not in await control.ask("GetFunction", FunctionName="fn")
    await reserve(control, 0)
    assert control.reservations.limits == {(HERE, "fn"): 0}
    shown = await control.ask("GetFunction", FunctionName="fn")
    assert shown["Concurrency"] == {"ReservedConcurrentExecutions": 0}
    assert "Concurrency" not in await control.ask("GetFunction", FunctionName="fn", Qualifier="1")
    await control.ask("DeleteFunctionConcurrency", FunctionName="fn")
    assert control.reservations.limits == {}
    assert await control.ask("GetFunctionConcurrency", FunctionName="fn") == {}


@pytest.mark.parametrize("operation", ["PutFunctionConcurrency", "DeleteFunctionConcurrency"])
async def test_nothing_is_reserved_for_who_is_not_there(control: Any, operation: str) -> None:
    with pytest.raises(NotFound, match=r"Function not found: .*:function:nobody:\$LATEST$"):
        await control.ask(operation, FunctionName="nobody", ReservedConcurrentExecutions=1)


@pytest.mark.parametrize("operation", ["Put", "Get", "Delete"])
async def test_versions_have_no_reserved_concurrency_of_their_own(control: Any, operation: str) -> None:
    await published(control)
    with pytest.raises(InvalidParameter, match="permitted on Lambda functions only"):
        await control.ask(
            f"{operation}FunctionConcurrency", FunctionName="fn:1", ReservedConcurrentExecutions=1
        )


async def test_what_is_refused_changes_nothing(control: Any) -> None:
    await control.create()
    await reserve(control, 5)
    with pytest.raises(InvalidParameter, match=TOO_MUCH):
        await reserve(control, MOST + 1)
    assert control.reservations.limits == {(HERE, "fn"): 5}
    found = await control.ask("GetFunctionConcurrency", FunctionName="fn")
    assert found == {"ReservedConcurrentExecutions": 5}


async def test_all_functions_of_an_account_and_region_share_its_concurrency(control: Any) -> None:
    for name in ("fn", "other"):
        await control.create(name)
    await reserve(control, 600)
    assert await unreserved(control) == ACCOUNT_CONCURRENCY - 600
    with pytest.raises(InvalidParameter, match=TOO_MUCH):
        await reserve(control, MOST - 600 + 1, "other")
    await reserve(control, MOST - 600, "other")
    assert await unreserved(control) == MIN_UNRESERVED_CONCURRENCY
    await reserve(control, 599)
    there = Scope(HERE.account, "us-west-2")
    await control.ask(
        "CreateFunction",
        there,
        FunctionName="fn",
        Runtime="python3.12",
        Handler="index.handler",
        Role="arn:aws:iam::111111111111:role/r",
        Code={"ZipFile": b"PK one"},
    )
    await reserve(control, MOST, scope=there)


async def test_what_is_provisioned_counts_inside_of_what_is_reserved(control: Any) -> None:
    await published(control)
    await provision(control, 10)
    assert await unreserved(control) == ACCOUNT_CONCURRENCY - 10
    with pytest.raises(InvalidParameter) as refused:
        await reserve(control, 9)
    assert str(refused.value) == (
        " ReservedConcurrentExecutions  9 should not be lower than function's total provisioned "
        "concurrency [10]."
    )
    await reserve(control, 15)
    assert await unreserved(control) == ACCOUNT_CONCURRENCY - 15
    with pytest.raises(InvalidParameter, match=TOO_MUCH_FOR_FUNCTION):
        await provision(control, 16)
    await provision(control, 15)
    assert await unreserved(control) == ACCOUNT_CONCURRENCY - 15
    await control.ask("DeleteFunctionConcurrency", FunctionName="fn")
    assert await unreserved(control) == ACCOUNT_CONCURRENCY - 15


async def test_of_a_reserved_function_all_may_be_provisioned_however_little_is_left(control: Any) -> None:
    await published(control)
    await reserve(control, MOST)
    await provision(control, MOST)
    with pytest.raises(InvalidParameter, match=TOO_MUCH_FOR_FUNCTION):
        await provision(control, MOST + 1)


async def test_a_deleted_function_gives_back_what_it_had(control: Any) -> None:
    await control.create()
    await reserve(control, MOST)
    await control.ask("DeleteFunction", FunctionName="fn")
    assert control.reservations.limits == {}
    assert await unreserved(control) == ACCOUNT_CONCURRENCY
    await control.create()
    assert await control.ask("GetFunctionConcurrency", FunctionName="fn") == {}


async def test_a_deleted_version_leaves_the_reservation(control: Any) -> None:
    await published(control)
    await reserve(control, 5)
    await control.ask("DeleteFunction", FunctionName="fn", Qualifier="1")
    assert control.reservations.limits == {(HERE, "fn"): 5}


async def test_a_restart_counts_by_what_was_reserved_before(control: Any) -> None:
    await control.create()
    await reserve(control, 7)
    restarted = type(control)(control.catalogue)
    await restarted.plane.start()
    assert restarted.reservations.limits == {(HERE, "fn"): 7}
    await restarted.plane.close()


async def test_of_racing_reservations_no_more_are_granted_than_there_is_room_for(control: Any) -> None:
    names = ("one", "two", "three")
    for name in names:
        await control.create(name)
    asked = (reserve(control, 400, name) for name in names)
    answers = await asyncio.gather(*asked, return_exceptions=True)
    assert sum(isinstance(one, InvalidParameter) for one in answers) == 1
    assert await unreserved(control) == ACCOUNT_CONCURRENCY - 800


def passes(check: Any, *arguments: object) -> bool:
    try:
        check(*arguments, ACCOUNT_CONCURRENCY)
    except InvalidParameter:
        return False
    return True


NUMBERS = st.dictionaries(st.sampled_from(["a", "b", "c"]), st.integers(0, 500))


@given(NUMBERS, NUMBERS, st.integers(0, 1_000))
async def test_what_is_granted_leaves_a_hundred_and_holds_what_is_provisioned(
    reserved: dict[str, int], provisioned: dict[str, int], asked: int
) -> None:
    now = Commitments(reserved, provisioned)
    after = Commitments(reserved | {"a": asked}, provisioned)
    leaves = ACCOUNT_CONCURRENCY - after.total() >= MIN_UNRESERVED_CONCURRENCY
    assert passes(check_reservation, "a", asked, now) is (leaves and asked >= provisioned.get("a", 0))
    more = Commitments(reserved, provisioned | {"a": provisioned.get("a", 0) + asked})
    holds = (
        more.provisioned["a"] <= reserved["a"]
        if "a" in reserved
        else ACCOUNT_CONCURRENCY - more.total() >= MIN_UNRESERVED_CONCURRENCY
    )
    assert passes(check_provided, "a", asked, now) is holds
