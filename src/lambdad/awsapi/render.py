"""A handler's result to an answer, by the operation's output shape.

Members that are None or absent stay out, as AWS leaves out what is unset. Members that the model
does not know are a defect of the handler and raise.
"""

from __future__ import annotations

import base64
import math
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from datetime import datetime
from typing import Any

import msgspec

from lambdad.awsapi import cbor, eventstream, overrides, query, spoken, timestamps
from lambdad.awsapi.model import Member, Operation, ServiceModel, Shape
from lambdad.domain.http import Response

JSON_TYPE = "application/json"
_OCTETS = "application/octet-stream"
_NO_BODY = frozenset({204, 304})


class NotInModel(ValueError):
    """A handler answered a member that the operation's output does not have."""


def response(
    model: ServiceModel,
    operation: Operation,
    result: Mapping[str, Any],
    request_id: str,
    protocol: str | None = None,
) -> Response:
    """Render one result of a rest-json, json, query or RPC v2 service.

    The request id appears in the documents of the query protocol only.

    Args:
        model: of the service.
        operation: that was asked for.
        result: its members.
        request_id: of the request.
        protocol: that of the request; None is the one the model prefers.

    Raises:
        NotInModel: the result has a member that the output shape lacks.
        NotImplementedError: the service speaks another protocol.
    """
    protocol = protocol or model.protocol
    if protocol == "query":
        return query.response(model, operation, result, request_id)
    if protocol == "json":
        return _json_protocol(model, operation, result)
    if protocol == spoken.CBOR:
        return cbor.response(operation, result)
    if protocol == "rest-json":
        return _rest_json(model, operation, result)
    raise NotImplementedError(f"{model.name} speaks {protocol}")


def structure(shape: Shape, value: Mapping[str, Any]) -> dict[str, Any]:
    """The JSON object of a structure's body members.

    Raises:
        NotInModel: the value has a member that the shape lacks.
    """
    names = shape.body_names
    made: dict[str, Any] = {}
    for name, item in value.items():
        known = names.get(name)
        if known is None:
            raise NotInModel(f"{shape.name} has no {name}")
        wire_name, member = known
        if item is not None and wire_name is not None:
            # Most of a long list ends here, without a call each.
            made[wire_name] = item if member is None else _value(member, item)
    return made


def _json_protocol(model: ServiceModel, operation: Operation, result: Mapping[str, Any]) -> Response:
    content_type = f"application/x-amz-json-{model.json_version}"
    shape = operation.output
    if shape is None:
        return Response(200, b"", (("Content-Type", content_type),))
    stream = next((m for m in shape.members.values() if m.shape.is_event_stream), None)
    if stream is not None:
        initial = msgspec.json.encode(structure(shape, {k: v for k, v in result.items() if k != stream.name}))
        first = eventstream.event("initial-response", initial, content_type)
        return _stream(200, (), _frames(stream.shape, result[stream.name], first))
    return Response(200, msgspec.json.encode(structure(shape, result)), (("Content-Type", content_type),))


def _rest_json(model: ServiceModel, operation: Operation, result: Mapping[str, Any]) -> Response:
    status = overrides.SUCCESS_STATUS.get((model.name, operation.name), operation.status)
    shape = operation.output
    if shape is None:
        return Response(status)
    _refuse_unknown(shape, result)
    headers: list[tuple[str, str]] = []
    for name, value in result.items():
        member = shape.members[name]
        if value is None or member.location is None:
            continue
        if member.location == "statusCode":
            status = int(value)
        else:
            headers.extend(_headers(member, value))
    return _rest_body(shape, result, status, tuple(headers))


def _rest_body(
    shape: Shape, result: Mapping[str, Any], status: int, headers: tuple[tuple[str, str], ...]
) -> Response:
    payload = shape.payload
    if payload is not None and payload.shape.is_event_stream and result.get(payload.name) is not None:
        return _stream(status, headers, _frames(payload.shape, result[payload.name]))
    if status in _NO_BODY:
        return Response(status, b"", headers)
    if payload is not None:
        body, content_type = _payload(payload.shape, result.get(payload.name))
    elif shape.body_members or not shape.members:
        body, content_type = msgspec.json.encode(structure(shape, result)), JSON_TYPE
    else:
        body, content_type = b"", ""
    if content_type and not any(name.lower() == "content-type" for name, _ in headers):
        headers = (("Content-Type", content_type), *headers)
    return Response(status, body, headers)


