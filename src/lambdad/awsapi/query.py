"""The query protocol: forms with dotted names in, XML out (IAM, STS, SNS).

Source: Smithy's specification of awsQuery.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from html import escape
from typing import Any, TypeAlias
from urllib.parse import parse_qsl

from lambdad.awsapi import scalars, timestamps
from lambdad.awsapi.model import Member, Operation, ServiceModel, Shape
from lambdad.domain.http import Request, Response

Tree: TypeAlias = dict[str | None, Any]
"""Form fields by the parts of their dotted names; a field's own text is under None."""

_LEAF = None
_MAX_INDEX_DIGITS = 9


def params(shape: Shape, request: Request) -> dict[str, Any]:
    """Read the parameters of one form, or of the query of a GET.

    Raises:
        NotSerializable: a value is of the wrong type.
    """
    return _structure(shape, _tree(request))


def response(
    model: ServiceModel, operation: Operation, result: Mapping[str, Any], request_id: str
) -> Response:
    """Render one result; the request id is part of the document."""
    name, namespace = operation.name, escape(model.metadata.get("xmlNamespace", ""))
    inner = _members(operation.output, result) if operation.output else ""
    if operation.result_wrapper:
        inner = f"<{operation.result_wrapper}>{inner}</{operation.result_wrapper}>"
    document = (
        f'<{name}Response xmlns="{namespace}">{inner}<ResponseMetadata><RequestId>{escape(request_id)}'
        f"</RequestId></ResponseMetadata></{name}Response>"
    )
    return Response(200, document.encode(), (("Content-Type", "text/xml"),))


def _tree(request: Request) -> Tree:
    fields = [*request.query, *parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True)]
    root: Tree = {}
    for name, value in fields:
        node = root
        for part in name.split("."):
            node = node.setdefault(part, {})
        node[_LEAF] = value
    return root


def _structure(shape: Shape, tree: Tree) -> dict[str, Any]:
    read = {}
    for member in shape.members.values():
        found = tree.get(_field(member))
        if found is not None:
            read[member.name] = _value(member, found)
    return read


def _field(member: Member) -> str:
    """The name of a member's fields: a flattened list goes by the name of its elements."""
    if member.shape.kind == "list" and member.is_flattened and member.shape.element.renamed:
        return member.shape.element.wire_name
    return member.wire_name


def _value(member: Member, tree: Tree) -> Any:
    shape = member.shape
    if shape.kind == "structure":
        return _structure(shape, tree)
    if shape.kind == "list":
        items = tree if member.is_flattened else tree.get(shape.element.wire_name, {})
        return [_value(shape.element, item) for item in _numbered(items)]
    if shape.kind == "map":
        entries = _numbered(tree if member.is_flattened else tree.get("entry", {}))
        key, value = shape.key.wire_name, shape.value.wire_name
        return {one[key][_LEAF]: _value(shape.value, one.get(value, {})) for one in entries if key in one}
    return scalars.read(member, tree.get(_LEAF))


def _numbered(tree: Tree) -> Iterator[Tree]:
    """Children named by numbers, in their order."""
    numbers = [name for name in tree if name and name.isascii() and name.isdigit()]
    for number in sorted((name for name in numbers if len(name) <= _MAX_INDEX_DIGITS), key=int):
        yield tree[number]


def _members(shape: Shape, value: Mapping[str, Any]) -> str:
    return "".join(
        _element(shape.members[name], shape.members[name].wire_name, item)
        for name, item in value.items()
        if item is not None
    )


def _element(member: Member, name: str, value: Any) -> str:
    shape = member.shape
    if shape.kind == "list":
        return _list(member, name, value)
    if shape.kind == "map":
        return _map(member, name, value)
    inner = _members(shape, value) if shape.kind == "structure" else _text(member, value)
    return f"<{name}>{inner}</{name}>"


def _list(member: Member, name: str, items: Any) -> str:
    element = member.shape.element
    if member.is_flattened:
        own = element.wire_name if element.renamed else name
        return "".join(_element(element, own, item) for item in items)
    return f"<{name}>{''.join(_element(element, element.wire_name, item) for item in items)}</{name}>"


def _map(member: Member, name: str, items: Mapping[str, Any]) -> str:
    key, value = member.shape.key, member.shape.value
    entry = name if member.is_flattened else "entry"
    inner = "".join(
        f"<{entry}>{_element(key, key.wire_name, one)}{_element(value, value.wire_name, item)}</{entry}>"
        for one, item in items.items()
    )
    return inner if member.is_flattened else f"<{name}>{inner}</{name}>"


def _text(member: Member, value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if member.shape.kind == "timestamp" and isinstance(value, int | float):
        value = datetime.fromtimestamp(value, UTC)
    if isinstance(value, datetime):
        return str(timestamps.write(value, member.timestamp_format or timestamps.ISO8601))
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return escape(str(value), quote=False)
