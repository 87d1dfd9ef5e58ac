"""InvokeWithResponseStream at the edge: checked as Invoke is, answered as the function writes.

Before: `dispatch`. After: the frontend, with a `StreamAnswer` for outlet. What is wrong with the
request, or keeps the function from running, is an ordinary error; from the first byte on, errors
are told by the stream's last event.

Source: spec api §2 and §3.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Coroutine

from lambdad.awsapi import eventstream, faults
from lambdad.domain.errors import LambdadError, ServiceFault
from lambdad.domain.http import Request, Response
from lambdad.domain.invocation import Invocation
from lambdad.edge import cors
from lambdad.edge.connection import HttpConnection
from lambdad.edge.identity import Identity
from lambdad.edge.invoke_route import Respond, client_context, invoke_params
from lambdad.edge.raw_request import RawRequest
from lambdad.edge.stream_answer import StreamAnswer
from lambdad.edge.wire import HttpDate
from lambdad.frontend.invoke import Frontend
from lambdad.frontend.payload import checked
from lambdad.identity.authorization.lambda_gate import LambdaGate

_log = logging.getLogger("lambdad.edge")
_FUNCTIONS = b"/2021-11-15/functions/"
_STREAMS = b"/response-streaming-invocations"
Spawn = Callable[[Coroutine[None, None, None]], None]


def is_stream(raw: RawRequest) -> bool:
    """Whether a request is InvokeWithResponseStream."""
    if raw.method != b"POST" or not raw.url.startswith(_FUNCTIONS):
        return False
    path = raw.url.partition(b"?")[0]
    return path.endswith(_STREAMS) and path.count(b"/") == 4


class StreamRoute:
    """Answers InvokeWithResponseStream."""

    def __init__(
        self, frontend: Frontend, respond: Respond, date: HttpDate, spawn: Spawn, gate: LambdaGate
    ) -> None:
        self._frontend = frontend
        self._gate = gate
        self._respond = respond
        self._date = date
        self._spawn = spawn

    def start(
        self, connection: HttpConnection, raw: RawRequest, identity: Identity, request: Request
    ) -> None:
        """Check the request by the model, resolve the function, then invoke."""
        self._spawn(self._guarded(connection, raw, identity, request))

    async def _guarded(
        self, connection: HttpConnection, raw: RawRequest, identity: Identity, request: Request
    ) -> None:
        try:
            await self._start(connection, raw, identity, request)
        except LambdadError as error:
            self._refuse(connection, raw, error, request.request_id)
        except Exception:  # noqa: BLE001 - a defect must not leave the caller without an answer
            _log.exception(
                "unexpected error in a streamed Invoke",
                extra={"event": "edge.error", "request_id": request.request_id},
            )
            self._refuse(connection, raw, ServiceFault("unexpected"), request.request_id)

    async def _start(
        self, connection: HttpConnection, raw: RawRequest, identity: Identity, request: Request
    ) -> None:
        params = invoke_params(request)
        context = client_context(params.get("ClientContext"))
        admitted = await self._gate("InvokeWithResponseStream", params, request)
        key = (admitted.caller.scope, params["FunctionName"], params.get("Qualifier"))
        tenant = params.get("TenantId")
        route = self._frontend.cached(key, tenant) or await self._frontend.route(key, tenant)
        payload = checked(raw.body)
        if params.get("InvocationType") == "DryRun":
            self._respond(connection, raw, Response(204), request.request_id)
            return

        def head(content_type: str) -> bytes:
            return self._head(raw, invocation, content_type)

        answer = StreamAnswer(connection, head, keep_alive=raw.keep_alive)

        def done(invocation: Invocation) -> None:
            if invocation.error is not None:
                self._refuse(connection, raw, invocation.error, request.request_id)
            else:
                answer.complete(invocation)

        invocation = self._frontend.start(
            route,
            request.request_id,
            payload,
            done,
            trace=request.headers.get("x-amzn-trace-id"),
            client_context=context,
            want_tail=params.get("LogType") == "Tail",
            stream=answer,
        )

    def _head(self, raw: RawRequest, invocation: Invocation, content_type: str) -> bytes:
        lines = [
            f"Content-Type: {eventstream.CONTENT_TYPE}\r\n",
            "Transfer-Encoding: chunked\r\n",
            f"x-amzn-RequestId: {invocation.request_id}\r\n",
            f"X-Amz-Executed-Version: {invocation.target.version.version}\r\n",
            f"X-Amzn-Trace-Id: {invocation.trace}\r\n",
            f"x-amzn-Remapped-Content-Type: {content_type}\r\n",
        ]
        if not raw.keep_alive:
            lines.append("Connection: close\r\n")
        lines += [f"{name}: {value}\r\n" for name, value in cors.headers(raw.origin)]
        head = "".join(lines).encode("latin-1", "replace")
        return b"HTTP/1.1 200 OK\r\n%s%s\r\n" % (self._date.line(), head)

    def _refuse(
        self, connection: HttpConnection, raw: RawRequest, error: LambdadError, request_id: str
    ) -> None:
        self._respond(connection, raw, faults.render("lambda", error, request_id), request_id)
