"""Where AWS's answers differ from the model, each with its source.

The model wins everywhere else; nothing may be added here without a recorded answer or a document.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

SUCCESS_STATUS: Final[Mapping[tuple[str, str], int]] = {
    # Recorded with 204 and no body (Function: every delete); the 2026 model says 200.
    ("lambda", "DeleteFunction"): 204,
}
"""Status of a success by service and operation, over the model's `responseCode`."""

NULLABLE_ELEMENTS: Final = frozenset({"SubnetIds", "SecurityGroupIds"})
"""Lists whose constraint text has no "Member must not be null". Source: test_invalid_vpc_config_*."""

FREE_ENUMS: Final = frozenset({"Runtime"})
"""Enumerations that a rule of the service judges in words of its own, not the model.

Source: RuntimeValidation and Function: "Value … at 'runtime' … or be a valid ARN" is an
InvalidParameterValueException.
"""

MODELLED_RUNTIMES: Final = frozenset({"CompatibleRuntime", "CompatibleRuntimes"})
"""Members with runtimes that the model does judge, and a list of them as one value.

Source: TestLambdaLayer test_layer_exceptions: "Value '[…]' at 'compatibleRuntimes' failed to satisfy
constraint: Member must satisfy enum value set: […]", a ValidationException.
"""

UNTYPED_MESSAGES: Final = (
    " ReservedConcurrentExecutions ",
    "$LATEST is not supported for an alias pointing to more than 1 version",
    "Specified ConcurrentExecutions for function ",
    "Specified ReservedConcurrentExecutions for function ",
)
"""Beginnings of InvalidParameterValueException messages that AWS answers without `Type`.

Source: Alias target_version_exc_version_latest, ReservedConcurrency and ProvisionedConcurrency limits;
localstack's test_reserved_provisioned_overlap, reserved_lower_than_provisioned_exc.
"""
