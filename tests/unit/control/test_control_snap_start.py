"""SnapStart at the API: what is refused, how a version comes to be, and what becomes of it."""

from __future__ import annotations

import asyncio

import pytest

from lambdad.awsapi import faults
from lambdad.domain.errors import (
    Conflict,
    InvalidParameter,
    SnapStartFailed,
    SnapStartNotReady,
    SnapStartTimedOut,
)
from lambdad.domain.snap_start import InitFailed, NotOptimised
from lambdad.frontend.resolve import resolve
from tests.unit.control.conftest import HERE, Control

ON = {"ApplyOn": "PublishedVersions"}
PENDING = ("Pending", "The function is being created.", "Creating")


def state_of(answer: dict[str, object]) -> tuple[object, object, object]:
    return answer["State"], answer.get("StateReason"), answer.get("StateReasonCode")


async def published(control: Control) -> dict[str, object]:
    await control.create(SnapStart=ON)
    return await control.ask("PublishVersion", FunctionName="fn")


async def version(control: Control, qualifier: str = "1") -> dict[str, object]:
    return await control.ask("GetFunctionConfiguration", FunctionName="fn", Qualifier=qualifier)


async def test_the_latest_version_accepts_it_and_is_never_optimised(control: Control):
    made = await control.create(SnapStart=ON)
    assert made["SnapStart"] == {**ON, "OptimizationStatus": "Off"}
    await control.settle()
    assert (await version(control, "$LATEST"))["SnapStart"] == {**ON, "OptimizationStatus": "Off"}
    assert control.snapshots.asked == []


async def test_a_version_is_published_pending_and_becomes_active_once_it_is_initialised(control: Control):
    control.snapshots.gate.clear()
    answer = await published(control)
    assert state_of(answer) == PENDING
    assert answer["SnapStart"] == {**ON, "OptimizationStatus": "Off"}
    await control.sleep.release()
    await asyncio.sleep(0)
    assert state_of(await version(control)) == PENDING
    control.snapshots.gate.set()
    await control.settle()
    found = await version(control)
    assert state_of(found) == ("Active", None, None)
    assert found["LastUpdateStatus"] == "Successful"
    assert found["SnapStart"] == {**ON, "OptimizationStatus": "On"}
    assert found["RevisionId"] != answer["RevisionId"]


async def test_a_version_published_with_its_creation_is_initialised_too(control: Control):
    await control.create(SnapStart=ON, Publish=True)
    assert (await version(control))["SnapStart"] == {**ON, "OptimizationStatus": "On"}


async def test_a_version_without_it_is_active_at_once(control: Control):
    await control.create()
    answer = await control.ask("PublishVersion", FunctionName="fn")
    assert state_of(answer) == ("Active", None, None)
    assert control.snapshots.asked == []


async def test_publishing_the_same_again_answers_the_version_there_is(control: Control):
    await published(control)
    await control.settle()
    again = await control.ask("PublishVersion", FunctionName="fn")
    assert (again["Version"], again["SnapStart"]) == ("1", {**ON, "OptimizationStatus": "On"})
    assert len(control.snapshots.asked) == 1


async def test_a_version_whose_init_fails_is_failed(control: Control):
    control.snapshots.outcome = InitFailed("Runtime.ImportModuleError")
    await published(control)
    await control.settle()
    found = await version(control)
    assert state_of(found) == ("Failed", "An error occurred during function initialization.", "FunctionError")
    assert found["LastUpdateStatus"] == "Failed"
    assert found["LastUpdateStatusReasonCode"] == "FunctionError"
    with pytest.raises(Conflict, match="currently in the following state: Failed"):
        await resolve(control.catalogue, HERE, "fn", "1")


async def test_what_cannot_be_kept_is_active_without_optimisation_and_says_why(control: Control):
    control.snapshots.outcome = NotOptimised("Init left 2 threads running: Thread-1, Thread-2")
    await published(control)
    await control.settle()
    found = await version(control)
    assert state_of(found) == (
        "Active",
        "SnapStart is off for this version: Init left 2 threads running: Thread-1, Thread-2",
        None,
    )
    assert found["SnapStart"] == {**ON, "OptimizationStatus": "Off"}
    assert (await resolve(control.catalogue, HERE, "fn", "1")).is_snap_started


