"""What does not go together with tenants of their own; pure.

Source: the CDK documentation of `TenancyConfig`: "incompatible with SnapStart, Provisioned Concurrency,
Function URLs, most event sources"; the words are formed after those of SnapStart.
"""

from __future__ import annotations

from lambdad.domain.errors import InvalidParameter
from lambdad.domain.function import FunctionVersion


def refuse_with_tenants(version: FunctionVersion, feature: str) -> None:
    """Refuse a feature, named as in AWS's documentation, for a function that keeps tenants apart.

    Raises:
        InvalidParameter: it does.
    """
    if version.tenant_isolation is not None:
        raise InvalidParameter(f"{feature} is not supported for functions with tenant isolation enabled.")
