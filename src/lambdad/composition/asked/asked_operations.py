"""What of lambdad's own operations is made late, and how."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from lambdad.composition.asked.late import Late
from lambdad.edge.operations import Operation
from lambdad.ports.catalogue_store import CatalogueStore
from lambdad.ports.clock import Clock
from lambdad.settings import Settings
from lambdad.telemetry.recent_invocations import RecentInvocations

if TYPE_CHECKING:
    from lambdad.composition.own_operations import OwnOperations

_ENVIRONMENTS: Final = "GET environments"
_INVOCATIONS: Final = "GET functions/{name}/invocations"
_RUNTIMES: Final = "GET runtimes"
_SETTINGS: Final = "GET settings"


def asked_operations(
    own: OwnOperations,
    recent: RecentInvocations,
    catalogue: CatalogueStore,
    settings: Settings,
    clock: Clock,
) -> Mapping[str, Operation]:
    """Environments, recent invocations, runtimes and settings."""

    def make() -> Mapping[str, Operation]:
        from lambdad.composition.asked.environment_operation import EnvironmentOperation
        from lambdad.composition.asked.invocations_operation import InvocationsOperation
        from lambdad.composition.asked.runtimes_operation import show_runtimes
        from lambdad.composition.asked.settings_operation import SettingsOperation

        return {
            _ENVIRONMENTS: EnvironmentOperation(own, clock).show,
            _INVOCATIONS: InvocationsOperation(recent, catalogue).show,
            _RUNTIMES: show_runtimes,
            _SETTINGS: SettingsOperation(settings).show,
        }

    return Late((_ENVIRONMENTS, _INVOCATIONS, _RUNTIMES, _SETTINGS), make).operations
