"""Requests for every operation of the Lambda model, tidy and wild, drawn from its shapes.

A tidy one obeys the model and names what exists; a wild one does neither.

Values that the shapes alone would never hit (a function that exists, an archive that opens) come from pools by
the member's name, so that what is generated gets past the model and to the service's own rules.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from awsapi_oracle import oracle, parsed_by_botocore, request_of
from botocore.model import Shape, StructureShape
from hypothesis import strategies as st

from lambdad.domain.http import Caller
from lambdad.domain.scope import Scope
from tests.parity.bridge import ACCOUNT, REGION, Bridge

FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:f"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/r"
QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:q"
_DEEPEST = 3


@dataclass(frozen=True, slots=True)
class Known:
    """Stands for the last value that an answer gave under this member name."""

    member: str


def archive() -> bytes:
    """A deployment package with one file."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as opened:
        opened.writestr("index.py", "def handler(event, context): return event\n")
    return buffer.getvalue()


_POLICY = (
    '{"Version":"2012-10-17","Statement":[{"Sid":"s","Effect":"Allow","Principal":{"Service":"s3.amazonaws.com"},'
    f'"Action":"lambda:InvokeFunction","Resource":"{FUNCTION}"}}]}}'
)
_POOLS: Mapping[str, tuple[Any, ...]] = {
    "FunctionName": (
        "f",
        "f",
        "f",
        "g",
        "missing",
        "f:1",
        "f:live",
        FUNCTION,
        f"{FUNCTION}:1",
        "a" * 150,
        "?",
    ),
    "Qualifier": ("1", "2", "live", "$LATEST", "9", "nobody", "a b"),
    "FunctionVersion": ("1", "2", "$LATEST", "9", "ALL"),
    "Name": ("live", "new", "1", "$LATEST", "a b"),
    "LayerName": ("l", f"arn:aws:lambda:{REGION}:{ACCOUNT}:layer:l", "missing"),
    "VersionNumber": (1, 2, 0, -1),
    "ZipFile": (archive(), archive(), b"", b"PK no archive"),
    "Role": (ROLE, ROLE, "nobody"),
    "Runtime": ("python3.12", "nodejs22.x", "provided.al2023", "python2.7", "cobol"),
    "Handler": ("index.handler", "other.handler", "a b", ""),
    "RevisionId": (Known("RevisionId"), Known("RevisionId"), "wrong"),
    "UUID": (Known("UUID"), Known("UUID"), "00000000-0000-0000-0000-000000000000", "no uuid"),
    "CodeSigningConfigArn": (Known("CodeSigningConfigArn"), Known("CodeSigningConfigArn"), "arn:aws:lambda"),
    "CodeSha256": (Known("CodeSha256"), Known("CodeSha256"), "wrong"),
    "Marker": (Known("NextMarker"), "not a marker", ""),
    "EventSourceArn": (
        QUEUE,
        f"{QUEUE}.fifo",
        f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/s",
        f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/t/stream/2026-11-23T00:00:00.000",
        f"arn:aws:kafka:{REGION}:{ACCOUNT}:cluster/c/11111111-1111-1111-1111-111111111111-1",
        f"arn:aws:mq:{REGION}:{ACCOUNT}:broker:b:b-1",
        f"arn:aws:rds:{REGION}:{ACCOUNT}:cluster:d",
        "arn:aws:s3:::b",
    ),
    "Destination": (QUEUE, FUNCTION, f"arn:aws:sns:{REGION}:{ACCOUNT}:t", "arn:aws:s3:::b", ""),
    "TargetArn": (QUEUE, f"arn:aws:sns:{REGION}:{ACCOUNT}:t", FUNCTION, ""),
    "Resource": (
        FUNCTION,
        f"{FUNCTION}:1",
        Known("EventSourceMappingArn"),
        Known("CodeSigningConfigArn"),
        "x",
    ),
    "ResourceArn": (FUNCTION, f"{FUNCTION}:1", f"{FUNCTION}:live", f"{FUNCTION}-no", "x"),
    "Arn": (f"arn:aws:lambda:{REGION}:{ACCOUNT}:layer:l:1", f"arn:aws:lambda:{REGION}:{ACCOUNT}:layer:l:9"),
    "StatementId": ("s1", "s2", "a b"),
    "Action": (
        "lambda:InvokeFunction",
        "lambda:InvokeFunctionUrl",
        "lambda:GetLayerVersion",
        "s3:GetObject",
        "*",
    ),
    "Principal": ("*", "s3.amazonaws.com", "222222222222", "arn:aws:iam::222222222222:root", "nobody", ""),
    "Pattern": ('{"body":["x"]}', '{"body":[{"prefix":"x"}]}', "{", "[]"),
    "Policy": (_POLICY, _POLICY, '{"Version":"2012-10-17","Statement":[]}', "{", "null", "[" * 50),
}
"""Values by the name of the member that takes them; the first two are good ones."""
_GOOD = 2
_USUAL = frozenset({"ZipFile", "Runtime", "Handler"})
"""Members without which a request hardly ever does anything."""


def params_of(operation: str) -> st.SearchStrategy[dict[str, Any]]:
    """Parameters of an operation."""
    shape = oracle("lambda").operation_model(operation).input_shape
    if shape is None:
        return st.just({})
    tidy, wild = _structure(shape, 0, True), _structure(shape, 0, False)
    return st.one_of(tidy, tidy, wild)


def smallest_request(aws: Bridge, operation: str) -> dict[str, Any]:
    """What lambdad answers to a request with nothing but what the model requires."""
    shape = oracle("lambda").operation_model(operation).input_shape
    return ask(aws, operation, _smallest(shape), {})


