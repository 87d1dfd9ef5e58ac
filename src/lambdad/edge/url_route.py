"""Function URLs at the edge: from a request to the function behind it, and back.

Before: `dispatch`, for every request whose host name has `.lambda-url.` in it or whose path begins with
`PATH`. Such a request goes to a function or to nobody. After: the frontend, with a `UrlCall` for outlet. A
URL called before, of a function called before, needs no task.

Source: spec api §4 (403 and its bodies); AWS's pages on function URLs.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Final

from lambdad.awsapi import faults
from lambdad.domain.errors import CredentialsRefused, LambdadError, NotFound, RequestTooLarge, ServiceFault
from lambdad.domain.function_url import MARK, PATH, AuthType, split_host
from lambdad.domain.http import Caller, Response
from lambdad.domain.invocation import Invocation
from lambdad.domain.limits import MAX_SYNC_REQUEST_BYTES
from lambdad.domain.measured import url_measures
from lambdad.edge import url_cors
from lambdad.edge.connection import HttpConnection
from lambdad.edge.invoke_route import Respond
from lambdad.edge.raw_request import RawRequest
from lambdad.edge.url_call import UrlCall
from lambdad.edge.url_target import UrlTarget
from lambdad.edge.urls import FoundUrl, Urls
from lambdad.edge.wire import HttpDate
from lambdad.frontend.invoke import Frontend, Route
from lambdad.identity.authorization.url_gate import UrlGate
from lambdad.ports.clock import Clock
from lambdad.ports.measures import UNMEASURED, Measures

_log = logging.getLogger("lambdad.edge")
HOST_MARK: Final = MARK.encode()
PATH_START: Final = PATH.encode()
_METHODS = frozenset({b"GET", b"HEAD", b"POST", b"PUT", b"PATCH", b"DELETE", b"OPTIONS"})
_UNKNOWN = b'{"Message":null}'
_FORBIDDEN = (
    b'{"Message":"Forbidden. For troubleshooting Function URL authorization issues, see: '
    b'https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html"}'
)
_SANDBOXED = (
    "Content-Security-Policy",
    "sandbox allow-downloads allow-forms allow-modals allow-popups allow-scripts",
)
"""Below `PATH` a page has the endpoint's own origin; so it gets none, and cannot read the API with it."""
_JSON = ("Content-Type", "application/json")

Signed = Callable[[RawRequest], Awaitable[Caller | None]]
"""Who signed a request; None for nobody. Raises CredentialsRefused for a signature that does not hold."""


