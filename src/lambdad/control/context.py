"""What every handler of the control plane works with: ports, clock and the few decisions they share."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from lambdad.control.keeping import Keeping
from lambdad.control.settling import Settler
from lambdad.domain.alias import ALIASES
from lambdad.domain.arn import FunctionReference, parse_function
from lambdad.domain.errors import InvalidParameter, NotFound, PreconditionFailed
from lambdad.domain.function import LATEST, FunctionVersion
from lambdad.domain.http import Request
from lambdad.domain.network import Network
from lambdad.domain.resource import Place
from lambdad.domain.scope import Scope
from lambdad.ports.catalogue_store import CatalogueStore
from lambdad.ports.clock import Clock
from lambdad.ports.code_store import CodeStore
from lambdad.ports.event_sources import EventSources
from lambdad.ports.object_source import ObjectSource
from lambdad.ports.provisioner import Provisioner
from lambdad.ports.reservations import Reservations
from lambdad.ports.snapshots import SnapshotMaker

Params = dict[str, Any]
Handler = Callable[[Params, Request], Awaitable[Mapping[str, Any]]]
Operations = Mapping[str, Handler]


@dataclass(frozen=True, slots=True)
class ControlContext:
    """The surroundings of one control plane.

    Attributes:
        new_id: makes revision ids (UUIDs as text).
        location_secret: signs code locations.
        snapshots: makes and keeps the snapshots of versions.
        provisioner: keeps environments initialised.
        keeping: tells it how many, and of which versions.
        reservations: gives functions concurrency of their own.
        loops: told whether a function may call itself without end.
        block_public_policies: whether a policy that lets everybody in is refused.
        changed: called with scope and name after what a function runs has changed.
        function_url_domain: what stands behind the region in function URLs; None follows the caller.
        resolves: whether names of function URLs resolve below a domain.
        rerouted: called with scope and name after an alias has changed where it points.
        network: the subnets and security groups that functions may name.
        access_points: ARNs of those of file systems that functions may mount.
        sources: reads the sources of mappings.
        code_signing: held while a function is given a code signing configuration, or one is deleted, so that
            no function has one that does not exist.
    """

    catalogue: CatalogueStore
    codes: CodeStore
    objects: ObjectSource
    provisioner: Provisioner
    keeping: Keeping
    reservations: Reservations
    snapshots: SnapshotMaker
    clock: Clock
    new_id: Callable[[], str]
    settler: Settler
    location_secret: bytes
    account_concurrency: int
    loops: Callable[[Scope, str, bool], None]
    block_public_policies: bool
    changed: Callable[[Scope, str], None]
    function_url_domain: str | None
    resolves: Callable[[str], Awaitable[bool]]
    rerouted: Callable[[Scope, str], None]
    network: Network
    access_points: frozenset[str]
    sources: EventSources
    code_signing: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def read(self, scope: Scope, reference: FunctionReference) -> FunctionVersion:
        """The version a reference names; of an alias, the one that takes what is left by its weights.

        Raises:
            NotFound: in AWS's words, qualified as the request was.
        """
        number = reference.version or await self._pointed_at(scope, reference)
        version = None if number is None else await self.catalogue.read(scope, reference.name, number)
        if version is None:
            raise NotFound(f"Function not found: {reference.arn(scope)}")
        return version

    async def _pointed_at(self, scope: Scope, reference: FunctionReference) -> str | None:
        place = Place(scope, reference.name, reference.qualifier or LATEST)
        alias = await self.catalogue.resources.read(ALIASES, place)
        return None if alias is None else alias.version

    async def read_latest(self, scope: Scope, name: str) -> FunctionVersion:
        """A function's `$LATEST`.

        Raises:
            NotFound: in AWS's words.
        """
        return await self.read(scope, FunctionReference(name))


def named(params: Params, request: Request) -> FunctionReference:
    """The function and qualifier a request names.

    Raises:
        see `domain.arn.parse_function`.
    """
    return parse_function(params["FunctionName"], request.caller.scope, params.get("Qualifier"))


def named_function(params: Params, request: Request) -> str:
    """The function a request names, for operations that act on whole functions.

    Raises:
        InvalidParameter: it names an alias or version.
    """
    reference = named(params, request)
    if reference.qualifier not in (None, LATEST):
        raise InvalidParameter(
            "This operation is permitted on Lambda functions only. Aliases and versions do not support this "
            "operation. Please specify either a function name or an unqualified function ARN."
        )
    return reference.name


class Revised(Protocol):
    """A version or an alias."""

    @property
    def revision_id(self) -> str:
        """Changes with every change of it."""
        ...


def check_revision(current: Revised, params: Params) -> None:
    """Refuse a RevisionId that is not the latest.

    Raises:
        PreconditionFailed: in AWS's words. Source: Versions test_publish_with_wrong_revisionid.
    """
    given = params.get("RevisionId")
    if given is not None and given != current.revision_id:
        raise PreconditionFailed(
            "The Revision Id provided does not match the latest Revision Id. "
            "Call the GetFunction/GetAlias API to retrieve the latest Revision Id"
        )
