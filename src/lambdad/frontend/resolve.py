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

    That a version of a weighted alias cannot run is told by `Weighted.refusals`: it concerns some calls only.

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
        return version

    if reference.version is not None:
        return checked_invocable(await read(reference.version))
    alias = await catalogue.resources.read(
        ALIASES, Place(scope, reference.name, reference.qualifier or LATEST)
    )
    if alias is None:
        raise NotFound(f"Function not found: {_qualified(reference, scope)}")
    version = await read(alias.version)
    for number, weight in alias.weights.items():
        other = await read(number)
        return Weighted(version, other, weight, (refusal(version), refusal(other)))
    return checked_invocable(version)


def checked_invocable(version: FunctionVersion) -> FunctionVersion:
    """The version, if it can run.

    Raises:
        Conflict: see `refusal`.
    """
    refused = refusal(version)
    if refused is not None:
        raise refused
    return version


def refusal(version: FunctionVersion) -> Conflict | None:
    """Why a version cannot run: it is initialised for its snapshot, or Pending, or Failed; None when it can.

    Source: AWS's page "Troubleshooting SnapStart errors".
    """
    if version.state is State.PENDING and version.is_snap_started:
        return SnapStartNotReady(
            "Lambda is initializing your function. "
            "It will be ready to invoke once your function state becomes ACTIVE."
        )
    if version.state in (State.PENDING, State.FAILED):
        return Conflict(
            "The operation cannot be performed at this time. "
            f"The function is currently in the following state: {version.state}"
        )
    return None


def _qualified(reference: FunctionReference, scope: Scope) -> str:
    """Invoke, unlike the rest of the API, names `$LATEST` in its "Function not found"."""
    return FunctionReference(reference.name, reference.qualifier or LATEST).arn(scope)
