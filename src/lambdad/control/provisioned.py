"""Provisioned concurrency of published versions and of aliases: put, get, list, delete.

What is asked for is made durable here; `keeping` has it done and knows how far it has come.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lambdad.control.commitments import Commitments, committed
from lambdad.control.configuration import timestamp
from lambdad.control.context import ControlContext, Operations, Params, named
from lambdad.control.paging import page_size, read_marker, write_marker
from lambdad.control.provisioned_shares import Wanted
from lambdad.control.rendering import Members, provisioned
from lambdad.control.snap_start import check_provisionable
from lambdad.control.states import check_settled
from lambdad.domain.alias import ALIASES, Alias
from lambdad.domain.arn import FunctionReference
from lambdad.domain.errors import Conflict, InvalidParameter, NotFound, NotProvisioned
from lambdad.domain.function import LATEST
from lambdad.domain.http import Request
from lambdad.domain.limits import MIN_UNRESERVED_CONCURRENCY
from lambdad.domain.provisioned import Allocation, ProvisionedConfig, ProvisionedStatus
from lambdad.domain.resource import Place
from lambdad.domain.scope import Scope


class Provisioned:
    """Handlers for provisioned concurrency; changes follow one another, so that their sum is right."""

    def __init__(self, context: ControlContext) -> None:
        self._context = context

    @property
    def operations(self) -> Operations:
        """Handlers by operation."""
        return {
            "PutProvisionedConcurrencyConfig": self.put,
            "GetProvisionedConcurrencyConfig": self.get,
            "ListProvisionedConcurrencyConfigs": self.list_configs,
            "DeleteProvisionedConcurrencyConfig": self.delete,
        }

    async def put(self, params: Params, request: Request) -> Mapping[str, Any]:
        """Ask for environments; they are begun at once."""
        context, scope, reference = self._context, request.caller.scope, named(params, request)
        qualifier = reference.qualifier
        if qualifier is None or qualifier == LATEST:
            raise unpublished()
        keeping, store = context.keeping, context.catalogue.provisioned
        async with keeping.changing:
            before = await keeping.wanted(scope, reference.name)
            await self._check_put(scope, reference, before)
            requested: int = params["ProvisionedConcurrentExecutions"]
            others = await committed(context.catalogue, scope, but=(reference.name, qualifier))
            check_provided(reference.name, requested, others, context.account_concurrency)
            now = timestamp(context.clock.now())
            config = ProvisionedConfig(scope, reference.name, qualifier, requested, now)
            if not await store.write(config):
                raise _not_found(scope, reference)
            after = await keeping.wanted(scope, reference.name)
            await keeping.follow(scope, reference.name, before, anew=after.shares(qualifier))
        # Said of every put, also of one that needs nothing more. Source: put_provisioned_on_version.
        begun = keeping.allocation(after, config)
        return provisioned(config, Allocation(ProvisionedStatus.IN_PROGRESS, begun.initialised))

    async def get(self, params: Params, request: Request) -> Mapping[str, Any]:
        """What is asked for and how far it has come."""
        scope, reference = request.caller.scope, named(params, request)
        qualifier = await self._qualified(scope, reference)
        wanted = await self._context.keeping.wanted(scope, reference.name)
        config = wanted.configs.get(qualifier)
        if config is None:
            raise NotProvisioned("No Provisioned Concurrency Config found for this function")
        return self._shown(wanted, config)

    async def list_configs(self, params: Params, request: Request) -> Mapping[str, Any]:
        """A page of a function's configurations."""
        context, scope = self._context, request.caller.scope
        name = named(params, request).name
        await context.read_latest(scope, name)
        size, marker = page_size(params), read_marker(params, 1)
        after = None if marker is None else marker[0]
        found = await context.catalogue.provisioned.list_of(scope, name, after=after, limit=size + 1)
        wanted = await context.keeping.wanted(scope, name)
        page = found[:size]
        return {
            "ProvisionedConcurrencyConfigs": [
                {"FunctionArn": config.arn, **self._shown(wanted, config)} for config in page
            ],
            "NextMarker": write_marker(page[-1].qualifier) if len(found) > size else None,
        }

    async def delete(self, params: Params, request: Request) -> Mapping[str, Any]:
        """Keep none any more; a version or alias that had none is no error.

        Source: test_provisioned_concurrency_exceptions, delete_provisioned_config_doesnotexist.
        """
        context, scope, reference = self._context, request.caller.scope, named(params, request)
        async with context.keeping.changing:
            qualifier = await self._qualified(scope, reference)
            before = await context.keeping.wanted(scope, reference.name)
            await context.catalogue.provisioned.delete(scope, reference.name, qualifier)
            await context.keeping.follow(scope, reference.name, before)
        return {}

    def _shown(self, wanted: Wanted, config: ProvisionedConfig) -> Members:
        return provisioned(config, self._context.keeping.allocation(wanted, config))

    async def _qualified(self, scope: Scope, reference: FunctionReference) -> str:
        """The qualifier of a version or alias that is there."""
        if reference.qualifier is None or reference.qualifier == LATEST:
            raise InvalidParameter("The function resource provided must be an alias or a published version.")
        await self._pointed_at(scope, reference)
        return reference.qualifier

    async def _check_put(self, scope: Scope, reference: FunctionReference, before: Wanted) -> None:
        alias = await self._pointed_at(scope, reference)
        if alias is not None:
            if alias.weights:
                # Source: hashicorp/terraform issue 24957, among many reports with this text.
                raise InvalidParameter("Alias with weights can not be used with Provisioned Concurrency")
            await check_alias(self._context, scope, reference.name, alias, before)
            return
        version = await self._context.read(scope, reference)
        check_settled(version)
        check_provisionable(version)
        if before.points_at(version.version):
            raise Conflict("Version is pointed by a Provisioned Concurrency alias")

    async def _pointed_at(self, scope: Scope, reference: FunctionReference) -> Alias | None:
        """The alias a reference names; None when it names a version, which is there."""
        catalogue = self._context.catalogue
        if reference.version is not None:
            if await catalogue.read(scope, reference.name, reference.version) is None:
                raise _not_found(scope, reference)
            return None
        place = Place(scope, reference.name, reference.qualifier or LATEST)
        alias = await catalogue.resources.read(ALIASES, place)
        if alias is None:
            raise NotFound(f"Cannot find alias arn: {reference.arn(scope)}")
        return alias


