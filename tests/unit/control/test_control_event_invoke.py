"""Event invoke configuration: where records may go, and what outlives what."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from lambdad.domain.errors import InvalidParameter, NotFound

HERE = "eu-central-1:111111111111"
QUEUE, TOPIC = f"arn:aws:sqs:{HERE}:queue", f"arn:aws:sns:{HERE}:topic"
BUS, BUCKET = f"arn:aws:events:{HERE}:event-bus/default", "arn:aws:s3:::bucket"


def function_arn(name: str) -> str:
    return f"arn:aws:lambda:{HERE}:function:{name}"


async def put(control: Any, *, qualifier: str | None = None, **given: Any) -> dict[str, Any]:
    qualified = {} if qualifier is None else {"Qualifier": qualifier}
    answer: dict[str, Any] = await control.ask(
        "PutFunctionEventInvokeConfig", FunctionName="fn", **qualified, **given
    )
    return answer


async def refusal(control: Any, success: str | None, failure: str | None = None) -> str | None:
    """Why records cannot go there; None when they can."""
    sides = {"OnSuccess": success, "OnFailure": failure}
    given = {side: {"Destination": arn} for side, arn in sides.items() if arn is not None}
    try:
        found = (await put(control, DestinationConfig=given))["DestinationConfig"]
    except InvalidParameter as error:
        return str(error)
    assert found == {side: {"Destination": arn} for side, arn in sides.items()}
    return None


@pytest.mark.parametrize("arn", [QUEUE, TOPIC, BUS, function_arn("other"), function_arn("other:1")])
async def test_records_go_to_queues_topics_buses_and_functions(control: Any, arn: str) -> None:
    await control.create()
    await control.create("other")
    await control.ask("PublishVersion", FunctionName="other")
    assert await refusal(control, arn, None) is None
    assert await refusal(control, None, arn) is None


async def test_buckets_take_failures_alone(control: Any) -> None:
    await control.create()
    assert await refusal(control, None, BUCKET) is None
    said = await refusal(control, BUCKET, QUEUE)
    assert said == (
        "The provided destination config DestinationConfig("
        f"onSuccess=OnSuccess(destination={BUCKET}), onFailure=OnFailure(destination={QUEUE})) is invalid."
    )


@pytest.mark.parametrize("arn", [f"arn:aws:kinesis:{HERE}:stream/s", "kafka://topic", "arn:aws:sqs"])
async def test_other_kinds_are_refused(control: Any, arn: str) -> None:
    await control.create()
    said = await refusal(control, None, arn)
    assert said == (
        "The provided destination config DestinationConfig("
        f"onSuccess=null, onFailure=OnFailure(destination={arn})) is invalid."
    )


@pytest.mark.parametrize(
    "arn",
    [
        f"{QUEUE}.fifo",
        f"{TOPIC}.fifo",
        f"arn:aws:sqs:{HERE}:",
        f"arn:aws-cn:sqs:{HERE}:queue",
        "arn:aws:sqs:::queue",
        f"{TOPIC}:subscription",
        f"arn:aws:events:{HERE}:rule/r",
        f"arn:aws:events:{HERE}:event-bus/",
        f"arn:aws:s3:{HERE}:bucket",
        "arn:aws:s3:::",
        function_arn("nobody"),
        function_arn("other:7"),
        function_arn("other:alias"),
        function_arn("other:"),
        f"arn:aws:lambda:{HERE}:layer:other",
        "arn:aws:lambda:us-east-1:111111111111:function:other",
        "arn:aws:lambda:eu-central-1:222222222222:function:",
        "arn:aws:lambda:::function:other",
    ],
)
async def test_what_cannot_take_a_record_is_refused(control: Any, arn: str) -> None:
    await control.create()
    await control.create("other")
    assert await refusal(control, None, arn) == f"The destination ARN {arn} is invalid."


async def test_another_account_is_not_asked_what_it_has(control: Any) -> None:
    await control.create()
    for name in ("fn", "nobody"):
        assert await refusal(control, f"arn:aws:lambda:eu-central-1:222222222222:function:{name}") is None


@pytest.mark.parametrize("qualifier", ["", ":$LATEST", ":1"])
async def test_a_function_does_not_send_to_itself(control: Any, qualifier: str) -> None:
    await control.create()
    await control.ask("PublishVersion", FunctionName="fn")
    said = await refusal(control, function_arn(f"fn{qualifier}"))
    assert said == "You can't specify the function as a destination for itself."


async def test_an_update_replaces_what_it_names_and_put_everything(control: Any) -> None:
    await control.create()
    await put(control, MaximumRetryAttempts=1, DestinationConfig={"OnSuccess": {"Destination": QUEUE}})
    control.clock.now_s += 60
    changed = await control.ask(
        "UpdateFunctionEventInvokeConfig", FunctionName="fn", MaximumEventAgeInSeconds=60
    )
    assert (changed["MaximumRetryAttempts"], changed["MaximumEventAgeInSeconds"]) == (1, 60)
    assert changed["DestinationConfig"]["OnSuccess"] == {"Destination": QUEUE}
    assert changed["LastModified"] == datetime.fromtimestamp(control.clock.now_s, UTC)
    again = await put(control, MaximumRetryAttempts=2)
    assert again["DestinationConfig"]["OnSuccess"] == {"Destination": None}
    assert "MaximumEventAgeInSeconds" not in again


@pytest.mark.parametrize("operation", ["PutFunctionEventInvokeConfig", "UpdateFunctionEventInvokeConfig"])
async def test_a_configuration_must_say_something(control: Any, operation: str) -> None:
    await control.create()
    with pytest.raises(InvalidParameter, match="at least one of error handling or destination setting"):
        await control.ask(operation, FunctionName="fn")


async def test_it_goes_with_its_version_and_its_function(control: Any) -> None:
    await control.create()
    await control.ask("PublishVersion", FunctionName="fn")
    for qualifier in ("1", None):
        await put(control, qualifier=qualifier, MaximumRetryAttempts=0)
    await control.ask("DeleteFunction", FunctionName="fn", Qualifier="1")
    with pytest.raises(NotFound, match=r":function:fn:1 doesn't have an EventInvokeConfig"):
        await control.ask("GetFunctionEventInvokeConfig", FunctionName="fn", Qualifier="1")
    assert await control.ask("GetFunctionEventInvokeConfig", FunctionName="fn")
    await control.ask("DeleteFunction", FunctionName="fn")
    await control.create()
    with pytest.raises(NotFound, match=r":function:fn:\$LATEST doesn't have an EventInvokeConfig"):
        await control.ask("GetFunctionEventInvokeConfig", FunctionName="fn")
