"""The functions of mappings, as far as pollers need them: the role they act with."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from lambdad.domain.function import FunctionVersion
from lambdad.domain.scope import Scope

Functions = Callable[[Scope, str], Awaitable[FunctionVersion | None]]
"""From the ARN in a mapping to the version that runs, of a weighted alias the main one; None: it is gone."""