def ask(aws: Bridge, operation: str, params: dict[str, Any], known: dict[str, str]) -> dict[str, Any]:
    """Send a request; what botocore makes of the answer. What is known grows by the answer."""
    request = request_of("lambda", operation, _filled(params, known))
    request = replace(request, caller=Caller(Scope(ACCOUNT, REGION), ACCOUNT, who=aws.who))
    response = aws.serve(request)
    answer = parsed_by_botocore("lambda", operation, response)
    answer.setdefault("ResponseMetadata", {})["HTTPStatusCode"] = response.status
    _learn(answer, known)
    return answer


def _filled(value: Any, known: Mapping[str, str]) -> Any:
    if isinstance(value, Known):
        return known.get(value.member, "unknown")
    if isinstance(value, dict):
        return {key: _filled(item, known) for key, item in value.items()}
    return [_filled(item, known) for item in value] if isinstance(value, list) else value


def _learn(value: Any, known: dict[str, str]) -> None:
    if isinstance(value, dict):
        for key, item in value.items():
            if isinstance(item, str):
                known[key] = item
            _learn(item, known)
    elif isinstance(value, list):
        for item in value:
            _learn(item, known)


def _smallest(shape: StructureShape) -> dict[str, Any]:
    return {name: _least(shape.members[name]) for name in shape.required_members}


def _least(shape: Shape) -> Any:
    kind = shape.type_name
    if kind == "structure":
        return _smallest(shape)
    if kind == "list":
        return [_least(shape.member)] * shape.metadata.get("min", 0)
    if kind == "map":
        return {}
    if kind == "string":
        enum = getattr(shape, "enum", None)
        return enum[0] if enum else _EXAMPLES.get(shape.name, "x" * max(1, shape.metadata.get("min", 1)))
    return {"boolean": False, "blob": b"x", "timestamp": 0}.get(kind, max(1, shape.metadata.get("min", 1)))


_EXAMPLES = {
    "DurableExecutionArn": f"{FUNCTION}:1/durable-execution/e/11111111-1111-1111-1111-111111111111",
    "CallbackId": "aGVsbG8=",
    "CheckpointToken": "aGVsbG8=",
    "CapacityProviderName": "p",
}


@cache
def _structure(shape: StructureShape, depth: int, tidy: bool) -> st.SearchStrategy[dict[str, Any]]:
    usual = {name for name in shape.members if name in shape.required_members or name in _USUAL}
    always = {name: _member(name, shape.members[name], depth, tidy) for name in usual}
    if depth > _DEEPEST:
        return st.fixed_dictionaries(always)
    rest = {
        name: _member(name, member, depth, tidy)
        for name, member in shape.members.items()
        if name not in always
    }
    if not tidy or not rest:
        return st.fixed_dictionaries(always, optional=rest)
    some = st.lists(st.sampled_from(sorted(rest)), unique=True, max_size=2)
    return some.flatmap(lambda names: st.fixed_dictionaries(always | {name: rest[name] for name in names}))


def _member(name: str, shape: Shape, depth: int, tidy: bool) -> st.SearchStrategy[Any]:
    drawn = _value(shape, depth, tidy)
    if name in _POOLS and shape.type_name in ("string", "blob", "integer", "long"):
        pooled = st.sampled_from(_POOLS[name][:_GOOD] if tidy else _POOLS[name])
        drawn = pooled if tidy else st.one_of(pooled, drawn)
    if shape.serialization.get("location") == "uri":
        drawn = drawn.filter(lambda value: value != "")  # a client cannot write such a path
    return drawn


def _value(shape: Shape, depth: int, tidy: bool) -> st.SearchStrategy[Any]:
    kind = shape.type_name
    if kind == "structure":
        return _structure(shape, depth + 1, tidy)
    if kind == "list":
        most = min(3, shape.metadata.get("max", 3)) if tidy else 3
        least = shape.metadata.get("min", 0) if tidy else 0
        return st.lists(_value(shape.member, depth + 1, tidy), min_size=least, max_size=max(least, most))
    if kind == "map":
        keys, values = _value(shape.key, depth + 1, tidy), _value(shape.value, depth + 1, tidy)
        return st.dictionaries(keys, values, max_size=1 if tidy else 3)
    if kind in ("integer", "long", "double", "float"):
        return _number(shape, tidy)
    if kind == "string":
        return _text(shape, tidy)
    simple = {"boolean": st.booleans(), "blob": st.binary(max_size=20)}
    return simple.get(kind, st.datetimes())


def _number(shape: Shape, tidy: bool) -> st.SearchStrategy[int]:
    least, most = int(shape.metadata.get("min", 0)), int(shape.metadata.get("max", 100))
    inside = st.sampled_from((least, most)) | st.integers(least, most)
    return inside if tidy else st.sampled_from((least - 1, most + 1)) | inside


def _text(shape: Shape, tidy: bool) -> st.SearchStrategy[str]:
    enum, pattern = getattr(shape, "enum", None), shape.metadata.get("pattern")
    if enum:
        return st.sampled_from(enum) if tidy else st.sampled_from(enum) | st.just("NoSuchValue")
    if tidy:
        longest = int(shape.metadata.get("max", 300))
        # Classes like \\p{L} are not Python's; what has them takes plain letters.
        known = pattern and "\\p" not in pattern
        fitting = st.from_regex(re.compile(pattern, re.ASCII), fullmatch=True) if known else st.just("x1")
        return fitting.map(lambda text: text[:longest])
    plain = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=12)
    long = st.just("x" * (int(shape.metadata.get("max", 300)) % 5000 + 1))
    return st.one_of(plain, long, st.sampled_from(("x1", "arn:aws:sqs:us-east-1:111111111111:q", "")))
