"""Whether a call names a tenant when it must, and only then; on a cache miss only.

A route is made for one function and one tenant, so what a call may reach is decided once for all like it.
"""

from __future__ import annotations

from lambdad.domain.errors import InvalidParameter
from lambdad.domain.function import FunctionVersion


def check_tenant(version: FunctionVersion, tenant: str | None) -> None:
    """Refuse a call without a tenant where tenants are kept apart, and one with a tenant elsewhere.

    Raises:
        InvalidParameter: in AWS's words.

    Source: "The invoked function is enabled with …" as AWS's own blog and users quote it; the opposite is
        told of in "Troubleshooting tenant isolation for Lambda functions".
    """
    if version.tenant_isolation is not None and tenant is None:
        raise InvalidParameter(
            "The invoked function is enabled with tenancy configuration. "
            "Add a valid tenant ID in your request and try again."
        )
    if version.tenant_isolation is None and tenant is not None:
        raise InvalidParameter(
            "The invoked function is not enabled with tenancy configuration. "
            "Remove the tenant ID from your request and try again."
        )
