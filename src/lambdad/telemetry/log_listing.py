"""The parts of the Logs API that list and change groups and streams."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lambdad.domain.errors import Conflict, InvalidParameter, NotFound, NotOffered
from lambdad.domain.http import Request
from lambdad.domain.limits import MAX_LOG_DESCRIBE_ITEMS, MAX_LOG_LIST_ITEMS
from lambdad.domain.scope import Scope
from lambdad.ports.log_store import GroupInfo, LogStore, StreamInfo, StreamKey
from lambdad.telemetry.filter_book import FilterBook
from lambdad.telemetry.live_tail import LiveTails
from lambdad.telemetry.log_names import (
    NO_GROUP,
    NO_STREAM,
    group_arn,
    group_of_identifier,
    requested_group,
    stream_arn,
)
from lambdad.telemetry.log_tokens import opaque, parse_opaque

Params = dict[str, Any]
_STANDARD = "STANDARD"
# AWS has ignored sequence tokens since 2023 and still answers them.
SEQUENCE_TOKEN = "49039859637242134756341934216862173362342534412383456354"  # noqa: S105


class LogListing:
    """Handlers of the operations that create, delete, describe and list groups and streams.

    Args:
        store: has them.
        book: has the filters of groups.
        tails: told of groups that are gone.
    """

    def __init__(self, store: LogStore, book: FilterBook, tails: LiveTails) -> None:
        self._store = store
        self._book = book
        self._tails = tails

    async def create_log_group(self, params: Params, request: Request) -> Mapping[str, Any]:
        """Make a group; only the standard class without encryption is offered."""
        if params.get("logGroupClass", _STANDARD) != _STANDARD:
            raise NotOffered(f"Log group class {params['logGroupClass']} is not offered by lambdad")
        for member in ("kmsKeyId", "deletionProtectionEnabled"):
            if params.get(member):
                raise NotOffered(f"{member} of a log group is not offered by lambdad")
        created = await self._store.create_group(
            request.caller.scope, params["logGroupName"], params.get("tags")
        )
        if not created:
            raise Conflict("The specified log group already exists")
        return {}

    async def delete_log_group(self, params: Params, request: Request) -> Mapping[str, Any]:
        """Remove a group with everything in it, its filters first: a new one of that name has none."""
        scope, group = request.caller.scope, params["logGroupName"]
        await self._book.forget(scope, group)
        if not await self._store.delete_group(scope, group):
            raise NotFound(NO_GROUP)
        self._tails.deleted(scope, group)
        return {}

    async def create_log_stream(self, params: Params, request: Request) -> Mapping[str, Any]:
        """Make a stream in an existing group."""
        key = StreamKey(request.caller.scope, params["logGroupName"], params["logStreamName"])
        if not await self._store.create_stream(key):
            raise Conflict("The specified log stream already exists")
        return {}

    async def delete_log_stream(self, params: Params, request: Request) -> Mapping[str, Any]:
        """Remove a stream with its events."""
        key = StreamKey(request.caller.scope, params["logGroupName"], params["logStreamName"])
        if not await self._store.delete_stream(key):
            raise NotFound(NO_STREAM)
        return {}

    async def list_log_groups(self, params: Params, request: Request) -> Mapping[str, Any]:
        """A page of groups by name, or by alternatives of texts, each anywhere or (``^``) in front."""
        for member in ("dataSources", "fieldIndexNames", "logGroupTags"):
            if params.get(member):
                raise NotOffered(f"{member} of ListLogGroups is not offered by lambdad")
        scope = request.caller.scope
        await self._store.flush()
        if params.get("logGroupClass", _STANDARD) != _STANDARD:
            return {"logGroups": []}
        limit = params.get("limit", MAX_LOG_DESCRIBE_ITEMS)
        found = await self._matching(scope, params.get("logGroupNamePattern"), _after(params), limit + 1)
        answer: dict[str, Any] = {
            "logGroups": [
                {"logGroupName": name, "logGroupArn": group_arn(scope, name), "logGroupClass": _STANDARD}
                for name in found[:limit]
            ]
        }
        if len(found) > limit:
            answer["nextToken"] = opaque(found[limit - 1])
        return answer

    async def describe_log_groups(self, params: Params, request: Request) -> Mapping[str, Any]:
        """A page of groups, all or those of a prefix, a pattern or a list of identifiers."""
        prefix, pattern = params.get("logGroupNamePrefix"), params.get("logGroupNamePattern")
        if prefix is not None and pattern is not None:
            raise InvalidParameter(
                "LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters."
            )
        scope = request.caller.scope
        await self._store.flush()
        if params.get("logGroupClass", _STANDARD) != _STANDARD:
            return {"logGroups": []}
        if params.get("logGroupIdentifiers"):
            return {"logGroups": await self._named_groups(scope, params["logGroupIdentifiers"])}
        limit = params.get("limit", MAX_LOG_DESCRIBE_ITEMS)
        groups = await self._store.groups(
            scope, prefix=prefix, pattern=pattern, after=_after(params), limit=limit + 1
        )
        answer: dict[str, Any] = {
            "logGroups": [self._group(scope, group, found_by=pattern) for group in groups[:limit]]
        }
        if len(groups) > limit:
            answer["nextToken"] = opaque(groups[limit - 1].name)
        return answer

    async def describe_log_streams(self, params: Params, request: Request) -> Mapping[str, Any]:
        """A page of a group's streams, by name or by last event."""
        scope = request.caller.scope
        group = requested_group(params, scope)
        by_time = params.get("orderBy") == "LastEventTime"
        if by_time and params.get("logStreamNamePrefix"):
            raise InvalidParameter("Cannot order by LastEventTime with a logStreamNamePrefix.")
        limit = params.get("limit", MAX_LOG_DESCRIBE_ITEMS)
        await self._store.flush()
        streams = await self._store.streams(
            scope,
            group,
            prefix=params.get("logStreamNamePrefix"),
            after=_after(params),
            limit=limit + 1,
            by_time=by_time,
            descending=bool(params.get("descending")),
        )
        answer: dict[str, Any] = {"logStreams": [_stream(scope, group, s) for s in streams[:limit]]}
        if len(streams) > limit:
            answer["nextToken"] = opaque(streams[limit - 1].name)
        return answer

    async def _named_groups(self, scope: Scope, identifiers: list[str]) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        for name in sorted({group_of_identifier(identifier, scope) for identifier in identifiers}):
            page = await self._store.groups(scope, prefix=name, pattern=None, after=None, limit=1)
            found.extend(self._group(scope, group) for group in page if group.name == name)
        return found

    async def _matching(self, scope: Scope, pattern: str | None, after: str | None, count: int) -> list[str]:
        """The first names behind `after` that match."""
        alternatives = pattern.split("|") if pattern else [""]
        found: list[str] = []
        while len(found) < count:
            groups = await self._store.groups(
                scope, prefix=None, pattern=None, after=after, limit=MAX_LOG_LIST_ITEMS
            )
            found.extend(group.name for group in groups if _is_meant(group.name, alternatives))
            if len(groups) < MAX_LOG_LIST_ITEMS:
                break
            after = groups[-1].name
        return found[:count]

    def _group(self, scope: Scope, group: GroupInfo, *, found_by: str | None = None) -> dict[str, Any]:
        """A group as it is described; AWS leaves two members out of what a pattern (`found_by`) finds.

        Source: answers recorded by LocalStack's suite against AWS (February 2026, `test_logs_groups`).
        """
        arn = group_arn(scope, group.name)
        is_whole = found_by is None
        return {
            "logGroupName": group.name,
            "creationTime": group.created_ms,
            "retentionInDays": group.retention_days,
            "metricFilterCount": len(self._book.of(scope, group.name).metrics),
            "arn": f"{arn}:*",
            "storedBytes": group.stored_bytes if is_whole else None,
            "logGroupClass": _STANDARD,
            "logGroupArn": arn,
            "deletionProtectionEnabled": False if is_whole else None,
        }


def _after(params: Params) -> str | None:
    token = params.get("nextToken")
    return None if token is None else parse_opaque(token, 1)[0]


def _is_meant(name: str, alternatives: list[str]) -> bool:
    return any(name.startswith(each[1:]) if each.startswith("^") else each in name for each in alternatives)


def _stream(scope: Scope, group: str, stream: StreamInfo) -> dict[str, Any]:
    return {
        "logStreamName": stream.name,
        "creationTime": stream.created_ms,
        "firstEventTimestamp": stream.first_event_ms,
        "lastEventTimestamp": stream.last_event_ms,
        "lastIngestionTime": stream.last_ingestion_ms,
        "uploadSequenceToken": None if stream.last_ingestion_ms is None else SEQUENCE_TOKEN,
        "arn": stream_arn(scope, group, stream.name),
        "storedBytes": 0,  # AWS answers 0 since 2019
    }