async def check_alias(
    context: ControlContext, scope: Scope, function: str, alias: Alias, wanted: Wanted
) -> None:
    """Refuse provisioned concurrency of an alias that points where it does.

    Raises:
        NotFound: it points at a version that is not there.
        InvalidParameter: it points at `$LATEST`, or at a version with SnapStart.
        Conflict: a version it points at is not settled, or has provisioned concurrency of its own.

    Source: ProvisionedConcurrency put_provisioned_on_alias_versionconflict.
    """
    for number in (alias.version, *alias.weights):
        if number == LATEST:
            raise unpublished()
        version = await context.read(scope, FunctionReference(function, number))
        check_settled(version)
        check_provisionable(version)
        if number in wanted.configs:
            raise Conflict(
                "Alias can't be used for Provisioned Concurrency configuration "
                "on an already Provisioned version"
            )


def unpublished() -> InvalidParameter:
    """What is said of `$LATEST`. Source: ProvisionedConcurrency put_provisioned_latest."""
    return InvalidParameter(
        "Provisioned Concurrency Configs cannot be applied to unpublished function versions."
    )


def check_provided(name: str, requested: int, others: Commitments, account_concurrency: int) -> None:
    """Refuse more than the function has reserved, or, without a reservation, than the account has left.

    Raises:
        InvalidParameter: in AWS's words. Source: localstack's test_reserved_provisioned_overlap, recorded
            from AWS; spec limits.md §1.
    """
    reserved = others.reserved.get(name)
    if reserved is None:
        check_room(requested, others.total(), account_concurrency)
    elif others.provisioned.get(name, 0) + requested > reserved:
        raise InvalidParameter(
            "Requested Provisioned Concurrency should not be greater than the reservedConcurrentExecution "
            "for function"
        )


def check_room(requested: int, others: int, account_concurrency: int) -> None:
    """Refuse more than the account has left.

    Args:
        requested: of one version or alias.
        others: of all others together.
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
