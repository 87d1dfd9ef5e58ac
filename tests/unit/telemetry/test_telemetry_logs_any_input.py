"""CloudWatch Logs given anything: every request is answered, and none by a fault of ours."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from logs_client import LOGS, NOW_MS, LogsClient, LogsError

from lambdad.awsapi.model import Shape
from lambdad.telemetry.live_tail import LiveTails
from lambdad.telemetry.logs_api import LogsParts, logs_handlers

GROUP = "/g"
ARN = f"arn:aws:logs:us-east-1:000000000000:log-group:{GROUP}"
OFFERED = logs_handlers(None, None, LogsParts(None, LiveTails(None, None), None))  # type: ignore[arg-type]
TEXTS = st.sampled_from(
    [
        *(
            GROUP,
            "s",
            ARN,
            f"{ARN}:*",
            "none",
            "f",
            "1",
            "-1",
            "1e999",
            "$.a",
            "$a",
            "",
            " ",
            "\ud7ff\U0010ffff",
        ),
        *(
            "{ $.a = 1 }",
            "[a, b]",
            "%a+%",
            "?x -y",
            "{",
            "[",
            "%",
            "arn:::::::",
            "f/" + "0" * 56 + "/s",
            "e30=",
        ),
        *("arn:aws:lambda:us-east-1:000000000000:function:f", "STANDARD", "Count", "A" * 1_100),
    ]
) | st.text(max_size=12)
NUMBERS = st.sampled_from([0, 1, 7, 50, NOW_MS, -1, 2**31, 2**63 - 1]) | st.integers(-(2**70), 2**70)


def values(shape: Shape, depth: int = 0) -> st.SearchStrategy[Any]:
    """What a shape may hold, and sometimes something else."""
    made: st.SearchStrategy[Any]
    if shape.kind == "structure" and depth < 3:
        required = {name: values(m.shape, depth + 1) for name, m in shape.members.items() if m.required}
        others = {name: values(m.shape, depth + 1) for name, m in shape.members.items() if not m.required}
        made = st.fixed_dictionaries(required, optional=others)
    elif shape.kind == "list":
        made = st.lists(values(shape.element.shape, depth + 1), max_size=2)
    elif shape.kind == "map":
        made = st.dictionaries(TEXTS, TEXTS, max_size=2)
    elif shape.kind == "boolean":
        made = st.booleans()
    elif shape.kind in ("integer", "long", "double"):
        made = NUMBERS
    else:
        made = TEXTS
    return made if depth != 1 else st.one_of(made, made, made, made, st.none() | TEXTS | NUMBERS)


@pytest.mark.parametrize("operation", sorted(OFFERED))
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
async def test_every_request_is_answered(logs: LogsClient, operation: str, data: st.DataObject) -> None:
    for name, params in (
        ("CreateLogGroup", {"logGroupName": GROUP}),
        ("CreateLogStream", {"logGroupName": GROUP, "logStreamName": "s"}),
    ):
        with suppress(LogsError):  # it is there already
            await logs.call(name, **params)
    shape = LOGS.operations[operation].input
    assert shape is not None
    response = await logs.answer(operation, **data.draw(values(shape)))
    assert response.status < 500
    if not isinstance(response.body, bytes):
        assert b"initial-response" in await anext(response.body)
        await response.body.aclose()  # type: ignore[attr-defined]
    await logs.feed.close()
