"""Request bodies that come compressed.

SDKs compress what they send for operations that the model marks (PutMetricData from 10 KB on). Which
operation it is may stand in the body itself, so all requests of such a service are taken so. What a body
unpacks to is bounded: a small one cannot fill the memory.

Source: Smithy's trait `requestCompression`; CloudWatch documentation of PutMetricData.
"""

from __future__ import annotations

import dataclasses
import zlib

from lambdad.awsapi.model import ServiceModel
from lambdad.awsapi.scalars import NotSerializable
from lambdad.domain.errors import RequestTooLarge
from lambdad.domain.http import Request
from lambdad.domain.limits import MAX_UNPACKED_REQUEST_BYTES

_GZIP = 31


def is_packed(model: ServiceModel, request: Request) -> bool:
    """Whether the body of a request has to be unpacked first."""
    return request.headers.get("content-encoding", "").strip().lower() == "gzip" and model.takes_packed_bodies


def unpacked(model: ServiceModel, request: Request) -> Request:
    """The request with its body as it was before compression; itself when it is not compressed.

    Raises:
        NotSerializable: the body is not what its header says.
        RequestTooLarge: it unpacks to more than a request may have.
    """
    if not is_packed(model, request):
        return request
    stream = zlib.decompressobj(wbits=_GZIP)
    try:
        body = stream.decompress(request.body, MAX_UNPACKED_REQUEST_BYTES)
    except zlib.error as error:
        raise NotSerializable(f"The request body is not gzip: {error}") from None
    if stream.unconsumed_tail:
        raise RequestTooLarge(f"The request unpacks to more than {MAX_UNPACKED_REQUEST_BYTES} bytes.")
    if not stream.eof or stream.unused_data:
        raise NotSerializable("The request body is not whole gzip")
    return dataclasses.replace(request, body=body)