class UrlRoute:
    """Answers calls of function URLs."""

    def __init__(
        self,
        frontend: Frontend,
        urls: Urls,
        clock: Clock,
        respond: Respond,
        date: HttpDate,
        spawn: Callable[[Coroutine[None, None, None]], None],
        signed: Signed,
        gate: UrlGate,
        measures: Measures = UNMEASURED,
    ) -> None:
        self._frontend = frontend
        self._urls = urls
        self._clock = clock
        self._respond = respond
        self._date = date
        self._spawn = spawn
        self._signed = signed
        self._gate = gate
        self._measures = measures

    def by_host(self, connection: HttpConnection, raw: RawRequest, host: bytes, scheme: str) -> None:
        """Answer a request whose host name stands for the URL."""
        call = UrlTarget(connection, raw, host, scheme, self._clock.monotonic())
        call.url_id, call.region = split_host(call.host)
        self._start(call)

    def by_path(self, connection: HttpConnection, raw: RawRequest, host: bytes, scheme: str) -> None:
        """Answer a request whose path stands for the URL."""
        call = UrlTarget(connection, raw, host, scheme, self._clock.monotonic())
        call.url_id, _, rest = call.path.removeprefix(PATH).partition("/")
        call.path = "/" + rest
        call.extra = (_SANDBOXED,)
        self._start(call)

    def _start(self, call: UrlTarget) -> None:
        found = self._urls.cached(call.url_id)
        if found is None or found.url.auth_type is AuthType.AWS_IAM:
            self._spawn(self._guarded(call, found))
        elif not self._is_answered(call, found):
            route = self._frontend.cached(found.key)
            if route is None:
                self._spawn(self._guarded(call, found))
            else:
                self._invoke(call, found, route)

    async def _guarded(self, call: UrlTarget, found: FoundUrl | None) -> None:
        """Look up what is not known yet, and who calls where that must be known."""
        try:
            is_checked = found is not None and found.url.auth_type is AuthType.NONE
            if found is None:
                found = await self._urls.look_up(call.url_id)
                if found is None:
                    self._deny(call, _UNKNOWN)
                    return
            if not is_checked and (self._is_answered(call, found) or await self._is_refused(call, found)):
                return
            route = self._frontend.cached(found.key) or await self._frontend.route(found.key)
            self._invoke(call, found, route)
        except CredentialsRefused as error:
            self._deny(call, json.dumps({"message": str(error)}).encode(), error.code)
        except NotFound:  # an alias that is gone leaves its URL behind
            self._deny(call, _FORBIDDEN)
        except LambdadError as error:
            self._fail(call, error)
        except Exception:  # noqa: BLE001 - a defect must not leave the caller without an answer
            _log.exception("unexpected error in a function URL", extra={"event": "edge.error"})
            self._fail(call, ServiceFault("unexpected"))

    def _is_answered(self, call: UrlTarget, found: FoundUrl) -> bool:
        """Answer what does not reach the function; whether it was answered."""
        raw, cors = call.raw, found.url.cors
        if call.region is not None and call.region != found.scope.region:
            self._deny(call, _UNKNOWN)
            return True
        call.lane = found.lane
        if cors is not None:
            origin = next((value.decode("latin-1") for name, value in raw.headers if name == b"origin"), None)
            if url_cors.is_preflight(raw.method, raw.headers):
                lines = url_cors.preflight(cors, origin, raw.headers)
                self._send(call, Response(200, b"", (*lines, *call.extra)))
                return True
            call.extra = (*call.extra, *url_cors.added(cors, origin))
        if not self._lets_everybody(call, found):
            self._deny(call, _FORBIDDEN)
        elif raw.method not in _METHODS:
            self._send(call, Response(405, b'{"Message":"Method Not Allowed"}', (_JSON, *call.extra)))
        elif len(raw.body) > MAX_SYNC_REQUEST_BYTES:
            self._fail(call, _too_large())
        else:
            return False
        return True

    def _lets_everybody(self, call: UrlTarget, found: FoundUrl) -> bool:
        """Whether its resource policy does; where signatures are asked for, that is decided by who calls."""
        if found.url.auth_type is AuthType.AWS_IAM:
            return True
        return found.access.allows(lambda: call.policy_keys(self._clock.now()))

    async def _is_refused(self, call: UrlTarget, found: FoundUrl) -> bool:
        """Answer who has not signed, or may not call; whether it was answered.

        Raises:
            CredentialsRefused: the signature does not hold.
        """
        if found.url.auth_type is AuthType.NONE:
            return False
        call.caller = await self._signed(call.raw)
        if call.caller is not None and await self._gate.admits(
            call.request(call.caller, self._frontend.ids.request_id()), found.scope, found.reference
        ):
            return False
        self._deny(call, _FORBIDDEN)
        return True

    def _invoke(self, call: UrlTarget, found: FoundUrl, route: Route) -> None:
        request_id, trace = self._frontend.ids.request_id(), self._trace(call.raw, route)
        payload = call.event(request_id, trace, self._clock.now())
        if len(payload) > MAX_SYNC_REQUEST_BYTES:
            self._fail(call, _too_large())
            return
        call.raw.body = b""  # it is in the event now
        out = UrlCall(
            call.connection,
            call.raw,
            found.url.invoke_mode,
            call.extra,
            self._date.line,
            lambda invocation: self._refuse(call, invocation),
            request_id,
            trace,
            lambda status: self._measure(call, status),
        )
        self._frontend.start(route, request_id, payload, out.complete, trace=trace, stream=out)

    def _trace(self, raw: RawRequest, route: Route) -> str:
        given = next((value for name, value in raw.headers if name == b"x-amzn-trace-id"), None)
        return self._frontend.new_trace(route) if given is None else given.decode("latin-1")

    # --- answers without the function ------------------------------------------------------------------

    def _refuse(self, call: UrlTarget, invocation: Invocation) -> None:
        error = invocation.error or ServiceFault("unexpected")
        self._fail(call, error, invocation.request_id)

    def _fail(self, call: UrlTarget, error: LambdadError, request_id: str | None = None) -> None:
        """As Lambda's own API puts it: throttles, and states that keep the function from running."""
        request_id = request_id or self._frontend.ids.request_id()
        response = faults.render("lambda", error, request_id)
        headers = (*response.headers, *call.extra)
        self._send(call, Response(response.status, response.body, headers), request_id)

    def _deny(self, call: UrlTarget, body: bytes, code: str = "AccessDeniedException") -> None:
        self._send(call, Response(403, body, (_JSON, ("x-amzn-ErrorType", code), *call.extra)))

    def _send(self, call: UrlTarget, response: Response, request_id: str | None = None) -> None:
        self._respond(call.connection, call.raw, response, request_id or self._frontend.ids.request_id())
        self._measure(call, response.status)

    def _measure(self, call: UrlTarget, status: int) -> None:
        """Tell of an answered request; one for nobody's URL is nobody's."""
        if call.lane is not None:
            latency_ms = (self._clock.monotonic() - call.began) * 1000
            now_ms = int(self._clock.now() * 1000)
            for what, value in url_measures(status, latency_ms):
                self._measures.noted((what, call.lane, None, now_ms, value))


def _too_large() -> RequestTooLarge:
    return RequestTooLarge(
        f"Request must be smaller than {MAX_SYNC_REQUEST_BYTES} bytes for the InvokeFunction operation"
    )
