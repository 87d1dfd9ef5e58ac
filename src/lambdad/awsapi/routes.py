"""Which operation a request asks for.

REST services by method, path and static query parts through a tree of path segments; JSON
services by `X-Amz-Target`; query services by `Action`. Before it: the edge has chosen the service.
After it: `parse`.

Unknown paths and wrong methods are one thing to AWS: 404 and the body `<UnknownOperationException/>`,
from REST-JSON services too. lambdad keeps status and name, but puts the name where SDKs look for it
and says in JSON which method and path it was.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import NamedTuple, Protocol
from urllib.parse import parse_qsl, unquote

from lambdad.awsapi import spoken
from lambdad.awsapi.model import Operation, ServiceModel, load
from lambdad.domain.errors import UnknownOperation
from lambdad.domain.http import Request

Labels = Mapping[str, str]
"""Percent-decoded labels of the path by their name in the route."""

_LABEL = re.compile(r"\{(?P<name>[^}+]+)(?P<greedy>\+?)\}")


class Match(NamedTuple):
    """An operation and the labels its path carried."""

    operation: Operation
    labels: Labels


class Router(Protocol):
    """Finds the operation of a request."""

    def match(self, request: Request) -> Match:
        """Find it.

        Raises:
            UnknownOperation: no operation of the service matches.
        """
        ...


@cache
def router_for(model: ServiceModel) -> Router:
    """The router of a model's protocol, built once per model."""
    if len(model.protocols) > 1:
        return SpokenRouter(model)
    if model.protocol == "json":
        return TargetRouter(model)
    if model.protocol in ("query", "ec2"):
        return ActionRouter(model)
    return PathRouter(model.operations.values())


class TargetRouter:
    """Routes by the header `X-Amz-Target: <prefix>.<Operation>`."""

    def __init__(self, model: ServiceModel) -> None:
        self._operations = model.operations
        self._prefix = model.target_prefix

    def match(self, request: Request) -> Match:
        """Find the operation the target names.

        Raises:
            UnknownOperation: the target is missing, of another service or unknown.
        """
        target = request.headers.get("x-amz-target", "")
        prefix, _, name = target.rpartition(".")
        operation = self._operations.get(name) if prefix == self._prefix else None
        if operation is None or request.method != "POST":
            raise UnknownOperation(f"No operation matches target '{target}'")
        return Match(operation, {})


class ActionRouter:
    """Routes by the parameter `Action` of a form body or of the query."""

    def __init__(self, model: ServiceModel) -> None:
        self._operations = model.operations

    def match(self, request: Request) -> Match:
        """Find the operation the action names.

        Raises:
            UnknownOperation: the action is missing or unknown.
        """
        form = dict(request.query) | dict(parse_qsl(request.body.decode("utf-8", "replace")))
        action = form.get("Action", "")
        operation = self._operations.get(action)
        if operation is None:
            version = form.get("Version", "")
            raise UnknownOperation(f"Could not find operation {action} for version {version}")
        return Match(operation, {})


class RpcV2Router:
    """Routes by a path that ends with ``/service/<prefix>/operation/<Operation>``."""

    def __init__(self, model: ServiceModel) -> None:
        self._operations = model.operations
        self._prefix = model.target_prefix

    def match(self, request: Request) -> Match:
        """Find the operation the path names.

        Raises:
            UnknownOperation: the path is none of the protocol, of another service or unknown.
        """
        service, name = spoken.rpc_v2_names(request.path)
        operation = self._operations.get(name) if service == self._prefix else None
        if operation is None or request.method != "POST":
            raise UnknownOperation(f"No operation matches {request.method} {request.path}")
        return Match(operation, {})


class SpokenRouter:
    """Routes as the protocol does that a request is written in, for a service that speaks several."""

    def __init__(self, model: ServiceModel) -> None:
        self._model = model
        self._routers: Mapping[str, Router] = {
            "json": TargetRouter(model),
            "query": ActionRouter(model),
            spoken.CBOR: RpcV2Router(model),
        }

    def match(self, request: Request) -> Match:
        """Find the operation.

        Raises:
            UnknownOperation: no operation of the service matches.
        """
        return self._routers[spoken.protocol_of(self._model, request)].match(request)


class _Node:
    """One segment's worth of the route tree."""

    __slots__ = ("ends", "greedy", "label", "literals")

    def __init__(self) -> None:
        self.literals: dict[str, _Node] = {}
        self.label: _Node | None = None
        self.greedy: _Node | None = None
        self.ends: dict[str, list[tuple[Operation, tuple[str, ...]]]] = {}


class PathRouter:
    """Routes by method, path and static query parts.

    Segments are split before percent-decoding, so an encoded slash stays inside its label. A literal
    segment is preferred over a label, a route with matching static query parts over one without.
    Trailing slashes are ignored: the list routes had one in older models, and old SDKs send it.
    """

    def __init__(self, operations: Iterable[Operation]) -> None:
        self._root = _Node()
        for operation in operations:
            self._add(operation)

    def match(self, request: Request) -> Match:
        """Find the operation of method, path and query.

        Raises:
            UnknownOperation: no route of the service matches.
        """
        segments = _segments(request.path)
        for values, node in _walk(self._root, segments, ()):
            for operation, names in node.ends.get(request.method, ()):
                if all(pair in request.query for pair in operation.static_query):
                    return Match(operation, dict(zip(names, map(unquote, values), strict=True)))
        raise UnknownOperation(f"No operation matches {request.method} {request.path}")

    def _add(self, operation: Operation) -> None:
        node, names = self._root, []
        for segment in _segments(operation.path):
            label = _LABEL.fullmatch(segment)
            if label is None:
                node = node.literals.setdefault(segment, _Node())
            else:
                names.append(label["name"])
                node = _label_child(node, greedy=bool(label["greedy"]))
        ends = node.ends.setdefault(operation.method, [])
        ends.append((operation, tuple(names)))
        ends.sort(key=lambda end: -len(end[0].static_query))


def _label_child(node: _Node, *, greedy: bool) -> _Node:
    if greedy:
        node.greedy = node.greedy or _Node()
        return node.greedy
    node.label = node.label or _Node()
    return node.label


def _segments(path: str) -> tuple[str, ...]:
    return tuple(path.strip("/").split("/"))


def _walk(
    node: _Node, segments: tuple[str, ...], values: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], _Node]]:
    """Every node the segments lead to, the most literal first, with the label values on the way."""
    if not segments:
        yield values, node
        return
    first, rest = segments[0], segments[1:]
    literal = node.literals.get(first)
    if literal is not None:
        yield from _walk(literal, rest, values)
    if node.label is not None and first:
        yield from _walk(node.label, rest, (*values, first))
    if node.greedy is not None:
        for end in range(len(segments), 0, -1):
            yield from _walk(node.greedy, segments[end:], (*values, "/".join(segments[:end])))


LAMBDA_FAMILY = ("lambda", "lambda-core", "lambda-microvms", "lambda-web")
"""The four models behind one endpoint and one signing name, in the order routes are tried."""


def lambda_service_for(request: Request) -> str:
    """Which of the four Lambda models a request is for.

    The tag routes of `lambda-microvms` are those of `lambda`; they go by the ARN in the path.

    Raises:
        UnknownOperation: no route of any of the four matches.
    """
    for service in LAMBDA_FAMILY:
        try:
            labels = router_for(load(service)).match(request).labels
        except UnknownOperation:
            continue
        if service == "lambda" and ":microvm" in labels.get("Resource", ""):
            continue
        return service
    raise UnknownOperation(f"No operation matches {request.method} {request.path}")
