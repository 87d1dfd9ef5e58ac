"""Results that are not the whole shape, and the rarer bindings."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum
from types import MappingProxyType
from typing import Any

import pytest

from lambdad.awsapi import model, render, timestamps
from lambdad.awsapi.model import Operation, ServiceModel
from lambdad.domain.http import Response


def answered(operation: str, result: dict[str, Any], service: str = "lambda") -> Response:
    loaded = model.load(service)
    return render.response(loaded, loaded.operations[operation], result, "rid")


def made_up(
    members: dict[str, Any], result: dict[str, Any], payload: str | None = None, **shapes: Any
) -> Response:
    """An answer of a made-up rest-json operation with the given output members."""
    top = {"type": "structure", "members": members} | ({"payload": payload} if payload else {})
    raw = {
        "metadata": {"protocol": "rest-json", "apiVersion": "1", "endpointPrefix": "made-up"},
        "operations": {"Do": {"http": {"method": "GET", "requestUri": "/"}, "output": {"shape": "Out"}}},
        "shapes": {"Out": top, "Text": {"type": "string"}, "Time": {"type": "timestamp"}} | shapes,
    }
    loaded = ServiceModel("made-up", raw)
    return render.response(loaded, loaded.operations["Do"], result, "rid")


def test_what_is_unset_is_left_out() -> None:
    answer = answered("GetFunctionConfiguration", {"FunctionName": "f", "KMSKeyArn": None, "Layers": []})
    assert answer == Response(
        200, b'{"FunctionName":"f","Layers":[]}', (("Content-Type", "application/json"),)
    )


def test_unset_members_are_left_out_at_any_depth() -> None:
    answer = answered(
        "GetFunction", {"Configuration": {"Environment": {"Variables": {"A": "1"}, "Error": None}}}
    )
    assert answer.body == b'{"Configuration":{"Environment":{"Variables":{"A":"1"}}}}'


def test_members_keep_the_order_of_the_result() -> None:
    answer = answered("GetFunctionConfiguration", {"Version": "1", "FunctionName": "f"})
    assert answer.body == b'{"Version":"1","FunctionName":"f"}'


@pytest.mark.parametrize(
    "result", [{"Nope": 1}, {"Configuration": {"Nope": None}}, {"Configuration": {"VpcConfig": {"x": 1}}}]
)
def test_a_member_the_model_lacks_is_a_defect(result: dict[str, Any]) -> None:
    with pytest.raises(render.NotInModel):
        answered("GetFunction", result)


@pytest.mark.parametrize(
    ("operation", "status"),
    [("CreateFunction", 201), ("GetFunction", 200), ("CreateEventSourceMapping", 202), ("TagResource", 204)],
)
def test_the_status_is_the_models(operation: str, status: int) -> None:
    assert answered(operation, {}).status == status


def test_a_deletion_of_a_function_is_answered_as_recorded() -> None:
    assert answered("DeleteFunction", {}) == Response(204)
    assert answered("DeleteFunction", {"StatusCode": 200}).status == 200


def test_an_answer_without_content_has_no_body_and_no_type() -> None:
    assert answered("DeleteAlias", {}) == Response(204)
    assert answered("UntagResource", {}) == Response(204)


def test_a_member_in_the_status_code_sets_the_status() -> None:
    answer = answered("Invoke", {"StatusCode": 202})
    assert (answer.status, answer.body) == (202, b"")


def test_a_payload_leaves_as_it_is_with_its_members_in_headers() -> None:
    answer = answered(
        "Invoke", {"StatusCode": 200, "Payload": b"\x00", "ExecutedVersion": "$LATEST", "FunctionError": None}
    )
    assert answer == Response(
        200, b"\x00", (("Content-Type", "application/octet-stream"), ("X-Amz-Executed-Version", "$LATEST"))
    )


def test_an_empty_result_is_an_empty_object_where_there_is_a_shape() -> None:
    assert answered("GetFunctionConcurrency", {}).body == b"{}"
    assert answered("DescribeLogGroups", {}, "logs").body == b"{}"


def test_a_json_operation_without_output_is_an_empty_body() -> None:
    answer = answered("CreateLogGroup", {}, "logs")
    assert answer == Response(200, b"", (("Content-Type", "application/x-amz-json-1.1"),))


def test_values_of_the_domain_are_written_as_they_are() -> None:
    class State(StrEnum):
        ACTIVE = "Active"

    answer = answered(
        "GetFunctionConfiguration",
        {"State": State.ACTIVE, "Environment": MappingProxyType({"Variables": MappingProxyType({"A": "ü"})})},
    )
    assert json.loads(answer.body) == {  # type: ignore[arg-type]
        "State": "Active",
        "Environment": {"Variables": {"A": "ü"}},
    }


@pytest.mark.parametrize(
    ("number", "expected"),
    [(0.5, b"0.5"), (float("nan"), b'"NaN"'), (float("inf"), b'"Infinity"'), (-float("inf"), b'"-Infinity"')],
)
def test_numbers_json_does_not_know_are_text(number: float, expected: bytes) -> None:
    answer = answered("GetAlias", {"RoutingConfig": {"AdditionalVersionWeights": {"1": number}}})
    assert answer.body == b'{"RoutingConfig":{"AdditionalVersionWeights":{"1":' + expected + b"}}}"


MOMENT = datetime(2026, 11, 3, 8, 5, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("moment", "style", "expected"),
    [
        (MOMENT, timestamps.UNIX, 1793693109),
        (MOMENT.replace(microsecond=250_000), timestamps.UNIX, 1793693109.25),
        (MOMENT, timestamps.ISO8601, "2026-11-03T08:05:09Z"),
        (MOMENT.replace(microsecond=7_000), timestamps.ISO8601, "2026-11-03T08:05:09.007Z"),
        (MOMENT, timestamps.RFC822, "Tue, 03 Nov 2026 08:05:09 GMT"),
        (MOMENT.astimezone(timezone(timedelta(hours=2))), timestamps.RFC822, "Tue, 03 Nov 2026 08:05:09 GMT"),
        (MOMENT.replace(tzinfo=None), timestamps.ISO8601, "2026-11-03T08:05:09Z"),
    ],
)
def test_a_moment_is_written_in_each_style_and_read_back(
    moment: datetime, style: str, expected: str | float
) -> None:
    written = timestamps.write(moment, style)
    assert written == expected
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    assert timestamps.read(written) == aware.replace(
        microsecond=0 if style == timestamps.RFC822 else aware.microsecond
    )


def test_the_style_of_a_moment_is_the_shapes_then_the_places() -> None:
    answer = made_up(
        {
            "Plain": {"shape": "Time"},
            "Iso": {"shape": "Time", "timestampFormat": "iso8601"},
            "InHeader": {"shape": "Time", "location": "header", "locationName": "X-When"},
        },
        {"Plain": MOMENT, "Iso": MOMENT, "InHeader": MOMENT},
    )
    assert json.loads(answer.body) == {"Plain": 1793693109, "Iso": "2026-11-03T08:05:09Z"}  # type: ignore[arg-type]
    assert ("X-When", "Tue, 03 Nov 2026 08:05:09 GMT") in answer.headers


def test_headers_carry_booleans_lists_json_and_prefixed_maps() -> None:
    members = {
        "Flag": {"shape": "Bool", "location": "header", "locationName": "X-Flag"},
        "List": {"shape": "Texts", "location": "header", "locationName": "X-List"},
        "Json": {"shape": "Text", "location": "header", "locationName": "X-Json", "jsonvalue": True},
        "Meta": {"shape": "Map", "location": "headers", "locationName": "X-Meta-"},
        "Blob": {"shape": "Blob", "location": "header", "locationName": "X-Blob"},
    }
    answer = made_up(
        members,
        {"Flag": True, "List": ["a", "b"], "Json": {"a": 1}, "Meta": {"One": 1}, "Blob": b"b"},
        Bool={"type": "boolean"},
        Blob={"type": "blob"},
        Texts={"type": "list", "member": {"shape": "Text"}},
        Map={"type": "map", "key": {"shape": "Text"}, "value": {"shape": "Text"}},
    )
    assert answer.headers == (
        ("X-Flag", "true"),
        ("X-List", "a, b"),
        ("X-Json", "eyJhIjoxfQ=="),
        ("X-Meta-One", "1"),
        ("X-Blob", "Yg=="),
    )
    assert answer.body == b""


def test_a_structure_a_text_or_a_document_may_be_the_payload() -> None:
    inner = {"type": "structure", "members": {"A": {"shape": "Text"}, "D": {"shape": "Doc"}}}
    doc = {"type": "structure", "members": {}, "document": True}
    structured = made_up(
        {"P": {"shape": "Inner"}}, {"P": {"A": "a", "D": [1, {"x": None}]}}, "P", Inner=inner, Doc=doc
    )
    assert structured.body == b'{"A":"a","D":[1,{"x":null}]}'
    textual = made_up({"P": {"shape": "Text"}}, {"P": "ü"}, "P")
    assert textual == Response(200, "ü".encode(), (("Content-Type", "text/plain"),))


def test_wire_names_replace_the_models() -> None:
    assert made_up({"Long": {"shape": "Text", "locationName": "l"}}, {"Long": "x"}).body == b'{"l":"x"}'


def test_another_protocol_is_not_pretended_to_be_written() -> None:
    loaded = model.load("s3")
    operation: Operation = loaded.operations["GetObject"]
    with pytest.raises(NotImplementedError, match="rest-xml"):
        render.response(loaded, operation, {}, "rid")