async def test_a_pending_version_cannot_be_invoked_yet(control: Control):
    await published(control)
    with pytest.raises(SnapStartNotReady, match="once your function state becomes ACTIVE"):
        await resolve(control.catalogue, HERE, "fn", "1")


async def test_a_server_that_starts_again_goes_on_with_a_pending_version(control: Control):
    await published(control)
    successor = Control(control.catalogue)
    await successor.plane.start()
    await successor.settle()
    assert (await version(successor))["SnapStart"] == {**ON, "OptimizationStatus": "On"}
    assert len(successor.snapshots.asked) == 1
    await successor.plane.close()


@pytest.mark.parametrize("qualifier", [None, "1"])
async def test_a_deleted_version_keeps_no_snapshot(control: Control, qualifier: str | None):
    await published(control)
    await control.settle()
    await control.ask("DeleteFunction", FunctionName="fn", Qualifier=qualifier)
    assert control.snapshots.forgotten == [(HERE, "fn", qualifier)]


async def test_a_version_deleted_while_it_is_initialised_keeps_no_snapshot(control: Control):
    control.snapshots.gate.clear()
    await published(control)
    await control.sleep.release()
    await asyncio.sleep(0)
    await control.ask("DeleteFunction", FunctionName="fn")
    control.snapshots.forgotten.clear()
    control.snapshots.gate.set()
    await control.settle()
    assert control.snapshots.forgotten == [(HERE, "fn", "1")]


@pytest.mark.parametrize("runtime", ["nodejs22.x", "python3.11", "ruby3.4", "provided.al2023", "java8.al2"])
async def test_runtimes_without_it_are_refused(control: Control, runtime: str):
    with pytest.raises(
        InvalidParameter, match=f"^{runtime} is not supported for SnapStart enabled functions.$"
    ):
        await control.create(Runtime=runtime, SnapStart=ON)


@pytest.mark.parametrize("runtime", ["java11", "java21", "python3.12", "python3.14", "dotnet8"])
async def test_runtimes_that_have_it_are_accepted(control: Control, runtime: str):
    made = await control.create(Runtime=runtime, SnapStart=ON)
    assert made["SnapStart"]["ApplyOn"] == "PublishedVersions"


async def test_more_than_512_megabytes_of_tmp_are_refused(control: Control):
    with pytest.raises(InvalidParameter, match="is not supported for SnapStart enabled functions"):
        await control.create(EphemeralStorage={"Size": 513}, SnapStart=ON)
    await control.create(EphemeralStorage={"Size": 513})
    with pytest.raises(InvalidParameter, match="is not supported for SnapStart enabled functions"):
        await control.ask("UpdateFunctionConfiguration", FunctionName="fn", SnapStart=ON)


async def test_provisioned_concurrency_of_such_a_version_is_refused(control: Control):
    await published(control)
    await control.settle()
    with pytest.raises(InvalidParameter, match="is not supported for SnapStart enabled functions"):
        await control.ask(
            "PutProvisionedConcurrencyConfig",
            FunctionName="fn",
            Qualifier="1",
            ProvisionedConcurrentExecutions=1,
        )
    assert control.provisioner.asked == []


@pytest.mark.parametrize(
    ("error", "code", "status"),
    [
        (SnapStartNotReady("x"), "SnapStartNotReadyException", 409),
        (SnapStartFailed("x"), "SnapStartException", 400),
        (SnapStartTimedOut("x"), "SnapStartTimeoutException", 408),
    ],
)
def test_each_refusal_has_the_name_and_status_of_aws(error: Conflict, code: str, status: int):
    fault = faults.describe("lambda", error)
    assert (fault.code, fault.status, fault.message) == (code, status, "x")
