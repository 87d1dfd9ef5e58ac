"""An environment that is initialised before any event asks for it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from lambdad.domain.function import LoggingConfig
from lambdad.domain.limits import INIT_TIMEOUT_S
from lambdad.domain.platform_events import ON_DEMAND, PROVISIONED
from lambdad.worker.environment.init_limit import init_limit_s
from lambdad.worker.environment.states import EnvironmentState
from lambdad.worker.sandbox.plan import ExitStatus
from tests.fakes.stage import NEXT, Stage


async def started(stage: Stage, initialization_type: str = PROVISIONED) -> None:
    stage.environment = stage.host.start(stage.version, stage.owner, initialization_type)
    await stage.until(EnvironmentState.INIT)
    await stage.wait_process()


@pytest.mark.parametrize("initialization_type", [ON_DEMAND, PROVISIONED])
async def test_the_function_sees_why_it_was_started(stage: Stage, initialization_type: str):
    await started(stage, initialization_type)
    assert stage.sandbox.started.env["AWS_LAMBDA_INITIALIZATION_TYPE"] == initialization_type


async def test_its_log_has_the_report_of_its_init(stage: Stage):
    await started(stage)
    await stage.send(NEXT)
    await stage.until(EnvironmentState.IDLE)
    assert "INIT_REPORT Init Duration:" in stage.sink.text
    assert "Phase: init" in stage.sink.text
    assert "Status" not in stage.sink.text


async def test_an_environment_on_demand_reports_no_successful_init(stage: Stage):
    await stage.ready()
    assert "INIT_REPORT" not in stage.sink.text


async def test_its_json_log_names_the_type(stages: Callable[..., Stage]):
    stage = stages(logging=LoggingConfig("JSON", "/aws/lambda/hello", "INFO", "INFO"))
    await started(stage)
    await stage.send(NEXT)
    await stage.until(EnvironmentState.IDLE)
    assert '"initializationType":"provisioned-concurrency"' in stage.sink.text.replace(" ", "")


async def test_its_owner_can_see_that_init_has_failed(stage: Stage):
    await started(stage)
    assert not stage.environment.needs_init
    stage.exit(ExitStatus(1, None))
    await stage.until(EnvironmentState.BARE)
    assert stage.environment.needs_init
    assert stage.owner.idle == [stage.environment]
    assert "Status: error\tError Type: Runtime.ExitError" in stage.sink.text


async def test_it_can_be_ended_while_it_starts(stage: Stage):
    await started(stage)
    stage.environment.retire()
    assert stage.owner.gone == [(stage.environment, None)]
    await stage.environment.no_more()
    assert stage.sandbox.destroyed


async def test_it_can_be_ended_before_its_sandbox_is_made(stage: Stage):
    environment = stage.host.start(stage.version, stage.owner, PROVISIONED)
    environment.retire()
    assert stage.owner.gone == [(environment, None)]
    await environment.no_more()
    assert all(sandbox.destroyed for sandbox in stage.factory.made)
    assert stage.host.environments() == []


async def test_one_that_came_up_needs_no_init(stage: Stage):
    await started(stage)
    await stage.send(NEXT)
    await stage.until(EnvironmentState.IDLE)
    assert not stage.environment.needs_init


async def test_its_init_may_take_longer(stage: Stage, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("lambdad.worker.environment.init_limit.INIT_TIMEOUT_S", 0.0)
    await started(stage)
    await stage.send(NEXT)
    await stage.until(EnvironmentState.IDLE)
    assert "timeout" not in stage.sink.text


async def test_its_init_does_not_take_for_ever(stage: Stage, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("lambdad.worker.environment.init_limit.MAX_PROVISIONED_INIT_S", 0.01)
    await started(stage)
    await stage.until(EnvironmentState.BARE)
    assert stage.environment.needs_init
    assert "Status: timeout" in stage.sink.text


@pytest.mark.parametrize(
    ("initialization_type", "timeout_s", "limit_s"),
    [
        (ON_DEMAND, 3, INIT_TIMEOUT_S),
        (ON_DEMAND, 900, INIT_TIMEOUT_S),
        (PROVISIONED, 3, 130),
        (PROVISIONED, 130, 130),
        (PROVISIONED, 131, 131),
        (PROVISIONED, 900, 900),
        (PROVISIONED, 5_400, 900),
    ],
)
def test_the_limit_of_init_follows_the_type_and_the_functions_timeout(
    initialization_type: str, timeout_s: float, limit_s: float
):
    assert init_limit_s(initialization_type, timeout_s) == limit_s
