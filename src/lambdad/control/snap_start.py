"""SnapStart as the API sees it: what it refuses, and where a version settles; pure.

Source: AWS's pages "Improving startup performance with Lambda SnapStart" (what it does not go together with)
and "Activating and managing Lambda SnapStart" (states); the form of the refusals is AWS's "… is not supported
for SnapStart enabled functions." that users report for runtimes, architectures and images.
"""

from __future__ import annotations

from dataclasses import replace

from lambdad.control.accepted_runtimes import check_snap_start
from lambdad.control.states import Phase, move, phase
from lambdad.control.tenancy import refuse_with_tenants
from lambdad.domain.errors import InvalidParameter
from lambdad.domain.function import FunctionVersion, Reason
from lambdad.domain.limits import MAX_SNAP_START_EPHEMERAL_MIB
from lambdad.domain.snap_start import InitFailed, NotOptimised, Optimisation, Optimised


def check_snap_start_of(version: FunctionVersion) -> None:
    """Refuse SnapStart together with what excludes it.

    Raises:
        InvalidParameter: the runtime has none, `/tmp` is too large, or there are tenants.
    """
    if version.snap_start_apply_on != "PublishedVersions":
        return
    refuse_with_tenants(version, "SnapStart")
    if version.runtime is not None:
        check_snap_start(version.runtime)
    if version.ephemeral_mib > MAX_SNAP_START_EPHEMERAL_MIB:
        raise InvalidParameter(
            f"EphemeralStorage larger than {MAX_SNAP_START_EPHEMERAL_MIB} MB "
            "is not supported for SnapStart enabled functions."
        )


def check_provisionable(version: FunctionVersion) -> None:
    """Refuse provisioned concurrency of a version with SnapStart or tenants.

    Raises:
        InvalidParameter: it has one of them.
    """
    refuse_with_tenants(version, "Provisioned Concurrency")
    if version.is_snap_started:
        raise InvalidParameter("Provisioned Concurrency is not supported for SnapStart enabled functions.")


def starts_pending(latest: FunctionVersion) -> bool:
    """Whether a version published from this is initialised before it is Active."""
    return latest.snap_start_apply_on == "PublishedVersions"


def settled_as(
    version: FunctionVersion, optimisation: Optimisation | None, revision_id: str
) -> FunctionVersion:
    """The version as it comes out of its preparation.

    Args:
        version: being created or updated.
        optimisation: how its initialisation ended; None when there was none.
        revision_id: its new one.
    """
    match optimisation:
        case InitFailed() if phase(version) is Phase.BEING_CREATED:
            return move(version, Phase.FAILED, revision_id)
        case NotOptimised(reason):
            active = move(version, Phase.SETTLED, revision_id)
            return replace(active, state_reason=Reason(f"SnapStart is off for this version: {reason}", None))
        case Optimised():
            return replace(move(version, Phase.SETTLED, revision_id), is_optimised=True)
        case _:
            return move(version, Phase.SETTLED, revision_id)
