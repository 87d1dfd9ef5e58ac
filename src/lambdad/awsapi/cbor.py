"""CBOR in and out, for services that speak Smithy's RPC v2.

Of CBOR only what that protocol uses is read: text keys, no tags but that of moments. A tag for shared values
would let a small body stand for an enormous one.

Source: Smithy's specification of rpcv2Cbor, "Shape serialization"; RFC 8949.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from lambdad.awsapi.model import Member, Operation, Shape
from lambdad.awsapi.scalars import NotSerializable
from lambdad.domain.http import Response

CONTENT_TYPE = "application/cbor"
HEADER = ("smithy-protocol", "rpc-v2-cbor")
_MAX_DEPTH = 32
_MOMENT = 1
_BUILT_IN_TAGS = (
    0,
    2,
    3,
    4,
    5,
    25,
    28,
    29,
    30,
    35,
    36,
    37,
    52,
    54,
    100,
    256,
    258,
    260,
    261,
    1004,
    43000,
    55799,
)
"""All that the library would decode by itself, moments aside."""


def read(body: bytes) -> Any:
    """One CBOR value; an empty body is an empty map.

    Raises:
        NotSerializable: the body is not CBOR, or more than the protocol uses.
    """
    if not body:
        return {}
    import cbor2  # noqa: PLC0415 - only CloudWatch needs it

    try:
        return cbor2.loads(
            body,
            max_depth=_MAX_DEPTH,
            tag_hook=_refuse,
            semantic_decoders=dict.fromkeys(_BUILT_IN_TAGS, _refuse),
            allow_duplicate_keys=False,
            strict_hashable_types=True,
        )
    except (cbor2.CBORError, ValueError, OverflowError, RecursionError) as error:
        raise NotSerializable(f"Could not parse request body as CBOR: {error}") from None


def response(operation: Operation, result: Mapping[str, Any]) -> Response:
    """Render one result; an operation without output has no body."""
    import cbor2  # noqa: PLC0415 - only CloudWatch needs it

    shape = operation.output
    if shape is None:
        return Response(200, b"", (HEADER,))
    body = cbor2.dumps(_structure(shape, result))
    return Response(200, body, (("Content-Type", CONTENT_TYPE), HEADER))


def _refuse(*_: object) -> Any:
    raise ValueError("tags other than that of a time are not read")


def _structure(shape: Shape, value: Mapping[str, Any]) -> dict[str, Any]:
    return {
        shape.members[name].wire_name: _value(shape.members[name], item)
        for name, item in value.items()
        if item is not None
    }


def _value(member: Member, value: Any) -> Any:
    shape = member.shape
    if shape.kind == "structure":
        return _structure(shape, value)
    if shape.kind == "list":
        element = shape.element
        if element.is_plain or element.shape.kind in ("double", "float", "blob"):
            return list(value)
        return [_value(element, item) for item in value]
    if shape.kind == "map":
        return {str(key): _value(shape.value, item) for key, item in value.items() if item is not None}
    return _moment(value) if shape.kind == "timestamp" else value


def _moment(value: datetime | float) -> Any:
    import cbor2  # noqa: PLC0415 - only CloudWatch needs it

    if isinstance(value, datetime):
        aware = value.replace(tzinfo=UTC) if value.tzinfo is None else value
        seconds = round(aware.timestamp(), 3)
        value = int(seconds) if seconds.is_integer() else seconds
    return cbor2.CBORTag(_MOMENT, value)
