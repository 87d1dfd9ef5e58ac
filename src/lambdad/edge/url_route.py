"""Function URLs at the edge: from a request to the function behind it, and back.

Before: `dispatch`, for every request whose host name has `.lambda-url.` in it or whose path begins with
`PATH`. Such a request goes to a function or to nobody. After: the frontend, with a `UrlCall` for outlet. A
URL called before, of a function called before, needs no task.

Source: spec api §4 (403 and its bodies); AWS's pages on function URLs.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Coroutine
from typing import Final

from lambdad.awsapi import faults
from lambdad.domain.errors import LambdadError, NotFound, RequestTooLarge, ServiceFault
from lambdad.domain.function_url import MARK, PATH, AuthType, split_authority, split_host
from lambdad.domain.http import Response
from lambdad.domain.invocation import Invocation
from lambdad.domain.limits import MAX_SYNC_REQUEST_BYTES
from lambdad.edge import url_cors
from lambdad.edge.connection import HttpConnection
from lambdad.edge.invoke_route import Respond
from lambdad.edge.raw_request import RawRequest
from lambdad.edge.url_call import UrlCall
from lambdad.edge.urls import FoundUrl, Urls
from lambdad.edge.wire import HttpDate
from lambdad.frontend.invoke import Frontend, Route
from lambdad.frontend.url_event import UrlRequest, event_of
from lambdad.ports.clock import Clock

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
_DENIED = ("x-amzn-ErrorType", "AccessDeniedException")
_PORTS = {"http": "80", "https": "443"}


class Call:
    """A request to a URL, as far as it has come.

    Attributes:
        region: in the host name; None when the request has none.
        path: percent-encoded, behind what stands for the URL.
        host: as sent.
        extra: headers of every answer.
    """

    __slots__ = ("connection", "extra", "host", "path", "query", "raw", "region", "scheme", "url_id")

    def __init__(self, connection: HttpConnection, raw: RawRequest, host: bytes, scheme: str) -> None:
        self.connection = connection
        self.raw = raw
        self.host = host.decode("latin-1")
        self.scheme = scheme
        self.url_id = ""
        self.region: str | None = None
        self.extra: url_cors.Lines = ()
        target = raw.url
        if not target.startswith(b"/"):  # absolute form: http://host/path
            target = b"/" + target.partition(b"://")[2].partition(b"/")[2]
        path, _, query = target.partition(b"?")
        self.path = path.decode("latin-1")
        self.query = query.decode("latin-1")


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
    ) -> None:
        self._frontend = frontend
        self._urls = urls
        self._clock = clock
        self._respond = respond
        self._date = date
        self._spawn = spawn

    def by_host(self, connection: HttpConnection, raw: RawRequest, host: bytes, scheme: str) -> None:
        """Answer a request whose host name stands for the URL."""
        call = Call(connection, raw, host, scheme)
        call.url_id, call.region = split_host(call.host)
        self._start(call)

    def by_path(self, connection: HttpConnection, raw: RawRequest, host: bytes, scheme: str) -> None:
        """Answer a request whose path stands for the URL."""
        call = Call(connection, raw, host, scheme)
        call.url_id, _, rest = call.path.removeprefix(PATH).partition("/")
        call.path = "/" + rest
        call.extra = (_SANDBOXED,)
        self._start(call)

    def _start(self, call: Call) -> None:
        found = self._urls.cached(call.url_id)
        if found is None:
            self._spawn(self._guarded(call, None))
        elif not self._is_answered(call, found):
            route = self._frontend.cached(found.key)
            if route is None:
                self._spawn(self._guarded(call, found))
            else:
                self._invoke(call, found, route)

    async def _guarded(self, call: Call, found: FoundUrl | None) -> None:
        """Look up what is not known yet."""
        try:
            if found is None:
                found = await self._urls.look_up(call.url_id)
                if found is None:
                    self._deny(call, _UNKNOWN)
                    return
                if self._is_answered(call, found):
                    return
            route = self._frontend.cached(found.key) or await self._frontend.route(found.key)
            self._invoke(call, found, route)
        except NotFound:  # an alias that is gone leaves its URL behind
            self._deny(call, _FORBIDDEN)
        except LambdadError as error:
            self._fail(call, error)
        except Exception:  # noqa: BLE001 - a defect must not leave the caller without an answer
            _log.exception("unexpected error in a function URL", extra={"event": "edge.error"})
            self._fail(call, ServiceFault("unexpected"))

    def _is_answered(self, call: Call, found: FoundUrl) -> bool:
        """Answer what does not reach the function; whether it was answered."""
        raw, cors = call.raw, found.url.cors
        if call.region is not None and call.region != found.scope.region:
            self._deny(call, _UNKNOWN)
            return True
        if cors is not None:
            origin = next((value.decode("latin-1") for name, value in raw.headers if name == b"origin"), None)
            if url_cors.is_preflight(raw.method, raw.headers):
                lines = url_cors.preflight(cors, origin, raw.headers)
                self._send(call, Response(200, b"", (*lines, *call.extra)))
                return True
            call.extra = (*call.extra, *url_cors.added(cors, origin))
        if not self._is_let_in(call, found):
            self._deny(call, _FORBIDDEN)
        elif raw.method not in _METHODS:
            self._send(call, Response(405, b'{"Message":"Method Not Allowed"}', (_JSON, *call.extra)))
        elif len(raw.body) > MAX_SYNC_REQUEST_BYTES:
            self._fail(call, _too_large())
        else:
            return False
        return True

    def _is_let_in(self, call: Call, found: FoundUrl) -> bool:
        if found.url.auth_type is AuthType.AWS_IAM:
            _log.warning(
                "function URL %s is refused: AuthType is AWS_IAM, and lambdad verifies no signatures yet",
                found.url.url_id,
                extra={"event": "url.aws_iam", "function": found.key[1]},
            )
            return False
        keys = {"aws:SourceIp": call.connection.client_ip, "aws:SecureTransport": str(call.scheme == "https")}
        return found.access.allows({name: value for name, value in keys.items() if value})

    def _invoke(self, call: Call, found: FoundUrl, route: Route) -> None:
        request_id, trace = self._frontend.ids.request_id(), self._trace(call.raw)
        payload = event_of(self._request(call, request_id, trace))
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
        )
        self._frontend.start(route, request_id, payload, out.complete, trace=trace, stream=out)

    def _request(self, call: Call, request_id: str, trace: str) -> UrlRequest:
        name, port = split_authority(call.host)
        return UrlRequest(
            method=call.raw.method.decode("latin-1"),
            path=call.path,
            query=call.query,
            headers=call.raw.headers,
            body=call.raw.body,
            url_id=call.url_id,
            domain_name=name,
            source_ip=call.connection.client_ip,
            scheme=call.scheme,
            port=port[1:] or _PORTS[call.scheme],
            cipher=call.connection.cipher,
            request_id=request_id,
            trace=trace,
            now=self._clock.now(),
        )

    def _trace(self, raw: RawRequest) -> str:
        given = next((value for name, value in raw.headers if name == b"x-amzn-trace-id"), None)
        return self._frontend.new_trace() if given is None else given.decode("latin-1")

    # --- answers without the function ------------------------------------------------------------------

    def _refuse(self, call: Call, invocation: Invocation) -> None:
        error = invocation.error or ServiceFault("unexpected")
        self._fail(call, error, invocation.request_id)

    def _fail(self, call: Call, error: LambdadError, request_id: str | None = None) -> None:
        """As Lambda's own API puts it: throttles, and states that keep the function from running."""
        request_id = request_id or self._frontend.ids.request_id()
        response = faults.render("lambda", error, request_id)
        headers = (*response.headers, *call.extra)
        self._send(call, Response(response.status, response.body, headers), request_id)

    def _deny(self, call: Call, body: bytes) -> None:
        self._send(call, Response(403, body, (_JSON, _DENIED, *call.extra)))

    def _send(self, call: Call, response: Response, request_id: str | None = None) -> None:
        self._respond(call.connection, call.raw, response, request_id or self._frontend.ids.request_id())


def _too_large() -> RequestTooLarge:
    return RequestTooLarge(
        f"Request must be smaller than {MAX_SYNC_REQUEST_BYTES} bytes for the InvokeFunction operation"
    )
