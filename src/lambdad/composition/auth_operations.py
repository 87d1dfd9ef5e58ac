"""`/lambdad/v1/auth/…`: what was refused, why something would be, and whether a document is a policy."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lambdad.domain.errors import InvalidParameter
from lambdad.domain.http import Request
from lambdad.domain.limits import KIB
from lambdad.domain.policies.document import (
    IDENTITY_POLICY,
    RESOURCE_POLICY,
    TRUST_POLICY,
    InvalidPolicy,
    read_policy,
)
from lambdad.edge.operations import Operation
from lambdad.identity.authorization.explaining import Explainer

_MEMBERS = ("principal", "action", "resource")
_FORM = (
    'The body must be {"principal": ARN, "action": "service:Action", "resource": ARN, '
    '"keys": {"name": "value"}}.'
)
_KINDS = {"identity": IDENTITY_POLICY, "resource": RESOURCE_POLICY, "trust": TRUST_POLICY}
_MOST_CHARACTERS = 64 * KIB
_DOCUMENT_FORM = (
    f'The body must be {{"document": a text of at most {_MOST_CHARACTERS} characters, '
    '"kind": "identity", "resource" or "trust"}.'
)


@dataclass(frozen=True, slots=True)
class AuthOperations:
    """The handlers."""

    explainer: Explainer

    @property
    def operations(self) -> Mapping[str, Operation]:
        """By method and name."""
        return {
            "GET auth/denials": self.denials,
            "POST auth/explain": self.explain,
            "POST auth/check": self.check,
        }

    async def denials(self, request: Request) -> Mapping[str, object]:
        """The last requests that were refused."""
        return {"denials": self.explainer.denials()}

    async def explain(self, request: Request) -> Mapping[str, object]:
        """What becomes of a request, and why."""
        given = _read(request.body)
        keys = {name.lower(): (value,) for name, value in given["keys"].items()}
        return await self.explainer.explain(given["principal"], given["action"], given["resource"], keys)

    async def check(self, request: Request) -> Mapping[str, object]:
        """Whether a document is a policy, and where it is none: nothing is kept."""
        text, kind = _document(request.body)
        try:
            read_policy(text, _KINDS[kind])
        except InvalidPolicy as error:
            return {
                "valid": False,
                "problem": str(error),
                "statement": error.statement,
                "line": error.line,
                "column": error.column,
            }
        return {"valid": True, "problem": None, "statement": None, "line": None, "column": None}


def _document(body: bytes) -> tuple[str, str]:
    """A document, and what it is to be.

    Raises:
        InvalidParameter: something is missing, too long or unknown.
    """
    try:
        found = json.loads(body)
        text, kind = found["document"], found["kind"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise InvalidParameter(_DOCUMENT_FORM) from None
    if not isinstance(text, str) or not isinstance(kind, str) or kind not in _KINDS:
        raise InvalidParameter(_DOCUMENT_FORM)
    if len(text) > _MOST_CHARACTERS:
        raise InvalidParameter(_DOCUMENT_FORM)
    return text, kind


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
