"""What a service's model file says, as light wrappers over its JSON.

The files are botocore's (`botocore/data/<service>/<version>/service-2.json.gz`), found and read
without importing botocore: that would cost 300 ms of start time, reading them costs a few each.
Everything is resolved on first use, so a model costs its JSON and nothing more.
"""

from __future__ import annotations

import importlib.util
import zlib
from collections.abc import Iterator, Mapping
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import msgspec

PROTOCOL_PREFERENCE = ("json", "rest-json", "rest-xml", "smithy-rpc-v2-cbor", "query", "ec2")
"""Which of several protocols SDKs pick. Source: botocore's own order, read in its code."""


AS_THEY_ARE = frozenset({"string", "boolean", "byte", "short", "integer", "long", "bigInteger", "character"})
"""Kinds whose values stand in JSON as they are."""


class UnknownService(LookupError):
    """The pinned botocore has no model of that name."""


class Member:
    """One member of a structure, or the element, key or value of a collection.

    Attributes:
        name: the name in AWS's documentation; the key in parameters and results.
        wire_name: the name on the wire.
        location: None for the body, else uri, querystring, header, headers or statusCode.
        required: whether the structure demands it.
    """

    def __init__(self, model: ServiceModel, name: str, raw: Mapping[str, Any], *, required: bool) -> None:
        self._model = model
        self._raw = raw
        self.name = name
        self.wire_name: str = raw.get("locationName", name)
        self.location: str | None = raw.get("location")
        self.required = required

    @cached_property
    def shape(self) -> Shape:
        """What the member is made of."""
        return self._model.shape(self._raw["shape"])

    @cached_property
    def is_plain(self) -> bool:
        """Whether its values stand in JSON as they are."""
        return self.shape.kind in AS_THEY_ARE or self.shape.is_document

    @property
    def timestamp_format(self) -> str | None:
        """unixTimestamp, iso8601 or rfc822; None leaves it to the protocol."""
        found: str | None = self._raw.get("timestampFormat") or self.shape.raw.get("timestampFormat")
        return found

    @property
    def is_json_value(self) -> bool:
        """Whether a header carries base64 of JSON."""
        return bool(self._raw.get("jsonvalue") or self.shape.raw.get("jsonvalue"))

    @property
    def renamed(self) -> bool:
        """Whether the wire name is given and not just the member's own."""
        return "locationName" in self._raw

    @property
    def is_flattened(self) -> bool:
        """Whether a collection has no element of its own around it (query and XML)."""
        return bool(self._raw.get("flattened") or self.shape.raw.get("flattened"))

    @property
    def is_event_payload(self) -> bool:
        """Whether the member is the payload of its event-stream frame."""
        return bool(self._raw.get("eventpayload"))

    @property
    def is_event_header(self) -> bool:
        """Whether the member is a header of its event-stream frame."""
        return bool(self._raw.get("eventheader"))


class Shape:
    """One named shape of a model.

    Attributes:
        kind: structure, list, map, string, blob, boolean, timestamp, integer, long, float, double …
        raw: its JSON, for constraints and rare traits.
    """

    def __init__(self, model: ServiceModel, name: str, raw: Mapping[str, Any]) -> None:
        self._model = model
        self.name = name
        self.raw = raw
        self.kind: str = raw["type"]

    @cached_property
    def members(self) -> Mapping[str, Member]:
        """Members of a structure in the model's order; empty for other kinds."""
        required = frozenset(self.raw.get("required", ()))
        return {
            name: Member(self._model, name, raw, required=name in required)
            for name, raw in self.raw.get("members", {}).items()
        }

    @cached_property
    def element(self) -> Member:
        """Element of a list."""
        return Member(self._model, "member", self.raw["member"], required=False)

    @cached_property
    def key(self) -> Member:
        """Key of a map."""
        return Member(self._model, "key", self.raw["key"], required=True)

    @cached_property
    def value(self) -> Member:
        """Value of a map."""
        return Member(self._model, "value", self.raw["value"], required=False)

    @cached_property
    def payload(self) -> Member | None:
        """The member that is the whole body; None when the body holds members."""
        name = self.raw.get("payload")
        return None if name is None else self.members[name]

    @cached_property
    def body_members(self) -> tuple[Member, ...]:
        """Members that live in a JSON body."""
        return tuple(m for m in self.members.values() if m.location is None)

    @cached_property
    def body_names(self) -> Mapping[str, tuple[str | None, Member | None]]:
        """How each member stands in a JSON body: its name there, None for one that stands elsewhere; and the
        member itself unless its values stand as they are.
        """
        return {
            name: (member.wire_name if member.location is None else None, None if member.is_plain else member)
            for name, member in self.members.items()
        }

    @property
    def is_event_stream(self) -> bool:
        """Whether the structure is a stream of events, one per member."""
        return bool(self.raw.get("eventstream"))

    @property
    def is_document(self) -> bool:
        """Whether any JSON value goes."""
        return bool(self.raw.get("document"))

    @property
    def is_sensitive(self) -> bool:
        """Whether values must not appear in messages."""
        return bool(self.raw.get("sensitive"))


