"""Retention and tags of log groups.

Source: CloudWatch Logs API and model; answers recorded by LocalStack's suite against AWS (February 2026,
`test_logs_groups`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lambdad.domain.errors import InvalidParameter, TooManyTags
from lambdad.domain.http import Request
from lambdad.domain.limits import LOG_RETENTION_DAYS, MAX_LOG_GROUP_TAGS
from lambdad.domain.scope import Scope
from lambdad.ports.log_store import LogStore
from lambdad.telemetry.log_names import group_of_identifier

Params = dict[str, Any]


class LogGroupSettings:
    """Handlers of the retention operations, and of the tagging operations, old and new."""

    def __init__(self, store: LogStore) -> None:
        self._store = store

    async def put_retention_policy(self, params: Params, request: Request) -> Mapping[str, Any]:
        """Keep events for some days."""
        days = params["retentionInDays"]
        if days not in LOG_RETENTION_DAYS:
            allowed = ", ".join(map(str, sorted(LOG_RETENTION_DAYS)))
            raise InvalidParameter(
                f"1 validation error detected: Value '{days}' at 'retentionInDays' failed to satisfy "
                f"constraint: Member must satisfy enum value set: [{allowed}]"
            )
        await self._store.set_retention(request.caller.scope, params["logGroupName"], days)
        return {}

    async def delete_retention_policy(self, params: Params, request: Request) -> Mapping[str, Any]:
        """Keep events for ever."""
        await self._store.set_retention(request.caller.scope, params["logGroupName"], None)
        return {}

    async def tag_resource(self, params: Params, request: Request) -> Mapping[str, Any]:
        """Set tags of what an ARN names."""
        scope = request.caller.scope
        await self._tag(scope, _group_of(params["resourceArn"], scope), params["tags"])
        return {}

    async def untag_resource(self, params: Params, request: Request) -> Mapping[str, Any]:
        """Take tags away from what an ARN names."""
        scope = request.caller.scope
        group = _group_of(params["resourceArn"], scope)
        await self._store.change_tags(scope, group, remove=params["tagKeys"])
        return {}

    async def list_tags_for_resource(self, params: Params, request: Request) -> Mapping[str, Any]:
        """The tags of what an ARN names."""
        scope = request.caller.scope
        return {"tags": await self._store.group_tags(scope, _group_of(params["resourceArn"], scope))}

    async def tag_log_group(self, params: Params, request: Request) -> Mapping[str, Any]:
        """Set tags of a group."""
        await self._tag(request.caller.scope, params["logGroupName"], params["tags"])
        return {}

    async def untag_log_group(self, params: Params, request: Request) -> Mapping[str, Any]:
        """Take tags away from a group."""
        await self._store.change_tags(request.caller.scope, params["logGroupName"], remove=params["tags"])
        return {}

    async def list_tags_log_group(self, params: Params, request: Request) -> Mapping[str, Any]:
        """The tags of a group."""
        return {"tags": await self._store.group_tags(request.caller.scope, params["logGroupName"])}

    async def _tag(self, scope: Scope, group: str, tags: Mapping[str, str]) -> None:
        if any(key.lower().startswith("aws:") for key in tags):
            raise InvalidParameter("aws: prefixed tag key names are not allowed for external use.")
        known = await self._store.group_tags(scope, group)
        if len(known | dict(tags)) > MAX_LOG_GROUP_TAGS:
            raise TooManyTags(f"A log group can have at most {MAX_LOG_GROUP_TAGS} tags.")
        await self._store.change_tags(scope, group, add=tags)


def _group_of(arn: str, scope: Scope) -> str:
    if not arn.startswith("arn:"):
        raise InvalidParameter(f"'{arn}' is not the ARN of a log group.")
    return group_of_identifier(arn, scope)
