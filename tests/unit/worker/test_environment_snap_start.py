"""Templates, and environments restored from them: the function's side, the log, and every way to fail."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Callable
from datetime import datetime

import pytest
from botocore.credentials import ContainerProvider
from botocore.httpsession import URLLib3Session
from botocore.utils import ContainerMetadataFetcher

from lambdad.assignment.pools import Pools
from lambdad.domain.errors import EnvironmentUnavailable, SnapStartFailed, SnapStartTimedOut
from lambdad.domain.function import AttachedLayer, CodeKey, LoggingConfig
from lambdad.domain.limits import CONTAINER_CREDENTIALS_S, TEMPLATE_CREDENTIALS_S
from lambdad.domain.outcome import Status
from lambdad.domain.snap_start import InitFailed, NotOptimised, Optimised
from lambdad.placement.capacity import Placement
from lambdad.worker.environment import restored as restored_module
from lambdad.worker.environment import template as template_module
from lambdad.worker.environment.environment import ExecutionEnvironment
from lambdad.worker.environment.init_limit import init_limit_s
from lambdad.worker.environment.states import EnvironmentState
from lambdad.worker.environment.variables import differing
from lambdad.worker.sandbox.image import ImageStale, SnapshotRefused
from lambdad.worker.sandbox.plan import ExitStatus
from tests.fakes.snap_stage import RESTORE_NEXT, SnapStage, post
from tests.fakes.snapshots import FakeImage
from tests.fakes.stage import NEXT, stages_of
from tests.fakes.worker import FakeSandbox

S = EnvironmentState
CREDENTIALS = "/2021-04-23/credentials"


@pytest.fixture
async def stages() -> AsyncIterator[Callable[..., SnapStage]]:
    async with stages_of(SnapStage) as make:
        yield make


@pytest.fixture
def stage(stages: Callable[..., SnapStage]) -> SnapStage:
    return stages()


async def outcome(making: asyncio.Task[object]) -> object:
    async with asyncio.timeout(5):
        return await making


# --- templates ---------------------------------------------------------------------------------------


async def test_a_template_is_initialised_kept_and_gone(stage: SnapStage) -> None:
    making = await stage.publish()
    await stage.wait_process()
    template = stage.sandbox
    await stage.send(RESTORE_NEXT)
    assert await outcome(making) == Optimised()
    await stage.host.gone(stage.host.environments(), 5)
    assert template.destroyed
    assert stage.host.snapshots.count == 1
    assert stage.owner.idle == []


async def test_the_log_of_a_template_has_the_start_and_the_report_of_its_init(stage: SnapStage) -> None:
    making = await stage.publish()
    await stage.wait_process()
    stage.print(b"loading\n")
    await stage.send(RESTORE_NEXT)
    await outcome(making)
    await asyncio.sleep(0.01)
    text = stage.sink.text
    assert text.startswith("INIT_START Runtime Version: python3.12.v1")
    assert "INIT_REPORT Init Duration: 0.00 ms\tPhase: snap-start\n" in text
    assert text.index("loading") < text.index("INIT_REPORT")


async def test_its_json_log_names_type_and_phase(stages: Callable[..., SnapStage]) -> None:
    stage = stages(logging=LoggingConfig("JSON", "/aws/lambda/hello", "INFO", "INFO"))
    await stage.published()
    start = json.loads(stage.sink.lines[0])
    assert start["type"] == "platform.initStart"
    assert (start["record"]["initializationType"], start["record"]["phase"]) == ("snap-start", "snap-start")


def test_init_at_publish_may_take_as_long_as_that_of_provisioned_concurrency() -> None:
    assert init_limit_s("snap-start", 3) == 130
    assert init_limit_s("snap-start", 600) == 600


async def test_an_init_that_fails_says_with_what(stage: SnapStage) -> None:
    making = await stage.publish()
    await stage.wait_process()
    await stage.send(post("init/error", "Runtime.ImportModuleError"))
    await stage.receive()
    stage.exit(ExitStatus(1, None))
    assert await outcome(making) == InitFailed("Runtime.ImportModuleError")
    assert "Phase: snap-start\tStatus: error\tError Type: Runtime.ImportModuleError" in stage.sink.text
    assert stage.host.snapshots.count == 0


async def test_a_process_that_ends_is_an_init_that_failed(stage: SnapStage) -> None:
    making = await stage.publish()
    await stage.wait_process()
    stage.exit(ExitStatus(3, None))
    assert await outcome(making) == InitFailed("Runtime.ExitError")


async def test_an_init_that_takes_too_long_has_failed(
    stage: SnapStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lambdad.worker.environment.environment.init_limit_s", lambda *_: 0.05)
    assert await outcome(await stage.publish()) == InitFailed("Sandbox.Timedout")
    assert "Phase: snap-start\tStatus: timeout" in stage.sink.text


async def refused(stage: SnapStage) -> str:
    making = await stage.publish()
    await stage.wait_process()
    await stage.send(RESTORE_NEXT)
    result = await outcome(making)
    assert isinstance(result, NotOptimised)
    return result.reason


async def test_what_cannot_be_kept_says_why_to_the_caller_and_in_the_log(stage: SnapStage) -> None:
    def refuse(sandbox: FakeSandbox) -> None:
        sandbox.snapshot_refusal = SnapshotRefused("Init left a thread running: worker-1")

    stage.factory.prepare = refuse
    assert await refused(stage) == "Init left a thread running: worker-1"
    assert (
        "LAMBDAD SnapStart is off for this version: Init left a thread running: worker-1\n" in stage.sink.text
    )


async def test_a_sandbox_that_is_gone_while_it_is_kept_is_no_failed_init(stage: SnapStage) -> None:
    def refuse(sandbox: FakeSandbox) -> None:
        sandbox.snapshot_refusal = EnvironmentUnavailable("sandbox is gone")

    stage.factory.prepare = refuse
    assert "sandbox is gone" in await refused(stage)


async def test_external_extensions_are_refused_before_anything_runs(
    stages: Callable[..., SnapStage],
) -> None:
    stage = stages(layers=(AttachedLayer("arn:x:1", 1, 1, CodeKey("aa")),))
    stage.factory.programs = ("watcher",)
    result = await outcome(await stage.publish())
    assert result == NotOptimised("it has external extensions (watcher)")


async def test_a_wrapper_is_refused_before_anything_runs(stages: Callable[..., SnapStage]) -> None:
    stage = stages(environment={"AWS_LAMBDA_EXEC_WRAPPER": "/opt/wrap"})
    result = await outcome(await stage.publish())
    assert isinstance(result, NotOptimised)
    assert "AWS_LAMBDA_EXEC_WRAPPER" in result.reason


async def test_a_runtime_that_asks_for_events_at_once_is_refused(stage: SnapStage) -> None:
    making = await stage.publish()
    await stage.wait_process()
    await stage.send(NEXT)
    result = await outcome(making)
    assert result == NotOptimised("its runtime does not ask to be restored (restore/next)")


async def test_another_runtime_than_python_is_not_even_started(stages: Callable[..., SnapStage]) -> None:
    stage = stages(runtime="java21")
    result = await stage.host.snapshots.optimise(stage.version)
    assert isinstance(result, NotOptimised)
    assert stage.factory.made == []


async def test_a_sandbox_that_cannot_be_made_is_said(stage: SnapStage) -> None:
    stage.factory.fail_with = EnvironmentUnavailable("python3.12 is not installed")
    result = await outcome(asyncio.ensure_future(stage.host.snapshots.optimise(stage.version)))
    assert result == NotOptimised("python3.12 is not installed")


async def test_a_snapshot_that_takes_too_long_is_given_up(
    stage: SnapStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(template_module, "SNAPSHOT_TIMEOUT_S", 0.0)

    async def never() -> None:
        await asyncio.Event().wait()

    def hang(sandbox: FakeSandbox) -> None:
        sandbox.snapshot = never  # type: ignore[method-assign, assignment]

    stage.factory.prepare = hang
    assert "could not be kept within" in await refused(stage)


# --- credentials -------------------------------------------------------------------------------------


async def test_a_template_has_no_keys_and_no_log_stream_among_its_variables(stage: SnapStage) -> None:
    await stage.publish()
    await stage.wait_process()
    env = stage.sandbox.started.env
    assert env["AWS_LAMBDA_INITIALIZATION_TYPE"] == "snap-start"
    assert env["AWS_CONTAINER_CREDENTIALS_FULL_URI"] == f"http://{stage.sandbox.addresses[1]}{CREDENTIALS}"
    absent = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"}
    absent |= {"AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME"}
    assert not absent & env.keys()


async def fetched(stage: SnapStage, token: str) -> tuple[int, bytes]:
    caller = await stage.caller().open()
    answer = await caller.call("GET", CREDENTIALS, {"Authorization": token})
    return answer.status, answer.body


def expires_in(stage: SnapStage, body: bytes) -> float:
    expiration = datetime.fromisoformat(json.loads(body)["Expiration"])
    return expiration.timestamp() - stage.clock.now()


async def test_credentials_are_fetched_with_the_token_alone(stage: SnapStage) -> None:
    await stage.publish()
    await stage.wait_process()
    assert await fetched(stage, "wrong") == (404, b"cannot get credentials for the provided token\n")
    status, body = await fetched(stage, stage.sandbox.started.env["AWS_CONTAINER_AUTHORIZATION_TOKEN"])
    assert status == 200
    assert json.loads(body).keys() == {"AccessKeyId", "SecretAccessKey", "Token", "Expiration"}
    assert expires_in(stage, body) == TEMPLATE_CREDENTIALS_S


async def test_an_environment_without_snap_start_has_nothing_to_fetch(
    stages: Callable[..., SnapStage],
) -> None:
    stage = stages(snap_start_apply_on="None", is_optimised=False)
    stage.start()
    await stage.until(S.INIT)
    await stage.wait_process()
    assert (await fetched(stage, ""))[0] == 404
    caller = await stage.caller().open()
    assert (await caller.call("GET", "/2018-06-01/runtime/restore/next")).status == 404
    assert (await caller.call("POST", "/2018-06-01/runtime/restore/error")).status == 404


async def test_a_restored_environment_has_credentials_of_its_own(stage: SnapStage) -> None:
    await stage.published()
    old = stage.sandbox.started.env["AWS_CONTAINER_AUTHORIZATION_TOKEN"]
    await stage.restored()
    new = stage.news(stage.told)["AWS_CONTAINER_AUTHORIZATION_TOKEN"]
    assert new is not None
    assert (await fetched(stage, old))[0] == 404
    status, body = await fetched(stage, new)
    assert status == 200
    assert expires_in(stage, body) == CONTAINER_CREDENTIALS_S


def test_only_what_differs_is_told() -> None:
    assert differing({"a": "1", "b": "2", "c": "3"}, {"a": "1", "c": "4", "d": "5"}) == {
        "b": None,
        "c": "4",
        "d": "5",
    }


# --- restore -----------------------------------------------------------------------------------------


async def test_an_environment_is_restored_and_told_only_what_is_new(stage: SnapStage) -> None:
    image = await stage.published()
    await stage.restored()
    assert stage.sandbox.restored_from == [image]
    news = stage.news(stage.told)
    assert "AWS_CONTAINER_AUTHORIZATION_TOKEN" in news
    assert not {"_HANDLER", "AWS_REGION", "AWS_LAMBDA_FUNCTION_NAME"} & news.keys()
    assert stage.environment.initialization_type == "snap-start"
    assert stage.sandbox.quota_applied


async def test_a_restored_environment_runs_events_and_reports_its_restore_once(stage: SnapStage) -> None:
    await stage.published()
    await stage.restoring()
    await stage.receive()
    stage.clock.time += 0.092
    await stage.send(NEXT)
    await stage.until(S.IDLE)
    stage.environment.run(stage.invocation())
    await stage.receive()
    await stage.answer(b"1")
    assert (await stage.settle()).status is Status.SUCCESS
    report = stage.sink.lines[-1]
    assert "Restore Duration: 92.00 ms\tBilled Restore Duration: 92 ms\t\n" in report
    assert "Init Duration" not in report
    stage.settled.clear()
    await stage.send(NEXT)
    await stage.until(S.IDLE)
    stage.environment.run(stage.invocation())
    await stage.receive()
    await stage.answer(b"2")
    await stage.settle()
    assert "Restore Duration" not in stage.sink.lines[-1]


async def test_the_log_of_a_restored_environment_begins_with_its_restore(stage: SnapStage) -> None:
    await stage.published()
    await asyncio.sleep(0.01)
    stage.sink.lines.clear()
    await stage.restored()
    assert stage.sink.lines[0].startswith(
        "RESTORE_START Runtime Version: python3.12.v1\tRuntime Version ARN: "
    )
    assert stage.sink.lines[1] == "RESTORE_REPORT Restore Duration: 0.00 ms\n"
    assert len(stage.sink.lines) == 2


async def test_its_json_log_has_restore_times_in_the_report(stages: Callable[..., SnapStage]) -> None:
    stage = stages(logging=LoggingConfig("JSON", "/aws/lambda/hello", "INFO", "DEBUG"))
    await stage.published()
    await stage.restored()
    stage.environment.run(stage.invocation())
    await stage.receive()
    await stage.answer(b"1")
    await stage.settle()
    types = [json.loads(line)["type"] for line in stage.sink.lines]
    assert types.index("platform.restoreStart") < types.index("platform.restoreRuntimeDone")
    assert types.index("platform.restoreRuntimeDone") < types.index("platform.restoreReport")
    metrics = json.loads(stage.sink.lines[-1])["record"]["metrics"]
    assert (metrics["restoreDurationMs"], metrics["billedRestoreDurationMs"]) == (0.0, 1)


async def test_a_hook_that_fails_ends_the_environment_with_the_error_of_aws(stage: SnapStage) -> None:
    await stage.published()
    environment = await stage.restoring()
    await stage.receive()
    await stage.send(post("restore/error", "Runtime.AfterRestoreError"))
    assert b"202 Accepted" in await stage.receive()
    stage.exit(ExitStatus(65, None))
    await stage.until(S.GONE)
    assert [(one, type(reason)) for one, reason in stage.owner.gone] == [(environment, SnapStartFailed)]
    assert "\tStatus: error\tError Type: Runtime.AfterRestoreError\n" in stage.sink.text
    assert stage.host.snapshots.count == 1


async def test_a_hook_that_takes_too_long_ends_the_environment_with_the_error_of_aws(
    stage: SnapStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    await stage.published()
    monkeypatch.setattr(restored_module, "RESTORE_TIMEOUT_S", 0.1)
    stage.start()
    await stage.until(S.GONE)
    assert [type(reason) for _, reason in stage.owner.gone] == [SnapStartTimedOut]
    assert "\tStatus: timeout\n" in stage.sink.text


async def test_a_restore_that_hangs_ends_the_environment_with_the_error_of_aws(
    stage: SnapStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = await stage.published()
    monkeypatch.setattr(restored_module, "RESTORE_TIMEOUT_S", 0.0)

    async def never() -> None:
        await asyncio.Event().wait()

    def hang(sandbox: FakeSandbox) -> None:
        sandbox.restore_gate = never

    stage.factory.prepare = hang
    stage.start()
    await stage.until(S.GONE)
    assert [type(reason) for _, reason in stage.owner.gone] == [SnapStartTimedOut]
    await stage.host.snapshots.close()
    assert image.is_closed


async def test_an_image_that_fits_no_more_is_dropped_and_init_runs(stage: SnapStage) -> None:
    image = await stage.published()

    def refuse(sandbox: FakeSandbox) -> None:
        sandbox.restore_refusal = ImageStale("its fork server has ended")

    stage.factory.prepare = refuse
    stage.start()
    await stage.until(S.INIT)
    await stage.wait_process()
    assert image.is_closed
    assert stage.environment.initialization_type == "on-demand"
    assert "RESTORE" not in stage.sink.text


async def test_a_process_that_dies_at_once_is_not_restored_again_and_init_runs_in_the_event(
    stage: SnapStage,
) -> None:
    image = await stage.published()
    await stage.restoring()
    sandbox = stage.sandbox
    stage.dies()
    await stage.until(S.BARE)
    assert image.is_closed
    assert "RESTORE_REPORT Restore Duration: 0.00 ms\tStatus: error" in stage.sink.text
    assert stage.owner.gone == []
    stage.environment.run(stage.invocation())
    await stage.until(S.REPEATED_INIT)
    assert not sandbox.destroyed


async def test_an_environment_that_is_ended_while_it_is_restored_leaves_nothing(stage: SnapStage) -> None:
    image = await stage.published()
    gate = asyncio.Event()

    def hold(sandbox: FakeSandbox) -> None:
        async def wait() -> None:
            await gate.wait()

        sandbox.restore_gate = wait

    stage.factory.prepare = hold
    count = len(stage.factory.made)
    environment = stage.start()
    async with asyncio.timeout(5):
        while len(stage.factory.made) == count:
            await asyncio.sleep(0.001)
    await asyncio.sleep(0.01)
    environment.retire()
    gate.set()
    await environment.no_more()
    assert stage.sandbox.destroyed
    assert stage.sandbox.process is None
    assert not image.is_closed


# --- without a snapshot ------------------------------------------------------------------------------


async def started_ordinarily(stage: SnapStage) -> ExecutionEnvironment:
    environment = stage.start()
    await stage.until(S.INIT)
    await stage.wait_process()
    return environment


async def test_an_ordinary_start_runs_the_hooks_one_after_the_other(stages: Callable[..., SnapStage]) -> None:
    stage = stages(is_optimised=False)
    environment = await started_ordinarily(stage)
    assert stage.sandbox.started.env["AWS_LAMBDA_INITIALIZATION_TYPE"] == "snap-start"
    await stage.send(RESTORE_NEXT)
    assert (await stage.receive()).startswith(b"HTTP/1.1 200 OK\r\n")
    await stage.send(NEXT)
    await stage.until(S.IDLE)
    assert environment.initialization_type == "on-demand"
    assert "INIT_REPORT" not in stage.sink.text
    assert len(stage.factory.made) == 1


async def test_asking_to_be_restored_after_init_is_refused(stages: Callable[..., SnapStage]) -> None:
    stage = stages(is_optimised=False)
    await started_ordinarily(stage)
    await stage.send(NEXT)
    await stage.until(S.IDLE)
    caller = await stage.caller().open()
    assert (await caller.call("GET", "/2018-06-01/runtime/restore/next")).status == 403
    assert (await caller.call("POST", "/2018-06-01/runtime/restore/error")).status == 403


async def test_a_hook_that_fails_in_an_ordinary_start_is_an_init_that_failed(
    stages: Callable[..., SnapStage],
) -> None:
    stage = stages(is_optimised=False)
    await started_ordinarily(stage)
    await stage.send(post("restore/error", "Runtime.AfterRestoreError"))
    await stage.receive()
    stage.exit(ExitStatus(65, None))
    await stage.until(S.BARE)
    assert "Error Type: Runtime.AfterRestoreError" in stage.sink.text


# --- ends and neighbours -----------------------------------------------------------------------------


async def test_a_template_that_is_stopped_while_it_is_kept_leaves_no_image(stage: SnapStage) -> None:
    image, gate = FakeImage(), asyncio.Event()

    async def slowly() -> FakeImage:
        with contextlib.suppress(asyncio.CancelledError):
            await gate.wait()
        return image

    def slow(sandbox: FakeSandbox) -> None:
        sandbox.snapshot = slowly  # type: ignore[method-assign]

    stage.factory.prepare = slow
    making = await stage.publish()
    await stage.wait_process()
    await stage.send(RESTORE_NEXT)
    template = stage.host.environments()[0]
    async with asyncio.timeout(5):
        while template.state is not S.SNAPSHOT:
            await asyncio.sleep(0.001)
    template.stop()
    assert await outcome(making) == NotOptimised("its initialisation was ended")
    gate.set()
    await template.no_more()
    assert image.is_closed
    assert stage.host.snapshots.count == 0


async def test_who_called_hears_of_a_hook_that_failed_and_the_next_call_is_restored_again(
    stage: SnapStage,
) -> None:
    await stage.published()
    pool = Pools(Placement(stage.host, 10), stage.clock, 60.0).pool(stage.version)
    for _ in range(2):
        stage.settled.clear()
        count = len(stage.factory.made)
        pool.assign(stage.invocation())
        async with asyncio.timeout(5):
            while len(stage.factory.made) == count:
                await asyncio.sleep(0.001)
        await stage.wait_process()
        await stage.receive()
        await stage.send(post("restore/error", "Runtime.AfterRestoreError"))
        await stage.receive()
        stage.exit(ExitStatus(65, None))
        refused_call = await stage.settle()
        assert isinstance(refused_call.error, SnapStartFailed)
        assert "afterRestore() runtime hook encountered an error" in str(refused_call.error)


async def test_a_session_of_the_sdk_made_before_the_snapshot_asks_again_at_once(stage: SnapStage) -> None:
    stage.clock.time = time.time()  # botocore looks at its own
    making = await stage.publish()
    await stage.wait_process()
    environ = dict(stage.sandbox.started.env)

    def used() -> tuple[str, bool]:
        session = URLLib3Session()
        try:
            fetcher = ContainerMetadataFetcher(session=session)
            found = ContainerProvider(environ=environ, fetcher=fetcher).load()
            return found.access_key, found.refresh_needed()
        finally:
            session.close()

    key, is_stale = await asyncio.to_thread(used)
    assert key.startswith("ASIA")
    assert is_stale
    await stage.send(RESTORE_NEXT)
    await outcome(making)