class Operation:
    """One operation: its route, its shapes and the errors it declares.

    Attributes:
        path: request path with labels, without the query.
        static_query: query pairs that belong to the route itself (``?List=ALL``).
        status: status of a success.
    """

    def __init__(self, model: ServiceModel, name: str, raw: Mapping[str, Any]) -> None:
        self._model = model
        self._raw = raw
        self.name = name
        http = raw["http"]
        self.method: str = http["method"]
        self.path, _, query = http["requestUri"].partition("?")
        self.static_query = tuple(_pairs(query))
        self.status: int = http.get("responseCode", 200)

    @cached_property
    def input(self) -> Shape | None:
        """Shape of the parameters; None when there are none."""
        return self._shape("input")

    @cached_property
    def output(self) -> Shape | None:
        """Shape of the result; None when there is none."""
        return self._shape("output")

    @property
    def errors(self) -> tuple[str, ...]:
        """Names of the declared exceptions."""
        return tuple(error["shape"] for error in self._raw.get("errors", ()))

    @property
    def result_wrapper(self) -> str | None:
        """Element around the result in the query protocol."""
        found: str | None = self._raw.get("output", {}).get("resultWrapper")
        return found

    def _shape(self, side: str) -> Shape | None:
        reference = self._raw.get(side)
        return None if reference is None else self._model.shape(reference["shape"])


class ServiceModel:
    """One service's whole model.

    Attributes:
        name: botocore's folder name (`lambda`, `logs`).
        protocol: the one SDKs pick among those the service speaks.
        protocols: all that it speaks.
        signing_name: the service part of the SigV4 scope.
        target_prefix: of `X-Amz-Target`, for the json protocol; empty otherwise.
    """

    def __init__(self, name: str, raw: Mapping[str, Any]) -> None:
        self.name = name
        self._shapes: Mapping[str, Any] = raw["shapes"]
        self._operations: Mapping[str, Any] = raw["operations"]
        self._made: dict[str, Shape] = {}
        self.metadata: Mapping[str, Any] = raw["metadata"]
        self.protocol = chosen_protocol(self.metadata)
        self.protocols: tuple[str, ...] = tuple(self.metadata.get("protocols") or (self.protocol,))
        self.signing_name = signing_name(self.metadata)
        self.target_prefix: str = self.metadata.get("targetPrefix", "")
        self.json_version: str = self.metadata.get("jsonVersion", "1.0")
        self.api_version: str = self.metadata["apiVersion"]

    @cached_property
    def takes_packed_bodies(self) -> bool:
        """Whether requests of any operation may come compressed."""
        return any("requestcompression" in raw for raw in self._operations.values())

    def shape(self, name: str) -> Shape:
        """The shape of that name, made once."""
        made = self._made.get(name)
        if made is None:
            made = self._made[name] = Shape(self, name, self._shapes[name])
        return made

    def has_shape(self, name: str) -> bool:
        """Whether the model has a shape of that name."""
        return name in self._shapes

    @cached_property
    def operations(self) -> Mapping[str, Operation]:
        """Every operation by its name."""
        return {name: Operation(self, name, raw) for name, raw in self._operations.items()}


@cache
def load(service: str) -> ServiceModel:
    """Read one service's newest model, once per process (1 to 7 ms each).

    Raises:
        UnknownService: the pinned botocore has no such folder.
    """
    packed = model_path(service).read_bytes()
    return ServiceModel(service, msgspec.json.decode(zlib.decompress(packed, wbits=31)))


def model_path(service: str) -> Path:
    """The newest model file of a service.

    Raises:
        UnknownService: the pinned botocore has no such folder.
    """
    folder = data_folder() / service
    versions = sorted(folder.glob("*/service-2.json.gz")) if service.replace("-", "").isalnum() else []
    if not versions:
        raise UnknownService(service)
    return versions[-1]


@cache
def data_folder() -> Path:
    """Where botocore keeps its models; finding it runs none of its code."""
    spec = importlib.util.find_spec("botocore")
    if spec is None or spec.origin is None:
        raise UnknownService("botocore is not installed; its model files are the wire of lambdad")
    return Path(spec.origin).parent / "data"


def chosen_protocol(metadata: Mapping[str, Any]) -> str:
    """The protocol SDKs speak with a service of this metadata."""
    offered = metadata.get("protocols") or (metadata["protocol"],)
    return next((name for name in PROTOCOL_PREFERENCE if name in offered), str(metadata["protocol"]))


def signing_name(metadata: Mapping[str, Any]) -> str:
    """The service part of the SigV4 scope for a service of this metadata."""
    return str(metadata.get("signingName") or metadata["endpointPrefix"])


def _pairs(query: str) -> Iterator[tuple[str, str]]:
    for part in filter(None, query.split("&")):
        key, _, value = part.partition("=")
        yield key, value
