"""From a function as a request names it to the version that runs: the first step of every invocation.

Before it comes the edge with a request, after it counting with a version. Used on a cache miss
only; what it raises is never cached.
"""

from __future__ import annotations

from lambdad.domain.arn import FunctionReference, parse_function
from lambdad.domain.errors import Conflict, NotFound, SnapStartNotReady
from lambdad.domain.function import FunctionVersion, State
from lambdad.domain.scope import Scope
from lambdad.ports.catalogue_store import CatalogueStore


async def resolve(
    catalogue: CatalogueStore, scope: Scope, function: str, qualifier: str | None = None
) -> FunctionVersion:
    """The version that `function` (name, partial or full ARN) and `qualifier` mean for a caller in `scope`.

    Raises:
        ConstraintViolations, NotFound, AccessDenied, InvalidParameter: see `domain.arn.parse_function`.
        NotFound: no such function, version or alias.
        Conflict: the version cannot run yet, or never will.

    Source: recorded answers Function test_function_name_and_qualifier_validation[…-invoke].
    """
    reference = parse_function(function, scope, qualifier)
    number = reference.version
    version = None if number is None else await catalogue.read(scope, reference.name, number)
    if version is None:
        raise NotFound(f"Function not found: {_qualified(reference, scope)}")
    check_invocable(version)
    return version


def check_invocable(version: FunctionVersion) -> None:
    """Refuse a version that cannot run.

    Raises:
        SnapStartNotReady: it is being initialised for its snapshot.
        Conflict: it is Pending or Failed.

    Source: AWS's page "Troubleshooting SnapStart errors".
    """
    if version.state is State.PENDING and version.is_snap_started:
        raise SnapStartNotReady(
            "Lambda is initializing your function. "
            "It will be ready to invoke once your function state becomes ACTIVE."
        )
    if version.state in (State.PENDING, State.FAILED):
        raise Conflict(
            "The operation cannot be performed at this time. "
            f"The function is currently in the following state: {version.state}"
        )


def _qualified(reference: FunctionReference, scope: Scope) -> str:
    """Invoke, unlike the rest of the API, names `$LATEST` in its "Function not found"."""
    return FunctionReference(reference.name, reference.qualifier or "$LATEST").arn(scope)
