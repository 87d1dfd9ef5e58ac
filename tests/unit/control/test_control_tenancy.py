"""TenancyConfig as the API sees it."""

from __future__ import annotations

from typing import Any

import pytest

from lambdad.domain.errors import InvalidParameter

pytestmark = pytest.mark.asyncio
TENANTS = {"TenantIsolationMode": "PER_TENANT"}


async def test_tenancy_is_answered_and_stays(control: Any) -> None:
    made = await control.create(TenancyConfig=TENANTS, Publish=True)
    assert made["TenancyConfig"] == TENANTS
    # No member of an update: the model has none, so it cannot be taken away.
    await control.ask("UpdateFunctionConfiguration", FunctionName="fn", TenancyConfig={}, Timeout=5)
    await control.settle()
    for qualifier in ("$LATEST", "1"):
        shown = await control.ask("GetFunctionConfiguration", FunctionName="fn", Qualifier=qualifier)
        assert shown["TenancyConfig"] == TENANTS
    (listed,) = (await control.ask("ListFunctions"))["Functions"]
    assert listed["TenancyConfig"] == TENANTS


async def test_without_tenancy_nothing_is_said_of_it(control: Any) -> None:
    assert "TenancyConfig" not in await control.create()


async def test_snap_start_and_tenants_exclude_each_other(control: Any) -> None:
    snap = {"ApplyOn": "PublishedVersions"}
    with pytest.raises(InvalidParameter, match="SnapStart is not supported for functions with tenant"):
        await control.create(TenancyConfig=TENANTS, SnapStart=snap)
    await control.create(TenancyConfig=TENANTS)
    with pytest.raises(InvalidParameter, match="SnapStart is not supported for functions with tenant"):
        await control.ask("UpdateFunctionConfiguration", FunctionName="fn", SnapStart=snap)


async def test_provisioned_concurrency_and_tenants_exclude_each_other(control: Any) -> None:
    await control.create(TenancyConfig=TENANTS)
    await control.ask("PublishVersion", FunctionName="fn")
    with pytest.raises(InvalidParameter, match="Provisioned Concurrency is not supported for functions with"):
        await control.ask(
            "PutProvisionedConcurrencyConfig",
            FunctionName="fn",
            Qualifier="1",
            ProvisionedConcurrentExecutions=1,
        )


async def test_function_urls_and_tenants_exclude_each_other(control: Any) -> None:
    await control.create(TenancyConfig=TENANTS)
    with pytest.raises(InvalidParameter, match="Function URL is not supported for functions with tenant"):
        await control.ask("CreateFunctionUrlConfig", FunctionName="fn", AuthType="NONE")


async def test_event_sources_and_tenants_exclude_each_other(control: Any) -> None:
    await control.create(TenancyConfig=TENANTS)
    with pytest.raises(InvalidParameter, match="Event source mapping is not supported for functions with"):
        await control.ask(
            "CreateEventSourceMapping",
            FunctionName="fn",
            EventSourceArn="arn:aws:sqs:eu-central-1:111111111111:q",
        )
