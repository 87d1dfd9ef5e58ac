"""The warm path at the edge: `POST …/functions/{name}/invocations` without a task.

A request target seen before leads straight to its route. The first one of a kind, and every request
that asks for something unusual, goes through the service model, which checks it as AWS does.
Source: spec api §3 (headers of request and answer).
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
import logging
from collections.abc import Callable
from typing import Any, Protocol

from lambdad.awsapi import constraints, faults, parse
from lambdad.awsapi.model import load
from lambdad.awsapi.routes import router_for
from lambdad.domain.errors import InvalidRequestContent, LambdadError, ServiceFault
from lambdad.domain.http import Request, Response
from lambdad.domain.invocation import Invocation
from lambdad.domain.limits import MAX_ASYNC_REQUEST_BYTES
from lambdad.domain.outcome import Status
from lambdad.edge import cors
from lambdad.edge.connection import HttpConnection
from lambdad.edge.identity import Identity
from lambdad.edge.raw_request import RawRequest
from lambdad.edge.wire import HttpDate
from lambdad.events.queue import Accept
from lambdad.frontend.invoke import Frontend, Route
from lambdad.frontend.payload import checked
from lambdad.identity.authorization.lambda_gate import Admitted

_log = logging.getLogger("lambdad.edge")
_MAX_ROUTES = 1_024
"""Of one caller."""
_MAX_TARGET_BYTES = 512
"""A longer request target is resolved every time."""
Respond = Callable[[HttpConnection, RawRequest, Response, str], None]


class Gate(Protocol):
    """Decides on invocations."""

    @property
    def epoch(self) -> int:
        """Moves whenever somebody may have been given or refused something."""
        ...

    async def admit(self, operation: str, params: dict[str, Any], request: Request) -> Admitted:
        """Let a request through, or raise."""
        ...


class InvokeRoute:
    """Answers Invoke."""

    def __init__(
        self, frontend: Frontend, accept: Accept, respond: Respond, date: HttpDate, gate: Gate
    ) -> None:
        self._frontend = frontend
        self._gate = gate
        self._accept = accept
        self._respond = respond
        self._date = date
        self._tasks: set[asyncio.Task[None]] = set()

    def quick(
        self, connection: HttpConnection, raw: RawRequest, identity: Identity, trace: bytes | None
    ) -> bool:
        """Invoke at once when the function was called by this target before; False otherwise."""
        route = self._remembered(identity, raw.url)
        if route is None:
            return False
        request_id = self._frontend.ids.request_id()
        text = None if trace is None else trace.decode("latin-1")
        self._start(connection, raw, route, request_id, text, None, want_tail=False)
        return True

    def quick_event(
        self, connection: HttpConnection, raw: RawRequest, identity: Identity, trace: bytes | None
    ) -> bool:
        """Queue an event at once when the function was called by this target before; False otherwise."""
        route = self._remembered(identity, raw.url)
        if route is None:
            return False
        text = None if trace is None else trace.decode("latin-1")
        self._queue(connection, raw, route, self._frontend.ids.request_id(), text)
        return True

    def _remembered(self, identity: Identity, target: bytes) -> Route | None:
        if identity.allowed_at is not None and identity.allowed_at != self._gate.epoch:
            identity.routes.clear()  # what was allowed may not be any more
            return None
        route = identity.routes.get(target)
        if route is None:
            return None
        if route.stale or route.pool.retired:
            del identity.routes[target]
            return None
        if route.split is not None:
            route = route.split.pick()
            if route is None:
                del identity.routes[target]
        return route

    def slow(self, connection: HttpConnection, raw: RawRequest, identity: Identity, request: Request) -> None:
        """Check the request by the model, resolve the function, then invoke."""
        task = asyncio.get_running_loop().create_task(self._guarded(connection, raw, identity, request))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _guarded(
        self, connection: HttpConnection, raw: RawRequest, identity: Identity, request: Request
    ) -> None:
        try:
            await self._slow(connection, raw, identity, request)
        except Exception:  # noqa: BLE001 - a defect must not leave the caller without an answer
            _log.exception("unexpected error in Invoke", extra={"event": "edge.error"})
            fault = faults.render("lambda", ServiceFault("unexpected"), request.request_id)
            self._respond(connection, raw, fault, request.request_id)

    async def _slow(
        self, connection: HttpConnection, raw: RawRequest, identity: Identity, request: Request
    ) -> None:
        try:
            params = invoke_params(request)
            kind = params.get("InvocationType", "RequestResponse")
            context = client_context(params.get("ClientContext"))
            epoch = self._gate.epoch
            admitted = await self._gate.admit("Invoke", params, request)
            key = (admitted.request.caller.scope, params["FunctionName"], params.get("Qualifier"))
            tenant = params.get("TenantId")
            route = self._frontend.cached(key, tenant) or await self._frontend.route(key, tenant)
            if kind == "DryRun":
                self._respond(connection, raw, Response(204), request.request_id)
                return
        except LambdadError as error:
            self._respond(
                connection, raw, faults.render("lambda", error, request.request_id), request.request_id
            )
            return
        if admitted.is_steady and epoch == self._gate.epoch:
            self._remember(identity, raw.url, route, epoch)
        if kind == "Event":
            trace = request.headers.get("x-amzn-trace-id")
            self._queue(connection, raw, route, request.request_id, trace)
            return
        self._start(
            connection,
            raw,
            route,
            request.request_id,
            request.headers.get("x-amzn-trace-id"),
            context,
            want_tail=params.get("LogType") == "Tail",
        )

    @staticmethod
    def _remember(identity: Identity, target: bytes, route: Route, epoch: int) -> None:
        if route.stale or len(target) > _MAX_TARGET_BYTES or route.tenant is not None:
            return
        is_bound = identity.caller.who is not None or route.version.scope != identity.caller.scope
        if is_bound and identity.allowed_at != epoch:
            identity.routes.clear()
            identity.allowed_at = epoch
        if len(identity.routes) >= _MAX_ROUTES:
            identity.routes.clear()
        identity.routes[target] = route

    def _start(
        self,
        connection: HttpConnection,
        raw: RawRequest,
        route: Route,
        request_id: str,
        trace: str | None,
        context: bytes | None,
        *,
        want_tail: bool,
    ) -> None:
        def answer(invocation: Invocation) -> None:
            self._answer(connection, raw, invocation)

        try:
            payload = checked(raw.body)
        except LambdadError as error:
            self._respond(connection, raw, faults.render("lambda", error, request_id), request_id)
            return
        self._frontend.start(
            route,
            request_id,
            payload,
            answer,
            trace=trace,
            client_context=context,
            want_tail=want_tail,
        )

    def _queue(
        self, connection: HttpConnection, raw: RawRequest, route: Route, request_id: str, trace: str | None
    ) -> None:
        """Answer 202 once the event is on disk."""
        trace = trace or self._frontend.new_trace()

        def stored(error: LambdadError | None) -> None:
            if error is not None:
                self._respond(connection, raw, faults.render("lambda", error, request_id), request_id)
                return
            extra = b"" if raw.keep_alive else b"Connection: close\r\n"
            if raw.origin is not None:
                extra += _cors(raw.origin)
            head = b"HTTP/1.1 202 Accepted\r\n%sContent-Length: 0\r\nx-amzn-RequestId: %s\r\n" % (
                self._date.line(),
                request_id.encode(),
            )
            head += b"x-amzn-Remapped-Content-Length: 0\r\nX-Amzn-Trace-Id: %s\r\n%s\r\n" % (
                trace.encode("latin-1", "replace"),
                extra,
            )
            connection.answer(head, b"", keep_alive=raw.keep_alive)

        try:
            payload = checked(raw.body, MAX_ASYNC_REQUEST_BYTES)
        except LambdadError as error:
            self._respond(connection, raw, faults.render("lambda", error, request_id), request_id)
            return
        self._accept(route.lane, request_id, payload, trace, stored, route.tenant)

    def _answer(self, connection: HttpConnection, raw: RawRequest, invocation: Invocation) -> None:
        if invocation.error is not None:
            response = faults.render("lambda", invocation.error, invocation.request_id)
            self._respond(connection, raw, response, invocation.request_id)
            return
        extra = b""
        if invocation.status is not Status.SUCCESS:
            extra = b"X-Amz-Function-Error: Unhandled\r\n"
        if invocation.log_tail is not None:
            extra += b"X-Amz-Log-Result: " + base64.b64encode(invocation.log_tail) + b"\r\n"
        if not raw.keep_alive:
            extra += b"Connection: close\r\n"
        if raw.origin is not None:
            extra += _cors(raw.origin)
        body = invocation.result
        kind = b"application/json"
        if invocation.stream is not None and invocation.status is Status.SUCCESS:
            kind = b"application/octet-stream"  # of a function that streamed
        head = b"HTTP/1.1 200 OK\r\n%sContent-Type: %s\r\nContent-Length: %d\r\n" % (
            self._date.line(),
            kind,
            len(body),
        )
        head += (
            b"x-amzn-RequestId: %s\r\nx-amzn-Remapped-Content-Length: 0\r\nX-Amz-Executed-Version: %s\r\n"
            b"X-Amzn-Trace-Id: %s\r\n%s\r\n"
            % (
                invocation.request_id.encode(),
                invocation.target.version.version.encode(),
                invocation.trace.encode("latin-1", "replace"),
                extra,
            )
        )
        connection.answer(head, body, keep_alive=raw.keep_alive)


def _cors(origin: bytes) -> bytes:
    return b"".join(f"{name}: {value}\r\n".encode("latin-1") for name, value in cors.headers(origin))


def invoke_params(request: Request) -> dict[str, Any]:
    """Parameters of Invoke or InvokeWithResponseStream, checked by the model.

    Raises:
        ConstraintViolations: the model refuses a value.
    """
    model = load("lambda")
    operation, labels = router_for(model).match(request)
    params = parse.params(model, operation, request, labels)
    constraints.check(operation.input, {key: value for key, value in params.items() if key != "Payload"})
    return params


def client_context(value: str | None) -> bytes | None:
    """The decoded client context, as the function's header carries it (one line of JSON).

    Raises:
        InvalidRequestContent: not base64, or not a JSON object.
    """
    if not value:
        return None
    try:
        decoded = json.loads(base64.b64decode(value, validate=True))
    except (binascii.Error, ValueError, RecursionError):
        raise InvalidRequestContent("Client context must be a valid Base64-encoded JSON object.") from None
    if not isinstance(decoded, dict):
        raise InvalidRequestContent("Client context must be a valid Base64-encoded JSON object.")
    return json.dumps(decoded, separators=(",", ":")).encode()
