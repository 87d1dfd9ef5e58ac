"""The companion's way in: what its services do with functions, roles and logs, on a listener of its own.

Only the process that was given the secret is let in. It says on whose account it asks: a service (whom the
function's policy lets in or not), a service with a role, or the caller of a request that was forwarded to it.
Whatever else the edge knows of callers does not count here. After: Invoke, or a service of lambdad's own.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any, Final

from lambdad.awsapi import faults
from lambdad.domain.arn import region_of
from lambdad.domain.errors import AccessDenied, CredentialsRefused, LambdadError, ServiceFault
from lambdad.domain.http import Caller, Request, Response
from lambdad.domain.scope import Scope
from lambdad.edge.connection import HttpConnection
from lambdad.edge.dispatch import is_invoke
from lambdad.edge.identity import Identity
from lambdad.edge.invoke_route import InvokeRoute
from lambdad.edge.raw_request import RawRequest
from lambdad.edge.services import Services
from lambdad.edge.shared import Shared
from lambdad.edge.tickets import Tickets
from lambdad.edge.wire import text_headers, whole_request
from lambdad.events.queue import Accept
from lambdad.frontend.invoke import Frontend
from lambdad.identity.authorization.lambda_gate import Admitted, LambdaGate
from lambdad.identity.authorization.named_functions import function_named
from lambdad.identity.authorization.service_roles import ServiceRoles

_log = logging.getLogger("lambdad.edge")

_SECRET: Final = "x-lambdad-secret"  # noqa: S105 - the name of a header
_SERVICE: Final = "x-lambdad-service"
_SOURCE_ARN: Final = "x-lambdad-source-arn"
_SOURCE_ACCOUNT: Final = "x-lambdad-source-account"
_ROLE: Final = "x-lambdad-role"
_CALLER: Final = "x-lambdad-caller"
_FOR: Final = "x-lambdad-for"
_REGION: Final = "x-lambdad-region"
_ANSWERED: Final = frozenset({"lambda", "iam", "sts", "logs", "monitoring"})
_MOST_WARNED: Final = 1_000


class DoorGate:
    """Implements `invoke_route.Gate`: a service by the function's policy, anybody else as `LambdaGate`."""

    def __init__(self, gate: LambdaGate) -> None:
        self._gate = gate
        self._warned: set[tuple[str, ...]] = set()

    @property
    def epoch(self) -> int:
        """As that of `LambdaGate`."""
        return self._gate.epoch

    async def admit(self, operation: str, params: dict[str, Any], request: Request) -> Admitted:
        """Let an invocation through.

        Raises:
            AccessDenied, CredentialsRefused: see `LambdaGate.admit`, and when the function's policy does not
                let the service in.
        """
        headers = request.headers
        service = headers.get(_SERVICE)
        if service is None or _ROLE in headers:
            return await self._gate.admit(operation, params, request)
        scope, function = request.caller.scope, params["FunctionName"]
        source, account = headers.get(_SOURCE_ARN), headers.get(_SOURCE_ACCOUNT)
        allowed = await self._gate.may_service(
            service,
            scope,
            function,
            source_arn=source,
            source_account=account,
            qualifier=params.get("Qualifier"),
        )
        owner, reference = function_named(function, scope, params.get("Qualifier"))
        if not allowed:
            self._warn(service, reference.arn(owner), source or "")
            raise AccessDenied(
                f"{service} is not authorized to perform: lambda:InvokeFunction on resource: "
                f"{reference.arn(owner)} because no resource-based policy allows the action"
            )
        return Admitted(replace(request, caller=Caller(owner)), is_steady=False)

    def _warn(self, *about: str) -> None:
        if about in self._warned or len(self._warned) >= _MOST_WARNED:
            return
        self._warned.add(about)
        service, function, source = about
        _log.warning(
            "%s may not invoke %s for %s: its resource policy does not let it in (aws lambda add-permission "
            "--action lambda:InvokeFunction --principal %s --source-arn %s)",
            service,
            function,
            source,
            service,
            source,
            extra={"event": "companion.denied", "function": function},
        )


