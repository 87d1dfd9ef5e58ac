"""A request's bytes to parameters under AWS's member names.

Values arrive typed: blobs as bytes, timestamps as aware datetimes, numbers as numbers. What is
absent or JSON null stays absent. Bounds, patterns and required members are `constraints`' matter.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, TypeAlias

import msgspec

from lambdad.awsapi import cbor, query, scalars, spoken, timestamps
from lambdad.awsapi.model import Member, Operation, ServiceModel, Shape
from lambdad.awsapi.scalars import NotSerializable
from lambdad.domain.http import Request

Json: TypeAlias = Any


def params(
    model: ServiceModel, operation: Operation, request: Request, labels: Mapping[str, str]
) -> dict[str, Any]:
    """Read the parameters of one request of a rest-json, json, query or RPC v2 service.

    Raises:
        NotSerializable: the body is no JSON object, or a value is of the wrong type.
        NotImplementedError: the service speaks another protocol.
    """
    shape = operation.input
    if shape is None:
        return {}
    protocol = spoken.protocol_of(model, request)
    if protocol == "query":
        return query.params(shape, request)
    if protocol == "json":
        return _structure(shape, _json_object(request.body), shape.body_members)
    if protocol == spoken.CBOR:
        return _structure(shape, cbor.read(request.body), shape.body_members)
    if protocol == "rest-json":
        return _bound(shape, request, labels) | _body(shape, request.body)
    raise NotImplementedError(f"{model.name} speaks {protocol}")


def _body(shape: Shape, body: bytes) -> dict[str, Any]:
    payload = shape.payload
    if payload is None:
        return _structure(shape, _json_object(body), shape.body_members) if shape.body_members else {}
    if not body:
        return {}
    return {payload.name: _payload(payload.shape, body)}


def _payload(shape: Shape, body: bytes) -> Any:
    if shape.kind == "blob" or shape.is_event_stream:
        return body
    if shape.kind == "string":
        return _text(body)
    return _value(shape, _json(body))


def _bound(shape: Shape, request: Request, labels: Mapping[str, str]) -> dict[str, Any]:
    """Members outside the body: labels, query and headers."""
    bound: dict[str, Any] = {}
    for member in shape.members.values():
        value = _READERS[member.location](member, request, labels) if member.location else None
        if value is not None:
            bound[member.name] = value
    return bound


def _label(member: Member, _request: Request, labels: Mapping[str, str]) -> Any:
    return scalars.read(member, labels.get(member.wire_name))


def _query(member: Member, request: Request, _labels: Mapping[str, str]) -> Any:
    if member.shape.kind == "map":
        return _query_map(member.shape, request.query)
    values = [value for key, value in request.query if key == member.wire_name]
    if not values:
        return None
    if member.shape.kind == "list":
        return [scalars.read(member.shape.element, value) for value in values]
    return scalars.read(member, values[-1])


def _query_map(shape: Shape, query: tuple[tuple[str, str], ...]) -> dict[str, Any]:
    if shape.value.shape.kind != "list":
        return dict(query)
    grouped: dict[str, list[str]] = {}
    for key, value in query:
        grouped.setdefault(key, []).append(value)
    return grouped


def _header(member: Member, request: Request, _labels: Mapping[str, str]) -> Any:
    value = request.headers.get(member.wire_name.lower())
    if value is None:
        return None
    if member.is_json_value:
        return _json(scalars.decoded(value))
    if member.shape.kind == "list":
        element = member.shape.element
        return [scalars.read(element, part.strip()) for part in value.split(",")]
    return scalars.read(member, value)


def _prefix_headers(member: Member, request: Request, _labels: Mapping[str, str]) -> Any:
    prefix = member.wire_name.lower()
    found = {name[len(prefix) :]: text for name, text in request.headers.items() if name.startswith(prefix)}
    return found or None


def _status(_member: Member, _request: Request, _labels: Mapping[str, str]) -> Any:
    return None


_READERS: Mapping[str, Callable[[Member, Request, Mapping[str, str]], Any]] = {
    "uri": _label,
    "querystring": _query,
    "header": _header,
    "headers": _prefix_headers,
    "statusCode": _status,
}


def _value(shape: Shape, value: Json) -> Any:
    """Read one JSON value as `shape`."""
    if shape.is_document:
        return value
    return _DECODERS.get(shape.kind, _number)(shape, value)


def _structure(shape: Shape, value: Json, members: tuple[Member, ...] | None = None) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _wrong(value, shape)
    read: dict[str, Any] = {}
    for member in shape.members.values() if members is None else members:
        found = value.get(member.wire_name)
        if found is not None:
            read[member.name] = _value(member.shape, found)
    return read


def _list(shape: Shape, value: Json) -> list[Any]:
    if not isinstance(value, list):
        raise _wrong(value, shape)
    element = shape.element.shape
    return [None if item is None else _value(element, item) for item in value]


def _map(shape: Shape, value: Json) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _wrong(value, shape)
    of = shape.value.shape
    return {key: None if item is None else _value(of, item) for key, item in value.items()}


def _string(shape: Shape, value: Json) -> str:
    if not isinstance(value, str):
        raise _wrong(value, shape)
    return value


def _boolean(shape: Shape, value: Json) -> bool:
    if not isinstance(value, bool):
        raise _wrong(value, shape)
    return value


def _blob(shape: Shape, value: Json) -> bytes:
    if isinstance(value, bytes):  # of CBOR, as is a moment below
        return value
    return scalars.decoded(_string(shape, value))


def _timestamp(shape: Shape, value: Json) -> Any:
    if isinstance(value, datetime):
        return value
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise _wrong(value, shape)
    try:
        return timestamps.read(value)
    except ValueError:
        raise _wrong(value, shape) from None


def _number(shape: Shape, value: Json) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        if shape.kind in ("float", "double") and value in ("NaN", "Infinity", "-Infinity"):
            return float(value)
        raise _wrong(value, shape)
    try:
        return scalars.NUMBERS[shape.kind](value)
    except (ValueError, OverflowError):  # no whole number, or too great for its kind
        raise _wrong(value, shape) from None


def _text(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError:
        raise NotSerializable("The request body is not UTF-8") from None


def _json_object(body: bytes) -> Json:
    return _json(body) if body.strip() else {}


def _json(body: bytes) -> Json:
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise NotSerializable(f"Could not parse request body into json: {error}") from None


def _wrong(value: Json, shape: Shape) -> NotSerializable:
    """AWS's words for a value of the wrong JSON type.

    Source: answers of AWS's JSON services, as public conformance suites record them.
    """
    if isinstance(value, list):
        return NotSerializable("Start of list found where not expected")
    if isinstance(value, dict):
        return NotSerializable("Start of structure or map found where not expected.")
    if shape.kind in ("list", "map", "structure"):
        return NotSerializable("Unexpected field type")
    found = {bool: "TRUE_VALUE" if value else "FALSE_VALUE", str: "STRING_VALUE"}.get(
        type(value), "NUMBER_VALUE"
    )
    return NotSerializable(f"{found} cannot be converted to {scalars.java_name(shape.kind)}")


_DECODERS: Mapping[str, Callable[[Shape, Json], Any]] = {
    "structure": _structure,
    "list": _list,
    "map": _map,
    "string": _string,
    "character": _string,
    "boolean": _boolean,
    "blob": _blob,
    "timestamp": _timestamp,
}
