"""Sends each request where it belongs: a warm invoke to the frontend, the rest to a service.

Order: gate (Host, Origin) → identity → invoke, or lambdad's own API, or the service that SigV4
scope, Host, target or path name. Whatever goes wrong here is answered; nothing is raised.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Coroutine
from typing import Protocol

from lambdad.awsapi import faults
from lambdad.domain.errors import AccessDenied, ServiceFault
from lambdad.domain.http import Request, Response
from lambdad.domain.request_ids import Ids
from lambdad.domain.scope import Scope
from lambdad.edge import cors
from lambdad.edge.connection import HttpConnection, RawRequest
from lambdad.edge.gate import Gate
from lambdad.edge.identity import Identities
from lambdad.edge.invoke_route import InvokeRoute
from lambdad.edge.services import Services
from lambdad.edge.wire import HttpDate, head, text_headers, whole_request
from lambdad.frontend.invoke import Frontend

_log = logging.getLogger("lambdad.edge")
_FUNCTIONS = b"/2015-03-31/functions/"
_INVOCATIONS = b"/invocations"
_UNUSUAL = {
    b"x-amz-invocation-type": b"RequestResponse",
    b"x-amz-log-type": b"None",
    b"x-amz-client-context": None,
    b"x-amz-tenant-id": None,
    b"x-amz-durable-execution-name": None,
}
"""Headers that change what Invoke does, unless they say what is meant without them."""


class ConnectionBudget(Protocol):
    """How many connections a sandbox may hold to the server."""

    def admit(self) -> bool:
        """Count one more; False when it has its share."""
        ...

    def leave(self) -> None:
        """One less."""
        ...


class Inside:
    """Where requests of a sandbox come from: its function's scope, its id and its share of connections."""

    __slots__ = ("connections", "environment_id", "scope")

    def __init__(self, environment_id: str, scope: Scope, connections: ConnectionBudget) -> None:
        self.environment_id = environment_id
        self.scope = scope
        self.connections = connections


class EdgeDispatcher:
    """Implements `connection.Dispatcher` for one kind of listener.

    Args:
        inside: set for the listener inside a sandbox; such requests act as the function's account
            and cannot reach lambdad's own operations.
        scheme: ``http`` or ``https``, for links back.
    """

    def __init__(self, shared: Shared, *, inside: Inside | None = None, scheme: str = "http") -> None:
        self._shared = shared
        self._inside = inside
        self._scheme = scheme
        self._gate = shared.gate
        self._identities = shared.identities
        self._invoke = shared.invoke

    def opened(self, connection: HttpConnection) -> bool:
        """Count it, within the server's bound and its sandbox's."""
        inside = self._inside
        if inside is not None and not inside.connections.admit():
            return False
        if self._shared.open(connection):
            return True
        if inside is not None:
            inside.connections.leave()
        return False

    def closed(self, connection: HttpConnection) -> None:
        """Count it out."""
        if self._inside is not None:
            self._inside.connections.leave()
        self._shared.connections.discard(connection)

    def dispatch(self, connection: HttpConnection, request: RawRequest) -> None:
        """Answer a request; never raises."""
        try:
            self._dispatch(connection, request)
        except Exception:  # noqa: BLE001 - a defect must not end the server
            _log.exception("unexpected error at the edge", extra={"event": "edge.error"})
            request_id = self._shared.ids.request_id()
            fault = faults.render("lambda", ServiceFault("unexpected"), request_id)
            self._shared.respond(connection, request, fault, request_id)

    def _dispatch(self, connection: HttpConnection, raw: RawRequest) -> None:
        host = authorization = origin = trace = None
        usual = True
        for name, value in raw.headers:
            if name == b"host":
                host = value
            elif name == b"authorization":
                authorization = value
            elif name == b"origin":
                origin = value
            elif name == b"x-amzn-trace-id":
                trace = value
            elif name in _UNUSUAL and value != _UNUSUAL[name]:
                usual = False
        inside = self._inside
        if inside is None and not self._gate.admits_host(host):
            self._deny(
                connection,
                raw,
                f"The Host {_shown(host)} is not one of this server's: add it to allowed_hosts.",
            )
            return
        if origin is not None and not self._gate.admits_origin(origin):
            self._deny(connection, raw, f"Pages of {_shown(origin)} may not call: add it to cors_origins.")
            return
        raw.origin = origin
        identity = self._identities.of(
            authorization,
            raw.url,
            inside.scope if inside else None,
            inside.environment_id if inside else None,
        )
        is_invoke = raw.method == b"POST" and _is_invoke(raw.url)
        if is_invoke and usual and origin is None and self._invoke.quick(connection, raw, identity, trace):
            return
        shared = self._shared
        request_id = shared.ids.request_id()
        base_url = f"{self._scheme}://{(host or b'localhost').decode('latin-1')}"
        request = whole_request(raw, text_headers(raw), identity.caller, request_id, base_url)
        if is_invoke:
            self._invoke.slow(connection, raw, identity, request)
            return
        if origin is not None and raw.method == b"OPTIONS":
            shared.respond(connection, raw, cors.preflight(request), request_id)
            return
        shared.spawn(self._serve(connection, raw, request, identity.service))

    async def _serve(
        self, connection: HttpConnection, raw: RawRequest, request: Request, service: str | None
    ) -> None:
        shared = self._shared
        try:
            response = await shared.services.serve(request, service)
        except Exception:  # noqa: BLE001 - a defect must not end the server
            _log.exception("unexpected error in a service", extra={"event": "edge.error"})
            response = faults.render("lambda", ServiceFault("unexpected"), request.request_id)
        if isinstance(response.body, bytes):
            shared.respond(connection, raw, response, request.request_id)
        else:
            await shared.stream(connection, raw, response, request.request_id, response.body)

    def _deny(self, connection: HttpConnection, raw: RawRequest, why: str) -> None:
        request_id = self._shared.ids.request_id()
        self._shared.respond(
            connection, raw, faults.render("lambda", AccessDenied(why), request_id), request_id
        )