class CompanionDoor:
    """Implements `connection.Dispatcher` for the listener that only the companion knows.

    Args:
        shared: sends the answers.
        secret: of the companion.
        base_url: of the server, for links that services answer with.
    """

    def __init__(
        self,
        shared: Shared,
        frontend: Frontend,
        accept: Accept,
        gate: LambdaGate,
        roles: ServiceRoles,
        tickets: Tickets,
        secret: str,
        base_url: str,
    ) -> None:
        self._shared = shared
        self._services: Services = shared.services
        self._roles = roles
        self._tickets = tickets
        self._secret = secret.encode()
        self._base_url = base_url
        self._invoke = InvokeRoute(frontend, accept, shared.respond, shared.date, DoorGate(gate))
        self._spawn: Callable[[Coroutine[None, None, None]], None] = shared.spawn
        self._server: asyncio.Server | None = None

    async def listen(self) -> int:
        """Take a port of loopback."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: HttpConnection(self, loop), "127.0.0.1", 0)
        return int(self._server.sockets[0].getsockname()[1])

    def close(self) -> None:
        """Let nobody in any more."""
        if self._server is not None:
            self._server.close()

    def opened(self, connection: HttpConnection) -> bool:
        """Count it, within half the server's bound."""
        return self._shared.open(connection, inside=True)

    def closed(self, connection: HttpConnection) -> None:
        """Count it out."""
        self._shared.connections.discard(connection)

    def hold(self, count: int) -> bool:
        """Count bytes of bodies, within half the server's bound."""
        return self._shared.hold(count, inside=True)

    def release(self, count: int) -> None:
        """Count them out."""
        self._shared.release(count)

    def dispatch(self, connection: HttpConnection, request: RawRequest) -> None:
        """Answer a request; never raises."""
        self._spawn(self._answer(connection, request))

    async def _answer(self, connection: HttpConnection, raw: RawRequest) -> None:
        request_id = self._shared.ids.request_id()
        headers = text_headers(raw)
        service = headers.get(_FOR, "lambda")
        try:
            if not hmac.compare_digest(headers.get(_SECRET, "").encode("latin-1"), self._secret):
                raise AccessDenied("Only the companion of this server may call here.")
            caller = self._caller(headers, service)
            request = whole_request(raw, headers, caller, request_id, self._base_url, connection.client_ip)
            if service == "lambda" and raw.method == b"POST" and is_invoke(raw.url):
                self._invoke.slow(connection, raw, Identity(caller, service, None, 0), request)
                return
            by_itself = _SERVICE in headers and _ROLE not in headers
            if service not in _ANSWERED or by_itself:
                raise AccessDenied(f"The companion may not ask {service} for this.")
            response = await self._services.serve(request, service)
        except CredentialsRefused as error:
            response = _refused(service, raw, headers, request_id, error)
        except LambdadError as error:
            response = faults.render("lambda", error, request_id)
        except Exception:  # noqa: BLE001 - a defect must not leave the companion without an answer
            _log.exception("unexpected error at the companion's door", extra={"event": "edge.error"})
            response = faults.render("lambda", ServiceFault("unexpected"), request_id)
        await self._send(connection, raw, response, request_id)

    def _caller(self, headers: dict[str, str], service: str) -> Caller:
        """On whose account it asks.

        Raises:
            AccessDenied: it says nothing, or a role does not let the service in.
            CredentialsRefused: the ticket does not hold.
        """
        name, ticket = headers.get(_SERVICE), headers.get(_CALLER)
        account, source = headers.get(_SOURCE_ACCOUNT), headers.get(_SOURCE_ARN)
        region = headers.get(_REGION) or region_of(source or "") or Scope().region
        if name is not None:
            role = headers.get(_ROLE)
            if role is not None:
                return self._roles.caller(name, role, source, account, region)
            return Caller(Scope(account or Scope().account, region))
        if ticket is not None:
            return self._tickets.read(ticket)
        raise AccessDenied("The companion does not say on whose account it asks.")

    async def _send(
        self, connection: HttpConnection, raw: RawRequest, response: Response, request_id: str
    ) -> None:
        if isinstance(response.body, bytes):
            self._shared.respond(connection, raw, response, request_id)
        else:
            await self._shared.stream(connection, raw, response, request_id, response.body)


def _refused(
    service: str, raw: RawRequest, headers: dict[str, str], request_id: str, error: CredentialsRefused
) -> Response:
    request = whole_request(raw, headers, Caller(Scope()), request_id, "http://localhost")
    return faults.refuse_credentials(service, request, error)
