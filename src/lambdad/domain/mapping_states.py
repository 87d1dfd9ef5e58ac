"""The states of an event source mapping and how it moves through them: one table, pure.

::

    (created)   ──▶ Creating ──settle──▶ Enabled          Disabled at once when it shall not be polled
    Enabled     ──update──▶ Updating ──settle──▶ Enabled
    Enabled     ──disable──▶ Disabling ──settle──▶ Disabled
    Disabled    ──enable──▶ Enabling ──settle──▶ Enabled   an update leaves it Disabled
    Enabled, Disabled ──delete──▶ Deleting ──settle──▶ (gone)

A caller's change is refused in the states between; only what runs the pollers settles.

Source: LocalStack's recordings of AWS (Creating, Enabled, Deleting) and radkawar/stackd's
(testdata/aws/lambda/filter_kms_native, sqs_mapping_controls): what is created or changed while it is not
enabled answers Disabled at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from lambdad.domain.errors import ResourceInUse


class MappingState(StrEnum):
    """AWS's states of a mapping."""

    CREATING = "Creating"
    ENABLING = "Enabling"
    ENABLED = "Enabled"
    DISABLING = "Disabling"
    DISABLED = "Disabled"
    UPDATING = "Updating"
    DELETING = "Deleting"


class Change(StrEnum):
    """What can happen to a mapping; all but SETTLE are a caller's."""

    ENABLE = "enable"
    DISABLE = "disable"
    UPDATE = "update"
    DELETE = "delete"
    SETTLE = "settle"


SETTLED: Final = frozenset({MappingState.ENABLED, MappingState.DISABLED})
"""States in which a mapping can be changed; in the others a change is under way."""

TABLE: Final[Mapping[MappingState, Mapping[Change, MappingState | None]]] = {
    MappingState.CREATING: {Change.SETTLE: MappingState.ENABLED},
    MappingState.ENABLED: {
        Change.ENABLE: MappingState.UPDATING,
        Change.UPDATE: MappingState.UPDATING,
        Change.DISABLE: MappingState.DISABLING,
        Change.DELETE: MappingState.DELETING,
    },
    MappingState.UPDATING: {Change.SETTLE: MappingState.ENABLED},
    MappingState.DISABLING: {Change.SETTLE: MappingState.DISABLED},
    MappingState.DISABLED: {
        Change.ENABLE: MappingState.ENABLING,
        Change.UPDATE: MappingState.DISABLED,
        Change.DISABLE: MappingState.DISABLED,
        Change.DELETE: MappingState.DELETING,
    },
    MappingState.ENABLING: {Change.SETTLE: MappingState.ENABLED},
    MappingState.DELETING: {Change.SETTLE: None},
}
"""By state and change, what a mapping is then; None: gone."""


class Settling(ValueError):
    """A mapping was settled in which nothing is under way; a defect, nobody's request."""


def move(state: MappingState, change: Change) -> MappingState | None:
    """The state after a change; None when the mapping is gone.

    Raises:
        ResourceInUse: another change is under way; in AWS's words, as users quote them.
        Settling: there is nothing to settle.
    """
    moves = TABLE[state]
    if change in moves:
        return moves[change]
    if change is Change.SETTLE:
        raise Settling(f"a mapping that is {state} was settled")
    raise ResourceInUse("Cannot update the event source mapping because it is in use.")


def first_state(*, is_polled: bool) -> MappingState:
    """The state of a new mapping."""
    return MappingState.CREATING if is_polled else MappingState.DISABLED


def change_of(*, was_polled: bool, is_polled: bool) -> Change:
    """What an update is, from whether a mapping was polled and shall be."""
    if was_polled == is_polled:
        return Change.UPDATE
    return Change.ENABLE if is_polled else Change.DISABLE
