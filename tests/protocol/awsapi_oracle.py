"""botocore as oracle: its serializer writes requests for us, its parser reads our answers.

Values are generated from the shapes by a seeded generator; constraints are not obeyed (they are
tested elsewhere), wire types are.
"""

from __future__ import annotations

import asyncio
import io
import random
from collections.abc import AsyncIterator, Coroutine, Iterator
from datetime import UTC, datetime
from functools import cache
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlsplit

import botocore.loaders
import botocore.model
import botocore.parsers
import botocore.serialize
from botocore.awsrequest import AWSRequestPreparer, create_request_object, prepare_request_dict

from lambdad.domain.http import Caller, Request, Response
from lambdad.domain.scope import Scope

SERVICES = ("lambda", "lambda-core", "lambda-microvms", "lambda-web", "logs", "iam", "sts")
_MAX_DEPTH = 4
T = TypeVar("T")


@cache
def oracle(service: str) -> botocore.model.ServiceModel:
    raw = botocore.loaders.Loader().load_service_model(service, "service-2")
    return botocore.model.ServiceModel(raw, service)


def every_operation() -> list[tuple[str, str]]:
    return [(service, name) for service in SERVICES for name in oracle(service).operation_names]


class Values:
    """Generates a value for any shape; `density` is the chance of an optional member."""

    def __init__(self, seed: str, density: float) -> None:
        self._random = random.Random(seed)
        self._density = density

    def structure(self, shape: Any, depth: int = 0) -> dict[str, Any]:
        made = {}
        names = list(shape.members)
        if shape.metadata.get("union") or getattr(shape, "is_tagged_union", False):
            names = [self._random.choice(names)]
        for name in names:
            member = shape.members[name]
            required = name in shape.required_members or shape.serialization.get("payload") == name
            if depth > _MAX_DEPTH and not required:
                continue
            if required or shape.metadata.get("union") or self._random.random() < self._density:
                made[name] = self.value(member, depth + 1)
        return made

    def value(self, shape: Any, depth: int = 0) -> Any:
        location = shape.serialization.get("location")
        match shape.type_name:
            case "structure":
                return self.structure(shape, depth)
            case "list":
                count = 0 if depth > _MAX_DEPTH else self._random.randint(1, 3)
                return [self.value(shape.member, depth + 1) for _ in range(count)]
            case "map":
                count = 0 if depth > _MAX_DEPTH else self._random.randint(1, 3)
                keys = [f"{self._text(location)}{n}" for n in range(count)]
                return {key: self.value(shape.value, depth + 1) for key in keys}
            case "string" | "character":
                return self._random.choice(shape.enum) if shape.metadata.get("enum") else self._text(location)
            case "blob":
                return self._random.randbytes(self._random.randint(1, 40))
            case "boolean":
                return self._random.random() < 0.5
            case "timestamp":
                return datetime.fromtimestamp(self._random.randint(0, 2**31), UTC)
            case "float" | "double":
                return self._random.randint(-1000, 1000) / 8
            case "integer" | "long":
                return self._random.randint(-(2**31), 2**31)
            case other:
                raise AssertionError(f"no value for {other}")

    def _text(self, location: str | None) -> str:
        plain = self._random.choice(("abc", "x1", "arn:aws:lambda:eu-west-1:123456789012:function:f", "a b"))
        if location in ("header", "headers", "statusCode"):
            return plain
        return plain + self._random.choice(
            ("", "/slash", "%2F", "ü€😀", "?&=#", "+", "\"'<>", "{}", "..", "\n.")
        )


def request_of(service: str, operation: str, params: dict[str, Any], protocol: str | None = None) -> Request:
    """The request an SDK would send, as the edge would hand it over; in the model's protocol unless given."""
    model = oracle(service)
    serializer = botocore.serialize.create_serializer(
        protocol or model.metadata["protocol"], include_validation=False
    )
    made = serializer.serialize_to_request(params, model.operation_model(operation))
    prepare_request_dict(made, endpoint_url="http://127.0.0.1:4566")
    prepared = AWSRequestPreparer().prepare(create_request_object(made))
    url = urlsplit(prepared.url)
    headers = {
        key.lower(): value.decode() if isinstance(value, bytes) else str(value)
        for key, value in prepared.headers.items()
    }
    return a_request(
        prepared.method,
        url.path,
        tuple(parse_qsl(url.query, keep_blank_values=True)),
        _bytes(prepared.body),
        headers,
    )


def a_request(
    method: str,
    path: str,
    query: tuple[tuple[str, str], ...] = (),
    body: bytes = b"",
    headers: dict[str, str] | None = None,
) -> Request:
    return Request(
        method, path, query, headers or {}, body, Caller(Scope()), "11111111-2222", "http://127.0.0.1:4566"
    )


def parsed_by_botocore(
    service: str, operation: str | None, response: Response, protocol: str | None = None
) -> dict[str, Any]:
    """What an SDK makes of our answer."""
    model = oracle(service)
    asked = model.operation_model(operation) if operation else None
    shape = asked.output_shape if asked else None
    body: Any = whole_body(response)
    if asked and asked.has_event_stream_output and response.status < 300:
        body = _Stream(body)
    elif asked and asked.has_streaming_output and response.status < 300:
        body = io.BytesIO(body)
    answer = {"status_code": response.status, "headers": _Headers(response.headers), "body": body}
    if operation:
        answer["context"] = {"operation_name": operation}
    parser = botocore.parsers.create_parser(protocol or model.metadata["protocol"])
    parsed: dict[str, Any] = parser.parse(answer, shape)
    return {key: value.read() if isinstance(value, io.BytesIO) else value for key, value in parsed.items()}


def whole_body(response: Response) -> bytes:
    if isinstance(response.body, bytes):
        return response.body

    async def collect(chunks: AsyncIterator[bytes]) -> bytes:
        return b"".join([chunk async for chunk in chunks])

    return run(collect(response.body))


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run one coroutine on a loop of its own, leaving the thread's default loop alone."""
    loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(coroutine)
    finally:
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()


def _bytes(body: Any) -> bytes:
    if body is None:
        return b""
    return body.encode() if isinstance(body, str) else bytes(body)


class _Headers(dict[str, str]):
    """Header names without case, as urllib3 gives them."""

    def __init__(self, pairs: tuple[tuple[str, str], ...]) -> None:
        super().__init__({key.lower(): value for key, value in pairs})

    def __getitem__(self, key: str) -> str:
        return super().__getitem__(key.lower())

    def get(self, key: str, default: Any = None) -> Any:
        return super().get(key.lower(), default)

    def __contains__(self, key: object) -> bool:
        return super().__contains__(str(key).lower())


class _Stream:
    """A raw response body that botocore's EventStream reads chunk by chunk."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self) -> Iterator[bytes]:
        for start in range(0, len(self._body), 7):
            yield self._body[start : start + 7]

    def close(self) -> None:
        pass