def _payload(shape: Shape, value: Any) -> tuple[bytes, str]:
    if shape.kind == "blob":
        return (value or b""), _OCTETS
    if shape.kind == "string":
        return (value or "").encode(), "text/plain"
    return msgspec.json.encode(structure(shape, value or {})), JSON_TYPE


def _stream(status: int, headers: tuple[tuple[str, str], ...], frames: AsyncIterator[bytes]) -> Response:
    if not any(name.lower() == "content-type" for name, _ in headers):
        headers = (("Content-Type", eventstream.CONTENT_TYPE), *headers)
    return Response(status, frames, headers)


async def _frames(
    shape: Shape, events: AsyncIterator[Mapping[str, Any]], first: bytes = b""
) -> AsyncIterator[bytes]:
    """Frames of events, each a mapping of one member name to its value, as SDKs show them."""
    try:
        if first:
            yield first
        async for one in events:
            for name, value in one.items():
                yield event_frame(shape.members[name], value)
    finally:
        if isinstance(events, AsyncGenerator):  # what it holds is let go of now
            await events.aclose()


def event_frame(member: Member, value: Mapping[str, Any]) -> bytes:
    """The frame of one event of a stream.

    Args:
        member: the event, a member of an event-stream shape.
        value: the event's own members.
    """
    shape = member.shape
    if shape.raw.get("exception"):
        return eventstream.exception(member.name, msgspec.json.encode(structure(shape, value)))
    headers = {m.name: value[m.name] for m in shape.members.values() if m.is_event_header and m.name in value}
    payload = next((m for m in shape.members.values() if m.is_event_payload), None)
    if payload is None:
        rest = {name: item for name, item in value.items() if name not in headers}
        body, content_type = msgspec.json.encode(structure(shape, rest)), JSON_TYPE
    else:
        body, content_type = _payload(payload.shape, value.get(payload.name))
    return eventstream.event(member.name, body, content_type, headers)


def _refuse_unknown(shape: Shape, value: Mapping[str, Any]) -> None:
    unknown = value.keys() - shape.members.keys()
    if unknown:
        raise NotInModel(f"{shape.name} has no {', '.join(sorted(unknown))}")


def _headers(member: Member, value: Any) -> list[tuple[str, str]]:
    if member.location == "headers":
        return [(member.wire_name + key, str(item)) for key, item in value.items()]
    if member.is_json_value:
        return [(member.wire_name, base64.b64encode(msgspec.json.encode(value)).decode())]
    if isinstance(value, list | tuple):
        return [(member.wire_name, ", ".join(_text(member.shape.element, item) for item in value))]
    return [(member.wire_name, _text(member, value))]


def _text(member: Member, value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return str(timestamps.write(value, member.timestamp_format or timestamps.RFC822))
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return str(value)


def _value(member: Member, value: Any) -> Any:
    if member.is_plain:
        return value
    shape = member.shape
    if shape.kind == "timestamp":
        return _timestamp(member, value)
    encoder = _ENCODERS.get(shape.kind)
    return value if encoder is None else encoder(shape, value)


def _timestamp(member: Member, value: Any) -> Any:
    if isinstance(value, datetime):
        return timestamps.write(value, member.timestamp_format or timestamps.UNIX)
    return value


def _list(shape: Shape, value: Any) -> list[Any]:
    element = shape.element
    if element.is_plain:
        return list(value)
    return [None if item is None else _value(element, item) for item in value]


def _map(shape: Shape, value: Any) -> dict[str, Any]:
    of = shape.value
    if of.is_plain:
        return {str(key): item for key, item in value.items() if item is not None}
    return {str(key): _value(of, item) for key, item in value.items() if item is not None}


def _blob(_shape: Shape, value: Any) -> str:
    raw = value.encode() if isinstance(value, str) else value
    return base64.b64encode(raw).decode()


def _real(_shape: Shape, value: Any) -> Any:
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else ("Infinity" if value > 0 else "-Infinity")


_ENCODERS: Mapping[str, Callable[[Shape, Any], Any]] = {
    "structure": structure,
    "list": _list,
    "map": _map,
    "blob": _blob,
    "float": _real,
    "double": _real,
}
