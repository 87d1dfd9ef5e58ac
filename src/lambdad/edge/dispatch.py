"""Sends each request where it belongs: a warm invoke to the frontend, the rest to a service.

Order: function URL or API → gate (Host, Origin) → identity → admission (signature) → invoke, or lambdad's own
API, or the service that SigV4 scope, Host, target or path name. Whatever goes wrong here is answered; nothing
is raised.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from lambdad.awsapi import faults
from lambdad.domain.errors import AccessDenied, CredentialsRefused, ServiceFault
from lambdad.domain.http import Caller, Request
from lambdad.domain.scope import Scope
from lambdad.domain.trace_context import from_w3c
from lambdad.edge import cors, pages
from lambdad.edge.api_route import API_MARK, API_PATHS, SANDBOXED, is_api_host, is_api_path
from lambdad.edge.api_route import SERVICE as API_SERVICE
from lambdad.edge.connection import HttpConnection
from lambdad.edge.identity import Identity, service_signed_for
from lambdad.edge.raw_request import RawRequest
from lambdad.edge.services import service_for, service_of_host
from lambdad.edge.shared import Shared
from lambdad.edge.stream_route import is_stream
from lambdad.edge.url_route import HOST_MARK, PATH_START
from lambdad.edge.wire import text_headers, whole_request

_log = logging.getLogger("lambdad.edge")
_FUNCTIONS = b"/2015-03-31/functions/"
_INVOCATIONS = b"/invocations"
_UNUSUAL = {
    b"x-amz-invocation-type": b"RequestResponse",
    b"x-amz-log-type": b"None",
    b"x-amz-client-context": None,
    b"x-amz-tenant-id": None,
    b"x-amz-durable-execution-name": None,
    pages.SITE.encode(): None,
}
"""Headers that change what Invoke does, or who may, unless they say what is meant without them."""

_PUBLISHED = (PATH_START, *API_PATHS)
"""What the target of a call by path begins with: of a function URL, or of what API Gateway publishes."""

_EVENT = (b"x-amz-invocation-type", b"Event")
"""The one that has a quick way of its own."""

Quick = Callable[[HttpConnection, RawRequest, Identity, bytes | None], bool]


class ConnectionBudget(Protocol):
    """How much a sandbox may hold of the server."""

    def admit(self) -> bool:
        """Count one more; False when it has its share."""
        ...

    def leave(self) -> None:
        """One less."""
        ...

    def hold(self, count: int) -> bool:
        """So many more bytes of bodies; False when it has its share."""
        ...

    def release(self, count: int) -> None:
        """So many less."""
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
        self._admission = shared.admission
        self._invoke = shared.invoke

    def opened(self, connection: HttpConnection) -> bool:
        """Count it, within the server's bound and its sandbox's."""
        inside = self._inside
        if inside is not None and not inside.connections.admit():
            return False
        if self._shared.open(connection, inside=inside is not None):
            return True
        if inside is not None:
            inside.connections.leave()
        return False

    def closed(self, connection: HttpConnection) -> None:
        """Count it out."""
        if self._inside is not None:
            self._inside.connections.leave()
        self._shared.connections.discard(connection)

    def hold(self, count: int) -> bool:
        """Count bytes of bodies, within the server's bound and the sandbox's."""
        inside = self._inside
        if inside is not None and not inside.connections.hold(count):
            return False
        if self._shared.hold(count, inside=inside is not None):
            return True
        if inside is not None:
            inside.connections.release(count)
        return False

    def release(self, count: int) -> None:
        """Count them out."""
        if self._inside is not None:
            self._inside.connections.release(count)
        self._shared.release(count)

    def dispatch(self, connection: HttpConnection, request: RawRequest) -> None:
        """Answer a request; never raises."""
        if self._shared.draining and self._inside is None:
            request.keep_alive = False
        try:
            self._dispatch(connection, request)
        except Exception:  # noqa: BLE001 - a defect must not end the server
            self._break(connection, request)

    def _break(self, connection: HttpConnection, request: RawRequest) -> None:
        _log.exception("unexpected error at the edge", extra={"event": "edge.error"})
        request_id = self._shared.ids.request_id()
        fault = faults.render("lambda", ServiceFault("unexpected"), request_id)
        self._shared.respond(connection, request, fault, request_id)

    def _dispatch(self, connection: HttpConnection, raw: RawRequest) -> None:
        host = authorization = origin = trace = token = None
        quick: Quick | None = self._invoke.quick
        for name, value in raw.headers:
            if name == b"host":
                host = value
            elif name == b"authorization":
                authorization = value
            elif name == b"origin":
                origin = value
            elif name == b"x-amzn-trace-id":
                trace = value
            elif name == b"x-amz-security-token":
                token = value
            elif name in _UNUSUAL and value != _UNUSUAL[name]:
                quick = self._invoke.quick_event if quick is not None and (name, value) == _EVENT else None
        trace = trace or self._traced_by_w3c(raw)
        if self._is_sent_elsewhere(connection, raw, host, origin):
            return
        inside = self._inside
        try:
            identity = self._identities.of(
                authorization,
                raw.url,
                inside.scope if inside else None,
                inside.environment_id if inside else None,
                token,
            )
            if identity.key is not None or self._admission.enforces:
                if self._admission.is_slow(raw, identity):
                    self._shared.spawn(self._admit_slowly(connection, raw, identity, quick, host, trace))
                    return
                self._admission.admit(raw, identity)
        except CredentialsRefused as error:
            self._refuse(connection, raw, host, authorization, error)
            return
        self._admitted(connection, raw, identity, quick, host, trace)

    def _traced_by_w3c(self, raw: RawRequest) -> bytes | None:
        """X-Ray's header for W3C's, for everybody who looks for it, where traces are exported."""
        if not self._shared.reads_traceparent:
            return None
        given = next((value for name, value in raw.headers if name == b"traceparent"), None)
        trace = None if given is None else from_w3c(given)
        if trace is not None:
            raw.headers.append((b"x-amzn-trace-id", trace))
        return trace

    def _is_sent_elsewhere(
        self, connection: HttpConnection, raw: RawRequest, host: bytes | None, origin: bytes | None
    ) -> bool:
        """Send calls of function URLs there, and who may not come in away; whether it was either."""
        if (
            (host is not None and (HOST_MARK in host or API_MARK in host)) or raw.url.startswith(_PUBLISHED)
        ) and self._is_published(connection, raw, host):
            return True
        if self._inside is None and not self._gate.admits_host(host):
            self._deny_host(connection, raw, host)
            return True
        if origin is None or (self._inside is None and self._gate.is_own_origin(origin, host, self._scheme)):
            return False
        if not self._gate.admits_origin(origin):
            self._deny_origin(connection, raw, origin)
            return True
        raw.origin = origin
        return False

    async def _admit_slowly(
        self,
        connection: HttpConnection,
        raw: RawRequest,
        identity: Identity,
        quick: Quick | None,
        host: bytes | None,
        trace: bytes | None,
    ) -> None:
        """Hash a long body in a thread, and go on when its signature holds."""
        try:
            await asyncio.to_thread(self._admission.admit, raw, identity)
            self._admitted(connection, raw, identity, quick, host, trace)
        except CredentialsRefused as error:
            authorization = next((value for name, value in raw.headers if name == b"authorization"), None)
            self._refuse(connection, raw, host, authorization, error)
        except Exception:  # noqa: BLE001 - a defect must not leave the caller without an answer
            self._break(connection, raw)

    def _admitted(
        self,
        connection: HttpConnection,
        raw: RawRequest,
        identity: Identity,
        quick: Quick | None,
        host: bytes | None,
        trace: bytes | None,
    ) -> None:
        invokes = raw.method == b"POST" and is_invoke(raw.url) and identity.may_invoke
        origin = raw.origin
        if invokes and quick is not None and origin is None and quick(connection, raw, identity, trace):
            return
        request_id = self._shared.ids.request_id()
        request = whole_request(
            raw,
            text_headers(raw),
            identity.caller,
            request_id,
            self._base_url(host),
            connection.client_ip,
        )
        refusal = None if origin is not None else self._of_page(request, identity.service)
        if refusal is not None:
            self._deny(connection, raw, refusal)
        elif invokes:
            self._invoke.slow(connection, raw, identity, request)
        else:
            self._hand_over(connection, raw, identity, request)

    def _of_page(self, request: Request, signed_for: str | None) -> str | None:
        """Why a page may not ask for this without saying whose it is; None when it may, or is none."""
        if pages.SITE not in request.headers or self._inside is not None:
            return None
        name = self._shared.services.name_of(request, signed_for)
        of_host = service_of_host(request.headers.get("host", ""))
        return pages.refusal(request, signed_for, name, of_host)

    def _is_published(self, connection: HttpConnection, raw: RawRequest, host: bytes | None) -> bool:
        """Send calls of function URLs and of what API Gateway publishes there; whether it was either."""
        if (host is not None and HOST_MARK in host) or raw.url.startswith(PATH_START):
            self._to_url(connection, raw, host)
        elif is_api_host(host) or is_api_path(raw.url):
            self._to_api(connection, raw, host)
        else:
            return False
        return True

    def _to_api(self, connection: HttpConnection, raw: RawRequest, host: bytes | None) -> None:
        """To an API, whichever page asks; by its path only under the server's names, as in `_to_url`."""
        by_path = not is_api_host(host)
        if by_path and self._inside is None and not self._gate.admits_host(host):
            self._deny_host(connection, raw, host)
            return
        self._shared.spawn(self._call_api(connection, raw, host, (SANDBOXED,) if by_path else ()))

    async def _call_api(
        self,
        connection: HttpConnection,
        raw: RawRequest,
        host: bytes | None,
        extra: tuple[tuple[str, str], ...],
    ) -> None:
        """Call an API as whoever signed, if the signature holds; else as nobody, and the API decides."""
        inside = self._inside
        caller = Caller(Scope() if inside is None else inside.scope)
        try:
            caller = await self._shared.signers(raw) or caller
        except CredentialsRefused:
            _log.debug("a signature for an API does not hold")
        except Exception:  # noqa: BLE001 - a defect must not leave the caller without an answer
            self._break(connection, raw)
            return
        request_id = self._shared.ids.request_id()
        request = whole_request(
            raw, text_headers(raw), caller, request_id, self._base_url(host), connection.client_ip
        )
        await self._serve(connection, raw, request, API_SERVICE, extra)

    def _to_url(self, connection: HttpConnection, raw: RawRequest, host: bytes | None) -> None:
        """To a function, whatever the domain and whichever page asks: that is its URL's own business.

        By its path, however, only under the server's names: a page's own name would give it the same origin.
        """
        urls = self._shared.urls
        if host is not None and HOST_MARK in host:
            urls.by_host(connection, raw, host, self._scheme)
        elif self._inside is None and not self._gate.admits_host(host):
            self._deny_host(connection, raw, host)
        else:
            urls.by_path(connection, raw, host or b"localhost", self._scheme)

    def _hand_over(
        self, connection: HttpConnection, raw: RawRequest, identity: Identity, request: Request
    ) -> None:
        shared = self._shared
        if is_stream(raw) and identity.may_invoke:
            shared.streams.start(connection, raw, identity, request)
        elif raw.origin is not None and raw.method == b"OPTIONS":
            shared.respond(connection, raw, cors.preflight(request), request.request_id)
        else:
            shared.spawn(self._serve(connection, raw, request, identity.service))

    async def _serve(
        self,
        connection: HttpConnection,
        raw: RawRequest,
        request: Request,
        service: str | None,
        extra: tuple[tuple[str, str], ...] = (),
    ) -> None:
        shared = self._shared
        try:
            response = await shared.services.serve(request, service)
        except Exception:  # noqa: BLE001 - a defect must not end the server
            _log.exception(
                "unexpected error in a service",
                extra={"event": "edge.error", "request_id": request.request_id},
            )
            response = faults.render("lambda", ServiceFault("unexpected"), request.request_id)
        if extra:
            response = replace(response, headers=(*response.headers, *extra))
        if isinstance(response.body, bytes):
            shared.respond(connection, raw, response, request.request_id)
        else:
            await shared.stream(connection, raw, response, request.request_id, response.body)

    def _refuse(
        self,
        connection: HttpConnection,
        raw: RawRequest,
        host: bytes | None,
        authorization: bytes | None,
        error: CredentialsRefused,
    ) -> None:
        """In the protocol of the service that was asked; a signature is never written down."""
        request_id = self._shared.ids.request_id()
        request = whole_request(raw, text_headers(raw), Caller(Scope()), request_id, self._base_url(host))
        service = service_for(request, service_signed_for(authorization, raw.url))
        response = faults.refuse_credentials(service, request, error)
        self._shared.respond(connection, raw, response, request_id)

    def _base_url(self, host: bytes | None) -> str:
        return f"{self._scheme}://{(host or b'localhost').decode('latin-1')}"

    def _deny_host(self, connection: HttpConnection, raw: RawRequest, host: bytes | None) -> None:
        why = f"The Host {_shown(host)} is not one of this server's: add it to allowed_hosts."
        self._deny(connection, raw, why)

    def _deny_origin(self, connection: HttpConnection, raw: RawRequest, origin: bytes) -> None:
        """The page cannot read why: whoever runs the server can."""
        why = f"Pages of {_shown(origin)} may not call: add it to cors_origins."
        if self._gate.is_news(origin):
            _log.warning("%s", why, extra={"event": "edge.origin"})
        self._deny(connection, raw, why)

    def _deny(self, connection: HttpConnection, raw: RawRequest, why: str) -> None:
        request_id = self._shared.ids.request_id()
        self._shared.respond(
            connection, raw, faults.render("lambda", AccessDenied(why), request_id), request_id
        )


def is_invoke(url: bytes) -> bool:
    """Whether a request target is that of Invoke."""
    if not url.startswith(_FUNCTIONS):
        return False
    path = url.partition(b"?")[0]
    return path.endswith(_INVOCATIONS) and path.count(b"/") == 4


def _shown(value: bytes | None) -> str:
    return "(none)" if value is None else value.decode("latin-1")[:200]
