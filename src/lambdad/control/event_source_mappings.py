"""Event source mappings: create, get, list, update, delete.

Here they are configuration: what reads their sources is told by `ports.event_sources`, and settles what
begins here. See docs/decisions/0011-event-source-mappings.md and 0024-polling-queues.md.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from lambdad.control.checks import check_tags
from lambdad.control.context import ControlContext, Operations, Params
from lambdad.control.mapping_kinds import RULES
from lambdad.control.mapping_rendering import shown, shown_listed
from lambdad.control.mapping_settings import created, kind_from, updated
from lambdad.control.paging import page_size, read_marker, write_marker
from lambdad.control.tenancy import refuse_with_tenants
from lambdad.domain.arn import parse_function
from lambdad.domain.errors import Conflict, InvalidParameter, NotFound
from lambdad.domain.event_source_mapping import MAPPINGS, EventSourceMapping, place_of
from lambdad.domain.event_sources import SourceKind
from lambdad.domain.function import FunctionVersion
from lambdad.domain.http import Request
from lambdad.domain.limits import MAX_MAPPING_PAGE_ITEMS
from lambdad.domain.mapping_states import Change, MappingState, change_of, first_state
from lambdad.domain.resource import ACCOUNT
from lambdad.domain.scope import Scope

_QUEUES = frozenset({SourceKind.SQS, SourceKind.SQS_FIFO})
_STREAMS = frozenset({SourceKind.KINESIS, SourceKind.DYNAMODB})


class EventSourceMappings:
    """Handlers for mappings; what could make two of the same follow one another."""

    def __init__(self, context: ControlContext) -> None:
        self._context = context
        self._resources = context.catalogue.resources
        self._sources = context.sources
        self._making = asyncio.Lock()

    @property
    def operations(self) -> Operations:
        """Handlers by operation."""
        return {
            "CreateEventSourceMapping": self.create,
            "GetEventSourceMapping": self.get,
            "ListEventSourceMappings": self.list_mappings,
            "UpdateEventSourceMapping": self.update,
            "DeleteEventSourceMapping": self.delete,
        }

    async def create(self, params: Params, request: Request) -> Mapping[str, Any]:
        """Make a mapping; of a kind that is polled, the source must be there and suit the function."""
        context, scope = self._context, request.caller.scope
        check_tags(tags := params.get("Tags") or {})
        uuid, now_s = context.new_id(), context.clock.now()
        kind = kind_from(params, scope.region)
        settings = created(kind, params, uuid=uuid, now_s=now_s)
        function_arn, version = await self._function(scope, params["FunctionName"])
        is_wanted = params.get("Enabled", True)
        mapping = EventSourceMapping(
            uuid=uuid,
            kind=kind,
            function_arn=function_arn,
            source_arn=params.get("EventSourceArn"),
            settings=settings,
            is_wanted=is_wanted,
            state=first_state(is_polled=is_wanted and self._is_polled(kind)),
            last_modified_s=now_s,
            tags=dict(tags),
        )
        async with self._making:
            await self._check_only_group(scope, mapping)
            await self._check_only_one(scope, mapping)
            await self._sources.admit(scope, mapping, version)
            await self._resources.change(MAPPINGS, place_of(scope, uuid), lambda _: mapping)
        self._sources.changed(scope, uuid)
        return shown(scope, mapping, self._sources)

    async def get(self, params: Params, request: Request) -> Mapping[str, Any]:
        """One mapping."""
        scope = request.caller.scope
        return shown(scope, await self._read(scope, params["UUID"]), self._sources)

    async def list_mappings(self, params: Params, request: Request) -> Mapping[str, Any]:
        """A page of mappings, by UUID; of one function, one source or both. Neither has to exist.

        Source: LocalStack's test_event_source_mapping_exceptions, run against AWS: "list doesn't care about
            the resource filters existing".
        """
        scope, source = request.caller.scope, params.get("EventSourceArn")
        size, marker = page_size(params, MAX_MAPPING_PAGE_ITEMS), read_marker(params, 1)
        after = "" if marker is None else marker[0]
        if "FunctionName" in params:
            function_arn = parse_function(params["FunctionName"], scope).arn(scope)
            found = await self._of_function(scope, function_arn, source, after)
        else:
            found = await self._of_account(scope, source, after, size + 1)
        page = found[:size]
        return {
            "EventSourceMappings": [shown_listed(scope, mapping, self._sources) for mapping in page],
            "NextMarker": write_marker(page[-1].uuid) if len(found) > size else None,
        }

    async def update(self, params: Params, request: Request) -> Mapping[str, Any]:
        """Change a mapping; one that is polled is so in a moment."""
        scope, uuid, now_s = request.caller.scope, params["UUID"], self._context.clock.now()
        async with self._making:
            before = await self._read(scope, uuid)
            function_arn, version = before.function_arn, None
            if "FunctionName" in params:
                function_arn, version = await self._function(scope, params["FunctionName"])

            def decide(mapping: EventSourceMapping | None) -> EventSourceMapping:
                if mapping is None:
                    raise _missing()
                is_wanted = params.get("Enabled", before.is_wanted)
                was_polled = mapping.state is not MappingState.DISABLED
                is_polled = is_wanted and self._is_polled(mapping.kind)
                change = change_of(was_polled=was_polled, is_polled=is_polled)
                return replace(
                    mapping.moved(change) or mapping,
                    function_arn=function_arn,
                    settings=updated(before, params),
                    is_wanted=is_wanted,
                    last_modified_s=now_s,
                )

            await self._check_only_one(scope, decide(before))
            if version is not None:
                await self._sources.admit(scope, decide(before), version)
            after = await self._resources.change(MAPPINGS, place_of(scope, uuid), decide)
        self._sources.changed(scope, uuid)
        return shown(scope, after or before, self._sources)

    async def delete(self, params: Params, request: Request) -> Mapping[str, Any]:
        """Remove a mapping; it is answered as being deleted, and gone when nothing reads its source."""
        scope, uuid = request.caller.scope, params["UUID"]

        def decide(mapping: EventSourceMapping | None) -> EventSourceMapping | None:
            if mapping is None:
                raise _missing()
            return mapping.moved(Change.DELETE)

        async with self._making:
            after = await self._resources.change(MAPPINGS, place_of(scope, uuid), decide)
        self._sources.changed(scope, uuid)
        if after is None:
            raise _missing()
        return shown(scope, after, self._sources)

    def _is_polled(self, kind: SourceKind) -> bool:
        return self._sources.not_polled(kind) is None

    async def _read(self, scope: Scope, uuid: str) -> EventSourceMapping:
        mapping = await self._resources.read(MAPPINGS, place_of(scope, uuid))
        if mapping is None:
            raise _missing()
        return mapping

    async def _function(self, scope: Scope, name: str) -> tuple[str, FunctionVersion]:
        """A function, version or alias that exists: its ARN, qualified as it was named, and what runs.

        Source: LocalStack's recordings test_event_source_mapping_exceptions (create_unknown_params) and
            test_function_name_variations.
        """
        reference = parse_function(name, scope)
        try:
            version = await self._context.read(scope, reference)
        except NotFound:
            raise InvalidParameter("Function does not exist") from None
        refuse_with_tenants(version, "Event source mapping")  # no source says whose its records are
        return reference.arn(scope), version

    async def _check_only_one(self, scope: Scope, mapping: EventSourceMapping) -> None:
        """Refuse a second mapping of the same function to the same source.

        Raises:
            Conflict: with the UUID of the other one.
        """
        for stored in await self._resources.find(MAPPINGS, mapping.function_arn):
            other = stored.value
            if stored.place.scope == scope and other.uuid != mapping.uuid and mapping.is_same_as(other):
                raise Conflict(_taken(mapping, other))

    async def _check_only_group(self, scope: Scope, mapping: EventSourceMapping) -> None:
        """Refuse a second mapping of a Kafka consumer group, of whatever function and topic.

        Raises:
            Conflict: with the UUID of the other one.
        """
        if mapping.consumer_group in (None, mapping.uuid):
            return
        for other in await self._of_account(scope, mapping.source_arn, "", None):
            if mapping.is_in_group_of(other):
                raise Conflict(_group_taken(mapping, other))

    async def _of_function(
        self, scope: Scope, function_arn: str, source: str | None, after: str
    ) -> list[EventSourceMapping]:
        found = [
            stored.value
            for stored in await self._resources.find(MAPPINGS, function_arn)
            if stored.place.scope == scope
            and stored.value.uuid > after
            and source in (None, stored.value.source_arn)
        ]
        return sorted(found, key=lambda mapping: mapping.uuid)

    async def _of_account(
        self, scope: Scope, source: str | None, after: str, limit: int | None
    ) -> list[EventSourceMapping]:
        # In small steps: what a page holds is decoded on the loop, and invocations share it.
        found: list[EventSourceMapping] = []
        place = place_of(scope, after)
        while limit is None or len(found) < limit:
            stored = await self._resources.page(
                MAPPINGS, scope, function=ACCOUNT, after=place, limit=MAX_MAPPING_PAGE_ITEMS
            )
            found += [one.value for one in stored if source in (None, one.value.source_arn)]
            if len(stored) < MAX_MAPPING_PAGE_ITEMS:
                break
            place = stored[-1].place
        return found[:limit]


def _missing() -> NotFound:
    return NotFound("The resource you requested does not exist.")


def _taken(mapping: EventSourceMapping, other: EventSourceMapping) -> str:
    """What AWS says of a second mapping.

    Source: LocalStack's recording test_duplicate_event_source_mappings (queues), issue 1320 of
        serverless-application-model (streams), radkawar/stackd's recordings (self-managed Kafka; MSK, MQ and
        DocumentDB after it).
    """
    update = _update(other)
    if mapping.kind in _QUEUES:
        between = f'SQS arn (" {mapping.source_arn} ") and function (" {mapping.function_name} ")'
        return f"An event source mapping with {between} already exists. {update}"
    if mapping.kind in _STREAMS:
        between = f'(" {mapping.source_arn} ") and function (" {mapping.function_name} ")'
        return f"The event source arn {between} provided mapping already exists. {update}"
    parts = [_source(mapping), f'function ("{mapping.function_arn}")']
    named = {name: mapping.settings.get(name) for name in ("Topics", "Queues")}
    parts += [f'{name.lower()} ("{",".join(given)}")' for name, given in named.items() if given]
    return f"An event source mapping with {', '.join(parts)} already exists. {update}"


def _group_taken(mapping: EventSourceMapping, other: EventSourceMapping) -> str:
    """What AWS says of a second mapping in a consumer group.

    Source: radkawar/stackd's recording lambda_self_managed_kafka_mapping_contract; MSK after it.
    """
    config = RULES[mapping.kind].config or ""
    group = f'{config[:1].lower()}{config[1:]}.consumerGroupId ("{mapping.consumer_group}")'
    return f"An event source mapping with {_source(mapping)}, {group} already exists. {_update(other)}"


def _source(mapping: EventSourceMapping) -> str:
    return f'event source ("{",".join(sorted(mapping.servers))}")'


def _update(other: EventSourceMapping) -> str:
    return f"Please update or delete the existing mapping with UUID {other.uuid}"
