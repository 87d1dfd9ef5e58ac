"""How the events of a lane are treated, read from the catalogue."""

from __future__ import annotations

from collections.abc import Mapping

from lambdad.domain.alias import ALIASES
from lambdad.domain.arn import is_version
from lambdad.domain.event import Lane
from lambdad.domain.event_invoke import EVENT_INVOKE_CONFIGS, EventInvokeConfig
from lambdad.domain.function import LATEST, FunctionVersion
from lambdad.domain.resource import Place
from lambdad.events.policy import DEFAULT_MAX_AGE_S, DEFAULT_MAX_RETRIES, GONE, Gone, Policy
from lambdad.ports.catalogue_store import CatalogueStore


class CataloguePolicies:
    """Reads the configuration of the qualifier that was invoked, and the dead-letter queue of what runs."""

    def __init__(self, catalogue: CatalogueStore) -> None:
        self._catalogue = catalogue

    async def __call__(self, lane: Lane) -> Policy | Gone:
        """The lane's policy; `GONE` when its function, version or alias does not exist."""
        version = await self._version(lane)
        if version is None:
            return GONE
        place = Place(lane.scope, lane.function, lane.qualifier or LATEST)
        config = await self._catalogue.resources.read(EVENT_INVOKE_CONFIGS, place)
        return _policy(config or EventInvokeConfig(0.0), version)

    async def _version(self, lane: Lane) -> FunctionVersion | None:
        qualifier = lane.qualifier or LATEST
        if not is_version(qualifier):
            place = Place(lane.scope, lane.function, qualifier)
            alias = await self._catalogue.resources.read(ALIASES, place)
            if alias is None:
                return None
            qualifier = alias.version
        return await self._catalogue.read(lane.scope, lane.function, qualifier)


def _policy(config: EventInvokeConfig, version: FunctionVersion) -> Policy:
    dead_letter = version.echoed.get("DeadLetterConfig")
    target = dead_letter.get("TargetArn") if isinstance(dead_letter, Mapping) else None
    return Policy(
        max_age_s=DEFAULT_MAX_AGE_S if config.max_age_s is None else config.max_age_s,
        max_retries=DEFAULT_MAX_RETRIES if config.max_retries is None else config.max_retries,
        on_success=config.on_success,
        on_failure=config.on_failure,
        dead_letter=target if isinstance(target, str) else None,
        role=version.role,
    )
