"""Which wire any AWS service speaks, from the heads of botocore's model files.

For services lambdad does not answer itself: the edge still owes their clients an error they can
read. A service that is asked for by its folder name costs one small read; by signing name, the
first such question reads the head of every model (0.1 s, once).
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from lambdad.awsapi import model
from lambdad.domain.http import Request

_HEAD_BYTES = 4096  # of the file; metadata stands within the first kilobyte of nearly every model
_METADATA_KEY = '"metadata"'


@dataclass(frozen=True, slots=True)
class Wire:
    """How a service is spoken to.

    Attributes:
        service: botocore's folder name.
        protocol: json, rest-json, rest-xml, query, ec2 or smithy-rpc-v2-cbor.
        signing_name: the service part of the SigV4 scope.
        full_name: for messages (``Amazon CloudWatch Logs``).
        target_prefix: of `X-Amz-Target`; empty unless the protocol is json.
        json_version: of the json protocol's content type.
        namespace: of XML answers; empty when the model names none.
        query_compatible: whether errors also carry the code of an older query protocol.
    """

    service: str
    protocol: str
    signing_name: str
    full_name: str
    target_prefix: str
    json_version: str
    namespace: str
    query_compatible: bool


@cache
def wire_of(service: str) -> Wire:
    """The wire of a service by botocore's folder name.

    Raises:
        UnknownService: the pinned botocore has no such folder.
    """
    return _wire(service, _metadata(service))


def wires_signed_as(signing_name: str) -> tuple[Wire, ...]:
    """Every service of that signing name, one of the same folder name first; empty when unknown."""
    return _by_signing_name().get(signing_name, ())


def protocol_of(request: Request, wire: Wire) -> str:
    """The protocol a request is written in, for services that speak several."""
    if request.headers.get("smithy-protocol") == "rpc-v2-cbor":
        return "smithy-rpc-v2-cbor"
    if "x-amz-target" in request.headers:
        return "json"
    form = request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded")
    return "query" if form and wire.protocol == "json" else wire.protocol


@cache
def _by_signing_name() -> Mapping[str, tuple[Wire, ...]]:
    grouped: dict[str, list[Wire]] = {}
    for folder in sorted(model.data_folder().iterdir()):
        if any(folder.glob("*/service-2.json.gz")):
            wire = wire_of(folder.name)
            grouped.setdefault(wire.signing_name, []).append(wire)
    return {name: tuple(sorted(wires, key=lambda w: w.service != name)) for name, wires in grouped.items()}


def _metadata(service: str) -> Mapping[str, Any]:
    path = model.model_path(service)
    with path.open("rb") as file:
        head = zlib.decompressobj(wbits=31).decompress(file.read(_HEAD_BYTES), 4 * _HEAD_BYTES)
    text = head.decode("utf-8", "replace")
    start = text.find(_METADATA_KEY)
    if start >= 0:
        try:
            found: Mapping[str, Any]
            found, _ = json.JSONDecoder().raw_decode(text, text.index("{", start))
        except ValueError:  # cut off by the head's end
            pass
        else:
            return found
    return model.load(service).metadata


def _wire(service: str, metadata: Mapping[str, Any]) -> Wire:
    return Wire(
        service=service,
        protocol=model.chosen_protocol(metadata),
        signing_name=model.signing_name(metadata),
        full_name=metadata.get("serviceFullName", service),
        target_prefix=metadata.get("targetPrefix", ""),
        json_version=metadata.get("jsonVersion", "1.0"),
        namespace=metadata.get("xmlNamespace", ""),
        query_compatible="awsQueryCompatible" in metadata,
    )
