"""Requests that no well-behaved SDK sends, and the rarer bindings."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from awsapi_oracle import a_request

from lambdad.awsapi import model, parse
from lambdad.awsapi.model import Operation, ServiceModel
from lambdad.awsapi.scalars import NotSerializable
from lambdad.domain.errors import InvalidRequestContent


def read(operation: str, body: bytes, service: str = "lambda", **labels: str) -> dict[str, Any]:
    loaded = model.load(service)
    return parse.params(loaded, loaded.operations[operation], a_request("POST", "/", body=body), labels)


def a_service(members: dict[str, Any], shapes: dict[str, Any], payload: str | None = None) -> Operation:
    """An operation of a made-up rest-json service with the given input members."""
    top = {"type": "structure", "members": members} | ({"payload": payload} if payload else {})
    raw = {
        "metadata": {"protocol": "rest-json", "apiVersion": "1", "endpointPrefix": "made-up"},
        "operations": {"Do": {"http": {"method": "POST", "requestUri": "/{L}"}, "input": {"shape": "In"}}},
        "shapes": {"In": top, "Text": {"type": "string"}, "Int": {"type": "integer"}} | shapes,
    }
    return ServiceModel("made-up", raw).operations["Do"]


def bound(operation: Operation, **given: Any) -> dict[str, Any]:
    request = a_request("POST", "/x", given.get("query", ()), given.get("body", b""), given.get("headers"))
    return parse.params(model.load("lambda"), operation, request, given.get("labels", {}))


@pytest.mark.parametrize("body", [b"{", b"nope", b'{"a":}', b"\xff", b"[" * 100_000, b'{"Code":{}}x'])
def test_a_body_that_is_no_json_is_refused(body: bytes) -> None:
    with pytest.raises(NotSerializable, match="Could not parse request body into json"):
        read("CreateFunction", body)


@pytest.mark.parametrize("body", [b"[]", b"1", b'"text"', b"null"])
def test_a_body_that_is_no_json_object_is_refused(body: bytes) -> None:
    with pytest.raises(NotSerializable):
        read("CreateFunction", body)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"Timeout":"3"}', "STRING_VALUE cannot be converted to Integer"),
        (b'{"Timeout":true}', "TRUE_VALUE cannot be converted to Integer"),
        (b'{"Description":3}', "NUMBER_VALUE cannot be converted to String"),
        (b'{"Publish":"yes"}', "STRING_VALUE cannot be converted to Boolean"),
        (b'{"Publish":0}', "NUMBER_VALUE cannot be converted to Boolean"),
        (b'{"Description":[]}', "Start of list found where not expected"),
        (b'{"Description":{}}', "Start of structure or map found where not expected."),
        (b'{"Layers":"l"}', "Unexpected field type"),
        (b'{"Code":3}', "Unexpected field type"),
        (b'{"Environment":{"Variables":{"A":1}}}', "NUMBER_VALUE cannot be converted to String"),
        (b'{"Code":{"ZipFile":"not base64!"}}', "A blob is not base64"),
        (b'{"Code":{"ZipFile":7}}', "NUMBER_VALUE cannot be converted to Blob"),
    ],
)
def test_a_value_of_the_wrong_type_is_refused(body: bytes, message: str) -> None:
    with pytest.raises(NotSerializable) as caught:
        read("CreateFunction", body)
    assert str(caught.value) == message


def test_what_cannot_be_read_is_the_callers_fault() -> None:
    assert issubclass(NotSerializable, InvalidRequestContent)


def test_null_and_unknown_members_are_absent() -> None:
    assert read("CreateFunction", b'{"Role":null,"Nope":1,"Timeout":3}') == {"Timeout": 3}


def test_null_inside_collections_stays_for_the_constraints_to_judge() -> None:
    body = b'{"Layers":[null],"Environment":{"Variables":{"A":null}}}'
    assert read("CreateFunction", body) == {"Layers": [None], "Environment": {"Variables": {"A": None}}}


def test_an_empty_body_is_an_empty_object() -> None:
    assert read("PublishVersion", b"", FunctionName="f") == {"FunctionName": "f"}
    assert read("DescribeLogGroups", b" \n", "logs") == {}


def test_a_payload_is_passed_through_untouched() -> None:
    assert read("Invoke", b"\x00not json", FunctionName="f") == {
        "FunctionName": "f",
        "Payload": b"\x00not json",
    }
    assert read("Invoke", b"", FunctionName="f") == {"FunctionName": "f"}


def test_a_whole_number_may_be_written_with_a_fraction() -> None:
    params = read("CreateFunction", b'{"Timeout":3.0}')
    assert params == {"Timeout": 3}
    assert isinstance(params["Timeout"], int)


def test_query_lists_maps_and_scalars_are_told_apart() -> None:
    operation = a_service(
        {
            "Many": {"shape": "Texts", "location": "querystring", "locationName": "many"},
            "One": {"shape": "Int", "location": "querystring", "locationName": "one"},
            "Flag": {"shape": "Bool", "location": "querystring", "locationName": "flag"},
            "When": {"shape": "Time", "location": "querystring", "locationName": "when"},
            "Rest": {"shape": "Lists", "location": "querystring", "locationName": "rest"},
        },
        {
            "Texts": {"type": "list", "member": {"shape": "Text"}},
            "Bool": {"type": "boolean"},
            "Time": {"type": "timestamp"},
            "Lists": {"type": "map", "key": {"shape": "Text"}, "value": {"shape": "Texts"}},
        },
    )
    query = (("many", "a"), ("one", "7"), ("many", ""), ("flag", "true"), ("when", "2026-11-23T00:00:00Z"))
    assert bound(operation, query=query) == {
        "Many": ["a", ""],
        "One": 7,
        "Flag": True,
        "When": datetime(2026, 11, 23, tzinfo=UTC),
        "Rest": {"many": ["a", ""], "one": ["7"], "flag": ["true"], "when": ["2026-11-23T00:00:00Z"]},
    }


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ((("one", "x"),), "STRING_VALUE cannot be converted to Integer"),
        ((("flag", "1"),), "1 is not a Boolean"),
    ],
)
def test_text_that_is_no_number_or_boolean_is_refused(query: Any, message: str) -> None:
    operation = a_service(
        {
            "One": {"shape": "Int", "location": "querystring", "locationName": "one"},
            "Flag": {"shape": "Bool", "location": "querystring", "locationName": "flag"},
        },
        {"Bool": {"type": "boolean"}},
    )
    with pytest.raises(NotSerializable, match=message):
        bound(operation, query=query)


def test_headers_carry_scalars_lists_json_and_prefixed_maps() -> None:
    operation = a_service(
        {
            "Plain": {"shape": "Text", "location": "header", "locationName": "X-Plain"},
            "List": {"shape": "Texts", "location": "header", "locationName": "X-List"},
            "Json": {"shape": "Text", "location": "header", "locationName": "X-Json", "jsonvalue": True},
            "When": {"shape": "Time", "location": "header", "locationName": "X-When"},
            "Meta": {"shape": "Map", "location": "headers", "locationName": "X-Meta-"},
        },
        {
            "Texts": {"type": "list", "member": {"shape": "Text"}},
            "Time": {"type": "timestamp"},
            "Map": {"type": "map", "key": {"shape": "Text"}, "value": {"shape": "Text"}},
        },
    )
    headers = {
        "x-plain": "p",
        "x-list": "a, b",
        "x-json": "eyJhIjoxfQ==",
        "x-when": "Mon, 23 Nov 2026 08:00:00 GMT",
        "x-meta-one": "1",
    }
    assert bound(operation, headers=headers) == {
        "Plain": "p",
        "List": ["a", "b"],
        "Json": {"a": 1},
        "When": datetime(2026, 11, 23, 8, tzinfo=UTC),
        "Meta": {"one": "1"},
    }
    assert bound(operation) == {}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (b"1700000000", datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)),
        (b"1700000000.5", datetime(2023, 11, 14, 22, 13, 20, 500_000, tzinfo=UTC)),
        (b'"2023-11-14T22:13:20Z"', datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)),
        (b'"2023-11-14T23:13:20+01:00"', datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)),
        (b'"Tue, 14 Nov 2023 22:13:20 GMT"', datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)),
    ],
)
def test_a_moment_is_read_however_it_is_written(given: bytes, expected: datetime) -> None:
    body = b'{"StartingPositionTimestamp":' + given + b"}"
    assert read("CreateEventSourceMapping", body) == {"StartingPositionTimestamp": expected}


@pytest.mark.parametrize("given", [b'"yesterday"', b"true", b"[]", b"1e300"])
def test_what_is_no_moment_is_refused(given: bytes) -> None:
    with pytest.raises(NotSerializable):
        read("CreateEventSourceMapping", b'{"StartingPositionTimestamp":' + given + b"}")


def test_a_structure_a_text_and_a_document_may_be_the_payload() -> None:
    inner = {"type": "structure", "members": {"A": {"shape": "Int"}, "D": {"shape": "Doc"}}}
    shapes = {"Inner": inner, "Doc": {"type": "structure", "members": {}, "document": True}}
    structured = a_service({"P": {"shape": "Inner"}}, shapes, payload="P")
    assert bound(structured, body=b'{"A":1,"D":[1,{"x":null}]}') == {"P": {"A": 1, "D": [1, {"x": None}]}}
    textual = a_service({"P": {"shape": "Text"}}, {}, payload="P")
    assert bound(textual, body="ü".encode()) == {"P": "ü"}
    with pytest.raises(NotSerializable, match="not UTF-8"):
        bound(textual, body=b"\xff")


def test_another_protocol_is_not_pretended_to_be_read() -> None:
    loaded = model.load("s3")
    with pytest.raises(NotImplementedError, match="rest-xml"):
        parse.params(loaded, loaded.operations["GetObject"], a_request("POST", "/"), {})
