"""The control plane put together: one handler per operation, and what it owes the rest of the server."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Sequence

from lambdad.control.account import Account
from lambdad.control.aliases import Aliases
from lambdad.control.code import Code
from lambdad.control.code_signing import CodeSigning
from lambdad.control.context import ControlContext, Operations
from lambdad.control.event_invoke import EventInvokeConfigs
from lambdad.control.event_source_mappings import EventSourceMappings
from lambdad.control.function_policies import FunctionPolicies
from lambdad.control.function_signing import FunctionSigning
from lambdad.control.function_urls import FunctionUrls
from lambdad.control.functions import Functions
from lambdad.control.keeping import Keeping
from lambdad.control.layer_policies import LayerPolicies
from lambdad.control.layers import Layers
from lambdad.control.provisioned import Provisioned
from lambdad.control.recursion import RecursionConfig
from lambdad.control.reserved import ReservedConcurrency
from lambdad.control.resource_policies import ResourcePolicies
from lambdad.control.runtime_management import RuntimeManagementConfig
from lambdad.control.settling import Settler
from lambdad.control.tags import Tags
from lambdad.control.versions import Versions
from lambdad.domain.limits import ACCOUNT_CONCURRENCY, SETTLE_DELAY_S
from lambdad.domain.network import Network
from lambdad.domain.scope import Scope
from lambdad.ports.catalogue_store import CatalogueStore
from lambdad.ports.clock import Clock
from lambdad.ports.code_store import CodeStore
from lambdad.ports.event_sources import EventSources
from lambdad.ports.object_source import ObjectSource
from lambdad.ports.provisioner import Provisioner
from lambdad.ports.reservations import Reservations
from lambdad.ports.snapshots import SnapshotMaker

ChangeListener = Callable[[Scope, str], None]
"""Told that what a function runs was changed or deleted: drop caches, retire environments."""

LoopListener = Callable[[Scope, str, bool], None]
"""Told whether a function may call itself over and over."""

_NO_NETWORK = Network()


class ControlPlane:
    """Handlers of the `lambda` model's control operations.

    Args:
        objects: where code in S3 is read.
        provisioner: keeps environments initialised.
        reservations: gives functions concurrency of their own.
        snapshots: initialises versions with SnapStart and keeps their snapshots.
        sources: reads the sources of event source mappings.
        location_secret: key of the links that GetFunction answers and the edge verifies.
        on_change: listeners; called on the loop, after the change is durable.
        on_reroute: told of functions of which an alias points elsewhere, and that run what they ran.
        on_loops: told whether a function may call itself without end, at the start and with every choice.
        settle_delay_s: seconds from a create or update to its success.
        account_concurrency: concurrent executions of an account in a region.
        block_public_policies: whether policies that let everybody in are refused.
        function_url_domain: what stands behind the region in function URLs; None follows the caller.
        resolves: whether names of function URLs resolve below a domain.
        network: the subnets and security groups that functions may name.
        access_points: ARNs of those of file systems that functions may mount.
        sleep: waits that many seconds; virtual in tests.
    """

    def __init__(
        self,
        catalogue: CatalogueStore,
        codes: CodeStore,
        clock: Clock,
        *,
        objects: ObjectSource,
        provisioner: Provisioner,
        reservations: Reservations,
        snapshots: SnapshotMaker,
        sources: EventSources,
        location_secret: bytes,
        on_change: Sequence[ChangeListener] = (),
        on_reroute: Sequence[ChangeListener] = (),
        on_loops: Sequence[LoopListener] = (),
        new_id: Callable[[], str] = lambda: str(uuid.uuid4()),
        settle_delay_s: float = SETTLE_DELAY_S,
        account_concurrency: int = ACCOUNT_CONCURRENCY,
        block_public_policies: bool = False,
        function_url_domain: str | None = None,
        resolves: Callable[[str], Awaitable[bool]],
        network: Network = _NO_NETWORK,
        access_points: frozenset[str] = frozenset(),
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._catalogue = catalogue
        self._codes = codes
        self._on_change = tuple(on_change)
        self._on_reroute = tuple(on_reroute)
        self._on_loops = tuple(on_loops)
        self._keeping = Keeping(catalogue, provisioner, account_concurrency)
        self._settler = Settler(
            catalogue, snapshots=snapshots, delay_s=settle_delay_s, new_id=new_id, sleep=sleep
        )
        context = ControlContext(
            catalogue=catalogue,
            codes=codes,
            objects=objects,
            provisioner=provisioner,
            keeping=self._keeping,
            reservations=reservations,
            snapshots=snapshots,
            clock=clock,
            new_id=new_id,
            settler=self._settler,
            location_secret=location_secret,
            account_concurrency=account_concurrency,
            loops=self._loops,
            block_public_policies=block_public_policies,
            changed=self._changed,
            function_url_domain=function_url_domain,
            resolves=resolves,
            rerouted=self._rerouted,
            network=network,
            access_points=access_points,
            sources=sources,
        )
        self._reserved = ReservedConcurrency(context)
        self._recursion = RecursionConfig(context)
        resources = (
            *(Functions(context), Code(context), Versions(context), Layers(context)),
            *(Tags(context), Account(context), Provisioned(context), Aliases(context)),
            *(self._reserved, EventInvokeConfigs(context), self._recursion),
            RuntimeManagementConfig(context),
            *(FunctionPolicies(context), ResourcePolicies(context), LayerPolicies(context)),
            *(FunctionUrls(context), EventSourceMappings(context)),
            *(CodeSigning(context), FunctionSigning(context)),
        )
        self._operations = {
            name: handler for resource in resources for name, handler in resource.operations.items()
        }

    @property
    def operations(self) -> Operations:
        """Handlers by operation, for `awsapi.service.ModelledService`."""
        return self._operations

    async def start(self) -> None:
        """Go on with what the last server left unsettled or kept warm; drop code that nothing refers to."""
        await self._settler.resume()
        await self.collect_code()
        await self._reserved.start()
        await self._recursion.start()
        await self._keeping.start()

    async def collect_code(self) -> int:
        """Remove stored code that nothing in the catalogue refers to; how many archives."""
        catalogue = self._catalogue
        return await self._codes.keep_only(await catalogue.code_keys(), await catalogue.layer_lists())

    async def settle_now(self) -> None:
        """Wait until every change so far has settled."""
        await self._settler.settle_now()

    async def close(self) -> None:
        """Stop background work; nothing acknowledged is lost."""
        await self._settler.close()

    def _changed(self, scope: Scope, name: str) -> None:
        for listener in self._on_change:
            listener(scope, name)

    def _loops(self, scope: Scope, name: str, allowed: bool) -> None:
        for listener in self._on_loops:
            listener(scope, name, allowed)

    def _rerouted(self, scope: Scope, name: str) -> None:
        for listener in self._on_reroute:
            listener(scope, name)
