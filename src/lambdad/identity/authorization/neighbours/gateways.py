"""Requests to API Gateway, both versions: actions are methods of HTTP, resources are paths.

Source: Service Authorization Reference, "Amazon API Gateway Management" and "… V2".
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import unquote

from lambdad.domain.http import Request
from lambdad.identity.authorization.needs import Need
from lambdad.identity.authorization.neighbours.passed_roles import passed
from lambdad.identity.authorization.neighbours.reading import Unreadable

_METHODS: Final = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE"})
_ROLES: Final = frozenset(
    {"credentials", "credentialsarn", "authorizercredentials", "authorizercredentialsarn"}
)
_SERVICE: Final = "apigateway.amazonaws.com"


def apigateway(request: Request) -> list[Need]:
    """What a request to API Gateway needs.

    Raises:
        Unreadable: it does not say one thing only.
    """
    if request.method not in _METHODS:
        raise Unreadable
    path = unquote(request.path, errors="strict").removeprefix("/v2")
    if {".", ".."} & set(path.split("/")):
        raise Unreadable
    scope = request.caller.scope
    resource = f"arn:{scope.partition}:apigateway:{scope.region}::{path.rstrip('/')}"
    return [Need(f"apigateway:{request.method}", resource), *passed(_SERVICE, *_roles(request.body))]


def _roles(body: bytes) -> Iterator[str]:
    """Every role that a body names, wherever it stands in it: in definitions and in patches, too."""
    if not body.strip():
        return
    try:
        found = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Unreadable from error
    waiting: list[Any] = [found]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            path = str(value.get("path", "")).rpartition("/")[2]
            for name, each in value.items():
                is_role = name.lower() in _ROLES or (name == "value" and path.lower() in _ROLES)
                if is_role and isinstance(each, str) and each:
                    yield each
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)
