"""Recursion configuration and runtime management, as the API sees them."""

from __future__ import annotations

from typing import Any

import pytest

from lambdad.domain.errors import InvalidParameter, NotFound
from lambdad.domain.scope import Scope

HERE = Scope("111111111111", "eu-central-1")
ARN = "arn:aws:lambda:eu-central-1:111111111111:function:fn"


async def manage(control: Any, mode: str, arn: str | None = None, **named: Any) -> dict[str, Any]:
    given = {"FunctionName": "fn"} | named | ({} if arn is None else {"RuntimeVersionArn": arn})
    answer: dict[str, Any] = await control.ask("PutRuntimeManagementConfig", UpdateRuntimeOn=mode, **given)
    return answer


async def managed(control: Any, **named: Any) -> dict[str, Any]:
    answer: dict[str, Any] = await control.ask("GetRuntimeManagementConfig", FunctionName="fn", **named)
    return answer


async def runtime_version(control: Any) -> str:
    shown = await control.ask("GetFunctionConfiguration", FunctionName="fn")
    arn: str = shown["RuntimeVersionConfig"]["RuntimeVersionArn"]
    return arn


async def test_loops_are_terminated_unless_they_are_allowed(control: Any) -> None:
    await control.create()
    get = {"FunctionName": "fn"}
    assert await control.ask("GetFunctionRecursionConfig", **get) == {"RecursiveLoop": "Terminate"}
    for choice in ("Allow", "Terminate", "Allow"):
        put = await control.ask("PutFunctionRecursionConfig", FunctionName="fn", RecursiveLoop=choice)
        assert put == await control.ask("GetFunctionRecursionConfig", **get) == {"RecursiveLoop": choice}
    await control.ask("DeleteFunction", FunctionName="fn")
    await control.create()
    assert await control.ask("GetFunctionRecursionConfig", **get) == {"RecursiveLoop": "Terminate"}


async def test_whoever_runs_functions_hears_which_may_loop(control: Any) -> None:
    await control.create()
    ask = {"FunctionName": "fn"}
    for choice in ("Allow", "Terminate", "Allow"):
        await control.ask("PutFunctionRecursionConfig", RecursiveLoop=choice, **ask)
    assert control.loops == [(HERE, "fn", allowed) for allowed in (True, False, True)]
    assert control.reroutes == [(HERE, "fn")] * 3, "routes know it"
    control.loops.clear()
    await control.plane.start()
    assert control.loops == [(HERE, "fn", True)], "after a restart as well"
    await control.ask("DeleteFunction", **ask)
    assert control.loops[1:] == [(HERE, "fn", False)]


@pytest.mark.parametrize(
    "operation",
    [
        *("PutFunctionRecursionConfig", "GetFunctionRecursionConfig"),
        *("PutRuntimeManagementConfig", "GetRuntimeManagementConfig"),
    ],
)
async def test_what_does_not_exist_is_not_found(control: Any, operation: str) -> None:
    with pytest.raises(NotFound, match=r"Function not found: .*:function:nobody$"):
        await control.ask(operation, FunctionName="nobody", RecursiveLoop="Allow", UpdateRuntimeOn="Auto")


async def test_runtimes_are_updated_by_themselves_unless_something_else_is_said(control: Any) -> None:
    await control.create()
    assert await managed(control) == {"UpdateRuntimeOn": "Auto", "FunctionArn": ARN}
    put = await manage(control, "FunctionUpdate")
    assert put == await managed(control) == {"UpdateRuntimeOn": "FunctionUpdate", "FunctionArn": ARN}


async def test_a_function_stays_with_the_version_of_its_runtime(control: Any) -> None:
    await control.create()
    arn = await runtime_version(control)
    await manage(control, "Manual", arn)
    assert await managed(control) == {
        "UpdateRuntimeOn": "Manual",
        "FunctionArn": ARN,
        "RuntimeVersionArn": arn,
    }
    await manage(control, "Auto")
    assert await managed(control) == {"UpdateRuntimeOn": "Auto", "FunctionArn": ARN}


async def test_each_version_has_a_mode_of_its_own(control: Any) -> None:
    await control.create()
    await manage(control, "FunctionUpdate")
    await control.ask("PublishVersion", FunctionName="fn")
    assert (await managed(control, Qualifier="1")) == {"UpdateRuntimeOn": "Auto", "FunctionArn": f"{ARN}:1"}
    await manage(control, "Manual", await runtime_version(control), Qualifier="1")
    assert (await managed(control, Qualifier="1"))["UpdateRuntimeOn"] == "Manual"
    assert (await managed(control, Qualifier="$LATEST"))["UpdateRuntimeOn"] == "FunctionUpdate"


async def test_aliases_have_none(control: Any) -> None:
    await control.create()
    with pytest.raises(InvalidParameter) as refused:
        await manage(control, "Auto", Qualifier="live")
    said = f"The provided function name {ARN}:live is invalid. Aliases are not allowed."
    assert str(refused.value) == said


@pytest.mark.parametrize(
    ("mode", "arn", "why"),
    [
        ("Manual", None, "RuntimeVersionArn is required when UpdateRuntimeOn is Manual"),
        ("Manual", f"arn:aws:lambda:eu-central-1::runtime:{'0' * 64}", "is not available"),
        ("Auto", f"arn:aws:lambda:eu-central-1::runtime:{'0' * 64}", "can only be specified when"),
    ],
)
async def test_a_version_that_is_not_here_is_refused(
    control: Any, mode: str, arn: str | None, why: str
) -> None:
    await control.create()
    with pytest.raises(InvalidParameter, match=why):
        await manage(control, mode, arn)
    assert (await managed(control))["UpdateRuntimeOn"] == "Auto"


async def test_who_stays_with_a_version_cannot_have_another_runtime(control: Any) -> None:
    await control.create()
    await manage(control, "Manual", await runtime_version(control))
    update = {"FunctionName": "fn", "Timeout": 9}
    with pytest.raises(InvalidParameter, match="Cannot change runtime identifier when runtime management"):
        await control.ask("UpdateFunctionConfiguration", **update, Runtime="python3.13")
    await control.ask("UpdateFunctionConfiguration", **update, Runtime="python3.12")
    await control.settle()
    await manage(control, "Auto")
    changed = await control.ask("UpdateFunctionConfiguration", **update, Runtime="python3.13")
    assert changed["Runtime"] == "python3.13"
