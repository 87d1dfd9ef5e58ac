"""Requests to DynamoDB and its streams, and to Kinesis.

Source: Service Authorization Reference, "Amazon DynamoDB" and "Amazon Kinesis Data Streams"; DynamoDB
developer guide, "IAM policies for transactions" and "for PartiQL": each part needs what it would need alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from lambdad.domain.http import Request
from lambdad.domain.scope import Scope
from lambdad.identity.authorization.needs import EVERYTHING, UNKNOWN, Need
from lambdad.identity.authorization.neighbours.reading import (
    Members,
    Unreadable,
    json_members,
    members,
    target,
    text,
)

_PARTS: Final = {
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
    "ConditionCheck": "ConditionCheckItem",
    "Get": "GetItem",
}
_PARTIQL: Final = {
    "select": "PartiQLSelect",
    "insert": "PartiQLInsert",
    "update": "PartiQLUpdate",
    "delete": "PartiQLDelete",
}
_ON_ALL: Final = frozenset({"ListTables", "ListStreams", "DescribeLimits", "DescribeEndpoints"})
_ARNS: Final = ("ResourceArn", "StreamArn", "TableArn", "BackupArn", "ExportArn", "ImportArn")


def dynamodb(request: Request) -> list[Need]:
    """What a request to DynamoDB or its streams needs.

    Raises:
        Unreadable: it does not say one thing only.
    """
    operation, given = target(request), json_members(request)
    if operation is None:
        raise Unreadable
    needs = list(dict.fromkeys(_dynamodb(operation, given, request.caller.scope)))
    return [Need(f"dynamodb:{action}", resource) for action, resource in needs]


def _dynamodb(operation: str, given: Members, scope: Scope) -> Iterator[tuple[str, str]]:
    if operation in _ON_ALL:
        yield operation, EVERYTHING
    elif operation in ("BatchGetItem", "BatchWriteItem"):
        tables = given.get("RequestItems")
        if not isinstance(tables, dict):
            raise Unreadable
        yield from ((operation, _table(scope, text(name))) for name in tables)
    elif operation in ("TransactGetItems", "TransactWriteItems"):
        for item in members(given.get("TransactItems")):
            for part, what in item.items():
                if part not in _PARTS or not isinstance(what, dict):
                    raise Unreadable
                yield _PARTS[part], _table(scope, text(what.get("TableName")))
    elif operation in ("ExecuteStatement", "BatchExecuteStatement", "ExecuteTransaction"):
        listed = given.get("Statements") or given.get("TransactStatements")
        for one in [given] if operation == "ExecuteStatement" else members(listed):
            yield _partiql(text(one.get("Statement"))), UNKNOWN
    else:
        yield operation, _on(given, scope)


def _on(given: Members, scope: Scope) -> str:
    for name in _ARNS:
        if given.get(name):
            return text(given[name])
    if not given.get("TableName"):
        return UNKNOWN  # the iterator of a shard, which says to nobody else what it is of
    table = _table(scope, text(given["TableName"]))
    index = text(given.get("IndexName"))
    return f"{table}/index/{index}" if index else table


def _table(scope: Scope, name: str) -> str:
    return name if name.startswith("arn:") else scope.arn("dynamodb", f"table/{name}")


def _partiql(statement: str) -> str:
    verb = statement.split(maxsplit=1)[0].lower() if statement.split() else ""
    if verb not in _PARTIQL:
        raise Unreadable
    return _PARTIQL[verb]


_KINESIS_ON_ALL: Final = frozenset({"ListStreams", "DescribeLimits", "DescribeAccountSettings"})


def kinesis(request: Request) -> list[Need]:
    """What a request to Kinesis needs.

    Raises:
        Unreadable: it does not say one thing only.
    """
    operation, given = target(request), json_members(request)
    if operation is None:
        raise Unreadable
    if operation in _KINESIS_ON_ALL:
        return [Need(f"kinesis:{operation}", EVERYTHING)]
    scope = request.caller.scope
    arns = [text(given[name]) for name in ("StreamARN", "ConsumerARN", "ResourceARN") if given.get(name)]
    if given.get("StreamName"):
        arns.append(scope.arn("kinesis", f"stream/{text(given['StreamName'])}"))
    return [Need(f"kinesis:{operation}", arn) for arn in dict.fromkeys(arns) or [UNKNOWN]]
