"""`/lambdad/v1/auth/…`: what was refused, and why something would be."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lambdad.domain.errors import InvalidParameter
from lambdad.domain.http import Request
from lambdad.edge.operations import Operation
from lambdad.identity.authorization.explaining import Explainer

_MEMBERS = ("principal", "action", "resource")
_FORM = (
    'The body must be {"principal": ARN, "action": "service:Action", "resource": ARN, '
    '"keys": {"name": "value"}}.'
)


@dataclass(frozen=True, slots=True)
class AuthOperations:
    """The handlers."""

    explainer: Explainer

    @property
    def operations(self) -> Mapping[str, Operation]:
        """By method and name."""
        return {"GET auth/denials": self.denials, "POST auth/explain": self.explain}

    async def denials(self, request: Request) -> Mapping[str, object]:
        """The last requests that were refused."""
        return {"denials": self.explainer.denials()}

    async def explain(self, request: Request) -> Mapping[str, object]:
        """What becomes of a request, and why."""
        given = _read(request.body)
        keys = {name.lower(): (value,) for name, value in given["keys"].items()}
        return await self.explainer.explain(given["principal"], given["action"], given["resource"], keys)


def _read(body: bytes) -> dict[str, Any]:
    """The members of a question.

    Raises:
        InvalidParameter: something is missing or of another type.
    """
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict) or not all(isinstance(found.get(name), str) for name in _MEMBERS):
        raise InvalidParameter(_FORM)
    keys = found.setdefault("keys", {})
    if not isinstance(keys, dict) or not all(isinstance(value, str) for value in keys.values()):
        raise InvalidParameter(_FORM)
    return found