class Shared:
    """What all listeners share: gate, identities, services, open connections, running tasks."""

    def __init__(
        self,
        frontend: Frontend,
        services: Services,
        gate: Gate,
        identities: Identities,
        max_connections: int,
    ) -> None:
        self.ids: Ids = frontend.ids
        self.services = services
        self.gate = gate
        self.identities = identities
        self.date = HttpDate()
        self.invoke = InvokeRoute(frontend, self.respond, self.date)
        self.connections: set[HttpConnection] = set()
        self._max_connections = max_connections
        self._tasks: set[asyncio.Task[None]] = set()

    def open(self, connection: HttpConnection) -> bool:
        """Admit a connection within the bound."""
        if len(self.connections) >= self._max_connections:
            return False
        self.connections.add(connection)
        return True

    def spawn(self, work: Coroutine[None, None, None]) -> None:
        """Run a request's work."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    @property
    def busy(self) -> int:
        """Requests being worked on."""
        return sum(1 for connection in self.connections if connection.is_busy)

    def respond(
        self,
        connection: HttpConnection,
        raw: RawRequest,
        response: Response,
        request_id: str,
    ) -> None:
        """Send a whole answer."""
        body = response.body if isinstance(response.body, bytes) else b""
        extra = cors.headers(raw.origin)
        lines = head(response, request_id, self.date.line(), extra, keep_alive=raw.keep_alive)
        connection.answer(lines, b"" if raw.method == b"HEAD" else body, keep_alive=raw.keep_alive)

    async def stream(
        self,
        connection: HttpConnection,
        raw: RawRequest,
        response: Response,
        request_id: str,
        chunks: AsyncIterator[bytes],
    ) -> None:
        """Send an answer in chunks as they come; a failure in the middle cuts the connection."""
        extra = cors.headers(raw.origin)
        chunked = all(name.lower() != "content-length" for name, _ in response.headers)
        connection.write(head(response, request_id, self.date.line(), extra, keep_alive=raw.keep_alive))
        try:
            async for chunk in chunks:
                if chunk:
                    connection.write(b"%x\r\n%s\r\n" % (len(chunk), chunk) if chunked else chunk)
                    await connection.drain()
        except ConnectionResetError:
            connection.close()
            return
        except Exception:  # noqa: BLE001 - the answer has begun: all that is left is to cut it
            _log.exception("a streamed answer failed", extra={"event": "edge.stream"})
            connection.close()
            return
        if chunked:
            connection.write(b"0\r\n\r\n")
        connection.finished(keep_alive=raw.keep_alive)


def _is_invoke(url: bytes) -> bool:
    if not url.startswith(_FUNCTIONS):
        return False
    path = url.partition(b"?")[0]
    return path.endswith(_INVOCATIONS) and path.count(b"/") == 4


def _shown(value: bytes | None) -> str:
    return "(none)" if value is None else value.decode("latin-1")[:200]
