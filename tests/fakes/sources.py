"""Event sources as the control plane sees them, without anything that is polled."""

from __future__ import annotations

from lambdad.domain.errors import InvalidParameter
from lambdad.domain.event_source_mapping import MAPPINGS, EventSourceMapping
from lambdad.domain.event_sources import SourceKind
from lambdad.domain.function import FunctionVersion
from lambdad.domain.mapping_states import SETTLED, Change
from lambdad.domain.scope import Scope
from lambdad.ports.resource_store import ResourceStore


class FakeSources:
    """Implements `ports.event_sources.EventSources`.

    Attributes:
        reasons: by kind, why it is not polled; kinds that are not there are.
        refusal: of every mapping; None admits all.
        results: by UUID.
        changes: what was told, in order.
    """

    def __init__(self, reasons: dict[SourceKind, str] | None = None) -> None:
        self.reasons = reasons or {}
        self.refusal: str | None = None
        self.results: dict[str, str] = {}
        self.changes: list[tuple[Scope, str]] = []
        self.admitted: list[tuple[EventSourceMapping, FunctionVersion]] = []

    def not_polled(self, kind: SourceKind) -> str | None:
        return self.reasons.get(kind)

    async def admit(self, scope: Scope, mapping: EventSourceMapping, version: FunctionVersion) -> None:
        if self.refusal is not None:
            raise InvalidParameter(self.refusal)
        self.admitted.append((mapping, version))

    def changed(self, scope: Scope, uuid: str) -> None:
        self.changes.append((scope, uuid))

    async def settle(self, resources: ResourceStore) -> None:
        """Bring every mapping to the end of what is under way."""
        for stored in await resources.everywhere(MAPPINGS):
            if stored.value.state not in SETTLED:
                await resources.change(
                    MAPPINGS, stored.place, lambda mapping: mapping and mapping.moved(Change.SETTLE)
                )

    def last_result(self, uuid: str) -> str | None:
        return self.results.get(uuid)
