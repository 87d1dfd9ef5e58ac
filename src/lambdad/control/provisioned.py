"""Provisioned concurrency of published versions: put, get, list, delete.

What is asked for is made durable here; `ports.provisioner` keeps the environments and knows how far they
have come. Aliases do not exist yet, so a qualifier that is no number is one that cannot be found.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from lambdad.control.configuration import timestamp
from lambdad.control.context import ControlContext, Operations, Params, named
from lambdad.control.paging import page_size, read_marker, write_marker
from lambdad.control.rendering import Members, provisioned
from lambdad.control.snap_start import check_provisionable
from lambdad.control.states import check_settled
from lambdad.domain.arn import FunctionReference
from lambdad.domain.errors import InvalidParameter, NotFound, NotProvisioned
from lambdad.domain.function import LATEST, FunctionVersion
from lambdad.domain.http import Request
from lambdad.domain.limits import MIN_UNRESERVED_CONCURRENCY
from lambdad.domain.provisioned import Allocation, ProvisionedConfig, ProvisionedStatus
from lambdad.domain.scope import Scope

_NOT_BEGUN = Allocation(ProvisionedStatus.IN_PROGRESS, 0)


class Provisioned:
    """Handlers for provisioned concurrency; changes follow one another, so that their sum is right."""

    def __init__(self, context: ControlContext) -> None:
        self._context = context
        self._changing = asyncio.Lock()

    @property
    def operations(self) -> Operations:
        """Handlers by operation."""
        return {
            "PutProvisionedConcurrencyConfig": self.put,
            "GetProvisionedConcurrencyConfig": self.get,
            "ListProvisionedConcurrencyConfigs": self.list_configs,
            "DeleteProvisionedConcurrencyConfig": self.delete,
        }

    async def start(self) -> None:
        """Keep again what the last server kept; call once."""
        context = self._context
        for config in await context.catalogue.provisioned.everywhere():
            version = await context.catalogue.read(config.scope, config.name, config.version)
            if version is not None:
                context.provisioner.provide(version, config.requested)

    async def put(self, params: Params, request: Request) -> Mapping[str, Any]:
        """Ask for environments; they are begun at once."""
        context, scope, reference = self._context, request.caller.scope, named(params, request)
        if reference.qualifier in (None, LATEST):
            raise InvalidParameter(
                "Provisioned Concurrency Configs cannot be applied to unpublished function versions."
            )
        async with self._changing:
            version = await self._published(scope, reference)
            check_settled(version)
            check_provisionable(version)
            requested: int = params["ProvisionedConcurrentExecutions"]
            store, key = context.catalogue.provisioned, (version.name, version.version)
            check_room(requested, await store.total(scope, but=key), context.account_concurrency)
            now = timestamp(context.clock.now())
            config = ProvisionedConfig(scope, *key, requested, now)
            if not await store.write(config):
                raise _not_found(scope, reference)
            context.provisioner.provide(version, requested)
        # Said of every put, also of one that needs nothing more. Source: put_provisioned_on_version.
        begun = context.provisioner.allocation(scope, *key) or _NOT_BEGUN
        return provisioned(config, Allocation(ProvisionedStatus.IN_PROGRESS, begun.initialised))

    async def get(self, params: Params, request: Request) -> Mapping[str, Any]:
        """What is asked for and how far it has come."""
        scope, reference = request.caller.scope, named(params, request)
        version = await self._qualified(scope, reference)
        config = await self._context.catalogue.provisioned.read(scope, version.name, version.version)
        if config is None:
            raise NotProvisioned("No Provisioned Concurrency Config found for this function")
        return self._shown(config)

    async def list_configs(self, params: Params, request: Request) -> Mapping[str, Any]:
        """A page of a function's configurations."""
        context, scope = self._context, request.caller.scope
        name = named(params, request).name
        await context.read_latest(scope, name)
        size, marker = page_size(params), read_marker(params, 1)
        after = None if marker is None else marker[0]
        found = await context.catalogue.provisioned.list_of(scope, name, after=after, limit=size + 1)
        page = found[:size]
        return {
            "ProvisionedConcurrencyConfigs": [
                {"FunctionArn": config.arn, **self._shown(config)} for config in page
            ],
            "NextMarker": write_marker(page[-1].version) if len(found) > size else None,
        }

    async def delete(self, params: Params, request: Request) -> Mapping[str, Any]:
        """Keep none any more; a version that had none is no error.

        Source: test_provisioned_concurrency_exceptions, delete_provisioned_config_doesnotexist.
        """
        context, scope, reference = self._context, request.caller.scope, named(params, request)
        async with self._changing:
            version = await self._qualified(scope, reference)
            await context.catalogue.provisioned.delete(scope, version.name, version.version)
            context.provisioner.withdraw(scope, version.name, version.version)
        return {}

    def _shown(self, config: ProvisionedConfig) -> Members:
        found = self._context.provisioner.allocation(config.scope, config.name, config.version)
        return provisioned(config, found or _NOT_BEGUN)

    async def _qualified(self, scope: Scope, reference: FunctionReference) -> FunctionVersion:
        if reference.qualifier in (None, LATEST):
            raise InvalidParameter("The function resource provided must be an alias or a published version.")
        return await self._published(scope, reference)

    async def _published(self, scope: Scope, reference: FunctionReference) -> FunctionVersion:
        number = reference.version
        if number is None:
            raise NotFound(f"Cannot find alias arn: {reference.arn(scope)}")
        version = await self._context.catalogue.read(scope, reference.name, number)
        if version is None:
            raise _not_found(scope, reference)
        return version


def check_room(requested: int, others: int, account_concurrency: int) -> None:
    """Refuse more than the account has left.

    Args:
        requested: of one version.
        others: of all other versions together.
        account_concurrency: of the account in this region.

    Raises:
        InvalidParameter: in AWS's words. Source: test_provisioned_concurrency_limits.
    """
    unreserved = account_concurrency - others
    if requested > unreserved:
        raise InvalidParameter(
            "Specified ConcurrentExecutions for function is greater than account's unreserved concurrency "
            f"[{unreserved}]."
        )
    if unreserved - requested < MIN_UNRESERVED_CONCURRENCY:
        raise InvalidParameter(
            "Specified ConcurrentExecutions for function decreases account's UnreservedConcurrentExecution "
            f"below its minimum value of [{MIN_UNRESERVED_CONCURRENCY}]."
        )


def _not_found(scope: Scope, reference: FunctionReference) -> NotFound:
    return NotFound(f"Function not found: {reference.arn(scope)}")
