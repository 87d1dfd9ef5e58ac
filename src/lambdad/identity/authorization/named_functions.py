"""Whose function a request means: read like `domain.arn.parse_function`, but of any account and region."""

from __future__ import annotations

import re

from lambdad.domain.arn import NAME_PATTERN, FunctionReference
from lambdad.domain.scope import Scope

_NAME = re.compile(NAME_PATTERN)


def function_named(text: str, scope: Scope, qualifier: str | None = None) -> tuple[Scope, FunctionReference]:
    """Whose function a request means, and which; the scope is the caller's for a bare name."""
    matched = _NAME.fullmatch(text)
    if matched is None:
        return scope, FunctionReference(text, qualifier)
    region, account, name, embedded = matched.group(3, 9, 11, 13)
    owner = Scope(account[:-1] if account else scope.account, region[:-1] if region else scope.region)
    return owner, FunctionReference(name, qualifier or embedded)
