"""From a function as a request names it to the version or versions that run: the first step of a call.

Before it comes the edge with a request, after it counting with a version. Used on a cache miss only; what it
raises is never cached.
"""

from __future__ import annotations

from lambdad.domain.alias import ALIASES
from lambdad.domain.arn import FunctionReference, parse_function
from lambdad.domain.errors import Conflict, NotFound, SnapStartNotReady
from lambdad.domain.function import LATEST, FunctionVersion, State
from lambdad.domain.resource import Place
from lambdad.domain.scope import Scope
from lambdad.frontend.splitting import Weighted
from lambdad.ports.catalogue_store import CatalogueStore


async def resolve(
    catalogue: CatalogueStore, scope: Scope, function: str, qualifier: str | None = None
) -> FunctionVersion | Weighted:
    """What `function` (name, partial or full ARN) and `qualifier` mean for a caller in `scope`.

    Of a weighted alias both versions must be able to run.

    Raises:
        ConstraintViolations, NotFound, AccessDenied, InvalidParameter: see `domain.arn.parse_function`.
        NotFound: no such function, version or alias.
        Conflict: a version cannot run yet, or never will.

    Source: recorded answers Function test_function_name_and_qualifier_validation[…-invoke].
    """
    reference = parse_function(function, scope, qualifier)

    async def read(number: str) -> FunctionVersion:
        version = await catalogue.read(scope, reference.name, number)
        if version is None:
            raise NotFound(f"Function not found: {_qualified(reference, scope)}")
        check_invocable(version)
        return version

    if reference.version is not None:
        return await read(reference.version)
    alias = await catalogue.resources.read(
        ALIASES, Place(scope, reference.name, reference.qualifier or LATEST)
    )
    if alias is None:
        raise NotFound(f"Function not found: {_qualified(reference, scope)}")
    version = await read(alias.version)
    for number, weight in alias.weights.items():
        return Weighted(version, await read(number), weight)
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
    return FunctionReference(reference.name, reference.qualifier or LATEST).arn(scope)
