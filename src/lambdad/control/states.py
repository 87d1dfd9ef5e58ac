"""The states of a version and how it moves through them: one table, pure.

::

    being created   Pending                      ──settle──▶ settled, or failed
    being updated   Active, update InProgress    ──settle──▶ settled
    settled         Active, update Successful    ──update──▶ being updated
    failed          Failed, update Failed        a version whose Init for its snapshot failed

Published from a settled `$LATEST`, a version is settled at once; published together with new code, or with
SnapStart, it is being created. Every move is a change of the version, so it takes a new revision id.
"""

from __future__ import annotations

from dataclasses import replace
from enum import Enum

from lambdad.domain.errors import Conflict
from lambdad.domain.function import FunctionVersion, Reason, State, UpdateStatus

_WORKING = Reason("The function is being created.", "Creating")
"""AWS says the same of an update. Source: Function test_function_lifecycle, update_code_response."""


_INIT_FAILED = Reason("An error occurred during function initialization.", "FunctionError")
"""What a SnapStart version fails with: text and code as users of CloudFormation and Terraform report."""


class Phase(Enum):
    """The combinations of State and LastUpdateStatus that exist."""

    BEING_CREATED = (State.PENDING, None)
    BEING_UPDATED = (State.ACTIVE, UpdateStatus.IN_PROGRESS)
    SETTLED = (State.ACTIVE, UpdateStatus.SUCCESSFUL)
    FAILED = (State.FAILED, UpdateStatus.FAILED)


_REASONS: dict[Phase, tuple[Reason | None, Reason | None]] = {
    Phase.BEING_CREATED: (_WORKING, None),
    Phase.BEING_UPDATED: (None, _WORKING),
    Phase.SETTLED: (None, None),
    Phase.FAILED: (_INIT_FAILED, _INIT_FAILED),
}
"""Why a version is in its phase, for its State and its LastUpdateStatus."""

_MOVES = {
    (Phase.BEING_CREATED, Phase.FAILED),
    (Phase.BEING_CREATED, Phase.SETTLED),
    (Phase.BEING_UPDATED, Phase.SETTLED),
    (Phase.SETTLED, Phase.BEING_UPDATED),
}


def phase(version: FunctionVersion) -> Phase:
    """The phase a version is in."""
    return Phase((version.state, version.update_status))


def move(version: FunctionVersion, to: Phase, revision_id: str) -> FunctionVersion:
    """The version in phase `to`.

    Raises:
        Conflict: the table has no such move; in AWS's words.
    """
    now = phase(version)
    if (now, to) not in _MOVES:
        raise _conflict(version, now)
    return enter(version, to, revision_id)


def enter(version: FunctionVersion, to: Phase, revision_id: str) -> FunctionVersion:
    """The version as it begins its life in phase `to`."""
    state, update_status = to.value
    state_reason, update_reason = _REASONS[to]
    return replace(
        version,
        state=state,
        state_reason=state_reason,
        update_status=update_status,
        update_reason=update_reason,
        revision_id=revision_id,
    )


def check_settled(version: FunctionVersion) -> None:
    """Refuse to change or publish what is still settling.

    Raises:
        Conflict: in AWS's words.
    """
    now = phase(version)
    if now is not Phase.SETTLED:
        raise _conflict(version, now)


def _conflict(version: FunctionVersion, now: Phase) -> Conflict:
    """Source: Function test_lambda_concurrent_code_updates, update-during-in-progress-update-exc."""
    refused = "The operation cannot be performed at this time."
    if now is Phase.BEING_UPDATED:
        return Conflict(f"{refused} An update is in progress for resource: {version.unqualified_arn}")
    return Conflict(f"{refused} The function is currently in the following state: {version.state}")
