"""One error in each of AWS's protocols: bytes only, no knowledge of services.

Source: Smithy's protocol specifications (awsJson, restJson1, restXml, awsQuery, ec2Query,
rpcv2Cbor), section "Operation error serialization".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape  # xml.sax.saxutils would import half of urllib
from typing import Any

import msgspec

from lambdad.domain.http import Response

Header = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Fault:
    """An error as AWS names it.

    Attributes:
        code: the exception's name on the wire.
        message: None is written as null.
        message_key: `message` or `Message`, whichever the exception's shape has.
        is_senders: whether the request is at fault.
        members: further members of the body.
        headers: further headers.
        query_code: the name in the query protocol where that is another; None: the same.
    """

    code: str
    status: int
    message: str | None
    message_key: str = "message"
    is_senders: bool = True
    members: Mapping[str, Any] = field(default_factory=dict)
    headers: tuple[Header, ...] = ()
    query_code: str | None = None


def rest_json(fault: Fault) -> Response:
    """The name in a header, the members in a JSON object."""
    body = msgspec.json.encode({**fault.members, fault.message_key: fault.message})
    return _response(fault, body, "application/json", ("x-amzn-ErrorType", fault.code))


def json(fault: Fault, version: str = "1.1") -> Response:
    """The name in `__type`, and in a header as newer services do."""
    body = msgspec.json.encode({"__type": fault.code, **fault.members, fault.message_key: fault.message})
    return _response(fault, body, f"application/x-amz-json-{version}", ("x-amzn-ErrorType", fault.code))


def query(fault: Fault, request_id: str, namespace: str = "") -> Response:
    """An `ErrorResponse` document, of the query protocol and of REST-XML services other than S3."""
    attribute = f' xmlns="{escape(namespace)}"' if namespace else ""
    side = "Sender" if fault.is_senders else "Receiver"
    return _xml(
        fault,
        f"<ErrorResponse{attribute}><Error><Type>{side}</Type>{_code_and_message(fault)}</Error>"
        f"<RequestId>{escape(request_id)}</RequestId></ErrorResponse>",
    )


def ec2(fault: Fault, request_id: str) -> Response:
    """EC2's own document: a list of errors, `RequestID` in capitals."""
    return _xml(
        fault,
        f"<Response><Errors><Error>{_code_and_message(fault)}</Error></Errors>"
        f"<RequestID>{escape(request_id)}</RequestID></Response>",
    )


def s3(fault: Fault, request_id: str) -> Response:
    """S3's own document: no wrapper, no namespace."""
    return _xml(
        fault, f"<Error>{_code_and_message(fault)}<RequestId>{escape(request_id)}</RequestId></Error>"
    )


def cbor(fault: Fault) -> Response:
    """A CBOR map of `__type` and `message`."""
    pairs = (("__type", fault.code), ("message", fault.message))
    body = bytes((0xA0 | len(pairs),)) + b"".join(_cbor_text(k) + _cbor_text(v) for k, v in pairs)
    return _response(fault, body, "application/cbor", ("smithy-protocol", "rpc-v2-cbor"))


def _code_and_message(fault: Fault) -> str:
    return f"<Code>{escape(fault.code)}</Code><Message>{escape(fault.message or '')}</Message>"


def _xml(fault: Fault, document: str) -> Response:
    return _response(fault, b'<?xml version="1.0" encoding="UTF-8"?>\n' + document.encode(), "text/xml")


def _cbor_text(text: str | None) -> bytes:
    if text is None:
        return b"\xf6"
    raw = text.encode()
    if len(raw) < 24:
        return bytes((0x60 | len(raw),)) + raw
    if len(raw) < 256:
        return bytes((0x78, len(raw))) + raw
    return b"\x7a" + len(raw).to_bytes(4, "big") + raw


def _response(fault: Fault, body: bytes, content_type: str, *headers: Header) -> Response:
    return Response(fault.status, body, (("Content-Type", content_type), *headers, *fault.headers))
