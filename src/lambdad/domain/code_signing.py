"""Code signing configurations: who may sign code, and what becomes of code that nobody did.

lambdad cannot verify a signature, so all code counts as untrusted: `ENFORCE` refuses it, `WARN` lets it in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from lambdad.domain.resource import Kind
from lambdad.domain.scope import Scope

WARN: Final = "Warn"
ENFORCE: Final = "Enforce"


@dataclass(frozen=True, slots=True)
class CodeSigningConfig:
    """A code signing configuration of an account and region.

    Attributes:
        config_id: ``csc-`` and 17 letters and digits; unique in its region.
        publishers: ARNs of the versions of signing profiles that are allowed.
        policy: `WARN` or `ENFORCE`.
        last_modified: AWS's format, ``2026-11-23T03:05:20.123+0000``.
        description: None when never given.
    """

    config_id: str
    publishers: tuple[str, ...]
    policy: str
    last_modified: str
    description: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)

    def tagged(self, tags: Mapping[str, str]) -> CodeSigningConfig:
        """The same configuration with these tags instead."""
        return replace(self, tags=dict(tags))


@dataclass(frozen=True, slots=True)
class FunctionCodeSigning:
    """Which configuration a function has.

    Attributes:
        config_arn: of a configuration that exists; in the function's account and region.
    """

    config_arn: str


CODE_SIGNING_CONFIGS = Kind("code-signing-config", CodeSigningConfig)
"""Configurations, of the account, by their ids."""

FUNCTION_CODE_SIGNING = Kind(
    "function-code-signing", FunctionCodeSigning, found_by=lambda signing: signing.config_arn
)
"""At most one of each function, under ``$LATEST``; found by the configuration's ARN."""


def config_arn(scope: Scope, config_id: str) -> str:
    """The ARN of a configuration."""
    return scope.arn("lambda", f"code-signing-config:{config_id}")


def config_id_of(scope: Scope, arn: str) -> str | None:
    """The id in an ARN of the model's pattern; None when it is of another account or region."""
    config_id = arn.rpartition(":")[2]
    return config_id if arn == config_arn(scope, config_id) else None
