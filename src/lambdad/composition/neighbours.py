"""Makes the companion, its services and its door, where the settings want one."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import replace

from lambdad.composition.authorization import Authorization
from lambdad.domain.errors import NotFound
from lambdad.domain.http import Request, Response
from lambdad.domain.limits import KIB
from lambdad.edge.companion_door import CompanionDoor
from lambdad.edge.shared import Shared
from lambdad.edge.tickets import Tickets
from lambdad.events.queue import Accept
from lambdad.frontend.invoke import Frontend
from lambdad.identity.authorization.authority import Authority
from lambdad.identity.authorization.neighbours.apis import ApiGate
from lambdad.identity.authorization.neighbours.guarded import Guarded
from lambdad.identity.authorization.service_roles import ServiceRoles
from lambdad.neighbours.companion.lifecycle import Companion, Surroundings
from lambdad.neighbours.companion.offered import EXECUTE_API, OFFERED
from lambdad.neighbours.companion.places import Place, cache_dir
from lambdad.neighbours.companion.service import CompanionService
from lambdad.neighbours.endpoints import Endpoints
from lambdad.ports.clock import Clock
from lambdad.ports.principals import Principals
from lambdad.ports.service import Service
from lambdad.settings import AuthMode, Settings
from lambdad.settings.model import Neighbours
from lambdad.storage.data_dir import DataDir
from lambdad.worker.sandbox.plan import ENDPOINT_INSIDE, Tier

_SECRET_BYTES = KIB // 32
_TOKEN = re.compile(r"[0-9a-f-]{36}")


class NeighbourParts:
    """What there is of neighbours.

    Args:
        settings: of the server.
        data_dir: where the companion keeps its state.
        clock: of the machine.
        stack: is told how it ends: after everybody who calls it.

    Attributes:
        endpoints: where each service is.
    """

    def __init__(self, settings: Settings, data_dir: DataDir, clock: Clock, stack: AsyncExitStack) -> None:
        self._settings = settings
        self._clock = clock
        self._tickets = Tickets(os.urandom(_SECRET_BYTES), clock)
        self._companion: Companion | None = None
        if settings.neighbours is Neighbours.COMPANION:
            place = Place(settings.companion_dir or cache_dir())
            kept = None if data_dir.in_memory else data_dir.path / "companion"
            self._companion = Companion(place, kept, clock.monotonic)
            self._companion.listen()
            stack.push_async_callback(self._companion.close)
        self.endpoints = Endpoints(settings.services, self._companion)

    def services(self, authority: Authority) -> dict[str, Service]:
        """Services of the companion, by signing name; what it publishes asks nobody but its own APIs."""
        companion = self._companion
        if companion is None:
            return {}

        def made(name: str) -> CompanionService:
            return CompanionService(name, companion, self._tickets.of, self._clock)

        found: dict[str, Service] = {name: Guarded(name, made(name), authority) for name in OFFERED}
        return {**found, EXECUTE_API: ApiGate(made(EXECUTE_API), authority)}

    def status(self) -> Mapping[str, object]:
        """What people are told of the companion."""
        return {"state": "none"} if self._companion is None else self._companion.status()

    async def open(
        self,
        shared: Shared,
        frontend: Frontend,
        accept: Accept,
        allowed: Authorization,
        principals: Principals,
        port: int,
        tier: Tier,
        stack: AsyncExitStack,
    ) -> None:
        """Open the companion's door; from now on it may be started."""
        if self._companion is None:
            return
        settings = self._settings
        secret = secrets.token_hex(32)
        roles = ServiceRoles(principals, enforce=settings.auth is AuthMode.ENFORCE)
        scheme = "https" if settings.tls_cert else "http"
        url = f"{scheme}://localhost:{port}"
        door = CompanionDoor(shared, frontend, accept, allowed.gate, roles, self._tickets, secret, url)
        stack.callback(door.close)
        host, at = ENDPOINT_INSIDE
        inside = f"{scheme}://127.0.0.1:{port}" if tier is Tier.PROCESS else f"http://{host}:{at}"
        self._companion.serve(
            Surroundings(await door.listen(), secret, port, scheme, inside, settings.outbound)
        )

    async def custom_resource(self, request: Request) -> Response:
        """Answer `PUT /lambdad/v1/custom-resources/<token>`: what became of a resource of a stack."""
        token = request.path.rpartition("/")[2]
        if self._companion is None or request.method != "PUT" or not _TOKEN.fullmatch(token):
            raise NotFound("There is no such custom resource.")
        path = f"/_ministack/cfn-response/{token}"
        service = CompanionService("cloudformation", self._companion, self._tickets.of, self._clock)
        return await service(replace(request, path=path, query=()))
